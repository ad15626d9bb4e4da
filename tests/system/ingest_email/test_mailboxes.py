"""Mailboxes on a real Dovecot: read once, marked when durable, whatever breaks in between."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from standardiste.common.clock import ManualClock
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.inputs import ChannelAddressReported, ContactReceived
from standardiste.common.events.model import Channel, ChannelAddressId
from standardiste.common.parts import Parts
from standardiste.common.service import Service
from standardiste.common.testing.away import AwayBus
from standardiste.common.testing.dovecot import PASSWORD, Dovecot
from standardiste.common.testing.running import Running, running, tenant_of_test
from standardiste.ingest_email.app import build
from standardiste.ingest_email.imap import ImapAccount, ImapConnection
from standardiste.ingest_email.settings import EmailSettings

pytestmark = pytest.mark.needs("dovecot")

WITHIN_S = 20.0


def mail(id: str, text: str = "Bonjour") -> bytes:
    head = f"From: jeanne@client.example\nTo: aide@exemple.fr\nSubject: {id}\nMessage-ID: <{id}@client.example>\n"
    return f"{head}Date: Mon, 02 Nov 2026 10:00:00 +0100\n\n{text}\n".encode()


def mailbox(server: Dovecot, user: str = "aide", **settings: Any) -> ChannelAddress:
    plain: dict[str, str | int | bool] = {
        "imap_host": "127.0.0.1",
        "imap_port": server.port,
        "imap_tls": "none",
        "imap_username": user,
        "imap_password_secret": "imap",
    }
    return ChannelAddress(
        id=ChannelAddressId(f"ca_{user}"), change_set=0, channel=Channel.EMAIL, address=f"{user}@exemple.fr", settings={**plain, **settings}
    )


@asynccontextmanager
async def reading(
    folder: Path, *addresses: ChannelAddress, bus: list[AwayBus] | None = None, is_away: bool = False
) -> AsyncGenerator[Running]:
    """ingest-email with these mailboxes, until the block ends."""

    def built(parts: Parts) -> Service:
        around = AwayBus(parts.bus)
        if bus is not None:
            bus.append(around)
        return build(EmailSettings(email_smtp_port=None, email_message_bytes_max=100_000), replace(parts, bus=around))

    async with running(folder, built) as site:
        await site.parts.secrets.put("t1", "imap", PASSWORD)
        if bus is not None:
            bus[-1].is_away = is_away
        await site.configure("t1", tenant_of_test(), *addresses)
        yield site


async def subjects(site: Running, count: int) -> list[str | None]:
    return [each.contact.content.subject for each in await site.inputs(ContactReceived, count, WITHIN_S)]


async def health(site: Running, count: int) -> list[tuple[str, bool, str]]:
    found = await site.inputs(ChannelAddressReported, count, WITHIN_S)
    return [(each.channel_address, each.is_healthy, each.detail) for each in found]


async def marked(server: Dovecot, user: str, expected: list[str], folder: str = "INBOX") -> None:
    """The folder's messages come to have these flags."""
    async with asyncio.timeout(WITHIN_S):
        while (found := await asyncio.to_thread(server.flags, user, folder)) != expected:
            assert len(found) <= len(expected) or folder == "INBOX"


async def test_unread_mails_are_taken_in_order_and_marked(tmp_path: Path, mail_store: Dovecot) -> None:
    mail_store.put("aide", mail("read before"), flags=r"\Seen")
    mail_store.put("aide", mail("one"), mail("two"))
    async with reading(tmp_path, mailbox(mail_store)) as site:
        assert await subjects(site, 2) == ["one", "two"]
        await marked(mail_store, "aide", [r"\Seen", r"\Seen", r"\Seen"])
        assert await health(site, 1) == [("ca_aide", True, "")]


async def test_new_mail_is_taken_while_waiting(tmp_path: Path, mail_store: Dovecot) -> None:
    async with reading(tmp_path, mailbox(mail_store)) as site:
        await health(site, 1)
        mail_store.put("aide", mail("pushed"))
        assert await subjects(site, 1) == ["pushed"]


async def test_waiting_is_begun_anew_before_the_server_ends_it(mail_store: Dovecot) -> None:
    """A wait without mail ends by itself, the next begins on the same connection, and mail ends one early."""
    account = ImapAccount(host="127.0.0.1", port=mail_store.port, tls="none", username="aide", password=PASSWORD)
    connection, _ = await ImapConnection.open(account)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 5:
            await asyncio.to_thread(mail_store.put, "aide", mail("pushed"))

    try:
        for waits in (1, 2, 3):
            await connection.idle(1, 0.05, tick)
            assert ticks == waits
        async with asyncio.timeout(WITHIN_S):
            await connection.idle(10_000, 0.05, tick)
        assert ticks < 10_000
        assert len(await connection.search("UNSEEN")) == 1
    finally:
        await connection.close()


@pytest.mark.slow
async def test_a_server_that_cannot_push_is_looked_at(tmp_path: Path, mail_store: Dovecot) -> None:
    """Without IDLE the mailbox is looked at every 30 s."""
    await asyncio.to_thread(mail_store.kill)
    with (mail_store.folder / "dovecot.conf").open("a") as configuration:
        configuration.write("imap_capability = IMAP4rev1 SASL-IR UIDPLUS MOVE\n")
    await asyncio.to_thread(mail_store.start)
    async with reading(tmp_path, mailbox(mail_store)) as site:
        await health(site, 1)
        await asyncio.to_thread(mail_store.put, "aide", mail("looked for"))
        assert [each.contact.content.subject for each in await site.inputs(ContactReceived, 1, within_s=55)] == ["looked for"]


async def test_mail_that_somebody_read_first_is_still_taken(tmp_path: Path, mail_store: Dovecot) -> None:
    async with reading(tmp_path, mailbox(mail_store)) as site:
        await health(site, 1)
    mail_store.put("aide", mail("read elsewhere"), flags=r"\Seen")
    async with reading(tmp_path, mailbox(mail_store)) as site:
        assert await subjects(site, 1) == ["read elsewhere"]


async def test_mail_is_unmarked_until_it_is_durable(tmp_path: Path, mail_store: Dovecot) -> None:
    mail_store.put("aide", mail("one"))
    bus: list[AwayBus] = []
    async with reading(tmp_path, mailbox(mail_store), bus=bus, is_away=True) as site:
        await asyncio.to_thread(mail_store.put, "aide", mail("two"))
        assert not any(r"\Seen" in flags for flags in await asyncio.to_thread(mail_store.flags, "aide"))
        bus[0].is_away = False
        assert await subjects(site, 2) == ["one", "two"]
        await marked(mail_store, "aide", [r"\Seen", r"\Seen"])


async def test_mail_is_moved_where_a_folder_is_named(tmp_path: Path, mail_store: Dovecot) -> None:
    mail_store.put("aide", mail("one"))
    async with reading(tmp_path, mailbox(mail_store, imap_move_to="Done")) as site:
        assert await subjects(site, 1) == ["one"]
        await marked(mail_store, "aide", [""], "Done")


async def test_restart_of_the_server_is_survived(tmp_path: Path, mail_store: Dovecot) -> None:
    async with reading(tmp_path, mailbox(mail_store)) as site:
        await health(site, 1)
        mail_store.kill()
        assert (await health(site, 2))[1][:2] == ("ca_aide", False)
        mail_store.start()
        mail_store.put("aide", mail("after"))
        assert await subjects(site, 1) == ["after"]
        assert [each[1] for each in await health(site, 3)][-1]


async def test_new_numbering_of_the_mailbox_takes_nothing_twice(tmp_path: Path, mail_store: Dovecot) -> None:
    mail_store.put("aide", mail("one"), mail("two"))
    async with reading(tmp_path, mailbox(mail_store)) as site:
        await subjects(site, 2)
        await health(site, 1)  # all is read, and written down
    await asyncio.to_thread(mail_store.renumber, "aide")
    mail_store.put("aide", mail("three"))
    async with reading(tmp_path, mailbox(mail_store)) as site:
        async with asyncio.timeout(WITHIN_S):
            found = await site.inputs(ContactReceived, 5, WITHIN_S)
        receipts = {each.contact.receipt for each in found}
        assert sorted({each.contact.content.subject for each in found}, key=str) == ["one", "three", "two"]
        assert len(receipts) == 3


async def test_wrong_password_is_told_and_stops_no_other_mailbox(tmp_path: Path, mail_store: Dovecot) -> None:
    mail_store.put("ventes", mail("sold"))
    wrong, right = mailbox(mail_store, imap_password_secret="wrong"), mailbox(mail_store, "ventes")
    async with reading(tmp_path, wrong, right) as site:
        assert await subjects(site, 1) == ["sold"]
        detail = "Le mot de passe ou le jeton de cette adresse manque."
        assert sorted(await health(site, 2)) == [("ca_aide", False, detail), ("ca_ventes", True, "")]
        await site.parts.secrets.put("t1", "wrong", "no")
        said = "Le serveur de messagerie refuse l'identifiant ou le mot de passe."
        assert (await health(site, 3))[2] == ("ca_aide", False, said)


async def test_mail_that_is_too_large_is_left_and_passed_by(tmp_path: Path, mail_store: Dovecot) -> None:
    mail_store.put("aide", mail("large", "x" * 200_000), mail("small"))
    async with reading(tmp_path, mailbox(mail_store)) as site:
        assert await subjects(site, 1) == ["small"]
        await marked(mail_store, "aide", ["", r"\Seen"])


async def test_nothing_is_read_while_the_installation_is_held(tmp_path: Path, mail_store: Dovecot) -> None:
    mail_store.put("aide", mail("one"))

    def built(parts: Parts) -> Service:
        return build(EmailSettings(email_smtp_port=None), parts)

    async with running(tmp_path, built) as site:
        await site.parts.secrets.put("t1", "imap", PASSWORD)
        await site.parts.hold.begin("backup-1")
        await site.configure("t1", tenant_of_test(), mailbox(mail_store))
        with pytest.raises(TimeoutError):
            await site.inputs(ContactReceived, 1, within_s=0.5)
        await site.parts.hold.release()
        assert await subjects(site, 1) == ["one"]


async def test_mailbox_that_wants_oauth_is_read_with_a_token(tmp_path: Path, mail_store: Dovecot) -> None:
    mail_store.put("aide", mail("one"))
    provider = await asyncio.start_server(token_provider({"refresh_token": "r2"}), "127.0.0.1", mail_store.oauth_port)
    grant = {"token_url": f"http://127.0.0.1:{mail_store.oauth_port}/token", "client_id": "c", "client_secret": "s", "refresh_token": "r1"}
    address = mailbox(mail_store, imap_oauth_secret="grant", imap_password_secret="")
    async with provider, running(tmp_path, lambda parts: build(EmailSettings(email_smtp_port=None), parts)) as site:
        await site.parts.secrets.put("t1", "grant", json.dumps(grant))
        await site.configure("t1", tenant_of_test(), address)
        assert await subjects(site, 1) == ["one"]
        stored = json.loads(await site.parts.secrets.get("t1", "grant") or "")
        assert stored["refresh_token"] == "r2"


async def test_end_of_a_grant_that_its_provider_names_is_told(tmp_path: Path, mail_store: Dovecot) -> None:
    lasts_s = 10 * 24 * 3600
    answering = token_provider({"refresh_token_expires_in": lasts_s})
    grant = {"token_url": f"http://127.0.0.1:{mail_store.oauth_port}/token", "client_id": "c", "client_secret": "s", "refresh_token": "r1"}
    address, clock = mailbox(mail_store, imap_oauth_secret="grant", imap_password_secret=""), ManualClock()
    async with (
        await asyncio.start_server(answering, "127.0.0.1", mail_store.oauth_port),
        running(tmp_path, lambda parts: build(EmailSettings(email_smtp_port=None), parts), clock=clock) as site,
    ):
        await site.parts.secrets.put("t1", "grant", json.dumps(grant))
        await site.configure("t1", tenant_of_test(), address)
        [told] = await site.inputs(ChannelAddressReported, 1, WITHIN_S)
    assert (told.is_healthy, told.credential_expires_at) == (True, clock.now() // 1000 * 1000 + lasts_s * 1000)
    assert told.detail.startswith("L'identifiant de cette adresse expire le ")


async def test_unusual_silence_of_a_mailbox_is_told(tmp_path: Path, mail_store: Dovecot) -> None:
    clock, address = ManualClock(), mailbox(mail_store, silence_minutes=30)
    for minutes in (0, 31):
        clock.advance(minutes * 60_000)
        async with running(tmp_path, lambda parts: build(EmailSettings(email_smtp_port=None), parts), clock=clock) as site:
            await site.parts.secrets.put("t1", "imap", PASSWORD)
            if minutes == 0:
                await site.configure("t1", tenant_of_test(), address)
            told = await site.inputs(ChannelAddressReported, 1 if minutes == 0 else 2, WITHIN_S)
    assert [(each.is_healthy, each.silent_since is not None) for each in told] == [(True, False), (False, True)]


def token_provider(more: dict[str, Any]) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """Turns refresh token r1 into access token a1 and what else is said of it, and tells Dovecot that a1 is the user aide's."""

    async def answer_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        if request.startswith("POST /token"):
            body: dict[str, Any] = {"access_token": "a1", "expires_in": 3600, **more}
        else:
            body = {"active": "true" if "token=a1" in request.split("\r\n")[0] else "false", "username": "aide"}
        answer = json.dumps(body).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        writer.write(head % len(answer) + answer)
        await writer.drain()
        writer.close()

    return answer_one


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_ten_thousand_unread_mails_are_taken_over_a_kill_of_the_server(
    tmp_path: Path, mail_store: Dovecot, figures: dict[str, object]
) -> None:
    mail_store.fill("aide", [mail(f"n{number}") for number in range(10_000)])
    began = time.perf_counter()
    async with reading(tmp_path, mailbox(mail_store)) as site:
        await site.inputs(ContactReceived, 3_000, within_s=250)
        await asyncio.to_thread(mail_store.kill)
        await asyncio.to_thread(mail_store.start)
        async with asyncio.timeout(250):
            receipts: set[str] = set()
            count = 10_000
            while len(receipts) < 10_000:
                found = await site.inputs(ContactReceived, count, within_s=250)
                receipts = {each.contact.receipt for each in found}
                count += 10_000 - len(receipts)
    took = time.perf_counter() - began
    figures |= {"mails": 10_000, "mails/s": round(10_000 / took), "taken again after the kill": len(found) - 10_000}
    assert len(found) - 10_000 <= 50
