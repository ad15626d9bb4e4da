"""
What a receipt says after each decision. Pure.

Theory. A receipt that is closed stays as it was closed, so the same decision told twice, or two decisions told in the wrong order, end the same. An
older contact that comes again opens an interaction that closes `repeat`; its receipt goes on saying what became of it the first time. When two
interactions become one, the receipts go along: the one that closes last closes them. What was undeliverable and is re-driven is accepted after all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from standardiste.common.events.base import Instant
from standardiste.common.events.decisions import ContactRepeated, ContactUndeliverable, InteractionClosed, InteractionOpened
from standardiste.common.events.model import CloseReason, Contact, InteractionId, ReceiptId
from standardiste.customers.records import Receipt, ReceiptState

_RANK: Final = {ReceiptState.ACCEPTED: 0, ReceiptState.UNDELIVERABLE: 1, ReceiptState.CLOSED: 2}


def has_come_again(former: Receipt | None, at: Instant) -> bool:
    """Whether a contact that opens an interaction at this instant was handled for good before: it says nothing new."""
    return former is not None and former.closed_at is not None and at > former.closed_at


def accepted(former: Receipt | None, contact: Contact, interaction: InteractionId, at: Instant) -> Receipt:
    """The contact opened this interaction, or joined it."""
    if former is not None and former.state is ReceiptState.CLOSED:
        return former if former.accepted_at is not None else replace(former, contact=contact.id, accepted_at=at)
    fresh = Receipt(
        id=contact.receipt,
        state=ReceiptState.ACCEPTED,
        updated_at=at,
        contact=contact.id,
        interaction=interaction,
        sponsor=contact.scope.sponsor,
        accepted_at=at,
        open_since=at,
    )
    if former is None:
        return fresh
    return replace(fresh, accepted_at=former.accepted_at or at, open_since=former.open_since or at, repeated_at=former.repeated_at)


def opened(former: Receipt | None, event: InteractionOpened) -> Receipt:
    """An agent or the API began."""
    return former or Receipt(
        id=event.receipt,
        state=ReceiptState.ACCEPTED,
        updated_at=event.opened_at,
        interaction=event.interaction,
        sponsor=event.scope.sponsor,
        accepted_at=event.opened_at,
        open_since=event.opened_at,
    )


def repeated(former: Receipt | None, event: ContactRepeated, at: Instant) -> Receipt:
    """The same contact came again; what became of it stands."""
    if former is None:
        return Receipt(
            id=event.receipt,
            state=ReceiptState.ACCEPTED,
            updated_at=at,
            contact=event.contact,
            interaction=event.interaction,
            open_since=at,
            repeated_at=at,
        )
    return former if former.repeated_at is not None and former.repeated_at >= at else replace(former, repeated_at=at)


def moved(former: Receipt, into: InteractionId, at: Instant) -> Receipt:
    """Its interaction became part of another."""
    return former if former.state is ReceiptState.CLOSED else replace(former, interaction=into, updated_at=at)


def closed(former: Receipt | None, id: ReceiptId, event: InteractionClosed) -> Receipt | None:
    """Its interaction closed. None when nothing is to be written: it was closed before, or goes on in another interaction."""
    if event.reason is CloseReason.MERGED or (former is not None and former.state is ReceiptState.CLOSED):
        return None
    fresh = Receipt(
        id=id,
        state=ReceiptState.CLOSED,
        updated_at=event.closed_at,
        interaction=event.interaction,
        sponsor=event.scope.sponsor,
        reason=event.reason.value,
        closed_at=event.closed_at,
    )
    if former is None:
        return fresh
    return replace(fresh, contact=former.contact, accepted_at=former.accepted_at, repeated_at=former.repeated_at)


def undeliverable(former: Receipt | None, id: ReceiptId, event: ContactUndeliverable, at: Instant) -> Receipt:
    """It cannot be taken; an operator has it in dead-letters."""
    fresh = Receipt(id=id, state=ReceiptState.UNDELIVERABLE, updated_at=at, contact=event.contact, reason=event.reason, open_since=at)
    if former is None:
        return fresh
    if _RANK[former.state] >= _RANK[ReceiptState.UNDELIVERABLE]:
        return former
    return replace(fresh, sponsor=former.sponsor, accepted_at=former.accepted_at, open_since=former.open_since or at)
