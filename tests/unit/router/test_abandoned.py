"""Who abandoned lately, and comes back: the last of his on that channel, within a minute, once."""

from __future__ import annotations

import pytest

from standardiste.common.events.base import Instant
from standardiste.common.events.model import (
    CampaignId,
    Channel,
    ChannelAddressId,
    CloseReason,
    ContactId,
    ConversationId,
    CustomerId,
    Direction,
    InteractionId,
    QueueId,
    ReceiptId,
    Requirement,
    Scope,
    SiteId,
    SponsorId,
)
from standardiste.common.testing.builders import AT
from standardiste.router.engine.abandoned import RETURN_MS, Abandoned
from standardiste.router.engine.state import Closed, Facts


def closed(number: int, conversation: str | None, customer: str | None, channel: Channel = Channel.VOICE) -> Closed:
    """The n-th to abandon, n ms after the first."""
    facts = Facts(
        channel=channel,
        channel_name=channel.value,
        direction=Direction.INBOUND,
        scope=Scope(sponsor=SponsorId("main"), campaign=CampaignId("main"), site=SiteId("main")),
        channel_address=ChannelAddressId("ours"),
        receipt=ReceiptId(f"r_{number}"),
        contact=ContactId(f"m{number}"),
    )
    return Closed(
        id=InteractionId(f"in_{number}"),
        facts=facts,
        number=number,
        closed_at=Instant(AT + number),
        reason=CloseReason.ABANDONED,
        enqueued_at=AT,
        requirement=Requirement(queue=QueueId("main")),
        conversation=ConversationId(conversation) if conversation else None,
        customer=CustomerId(customer) if customer else None,
    )


@pytest.fixture
def abandoned() -> Abandoned:
    made = Abandoned()
    for each in (
        closed(1, "c1", "anne"),
        closed(2, "c2", "anne"),
        closed(3, "c3", None),
        closed(4, "c1", "anne", Channel.CHAT),
        closed(5, "c5", "bob"),
    ):
        made.add(each)
    return made


@pytest.mark.parametrize(
    ("conversation", "customer", "after_ms", "found"),
    [
        ("c1", None, 10, "in_1"),
        ("c1", "anne", 10, "in_2"),
        ("c5", "anne", 10, "in_5"),
        ("c3", "zoe", 10, "in_3"),
        ("c9", "zoe", 10, None),
        (None, None, 10, None),
        ("c1", None, RETURN_MS, "in_1"),
        ("c1", None, RETURN_MS + 1, None),
        ("c1", "anne", RETURN_MS + 1, "in_2"),
    ],
)
def test_the_last_of_this_customer_or_conversation_on_this_channel_is_found_for_a_minute(
    abandoned: Abandoned, conversation: str | None, customer: str | None, after_ms: int, found: str | None
) -> None:
    last = abandoned.latest(
        Channel.VOICE,
        ConversationId(conversation) if conversation else None,
        CustomerId(customer) if customer else None,
        Instant(AT + after_ms),
    )
    assert (last.id if last is not None else None) == found


def test_who_came_back_or_is_past_his_minute_is_found_no_more(abandoned: Abandoned) -> None:
    abandoned.drop(InteractionId("in_2"))
    abandoned.drop(InteractionId("in_2"))
    last = abandoned.latest(Channel.VOICE, None, CustomerId("anne"), Instant(AT + 10))
    assert last is not None
    assert last.id == "in_1"
    abandoned.forget(Instant(AT + RETURN_MS + 4))
    assert list(abandoned.closed) == ["in_5"]
    abandoned.forget(Instant(AT + RETURN_MS + 5))
    assert abandoned.closed == {}
