"""
Where what a person said and where he is reached lie in the documents of services that do not know him by his record.

Theory. A service owns its documents, and an erasure must reach all of them at once, whoever owns them and whether it runs or not. So they are named here,
in one table by conversation, the only name of a person that all of them use; `customers` removes by it. A test holds the table to the collections that the
services declare, and every collection to be either here, or the record's own, or among those that hold nothing of a customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from standardiste.common.outbox.record import INDEXES as SEND_INDEXES
from standardiste.common.store.port import Collection, Find, Index, Store, Where

PAGE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """
    A collection with documents of conversations: named by the conversation ("id"), found by an index that holds it ("equals"), or by one whose values begin with
    it and a slash ("prefix").
    """

    collection: Collection
    by: Literal["id", "equals", "prefix"]
    index: str = ""


def _book(service: str) -> Place:
    indexes = (Index(name="address", path="address"), Index(name="interaction", path="interaction"))
    return Place(collection=Collection(name=f"{service}-conversations", indexes=indexes), by="id")


def _sends(service: str) -> Place:
    return Place(collection=Collection(name=f"{service}-sends", indexes=SEND_INDEXES), by="equals", index="open_in")


PLACES: Final = (
    *(_book(service) for service in ("ingest-email", "ingest-sms", "ingest-open", "ingest-voice")),
    *(_sends(service) for service in ("ingest-email", "ingest-sms", "ingest-open")),
    Place(collection=Collection(name="chat-sessions"), by="id"),
    Place(
        collection=Collection(name="chat-transcript", indexes=(Index(name="place", path="place"),)),
        by="prefix",
        index="place",
    ),
    Place(
        collection=Collection(name="open-replies", indexes=(Index(name="place", path="place", is_unique=True),)), by="prefix", index="place"
    ),
    Place(
        collection=Collection(
            name="ingest-voice-calls", indexes=(Index(name="due_at", path="due_at"), Index(name="ended_at", path="ended_at"))
        ),
        by="id",
    ),
)
COLLECTIONS: Final = tuple(place.collection for place in PLACES)

GONE_WITHIN_A_DAY: Final = frozenset({"idempotency", "webhook-deliveries", "ingest-email-acknowledgements", "ingest-email-copies"})
"""What may hold words or an address for a day at most, and goes by itself."""


async def forget_conversation(store: Store, tenant: str, conversation: str) -> int:
    """Remove what all services keep of a conversation; gives how many documents. Idempotent. Raises StoreAway."""
    documents, gone = store.tenant(tenant), 0
    for place in PLACES:
        if place.by == "id":
            gone += await documents.delete(place.collection, conversation)
            continue
        where = (
            Where(index=place.index, equals=conversation)
            if place.by == "equals"
            else Where(index=place.index, at_least=f"{conversation}/", below=f"{conversation}0")  # "0" follows "/"
        )
        sort = None if place.by == "equals" else place.index
        while (page := await documents.find(place.collection, Find(where=(where,), sort=sort, limit=PAGE))).documents:
            for document in page.documents:
                gone += await documents.delete(place.collection, document.id)
    return gone
