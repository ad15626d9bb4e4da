"""
One repair of aiokafka under uvloop: a write to a connection that is already closed is a lost connection.

uvloop raises RuntimeError for such a write, asyncio's own loop does not; aiokafka expects OSError alone. What it does not expect ends the task that keeps the
cluster's metadata up to date, and everybody who waits for metadata waits for ever. So connections say what happened in aiokafka's own terms. Imported for its
effect by kafka_clients.py, before any client is made.
"""

from __future__ import annotations

from typing import Any

from aiokafka import conn
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError, KafkaError


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

    def _broken(self, error: RuntimeError) -> KafkaConnectionError:
        self.close(reason=CloseReason.CONNECTION_BROKEN)
        return KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}")


conn.AIOKafkaConnection = Connection
