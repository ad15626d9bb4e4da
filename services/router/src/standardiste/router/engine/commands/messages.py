"""Commands about words: answer the customer, note for colleagues, show typing, redact."""

from __future__ import annotations

from typing import Final

from standardiste.common.events import commands as c
from standardiste.common.events import decisions as d
from standardiste.common.events.model import (
    Audience,
    Author,
    AuthorKind,
    Channel,
    Content,
    Delivery,
    DeliveryState,
    Direction,
    InteractionId,
    InteractionState,
    Message,
    MessageId,
)
from standardiste.common.events.outbound import DeliverMessage, TellReading, TellTyping
from standardiste.common.events.refusals import Refusal
from standardiste.router.engine import offers
from standardiste.router.engine.commands.answers import Asker, Done, Refused, find
from standardiste.router.engine.state import Interaction
from standardiste.router.engine.step import Step, conversation_of

TEXT_BYTES_MAX: Final = 64 * 1024
NOBODY: Final = Author(kind=AuthorKind.SYSTEM)
_TALKS: Final = (InteractionState.ACTIVE, InteractionState.HELD)


def send(step: Step, asker: Asker, data: c.SendMessage) -> Done | Refused:
    """The router checks that the agent owns it and asks the channel to send, in the same step: nobody else can speak to the customer."""
    i = find(step, data.interaction)
    if isinstance(i, Refused):
        return i
    is_note_of_guest = i.guest is not None and i.guest == asker.agent and data.audience is Audience.INTERNAL
    if not is_note_of_guest and (i.owner is None or i.owner != asker.agent):
        return Refused(Refusal.NOT_OWNER, interaction=i.id)
    refused = _unfit(i, data)
    if refused is not None:
        return refused
    author = offers.author_of(step, asker.agent)
    message = say(step, i, data.content, data.audience, cc=data.cc, bcc=data.bcc, is_machine_made=data.is_machine_made, author=author)
    return Done(i.id, message)


def _unfit(i: Interaction, data: c.SendMessage) -> Refused | None:
    content = data.content
    if not content.text.strip() and not content.attachments and content.body_blob is None and content.html_blob is None:
        return Refused(Refusal.EMPTY_MESSAGE, interaction=i.id)
    if len(content.text.encode()) > TEXT_BYTES_MAX:
        return Refused(Refusal.MESSAGE_TOO_LONG, interaction=i.id)
    if data.audience is Audience.INTERNAL:
        return None
    if i.has_left:
        return Refused(Refusal.CUSTOMER_LEFT, interaction=i.id)
    if i.state not in _TALKS:
        return Refused(Refusal.WRONG_STATE, f"it is {i.state}", i.id)
    if i.facts.channel in (Channel.VOICE, Channel.CALLBACK):
        return Refused(Refusal.NOT_OFFERED_HERE, "a call carries no text", i.id)
    return None


def say(
    step: Step,
    i: Interaction,
    content: Content,
    audience: Audience,
    *,
    cc: tuple[str, ...] = (),
    bcc: tuple[str, ...] = (),
    is_machine_made: bool = False,
    address: str | None = None,
    id: MessageId | None = None,
    author: Author | None = None,
) -> MessageId:
    """The message is accepted; to the customer it goes out in the same step. Notes stay inside. By its owner, under an id of its own, unless said."""
    id = id or MessageId(f"{i.id}-m{i.message_count + 1}")
    author = author or offers.author_of(step, i.owner)
    is_outward = audience is Audience.CUSTOMER
    message = Message(
        id=id,
        author=author,
        audience=audience,
        content=content,
        sent_at=step.at,
        channel=i.facts.channel,
        is_machine_made=is_machine_made,
        deliveries=(Delivery(state=DeliveryState.ACCEPTED, at=step.at),) if is_outward else (),
    )
    conversation = conversation_of(i)
    step.tell(d.MessageAccepted(interaction=i.id, conversation=conversation, message=message), i)
    if is_outward:
        deliver = DeliverMessage(
            conversation=conversation,
            interaction=i.id,
            message=id,
            author=author,
            content=content,
            channel=i.facts.channel,
            channel_address=i.facts.channel_address,
            in_reply_to=None if i.facts.direction is Direction.OUTBOUND else i.last_contact,
            address=address,
            cc=cc,
            bcc=bcc,
            is_machine_made=is_machine_made,
            queue=i.requirement.queue,
        )
        step.send(deliver, i)
    return id


def _shown_to_customer(step: Step, asker: Asker, id: InteractionId) -> Interaction | Refused:
    """The asker's own interaction, where the channel can show what he does."""
    i = find(step, id)
    if isinstance(i, Refused):
        return i
    if i.owner is None or i.owner != asker.agent:
        return Refused(Refusal.NOT_OWNER, interaction=i.id)
    return i if i.facts.channel is Channel.CHAT else Refused(Refusal.NOT_OFFERED_HERE, interaction=i.id)


def show_reading(step: Step, asker: Asker, data: c.ShowReading) -> Done | Refused:
    """Tell the customer that what he wrote was read."""
    i = _shown_to_customer(step, asker, data.interaction)
    if isinstance(i, Refused):
        return i
    step.send(TellReading(conversation=conversation_of(i), message=data.message), i)
    return Done(i.id)


def show_typing(step: Step, asker: Asker, data: c.ShowTyping) -> Done | Refused:
    """Tell the customer that somebody writes."""
    i = _shown_to_customer(step, asker, data.interaction)
    if isinstance(i, Refused):
        return i
    step.send(TellTyping(conversation=conversation_of(i), author=offers.author_of(step, i.owner)), i)
    return Done(i.id)


def redact(step: Step, asker: Asker, data: c.RedactMessage) -> Done | Refused:
    """Its words go everywhere, for good: a supervisor may, and the owner of a live interaction of the conversation."""
    live = step.live
    owns = any(step.now(id).owner == asker.agent for id in live.by_conversation.get(data.conversation, ()))
    if not asker.supervises and not (owns and asker.agent is not None):
        return Refused(Refusal.NOT_ALLOWED)
    redacted = d.MessageRedacted(conversation=data.conversation, message=data.message, by=asker.agent, reason=data.reason)
    step.emit(redacted, data.conversation, asker.to)
    return Done(message=data.message)
