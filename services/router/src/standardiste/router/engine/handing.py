"""
An owner goes and whoever was asked in has the customer: handed over, left by the owner of a conference, or the owner's leg ended or his desk was lost in one.

A conference keeps both with the customer, so one who goes takes nobody along. In a consult the customer is on hold, and nobody but the owner speaks for him.
"""

from __future__ import annotations

from standardiste.common.events import decisions as d
from standardiste.common.events.model import InteractionState, ToAgent, ToOutside
from standardiste.common.events.outbound import ReleaseCall
from standardiste.router.engine import agents, consults, offers
from standardiste.router.engine.state import Consult, Interaction
from standardiste.router.engine.step import Step, conversation_of, has_media


def conference_of(i: Interaction) -> Consult | None:
    """Who is in a conference with the owner and the customer."""
    return i.consult if i.consult is not None and i.consult.is_conference else None


def leave(step: Step, i: Interaction, consult: Consult) -> None:
    """The owner leaves the conference."""
    assert i.owner is not None, "owned"
    step.tell(d.ConferenceLeft(interaction=i.id, version=i.version + 1, agent=i.owner), i)
    hand_over(step, step.now(i.id), consult, "left")


def hand_over(step: Step, i: Interaction, consult: Consult, because: str) -> None:
    """The guest's leg stays up and the customer with it; only the former owner's goes."""
    former = i.owner
    assert former is not None, "owned"
    assert consult.offer is not None, "it joined by one"
    target = ToAgent(agent=consult.agent) if consult.agent is not None else ToOutside(address="")
    step.tell(d.InteractionTransferred(interaction=i.id, version=i.version + 1, by=former, target=target), i)
    i = step.now(i.id)
    ended = d.ConsultEnded(interaction=i.id, version=i.version + 1, owner=former, agent=consult.agent, because=because)
    step.tell(ended, i)
    i = step.now(i.id)
    if consult.agent is None:
        consults.resume(step, i)
        offers.wrap_up(step, step.now(i.id), None, party="agent")
        return
    taken = d.InteractionActivated(
        interaction=i.id, version=i.version + 1, conversation=i.conversation, owner=consult.agent, offer=consult.offer
    )
    step.tell(taken, i)
    if has_media(i):
        step.send(ReleaseCall(conversation=conversation_of(i), interaction=i.id, party="agent"), i)
        if i.state is InteractionState.HELD:
            consults.unhold(step, step.now(i.id))
    else:
        offers.announce(step, step.now(i.id), consult.agent)
    agents.work_ended(step, former)
