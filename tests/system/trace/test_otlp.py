"""One trace at a collector: what every service did for a contact, from the request to the desk, hangs together. In the modes that STANDARDISTE_MODES names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from standardiste.all_in_one.cluster.modes import installation_in
from standardiste.all_in_one.players.agent import AgentClient
from standardiste.all_in_one.players.stage import POST_ADDRESS, open_up, outside
from standardiste.common.testing.otlp import recorder

MODES = os.environ.get("STANDARDISTE_MODES", "embedded").split(",")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
ARRIVES_WITHIN_S = 30.0
DONE = {"POST /v1/interactions", "process", "inputs handle", "decisions handle", "decisions show"}
"""The request at the edge, the router, the identification, the record of the customer, the desk."""
ACTORS = {"ingest-open", "router", "customers", "agent-gateway"}


@pytest.mark.parametrize(
    "mode", [pytest.param(mode, marks=() if mode == "embedded" else pytest.mark.needs("kafka", "mongodb")) for mode in MODES]
)
async def test_a_collector_is_told_of_every_step(
    mode: str, lumen: Path, tmp_path: Path, request: pytest.FixtureRequest, figures: dict[str, object]
) -> None:
    engines = {} if mode == "embedded" else {name: request.getfixturevalue(name) for name in ("kafka", "mongodb")}
    async with recorder() as collector, outside() as world:
        environment = {**world.environment, "STANDARDISTE_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
        async with (
            installation_in(mode, tmp_path / "data", lumen, environment, **engines) as installation,
            open_up(world, installation) as stage,
            AgentClient(stage.url, await stage.token("amelie"), keep=True) as agent,
        ):
            await agent.ready()
            headers = {
                "Authorization": f"Bearer {stage.integrator.api_key}",
                "Idempotency-Key": "t1",
                "traceparent": f"00-{TRACE}-{PARENT}-01",
            }
            body = {"channel_address": POST_ADDRESS, "from": {"address": "c1"}, "text": "Bonjour"}
            (await stage.http.post("/v1/interactions", json=body, headers=headers)).raise_for_status()
            await agent.offered()
            await collector.until(lambda: {span.name for span in collector.of(TRACE)} >= DONE, ARRIVES_WITHIN_S)
            offered = next(frame for frame in agent.seen if frame["type"].endswith("offer.made.v1"))
    spans = collector.of(TRACE)
    first = next(span for span in spans if span.name == "POST /v1/interactions")
    assert offered["traceparent"].split("-")[1] == TRACE, "the frame at the desk is of the same trace"
    assert first.parent == PARENT, "it begins where the caller's trace stands"
    assert {span.parent for span in spans} <= {PARENT, *(span.id for span in spans)}, "nothing hangs in the air"
    if mode == "services":
        assert {span.service for span in spans} >= ACTORS
    figures |= {"mode": mode, "spans": len(spans), "services": len({span.service for span in spans})}
