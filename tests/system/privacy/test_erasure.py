"""
One person through a whole installation and out of it: written to and answered on several channels, then erased. What is left is looked for everywhere: in
every document, every file of a customer, every dead letter, and in what compacted topics hold.
"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from standardiste.all_in_one.players.agent import AgentClient, Refused
from standardiste.all_in_one.players.mail import letter, send
from standardiste.all_in_one.players.process import Installation
from standardiste.all_in_one.players.stage import MAIL_ADDRESS, POST_ADDRESS, SMS_NUMBER, Stage
from standardiste.common.bus.topics import TOPICS
from standardiste.common.clock import parse_rfc3339
from standardiste.common.testing.twilio.double import TwilioDouble

NUMBER = "+33639980077"
PERSONAL = ("jeanne", "petit@", "client.example", "639980077", "zanzibar", "armand-7")
WITHIN_S = 20

pytestmark = pytest.mark.timeout(180)


async def test_who_said_stop_is_not_written_to_first_until_he_says_start(stage: Stage) -> None:
    async with AgentClient(stage.url, await stage.token("amelie")) as agent:
        await agent.ready()
        begin = {"channel": "sms", "channel_address": "sms", "address": NUMBER, "content": {"text": "Bonjour, ici Lumen."}}
        await said(stage.outside.twilio, "STOP")
        with pytest.raises(Refused) as no:
            await agent.command("interaction.open", **begin)
        assert no.value.reason == "opted_out"
        with pytest.raises(Refused) as no:
            await agent.command("interaction.open", **begin, purpose="offers")
        assert no.value.reason == "opted_out"
        await said(stage.outside.twilio, "START")
        with pytest.raises(Refused) as no:
            await agent.command("interaction.open", **begin, purpose="offers")
        assert no.value.reason == "not_permitted_now"


async def said(twilio: TwilioDouble, word: str) -> None:
    """A text that is a word, and closes by itself or waits: nobody answers it here."""
    texted = await twilio.customer_texts(NUMBER, SMS_NUMBER, word)
    assert texted.answer.status == 200


async def test_the_closing_record_names_the_day_by_which_the_last_copy_is_gone(stage: Stage, request: pytest.FixtureRequest) -> None:
    """On Kafka the bytes of dead letters that nobody is given any more go with their segment."""
    admin = {"Authorization": f"Bearer {await stage.token('admin')}"}
    body = {"name": "Jeanne", "addresses": [{"channel": "sms", "address": NUMBER}]}
    made = await stage.http.post("/v1/customers", json=body, headers=admin)
    closing = (await stage.http.post(f"/v1/customers/{made.json()['id']}/erasure", json={}, headers=admin)).json()
    days = (parse_rfc3339(closing["gone_by"]) - parse_rfc3339(closing["done_at"])) // 86_400_000
    assert days == (8 if "embedded" in request.node.name else 31)
    assert (await stage.http.get(f"/v1/customers/{made.json()['id']}", headers=admin)).status_code == 404


async def test_an_erased_person_is_nowhere(stage: Stage) -> None:
    admin = {"Authorization": f"Bearer {await stage.token('admin')}"}
    async with AgentClient(stage.url, await stage.token("amelie")) as agent:
        await agent.ready()
        mail = letter("Jeanne Petit <jeanne@client.example>", MAIL_ADDRESS, "Zanzibar", "Zanzibar", "<m1@client.example>")
        await send(mail, "jeanne@client.example", MAIL_ADDRESS, stage.smtp_port)
        await stage.outside.twilio.customer_texts(NUMBER, SMS_NUMBER, "Zanzibar")
        await stage.integrator.post("armand-7", POST_ADDRESS, "armand-7", "Zanzibar")
        for _ in range(3):
            offer = await agent.offered()
            interaction = agent.offers[offer]["interaction"]["id"]
            await agent.accept(offer)
            await agent.until(lambda id=interaction: agent.work[id].state == "active")
            await agent.customer(interaction)
            await agent.reply(interaction, "Zanzibar, bien sûr, Jeanne.", "Re: Zanzibar")
            await agent.complete(interaction)
            await agent.until(lambda id=interaction: id not in agent.work)
    people = await everybody(stage, admin, 3)
    first, *others = (each["id"] for each in people)
    for other in others:
        merged = await stage.http.post(f"/v1/customers/{first}/merge", json={"other": other}, headers=admin)
        assert merged.status_code == 200, merged.text
    erased = await stage.http.post(f"/v1/customers/{first}/erasure", json={"why": "asked"}, headers=admin)  # it sees the last close
    assert erased.status_code == 201, erased.text
    counts = erased.json()["counts"]
    assert (counts["conversations"], counts["records"]) == (3, 3)
    assert isinstance(stage.installation, Installation)
    data = stage.installation.data
    assert found_in(documents(data)) == []
    assert [str(path) for path in (data / "blobs").rglob("*") if path.is_file() and found_in([path.read_text("utf-8", "replace")])] == []
    assert found_in(topics(data, [topic.value for topic, spec in TOPICS.items() if spec.is_compacted] + ["dead-letters"])) == []
    assert len(topics(data, ["router-state"])) > 10


async def everybody(stage: Stage, admin: dict[str, str], count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(WITHIN_S):
        while True:
            people = (await stage.http.get("/v1/customers", headers=admin)).json()["items"]
            if len(people) >= count:
                return people
            await asyncio.sleep(0.1)


def documents(data: Path) -> list[str]:
    """Every document but answers that are kept a day for repeats, with the name of its collection."""
    with sqlite3.connect(f"file:{data}/store.sqlite?mode=ro", uri=True) as store:
        rows = store.execute("SELECT name, body, entries, words FROM documents NATURAL JOIN collections").fetchall()
    return [" ".join(map(str, row)) for row in rows if row[0] != "idempotency"]


def topics(data: Path, names: list[str]) -> list[str]:
    """Every record of these topics."""
    with sqlite3.connect(f"file:{data}/bus.sqlite?mode=ro", uri=True) as log:
        rows = [row for name in names for row in log.execute(f'SELECT key, headers, value FROM "{name}/0"').fetchall()]
    return [" ".join(part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part) for part in row) for row in rows]


def found_in(texts: list[str]) -> list[tuple[str, str]]:
    return [(word, text) for text in texts for word in PERSONAL if word in text.lower()]
