"""The providers that the suite holds for. A new one adds its world here and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from standardiste.common.blobs.folder import FolderBlobs
from standardiste.common.clock import ManualClock
from standardiste.common.conversations import ConversationBook
from standardiste.common.directory_view import DirectoryView
from standardiste.common.events.decisions import InteractionCreated
from standardiste.common.events.model import Attachment, Channel, ConversationId, InteractionId, Thread
from standardiste.common.outbox import Provider, Send
from standardiste.common.permission.ledger import CONSENT, Ledger
from standardiste.common.scanning.screen import Screen
from standardiste.common.secrets.envelope import StoredSecrets
from standardiste.common.security.keys import Keys
from standardiste.common.store.sqlite import SqliteStore
from standardiste.common.testing.builders import AT, TENANT, channel_address, configuration, contact, directory_of, event
from standardiste.common.testing.mail_server import CUT, MailServer, mail_server
from standardiste.common.testing.provider_world import FILE_BYTES, ProviderWorld, send_of
from standardiste.common.testing.twilio.double import TwilioDouble
from standardiste.common.testing.twilio.timers import ManualTimers
from standardiste.common.testing.vonage import VonageDouble
from standardiste.common.twilio.callback_token import CallbackTokens
from standardiste.common.twilio.client import TwilioApi
from standardiste.common.twilio.credentials import CredentialBook
from standardiste.ingest_email.drafting import Drafting
from standardiste.ingest_email.sent_folder import Copies
from standardiste.ingest_email.settings import EmailSettings
from standardiste.ingest_email.smtp_pool import SmtpPool
from standardiste.ingest_email.smtp_provider import SmtpProvider
from standardiste.ingest_email.tokens import Tokens
from standardiste.ingest_sms.media_out import OutMedia
from standardiste.ingest_sms.opt_outs import OPT_OUTS, OptOuts
from standardiste.ingest_sms.texts import Texts
from standardiste.ingest_sms.twilio_texts import TwilioTexts
from standardiste.ingest_sms.vonage import VonageTexts

CUSTOMER_NUMBER = "+33639980001"


async def conversation_known(book: ConversationBook, channel: Channel) -> None:
    """A customer of this channel has written, in conversation "conv1"."""
    thread = Thread(message_id="m1@client.example") if channel is Channel.EMAIL else None
    address = CUSTOMER_NUMBER if channel is Channel.SMS else "customer@example.org"
    created = InteractionCreated(
        interaction=InteractionId("i1"),
        contact=contact(channel=channel, thread=thread, address=address),
        conversation=ConversationId("conv1"),
        enqueued_at=AT,
        change_set=1,
        identify_by=AT,
    )
    await book.learn(event(created, source="router", subject="i1", tenant=TENANT))


def media_of(tenant: str, file: Attachment) -> OutMedia:
    """The address at which a provider would fetch a file."""
    return OutMedia(url=f"https://centre.example/v1/sms/media/{file.id}", media_type=file.media_type, name=file.name)


class Unheard:
    """Nobody asks how the addresses fare."""

    async def well(self, tenant: str, address: str, way: str) -> None: ...

    async def ill(self, tenant: str, address: str, way: str, code: str) -> None: ...


@dataclass
class Smtp:
    """Mail, to a real mail server on loopback."""

    provider: Provider
    server: MailServer
    stack: AsyncExitStack
    carries_files: bool = True

    def send(self, message: str) -> Send:
        return send_of(message, Channel.EMAIL)

    def taken(self) -> list[str]:
        return [mail.message_id.partition("@")[0] for mail in self.server.mails]

    def files(self) -> int:
        return self.server.mails[-1].content.count(b"filename=")

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
    directory, blobs = directory_of(*configuration()), await FolderBlobs.open_folder(folder / "blobs", clock)
    await blobs.put(TENANT, "in_1", FILE_BYTES)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(mail_server())
        settings = EmailSettings(email_out_host="127.0.0.1", email_out_port=server.port)
        provider = SmtpProvider(
            settings,
            drafting=Drafting(
                book=book,
                directory=directory,
                secrets=secrets,
                blobs=blobs,
                tokens=Tokens(store, Keys(bytes(32))),
                screen=Screen(None, directory),
            ),
            directory=directory,
            secrets=secrets,
            pool=SmtpPool(clock, connections_max=2, timeout_s=5, our_name="mx.exemple.fr"),
            health=Unheard(),
            copies=Copies(store, blobs, clock),
        )
        yield Smtp(provider, server, stack)
    await store.close()


@dataclass
class Twilio:
    """Texts, to the stand-in's REST API on loopback, through Twilio's own client."""

    provider: Provider
    double: TwilioDouble
    stack: AsyncExitStack
    carries_files: bool = True

    def send(self, message: str) -> Send:
        return send_of(message, Channel.SMS)

    def taken(self) -> list[str]:
        return [text.body.removeprefix("Bonjour de ") for text in self.double.account.texts.values()]

    def files(self) -> int:
        return len(list(self.double.account.texts.values())[-1].media)

    def say_not_now(self) -> None:
        self.double.goes_wrong("POST", "/Messages.json", status=429, code=20429)

    def say_never(self) -> None:
        self.double.goes_wrong("POST", "/Messages.json", status=400, code=21614)

    def lose_answer(self) -> None:
        self.double.goes_wrong("POST", "/Messages.json", kind="unheard")

    async def go_away(self) -> None:
        await self.stack.aclose()


@asynccontextmanager
async def twilio(folder: Path) -> AsyncIterator[Twilio]:
    clock, keys = ManualClock(), Keys(bytes(32))
    store = await SqliteStore.open_memory()
    secrets = StoredSecrets(store, bytes(32))
    await secrets.open()
    book = ConversationBook(store, "ingest-sms", (Channel.SMS,))
    await store.open([book.collection, CONSENT, OPT_OUTS])
    await conversation_known(book, Channel.SMS)
    async with AsyncExitStack() as stack:
        double = await stack.enter_async_context(TwilioDouble(timers=ManualTimers(clock)))
        address = channel_address(Channel.SMS, settings={"account_sid": double.account_sid, "auth_token_secret": "twilio"})
        double.number(address.address)
        await secrets.put(TENANT, "twilio", double.auth_token)
        api = TwilioApi(double.url)

        async def is_known(tenant: str, sid: str) -> bool:
            return False

        carrier = TwilioTexts(
            api=api,
            credentials=CredentialBook(secrets, clock),
            tokens=CallbackTokens(keys, "sms-status"),
            status_url="https://centre.example/v1/sms/twilio/status",
            clock=clock,
            is_known=is_known,
        )
        provider = Texts(
            carriers={"twilio": carrier},
            directory=directory_of(*configuration(address)),
            book=book,
            opt_outs=OptOuts(store, keys, Ledger(store, keys, DirectoryView())),
            clock=clock,
            media_of=media_of,
        )
        yield Twilio(provider, double, stack)
    await api.http.close()
    await store.close()


@dataclass
class Vonage:
    """Texts, to the stand-in of Vonage's Messages API on loopback."""

    provider: Provider
    double: VonageDouble
    stack: AsyncExitStack
    carries_files: bool = False

    def send(self, message: str) -> Send:
        return send_of(message, Channel.SMS)

    def taken(self) -> list[str]:
        return [text["text"].removeprefix("Bonjour de ") for text in self.double.taken]

    def files(self) -> int:
        return int("file" in self.double.taken[-1])

    def say_not_now(self) -> None:
        self.double.answers.append((429, "Throttled"))

    def say_never(self) -> None:
        self.double.answers.append((422, "Invalid params"))

    def lose_answer(self) -> None:
        self.double.cuts += 1

    async def go_away(self) -> None:
        await self.stack.aclose()


@asynccontextmanager
async def vonage(folder: Path) -> AsyncIterator[Vonage]:
    clock, keys = ManualClock(), Keys(bytes(32))
    store = await SqliteStore.open_memory()
    secrets = StoredSecrets(store, bytes(32))
    await secrets.open()
    book = ConversationBook(store, "ingest-sms", (Channel.SMS,))
    await store.open([book.collection, CONSENT, OPT_OUTS])
    await conversation_known(book, Channel.SMS)
    async with AsyncExitStack() as stack:
        double = await stack.enter_async_context(VonageDouble())
        settings = {"provider": "vonage", "api_key": double.api_key, "api_secret_secret": "vonage"}
        await secrets.put(TENANT, "vonage", double.api_secret)
        carrier = VonageTexts(
            secrets=secrets,
            tokens=CallbackTokens(keys, "sms-status"),
            status_url="https://centre.example/v1/sms/vonage/status",
            api_url=double.url,
        )
        provider = Texts(
            carriers={"vonage": carrier},
            directory=directory_of(*configuration(channel_address(Channel.SMS, settings=settings))),
            book=book,
            opt_outs=OptOuts(store, keys, Ledger(store, keys, DirectoryView())),
            clock=clock,
            media_of=media_of,
        )
        yield Vonage(provider, double, stack)
        await carrier.aclose()
    await store.close()


WORLDS: dict[str, Callable[[Path], AbstractAsyncContextManager[ProviderWorld]]] = {"smtp": smtp, "twilio": twilio, "vonage": vonage}


@pytest_asyncio.fixture(params=sorted(WORLDS))
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ProviderWorld]:
    async with WORLDS[request.param](tmp_path) as found:
        yield found
