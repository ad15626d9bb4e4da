"""
Where to send: one document per conversation of a channel, kept by its ingest service from decisions.

`message.deliver` names a conversation and no address; here is who that is, from which address of ours, and what to thread the answer to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from standardiste.common.bus.port import Record
from standardiste.common.errors import VersionConflict
from standardiste.common.events.base import Event, Instant, spec_of
from standardiste.common.events.codec import adapter, decode, load_object
from standardiste.common.events.decisions import ContactJoined, CustomerIdentified, InteractionCreated
from standardiste.common.events.model import Channel, ChannelAddressId, Contact, ContactId, ConversationId, InteractionId, Scope
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.store.port import ABSENT, Body, Collection, Index, Store

REFERENCES_MAX = 30
AUTOMATIC = ("mail_list", "mail_bulk", "mail_spam")
"""Attributes of contacts that no machine may answer, beside those that a machine made."""
_IDENTIFIED: Final = spec_of(CustomerIdentified).name
_LEARNS: Final = frozenset((spec_of(InteractionCreated).name, spec_of(ContactJoined).name, _IDENTIFIED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Correspondent:
    """
    The other side of a conversation, as its last contact showed it. `references` are RFC 5322 ids, oldest first. `is_automatic`: a machine, a list or a
    spammer wrote, so no machine may answer.
    """

    conversation: ConversationId | None = None
    interaction: InteractionId | None = None
    contact: ContactId | None = None
    channel: Channel
    channel_address: ChannelAddressId
    our_address: str
    address: str
    scope: Scope | None = None
    name: str | None = None
    language: str | None = None
    subject: str | None = None
    message_id: str | None = None
    reply_to: str | None = None
    cc: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    last_contact_at: Instant = Instant(0)
    is_automatic: bool = False


class ConversationBook:
    """The conversations of one service's channels."""

    def __init__(self, store: Store, service: str, channels: Sequence[Channel], *, within_ms: int = 0) -> None:
        self._store, self._channels, self._within_ms = store, frozenset(channels), within_ms
        self._marks = tuple(f'"channel":"{channel.value}"'.encode() for channel in channels)
        self.collection = Collection(
            name=f"{service}-conversations", indexes=(Index(name="address", path="address"), Index(name="interaction", path="interaction"))
        )

    def lane(self, record: Record) -> str | None:
        """The lane of a decision: its interaction's. Most are passed over, by type, or by the channel as the codec writes it, undecoded."""
        name, value = record.headers.get("ce_type"), record.value
        if name not in _LEARNS or value is None or (name != _IDENTIFIED and not any(mark in value for mark in self._marks)):
            return None
        return record.headers.get("ce_subject", record.key)

    async def take(self, record: Record) -> None:
        """Learn from a decision, unless `lane` passes it over. Raises BadInput, Away."""
        if self.lane(record) is not None:
            await self.learn(decode(record))

    async def learn(self, event: Event) -> None:
        """Take in a decision; those of other channels are passed over. Idempotent; call in order within an interaction (lane: ce_subject)."""
        data = event.data
        if isinstance(data, InteractionCreated | ContactJoined):
            if data.contact.channel in self._channels:
                await self._meet(event.tenant, data.contact, data.interaction, data.conversation)
        elif isinstance(data, CustomerIdentified):
            await self._settle(event.tenant, data)

    async def learn_address(self, tenant: str, deliver: DeliverMessage, our_address: str) -> Correspondent | None:
        """Where an agent began, the command carries the address: keep it for the answers that follow."""
        known = await self.get(tenant, deliver.conversation)
        if deliver.address is None or (known is not None and known.address == deliver.address):
            return known
        begun = Correspondent(
            conversation=deliver.conversation,
            interaction=deliver.interaction,
            contact=None,
            channel=deliver.channel,
            channel_address=deliver.channel_address,
            our_address=our_address,
            address=deliver.address,
            subject=deliver.content.subject,
            language=deliver.content.language,
        )
        await self._write(tenant, deliver.conversation, begun)
        return begun

    async def get(self, tenant: str, conversation: str) -> Correspondent | None:
        document = await self._store.tenant(tenant).get(self.collection, conversation)
        return None if document is None else load_object(Correspondent, document.body)

    async def address_of(self, tenant: str, conversation: str) -> str | None:
        """The address of the other side alone."""
        document = await self._store.tenant(tenant).get(self.collection, conversation)
        return None if document is None else str(document.body["address"])

    async def _meet(self, tenant: str, contact: Contact, interaction: InteractionId, conversation: ConversationId | None) -> None:
        thread = contact.thread
        met = Correspondent(
            conversation=conversation,
            interaction=interaction,
            contact=contact.id,
            channel=contact.channel,
            channel_address=contact.channel_address,
            our_address=contact.our_address,
            address=contact.address,
            scope=contact.scope,
            name=contact.name,
            language=contact.language,
            subject=contact.content.subject,
            message_id=thread.message_id if thread else None,
            reply_to=thread.reply_to if thread else None,
            cc=thread.cc if thread else (),
            references=(*thread.references, thread.message_id)[-REFERENCES_MAX:] if thread else (),
            last_contact_at=contact.received_at,
            is_automatic=contact.is_machine_made or contact.close_as is not None or any(contact.attributes.get(each) for each in AUTOMATIC),
        )
        await self._write(tenant, conversation or _before_identified(contact.id), met, within_ms=self._within_ms)

    async def _settle(self, tenant: str, identified: CustomerIdentified) -> None:
        """The conversation of a contact that came without one is known now."""
        waiting = _before_identified(identified.contact)
        found = await self.get(tenant, waiting)
        if found is None:
            return
        await self._write(tenant, identified.conversation, replace(found, conversation=identified.conversation))
        await self._store.tenant(tenant).delete(self.collection, waiting)

    async def _write(self, tenant: str, id: str, correspondent: Correspondent, *, within_ms: int = 0) -> None:
        """Keep the newest contact's facts: an older one that arrives late changes nothing."""
        documents = self._store.tenant(tenant)
        while True:
            former = await documents.get(self.collection, id)
            if former is not None and load_object(Correspondent, former.body).last_contact_at > correspondent.last_contact_at > 0:
                return
            try:
                expected = ABSENT if former is None else former.version
                await documents.put(self.collection, id, _body(correspondent), expected=expected, within_ms=within_ms)
            except VersionConflict:
                continue
            return


def _before_identified(contact: ContactId) -> str:
    return f"contact:{contact}"


def _body(correspondent: Correspondent) -> Body:
    return adapter(Correspondent).dump_python(correspondent, mode="json", exclude_none=True)
