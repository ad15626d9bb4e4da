"""
The broker is away while 200 messages flow in by five ways: who hands in is told to come again (503 or 451, never a yes that is not kept), and does; what was
accepted is in the log. Twelve seconds as a rule, a minute with STANDARDISTE_LONG. `make channels-away` prints the ledger.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Final, TypeAlias

import aiosmtplib
import httpx
import pytest

from standardiste.common.bus.kafka import KafkaBus
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import apply
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import SystemClock
from standardiste.common.events.base import spec_of
from standardiste.common.events.codec import decode
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.inputs import ContactReceived
from standardiste.common.events.model import Channel, ChannelAddressId
from standardiste.common.parts import Parts
from standardiste.common.security.twilio_signature import sign
from standardiste.common.service import Service
from standardiste.common.serving import free_port
from standardiste.common.testing.running import API_KEY, Running, key_of_test, records, running, tenant_of_test
from standardiste.common.testing.servers import Server, kafka_server, started
from standardiste.ingest_chat.app import build as chat
from standardiste.ingest_chat.settings import ChatSettings
from standardiste.ingest_email.app import build as email
from standardiste.ingest_email.settings import EmailSettings
from standardiste.ingest_open.app import build as open_channels
from standardiste.ingest_open.settings import OpenSettings
from standardiste.ingest_sms.app import build as sms
from standardiste.ingest_sms.settings import SmsSettings

PARTS: Final = Path(__file__).parents[3] / "build"
AWAY_S: Final = 60.0 if os.environ.get("STANDARDISTE_LONG") else 12.0
EACH, SENDERS = 40, 4
EVERY_S, AGAIN_S, ANSWER_WITHIN_S, SETTLED_WITHIN_S = 0.3, 0.5, 30.0, 120.0
GRACE_S = 1.0
"""What was on its way when the broker went may still be answered."""
UNDER_WAY, MAY_WAIT = 50, 451
ACCOUNT, TOKEN, NUMBER = "AC" + "1" * 32, "a-token-of-twilio", "+33199000001"
KEY = {"Authorization": f"Bearer {API_KEY}"}
LAST = "the last of all"

HandIn: TypeAlias = Callable[[str], Awaitable[bool]]
"""Hands one message in; whether it was taken. Raises AssertionError at an answer that is neither a yes nor the documented not-now."""


@dataclass(slots=True)
class Ledger:
    """`taken` in the order of the yeses, by instant; `refused` how often each message was."""

    taken: dict[str, float] = field(default_factory=dict[str, float])
    refused: Counter[str] = field(default_factory=Counter[str])
    slowest_s: float = 0.0
    is_under_way: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, hand_in: HandIn, texts: Iterator[str]) -> None:
        """One message after another, each until it is taken."""
        for text in texts:
            while not await self._is_taken(hand_in, text):
                self.refused[text] += 1
                await asyncio.sleep(AGAIN_S)
            self.taken[text] = time.monotonic()
            if len(self.taken) >= UNDER_WAY:
                self.is_under_way.set()
            await asyncio.sleep(EVERY_S * SENDERS)

    async def _is_taken(self, hand_in: HandIn, text: str) -> bool:
        began = time.monotonic()
        try:
            return await hand_in(text)
        finally:
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)


def entities() -> Sequence[ChannelAddress]:
    def address(id: str, channel: Channel, own: str, **settings: str) -> ChannelAddress:
        return ChannelAddress(id=ChannelAddressId(id), change_set=0, channel=channel, address=own, settings=settings)

    return (
        address("mail", Channel.EMAIL, "aide@exemple.fr"),
        address("sms", Channel.SMS, NUMBER, account_sid=ACCOUNT, auth_token_secret="twilio"),
        address("chat", Channel.CHAT, "site"),
        address("letters", Channel.OTHER, "letters"),
    )


def is_yes(answer: httpx.Response) -> bool:
    if answer.is_success:
        return True
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
    assert int(answer.headers["retry-after"]) > 0
    return False


def mail(text: str) -> bytes:
    found = EmailMessage()
    found["From"], found["To"], found["Subject"] = "jeanne@client.example", "aide@exemple.fr", text
    found["Message-ID"], found["Date"] = f"<{text}@client.example>", "Mon, 02 Nov 2026 10:00:00 +0100"
    found.set_content(text)
    return found.as_bytes()


async def ways(http: httpx.AsyncClient, url: str, smtp_port: int) -> dict[str, HandIn]:
    """How customers write, one for each way in."""
    headers = {"Idempotency-Key": "a-random-key-of-session"}
    session = (await http.post("/v1/chat/sessions", json={"page": "site"}, headers=headers)).raise_for_status().json()

    async def by_post(text: str) -> bool:
        return is_yes(await http.post("/v1/email/messages", content=mail(text), headers={**KEY, "Content-Type": "message/rfc822"}))

    async def by_smtp(text: str) -> bool:
        try:
            await aiosmtplib.send(
                mail(text), sender="jeanne@client.example", recipients=["aide@exemple.fr"],
                hostname="127.0.0.1", port=smtp_port, start_tls=False, timeout=ANSWER_WITHIN_S,
            )  # fmt: skip
        except aiosmtplib.SMTPResponseException as error:
            if error.code != MAY_WAIT:
                raise
            return False
        return True

    async def by_text(text: str) -> bool:
        form, path = {"MessageSid": f"SM-{text}", "From": "+33639900001", "To": NUMBER, "Body": text}, "/v1/sms/twilio/messages"
        return is_yes(await http.post(path, data=form, headers={"X-Twilio-Signature": sign(url + path, form, TOKEN)}))

    async def by_chat(text: str) -> bool:
        path, own = f"/v1/chat/sessions/{session['session']}/messages", {"Authorization": f"Bearer {session['token']}"}
        return is_yes(await http.post(path, json={"id": text, "text": text}, headers=own))

    async def by_letter(text: str) -> bool:
        body = {"channel": "letters", "from": {"address": "c1"}, "text": text}
        return is_yes(await http.post("/v1/interactions", json=body, headers={**KEY, "Idempotency-Key": text}))

    return {"post": by_post, "smtp": by_smtp, "text": by_text, "chat": by_chat, "letter": by_letter}


async def logged(site: Running) -> dict[str, list[str]]:
    """The receipts of each message in the log, a record each, up to the last of all (one tenant, one partition, in order)."""
    found: dict[str, list[str]] = {}
    async with asyncio.timeout(SETTLED_WITHIN_S):
        async for record in records(site.parts.bus, Topic.INPUTS):
            if record.headers.get("ce_type") == spec_of(ContactReceived).name:
                contact = decode(record).data.contact
                if contact.content.text.strip() == LAST:
                    break
                found.setdefault(contact.content.text.strip(), []).append(contact.receipt)
    return found


async def killed(broker: Server) -> None:
    await broker.kill()
    await asyncio.sleep(AWAY_S)
    await broker.start()


@pytest.mark.slow
@pytest.mark.needs("kafka")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("away", [killed])
async def test_nothing_accepted_is_lost_while_the_broker_is_away(
    tmp_path: Path, away: Callable[[Server], Awaitable[None]], figures: dict[str, object]
) -> None:
    smtp_port, ledger = free_port(), Ledger()
    builds: tuple[Callable[[Parts], Service], ...] = (
        lambda parts: email(EmailSettings(email_smtp_port=smtp_port), parts),
        lambda parts: sms(SmsSettings(), parts),
        lambda parts: chat(ChatSettings(), parts),
        lambda parts: open_channels(OpenSettings(), parts),
    )
    async with started(await kafka_server(PARTS, tmp_path / "kafka")) as broker:
        settings = KafkaSettings(bootstrap=(broker.address,))
        await apply(settings, partitions=2, replication=1)
        bus = await KafkaBus.connect_to(settings, SystemClock())
        own = (tenant_of_test(), *entities(), key_of_test("contact.create"))
        async with running(tmp_path, *builds, bus=bus, entities=own) as site, site.client(None) as http:
            await site.parts.secrets.put("t1", "twilio", TOKEN)
            http.timeout = httpx.Timeout(ANSWER_WITHIN_S)
            by = await ways(http, site.parts.http.public_url, smtp_port)
            expected = [f"{way}-{number}" for way in by for number in range(EACH)]
            async with asyncio.TaskGroup() as senders:
                for way, hand_in in by.items():
                    texts = iter([f"{way}-{number}" for number in range(EACH)])
                    for _ in range(SENDERS):
                        senders.create_task(ledger.send(hand_in, texts))
                await asyncio.wait_for(ledger.is_under_way.wait(), SETTLED_WITHIN_S)
                before, gone_at = len(ledger.taken), time.monotonic()
                await away(broker)
                back_at = time.monotonic()
            meanwhile = [text for text, at in ledger.taken.items() if gone_at + GRACE_S < at < gone_at + AWAY_S]
            assert await by["letter"](LAST)
            found = await logged(site)
    figures |= {
        "away": away.__name__,
        "away s": AWAY_S,
        "messages": len(ledger.taken),
        "before": before,
        "refusals": ledger.refused.total(),
        "refused messages": len(ledger.refused),
        "slowest answer s": round(ledger.slowest_s, 1),
        "all taken s after": round(max(ledger.taken.values()) - back_at, 1),
        "in the log again": sum(map(len, found.values())) - len(found),
    }
    assert meanwhile == [], "no yes without a broker"
    assert {text.partition("-")[0] for text in ledger.refused} == set(by), "each way was refused at least once"
    assert set(found) == set(expected), "all of them, and nothing else"
    assert {text: len(set(receipts)) for text, receipts in found.items()} == dict.fromkeys(expected, 1)
    again = {text for text, receipts in found.items() if len(receipts) > 1}
    assert again <= set(ledger.refused), "only what was refused may be there again, under its receipt"
