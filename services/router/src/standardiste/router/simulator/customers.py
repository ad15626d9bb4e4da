"""
Customers: they arrive, are known at once, and leave when their patience is over. And each contact's own lengths of time, drawn when it arrives.

Handle time, patience and wrap-up are drawn at arrival, from a stream of chance for each, whatever becomes of the contact: so two scenarios with the same seed
meet the same customers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from standardiste.common.events import decisions as d
from standardiste.common.events import inputs, outbound
from standardiste.common.events.base import Event, Instant
from standardiste.common.events.contact_facts import facts_of_contact
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import (
    Channel,
    ChannelAddressId,
    Contact,
    ContactId,
    Content,
    ConversationId,
    CustomerId,
    CustomerSummary,
    InteractionId,
    LeftBecause,
    OfferId,
    ReceiptId,
)
from standardiste.router.engine.configuration import Configuration
from standardiste.router.engine.naming import interaction_id
from standardiste.router.simulator.clockwork import Clockwork
from standardiste.router.simulator.draws import Arrival, Distribution
from standardiste.router.simulator.scenario import SERVICE_LEVEL_MS, Scenario, Stream, target_ms
from standardiste.router.simulator.tally import Tally

STREAM: Final = "simulated_stream"
"""The attribute that tells a rule which stream a contact is of."""
LIVE: Final = frozenset({Channel.VOICE, Channel.CALLBACK, Channel.CHAT})
AT_THE_LINE: Final = LIVE - {Channel.CALLBACK}
"""Whose customers wait there, and may leave."""
_SAYS: Final = Content(text="")
_GONE: Final = LeftBecause.HUNG_UP


@dataclass(slots=True)
class Case:
    """
    One contact on its way. `target_ms` is that of its stream, else of the queue where it began to wait (an overflow leaves it). `is_settled`: answered, or
    gone to a voicemail. `work` counts the times work
    on it began, so that what was planned for an earlier time is known as stale.
    """

    id: InteractionId
    stream: Stream
    contact: ContactId
    conversation: ConversationId
    arrived_at: int
    handle_ms: float
    connect_ms: float
    wrap_up_ms: float | None
    is_measured: bool
    target_ms: int = SERVICE_LEVEL_MS
    has_overflowed: bool = False
    is_settled: bool = False
    work: int = 0
    done_at: float = 0.0
    left_ms: float = 0.0
    wraps_until: int | None = None
    offer: OfferId | None = None


class _Source:
    """A stream with its chances."""

    def __init__(self, stream: Stream, scenario: Scenario, replication: int, configuration: Configuration) -> None:
        self.stream = stream
        named = configuration.address(stream.channel_address)
        address = named or ChannelAddress(id=ChannelAddressId(stream.channel), change_set=0, channel=stream.channel, address=stream.channel)
        self.address, self.scope = address, configuration.scope_of(address)
        self.attributes = {**stream.attributes, STREAM: stream.name}
        self._named = f"{scenario.seed}/{replication}/stream/{stream.name}"
        self.arrivals: Iterator[Arrival] = stream.arrivals.times(self._dice("arrivals"))
        self._handle, self._patience, self._wrap_up, self._connect = map(self._dice, ("handle", "patience", "wrap_up", "connect"))

    def _dice(self, purpose: str) -> Random:
        return Random(f"{self._named}/{purpose}")

    def handle_ms(self) -> float:
        return self.stream.handle.draw(self._handle)

    def connect_ms(self) -> float:
        return self.stream.connects_after.draw(self._connect)

    def patience_ms(self) -> float | None:
        return _drawn(self.stream.patience, self._patience)

    def wrap_up_ms(self) -> float | None:
        return _drawn(self.stream.wrap_up, self._wrap_up)


def _drawn(distribution: Distribution | None, dice: Random) -> float | None:
    return None if distribution is None else distribution.draw(dice)


class Customers:
    """Everybody who comes. `open_measured` counts measured contacts that still wait."""

    def __init__(self, scenario: Scenario, replication: int, clockwork: Clockwork, tally: Tally) -> None:
        self.cases: dict[InteractionId, Case] = {}
        self.count = 0
        self.open_measured = 0
        self._begins = scenario.begins
        self._clockwork, self._tally = clockwork, tally
        self._configuration = clockwork.engine.live.configuration
        clockwork.reactions.update({d.InteractionRouted: self._routed, d.InteractionOverflowed: self._overflowed})
        clockwork.reactions.update({d.CallbackScheduled: self._is_called_back, outbound.TakeVoicemail: self._is_asked_for_a_message})
        for stream in scenario.streams:
            self._plan_next(_Source(stream, scenario, replication, self._configuration))

    def _plan_next(self, source: _Source) -> None:
        arrival = next(source.arrivals, None)
        if arrival is not None:
            self._clockwork.plan(self._begins + arrival.at_ms, self._arrive, (source, arrival))

    def _arrive(self, what: tuple[_Source, Arrival]) -> None:
        source, arrival = what
        self._plan_next(source)
        clockwork, at = self._clockwork, self._clockwork.at
        handle_ms, patience_ms = source.handle_ms(), source.patience_ms()
        self.count += 1
        contact = _contact(source, self.count, at)
        assert contact.conversation is not None, "made here"
        case = Case(
            id=interaction_id(contact.receipt),
            stream=source.stream,
            contact=contact.id,
            conversation=contact.conversation,
            arrived_at=at,
            handle_ms=handle_ms if arrival.handle_ms is None else arrival.handle_ms,
            connect_ms=source.connect_ms(),
            wrap_up_ms=source.wrap_up_ms(),
            is_measured=self._tally.is_measured(at),
        )
        if source.stream.service_level_ms is not None:
            case.target_ms = source.stream.service_level_ms
        self.cases[case.id] = case
        if case.is_measured:
            self.open_measured += 1
            self._tally.arrived(source.stream.name)
        clockwork.send(inputs.ContactReceived(contact=contact), case.conversation)
        clockwork.send(_identified(contact, case), case.conversation)
        patience_ms = patience_ms if arrival.patience_ms is None else arrival.patience_ms
        if patience_ms is not None and not case.is_settled:
            # Last of its instant: whom an agent has at once does not leave, however little patience he has.
            clockwork.plan(at + patience_ms, self._lose_patience, case, comes_last=True)

    def _lose_patience(self, case: Case) -> None:
        if not case.is_settled and case.id in self.cases:
            left = inputs.ContactLeft(contact=case.contact, conversation=case.conversation, because=_GONE)
            self._clockwork.send(left, case.conversation)

    def answered(self, case: Case) -> None:
        """Somebody talks to him, for the first time."""
        case.is_settled = True
        if case.is_measured:
            self.open_measured -= 1
            self._tally.answered(case.stream.name, self._clockwork.at - case.arrived_at, case.target_ms)

    # ---- what the router says of them

    def _routed(self, event: Event) -> None:
        data: d.InteractionRouted = event.data
        case = self.cases[data.interaction]
        if case.stream.service_level_ms is None and not case.has_overflowed:
            case.target_ms = target_ms(self._configuration.queue_or_default(data.requirement.queue))

    def _overflowed(self, event: Event) -> None:
        self.cases[event.data.interaction].has_overflowed = True

    def _is_called_back(self, event: Event) -> None:
        case = self.cases[event.data.interaction]
        if case.is_measured:
            self._tally.called_back(case.stream.name)

    def _is_asked_for_a_message(self, event: Event) -> None:
        self._clockwork.plan(self._clockwork.at, self._leave_a_message, self.cases[event.data.interaction])

    def _leave_a_message(self, case: Case) -> None:
        """He has left the line, unanswered; his message waits on as work."""
        if case.is_settled or case.id not in self.cases:
            return
        case.is_settled = True
        if case.is_measured:
            self.open_measured -= 1
            self._tally.turned_away(case.stream.name)
        left = inputs.VoicemailLeft(contact=case.contact, conversation=case.conversation, blob="", duration_ms=0)
        self._clockwork.send(left, case.conversation)


def _contact(source: _Source, number: int, at: Instant) -> Contact:
    """As the intake makes one of what came on this address of ours."""
    stream, address, id = source.stream, source.address, f"{number:09d}"
    return Contact(
        id=ContactId(f"m_{id}"),
        receipt=ReceiptId(f"r_{id}"),
        channel=stream.channel,
        channel_name=address.channel_name or address.channel.value,
        channel_address=address.id,
        our_address=address.address,
        address=id,
        scope=source.scope,
        received_at=at,
        content=_SAYS,
        conversation=ConversationId(f"c_{id}"),
        language=stream.language or address.language,
        attributes=source.attributes,
        queue=stream.queue or address.queue,
        priority=stream.priority,
        is_live=stream.channel in LIVE,
    )


def _identified(contact: Contact, case: Case) -> inputs.ContactIdentified:
    customer = CustomerSummary(id=CustomerId(f"cu_{contact.address}"))
    return inputs.ContactIdentified(
        contact=contact.id, receipt=contact.receipt, conversation=case.conversation, customer=customer, facts=facts_of_contact(contact)
    )
