"""
Carries calls: takes what happens, decides by `calls.step`, writes the document, does what is pending at the provider, reports what is owed to the router.

Theory. The order is always decide, write, do, report, write: so a process that dies anywhere leaves a document that says what is still open, and whoever
finds it (the same command again, or the round of what is due) goes on. A pending action found that way may have been done: what rings a phone is looked
up before it is repeated; the rest may be repeated harmlessly. Several pods may serve the webhooks of one call: the document's version decides, and
the loser steps again from what the winner wrote. It then reports what the winner may be reporting too, in order and under the same ids.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from weakref import WeakValueDictionary

from standardiste.common.clock import Clock
from standardiste.common.errors import Away, BlobsAway, BusAway, ProviderError, StoreAway, VersionConflict
from standardiste.common.intake import Intake
from standardiste.common.log import logger
from standardiste.ingest_voice.call_book import RETRY_MS, CallBook, Stored
from standardiste.ingest_voice.calls import step
from standardiste.ingest_voice.model import (
    Action,
    AgentAnswered,
    AgentEnded,
    AgentRings,
    Call,
    CallState,
    CustomerAnswered,
    CustomerEnded,
    CustomerRings,
    Do,
    Fact,
    GuestAnswered,
    GuestEnded,
    GuestRings,
    Happening,
    MessageKept,
    MessageRecorded,
    NothingSaid,
    Outcome,
    Party,
    ProviderRefused,
)
from standardiste.ingest_voice.provider import CallProvider, LegGone, LegReport, LegState

CONFLICTS_MAX: Final = 8
FOLLOWS_MAX: Final = 8
SIDE_BY_SIDE: Final = 16
TICK_S: Final = 0.5
FORGET_EVERY_MS: Final = 3_600_000
CONNECT_GIVEN_UP_MS: Final = 20_000
"""How long the provider is asked again to ring an agent: the router waits 30 s for the outcome."""
OTHERS_GIVEN_UP_MS: Final = 600_000
_CONNECTING: Final = (CallState.CONNECTING, CallState.RINGING_AGENT, CallState.CALLING_BACK)

log = logger("ingest-voice")


class Switchboard:
    """All calls of this process."""

    def __init__(self, book: CallBook, provider: CallProvider, intake: Intake, clock: Clock) -> None:
        self._book, self._provider, self._intake, self._clock = book, provider, intake, clock
        self._lanes: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._forgot_at = clock.now()

    async def get(self, tenant: str, conversation: str) -> Call | None:
        stored = await self._book.get(tenant, conversation)
        return None if stored is None else stored.call

    async def begin(self, call: Call) -> Call:
        """
        A new call, durable on return; what it has pending is done. One of this conversation that is there already is kept; a placed call follows one that ended.

        Raises StoreAway, BusAway.
        """
        async with self._lane(call.tenant, call.conversation):
            found = await self._book.get(call.tenant, call.conversation)
            if found is not None and set(call.handled) & set(found.call.handled):
                return (await self._carry_out(found, is_again=True)).call
            if found is not None and (not call.handled or found.call.state is not CallState.ENDED):
                return found.call
            try:
                stored = await self._book.put(Stored(call, found.version if found else 0), call)
            except VersionConflict:
                other = await self._book.get(call.tenant, call.conversation)
                return other.call if other is not None else call
            return (await self._carry_out(stored)).call

    async def happen(self, tenant: str, conversation: str, *happenings: Happening, is_command: bool = False) -> Call | None:
        """
        Something happened to a call; gives the call as it is then, None when there is none.

        `is_command`: from the router, at least once; what an earlier try left open is carried on. Raises StoreAway; BusAway only for a command.
        """
        async with self._lane(tenant, conversation):
            stored = await self._stepped(tenant, conversation, *happenings)
            if stored is None:
                return None
            found, has_changed = stored
            try:
                if has_changed or (is_command and (found.call.pending or found.call.owed)):
                    found = await self._carry_out(found, is_again=not has_changed)
            except (BusAway, BlobsAway):
                if is_command:
                    raise
                log.warning("report_owed", conversation=conversation)  # stored; the round of what is due pays it
            return found.call

    async def follow_due(self, ready: Callable[[], None]) -> None:
        """Do what becomes due, until cancelled. A store or bus that is away is waited for."""
        ready()
        while True:
            try:
                await self.run_due()
            except Away as away:
                log.warning("calls_wait", away=away.what)
            await asyncio.sleep(TICK_S)

    async def run_due(self) -> int:
        """Look at every call that is due now; gives how many. Raises Away."""
        due = await self._book.due()
        gate = asyncio.Semaphore(SIDE_BY_SIDE)
        trouble: list[Away] = []

        async def one(stored: Stored) -> None:
            async with gate:
                try:
                    await self._revisit(stored.call.tenant, stored.call.conversation)
                except Away as away:
                    trouble.append(away)
                except Exception:  # one call that we cannot understand must not stop the round for all others; it is looked at again later
                    log.exception("call_fault", conversation=stored.call.conversation)
                    await self._postpone(stored)

        async with asyncio.TaskGroup() as group:
            for stored in due:
                group.create_task(one(stored))
        if trouble:
            raise trouble[0]
        if self._clock.now() - self._forgot_at >= FORGET_EVERY_MS:
            self._forgot_at = self._clock.now()
            await self._book.forget()
        return len(due)

    # ---- decide and write

    async def _stepped(self, tenant: str, conversation: str, *happenings: Happening) -> tuple[Stored, bool] | None:
        for _ in range(CONFLICTS_MAX):
            stored = await self._book.get(tenant, conversation)
            if stored is None:
                return None
            call = stored.call
            for happening in happenings:
                call = step(call, happening)
            if call is stored.call:
                return stored, False
            try:
                return await self._book.put(stored, call), True
            except VersionConflict:
                continue
        raise StoreAway("a call changes faster than it can be written")

    # ---- do and report

    async def _carry_out(self, stored: Stored, *, is_again: bool = False) -> Stored:
        """Do what is pending, report what is owed, and write that it is. What follows from doing it is stepped in turn."""
        for _ in range(FOLLOWS_MAX):
            done, follows, is_stuck = await self._do_all(stored, is_again=is_again)
            paid, trouble = await self._tell_all(stored.call)
            stored = await self._settle(stored, done, paid, follows, is_stuck=is_stuck or trouble is not None)
            if trouble is not None:
                raise trouble
            if is_stuck or not (stored.call.pending or stored.call.owed):
                break
            is_again = False
        return stored

    async def _do_all(self, stored: Stored, *, is_again: bool) -> tuple[tuple[Action, ...], tuple[Happening, ...], bool]:
        """What was done, what follows from it, and whether the rest must wait."""
        done: list[Action] = []
        follows: list[Happening] = []
        for action in stored.call.pending:
            try:
                follow = await self._do(stored.call, action, is_again=is_again)
            except LegGone as gone:
                follow = _gone(stored.call, gone.party)
            except ProviderError as error:
                if error.is_retryable and not self._is_given_up(stored):
                    log.warning("provider_waits", code=error.code, do=action.do, conversation=stored.call.conversation)
                    return tuple(done), tuple(follows), True
                log.warning("provider_refuses", code=error.code, do=action.do, conversation=stored.call.conversation)
                follow = ProviderRefused(code=error.code, do=action.do, party=action.party)
            done.append(action)
            if follow is not None:
                follows.append(follow)
        return tuple(done), tuple(follows), False

    async def _do(self, call: Call, action: Action, *, is_again: bool) -> Happening | None:
        match action.do:
            case Do.HANG_UP:
                if action.leg is not None:
                    await self._provider.hang_up(call, action.leg)
            case Do.SHOW:
                if action.leg is not None and not (is_again and await self._rings_already(call, action)):
                    await self._provider.show(call, action.party, action.leg, words=action.words, digits=action.digits)
            case Do.RING:
                return await self._ring(call, action, is_again=is_again)
            case Do.RECORD | Do.PAUSE:
                if action.leg is not None:
                    await self._provider.record(call, action.leg, is_on=action.do is Do.RECORD)
            case Do.KEEP:
                return await self._keep(call)
        return None

    async def _ring(self, call: Call, action: Action, *, is_again: bool) -> Happening:
        rung = await self._provider.rung(call, action.party) if is_again else None
        leg = rung.leg if rung is not None else await self._provider.ring(call, action.party)
        match action.party:
            case Party.CUSTOMER:
                return CustomerRings(leg=leg)
            case Party.AGENT:
                return AgentRings(leg=leg)
            case Party.GUEST:
                return GuestRings(leg=leg, attempt=action.attempt)

    async def _keep(self, call: Call) -> Happening:
        """The message's sound, ours before anybody hears of it."""
        assert call.recording is not None, "a message was left"
        assert call.contact is not None, "by somebody who called"
        blob = await self._intake.keep(call.tenant, call.contact, await self._provider.fetch(call, call.recording))
        return MessageKept(blob=blob)

    async def _rings_already(self, call: Call, action: Action) -> bool:
        """Whether an earlier try of unknown outcome made the phone ring."""
        if call.state is not CallState.CONNECTING or action.leg is None:
            return False
        reached = await self._provider.reached(call, action.leg)
        return reached is not None and reached.state is not LegState.ENDED

    async def _tell_all(self, call: Call) -> tuple[tuple[Fact, ...], BusAway | None]:
        """Report in order; gives what was reported, and the bus's absence if that stopped it."""
        subject, paid = call.interaction or call.conversation, list[Fact]()
        for fact in call.owed:
            try:
                await self._intake.report(call.tenant, subject, fact.data, id=fact.id, traceparent=call.traceparent)
            except BusAway as away:
                return tuple(paid), away
            paid.append(fact)
        return tuple(paid), None

    async def _settle(
        self, stored: Stored, done: tuple[Action, ...], paid: tuple[Fact, ...], follows: tuple[Happening, ...], *, is_stuck: bool
    ) -> Stored:
        """Take off the document what was done and reported, and step what follows."""
        if not (done or paid or follows or is_stuck):
            return stored
        for _ in range(CONFLICTS_MAX):
            call = stored.call
            call = replace(
                call,
                pending=tuple(each for each in call.pending if each not in done),
                owed=tuple(each for each in call.owed if each not in paid),
            )
            for follow in follows:
                call = step(call, follow)
            try:
                return await self._book.put(stored, call, due_in_ms=RETRY_MS if is_stuck else None)
            except VersionConflict:
                found = await self._book.get(stored.call.tenant, stored.call.conversation)
                if found is None:
                    return stored
                stored = found
        raise StoreAway("a call changes faster than it can be written")

    def _is_given_up(self, stored: Stored) -> bool:
        waited_ms = self._clock.now() - (stored.pending_since or self._clock.now())
        is_connecting = stored.call.state in _CONNECTING or any(each.party is Party.GUEST for each in stored.call.pending)
        return waited_ms >= (CONNECT_GIVEN_UP_MS if is_connecting else OTHERS_GIVEN_UP_MS)

    # ---- what is due

    async def _revisit(self, tenant: str, conversation: str) -> None:
        async with self._lane(tenant, conversation):
            stored = await self._book.get(tenant, conversation)
            if stored is None or stored.due_at is None or stored.due_at > self._clock.now():
                return
            if stored.call.pending or stored.call.owed:
                await self._carry_out(stored, is_again=True)
                return
            try:
                found = await self._look(stored.call)
            except ProviderError as error:
                log.warning("look_up_failed", code=error.code, conversation=conversation)
                found = ()
            stepped = await self._stepped(tenant, conversation, *found)
            if stepped is None:
                return
            if stepped[1]:
                await self._carry_out(stepped[0])
            else:
                await self._postpone(stepped[0])

    async def _postpone(self, stored: Stored) -> None:
        """Look again later, if nobody has touched it meanwhile."""
        with contextlib.suppress(VersionConflict):
            await self._book.put(stored, stored.call)

    async def _look(self, call: Call) -> tuple[Happening, ...]:
        """Ask the provider how the legs are, and say what we have missed."""
        if call.state is CallState.VOICEMAIL and call.has_left:
            return await self._look_for_message(call)
        if call.customer_leg is not None:
            customer = await self._provider.look_up(call, call.customer_leg)
            if customer.state is LegState.ENDED:
                return (CustomerEnded(outcome=customer.outcome or Outcome.HUNG_UP),)
        found = await self._look_at_guest(call)
        if found:
            return found
        match call.state:
            case CallState.CONNECTING:
                assert call.customer_leg is not None, "a customer is connected"
                return _agent_found(call, await self._provider.reached(call, call.customer_leg))
            case CallState.BRIDGED | CallState.HELD | CallState.CONFERENCE if call.agent_leg is not None:
                agent = await self._provider.look_up(call, call.agent_leg)
                return _agent_found(call, agent) if agent.state is LegState.ENDED else ()
            case CallState.RINGING_AGENT:
                leg = await self._provider.look_up(call, call.agent_leg) if call.agent_leg else await self._provider.rung(call, Party.AGENT)
                return _agent_found(call, leg)
            case CallState.RINGING_CUSTOMER if call.agent_leg is not None:
                return await self._look_at_placed(call, call.agent_leg)
            case _:
                return ()

    async def _look_at_guest(self, call: Call) -> tuple[Happening, ...]:
        guest = call.guest
        if guest is None:
            return ()
        leg = await (self._provider.look_up(call, guest.leg) if guest.leg else self._provider.rung(call, Party.GUEST))
        if leg is None or leg.state is LegState.ENDED:
            return (GuestEnded(attempt=guest.attempt, outcome=(leg.outcome if leg else None) or Outcome.NO_ANSWER),)
        return (GuestAnswered(leg=leg.leg, attempt=guest.attempt),) if leg.state is LegState.UP and not guest.is_up else ()

    async def _look_for_message(self, call: Call) -> tuple[Happening, ...]:
        """He hung up, and nobody has told whether he said something."""
        found = await self._provider.recording(call, call.customer_leg or "")
        return (NothingSaid(),) if found is None else (MessageRecorded(recording=found.id, duration_ms=found.duration_ms),)

    async def _look_at_placed(self, call: Call, agent_leg: str) -> tuple[Happening, ...]:
        agent = await self._provider.look_up(call, agent_leg)
        if agent.state is LegState.ENDED:
            return _agent_found(call, agent)
        customer = await self._provider.reached(call, agent_leg)
        if customer is None or customer.state is LegState.RINGING:
            return ()
        if customer.state is LegState.UP:
            return (CustomerAnswered(leg=customer.leg),)
        return (CustomerEnded(outcome=customer.outcome or Outcome.NO_ANSWER),)

    def _lane(self, tenant: str, conversation: str) -> asyncio.Lock:
        return self._lanes.setdefault((tenant, conversation), asyncio.Lock())


def _gone(call: Call, party: Party) -> Happening:
    """A leg that something was asked of is over: its callback is on its way, or was lost."""
    if party is Party.CUSTOMER:
        return CustomerEnded(outcome=Outcome.HUNG_UP)
    if party is Party.GUEST:
        return GuestEnded(attempt=call.guest.attempt if call.guest is not None else 0, outcome=Outcome.HUNG_UP)
    return AgentEnded(attempt=call.attempt, outcome=Outcome.HUNG_UP, is_found=True)


def _agent_found(call: Call, leg: LegReport | None) -> tuple[Happening, ...]:
    if leg is None:
        return (AgentEnded(attempt=call.attempt, outcome=Outcome.NO_ANSWER, is_found=True),)
    match leg.state:
        case LegState.UP:
            return (AgentAnswered(leg=leg.leg, attempt=call.attempt),)
        case LegState.ENDED:
            return (AgentEnded(attempt=call.attempt, outcome=leg.outcome or Outcome.NO_ANSWER, is_found=True),)
        case LegState.RINGING:
            return ()
