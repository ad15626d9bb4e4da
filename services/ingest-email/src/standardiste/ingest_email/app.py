"""ingest-email as a service: its ways in, its outbox, and what it learns from decisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.channel_health.watch import HealthWatch, Outcomes
from standardiste.common.conversations import ConversationBook
from standardiste.common.events.codec import decode
from standardiste.common.events.model import Channel
from standardiste.common.intake import Intake
from standardiste.common.outbox import EMAIL_POLICY, Outbox
from standardiste.common.parts import Parts
from standardiste.common.permission.ledger import Ledger
from standardiste.common.permission.way_out import AskingProvider
from standardiste.common.scanning.screen import Screen
from standardiste.common.service import Service, Task
from standardiste.ingest_email.acknowledging import PENDING, Acknowledger
from standardiste.ingest_email.address_look import AddressLook, read_ways
from standardiste.ingest_email.correspondents import CORRESPONDENTS, Correspondents
from standardiste.ingest_email.dkim_checking import Signatures, dns_texts
from standardiste.ingest_email.drafting import Drafting
from standardiste.ingest_email.forgetting import hourly
from standardiste.ingest_email.http_edge import EmailEdge
from standardiste.ingest_email.listener import Listener
from standardiste.ingest_email.mailbox_state import MAILBOXES, Readings
from standardiste.ingest_email.mailboxes import Mailboxes
from standardiste.ingest_email.oauth import AccessTokens
from standardiste.ingest_email.reception import Reception
from standardiste.ingest_email.sent_folder import COPIES, Copies, Finder
from standardiste.ingest_email.settings import EmailSettings
from standardiste.ingest_email.smtp_pool import SmtpPool
from standardiste.ingest_email.smtp_provider import SmtpProvider
from standardiste.ingest_email.tokens import TOKENS, Tokens

NAME: Final = "ingest-email"


def build(settings: EmailSettings, parts: Parts) -> Service:
    """The service, not yet running."""
    screen = Screen(parts.scanner, parts.directory)
    intake = Intake(bus=parts.bus, blobs=parts.blobs, keys=parts.keys, clock=parts.clock, source=NAME, screen=screen)
    book = ConversationBook(parts.store, NAME, (Channel.EMAIL,))
    health = HealthWatch(NAME, parts, intake, (Channel.EMAIL,), AddressLook(parts.secrets), read_ways)
    pool = SmtpPool(
        parts.clock,
        connections_max=settings.email_out_connections_max,
        timeout_s=settings.email_out_timeout_s,
        our_name=settings.email_smtp_name,
    )
    tokens, copies = Tokens(parts.store, parts.keys), Copies(parts.store, parts.blobs, parts.clock)
    provider = SmtpProvider(
        settings,
        drafting=Drafting(book=book, directory=parts.directory, secrets=parts.secrets, blobs=parts.blobs, tokens=tokens, screen=screen),
        directory=parts.directory,
        secrets=parts.secrets,
        pool=pool,
        health=health,
        copies=copies,
    )
    outbox = Outbox(
        store=parts.store,
        bus=parts.bus,
        clock=parts.clock,
        ids=parts.ids,
        provider=AskingProvider(
            provider,
            book=book,
            ledger=Ledger(parts.store, parts.keys, parts.directory),
            directory=parts.directory,
            clock=parts.clock,
        ),
        policy=EMAIL_POLICY,
        service=NAME,
        topic=Topic.OUTBOUND_EMAIL,
        is_held=parts.hold.is_held,
        is_alone=_is_alone(parts),
    )
    finder = Finder(intake=intake, outbox=outbox, directory=parts.directory, keys=parts.keys)
    correspondents = Correspondents(parts.store, parts.keys, parts.clock)
    reception = Reception(
        intake,
        parts.directory,
        outbox,
        tokens=tokens,
        correspondents=correspondents,
        authserv=settings.email_authserv,
        signatures=Signatures(dns_texts, parts.clock) if settings.email_dkim_check else None,
    )
    acknowledger = Acknowledger(
        store=parts.store,
        blobs=parts.blobs,
        directory=parts.directory,
        book=book,
        correspondents=correspondents,
        intake=intake,
        clock=parts.clock,
    )

    async def forget() -> None:
        await correspondents.forget()
        await acknowledger.forget()
        await copies.forget()

    tasks: dict[str, Task] = {
        **outbox.tasks(),
        "decisions": _learning(parts, book, acknowledger),
        "smtp-pool": pool.keep,
        "health": health.run,
        "forgetting": lambda ready: hourly(forget, ready),
        "mailboxes": _mailboxes(settings, parts, reception, health, finder, copies).run,
        **_listeners(settings, parts, reception),
    }
    return Service(
        name=NAME,
        router=EmailEdge(settings, parts, reception).router(),
        tasks=tasks,
        collections=(health.collection, book.collection, outbox.collection, MAILBOXES, TOKENS, CORRESPONDENTS, PENDING, COPIES),
    )


def _is_alone(parts: Parts) -> bool:
    """The embedded log has one partition and one process."""
    return parts.bus.partitions == 1


def _learning(parts: Parts, book: ConversationBook, acknowledger: Acknowledger) -> Task:
    """Keep the book of conversations from decisions, and acknowledge what the rules say."""

    def lane(record: Record) -> str | None:
        own = book.lane(record)
        return record.headers.get("ce_subject", record.key) if own is None and acknowledger.may_want(record) else own

    async def learn(record: Record) -> None:
        event = decode(record)
        await book.learn(event)
        await acknowledger.learn(event)

    async def follow(ready: Callable[[], None]) -> None:
        await parts.bus.subscribe(NAME, (Topic.DECISIONS,), learn, lane=lane, ready=ready)

    return follow


def _mailboxes(settings: EmailSettings, parts: Parts, reception: Reception, health: Outcomes, finder: Finder, copies: Copies) -> Mailboxes:
    return Mailboxes(
        directory=parts.directory,
        secrets=parts.secrets,
        clock=parts.clock,
        reception=reception,
        readings=Readings(parts.store),
        tokens=AccessTokens(parts.secrets, parts.clock),
        health=health,
        is_held=parts.hold.is_held,
        holder=parts.ids.mint("reader"),
        is_alone=_is_alone(parts),
        bytes_max=settings.email_message_bytes_max,
        finder=finder,
        copies=copies,
    )


def _listeners(settings: EmailSettings, parts: Parts, reception: Reception) -> dict[str, Task]:
    """The SMTP and LMTP listeners that the settings name; they open when the configuration is known, so that no recipient is refused for being early."""

    def task(port: int, *, is_lmtp: bool) -> Task:
        async def listen(ready: Callable[[], None]) -> None:
            await parts.directory.ready()
            await Listener(settings, reception, port=port, is_lmtp=is_lmtp).run(ready)

        return listen

    tasks: dict[str, Task] = {}
    if settings.email_smtp_port is not None:
        tasks["smtp"] = task(settings.email_smtp_port, is_lmtp=False)
    if settings.email_lmtp_port is not None:
        tasks["lmtp"] = task(settings.email_lmtp_port, is_lmtp=True)
    return tasks
