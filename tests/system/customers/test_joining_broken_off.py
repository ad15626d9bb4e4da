"""A merge that was broken off at any step is gone on with; a contact that came in between is folded in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from standardiste.common.events.model import Channel, CustomerId, SponsorId
from standardiste.common.parts import Parts
from standardiste.common.store.port import Find
from standardiste.common.testing.builders import AT, scope
from standardiste.common.testing.running import parts_in
from standardiste.customers import joins
from standardiste.customers.joining import Joiner
from standardiste.customers.joins import BEGUN, SETTLING, Join
from standardiste.customers.records import COLLECTIONS, CONVERSATIONS, CUSTOMERS, JOINS, Conversation, Customer, dump, load
from standardiste.customers.resolver import Resolver

ALL = Find(limit=100)
ONE, OTHER, NEWCOMER = CustomerId("cu_one"), CustomerId("cu_other"), CustomerId("cu_newcomer")
KEY, OWN = "main/email:other@example.org", "main/email:one@example.org"


def record(id: CustomerId, *keys: str, **fields: Any) -> Customer:
    whole: dict[str, Any] = {"sponsor": SponsorId("main"), "created_at": AT, "updated_at": AT, **fields}
    return Customer(id=id, keys=keys, addresses=tuple(key.partition(":")[2] for key in keys), **whole)


def conversation(customer: CustomerId) -> Conversation:
    return Conversation(
        channel=Channel.EMAIL, channel_name="email", scope=scope(), first_at=AT, last_at=AT, contact_at=AT, customer=customer, is_live=False
    )


@pytest_asyncio.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    found = await parts_in(tmp_path)
    await found.store.open(COLLECTIONS)
    yield found
    await found.bus.close()
    await found.store.close()


@pytest.mark.parametrize("steps_done", [0, 1, 2, 3])
@pytest.mark.parametrize("has_newcomer", [False, True])
async def test_it_ends_the_same_wherever_it_was_broken_off(parts: Parts, steps_done: int, has_newcomer: bool) -> None:
    documents = parts.store.tenant("t1")
    one, other = record(ONE, OWN, name="One"), record(OTHER, KEY, labels=("vip",))
    join = Join(id="jo1", kind="merge", into=ONE, gone=OTHER, keys=(KEY,), before=other, at=AT, by="person:x", stage=BEGUN)
    for id, of in (("cv1", ONE), ("cv2", OTHER)):
        await documents.put(CONVERSATIONS, id, dump(conversation(of)))
    await documents.put(JOINS, join.id, dump(join))
    is_moved = steps_done >= 2 and not has_newcomer
    await documents.put(CUSTOMERS, OTHER, dump(joins.merged_away(other, ONE, AT) if steps_done >= 1 else other))
    await documents.put(CUSTOMERS, ONE, dump(joins.with_other(one, other, AT) if is_moved else one))
    if has_newcomer and steps_done >= 1:
        await documents.put(CUSTOMERS, NEWCOMER, dump(record(NEWCOMER, KEY)))
        await documents.put(CONVERSATIONS, "cv3", dump(conversation(NEWCOMER)))
    if steps_done >= 3 and is_moved:
        await documents.put(CONVERSATIONS, "cv2", dump(joins.moved(conversation(OTHER), join)))
    joiner = Joiner(parts, Resolver(parts))
    for _ in range(2):  # once more changes nothing
        await joiner.carry_out("t1", join)
        people = {document.id: load(Customer, document.body) for document in (await documents.find(CUSTOMERS, ALL)).documents}
        assert (people[ONE].keys, people[ONE].labels, people[ONE].name) == ((OWN, KEY), ("vip",), "One")
        assert {id: found.merged_into for id, found in people.items() if id != ONE} == dict.fromkeys(people.keys() - {ONE}, ONE)
        talks = [load(Conversation, document.body) for document in (await documents.find(CONVERSATIONS, ALL)).documents]
        assert {found.customer for found in talks} == {ONE}
        kept = await documents.get(JOINS, join.id)
        assert kept is not None
        assert load(Join, kept.body).stage == SETTLING
