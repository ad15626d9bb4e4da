"""What a call is, what may happen to it, and what is done and told of it: the words of calls.py, guests.py and voicemail.py."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from standardiste.common.events.base import Instant
from standardiste.common.events.inputs import CallRefused, ContactLeft, MediaConnected, MediaEnded, MediaFailed, VoicemailLeft
from standardiste.common.events.model import (
    AgentId,
    ChannelAddressId,
    ContactId,
    ConversationId,
    InteractionId,
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
    CONFERENCE = "conference"
    ALONE = "alone"
    OUTSIDE = "outside"
    RINGING_AGENT = "ringing_agent"
    RINGING_CUSTOMER = "ringing_customer"
    CALLING_BACK = "calling_back"
    VOICEMAIL = "voicemail"
    KEEPING = "keeping"
    ENDED = "ended"


class Party(StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    GUEST = "guest"
    """Whoever is asked in: a second agent, or a number outside."""


class Do(StrEnum):
    """
    What is done at the provider. `show`: the leg plays what its state says; `ring`: the party is called on a leg of its own; `keep`: a message left is fetched;
    `record`, `pause`: the talk is recorded from now on, or not.
    """

    SHOW = "show"
    HANG_UP = "hang_up"
    RING = "ring"
    KEEP = "keep"
    RECORD = "record"
    PAUSE = "pause"


class Outcome(StrEnum):
    """How a leg ended."""

    HUNG_UP = "hung_up"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """
    One thing to do at the provider. `number` tells it from all others of the call; `leg` is the provider's id of the leg, as it was when this was decided.

    `digits` and `words` go before what the leg is shown; `attempt` is that of the guest who is rung.
    """

    number: int
    do: Do
    party: Party
    leg: str | None = None
    digits: str = ""
    words: str = ""
    attempt: int = 0


FactData: TypeAlias = CallRefused | ContactLeft | MediaConnected | MediaFailed | MediaEnded | VoicemailLeft


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One report to the router; its id makes a repeat the same event."""

    id: str
    data: FactData


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Who is asked in, on a leg of his own. `agent` None: a number outside. `attempt` tells him from those asked before."""

    attempt: int
    offer: OfferId
    endpoint: str
    agent: AgentId | None = None
    leg: str | None = None
    is_up: bool = False
    has_met: bool = False
    """The customer has heard him: it is a conference, held or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """
    One call. `contact` is None for one that an agent began. `endpoint` is where the agent is reached, `outside` where the customer was sent.

    `former` are legs of an earlier call of the same conversation (he is called back): what they still report means nothing.
    `words` were the last thing the router had said to the waiting customer: he hears them out before he is hung up on.
    `has_left`: the customer hung up, but the message he left is still to be kept (`recording`).
    `attempt` counts the agents asked; `is_agent_parent` says whose document holds the bridge; `guests` counts those asked in. `handled` are the router's commands already taken;
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
    guest: Guest | None = None
    guests: int = 0
    former: tuple[str, ...] = ()
    words: str = ""
    has_left: bool = False
    recording: str | None = None
    recorded_ms: int = 0
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
class CustomerRings:
    """The provider has begun the leg of a customer who is called first."""

    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRings:
    """The provider has begun the leg of whoever is asked in."""

    leg: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestAnswered:
    leg: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestEnded:
    """The guest's leg is over, or never came to be (`code`: the provider's refusal)."""

    attempt: int
    outcome: Outcome
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRecorded:
    """The caller has left a message, which the provider holds under this id."""

    recording: str
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageKept:
    """The message is ours now."""

    blob: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingSaid:
    """He was asked for a message and left none."""


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
    do: Do = Do.SHOW
    party: Party = Party.CUSTOMER


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
class ReleaseAgent:
    """The router: the agent's leg goes. The customer stays with the guest, if one is there; else he waits."""

    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskGuest:
    """The router: bring this agent or outside number to the owner. `endpoint` None: there is none to call."""

    command: str
    interaction: InteractionId
    offer: OfferId
    endpoint: str | None
    agent: AgentId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropGuest:
    """The router: the guest goes."""

    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confer:
    """The router: customer, agent and guest together."""

    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeMessage:
    """The router: ask the waiting caller for a message."""

    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """The router: say this to the waiting caller, then the music goes on."""

    command: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRecording:
    """The router: record the talk from now on, or not."""

    command: str
    is_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PressKeys:
    """The router: send these digits to the other end: the guest outside while the customer is held, else the customer."""

    command: str
    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The router: hang up on everybody."""

    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOutside:
    """The router: send the customer to an outside number, blind."""

    command: str
    address: str


Command: TypeAlias = (
    Connect
    | PutInQueue
    | PutOnHold
    | TakeOffHold
    | Release
    | ReleaseAgent
    | SendOutside
    | AskGuest
    | DropGuest
    | Confer
    | TakeMessage
    | Say
    | SetRecording
    | PressKeys
)
Report: TypeAlias = (
    AgentAnswered
    | AgentEnded
    | AgentRings
    | CustomerAnswered
    | CustomerEnded
    | CustomerRings
    | GuestRings
    | GuestAnswered
    | GuestEnded
    | LeftAloneLong
    | MessageRecorded
    | MessageKept
    | NothingSaid
    | ProviderRefused
)
Happening: TypeAlias = Report | Command
