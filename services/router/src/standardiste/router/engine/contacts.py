"""
What customers did: a contact arrives, is identified, joins, leaves, returns.

A contact of a conversation that has a live interaction joins it; otherwise it opens a new one. Identification never delays: after 500 ms the interaction
goes on as an unknown customer's. When identification shows that two interactions are one conversation, they merge while at most one has an owner or an
open offer; else both stay, linked.
"""

from __future__ import annotations

from typing import Final

from standardiste.common.events import decisions as d
from standardiste.common.events import inputs
from standardiste.common.events.base import Instant
from standardiste.common.events.model import (
    Audience,
    AuthorKind,
    Channel,
    CloseReason,
    Contact,
    ConversationId,
    InteractionId,
    InteractionState,
    LeftBecause,
    MessageId,
    QueuedBecause,
    ReceiptId,
    Withdrawal,
)
from standardiste.router.engine import consults, limits, offers, quickly, requirement, sessions
from standardiste.router.engine.naming import interaction_id
from standardiste.router.engine.state import Interaction, evolve
from standardiste.router.engine.step import Step, has_media, is_unanswered, readers

IDENTIFY_MS: Final = 500

_PUT_HERE: Final = (QueuedBecause.REQUEUED, QueuedBecause.OVERFLOWED, QueuedBecause.QUEUE_REMOVED)
"""A supervisor or the queue's own limits moved it: no rule takes it back."""
_UNHAD = (InteractionState.IDENTIFYING, InteractionState.QUEUED, InteractionState.OFFERED, InteractionState.CONNECTING)


def received(step: Step, data: inputs.ContactReceived) -> None:
    """A contact: known already, of a live conversation, or new."""
    contact = data.contact
    live = step.live
    if not live.configuration.is_known:
        undeliverable(step, contact, "unknown_tenant", "this tenant is not configured")
        return
    known = _known_receipt(step, contact.receipt)
    if known is not None:
        step.emit(d.ContactRepeated(interaction=known, contact=contact.id, receipt=contact.receipt), known)
        return
    present = _live_of(step, contact.conversation)
    if present is not None:
        join(step, present, contact)
        return
    _open(step, contact)
    if contact.close_as is not None:
        offers.close(step, step.now(interaction_id(contact.receipt)), contact.close_as)


def set_aside(step: Step, data: inputs.ContactReceived, reason: str) -> None:
    """A contact that could not be handled. Of a repeat there is nothing to say: what became of it the first time stands."""
    if _known_receipt(step, data.contact.receipt) is None:
        undeliverable(step, data.contact, "not_handled", reason)


def undeliverable(step: Step, contact: Contact, reason: str, detail: str) -> None:
    """It cannot be taken; its receipt says so."""
    said = d.ContactUndeliverable(contact=contact.id, receipt=contact.receipt, reason=reason, detail=detail)
    step.emit(said, interaction_id(contact.receipt))


def _known_receipt(step: Step, receipt: ReceiptId) -> InteractionId | None:
    present = step.live.by_receipt.get(receipt)
    if present is not None:
        return present
    memory = step.live.memory
    closed = memory.closed_of(memory.closed_by_receipt.get(receipt), step.at)
    return closed.id if closed is not None else None


def _live_of(step: Step, conversation: ConversationId | None, other_than: InteractionId | None = None) -> Interaction | None:
    """The live interaction of a conversation: the one somebody has, else the oldest."""
    known = step.live.by_conversation.get(conversation) if conversation is not None else None
    if known is None or known == (other_than,):
        return None
    found = [id for id in known if id != other_than]
    return min(map(step.now, found), key=lambda i: (i.owner is None, i.enqueued_at, i.id)) if found else None


def _open(step: Step, contact: Contact) -> None:
    live = step.live
    id = interaction_id(contact.receipt)
    abandoned = live.memory.abandoned.latest(contact.channel, contact.conversation, None, step.at)
    step.emit(
        quickly.InteractionCreated(
            interaction=id,
            contact=contact,
            conversation=contact.conversation,
            enqueued_at=abandoned.enqueued_at if abandoned else step.at,
            change_set=live.change_set,
            identify_by=Instant(step.at + IDENTIFY_MS),
            linked_to=abandoned.id if abandoned else None,
        ),
        id,
        (),
        step.cause.traceparent if step.cause else None,
    )
    requirement.at_arrival(step, step.now(id), contact)
    _message(step, step.now(id), contact)


def _message(step: Step, i: Interaction, contact: Contact) -> None:
    """The customer's words for desks and the timeline. Its id is the contact's receipt in another dress."""
    message = quickly.Message(
        id=MessageId("ms_" + interaction_id(contact.receipt).removeprefix("in_")),
        author=quickly.Author(kind=AuthorKind.CUSTOMER, id=i.customer or "", name=contact.name or ""),
        audience=Audience.CUSTOMER,
        content=contact.content,
        sent_at=contact.received_at,
        channel=contact.channel,
        is_machine_made=contact.is_machine_made,
    )
    step.tell(quickly.MessageReceived(interaction=i.id, conversation=i.conversation, contact=contact.id, message=message), i)


def join(step: Step, i: Interaction, contact: Contact) -> None:
    """A further contact of a live conversation."""
    step.tell(d.ContactJoined(interaction=i.id, contact=contact, conversation=i.conversation), i)
    if i.away_since is not None or (i.has_left and not has_media(i)):
        step.tell(d.CustomerReturned(interaction=i.id, version=i.version), step.now(i.id))
    _message(step, step.now(i.id), contact)
    wrote_again(step, step.now(i.id), step.at)
    if i.away_since is not None:
        sessions.give_back(step, step.now(i.id))


def wrote_again(step: Step, i: Interaction, at: Instant) -> None:
    """Wrap-up goes back to active with its owner; parked goes to the queue, its last owner preferred, as old as what was written."""
    if i.state is InteractionState.WRAPPING:
        assert i.owner is not None, "who wraps up owns"
        step.tell(d.InteractionReopened(interaction=i.id, version=i.version + 1, owner=i.owner), i)
    elif i.state is InteractionState.PARKED:
        unpark(step, i, at)


def unpark(step: Step, i: Interaction, at: Instant) -> None:
    """Back from parking: as old as the return, for parked time is no age; the last owner first."""
    requirement.restart(step, i, at, prefer=i.last_owner)
    offers.queue(step, step.now(i.id), QueuedBecause.UNPARKED, enqueued_at=at)


# ---- identification


def identified(step: Step, data: inputs.ContactIdentified) -> None:
    """Who it is, and which conversation."""
    live = step.live
    id = live.by_receipt.get(data.receipt)
    if id is None:
        return
    i = step.now(id)
    is_waiting_for_it = i.state is InteractionState.IDENTIFYING
    if data.is_repeat and is_waiting_for_it:
        offers.close(step, i, CloseReason.REPEAT)
        return
    if i.is_identified and i.customer == data.customer.id and i.conversation == data.conversation:
        return
    step.tell(
        quickly.CustomerIdentified(
            interaction=i.id,
            version=i.version,
            contact=data.contact,
            conversation=data.conversation,
            customer=data.customer,
            linked_to=data.linked_to,
        ),
        i,
    )
    i = step.now(id)
    if data.customer.is_blocked and i.owner is None:
        offers.close(step, i, CloseReason.BLOCKED)
        return
    if _merge_or_link(step, i):
        return
    i = step.now(id)
    if i.state not in (InteractionState.IDENTIFYING, InteractionState.QUEUED) or i.accepted_at is not None:
        return
    enqueued_at = _age_of_return(step, i)
    facts = None if i.cause in _PUT_HERE else data.facts
    requirement.at_identification(step, step.now(id), facts, data.customer, enqueued_at)
    changed = step.now(id)
    if is_waiting_for_it:
        enter(step, changed, QueuedBecause.IDENTIFIED, enqueued_at)
    elif changed.requirement != i.requirement or enqueued_at != i.enqueued_at:
        offers.queue(step, changed, QueuedBecause.IDENTIFIED, enqueued_at=enqueued_at)
        if changed.requirement.queue != i.requirement.queue:
            limits.check(step, step.now(id))


def not_identified(step: Step, i: Interaction) -> None:
    """The 500 ms are over: it goes on as an unknown customer's."""
    enter(step, i, QueuedBecause.ARRIVED)


def enter(step: Step, i: Interaction, because: QueuedBecause, enqueued_at: Instant | None = None) -> None:
    """Into the queue for the first time."""
    offers.queue(step, i, because, enqueued_at=enqueued_at)
    limits.check(step, step.now(i.id))


def _age_of_return(step: Step, i: Interaction) -> Instant:
    """Its age; the older one when the same customer abandoned on this channel within the last minute, for that was the same wait."""
    abandoned = step.live.memory.abandoned.latest(i.facts.channel, i.conversation, i.customer, step.at)
    if abandoned is None or i.facts.linked_to is not None or abandoned.enqueued_at >= i.enqueued_at or i.conversation is None:
        return i.enqueued_at
    step.tell(d.InteractionLinked(interaction=i.id, version=i.version, linked_to=abandoned.id, conversation=i.conversation), i)
    return abandoned.enqueued_at


def _merge_or_link(step: Step, i: Interaction) -> bool:
    """Whether this interaction is gone, merged into another of its conversation."""
    other = _live_of(step, i.conversation, other_than=i.id)
    if other is None:
        return False
    if _is_had(i) and _is_had(other):
        if i.facts.linked_to is None:
            conversation = i.conversation
            assert conversation is not None, "it was identified"
            step.tell(d.InteractionLinked(interaction=i.id, version=i.version, linked_to=other.id, conversation=conversation), i)
        return False
    gone, into = _which(i, other)
    merge(step, gone, into)
    return gone.id == i.id


def _is_had(i: Interaction) -> bool:
    return i.owner is not None or bool(i.offers)


def _which(i: Interaction, other: Interaction) -> tuple[Interaction, Interaction]:
    """Which goes, which stays: the one somebody has stays; else one that was had before; else the older."""
    if _is_had(i) != _is_had(other):
        return (other, i) if _is_had(i) else (i, other)
    first, second = sorted((i, other), key=lambda x: (x.state is InteractionState.IDENTIFYING, x.enqueued_at, x.id))
    return second, first


def merge(step: Step, gone: Interaction, into: Interaction) -> None:
    """One conversation, one interaction: the earlier age counts, the receipts follow. What was parked is as old as what came."""
    waited = [i.enqueued_at for i in (gone, into) if i.state is not InteractionState.PARKED]
    if len(waited) < 2:
        waited.append(step.at)  # a callback that came has an age that lies in the future, which is none for what it brings back
    enqueued_at = min(waited)
    merged = d.InteractionMerged(interaction=gone.id, version=gone.version, into=into.id, enqueued_at=enqueued_at)
    said = step.live.messages.get(gone.id)
    step.tell(merged, gone, *readers(into))
    offers.close(step, step.now(gone.id), CloseReason.MERGED)
    if said is not None:  # the same message, in the interaction it belongs to: whoever has that one sees it now
        step.tell(evolve(said, interaction=into.id, conversation=into.conversation), step.now(into.id))
    wrote_again(step, step.now(into.id), enqueued_at)


# ---- leaving and coming back


def left(step: Step, data: inputs.ContactLeft) -> None:
    """The customer of a live channel has left. Nobody leaves a mail, and nobody is on the line of a callback that is being tried."""
    for id in sorted(step.live.by_conversation.get(data.conversation, ())):
        i = step.now(id)
        if i.facts.is_live or i.facts.channel is Channel.CHAT:
            gone(step, i, data.because)


def gone(step: Step, i: Interaction, because: LeftBecause) -> None:
    """Who is on the line, or was, is no more: abandoned while nobody had him, whoever began it."""
    if i.state in _UNHAD and not is_unanswered(i):
        abandon(step, i)
    elif i.owner is not None and not i.has_left:
        _left_owner(step, i, because)


def abandon(step: Step, i: Interaction) -> None:
    """He left before anybody had him."""
    offers.abandon(step, i)


def _left_owner(step: Step, i: Interaction, because: LeftBecause) -> None:
    if i.facts.channel is Channel.CHAT and because is LeftBecause.GONE:
        if i.away_since is None:
            step.tell(d.CustomerAway(interaction=i.id, version=i.version, since=step.at), i)
        return
    step.tell(d.CustomerLeft(interaction=i.id, version=i.version, because=because), i)
    i = offers.end_transfer(step, step.now(i.id), "customer_left", Withdrawal.CUSTOMER_LEFT)
    if i.consult is not None and not i.consult.is_joined:
        i = consults.end(step, i, "customer_left")
    if has_media(i) and i.state in (InteractionState.ACTIVE, InteractionState.HELD, InteractionState.CONNECTING):
        offers.wrap_up(step, i, None)
    else:
        sessions.give_back(step, i)


def returned(step: Step, data: inputs.ContactReturned) -> None:
    """A chat customer who was away has a socket again."""
    for id in sorted(step.live.by_conversation.get(data.conversation, ())):
        i = step.now(id)
        if i.away_since is not None:
            step.tell(d.CustomerReturned(interaction=i.id, version=i.version), i)
            sessions.give_back(step, step.now(id))


def typing(step: Step, data: inputs.ContactTyping) -> None:
    """Passed on to whoever has it."""
    i = _live_of(step, data.conversation)
    if i is not None and i.owner is not None:
        step.tell(d.CustomerTyping(interaction=i.id), i)


def stayed_away(step: Step, i: Interaction) -> None:
    """Ten minutes away close a chat."""
    offers.close(step, i, CloseReason.CUSTOMER_AWAY)
