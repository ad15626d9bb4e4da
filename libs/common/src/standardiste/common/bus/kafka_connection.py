"""
Single connections to a broker: two repairs of aiokafka's, and why a broker does not take us.

A write to a connection that is already closed is a lost connection. uvloop raises RuntimeError for such a write, asyncio's own loop does not; aiokafka expects OSError alone. What it does not expect ends the task that keeps the
cluster's metadata up to date, and everybody who waits for metadata waits for ever. So connections say what happened in aiokafka's own terms. Imported for its
effect by kafka_clients.py, before any client is made.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final, cast

from aiokafka import conn
from aiokafka.conn import AIOKafkaConnection, CloseReason, OAuthAuthenticator
from aiokafka.errors import KafkaConnectionError, KafkaError, SaslAuthenticationFailed
from aiokafka.protocol.metadata import MetadataRequest

from standardiste.common.bus.kafka_settings import KafkaSettings

PROBE_WITHIN_MS: Final = 5_000


class Connection(AIOKafkaConnection):
    """A connection whose `send` raises KafkaConnectionError, whichever way the loop says that it is closed."""

    def send(self, request: Any, expect_response: bool = True) -> Any:
        try:
            return super().send(request, expect_response)
        except KafkaError:
            raise
        except RuntimeError as error:
            raise self._broken(error) from error

    def _send_sasl_token(self, payload: bytes, expect_response: bool = True) -> Any:
        try:
            return super()._send_sasl_token(payload, expect_response)
        except KafkaError:
            raise
        except RuntimeError as error:
            raise self._broken(error) from error

    def authenticator_oauth(self) -> OAuthAuthenticator:
        return _Bearer(sasl_oauth_token_provider=cast("Any", self._sasl_oauth_token_provider))

    def _broken(self, error: RuntimeError) -> KafkaConnectionError:
        self.close(reason=CloseReason.CONNECTION_BROKEN)
        return KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}")


class _Bearer(OAuthAuthenticator):
    """Heeds what the broker says to a token: aiokafka takes its "no" for a yes and goes on, to be told nonsense."""

    async def step(self, payload: bytes | None) -> Any:
        if payload:
            raise SaslAuthenticationFailed(f"the token is not accepted: {payload.decode(errors='replace')}")
        return await super().step(payload)


conn.AIOKafkaConnection = Connection


async def refusal(settings: KafkaSettings) -> str | None:
    """
    Why the first broker that answers at all does not take us, in one sentence for operators; None when none answers, or one does.

    aiokafka only logs it. A broker that is just going down may look like one that refuses: this is asked at the start, where either ends the process.
    """
    connect = cast("Any", conn.create_conn)  # it carries no types
    given: dict[str, Any] = {**settings.client(), "request_timeout_ms": PROBE_WITHIN_MS}
    del given["bootstrap_servers"]
    for place in settings.bootstrap:
        host, _, port = place.rpartition(":")
        if not await _listens(host, int(port)):
            continue
        try:
            made: Any = await connect(host, int(port), **given)
            try:
                await made.send(MetadataRequest([]))  # what TLS 1.3 refuses is told by what comes after the handshake
            finally:
                made.close()
        except (KafkaError, OSError) as error:
            return f"the broker at {place} does not take us by {settings.way}: {_said(error)}"
        return None
    return None


async def _listens(host: str, port: int) -> bool:
    with contextlib.suppress(OSError):
        async with asyncio.timeout(PROBE_WITHIN_MS / 1000):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            return True
    return False


def _said(error: BaseException) -> str:
    """The error and what it came from: a broker that closes the connection says nothing, but TLS below it may."""
    cause = error.__cause__
    return f"{type(error).__name__}: {error}" + (f" ({type(cause).__name__}: {cause})" if cause is not None else "")
