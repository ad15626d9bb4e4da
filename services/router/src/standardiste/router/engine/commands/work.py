"""Commands about an agent's own work: open, hold, complete, wrap up, park, pull, transfer."""

from __future__ import annotations

from standardiste.common.events import commands as c
from standardiste.common.events import decisions as d
from standardiste.common.events.base import Instant
from standardiste.common.events.model import (
    AgentId,
    Channel,
    CloseReason,
    InteractionState,
    QueuedBecause,
    QueueId,
    ToAgent,
    ToOutside,
    ToQueue,
    Why,
    WrapUpMode,
)
from standardiste.common.events.outbound import QueueCall, ReleaseCall, TransferCall
from standardiste.common.events.refusals import Refusal
from standardiste.router.engine import agents, consults, cycle, limits, offers, requirement, supervising
from standardiste.router.engine.commands.answers import Asker, Done, Refused, done, find, find_at, find_own, unsuited_for
from standardiste.router.engine.seats import takes
from standardiste.router.engine.state import Interaction
from standardiste.router.engine.step import Step, conversation_of, has_media, is_over

_TALKS = (InteractionState.ACTIVE, InteractionState.HELD)
_PARKABLE = (Channel.EMAIL, Channel.OTHER, Channel.SOCIAL)


def hold(step: Step, asker: Asker, data: c.HoldInteraction) -> Done | Refused:
    i = find_own(step, asker, data.interaction, data.version, InteractionState.ACTIVE)
    if isinstance(i, Refused):
        return i
    assert i.owner is not None, "owned"
    offers.hold(step, i, i.owner)
    return Done(i.id)


def resume(step: Step, asker: Asker, data: c.ResumeInteraction) -> Done | Refused:
    """Back from hold; what was interrupted only as far as there is room."""
    i = find_own(step, asker, data.interaction, data.version, InteractionState.HELD)
    if isinstance(i, Refused):
        return i
    assert i.owner is not None, "owned"
    live = step.live
    if i.is_interrupted:
        cost = live.configuration.room(i.owner).cost_of(i.facts.channel, i.facts.cost)
        if cost > live.seat(i.owner).free:
            return Refused(Refusal.OVER_CAPACITY, interaction=i.id)
    offers.resume(step, i, i.owner)
    return Done(i.id)


def complete(step: Step, asker: Asker, data: c.CompleteInteraction) -> Done | Refused:
    """The conversation is done. What is interrupted needs room again first, for wrap-up takes capacity."""
    i = find_own(step, asker, data.interaction, data.version, *_TALKS)
    if isinstance(i, Refused):
        return i
    if i.is_interrupted:
        return Refused(Refusal.OVER_CAPACITY, "it is interrupted", i.id)
    if data.disposition is not None and not step.live.configuration.knows_disposition(data.disposition):
        return Refused(Refusal.UNKNOWN_DISPOSITION, interaction=i.id)
    offers.wrap_up(step, i, data.disposition)
    return done(i.id, version=i.version + 1)


def end_wrap_up(step: Step, asker: Asker, data: c.EndWrapUp) -> Done | Refused:
    """Close. A customer who wrote meanwhile made it active again: that is said by name."""
    i = find(step, data.interaction)
    if isinstance(i, Refused):
        return i
    if i.owner is not None and i.owner == asker.agent and i.reopened > data.version:
        return Refused(Refusal.NEW_MESSAGE, interaction=i.id)
    i = find_own(step, asker, data.interaction, data.version, InteractionState.WRAPPING)
    if isinstance(i, Refused):
        return i
    if data.disposition is not None and not step.live.configuration.knows_disposition(data.disposition):
        return Refused(Refusal.UNKNOWN_DISPOSITION, interaction=i.id)
    if i.wrap_up is WrapUpMode.MANDATORY and data.disposition is None and i.disposition is None:
        return Refused(Refusal.DISPOSITION_REQUIRED, interaction=i.id)
    if data.disposition is not None:
        step.tell(d.InteractionDispositioned(interaction=i.id, version=i.version, disposition=data.disposition), i)
    offers.close(step, step.now(i.id), CloseReason.HANDLED)
    return Done(i.id, version=i.version + 1)


def extend_wrap_up(step: Step, asker: Asker, data: c.ExtendWrapUp) -> Done | Refused:
    """More time for a timed wrap-up, at most ten minutes at once."""
    i = find_own(step, asker, data.interaction, data.version, InteractionState.WRAPPING)
    if isinstance(i, Refused):
        return i
    if i.wrap_up_ends_at is None or not 0 < data.by_ms <= 600_000 or i.owner is None:
        return Refused(Refusal.WRONG_STATE, "only a timed wrap-up is extended, by up to ten minutes", i.id)
    longer = d.InteractionWrapping(
        interaction=i.id,
        version=i.version,
        owner=i.owner,
        mode=i.wrap_up,
        ends_at=Instant(i.wrap_up_ends_at + data.by_ms),
    )
    step.tell(longer, i)
    return Done(i.id)


def set_disposition(step: Step, asker: Asker, data: c.SetDisposition) -> Done | Refused:
    """Note the outcome without ending anything."""
    i = find_own(step, asker, data.interaction, data.version, *_TALKS, InteractionState.WRAPPING)
    if isinstance(i, Refused):
        return i
    if not step.live.configuration.knows_disposition(data.disposition):
        return Refused(Refusal.UNKNOWN_DISPOSITION, interaction=i.id)
    step.tell(d.InteractionDispositioned(interaction=i.id, version=i.version, disposition=data.disposition), i)
    return Done(i.id)


def park(step: Step, asker: Asker, data: c.ParkInteraction) -> Done | Refused:
    """Wait for the customer or a date, out of capacity. Live channels cannot be parked."""
    i = find_own(step, asker, data.interaction, data.version, *_TALKS)
    if isinstance(i, Refused):
        return i
    if i.facts.channel not in _PARKABLE:
        return Refused(Refusal.NOT_OFFERED_HERE, interaction=i.id)
    if data.until is not None and data.until <= step.at:
        return Refused(Refusal.WRONG_STATE, "the date is past", i.id)
    assert i.owner is not None, "owned"
    i = supervising.end_all(step, offers.end_transfer(step, consults.end(step, i, "parked"), "parked"))
    owner = i.owner
    assert owner is not None, "still owned"
    step.tell(d.InteractionParked(interaction=i.id, version=i.version + 1, owner=owner, until=data.until), i)
    agents.work_ended(step, owner)
    return Done(i.id)


def unpark(step: Step, asker: Asker, data: c.UnparkInteraction) -> Done | Refused:
    """Its agent takes a parked one back now, within capacity."""
    i = find_at(step, data.interaction, data.version)
    if isinstance(i, Refused):
        return i
    if i.state is not InteractionState.PARKED:
        return Refused(Refusal.WRONG_STATE, f"it is {i.state}", i.id)
    if i.last_owner != asker.agent or asker.agent is None:
        return Refused(Refusal.NOT_OWNER, interaction=i.id)
    return take(step, i, asker.agent)


def pull(step: Step, asker: Asker, data: c.PullInteraction) -> Done | Refused:
    """Take a chosen waiting interaction: skills and capacity hold as for an offer; an offer somebody else has of it goes first."""
    i = find_at(step, data.interaction, data.version)
    if isinstance(i, Refused):
        return i
    agent = asker.agent
    assert agent is not None, "proven"
    if i.owner is not None or i.state is InteractionState.OFFERED:
        return Refused(Refusal.ALREADY_OWNED, interaction=i.id)
    if i.state is not InteractionState.QUEUED:
        return Refused(Refusal.WRONG_STATE, f"it is {i.state}", i.id)
    unsuited = unsuited_for(step, i, agent, requirement.plain_need(step, i))
    if unsuited is not None:
        return unsuited
    if i.hold_for is not None and i.hold_for != agent:
        return Refused(Refusal.NOT_ALLOWED, "it is held for another agent", i.id)
    return take(step, i, agent)


def take(step: Step, i: Interaction, agent: AgentId) -> Done | Refused:
    """Own it at once, if there is free room."""
    live = step.live
    if live.configuration.group(agent) is None:
        return Refused(Refusal.NOT_ALLOWED, "the asker is no agent", i.id)
    if takes(live.seat(agent), live.configuration.room(agent), requirement.plain_need(step, i)) != 0:
        return Refused(Refusal.OVER_CAPACITY, interaction=i.id)
    offers.give(step, i, agent, offers.unoffered(i))
    return Done(i.id)


def transfer(step: Step, asker: Asker, data: c.TransferInteraction) -> Done | Refused:
    """Hand over. Age, priority and history are kept (a queue may keep the history only); to an agent, the sender owns it until the other accepts."""
    i = find_own(step, asker, data.interaction, data.version, *_TALKS, InteractionState.WRAPPING)
    if isinstance(i, Refused):
        return i
    if i.transfer is not None or i.consult is not None:
        return Refused(Refusal.WRONG_STATE, "a transfer or consult is under way", i.id)
    if is_over(i):
        return Refused(Refusal.CUSTOMER_LEFT, interaction=i.id)
    match data.target:
        case ToQueue(queue=queue):
            return _to_queue(step, i, data, queue)
        case ToAgent():
            if i.state is InteractionState.WRAPPING:
                return Refused(Refusal.WRONG_STATE, "it is wrapping", i.id)
            return _to_agent(step, i, data, data.target)
        case ToOutside(address=number):
            return _to_outside(step, i, data, number)


def _to_queue(step: Step, i: Interaction, data: c.TransferInteraction, id: str) -> Done | Refused:
    queue = step.live.configuration.queue(QueueId(id))
    if queue is None:
        return Refused(Refusal.UNKNOWN_QUEUE, interaction=i.id)
    assert i.owner is not None, "owned"
    moved = d.InteractionTransferred(interaction=i.id, version=i.version + 1, by=i.owner, target=data.target, note=data.note)
    step.tell(moved, i, f"queue:{queue.id}")
    i = offers.disown(step, step.now(i.id), QueuedBecause.TRANSFERRED)
    is_as_new = not queue.keeps_age_of_transfers
    requirement.move(step, i, queue, "transfer", is_as_new=is_as_new)
    offers.queue(step, step.now(i.id), QueuedBecause.TRANSFERRED, enqueued_at=step.at if is_as_new else None)
    if has_media(i):
        conversation = conversation_of(i)
        step.send(ReleaseCall(conversation=conversation, interaction=i.id, party="agent"), i)
        step.send(QueueCall(conversation=conversation, interaction=i.id, queue=queue.id), i)
    limits.check_back(step, step.now(i.id))
    return Done(i.id)


def _to_outside(step: Step, i: Interaction, data: c.TransferInteraction, number: str) -> Done | Refused:
    """Blind: the caller is sent there and the owner has it until media.ended, so a number that cannot be reached costs nobody his call."""
    if not has_media(i):
        return Refused(Refusal.NOT_OFFERED_HERE, "only a call is sent outside", i.id)
    assert i.owner is not None, "owned"
    moved = d.InteractionTransferred(interaction=i.id, version=i.version + 1, by=i.owner, target=data.target, note=data.note)
    step.tell(moved, i)
    step.send(TransferCall(conversation=conversation_of(i), interaction=i.id, address=number), i)
    return Done(i.id)


def _to_agent(step: Step, i: Interaction, data: c.TransferInteraction, target: ToAgent) -> Done | Refused:
    live = step.live
    group = live.configuration.group(target.agent)
    if group is None or target.agent == i.owner:
        return Refused(Refusal.UNKNOWN_AGENT, interaction=i.id)
    if not live.is_reachable(target.agent):
        return Refused(Refusal.AGENT_AWAY, interaction=i.id)
    fits = cycle.fits_now(live, i, target.agent)
    if not fits and not target.will_wait:
        return Refused(Refusal.AGENT_FULL, interaction=i.id)
    assert i.owner is not None, "owned"
    asked = d.TransferAsked(interaction=i.id, version=i.version + 1, by=i.owner, target=target, note=data.note)
    step.tell(asked, i)
    if fits:
        offers.make(step, step.now(i.id), target.agent, Why(rule="transfer", considered=1, change_set=live.change_set), is_transfer=True)
    return Done(i.id)


def cancel_transfer(step: Step, asker: Asker, data: c.CancelTransfer) -> Done | Refused:
    """Take a pending transfer back."""
    i = find_own(step, asker, data.interaction, data.version, *_TALKS)
    if isinstance(i, Refused):
        return i
    if i.transfer is None:
        return Refused(Refusal.WRONG_STATE, "no transfer is pending", i.id)
    offers.end_transfer(step, i, "cancelled")
    return Done(i.id)
