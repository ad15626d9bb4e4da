"""
Commands: what people and the API ask, one function each, in tables. A function gives `Done` or a `Refused` with a named reason, and changes nothing
when it refuses; or `Later`, when the answer waits for somebody else's word.

Who asks is proven before: an agent must ask through its newest session; an API key may do what a supervisor may. A command id that was answered within
15 minutes gets the same answer again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from standardiste.common.events import commands as c
from standardiste.common.events import decisions as d
from standardiste.common.events.base import Event, class_of, spec_of
from standardiste.common.events.commands import Actor
from standardiste.common.events.model import CommandId
from standardiste.common.events.refusals import Refusal
from standardiste.router.engine.commands import calls, consult, desk, messages, opening, questions, supervision, work
from standardiste.router.engine.commands.answers import Asker, Done, Later, Refused, answer, proven
from standardiste.router.engine.state import Answer
from standardiste.router.engine.step import Step

Handler = Callable[[Step, Asker, Any], Done | Refused | Later]

HANDLERS: Final[dict[type, Handler]] = {
    c.AcceptOffer: desk.accept,
    c.DeclineOffer: desk.decline,
    c.SetStatus: desk.set_status,
    c.AskRest: desk.ask_rest,
    c.AskSnapshot: desk.ask_snapshot,
    c.SendMessage: messages.send,
    c.RedactMessage: messages.redact,
    c.ShowTyping: messages.show_typing,
    c.ShowReading: messages.show_reading,
    c.OpenInteraction: opening.ask,
    c.HoldInteraction: work.hold,
    c.ResumeInteraction: work.resume,
    c.CompleteInteraction: work.complete,
    c.EndWrapUp: work.end_wrap_up,
    c.ExtendWrapUp: work.extend_wrap_up,
    c.SetDisposition: work.set_disposition,
    c.ParkInteraction: work.park,
    c.UnparkInteraction: work.unpark,
    c.PullInteraction: work.pull,
    c.TransferInteraction: work.transfer,
    c.CancelTransfer: work.cancel_transfer,
    c.StartConsult: consult.start,
    c.CancelConsult: consult.cancel,
    c.CompleteConsult: consult.complete,
    c.StartConference: consult.confer,
    c.LeaveConference: consult.leave,
    c.ScheduleCallback: calls.schedule_callback,
    c.CancelCallback: calls.cancel_callback,
    c.DialDigits: calls.dial_digits,
    c.PauseRecording: calls.record,
    c.ResumeRecording: calls.record,
    c.StartSupervision: calls.supervise,
    c.EndSupervision: calls.end_supervision,
    c.AssignInteraction: supervision.assign,
    c.RequeueInteraction: supervision.requeue,
    c.PrioritiseInteraction: supervision.prioritise,
    c.CloseInteraction: supervision.close,
    c.ExplainInteraction: questions.explain_interaction,
    c.ExplainAgent: questions.explain_agent,
    c.AskDoctor: questions.ask_doctor,
    c.RepairInteraction: questions.repair,
}

FOR_API: Final = frozenset(
    {
        c.OpenInteraction,
        c.AssignInteraction,
        c.CancelCallback,
        c.RequeueInteraction,
        c.PrioritiseInteraction,
        c.CloseInteraction,
        c.ExplainInteraction,
        c.ExplainAgent,
        c.AskDoctor,
        c.RepairInteraction,
        c.SetStatus,
        c.RedactMessage,
    }
)


def handle(step: Step, event: Event) -> None:
    """Carry a command out, or refuse it; answer either way."""
    cls = class_of(event.data)
    asker = Asker.of_actor(event.data.actor)
    known = step.live.memory.answer_to(asker.name, event.id, step.at)
    if known is not None:
        _repeat(step, asker, known, event.traceparent)
        return
    if event.id in step.live.openings:
        return  # asked again while it is being examined: the answer is on its way
    outcome = proven(step, asker, is_for_api=cls in FOR_API)
    if outcome is None:
        handler = HANDLERS.get(cls)
        outcome = Refused(Refusal.UNKNOWN_TYPE) if handler is None else handler(step, asker, event.data)
    if not isinstance(outcome, Later):
        answer(step, asker, CommandId(event.id), spec_of(cls).name, outcome, event.traceparent)


def refuse(step: Step, actor: Actor, id: CommandId, type: str, reason: Refusal, traceparent: str | None) -> None:
    """Answer a command that is not to be handled: as it was answered before, where it was. One that is being examined gets its answer from that."""
    asker = Asker.of_actor(actor)
    known = step.live.memory.answer_to(asker.name, id, step.at)
    if known is not None:
        _repeat(step, asker, known, traceparent)
    elif id not in step.live.openings:
        answer(step, asker, id, type, Refused(reason), traceparent)


def _repeat(step: Step, asker: Asker, known: Answer, traceparent: str | None) -> None:
    if known.refusal is None:
        data: d.CommandDone | d.CommandRefused = d.CommandDone(
            command=known.command,
            command_type=known.command_type,
            interaction=known.interaction,
            version=known.version,
            message=known.message,
        )
    else:
        data = d.CommandRefused(
            command=known.command,
            command_type=known.command_type,
            reason=known.refusal,
            detail=known.detail,
            interaction=known.interaction,
            version=known.version,
        )
    step.emit(data, asker.name, asker.to, traceparent)
