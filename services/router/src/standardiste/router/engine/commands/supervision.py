"""Commands of supervisors and the API: assign, requeue, prioritise, close."""

from __future__ import annotations

from standardiste.common.events import commands as c
from standardiste.common.events import decisions as d
from standardiste.common.events.model import CloseReason, InteractionState, QueuedBecause, Why, Withdrawal
from standardiste.common.events.outbound import QueueCall, ReleaseCall
from standardiste.common.events.refusals import Refusal
from standardiste.router.engine import limits, offers, requirement
from standardiste.router.engine.commands.answers import Asker, Done, Refused, find_at, unsuited_for
from standardiste.router.engine.seats import takes
from standardiste.router.engine.state import OWNED_STATES, WAITING_STATES
from standardiste.router.engine.step import Step, conversation_of, has_media, is_over, is_unanswered


def assign(step: Step, asker: Asker, data: c.AssignInteraction) -> Done | Refused:
    """Give a waiting interaction to an agent: an offer, within the filters; or at once, which may exceed capacity and is marked."""
    if not asker.supervises:
        return Refused(Refusal.NOT_ALLOWED)
    i = find_at(step, data.interaction, data.version)
    if isinstance(i, Refused):
        return i
    live = step.live
    if i.owner is not None:
        return Refused(Refusal.ALREADY_OWNED, interaction=i.id)
    if i.state not in WAITING_STATES:
        return Refused(Refusal.WRONG_STATE, f"it is {i.state}", i.id)
    group = live.configuration.group(data.agent)
    agent = live.agents.get(data.agent)
    if group is None:
        return Refused(Refusal.UNKNOWN_AGENT, interaction=i.id)
    if agent is None or agent.session is None or (not data.is_forced and not live.is_reachable(data.agent)):
        return Refused(Refusal.AGENT_AWAY, interaction=i.id)
    if data.is_forced:
        i = offers.drop_offers(step, i, Withdrawal.SUPERVISOR)
        offers.give(step, i, data.agent, offers.unoffered(i), is_forced=True)
        return Done(i.id)
    need = requirement.plain_need(step, i)
    unsuited = unsuited_for(step, i, data.agent, need)
    if unsuited is not None:
        return unsuited
    if takes(live.seat(data.agent), group.room, need) != 0 or agent.rest_until is not None:
        return Refused(Refusal.AGENT_FULL, interaction=i.id)
    i = offers.drop_offers(step, i, Withdrawal.SUPERVISOR)
    if i.state is InteractionState.OFFERED:
        offers.queue(step, i, QueuedBecause.WITHDRAWN, prefer=False)
    offers.make(step, step.now(i.id), data.agent, Why(rule="assigned", considered=1, change_set=live.change_set))
    return Done(i.id)


def requeue(step: Step, asker: Asker, data: c.RequeueInteraction) -> Done | Refused:
    """Back to its queue, or to another, at its age: by the owner or a supervisor."""
    i = find_at(step, data.interaction, data.version)
    if isinstance(i, Refused):
        return i
    is_owner = i.owner is not None and i.owner == asker.agent
    if not is_owner and not asker.supervises:
        return Refused(Refusal.NOT_OWNER, interaction=i.id)
    queue = step.live.configuration.queue(data.queue) if data.queue else step.live.queue_of(i)
    if queue is None:
        return Refused(Refusal.UNKNOWN_QUEUE, interaction=i.id)
    if i.state in OWNED_STATES and is_over(i):
        return Refused(Refusal.CUSTOMER_LEFT, interaction=i.id)
    if is_unanswered(i):
        return Refused(Refusal.WRONG_STATE, "its customer's phone rings", i.id)
    is_owned = i.owner is not None
    if is_owned:
        i = offers.disown(step, i, QueuedBecause.REQUEUED)
    elif i.state in WAITING_STATES:
        i = offers.drop_offers(step, i, Withdrawal.SUPERVISOR)
    else:
        return Refused(Refusal.WRONG_STATE, f"it is {i.state}", i.id)
    if queue.id != i.requirement.queue:
        requirement.move(step, i, queue, "requeued")
    offers.queue(step, step.now(i.id), QueuedBecause.REQUEUED, prefer=False)
    if is_owned and has_media(i):
        step.send(ReleaseCall(conversation=conversation_of(i), interaction=i.id, party="agent"), i)
        step.send(QueueCall(conversation=conversation_of(i), interaction=i.id, queue=queue.id), i)
    limits.check_back(step, step.now(i.id))
    return Done(i.id)


def prioritise(step: Step, asker: Asker, data: c.PrioritiseInteraction) -> Done | Refused:
    """Change the priority of what waits."""
    if not asker.supervises:
        return Refused(Refusal.NOT_ALLOWED)
    i = find_at(step, data.interaction, data.version)
    if isinstance(i, Refused):
        return i
    if i.state not in (*WAITING_STATES, InteractionState.IDENTIFYING):
        return Refused(Refusal.WRONG_STATE, f"it is {i.state}", i.id)
    step.tell(d.InteractionPrioritised(interaction=i.id, version=i.version, priority=data.priority), i)
    return Done(i.id)


def close(step: Step, asker: Asker, data: c.CloseInteraction) -> Done | Refused:
    """Close it, with a reason for the record."""
    if not asker.supervises:
        return Refused(Refusal.NOT_ALLOWED)
    i = find_at(step, data.interaction, data.version)
    if isinstance(i, Refused):
        return i
    is_called_back = i.callback is not None and i.state is InteractionState.CONNECTING
    if (has_media(i) and not i.has_left) or is_called_back:
        step.send(ReleaseCall(conversation=conversation_of(i), interaction=i.id), i)
    reason = CloseReason.CLOSED_BY_API if asker.is_api else CloseReason.CLOSED_BY_SUPERVISOR
    offers.close(step, i, reason, data.reason, Withdrawal.SUPERVISOR)
    return Done(i.id, version=i.version + 1)
