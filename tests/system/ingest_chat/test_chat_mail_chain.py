"""The chat's mails through the whole installation: a message left on a closed page is answered by mail, and a transcript reaches the mailbox."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
from system.house import opened

from standardiste.all_in_one.players.agent import AgentClient
from standardiste.all_in_one.players.stage import CHAT_PAGE, Stage
from standardiste.common.testing.visitor import Visitor

ANSWER = "Votre lampe est partie ce matin."


async def admin_of(stage: Stage) -> dict[str, str]:
    return {"Authorization": f"Bearer {await stage.token('admin')}"}


async def mails_through(stage: Stage) -> None:
    """The demo's chat page gets its mail addresses."""
    admin = await admin_of(stage)
    items: list[dict[str, Any]] = (await stage.http.get("/v1/directory/channel-address", headers=admin)).json()["items"]
    mail = next(each for each in items if each["channel"] == "email")
    page = next(each for each in items if each["channel"] == "chat")
    found = await stage.http.get(f"/v1/directory/channel-address/{page['id']}", headers=admin)
    body = {name: value for name, value in found.json().items() if name not in ("id", "change_set")}
    body["settings"] = {**body.get("settings", {}), "offline_address": mail["id"], "transcript_address": mail["id"]}
    put = await stage.http.put(
        f"/v1/directory/channel-address/{page['id']}", json=body, headers={**admin, "If-Match": found.headers["etag"]}
    )
    assert put.status_code == httpx.codes.OK, put.text


async def mail_to(stage: Stage, address: str) -> EmailMessage:
    """The first mail that this address gets."""
    return (await stage.outside.inbox.to(address))[0]


async def test_message_left_is_answered_by_mail_and_the_transcript_arrives(tmp_path: Path) -> None:
    async with opened(tmp_path) as stage:
        await mails_through(stage)
        left = {"email": "zoe@client.example", "name": "Zoé", "text": "Où est ma lampe ?", "language": "fr"}
        path = f"/v1/chat/pages/{CHAT_PAGE}/messages"
        async with asyncio.timeout(10):
            while (
                taken := await stage.http.post(path, json=left, headers={"Idempotency-Key": "left"})
            ).status_code != httpx.codes.ACCEPTED:
                pass
        async with AgentClient(stage.url, await stage.token("amelie")) as agent:
            await agent.ready()
            interaction = await work_on(agent)
            assert (await agent.customer(interaction))["name"] == "Zoé"
            await agent.reply(interaction, ANSWER)
            await agent.complete(interaction)
            assert ANSWER in text_of(await mail_to(stage, "zoe@client.example"))
            visitor = await Visitor.begin(stage.url, CHAT_PAGE, name="Léa", language="fr", message={"id": "a", "text": "Et la mienne ?"})
            async with visitor.connected() as socket:
                interaction = await work_on(agent)
                await agent.reply(interaction, "Elle part demain.")
                await socket.texts(2)
                asked = await stage.http.post(
                    f"/v1/chat/sessions/{visitor.session}/transcript",
                    json={"email": "lea@client.example"},
                    headers={"Authorization": f"Bearer {visitor.token}"},
                )
                assert asked.status_code == httpx.codes.ACCEPTED
                transcript = text_of(await mail_to(stage, "lea@client.example"))
        assert "Vous : Et la mienne ?" in transcript
        assert ": Elle part demain." in transcript
        assert taken.json()["receipt"].startswith("r")


async def work_on(agent: AgentClient) -> str:
    """Accept the next offer; the interaction, active."""
    offer = await agent.offered()
    interaction = str(agent.offers[offer]["interaction"]["id"])
    await agent.accept(offer)
    await agent.until(lambda: agent.work[interaction].state == "active")
    return interaction


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())
