"""Compacted topics and receipts hold ids and keyed hashes only: no customer's words, name, address or number. A test looks at all of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

import pytest

from standardiste.all_in_one.players.agent import AgentClient
from standardiste.all_in_one.players.mail import letter, send
from standardiste.all_in_one.players.process import Installation
from standardiste.all_in_one.players.stage import CHAT_PAGE, MAIL_ADDRESS, POST_ADDRESS, SMS_NUMBER, VOICE_NUMBER, Stage
from standardiste.common.bus.topics import TOPICS
from standardiste.common.testing.visitor import Visitor

PERSONAL = ("jeanne", "petit", "client.example", "639980077", "639980078", "639980079", "zanzibar", "armand-7")
COMPACTED = sorted(topic.value for topic, spec in TOPICS.items() if spec.is_compacted)

pytestmark = pytest.mark.timeout(180)


def test_the_words_looked_for_are_not_in_the_configuration(lumen: Path) -> None:
    assert not [word for word in PERSONAL if word in lumen.read_text().lower()]


def test_a_word_that_stands_anywhere_in_a_record_is_found() -> None:
    for record in (("key Zanzibar", None, None), ("k", '{"ce_subject": "zanzibar"}', b""), ("k", "{}", b'{"a": "ZANZIBAR"}')):
        assert personal_in(map(text_of, [record])) == ["zanzibar"]


async def test_compacted_topics_and_receipts_hold_nothing_personal(stage: Stage) -> None:
    """Somebody comes by every way in, is answered, noted about, and written to first; while all that lives, and once it is over."""
    twilio = stage.outside.twilio
    twilio.phone("client:bruno").answers()
    assert isinstance(stage.installation, Installation)
    data = stage.installation.data
    async with (
        AgentClient(stage.url, await stage.token("amelie")) as amelie,
        AgentClient(stage.url, await stage.token("bruno")) as bruno,
    ):
        await amelie.ready()
        begin = {"channel": "sms", "channel_address": "sms", "address": "+33639980079", "content": {"text": "Jeanne, Zanzibar ?"}}
        await amelie.command("interaction.open", **begin)
        mail = letter("Jeanne Petit <jeanne@client.example>", MAIL_ADDRESS, "Zanzibar", "Zanzibar", "<m1@client.example>")
        await send(mail, "jeanne@client.example", MAIL_ADDRESS, stage.smtp_port)
        await answered(amelie)
        await twilio.customer_texts("+33639980077", SMS_NUMBER, "Zanzibar")
        await answered(amelie)
        visitor = await Visitor.begin(stage.url, CHAT_PAGE)
        async with visitor.connected() as socket:
            await bruno.ready()
            await twilio.customer_calls("+33639980078", VOICE_NUMBER)
            await bruno.accept(await bruno.offered())
            await socket.say("Zanzibar, dit Jeanne Petit")
            more = {"subject": "Zanzibar", "attributes": {"who": "Jeanne Petit"}}
            posted = await stage.integrator.post("armand-7", POST_ADDRESS, "armand-7", "Zanzibar", **more)
            await amelie.until(lambda: bool(amelie.offers))
            receipt = await stage.integrator.receipt(posted.json()["receipt"])
            assert receipt.status_code == 200, "the last, so the others are written too"
            assert len(receipts_of(data)) >= 6
            assert_nothing_personal(data)
            await answered(amelie)
        for id in [each for each, work in amelie.work.items() if work.state == "active"]:
            await amelie.complete(id)
    assert_nothing_personal(data)
    assert sorted(word for word in PERSONAL if any(word in text for text in topic_of(data, "inputs"))) == sorted(PERSONAL), "all came in"


async def answered(agent: AgentClient) -> None:
    offer = await agent.offered()
    interaction = agent.offers[offer]["interaction"]["id"]
    await agent.accept(offer)
    await agent.until(lambda: agent.work[interaction].state == "active")
    await agent.reply(interaction, "Zanzibar, bien sûr, Jeanne.", "Re: Zanzibar")


def assert_nothing_personal(data: Path) -> None:
    for topic in COMPACTED:
        records = topic_of(data, topic)
        assert (topic, personal_in(records)) == (topic, [])
        assert len(records) > 10, "something is there to be looked at"
    assert personal_in(receipts_of(data)) == []


def personal_in(texts: Iterable[str]) -> list[str]:
    return sorted({word for text in texts for word in PERSONAL if word in text})


def topic_of(data: Path, topic: str) -> list[str]:
    """Keys, headers and values of a topic, as they lie in the log."""
    with sqlite3.connect(f"file:{data}/bus.sqlite?mode=ro", uri=True) as log:
        return [text_of(record) for record in log.execute(f'SELECT key, headers, value FROM "{topic}/0"')]


def receipts_of(data: Path) -> list[str]:
    """Ids, bodies, index entries and words of every receipt, as they lie in the store."""
    with sqlite3.connect(f"file:{data}/store.sqlite?mode=ro", uri=True) as store:
        rows = store.execute(
            "SELECT id, body, entries, words FROM documents WHERE collection = (SELECT collection FROM collections WHERE name = 'customers-receipts')"
        )
        return [text_of(row) for row in rows]


def text_of(record: tuple[object, ...]) -> str:
    return b" ".join(part if isinstance(part, bytes) else str(part).encode() for part in record).decode("utf-8", "replace").lower()
