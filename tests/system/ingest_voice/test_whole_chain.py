"""Calls through the whole installation as one process: what the router says to the line, and the line to the router, fits."""

from __future__ import annotations

from typing import Any

from standardiste.all_in_one.players.agent import AgentClient
from standardiste.all_in_one.players.stage import VOICE_NUMBER, Stage

CALLER = "+33639980088"


async def taken(agent: AgentClient) -> str:
    offer = await agent.offered()
    interaction = str(agent.offers[offer]["interaction"]["id"])
    await agent.accept(offer)
    await agent.until(lambda: is_in(agent, interaction, "active"))
    return interaction


def is_in(agent: AgentClient, interaction: str, *states: str) -> bool:
    return interaction in agent.work and agent.work[interaction].state in states


def is_done(agent: AgentClient, interaction: str) -> bool:
    return interaction not in agent.work or agent.work[interaction].state == "wrapping"


def has_seen(agent: AgentClient, name: str) -> bool:
    return any(frame["type"] == f"standardiste.{name}.v1" for frame in agent.seen)


async def act(agent: AgentClient, type: str, interaction: str, **data: Any) -> None:
    await agent.command(type, interaction=interaction, version=agent.work[interaction].version, **data)


async def test_caller_is_held_resumed_and_let_go_by_the_agent(stage: Stage) -> None:
    twilio = stage.outside.twilio
    async with AgentClient(stage.url, await stage.token("bruno")) as agent:
        await agent.ready()
        call = await twilio.customer_calls(CALLER, VOICE_NUMBER)
        interaction = await taken(agent)
        await act(agent, "interaction.hold", interaction)
        await twilio.until(lambda: call.bridge is None and any(queue.members for queue in twilio.account.queues.values()), "held")
        await agent.until(lambda: is_in(agent, interaction, "held"))
        await act(agent, "interaction.resume", interaction)
        await twilio.until(lambda: call.is_bridged_with("client:bruno"), "back")
        await agent.until(lambda: is_in(agent, interaction, "active"))
        twilio.phone("client:bruno").hang_up()
        await agent.until(lambda: is_done(agent, interaction))
        await twilio.until(lambda: call.is_over, "the caller is let go")
    assert twilio.alerts == []


async def test_agent_who_completes_hangs_up_on_both(stage: Stage) -> None:
    twilio = stage.outside.twilio
    async with AgentClient(stage.url, await stage.token("bruno")) as agent:
        await agent.ready()
        call = await twilio.customer_calls(CALLER, VOICE_NUMBER)
        interaction = await taken(agent)
        await act(agent, "interaction.complete", interaction)
        await twilio.until(lambda: all(each.is_over for each in twilio.account.calls.values()), "both legs are over")
        await agent.until(lambda: is_done(agent, interaction))
    assert call.is_over


async def test_agent_who_does_not_pick_up_gives_the_call_to_another(stage: Stage) -> None:
    twilio = stage.outside.twilio
    twilio.phone("client:bruno").is_busy()
    async with AgentClient(stage.url, await stage.token("bruno")) as bruno, AgentClient(stage.url, await stage.token("amelie")) as amelie:
        await bruno.ready()
        call = await twilio.customer_calls(CALLER, VOICE_NUMBER)
        await bruno.accept(await bruno.offered())
        await amelie.ready()
        await taken(amelie)
        await twilio.until(lambda: call.is_bridged_with("client:amelie"), "with the other agent")


async def test_agent_calls_a_customer(stage: Stage) -> None:
    twilio = stage.outside.twilio
    async with AgentClient(stage.url, await stage.token("bruno"), keep=True) as agent:
        await agent.ready()
        await agent.command("interaction.open", channel="voice", channel_address="phone", address=CALLER)
        customer = twilio.phone(CALLER)
        await twilio.until(lambda: customer.call is not None and customer.call.is_bridged_with("client:bruno"), "bridged")
        await agent.until(lambda: has_seen(agent, "interaction.activated"))
        customer.hang_up()
        await agent.until(lambda: has_seen(agent, "interaction.wrapping") or has_seen(agent, "interaction.closed"))
        await twilio.until(lambda: all(each.is_over for each in twilio.account.calls.values()), "both legs are over")
    assert twilio.alerts == []
