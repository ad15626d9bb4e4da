"""Whether somebody may be contacted: the rule alone, then asked of a real ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from standardiste.common.clock import parse_rfc3339
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.common.events.directory import Calendar, Opening
from standardiste.common.events.directory_customers import Purpose
from standardiste.common.events.model import Channel, SponsorId
from standardiste.common.permission.consent import ANY, SERVICE, Basis, ConsentEntry, Word, may_contact
from standardiste.common.permission.ledger import CONSENT, Ledger
from standardiste.common.security.keys import Keys
from standardiste.common.store.sqlite import SqliteStore
from standardiste.common.testing.builders import AT, TENANT, directory_of

DAY = 24 * 3_600 * 1_000


def said(word: str, day: int, **fields: Any) -> ConsentEntry:
    at = Instant(AT + day * DAY)
    whole: dict[str, Any] = {"purpose": ANY, "basis": Basis.CONSENT if word == "given" else None, **fields}
    id = whole.pop("id", f"{word}-{day}")
    address = whole.pop("address", "ad_1")
    return ConsentEntry(
        id=id, address=address, sponsor=SponsorId("main"), word=Word(word), at=at, recorded_at=at, recorded_by="test", **whole
    )


NOTHING: list[ConsentEntry] = []
STOP = said("withdrawn", 1, channel=Channel.SMS)
START = said("resumed", 2, channel=Channel.SMS)
OFFERS = said("given", 0, purpose="offers", channel=Channel.SMS)


@pytest.mark.parametrize(
    ("expected", "entries", "purpose", "channel", "day"),
    [
        (None, NOTHING, SERVICE, Channel.SMS, 0),
        ("not_permitted_now", NOTHING, "offers", Channel.SMS, 0),
        (None, [OFFERS], "offers", Channel.SMS, 0),
        ("not_permitted_now", [OFFERS], "offers", Channel.EMAIL, 5),
        ("not_permitted_now", [OFFERS], "surveys", Channel.SMS, 5),
        ("opted_out", [OFFERS, STOP], "offers", Channel.SMS, 5),
        ("opted_out", [STOP], SERVICE, Channel.SMS, 5),
        (None, [STOP], SERVICE, Channel.VOICE, 5),
        (None, [OFFERS, STOP], "offers", Channel.SMS, 0),
        (None, [START, STOP, OFFERS], "offers", Channel.SMS, 5),
        ("not_permitted_now", [STOP, START], "offers", Channel.SMS, 5),
        (None, [STOP, said("given", 3, purpose="offers")], "offers", Channel.SMS, 5),
        ("opted_out", [STOP, said("given", 3, purpose="offers")], SERVICE, Channel.SMS, 5),
        ("not_permitted_now", [said("given", 0, purpose="offers", expires_at=Instant(AT + 4 * DAY))], "offers", Channel.SMS, 4),
        (None, [said("given", 0, purpose="offers", expires_at=Instant(AT + 4 * DAY))], "offers", Channel.SMS, 3),
        ("blocked", [said("blocked", 0)], SERVICE, Channel.EMAIL, 1),
        ("blocked", [said("blocked", 0), OFFERS, START], "offers", Channel.SMS, 5),
        (None, [said("blocked", 0), said("unblocked", 1)], SERVICE, Channel.EMAIL, 1),
        (None, [said("blocked", 0, expires_at=Instant(AT + DAY))], SERVICE, Channel.EMAIL, 1),
        ("opted_out", [said("withdrawn", 1, purpose="offers"), OFFERS], "offers", Channel.SMS, 1),
        (None, [said("withdrawn", 1, purpose="offers"), OFFERS], SERVICE, Channel.SMS, 1),
    ],
)
def test_the_last_word_that_covers_the_question_counts(
    expected: str | None, entries: list[ConsentEntry], purpose: str, channel: Channel, day: int
) -> None:
    refused = may_contact(entries, purpose, channel, Instant(AT + day * DAY), needs_consent=purpose != SERVICE)
    assert (None if refused is None else refused.reason) == expected


async def ledger_in(folder: Path, directory: DirectoryView | None = None) -> Ledger:
    store = await SqliteStore.open_file(folder / "store.sqlite")
    await store.open((CONSENT,))
    return Ledger(store, Keys(bytes(32)), directory or DirectoryView())


async def test_nothing_in_the_ledger_is_overwritten(tmp_path: Path) -> None:
    ledger = await ledger_in(tmp_path)
    assert await ledger.record("t1", STOP)
    assert not await ledger.record("t1", said("resumed", 9, id=STOP.id))
    assert list(await ledger.entries("t1", "ad_1")) == [STOP]
    assert list(await ledger.entries("t2", "ad_1")) == []


async def test_a_consent_to_everything_is_refused(tmp_path: Path) -> None:
    ledger = await ledger_in(tmp_path)
    with pytest.raises(BadInput, match="purpose"):
        await ledger.record("t1", said("given", 0))
    with pytest.raises(BadInput, match="basis"):
        await ledger.record("t1", said("given", 0, purpose="offers", basis=None))


async def test_a_call_and_a_text_are_one_address_and_two_sponsors_are_two(tmp_path: Path) -> None:
    ledger = await ledger_in(tmp_path)
    one = ledger.address_id("t1", "main", Channel.SMS, "sms", "+33612345678")
    assert one is not None
    assert one == ledger.address_id("t1", "main", Channel.VOICE, "voice", "06 12 34 56 78", "FR")
    assert one != ledger.address_id("t1", "acme", Channel.SMS, "sms", "+33612345678")
    assert one != ledger.address_id("t2", "main", Channel.SMS, "sms", "+33612345678")
    assert "33612345678" not in one
    assert ledger.address_id("t1", "main", Channel.VOICE, "voice", "anonymous") is None


@pytest.mark.parametrize(
    ("expected", "purpose", "address", "wall"),
    [
        (None, "reminders", "ad_1", "2026-03-02T09:30:00+01:00"),
        ("not_permitted_now", "reminders", "ad_1", "2026-03-02T20:30:00+01:00"),
        ("not_permitted_now", "reminders", None, "2026-03-02T20:30:00+01:00"),
        ("not_permitted_now", "reminders", "ad_1", "2026-03-01T09:30:00+01:00"),
        (None, SERVICE, "ad_1", "2026-03-01T03:00:00+01:00"),
        (None, "letters", "ad_1", "2026-03-01T03:00:00+01:00"),
    ],
)
async def test_nobody_is_contacted_outside_the_hours_of_the_purpose(
    tmp_path: Path, expected: str | None, purpose: str, address: str | None, wall: str
) -> None:
    weekdays = Calendar(
        id="day", change_set=0, zone="Europe/Paris", openings=(Opening(weekdays=(1, 2, 3, 4, 5), opens="09:00", closes="20:00"),)
    )
    directory = directory_of(
        weekdays,
        Purpose(id="reminders", change_set=0, needs_consent=False, calendar="day"),
        Purpose(id="letters", change_set=0, needs_consent=False, calendar="gone"),
        Purpose(id=SERVICE, change_set=0, needs_consent=False, calendar="day"),
    )
    ledger = await ledger_in(tmp_path, directory)
    refused = await ledger.may_contact(TENANT, address, purpose, Channel.VOICE, parse_rfc3339(wall))
    assert (None if refused is None else refused.reason) == expected


async def test_an_erasure_forgets_what_allowed_and_keeps_what_forbids(tmp_path: Path) -> None:
    ledger = await ledger_in(tmp_path)
    at = Instant(AT + 9 * DAY)
    for entry in (OFFERS, said("withdrawn", 3, proof="SM1", source="sms", channel=Channel.SMS), said("given", 4, purpose="surveys")):
        await ledger.record("t1", entry)
    assert await ledger.forget("t1", "ad_1") == 2
    kept = await ledger.entries("t1", "ad_1")
    assert [(each.word, each.proof, each.source) for each in kept] == [(Word.WITHDRAWN, "", "")]
    refused = await ledger.may_contact("t1", "ad_1", SERVICE, Channel.SMS, at)
    assert refused is not None
    assert refused.reason == "opted_out"
