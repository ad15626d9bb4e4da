"""
What a conversation and its messages are after each decision. Pure.

Theory. Each merge takes what is stored and one decision and gives what is to be stored; the same decision again changes nothing, and those about one
message may come in any order: a delivery that is told before the words waits in the message's document, words that come after a redaction are gone
at once. A delivery state moves forward only, per recipient; `failed` is final. Of a conversation the newest contact tells name and subject.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from standardiste.common.clock import rfc3339
from standardiste.common.events.base import Instant
from standardiste.common.events.decisions import (
    InteractionClosed,
    InteractionOpened,
    MessageAccepted,
    MessageReceived,
)
from standardiste.common.events.model import (
    AgentId,
    Audience,
    Author,
    AuthorKind,
    Channel,
    Contact,
    ContactId,
    Content,
    ConversationId,
    CustomerId,
    Delivery,
    DeliveryState,
    InteractionId,
    Message,
    MessageId,
)
from standardiste.customers.records import AGENTS_KEPT, Conversation, StoredMessage

_ORDER: Final = {state: rank for rank, state in enumerate(DeliveryState)}

# ---- messages


def with_words(former: StoredMessage | None, event: MessageReceived | MessageAccepted) -> StoredMessage:
    """The message's words are told."""
    message = event.message
    conversation = event.conversation or (former.conversation if former is not None else None)
    if former is not None:
        for delivery in former.message.deliveries:
            message = _delivered(message, delivery)
        if former.message.is_redacted:
            message = _without_words(message)
    return _placed(
        StoredMessage(
            message=message,
            conversation=conversation,
            interaction=event.interaction,
            contact=event.contact if isinstance(event, MessageReceived) else None,
        )
    )


def with_delivery(former: StoredMessage | None, conversation: ConversationId, message: MessageId, delivery: Delivery) -> StoredMessage:
    """A channel told where the message stands with a recipient."""
    known = former or _unspoken(conversation, message)
    return replace(known, message=_delivered(known.message, delivery))


def redacted(former: StoredMessage | None, conversation: ConversationId, message: MessageId) -> StoredMessage:
    """Its words are gone for good; that there was a message, whose and when, stays."""
    known = former or _unspoken(conversation, message)
    return replace(known, message=_without_words(known.message), blobs=())


def in_conversation(former: StoredMessage, conversation: ConversationId) -> StoredMessage:
    """The conversation of a message that came before it was known, or under the id that the router gave it until then."""
    return _placed(replace(former, conversation=conversation))


def voicemail(id: MessageId, conversation: ConversationId | None, interaction: InteractionId, blob: str, at: Instant) -> StoredMessage:
    """A recording that a caller left, as a message without words."""
    message = Message(
        id=id,
        author=Author(kind=AuthorKind.CUSTOMER),
        audience=Audience.CUSTOMER,
        content=Content(),
        sent_at=at,
        channel=Channel.VOICE,
    )
    return replace(_placed(StoredMessage(message=message, conversation=conversation, interaction=interaction)), blobs=(blob,))


def blobs_of(content: Content) -> tuple[str, ...]:
    """Every blob that a message refers to."""
    named = (content.html_blob, content.body_blob, content.raw_blob, *(attachment.blob for attachment in content.attachments))
    return tuple(dict.fromkeys(blob for blob in named if blob is not None))


def place_of(conversation: str, at: Instant, id: str) -> str:
    """Where a message stands in its conversation: by its instant, then its id."""
    return f"{conversation}/{rfc3339(at)}/{id}"


def _placed(message: StoredMessage) -> StoredMessage:
    place = None
    if message.conversation is not None and message.has_words:
        place = place_of(message.conversation, message.message.sent_at, message.message.id)
    return replace(message, place=place, blobs=blobs_of(message.message.content))


def _unspoken(conversation: ConversationId, id: MessageId) -> StoredMessage:
    """A message of which something is told before its words."""
    message = Message(
        id=id,
        author=Author(kind=AuthorKind.SYSTEM),
        audience=Audience.CUSTOMER,
        content=Content(),
        sent_at=Instant(0),
        channel=Channel.OTHER,
    )
    return StoredMessage(message=message, conversation=conversation, has_words=False)


def _delivered(message: Message, delivery: Delivery) -> Message:
    kept: list[Delivery] = []
    latest = delivery
    for former in message.deliveries:
        if former.recipient != delivery.recipient:
            kept.append(former)
        elif _ORDER[former.state] >= _ORDER[delivery.state]:
            latest = former
    return replace(message, deliveries=tuple(sorted((*kept, latest), key=lambda each: each.recipient)))


def _without_words(message: Message) -> Message:
    author = replace(message.author, name="") if message.author.kind is AuthorKind.CUSTOMER else message.author
    return replace(message, content=Content(language=message.content.language), author=author, is_redacted=True)


# ---- conversations


def begun_by(former: Conversation | None, contact: Contact, interaction: InteractionId) -> Conversation:
    """A contact opened or joined an interaction of this conversation."""
    fresh = Conversation(
        channel=contact.channel,
        channel_name=contact.channel_name,
        scope=contact.scope,
        first_at=contact.received_at,
        last_at=contact.received_at,
        contact_at=contact.received_at,
        channel_address=contact.channel_address,
        interaction=interaction,
        address=contact.address,
        name=contact.name,
        subject=contact.content.subject,
        subject_from=None if contact.content.subject is None else contact.id,
    )
    return fresh if former is None else _joined(former, fresh)


def waiting(contact: Contact, interaction: InteractionId) -> Conversation:
    """What is kept of a contact until its conversation is known: all but its words."""
    return replace(begun_by(None, contact, interaction), waiting=replace(contact, content=Content(subject=contact.content.subject)))


def opened_by_us(former: Conversation | None, event: InteractionOpened) -> Conversation:
    """An agent or the API began, perhaps a conversation that goes on."""
    fresh = Conversation(
        channel=event.channel,
        channel_name=event.channel.value,
        scope=event.scope,
        first_at=event.opened_at,
        last_at=event.opened_at,
        contact_at=event.opened_at,
        channel_address=event.channel_address,
        customer=event.customer,
        interaction=event.interaction,
        agents=() if event.owner is None else (event.owner,),
        purpose=event.purpose,
    )
    return fresh if former is None else _joined(former, fresh)


def settled(
    former: Conversation | None, kept: Conversation | None, customer: CustomerId, linked_to: ConversationId | None = None
) -> Conversation | None:
    """
    A contact was identified: its conversation is this customer's. `kept` is what was kept of the contact until then.

    None when nothing is known of the conversation at all: there is nothing to show.
    """
    known = former
    if kept is not None:
        known = kept if former is None else _joined(former, kept)
    return None if known is None else replace(known, customer=customer, linked_to=known.linked_to or linked_to, waiting=None)


def taken_by(former: Conversation, agent: AgentId) -> Conversation:
    """An agent owns its interaction."""
    return replace(former, agents=_last((*former.agents, agent)))


def ended(former: Conversation, event: InteractionClosed) -> Conversation:
    """An interaction of it closed; it is live as long as its last one is."""
    is_last = former.interaction in (None, event.interaction)
    return replace(former, last_at=Instant(max(former.last_at, event.closed_at)), is_live=former.is_live and not is_last)


def merged_into(former: Conversation, interaction: InteractionId, into: InteractionId) -> Conversation:
    """Two of its interactions became one."""
    return replace(former, interaction=into) if former.interaction == interaction else former


def heard_of(former: Conversation, at: Instant) -> Conversation:
    """Something was said in it."""
    return replace(former, last_at=Instant(max(former.last_at, at)))


def without_subject(former: Conversation, contact: ContactId | None) -> Conversation:
    """The message that told the subject was redacted."""
    return replace(former, subject=None) if contact is not None and former.subject_from == contact else former


def _joined(former: Conversation, fresh: Conversation) -> Conversation:
    """Both are the same conversation: the newer contact tells most, the first subject stays, and nothing that is known is forgotten."""
    newer, older = (fresh, former) if fresh.contact_at >= former.contact_at else (former, fresh)
    has_subject = former.subject_from is not None
    return replace(
        newer,
        first_at=Instant(min(former.first_at, fresh.first_at)),
        last_at=Instant(max(former.last_at, fresh.last_at)),
        is_live=former.is_live if former.interaction == newer.interaction else newer.is_live,
        customer=newer.customer or older.customer,
        address=newer.address or older.address,
        name=newer.name or older.name,
        subject=former.subject if has_subject else fresh.subject,
        subject_from=former.subject_from if has_subject else fresh.subject_from,
        agents=_last((*former.agents, *fresh.agents)),
        linked_to=former.linked_to or fresh.linked_to,
        set_aside=fresh.set_aside or former.set_aside,
        purpose=newer.purpose or older.purpose,
        home=former.home,
    )


def _last(agents: tuple[AgentId, ...]) -> tuple[AgentId, ...]:
    """Each once, the latest last, no more than are kept."""
    once = tuple(reversed(dict.fromkeys(reversed(agents))))
    return once[-AGENTS_KEPT:]
