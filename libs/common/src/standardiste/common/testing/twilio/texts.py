"""
Texts in the stand-in: how they are taken, what becomes of them, and the numbers that do as their table says.

Our own magic numbers lie in the range that the French regulator keeps for fiction (06 39 98 xx xx); those of +1500555 are Twilio's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from standardiste.common.testing.twilio.account import START_WORDS, STOP_WORDS, Account, Number, Text
from standardiste.common.testing.twilio.timers import Changes, Timers
from standardiste.common.testing.twilio.twiml import TwimlFault, parse
from standardiste.common.testing.twilio.webhooks import Answer, Webhooks
from standardiste.common.twilio.segments import segments


class ApiFault(Exception):
    """An error answer of the REST API."""

    def __init__(self, *, status: int, code: int, message: str) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status, self.code, self.message = status, code, message


REFUSED: Mapping[str, ApiFault] = {
    "+15005550001": ApiFault(status=400, code=21211, message="Invalid 'To' Phone Number"),
    "+15005550002": ApiFault(status=400, code=21612, message="Message cannot be sent with the current combination of 'To' and 'From'"),
    "+15005550003": ApiFault(status=400, code=21408, message="Permission to send an SMS has not been enabled for the region"),
    "+15005550004": ApiFault(status=400, code=21610, message="Attempt to send to unsubscribed recipient"),
    "+15005550009": ApiFault(status=400, code=21614, message="'To' number is not a valid mobile number"),
}
"""Refused at once."""
UNREACHED: Mapping[str, tuple[str, int]] = {
    "+33639989901": ("undelivered", 30003),
    "+33639989902": ("failed", 30007),
    "+33639989906": ("undelivered", 30006),
}
"""Taken, then not delivered, with this code."""
SILENT = "+33639989903"
"""The text is taken and delivered, but the connection breaks before the answer to the first request for it."""
BUSY_ONCE: Mapping[str, ApiFault] = {
    "+33639989904": ApiFault(status=429, code=20429, message="Too Many Requests"),
    "+33639989905": ApiFault(status=503, code=20503, message="Service unavailable"),
}
"""The first request is refused so; the next is taken."""


class Texts:
    """Takes texts both ways and brings them on, `pace_ms` between two states."""

    def __init__(self, account: Account, timers: Timers, webhooks: Webhooks, changes: Changes, pace_ms: int = 100) -> None:
        self._account, self._timers, self._webhooks, self._changes, self._pace_ms = account, timers, webhooks, changes, pace_ms
        self._on_their_way: set[asyncio.Task[None]] = set()
        self._seen: set[str] = set()

    def send(self, *, to: str, from_: str, body: str, status_callback: str | None, service: str | None, media: tuple[str, ...]) -> Text:
        """POST Messages: take it, or raise ApiFault."""
        if not body and not media:
            raise ApiFault(status=400, code=21602, message="Message body is required")
        if not from_ and not service:
            raise ApiFault(status=400, code=21603, message="A 'From' phone number is required")
        if from_ and from_ not in self._account.numbers:
            raise ApiFault(status=400, code=21659, message=f"{from_} is not a Twilio phone number of this account")
        if to in REFUSED:
            raise _again(REFUSED[to])
        if (to, from_) in self._account.opted_out:
            raise _again(REFUSED["+15005550004"])
        if to in BUSY_ONCE and to not in self._seen:
            self._seen.add(to)
            raise _again(BUSY_ONCE[to])
        now = self._timers.now()
        text = Text(
            sid=self._account.mint("SM"),
            from_=from_,
            to=to,
            body=body,
            direction="outbound-api",
            status="accepted" if service and not from_ else "queued",
            created_at=now,
            updated_at=now,
            status_callback=status_callback,
            messaging_service_sid=service,
            media=media,
        )
        self._account.texts[text.sid] = text
        self._changes.tell()
        task = asyncio.create_task(self._carry(text))
        self._on_their_way.add(task)
        task.add_done_callback(self._on_their_way.discard)
        return text

    def is_silent(self, to: str) -> bool:
        """Whether the connection breaks before the answer to this request (once per number)."""
        if to != SILENT or to in self._seen:
            return False
        self._seen.add(to)
        return True

    async def receive(
        self, number: Number, from_: str, body: str, *, sid: str | None, media: tuple[tuple[str, bytes], ...], signature: str | None
    ) -> tuple[Text, Answer]:
        """A customer texts one of our numbers: the webhook, and what it answered. The same `sid` again is Twilio delivering it again."""
        now = self._timers.now()
        sid = sid or self._account.mint("SM")
        kept = tuple(self._keep(sid, media_type, content) for media_type, content in media)
        text = Text(
            sid=sid, from_=from_, to=number.number, body=body, direction="inbound", status="received", created_at=now, updated_at=now
        )
        text.media = kept
        self._account.texts[sid] = text
        word = body.strip().upper()
        if word in STOP_WORDS:
            self._account.opted_out.add((from_, number.number))
        elif word in START_WORDS:
            self._account.opted_out.discard((from_, number.number))
        if number.sms_url is None:
            return text, Answer(status=0, body="")
        answer = await self._webhooks.send(number.sms_url, self._inbound_params(text, media), signature=signature)
        self._reply(text, answer)
        return text, answer

    def close(self) -> None:
        for task in self._on_their_way:
            task.cancel()

    def _keep(self, sid: str, media_type: str, content: bytes) -> str:
        media_sid = self._account.mint("ME")
        self._account.media[media_sid] = (media_type, content)
        return f"/2010-04-01/Accounts/{self._account.sid}/Messages/{sid}/Media/{media_sid}"

    def _inbound_params(self, text: Text, media: tuple[tuple[str, bytes], ...]) -> dict[str, str]:
        params = {
            "ToCountry": "FR",
            "ToState": "",
            "SmsMessageSid": text.sid,
            "NumMedia": str(len(text.media)),
            "ToCity": "",
            "FromZip": "",
            "SmsSid": text.sid,
            "FromState": "",
            "SmsStatus": "received",
            "FromCity": "",
            "Body": text.body,
            "FromCountry": "FR",
            "To": text.to,
            "ToZip": "",
            "NumSegments": str(segments(text.body).count),
            "MessageSid": text.sid,
            "AccountSid": self._account.sid,
            "From": text.from_,
            "ApiVersion": "2010-04-01",
        }
        for place, path in enumerate(text.media):
            params[f"MediaUrl{place}"] = f"https://api.twilio.com{path}"
            params[f"MediaContentType{place}"] = media[place][0]
        return params

    def _reply(self, text: Text, answer: Answer) -> None:
        """Run the TwiML of the answer: a <Message> goes back to the sender."""
        if not answer.is_good:
            self._account.alert(f"11200 HTTP {answer.status} from the webhook of {text.to}")
            return
        try:
            verbs = parse(answer.body) if answer.body.strip() else ()
        except TwimlFault as fault:
            self._account.alert(str(fault))
            return
        for verb in verbs:
            if verb.name == "Message":
                words = verb.text or "".join(child.text for child in verb.children if child.name == "Body")
                self.send(to=text.from_, from_=text.to, body=words, status_callback=None, service=None, media=())

    async def _carry(self, text: Text) -> None:
        end = UNREACHED.get(text.to)
        way = [("sent", None), ("delivered", None)] if end is None else [("sent", None), end]
        if end is not None and end[0] == "failed":
            way = [end]
        for status, code in way:
            await self._timers.sleep(self._pace_ms)
            text.status, text.error_code, text.updated_at = status, code, self._timers.now()
            if status == "sent":
                text.sent_at = self._timers.now()
                text.from_ = text.from_ or next(iter(self._account.numbers), "")
            self._changes.tell()
            self._webhooks.later(text.sid, text.status_callback, self._status_params(text))

    def _status_params(self, text: Text) -> dict[str, str]:
        params = {
            "SmsSid": text.sid,
            "SmsStatus": text.status,
            "MessageStatus": text.status,
            "To": text.to,
            "MessageSid": text.sid,
            "AccountSid": self._account.sid,
            "From": text.from_,
            "ApiVersion": "2010-04-01",
        }
        if text.error_code is not None:
            params["ErrorCode"] = str(text.error_code)
        return params


def _again(fault: ApiFault) -> ApiFault:
    """A fresh exception of the same kind: the tables' own are never raised, they would gather tracebacks."""
    return ApiFault(status=fault.status, code=fault.code, message=fault.message)
