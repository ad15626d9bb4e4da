"""
The outbox: takes `message.deliver` from outbound.<channel>, sends, tries again, and tells the router how it went.

Theory. A conversation's sends go out in the order the router made them: one at a time, in the conversation's lane, by whoever holds it here; between
processes the document's version decides who may try. The record's offset moves on as soon as the send is stored with its due time, so one
customer's broken mail server delays nobody else. Everything that must happen later is a due time in a document, never a task in memory:

- a try that failed is due again after its backoff;
- a send behind another is due when its delay must be told, and again now and then in case its turn was missed in another process;
- a send in hand is due when its lease ends, because its holder is gone then and the outcome is unknown;
- a report that could not be published is due at once.

What is lost when: nothing. What may be doubled: a send of unknown outcome, where the policy says to send again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from weakref import WeakValueDictionary

from standardiste.common.bus.port import Bus, Record
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import Clock
from standardiste.common.errors import Away, ProviderError, VersionConflict
from standardiste.common.events.base import Event, Instant
from standardiste.common.events.codec import decode, dump_data
from standardiste.common.events.model import DeliveryState
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.ids import Ids
from standardiste.common.log import logger
from standardiste.common.metrics import counter
from standardiste.common.outbox.policy import OnUnknown, OutboxPolicy, next_try_at
from standardiste.common.outbox.provider import Provider, Refused, Sent, Unknown
from standardiste.common.outbox.record import SendRecord, SendState
from standardiste.common.outbox.reports import report, reports_of_end
from standardiste.common.outbox.room import Due, Room
from standardiste.common.outbox.sends import Sends
from standardiste.common.store.port import ABSENT, Collection, Store

BEHIND_RECHECK_MS = 60_000
"""How often a send behind another makes sure that its turn was not missed."""
IN_FLIGHT = 256
"""Records of the outbound topic in hand at once."""
REPORT_WITHIN_MS = 20
"""The agent reads that it is sent: a moment later will do, in company."""
NO_ROOM_LOOK_MS = 1_000
"""When a send whose address had its share in hand is looked at first."""
FORGET_EVERY_MS = 3_600_000

_sends = counter("standardiste_sends_total")
log = logger("outbox")


@dataclass(slots=True)
class _InHand:
    """A send that the provider is being asked to take right now."""

    record: SendRecord
    is_delay_told: bool


class Outbox:
    """The sends of one ingest service. Idempotent by message id."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        ids: Ids,
        provider: Provider,
        policy: OutboxPolicy,
        service: str,
        topic: Topic,
        is_held: Callable[[], bool] = lambda: False,
        is_alone: bool = False,
        random: Random | None = None,
        others: Callable[[Event], Awaitable[None]] | None = None,
    ) -> None:
        """
        `is_held` says that nothing may leave the house (after a restore, until released). `is_alone`: no other process sends for this installation,
        so a send in another's hand is a dead process's. `others` takes what else the router asks of this channel.
        """
        self._bus, self._clock, self._provider, self._policy = bus, clock, provider, policy
        self._service, self._topic, self._is_held, self._is_alone = service, topic, is_held, is_alone
        self._random = random or Random()
        self._others = others
        self._holder = ids.mint("outbox")
        self._sends = Sends(store, service)
        self._lanes: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._in_hand: dict[tuple[str, str], _InHand] = {}
        self._room = Room()
        self._is_first_round = True
        self._forgot_at = 0

    @property
    def collection(self) -> Collection:
        """For Service.collections."""
        return self._sends.collection

    def tasks(self) -> Mapping[str, Callable[[Callable[[], None]], Awaitable[None]]]:
        """The long-running work, for Service.tasks."""
        return {"outbox": self.follow, "outbox-due": self.follow_due}

    async def follow(self, ready: Callable[[], None]) -> None:
        """Take what the router asks, until cancelled."""
        await self._bus.subscribe(f"{self._service}-outbox", (self._topic,), self.take, in_flight=IN_FLIGHT, ready=ready)

    async def follow_due(self, ready: Callable[[], None]) -> None:
        """Do what becomes due, until cancelled. A store or bus that is away is waited for; what hangs holds up nobody else."""
        ready()
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    await self._begin_due(group, self._wait_out)
                except Away as away:
                    self._wait_out(away)
                await self._room.until_next_look()

    async def take(self, record: Record) -> None:
        """Handle one record of outbound.<channel>. Raises Away (call again) and BadInput (not ours to understand)."""
        event = decode(record)
        if isinstance(event.data, DeliverMessage):
            await self.deliver(event, order=f"{record.appended_at:015d}/{record.offset:015d}")
        elif self._others is not None:
            await self._others(event)

    async def deliver(self, event: Event, *, order: str) -> None:
        """Send, or store for later. On return the message is safe: sent, given up, or stored with its due time."""
        command: DeliverMessage = event.data
        if not self._room.has_place(event.tenant, command.channel_address):
            await self._deliver(event, command, order, has_room=False)
            return
        with self._room.place(event.tenant, command.channel_address):
            await self._deliver(event, command, order, has_room=True)

    async def _deliver(self, event: Event, command: DeliverMessage, order: str, *, has_room: bool) -> None:
        tenant, conversation = event.tenant, command.conversation
        async with self._lane(tenant, conversation):
            is_free = has_room and not self._is_held() and await self._sends.head(tenant, conversation) is None
            look_ms = self._policy.lease_ms if is_free else self._policy.delayed_ms if has_room else NO_ROOM_LOOK_MS
            try:
                stored = await self._sends.write(self._taken(event, command, order, look_ms, is_free=is_free), expected=ABSENT)
            except VersionConflict:
                await self._repeat(tenant, command)
                return
            if is_free:
                await self._ask(stored, covered=command.message)
            elif has_room:
                await self._drain(tenant, conversation, covered=command.message)

    async def run_due(self) -> int:
        """Do all that is due now; give how many sends were looked at. Raises Away."""
        trouble: list[Away] = []
        async with asyncio.TaskGroup() as group:
            count = await self._begin_due(group, trouble.append)
        if trouble:
            raise trouble[0]
        return count

    async def get(self, tenant: str, message: str) -> SendRecord | None:
        """What is known of a message."""
        return await self._sends.get(tenant, message)

    async def find(self, tenant: str, provider_id: str) -> SendRecord | None:
        """The send that the provider knows by this id."""
        return await self._sends.by_provider_id(tenant, provider_id)

    async def report_delivery(
        self,
        tenant: str,
        message: str,
        state: DeliveryState,
        *,
        at: Instant | None = None,
        recipient: str = "",
        code: str | None = None,
        detail: str | None = None,
        provider_id: str | None = None,
    ) -> bool:
        """
        Pass on what a provider reports later (delivered, read, failed; a bounce). False when the message is none of ours.

        A report proves that the provider took the message: a send of unknown outcome is settled by it, and not tried again.
        """
        record = await self._sends.get(tenant, message)
        if record is None:
            return False
        async with self._lane(tenant, record.conversation):
            current = await self._sends.get(tenant, message)
            if current is not None and current.is_open and (current.is_outcome_unknown or self._is_abandoned(current)):
                await self._end(current, SendState.SENT, covered=None, provider_id=provider_id)
        when = at if at is not None else self._clock.now()
        await self._bus.publish(report(record, self._service, state, when, recipient=recipient, code=code, detail=detail))
        return True

    # ---- one conversation, its lane held

    async def _repeat(self, tenant: str, command: DeliverMessage) -> None:
        """The same record again: say again what became of it, or carry on with it."""
        record = await self._sends.get(tenant, command.message)
        if record is not None and not record.is_open:
            await self._bus.publish(*reports_of_end(record, self._service))
        else:
            await self._drain(tenant, command.conversation, covered=command.message)

    async def _drain(self, tenant: str, conversation: str, *, covered: str | None) -> None:
        """Carry out the conversation's sends in order for as long as the first of them may be tried now."""
        while (head := await self._sends.head(tenant, conversation)) is not None:
            claimed = await self._claim(head)
            if claimed is None or not await self._ask(claimed, covered=covered):
                return

    async def _claim(self, record: SendRecord) -> SendRecord | None:
        """Take the send in hand; None when it is not its time, sending is held, or another has it."""
        now = self._clock.now()
        if self._is_held():
            await self._postpone(record, now + self._policy.held_recheck_ms)
            return None
        if record.state is SendState.DELAYED and record.try_at > now:
            await self._postpone(record, record.try_at)
            return None
        if record.state is SendState.SENDING and not self._is_abandoned(record):
            return None
        in_hand = replace(
            record,
            state=SendState.SENDING,
            holder=self._holder,
            due_at=now + self._policy.lease_ms,
            is_outcome_unknown=record.is_outcome_unknown or record.state is SendState.SENDING,
        )
        try:
            return await self._sends.write(in_hand, expected=record.version)
        except VersionConflict:
            return None

    async def _ask(self, record: SendRecord, *, covered: str | None) -> bool:
        """Ask the provider; True when the send has ended, either way. `covered` is the message whose own record is read again if we fail here."""
        in_hand = _InHand(record, record.is_delay_told)
        self._in_hand[(record.tenant, record.message)] = in_hand
        try:
            answer = await self._answer(record)
        finally:
            del self._in_hand[(record.tenant, record.message)]
        asked = replace(record, tries=record.tries + 1, is_delay_told=in_hand.is_delay_told)
        if isinstance(answer, Sent):
            _sends.labels(self._service, "sent").inc()
            try:
                await self._end(
                    asked, SendState.SENT, covered=covered, provider_id=answer.provider_id, refused=answer.refused, segments=answer.segments
                )
            finally:
                answer.release()
            return True
        now = self._clock.now()
        if not answer.is_retryable or now - record.taken_at >= self._policy.give_up_ms:
            _sends.labels(self._service, "failed").inc()
            await self._end(asked, SendState.FAILED, covered=covered, code=answer.code, detail=answer.detail)
            return True
        _sends.labels(self._service, "delayed").inc()
        await self._delay(asked, answer, now)
        return False

    async def _answer(self, record: SendRecord) -> Sent | ProviderError:
        """The provider's yes or no. A look-up comes first where the outcome is unknown and the policy wants it."""
        send, name = record.send(), self._provider.name
        try:
            async with asyncio.timeout(self._policy.send_timeout_ms / 1000):
                if record.is_outcome_unknown and self._policy.on_unknown is OnUnknown.LOOK_UP:
                    found = await self._provider.look_up(send)
                    if isinstance(found, Sent):
                        return found
                    if isinstance(found, Unknown):
                        return ProviderError(name, "outcome_unknown", "", is_retryable=True, is_outcome_unknown=True)
                return await self._provider.send(send)
        except ProviderError as error:
            return error
        except Away as away:
            return ProviderError(name, "away", away.what, is_retryable=True)
        except TimeoutError:
            return ProviderError(name, "timed_out", "", is_retryable=True, is_outcome_unknown=True)
        except (
            Exception
        ) as fault:  # an adapter's own fault must not stop the other conversations: the message is tried on, and told as failed in the end
            log.exception("provider_fault", provider=name, message=record.message)
            return ProviderError(name, "internal_fault", type(fault).__name__, is_retryable=True, is_outcome_unknown=True)

    async def _delay(self, record: SendRecord, answer: ProviderError, now: Instant) -> None:
        try_at = next_try_at(self._policy, record.tries, now, self._random)
        delayed = replace(
            record,
            state=SendState.DELAYED,
            holder=None,
            try_at=try_at,
            due_at=self._due_of(record, try_at),
            is_outcome_unknown=answer.is_outcome_unknown,
            code=answer.code,
            detail=answer.detail,
        )
        await self._touch(await self._sends.write(delayed, expected=record.version))

    async def _end(
        self,
        record: SendRecord,
        state: SendState,
        *,
        covered: str | None,
        provider_id: str | None = None,
        refused: tuple[Refused, ...] = (),
        segments: int | None = None,
        code: str | None = None,
        detail: str | None = None,
    ) -> None:
        """Write the end, then report it. Where nobody would read the record again, the report is owed until it is out."""
        is_owed = record.message != covered
        now = self._clock.now()
        ended = replace(
            record,
            state=state,
            command=None,
            open_in=None,
            holder=None,
            due_at=now if is_owed else None,
            is_report_owed=is_owed,
            is_outcome_unknown=False,
            ended_at=now,
            provider_id=provider_id or record.provider_id,
            refused=refused,
            segments=segments,
            code=code,
            detail=detail,
        )
        stored = await self._sends.write_end(ended)
        if stored is not None and is_owed:
            await self._pay(stored)
        elif stored is not None:
            await self._bus.publish(*reports_of_end(stored, self._service), within_ms=REPORT_WITHIN_MS)

    async def _pay(self, record: SendRecord) -> None:
        """Publish a report that is owed."""
        await self._bus.publish(*reports_of_end(record, self._service))
        await self._sends.write_if_still(replace(record, is_report_owed=False, due_at=None))

    # ---- what is due

    async def _begin_due(self, group: asyncio.TaskGroup, away: Callable[[Away], None]) -> int:
        """Begin with all that is due now, as far as there is room; give how many sends that are. Raises Away."""
        now = self._clock.now()
        await self._tell_delays_in_hand(now)
        due = await self._sends.due(now)
        if self._is_first_round and self._is_alone:
            due += [record for record in await self._sends.in_hand() if self._is_abandoned(record)]
        self._is_first_round = False
        begun = self._room.begin(due)
        for each in begun:
            group.create_task(self._try(each, away))
        if now - self._forgot_at >= FORGET_EVERY_MS:
            self._forgot_at = now
            await self._sends.forget(now - self._policy.keep_ms)
        return sum(len(each.messages) for each in begun)

    async def _try(self, due: Due, away: Callable[[Away], None]) -> None:
        try:
            await self._revisit(due.tenant, due.conversation, due.messages)
        except Away as trouble:
            away(trouble)
        finally:
            self._room.end(due)

    def _wait_out(self, away: Away) -> None:
        log.warning("outbox_waits", away=away.what)

    async def _revisit(self, tenant: str, conversation: str, messages: list[str]) -> None:
        """Something of this conversation is due: its next send, reports owed, delays to tell."""
        async with self._lane(tenant, conversation):
            await self._drain(tenant, conversation, covered=None)
            for message in messages:
                record = await self._sends.get(tenant, message)
                if record is not None and record.is_report_owed:
                    await self._pay(record)
                elif record is not None and record.state is SendState.DELAYED:
                    await self._touch(record)

    async def _touch(self, record: SendRecord) -> None:
        """Tell the agent once, and only when it has waited long enough, that the message waits; set the next due time."""
        now = self._clock.now()
        if not record.is_delay_told and now >= record.taken_at + self._policy.delayed_ms:
            await self._publish_delay(record, now)
            record = replace(record, is_delay_told=True)
        elif record.due_at is not None and record.due_at > now:
            return
        again = self._policy.held_recheck_ms if self._is_held() else BEHIND_RECHECK_MS
        due_at = self._due_of(record, record.try_at if record.try_at > now else now + again)
        await self._sends.write_if_still(replace(record, due_at=due_at))

    async def _tell_delays_in_hand(self, now: Instant) -> None:
        """A provider that takes long to answer delays a message too."""
        for in_hand in list(self._in_hand.values()):
            if not in_hand.is_delay_told and now >= in_hand.record.taken_at + self._policy.delayed_ms:
                await self._publish_delay(in_hand.record, now)
                in_hand.is_delay_told = True

    async def _publish_delay(self, record: SendRecord, now: Instant) -> None:
        await self._bus.publish(report(record, self._service, DeliveryState.DELAYED, now, code=record.code, detail=record.detail))

    async def _postpone(self, record: SendRecord, until: int) -> None:
        due_at = self._due_of(record, until)
        if record.due_at != due_at:
            await self._sends.write_if_still(replace(record, due_at=due_at))

    def _due_of(self, record: SendRecord, until: int) -> int:
        """When to look at a waiting send again: at its next try, or earlier to tell the delay."""
        return until if record.is_delay_told else min(until, record.taken_at + self._policy.delayed_ms)

    # ---- whose it is

    def _taken(self, event: Event, command: DeliverMessage, order: str, look_ms: int, *, is_free: bool) -> SendRecord:
        now = self._clock.now()
        return SendRecord(
            tenant=event.tenant,
            message=command.message,
            version=ABSENT,
            state=SendState.SENDING if is_free else SendState.DELAYED,
            conversation=command.conversation,
            interaction=command.interaction,
            channel_address=command.channel_address,
            sender=command.author.agent or "",
            order=order,
            taken_at=now,
            command=dump_data(command).decode(),
            open_in=command.conversation,
            due_at=now + look_ms,
            holder=self._holder if is_free else None,
            traceparent=event.traceparent,
        )

    def _is_abandoned(self, record: SendRecord) -> bool:
        """In nobody's hand any more: its process is gone, so the outcome is unknown."""
        if record.state is not SendState.SENDING or (record.tenant, record.message) in self._in_hand:
            return False
        is_lease_over = record.due_at is None or record.due_at <= self._clock.now()
        return is_lease_over or record.holder == self._holder or self._is_alone

    def _lane(self, tenant: str, conversation: str) -> asyncio.Lock:
        return self._lanes.setdefault((tenant, conversation), asyncio.Lock())
