"""
What a visitor does, on either way in: says something, writes, has seen an answer, says goodbye. Everything is durable before it is answered.
"""

from __future__ import annotations

from typing import Final

from standardiste.common.clock import Clock
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import CommandRejected, Refused
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.inputs import ContactLeft, ContactTyping, DeliveryReported
from standardiste.common.events.model import (
    ConversationId,
    DeliveryState,
    InteractionId,
    LeftBecause,
    MessageId,
)
from standardiste.common.intake import AttachmentDraft, ContactDraft, Intake, contact_of
from standardiste.common.rate_limit import TokenBuckets
from standardiste.ingest_chat.frames import Accepted
from standardiste.ingest_chat.sessions import ChatSession, Sessions
from standardiste.ingest_chat.tokens import SessionClaims

TYPING_EVERY_S: Final = 3.0
MESSAGES_PER_S: Final = 2
MESSAGES_BURST: Final = 60


class Slow(Exception):
    """Too much at once; when to try again."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class Visitors:
    """The acts of visitors, by their session's claims."""

    def __init__(self, *, intake: Intake, sessions: Sessions, directory: DirectoryView, clock: Clock) -> None:
        self._intake, self._sessions, self._directory, self._clock = intake, sessions, directory, clock
        self._messages = TokenBuckets(per_s=MESSAGES_PER_S, burst=MESSAGES_BURST)
        self._typing = TokenBuckets(per_s=1 / TYPING_EVERY_S, burst=1)

    async def say(self, claims: SessionClaims, id: str, text: str, files: tuple[AttachmentDraft, ...] = ()) -> Accepted:
        """
        Hand a message in. The same id gives the same answer.

        Raises CommandRejected (conversation_closed, unknown_channel_address), Slow, BusAway, StoreAway.
        """
        taken = self._messages.take(claims.session, self._clock.now())
        if not taken.is_allowed:
            raise Slow(taken.retry_after_s)
        session = await self._sessions.get(claims.tenant, claims.session)
        if session is None or session.is_ended:
            raise CommandRejected(Refused(reason="conversation_closed"))
        page = self._directory.address_by_id(claims.tenant, claims.page)
        if page is None:
            raise CommandRejected(Refused(reason="unknown_channel_address"))
        receipt = await self._intake.accept(self._draft(claims, session, page, id, text, files))
        message = contact_of(receipt)
        if session.contact is None:
            await self._sessions.note_contact(claims.tenant, claims.session, message)
        return Accepted(id=id, message=message, receipt=receipt)

    def message_id(self, claims: SessionClaims, id: str) -> str:
        """The id that the visitor's message has, or will have, in the transcript."""
        return contact_of(self._intake.receipt_of(claims.tenant, claims.page, _provider_id(claims, id)))

    async def typing(self, claims: SessionClaims) -> None:
        """The visitor is writing. Raises BusAway."""
        if self._typing.take(claims.session, self._clock.now()).is_allowed:
            now = self._clock.now()
            conversation = ConversationId(claims.session)
            await self._intake.report(
                claims.tenant, claims.session, ContactTyping(conversation=conversation), id=f"{claims.session}/typing/{now}"
            )

    async def seen(
        self, claims: SessionClaims, message: str, interaction: InteractionId | None, state: DeliveryState, traceparent: str | None = None
    ) -> None:
        """An answer reached the visitor. Raises BusAway."""
        report = DeliveryReported(
            conversation=ConversationId(claims.session),
            interaction=interaction,
            message=MessageId(message),
            state=state,
            at=self._clock.now(),
            is_final=state is DeliveryState.READ,
        )
        await self._intake.report(claims.tenant, claims.session, report, id=f"{message}/{state.value}", traceparent=traceparent)

    async def goodbye(self, claims: SessionClaims) -> None:
        """The visitor ends the chat. Repeatable. Raises BusAway, StoreAway."""
        session = await self._sessions.get(claims.tenant, claims.session)
        if session is None or session.is_ended:
            return
        if session.contact is not None:
            left = ContactLeft(contact=session.contact, conversation=ConversationId(session.id), because=LeftBecause.SAID_GOODBYE)
            await self._intake.report(claims.tenant, session.id, left, id=f"{session.id}/goodbye")
        await self._sessions.goodbye(claims.tenant, session.id)

    def _draft(
        self, claims: SessionClaims, session: ChatSession, page: ChannelAddress, id: str, text: str, files: tuple[AttachmentDraft, ...]
    ) -> ContactDraft:
        own = self._directory.tenant(claims.tenant)
        return ContactDraft(
            tenant=claims.tenant,
            channel_address=page,
            scope=self._directory.scope_of(claims.tenant, page),
            address=session.visitor,
            provider_id=_provider_id(claims, id),
            text=text,
            attachments=files,
            assurance=session.assurance,
            name=session.name,
            conversation=ConversationId(session.id),
            language=session.language,
            attributes=session.attributes,
            is_live=True,
            is_test=own is not None and own.is_test,
        )


def _provider_id(claims: SessionClaims, id: str) -> str:
    return f"{claims.session}/{id}"
