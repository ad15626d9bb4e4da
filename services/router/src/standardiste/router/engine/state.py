"""
What the router knows of one tenant: the live records, frozen; and the tables that hold them.

Theory. A record is a value: it is never changed, only replaced, and only by `apply` (apply.py), which alone writes the tables below. What is
here twice (who holds what, what waits where, what is due when) is an index that `tables.py` derives from the records, never written to
router-state. Records hold ids, instants and keyed hashes: no word of a customer, no address. A fresh contact's message (`messages`) and what desks
are told of its customer (`customers`) are kept in memory only, and every `router.resumed` forgets them, so a restored engine equals the live one. What the rules ask of a
contact comes again with its identification.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from standardiste.common.events.base import compiled, draft_of, quick
from standardiste.common.events.model import (
    AgentId,
    AgentState,
    AgentView,
    Channel,
    ChannelAddressId,
    CloseReason,
    CommandId,
    ContactId,
    ConversationId,
    CustomerId,
    Direction,
    DispositionId,
    InteractionId,
    InteractionState,
    MessageId,
    OfferId,
    QueueId,
    ReceiptId,
    Requirement,
    Scope,
    SessionId,
    StatusId,
    WrapUpMode,
)

if TYPE_CHECKING:
    from standardiste.common.events.base import Instant
else:
    Instant = int  # router-state is no public wire: instants stay integers there, which is three times as fast to write and read

NEVER: Final = Instant(0)
READY = StatusId("ready")
AWAY = StatusId("away")

OWNED_STATES = frozenset({InteractionState.CONNECTING, InteractionState.ACTIVE, InteractionState.HELD, InteractionState.WRAPPING})
WAITING_STATES = frozenset({InteractionState.QUEUED, InteractionState.OFFERED})


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What never changes of an interaction. `cost` is the channel address's own, None where the agent's profile says."""

    channel: Channel
    channel_name: str
    direction: Direction
    scope: Scope
    channel_address: ChannelAddressId
    receipt: ReceiptId
    contact: ContactId
    is_live: bool = False
    cost: int | None = None
    language: str | None = None
    traceparent: str | None = None
    linked_to: InteractionId | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """
    An open offer. With `is_transfer` the interaction has an owner, who keeps it until this agent accepts; with `is_consult` he keeps it in any case.
    """

    id: OfferId
    agent: AgentId
    offered_at: Instant
    expires_at: Instant
    is_auto_accept: bool = False
    is_interrupting: bool = False
    is_transfer: bool = False
    is_consult: bool = False

    @property
    def is_of_owned(self) -> bool:
        """Whether the interaction has an owner while this is open."""
        return self.is_transfer or self.is_consult


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """
    An agent who passed or could not: left out until `ends_at`; from `lapses_at` on only while somebody untried could take it. `expired_at_step` where he gave no
    answer: the step of relaxation then.
    """

    agent: AgentId
    lapses_at: Instant
    ends_at: Instant
    expired_at_step: int | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A hand-over to an agent that is not accepted yet. The note rode in the event and is not kept."""

    by: AgentId
    agent: AgentId
    will_wait: bool = False


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Consult:
    """
    A second agent asked in, or an outside party (`agent` and `queue` None; the number rode in the event and is not kept). Once joined, the agent holds capacity. In a
    conference the customer hears both. Of a `queue` one after the other is asked; `asked` are those so far.
    """

    agent: AgentId | None = None
    queue: QueueId | None = None
    asked: tuple[AgentId, ...] = ()
    offer: OfferId | None = None
    is_joined: bool = False
    is_conference: bool = False


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """The caller hung up and is to be called: nobody is on the line while this stands. `attempts` counts the tries so far."""

    attempts: int = 0


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a waiting customer was told, and when."""

    at: Instant
    wait_p50_ms: int
    wait_p90_ms: int


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """
    How fast a queue hands out while others wait in it: the mean gap between two hand-outs, `count` of them seen. `last_at` is the last hand-out that left
    somebody waiting, NEVER once the queue was empty.
    """

    queue: QueueId
    last_at: Instant = NEVER
    mean_ms: int = 0
    count: int = 0


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A segment of the history record, as kept while it is written."""

    state: InteractionState
    began_at: Instant
    ended_at: Instant
    cause: str = ""
    queue: QueueId | None = None
    agent: AgentId | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """
    One live interaction. `version` counts lifecycle steps and owner changes. `key` is its place in the order within its strict class (least first).

    `original` is the requirement before any relaxation. `reopened` is the version at which a customer's message last ended a wrap-up.
    """

    id: InteractionId
    facts: Facts
    state: InteractionState
    version: int
    since: Instant
    enqueued_at: Instant
    requirement: Requirement
    original: Requirement
    change_set: int
    key: int = 0
    cause: str = ""
    conversation: ConversationId | None = None
    customer: CustomerId | None = None
    is_identified: bool = False
    identify_by: Instant = NEVER
    last_contact: ContactId | None = None
    receipts: tuple[ReceiptId, ...] = ()
    step: int = 0
    owner: AgentId | None = None
    last_owner: AgentId | None = None
    offers: tuple[Offer, ...] = ()
    offer_count: int = 0
    message_count: int = 0
    tried: tuple[Tried, ...] = ()
    hold_for: AgentId | None = None
    hold_until: Instant = NEVER
    taken_with: OfferId | None = None
    connect_by: Instant = NEVER
    accepted_at: Instant | None = None
    activated_at: Instant = NEVER
    wrap_up: WrapUpMode = WrapUpMode.NONE
    wrap_up_ends_at: Instant | None = None
    reopened: int = 0
    disposition: DispositionId | None = None
    parked_until: Instant | None = None
    away_since: Instant | None = None
    has_left: bool = False
    is_interrupted: bool = False
    is_forced: bool = False
    is_unstaffed: bool = False
    overflowed: int = 0
    position: int = 0
    transfer: Transfer | None = None
    consult: Consult | None = None
    callback: Callback | None = None
    not_before: Instant = NEVER
    supervisors: tuple[AgentId, ...] = ()
    told: Promise | None = None
    promise: Promise | None = None
    stretches: tuple[Stretch, ...] = ()

    @property
    def is_called_outside(self) -> bool:
        """Whether a number outside was asked in."""
        return self.consult is not None and self.consult.agent is None and self.consult.queue is None

    @property
    def guest(self) -> AgentId | None:
        """The agent who was asked in and is there."""
        return self.consult.agent if self.consult is not None and self.consult.is_joined else None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """
    One agent who has (or lately had) a session. `idle_since` is the idle clock; it runs only while nothing is owned, `taken_at` orders the others.

    `view` is what desks were last told. `grace_until` is set while the session's socket is gone; `lost_at` once it is over and work is left.
    """

    id: AgentId
    view: AgentView
    session: SessionId | None = None
    gateway: str = ""
    grace_until: Instant | None = None
    lost_at: Instant | None = None
    status: StatusId = AWAY
    next_status: StatusId | None = None
    missed_in_a_row: int = 0
    idle_since: Instant = NEVER
    taken_at: Instant = NEVER
    offered: int = 0
    rest_until: Instant | None = None
    unbroken_since: Instant | None = None

    @property
    def state(self) -> AgentState:
        return self.view.state


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A gateway's lease: silent until `until`, it is lost. `seen_at` is its last beat."""

    name: str
    seen_at: Instant
    until: Instant


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What is remembered of a closed interaction for 24 h: to know repeats, late deliveries and callers who come back. `number` is the decision's."""

    id: InteractionId
    facts: Facts
    number: int
    closed_at: Instant
    reason: CloseReason
    enqueued_at: Instant
    requirement: Requirement
    receipts: tuple[ReceiptId, ...] = ()
    conversation: ConversationId | None = None
    customer: CustomerId | None = None
    owner: AgentId | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A command's answer, remembered for 15 min: a repeat gets the same. `number` is the decision's, so that the oldest is known."""

    asker: str
    command: CommandId
    command_type: str
    number: int
    at: Instant
    refusal: str | None = None
    detail: str = ""
    interaction: InteractionId | None = None
    version: int | None = None
    message: MessageId | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """An `interaction.open` that waits until `until` for its examination: who is to be answered, nothing of what was asked."""

    command: CommandId
    until: Instant
    agent: AgentId | None = None
    session: SessionId | None = None
    api_key: str | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """
    The tenant's own counters. `decisions` numbers every decision; `ingested` = `closed` + live (law L1). `entities` and `agents` are how many records there are of
    the configuration in force and of agents, so that one that is missing is missed; None as an older version wrote it.
    """

    tenant: str
    at: Instant = NEVER
    decisions: int = 0
    ingested: int = 0
    closed: int = 0
    change_set: int = 0
    resumed_at: Instant = NEVER
    gap_began_at: Instant = NEVER
    dated: Mapping[str, int] = field(default_factory=dict[str, int])
    entities: int | None = None
    agents: int | None = None


R = TypeVar("R")


@cache
def _copier(cls: type) -> Callable[[Any], Any]:
    """A function that gives a draft of a record. Written as text and compiled, as `dataclasses` does it itself."""
    return _filled(cls, (), "return draft")


def evolve(record: R, **changes: object) -> R:
    """A copy of a frozen record with these fields changed: `dataclasses.replace`, many times as fast because nothing is checked again."""
    cls = record.__class__
    draft = _copier(cls)(record)
    for name, value in changes.items():
        setattr(draft, name, value)
    draft.__class__ = cls
    return draft


def changer(cls: type[R], *names: str) -> Callable[..., R]:
    """
    `evolve` for records of one class and the same fields each time, for where that is done all the time: a function that takes the record and, by keyword,
    the new value of each of these fields. Half the time, for it copies the others only and looks up no name.
    """
    return _filled(cls, names, "draft.__class__ = cls", "return draft")


def _filled(cls: type, changed: tuple[str, ...], *ends: str) -> Callable[..., Any]:
    """A function of a record and the new values of these fields: it fills a draft, then ends so."""
    known = [field.name for field in fields(cls)]
    assert set(changed) <= set(known), f"{cls.__name__} has no such field"
    parameters = ["record", "*", *changed] if changed else ["record"]
    filled = [f"draft.{name} = {name if name in changed else f'record.{name}'}" for name in known]
    return compiled("change", parameters, ["draft = Draft()", *filled, *ends], {"cls": cls, "Draft": draft_of(cls)})
