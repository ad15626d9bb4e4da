"""
Change sets: members are held back until their commit, then put in force whole, or refused by name while the former stays.

Configuration against live work: an open offer that no longer passes is withdrawn; owned work stays, even above a lowered capacity; what waits in a
removed queue goes to the default queue, and so does later what was with an agent then, should it wait again.
"""

from __future__ import annotations

from collections.abc import Collection

from standardiste.common.events import decisions as d
from standardiste.common.events.directory import ChangeSetCommitted
from standardiste.common.events.model import AgentId, InteractionState, OfferId, QueuedBecause, Withdrawal
from standardiste.router.engine import offers, pairs, requirement, sessions
from standardiste.router.engine.changes.configuration import members_of
from standardiste.router.engine.configuration import Faulty, build
from standardiste.router.engine.floor import is_shown
from standardiste.router.engine.live import Live
from standardiste.router.engine.state import WAITING_STATES, Interaction, Offer
from standardiste.router.engine.step import Step

_MOVABLE = (InteractionState.IDENTIFYING, InteractionState.QUEUED, InteractionState.OFFERED, InteractionState.PARKED)


def committed(step: Step, data: ChangeSetCommitted) -> None:
    """All members were written before this. A dated set waits for its instant."""
    if data.effective_at is None or data.effective_at <= step.at:
        put_in_force(step, data.number)


def put_in_force(step: Step, number: int) -> None:
    """Apply the set whole, or refuse it by name."""
    live = step.live
    members = sum(1 for key in live.pending if key[2] <= number)
    if members == 0:
        if number > live.change_set:
            step.emit(d.ConfigurationApplied(change_set=number, members=0), live.tenant)
        return
    built = build(members_of(live, number), live.kit, live.configuration)
    if isinstance(built, Faulty):
        step.emit(d.ConfigurationRefused(change_set=number, reason=built.reason, detail=built.detail), live.tenant)
        return
    shown = frozenset(offer.id for i in live.interactions.values() for offer in i.offers if _is_shown(step, i, offer))
    step.emit(d.ConfigurationApplied(change_set=number, members=members), live.tenant)
    _live_work(step, shown)


def _live_work(step: Step, shown: Collection[OfferId]) -> None:
    live = step.live
    for id in sorted(live.interactions):
        i = step.now(id)
        for offer in i.offers:
            if not _still_fits(step, i, offer) or (offer.id in shown and not _is_shown(step, i, offer)):
                offers.withdraw(step, step.now(id), offer, Withdrawal.CONFIGURATION)
        i = step.now(id)
        if i.state in _MOVABLE and live.configuration.queue(i.requirement.queue) is None:
            _to_default(step, i)
    for agent in sorted(live.handed_to):
        if not _takes_work(live, agent):
            sessions.drop_transfers_to(step, agent)


def _takes_work(live: Live, agent: AgentId) -> bool:
    """Whether it is an agent still, in a status that counts. One whose socket is away for a moment is."""
    return live.configuration.group(agent) is not None and live.configuration.is_routable(live.agents[agent].status)


def _is_shown(step: Step, i: Interaction, offer: Offer) -> bool:
    """Whether the queue hands it out, and to this agent already. What a supervisor assigned, or what rings beyond the close, was not shown before the change either."""
    live = step.live
    queue, group = live.queue_of(i), live.configuration.group(offer.agent)
    if offer.is_of_owned or group is None or queue.is_pull_only or not live.is_open(queue, step.at):
        return False
    fit = live.floor.fit(group, live.floor.probe(live.needs(i, queue)))
    return fit is not None and is_shown(fit, i.enqueued_at, step.at)


def _still_fits(step: Step, i: Interaction, offer: Offer) -> bool:
    """Whether its agent may still take it under what is in force: by status, by skills, by capacity."""
    live = step.live
    group = live.configuration.group(offer.agent)
    if group is None or not _takes_work(live, offer.agent):
        return False
    if offer.is_of_owned:
        return True
    need = live.needs(i, live.queue_of(i))
    line = live.floor.probe(need)
    if live.floor.fit(group, line) is None or pairs.refusing(live, line, i, offer.agent) is not None:
        return False
    seat, room = live.seat(offer.agent), group.room
    freeable = seat.freeable.get(i.facts.channel, 0) if offer.is_interrupting else 0
    if seat.used - freeable > seat.total or seat.by_channel.get(i.facts.channel, 0) > room.caps[i.facts.channel]:
        return False
    return all(seat.by_label.get(label, 0) <= room.label_caps[label] for label in need.labels if label in room.label_caps)


def _to_default(step: Step, i: Interaction) -> None:
    i = offers.drop_offers(step, i, Withdrawal.CONFIGURATION)
    requirement.move(step, i, step.live.configuration.default_queue, "queue_removed")
    if i.state in WAITING_STATES:
        offers.queue(step, step.now(i.id), QueuedBecause.QUEUE_REMOVED)
