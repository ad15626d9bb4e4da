"""What happens at each deadline. A deadline that no longer stands does nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from standardiste.common.events import decisions as d
from standardiste.common.events.base import Instant
from standardiste.common.events.model import (
    AgentId,
    Channel,
    CloseReason,
    CommandId,
    InteractionId,
    InteractionState,
    OfferId,
    QueuedBecause,
    Withdrawal,
)
from standardiste.router.engine import agents, contacts, limits, media, offers, pairs, reconfigure, requirement, sessions, waiting
from standardiste.router.engine.commands import opening
from standardiste.router.engine.deadlines import DATES, MARKS, Deadline, Due
from standardiste.router.engine.due import AWAY_MS, SWEEP_MS, told_every_ms
from standardiste.router.engine.live import Live
from standardiste.router.engine.state import AWAY, WAITING_STATES, Interaction, Offer
from standardiste.router.engine.step import Step


def fire(step: Step, due: Deadline) -> None:
    """Do what is due, if it still is."""
    _ON_TIME[due.kind](step, due)


def mark(live: Live, due: Deadline) -> None:
    """A filter has opened by time: what it hid is looked at again in the match of this step."""
    if due.kind is not Due.HOURS:
        live.floor.mark_fresh(InteractionId(due.id))
        return
    hours = live.configuration.hours.get(due.id)
    if hours is None:
        return
    for line in live.floor.lines.values():
        if line.waiting and line.queue.calendar == due.id:
            for _, _, id in line.waiting:
                live.floor.mark_fresh(id)
    change = hours.next_change(due.at)
    if change is not None:
        live.deadlines.add(Deadline(change, due.id, Due.HOURS))


def _identify(step: Step, due: Deadline) -> None:
    i = step.live.interactions.get(InteractionId(due.id))
    if i is not None and i.state is InteractionState.IDENTIFYING:
        contacts.not_identified(step, i)


def _offer(step: Step, due: Deadline) -> None:
    live = step.live
    id = live.by_offer.get(OfferId(due.id))
    if id is None:
        return
    i = step.now(id)
    offer = next(offer for offer in i.offers if offer.id == due.id)
    ended_in_gap = live.gap_began_at <= offer.expires_at <= live.resumed_at
    if ended_in_gap or sessions.is_silent(live, live.agents[offer.agent], step.at):
        offers.withdraw(step, i, offer, Withdrawal.AGENT_LOST)
    else:
        expire(step, i, offer)


def expire(step: Step, i: Interaction, offer: Offer) -> None:
    """Nobody answered. After one missed call, or three of the rest in a row, the agent is not ready until a click says otherwise."""
    live = step.live
    agent = live.agents[offer.agent]
    missed = agent.missed_in_a_row + 1
    expired = d.OfferExpired(offer=offer.id, interaction=i.id, agent=agent.id, missed_in_a_row=missed)
    step.tell(expired, i, f"agent:{agent.id}")
    offers.after_offer(step, step.now(i.id), offer, QueuedBecause.EXPIRED, "expired")
    profile = live.configuration.profile(agent.id)
    is_call = i.facts.channel in (Channel.VOICE, Channel.CALLBACK)
    if missed >= (profile.missed_voice_max if is_call else profile.missed_other_max):
        step.tell_agent(d.AgentStatusChanged(agent=agent.id, status=AWAY, next_status=None, because="missed"), agent.id)
        offers.withdraw_all(step, agent.id, Withdrawal.AGENT_UNAVAILABLE)
        sessions.drop_transfers_to(step, agent.id)
    requirement.relax_early(step, step.now(i.id))


def _hold(step: Step, due: Deadline) -> None:
    i = step.live.interactions.get(InteractionId(due.id))
    if i is not None and i.hold_for is not None and i.hold_until == due.at and i.state in WAITING_STATES:
        step.tell(d.PreferenceEnded(interaction=i.id, version=i.version), i)


def _step(step: Step, due: Deadline) -> None:
    i = step.live.interactions.get(InteractionId(due.id))
    if i is not None and i.state in WAITING_STATES:
        requirement.relax_by_age(step, i)


def _age(step: Step, due: Deadline) -> None:
    i = step.live.interactions.get(InteractionId(due.id))
    if i is None or i.state not in WAITING_STATES:
        return
    queue = step.live.queue_of(i)
    if queue.limits.age_max_ms is not None and step.at >= step.live.at_limit(i, queue, queue.limits.age_max_ms):
        limits.overflow(step, i, "age")


def _position(step: Step, due: Deadline) -> None:
    """Every 15 s (callers: 60 s) since it began to wait; a rhythm begun before an offer is over."""
    i = step.live.interactions.get(InteractionId(due.id))
    if i is None or not waiting.is_told(step.live, i):
        return
    every_ms = told_every_ms(step.live, i)
    if every_ms is None or (due.at - i.since) % every_ms:
        return
    waiting.tell(step, i)
    step.live.deadlines.add(Deadline(Instant(due.at + every_ms), due.id, Due.POSITION))


def _closing(step: Step, due: Deadline) -> None:
    live = step.live
    hours = live.configuration.hours.get(due.id)
    if hours is None or due.id not in live.configuration.closing_calendars:
        return
    if not hours.is_open(due.at):
        for id in sorted(id for id, i in live.interactions.items() if i.state in WAITING_STATES and live.queue_of(i).calendar == due.id):
            limits.check_closed(step, step.now(id))
    change = hours.next_change(due.at)
    if change is not None:
        live.deadlines.add(Deadline(change, due.id, Due.CLOSING))


def _connect(step: Step, due: Deadline) -> None:
    i = step.live.interactions.get(InteractionId(due.id))
    if i is not None and i.state is InteractionState.CONNECTING and i.connect_by == due.at:
        assert i.owner is not None, "connecting has an owner"
        media.give_up(step, i, "timeout", is_agent_side=sessions.is_silent(step.live, step.live.agents[i.owner], step.at))


def _wrap_up(step: Step, due: Deadline) -> None:
    i = step.live.interactions.get(InteractionId(due.id))
    if i is not None and i.state is InteractionState.WRAPPING and i.wrap_up_ends_at == due.at:
        offers.close(step, i, CloseReason.HANDLED)


def _parked(step: Step, due: Deadline) -> None:
    i = step.live.interactions.get(InteractionId(due.id))
    if i is not None and i.state is InteractionState.PARKED and i.parked_until == due.at:
        contacts.unpark(step, i, step.at)


def _away(step: Step, due: Deadline) -> None:
    i = step.live.interactions.get(InteractionId(due.id))
    if i is not None and i.away_since is not None and i.away_since + AWAY_MS == due.at:
        contacts.stayed_away(step, i)


def _grace(step: Step, due: Deadline) -> None:
    agent = step.live.agents.get(AgentId(due.id))
    if agent is not None and agent.grace_until == due.at:
        sessions.end(step, agent, "lost")


def _lost(step: Step, due: Deadline) -> None:
    agent = step.live.agents.get(AgentId(due.id))
    if agent is not None and agent.lost_at is not None:
        sessions.lost_for_long(step, agent)


def _rest(step: Step, due: Deadline) -> None:
    agent = step.live.agents.get(AgentId(due.id))
    if agent is not None and agent.rest_until == due.at:
        agents.rest(step, agent, None)


def _gateway(step: Step, due: Deadline) -> None:
    gateway = step.live.gateways.get(due.id)
    if gateway is not None and gateway.until == due.at:
        sessions.gateway_lost(step, gateway.name)


def _opening(step: Step, due: Deadline) -> None:
    waiting_for_it = step.live.openings.get(CommandId(due.id))
    if waiting_for_it is not None and waiting_for_it.until == due.at:
        opening.unanswered(step, waiting_for_it)


def _change_set(step: Step, due: Deadline) -> None:
    number = int(due.id)
    if step.live.dated.get(number) == due.at:
        reconfigure.put_in_force(step, number)


def _sweep(step: Step, due: Deadline) -> None:
    """The safety net: whatever it finds is a defect, and is said before it is put right."""
    live = step.live
    if not live.waiting:
        return
    live.deadlines.add(Deadline(Instant((due.at // SWEEP_MS + 1) * SWEEP_MS), due.id, Due.SWEEP))
    for key in list(live.floor.buckets):
        bucket = live.floor.buckets[key]
        apart = pairs.apart(live, bucket, pairs.head_of(live, bucket, pairs.ORDINARY, step.at, {}), live.held_for)
        for agent in (pairs.ORDINARY, *apart):
            head = pairs.head_of(live, bucket, agent, step.at, {})
            if head is not None and pairs.best_in(live, bucket, agent, step.now(head.order[1][2]), head.line, head.fit, apart):
                found = d.SweepFound(interaction=head.order[1][2], agent=agent or None, what="waits although an agent could take it")
                step.emit(found, head.order[1][2])
                live.floor.dirty[key] = None


_ON_TIME: Final[dict[Due, Callable[[Step, Deadline], None]]] = {
    Due.IDENTIFY: _identify,
    Due.OFFER: _offer,
    Due.HOLD: _hold,
    Due.STEP: _step,
    Due.AGE: _age,
    Due.POSITION: _position,
    Due.CLOSING: _closing,
    Due.CONNECT: _connect,
    Due.WRAP_UP: _wrap_up,
    Due.PARKED: _parked,
    Due.AWAY: _away,
    Due.GRACE: _grace,
    Due.LOST: _lost,
    Due.REST: _rest,
    Due.GATEWAY: _gateway,
    Due.OPENING: _opening,
    Due.CHANGE_SET: _change_set,
    Due.SWEEP: _sweep,
}
assert set(_ON_TIME) | MARKS | DATES | {Due.MARKS} == set(Due), "everything that is due does something"
