"""
From contact to requirement: rules, queue, skills, priority, target; and how it changes with age (relaxation) or when a queue is too long (limits).

The key of the order changes only by an event, so ageing costs nothing: `due_at` = enqueued_at + the queue's target, in clock time or in opening time.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Final

from standardiste.common.events import decisions as d
from standardiste.common.events.base import Instant
from standardiste.common.events.contact_facts import ContactFacts, facts_of_contact
from standardiste.common.events.directory import Queue, Rule
from standardiste.common.events.model import (
    AgentId,
    Contact,
    CustomerSummary,
    Direction,
    InteractionState,
    QueueId,
    Requirement,
    SkillNeed,
    Why,
)
from standardiste.router.engine import pairs, quickly
from standardiste.router.engine.facts import facts_of
from standardiste.router.engine.policy import Need
from standardiste.router.engine.state import Interaction, evolve
from standardiste.router.engine.step import Step

UNKNOWN_ADDRESS: Final = "unknown_channel_address"
"""In the place of a rule's name: none matched, and the address of ours that the contact came on is unknown or archived."""
_NO_FACTS: Final[Mapping[str, object]] = {}


def at_arrival(step: Step, i: Interaction, contact: Contact) -> None:
    """
    Run the rules as for an unknown customer.

    A contact on an address of ours that is unknown or archived was accepted all the same, so it is routed all the same: rules, then the queue it names
    itself, then the default queue. The why-record says so.
    """
    configuration = step.live.configuration
    address = configuration.address(contact.channel_address)
    facts = _NO_FACTS
    if configuration.rules is not None:
        asked = configuration.rules.asked
        facts = facts_of(facts_of_contact(contact), address, asked=asked, open_calendars=_open_calendars(step, asked))
    named = (contact.queue, address.queue if address else None)
    _route(step, i, facts, named, contact.priority, None, i.enqueued_at, is_first=True, is_address_known=address is not None)


def at_identification(step: Step, i: Interaction, contact: ContactFacts | None, customer: CustomerSummary, enqueued_at: Instant) -> None:
    """
    Run the rules anew, now that the customer is known. Where nothing in them asks for the customer (or an older `customers` did not send what they ask of
    the contact) the requirement of the arrival stands; a preferred agent the customer brings counts in any case.
    """
    configuration = step.live.configuration
    if contact is not None and configuration.rules is not None and configuration.rules.asks_customer:
        address = configuration.address(contact.channel_address)
        asks = configuration.rules.asked
        known = facts_of(contact, address, customer, asks, _open_calendars(step, asks))
        named = (contact.queue, address.queue if address else None)
        is_known = address is not None
        _route(step, i, known, named, contact.priority, customer.preferred_agent, enqueued_at, is_address_known=is_known)
        return
    asked = i.requirement
    preferred = customer.preferred_agent or _opener(step, i)
    if preferred is not None and asked.preferred_agent is None:
        asked = evolve(asked, preferred_agent=preferred)
    if enqueued_at != i.enqueued_at:
        asked = evolve(asked, due_at=due_at(step, step.live.queue_of(i), enqueued_at))
    if asked is not i.requirement and asked != i.requirement:
        _tell(step, i, evolve(asked, skills=i.original.skills), Why(change_set=step.live.change_set))
        for _ in range(i.step):  # what was asked at first stays the inner ring
            relax(step, step.now(i.id))


def _open_calendars(step: Step, asked: Container[str]) -> Sequence[str]:
    """The calendars that are open now, where rules ask for them."""
    return [id for id, hours in step.live.configuration.hours.items() if hours.is_open(step.at)] if "calendars" in asked else ()


def _route(
    step: Step,
    i: Interaction,
    facts: Mapping[str, object],
    named: tuple[QueueId | None, QueueId | None],
    priority: int | None,
    preferred: AgentId | None,
    enqueued_at: Instant,
    *,
    is_first: bool = False,
    is_address_known: bool = True,
) -> None:
    configuration = step.live.configuration
    rule: Rule | None = None
    failed: tuple[tuple[str, str], ...] = ()
    if configuration.rules is not None:
        match = configuration.rules.first_match(facts, step.at, configuration.tenant.zone)
        rule, failed = match.rule, match.failed
    for name, detail in failed if is_first else ():
        step.tell(d.RuleFailed(interaction=i.id, rule=name, detail=detail), i)
    queue = configuration.first_queue(rule.queue if rule else None, *named)
    asked = quickly.Requirement(
        queue=queue.id,
        skills=_merged(queue.skills, rule.skills if rule else ()),
        priority=_first(priority, rule.priority if rule else None, queue.priority),
        due_at=due_at(step, queue, enqueued_at),
        strict_class=queue.strict_class,
        preferred_agent=(rule.preferred_agent if rule else None) or preferred or _opener(step, i),
        labels=tuple(sorted(set(rule.labels))) if rule and rule.labels else (),
    )
    if is_first or asked != i.requirement:
        name = rule.name if rule else "" if is_address_known else UNKNOWN_ADDRESS
        why = quickly.Why(rule=name, rules_failed=tuple([name for name, _ in failed]), change_set=step.live.change_set)
        _tell(step, i, asked, why)


def _opener(step: Step, i: Interaction) -> AgentId | None:
    """The agent who lately began this conversation: the customer's answer goes to that one first."""
    if i.conversation is None:
        return None
    memory = step.live.memory
    closed = memory.closed_of(memory.closed_by_conversation.get(i.conversation), step.at)
    return closed.owner if closed is not None and closed.facts.direction is Direction.OUTBOUND else None


def _first(*values: int | None) -> int:
    for value in values:
        if value is not None:
            return value
    return 0


def _merged(queue: tuple[SkillNeed, ...], rule: tuple[SkillNeed, ...]) -> tuple[SkillNeed, ...]:
    """The queue's skills and the rule's; where both ask, the higher level."""
    if not rule and len(queue) <= 1:
        return queue
    levels: dict[str, SkillNeed] = {}
    for need in (*queue, *rule):
        known = levels.get(need.skill)
        if known is None or known.level < need.level:
            levels[need.skill] = need
    return tuple(levels[skill] for skill in sorted(levels))


def of_queue(step: Step, queue: Queue, preferred: AgentId | None = None) -> Requirement:
    """What a queue alone asks for what begins now."""
    return Requirement(
        queue=queue.id,
        skills=queue.skills,
        priority=queue.priority,
        due_at=due_at(step, queue, step.at),
        strict_class=queue.strict_class,
        preferred_agent=preferred,
    )


def due_at(step: Step, queue: Queue, enqueued_at: Instant) -> Instant:
    """When it should be answered: age plus target, in opening time where the queue says so."""
    return step.live.configuration.later(queue, enqueued_at, queue.target_ms)


def _tell(step: Step, i: Interaction, asked: Requirement, why: Why) -> None:
    queue = step.live.configuration.queue_or_default(asked.queue)
    mode, _ = step.live.configuration.wrap_up(queue, i.facts.channel)
    step.tell(quickly.InteractionRouted(interaction=i.id, version=i.version, requirement=asked, why=why, wrap_up=mode), i)


def restart(step: Step, i: Interaction, enqueued_at: Instant, prefer: AgentId | None = None) -> None:
    """Its age will be another (a return from parking): the due instant with it, relaxation from the start. A removed queue is the default queue."""
    if step.live.configuration.queue(i.requirement.queue) is None:
        move(step, i, step.live.configuration.default_queue, "queue_removed")
        i = step.now(i.id)
    queue = step.live.queue_of(i)
    preferred = prefer or i.original.preferred_agent
    asked = evolve(i.original, due_at=due_at(step, queue, enqueued_at), preferred_agent=preferred)
    _tell(step, i, asked, Why(change_set=step.live.change_set))


def move(step: Step, i: Interaction, queue: Queue, rule: str, *, is_as_new: bool = False) -> None:
    """To another queue: its skills, class and target; age and priority are kept, unless it is to wait there as if it came now."""
    asked = quickly.Requirement(
        queue=queue.id,
        skills=queue.skills,
        priority=queue.priority if is_as_new else i.requirement.priority,
        due_at=due_at(step, queue, step.at if is_as_new else i.enqueued_at),
        strict_class=queue.strict_class,
        labels=i.requirement.labels,
    )
    _tell(step, i, asked, Why(rule=rule, change_set=step.live.change_set))


# ---- relaxation


def relax(step: Step, i: Interaction) -> None:
    """Begin the next step."""
    queue = step.live.queue_of(i)
    number = i.step + 1
    rings = step.live.configuration.rings(queue, i.original.skills, number)
    priority = queue.relaxation[number - 1].priority
    step.tell(
        d.InteractionRelaxed(
            interaction=i.id,
            version=i.version,
            step=number,
            skills=rings[-1].skills,
            ring=number,
            priority=i.requirement.priority if priority is None else priority,
        ),
        i,
    )


def relax_by_age(step: Step, i: Interaction) -> None:
    """Begin every step whose age has come."""
    while True:
        i = step.now(i.id)
        queue = step.live.queue_of(i)
        steps = queue.relaxation
        if i.step >= len(steps) or step.at < step.live.at_age(i, queue, steps[i.step].at_age_ms):
            return
        relax(step, i)


def relax_early(step: Step, i: Interaction) -> bool:
    """
    Whether the next step begins before its age: an offer expired under the present one and nobody untried is left in it. For whom it is held is left.

    Asked when an offer has ended, and once more after the match: the last untried may have been given something else.
    """
    live = step.live
    if i.state is not InteractionState.QUEUED or i.hold_for is not None or i.step >= len(live.queue_of(i).relaxation):
        return False
    if not any(tried.expired_at_step == i.step for tried in i.tried) or pairs.has_untried(live, i, step.at):
        return False
    relax(step, i)
    return True


# ---- staff


def plain_need(step: Step, i: Interaction) -> Need:
    """What it asks of an agent, apart from any hold."""
    live, facts = step.live, i.facts
    return live.configuration.need(live.queue_of(i), i.original.skills, i.step, facts.channel, facts.cost, i.requirement.labels)


def check_staffed(step: Step, i: Interaction) -> None:
    """Say, once, that no agent at all could take it: silence would leave it waiting for nobody."""
    live = step.live
    place = live.floor.place_of(i.id)
    if i.is_unstaffed or place is None:
        return
    line = place[0] if i.hold_for is None else live.floor.probe(plain_need(step, i))
    if live.floor.is_staffed(line):
        return
    asked = tuple(need.skill for need in i.requirement.skills)
    step.tell(d.SkillUnstaffed(interaction=i.id, queue=i.requirement.queue, skills=asked), i)
