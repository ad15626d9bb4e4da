"""What is kept too long goes by night, by the rule that names most, and how much went is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from standardiste.common.clock import ManualClock
from standardiste.common.events.base import Instant
from standardiste.common.events.directory_customers import CustomerAttribute, Retention
from standardiste.common.events.model import (
    Audience,
    Author,
    AuthorKind,
    Channel,
    ConversationId,
    CustomerId,
    Message,
    MessageId,
    SponsorId,
)
from standardiste.common.parts import Parts
from standardiste.common.testing.builders import AT, content, scope
from standardiste.common.testing.running import Running, parts_in, running, tenant_of_test
from standardiste.customers.app import build
from standardiste.customers.erasures import Erasures
from standardiste.customers.records import COLLECTIONS, CONVERSATIONS, CUSTOMERS, MESSAGES, Conversation, Customer, StoredMessage, dump
from standardiste.customers.retention import Keeper, rule_of
from standardiste.customers.settings import CustomersSettings
from standardiste.customers.timeline import place_of

DAY = 86_400_000


def rule(id: str, days: int, **fields: Any) -> Retention:
    return Retention(id=id, change_set=0, days=days, **fields)


def conversation(**fields: Any) -> Conversation:
    whole: dict[str, Any] = {"channel": Channel.EMAIL, "channel_name": "email", "scope": scope(), "is_live": False, **fields}
    return Conversation(first_at=AT, contact_at=AT, **{"last_at": AT, **whole})


ALL, MAIL, ACME, OFFERS = (
    rule("all", 1_000),
    rule("mail", 100, channel=Channel.EMAIL),
    rule("acme", 50, channel=Channel.EMAIL, sponsor=SponsorId("acme")),
    rule("offers", 10, purpose="offers"),
)


@pytest.mark.parametrize(
    ("expected", "rules", "fields"),
    [
        (None, [], {}),
        ("mail", [ALL, MAIL, ACME, OFFERS], {}),
        ("all", [ALL, MAIL, ACME, OFFERS], {"channel": Channel.SMS}),
        ("acme", [ALL, MAIL, ACME, OFFERS], {"scope": scope(sponsor=SponsorId("acme"))}),
        ("offers", [ALL, MAIL, ACME, OFFERS], {"purpose": "offers"}),
        (None, [MAIL, OFFERS], {"channel": Channel.SMS}),
        ("short", [ALL, rule("short", 20)], {}),
        (None, [rule("records", 1, keeps="customers")], {}),
    ],
)
def test_the_rule_that_names_most_counts_then_the_shortest(expected: str | None, rules: list[Retention], fields: dict[str, Any]) -> None:
    found = rule_of(rules, conversation(**fields))
    assert (None if found is None else found.id) == expected


@pytest_asyncio.fixture
async def clock() -> ManualClock:
    return ManualClock(AT)


@pytest_asyncio.fixture
async def site(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Running]:
    async with running(tmp_path, lambda parts: build(CustomersSettings(), parts), clock=clock) as found:
        yield found


async def spoken(parts: Parts, id: str, days_ago: int, **fields: Any) -> None:
    """A conversation with a message that has a file, that many days old."""
    documents, at = parts.store.tenant("t1"), Instant(AT - days_ago * DAY)
    blob = await parts.blobs.put("t1", id, id.encode())
    await documents.put(CONVERSATIONS, id, dump(conversation(last_at=at, customer=CustomerId("cu1"), **fields)))
    message = Message(
        id=MessageId(f"m-{id}"),
        author=Author(kind=AuthorKind.CUSTOMER),
        audience=Audience.CUSTOMER,
        content=content(),
        sent_at=at,
        channel=Channel.EMAIL,
    )
    stored = StoredMessage(message=message, conversation=ConversationId(id), place=place_of(id, at, message.id), blobs=(blob.name,))
    await documents.put(MESSAGES, message.id, dump(stored))


def record(id: str, **fields: Any) -> Customer:
    whole: dict[str, Any] = {"sponsor": SponsorId("main"), "created_at": AT, "updated_at": AT, **fields}
    return Customer(id=CustomerId(id), **whole)


async def test_a_night_removes_what_is_old_and_reports_it(site: Running, clock: ManualClock) -> None:
    parts, old = site.parts, Instant(AT - 400 * DAY)
    documents = parts.store.tenant("t1")
    attributes = (CustomerAttribute(id="debt", change_set=0, keep_days=30), CustomerAttribute(id="plan", change_set=0))
    await site.configure("t1", tenant_of_test(), MAIL, ACME, rule("records", 365, keeps="customers"), *attributes)
    await spoken(parts, "young", 99)
    await spoken(parts, "old", 101)
    await spoken(parts, "live", 101, is_live=True)
    await spoken(parts, "acme", 51, scope=scope(sponsor=SponsorId("acme")))
    await spoken(parts, "text", 5_000, channel=Channel.SMS)
    values, since = {"debt": 1, "plan": "x"}, {"debt": Instant(AT - 31 * DAY), "plan": old}
    for each in (
        record("cu1", updated_at=old),
        record("cu2", updated_at=old, keys=("main/email:a@b.c",)),
        record("cu3", attributes=values, attributes_at=since),
    ):
        await documents.put(CUSTOMERS, each.id, dump(each))
    keeper = Keeper(parts, Erasures(parts, 8))
    done = await keeper.tonight("t1")
    assert done is not None
    assert (done.conversations, done.messages, done.files, done.customers, done.attributes) == (
        {"mail": 1, "acme": 1},
        2,
        2,
        {"records": 1},
        {"debt": 1},
    )
    assert await keeper.tonight("t1") is None, "once a night"
    left = [id for id in ("young", "old", "live", "acme", "text") if await documents.get(CONVERSATIONS, id) is not None]
    assert left == ["young", "live", "text"]
    assert sorted([info.ref.contact async for info in parts.blobs.list("t1")]) == ["live", "text", "young"]
    assert [id for id in ("cu1", "cu2", "cu3") if await documents.get(CUSTOMERS, id) is not None] == ["cu1", "cu3"]
    kept = await documents.get(CUSTOMERS, "cu3")
    assert kept is not None
    assert kept.body["attributes"] == {"plan": "x"}
    clock.advance(DAY + 1)
    again = await keeper.tonight("t1")
    assert again is not None
    assert (again.conversations, again.messages) == ({"mail": 1}, 1)


async def test_before_one_at_night_and_without_rules_nothing_runs(tmp_path: Path) -> None:
    clock = ManualClock(AT - AT % DAY + 30 * 60_000)
    parts = await parts_in(tmp_path, clock=clock)
    try:
        await parts.store.open(COLLECTIONS)
        assert await Keeper(parts, Erasures(parts, 8)).tonight("t1") is None
    finally:
        await parts.bus.close()
        await parts.store.close()
