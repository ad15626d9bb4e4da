"""
A call as it goes through our hands: what happens comes in, what is to be done at the provider and reported to the router goes out. Pure; knows no provider.

Theory. A call has up to two legs, the customer's and an agent's, and one state that both legs' sound follows (`sounds.py` says what each is given). Whatever
happens (a webhook, a command of the router, a look-up) is one `step` on one document:

    (placed) RINGING_AGENT ──► RINGING_CUSTOMER ─┐
                                                 ▼
    (came in) WAITING ◄──► CONNECTING ───────► BRIDGED ◄──► HELD
                 ▲                              │   │
                 └──── the router says ─── ALONE ◄──┘ the agent's leg ended
                                            │ nobody wants the customer within a few seconds
    OUTSIDE (sent on, blind)                ▼
                 └───────────────────────► ENDED ◄── the customer hung up, or released: from every state

What may not happen: an agent's leg of an earlier attempt changes anything (`attempt` is in every callback); a fact is reported for a state the document
does not hold; something is done at the provider before the document says so (`pending`). What must change together: state, `pending` and `owed`.
A bridge belongs to one leg's document, the parent's: take the other leg out and both go on alone; take the parent out and the other is hung up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias, assert_never

from standardiste.common.events.base import Instant
from standardiste.common.events.inputs import ContactLeft, MediaConnected, MediaEnded, MediaFailed
from standardiste.common.events.model import (
    AgentId,
    ChannelAddressId,
    ContactId,
    ConversationId,
    InteractionId,
    LeftBecause,
    OfferId,
    TenantId,
)

FORMAT = 1
HANDLED_KEPT = 32


class CallState(StrEnum):
    WAITING = "waiting"
    CONNECTING = "connecting"
    BRIDGED = "bridged"
    HELD = "held"
    ALONE = "alone"
    OUTSIDE = "outside"
    RINGING_AGENT = "ringing_agent"
    RINGING_CUSTOMER = "ringing_customer"
    ENDED = "ended"


class Party(StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"


class Do(StrEnum):
    """What is done at the provider. `show`: the leg plays what its state says; `ring`: the agent is called to begin a call."""

    SHOW = "show"
    HANG_UP = "hang_up"
    RING = "ring"


class Outcome(StrEnum):
    """How a leg ended."""

    HUNG_UP = "hung_up"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing to do at the provider. `number` tells it from all others of the call; `leg` is the provider's id of the leg, as it was when this was decided."""

    number: int
    do: Do
    party: Party
    leg: str | None = None


FactData: TypeAlias = ContactLeft | MediaConnected | MediaFailed | MediaEnded


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One report to the router; its id makes a repeat the same event."""

    id: str
    data: FactData


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """
    One call. `contact` is None for one that an agent began. `endpoint` is where the agent is reached, `outside` where the customer was sent.

    `attempt` counts the agents asked; `is_agent_parent` says whose document holds the bridge. `handled` are the router's commands already taken;
    `actions` counts what was decided to be done. `pending` is to be done at the provider, in order; `owed` is still to be reported.
    """

    tenant: TenantId
    conversation: ConversationId
    state: CallState
    channel_address: ChannelAddressId
    our_address: str
    address: str
    language: str
    began_at: Instant
    contact: ContactId | None = None
    customer_leg: str | None = None
    agent_leg: str | None = None
    interaction: InteractionId | None = None
    offer: OfferId | None = None
    agent: AgentId | None = None
    endpoint: str | None = None
    outside: str | None = None
    attempt: int = 0
    is_agent_parent: bool = False
    handled: tuple[str, ...] = ()
    actions: int = 0
    pending: tuple[Action, ...] = ()
    owed: tuple[Fact, ...] = ()
    traceparent: str | None = None
    format: int = FORMAT


# ---- what happens


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAnswered:
    """The agent's leg of this attempt is up."""

    leg: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentEnded:
    """
    The agent's leg is over. `is_found`: we learnt it by looking, so the customer's leg may not know it yet; `is_told`: his own leg told it, and asks what now.
    """

    attempt: int
    outcome: Outcome
    is_found: bool = False
    is_told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRings:
    """The provider has begun the agent's leg of a call that he begins."""

    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAnswered:
    """The customer whom an agent calls has answered."""

    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerEnded:
    """The customer's leg is over."""

    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftAloneLong:
    """The agent's leg ended some seconds ago, and the router wants nothing more with the customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRefused:
    """The provider will not do what was pending for good."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """The router: bridge the customer to this agent. `endpoint` None: the directory names none."""

    command: str
    interaction: InteractionId
    offer: OfferId
    agent: AgentId
    endpoint: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PutInQueue:
    """The router: the customer waits (again); whoever talks with him is released."""

    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOnHold:
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOffHold:
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The router: hang up on everybody."""

    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOutside:
    """The router: send the customer to an outside number, blind."""

    command: str
    address: str


Happening: TypeAlias = (
    AgentAnswered
    | AgentEnded
    | AgentRings
    | CustomerAnswered
    | CustomerEnded
    | LeftAloneLong
    | ProviderRefused
    | Connect
    | PutInQueue
    | PutOnHold
    | TakeOffHold
    | Release
    | SendOutside
)
Command: TypeAlias = Connect | PutInQueue | PutOnHold | TakeOffHold | Release | SendOutside

_TALKING = frozenset({CallState.BRIDGED, CallState.HELD})
_SHOW_CUSTOMER = Do.SHOW, Party.CUSTOMER
_SHOW_AGENT = Do.SHOW, Party.AGENT


def place(call: Call, *, command: str, endpoint: str | None, refusal: str = "") -> Call:
    """A call that an agent begins: his own phone rings first. `call` names the parties and the offer; `refusal` names why it cannot be."""
    call = replace(call, state=CallState.RINGING_AGENT, handled=(command,), endpoint=endpoint, attempt=1, is_agent_parent=True)
    if endpoint is None or refusal:
        return _owe(_ended(call), "failed", _failed(call, refusal or "agent_no_endpoint"))
    return _do(call, Do.RING, Party.AGENT)


def step(call: Call, happening: Happening) -> Call:
    """The call after this happened; the same object when it changes nothing. A command is taken once."""
    if isinstance(happening, Command):
        if happening.command in call.handled:
            return call
        call = replace(call, handled=(*call.handled, happening.command)[-HANDLED_KEPT:])
    match happening:
        case AgentAnswered():
            return _agent_answered(call, happening)
        case AgentEnded():
            return _agent_ended(call, happening)
        case AgentRings():
            return replace(call, agent_leg=happening.leg) if call.agent_leg is None and call.is_agent_parent else call
        case CustomerAnswered():
            return _customer_answered(call, happening)
        case CustomerEnded():
            return _customer_ended(call, happening.outcome)
        case LeftAloneLong():
            return _left_alone(call)
        case ProviderRefused():
            return _refused(call, happening)
        case Connect():
            return _connect(call, happening)
        case PutInQueue():
            return _queue(call)
        case PutOnHold():
            return _hold(call)
        case TakeOffHold():
            return _resume(call)
        case Release():
            return _release(call)
        case SendOutside():
            return _send_outside(call, happening)
        case _:
            assert_never(happening)


# ---- what the provider reports


def _agent_answered(call: Call, happening: AgentAnswered) -> Call:
    if happening.attempt != call.attempt:
        return call
    if call.state is CallState.RINGING_AGENT:
        return replace(call, state=CallState.RINGING_CUSTOMER, agent_leg=happening.leg)
    if call.state is not CallState.CONNECTING:
        return call
    return _owe_connected(replace(call, state=CallState.BRIDGED, agent_leg=happening.leg, is_agent_parent=False))


def _agent_ended(call: Call, happening: AgentEnded) -> Call:
    if happening.attempt != call.attempt:
        return call
    match call.state:
        case CallState.CONNECTING:
            waiting = _without_agent(replace(call, state=CallState.WAITING))
            waiting = _owe(waiting, "failed", _failed(call, f"agent_{happening.outcome}"))
            return _do(waiting, *_SHOW_CUSTOMER) if happening.is_found else waiting
        case CallState.RINGING_AGENT | CallState.RINGING_CUSTOMER:
            # The agent's leg is the parent: with it the customer's phone stops ringing.
            return _owe(_ended(call), "failed", _failed(call, f"agent_{happening.outcome}"))
        case CallState.BRIDGED | CallState.HELD:
            alone = _without_agent(replace(call, state=CallState.ALONE))
            alone = _owe(alone, "ended", _media_ended(call, is_agent_side=True))
            # The customer's leg was in the agent's document, or on hold: nothing else takes it on.
            is_stranded = call.is_agent_parent or call.state is CallState.HELD or happening.is_found
            return _do(alone, *_SHOW_CUSTOMER) if is_stranded and not happening.is_told else alone
        case _:
            return call


def _customer_answered(call: Call, happening: CustomerAnswered) -> Call:
    if call.state is not CallState.RINGING_CUSTOMER:
        return call
    return _owe_connected(replace(call, state=CallState.BRIDGED, customer_leg=happening.leg))


def _customer_ended(call: Call, outcome: Outcome) -> Call:
    if call.state is CallState.ENDED:
        return call
    ended = _ended(call)
    if call.state is CallState.RINGING_CUSTOMER:
        return _owe(ended, "failed", _failed(call, f"customer_{outcome}"))
    if call.contact is not None:
        left = ContactLeft(contact=call.contact, conversation=call.conversation, because=LeftBecause.HUNG_UP)
        ended = _owe(ended, "left", left)
    if call.state in _TALKING:
        ended = _owe(ended, "ended", _media_ended(call, is_agent_side=False))
        if call.agent_leg is not None and (call.is_agent_parent or call.state is CallState.HELD):
            ended = _do(ended, Do.HANG_UP, Party.AGENT)
    return ended


def _left_alone(call: Call) -> Call:
    if call.state is not CallState.ALONE:
        return call
    return _do(_customer_ended(call, Outcome.HUNG_UP), Do.HANG_UP, Party.CUSTOMER)


def _refused(call: Call, happening: ProviderRefused) -> Call:
    """What was pending cannot be done. A customer who was to be connected goes on waiting; he may be gone, which a look-up will tell."""
    match call.state:
        case CallState.CONNECTING:
            waiting = _without_agent(replace(call, state=CallState.WAITING, pending=_hang_ups(call)))
            return _owe(waiting, "failed", _failed(call, f"provider_{happening.code}"))
        case CallState.RINGING_AGENT:
            return _owe(_ended(call), "failed", _failed(call, f"provider_{happening.code}"))
        case _:
            return replace(call, pending=_hang_ups(call)) if call.pending != _hang_ups(call) else call


# ---- what the router asks


def _connect(call: Call, asked: Connect) -> Call:
    if call.state in (CallState.ENDED, CallState.OUTSIDE):
        return _owe(call, "failed", MediaFailed(interaction=asked.interaction, offer=asked.offer, detail="customer_left"), of=asked.offer)
    if asked.endpoint is None:
        no_phone = MediaFailed(interaction=asked.interaction, offer=asked.offer, detail="agent_no_endpoint", is_agent_side=True)
        return _owe(replace(call, interaction=asked.interaction), "failed", no_phone, of=asked.offer)
    connecting = replace(
        _free_agent(call),
        state=CallState.CONNECTING,
        interaction=asked.interaction,
        offer=asked.offer,
        agent=asked.agent,
        endpoint=asked.endpoint,
        attempt=call.attempt + 1,
        is_agent_parent=False,
    )
    return _do(connecting, *_SHOW_CUSTOMER)


def _queue(call: Call) -> Call:
    match call.state:
        case CallState.CONNECTING | CallState.BRIDGED | CallState.HELD | CallState.ALONE:
            return _do(replace(_free_agent(call), state=CallState.WAITING), *_SHOW_CUSTOMER)
        case _:
            return call


def _hold(call: Call) -> Call:
    """Take the leg out that is not the parent: the parent's document then goes on to what its state says."""
    if call.state is not CallState.BRIDGED:
        return call
    held = replace(call, state=CallState.HELD)
    return _do(held, *(_SHOW_CUSTOMER if call.is_agent_parent else _SHOW_AGENT))


def _resume(call: Call) -> Call:
    """The agent's leg fetches the customer's from where it is held, and so becomes the parent."""
    if call.state is not CallState.HELD:
        return call
    return _do(replace(call, state=CallState.BRIDGED, is_agent_parent=True), *_SHOW_AGENT)


def _release(call: Call) -> Call:
    if call.state is CallState.ENDED:
        return call
    ended = _ended(call)
    if call.agent_leg is not None:
        ended = _do(ended, Do.HANG_UP, Party.AGENT)
    return _do(ended, Do.HANG_UP, Party.CUSTOMER) if call.customer_leg is not None else ended


def _send_outside(call: Call, asked: SendOutside) -> Call:
    if call.state in (CallState.ENDED, CallState.OUTSIDE, CallState.RINGING_AGENT, CallState.RINGING_CUSTOMER):
        return call
    outside = replace(_free_agent(call), state=CallState.OUTSIDE, outside=asked.address)
    outside = _do(outside, *_SHOW_CUSTOMER)
    return _owe(outside, "ended", _media_ended(call, is_agent_side=True)) if call.state in _TALKING else outside


# ---- small things


def _do(call: Call, do: Do, party: Party) -> Call:
    """A leg is shown what the state says when it is done, so a later showing takes the place of an earlier one still pending."""
    leg = call.agent_leg if party is Party.AGENT else call.customer_leg
    others = tuple(each for each in call.pending if do is not Do.SHOW or (each.do, each.party) != (do, party))
    number = call.actions + 1
    return replace(call, actions=number, pending=(*others, Action(number=number, do=do, party=party, leg=leg)))


def _owe(call: Call, what: str, data: FactData, *, of: str | None = None) -> Call:
    fact = Fact(id=f"{call.conversation}/{of or call.attempt}/{what}", data=data)
    return replace(call, owed=(*call.owed, fact))


def _ended(call: Call) -> Call:
    """Over. What was pending for a live call is moot, but for legs that must be hung up."""
    return replace(call, state=CallState.ENDED, pending=_hang_ups(call))


def _hang_ups(call: Call) -> tuple[Action, ...]:
    return tuple(each for each in call.pending if each.do is Do.HANG_UP)


def _without_agent(call: Call) -> Call:
    return replace(call, agent_leg=None, agent=None, endpoint=None, offer=None, is_agent_parent=False)


def _free_agent(call: Call) -> Call:
    """Let the present agent go. Taking the customer out ends the bridge; a leg that is its own or on hold must be hung up besides."""
    freed = call
    if call.agent_leg is not None and (call.is_agent_parent or call.state is CallState.HELD):
        freed = _do(freed, Do.HANG_UP, Party.AGENT)
    return _without_agent(freed)


def _owe_connected(call: Call) -> Call:
    assert call.interaction is not None, "an agent is asked for an interaction"
    assert call.offer is not None, "an agent is asked by an offer"
    return _owe(call, "connected", MediaConnected(interaction=call.interaction, offer=call.offer))


def _failed(call: Call, detail: str) -> MediaFailed:
    assert call.interaction is not None, "an agent is asked for an interaction"
    assert call.offer is not None, "an agent is asked by an offer"
    is_agent_side = detail.startswith("agent_")
    return MediaFailed(interaction=call.interaction, offer=call.offer, detail=detail, is_agent_side=is_agent_side)


def _media_ended(call: Call, *, is_agent_side: bool) -> MediaEnded:
    assert call.interaction is not None, "only an interaction's media can end"
    return MediaEnded(interaction=call.interaction, conversation=call.conversation, is_agent_side=is_agent_side)
