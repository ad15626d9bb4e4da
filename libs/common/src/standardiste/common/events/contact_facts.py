"""What routing rules may ask of a contact, as a record of its own: it rides in contact.identified, so that the rules can run anew without anybody keeping it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from unicodedata import normalize

from standardiste.common.events.base import maker, quick
from standardiste.common.events.model import Assurance, Attributes, Channel, ChannelAddressId, Contact, QueueId, Scope

TEXT_MAX: Final = 4_000
"""Rules see the first 4,000 characters of a text."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFacts:
    """The facts of a contact that rules see. Without its HTML, attachments and thread."""

    channel: Channel
    channel_name: str
    channel_address: ChannelAddressId
    our_address: str
    address: str
    scope: Scope
    assurance: Assurance
    text: str = ""
    subject: str = ""
    language: str = ""
    name: str = ""
    attributes: Attributes = field(default_factory=dict[str, "str | int | float | bool"])
    queue: QueueId | None = None
    priority: int | None = None
    is_machine_made: bool = False
    is_live: bool = False
    has_attachments: bool = False


_facts = maker(ContactFacts)


def composed(text: str) -> str:
    """With each accent in its letter (NFC): some systems send "e" and an accent after it, which no rule would find."""
    return text if text.isascii() else normalize("NFC", text)


def facts_of_contact(contact: Contact) -> ContactFacts:
    """The facts of a contact."""
    content = contact.content
    return _facts(
        channel=contact.channel,
        channel_name=contact.channel_name,
        channel_address=contact.channel_address,
        our_address=contact.our_address,
        address=contact.address,
        scope=contact.scope,
        assurance=contact.assurance,
        text=content.text[:TEXT_MAX],
        subject=content.subject or "",
        language=contact.language or content.language or "",
        name=contact.name or "",
        attributes=contact.attributes,
        queue=contact.queue,
        priority=contact.priority,
        is_machine_made=contact.is_machine_made,
        is_live=contact.is_live,
        has_attachments=bool(content.attachments),
    )
