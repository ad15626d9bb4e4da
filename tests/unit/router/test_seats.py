"""Capacity by table: units, costs, caps, labels, interruptions."""

from __future__ import annotations

import pytest

from standardiste.common.events.directory import AgentProfile
from standardiste.common.events.model import (
    AgentId,
    Channel,
    ChannelAddressId,
    ContactId,
    Direction,
    InteractionId,
    InteractionState,
    OfferId,
    ProfileId,
    QueueId,
    ReceiptId,
    Requirement,
)
from standardiste.common.testing.builders import AT, scope
from standardiste.router.engine.policy import Need, Ring
from standardiste.router.engine.seats import is_full, room_of, seat_of, takes
from standardiste.router.engine.state import Facts, Interaction, Offer

ANNA = AgentId("anna")
ROOM = room_of(AgentProfile(id=ProfileId("p"), change_set=1, label_cap={"vip": 1}))
ACTIVE, WRAPPING, HELD, OFFERED = InteractionState.ACTIVE, InteractionState.WRAPPING, InteractionState.HELD, InteractionState.OFFERED


def work(
    channel: Channel, state: InteractionState = ACTIVE, *, interrupted: bool = False, labels: tuple[str, ...] = (), cost: int | None = None
) -> Interaction:
    requirement = Requirement(queue=QueueId("main"), labels=labels)
    offer = Offer(id=OfferId("o"), agent=ANNA, offered_at=AT, expires_at=AT)
    return Interaction(
        id=InteractionId("i"),
        facts=Facts(
            channel=channel,
            channel_name=channel,
            direction=Direction.INBOUND,
            scope=scope(),
            channel_address=ChannelAddressId("a"),
            receipt=ReceiptId("r"),
            contact=ContactId("c"),
            cost=cost,
        ),
        state=state,
        version=1,
        since=AT,
        enqueued_at=AT,
        requirement=requirement,
        original=requirement,
        change_set=1,
        owner=None if state is OFFERED else ANNA,
        offers=(offer,) if state is OFFERED else (),
        is_interrupted=interrupted,
    )


def need(channel: Channel, labels: tuple[str, ...] = (), cost: int | None = None) -> Need:
    return Need(QueueId("main"), channel, cost, (Ring(()),), labels)


@pytest.mark.parametrize(
    ("expected", "works", "asked"),
    [
        (0, [], need(Channel.VOICE)),
        (None, [work(Channel.VOICE)], need(Channel.CHAT)),
        (0, [work(Channel.CHAT)] * 2, need(Channel.CHAT)),
        (None, [work(Channel.CHAT)] * 3, need(Channel.CHAT)),
        (None, [work(Channel.CHAT, OFFERED)] * 3, need(Channel.CHAT)),
        (None, [work(Channel.CHAT, WRAPPING)] * 3, need(Channel.SMS)),
        (1, [work(Channel.EMAIL)], need(Channel.VOICE)),
        (None, [work(Channel.EMAIL, WRAPPING)], need(Channel.VOICE)),
        (None, [work(Channel.EMAIL, OFFERED)], need(Channel.VOICE)),
        (None, [work(Channel.EMAIL, HELD)], need(Channel.VOICE)),
        (1, [work(Channel.EMAIL)] * 5, need(Channel.CHAT)),
        (None, [work(Channel.CHAT), work(Channel.EMAIL)], need(Channel.VOICE)),
        (None, [work(Channel.EMAIL)] * 5, need(Channel.SMS)),
        (None, [work(Channel.EMAIL, HELD, interrupted=True)], need(Channel.EMAIL)),
        (0, [work(Channel.EMAIL, HELD, interrupted=True)], need(Channel.CHAT)),
        (None, [work(Channel.CHAT, labels=("vip",))], need(Channel.CHAT, ("vip",))),
        (0, [work(Channel.CHAT, labels=("vip",))], need(Channel.CHAT)),
        (0, [work(Channel.CHAT, cost=90)], need(Channel.CHAT, cost=10)),
        (None, [work(Channel.CHAT, cost=90)], need(Channel.CHAT, cost=11)),
    ],
)
def test_takes(expected: int | None, works: list[Interaction], asked: Need) -> None:
    assert takes(seat_of(ANNA, works, ROOM), ROOM, asked) == expected


@pytest.mark.parametrize(
    ("expected", "works"),
    [(False, []), (True, [work(Channel.VOICE)]), (False, [work(Channel.EMAIL)] * 5), (True, [work(Channel.EMAIL, WRAPPING)] * 5)],
)
def test_is_full(expected: bool, works: list[Interaction]) -> None:
    assert is_full(seat_of(ANNA, works, ROOM), ROOM) is expected


def test_what_the_profile_leaves_out_is_as_routing_md_says() -> None:
    room = room_of(AgentProfile(id=ProfileId("p"), change_set=1, cost={Channel.CHAT: 50}, cap={}))
    assert (room.costs[Channel.CHAT], room.costs[Channel.VOICE], room.caps[Channel.CHAT], room.caps[Channel.VOICE]) == (50, 100, 3, 1)


def test_two_seats_have_one_key_exactly_when_they_answer_alike() -> None:
    alike = seat_of(ANNA, [work(Channel.CHAT), work(Channel.EMAIL)], ROOM), seat_of(ANNA, [work(Channel.EMAIL), work(Channel.CHAT)], ROOM)
    unlike = seat_of(ANNA, [work(Channel.OTHER, HELD)], ROOM), seat_of(ANNA, [work(Channel.OTHER)], ROOM)
    assert alike[0].key == alike[1].key
    assert unlike[0].key != unlike[1].key
