"""
Reads one mailbox for as long as it is let: takes what is there, waits for more, and marks a message only after it is durable.

Messages are marked batch by batch, after the whole batch is on the log; a crash before that takes the batch again, and the receipts are the same. What cannot be taken now
(the bus away) stops the reading; what never can (too large) stays unmarked in the mailbox and is passed by.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from standardiste.common.clock import Clock
from standardiste.common.errors import BadInput
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import TenantId
from standardiste.common.log import logger
from standardiste.ingest_email.imap import ImapAccount, ImapConnection
from standardiste.ingest_email.mailbox_state import LEASE_MS, Held, Reading
from standardiste.ingest_email.reception import Reception

BATCH = 50
FETCH_BYTES = 1024 * 1024
"""How much is fetched by one command, unless one message alone is larger."""
SLICE_S = 10.0
"""How often a waiting reader renews its lease."""
IDLE_SLICES = 24
"""IDLE is asked for anew after 4 minutes: servers may end it at 30, and many routers forget a silent connection after 5."""
POLL_SLICES = 3
"""Without IDLE the mailbox is looked at every 30 s."""

log = logger("ingest-email")


@dataclass(frozen=True, slots=True)
class Done:
    """What is done with a message that was taken: moved to a folder where one is named, else a flag set."""

    flag: str = r"\Seen"
    folder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """One mailbox of ours."""

    tenant: TenantId
    address: ChannelAddress
    account: ImapAccount
    done: Done
    bytes_max: int


class LeaseLost(Exception):
    """Another process reads this mailbox now."""


class FolderReader:
    """What every reader of a folder does with the place it has reached and the lease by which it reads."""

    def __init__(
        self,
        mailbox: Mailbox,
        held: Held,
        clock: Clock,
        *,
        succeeded: Callable[[], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """`succeeded` is called whenever all that was there is taken."""
        self._mailbox, self._held, self._clock = mailbox, held, clock
        self._succeeded, self._sleep = succeeded, sleep

    async def _fresh(self, connection: ImapConnection) -> list[list[int]]:
        """What is to be taken, in order, in batches."""
        found: set[int] = set()
        for criteria in self._held.reading.searches():
            found.update(await connection.search(criteria))
        uids = sorted(uid for uid in found if uid > self._held.reading.last_uid)
        return [uids[at : at + BATCH] for at in range(0, len(uids), BATCH)]

    async def _renew(self) -> None:
        if self._held.reading.lease_until - self._clock.now() < LEASE_MS * 2 // 3:
            await self._write(self._held.reading)

    async def _write(self, reading: Reading) -> None:
        if not await self._held.write(replace(reading, lease_until=self._clock.now() + LEASE_MS)):
            raise LeaseLost


class MailboxReader(FolderReader):
    """Reads a mailbox that `held` says is ours."""

    def __init__(
        self,
        mailbox: Mailbox,
        held: Held,
        reception: Reception,
        clock: Clock,
        *,
        succeeded: Callable[[], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        super().__init__(mailbox, held, clock, succeeded=succeeded, sleep=sleep)
        self._reception = reception

    async def read(self) -> None:
        """Until it is cancelled. Raises ProviderError, Away, LeaseLost: whoever runs it begins again later."""
        connection, selected = await ImapConnection.open(self._mailbox.account)
        try:
            await self._write(self._held.reading.met(selected))
            while True:
                await self._take_all(connection)
                await self._succeeded()
                await self._wait(connection)
        finally:
            await connection.close()

    async def _take_all(self, connection: ImapConnection) -> None:
        for batch in await self._fresh(connection):
            await self._take(connection, batch)
            await self._write(replace(self._held.reading, last_uid=batch[-1]))
        await self._write(replace(self._held.reading, succeeded_at=self._clock.now()))

    async def _take(self, connection: ImapConnection, batch: Sequence[int]) -> None:
        sizes = await connection.sizes(batch)
        taken: list[int] = []
        for together in self._portions(batch, sizes):
            contents = await connection.fetch(together)
            for uid in together:
                await self._renew()
                if uid in contents and await self._hand_in(contents[uid], is_backlog=uid < self._held.reading.first_next):
                    taken.append(uid)
        if taken and self._mailbox.done.folder:
            await connection.move(taken, self._mailbox.done.folder)
        elif taken:
            await connection.mark(taken, self._mailbox.done.flag)

    def _portions(self, batch: Sequence[int], sizes: Mapping[int, int]) -> list[list[int]]:
        """What is fetched together: small messages at once, a large one alone, one that is too large not at all."""
        portions: list[list[int]] = []
        held = FETCH_BYTES
        for uid in batch:
            size = sizes.get(uid)
            if size is None:
                continue
            if size > self._mailbox.bytes_max:
                log.warning("mail_too_large", channel_address=self._mailbox.address.id, uid=uid, bytes=size)
                continue
            if held + size > FETCH_BYTES:
                portions.append([])
                held = 0
            portions[-1].append(uid)
            held += size
        return portions

    async def _hand_in(self, raw: bytes, *, is_backlog: bool) -> bool:
        """True when the message is durable; False when it can never be taken."""
        mail = await self._reception.read(raw)
        try:
            await self._reception.accept(raw, mail, self._mailbox.tenant, self._mailbox.address, way="imap", is_backlog=is_backlog)
        except BadInput as bad:
            log.warning("mail_refused", channel_address=self._mailbox.address.id, reason=bad.reason)
            return False
        return True

    async def _wait(self, connection: ImapConnection) -> None:
        """Until there may be more."""
        if connection.can_idle:
            await connection.idle(IDLE_SLICES, SLICE_S, self._renew)
            return
        for _ in range(POLL_SLICES):
            await self._sleep(SLICE_S)
            await self._renew()
        await connection.noop()
