"""The session protocol: what a desk may say when, what it is answered, and what the router is told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from standardiste.agent_gateway.admission import Doorman
from standardiste.agent_gateway.session import Action, Phase, Place, Publish, Send, Session, Shut
from standardiste.common.directory_view import DirectoryView
from standardiste.common.events.base import Event, Instant
from standardiste.common.events.commands import AcceptOffer, Actor, SetStatus
from standardiste.common.events.decisions import InteractionHeld, SessionEnded, SessionStarted
from standardiste.common.events.directory import RightGrant
from standardiste.common.events.inputs import SessionClosed, SessionOpened
from standardiste.common.events.model import AgentId, InteractionId, OfferId, SessionId, StatusId
from standardiste.common.events.wire import Close
from standardiste.common.ids import CountingIds
from standardiste.common.security.keys import Keys, new_token_pair
from standardiste.common.security.tokens import TokenVerifier
from standardiste.common.testing.builders import AT
from standardiste.common.testing.decisions import decided
from standardiste.common.testing.desk import token_of

ANNA = AgentId("anna")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def at(ms: int = 0) -> Instant:
    return Instant(AT + ms)


def frame(kind: str, **fields: Any) -> str:
    return json.dumps({"kind": kind, **fields})


def sent(actions: list[Action]) -> list[dict[str, Any]]:
    return [json.loads(action.text) for action in actions if isinstance(action, Send)]


def published(actions: list[Action]) -> list[Any]:
    return [action.event.data for action in actions if isinstance(action, Publish)]


def shut_with(actions: list[Action]) -> Close | None:
    return next((action.code for action in actions if isinstance(action, Shut)), None)


def command_of(actions: list[Action]) -> Event:
    (action,) = actions
    assert isinstance(action, Publish)
    return action.event


@pytest.fixture
def token(private_pem: bytes) -> str:
    return token_of(private_pem, at())


@pytest.fixture
def session(place: Place) -> Session:
    return Session(place, at())


@pytest.fixture
def open_session(session: Session, token: str) -> Session:
    session.receive(frame("hello", token=token), at())
    return session


def ask(session: Session, type: str, *, id: str = "c1", now: Instant | None = None, **data: Any) -> list[Action]:
    return session.receive(frame("command", id=id, type=type, data=data), now or at())


def reason_of(actions: list[Action]) -> str:
    (problem,) = sent(actions)
    assert problem["kind"] == "problem"
    return problem["reason"]


# ---- hello


def test_hello_opens_a_session_and_tells_the_router(session: Session, token: str) -> None:
    actions = session.receive(frame("hello", token=token), at())
    (welcome,) = sent(actions)
    id = welcome.pop("session")
    assert welcome == {
        "kind": "welcome",
        "agent": "anna",
        "tenant": "t1",
        "name": "Anna",
        "now": "2023-11-14T22:13:20.000Z",
        "seq": "0:-1",
        "token_expires_at": "2023-11-14T22:28:20.000Z",
        "file_bytes_max": 1_000,
    }
    assert published(actions) == [SessionOpened(session=id, agent=ANNA, gateway="g1")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("not json", Close.BAD_FRAME),
        ("[]", Close.BAD_FRAME),
        ('{"kind":"dance"}', Close.BAD_FRAME),
        ('{"kind":["hello"]}', Close.BAD_FRAME),
        ('{"kind":"hello"}', Close.BAD_FRAME),
        ('{"kind":"hello","token":7}', Close.BAD_FRAME),
        ("[" * 100_000, Close.BAD_FRAME),
        (frame("ping"), Close.BAD_FRAME),
        (frame("sign_out"), Close.BAD_FRAME),
        (frame("command", id="c", type="offer.accept"), Close.BAD_FRAME),
        (frame("hello", token="x.y.z"), Close.BAD_TOKEN),
    ],
)
def test_what_is_no_hello_closes_the_socket_and_the_router_hears_nothing(session: Session, text: str, code: Close) -> None:
    actions = session.receive(text, at())
    assert (shut_with(actions), published(actions), session.phase) == (code, [], Phase.CLOSED)
    assert sent(actions)[-1]["kind"] == "bye"


def test_late_hello_closes_the_socket(session: Session) -> None:
    assert session.tick(at(4_999)) == []
    assert shut_with(session.tick(at(5_000))) is Close.HELLO_LATE
    assert session.tick(at(6_000)) == []


@pytest.mark.parametrize(
    ("person", "rights", "ttl_s", "code"),
    [
        ("anna", (RightGrant(role="agent", scope="self"),), 900, None),
        ("anna", (RightGrant(role="agent", scope="team", scope_id="main"),), 900, None),
        ("anna", (RightGrant(role="agent", scope="team", scope_id="night"),), 900, Close.NOT_ALLOWED),
        ("anna", (RightGrant(role="analyst"),), 900, Close.NOT_ALLOWED),
        ("nobody", (RightGrant(role="agent"),), 900, Close.NOT_ALLOWED),
        ("anna", (RightGrant(role="agent"),), -1, Close.TOKEN_EXPIRED),
    ],
)
def test_only_who_may_work_sits_down(
    session: Session, private_pem: bytes, person: str, rights: tuple[RightGrant, ...], ttl_s: int, code: Close | None
) -> None:
    token = token_of(private_pem, at(), person, rights=rights, ttl_s=ttl_s)
    assert shut_with(session.receive(frame("hello", token=token), at())) is code


def test_token_of_another_installation_is_refused(session: Session) -> None:
    foreign = token_of(new_token_pair()[0], at())
    assert shut_with(session.receive(frame("hello", token=foreign), at())) is Close.BAD_TOKEN


# ---- coming back


def lived(place: Place, session: Session) -> str:
    """The router has started the session, then one more decision came; gives the place of the first."""
    place.window.add(decided(SessionStarted(session=session.id, agent=ANNA, gateway="g1"), f"session:{session.id}", offset=0))
    place.window.add(decided(InteractionHeld(interaction=InteractionId("i1"), version=3, owner=ANNA), "agent:anna", offset=1))
    return "0:0"


def come_back(place: Place, token: str, session: str | None, seq: str | None) -> list[Action]:
    return Session(place, at()).receive(frame("hello", token=token, session=session, seq=seq), at())


def test_session_inside_the_window_is_resumed_without_snapshot(place: Place, open_session: Session, token: str) -> None:
    seq = lived(place, open_session)
    actions = come_back(place, token, open_session.id, seq)
    assert [each["kind"] for each in sent(actions)] == ["resumed", "event"]
    assert sent(actions)[1]["seq"] == "0:1"
    assert published(actions) == [SessionOpened(session=open_session.id, agent=ANNA, gateway="g1", is_resuming=True)]


@pytest.mark.parametrize("seq", [None, "0:7", "1:0", "rubbish", "9:9:9"])
def test_place_outside_the_window_gets_a_new_session(place: Place, open_session: Session, token: str, seq: str | None) -> None:
    lived(place, open_session)
    actions = come_back(place, token, open_session.id, seq)
    (opened,) = published(actions)
    assert [each["kind"] for each in sent(actions)] == ["welcome"]
    assert (opened.is_resuming, opened.session == open_session.id) == (False, False)


def test_session_that_the_router_has_ended_is_not_resumed(place: Place, open_session: Session, token: str) -> None:
    seq = lived(place, open_session)
    ended = SessionEnded(session=open_session.id, agent=ANNA, because="lost")
    place.window.add(decided(ended, "agent:anna", offset=2))
    assert [each["kind"] for each in sent(come_back(place, token, open_session.id, seq))] == ["welcome"]


def test_nobody_resumes_the_session_of_another(place: Place, open_session: Session, private_pem: bytes) -> None:
    seq = lived(place, open_session)
    actions = come_back(place, token_of(private_pem, at(), "ben"), open_session.id, seq)
    assert [each["kind"] for each in sent(actions)] == ["welcome"]
    assert published(actions)[0].session != open_session.id


def test_session_from_before_a_restore_is_not_resumed(
    place: Place, open_session: Session, directory: DirectoryView, token: str, public_pem: bytes
) -> None:
    seq = lived(place, open_session)
    doorman = Doorman(verifier=TokenVerifier(public_pem), directory=directory, keys=Keys(bytes(32)), ids=CountingIds(), epoch=2)
    actions = come_back(replace(place, doorman=doorman), token, open_session.id, seq)
    assert [each["kind"] for each in sent(actions)] == ["welcome"]


# ---- tokens


def test_ended_token_closes_and_the_router_is_told(open_session: Session) -> None:
    assert open_session.tick(at(899_000)) == []
    actions = open_session.tick(at(900_000))
    assert shut_with(actions) is Close.TOKEN_EXPIRED
    assert published(actions) == [SessionClosed(session=open_session.id, agent=ANNA, gateway="g1")]


def test_fresh_token_on_the_same_socket_extends(open_session: Session, private_pem: bytes) -> None:
    later = at(600_000)
    actions = open_session.receive(frame("hello", token=token_of(private_pem, later)), later)
    assert ([each["kind"] for each in sent(actions)], published(actions)) == (["resumed"], [])
    assert open_session.tick(at(1_499_000)) == []
    assert shut_with(open_session.tick(at(1_500_000))) is Close.TOKEN_EXPIRED


def test_fresh_token_of_another_person_closes(open_session: Session, private_pem: bytes) -> None:
    actions = open_session.receive(frame("hello", token=token_of(private_pem, at(), "ben")), at())
    assert shut_with(actions) is Close.BAD_TOKEN


# ---- commands


def test_command_goes_to_the_router_in_the_agents_name_whatever_the_client_says(open_session: Session) -> None:
    actions = open_session.receive(
        frame(
            "command",
            id="c1",
            type="offer.accept",
            data={"offer": "o1", "actor": {"agent": "ben", "may_supervise": True}},
            traceparent=TRACE,
        ),
        at(5),
    )
    assert command_of(actions) == Event(
        id="anna:c1",
        source="agent-gateway",
        subject="o1",
        tenant="t1",
        time=at(5),
        data=AcceptOffer(actor=Actor(agent=ANNA, session=open_session.id), offer=OfferId("o1")),
        traceparent=TRACE,
    )


@pytest.mark.parametrize(
    ("type", "id", "data", "reason"),
    [
        ("offer.dance", "c1", {}, "unknown_type"),
        ("standardiste.contact.received.v1", "c1", {}, "unknown_type"),
        ("offer.accept", "c1", {}, "malformed"),
        ("offer.accept", "c1", {"offer": 7}, "malformed"),
        ("interaction.hold", "c1", {"interaction": "i1", "version": "2"}, "malformed"),
        ("offer.accept", "", {"offer": "o1"}, "malformed"),
        ("offer.accept", "c" * 101, {"offer": "o1"}, "malformed"),
        ("offer.accept", "c 1", {"offer": "o1"}, "malformed"),
        ("status.set", "c1", {"status": "ready", "agent": "ben"}, "not_allowed"),
        ("agent.explain", "c1", {"agent": "ben"}, "not_allowed"),
        ("interaction.assign", "c1", {"interaction": "i1", "version": 1, "agent": "anna"}, "not_allowed"),
        ("doctor.ask", "c1", {}, "not_allowed"),
    ],
)
def test_command_that_never_reaches_the_router_is_a_named_problem(
    open_session: Session, type: str, id: str, data: dict[str, Any], reason: str
) -> None:
    assert reason_of(ask(open_session, type, id=id, **data)) == reason
    assert open_session.phase is Phase.OPEN


def test_problem_names_the_command_and_the_field(open_session: Session) -> None:
    (problem,) = sent(ask(open_session, "message.send", id="c9", interaction="i1", content={"text": 5}))
    assert (problem["command"], problem["detail"][:15]) == ("c9", "/content/text: ")


@pytest.mark.parametrize(
    ("right", "agent", "is_allowed"),
    [
        (RightGrant(role="supervisor"), "ben", True),
        (RightGrant(role="supervisor", scope="team", scope_id="main"), "ben", True),
        (RightGrant(role="supervisor", scope="team", scope_id="main"), "noor", False),
        (RightGrant(role="agent"), "ben", False),
    ],
)
def test_supervisors_act_on_their_own_teams(session: Session, private_pem: bytes, right: RightGrant, agent: str, is_allowed: bool) -> None:
    session.receive(frame("hello", token=token_of(private_pem, at(), rights=(right, RightGrant(role="agent", scope="self")))), at())
    actions = ask(session, "status.set", status="away", agent=agent)
    wanted = SetStatus(actor=Actor(agent=ANNA, session=session.id, may_supervise=True), status=StatusId("away"), agent=AgentId(agent))
    assert (command_of(actions).data == wanted) if is_allowed else (reason_of(actions) == "not_allowed")


@pytest.mark.parametrize(
    ("right", "watched"),
    [
        (RightGrant(role="supervisor"), {"queue:main", "queue:sales", "team:main", "team:night"}),
        (RightGrant(role="supervisor", scope="team", scope_id="night"), {"team:night"}),
        (RightGrant(role="agent"), set()),
    ],
)
def test_supervisors_watch_what_their_rights_cover(session: Session, private_pem: bytes, right: RightGrant, watched: set[str]) -> None:
    session.receive(frame("hello", token=token_of(private_pem, at(), rights=(right, RightGrant(role="agent", scope="self")))), at())
    assert session.feed is not None
    assert session.feed.readers == watched | {"agent:anna", f"session:{session.id}"}


def test_too_fast_commands_are_refused_until_the_bucket_fills(open_session: Session) -> None:
    for n in range(60):
        actions = ask(open_session, "offer.accept", id=f"c{n}", offer="o1")
        open_session.answered(command_of(actions).id)
    (problem,) = sent(ask(open_session, "offer.accept", id="c60", offer="o1"))
    assert (problem["reason"], problem["retry_after_ms"]) == ("too_many_commands", 50)
    assert command_of(ask(open_session, "offer.accept", id="c61", now=at(50), offer="o1")).id == "anna:c61"


def test_client_that_does_not_heed_is_cut_off(open_session: Session) -> None:
    codes = [shut_with(ask(open_session, "offer.accept", id=f"c{n}", offer="o1")) for n in range(261)]
    assert codes == [None] * 260 + [Close.TOO_MANY]


def test_unanswered_commands_are_bounded_and_stop_counting_in_time(open_session: Session) -> None:
    for n in range(64):
        command_of(ask(open_session, "offer.accept", id=f"c{n}", now=at(n * 100), offer="o1"))
    assert reason_of(ask(open_session, "offer.accept", id="c64", now=at(6_400), offer="o1")) == "too_many_commands"
    open_session.answered("anna:c3")
    assert command_of(ask(open_session, "offer.accept", id="c65", now=at(6_500), offer="o1")).id == "anna:c65"
    assert reason_of(ask(open_session, "offer.accept", id="c66", now=at(6_600), offer="o1")) == "too_many_commands"
    assert command_of(ask(open_session, "offer.accept", id="c67", now=at(15_000), offer="o1")).id == "anna:c67"


def test_command_that_the_bus_does_not_take_is_answered(open_session: Session) -> None:
    (action,) = ask(open_session, "offer.accept", offer="o1")
    assert isinstance(action, Publish)
    (problem,) = sent(open_session.not_published(action, at()))
    assert (problem["reason"], problem["command"], problem["retry_after_ms"]) == ("bus_away", "c1", 1_000)


def test_desk_that_cannot_sit_down_is_sent_away_and_the_router_told(session: Session, token: str) -> None:
    opened = session.receive(frame("hello", token=token), at())[-1]
    assert isinstance(opened, Publish)
    actions = session.not_published(opened, at())
    assert ([each["kind"] for each in sent(actions)], shut_with(actions)) == (["away", "bye"], Close.AWAY)
    assert published(actions) == [SessionClosed(session=session.id, agent=ANNA, gateway="g1")]


def test_ping_is_answered(open_session: Session) -> None:
    assert sent(open_session.receive(frame("ping"), at(7))) == [{"kind": "pong", "now": "2023-11-14T22:13:20.007Z"}]


# ---- leaving


def test_lost_socket_closes_the_session_once(open_session: Session) -> None:
    closed = SessionClosed(session=open_session.id, agent=ANNA, gateway="g1")
    assert published(open_session.gone(at())) == [closed]
    assert open_session.gone(at()) == []
    assert open_session.receive(frame("ping"), at()) == []


def test_sign_out_ends_the_session_at_once(open_session: Session) -> None:
    actions = open_session.receive(frame("sign_out"), at())
    assert shut_with(actions) is Close.SIGNED_OUT
    assert published(actions) == [SessionClosed(session=open_session.id, agent=ANNA, gateway="g1", is_sign_out=True)]


def test_superseded_desk_is_told_and_the_router_hears_nothing(open_session: Session) -> None:
    actions = open_session.superseded()
    assert (shut_with(actions), published(actions), open_session.gone(at())) == (Close.SUPERSEDED, [], [])


@pytest.mark.parametrize(("verb", "code"), [("too_slow", Close.TOO_SLOW), ("stop", Close.GOING_AWAY)])
def test_cut_off_desk_is_reported_closed(open_session: Session, verb: str, code: Close) -> None:
    actions = open_session.too_slow(at()) if verb == "too_slow" else open_session.stop(at())
    assert shut_with(actions) is code
    assert published(actions) == [SessionClosed(session=open_session.id, agent=ANNA, gateway="g1")]


def test_session_believed_lost_says_that_it_is_there(open_session: Session) -> None:
    assert published(open_session.lost(at())) == [SessionOpened(session=open_session.id, agent=ANNA, gateway="g1", is_resuming=True)]


def test_session_ended_by_the_router_while_its_socket_is_well_begins_anew(open_session: Session) -> None:
    former = open_session.id
    actions = open_session.ended(at())
    (welcome,) = sent(actions)
    assert welcome["session"] != former
    assert published(actions) == [SessionOpened(session=SessionId(welcome["session"]), agent=ANNA, gateway="g1")]
