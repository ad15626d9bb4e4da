"""
A message that a waiting caller leaves: asked for, recorded by the provider, fetched, and only then told, before anybody hears that he left.

So a caller who speaks and hangs up is work that waits, and one who hangs up at the tone has left like any other.
"""

from __future__ import annotations

from dataclasses import replace

from standardiste.common.events.inputs import VoicemailLeft
from standardiste.ingest_voice.model import Call, CallState, Do, MessageKept, MessageRecorded, Party
from standardiste.ingest_voice.writing import free_agent, over, owe, owe_left, plan


def take(call: Call) -> Call:
    """Ask for it."""
    if call.contact is None or call.state not in (CallState.WAITING, CallState.CONNECTING, CallState.ALONE):
        return call
    return plan(replace(free_agent(call), state=CallState.VOICEMAIL), Do.SHOW, Party.CUSTOMER)


def recorded(call: Call, happening: MessageRecorded) -> Call:
    """The provider has it; it is fetched before it is told."""
    if call.state is not CallState.VOICEMAIL:
        return call
    keeping = replace(call, state=CallState.KEEPING, recording=happening.recording, recorded_ms=happening.duration_ms)
    return plan(keeping, Do.KEEP, Party.CUSTOMER)


def kept(call: Call, happening: MessageKept) -> Call:
    """It is ours: now it is told, then that the caller has left."""
    if call.state is not CallState.KEEPING or call.contact is None:
        return call
    left = VoicemailLeft(contact=call.contact, conversation=call.conversation, blob=happening.blob, duration_ms=call.recorded_ms)
    return _done(owe(call, "voicemail", left))


def none(call: Call) -> Call:
    """He said nothing, or what he said cannot be had."""
    return _done(call) if call.state in (CallState.VOICEMAIL, CallState.KEEPING) else call


def customer_ended(call: Call) -> Call:
    """He hung up; whether he left a message is still to be seen."""
    return call if call.has_left else replace(call, has_left=True)


def _done(call: Call) -> Call:
    ended = owe_left(over(call))
    return ended if call.has_left else plan(ended, Do.HANG_UP, Party.CUSTOMER)
