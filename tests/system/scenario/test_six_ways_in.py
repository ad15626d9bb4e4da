"""
The main job on all six ways in, through real sockets: raw e-mail by SMTP, e-mail by HTTP, a signed SMS webhook, signed voice webhooks, the chat websocket, the open API.

Somebody writes or calls; an agent who has the skill is offered the work, accepts, sees who it is and what they wrote, answers, and the customer has
the answer on the same channel; the receipt says for good what became of it.
"""

from __future__ import annotations

import asyncio
import json
import time
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx
import pytest

from standardiste.all_in_one.players.agent import AgentClient, Frame
from standardiste.all_in_one.players.mail import letter, send
from standardiste.all_in_one.players.stage import CHAT_PAGE, MAIL_ADDRESS, POST_ADDRESS, SMS_NUMBER, VOICE_NUMBER, Stage
from standardiste.common.testing.visitor import Visitor

ANSWER = "Votre lampe est partie ce matin. Bien à vous, Amélie"


async def taken(agent: AgentClient) -> tuple[str, Frame]:
    """Accept the next offer; the interaction's id and what the offer showed."""
    offer = await agent.offered()
    shown = agent.offers[offer]
    interaction = shown["interaction"]["id"]
    await agent.accept(offer)
    await agent.until(lambda: agent.work[interaction].state == "active")
    return interaction, shown


async def words_of(agent: AgentClient, interaction: str) -> str:
    """What the customer wrote, as the desk got it on accepting."""
    await agent.until(lambda: bool(agent.work[interaction].messages))
    return str(agent.work[interaction].messages[0]["content"]["text"])


async def closed_receipt(stage: Stage, receipt: str) -> dict[str, Any]:
    """The receipt once it says closed."""
    async with asyncio.timeout(20):
        while True:
            answer = await stage.integrator.receipt(receipt)
            if answer.status_code == httpx.codes.OK and answer.json()["state"] == "closed":
                return dict(answer.json())


async def replies(stage: Stage, conversation: str) -> list[str]:
    """The texts of the answers, once there is one: the channel writes them down beside the receipt, not before it."""
    async with asyncio.timeout(20):
        while True:
            found = await stage.integrator.replies(conversation)
            if found:
                return [str(reply["text"]) for reply in found]


async def test_mail_by_smtp(stage: Stage, figures: dict[str, object]) -> None:
    async with AgentClient(stage.url, await stage.token("amelie")) as agent:
        await agent.ready()
        mail = letter(
            "Jeanne Petit <jeanne@client.example>", MAIL_ADDRESS, "Ma commande", "Bonjour, où est ma lampe ?", "<m1@client.example>"
        )
        began = time.perf_counter()
        await send(mail, "jeanne@client.example", MAIL_ADDRESS, stage.smtp_port)
        interaction, _ = await taken(agent)
        figures["taken_ms"] = round((time.perf_counter() - began) * 1000)
        assert (await agent.customer(interaction))["name"] == "Jeanne Petit"
        assert "où est ma lampe" in await words_of(agent, interaction)
        await agent.reply(interaction, ANSWER)
        answer = await stage.outside.inbox.answer("jeanne@client.example", "<m1@client.example>")
        await agent.complete(interaction)
    assert answer["Subject"] == "Re: Ma commande"
    assert answer["References"] == "<m1@client.example>"
    assert ANSWER in answer.get_body(("plain",)).get_content()


async def test_an_answer_to_our_answer_joins_its_conversation(stage: Stage) -> None:
    async with AgentClient(stage.url, await stage.token("amelie")) as agent:
        await agent.ready()
        await send(
            letter("jeanne@client.example", MAIL_ADDRESS, "Ma commande", "Bonjour", "<m1@client.example>"),
            "jeanne@client.example",
            MAIL_ADDRESS,
            stage.smtp_port,
        )
        first, _ = await taken(agent)
        await agent.reply(first, ANSWER)
        answer = await stage.outside.inbox.answer("jeanne@client.example", "<m1@client.example>")
        await agent.complete(first)
        again = letter(
            "jeanne@client.example",
            MAIL_ADDRESS,
            "Re: Ma commande",
            "Merci !",
            "<m2@client.example>",
            in_reply_to=str(answer["Message-ID"]).strip(),
        )
        await send(again, "jeanne@client.example", MAIL_ADDRESS, stage.smtp_port)
        second, _ = await taken(agent)
        same = (await agent.customer(first), await agent.customer(second))
        await agent.complete(second)
    assert first != second
    assert same[0]["id"] == same[1]["id"]
    assert agent.conversations[first] == agent.conversations[second]


async def test_mail_by_http(stage: Stage) -> None:
    raw = letter("Paul <paul@client.example>", MAIL_ADDRESS, "My invoice", "Hello, my invoice is wrong.", "<h1@client.example>").as_bytes(
        policy=policy.SMTP
    )
    async with AgentClient(stage.url, await stage.token("amelie")) as agent:
        await agent.ready()
        headers = {"Content-Type": "message/rfc822", "Authorization": f"Bearer {stage.integrator.api_key}"}
        posted = await stage.http.post("/v1/email/messages", content=raw, headers=headers, params={"to": MAIL_ADDRESS})
        assert posted.status_code == 202
        interaction, shown = await taken(agent)
        assert shown["interaction"]["requirement"]["queue"] == "billing"
        await agent.reply(interaction, "We have corrected it.")
        await stage.outside.inbox.answer("paul@client.example", "<h1@client.example>")
        await agent.complete(interaction)
    assert (await closed_receipt(stage, posted.json()["receipt"]))["reason"] == "handled"


async def test_sms(stage: Stage) -> None:
    twilio = stage.outside.twilio
    async with AgentClient(stage.url, await stage.token("bruno")) as agent:
        await agent.ready()
        texted = await twilio.customer_texts("+33639980077", SMS_NUMBER, "Bonjour, êtes-vous ouverts demain ?")
        assert texted.answer.status == 200
        interaction, _ = await taken(agent)
        assert await words_of(agent, interaction) == "Bonjour, êtes-vous ouverts demain ?"
        await agent.reply(interaction, "Oui, de 9 h à 18 h.")
        await twilio.until(lambda: bool(twilio.received("+33639980077")), "the answer reached the customer")
        await agent.complete(interaction)
    assert [text.body for text in twilio.received("+33639980077")] == ["Oui, de 9 h à 18 h."]
    assert twilio.alerts == []


async def test_a_call_is_answered(stage: Stage) -> None:
    twilio = stage.outside.twilio
    twilio.phone("client:bruno").answers()
    async with AgentClient(stage.url, await stage.token("bruno")) as agent:
        await agent.ready()
        call = await twilio.customer_calls("+33639980088", VOICE_NUMBER)
        interaction, _ = await taken(agent)
        await twilio.until(lambda: call.is_bridged_with("client:bruno"), "caller and agent are bridged")
        call.hang_up()
        await agent.until(lambda: interaction not in agent.work or agent.work[interaction].state == "wrapping")
        if interaction in agent.work:
            await agent.command("wrap-up.end", interaction=interaction, version=agent.work[interaction].version)
        await agent.until(lambda: interaction not in agent.work)
    assert twilio.alerts == []


async def test_a_caller_who_leaves_is_abandoned_and_listed(stage: Stage) -> None:
    twilio = stage.outside.twilio
    async with AgentClient(stage.url, await stage.token("bruno"), keep=True) as agent:
        await agent.ready()
        call = await twilio.customer_calls("+33639980089", VOICE_NUMBER)
        await agent.offered()
        call.hang_up()
        await agent.until(lambda: not agent.offers)
        withdrawn = [frame["data"] for frame in agent.seen if frame["type"] == "standardiste.offer.withdrawn.v1"]
        assert [each["because"] for each in withdrawn] == ["customer_left"]
    records = await history(stage)
    assert [(each["channel"], each["reason"]) for each in records if each.get("channel") == "voice"] == [("voice", "short_abandoned")]


async def history(stage: Stage) -> list[dict[str, Any]]:
    """The records of closed interactions, once there are any."""
    async with asyncio.timeout(20):
        while True:
            answer = await stage.http.get("/v1/customers/history", headers={"Authorization": f"Bearer {stage.integrator.api_key}"})
            answer.raise_for_status()
            found = [each for each in lines(answer.text) if each.get("reason")]
            if found:
                return found


def lines(text: str) -> list[dict[str, Any]]:
    records = [json.loads(line) for line in text.splitlines() if line]
    return [each.get("data", each.get("record", each)) for each in records]


async def test_chat(stage: Stage) -> None:
    async with AgentClient(stage.url, await stage.token("amelie")) as agent:
        await agent.ready()
        visitor = await Visitor.begin(stage.url, CHAT_PAGE)
        async with visitor.connected() as socket:
            assert (await socket.say("Bonjour, une question sur une lampe"))["kind"] == "accepted"
            interaction, _ = await taken(agent)
            assert await words_of(agent, interaction) == "Bonjour, une question sur une lampe"
            await agent.reply(interaction, ANSWER)
            assert ANSWER in await socket.texts(2)
            await agent.complete(interaction)
            assert (await socket.next("ended"))["kind"] == "ended"


async def test_open_api(stage: Stage) -> None:
    async with AgentClient(stage.url, await stage.token("claire")) as agent:
        await agent.ready()
        posted = await stage.integrator.post("letter-1", POST_ADDRESS, "client-7", "Madame, Monsieur, je vous écris au sujet de ma lampe.")
        assert posted.status_code == 202
        interaction, shown = await taken(agent)
        assert shown["interaction"]["channel_name"] == "letter"
        await agent.reply(interaction, ANSWER)
        await agent.complete(interaction)
    assert (await closed_receipt(stage, posted.json()["receipt"]))["reason"] == "handled"
    assert await replies(stage, posted.json()["conversation"]) == [ANSWER]
    repeated = await stage.integrator.post("letter-1", POST_ADDRESS, "client-7", "Madame, Monsieur, je vous écris au sujet de ma lampe.")
    assert repeated.json()["receipt"] == posted.json()["receipt"]


@pytest.mark.needs("mail-corpus")
async def test_real_mail_by_smtp(stage: Stage, mail_corpus: Path, figures: dict[str, object]) -> None:
    """Mail as it really is: each is accepted or refused by name, what is accepted has a receipt and is offered; nothing crashes."""
    raws = [
        path.read_bytes()
        for path in sorted(mail_corpus.glob("**/mails/mail_test_*")) + sorted(mail_corpus.glob("**/standard_replies/*.eml"))
    ]
    assert len(raws) >= 25
    accepted = 0
    async with AgentClient(stage.url, await stage.token("amelie")) as agent, asyncio.timeout(60):
        await agent.ready()
        for raw in raws:
            sender = message_from_bytes(raw).get("From") or "nobody@client.example"
            said = await send(raw, "someone@client.example", MAIL_ADDRESS, stage.smtp_port)
            accepted += said.startswith("2")
            assert said, sender
        await agent.until(lambda: bool(agent.offers))
    figures |= {"mails": len(raws), "accepted": accepted}
    assert accepted == len(raws)
