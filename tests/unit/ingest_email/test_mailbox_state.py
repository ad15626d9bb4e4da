"""Who reads a mailbox and how far: one reader at a time, whatever dies, and a new beginning where the numbers mean something else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from standardiste.common.events.base import Instant
from standardiste.common.store.sqlite import SqliteStore
from standardiste.ingest_email.imap import Selected
from standardiste.ingest_email.mailbox_state import LEASE_MS, MAILBOXES, Reading, Readings

AT = Instant(1_762_000_000_000)


@pytest_asyncio.fixture
async def readings() -> AsyncIterator[Readings]:
    store = await SqliteStore.open_memory()
    await store.open((MAILBOXES,))
    yield Readings(store)
    await store.close()


async def test_of_many_pods_that_ask_at_once_one_reads(readings: Readings) -> None:
    asked = [readings.hold("t1", "ca_1", f"pod{n}", AT, is_alone=False) for n in range(8)]
    held = [each for each in await asyncio.gather(*asked) if each is not None]
    assert len(held) == 1
    assert await readings.hold("t1", "ca_1", "another", Instant(AT + LEASE_MS - 1), is_alone=False) is None
    assert await readings.hold("t1", "ca_2", "another", AT, is_alone=False) is not None, "another mailbox"
    assert await readings.hold("t2", "ca_1", "another", AT, is_alone=False) is not None, "another tenant's"


async def test_who_is_silent_loses_it_and_writes_nothing_more(readings: Readings) -> None:
    """A pod that stood still for longer than its lease must not move the place back, nor hand in what the next one has."""
    first = await readings.hold("t1", "ca_1", "pod1", AT, is_alone=False)
    assert first is not None
    assert await first.write(replace(first.reading, last_uid=7))
    second = await readings.hold("t1", "ca_1", "pod2", Instant(AT + LEASE_MS + 1), is_alone=False)
    assert second is not None
    assert second.reading.last_uid == 7
    assert not await first.write(replace(first.reading, last_uid=8))
    assert await second.write(replace(second.reading, last_uid=9))


async def test_who_gives_it_back_is_followed_at_once(readings: Readings) -> None:
    first = await readings.hold("t1", "ca_1", "pod1", AT, is_alone=False)
    assert first is not None
    await first.write(replace(first.reading, holder=None, lease_until=0))
    assert await readings.hold("t1", "ca_1", "pod2", AT, is_alone=False) is not None


@pytest.mark.parametrize(
    ("expected", "reading"),
    [
        (("UID 1:4 UNSEEN", "UID 5:*"), Reading(uid_validity=1, first_next=5)),
        (("UID 8:*",), Reading(uid_validity=1, first_next=5, last_uid=7)),
        (("UID 1:4 OR UNSEEN SINCE 1-Nov-2025", "UID 5:*"), Reading(uid_validity=2, first_next=5, since=AT)),
    ],
)
def test_what_is_looked_for(expected: tuple[str, ...], reading: Reading) -> None:
    assert reading.searches() == expected


def test_another_numbering_is_a_new_beginning_three_days_back() -> None:
    known = Reading(uid_validity=1, first_next=5, last_uid=90, succeeded_at=AT)
    assert known.met(Selected(uid_validity=1, uid_next=91)) == known
    anew = known.met(Selected(uid_validity=2, uid_next=40))
    assert (anew.uid_validity, anew.first_next, anew.last_uid, anew.since) == (2, 40, 0, AT - 3 * 86_400_000)
