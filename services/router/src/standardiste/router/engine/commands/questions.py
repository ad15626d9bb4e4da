"""Questions: why is it waiting, why is this agent idle, is anything broken; and the repair the doctor showed."""

from __future__ import annotations

from standardiste.common.events import commands as c
from standardiste.common.events import decisions as d
from standardiste.common.events.model import CommandId, InteractionState, QueuedBecause, Withdrawal
from standardiste.common.events.refusals import Refusal
from standardiste.router.engine import invariants, offers, why
from standardiste.router.engine.commands.answers import Asker, Done, Refused, find, find_at
from standardiste.router.engine.step import Step


def _id(step: Step) -> CommandId:
    return CommandId(step.cause.id if step.cause else "")


def explain_interaction(step: Step, asker: Asker, data: c.ExplainInteraction) -> Done | Refused:
    """Why it is still waiting, or why this agent has it."""
    i = find(step, data.interaction)
    if isinstance(i, Refused):
        return i
    record, summary = why.of_interaction(step.live, i, step.at)
    explained = d.InteractionExplained(command=_id(step), interaction=i.id, state=i.state, why=record, summary=summary)
    step.emit(explained, i.id, asker.to, i.facts.traceparent)
    return Done(i.id)


def explain_agent(step: Step, asker: Asker, data: c.ExplainAgent) -> Done | Refused:
    """Why an agent is idle."""
    agent = step.live.agents.get(data.agent)
    if agent is None:
        return Refused(Refusal.UNKNOWN_AGENT)
    record, summary = why.of_agent(step.live, agent, step.at)
    explained = d.AgentExplained(command=_id(step), agent=agent.id, view=agent.view, why=record, summary=summary)
    step.emit(explained, agent.id, asker.to)
    return Done()


def ask_doctor(step: Step, asker: Asker, data: c.AskDoctor) -> Done | Refused:
    """Whatever breaks a law, with its cause and a repair that keeps the age. Shows before it acts."""
    if not asker.supervises:
        return Refused(Refusal.NOT_ALLOWED)
    findings = tuple(
        d.Finding(interaction=fault.interaction, agent=fault.agent, law=fault.law, cause=fault.what, repair=fault.repair)
        for fault in invariants.faults(step.live, step.at)
    )
    step.emit(d.DoctorReported(command=_id(step), findings=findings[:100]), asker.name, asker.to)
    return Done()


def repair(step: Step, asker: Asker, data: c.RepairInteraction) -> Done | Refused:
    """Put it back into its queue, at its age."""
    if not asker.supervises:
        return Refused(Refusal.NOT_ALLOWED)
    i = find_at(step, data.interaction, data.version)
    if isinstance(i, Refused):
        return i
    if not any(fault.interaction == i.id for fault in invariants.faults(step.live, step.at)):
        return Refused(Refusal.WRONG_STATE, "nothing is wrong with it", i.id)
    if i.owner is not None:
        offers.requeue(step, i, QueuedBecause.REQUEUED)
    elif i.state in (InteractionState.QUEUED, InteractionState.OFFERED, InteractionState.IDENTIFYING):
        offers.queue(step, offers.drop_offers(step, i, Withdrawal.SUPERVISOR), QueuedBecause.REQUEUED)
    return Done(i.id)
