"""Compacted topics and receipts hold ids and keyed hashes only: no customer's words, name, address or number. A test looks."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from standardiste.all_in_one.players.agent import AgentClient
from standardiste.all_in_one.players.mail import letter, send
from standardiste.all_in_one.players.process import Installation
from standardiste.all_in_one.players.stage import MAIL_ADDRESS, POST_ADDRESS, SMS_NUMBER, Stage

PERSONAL = ("jeanne", "petit", "client.example", "33639980077", "zanzibar", "armand-7")


def test_the_words_looked_for_are_not_in_the_configuration(lumen: Path) -> None:
    assert not [word for word in PERSONAL if word in lumen.read_text().lower()]


async def test_router_state_and_receipts_hold_nothing_personal(stage: Stage) -> None:
    async with AgentClient(stage.url, await stage.token("amelie")) as agent:
        await agent.ready()
        await send(
            letter("Jeanne Petit <jeanne@client.example>", MAIL_ADDRESS, "Zanzibar", "Zanzibar", "<m1@client.example>"),
            "jeanne@client.example",
            MAIL_ADDRESS,
            stage.smtp_port,
        )
        await stage.outside.twilio.customer_texts("+33639980077", SMS_NUMBER, "Zanzibar")
        posted = await stage.integrator.post("armand-7", POST_ADDRESS, "armand-7", "Zanzibar")
        for _ in range(3):
            offer = await agent.offered()
            interaction = agent.offers[offer]["interaction"]["id"]
            await agent.accept(offer)
            await agent.until(lambda id=interaction: agent.work[id].state == "active")
        receipt = (await stage.integrator.receipt(posted.json()["receipt"])).text
    assert isinstance(stage.installation, Installation)
    with sqlite3.connect(f"file:{stage.installation.data}/bus.sqlite?mode=ro", uri=True) as log:
        records = log.execute('SELECT key, headers, value FROM "router-state/0"').fetchall()
    kept = [
        b" ".join(part if isinstance(part, bytes) else str(part).encode() for part in record).decode("utf-8", "replace").lower()
        for record in records
    ]
    assert len(kept) > 10
    assert [(word, text) for word in PERSONAL for text in kept if word in text] == []
    assert not [word for word in PERSONAL if word in receipt.lower()]
