"""ingest-open as a service: its endpoints, its outbox, its webhooks, and what it learns from decisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.channel_health.watch import HealthWatch
from standardiste.common.conversations import ConversationBook
from standardiste.common.intake import Intake
from standardiste.common.outbox import OPEN_POLICY, Outbox
from standardiste.common.outside import Target
from standardiste.common.parts import Parts
from standardiste.common.permission.ledger import CONSENT, Ledger
from standardiste.common.permission.way_out import AskingProvider
from standardiste.common.scanning.screen import Screen
from standardiste.common.security.audit import AUDIT, Audit
from standardiste.common.service import Service
from standardiste.ingest_open.edge import CHANNELS, OpenEdge
from standardiste.ingest_open.events_edge import EventsEdge
from standardiste.ingest_open.key_memory import KeyMemory
from standardiste.ingest_open.keys_look import KeysLook
from standardiste.ingest_open.replies import REPLIES, ReplyProvider
from standardiste.ingest_open.sending import SendingEdge
from standardiste.ingest_open.sending_store import SENDINGS, Sendings
from standardiste.ingest_open.settings import OpenSettings
from standardiste.ingest_open.webhooks import AT_ONCE_MAX, Webhooks
from standardiste.ingest_open.webhooks_edge import WebhookEdge
from standardiste.ingest_open.webhooks_store import WebhookStore

NAME: Final = "ingest-open"
BOOK_WITHIN_MS: Final = 20
"""No answer waits for the book here: its documents go along with what others write."""


def build(settings: OpenSettings, parts: Parts) -> Service:
    """The service, not yet running."""
    screen = Screen(parts.scanner, parts.directory)
    intake = Intake(bus=parts.bus, blobs=parts.blobs, keys=parts.keys, clock=parts.clock, source=NAME, screen=screen)
    book = ConversationBook(parts.store, NAME, CHANNELS, within_ms=BOOK_WITHIN_MS)
    memory = KeyMemory(parts.store, parts.clock)
    outbox = Outbox(
        store=parts.store,
        bus=parts.bus,
        clock=parts.clock,
        ids=parts.ids,
        provider=AskingProvider(
            ReplyProvider(parts.store, parts.clock, book),
            book=book,
            ledger=Ledger(parts.store, parts.keys, parts.directory),
            directory=parts.directory,
            clock=parts.clock,
        ),
        policy=OPEN_POLICY,
        service=NAME,
        topic=Topic.OUTBOUND_OPEN,
        is_held=parts.hold.is_held,
    )

    sendings = Sendings(parts.store, parts.clock)
    audit = Audit(parts.store, parts.clock)
    is_private_allowed = settings.open_webhooks_private_allowed
    webhooks = Webhooks(
        store=WebhookStore(parts.store, parts.clock),
        bus=parts.bus,
        secrets=parts.secrets,
        clock=parts.clock,
        audit=audit,
        target=lambda: Target(is_private_allowed=is_private_allowed, connections_max=AT_ONCE_MAX),
        is_held=parts.hold.is_held,
    )
    router = OpenEdge(settings, parts, intake, book, memory, screen).router()  # first: its prefix names the service's OpenAPI document
    router.routes += SendingEdge(settings, parts, intake, book, sendings).router().routes
    router.routes += WebhookEdge(parts, webhooks.store, audit, is_private_allowed=is_private_allowed).router().routes
    router.routes += EventsEdge(parts).router().routes

    health = HealthWatch(NAME, parts, intake, CHANNELS, KeysLook(parts.directory, parts.clock))

    def lane(record: Record) -> str | None:
        is_wanted = book.lane(record) is not None or sendings.may_want(record) or webhooks.may_want(record)
        return record.headers.get("ce_subject", record.key) if is_wanted else None

    async def take(record: Record) -> None:
        await book.take(record)
        await sendings.take(record)
        await webhooks.take(record)

    async def follow_decisions(ready: Callable[[], None]) -> None:
        await parts.bus.subscribe(NAME, (Topic.DECISIONS,), take, lane=lane, ready=ready)

    return Service(
        name=NAME,
        router=router,
        tasks={
            **outbox.tasks(),
            "decisions": follow_decisions,
            "webhooks": webhooks.follow_due,
            "sendings": sendings.keep_house,
            "health": health.run,
        },
        collections=(REPLIES, SENDINGS, CONSENT, health.collection, book.collection, outbox.collection, *webhooks.collections, AUDIT),
    )
