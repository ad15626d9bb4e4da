"""The providers that the suite holds for. A new one adds its world here and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from standardiste.common.blobs.folder import FolderBlobs
from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import ManualClock
from standardiste.common.conversations import ConversationBook
from standardiste.common.directory_view import DirectoryView
from standardiste.common.events.base import Data
from standardiste.common.events.codec import encode
from standardiste.common.events.decisions import InteractionCreated
from standardiste.common.events.directory import ChangeSetCommitted
from standardiste.common.events.model import Channel, ConversationId, InteractionId, Thread
from standardiste.common.outbox import Provider, Send
from standardiste.common.secrets.envelope import StoredSecrets
from standardiste.common.store.sqlite import SqliteStore
from standardiste.common.testing.builders import AT, TENANT, configuration, contact, event
from standardiste.common.testing.mail_server import CUT, MailServer, mail_server
from standardiste.common.testing.provider_world import ProviderWorld, send_of
from standardiste.ingest_email.settings import EmailSettings
from standardiste.ingest_email.smtp_pool import SmtpPool
from standardiste.ingest_email.smtp_provider import SmtpProvider


def directory_of(*entities: Data) -> DirectoryView:
    """The live configuration, as one change set brought it."""
    view = DirectoryView()
    commit = ChangeSetCommitted(number=1, members=len(entities), by="test", committed_at=AT)
    for offset, data in enumerate((*entities, commit)):
        out = encode(event(data, source="directory", tenant=TENANT), Topic.DIRECTORY, f"{TENANT}/x/{offset}")
        view.take(Record(topic=out.topic, partition=0, offset=offset, appended_at=AT, key=out.key, value=out.value, headers=out.headers))
    return view


async def conversation_known(book: ConversationBook, channel: Channel) -> None:
    """A customer of this channel has written, in conversation "conv1"."""
    thread = Thread(message_id="m1@client.example") if channel is Channel.EMAIL else None
    created = InteractionCreated(
        interaction=InteractionId("i1"),
        contact=contact(channel=channel, thread=thread),
        conversation=ConversationId("conv1"),
        enqueued_at=AT,
        change_set=1,
        identify_by=AT,
    )
    await book.learn(event(created, source="router", subject="i1", tenant=TENANT))


@dataclass
class Smtp:
    """Mail, to a real mail server on loopback."""

    provider: Provider
    server: MailServer
    stack: AsyncExitStack

    def send(self, message: str) -> Send:
        return send_of(message, Channel.EMAIL)

    def taken(self) -> list[str]:
        return [mail.message["Message-ID"].strip("<>").partition("@")[0] for mail in self.server.mails]

    def say_not_now(self) -> None:
        self.server.data.append("451 4.3.0 not now")

    def say_never(self) -> None:
        self.server.recipients.append("550 5.1.1 no such user")

    def lose_answer(self) -> None:
        self.server.data.append(CUT)

    async def go_away(self) -> None:
        await self.stack.aclose()


@asynccontextmanager
async def smtp(folder: Path) -> AsyncIterator[Smtp]:
    clock = ManualClock()
    store = await SqliteStore.open_memory()
    secrets = StoredSecrets(store, bytes(32))
    await secrets.open()
    book = ConversationBook(store, "ingest-email", (Channel.EMAIL,))
    await store.open([book.collection])
    await conversation_known(book, Channel.EMAIL)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(mail_server())
        settings = EmailSettings(email_out_host="127.0.0.1", email_out_port=server.port)
        provider = SmtpProvider(
            settings,
            book=book,
            directory=directory_of(*configuration()),
            secrets=secrets,
            blobs=await FolderBlobs.open_folder(folder / "blobs", clock),
            pool=SmtpPool(clock, connections_max=2, timeout_s=5, our_name="mx.exemple.fr"),
        )
        yield Smtp(provider, server, stack)
    await store.close()


WORLDS: dict[str, Callable[[Path], AbstractAsyncContextManager[ProviderWorld]]] = {"smtp": smtp}


@pytest_asyncio.fixture(params=sorted(WORLDS))
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ProviderWorld]:
    async with WORLDS[request.param](tmp_path) as found:
        yield found
