"""The telephone exchange of the stand-in: calls come in, are placed, ring, are redirected, and end; their status callbacks go out."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from standardiste.common.testing.twilio.account import Account, Number
from standardiste.common.testing.twilio.call import EVENT_OF_STATUS, Call, Callback, CallQueue, Conference, Phone, Recording, Response
from standardiste.common.testing.twilio.program import Program, Source, first
from standardiste.common.testing.twilio.timers import Changes, Timers
from standardiste.common.testing.twilio.webhooks import Answer, Webhooks


class Exchange:
    """Owns every call. All methods run on one event loop and change state at once; what takes time runs in a call's own task."""

    def __init__(self, account: Account, timers: Timers, webhooks: Webhooks, changes: Changes) -> None:
        self.account, self.timers, self.webhooks, self.changes = account, timers, webhooks, changes
        self._phones: dict[str, Phone] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    def phone(self, address: str) -> Phone:
        """The phone at an address: E.164, "client:name" or "sip:…". The same one every time."""
        return self._phones.setdefault(address, Phone(address))

    def queue(self, name: str) -> CallQueue:
        """A queue by name, made on demand."""
        if name not in self.account.queues:
            self.account.queues[name] = CallQueue(self.account.mint("QU"), name)
        return self.account.queues[name]

    def conference(self, name: str) -> Conference:
        """A conference by name, made on demand."""
        return self.account.conferences.setdefault(name, Conference(name))

    def keep_recording(self, call: Call, content: bytes, duration_s: int) -> Recording:
        """Something was recorded on this call."""
        recording = Recording(sid=self.account.mint("RE"), call_sid=call.sid, content=content, duration_s=duration_s)
        self.account.recordings[recording.sid] = recording
        return recording

    async def inbound(self, number: Number, from_: str, *, sid: str | None, signature: str | None) -> tuple[Call, Answer]:
        """A customer calls one of our numbers: its voice webhook is asked, and what it answers is run."""
        call = self._new(sid=sid, from_=from_, to=number.number, direction="inbound", callback=Callback(url=number.voice_status_url))
        call.status = "ringing"
        answer = await self.webhooks.send(number.voice_url or "", call.params(self.account.sid), signature=signature)
        if call.is_over:
            return call, answer
        if not answer.is_good:
            self.account.alert(f"11200 HTTP {answer.status} from the voice webhook of {number.number}")
            call.heard.append("say: an application error has occurred")
            self.end(call, "completed")
            return call, answer
        self._answered(call)
        self._run(call, Source(twiml=answer.body, base=number.voice_url or ""))
        return call, answer

    def place(self, *, to: str, from_: str, source: Source, callback: Callback, timeout_s: int) -> Call:
        """POST Calls: ring `to`, and run the document once it is answered."""
        call = self._new(sid=None, from_=from_, to=to, direction="outbound-api", callback=callback)
        self.spawn(self._place(call, source, timeout_s))
        return call

    def dial(self, parent: Call, to: str, from_: str, callback: Callback) -> Call:
        """A leg dialled from inside another's document; whoever dialled it ends it."""
        call = self._new(sid=None, from_=from_, to=to, direction="outbound-dial", callback=callback, parent=parent)
        self.spawn(self._ring(call))
        return call

    def redirect(self, call: Call, source: Source) -> None:
        """A live call runs another document from now on; what it was in (a queue, a bridge, a dial) is left."""
        self._cut(call, "redirected")
        self._run(call, source)

    def end(self, call: Call, status: str) -> None:
        """The leg is over. Idempotent."""
        if call.is_over:
            return
        call.status, call.ended_at = status, self.timers.now()
        self._cut(call, "hangup")
        call.ended.set()
        self.report(call)

    def report(self, call: Call) -> None:
        """Send the status callback of the state just reached, if it was asked for."""
        event = EVENT_OF_STATUS.get(call.status, "completed")
        if event in call.status_events:
            params = {
                **call.params(self.account.sid),
                "Timestamp": str(self.timers.now()),
                "CallbackSource": "call-progress-events",
                "SequenceNumber": str(call.sequence),
            }
            if event == "initiated":
                params["CallStatus"] = "initiated"
            if event == "completed":
                params["CallDuration"] = params["Duration"] = str(call.duration_s())
            call.sequence += 1
            self.webhooks.later(call.sid, call.status_callback, params)
        self.changes.tell()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        running = [*self._tasks, *(call.program for call in self.account.calls.values() if call.program is not None)]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _new(self, *, sid: str | None, from_: str, to: str, direction: str, callback: Callback, parent: Call | None = None) -> Call:
        call = Call(
            sid=sid or self.account.mint("CA"),
            from_=from_,
            to=to,
            direction=direction,
            created_at=self.timers.now(),
            parent=parent,
            status_callback=callback.url,
            status_events=callback.events,
        )
        call.hang_up_now = lambda: self.end(call, "completed" if call.answered_at is not None or direction == "inbound" else "busy")
        self.account.calls[call.sid] = call
        self.changes.tell()
        return call

    async def _place(self, call: Call, source: Source, timeout_s: int) -> None:
        ringing = asyncio.create_task(self._ring(call))
        given_up = asyncio.create_task(self.timers.sleep(timeout_s * 1000))
        try:
            await asyncio.wait((ringing, given_up), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ringing.cancel()
            given_up.cancel()
        if call.answered.is_set() and not call.is_over:
            self._run(call, source)
        else:
            self.end(call, "no-answer")

    async def _ring(self, call: Call) -> None:
        """Ring until answered, refused, or ended by whoever dialled."""
        phone = self.phone(call.to)
        phone.calls.append(call)
        self.report(call)
        await asyncio.sleep(0)
        if call.is_over:
            return
        call.status = "ringing"
        self.report(call)
        match phone.response:
            case Response.BUSY:
                self.end(call, "busy")
                return
            case Response.FAILS:
                self.end(call, "failed")
                return
            case Response.ANSWERS:
                await first(self.timers.sleep(phone.after_ms), call.ended.wait())
            case Response.RINGS_ON:
                await first(phone.picked_up(), call.ended.wait())
        if not call.is_over:
            self._answered(call)

    def _answered(self, call: Call) -> None:
        call.status, call.answered_at = "in-progress", self.timers.now()
        call.answered.set()
        self.report(call)

    def _run(self, call: Call, source: Source) -> None:
        call.program = asyncio.create_task(Program(self, call).run(source))

    def _cut(self, call: Call, why: str) -> None:
        """Stop what the call does. A bridge tells the other side; the program's own clean-up leaves queues and hangs up what it dialled."""
        call.leaving = why
        if call.bridge is not None:
            call.bridge.end(call, why)
        program, call.program = call.program, None
        if program is not None and program is not asyncio.current_task():
            program.cancel()
