"""
The driver of the stand-in: start it on loopback, give it numbers, and be the customers and the agents' phones.

    async with TwilioDouble() as twilio:
        twilio.number("+33199000001", sms_url=f"{ours}/v1/sms/twilio/messages", voice_url=f"{ours}/v1/voice/twilio/calls")
        await twilio.customer_texts("+33639980001", "+33199000001", "Bonjour")
        call = await twilio.customer_calls("+33639980001", "+33199000001")
        await twilio.until(lambda: call.is_bridged_with("client:amelie"), "the call is bridged")

`twilio.url` is what a service's `twilio_url` setting is set to; `account_sid` and `auth_token` are its credentials.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

import uvicorn

from standardiste.common.testing.http_server import QuietServer
from standardiste.common.testing.twilio.account import Account, Number, Text
from standardiste.common.testing.twilio.call import Call, Phone
from standardiste.common.testing.twilio.exchange import Exchange
from standardiste.common.testing.twilio.rest import Fault, RestApi
from standardiste.common.testing.twilio.texts import Texts
from standardiste.common.testing.twilio.timers import Changes, ManualTimers, RealTimers, Timers
from standardiste.common.testing.twilio.webhooks import Answer, Webhooks

ACCOUNT_SID = "AC" + "5a" * 16
AUTH_TOKEN = "0123456789abcdef0123456789abcdef"
_REACHED = frozenset({"sent", "delivered"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Texted:
    """A text that a customer sent, and how our webhook answered."""

    text: Text
    answer: Answer


class TwilioDouble:
    """One Twilio account on a loopback port. `timers` is the machine's time unless a test gives its own."""

    def __init__(
        self,
        *,
        timers: Timers | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        account_sid: str = ACCOUNT_SID,
        auth_token: str = AUTH_TOKEN,
        text_pace_ms: int = 100,
    ) -> None:
        self.timers = timers or RealTimers()
        self.account_sid, self.auth_token = account_sid, auth_token
        self.changes = Changes()
        self.account = Account(account_sid, auth_token)
        self.webhooks = Webhooks(auth_token, self.changes)
        self.exchange = Exchange(self.account, self.timers, self.webhooks, self.changes)
        self.texts = Texts(self.account, self.timers, self.webhooks, self.changes, text_pace_ms)
        self.rest = RestApi(self.account, self.exchange, self.texts)
        self._host, self._port = host, port
        self._server: QuietServer | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where its REST API answers."""
        return f"http://{self._host}:{self._port}"

    async def __aenter__(self) -> TwilioDouble:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def start(self) -> None:
        listening = socket.create_server((self._host, self._port))
        self._port = int(listening.getsockname()[1])
        config = uvicorn.Config(self.rest.app, log_config=None, lifespan="off", access_log=False, timeout_graceful_shutdown=1)
        self._server = QuietServer(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listening]))
        await self._server.up.wait()

    async def stop(self) -> None:
        await self.exchange.close()
        self.texts.close()
        await self.webhooks.close()
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving

    # ---- what a test or the demo says

    def number(
        self, number: str, *, sms_url: str | None = None, voice_url: str | None = None, voice_status_url: str | None = None
    ) -> Number:
        """A number of the account, with its webhooks."""
        self.account.numbers[number] = Number(number=number, sms_url=sms_url, voice_url=voice_url, voice_status_url=voice_status_url)
        return self.account.numbers[number]

    async def customer_texts(
        self,
        from_: str,
        to: str,
        body: str,
        *,
        sid: str | None = None,
        media: tuple[tuple[str, bytes], ...] = (),
        signature: str | None = None,
    ) -> Texted:
        """A customer texts one of our numbers. `sid` again is the same text delivered again; `signature` replaces the right one."""
        text, answer = await self.texts.receive(self.account.numbers[to], from_, body, sid=sid, media=media, signature=signature)
        return Texted(text=text, answer=answer)

    async def customer_calls(self, from_: str, to: str, *, sid: str | None = None, signature: str | None = None) -> Call:
        """A customer calls one of our numbers; returns when the voice webhook has answered."""
        call, _ = await self.exchange.inbound(self.account.numbers[to], from_, sid=sid, signature=signature)
        return call

    def proxy(self, public: str, real: str) -> None:
        """Requests to the public address (which is what is signed) reach the real one, as through a reverse proxy."""
        self.webhooks.proxies[public] = real

    def phone(self, address: str) -> Phone:
        """The phone or client at an address ("+33…", "client:amelie", "sip:…"): tell it how it answers, pick up, hang up."""
        return self.exchange.phone(address)

    def received(self, number: str) -> list[Text]:
        """The texts that reached this customer, oldest first."""
        return [
            text for text in self.account.texts.values() if text.to == number and text.direction != "inbound" and text.status in _REACHED
        ]

    @property
    def alerts(self) -> list[str]:
        """What Twilio's debugger would complain of. A good run leaves it empty."""
        return list(self.account.alerts)

    def goes_wrong(self, method: str, path: str, *, kind: str = "refused", status: int = 503, code: int = 20503, times: int = 1) -> None:
        """The next REST requests of this method whose path ends so go wrong; see `rest.Fault`."""
        self.rest.faults.append(Fault(method=method, path=path, kind=kind, status=status, code=code, times=times))

    # ---- time

    async def advance(self, ms: int) -> None:
        """Move the time of a stand-in that was given ManualTimers."""
        assert isinstance(self.timers, ManualTimers), "only manual time can be moved"
        await self.timers.advance(ms)

    async def until(self, holds: Callable[[], bool], what: str, within_s: float = 10.0) -> None:
        """Wait for something to become true in the stand-in; TimeoutError names `what`."""
        await self.changes.until(holds, what, within_s)

    async def settle(self) -> None:
        """Wait until every callback on its way was answered."""
        await self.webhooks.settle()
