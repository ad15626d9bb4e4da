"""How a call's document is written: what is to be done at the provider, what is owed to the router, who is let go. No decisions."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from standardiste.common.events.inputs import CallRefused, ContactLeft, MediaConnected, MediaEnded, MediaFailed
from standardiste.common.events.model import CallOrder, ContactId, LeftBecause
from standardiste.ingest_voice.model import Action, Call, CallState, Do, Fact, FactData, Party

OWN_LEGS: Final = frozenset({CallState.HELD, CallState.CONFERENCE})
"""In these states no leg is inside another's document: each must be shown and hung up by itself."""


def leg_of(call: Call, party: Party) -> str | None:
    """The provider's id of a party's leg."""
    match party:
        case Party.CUSTOMER:
            return call.customer_leg
        case Party.AGENT:
            return call.agent_leg
        case Party.GUEST:
            return call.guest.leg if call.guest is not None else None


def plan(call: Call, do: Do, party: Party, *, digits: str = "", words: str = "", leg: str | None = None) -> Call:
    """A leg is shown what the state says when it is done, so a later showing takes the place of an earlier one still pending."""
    others = tuple(each for each in call.pending if do is not Do.SHOW or (each.do, each.party) != (do, party))
    number = call.actions + 1
    action = Action(
        number=number,
        do=do,
        party=party,
        leg=leg or leg_of(call, party),
        digits=digits,
        words=words,
        attempt=call.guest.attempt if call.guest is not None and party is Party.GUEST else 0,
    )
    return replace(call, actions=number, pending=(*others, action))


def owe(call: Call, what: str, data: FactData, *, of: str | None = None) -> Call:
    fact = Fact(id=f"{call.conversation}/{of or call.attempt}/{what}", data=data)
    return replace(call, owed=(*call.owed, fact))


def owe_left(call: Call) -> Call:
    """The customer has left. One who was called has no contact of his own; the router knows him by the conversation."""
    left = ContactLeft(contact=call.contact or ContactId(""), conversation=call.conversation, because=LeftBecause.HUNG_UP)
    return owe(call, "left", left)


def owe_refused(call: Call, asked: CallOrder, detail: str) -> Call:
    """What the router asked of the call is not done."""
    if call.interaction is None:
        return call
    refused = CallRefused(interaction=call.interaction, asked=asked, detail=detail)
    return owe(call, f"{asked}-refused", refused, of=call.handled[-1] if call.handled else None)


def over(call: Call) -> Call:
    """The end. What was pending for a live call is moot, but for legs that must be hung up; a guest goes too."""
    call = without_guest(call)
    return replace(call, state=CallState.ENDED, pending=hang_ups(call))


def hang_ups(call: Call) -> tuple[Action, ...]:
    return tuple(each for each in call.pending if each.do is Do.HANG_UP)


def without_agent(call: Call) -> Call:
    return replace(call, agent_leg=None, agent=None, endpoint=None, offer=None, is_agent_parent=False)


def without_guest(call: Call) -> Call:
    """Whoever was asked in is hung up on; one who was still to be rung is not rung."""
    if call.guest is None:
        return call
    call = replace(call, pending=tuple(each for each in call.pending if each.do is not Do.RING or each.party is not Party.GUEST))
    if call.guest is not None and call.guest.leg is not None:
        call = plan(call, Do.HANG_UP, Party.GUEST)
    return replace(call, guest=None)


def free_agent(call: Call) -> Call:
    """Let the present agent go, and his guest. Taking the customer out ends the bridge; a leg that is its own or on hold must be hung up besides."""
    freed = without_guest(call)
    if call.agent_leg is not None and (call.is_agent_parent or call.state in OWN_LEGS):
        freed = plan(freed, Do.HANG_UP, Party.AGENT)
    return without_agent(freed)


def owe_connected(call: Call) -> Call:
    assert call.interaction is not None, "an agent is asked for an interaction"
    assert call.offer is not None, "an agent is asked by an offer"
    return owe(call, "connected", MediaConnected(interaction=call.interaction, offer=call.offer))


def media_failed(call: Call, detail: str) -> MediaFailed:
    assert call.interaction is not None, "an agent is asked for an interaction"
    assert call.offer is not None, "an agent is asked by an offer"
    is_agent_side = detail.startswith("agent_")
    return MediaFailed(interaction=call.interaction, offer=call.offer, detail=detail, is_agent_side=is_agent_side)


def media_ended(call: Call, *, is_agent_side: bool) -> MediaEnded:
    assert call.interaction is not None, "only an interaction's media can end"
    return MediaEnded(interaction=call.interaction, conversation=call.conversation, is_agent_side=is_agent_side)
