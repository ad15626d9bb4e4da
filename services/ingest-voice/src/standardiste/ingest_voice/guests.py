"""
Whoever is asked into a call: a second agent, or a number outside, on a leg of his own.

Theory. While somebody is asked in, the owner's leg and the guest's meet in a room (a conference of the provider); the customer is on hold, and in a conference he is
there as well. So no leg is inside another's document, and any of the three may go without taking another along. When the owner hands over, the guest's leg becomes the agent's under a
new `attempt`, so that what the former leg still reports changes nothing.
"""

from __future__ import annotations

from dataclasses import replace

from standardiste.common.events.inputs import MediaConnected, MediaFailed
from standardiste.common.events.model import CallOrder, InteractionId, OfferId
from standardiste.ingest_voice.model import (
    AskGuest,
    Call,
    CallState,
    Do,
    Guest,
    GuestAnswered,
    GuestEnded,
    GuestRings,
    Outcome,
    Party,
    PressKeys,
    ProviderRefused,
)
from standardiste.ingest_voice.writing import (
    OWN_LEGS,
    leg_of,
    media_ended,
    over,
    owe,
    owe_left,
    owe_refused,
    plan,
    without_agent,
    without_guest,
)


def ask(call: Call, asked: AskGuest) -> Call:
    """Ring him, and let the owner wait in the room."""
    refusal = ""
    if call.state not in OWN_LEGS or call.agent_leg is None:
        refusal = "customer_left" if call.state is CallState.ENDED else "wrong_state"
    elif asked.endpoint is None:
        refusal = "agent_no_endpoint" if asked.agent is not None else "no_number"
    if refusal or asked.endpoint is None:
        return _fail(call, asked.offer, refusal, call.interaction or asked.interaction)
    call = without_guest(call)
    guest = Guest(attempt=call.guests + 1, offer=asked.offer, endpoint=asked.endpoint, agent=asked.agent)
    call = plan(replace(call, guest=guest, guests=guest.attempt, interaction=asked.interaction), Do.RING, Party.GUEST)
    return plan(call, Do.SHOW, Party.AGENT) if call.state is CallState.HELD else call


def rings(call: Call, happening: GuestRings) -> Call:
    """His leg has begun; nobody may want it any more."""
    guest = call.guest
    if guest is None or guest.attempt != happening.attempt:
        return plan(call, Do.HANG_UP, Party.GUEST, leg=happening.leg) if happening.leg != call.agent_leg else call
    return call if guest.leg is not None else replace(call, guest=replace(guest, leg=happening.leg))


def answered(call: Call, happening: GuestAnswered) -> Call:
    guest = call.guest
    if guest is None or guest.attempt != happening.attempt or guest.is_up or call.interaction is None:
        return call
    connected = MediaConnected(interaction=call.interaction, offer=guest.offer)
    return owe(replace(call, guest=replace(guest, leg=happening.leg, is_up=True)), "connected", connected, of=guest.offer)


def ended(call: Call, happening: GuestEnded) -> Call:
    """Not reached, or gone again: the owner is told either way. A customer who was alone with a number outside is let go with it."""
    guest = call.guest
    if guest is None or guest.attempt != happening.attempt:
        return call
    pending = tuple(each for each in call.pending if each.do is not Do.RING or each.party is not Party.GUEST)
    call = replace(call, guest=None, pending=pending)
    if call.state is CallState.OUTSIDE:
        return plan(owe_left(over(call)), Do.HANG_UP, Party.CUSTOMER)
    side = "agent" if guest.agent is not None else "outside"
    detail = f"provider_{happening.code}" if happening.code else f"{side}_{happening.outcome}"
    failed = _fail(call, guest.offer, detail, call.interaction)
    if call.state not in OWN_LEGS or call.agent_leg is not None:
        return failed
    alone = owe(replace(failed, state=CallState.ALONE), "ended", media_ended(call, is_agent_side=True), of=guest.offer)
    return plan(alone, Do.SHOW, Party.CUSTOMER)  # the owner has gone before him


def confer(call: Call) -> Call:
    """The customer joins the two."""
    if call.state is not CallState.HELD or call.guest is None or not call.guest.is_up:
        return call if call.state is CallState.CONFERENCE else owe_refused(call, CallOrder.CONFERENCE, "wrong_state")
    return plan(replace(call, state=CallState.CONFERENCE, guest=replace(call.guest, has_met=True)), Do.SHOW, Party.CUSTOMER)


def is_conference(call: Call) -> bool:
    """Whether customer, owner and guest have met, held again or not: then it goes on without the owner."""
    return takes_over(call) and call.guest is not None and call.guest.has_met


def left_by_owner(call: Call) -> Call:
    """The owner's leg ended in a conference: the other two talk on, and the router hands over."""
    if call.agent_leg is None:
        return call
    return owe(without_agent(call), "ended", media_ended(call, is_agent_side=True))


def takes_over(call: Call) -> bool:
    """Whether a guest is there who has the customer when the owner goes."""
    return call.state in OWN_LEGS and call.guest is not None and call.guest.is_up


def hand_over(call: Call) -> Call:
    """The owner's leg goes. An agent takes his place; a number outside keeps the customer."""
    guest = call.guest
    assert guest is not None, "somebody takes over"
    if call.agent_leg is not None:
        call = plan(call, Do.HANG_UP, Party.AGENT)
    if guest.agent is None:
        alone = replace(without_agent(call), state=CallState.OUTSIDE, attempt=call.attempt + 1)
        return plan(alone, Do.SHOW, Party.CUSTOMER) if call.state is CallState.HELD else alone
    return replace(
        call,
        agent=guest.agent,
        agent_leg=guest.leg,
        endpoint=guest.endpoint,
        offer=guest.offer,
        attempt=call.attempt + 1,
        is_agent_parent=True,
        guest=None,
    )


def press(call: Call, asked: PressKeys) -> Call:
    """
    Digits go to a leg by its own document, so a bridge becomes a room first: the leg that does not hold the bridge is taken out, the other follows by itself.
    """
    if call.state is CallState.HELD and call.guest is not None and call.guest.is_up:
        return plan(call, Do.SHOW, Party.GUEST, digits=asked.digits)
    if call.state not in (CallState.BRIDGED, CallState.CONFERENCE) or leg_of(call, Party.CUSTOMER) is None:
        return owe_refused(call, CallOrder.DIGITS, "wrong_state")
    room = replace(call, state=CallState.CONFERENCE)
    if call.state is CallState.BRIDGED and not call.is_agent_parent:
        room = plan(room, Do.SHOW, Party.AGENT)
    return plan(room, Do.SHOW, Party.CUSTOMER, digits=asked.digits)


def refused(call: Call, happening: ProviderRefused) -> Call:
    """The provider will not ring him, or not press keys for him."""
    if happening.do is Do.SHOW:
        return owe_refused(call, CallOrder.DIGITS, f"provider_{happening.code}")
    if call.guest is None or happening.do is not Do.RING:
        return call
    return ended(call, GuestEnded(attempt=call.guest.attempt, outcome=Outcome.UNREACHABLE, code=happening.code))


def _fail(call: Call, offer: OfferId, detail: str, interaction: InteractionId | None) -> Call:
    if interaction is None:
        return call
    failed = MediaFailed(interaction=interaction, offer=offer, detail=detail, is_agent_side=detail.startswith("agent_"))
    return owe(call, "failed", failed, of=offer)
