"""
The mailbox's folder of sent mail: our answers are laid into it, and what colleagues sent from other programs is read from it, once.

Theory. A copy that is to be laid there waits as a document, written after the server's yes, until this task has appended it; before it appends, it asks the
folder for the Message-ID, so a crash between the two lays no second copy. What is read is what came since the first look; a mail whose Message-ID is one of
our messages' is passed over. All else goes to `inputs` as `mail.found` under an id of the mail's own: read again, it changes nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from standardiste.common.blobs.port import BlobRef, Blobs
from standardiste.common.clock import Clock
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import StandardisteError
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.inputs import MailFound
from standardiste.common.events.model import (
    Audience,
    Author,
    AuthorKind,
    Channel,
    ContactId,
    Message,
    MessageId,
    TenantId,
    Thread,
)
from standardiste.common.ids import keyed_id
from standardiste.common.intake import AttachmentDraft, ContactDraft, Intake, TenantKeys
from standardiste.common.log import logger
from standardiste.common.outbox import Outbox
from standardiste.common.store.port import ABSENT, Collection, Document, Find, Index, Store, Where
from standardiste.ingest_email.compose import Composed, our_message
from standardiste.ingest_email.imap import ImapConnection
from standardiste.ingest_email.mailbox import BATCH, FolderReader, Mailbox
from standardiste.ingest_email.mailbox_state import Held
from standardiste.ingest_email.parse import ParsedMail, parse
from standardiste.ingest_email.reception import LARGE_BYTES

COPIES: Final = Collection(
    name="ingest-email-copies", indexes=(Index(name="address", path="address"), Index(name="ends_at", path="ends_at"))
)
KEPT_MS: Final = 24 * 3_600_000
"""A copy that could not be laid within a day never is: it holds a customer's words."""
RECIPIENTS_MAX: Final = 20
LOOK_EVERY_S: Final = 5.0
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9.@_+=$-]{1,400}")

log = logger("ingest-email")


class Copies:
    """What waits to be laid into a folder of sent mail."""

    def __init__(self, store: Store, blobs: Blobs, clock: Clock) -> None:
        self._store, self._blobs, self._clock = store, blobs, clock

    async def keep(self, tenant: str, address: ChannelAddress, message: str, mail: Composed) -> None:
        """
        After the server's yes. With the store or blobs away there will be no copy: the answer is out, and failing here would send it again.
        """
        if not (address.settings.get("imap_sent_folder") and address.settings.get("imap_sent_append")):
            return
        try:
            ref = await self._blobs.put(tenant, message, mail.content)
            body = {
                "format": 1,
                "address": address.id,
                "message_id": mail.message_id,
                "contact": ref.contact,
                "sha256": ref.sha256,
                "ends_at": self._clock.now() + KEPT_MS,
            }
            documents = self._store.tenant(tenant)
            former = await documents.get(COPIES, message)
            await documents.put(COPIES, message, body, expected=ABSENT if former is None else former.version)
        except StandardisteError as error:
            log.warning("copy_not_kept", message=message, fault=type(error).__name__)

    async def waiting(self, tenant: str, address: str) -> list[Document]:
        page = await self._store.tenant(tenant).find(COPIES, Find(where=(Where(index="address", equals=address),), limit=BATCH))
        return list(page.documents)

    async def content(self, copy: Document) -> bytes | None:
        return await self._blobs.get(_ref(copy))

    async def forget(self) -> None:
        """Remove what could not be laid in time."""
        over = Find(where=(Where(index="ends_at", below=self._clock.now() + 1),), sort="ends_at", limit=BATCH)
        async for copy in self._store.every_tenant(COPIES, over):
            await self.done(copy)

    async def done(self, copy: Document) -> None:
        """It is laid, or never will be."""
        await self._blobs.delete(_ref(copy))
        await self._store.tenant(copy.tenant).delete(COPIES, copy.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finder:
    """Hands in what a colleague sent."""

    intake: Intake
    outbox: Outbox
    directory: DirectoryView
    keys: TenantKeys

    async def hand_in(self, tenant: TenantId, address: ChannelAddress, raw: bytes) -> bool:
        """True when it is durable; False when it is none of a colleague's to a customer. Raises Away."""
        mail = parse(raw) if len(raw) < LARGE_BYTES else await asyncio.to_thread(parse, raw)
        to = tuple(
            dict.fromkeys(each.address for each in (*mail.to, *mail.cc) if self.directory.address(Channel.EMAIL, each.address) is None)
        )
        if not mail.is_mail or not to or mail.markers.is_machine_made or await self._is_ours(tenant, address, mail):
            return False
        id = keyed_id(self.keys.tenant(tenant, "found mail"), "ms", address.id, mail.provider_id)
        draft = self._draft(tenant, address, mail, raw)
        message = Message(
            id=MessageId(id),
            author=Author(kind=AuthorKind.AGENT, name=mail.sender.name if mail.sender else ""),
            audience=Audience.CUSTOMER,
            content=await self.intake.content_of(draft, ContactId(id)),
            sent_at=mail.sent_at if mail.sent_at is not None else self.intake.now(),
            channel=Channel.EMAIL,
        )
        thread = Thread(
            message_id=mail.message_id or mail.provider_id,
            in_reply_to=mail.in_reply_to,
            references=mail.references,
            to=tuple(each.address for each in mail.to),
            cc=tuple(each.address for each in mail.cc),
        )
        found = MailFound(
            message=message,
            channel_address=address.id,
            our_address=address.address,
            scope=draft.scope,
            to=to[:RECIPIENTS_MAX],
            thread=thread,
        )
        await self.intake.report(tenant, id, found, id=id)
        return True

    async def _is_ours(self, tenant: TenantId, address: ChannelAddress, mail: ParsedMail) -> bool:
        """Whether it left through our own outbox."""
        message = our_message(mail.message_id or "", (address.address.rpartition("@")[2],))
        return message is not None and await self.outbox.get(tenant, message) is not None

    def _draft(self, tenant: TenantId, address: ChannelAddress, mail: ParsedMail, raw: bytes) -> ContactDraft:
        return ContactDraft(
            tenant=tenant,
            channel_address=address,
            scope=self.directory.scope_of(tenant, address),
            address=address.address,
            provider_id=mail.provider_id,
            text=mail.text,
            new_text=mail.new_text,
            subject=mail.subject or None,
            html=mail.html,
            language=mail.language,
            raw=None if mail.is_plain else raw,
            attachments=tuple(
                AttachmentDraft(name=part.name, media_type=part.media_type, content=part.content, content_id=part.content_id)
                for part in mail.attachments[:BATCH]
            ),
        )


class SentFolder(FolderReader):
    """Keeps one folder of sent mail, whose lease is `held`. `mailbox.account.folder` is that folder."""

    def __init__(
        self,
        mailbox: Mailbox,
        held: Held,
        finder: Finder,
        copies: Copies,
        clock: Clock,
        *,
        succeeded: Callable[[], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        super().__init__(mailbox, held, clock, succeeded=succeeded, sleep=sleep)
        self._finder, self._copies = finder, copies

    async def read(self) -> None:
        """Until it is cancelled. Raises ProviderError, Away, LeaseLost: whoever runs it begins again later."""
        connection, selected = await ImapConnection.open(self._mailbox.account)
        try:
            reading = self._held.reading
            is_first_look = reading.uid_validity == 0
            met = reading.met(selected)
            await self._write(replace(met, last_uid=selected.uid_next - 1) if is_first_look else met)
            while True:
                await self._lay(connection)
                await self._find(connection)
                await self._succeeded()
                await self._sleep(LOOK_EVERY_S)
                await connection.noop()
        finally:
            await connection.close()

    async def _lay(self, connection: ImapConnection) -> None:
        """Append the copies that wait."""
        address = self._mailbox.address
        for copy in await self._copies.waiting(self._mailbox.tenant, address.id):
            await self._renew()
            content, id = await self._copies.content(copy), str(copy.body["message_id"])
            is_there = _PLAIN_ID.fullmatch(id) is not None and bool(await connection.search(f'HEADER Message-ID "<{id}>"'))
            if content is not None and not is_there:
                await connection.append(self._mailbox.account.folder, content)
            await self._copies.done(copy)

    async def _find(self, connection: ImapConnection) -> None:
        """Take what is new."""
        for batch in await self._fresh(connection):
            sizes = await connection.sizes(batch)
            for uid in batch:
                await self._renew()
                if sizes.get(uid, self._mailbox.bytes_max + 1) <= self._mailbox.bytes_max:
                    for raw in (await connection.fetch([uid])).values():
                        await self._finder.hand_in(self._mailbox.tenant, self._mailbox.address, raw)
            await self._write(replace(self._held.reading, last_uid=batch[-1], succeeded_at=self._clock.now()))


def _ref(copy: Document) -> BlobRef:
    return BlobRef(tenant=copy.tenant, contact=str(copy.body["contact"]), sha256=str(copy.body["sha256"]))
