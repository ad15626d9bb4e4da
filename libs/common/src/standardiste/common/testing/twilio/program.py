"""
Runs TwiML for one call, verb by verb, until the document ends, another takes its place, or the call does.

Cancellation is how a call is taken out of what it does (redirected by the API, hung up): each verb cleans up behind itself, and `call.leaving` says which
of the two it was. What Twilio would report to its debugger goes to `account.alerts`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from standardiste.common.testing.twilio.call import Bridge, Call, Callback, Member
from standardiste.common.testing.twilio.twiml import TwimlFault, Verb, parse

if TYPE_CHECKING:
    from standardiste.common.testing.twilio.exchange import Exchange

SAY_MS_PER_CHARACTER = 60
PLAY_MS = 30_000
DIAL_TIMEOUT_S = 30
LOOPS_MAX = 1_000  # loop="0" means this many at Twilio
REDIRECTS_MAX = 1_000
DIGITS_MS = 300
_NEVER_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A document: given (`twiml`, its links relative to `base`) or to be asked for (`url`, with extra parameters)."""

    twiml: str | None = None
    url: str = ""
    base: str = ""
    params: tuple[tuple[str, str], ...] = ()


class Program:
    """The interpreter of one call."""

    def __init__(self, exchange: Exchange, call: Call) -> None:
        self._exchange, self._call = exchange, call

    async def run(self, source: Source) -> None:
        """Run until nothing is left to do; a document that runs out ends the call."""
        following: Source | None = source
        for _ in range(REDIRECTS_MAX):
            if following is None:
                break
            following = await self._document(following)
        self._exchange.end(self._call, "completed")

    async def _document(self, source: Source) -> Source | None:
        """Run one document; give the one that takes its place."""
        read = await self._read(source)
        if read is None:
            self._hear("say: an application error has occurred")
            return None
        verbs, base = read
        for verb in verbs:
            following = await self._verb(verb, base)
            if following is not None:
                return following
            if self._call.is_over:
                return None
        return None

    async def _read(self, source: Source) -> tuple[tuple[Verb, ...], str] | None:
        text, base = source.twiml, source.base
        if text is None:
            base = urljoin(source.base, source.url)
            answer = await self._exchange.webhooks.send(base, {**self._call.params(self._account_sid), **dict(source.params)})
            if not answer.is_good:
                self._exchange.account.alert(f"11200 HTTP {answer.status} from {base}")
                return None
            text = answer.body
            if answer.status == 204 or not text.strip():
                return (), base
        try:
            return parse(text), base
        except TwimlFault as fault:
            self._exchange.account.alert(f"{fault} in {base}")
            return None

    async def _verb(self, verb: Verb, base: str) -> Source | None:
        match verb.name:
            case "Say" | "Play" | "Pause":
                await self._sound(verb, base)
            case "Gather":
                return await self._gather(verb, base)
            case "Record":
                return await self._record(verb, base)
            case "Enqueue":
                return await self._enqueue(verb, base)
            case "Dial":
                return await self._dial(verb, base)
            case "Redirect":
                return Source(url=verb.text, base=base)
            case "Hangup":
                self._exchange.end(self._call, "completed")
            case "Reject":
                self._exchange.end(self._call, "busy" if verb.attributes.get("reason") == "busy" else "no-answer")
            case _:
                self._exchange.account.alert(f"12200 {verb.name} cannot stand here")
        return None

    async def _sound(self, verb: Verb, base: str) -> None:
        times = verb.integer("loop", 1) or LOOPS_MAX
        for _ in range(times if verb.name != "Pause" else 1):
            if verb.name == "Say":
                self._hear(f"say {verb.attributes.get('language', 'en-US')}: {verb.text}")
                await self._exchange.timers.sleep(max(1, len(verb.text) * SAY_MS_PER_CHARACTER))
            elif verb.name == "Play" and "digits" in verb.attributes:
                self._hear(f"keys: {verb.attributes['digits']}")
                await self._exchange.timers.sleep(DIGITS_MS)
            elif verb.name == "Play":
                self._hear(f"play: {urljoin(base, verb.text)}")
                await self._exchange.timers.sleep(PLAY_MS)
            else:
                self._hear("silence")
                await self._exchange.timers.sleep(max(1, verb.integer("length", 1)) * 1000)

    async def _gather(self, verb: Verb, base: str) -> Source | None:
        async def prompt() -> None:
            for child in verb.children:
                await self._sound(child, base)
            await self._exchange.timers.sleep(verb.integer("timeout", 5) * 1000)

        pressed: list[str] = []

        async def listen() -> None:
            pressed.append(await self._call.digits.get())

        await first(prompt(), listen())
        if not pressed:
            return None
        return Source(url=verb.attributes.get("action", base), base=base, params=(("Digits", pressed[0]),))

    async def _record(self, verb: Verb, base: str) -> Source | None:
        """Until a key, so long a silence, or the hang-up; nothing said, the document goes on."""
        self._hear("the tone")
        pressed: list[str] = []

        async def listen() -> None:
            pressed.append(await self._call.digits.get())

        try:
            await first(self._exchange.timers.sleep(verb.integer("timeout", 5) * 1000), listen())
        except asyncio.CancelledError:
            if self._call.leaving == "hangup" and self._call.speech is not None:
                self._tell_left(verb, base, {**self._recorded(), "Digits": "hangup"})
            raise
        if self._call.speech is None:
            return None
        return self._after(verb, base, {**self._recorded(), "Digits": "".join(pressed)})

    def _recorded(self) -> dict[str, str]:
        assert self._call.speech is not None, "something was said"
        content, seconds = self._call.speech
        recording = self._exchange.keep_recording(self._call, content, seconds)
        return {"RecordingSid": recording.sid, "RecordingDuration": str(seconds), "RecordingUrl": f"https://api.twilio.com/{recording.sid}"}

    # ---- waiting in a queue

    async def _enqueue(self, verb: Verb, base: str) -> Source | None:
        loop = asyncio.get_running_loop()
        queue = self._exchange.queue(verb.text)
        member = Member(self._call, self._exchange.timers.now(), loop.create_future())
        if not queue.join(member):
            return self._after(verb, base, {"QueueResult": "queue-full"})
        self._exchange.changes.tell()
        result = "error"
        try:
            result = await self._wait_in_queue(verb, base, member)
        except asyncio.CancelledError:
            was_bridged = member.taken.done()
            result = "hangup" if self._call.leaving == "hangup" else "redirected-from-bridged" if was_bridged else "redirected"
            self._tell_left(verb, base, {"QueueResult": result, **self._queue_params(queue.sid, member)})
            raise
        finally:
            queue.leave(member)
            self._exchange.changes.tell()
        return self._after(verb, base, {"QueueResult": result, **self._queue_params(queue.sid, member)})

    async def _wait_in_queue(self, verb: Verb, base: str, member: Member) -> str:
        wait_url = verb.attributes.get("waitUrl")

        async def taken() -> None:
            await asyncio.shield(member.taken)

        async def hear_music() -> None:
            if wait_url is None:
                self._hear("play: the provider's own music")
                await self._exchange.timers.sleep(_NEVER_MS)
            following: Source | None = None
            while True:
                source = following or Source(url=wait_url or "", base=base, params=(("QueuePosition", "1"), ("QueueTime", "0")))
                read = await self._read(source)
                if read is None:
                    raise _WaitingFailed
                following = None
                for child in read[0]:
                    if child.name == "Leave":
                        return
                    following = await self._verb(child, read[1])
                    if following is not None:
                        break

        try:
            await first(taken(), hear_music())
        except _WaitingFailed:
            return "system-error"
        if not member.taken.done():
            return "leave"
        await asyncio.shield(member.taken.result().ended)
        return "bridged"

    def _queue_params(self, sid: str, member: Member) -> dict[str, str]:
        return {"QueueSid": sid, "QueueTime": str((self._exchange.timers.now() - member.joined_at) // 1000)}

    # ---- reaching another party

    async def _dial(self, verb: Verb, base: str) -> Source | None:
        queues = [child for child in verb.children if child.name == "Queue"]
        timeout_ms = verb.integer("timeout", DIAL_TIMEOUT_S) * 1000
        if queues:
            return await self._dial_queue(verb, base, queues[0].text, timeout_ms)
        rooms = [child for child in verb.children if child.name == "Conference"]
        if rooms:
            return await self._meet(verb, base, rooms[0].text)
        children = [self._dial_leg(verb, noun, base) for noun in verb.children]
        if not children and verb.text:
            children = [self._dial_leg(verb, Verb(name="Number", attributes={}, text=verb.text), base)]
        self._hear("ringing")
        outcome: dict[str, str] = {}
        try:
            outcome = await self._reach(children, timeout_ms)
        except asyncio.CancelledError:
            if self._call.leaving == "hangup":
                outcome = {"DialCallStatus": "completed" if any(child.answered_at for child in children) else "canceled"}
                self._tell_left(verb, base, {**outcome, "DialCallSid": children[0].sid if children else ""})
            raise
        finally:
            for child in children:
                if child.program is None:  # a leg that was redirected has a life of its own
                    self._exchange.end(child, "completed" if child.answered_at is not None else "canceled")
        return self._after(verb, base, outcome)

    async def _meet(self, verb: Verb, base: str, name: str) -> Source | None:
        """In a conference until taken out; nobody of ours ends one for all."""
        room = self._exchange.conference(name)
        room.members.append(self._call)
        self._call.conference = room
        self._hear("the room")
        try:
            await self._exchange.timers.sleep(_NEVER_MS)
        finally:
            room.members.remove(self._call)
            self._call.conference = None
            self._exchange.changes.tell()
        return self._after(verb, base, {"DialCallStatus": "completed"})

    def _dial_leg(self, verb: Verb, noun: Verb, base: str) -> Call:
        to = f"client:{noun.text.removeprefix('client:')}" if noun.name == "Client" else noun.text
        url = noun.attributes.get("statusCallback")
        events = frozenset(noun.attributes.get("statusCallbackEvent", "completed").split())
        caller = verb.attributes.get("callerId") or self._call.from_
        return self._exchange.dial(self._call, to, caller, Callback(url=urljoin(base, url) if url else None, events=events))

    async def _reach(self, children: list[Call], timeout_ms: int) -> dict[str, str]:
        """Ring all; the first who answers is bridged; give what the action is told."""
        await first(_any_answered(children), _all_ended(children), self._exchange.timers.sleep(timeout_ms))
        answered = next((child for child in children if child.status == "in-progress"), None)
        for child in children:
            if child is not answered:
                self._exchange.end(child, "no-answer")
        if answered is None:
            statuses = [child.status for child in children]
            worst = next((status for status in ("busy", "failed", "canceled") if status in statuses), "no-answer")
            return {"DialCallStatus": worst, "DialCallSid": children[0].sid if children else "", "DialBridged": "false"}
        began_at = self._exchange.timers.now()
        await self._bridge(answered)
        seconds = (self._exchange.timers.now() - began_at) // 1000
        return {"DialCallStatus": "completed", "DialCallSid": answered.sid, "DialCallDuration": str(seconds), "DialBridged": "true"}

    async def _dial_queue(self, verb: Verb, base: str, name: str, timeout_ms: int) -> Source | None:
        queue = self._exchange.account.queues.get(name)
        if queue is None:
            return self._after(verb, base, {"DialCallStatus": "failed", "DequeueResult": "queue-not-found"})
        self._hear("ringing")
        found: list[Member] = []

        async def head() -> None:
            found.append(await queue.first())

        await first(head(), self._exchange.timers.sleep(timeout_ms))
        if not found:
            return self._after(verb, base, {"DialCallStatus": "no-answer", "DequeueResult": "queue-empty"})
        member = found[0].call
        try:
            await self._bridge(member, found[0])
        except asyncio.CancelledError:
            if self._call.leaving == "hangup":
                self._tell_left(verb, base, {"DialCallStatus": "completed", "DialCallSid": member.sid})
            raise
        return self._after(verb, base, {"DialCallStatus": "completed", "DialCallSid": member.sid, "DialBridged": "true"})

    async def _bridge(self, other: Call, member: Member | None = None) -> None:
        bridge = Bridge(self._call, other, asyncio.get_running_loop().create_future())
        self._call.bridge = other.bridge = bridge
        if member is not None:
            member.taken.set_result(bridge)
        self._exchange.changes.tell()
        await asyncio.shield(bridge.ended)

    # ---- small things

    @property
    def _account_sid(self) -> str:
        return self._exchange.account.sid

    def _hear(self, what: str) -> None:
        self._call.heard.append(what)
        self._exchange.changes.tell()

    def _after(self, verb: Verb, base: str, params: dict[str, str]) -> Source | None:
        """The action takes over; without one the document goes on."""
        action = verb.attributes.get("action")
        return Source(url=action, base=base, params=tuple(params.items())) if action else None

    def _tell_left(self, verb: Verb, base: str, params: dict[str, str]) -> None:
        """The call is no longer here to run an answer: the action is told, what it answers is ignored."""
        action = verb.attributes.get("action")
        if action:
            self._exchange.webhooks.later(self._call.sid, urljoin(base, action), {**self._call.params(self._account_sid), **params})


class _WaitingFailed(Exception):
    """The document of a waitUrl could not be read."""


async def _any_answered(calls: list[Call]) -> None:
    await first(*(call.answered.wait() for call in calls))


async def _all_ended(calls: list[Call]) -> None:
    for call in calls:
        await call.ended.wait()


async def first(*works: Coroutine[Any, Any, Any]) -> None:
    """Return when the first is done; the others are cancelled and gone. What it raised is raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.result()
