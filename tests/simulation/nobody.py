"""
Nothing waits for nobody, and nothing for ever: plain scans over the records beyond those of the doctor.

An offer, a transfer, a consult, a hold, a supervision: somebody is there who can end it. Whatever ends by time has its deadline in the heap. The place of
what waits is what its queue says of its age.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from standardiste.common.events.base import Instant
from standardiste.common.events.directory import Queue
from standardiste.common.events.model import AgentId, Channel, InteractionId, InteractionState, OrderName
from standardiste.router.engine.cycle import fits_now
from standardiste.router.engine.deadlines import Deadline, Due
from standardiste.router.engine.due import AWAY_MS, LOST_LONG_MS, LOST_SHORT_MS
from standardiste.router.engine.floor import fit_of
from standardiste.router.engine.invariants import Look
from standardiste.router.engine.live import Live
from standardiste.router.engine.policy import Need
from standardiste.router.engine.state import WAITING_STATES, Agent, Interaction, evolve
from standardiste.router.engine.step import has_media, is_over

CALLS = (Channel.VOICE, Channel.CALLBACK)


def found(live: Live, at: Instant, routed: Collection[InteractionId]) -> list[str]:
    """Whatever waits for nobody or for nothing; empty is right. `routed` were so under the configuration in force."""
    whole = list(live.interactions.values())
    return [
        *(f"{i.id} {i.state}: {what}" for i in whole for what in _of_interaction(live, i)),
        *(f"{i.id} of step {i.step}: nobody untried is left" for i in whole if _has_ended_step(live, i, at)),
        *(f"{i.id}: {i.owner} is lost for long, and has it" for i in whole if _is_kept_too_long(live, i, at)),
        *_miscounted(live, whole),
        *(f"{due}: no such deadline" for due in _ends(live, at) if due not in live.deadlines),
        *(f"{i.id} in {i.requirement.queue}: {what}" for i in whole if i.id in routed for what in _out_of_place(live, i)),
    ]


def _of_interaction(live: Live, i: Interaction) -> Iterator[str]:
    yield from _of_offers(live, i)
    yield from _of_transfer(live, i)
    yield from _of_consult(live, i)
    if i.has_left and i.facts.is_live and (i.owner is None or i.transfer is not None):
        yield "its customer has left, and it is handed out"
    if i.hold_for is not None and i.state in WAITING_STATES and not _is_reachable(live, i.hold_for):
        yield f"it is held for {i.hold_for}, who cannot be reached"
    if i.hold_for is not None and i.not_before:
        yield f"it is held for {i.hold_for} before its date"
    for supervisor in i.supervisors:
        if not _has_session(live, supervisor):
            yield f"{supervisor} is gone and listens"
    if i.callback is not None and (i.facts.channel is not Channel.CALLBACK or i.facts.is_live or i.has_left):
        yield "a callback with somebody on the line"
    if i.not_before and i.state not in WAITING_STATES and i.callback is None:
        yield "a date of nothing"
    if i.is_interrupted and i.state is not InteractionState.HELD:
        yield "interrupted, and not held"


def _miscounted(live: Live, whole: list[Interaction]) -> Iterator[str]:
    """How many wait in each queue, without those who wait for their date."""
    waiting = [i.requirement.queue for i in whole if i.state in WAITING_STATES and not i.not_before]
    for queue in sorted({*waiting, *live.queue_lengths}):
        if waiting.count(queue) != live.queue_lengths.get(queue, 0):
            yield f"{live.queue_lengths.get(queue, 0)} counted in {queue}, where {waiting.count(queue)} wait"


def _is_kept_too_long(live: Live, i: Interaction, at: Instant) -> bool:
    """Whether an agent who is gone has what waits for an agent. A call waits for its media, and a chat whose customer is away for him."""
    agent = live.agents.get(i.owner) if i.owner is not None else None
    if agent is None or agent.lost_at is None or i.away_since is not None or (has_media(i) and not is_over(i)):
        return False
    is_short = i.state is InteractionState.WRAPPING or i.facts.channel in (Channel.CHAT, Channel.SMS, Channel.SOCIAL)
    return at - agent.lost_at > (LOST_SHORT_MS if is_short else LOST_LONG_MS)


def _has_ended_step(live: Live, i: Interaction, at: Instant) -> bool:
    """Whether a step of relaxation goes on although an offer expired under it. Who untried could take what is handed out was offered it (L5), so nobody is left."""
    queue = live.queue_of(i)
    is_handed_out = i.state is InteractionState.QUEUED and i.hold_for is None and not i.not_before and not queue.is_pull_only
    if not is_handed_out or i.step >= len(queue.relaxation) or not live.is_open(queue, at):
        return False
    return any(tried.expired_at_step == i.step for tried in i.tried)


def _of_offers(live: Live, i: Interaction) -> Iterator[str]:
    for offer in i.offers:
        agent = live.agents[offer.agent]
        if not _is_routable(live, agent):
            yield f"offered to {agent.id}, who is {agent.status}, {agent.next_status}"
        if agent.rest_until is not None:
            yield f"offered to {agent.id}, who rests"
        if agent.id in (i.owner, i.guest):
            yield f"offered to {agent.id}, who is in it"
        if not offer.is_of_owned and not _suits(live, i, agent):
            yield f"offered to {agent.id}, who does not suit it"
        if offer.is_transfer and (i.transfer is None or i.transfer.agent != agent.id):
            yield f"the offer to {agent.id} is of no transfer"
        if offer.is_consult and (i.consult is None or i.consult.is_joined or i.consult.agent not in (None, agent.id)):
            yield f"the offer to {agent.id} is of no consult"


def _of_transfer(live: Live, i: Interaction) -> Iterator[str]:
    if i.transfer is None:
        return
    agent = live.agents.get(i.transfer.agent)
    if i.transfer.by != i.owner:
        yield f"{i.transfer.by} hands on what {i.owner} has"
    if i.state not in (InteractionState.ACTIVE, InteractionState.HELD):
        yield "it is to be handed on"
    if agent is None or not _is_routable(live, agent):
        yield f"it waits for {i.transfer.agent}, who is gone"
    elif not any(offer.is_transfer for offer in i.offers):
        if not i.transfer.will_wait:
            yield f"it waits for {agent.id}, who was not asked"
        elif agent.grace_until is None and agent.rest_until is None and _would_fit(live, i, agent.id):
            yield f"it waits for {agent.id}, who has room"


def _would_fit(live: Live, i: Interaction, agent: AgentId) -> bool:
    """Room for it, and for what was sent to him before it."""
    before = [other for other in live.interactions.values() if other.transfer is not None and other.transfer.agent == agent]
    first = min(before, key=lambda other: (other.enqueued_at, other.id))
    return first.id == i.id and fits_now(live, i, agent)


def _of_consult(live: Live, i: Interaction) -> Iterator[str]:
    consult = i.consult
    if consult is None:
        return
    if i.state not in (InteractionState.ACTIVE, InteractionState.HELD):
        yield "somebody is asked in"
    if consult.is_joined:
        if consult.agent is not None and (consult.agent == i.owner or not _has_session(live, consult.agent)):
            yield f"{consult.agent} is in it and gone, or twice"
    elif not i.is_called_outside and not any(offer.is_consult for offer in i.offers):
        yield "it waits for an agent who was not asked in"


def _suits(live: Live, i: Interaction, agent: Agent) -> bool:
    """By skills, queues, and the queue's own filters of agents."""
    group = live.configuration.group(agent.id)
    queue = live.queue_of(i)
    rings = live.configuration.rings(queue, i.original.skills, i.step)
    need = Need(queue.id, i.facts.channel, i.facts.cost, rings, i.requirement.labels)
    return group is not None and not isinstance(fit_of(group, need, live.configuration, live.kit), str)


def _has_session(live: Live, id: AgentId) -> bool:
    agent = live.agents.get(id)
    return agent is not None and agent.session is not None


def _is_routable(live: Live, agent: Agent) -> bool:
    """As far as a person chose and the directory says; a socket that is away for a moment comes back."""
    is_agent = live.configuration.group(agent.id) is not None
    return is_agent and agent.session is not None and agent.next_status is None and live.configuration.is_routable(agent.status)


def _is_reachable(live: Live, id: AgentId) -> bool:
    agent = live.agents.get(id)
    return agent is not None and agent.grace_until is None and _is_routable(live, agent)


# ---- what ends by time


def _ends(live: Live, at: Instant) -> Iterator[Deadline]:
    """The deadline of every state, filter and lease that ends by time, as the records say."""
    look = Look(live, at)
    for i in live.interactions.values():
        yield from _ends_of(live, i, at)
        if i.state in WAITING_STATES:
            for agent in live.agents.values():
                end = _end_of_filter(look, i, agent)
                if end is not None:
                    yield end
    for agent in live.agents.values():
        if agent.grace_until is not None:
            yield Deadline(agent.grace_until, agent.id, Due.GRACE)
        if agent.rest_until is not None:
            yield Deadline(agent.rest_until, agent.id, Due.REST)
        if agent.lost_at is not None:
            patience_ms = LOST_SHORT_MS if at < agent.lost_at + LOST_SHORT_MS else LOST_LONG_MS
            if at < agent.lost_at + patience_ms:
                yield Deadline(Instant(agent.lost_at + patience_ms), agent.id, Due.LOST)
        elif agent.session is None and live.owned_by(agent.id):
            yield Deadline(Instant(0), agent.id, Due.LOST)
    for gateway in live.gateways.values():
        yield Deadline(gateway.until, gateway.name, Due.GATEWAY)
    for agent in live.agents.values():
        if agent.session is not None and agent.grace_until is None and agent.gateway not in live.gateways:
            yield Deadline(Instant(0), agent.gateway, Due.GATEWAY)


def _ends_of(live: Live, i: Interaction, at: Instant) -> Iterator[Deadline]:
    for offer in i.offers:
        yield Deadline(offer.expires_at, offer.id, Due.OFFER)
    if i.state is InteractionState.IDENTIFYING:
        yield Deadline(i.identify_by, i.id, Due.IDENTIFY)
    if i.state is InteractionState.CONNECTING:
        yield Deadline(i.connect_by, i.id, Due.CONNECT)
    if i.state is InteractionState.WRAPPING and i.wrap_up_ends_at is not None:
        yield Deadline(i.wrap_up_ends_at, i.id, Due.WRAP_UP)
    if i.state is InteractionState.PARKED and i.parked_until is not None:
        yield Deadline(i.parked_until, i.id, Due.PARKED)
    if i.away_since is not None:
        yield Deadline(Instant(i.away_since + AWAY_MS), i.id, Due.AWAY)
    queue = live.queue_of(i)
    if i.state not in WAITING_STATES:
        return
    if i.not_before:
        yield Deadline(i.not_before, i.id, Due.NOT_BEFORE)
    if i.step < len(queue.relaxation):
        yield Deadline(_at_age(live, i, queue, queue.relaxation[i.step].at_age_ms), i.id, Due.STEP)
    if queue.limits.age_max_ms is not None and queue.limits.action != "none" and not i.overflowed:
        talks = (InteractionState.ACTIVE, InteractionState.HELD, InteractionState.WRAPPING)
        talked = [stretch.ended_at for stretch in i.stretches if stretch.agent is not None and stretch.state in talks]
        waited_since = max(i.enqueued_at, *talked, 0)  # who talked meanwhile did not wait
        end = _at_age(live, evolve(i, enqueued_at=waited_since), queue, queue.limits.age_max_ms)
        if end > at:
            yield Deadline(end, i.id, Due.AGE)


def _end_of_filter(look: Look, i: Interaction, agent: Agent) -> Deadline | None:
    """Of what keeps this agent from this interaction now, when it ends by time alone."""
    live, at = look.live, look.at
    queue = live.queue_of(i)
    match look.refusing(i, agent):
        case "calendar":
            change = live.configuration.hours[queue.calendar or ""].next_change(at)
            return Deadline(change, queue.calendar or "", Due.HOURS) if change is not None else None
        case "delay":
            profile = live.configuration.profile(agent.id)
            delay_ms = next(wish.delay_ms for wish in profile.queues if wish.queue == queue.id)
            return Deadline(Instant(i.enqueued_at + delay_ms), i.id, Due.DELAY)
        case "hold":
            return Deadline(i.hold_until, i.id, Due.HOLD)
        case "excluded":
            tried = next(tried for tried in i.tried if tried.agent == agent.id)
            return Deadline(tried.lapses_at if at < tried.lapses_at else tried.ends_at, i.id, Due.LAPSE)
        case _:
            return None


# ---- its place


def _out_of_place(live: Live, i: Interaction) -> Iterator[str]:
    """Its due instant, class and key are what its age, priority and queue make them."""
    queue = live.configuration.queue(i.requirement.queue)
    if i.state not in WAITING_STATES or queue is None:
        return
    asked = i.requirement
    is_lifo = queue.is_lifo or queue.order is OrderName.LIFO
    key = -i.enqueued_at if is_lifo else asked.due_at - asked.priority * queue.seconds_per_priority * 1_000
    if i.key != key:
        yield f"key {i.key}, not {key}"
    due_at = _at_age(live, i, queue, queue.target_ms)
    if asked.due_at != due_at:
        yield f"due at {asked.due_at}, not {due_at}"
    if asked.strict_class != queue.strict_class:
        yield f"class {asked.strict_class}, not {queue.strict_class}"


def _at_age(live: Live, i: Interaction, queue: Queue, age_ms: int) -> Instant:
    hours = live.configuration.hours.get(queue.calendar) if queue.is_target_in_opening_time and queue.calendar else None
    return Instant(i.enqueued_at + age_ms) if hours is None else hours.after(i.enqueued_at, age_ms)
