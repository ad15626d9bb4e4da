"""docs/guides/integrators.md holds: each of its examples runs, in order, against a running installation with an agent at work."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import httpx
import yaml
from system.house import opened

from standardiste.all_in_one.players.agent import AgentClient
from standardiste.all_in_one.players.stage import PASSWORD, Stage
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import Channel

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "integrators.md"
BLOCK = re.compile(r"^## ([^\n]+)$|^```(python|bash|yaml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ANSWER = "C'est noté. Bien à vous"
EXPECTED = {
    "Hand in a letter": ("accepted", "closed"),  # whichever it is by the time the receipt is read: the agent is quick
    "Fetch the answers": ANSWER,
    "Write to a person": "delivered",
    "Webhooks": "standardiste.interaction.created.v1 1",
    "Follow what happens": "standardiste.interaction.created.v1",
    "The customer": "Je souhaite résilier",
    "When it says no": "invalid_field /text",
}
"""What an example prints, by its heading."""
KINDS = {"python": [sys.executable, "-"], "bash": ["bash", "-e"]}


def examples() -> list[tuple[str, str, str]]:
    """Heading, language and text of each, in order."""
    heading, found = "", list[tuple[str, str, str]]()
    for match in BLOCK.finditer(GUIDE.read_text()):
        heading = match[1] or heading
        if match[2]:
            found.append((heading, match[2], match[3]))
    return found


async def run(kind: str, text: str, environment: dict[str, str]) -> str:
    """What it prints. AssertionError when it fails."""
    process = await asyncio.create_subprocess_exec(
        *KINDS[kind],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **environment},
    )
    async with asyncio.timeout(60):
        printed, _ = await process.communicate(text.encode())
    assert process.returncode == 0, printed.decode()
    return printed.decode()


async def work(agent: AgentClient) -> None:
    await agent.ready()
    while True:
        await agent.accept(await agent.offered())
        for id, each in list(agent.work.items()):
            if each.state == "active":
                await agent.reply(id, ANSWER)
                await agent.complete(id)


def test_the_channel_of_the_guide_is_one() -> None:
    [document] = [yaml.safe_load(text) for _, kind, text in examples() if kind == "yaml"]
    [(id, entry)] = document["channel-address"].items()
    made = ChannelAddress(id=id, change_set=1, **{**entry, "channel": Channel(entry["channel"])})
    assert (made.channel_name, made.cost) == ("fax", 50)


async def test_every_example_runs_and_prints_what_it_says(tmp_path: Path) -> None:
    async with opened(tmp_path, {"STANDARDISTE_OPEN_WEBHOOKS_PRIVATE_ALLOWED": "true"}) as stage:
        environment = {"STANDARDISTE_URL": stage.url, "ADMIN": "admin", "ADMIN_PASSWORD": PASSWORD}
        async with AgentClient(stage.url, await stage.token("amelie")) as agent:
            working = asyncio.create_task(work(agent))
            try:
                for heading, kind, text in examples():
                    if kind != "yaml":
                        printed = await run(kind, text, environment)
                        wanted = EXPECTED.get(heading, "")
                        is_said = any(each in printed for each in (wanted if isinstance(wanted, tuple) else (wanted,)))
                        assert is_said or kind == "bash", f"{heading}: {printed}"
                        if heading == "A key":  # the answer of the first holds the token, of the second the key
                            answer = json.loads(printed)
                            environment |= {"ADMIN_TOKEN": answer["token"]} if "token" in answer else {"STANDARDISTE_KEY": answer["key"]}
            finally:
                working.cancel()
        assert [text.body for text in stage.outside.twilio.received("+33639981234")] == ["Votre colis est arrivé."]
        await _receipt_of_the_message_is_written(stage, environment["STANDARDISTE_KEY"])


async def _receipt_of_the_message_is_written(stage: Stage, key: str) -> None:
    """The ids that the API gave before the router had answered are the router's."""
    asked = {"channel": "sms", "to": {"address": "06 39 98 12 34", "name": "Jeanne Roux"}, "text": "Votre colis est arrivé."}
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "parcel-89"}
    sent = (await stage.http.post("/v1/messages", json=asked, headers=headers)).json()
    async with asyncio.timeout(20):
        while (found := await stage.http.get(f"/v1/customers/receipts/{sent['receipt']}", headers=headers)).status_code != httpx.codes.OK:
            pass
    assert found.json()["interaction"] == sent["interaction"]
    conversation = await stage.http.get(f"/v1/customers/conversations/{sent['conversation']}", headers=headers)
    customer = await stage.http.get(f"/v1/customers/{conversation.json()['customer']}", headers=headers)
    assert customer.json()["name"] == "Jeanne Roux"
