"""One trace id leads from the webhook to the websocket message and to the reply at the provider."""

from __future__ import annotations

from standardiste.all_in_one.players.agent import AgentClient
from standardiste.all_in_one.players.mail import letter, send
from standardiste.all_in_one.players.stage import MAIL_ADDRESS, POST_ADDRESS, SMS_NUMBER, Stage

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
OF_THE_INTERACTION = {
    "standardiste.offer.made.v1",
    "standardiste.offer.accepted.v1",
    "standardiste.interaction.activated.v1",
    "standardiste.message.received.v1",
    "standardiste.message.accepted.v1",
    "standardiste.message.sent.v1",
    "standardiste.interaction.closed.v1",
}


def traces(agent: AgentClient) -> dict[str, set[str]]:
    """The trace ids that each type of event of the interaction carried."""
    found: dict[str, set[str]] = {}
    for frame in agent.seen:
        if frame["type"] in OF_THE_INTERACTION:
            found.setdefault(frame["type"], set()).add(frame["traceparent"].split("-")[1])
    return found


async def answered(agent: AgentClient) -> None:
    """Take the next offer, answer, wait until the provider has the answer, complete."""
    offer = await agent.offered()
    interaction = agent.offers[offer]["interaction"]["id"]
    await agent.accept(offer)
    await agent.until(lambda: agent.work[interaction].state == "active")
    await agent.reply(interaction, "Merci de votre message.")
    await agent.until(lambda: any(frame["type"] == "standardiste.message.sent.v1" for frame in agent.seen))
    await agent.complete(interaction)


async def test_from_a_request_to_the_desk(stage: Stage, figures: dict[str, object]) -> None:
    async with AgentClient(stage.url, await stage.token("amelie"), keep=True) as agent:
        await agent.ready()
        headers = {
            "Authorization": f"Bearer {stage.integrator.api_key}",
            "Idempotency-Key": "t1",
            "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01",
        }
        posted = await stage.http.post(
            "/v1/interactions", json={"channel_address": POST_ADDRESS, "from": {"address": "c1"}, "text": "Bonjour"}, headers=headers
        )
        assert posted.headers["traceparent"].split("-")[1] == TRACE
        await answered(agent)
    assert traces(agent) == {name: {TRACE} for name in OF_THE_INTERACTION}
    figures["trace"] = TRACE


async def test_from_the_webhook_to_the_reply_at_the_provider(stage: Stage) -> None:
    twilio = stage.outside.twilio
    async with AgentClient(stage.url, await stage.token("amelie"), keep=True) as agent:
        await agent.ready()
        await twilio.customer_texts("+33639980077", SMS_NUMBER, "Bonjour")
        await answered(agent)
    (ids,) = {frozenset(each) for each in traces(agent).values()}
    assert len(ids) == 1, "one trace through every event"


async def test_from_the_mail_to_the_answer(stage: Stage) -> None:
    async with AgentClient(stage.url, await stage.token("amelie"), keep=True) as agent:
        await agent.ready()
        await send(
            letter("jeanne@client.example", MAIL_ADDRESS, "Bonjour", "Bonjour", "<m1@client.example>"),
            "jeanne@client.example",
            MAIL_ADDRESS,
            stage.smtp_port,
        )
        await answered(agent)
    assert len({frozenset(each) for each in traces(agent).values()}) == 1
