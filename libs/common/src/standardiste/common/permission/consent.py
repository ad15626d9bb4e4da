"""
Whether an address may be contacted for a purpose on a channel at an instant: `may_contact`, the one rule for every way out. Pure.

Theory. What was said about an address is a ledger of entries, never changed and never removed one by one; each entry covers one purpose or any, one
channel or any. The rule reads those that cover the question, in the order in which they were said, and three things come of it:

- the last of *blocked* and *unblocked* counts; a block may end by time;
- the last of *given*, *withdrawn* and *resumed* counts: a customer who said no and later gives a fresh consent may be contacted again for that purpose;
- a purpose that needs consent needs one that was *given* for that very purpose and has not expired. Nobody consents to everything at once.

Who may be contacted may be so within the hours of the purpose only; `is_open` says whether it is within them.

`resumed` (START after STOP) only takes withdrawals back: it never makes a consent that was not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from standardiste.common.errors import Refused
from standardiste.common.events.base import Instant
from standardiste.common.events.model import Channel, SponsorId
from standardiste.common.events.refusals import SENTENCES, Refusal

ANY: Final = "*"
"""The purpose of an entry that covers all purposes."""
SERVICE: Final = "service"
"""What the customer's own matter asks for: an answer, a call back, an appointment. It needs no consent; a withdrawal still forbids it."""

OUTSIDE_HOURS: Final = "It is outside the hours in which customers are contacted for this purpose."


class Word(StrEnum):
    """What was said about an address."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    RESUMED = "resumed"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"


class Basis(StrEnum):
    """On what ground contact is made: article 6 (1) GDPR."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTEREST = "vital_interest"
    PUBLIC_TASK = "public_task"
    LEGITIMATE_INTEREST = "legitimate_interest"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEntry:
    """
    One entry of the ledger. `address` is the keyed id of the address (ledger.py): it says nothing of who it is.

    `channel` None covers every channel of the address. `wording` is the text that was shown or said, `source` where (form, call, STOP text), `proof` what
    shows it (a message's or a recording's id).
    """

    id: str
    address: str
    sponsor: SponsorId
    word: Word
    at: Instant
    recorded_at: Instant
    recorded_by: str
    purpose: str = ANY
    channel: Channel | None = None
    basis: Basis | None = None
    wording: str = ""
    language: str | None = None
    source: str = ""
    proof: str = ""
    expires_at: Instant | None = None
    format: int = 1


_BLOCKS: Final = (Word.BLOCKED, Word.UNBLOCKED)


def may_contact(
    entries: Iterable[ConsentEntry], purpose: str, channel: Channel, at: Instant, *, needs_consent: bool, is_open: bool = True
) -> Refused | None:
    """
    None when contact may be made; else `blocked`, `opted_out` or `not_permitted_now`, with a sentence.

    `entries` are those of one address and sponsor, in any order; what was said after `at` is passed over, so the past can be asked about too.
    """
    said = sorted(
        (each for each in entries if each.at <= at and _covers(each, purpose, channel)),
        key=lambda each: (each.at, each.recorded_at, each.id),
    )
    blocks = [each for each in said if each.word in _BLOCKS]
    if blocks and blocks[-1].word is Word.BLOCKED and not _has_expired(blocks[-1], at):
        return _no(Refusal.BLOCKED)
    is_withdrawn, given = False, None
    for each in said:
        match each.word:
            case Word.GIVEN:
                is_withdrawn, given = False, each
            case Word.WITHDRAWN:
                is_withdrawn = True
            case Word.RESUMED:
                is_withdrawn = False
            case Word.BLOCKED | Word.UNBLOCKED:
                pass
    if is_withdrawn:
        return _no(Refusal.OPTED_OUT)
    if needs_consent and (given is None or _has_expired(given, at)):
        return _no(Refusal.NOT_PERMITTED_NOW)
    return None if is_open else Refused(reason=Refusal.NOT_PERMITTED_NOW.value, detail=OUTSIDE_HOURS)


def fault_of(word: Word, purpose: str, basis: Basis | None) -> str | None:
    """Why an entry cannot be taken; None when it can. A consent names its purpose and its ground."""
    if word is Word.GIVEN and purpose == ANY:
        return "a consent names its purpose"
    if word is Word.GIVEN and basis is None:
        return "a consent names its basis"
    if word in _BLOCKS and purpose != ANY:
        return "a block covers every purpose"
    return None


def _covers(entry: ConsentEntry, purpose: str, channel: Channel) -> bool:
    return entry.purpose in (ANY, purpose) and entry.channel in (None, channel)


def _has_expired(entry: ConsentEntry, at: Instant) -> bool:
    return entry.expires_at is not None and entry.expires_at <= at


def _no(refusal: Refusal) -> Refused:
    return Refused(reason=refusal.value, detail=SENTENCES[refusal])
