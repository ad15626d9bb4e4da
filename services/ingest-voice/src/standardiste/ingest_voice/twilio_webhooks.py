"""
What Twilio's requests about a call mean: which leg asks or reports what, and what of it happened to the call. Pure.

Theory. Two kinds of request. A leg *asks* what it shall do now (`next` the customer's, `agent` the agent's, `wait` while in the queue) and says how its last verb
ended; a *report* (`leg`, `status`) says how a leg fares. The same end is told by several of them, in any order; the call's state takes the first and passes
over the rest. In a bridge both legs end together whoever hung up, so the end of the leg that was dialled says nothing: the leg that dialled lives on and asks,
or reports its own end. A request made because the API took the leg away (QueueResult redirected) means nothing: its answer is not run.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from standardiste.common.twilio.webhook import Form
from standardiste.ingest_voice.model import (
    AgentAnswered,
    AgentEnded,
    Call,
    CallState,
    CustomerAnswered,
    CustomerEnded,
    GuestAnswered,
    GuestEnded,
    Happening,
    LeftAloneLong,
    MessageRecorded,
    NothingSaid,
    Outcome,
    Party,
)
from standardiste.ingest_voice.twilio_calls import OUTCOMES


class Step(StrEnum):
    """The last part of the webhook's path."""

    WAIT = "wait"
    NEXT = "next"
    AGENT = "agent"
    GUEST = "guest"
    VOICEMAIL = "voicemail"
    LEG = "leg"
    STATUS = "status"


UP: Final = "in-progress"
RECORDING: Final = re.compile(r"RE[0-9a-f]{32}")
TAKEN_AWAY: Final = frozenset({"redirected", "redirected-from-bridged"})
NO_QUEUE: Final = frozenset({"queue-full", "error", "system-error"})


def happenings_of(step: Step, call: Call, form: Form, party: Party, attempt: int) -> tuple[Happening, ...]:
    """What happened, oldest first. `party` and `attempt` are those of the callback's token."""
    if form["CallSid"] in call.former:
        return ()
    match step:
        case Step.NEXT:
            return _customer_asks(call, form, attempt)
        case Step.AGENT:
            return _agent_asks(call, form, attempt)
        case Step.GUEST:
            return _guest_asks(call, form, attempt)
        case Step.VOICEMAIL:
            return _message_left(form)
        case Step.LEG:
            return _reported(call, form, party, attempt)
        case Step.STATUS:
            return _reported(call, form, Party.CUSTOMER, attempt)
        case Step.WAIT:
            return ()


def _customer_asks(call: Call, form: Form, attempt: int) -> tuple[Happening, ...]:
    if form["CallStatus"] in OUTCOMES or form["QueueResult"] == "hangup":
        return (CustomerEnded(outcome=OUTCOMES.get(form["CallStatus"], Outcome.HUNG_UP)),)
    if form["QueueResult"] == "bridged" and call.state is CallState.BRIDGED:
        return (AgentEnded(attempt=call.attempt, outcome=Outcome.HUNG_UP, is_told=True),)
    if form["QueueResult"]:
        return ()
    if call.state is CallState.CALLING_BACK:
        return (CustomerAnswered(leg=form["CallSid"]),)
    if call.state is CallState.VOICEMAIL:
        return (NothingSaid(),)
    dialled = form["DialCallStatus"]
    if not dialled:
        return (LeftAloneLong(),)
    if call.state is CallState.OUTSIDE:
        return (CustomerEnded(outcome=Outcome.HUNG_UP),)
    if attempt != call.attempt or call.state not in (CallState.CONNECTING, CallState.BRIDGED):
        return ()
    ended = AgentEnded(attempt=attempt, outcome=OUTCOMES.get(dialled, Outcome.NO_ANSWER), is_told=True)
    if call.state is CallState.CONNECTING and dialled in ("completed", "answered"):
        return AgentAnswered(leg=form["DialCallSid"], attempt=attempt), ended
    return (ended,)


def _agent_asks(call: Call, form: Form, attempt: int) -> tuple[Happening, ...]:
    if form["CallStatus"] in OUTCOMES:
        return (AgentEnded(attempt=attempt, outcome=OUTCOMES[form["CallStatus"]]),)
    dialled = form["DialCallStatus"]
    if not dialled:
        return (AgentAnswered(leg=form["CallSid"], attempt=attempt),) if call.state is CallState.RINGING_AGENT else ()
    if call.state is CallState.RINGING_CUSTOMER:
        if dialled in ("completed", "answered"):
            return CustomerAnswered(leg=form["DialCallSid"]), CustomerEnded(outcome=Outcome.HUNG_UP)
        return (CustomerEnded(outcome=OUTCOMES.get(dialled, Outcome.NO_ANSWER)),)
    if call.state is CallState.BRIDGED and call.is_agent_parent and dialled in ("completed", "answered"):
        return (CustomerEnded(outcome=Outcome.HUNG_UP),)
    return ()


def _guest_asks(call: Call, form: Form, attempt: int) -> tuple[Happening, ...]:
    if form["CallStatus"] in OUTCOMES or form["CallSid"] == call.agent_leg:
        return ()
    return (GuestAnswered(leg=form["CallSid"], attempt=attempt),)


def _message_left(form: Form) -> tuple[Happening, ...]:
    """The end of `<Record>`: with a recording, unless it is shorter than a second."""
    hung_up = (CustomerEnded(outcome=Outcome.HUNG_UP),) if form["CallStatus"] in OUTCOMES or form["Digits"] == "hangup" else ()
    seconds, sid = form["RecordingDuration"], form["RecordingSid"]
    if RECORDING.fullmatch(sid) is None or not seconds.isdecimal() or int(seconds[:6]) == 0:
        return (*hung_up, NothingSaid())
    return (*hung_up, MessageRecorded(recording=sid, duration_ms=1000 * int(seconds[:6])))


def _guest_reported(call: Call, form: Form, attempt: int) -> tuple[Happening, ...]:
    """Who was asked in may have taken the call over: then it is the agent's leg that is told of."""
    status, leg = form["CallStatus"], form["CallSid"]
    if status in OUTCOMES and leg == call.agent_leg:
        return (AgentEnded(attempt=call.attempt, outcome=OUTCOMES[status]),)
    if status == UP and leg != call.agent_leg:
        return (GuestAnswered(leg=leg, attempt=attempt),)
    return (GuestEnded(attempt=attempt, outcome=OUTCOMES[status]),) if status in OUTCOMES else ()


def _reported(call: Call, form: Form, party: Party, attempt: int) -> tuple[Happening, ...]:
    if party is Party.GUEST:
        return _guest_reported(call, form, attempt)
    status, leg = form["CallStatus"], form["CallSid"]
    if status in OUTCOMES and _was_dialled(call, party):
        return ()
    if party is Party.CUSTOMER:
        if status == UP:
            return (CustomerAnswered(leg=leg),)
        return (CustomerEnded(outcome=OUTCOMES[status]),) if status in OUTCOMES else ()
    if status == UP:
        return (AgentAnswered(leg=leg, attempt=attempt),)
    return (AgentEnded(attempt=attempt, outcome=OUTCOMES[status]),) if status in OUTCOMES else ()


def _was_dialled(call: Call, party: Party) -> bool:
    """Whether this leg is the far end of the present bridge, dialled by the other's document."""
    if call.state is not CallState.BRIDGED:
        return False
    return not call.is_agent_parent if party is Party.AGENT else call.is_agent_parent and call.contact is None
