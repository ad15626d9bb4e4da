"""Commands about calls: digits, recording, supervision, callbacks."""

from __future__ import annotations

from typing import Final

from standardiste.common.events import commands as c
from standardiste.common.events import decisions as d
from standardiste.common.events.model import Channel, CloseReason, InteractionState, QueuedBecause, Withdrawal
from standardiste.common.events.outbound import RecordCall, ReleaseCall, SendDigits, SuperviseCall
from standardiste.common.events.refusals import Refusal
from standardiste.router.engine import consults, offers, requirement, supervising
from standardiste.router.engine.commands.answers import Asker, Done, Refused, find, find_at, find_own
from standardiste.router.engine.state import OWNED_STATES, WAITING_STATES, Interaction
from standardiste.router.engine.step import Step, conversation_of, has_media

DIGITS_MAX: Final = 64
DIGITS: Final = frozenset("0123456789*#ABCDw")
"""What a keypad sends; `w` waits half a second."""
_TALKS: Final = (InteractionState.ACTIVE, InteractionState.HELD)
_CALLS: Final = (Channel.VOICE, Channel.CALLBACK)


def dial_digits(step: Step, asker: Asker, data: c.DialDigits) -> Done | Refused:
    """Send digits into the call."""
    i = _own_call(step, asker, data)
    if isinstance(i, Refused):
        return i
    if not 0 < len(data.digits) <= DIGITS_MAX or not DIGITS.issuperset(data.digits):
        return Refused(Refusal.MALFORMED, f"1 to {DIGITS_MAX} of {''.join(sorted(DIGITS))}", i.id)
    step.send(SendDigits(conversation=conversation_of(i), interaction=i.id, digits=data.digits), i)
    return Done(i.id)


def record(step: Step, asker: Asker, data: c.PauseRecording | c.ResumeRecording) -> Done | Refused:
    """Stop recording while the customer says what may not be kept; or go on."""
    i = _own_call(step, asker, data)
    if isinstance(i, Refused):
        return i
    is_recording = isinstance(data, c.ResumeRecording)
    step.tell(d.RecordingChanged(interaction=i.id, version=i.version, is_recording=is_recording), i)
    step.send(RecordCall(conversation=conversation_of(i), interaction=i.id, is_recording=is_recording), i)
    return Done(i.id)


def _own_call(step: Step, asker: Asker, data: c.DialDigits | c.PauseRecording | c.ResumeRecording) -> Interaction | Refused:
    i = find(step, data.interaction)
    if isinstance(i, Refused):
        return i
    i = find_own(step, asker, i.id, i.version, *_TALKS)
    if isinstance(i, Refused) or has_media(i):
        return i
    return Refused(Refusal.NOT_OFFERED_HERE, "it is no call", i.id)


def supervise(step: Step, asker: Asker, data: c.StartSupervision) -> Done | Refused:
    """Listen, coach or step in; asked again with another mode it changes."""
    i = _supervised(step, asker, data)
    if isinstance(i, Refused):
        return i
    if i.owner is None or i.state not in _TALKS or asker.agent == i.owner:
        return Refused(Refusal.WRONG_STATE, f"it is {i.state}", i.id)
    _tell(step, i, asker, data.mode)
    return Done(i.id)


def end_supervision(step: Step, asker: Asker, data: c.EndSupervision) -> Done | Refused:
    """Leave it."""
    i = _supervised(step, asker, data)
    if isinstance(i, Refused):
        return i
    if asker.agent is None or asker.agent not in i.supervisors:
        return Refused(Refusal.WRONG_STATE, "not supervised by the asker", i.id)
    supervising.end(step, i, asker.agent)
    return Done(i.id)


def _supervised(step: Step, asker: Asker, data: c.StartSupervision | c.EndSupervision) -> Interaction | Refused:
    if asker.agent is None or not asker.supervises:
        return Refused(Refusal.NOT_ALLOWED)
    return find(step, data.interaction)


def _tell(step: Step, i: Interaction, asker: Asker, mode: c.SupervisionMode) -> None:
    assert asker.agent is not None, "a person"
    supervised = d.InteractionSupervised(interaction=i.id, version=i.version, supervisor=asker.agent, mode=mode)
    step.tell(supervised, i, f"agent:{asker.agent}")
    if has_media(i):
        step.send(SuperviseCall(conversation=conversation_of(i), interaction=i.id, agent=asker.agent, mode=mode), i)


def schedule_callback(step: Step, asker: Asker, data: c.ScheduleCallback) -> Done | Refused:
    """The owner's call goes on later, from the same queue; it is as old as its date. `is_for_me`: he is tried first."""
    i = find(step, data.interaction)
    if isinstance(i, Refused):
        return i
    i = find_own(step, asker, i.id, i.version, *_TALKS, InteractionState.WRAPPING)
    if isinstance(i, Refused):
        return i
    if i.facts.channel not in _CALLS:
        return Refused(Refusal.NOT_OFFERED_HERE, "it is no call", i.id)
    if data.not_before <= step.at:
        return Refused(Refusal.WRONG_STATE, "the date is past", i.id)
    i = offers.end_transfer(step, consults.end(step, i, "callback"), "callback")
    if has_media(i) and not i.has_left:
        step.send(ReleaseCall(conversation=conversation_of(i), interaction=i.id), i)
    agent = asker.agent if data.is_for_me else None
    i = offers.disown(step, i, QueuedBecause.CALLBACK)
    scheduled = d.CallbackScheduled(interaction=i.id, version=i.version + 1, not_before=data.not_before, agent=agent)
    step.tell(scheduled, i, *((f"agent:{asker.agent}",) if asker.agent else ()))
    requirement.restart(step, step.now(i.id), data.not_before, prefer=agent)
    offers.queue(step, step.now(i.id), QueuedBecause.CALLBACK, prefer=False, enqueued_at=data.not_before)
    return Done(i.id)


def cancel_callback(step: Step, asker: Asker, data: c.CancelCallback) -> Done | Refused:
    """No longer wanted: by who scheduled it, or a supervisor."""
    i = find_at(step, data.interaction, data.version)
    if isinstance(i, Refused):
        return i
    if not asker.supervises and (asker.agent is None or asker.agent not in (i.owner, i.last_owner)):
        return Refused(Refusal.NOT_ALLOWED, interaction=i.id)
    if i.callback is None or i.state not in (*WAITING_STATES, *OWNED_STATES):
        return Refused(Refusal.WRONG_STATE, "there is no callback", i.id)
    if i.owner is not None:
        step.send(ReleaseCall(conversation=conversation_of(i), interaction=i.id), i)
    reason = CloseReason.CLOSED_BY_API if asker.is_api else CloseReason.CLOSED_BY_SUPERVISOR if asker.supervises else CloseReason.HANDLED
    offers.close(step, i, reason, "callback_cancelled", Withdrawal.SUPERVISOR)
    return Done(i.id, version=i.version + 1)
