"""
What a tenant has configured, as the engine asks for it: built whole at a change set's commit, never changed afterwards.

A reference to what is not there, or is archived, is treated as absent; the numbers of routing.md stand in wherever an entity says None.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from standardiste.common.events.base import Instant
from standardiste.common.events.directory import (
    ENTITIES,
    AgentProfile,
    Calendar,
    ChannelAddress,
    Disposition,
    Entity,
    Person,
    Queue,
    RuleSet,
    Status,
    Tenant,
)
from standardiste.common.events.model import (
    AgentId,
    CampaignId,
    Channel,
    ChannelAddressId,
    DispositionId,
    OrderName,
    ProfileId,
    QueueId,
    Scope,
    SiteId,
    SkillNeed,
    SponsorId,
    StatusId,
    TenantId,
    WrapUpMode,
)
from standardiste.router.engine.policy import Group, Hours, Kit, Need, Order, Ring, Room, Rules
from standardiste.router.engine.seats import NO_ROOM, empty_seat, room_of
from standardiste.router.engine.state import AWAY, READY

KIND_OF: Final = {cls: kind for kind, cls in ENTITIES.items()}
EntityKey = tuple[str, str]

KEPT: Final = (Tenant, AgentProfile, Person, Queue, ChannelAddress, RuleSet, Status, Disposition, Calendar)
"""The kinds that routing asks for. Of the others (keys, teams, sponsors …) the router keeps nothing."""

OFFER_TIMEOUT_MS: Final = {
    Channel.VOICE: 20_000,
    Channel.CALLBACK: 20_000,
    Channel.CHAT: 30_000,
    Channel.SMS: 60_000,
    Channel.SOCIAL: 60_000,
    Channel.EMAIL: 120_000,
    Channel.OTHER: 120_000,
}
WRAP_UP_MS: Final = {Channel.VOICE: 30_000, Channel.CALLBACK: 30_000, Channel.CHAT: 15_000}
RELAXATION_STEPS_MAX: Final = 10
LIFO: Final = OrderName.LIFO
KINDS_MAX: Final = 10_000
"""Requirements by rules are few; a guard, so that odd ones cannot fill the memory."""

NO_TENANT: Final = Tenant(id=TenantId(""), change_set=0, name="")
NO_PROFILE: Final = AgentProfile(id=ProfileId(""), change_set=0)
E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Faulty:
    """Why a change set cannot be put in force."""

    reason: str
    detail: str


def key_of(entity: Entity) -> EntityKey:
    """The kind and id that name an entity in keys."""
    return KIND_OF[type(entity)], entity.id


class Configuration:
    """Everything in force at one change set."""

    def __init__(
        self, entities: Mapping[EntityKey, Entity], rules: Rules | None, hours: Mapping[str, Hours], orders: Mapping[str, Order]
    ) -> None:
        self.entities = entities
        self.rules = rules
        self.hours = hours
        tenants = [entity for entity in entities.values() if isinstance(entity, Tenant)]
        self.is_known = bool(tenants) and not tenants[0].is_archived
        self.tenant = tenants[0] if tenants else NO_TENANT
        self.queues = {entity.id: entity for entity in entities.values() if isinstance(entity, Queue) and not entity.is_archived}
        """In force, the default queue among them."""
        self._people = {entity.id: entity for entity in entities.values() if isinstance(entity, Person) and not entity.is_archived}
        self._addresses = {
            entity.id: entity for entity in entities.values() if isinstance(entity, ChannelAddress) and not entity.is_archived
        }
        self.default_queue = self.queues.setdefault(self.tenant.default_queue, Queue(id=self.tenant.default_queue, change_set=0))
        self.orders = {id: orders[LIFO if queue.is_lifo else queue.order] for id, queue in self.queues.items()}
        """By queue, which of its interactions goes first."""
        self._routable = {READY} | {
            entity.id for entity in entities.values() if isinstance(entity, Status) and entity.is_routable and not entity.is_archived
        } - {AWAY}
        self.default_scope = Scope(
            sponsor=SponsorId(self.tenant.default_sponsor),
            campaign=CampaignId(self.tenant.default_campaign),
            site=SiteId(self.tenant.default_site),
        )
        self._groups: dict[tuple[object, ...], Group] = {}
        self._group_of: dict[AgentId, Group] = {}
        self._rings: dict[tuple[QueueId, tuple[SkillNeed, ...], int], tuple[Ring, ...]] = {}
        self._needs: dict[tuple[object, ...], Need] = {}
        self._build_groups()
        self.delays_ms = self._delays()
        self.closing_calendars = {queue.calendar for queue in self.queues.values() if queue.at_close.action != "none"}

    # ---- lookups

    def queue(self, id: QueueId | None) -> Queue | None:
        """The queue, unless it is absent or archived. The default queue is always there."""
        return self.queues.get(id) if id is not None else None

    def first_queue(self, *ids: QueueId | None) -> Queue:
        """The first of these that is there, else the default queue."""
        for id in ids:
            if id is not None and id in self.queues:
                return self.queues[id]
        return self.default_queue

    def queue_or_default(self, id: QueueId) -> Queue:
        return self.queues.get(id) or self.default_queue

    def hours_of(self, queue: Queue) -> Hours | None:
        """When the queue hands out work; None: always."""
        return self.hours.get(queue.calendar) if queue.calendar else None

    def later(self, queue: Queue, since: Instant, by_ms: int) -> Instant:
        """So much later, in the time the queue reckons its targets in: clock time, or opening time."""
        hours = self.hours_of(queue) if queue.is_target_in_opening_time else None
        return Instant(since + by_ms) if hours is None else hours.after(since, by_ms)

    def person(self, id: AgentId | None) -> Person | None:
        return self._people.get(id) if id is not None else None

    def address(self, id: ChannelAddressId | None) -> ChannelAddress | None:
        return self._addresses.get(id) if id is not None else None

    def scope_of(self, address: ChannelAddress) -> Scope:
        """Whose customers come and go by this address of ours; what it does not say is the tenant's default."""
        default = self.default_scope
        return Scope(
            sponsor=address.sponsor or default.sponsor,
            campaign=address.campaign or default.campaign,
            site=address.site or default.site,
        )

    def knows_status(self, id: StatusId) -> bool:
        return id in ("ready", "away") or self._in_force(Status, "status", id) is not None

    def is_routable(self, id: StatusId) -> bool:
        """Whether a person in this status takes work. `ready` always, `away` never."""
        return id in self._routable

    def knows_disposition(self, id: DispositionId) -> bool:
        return self._in_force(Disposition, "disposition", id) is not None

    def profile(self, id: AgentId) -> AgentProfile:
        group = self._group_of.get(id)
        return group.profile if group else NO_PROFILE

    def room(self, id: AgentId) -> Room:
        group = self._group_of.get(id)
        return group.room if group else NO_ROOM

    def group(self, id: AgentId) -> Group | None:
        """The group of an agent; None when no person of this id takes work."""
        return self._group_of.get(id)

    @property
    def groups(self) -> Iterator[Group]:
        return iter(self._groups.values())

    def agents(self) -> Iterator[AgentId]:
        """Everybody who could take work, signed in or not."""
        return iter(self._group_of)

    # ---- what a queue says, with the channel's default

    def offer_timeout_ms(self, queue: Queue, channel: Channel) -> int:
        return OFFER_TIMEOUT_MS[channel] if queue.offer_timeout_ms is None else queue.offer_timeout_ms

    def wrap_up(self, queue: Queue, channel: Channel) -> tuple[WrapUpMode, int]:
        """The mode and, where it is timed, its length; a length of 0 means none."""
        mode = queue.wrap_up if queue.wrap_up is not None else WrapUpMode.TIMED
        length_ms = WRAP_UP_MS.get(channel, 0) if queue.wrap_up_ms is None else queue.wrap_up_ms
        if mode is WrapUpMode.TIMED and length_ms <= 0:
            return WrapUpMode.NONE, 0
        return mode, length_ms

    def rings(self, queue: Queue, skills: tuple[SkillNeed, ...], step: int) -> tuple[Ring, ...]:
        """The requirement as it was before relaxation, then as each step so far widened it."""
        key = (queue.id, skills, step)
        known = self._rings.get(key)
        if known is None:
            if len(self._rings) > KINDS_MAX:
                self._rings.clear()
            known = self._rings[key] = _widen(queue, skills, step)
        return known

    def need(
        self,
        queue: Queue,
        skills: tuple[SkillNeed, ...],
        step: int,
        channel: Channel,
        cost: int | None,
        labels: tuple[str, ...] = (),
        hold_for: AgentId | None = None,
    ) -> Need:
        """What is asked of an agent, after so many steps of relaxation; mostly the same object for the same question, and so soon compared."""
        key = (queue.id, skills, step, channel, cost, labels, hold_for)
        known = self._needs.get(key)
        if known is None:
            if len(self._needs) > KINDS_MAX:
                self._needs.clear()
            known = self._needs[key] = Need(queue.id, channel, cost, self.rings(queue, skills, step), labels, hold_for)
        return known

    # ---- building

    def _in_force(self, cls: type[E], kind: str, id: str | None) -> E | None:
        entity = self.entities.get((kind, id)) if id else None
        return entity if isinstance(entity, cls) and not entity.is_archived else None  # type: ignore[attr-defined]  # every entity has it

    def _build_groups(self) -> None:
        named = {
            agent
            for entity in self.entities.values()
            if isinstance(entity, Queue) and not entity.is_archived
            for step in entity.relaxation
            for agent in step.agents
        }
        for entity in self.entities.values():
            if isinstance(entity, Person) and not entity.is_archived and takes_work(entity):
                self._group_of[entity.id] = self._intern(entity, entity.id if entity.id in named else None)

    def _intern(self, person: Person, named: AgentId | None) -> Group:
        skills = tuple(sorted((need.skill, need.level) for need in person.skills))
        queues = None if person.queues is None else frozenset(person.queues)
        seats = max(person.seats, 1) if person.is_bot else 1
        key = (skills, person.profile, queues, named, person.is_bot, seats)
        group = self._groups.get(key)
        if group is None:
            profile = self._in_force(AgentProfile, "agent-profile", person.profile) or NO_PROFILE
            room = room_of(profile, seats)
            group = self._groups[key] = Group(
                number=len(self._groups),
                skills=dict(skills),
                profile=profile,
                queues=queues,
                preferences={preference.queue: preference for preference in profile.queues},
                room=room,
                empty=empty_seat(room),
                named=named,
                is_bot=person.is_bot,
            )
        return group

    def _delays(self) -> dict[QueueId, tuple[int, ...]]:
        delays: dict[QueueId, set[int]] = {}
        for group in self._groups.values():
            for preference in group.profile.queues:
                if preference.delay_ms > 0:
                    delays.setdefault(preference.queue, set()).add(preference.delay_ms)
        return {queue: tuple(sorted(ms)) for queue, ms in delays.items()}


def takes_work(person: Person) -> bool:
    """An agent is a person, or a bot, with a profile or the role of an agent."""
    return person.is_bot or person.profile is not None or any(grant.role == "agent" for grant in person.rights)


def build(entities: Mapping[EntityKey, Entity], kit: Kit, former: Configuration | None = None) -> Configuration | Faulty:
    """The configuration these entities make, or why they make none. Rules are compiled anew only when they (or the tenant's zone) changed."""
    hours: dict[str, Hours] = {}
    for entity in entities.values():
        match entity:
            case Queue(is_archived=False):
                unknown = [name for name in entity.filters if name not in kit.filters and name not in kit.pair_filters]
                if unknown:
                    return Faulty("unknown_filter", f"queue {entity.id}: no filter {unknown[0]!r}")
                if len(entity.relaxation) > RELAXATION_STEPS_MAX:
                    return Faulty("too_many_steps", f"queue {entity.id}: at most {RELAXATION_STEPS_MAX} relaxation steps")
                ages = [step.at_age_ms for step in entity.relaxation]
                if ages != sorted(ages):
                    return Faulty("steps_out_of_order", f"queue {entity.id}: relaxation ages must grow")
            case Calendar(is_archived=False):
                opened = kit.hours_of(entity)
                if opened is None:
                    return Faulty("bad_calendar", f"calendar {entity.id}: unknown zone, holidays or times")
                hours[entity.id] = opened
            case _:
                pass
    rules = _rules(entities, kit, former)
    if isinstance(rules, Faulty):
        return rules
    return Configuration(entities, rules, hours, kit.orders)


def _rules(entities: Mapping[EntityKey, Entity], kit: Kit, former: Configuration | None) -> Rules | Faulty | None:
    rule_set = entities.get(("rule-set", "main"))
    if not isinstance(rule_set, RuleSet) or rule_set.is_archived:
        return None
    tenant = next((entity for entity in entities.values() if isinstance(entity, Tenant)), NO_TENANT)
    if former is not None and former.entities.get(("rule-set", "main")) == rule_set and _asks_alike(former.tenant, tenant):
        return former.rules
    compiled = kit.compile_rules(rule_set, tenant.zone, tenant.default_queue)
    if hasattr(compiled, "first_match"):
        return compiled  # type: ignore[return-value]  # the union's two sides differ by this verb
    return Faulty(compiled.reason, compiled.detail)  # type: ignore[union-attr]


def _asks_alike(former: Tenant, tenant: Tenant) -> bool:
    return (former.zone, former.default_queue) == (tenant.zone, tenant.default_queue)


def _widen(queue: Queue, skills: tuple[SkillNeed, ...], steps: int) -> tuple[Ring, ...]:
    rings = [Ring(skills)]
    for step in queue.relaxation[:steps]:
        inner = rings[-1]
        base = inner.skills if step.skills is None else step.skills
        rings.append(
            Ring(
                tuple(need for need in base if need.skill not in step.drop),
                inner.queues + step.queues,
                inner.agents + step.agents,
            )
        )
    return tuple(rings)
