"""What Twilio's requests mean, from samples in the provider's shape: the same request says another thing in another state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from standardiste.common.events.base import Instant
from standardiste.common.events.model import AgentId, ChannelAddressId, ContactId, ConversationId, InteractionId, OfferId, TenantId
from standardiste.common.twilio.webhook import Form
from standardiste.ingest_voice.model import (
    AgentAnswered,
    AgentEnded,
    Call,
    CallState,
    CustomerAnswered,
    CustomerEnded,
    Guest,
    GuestAnswered,
    GuestEnded,
    Happening,
    LeftAloneLong,
    MessageRecorded,
    NothingSaid,
    Outcome,
    Party,
)
from standardiste.ingest_voice.twilio_webhooks import Step, happenings_of

DATA = Path(__file__).parents[2] / "data" / "voice" / "good"
CUSTOMER, AGENT, THIRD = ("CA" + "0" * 31 + digit for digit in "123")
CALL = Call(
    tenant=TenantId("t1"),
    conversation=ConversationId("cv"),
    state=CallState.WAITING,
    channel_address=ChannelAddressId("v1"),
    our_address="+33199000002",
    address="+33639980001",
    language="fr",
    began_at=Instant(0),
    contact=ContactId("c1"),
    customer_leg=CUSTOMER,
    interaction=InteractionId("i1"),
    offer=OfferId("o1"),
    agent=AgentId("anna"),
    endpoint="client:anna",
    attempt=1,
)
PLACED = replace(CALL, contact=None, customer_leg=None, agent_leg=AGENT, is_agent_parent=True)
RESUMED = replace(CALL, agent_leg=AGENT, is_agent_parent=True)

LEFT = CustomerEnded(outcome=Outcome.HUNG_UP)
AGENT_LEFT = AgentEnded(attempt=1, outcome=Outcome.HUNG_UP, is_told=True)


def sample(name: str) -> Form:
    return Form(parse_qsl((DATA / f"{name}.form").read_text().strip(), keep_blank_values=True, errors="strict"))


ASKED = [
    # the customer's leg asks what comes next
    (Step.NEXT, CALL, "waiting", "queue-hung-up", (LEFT,)),
    (Step.NEXT, CALL, "connecting", "queue-redirected", ()),
    (Step.NEXT, CALL, "waiting", "queue-full", ()),
    (Step.NEXT, RESUMED, "bridged", "queue-bridged", (AGENT_LEFT,)),
    (Step.NEXT, RESUMED, "held", "queue-bridged", ()),
    (Step.NEXT, CALL, "connecting", "dial-busy", (AgentEnded(attempt=1, outcome=Outcome.BUSY, is_told=True),)),
    (Step.NEXT, CALL, "connecting", "dial-no-answer", (AgentEnded(attempt=1, outcome=Outcome.NO_ANSWER, is_told=True),)),
    (Step.NEXT, CALL, "connecting", "dial-completed", (AgentAnswered(leg=AGENT, attempt=1), AGENT_LEFT)),
    (Step.NEXT, CALL, "bridged", "dial-completed", (AGENT_LEFT,)),
    (Step.NEXT, CALL, "held", "dial-completed", ()),
    (Step.NEXT, CALL, "waiting", "dial-completed", ()),
    (Step.NEXT, CALL, "bridged", "dial-caller-gone", (LEFT,)),
    (Step.NEXT, CALL, "outside", "dial-completed", (LEFT,)),
    (Step.NEXT, CALL, "alone", "redirected-to-us", (LeftAloneLong(),)),
    # the agent's leg asks
    (Step.AGENT, PLACED, "ringing_agent", "agent-answered", (AgentAnswered(leg=AGENT, attempt=1),)),
    (Step.AGENT, PLACED, "ringing_customer", "agent-answered", ()),
    (Step.AGENT, PLACED, "ringing_customer", "agent-dial-busy", (CustomerEnded(outcome=Outcome.BUSY),)),
    (Step.AGENT, PLACED, "ringing_customer", "agent-dial-completed", (CustomerAnswered(leg=CUSTOMER), LEFT)),
    (Step.AGENT, PLACED, "bridged", "agent-dial-completed", (LEFT,)),
    (Step.AGENT, RESUMED, "bridged", "agent-dial-completed", (LEFT,)),
    (Step.AGENT, RESUMED, "held", "agent-dial-completed", ()),
    (Step.NEXT, CALL, "voicemail", "redirected-to-us", (NothingSaid(),)),
    (Step.NEXT, replace(CALL, contact=None), "calling_back", "redirected-to-us", (CustomerAnswered(leg=CUSTOMER),)),
    # music asks nothing
    (Step.WAIT, CALL, "waiting", "redirected-to-us", ()),
]  # fmt: skip

REPORTED = [
    (Step.LEG, Party.AGENT, CALL, "connecting", "leg-answered", (AgentAnswered(leg=AGENT, attempt=1),)),
    (Step.LEG, Party.AGENT, CALL, "connecting", "leg-ringing", ()),
    (Step.LEG, Party.AGENT, CALL, "connecting", "leg-busy", (AgentEnded(attempt=1, outcome=Outcome.BUSY),)),
    (Step.LEG, Party.AGENT, CALL, "connecting", "leg-no-answer", (AgentEnded(attempt=1, outcome=Outcome.NO_ANSWER),)),
    (Step.LEG, Party.AGENT, CALL, "connecting", "leg-canceled", (AgentEnded(attempt=1, outcome=Outcome.CANCELLED),)),
    (Step.LEG, Party.AGENT, CALL, "bridged", "leg-completed", ()),
    (Step.LEG, Party.AGENT, CALL, "held", "leg-completed", (AgentEnded(attempt=1, outcome=Outcome.HUNG_UP),)),
    (Step.LEG, Party.AGENT, RESUMED, "bridged", "leg-completed", (AgentEnded(attempt=1, outcome=Outcome.HUNG_UP),)),
    (Step.LEG, Party.AGENT, PLACED, "bridged", "leg-completed", (AgentEnded(attempt=1, outcome=Outcome.HUNG_UP),)),
    (Step.LEG, Party.CUSTOMER, PLACED, "ringing_customer", "leg-answered", (CustomerAnswered(leg=AGENT),)),
    (Step.LEG, Party.CUSTOMER, PLACED, "ringing_customer", "leg-busy", (CustomerEnded(outcome=Outcome.BUSY),)),
    (Step.LEG, Party.CUSTOMER, PLACED, "bridged", "leg-completed", ()),
    (Step.LEG, Party.CUSTOMER, PLACED, "held", "leg-completed", (LEFT,)),
    (Step.STATUS, Party.CUSTOMER, CALL, "bridged", "number-status-completed", (LEFT,)),
    (Step.STATUS, Party.CUSTOMER, CALL, "waiting", "number-status-completed", (LEFT,)),
]  # fmt: skip


@pytest.mark.parametrize(("step", "call", "state", "request_of", "expected"), ASKED)
def test_leg_that_asks(step: Step, call: Call, state: str, request_of: str, expected: tuple[Happening, ...]) -> None:
    party = Party.AGENT if step is Step.AGENT else Party.CUSTOMER
    assert happenings_of(step, replace(call, state=CallState(state)), sample(request_of), party, 1) == expected


@pytest.mark.parametrize(("step", "party", "call", "state", "request_of", "expected"), REPORTED)
def test_leg_that_is_reported(step: Step, party: Party, call: Call, state: str, request_of: str, expected: tuple[Happening, ...]) -> None:
    assert happenings_of(step, replace(call, state=CallState(state)), sample(request_of), party, 1) == expected


def test_dial_of_an_earlier_attempt_means_nothing() -> None:
    now = replace(CALL, state=CallState.CONNECTING, attempt=2)
    assert happenings_of(Step.NEXT, now, sample("dial-busy"), Party.CUSTOMER, 1) == ()


MESSAGE = MessageRecorded(recording="RE" + "0a" * 16, duration_ms=7_000)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"RecordingSid": "RE" + "0a" * 16, "RecordingDuration": "7", "Digits": "#"}, (MESSAGE,)),
        ({"RecordingSid": "RE" + "0a" * 16, "RecordingDuration": "7", "Digits": "hangup"}, (LEFT, MESSAGE)),
        ({"RecordingSid": "RE" + "0a" * 16, "RecordingDuration": "7", "CallStatus": "completed"}, (LEFT, MESSAGE)),
        ({"RecordingSid": "RE" + "0a" * 16, "RecordingDuration": "0"}, (NothingSaid(),)),
        ({"RecordingSid": "RE" + "0a" * 16, "RecordingDuration": "-3"}, (NothingSaid(),)),
        ({"RecordingSid": "../Calls", "RecordingDuration": "7"}, (NothingSaid(),)),
        ({}, (NothingSaid(),)),
    ],
)
def test_message_left(given: dict[str, str], expected: tuple[Happening, ...]) -> None:
    form = Form([("CallSid", CUSTOMER), *({"CallStatus": "in-progress"} | given).items()])
    assert happenings_of(Step.VOICEMAIL, replace(CALL, state=CallState.VOICEMAIL), form, Party.CUSTOMER, 1) == expected


def test_whoever_was_asked_in_is_the_agent_once_he_has_taken_over() -> None:
    guest = Guest(attempt=1, offer=OfferId("o2"), endpoint="client:ben", agent=AgentId("ben"), leg=AGENT)
    asked = replace(CALL, state=CallState.HELD, agent_leg="CA-owner", guest=guest)
    taken = replace(CALL, state=CallState.HELD, agent_leg=AGENT, attempt=2)
    ended, up = sample("leg-completed"), sample("leg-answered")
    assert happenings_of(Step.LEG, asked, ended, Party.GUEST, 1) == (GuestEnded(attempt=1, outcome=Outcome.HUNG_UP),)
    assert happenings_of(Step.LEG, asked, up, Party.GUEST, 1) == (GuestAnswered(leg=AGENT, attempt=1),)
    assert happenings_of(Step.LEG, taken, ended, Party.GUEST, 1) == (AgentEnded(attempt=2, outcome=Outcome.HUNG_UP),)
    assert happenings_of(Step.LEG, taken, up, Party.GUEST, 1) == ()
    assert happenings_of(Step.GUEST, asked, up, Party.GUEST, 1) == (GuestAnswered(leg=AGENT, attempt=1),)
    assert happenings_of(Step.GUEST, taken, up, Party.GUEST, 1) == ()
