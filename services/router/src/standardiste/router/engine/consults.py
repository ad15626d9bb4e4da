"""
Somebody is asked in: the second joins, the first stays owner. Joined, left, ended; hand-over and conference are commands (commands/consult.py).

On live voice the customer is held while the two speak: from the join on, or, when a number outside is called, from the call on. In a conference he hears both. On
every other channel the second agent reads along and writes notes. However it ends, the owner is back with the customer alone.
"""

from __future__ import annotations

from standardiste.common.events import decisions as d
from standardiste.common.events.model import AgentId, InteractionState, OfferId, ToOutside, Withdrawal
from standardiste.common.events.outbound import ConsultCall, HoldCall, ReleaseCall, ResumeCall
from standardiste.router.engine import agents
from standardiste.router.engine.state import Interaction, Offer
from standardiste.router.engine.step import Step, conversation_of, has_media, view_of


def join(step: Step, i: Interaction, offer: Offer) -> None:
    """The agent accepted."""
    _hold(step, i)
    joined(step, step.now(i.id), offer.id, offer.agent)
    if has_media(i):
        call = ConsultCall(conversation=conversation_of(i), interaction=i.id, agent=offer.agent, offer=offer.id)
        step.send(call, step.now(i.id))


def call_outside(step: Step, i: Interaction, offer: OfferId, target: ToOutside) -> None:
    """The number is passed on and not kept."""
    _hold(step, i)
    call = ConsultCall(conversation=conversation_of(i), interaction=i.id, address=target.address, offer=offer)
    step.send(call, step.now(i.id))


def joined(step: Step, i: Interaction, offer: OfferId, agent: AgentId | None) -> None:
    """Whoever was asked in is there."""
    assert i.owner is not None, "the owner stays"
    step.tell(
        d.ConsultJoined(
            interaction=i.id,
            version=i.version + 1,
            owner=i.owner,
            offer=offer,
            agent=agent,
            view=view_of(i) if agent is not None else None,
        ),
        i,
        *((f"agent:{agent}",) if agent is not None else ()),
    )


def end(step: Step, i: Interaction, because: str, *, resumes: bool = False) -> Interaction:
    """Over, however far it was; the guest's leg is hung up. With `resumes` the owner is back with the customer at once."""
    consult = i.consult
    if consult is None:
        return i
    assert i.owner is not None, "the owner stays"
    for offer in i.offers:
        if offer.is_consult:
            withdrawn = d.OfferWithdrawn(offer=offer.id, interaction=i.id, agent=offer.agent, because=Withdrawal.SUPERSEDED)
            step.tell(withdrawn, i, f"agent:{offer.agent}")
    owner, i = i.owner, step.now(i.id)
    ended = d.ConsultEnded(interaction=i.id, version=i.version + 1, owner=owner, agent=consult.agent, because=because)
    step.tell(ended, i)
    was_called = consult.is_joined or i.is_called_outside
    if was_called and has_media(i):
        step.send(ReleaseCall(conversation=conversation_of(i), interaction=i.id, party="guest"), step.now(i.id))
    if was_called and resumes:
        resume(step, step.now(i.id))
    if consult.is_joined and consult.agent is not None:
        agents.work_ended(step, consult.agent)
    return step.now(i.id)


def resume(step: Step, i: Interaction) -> None:
    """The customer is no longer held for it."""
    if has_media(i) and i.state is InteractionState.HELD and not i.is_interrupted and i.owner is not None:
        step.tell(d.InteractionResumed(interaction=i.id, version=i.version + 1, owner=i.owner), i)
        step.send(ResumeCall(conversation=conversation_of(i), interaction=i.id), step.now(i.id))


def unhold(step: Step, i: Interaction) -> None:
    """The customer hears his new agent: the turn of the interaction's life was the hand-over itself."""
    step.send(ResumeCall(conversation=conversation_of(i), interaction=i.id), i)


def _hold(step: Step, i: Interaction) -> None:
    if has_media(i) and i.state is InteractionState.ACTIVE and i.owner is not None:
        step.tell(d.InteractionHeld(interaction=i.id, version=i.version + 1, owner=i.owner), i)
        step.send(HoldCall(conversation=conversation_of(i), interaction=i.id), step.now(i.id))


def leave_all(step: Step, agent: AgentId, because: str) -> None:
    """An agent who is gone leaves whatever he was asked into."""
    for work in sorted(step.live.works_of(agent), key=lambda work: work.id):
        if work.guest == agent:
            end(step, step.now(work.id), because, resumes=True)
