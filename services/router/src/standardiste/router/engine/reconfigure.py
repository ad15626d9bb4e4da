"""
Change sets: members are held back until their commit, then put in force whole, or refused by name while the former stays.

Configuration against live work: an open offer that no longer passes is withdrawn; owned work stays, even above a lowered capacity; what waits in a
removed queue goes to the default queue, and so does later what was with an agent then, should it wait again.
"""

from __future__ import annotations

from standardiste.common.events import decisions as d
from standardiste.common.events.directory import ChangeSetCommitted
from standardiste.common.events.model import InteractionState, QueuedBecause, Withdrawal
from standardiste.router.engine import offers, requirement
from standardiste.router.engine.changes.configuration import members_of
from standardiste.router.engine.configuration import Faulty, build
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
    step.emit(d.ConfigurationApplied(change_set=number, members=members), live.tenant)
    _live_work(step)


def _live_work(step: Step) -> None:
    live = step.live
    for id in sorted(live.interactions):
        i = step.now(id)
        for offer in i.offers:
            if not still_passes(step, i, offer):
                offers.withdraw(step, step.now(id), offer, Withdrawal.CONFIGURATION)
        i = step.now(id)
        if i.state in _MOVABLE and live.configuration.queue(i.requirement.queue) is None:
            _to_default(step, i)


def still_passes(step: Step, i: Interaction, offer: Offer) -> bool:
    """Whether an open offer could still be made under what is in force."""
    live = step.live
    group = live.configuration.group(offer.agent)
    if group is None or not live.is_reachable(offer.agent):
        return False
    if offer.is_of_owned:
        return True
    queue = live.queue_of(i)
    if queue.is_pull_only or not live.is_open(queue, step.at):
        return False
    need = live.needs(i, queue)
    if live.floor.fit(group, live.floor.probe(need)) is None:
        return False
    seat = live.seat(offer.agent)
    fits = offer.is_interrupting or seat.used <= seat.total
    return fits and seat.by_channel.get(i.facts.channel, 0) <= group.room.caps[i.facts.channel]


def _to_default(step: Step, i: Interaction) -> None:
    i = offers.drop_offers(step, i, Withdrawal.CONFIGURATION)
    requirement.move(step, i, step.live.configuration.default_queue, "queue_removed")
    if i.state in WAITING_STATES:
        offers.queue(step, step.now(i.id), QueuedBecause.QUEUE_REMOVED)
