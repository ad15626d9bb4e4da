"""
A call as it goes through our hands: what happens comes in, what is to be done at the provider and reported to the router goes out. Pure; knows no provider.

Theory. A call has up to two legs, the customer's and an agent's, and one state that both legs' sound follows (`sounds.py` says what each is given). Whatever
happens (a webhook, a command of the router, a look-up) is one `step` on one document:

    (placed) RINGING_AGENT ──► RINGING_CUSTOMER ─┐
                                                 ▼
    (came in) WAITING ◄──► CONNECTING ───────► BRIDGED ◄──► HELD
                 ▲                              │   │
                 └──── the router says ─── ALONE ◄──┘ the agent's leg ended
                                            │ nobody wants the customer within a few seconds
    OUTSIDE (sent on, blind)                ▼
                 └───────────────────────► ENDED ◄── the customer hung up, or released: from every state

Besides: CALLING_BACK, where the customer's phone rings first and he is then CONNECTING; CONFERENCE, where all who are in the call meet in a room (guests.py, who also says
what happens while somebody is asked in); VOICEMAIL and KEEPING, while a message is left and fetched (voicemail.py).

What may not happen: an agent's leg of an earlier attempt changes anything (`attempt` is in every callback); a fact is reported for a state the document
does not hold; something is done at the provider before the document says so (`pending`). What must change together: state, `pending` and `owed`.
A bridge belongs to one leg's document, the parent's: take the other leg out and both go on alone; take the parent out and the other is hung up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, assert_never

from standardiste.common.events.inputs import MediaFailed
from standardiste.common.events.model import CallOrder
from standardiste.ingest_voice import guests, voicemail
from standardiste.ingest_voice.model import (
    HANDLED_KEPT,
    AgentAnswered,
    AgentEnded,
    AgentRings,
    AskGuest,
    Call,
    CallState,
    Command,
    Confer,
    Connect,
    CustomerAnswered,
    CustomerEnded,
    CustomerRings,
    Do,
    DropGuest,
    GuestAnswered,
    GuestEnded,
    GuestRings,
    Happening,
    LeftAloneLong,
    MessageKept,
    MessageRecorded,
    NothingSaid,
    Outcome,
    Party,
    PressKeys,
    ProviderRefused,
    PutInQueue,
    PutOnHold,
    Release,
    ReleaseAgent,
    Report,
    Say,
    SendOutside,
    SetRecording,
    TakeMessage,
    TakeOffHold,
)
from standardiste.ingest_voice.writing import (
    OWN_LEGS,
    free_agent,
    hang_ups,
    media_ended,
    media_failed,
    over,
    owe,
    owe_connected,
    owe_left,
    owe_refused,
    plan,
    without_agent,
    without_guest,
)

_TALKING: Final = frozenset({CallState.BRIDGED, CallState.HELD, CallState.CONFERENCE})
_SHOW_CUSTOMER = Do.SHOW, Party.CUSTOMER
_SHOW_AGENT = Do.SHOW, Party.AGENT


def place(call: Call, *, command: str, endpoint: str | None, refusal: str = "", is_agent_first: bool = True) -> Call:
    """A call that an agent begins, his own phone first, or the customer's. `call` names the parties and the offer; `refusal` names why it cannot be."""
    state = CallState.RINGING_AGENT if is_agent_first else CallState.CALLING_BACK
    call = replace(call, state=state, handled=(command,), endpoint=endpoint, attempt=call.attempt + 1, is_agent_parent=is_agent_first)
    if endpoint is None or refusal:
        return owe(over(call), "failed", media_failed(call, refusal or "agent_no_endpoint"))
    return plan(call, Do.RING, Party.AGENT if is_agent_first else Party.CUSTOMER)


def step(call: Call, happening: Happening) -> Call:
    """The call after this happened; the same object when it changes nothing. A command is taken once."""
    if isinstance(happening, Command):
        if happening.command in call.handled:
            return call
        call = replace(call, handled=(*call.handled, happening.command)[-HANDLED_KEPT:])
        return _ordered(call, happening)
    return _reported(call, happening)


def _reported(call: Call, happening: Report) -> Call:
    match happening:
        case AgentAnswered():
            return _agent_answered(call, happening)
        case AgentEnded():
            return _agent_ended(call, happening)
        case AgentRings():
            return replace(call, agent_leg=happening.leg) if call.agent_leg is None and call.is_agent_parent else call
        case CustomerAnswered():
            return _customer_answered(call, happening)
        case CustomerRings():
            is_new = call.customer_leg is None and call.state is CallState.CALLING_BACK
            return replace(call, customer_leg=happening.leg) if is_new else call
        case CustomerEnded():
            return _customer_ended(call, happening.outcome)
        case GuestRings():
            return guests.rings(call, happening)
        case GuestAnswered():
            return guests.answered(call, happening)
        case GuestEnded():
            return guests.ended(call, happening)
        case LeftAloneLong():
            return _left_alone(call)
        case MessageRecorded():
            return voicemail.recorded(call, happening)
        case MessageKept():
            return voicemail.kept(call, happening)
        case NothingSaid():
            return voicemail.none(call)
        case ProviderRefused():
            return _refused(call, happening)
        case _:
            assert_never(happening)


def _ordered(call: Call, asked: Command) -> Call:
    if call.words and not isinstance(asked, Say | Release):
        call = replace(call, words="")
    match asked:
        case Connect():
            return _connect(call, asked)
        case PutInQueue():
            return _queue(call)
        case PutOnHold():
            return _hold(call)
        case TakeOffHold():
            return _resume(call)
        case Release():
            return _release(call)
        case ReleaseAgent():
            return guests.hand_over(call) if guests.takes_over(call) else _queue(call)
        case SendOutside():
            return _send_outside(call, asked)
        case AskGuest():
            return guests.ask(call, asked)
        case DropGuest():
            return without_guest(call)
        case Confer():
            return guests.confer(call)
        case TakeMessage():
            return voicemail.take(call)
        case Say():
            return _say(call, asked.words)
        case PressKeys():
            return guests.press(call, asked)
        case SetRecording():
            return _record(call, asked.is_on)
        case _:
            assert_never(asked)


# ---- what the provider reports


def _agent_answered(call: Call, happening: AgentAnswered) -> Call:
    if happening.attempt != call.attempt:
        return call
    if call.state is CallState.RINGING_AGENT:
        return replace(call, state=CallState.RINGING_CUSTOMER, agent_leg=happening.leg)
    if call.state is not CallState.CONNECTING:
        return call
    return owe_connected(replace(call, state=CallState.BRIDGED, agent_leg=happening.leg, is_agent_parent=False))


def _agent_ended(call: Call, happening: AgentEnded) -> Call:
    if happening.attempt != call.attempt:
        return call
    match call.state:
        case CallState.CONNECTING:
            waiting = without_agent(replace(call, state=CallState.WAITING))
            waiting = owe(waiting, "failed", media_failed(call, f"agent_{happening.outcome}"))
            return plan(waiting, *_SHOW_CUSTOMER) if happening.is_found else waiting
        case CallState.RINGING_AGENT | CallState.RINGING_CUSTOMER:
            # The agent's leg is the parent: with it the customer's phone stops ringing.
            return owe(over(call), "failed", media_failed(call, f"agent_{happening.outcome}"))
        case CallState.HELD | CallState.CONFERENCE if guests.is_conference(call):
            return guests.left_by_owner(call)
        case CallState.BRIDGED | CallState.HELD | CallState.CONFERENCE:
            alone = without_agent(replace(without_guest(call), state=CallState.ALONE))
            alone = owe(alone, "ended", media_ended(call, is_agent_side=True))
            # The customer's leg was in the agent's document, on hold or in the room: nothing else takes it on.
            is_stranded = call.is_agent_parent or call.state in OWN_LEGS or happening.is_found
            return plan(alone, *_SHOW_CUSTOMER) if is_stranded and not happening.is_told else alone
        case _:
            return call


def _customer_answered(call: Call, happening: CustomerAnswered) -> Call:
    if call.state is CallState.CALLING_BACK:
        return replace(call, state=CallState.CONNECTING, customer_leg=happening.leg)  # his leg asks what now, and is given the agent
    if call.state is not CallState.RINGING_CUSTOMER:
        return call
    return owe_connected(replace(call, state=CallState.BRIDGED, customer_leg=happening.leg))


def _customer_ended(call: Call, outcome: Outcome) -> Call:
    match call.state:
        case CallState.ENDED:
            return call
        case CallState.RINGING_CUSTOMER | CallState.CALLING_BACK:
            return owe(over(call), "failed", media_failed(call, f"customer_{outcome}"))
        case CallState.VOICEMAIL | CallState.KEEPING:
            return voicemail.customer_ended(call)
        case CallState.CONNECTING if call.contact is None:  # called back, or called and then handed on: both are told, one counts
            return owe(owe_left(over(call)), "failed", media_failed(call, "customer_hung_up"))
        case _:
            pass
    ended = owe_left(over(call))
    if call.state in _TALKING:
        ended = owe(ended, "ended", media_ended(call, is_agent_side=False))
        if call.agent_leg is not None and (call.is_agent_parent or call.state in OWN_LEGS):
            ended = plan(ended, Do.HANG_UP, Party.AGENT)
    return ended


def _left_alone(call: Call) -> Call:
    if call.state is not CallState.ALONE:
        return call
    return plan(_customer_ended(call, Outcome.HUNG_UP), Do.HANG_UP, Party.CUSTOMER)


def _refused(call: Call, happening: ProviderRefused) -> Call:
    """What was pending cannot be done. A customer who was to be connected goes on waiting; he may be gone, which a look-up will tell."""
    if happening.party is Party.GUEST:
        return guests.refused(call, happening)
    if happening.do in (Do.RECORD, Do.PAUSE):
        asked = CallOrder.RECORD if happening.do is Do.RECORD else CallOrder.PAUSE_RECORDING
        return owe_refused(call, asked, f"provider_{happening.code}")
    match call.state:
        case CallState.KEEPING if happening.do is Do.KEEP:
            return voicemail.none(call)
        case CallState.CALLING_BACK:
            return owe(over(call), "failed", media_failed(call, f"provider_{happening.code}"))
        case CallState.CONNECTING:
            waiting = without_agent(replace(call, state=CallState.WAITING, pending=hang_ups(call)))
            return owe(waiting, "failed", media_failed(call, f"provider_{happening.code}"))
        case CallState.RINGING_AGENT:
            return owe(over(call), "failed", media_failed(call, f"provider_{happening.code}"))
        case _:
            return replace(call, pending=hang_ups(call)) if call.pending != hang_ups(call) else call


# ---- what the router asks


def _connect(call: Call, asked: Connect) -> Call:
    if call.state in (CallState.ENDED, CallState.OUTSIDE, CallState.KEEPING) or call.has_left:
        return owe(call, "failed", MediaFailed(interaction=asked.interaction, offer=asked.offer, detail="customer_left"), of=asked.offer)
    if asked.endpoint is None:
        no_phone = MediaFailed(interaction=asked.interaction, offer=asked.offer, detail="agent_no_endpoint", is_agent_side=True)
        return owe(replace(call, interaction=asked.interaction), "failed", no_phone, of=asked.offer)
    connecting = replace(
        free_agent(call),
        state=CallState.CONNECTING,
        interaction=asked.interaction,
        offer=asked.offer,
        agent=asked.agent,
        endpoint=asked.endpoint,
        attempt=call.attempt + 1,
        is_agent_parent=False,
    )
    return plan(connecting, *_SHOW_CUSTOMER)


def _queue(call: Call) -> Call:
    match call.state:
        case CallState.CONNECTING | CallState.BRIDGED | CallState.HELD | CallState.CONFERENCE | CallState.ALONE:
            return plan(replace(free_agent(call), state=CallState.WAITING), *_SHOW_CUSTOMER)
        case _:
            return call


def _hold(call: Call) -> Call:
    """Take the leg out that is not the parent: the parent's document then goes on to what its state says. In a room each is taken out by itself."""
    if call.state is CallState.CONFERENCE:
        held = plan(replace(call, state=CallState.HELD), *_SHOW_CUSTOMER)
        return held if call.guest is not None else plan(held, *_SHOW_AGENT)
    if call.state is not CallState.BRIDGED:
        return call
    held = replace(call, state=CallState.HELD)
    return plan(held, *(_SHOW_CUSTOMER if call.is_agent_parent else _SHOW_AGENT))


def _resume(call: Call) -> Call:
    """The agent's leg fetches the customer's from where it is held, and so becomes the parent. With a guest there the customer joins both."""
    if call.state is not CallState.HELD:
        return call
    if guests.takes_over(call):
        return guests.confer(call)
    call = without_guest(call)
    return plan(replace(call, state=CallState.BRIDGED, is_agent_parent=True), *_SHOW_AGENT)


def _release(call: Call) -> Call:
    if call.state is CallState.ENDED:
        return call
    if call.state is CallState.KEEPING:
        return call if call.has_left else plan(call, Do.HANG_UP, Party.CUSTOMER)
    ended = over(call)
    if call.words and call.state is CallState.WAITING:
        return plan(ended, *_SHOW_CUSTOMER, words=call.words)
    if call.agent_leg is not None:
        ended = plan(ended, Do.HANG_UP, Party.AGENT)
    return plan(ended, Do.HANG_UP, Party.CUSTOMER) if call.customer_leg is not None else ended


def _say(call: Call, words: str) -> Call:
    return plan(replace(call, words=words), *_SHOW_CUSTOMER, words=words) if call.state is CallState.WAITING else call


def _record(call: Call, is_on: bool) -> Call:
    """The customer's leg is what is recorded, and with it whatever he hears."""
    if call.state not in _TALKING or call.customer_leg is None:
        return owe_refused(call, CallOrder.RECORD if is_on else CallOrder.PAUSE_RECORDING, "wrong_state")
    return plan(call, Do.RECORD if is_on else Do.PAUSE, Party.CUSTOMER)


def _send_outside(call: Call, asked: SendOutside) -> Call:
    if call.state in (CallState.ENDED, CallState.OUTSIDE, CallState.RINGING_AGENT, CallState.RINGING_CUSTOMER):
        return call
    if call.state in (CallState.CALLING_BACK, CallState.VOICEMAIL, CallState.KEEPING):
        return call
    outside = replace(free_agent(call), state=CallState.OUTSIDE, outside=asked.address)
    outside = plan(outside, *_SHOW_CUSTOMER)
    return owe(outside, "ended", media_ended(call, is_agent_side=True)) if call.state in _TALKING else outside
