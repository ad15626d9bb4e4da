"""What was closed at once comes again when somebody asks: with its words, into its conversation, once, and for 30 days."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Event, Instant
from standardiste.common.events.codec import encode
from standardiste.common.events.decisions import InteractionClosed, InteractionCreated, MessageReceived
from standardiste.common.events.inputs import ContactIdentified, ContactReceived
from standardiste.common.events.model import (
    CloseReason,
    Contact,
    Direction,
    InteractionId,
    InteractionState,
    ReceiptId,
    Segment,
    Thread,
)
from standardiste.common.testing import builders
from standardiste.common.testing.running import Running

DAY_MS = 24 * 3_600_000


async def came(site: Running, floor: Any, reason: CloseReason, *, days_ago: float = 0) -> Contact:
    """A contact came, was closed at once, and is written down."""
    at = Instant(int(site.parts.clock.now() - days_ago * DAY_MS))
    mark = reason if reason in (CloseReason.SPAM, CloseReason.LIST, CloseReason.FLOOD) else None
    contact = builders.contact(
        "c1",
        address="jean@example.org",
        thread=Thread(message_id="c1@example.org"),
        close_as=mark,
        received_at=at,
        attributes={"mail_spam": True},
    )
    event = Event(id="c1", source="ingest-email", subject="c1", tenant="t1", time=at, data=ContactReceived(contact=contact))
    await site.parts.bus.publish(encode(event, Topic.INPUTS))
    await site.inputs(ContactIdentified)
    created = InteractionCreated(interaction=InteractionId("i1"), contact=contact, enqueued_at=at, change_set=1, identify_by=at)
    said = MessageReceived(interaction=InteractionId("i1"), contact=contact.id, message=builders.message("ms1", "Bonjour"))
    closed = InteractionClosed(
        interaction=InteractionId("i1"),
        version=2,
        receipts=(contact.receipt,),
        reason=reason,
        enqueued_at=at,
        closed_at=at,
        channel=contact.channel,
        channel_name=contact.channel_name,
        direction=Direction.INBOUND,
        scope=contact.scope,
        segments=(Segment(state=InteractionState.IDENTIFYING, began_at=at, ended_at=at),),
        change_set=1,
    )
    await floor.decide(created, said, closed)
    return contact


async def closed_receipt(http: httpx.AsyncClient, receipt: ReceiptId) -> None:
    """The receipt says that it is closed."""
    for _ in range(200):
        response = await http.get(f"/v1/customers/receipts/{receipt}")
        if response.status_code == 200 and response.json()["state"] == "closed":
            return
    raise AssertionError("the receipt is not closed")


async def reopened(http: httpx.AsyncClient, receipt: str) -> httpx.Response:
    return await http.post(f"/v1/customers/receipts/{receipt}/reopen")


@pytest.mark.parametrize("reason", [CloseReason.SPAM, CloseReason.LIST, CloseReason.FLOOD, CloseReason.BLOCKED])
async def test_what_was_closed_at_once_comes_again_once(site: Running, http: httpx.AsyncClient, floor: Any, reason: CloseReason) -> None:
    first = await came(site, floor, reason)
    await closed_receipt(http, first.receipt)
    response, twice = await reopened(http, first.receipt), await reopened(http, first.receipt)
    assert (response.status_code, response.json()) == (202, twice.json())
    contact = (await site.inputs(ContactReceived, 2))[1].contact
    assert response.headers["location"] == f"/v1/customers/receipts/{contact.receipt}"
    assert (contact.close_as, contact.address, contact.content.text) == (None, "jean@example.org", "Bonjour")
    assert contact.receipt != first.receipt
    assert contact.attributes["reopened_from"] == reason
    identified = await site.inputs(ContactIdentified, 2)
    assert identified[1].conversation == identified[0].conversation == contact.conversation
    if reason is not CloseReason.BLOCKED:
        assert contact.thread == first.thread
        assert contact.attributes["mail_spam"] is True


@pytest.mark.parametrize(("reason", "days_ago"), [(CloseReason.HANDLED, 0), (CloseReason.SPAM, 30.1)])
async def test_what_was_handled_or_is_long_ago_does_not(
    site: Running, http: httpx.AsyncClient, floor: Any, reason: CloseReason, days_ago: float
) -> None:
    first = await came(site, floor, reason, days_ago=days_ago)
    await closed_receipt(http, first.receipt)
    response = await reopened(http, first.receipt)
    assert (response.status_code, response.json()["type"].rsplit("/")[-1]) == (409, "not_reopenable")


async def test_a_receipt_that_is_not_there_is_not_found(http: httpx.AsyncClient) -> None:
    assert (await reopened(http, "r_nobody")).status_code == 404
