"""
One mail for one of our addresses: read, turned into a contact, handed in. Shared by every way in, so that the same mail is the same contact by each.

A bounce about a message of ours is no contact: it tells that message's agent that it failed, or waits. Everything else is a contact, machine-made mail included.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal, TypeAlias

from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import Away, BadInput, StoreAway
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import Assurance, Channel, ConversationId, DeliveryState, MessageId, ReceiptId, TenantId, Thread
from standardiste.common.intake import ATTACHMENTS_MAX, AttachmentDraft, ContactDraft, Intake
from standardiste.common.log import logger
from standardiste.common.metrics import counter
from standardiste.common.outbox import Outbox
from standardiste.ingest_email import tokens as in_words
from standardiste.ingest_email.addresses import Mailbox, normalised, without_tag
from standardiste.ingest_email.authentication import Findings, Result, findings
from standardiste.ingest_email.closing import close_as
from standardiste.ingest_email.compose import our_message
from standardiste.ingest_email.correspondents import Correspondents, mails_cap
from standardiste.ingest_email.dkim_checking import Signatures
from standardiste.ingest_email.markers import DeliveryReport
from standardiste.ingest_email.parse import ParsedMail, parse
from standardiste.ingest_email.structure import TOO_MANY
from standardiste.ingest_email.tokens import Tokens

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

    def __init__(
        self,
        intake: Intake,
        directory: DirectoryView,
        outbox: Outbox,
        *,
        tokens: Tokens,
        correspondents: Correspondents,
        authserv: str = "",
        signatures: Signatures | None = None,
    ) -> None:
        """`authserv` is the trusted server of addresses that name none themselves; `signatures` checks where it has not spoken, if we are to."""
        self._signatures = signatures
        self._intake, self._directory, self._outbox, self._authserv = intake, directory, outbox, authserv
        self._tokens, self._correspondents = tokens, correspondents
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

    async def accept(
        self,
        raw: bytes,
        mail: ParsedMail,
        tenant: TenantId,
        address: ChannelAddress,
        *,
        way: Way,
        recipient: str = "",
        is_backlog: bool = False,
    ) -> Received:
        """
        Hand the mail in; durable on return. Raises BusAway, BlobsAway, StoreAway (try again), BadInput (never).

        `recipient` is the address as the envelope had it, with its tag. What lay in a mailbox before we first looked (`is_backlog`) is no flood.
        """
        try:
            received = await self._hand_in(raw, mail, tenant, address, recipient, is_backlog=is_backlog)
        except Away:
            _mails.labels(way, "later").inc()
            raise
        except BadInput:
            _mails.labels(way, "refused").inc()
            raise
        _mails.labels(way, "taken" if received.receipt is not None else "reported").inc()
        return received

    async def _hand_in(
        self, raw: bytes, mail: ParsedMail, tenant: TenantId, address: ChannelAddress, recipient: str, *, is_backlog: bool
    ) -> Received:
        reported = await self._report(tenant, mail.report) if mail.report is not None else None
        if reported is not None:
            return Received(None, reported)
        counted = None if is_backlog or mail.sender is None else mail.sender.address
        is_flood = counted is not None and await self._correspondents.is_over(tenant, address, counted, mails_cap(address))
        conversation = await self._conversation(tenant, address, mail, recipient)
        found = await self._findings(raw, mail, address)
        receipt = await self._intake.accept(self._draft(raw, mail, tenant, address, conversation, found, is_flood=is_flood))
        if counted is not None:
            await self._count(tenant, address, counted)
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

    async def _conversation(self, tenant: TenantId, address: ChannelAddress, mail: ParsedMail, recipient: str) -> ConversationId | None:
        """What the first good token names: those of the address it went to, then those of the subject."""
        went_to = (recipient, *mail.delivered_to, *(each.address for each in (*mail.to, *mail.cc)))
        for token in dict.fromkeys((*in_words.in_addresses(went_to, address.address), *in_words.in_subject(mail.subject))):
            found = await self._tokens.conversation(tenant, token)
            if found is not None:
                return found
        return None

    async def _count(self, tenant: TenantId, address: ChannelAddress, correspondent: str) -> None:
        """The mail is durable: a store that is away costs one count, not the mail another round."""
        try:
            await self._correspondents.count(tenant, address, correspondent, mails_cap(address))
        except StoreAway:
            log.warning("correspondent_not_counted", channel_address=address.id)

    async def _findings(self, raw: bytes, mail: ParsedMail, address: ChannelAddress) -> Findings:
        """What the trusted server found out about the sender; where it said nothing, what we do."""
        found = findings(mail.authentication, str(address.settings.get("authserv", self._authserv)))
        if found != Findings() or self._signatures is None:
            return found
        domains = await self._signatures.domains(raw)
        return Findings(dkim=tuple(Result(result="pass", properties={"header.d": each}) for each in sorted(domains)))

    def _draft(
        self,
        raw: bytes,
        mail: ParsedMail,
        tenant: TenantId,
        address: ChannelAddress,
        conversation: ConversationId | None,
        found: Findings,
        *,
        is_flood: bool,
    ) -> ContactDraft:
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
            subject=in_words.without_tokens(mail.subject) or None,
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
                conversation=conversation,
            ),
            language=mail.language,
            assurance=_assurance(mail, found),
            attributes={**_attributes(mail), **found.attributes()},
            is_machine_made=mail.markers.is_machine_made,
            is_test=own is not None and own.is_test,
            close_as=close_as(mail, address, is_flood=is_flood),
        )


def _assurance(mail: ParsedMail, found: Findings) -> Assurance:
    """Authenticated when the address in From is proven; anyone may write a name there."""
    domain = mail.sender.address.rpartition("@")[2] if mail.sender else ""
    return Assurance.AUTHENTICATED if domain and found.authenticates(domain) else Assurance.ASSERTED


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
