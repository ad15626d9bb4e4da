"""
ingest-email killed with SIGKILL while mails come in and answers go out. All arrive: what a relay was told `250` for, and every answer, of which none goes
more often than once more per kill and connection. The receiving server is the ledger; `make kill-mail` prints it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiosmtplib

from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import spec_of
from standardiste.common.events.codec import decode
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.inputs import ContactReceived, DeliveryReported
from standardiste.common.events.model import (
    Author,
    AuthorKind,
    Channel,
    ChannelAddressId,
    Content,
    ConversationId,
    DeliveryState,
    InteractionId,
    MessageId,
)
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.security.keys import make_secrets
from standardiste.common.serving import free_port
from standardiste.common.testing.mail_server import MailServer, mail_server
from standardiste.common.testing.running import Running, records, running, tenant_of_test

HELP = ChannelAddress(id=ChannelAddressId("ca_help"), change_set=0, channel=Channel.EMAIL, address="aide@exemple.fr")
ANSWERS, MAILS, KILLS, CONNECTIONS = 500, 500, 5, 4
PAUSE_S, WITHIN_S = 0.02, 120.0
RELAYS = 4
"""Connections of the relay that hands mails in."""


def answer(number: int) -> DeliverMessage:
    """An agent writes to a customer: each third message goes on in an earlier conversation."""
    conversation = number - number % 3
    return DeliverMessage(
        conversation=ConversationId(f"conv{conversation}"),
        interaction=InteractionId(f"i{conversation}"),
        message=MessageId(f"m{number}"),
        author=Author(kind=AuthorKind.AGENT, id="anna"),
        content=Content(text=f"Réponse {number}", subject="Votre dossier"),
        channel=Channel.EMAIL,
        channel_address=HELP.id,
        address=f"client{conversation}@client.example",
    )


@asynccontextmanager
async def service(folder: Path, server: MailServer, smtp_port: int) -> AsyncGenerator[asyncio.subprocess.Process]:
    """The service as a process of its own; killed when the block ends, unless it has been."""
    given = {
        "BUS": f"embedded:///{folder}/bus.sqlite",
        "STORE": f"sqlite:///{folder}/store.sqlite",
        "BLOBS": str(folder / "blobs"),
        "SECRETS_FOLDER": str(folder / "secrets"),
        "PORT": "0",
        "EMAIL_SMTP_PORT": str(smtp_port),
        "EMAIL_OUT_HOST": "127.0.0.1",
        "EMAIL_OUT_PORT": str(server.port),
        "EMAIL_OUT_CONNECTIONS_MAX": str(CONNECTIONS),
        "LOG_LEVEL": "error",
    }
    environment = os.environ | {f"STANDARDISTE_{name}": value for name, value in given.items()}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "standardiste.ingest_email", env=environment)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


def ids(server: MailServer) -> list[str]:
    return [mail.message_id.partition("@")[0] for mail in server.mails]


async def relay(port: int, numbers: list[int], taken: set[int], attempts: Counter[int]) -> None:
    """A relay's connection: what was not answered with 250 is handed in again, as relays do, until all is taken."""
    while numbers:
        try:
            async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, timeout=10) as client:
                while numbers:
                    number = numbers[-1]
                    attempts[number] += 1
                    await client.sendmail(f"client{number}@client.example", HELP.address, mail(number))
                    taken.add(numbers.pop())
                    await asyncio.sleep(PAUSE_S)
        except (aiosmtplib.SMTPException, OSError):
            await asyncio.sleep(PAUSE_S)  # the service is down, or says 451


def mail(number: int) -> bytes:
    head = f"From: client{number}@client.example\r\nTo: {HELP.address}\r\nSubject: {number}\r\nMessage-ID: <in{number}@client.example>\r\n"
    return f"{head}Date: Mon, 02 Nov 2026 10:00:00 +0100\r\n\r\nBonjour {number}\r\n".encode()


async def test_all_arrives_over_kills_and_few_answers_twice(tmp_path: Path, figures: dict[str, object]) -> None:
    make_secrets(tmp_path / "secrets")
    async with running(tmp_path, entities=(tenant_of_test(), HELP)) as site:
        await site.decide("t1", *(answer(number) for number in range(ANSWERS)), topic=Topic.OUTBOUND_EMAIL)
    port, taken, attempts = free_port(), set[int](), Counter[int]()
    async with mail_server() as server, asyncio.TaskGroup() as relays:
        for each in range(RELAYS):
            relays.create_task(relay(port, list(range(each, MAILS, RELAYS)), taken, attempts))
        for kill in range(1, KILLS + 1):
            async with service(tmp_path, server, port):
                await until(
                    lambda done=kill: len(server.mails) >= done * ANSWERS // (KILLS + 1) and len(taken) >= done * MAILS // (KILLS + 1)
                )
        async with service(tmp_path, server, port) as process:
            await until(lambda: len(set(ids(server))) >= ANSWERS and len(taken) >= MAILS)
            process.terminate()
            await process.wait()
        counted = Counter(ids(server))
        repeats = sum(count - 1 for count in counted.values())
        figures |= {"kills": KILLS, "answers": len(counted), "answers again": repeats, "mails": len(taken)}
        assert len(counted) == ANSWERS
        assert repeats <= KILLS * CONNECTIONS
        firsts = list(dict.fromkeys(ids(server)))
        for conversation in range(0, ANSWERS, 3):
            wanted = [f"m{conversation + each}" for each in range(3) if conversation + each < ANSWERS]
            assert [each for each in firsts if each in wanted] == wanted
    async with running(tmp_path) as site:
        handed_in = await handed(site, MAILS)
        receipts = {subject: len(found) for subject, found in handed_in.items()}
        again = sum(attempts.values()) - MAILS
        figures |= {"mails handed in again": again, "contacts of one mail at most": max(receipts.values())}
        assert sorted(handed_in) == sorted(str(number) for number in range(MAILS))
        assert max(receipts.values()) == 1, "a mail handed in again has the same receipt"
        reported = await site.inputs(DeliveryReported, ANSWERS, WITHIN_S)
        assert {each.message for each in reported if each.state is DeliveryState.SENT} <= set(counted)


async def handed(site: Running, count: int) -> dict[str, set[str]]:
    """The receipts under which each mail came, by its subject."""
    found: dict[str, set[str]] = {}
    async with asyncio.timeout(WITHIN_S):
        async for record in records(site.parts.bus, Topic.INPUTS):
            if record.headers.get("ce_type") == spec_of(ContactReceived).name:
                contact = decode(record).data.contact
                found.setdefault(contact.content.subject or "", set()).add(contact.receipt)
                if len(found) >= count:
                    break
    return found


async def until(is_so: Callable[[], bool]) -> None:
    """Until it is so: the ledgers of both directions are in this process."""
    for _ in range(int(WITHIN_S / PAUSE_S)):
        if is_so():
            return
        await asyncio.sleep(PAUSE_S)
    raise AssertionError("the ledgers are not full in time")
