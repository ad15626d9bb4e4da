"""
How far a mailbox has been read: one document per mailbox, and which of its messages are to be taken.

Theory. A message is to be taken when it was unread as we first saw the mailbox, or came since. So two marks are kept per UIDVALIDITY: `first_next`, the UIDNEXT of the first
look, below which only unread ones count; and `last_uid`, up to which all is durable. Somebody's reading a mail elsewhere before us does not lose it: above `first_next` flags
are not asked. When UIDVALIDITY changes, every number means something else: all unread ones and all of the last days are taken again, and those that we
had are recognised by their receipts.

The document also says who reads: the holder, until its lease ends. Between several processes one reads; the others look again when the lease is over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from standardiste.common.errors import VersionConflict
from standardiste.common.events.base import Instant
from standardiste.common.events.codec import adapter
from standardiste.common.store.port import ABSENT, Collection, Document, Store
from standardiste.ingest_email.imap import Selected

LEASE_MS = 30_000
AGAIN_DAYS = 3
_DAY_MS = 24 * 3_600_000
MAILBOXES = Collection(name="ingest-email-mailboxes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How far, and who. `since` is a day (ms) from which read ones count too, after a change of UIDVALIDITY."""

    uid_validity: int = 0
    first_next: int = 0
    last_uid: int = 0
    since: int | None = None
    succeeded_at: int | None = None
    holder: str | None = None
    lease_until: int = 0
    format: int = 1

    def met(self, selected: Selected) -> Reading:
        """After a look at the folder: the same, or a new beginning when the numbers mean something else now."""
        if selected.uid_validity == self.uid_validity:
            return self
        since = None if self.succeeded_at is None else self.succeeded_at - AGAIN_DAYS * _DAY_MS
        return replace(self, uid_validity=selected.uid_validity, first_next=selected.uid_next, last_uid=0, since=since)

    def searches(self) -> tuple[str, ...]:
        """IMAP criteria that together find what is to be taken; a server may answer with the last message below the range too."""
        wanted: list[str] = []
        if self.last_uid + 1 < self.first_next:
            older = f"UID {self.last_uid + 1}:{self.first_next - 1}"
            wanted.append(f"{older} UNSEEN" if self.since is None else f"{older} OR UNSEEN SINCE {_imap_day(self.since)}")
        wanted.append(f"UID {max(self.first_next, self.last_uid + 1)}:*")
        return tuple(wanted)


class Readings:
    """The documents."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def hold(self, tenant: str, mailbox: str, holder: str, now: Instant, *, is_alone: bool) -> Held | None:
        """Become the mailbox's reader; None while another is."""
        found = await self._store.tenant(tenant).get(MAILBOXES, mailbox)
        reading = Reading() if found is None else _reading(found)
        if reading.holder not in (None, holder) and reading.lease_until > now and not is_alone:
            return None
        held = Held(self._store, tenant, mailbox, reading, ABSENT if found is None else found.version)
        return held if await held.write(replace(reading, holder=holder, lease_until=now + LEASE_MS)) else None


class Held:
    """A mailbox that this process reads, as long as `write` says yes."""

    def __init__(self, store: Store, tenant: str, mailbox: str, reading: Reading, version: int) -> None:
        self._store, self._tenant, self._mailbox, self._version = store, tenant, mailbox, version
        self.reading = reading

    async def write(self, reading: Reading) -> bool:
        """Store it; False when another has become the reader."""
        body = adapter(Reading).dump_python(reading, mode="json", exclude_none=True)
        try:
            self._version = await self._store.tenant(self._tenant).put(MAILBOXES, self._mailbox, body, expected=self._version)
        except VersionConflict:
            return False
        self.reading = reading
        return True


def _reading(document: Document) -> Reading:
    return adapter(Reading).validate_python(document.body)


def _imap_day(at: int) -> str:
    """A day as IMAP writes it, in English whatever the locale: 2-Nov-2026."""
    day = datetime.fromtimestamp(at / 1000, UTC)
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day.day}-{months[day.month - 1]}-{day.year}"
