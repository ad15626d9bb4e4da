"""Ids that follow from others."""

from __future__ import annotations

from standardiste.common.events.model import InteractionId, ReceiptId


def interaction_id(receipt: ReceiptId) -> InteractionId:
    """The id of the interaction a receipt opens: a keyed hash already, so nothing personal is in it."""
    head, mark, tail = receipt.partition("_")
    return InteractionId(f"in_{tail if mark else head}")
