"""The life of a call, as tables: in this state this happens, then it is in that state, this is done at the provider and this told to the router."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standardiste.common.events.base import Instant
from standardiste.common.events.inputs import CallRefused, ContactLeft, MediaConnected, MediaEnded, MediaFailed, VoicemailLeft
from standardiste.common.events.model import (
    AgentId,
    ChannelAddressId,
    ContactId,
    ConversationId,
    InteractionId,
    LeftBecause,
    OfferId,
    TenantId,
)
from standardiste.ingest_voice.calls import place, step
from standardiste.ingest_voice.model import (
    AgentAnswered,
    AgentEnded,
    AgentRings,
    AskGuest,
    Call,
    CallState,
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
    Say,
    SendOutside,
    SetRecording,
    TakeMessage,
    TakeOffHold,
)

CONVERSATION, INTERACTION, OFFER = ConversationId("cv"), InteractionId("i1"), OfferId("o1")
ARRIVED = Call(
    tenant=TenantId("t1"),
    conversation=CONVERSATION,
    state=CallState.WAITING,
    channel_address=ChannelAddressId("v1"),
    our_address="+33199000002",
    address="+33639980001",
    language="fr",
    began_at=Instant(0),
    contact=ContactId("c1"),
    customer_leg="CA1",
)
CONNECT = Connect(command="k1", interaction=INTERACTION, offer=OFFER, agent=AgentId("anna"), endpoint="client:anna")
ANSWERED = AgentAnswered(leg="CA2", attempt=1)
HUNG_UP = AgentEnded(attempt=1, outcome=Outcome.HUNG_UP, is_told=True)
LEFT = CustomerEnded(outcome=Outcome.HUNG_UP)
HOLD, RESUME = PutOnHold(command="k2"), TakeOffHold(command="k3")
OPENED = replace(ARRIVED, contact=None, customer_leg=None, interaction=INTERACTION, offer=OFFER, agent=AgentId("anna"))
PLACED = replace(place(OPENED, command="k0", endpoint="client:anna"), pending=())
CALLED_BACK = replace(place(OPENED, command="k0", endpoint="client:anna", is_agent_first=False), pending=())
ASK = AskGuest(command="k5", interaction=INTERACTION, offer=OfferId("o2"), agent=AgentId("ben"), endpoint="client:ben")
GUEST_UP = GuestAnswered(leg="CA3", attempt=1)
MESSAGE = TakeMessage(command="k5")
RECORDED = MessageRecorded(recording="RE1", duration_ms=4_000)
HELD_AGAIN = (CONNECT, ANSWERED, HOLD, ASK, GUEST_UP, Confer(command="k6"), PutOnHold(command="k7"))
HISTORIES: dict[str, tuple[Call, tuple[Happening, ...]]] = {
    "waiting": (ARRIVED, ()),
    "connecting": (ARRIVED, (CONNECT,)),
    "bridged": (ARRIVED, (CONNECT, ANSWERED)),
    "held": (ARRIVED, (CONNECT, ANSWERED, HOLD)),
    "resumed": (ARRIVED, (CONNECT, ANSWERED, HOLD, RESUME)),
    "alone": (ARRIVED, (CONNECT, ANSWERED, HUNG_UP)),
    "outside": (ARRIVED, (SendOutside(command="k4", address="+33639980077"),)),
    "ended": (ARRIVED, (LEFT,)),
    "ringing agent": (PLACED, (AgentRings(leg="CA9"),)),
    "ringing customer": (PLACED, (AgentRings(leg="CA9"), AgentAnswered(leg="CA9", attempt=1))),
    "asking": (ARRIVED, (CONNECT, ANSWERED, HOLD, ASK)),
    "rung": (ARRIVED, (CONNECT, ANSWERED, HOLD, ASK, GuestRings(leg="CA3", attempt=1))),
    "consulting": (ARRIVED, (CONNECT, ANSWERED, HOLD, ASK, GUEST_UP)),
    "calling": (ARRIVED, (CONNECT, ANSWERED, HOLD, replace(ASK, agent=None, endpoint="+33639980077"), GUEST_UP)),
    "conference": (ARRIVED, (CONNECT, ANSWERED, HOLD, ASK, GUEST_UP, Confer(command="k6"))),
    "owner gone": (ARRIVED, (*HELD_AGAIN, HUNG_UP)),
    "owner gone, guest let go": (ARRIVED, (*HELD_AGAIN, HUNG_UP, DropGuest(command="k8"))),
    "guest for owner": (ARRIVED, (*HELD_AGAIN, HUNG_UP, ReleaseAgent(command="k8"))),
    "guest and customer": (
        ARRIVED,
        (CONNECT, ANSWERED, HOLD, ASK, GUEST_UP, Confer(command="k6"), AgentEnded(attempt=1, outcome=Outcome.HUNG_UP)),
    ),
    "two in the room": (ARRIVED, (CONNECT, ANSWERED, HOLD, ASK, GUEST_UP, Confer(command="k6"), DropGuest(command="k7"))),
    "with one outside": (
        ARRIVED,
        (CONNECT, ANSWERED, HOLD, replace(ASK, agent=None), GUEST_UP, Confer(command="k6"), ReleaseAgent(command="k7")),
    ),
    "voicemail": (ARRIVED, (MESSAGE,)),
    "left a message": (ARRIVED, (MESSAGE, LEFT)),
    "keeping": (ARRIVED, (MESSAGE, LEFT, RECORDED)),
    "calling back": (CALLED_BACK, (CustomerRings(leg="CA8"),)),
    "called back": (CALLED_BACK, (CustomerRings(leg="CA8"), CustomerAnswered(leg="CA8"))),
    "told": (ARRIVED, (Say(command="k5", words="Nous sommes fermés."),)),
    "told and offered": (ARRIVED, (Say(command="k5", words="Bonjour"), CONNECT, PutInQueue(command="k6"))),
    "placed": (PLACED, (AgentRings(leg="CA9"), AgentAnswered(leg="CA9", attempt=1), CustomerAnswered(leg="CA8"))),
    "placed and queued": (
        PLACED,
        (AgentRings(leg="CA9"), AgentAnswered(leg="CA9", attempt=1), CustomerAnswered(leg="CA8"), PutInQueue(command="k1")),
    ),
}

SHOW_CUSTOMER, SHOW_AGENT = "show customer CA1", "show agent CA2"
END_AGENT, END_CUSTOMER, END_GUEST = "hang_up agent CA2", "hang_up customer CA1", "hang_up guest CA3"
CONNECTED, ENDED, AGENT_ENDED, GONE = "connected", "ended", "ended by agent", "left"


def call_in(history: str) -> Call:
    """A call with this behind it, everything done and reported."""
    call, happened = HISTORIES[history]
    for happening in happened:
        call = step(call, happening)
    return replace(call, pending=(), owed=())


def told(call: Call) -> list[str]:
    said: list[str] = []
    for fact in call.owed:
        match fact.data:
            case MediaConnected():
                said.append(CONNECTED)
            case MediaFailed(detail=detail):
                said.append(f"failed {detail}")
            case MediaEnded(is_agent_side=is_agent_side):
                said.append(AGENT_ENDED if is_agent_side else ENDED)
            case ContactLeft():
                said.append(GONE)
            case CallRefused(asked=asked, detail=detail):
                said.append(f"refused {asked} {detail}")
            case VoicemailLeft(blob=blob, duration_ms=duration_ms):
                said.append(f"message {blob} {duration_ms}")
    return said


def done(call: Call) -> list[str]:
    return [f"{action.do} {action.party} {action.leg}" for action in call.pending]


REPORTS = [
    # history            what happens                                                     then            at the provider                to the router
    ("connecting", ANSWERED, "bridged", [], [CONNECTED]),
    ("connecting", AgentEnded(attempt=1, outcome=Outcome.BUSY, is_told=True), "waiting", [], ["failed agent_busy"]),
    ("connecting", AgentEnded(attempt=1, outcome=Outcome.NO_ANSWER, is_found=True), "waiting", [SHOW_CUSTOMER], ["failed agent_no_answer"]),
    ("connecting", AgentEnded(attempt=0, outcome=Outcome.BUSY), "connecting", [], []),
    ("connecting", AgentAnswered(leg="CA7", attempt=0), "connecting", [], []),
    ("connecting", LEFT, "ended", [], [GONE]),
    ("connecting", ProviderRefused(code="21218"), "waiting", [], ["failed provider_21218"]),
    ("waiting", LEFT, "ended", [], [GONE]),
    ("waiting", ANSWERED, "waiting", [], []),
    ("waiting", HUNG_UP, "waiting", [], []),
    ("waiting", LeftAloneLong(), "waiting", [], []),
    ("bridged", ANSWERED, "bridged", [], []),
    ("bridged", HUNG_UP, "alone", [], [AGENT_ENDED]),
    ("bridged", AgentEnded(attempt=1, outcome=Outcome.HUNG_UP, is_found=True), "alone", [SHOW_CUSTOMER], [AGENT_ENDED]),
    ("bridged", LEFT, "ended", [], [GONE, ENDED]),
    ("held", LEFT, "ended", [END_AGENT], [GONE, ENDED]),
    ("held", AgentEnded(attempt=1, outcome=Outcome.HUNG_UP), "alone", [SHOW_CUSTOMER], [AGENT_ENDED]),
    ("resumed", LEFT, "ended", [END_AGENT], [GONE, ENDED]),
    ("resumed", HUNG_UP, "alone", [], [AGENT_ENDED]),
    ("resumed", AgentEnded(attempt=1, outcome=Outcome.HUNG_UP), "alone", [SHOW_CUSTOMER], [AGENT_ENDED]),
    ("alone", LeftAloneLong(), "ended", [END_CUSTOMER], [GONE]),
    ("alone", LEFT, "ended", [], [GONE]),
    ("outside", LEFT, "ended", [], [GONE]),
    ("ended", LEFT, "ended", [], []),
    ("ended", ANSWERED, "ended", [], []),
    ("ringing agent", AgentEnded(attempt=1, outcome=Outcome.NO_ANSWER), "ended", [], ["failed agent_no_answer"]),
    ("ringing agent", ProviderRefused(code="21210"), "ended", [], ["failed provider_21210"]),
    ("ringing customer", CustomerEnded(outcome=Outcome.BUSY), "ended", [], ["failed customer_busy"]),
    ("ringing customer", AgentEnded(attempt=1, outcome=Outcome.HUNG_UP), "ended", [], ["failed agent_hung_up"]),
    ("ringing customer", CustomerAnswered(leg="CA8"), "bridged", [], [CONNECTED]),
    ("rung", GUEST_UP, "held", [], [CONNECTED]),
    ("rung", GuestAnswered(leg="CA3", attempt=0), "held", [], []),
    ("rung", GuestEnded(attempt=1, outcome=Outcome.BUSY), "held", [], ["failed agent_busy"]),
    ("asking", ProviderRefused(code="21210", do=Do.RING, party=Party.GUEST), "held", [], ["failed provider_21210"]),
    ("rung", LEFT, "ended", [END_GUEST, END_AGENT], [GONE, ENDED]),
    ("held", GuestRings(leg="CA3", attempt=1), "held", [END_GUEST], []),
    ("consulting", GuestEnded(attempt=1, outcome=Outcome.HUNG_UP), "held", [], ["failed agent_hung_up"]),
    ("consulting", HUNG_UP, "alone", [END_GUEST], [AGENT_ENDED]),
    ("owner gone", HUNG_UP, "held", [], []),
    ("owner gone", GuestEnded(attempt=1, outcome=Outcome.HUNG_UP), "alone", [SHOW_CUSTOMER], ["failed agent_hung_up", AGENT_ENDED]),
    ("owner gone", LEFT, "ended", [END_GUEST], [GONE, ENDED]),
    ("conference", LEFT, "ended", [END_GUEST, END_AGENT], [GONE, ENDED]),
    ("conference", AgentEnded(attempt=1, outcome=Outcome.HUNG_UP), "conference", [], [AGENT_ENDED]),
    ("two in the room", AgentEnded(attempt=1, outcome=Outcome.HUNG_UP), "alone", [SHOW_CUSTOMER], [AGENT_ENDED]),
    ("guest and customer", AgentEnded(attempt=1, outcome=Outcome.HUNG_UP), "conference", [], []),
    ("guest and customer", GuestEnded(attempt=1, outcome=Outcome.HUNG_UP), "alone", [SHOW_CUSTOMER], ["failed agent_hung_up", AGENT_ENDED]),
    ("guest and customer", LEFT, "ended", [END_GUEST], [GONE, ENDED]),
    ("two in the room", LEFT, "ended", [END_AGENT], [GONE, ENDED]),
    ("with one outside", GuestEnded(attempt=1, outcome=Outcome.HUNG_UP), "ended", [END_CUSTOMER], [GONE]),
    ("with one outside", AgentEnded(attempt=1, outcome=Outcome.HUNG_UP), "outside", [], []),
    ("with one outside", LEFT, "ended", [END_GUEST], [GONE]),
    ("voicemail", RECORDED, "keeping", ["keep customer CA1"], []),
    ("voicemail", NothingSaid(), "ended", [END_CUSTOMER], [GONE]),
    ("voicemail", LEFT, "voicemail", [], []),
    ("left a message", NothingSaid(), "ended", [], [GONE]),
    ("keeping", MessageKept(blob="t/c/1"), "ended", [], ["message t/c/1 4000", GONE]),
    ("keeping", ProviderRefused(code="404", do=Do.KEEP), "ended", [], [GONE]),
    ("waiting", RECORDED, "waiting", [], []),
    ("calling back", CustomerAnswered(leg="CA8"), "connecting", [], []),
    ("calling back", CustomerEnded(outcome=Outcome.BUSY), "ended", [], ["failed customer_busy"]),
    ("calling back", ProviderRefused(code="21210", do=Do.RING), "ended", [], ["failed provider_21210"]),
    ("called back", ANSWERED, "bridged", [], [CONNECTED]),
    ("called back", LEFT, "ended", [], [GONE, "failed customer_hung_up"]),
    ("called back", AgentEnded(attempt=1, outcome=Outcome.NO_ANSWER, is_told=True), "waiting", [], ["failed agent_no_answer"]),
    ("placed", LEFT, "ended", ["hang_up agent CA9"], [GONE, ENDED]),
    ("placed and queued", LEFT, "ended", [], [GONE]),
    ("placed", AgentEnded(attempt=1, outcome=Outcome.HUNG_UP), "alone", ["show customer CA8"], [AGENT_ENDED]),
]  # fmt: skip

ORDERS = [
    ("waiting", replace(CONNECT, command="k9"), "connecting", [SHOW_CUSTOMER], []),
    ("waiting", replace(CONNECT, command="k9", endpoint=None), "waiting", [], ["failed agent_no_endpoint"]),
    ("waiting", PutInQueue(command="k9"), "waiting", [], []),
    ("waiting", PutOnHold(command="k9"), "waiting", [], []),
    ("waiting", Release(command="k9"), "ended", [END_CUSTOMER], []),
    ("connecting", replace(CONNECT, command="k9", offer=OfferId("o2")), "connecting", [SHOW_CUSTOMER], []),
    ("connecting", PutInQueue(command="k9"), "waiting", [SHOW_CUSTOMER], []),
    ("connecting", Release(command="k9"), "ended", [END_CUSTOMER], []),
    ("bridged", PutOnHold(command="k9"), "held", [SHOW_AGENT], []),
    ("bridged", TakeOffHold(command="k9"), "bridged", [], []),
    ("bridged", PutInQueue(command="k9"), "waiting", [SHOW_CUSTOMER], []),
    ("bridged", replace(CONNECT, command="k9"), "connecting", [SHOW_CUSTOMER], []),
    ("bridged", Release(command="k9"), "ended", [END_AGENT, END_CUSTOMER], []),
    ("bridged", SendOutside(command="k9", address="+33639980077"), "outside", [SHOW_CUSTOMER], [AGENT_ENDED]),
    ("held", TakeOffHold(command="k9"), "bridged", [SHOW_AGENT], []),
    ("held", PutInQueue(command="k9"), "waiting", [END_AGENT, SHOW_CUSTOMER], []),
    ("resumed", PutOnHold(command="k9"), "held", [SHOW_CUSTOMER], []),
    ("resumed", PutInQueue(command="k9"), "waiting", [END_AGENT, SHOW_CUSTOMER], []),
    ("alone", PutInQueue(command="k9"), "waiting", [SHOW_CUSTOMER], []),
    ("alone", replace(CONNECT, command="k9"), "connecting", [SHOW_CUSTOMER], []),
    ("held", ASK, "held", ["ring guest None", SHOW_AGENT], []),
    ("held", replace(ASK, endpoint=None), "held", [], ["failed agent_no_endpoint"]),
    ("waiting", ASK, "waiting", [], ["failed wrong_state"]),
    ("ended", ASK, "ended", [], ["failed customer_left"]),
    ("rung", DropGuest(command="k9"), "held", [END_GUEST], []),
    ("asking", TakeOffHold(command="k9"), "bridged", [SHOW_AGENT], []),
    ("consulting", Confer(command="k9"), "conference", [SHOW_CUSTOMER], []),
    ("rung", Confer(command="k9"), "held", [], ["refused conference wrong_state"]),
    ("consulting", ReleaseAgent(command="k9"), "held", [END_AGENT], []),
    ("rung", ReleaseAgent(command="k9"), "waiting", [END_GUEST, END_AGENT, SHOW_CUSTOMER], []),
    ("calling", TakeOffHold(command="k9"), "conference", [SHOW_CUSTOMER], []),
    ("calling", ReleaseAgent(command="k9"), "outside", [END_AGENT, SHOW_CUSTOMER], []),
    ("conference", ReleaseAgent(command="k9"), "conference", [END_AGENT], []),
    ("guest and customer", ReleaseAgent(command="k9"), "conference", [], []),
    ("owner gone", ReleaseAgent(command="k9"), "held", [], []),
    ("owner gone", DropGuest(command="k9"), "held", [END_GUEST], []),
    ("owner gone", Release(command="k9"), "ended", [END_GUEST, END_CUSTOMER], []),
    ("owner gone, guest let go", ReleaseAgent(command="k9"), "waiting", [SHOW_CUSTOMER], []),
    ("guest for owner", TakeOffHold(command="k9"), "bridged", ["show agent CA3"], []),
    ("conference", Release(command="k9"), "ended", [END_GUEST, END_AGENT, END_CUSTOMER], []),
    ("conference", PutOnHold(command="k9"), "held", [SHOW_CUSTOMER], []),
    ("two in the room", PutOnHold(command="k9"), "held", [SHOW_CUSTOMER, SHOW_AGENT], []),
    ("conference", PutInQueue(command="k9"), "waiting", [END_GUEST, END_AGENT, SHOW_CUSTOMER], []),
    ("bridged", PressKeys(command="k9", digits="1"), "conference", [SHOW_AGENT, SHOW_CUSTOMER], []),
    ("resumed", PressKeys(command="k9", digits="1"), "conference", [SHOW_CUSTOMER], []),
    ("waiting", PressKeys(command="k9", digits="1"), "waiting", [], []),
    ("held", PressKeys(command="k9", digits="1"), "held", [], ["refused digits wrong_state"]),
    ("bridged", SetRecording(command="k9", is_on=True), "bridged", ["record customer CA1"], []),
    ("held", SetRecording(command="k9", is_on=False), "held", ["pause customer CA1"], []),
    ("connecting", SetRecording(command="k9", is_on=True), "connecting", [], ["refused record wrong_state"]),
    ("bridged", ProviderRefused(code="21220", do=Do.PAUSE), "bridged", [], ["refused pause_recording provider_21220"]),
    ("consulting", PressKeys(command="k9", digits="1"), "held", ["show guest CA3"], []),
    ("waiting", MESSAGE, "voicemail", [SHOW_CUSTOMER], []),
    ("connecting", MESSAGE, "voicemail", [SHOW_CUSTOMER], []),
    ("bridged", MESSAGE, "bridged", [], []),
    ("voicemail", replace(CONNECT, command="k9"), "connecting", [SHOW_CUSTOMER], []),
    ("left a message", replace(CONNECT, command="k9"), "voicemail", [], ["failed customer_left"]),
    ("keeping", Release(command="k9"), "keeping", [], []),
    ("waiting", Say(command="k9", words="Bonjour"), "waiting", [SHOW_CUSTOMER], []),
    ("told", Release(command="k9"), "ended", [SHOW_CUSTOMER], []),
    ("told and offered", Release(command="k9"), "ended", [END_CUSTOMER], []),
    ("bridged", Say(command="k9", words="Bonjour"), "bridged", [], []),
    ("calling back", Release(command="k9"), "ended", ["hang_up customer CA8"], []),
    ("ended", replace(CONNECT, command="k9"), "ended", [], ["failed customer_left"]),
    ("ended", Release(command="k9"), "ended", [], []),
    ("ringing agent", Release(command="k9"), "ended", ["hang_up agent CA9"], []),
    ("ringing customer", Release(command="k9"), "ended", ["hang_up agent CA9"], []),
    ("placed", PutOnHold(command="k9"), "held", ["show customer CA8"], []),
]  # fmt: skip


@pytest.mark.parametrize(("history", "happening", "then", "at_provider", "to_router"), [*REPORTS, *ORDERS])
def test_what_follows_in_each_state(history: str, happening: Happening, then: str, at_provider: list[str], to_router: list[str]) -> None:
    after = step(call_in(history), happening)
    assert (after.state.value, done(after), told(after)) == (then, at_provider, to_router)


def test_order_taken_twice_changes_nothing_the_second_time() -> None:
    once = step(ARRIVED, CONNECT)
    assert step(once, CONNECT) is once


def test_fact_names_interaction_offer_contact_and_conversation() -> None:
    call = step(step(call_in("connecting"), ANSWERED), LEFT)
    assert [fact.data for fact in call.owed] == [
        MediaConnected(interaction=INTERACTION, offer=OFFER),
        ContactLeft(contact=ContactId("c1"), conversation=CONVERSATION, because=LeftBecause.HUNG_UP),
        MediaEnded(interaction=INTERACTION, conversation=CONVERSATION),
    ]
    assert [fact.id for fact in call.owed] == ["cv/1/connected", "cv/1/left", "cv/1/ended"]


def test_later_showing_takes_the_place_of_one_still_pending_and_hang_ups_stay() -> None:
    call = call_in("held")
    for happening in (PutInQueue(command="k7"), replace(CONNECT, command="k8", offer=OfferId("o2"))):
        call = step(call, happening)
    assert done(call) == [END_AGENT, SHOW_CUSTOMER]
    assert done(step(call, LEFT)) == [END_AGENT]


@pytest.mark.parametrize(("endpoint", "refusal", "detail"), [(None, "", "agent_no_endpoint"), ("client:anna", "no_number", "no_number")])
def test_call_that_cannot_be_placed_has_failed_from_the_start(endpoint: str | None, refusal: str, detail: str) -> None:
    call = place(OPENED, command="k0", endpoint=endpoint, refusal=refusal)
    assert (call.state, done(call), told(call)) == (CallState.ENDED, [], [f"failed {detail}"])


ANYTHING = st.one_of(
    st.builds(AgentAnswered, leg=st.sampled_from(("CA2", "CA3")), attempt=st.integers(0, 4)),
    st.builds(AgentEnded, attempt=st.integers(0, 4), outcome=st.sampled_from(Outcome), is_found=st.booleans(), is_told=st.booleans()),
    st.builds(CustomerEnded, outcome=st.sampled_from(Outcome)),
    st.builds(CustomerAnswered, leg=st.just("CA8")),
    st.just(LeftAloneLong()),
    st.just(AgentRings(leg="CA9")),
    st.just(ProviderRefused(code="1")),
    st.builds(
        Connect,
        command=st.uuids().map(str),
        interaction=st.just(INTERACTION),
        offer=st.uuids().map(lambda uuid: OfferId(str(uuid))),
        agent=st.just(AgentId("anna")),
        endpoint=st.sampled_from(("client:anna", "+33639980050", None)),
    ),
    *(
        st.builds(kind, command=st.uuids().map(str))
        for kind in (PutInQueue, PutOnHold, TakeOffHold, Release, ReleaseAgent, DropGuest, Confer, TakeMessage)
    ),
    st.builds(
        AskGuest,
        command=st.uuids().map(str),
        interaction=st.just(INTERACTION),
        offer=st.uuids().map(lambda uuid: OfferId(str(uuid))),
        agent=st.sampled_from((AgentId("ben"), None)),
        endpoint=st.sampled_from(("client:ben", None)),
    ),
    st.builds(GuestRings, leg=st.sampled_from(("CA3", "CA4")), attempt=st.integers(0, 3)),
    st.builds(GuestAnswered, leg=st.sampled_from(("CA3", "CA4")), attempt=st.integers(0, 3)),
    st.builds(GuestEnded, attempt=st.integers(0, 3), outcome=st.sampled_from(Outcome)),
    st.builds(PressKeys, command=st.uuids().map(str), digits=st.just("1")),
    st.builds(SetRecording, command=st.uuids().map(str), is_on=st.booleans()),
    st.builds(Say, command=st.uuids().map(str), words=st.just("Bonjour")),
    st.sampled_from((RECORDED, MessageKept(blob="t/c/1"), NothingSaid(), CustomerRings(leg="CA8"))),
    st.builds(SendOutside, command=st.uuids().map(str), address=st.just("+33639980077")),
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from((ARRIVED, PLACED, CALLED_BACK)), st.lists(ANYTHING, max_size=25))
def test_whatever_happens_in_whatever_order_the_laws_hold(begun: Call, happenings: list[Happening]) -> None:
    call, offers = begun, {begun.offer}
    for happening in happenings:
        former, call = call, step(call, happening)
        offers |= {happening.offer} if isinstance(happening, Connect | AskGuest) else set()
        assert former.state is not CallState.ENDED or call.state is CallState.ENDED, "the end is final"
        assert (call.state is CallState.CONNECTING) <= (call.endpoint is not None and call.offer is not None)
        assert (call.state in (CallState.BRIDGED, CallState.HELD, CallState.CONFERENCE)) <= (call.agent_leg is not None)
        assert (call.guest is not None) <= (call.state in (CallState.HELD, CallState.CONFERENCE, CallState.OUTSIDE))
        assert sum(action.do is Do.SHOW and action.party is Party.CUSTOMER for action in call.pending) <= 1
    ids = [fact.id for fact in call.owed]
    assert len(ids) == len(set(ids)), "no fact is told twice"
    failed = [fact.data.offer for fact in call.owed if isinstance(fact.data, MediaFailed)]
    connected = [fact.data.offer for fact in call.owed if isinstance(fact.data, MediaConnected)]
    answers = failed + [offer for offer in connected if offer not in failed]
    assert len(answers) == len(set(answers)), "an offer is answered once; a guest who was there may fail once more, by going"
    told_left = [fact for fact in call.owed if isinstance(fact.data, ContactLeft)]
    messages = [number for number, fact in enumerate(call.owed) if isinstance(fact.data, VoicemailLeft)]
    assert len(told_left) <= 1
    assert all(isinstance(call.owed[number + 1].data, ContactLeft) for number in messages), "told before he has left"
    assert set(answers) <= offers
