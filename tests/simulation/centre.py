"""The centre of the simulation: queues, profiles, people and rules that between them use every filter, ranking and limit of the router."""

from __future__ import annotations

from typing import Final

from standardiste.common.events.directory import (
    AgentProfile,
    AtClose,
    Calendar,
    Callbacks,
    Disposition,
    Entity,
    Limits,
    Opening,
    Queue,
    QueuePreference,
    RelaxationStep,
    Rest,
    Rule,
    RuleSet,
)
from standardiste.common.events.model import (
    AgentId,
    Channel,
    DispositionId,
    ProfileId,
    QueueId,
    RankingName,
    SkillId,
    WrapUpMode,
)
from standardiste.common.testing.builders import configuration, needs, person, queue

AGENTS: Final = ("anna", "ben", "cleo", "dan", "eve", "fay")
QUEUES: Final = ("main", "billing", "leads", "manual", "sales", "night", "calls")
CHANNELS: Final = (Channel.CHAT, Channel.EMAIL, Channel.VOICE, Channel.SMS, Channel.OTHER, Channel.SOCIAL)

_PEOPLE: Final = (
    person("anna", skills=needs(billing=3, french=5)),
    person("ben", skills=needs(french=5)),
    person("cleo", skills=needs(billing=5, french=1), profile=ProfileId("patient")),
    person("dan", skills=needs(billing=1, french=3), profile=ProfileId("keen")),
    person("eve", skills=needs(french=4), queues=(QueueId("sales"), QueueId("leads"))),
    person("fay", skills=needs(billing=2, french=2), profile=ProfileId("keen"), queues=(QueueId("main"), QueueId("billing"))),
)

_PROFILES: Final = (
    AgentProfile(
        id=ProfileId("patient"),
        change_set=1,
        queues=(
            QueuePreference(queue=QueueId("billing"), strict_class=1),
            QueuePreference(queue=QueueId("main"), strict_class=2, delay_ms=20_000),
            QueuePreference(queue=QueueId("sales"), strict_class=3, delay_ms=80_000),
        ),
        label_cap={"vip": 1},
        rest=Rest(may_ask_ms=30_000),
    ),
    AgentProfile(
        id=ProfileId("keen"),
        change_set=1,
        auto_accept=(Channel.CHAT,),
        units=120,
        does_outbound_reset_idle=False,
        missed_other_max=1,
        rest=Rest(after_call_ms=20_000, after_work_ms=120_000, length_ms=30_000),
    ),
)


def queues(ranking: RankingName = RankingName.LONGEST_IDLE) -> tuple[Queue, ...]:
    """The queues, with one ranking for those that name none of their own."""
    return (
        queue("main", ranking=ranking, wrap_up=WrapUpMode.OPTIONAL),
        queue(
            "billing",
            skills=needs(billing=4),
            strict_class=3,
            target_ms=60_000,
            ranking=RankingName.MOST_PROFICIENT,
            relaxation=(
                RelaxationStep(at_age_ms=10_000, skills=needs(billing=2)),
                RelaxationStep(at_age_ms=20_000, priority=3, queues=(QueueId("main"),)),
                RelaxationStep(at_age_ms=30_000, drop=(SkillId("billing"),), agents=(AgentId("eve"),)),
            ),
        ),
        queue("leads", is_lifo=True, strict_class=1, broadcast_to=2, wrap_up=WrapUpMode.NONE),
        queue("manual", is_pull_only=True, wrap_up=WrapUpMode.MANDATORY),
        queue(
            "sales",
            ranking=RankingName.ROUND_ROBIN,
            priority=1,
            preferred_hold_ms=15_000,
            filters=("fresh_eyes",),
            limits=Limits(length_max=4, age_max_ms=120_000, action="queue", to_queue=QueueId("main")),
        ),
        queue(
            "calls",
            calendar="night",
            at_close=AtClose(action="callback"),
            callbacks=Callbacks(retries=1, retry_after_ms=30_000, is_agent_first=False),
        ),
        queue("night", calendar="night", is_target_in_opening_time=True, target_ms=30_000, filters=("no_bots", "fresh_eyes")),
    )


CALENDAR: Final = Calendar(
    id="night",
    change_set=1,
    zone="Europe/Paris",
    openings=(Opening(weekdays=(1, 2, 3, 4, 5, 6, 7), opens="00:00", closes="12:00"),),
)

RULES: Final = RuleSet(
    id="main",
    change_set=1,
    rules=(
        Rule(name="lead", when='contact.text == "lead"', queue=QueueId("leads")),
        Rule(name="calls", when='contact.channel == "voice" && contact.text == "call"', queue=QueueId("calls")),
        Rule(name="night", when='contact.text == "night"', queue=QueueId("night")),
        Rule(name="manual", when='contact.text == "manual"', queue=QueueId("manual")),
        Rule(name="bill", when='contact.text.contains("bill")', queue=QueueId("billing"), skills=needs(french=1), labels=("vip",)),
        Rule(name="sale", when="contact.attributes.sale == true", queue=QueueId("sales"), labels=("vip",), priority=2),
        Rule(name="known", when="customer.is_known && size(customer.labels) > 0", queue=QueueId("sales"), preferred_agent=AgentId("anna")),
    ),
)


def centre() -> tuple[Entity, ...]:
    """Everything, as one change set."""
    return configuration(
        *_PEOPLE,
        *_PROFILES,
        *queues(),
        CALENDAR,
        RULES,
        Disposition(id=DispositionId("done"), change_set=1),
    )
