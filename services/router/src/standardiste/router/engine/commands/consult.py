"""Commands about asking somebody in: start, cancel, complete (hand over), conference, leave. What they change of calls is in ../consults.py."""

from __future__ import annotations

from standardiste.common.events import commands as c
from standardiste.common.events import decisions as d
from standardiste.common.events.model import AgentId, InteractionState, OfferId, QueueId, ToAgent, ToOutside, ToQueue, Why
from standardiste.common.events.outbound import ConferenceCall
from standardiste.common.events.refusals import Refusal
from standardiste.router.engine import consults, cycle, handing, invited, offers
from standardiste.router.engine.commands.answers import Asker, Done, Refused, find, find_own
from standardiste.router.engine.state import Consult, Interaction
from standardiste.router.engine.step import Step, conversation_of, has_media

_TALKS = (InteractionState.ACTIVE, InteractionState.HELD)


def start(step: Step, asker: Asker, data: c.StartConsult) -> Done | Refused:
    """Ask a second agent in by an offer, one of a queue, or call a number outside; the owner stays owner."""
    i = find_own(step, asker, data.interaction, data.version, *_TALKS)
    if isinstance(i, Refused):
        return i
    if i.consult is not None or i.transfer is not None or i.is_interrupted:
        return Refused(Refusal.WRONG_STATE, "a consult or transfer is under way, or it is interrupted", i.id)
    match data.target:
        case ToAgent(agent=agent):
            return _agent(step, i, data.target, agent)
        case ToQueue(queue=queue):
            return _queue(step, i, data.target, queue)
        case ToOutside() if has_media(i):
            return _outside(step, i, data.target)
        case ToOutside():
            return Refused(Refusal.NOT_OFFERED_HERE, "a number is asked into a call only", i.id)


def _agent(step: Step, i: Interaction, target: ToAgent, agent: AgentId) -> Done | Refused:
    live = step.live
    if live.configuration.group(agent) is None or agent == i.owner:
        return Refused(Refusal.UNKNOWN_AGENT, interaction=i.id)
    if not live.is_reachable(agent):
        return Refused(Refusal.AGENT_AWAY, interaction=i.id)
    if not cycle.fits_now(live, i, agent):
        return Refused(Refusal.AGENT_FULL, interaction=i.id)
    assert i.owner is not None, "owned"
    step.tell(d.InteractionConsulting(interaction=i.id, version=i.version + 1, owner=i.owner, target=target), i)
    why = Why(rule="consult", considered=1, change_set=live.change_set)
    offers.make(step, step.now(i.id), agent, why, is_consult=True)
    return Done(i.id)


def _queue(step: Step, i: Interaction, target: ToQueue, id: QueueId) -> Done | Refused:
    """Whoever the queue's own rules name; who passes is followed by the next, until nobody untried is free."""
    live = step.live
    queue = live.configuration.queue(id)
    if queue is None:
        return Refused(Refusal.UNKNOWN_QUEUE, interaction=i.id)
    if queue.is_pull_only:
        return Refused(Refusal.NOT_OFFERED_HERE, f"queue {id} hands nothing out", i.id)
    assert i.owner is not None, "owned"
    found = invited.find(live, i, queue, (i.owner,)) if live.is_open(queue, step.at) else None
    if found is None:
        return Refused(*invited.why_nobody(live, i, queue, step.at), i.id)
    step.tell(d.InteractionConsulting(interaction=i.id, version=i.version + 1, owner=i.owner, target=target), i)
    offers.make(step, step.now(i.id), found[0], found[1], is_consult=True)
    return Done(i.id)


def _outside(step: Step, i: Interaction, target: ToOutside) -> Done:
    assert i.owner is not None, "owned"
    offer = OfferId(f"{i.id}-c{i.version + 1}")
    asked = d.InteractionConsulting(interaction=i.id, version=i.version + 1, owner=i.owner, target=target, offer=offer)
    step.tell(asked, i)
    consults.call_outside(step, step.now(i.id), offer, target)
    return Done(i.id)


def cancel(step: Step, asker: Asker, data: c.CancelConsult) -> Done | Refused:
    """Back to the customer alone."""
    found = _own(step, asker, data)
    if isinstance(found, Refused):
        return found
    consults.end(step, found[0], "cancelled", resumes=True)
    return Done(data.interaction)


def complete(step: Step, asker: Asker, data: c.CompleteConsult) -> Done | Refused:
    """Hand over to whoever is there; a number outside keeps the customer, and the owner wraps up."""
    found = _own(step, asker, data)
    if isinstance(found, Refused):
        return found
    i, consult = found
    if not consult.is_joined:
        return Refused(Refusal.WRONG_STATE, "nobody has joined yet", i.id)
    handing.hand_over(step, i, consult, "completed")
    return Done(i.id)


def confer(step: Step, asker: Asker, data: c.StartConference) -> Done | Refused:
    """Customer, owner and guest together."""
    found = _own(step, asker, data)
    if isinstance(found, Refused):
        return found
    i, consult = found
    if not consult.is_joined or consult.is_conference:
        return Refused(Refusal.WRONG_STATE, "nobody has joined yet, or it is one already", i.id)
    assert i.owner is not None, "owned"
    members = (i.owner, *((consult.agent,) if consult.agent is not None else ()))
    step.tell(d.ConferenceStarted(interaction=i.id, version=i.version + 1, members=members), i)
    if has_media(i):
        step.send(ConferenceCall(conversation=conversation_of(i), interaction=i.id), i)
        consults.resume(step, step.now(i.id))
    return Done(i.id)


def leave(step: Step, asker: Asker, data: c.LeaveConference) -> Done | Refused:
    """Who was asked in may leave at any time; the owner leaves a conference, and the other owns it."""
    i = find(step, data.interaction)
    if isinstance(i, Refused):
        return i
    if asker.agent is None or asker.agent not in (i.owner, i.guest):
        return Refused(Refusal.NOT_OWNER, interaction=i.id)
    if i.version != data.version:
        return Refused(Refusal.STALE_VERSION, interaction=i.id)
    consult = i.consult
    if consult is None or (asker.agent == i.owner and not consult.is_conference):
        return Refused(Refusal.WRONG_STATE, "there is no conference", i.id)
    if asker.agent == i.owner:
        handing.leave(step, i, consult)
        return Done(i.id)
    step.tell(d.ConferenceLeft(interaction=i.id, version=i.version + 1, agent=asker.agent), i)
    consults.end(step, step.now(i.id), "left", resumes=True)
    return Done(i.id)


def _own(step: Step, asker: Asker, data: c.CancelConsult | c.CompleteConsult | c.StartConference) -> tuple[Interaction, Consult] | Refused:
    i = find_own(step, asker, data.interaction, data.version, *_TALKS)
    if isinstance(i, Refused):
        return i
    return Refused(Refusal.WRONG_STATE, "nobody is asked in", i.id) if i.consult is None else (i, i.consult)
