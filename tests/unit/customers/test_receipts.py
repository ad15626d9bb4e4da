"""What a receipt says, in whatever order it is told."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from standardiste.common.events.base import Instant
from standardiste.common.events.decisions import ContactRepeated, ContactUndeliverable, InteractionClosed
from standardiste.common.events.model import Channel, CloseReason, ContactId, Direction, InteractionId, ReceiptId
from standardiste.common.testing import builders
from standardiste.customers import receipts
from standardiste.customers.records import Receipt, ReceiptState

AT = builders.AT
CONTACT = builders.contact("c1", address="jean@example.org")
I1, I2 = InteractionId("i1"), InteractionId("i2")


def closing(reason: CloseReason = CloseReason.HANDLED, interaction: InteractionId = I1, at: int = AT + 9) -> InteractionClosed:
    return InteractionClosed(
        interaction=interaction,
        version=3,
        receipts=(CONTACT.receipt,),
        reason=reason,
        enqueued_at=AT,
        closed_at=Instant(at),
        channel=Channel.EMAIL,
        channel_name="email",
        direction=Direction.INBOUND,
        scope=builders.scope(),
        segments=(),
        change_set=1,
    )


def accepted(**fields: Any) -> Receipt:
    known = receipts.accepted(None, CONTACT, I1, AT)
    return Receipt(**{**{name: getattr(known, name) for name in known.__slots__}, **fields})


def test_an_accepted_contact_is_open_and_holds_no_personal_data() -> None:
    assert receipts.accepted(None, CONTACT, I1, AT) == Receipt(
        id=ReceiptId("r_c1"),
        state=ReceiptState.ACCEPTED,
        updated_at=AT,
        contact=ContactId("c1"),
        interaction=I1,
        sponsor=builders.scope().sponsor,
        accepted_at=AT,
        open_since=AT,
    )


def test_a_closed_receipt_says_why_and_is_no_longer_open() -> None:
    done = receipts.closed(accepted(), CONTACT.receipt, closing())
    assert done is not None
    assert (done.state, done.reason, done.closed_at, done.accepted_at, done.open_since) == (
        ReceiptState.CLOSED,
        "handled",
        AT + 9,
        AT,
        None,
    )


def test_what_is_closed_stays_as_it_was_closed() -> None:
    done = receipts.closed(accepted(), CONTACT.receipt, closing())
    assert done is not None
    assert receipts.accepted(done, CONTACT, I2, Instant(AT + 99)) == done
    assert receipts.closed(done, CONTACT.receipt, closing(CloseReason.REPEAT, I2, AT + 99)) is None
    assert receipts.moved(done, I2, AT) == done
    assert receipts.undeliverable(done, done.id, ContactUndeliverable(reason="x"), AT) == done


def test_a_merged_interaction_does_not_close_its_receipts() -> None:
    assert receipts.closed(accepted(), CONTACT.receipt, closing(CloseReason.MERGED)) is None
    assert receipts.moved(accepted(), I2, Instant(AT + 1)) == accepted(interaction=I2, updated_at=Instant(AT + 1))


def test_a_repeat_is_noted_beside_what_became_of_it() -> None:
    event = ContactRepeated(interaction=I1, contact=CONTACT.id, receipt=CONTACT.receipt)
    noted = receipts.repeated(accepted(), event, Instant(AT + 5))
    assert noted == accepted(repeated_at=Instant(AT + 5))
    assert receipts.repeated(noted, event, Instant(AT + 4)) == noted


def test_what_was_undeliverable_and_is_driven_again_is_accepted() -> None:
    refused = receipts.undeliverable(None, CONTACT.receipt, ContactUndeliverable(contact=CONTACT.id, reason="unknown_tenant"), AT)
    assert (refused.state, refused.reason, refused.open_since) == (ReceiptState.UNDELIVERABLE, "unknown_tenant", AT)
    later = receipts.accepted(refused, CONTACT, I1, Instant(AT + 5))
    assert (later.state, later.reason, later.open_since) == (ReceiptState.ACCEPTED, None, AT)


@pytest.mark.parametrize("order", list(permutations(("accept", "close", "repeat"))))
def test_the_end_is_the_same_in_every_order_and_when_told_twice(order: tuple[str, ...]) -> None:
    receipt: Receipt | None = None
    for step in (*order, *order):
        match step:
            case "accept":
                receipt = receipts.accepted(receipt, CONTACT, I1, AT)
            case "repeat":
                event = ContactRepeated(interaction=I1, contact=CONTACT.id, receipt=CONTACT.receipt)
                receipt = receipts.repeated(receipt, event, Instant(AT + 5))
            case _:
                receipt = receipts.closed(receipt, CONTACT.receipt, closing()) or receipt
    assert receipt is not None
    assert (receipt.state, receipt.reason, receipt.accepted_at, receipt.repeated_at, receipt.contact, receipt.interaction) == (
        ReceiptState.CLOSED, "handled", AT, AT + 5, "c1", "i1",
    )  # fmt: skip
