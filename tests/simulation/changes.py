"""What administrators change while work goes on: every option of queues, profiles, people and the rest that routing asks for; whole sets, faulty ones, dated ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from simulation.centre import AGENTS, CALENDAR, QUEUES, RULES
from simulation.work import Pick
from simulation.world import World

from standardiste.common.events.base import Instant
from standardiste.common.events.directory import (
    AgentProfile,
    AtClose,
    Calendar,
    Callbacks,
    ChannelAddress,
    Entity,
    Limits,
    Opening,
    Person,
    Queue,
    QueuePreference,
    RelaxationStep,
    Rest,
    Rule,
    RuleExample,
    Status,
    Tenant,
)
from standardiste.common.events.model import AgentId, Channel, OrderName, ProfileId, QueueId, RankingName, SkillId, WrapUpMode
from standardiste.common.testing.builders import TENANT, needs
from standardiste.router.engine.due import ANNOUNCES

Options = Mapping[str, tuple[Any, ...]]
_MAIN, _SALES, _NIGHT = QueueId("main"), QueueId("sales"), QueueId("night")

RANKINGS: Final = (
    RankingName.LONGEST_IDLE,
    RankingName.MOST_PROFICIENT,
    RankingName.LEAST_LOADED,
    RankingName.FEWEST_SKILLS,
    RankingName.ROUND_ROBIN,
)
"""Those that judge.py reckons by itself."""

QUEUE: Final[Options] = {
    "skills": ((), needs(billing=2), needs(french=3, billing=1), needs(welsh=1)),
    "priority": (0, 2, 10),
    "target_ms": (0, 30_000, 3_600_000),
    "is_target_in_opening_time": (False, True),
    "seconds_per_priority": (0, 60, 600),
    "strict_class": (1, 3, 5),
    "is_lifo": (False, False, True),
    "order": (OrderName.URGENCY, OrderName.LIFO),
    "is_pull_only": (False, False, True),
    "ranking": RANKINGS,
    "broadcast_to": (1, 2, 3),
    "offer_timeout_ms": (None, 5_000),
    "preferred_hold_ms": (0, 15_000, 60_000),
    "wrap_up": (None, *WrapUpMode),
    "wrap_up_ms": (None, 0, 5_000),
    "relaxation": (
        (),
        (RelaxationStep(at_age_ms=5_000, skills=needs(french=1)), RelaxationStep(at_age_ms=5_000, drop=(SkillId("french"),))),
        (RelaxationStep(at_age_ms=10_000, queues=(_MAIN, _SALES), priority=5), RelaxationStep(at_age_ms=60_000, agents=(AgentId("dan"),))),
        (RelaxationStep(at_age_ms=0, skills=()), RelaxationStep(at_age_ms=600_000, priority=9)),
    ),
    "limits": (
        Limits(),
        Limits(length_max=1, action="queue", to_queue=_MAIN),
        Limits(length_max=2, age_max_ms=60_000, action="close"),
        Limits(length_max=0, action="callback"),
        Limits(age_max_ms=20_000, action="voicemail"),
        Limits(length_max=1, age_max_ms=30_000, action="message"),
        Limits(age_max_ms=30_000, action="queue", to_queue=_NIGHT),
    ),
    "calendar": (None, None, "night", "day", "nowhere"),
    "at_close": (
        AtClose(),
        AtClose(action="queue", to_queue=_MAIN),
        AtClose(action="queue", to_queue=_NIGHT),
        AtClose(action="close"),
        AtClose(action="voicemail"),
        AtClose(action="message"),
        AtClose(action="callback"),
    ),
    "callbacks": (Callbacks(), Callbacks(retries=0), Callbacks(retries=2, retry_after_ms=20_000, is_agent_first=False)),
    "filters": ((), ("no_bots",), ("fresh_eyes", "no_bots")),
    "keeps_age_of_transfers": (True, False),
    "is_archived": (False, False, True),
}
_OVER_ALL = {Channel.VOICE: (Channel.CHAT, Channel.EMAIL, Channel.SMS, Channel.OTHER), Channel.CHAT: (Channel.EMAIL,)}
PROFILE: Final[Options] = {
    "units": (60, 100, 200),
    "cost": ({}, {Channel.CHAT: 0, Channel.EMAIL: 100}, {Channel.VOICE: 50}),
    "cap": ({}, {Channel.CHAT: 1, Channel.EMAIL: 1}, {Channel.VOICE: 2, Channel.CHAT: 0}),
    "label_cap": ({}, {"vip": 1}, {"vip": 0}),
    "may_interrupt": ({}, _OVER_ALL, {Channel.VOICE: (Channel.EMAIL,)}),
    "queues": (
        (),
        (QueuePreference(queue=_MAIN, strict_class=1, delay_ms=10_000),),
        (QueuePreference(queue=_SALES, strict_class=9), QueuePreference(queue=_MAIN, strict_class=7, delay_ms=60_000)),
    ),
    "auto_accept": ((), (Channel.CHAT,), (Channel.VOICE, Channel.EMAIL)),
    "rest": (Rest(), Rest(after_call_ms=15_000), Rest(after_work_ms=60_000, length_ms=20_000), Rest(may_ask_ms=30_000)),
    "does_outbound_reset_idle": (True, False),
    "missed_voice_max": (1, 2),
    "missed_other_max": (1, 3),
    "is_archived": (False, False, True),
}
PERSON: Final[Options] = {
    "skills": ((), needs(billing=1), needs(billing=5, french=5)),
    "profile": (ProfileId("main"), ProfileId("patient"), ProfileId("keen"), ProfileId("nowhere")),
    "queues": (None, None, (), (_MAIN, _SALES)),
    "is_bot": (False, True),
    "seats": (1, 2),
    "is_archived": (False, False, True),
}
ADDRESS: Final[Options] = {
    "queue": (None, _SALES, QueueId("nowhere")),
    "cost": (None, 0, 60),
    "settings": ({}, {ANNOUNCES: True}),
    "is_archived": (False, False, True),
}
_DAY = Calendar(
    id="day",
    change_set=1,
    zone="Europe/Paris",
    openings=(
        Opening(weekdays=(1, 2, 3, 4, 5), opens="09:00", closes="12:30"),
        Opening(weekdays=(1, 2, 3, 4, 5), opens="13:30", closes="18:00"),
    ),
    holidays="FR",
)
OTHERS: Final[tuple[Entity, ...]] = (
    _DAY,
    replace(_DAY, openings=(Opening(weekdays=(1, 2, 3, 4, 5, 6, 7), opens="00:00", closes="24:00"),)),
    replace(CALENDAR, is_archived=True),
    CALENDAR,
    RULES,
    replace(RULES, rules=(Rule(name="all", when="true", queue=_SALES, preferred_agent=AgentId("ben"), labels=("vip",)),)),
    replace(RULES, rules=RULES.rules[3:]),
    replace(RULES, is_archived=True),
)
FAULTY: Final[tuple[Entity, ...]] = (
    replace(RULES, rules=(Rule(name="bad", when="contact.", queue=_MAIN),)),
    replace(RULES, examples=(RuleExample(given={"contact.text": "bonjour"}, expect=_NIGHT),)),
    replace(_DAY, zone="Nowhere/At_all"),
    Queue(id=_SALES, change_set=1, filters=("no_such",)),
    Queue(id=_SALES, change_set=1, relaxation=(RelaxationStep(at_age_ms=9), RelaxationStep(at_age_ms=1))),
)


def reconfigure(world: World, pick: Pick) -> None:
    """A change set of one to three changes; sometimes one that is refused, sometimes for later."""
    changes = [_change(world, pick) for _ in range(pick((1, 1, 2, 3)))]
    whole = {(type(change), change.id): change for change in changes}
    effective_at = pick((None,) * 5 + (Instant(world.now + 20_000),))
    world.configure(*whole.values(), effective_at=effective_at)


def shape(world: World, pick: Pick) -> None:
    """Before the day begins: a centre unlike any other."""
    for _ in range(pick((0, 0, 2, 5, 10))):
        world.configure(_change(world, pick, may_be_faulty=False))


def _change(world: World, pick: Pick, *, may_be_faulty: bool = True) -> Entity:
    match pick(("queue",) * 6 + ("profile",) * 3 + ("person",) * 3 + ("address", "status", "tenant", "other", "faulty")):
        case "queue":
            return _changed(world.directory[Queue, pick(QUEUES)], QUEUE, pick)
        case "profile":
            return _changed(world.directory[AgentProfile, pick(("main", "patient", "keen"))], PROFILE, pick)
        case "person":
            return _changed(world.directory[Person, pick(AGENTS)], PERSON, pick)
        case "address":
            return _changed(world.directory[ChannelAddress, pick(("chat", "voice", "email"))], ADDRESS, pick)
        case "status":
            return replace(world.directory[Status, "break"], is_routable=pick((False, True)), is_archived=pick((False, False, True)))
        case "tenant":
            found = world.directory[Tenant, TENANT]
            return replace(found, default_queue=QueueId(pick(("main", "main", "sales", "nowhere"))))
        case "faulty" if may_be_faulty:
            return pick(FAULTY)
        case _:
            return pick(OTHERS)


def _changed(entity: Any, options: Options, pick: Pick) -> Any:
    """One option is another; what was archived is back as often as not."""
    if entity.is_archived and pick((True, False)):
        return replace(entity, is_archived=False)
    option = pick(tuple(options))
    return replace(entity, **{option: pick(options[option])})
