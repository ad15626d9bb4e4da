"""Who listens to, coaches or steps into an interaction stops: asked to, gone himself, or because nobody has it any more."""

from __future__ import annotations

from standardiste.common.events import decisions as d
from standardiste.common.events.model import AgentId
from standardiste.common.events.outbound import SuperviseCall
from standardiste.router.engine.state import Interaction
from standardiste.router.engine.step import Step, conversation_of, has_media


def end(step: Step, i: Interaction, supervisor: AgentId) -> Interaction:
    """One of them stops."""
    ended = d.InteractionSupervised(interaction=i.id, version=i.version, supervisor=supervisor, mode="end")
    step.tell(ended, i, f"agent:{supervisor}")
    if has_media(i):
        step.send(SuperviseCall(conversation=conversation_of(i), interaction=i.id, agent=supervisor, mode="end"), i)
    return step.now(i.id)


def end_all(step: Step, i: Interaction) -> Interaction:
    """Nobody talks to the customer any more: there is nothing to listen to, and whoever has it next is supervised when somebody asks to."""
    for supervisor in sorted(i.supervisors):
        i = end(step, i, supervisor)
    return i
