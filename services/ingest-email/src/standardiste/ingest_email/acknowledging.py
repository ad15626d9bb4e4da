"""
Acknowledgements: where the rule that routed a mail names a template, its sender is told at once that it came.

Theory. What is needed comes by several decisions, in the order of the interaction: the rule that matched, who wrote, the conversation, the queue. A document per
interaction keeps the template's name until the interaction is both queued and known to belong to a conversation; then the router is asked to send
(`message.noted`), so nothing reaches a customer beside it. The message's id is derived from the interaction: asked twice, it is sent once.

Never answered: what a machine wrote (RFC 3834 and 3464), lists, bulk and spam, senders that take no answer, our own addresses; and no correspondent
more than a few times a day, whatever he writes. What is sent says of itself that a machine wrote it.
"""

from __future__ import annotations

import re
from typing import Final

from standardiste.common.blobs.port import Blobs
from standardiste.common.bus.port import Record
from standardiste.common.clock import Clock
from standardiste.common.conversations import ConversationBook, Correspondent
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import VersionConflict
from standardiste.common.events.base import Event, spec_of
from standardiste.common.events.decisions import CustomerIdentified, InteractionQueued, InteractionRouted
from standardiste.common.events.directory import Queue, RuleSet, Template
from standardiste.common.events.inputs import MessageNoted
from standardiste.common.events.model import (
    Audience,
    Author,
    AuthorKind,
    BlobName,
    Channel,
    Content,
    InteractionId,
    Message,
    MessageId,
    QueuedBecause,
    Words,
)
from standardiste.common.intake import Intake
from standardiste.common.store.port import ABSENT, Body, Collection, Index, Store
from standardiste.ingest_email.correspondents import ACKNOWLEDGEMENTS, Correspondents
from standardiste.ingest_email.forgetting import forget_ended
from standardiste.ingest_email.templates import filled, reference_of

PENDING: Final = Collection(name="ingest-email-acknowledgements", indexes=(Index(name="ends_at", path="ends_at"),))
_LEARNS: Final = frozenset(spec_of(cls).name for cls in (InteractionRouted, InteractionQueued, CustomerIdentified))
KEPT_MS: Final = 24 * 3_600_000
_FIRST: Final = (QueuedBecause.ARRIVED, QueuedBecause.IDENTIFIED)
_TAKES_NO_ANSWER: Final = re.compile(
    r"(?:^|[-_.+])(?:(?:no|not|ne|ne[-_.]?pas|do[-_.]?not)[-_.]?(?:reply|répondre|repondre)|mailer-daemon|postmaster|bounces?)(?:[-_.+=@]|$)"
)


class Acknowledger:
    """Follows decisions, in order within an interaction."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: Blobs,
        directory: DirectoryView,
        book: ConversationBook,
        correspondents: Correspondents,
        intake: Intake,
        clock: Clock,
    ) -> None:
        self._store, self._blobs, self._directory, self._book = store, blobs, directory, book
        self._correspondents, self._intake, self._clock = correspondents, intake, clock

    def may_want(self, record: Record) -> bool:
        """Whether a decision may lead to an acknowledgement, as far as is seen undecoded."""
        return record.headers.get("ce_type") in _LEARNS and self._asks_any(record.headers.get("ce_tenant", ""))

    async def learn(self, event: Event) -> None:
        """Take in a decision, after the book of conversations has. Idempotent. Raises Away."""
        data = event.data
        if not self._asks_any(event.tenant):
            return
        if isinstance(data, InteractionRouted):
            await self._routed(event.tenant, data)
        elif isinstance(data, CustomerIdentified) or (isinstance(data, InteractionQueued) and data.because in _FIRST):
            await self._came_on(event.tenant, data)

    async def forget(self) -> None:
        """Forget what is over."""
        await forget_ended(self._store, PENDING, self._clock.now())

    def _asks_any(self, tenant: str) -> bool:
        rules = self._directory.get(RuleSet, tenant, "main")
        return rules is not None and any(rule.acknowledge for rule in rules.rules)

    async def _routed(self, tenant: str, data: InteractionRouted) -> None:
        """Which template, by the rule that matched last before the queue."""
        rules = self._directory.get(RuleSet, tenant, "main")
        if not data.why.rule or rules is None:
            return
        template = next((rule.acknowledge for rule in rules.rules if rule.name == data.why.rule), None)
        former = await self._pending(tenant, data.interaction)
        if template is None and former is None:
            return
        await self._keep(tenant, data.interaction, {**(former or {}), "template": template or "", "queue": data.requirement.queue})

    async def _came_on(self, tenant: str, data: InteractionQueued | CustomerIdentified) -> None:
        pending = await self._pending(tenant, data.interaction)
        if pending is None or pending.get("is_done"):
            return
        now_true = {"is_queued": True} if isinstance(data, InteractionQueued) else {"conversation": data.conversation}
        pending = {**pending, **now_true}
        if not (pending.get("is_queued") and pending.get("conversation")):
            await self._keep(tenant, data.interaction, pending)
            return
        await self._acknowledge(tenant, data.interaction, pending)
        await self._keep(tenant, data.interaction, {**pending, "is_done": True})

    async def _acknowledge(self, tenant: str, interaction: InteractionId, pending: Body) -> None:
        template = self._directory.get(Template, tenant, str(pending["template"]))
        other = await self._book.get(tenant, str(pending["conversation"]))
        if template is None or template.is_archived or other is None or other.contact is None or not await self._may(tenant, other):
            return
        content = await self._content(tenant, template, other, str(pending.get("queue", "")))
        if not content.text.strip():
            return
        now = self._clock.now()
        id = MessageId(f"{interaction}-ack")
        message = Message(
            id=id,
            author=Author(kind=AuthorKind.SYSTEM),
            audience=Audience.CUSTOMER,
            content=content,
            sent_at=now,
            channel=Channel.EMAIL,
            is_machine_made=True,
        )
        assert other.conversation is not None, "it was identified"
        noted = MessageNoted(conversation=other.conversation, interaction=interaction, message=message, is_to_be_sent=True)
        await self._intake.report(tenant, other.conversation, noted, id=id, time=now)

    async def _may(self, tenant: str, other: Correspondent) -> bool:
        """Whether an answer by machine is in order."""
        address = self._directory.address_by_id(tenant, other.channel_address)
        answered = other.reply_to or other.address
        if address is None or other.is_automatic or _TAKES_NO_ANSWER.search(answered.partition("@")[0]) or answered.endswith(".invalid"):
            return False
        if self._directory.address(Channel.EMAIL, answered) is not None:
            return False
        if await self._correspondents.is_over(tenant, address, answered, ACKNOWLEDGEMENTS):
            return False
        await self._correspondents.count(tenant, address, answered, ACKNOWLEDGEMENTS)
        return True

    async def _content(self, tenant: str, template: Template, other: Correspondent, queue_id: str) -> Content:
        def words(kept: Words) -> str:
            return self._directory.words(kept, other.language, tenant)

        queue = self._directory.get(Queue, tenant, queue_id)
        facts = {
            "name": other.name or "",
            "subject": other.subject or "",
            "reference": reference_of(other.conversation or ""),
            "queue": words(queue.name) if queue is not None else "",
        }
        written = words(template.html)
        assert other.contact is not None, "looked at before"
        html = filled(written, facts, is_html=True) if written else None
        blob = None if html is None else BlobName((await self._blobs.put(tenant, other.contact, html.encode())).name)
        return Content(
            text=filled(words(template.text), facts),
            subject=filled(words(template.subject), facts) or None,
            language=other.language,
            html_blob=blob,
        )

    # ---- what is pending

    async def _pending(self, tenant: str, interaction: str) -> Body | None:
        document = await self._store.tenant(tenant).get(PENDING, interaction)
        return None if document is None else document.body

    async def _keep(self, tenant: str, interaction: str, body: Body) -> None:
        documents = self._store.tenant(tenant)
        whole: Body = {"format": 1, "ends_at": self._clock.now() + KEPT_MS, **body}
        while True:
            former = await documents.get(PENDING, interaction)
            try:
                await documents.put(PENDING, interaction, whole, expected=ABSENT if former is None else former.version)
            except VersionConflict:
                continue
            return
