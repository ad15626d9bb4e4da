"""
One mail for one of our addresses: read, turned into a contact, handed in. Shared by every way in, so that the same mail is the same contact by each.

A bounce about a message of ours is no contact: it tells that message's agent that it failed, or waits. Everything else is a contact, machine-made mail included.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal, TypeAlias

from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import Away, BadInput
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import Assurance, Channel, DeliveryState, MessageId, ReceiptId, TenantId, Thread
from standardiste.common.intake import ATTACHMENTS_MAX, AttachmentDraft, ContactDraft, Intake
from standardiste.common.log import logger
from standardiste.common.metrics import counter
from standardiste.common.outbox import Outbox
from standardiste.ingest_email.addresses import Mailbox, normalised, without_tag
from standardiste.ingest_email.compose import our_message
from standardiste.ingest_email.markers import DeliveryReport
from standardiste.ingest_email.parse import ParsedMail, parse
from standardiste.ingest_email.structure import TOO_MANY

LARGE_BYTES = 128 * 1024
"""From here on a mail is read in a thread: it would hold up the loop for more than a few milliseconds."""
READ_AT_ONCE = 2

_STATES = {"failed": DeliveryState.FAILED, "delayed": DeliveryState.DELAYED, "delivered": DeliveryState.DELIVERED}

Way: TypeAlias = Literal["http", "smtp", "lmtp", "imap"]

_mails = counter("standardiste_mails_total")
log = logger("ingest-email")


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a mail: a contact's receipt, or the message of ours that it reports of."""

    receipt: ReceiptId | None
    message: MessageId | None = None


class Reception:
    """Hands mails in."""

    def __init__(self, intake: Intake, directory: DirectoryView, outbox: Outbox, *, authserv: str = "") -> None:
        self._intake, self._directory, self._outbox, self._authserv = intake, directory, outbox, authserv.lower()
        self._readers = asyncio.Semaphore(READ_AT_ONCE)

    def address(self, address: str) -> tuple[TenantId, ChannelAddress] | None:
        """Whose address this is, a tag after + left aside; None when it is none of ours."""
        asked = normalised(address)
        if asked is None:
            return None
        found = self._directory.address(Channel.EMAIL, asked)
        return found if found is not None else self._directory.address(Channel.EMAIL, without_tag(asked))

    async def read(self, raw: bytes, *, envelope_from: str | None = None) -> ParsedMail:
        """The mail, read off the loop when it is large."""
        if len(raw) < LARGE_BYTES:
            return parse(raw, envelope_from=envelope_from)
        async with self._readers:
            return await asyncio.to_thread(parse, raw, envelope_from=envelope_from)

    async def accept(self, raw: bytes, mail: ParsedMail, tenant: TenantId, address: ChannelAddress, *, way: Way) -> Received:
        """Hand the mail in; durable on return. Raises BusAway, BlobsAway, StoreAway (try again), BadInput (never)."""
        try:
            received = await self._hand_in(raw, mail, tenant, address)
        except Away:
            _mails.labels(way, "later").inc()
            raise
        except BadInput:
            _mails.labels(way, "refused").inc()
            raise
        _mails.labels(way, "taken" if received.receipt is not None else "reported").inc()
        return received

    async def _hand_in(self, raw: bytes, mail: ParsedMail, tenant: TenantId, address: ChannelAddress) -> Received:
        reported = await self._report(tenant, mail.report) if mail.report is not None else None
        if reported is not None:
            return Received(None, reported)
        receipt = await self._intake.accept(self._draft(raw, mail, tenant, address))
        log.debug("contact_accepted", receipt=receipt, defects=list(mail.defects))
        return Received(receipt)

    async def _report(self, tenant: TenantId, report: DeliveryReport) -> MessageId | None:
        """Pass a delivery report on to the message that it is about; None when that is none of ours."""
        message = our_message(report.original_id, self._domains(tenant)) if report.original_id else None
        if message is None or not report.recipients:
            return None
        for recipient in report.recipients:
            state = _STATES.get(recipient.action)
            if state is None:
                continue
            is_known = await self._outbox.report_delivery(
                tenant, message, state, recipient=recipient.address, code=recipient.status or None, detail=recipient.diagnostic or None
            )
            if not is_known:
                return None
        return MessageId(message)

    def _domains(self, tenant: TenantId) -> tuple[str, ...]:
        return tuple(
            {each.address.rpartition("@")[2] for each in self._directory.all(ChannelAddress, tenant) if each.channel is Channel.EMAIL}
        )

    def _draft(self, raw: bytes, mail: ParsedMail, tenant: TenantId, address: ChannelAddress) -> ContactDraft:
        own = self._directory.tenant(tenant)
        sender = mail.sender or _nobody(mail)
        return ContactDraft(
            tenant=tenant,
            channel_address=address,
            scope=self._directory.scope_of(tenant, address),
            address=sender.address,
            name=sender.name or None,
            provider_id=mail.provider_id,
            text=mail.text,
            new_text=mail.new_text,
            subject=mail.subject or None,
            html=mail.html,
            raw=None if mail.is_plain else raw,
            attachments=_attachments(raw, mail),
            thread=Thread(
                message_id=mail.message_id or mail.provider_id,
                in_reply_to=mail.in_reply_to,
                references=mail.references,
                to=tuple(each.address for each in mail.to),
                cc=tuple(each.address for each in mail.cc),
                reply_to=mail.reply_to.address if mail.reply_to else None,
            ),
            language=mail.language,
            assurance=self._assurance(mail),
            attributes=_attributes(mail),
            is_machine_made=mail.markers.is_machine_made,
            is_test=own is not None and own.is_test,
        )

    def _assurance(self, mail: ParsedMail) -> Assurance:
        """
        Authenticated when our own mail server says that DMARC passed: that covers the address in From. Anyone may write the header: only the first
        one counts, and only under the configured name, because a server puts its own on top and strips what pretends to be its own.
        """
        if not self._authserv or not mail.authentication:
            return Assurance.ASSERTED
        name, _, results = mail.authentication[0].partition(";")
        is_ours = name.strip().split(" ")[0].lower() == self._authserv
        methods = {method.strip().split(" ")[0].lower() for method in results.split(";")}
        return Assurance.AUTHENTICATED if is_ours and "dmarc=pass" in methods else Assurance.ASSERTED


def _attachments(raw: bytes, mail: ParsedMail) -> tuple[AttachmentDraft, ...]:
    """The files; where there are more than an event may carry, or parts were left aside, the last is the whole mail, which holds them all."""
    drafts = tuple(
        AttachmentDraft(name=part.name, media_type=part.media_type, content=part.content, content_id=part.content_id)
        for part in mail.attachments
    )
    if len(drafts) <= ATTACHMENTS_MAX and TOO_MANY not in mail.defects:
        return drafts
    whole = AttachmentDraft(name="message.eml", media_type="message/rfc822", content=raw)
    return (*drafts[: ATTACHMENTS_MAX - 1], whole)


def _attributes(mail: ParsedMail) -> dict[str, str | int | float | bool]:
    """Facts for the routing rules; only those that hold."""
    facts = {
        "mail_auto_reply": mail.markers.is_auto_reply,
        "mail_bounce": mail.markers.is_bounce,
        "mail_receipt": mail.markers.is_receipt,
        "mail_list": mail.markers.is_list,
        "mail_bulk": mail.markers.is_bulk,
        "mail_spam": mail.markers.is_spam,
        "mail_encrypted": mail.is_encrypted,
        "mail_signed": mail.is_signed,
    }
    return {name: True for name, holds in facts.items() if holds}


def _nobody(mail: ParsedMail) -> Mailbox:
    """The sender of a mail that names none: an address of its own, so that two strangers are never taken for one customer."""
    return Mailbox(address=f"unknown-{mail.provider_id[-16:]}@unknown.invalid")
