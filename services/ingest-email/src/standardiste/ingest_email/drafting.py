"""
From a message that the router wants delivered to a mail: to whom, in which thread, with which words, files and signature.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from standardiste.common.blobs.port import BlobRef, Blobs
from standardiste.common.conversations import ConversationBook, Correspondent
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import CommandRejected, ProviderError
from standardiste.common.events.base import Instant
from standardiste.common.events.directory import ChannelAddress, Queue
from standardiste.common.events.model import Attachment, BlobName, Content
from standardiste.common.outbox import Send
from standardiste.common.scanning.screen import Screen
from standardiste.common.secrets.port import Secrets
from standardiste.ingest_email import markup
from standardiste.ingest_email.compose import BadAddress, Composed, Draft, File, compose, reply_subject
from standardiste.ingest_email.dkim_signing import BadKey, Signer, signed
from standardiste.ingest_email.templates import filled, reference_of
from standardiste.ingest_email.tokens import Tokens, reply_address, with_token

NAME = "smtp"


class Drafting:
    """Composes mails. Every verb raises ProviderError, and Away when store or blobs do not answer."""

    def __init__(
        self, *, book: ConversationBook, directory: DirectoryView, secrets: Secrets, blobs: Blobs, tokens: Tokens, screen: Screen
    ) -> None:
        self._book, self._directory, self._secrets = book, directory, secrets
        self._blobs, self._tokens, self._screen = blobs, tokens, screen

    async def compose(self, send: Send, address: ChannelAddress) -> Composed:
        command = send.command
        other = await self._book.learn_address(send.tenant, command, address.address)
        if other is None:
            raise no("unknown_conversation", "where to send is not known yet", is_retryable=True)
        content = command.content
        subject, reply_to = await self._threaded(send, address, _subject(content, other))
        draft = Draft(
            message=command.message,
            our_address=address.address,
            our_name=self._directory.words(address.name, other.language, send.tenant),
            to=other.reply_to or other.address,
            to_name=other.name or "" if other.reply_to in (None, other.address) else "",
            text=await self._whole_text(send.tenant, content),
            html=await self._html(send.tenant, content),
            date=Instant(send.taken_at),
            cc=command.cc,
            bcc=command.bcc,
            subject=subject,
            reply_to=reply_to,
            answers=other.message_id,
            references=other.references,
            files=[await self._file(send.tenant, each) for each in content.attachments],
            language=content.language,
            is_machine_made=command.is_machine_made,
            signature="" if command.is_machine_made else self._signature(send, other),
        )
        try:
            composed = compose(draft)
        except BadAddress as error:
            raise no("bad_address", str(error), is_retryable=False) from None
        return await self._signed(send.tenant, address, composed)

    async def _signed(self, tenant: str, address: ChannelAddress, mail: Composed) -> Composed:
        """Under a DKIM signature where the address names a key."""
        own = address.settings
        selector, secret = str(own.get("dkim_selector", "")), str(own.get("dkim_key_secret", ""))
        if not selector or not secret:
            return mail
        key = await self._secrets.get(tenant, secret)
        if key is None:
            raise no("secret_missing", f"the secret {secret} is not there", is_retryable=True)
        signer = Signer(str(own.get("dkim_domain", address.address.rpartition("@")[2])), selector, key)
        try:
            return replace(mail, content=await asyncio.to_thread(signed, mail, signer))
        except BadKey as error:
            raise no("not_configured", f"DKIM: {error}", is_retryable=True) from None

    def _signature(self, send: Send, other: Correspondent) -> str:
        """The queue's, in the language of the message."""
        command = send.command
        queue = self._directory.get(Queue, send.tenant, command.queue) if command.queue is not None else None
        if queue is None:
            return ""
        language = command.content.language or other.language
        facts = {
            "name": other.name or "",
            "subject": other.subject or "",
            "reference": reference_of(command.conversation),
            "queue": self._directory.words(queue.name, language, send.tenant),
            "agent": command.author.name,
        }
        return filled(self._directory.words(queue.signature, language, send.tenant), facts)

    async def _threaded(self, send: Send, address: ChannelAddress, subject: str) -> tuple[str, str]:
        """The subject, and where an answer is to go, with the conversation's token where the address asks for one."""
        place = address.settings.get("reply_token", "none")
        if place not in ("address", "subject"):
            return subject, ""
        token = await self._tokens.mint(send.tenant, send.command.conversation)
        reply_to = reply_address(address.address, token) if place == "address" else None
        return (subject, reply_to) if reply_to is not None else (with_token(subject, token), "")

    async def _whole_text(self, tenant: str, content: Content) -> str:
        if content.body_blob is None:
            return content.text
        return (await self._blob(tenant, content.body_blob)).decode("utf-8", "replace")

    async def _html(self, tenant: str, content: Content) -> str | None:
        if content.html_blob is None:
            return None
        return markup.sanitised((await self._blob(tenant, content.html_blob)).decode("utf-8", "replace"))

    async def _file(self, tenant: str, attachment: Attachment) -> File:
        """A file that leaves with the mail: where the tenant asks, one that was found safe."""
        content = await self._blob(tenant, attachment.blob)
        try:
            await self._screen.require_safe(tenant, attachment.state, content)
        except CommandRejected as error:
            raise no("file_refused", error.refused.detail, is_retryable=False) from None
        return File(name=attachment.name, media_type=attachment.media_type, content=content)

    async def _blob(self, tenant: str, name: BlobName) -> bytes:
        """A file of this tenant; another tenant's name is answered as one that is not there."""
        owner, _, rest = name.partition("/")
        contact, _, sha256 = rest.rpartition("/")
        found = await self._blobs.get(BlobRef(tenant=owner, contact=contact, sha256=sha256)) if owner == tenant and contact else None
        if found is None:
            raise no("file_missing", "a file of the message is not there", is_retryable=False)
        return found


def _subject(content: Content, other: Correspondent) -> str:
    """What the agent wrote, else an answer to the conversation's."""
    if content.subject:
        return content.subject
    return reply_subject(other.subject) if other.contact is not None else other.subject or ""


def no(code: str, detail: str, *, is_retryable: bool) -> ProviderError:
    """The refusal of a message, or of its address."""
    return ProviderError(NAME, code, detail, is_retryable=is_retryable)
