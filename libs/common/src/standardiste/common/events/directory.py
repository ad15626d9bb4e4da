"""
Configuration entities, whole, written to `directory` in numbered change sets: the members, then a commit.

A reader holds the members of a set back until its commit and applies the set whole, or refuses it by name. `is_archived` entities stay
readable (history names them) and take no new work; an id is never re-used. A reference to what is not there is treated as absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import C, Instant, Kind, event
from standardiste.common.events.directory_customers import Crm, CustomerAttribute, Purpose, Retention
from standardiste.common.events.model import (
    AgentId,
    CampaignId,
    Channel,
    ChannelAddressId,
    Direction,
    DispositionId,
    OrderName,
    ProfileId,
    QueueId,
    RankingName,
    SiteId,
    SkillId,
    SkillNeed,
    SponsorId,
    StatusId,
    TeamId,
    TenantId,
    Words,
    WrapUpMode,
)

DIRECTORY = ("directory",)


def _entity(name: str) -> Callable[[C], C]:
    return event(f"{name}.published", kind=Kind.ENTITY, topic=Topic.DIRECTORY, sources=DIRECTORY)


@event("change-set.committed", kind=Kind.FACT, topic=Topic.DIRECTORY, sources=DIRECTORY)
@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSetCommitted:
    """All members of set `number` were written before this. `effective_at` None: now."""

    number: int
    members: int
    by: str
    committed_at: Instant
    note: str = ""
    effective_at: Instant | None = None


def _words() -> Words:
    return {}


@_entity("tenant")
@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """
    One workforce: the unit of isolation and routing. The defaults stand in wherever an entity names none. With `scans_attachments` no file of a customer's is
    given out before the installation's scanner has looked it through.
    """

    id: TenantId
    change_set: int
    name: str
    language: str = "fr"
    zone: str = "Europe/Paris"
    default_sponsor: SponsorId = SponsorId("main")
    default_campaign: CampaignId = CampaignId("main")
    default_site: SiteId = SiteId("main")
    default_team: TeamId = TeamId("main")
    default_queue: QueueId = QueueId("main")
    words: Mapping[str, Words] = field(default_factory=dict[str, Words])
    scans_attachments: bool = False
    is_test: bool = False
    is_archived: bool = False


@_entity("sponsor")
@dataclass(frozen=True, slots=True, kw_only=True)
class Sponsor:
    """Whose customers they are (donneur d'ordre): a wall inside a tenant."""

    id: SponsorId
    change_set: int
    name: Words = field(default_factory=_words)
    is_archived: bool = False


@_entity("campaign")
@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    id: CampaignId
    change_set: int
    name: Words = field(default_factory=_words)
    sponsor: SponsorId | None = None
    direction: Direction = Direction.INBOUND
    begins_on: str | None = None
    ends_on: str | None = None
    is_archived: bool = False


@_entity("site")
@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    id: SiteId
    change_set: int
    name: Words = field(default_factory=_words)
    country: str = "FR"
    zone: str | None = None
    calendar: str | None = None
    is_archived: bool = False


@_entity("team")
@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    id: TeamId
    change_set: int
    name: Words = field(default_factory=_words)
    site: SiteId | None = None
    supervisors: tuple[AgentId, ...] = ()
    is_archived: bool = False


@_entity("skill")
@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    id: SkillId
    change_set: int
    name: Words = field(default_factory=_words)
    is_archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePreference:
    """A profile's own class (1 first) for a queue, and how old an interaction must be before this profile sees it."""

    queue: QueueId
    strict_class: int = 5
    delay_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """A pause by deadline: after each call, after unbroken work, or asked for."""

    after_call_ms: int = 0
    after_work_ms: int | None = None
    length_ms: int = 0
    may_ask_ms: int = 0


def _costs() -> Mapping[Channel, int]:
    return {
        Channel.VOICE: 100,
        Channel.CALLBACK: 100,
        Channel.CHAT: 33,
        Channel.SMS: 25,
        Channel.SOCIAL: 25,
        Channel.EMAIL: 20,
        Channel.OTHER: 50,
    }


def _caps() -> Mapping[Channel, int]:
    return {Channel.VOICE: 1, Channel.CALLBACK: 1, Channel.CHAT: 3, Channel.SMS: 4, Channel.SOCIAL: 4, Channel.EMAIL: 5, Channel.OTHER: 2}


def _interrupts() -> Mapping[Channel, tuple[Channel, ...]]:
    over = (Channel.EMAIL, Channel.OTHER)
    return {Channel.VOICE: over, Channel.CALLBACK: over, Channel.CHAT: over}


@_entity("agent-profile")
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentProfile:
    """How much of what a kind of agent takes at once, and in which order. Units, costs and caps as in routing.md."""

    id: ProfileId
    change_set: int
    name: Words = field(default_factory=_words)
    units: int = 100
    cost: Mapping[Channel, int] = field(default_factory=_costs)
    cap: Mapping[Channel, int] = field(default_factory=_caps)
    label_cap: Mapping[str, int] = field(default_factory=dict[str, int])
    may_interrupt: Mapping[Channel, tuple[Channel, ...]] = field(default_factory=_interrupts)
    queues: tuple[QueuePreference, ...] = ()
    auto_accept: tuple[Channel, ...] = ()
    rest: Rest = field(default_factory=Rest)
    does_outbound_reset_idle: bool = True
    missed_voice_max: int = 1
    missed_other_max: int = 3
    is_archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RightGrant:
    """A role over a scope. `scope_id` is None for self and for the whole tenant."""

    role: Literal["agent", "trainer", "supervisor", "floor_manager", "analyst", "administrator", "sponsor_reader", "platform_administrator"]
    scope: Literal["tenant", "sponsor", "site", "team", "campaign", "self", "installation"] = "tenant"
    scope_id: str | None = None


@_entity("person")
@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who works here. An agent is a person (or bot) with a profile; `skills` at 1–5. The login and its password are not here."""

    id: AgentId
    change_set: int
    name: str
    language: str | None = None
    zone: str | None = None
    profile: ProfileId | None = None
    skills: tuple[SkillNeed, ...] = ()
    queues: tuple[QueueId, ...] | None = None
    team: TeamId | None = None
    site: SiteId | None = None
    rights: tuple[RightGrant, ...] = ()
    endpoint: str | None = None
    is_bot: bool = False
    seats: int = 1
    is_archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaxationStep:
    """From this age on: the requirement as it is then (cumulative). `skills` None leaves them; `ring` widens to outer agents."""

    at_age_ms: int
    skills: tuple[SkillNeed, ...] | None = None
    drop: tuple[SkillId, ...] = ()
    priority: int | None = None
    queues: tuple[QueueId, ...] = ()
    agents: tuple[AgentId, ...] = ()
    ring: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a queue is too long or its waiting too old, and what then."""

    length_max: int | None = None
    age_max_ms: int | None = None
    action: Literal["none", "queue", "callback", "voicemail", "message", "close"] = "none"
    to_queue: QueueId | None = None
    notice: Words | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtClose:
    """What becomes of those who still wait when the queue's calendar closes, and of those who come while it is closed. `none`: they wait for the opening."""

    action: Literal["none", "queue", "callback", "voicemail", "message", "close"] = "none"
    to_queue: QueueId | None = None
    notice: Words | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks:
    """How a customer is called back: the agent's side first or the customer's, and how often again after how long when he is not reached."""

    is_agent_first: bool = True
    retries: int = 3
    retry_after_ms: int = 900_000


@_entity("queue")
@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """
    Where interactions wait. None means the channel's or the tenant's default (routing.md). What is transferred here keeps its age and priority, unless
    `keeps_age_of_transfers` is off: then it waits as if it came now, with the queue's own priority. `is_lifo` is a shorter word for the order `lifo`.
    """

    id: QueueId
    change_set: int
    name: Words = field(default_factory=_words)
    skills: tuple[SkillNeed, ...] = ()
    priority: int = 0
    target_ms: int = 0
    is_target_in_opening_time: bool = False
    seconds_per_priority: int = 60
    strict_class: int = 5
    is_lifo: bool = False
    is_pull_only: bool = False
    keeps_age_of_transfers: bool = True
    order: OrderName = OrderName.URGENCY
    ranking: RankingName = RankingName.LONGEST_IDLE
    broadcast_to: int = 1
    offer_timeout_ms: int | None = None
    preferred_hold_ms: int = 60_000
    wrap_up: WrapUpMode | None = None
    wrap_up_ms: int | None = None
    dispositions: tuple[DispositionId, ...] = ()
    relaxation: tuple[RelaxationStep, ...] = ()
    limits: Limits = field(default_factory=Limits)
    at_close: AtClose = field(default_factory=AtClose)
    callbacks: Callbacks = field(default_factory=Callbacks)
    service_level_ms: int | None = None
    calendar: str | None = None
    filters: tuple[str, ...] = ()
    signature: Words = field(default_factory=_words)
    is_archived: bool = False


@_entity("template")
@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """
    Words that are sent often. {name}, {subject}, {reference}, {queue} and {agent} stand for the customer's name, what he wrote about, the number he may
    give, and who answers; in `html` they are escaped. What else stands in braces stays.
    """

    id: str
    change_set: int
    name: Words = field(default_factory=_words)
    subject: Words = field(default_factory=_words)
    text: Words = field(default_factory=_words)
    html: Words = field(default_factory=_words)
    is_archived: bool = False


@_entity("channel-address")
@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAddress:
    """
    One of our addresses: a mailbox, a number, a chat page, an open channel. `address` is normalised; unique per channel over the installation.
    `settings` are the channel's own (documented in its service's README); secrets in them are names: {"password_secret": "smtp-main"}.
    """

    id: ChannelAddressId
    change_set: int
    channel: Channel
    address: str
    channel_name: str | None = None
    name: Words = field(default_factory=_words)
    sponsor: SponsorId | None = None
    campaign: CampaignId | None = None
    site: SiteId | None = None
    language: str | None = None
    queue: QueueId | None = None
    cost: int | None = None
    settings: Mapping[str, str | int | bool] = field(default_factory=dict[str, "str | int | bool"])
    is_archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    One line of the routing rules: when the CEL expression holds, this queue and what it adds. `acknowledge` is the template that tells the sender of a mail
    at once that it came; machines are never told.
    """

    name: str
    when: str
    queue: QueueId
    skills: tuple[SkillNeed, ...] = ()
    priority: int | None = None
    preferred_agent: AgentId | None = None
    labels: tuple[str, ...] = ()
    acknowledge: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleExample:
    """Given this contact (the fields that matter), expect this queue. Run when the rules are saved; a failing one refuses the change."""

    given: Mapping[str, str | int | float | bool]
    expect: QueueId
    name: str = ""


@_entity("rule-set")
@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The ordered routing rules of the tenant, id "main"; the first match wins."""

    id: str
    change_set: int
    rules: tuple[Rule, ...] = ()
    examples: tuple[RuleExample, ...] = ()
    is_archived: bool = False


@_entity("status")
@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A status a person may choose. `ready` (routable) and `away` are always there."""

    id: StatusId
    change_set: int
    name: Words = field(default_factory=_words)
    is_routable: bool = False
    is_archived: bool = False


@_entity("disposition")
@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    id: DispositionId
    change_set: int
    name: Words = field(default_factory=_words)
    is_success: bool | None = None
    is_archived: bool = False


@_entity("api-key")
@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A program's credential: SHA-256 of a 256-bit random key, and what it may do. The key itself is shown once and kept nowhere."""

    id: str
    change_set: int
    key_hash: str
    name: str = ""
    scopes: tuple[str, ...] = ()
    sponsor: SponsorId | None = None
    expires_at: Instant | None = None
    is_archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Open from..to (local wall time "09:00") on these weekdays (1 Monday – 7 Sunday)."""

    weekdays: tuple[int, ...]
    opens: str
    closes: str


@_entity("calendar")
@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Opening hours in a time zone, with a country's holidays and own exceptions (date → openings, empty is closed)."""

    id: str
    change_set: int
    zone: str
    name: Words = field(default_factory=_words)
    openings: tuple[Opening, ...] = ()
    holidays: str | None = None
    exceptions: Mapping[str, tuple[Opening, ...]] = field(default_factory=dict[str, tuple[Opening, ...]])
    is_archived: bool = False


Entity: TypeAlias = (
    Tenant
    | Sponsor
    | Campaign
    | Site
    | Team
    | Skill
    | AgentProfile
    | Person
    | Queue
    | Template
    | ChannelAddress
    | RuleSet
    | Status
    | Disposition
    | Calendar
    | ApiKey
    | Purpose
    | CustomerAttribute
    | Retention
    | Crm
)

ENTITIES: Mapping[str, type[Any]] = {
    "tenant": Tenant,
    "sponsor": Sponsor,
    "campaign": Campaign,
    "site": Site,
    "team": Team,
    "skill": Skill,
    "agent-profile": AgentProfile,
    "person": Person,
    "queue": Queue,
    "template": Template,
    "channel-address": ChannelAddress,
    "rule-set": RuleSet,
    "status": Status,
    "disposition": Disposition,
    "calendar": Calendar,
    "api-key": ApiKey,
    "purpose": Purpose,
    "attribute": CustomerAttribute,
    "retention": Retention,
    "crm": Crm,
}
"""Every kind of entity by the name it has in keys, paths and the YAML file."""
