"""ingest-email killed with SIGKILL while answers go out: all arrive, and none more often than once more per kill and connection."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from standardiste.common.bus.topics import Topic
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.inputs import DeliveryReported
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
from standardiste.common.testing.mail_server import MailServer, mail_server
from standardiste.common.testing.running import running, tenant_of_test

HELP = ChannelAddress(id=ChannelAddressId("ca_help"), change_set=0, channel=Channel.EMAIL, address="aide@exemple.fr")
ANSWERS, KILLS, CONNECTIONS = 300, 3, 4


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
async def service(folder: Path, server: MailServer) -> AsyncGenerator[asyncio.subprocess.Process]:
    """The service as a process of its own; killed when the block ends, unless it has been."""
    given = {
        "BUS": f"embedded:///{folder}/bus.sqlite",
        "STORE": f"sqlite:///{folder}/store.sqlite",
        "BLOBS": str(folder / "blobs"),
        "SECRETS_FOLDER": str(folder / "secrets"),
        "PORT": "0",
        "EMAIL_SMTP_PORT": "0",
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


async def test_every_answer_arrives_over_kills_and_few_twice(tmp_path: Path, figures: dict[str, object]) -> None:
    make_secrets(tmp_path / "secrets")
    async with running(tmp_path, entities=(tenant_of_test(), HELP)) as site:
        await site.decide("t1", *(answer(number) for number in range(ANSWERS)), topic=Topic.OUTBOUND_EMAIL)
    async with mail_server() as server:
        for kill in range(1, KILLS + 1):
            async with service(tmp_path, server):
                await server.arrived(kill * ANSWERS // (KILLS + 1))
        async with service(tmp_path, server) as process:
            async with asyncio.timeout(60):
                while len(set(ids(server))) < ANSWERS:
                    await server.arrived(len(server.mails) + 1)
            process.terminate()
            await process.wait()
        counted = Counter(ids(server))
        repeats = sum(count - 1 for count in counted.values())
        figures |= {"answers": ANSWERS, "kills": KILLS, "repeats": repeats}
        assert len(counted) == ANSWERS
        assert repeats <= KILLS * CONNECTIONS
        firsts = list(dict.fromkeys(ids(server)))
        for conversation in range(0, ANSWERS, 3):
            wanted = [f"m{conversation + each}" for each in range(3)]
            assert [each for each in firsts if each in wanted] == wanted
    async with running(tmp_path) as site:
        reported = await site.inputs(DeliveryReported, ANSWERS)
        assert {each.message for each in reported if each.state is DeliveryState.SENT} <= set(counted)
