"""Two live conversations of two records that turn out to be one person: whoever has them is told at once, and nothing of the work is lost."""

from __future__ import annotations

import pytest

from standardiste.all_in_one.players.agent import AgentClient
from standardiste.all_in_one.players.mail import letter, send
from standardiste.all_in_one.players.stage import MAIL_ADDRESS, SMS_NUMBER, Stage

pytestmark = pytest.mark.timeout(120)


async def test_live_work_follows_a_merge_and_a_split(stage: Stage) -> None:
    admin = {"Authorization": f"Bearer {await stage.token('admin')}"}
    async with AgentClient(stage.url, await stage.token("amelie")) as agent:
        await agent.ready()
        mail = letter("Jeanne <jeanne@client.example>", MAIL_ADDRESS, "Facture", "Bonjour", "<m1@client.example>")
        await send(mail, "jeanne@client.example", MAIL_ADDRESS, stage.smtp_port)
        await stage.outside.twilio.customer_texts("+33639980077", SMS_NUMBER, "Bonjour")
        work: dict[str, str] = {}
        for _ in range(2):
            offer = await agent.offered()
            interaction = agent.offers[offer]["interaction"]["id"]
            await agent.accept(offer)
            await agent.until(lambda id=interaction: agent.work[id].state == "active")
            work[agent.work[interaction].channel] = interaction
        mailer, texter = [(await agent.customer(work[channel]))["id"] for channel in ("email", "sms")]
        assert mailer != texter
        merged = await stage.http.post(f"/v1/customers/{mailer}/merge", json={"other": texter}, headers=admin)
        assert merged.status_code == 200, merged.text
        await agent.until(lambda: agent.customers[work["sms"]]["id"] == mailer)
        assert agent.work[work["sms"]].state == "active"
        await agent.reply(work["sms"], "Bonjour Jeanne")
        split = await stage.http.post(
            f"/v1/customers/{mailer}/split", json={"addresses": [{"channel": "sms", "address": "+33639980077"}]}, headers=admin
        )
        assert split.json()["customer"]["id"] == texter
        await agent.until(lambda: agent.customers[work["sms"]]["id"] == texter)
        await agent.complete(work["sms"])
        await agent.complete(work["email"])
