"""The HTTP edge: credentials, limits, origins, headers, faults, repeats."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import httpx
import pytest
import websockets
from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket
from websockets.typing import Origin

from standardiste.common.clock import ManualClock
from standardiste.common.errors import BusAway
from standardiste.common.events.directory import RightGrant
from standardiste.common.http import Act, Principal, accepted, allowed, body_of, etag, idempotent, if_match, limit_client, principal
from standardiste.common.idempotency import IDEMPOTENCY, sweep
from standardiste.common.parts import Parts
from standardiste.common.security.audit import Audit
from standardiste.common.service import Service
from standardiste.common.settings import HttpSettings
from standardiste.common.store.port import Find
from standardiste.common.testing.builders import TENANT, tenant
from standardiste.common.testing.running import API_KEY, Running, key_of_test, running
from standardiste.common.tracing import current_traceparent

LIMITS = HttpSettings(
    public_url="https://desk.example", tenant_per_s=10, tenant_burst=20, client_per_s=1, client_burst=5, body_bytes_max=1_000
)


class Thing(BaseModel):
    size: int


@dataclass(slots=True)
class Toy:
    """A service with one path of each sort, and what its handlers did."""

    pages: Path
    runs: list[bytes] = field(default_factory=list[bytes])
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)

    def build(self, parts: Parts) -> Service:
        router = APIRouter()

        @router.get("/v1/toy/me")
        async def me(who: Annotated[Principal, Depends(principal)]) -> dict[str, str]:
            return {"tenant": who.tenant, "who": who.who}

        @router.get("/v1/toy/supervise")
        async def supervise(who: Annotated[Principal, Depends(allowed(Act.AGENT_SUPERVISE))]) -> str:
            return who.id

        @router.post("/v1/toy/things")
        async def things(thing: Thing) -> int:
            return thing.size

        @router.post("/v1/toy/bodies")
        async def bodies(request: Request) -> int:
            return len(await body_of(request, 5_000))

        @router.post("/v1/toy/once")
        async def once(request: Request, who: Annotated[Principal, Depends(principal)]) -> Response:
            async def run() -> Response:
                self.runs.append(await request.body())
                return accepted("/v1/toy/receipts/1", {"run": len(self.runs)})

            return await idempotent(request, who, run)

        @router.post("/v1/toy/slowly")
        async def slowly(request: Request, who: Annotated[Principal, Depends(principal)]) -> Response:
            async def run() -> Response:
                self.entered.set()
                await self.may_answer.wait()
                return JSONResponse("done")

            return await idempotent(request, who, run)

        @router.put("/v1/toy/versioned")
        async def versioned(request: Request) -> Response:
            return Response(str(if_match(request)), headers={"ETag": etag(4)})

        @router.post("/v1/toy/{fault}")
        async def faults(fault: str, request: Request) -> None:
            limit_client(request)
            raise {"away": BusAway(), "broken": RuntimeError("a fault of ours")}[fault]

        @router.post("/v1/widget/sessions")
        async def session() -> str:
            return "open"

        @router.websocket("/v1/toy/ws")
        async def socket(socket: WebSocket) -> None:
            await socket.accept()
            await socket.send_text(current_traceparent() or "")
            await socket.close()

        return Service(name="toy", router=router, cross_origin=("/v1/widget",), static={"/page": self.pages})


@pytest.fixture
def toy(tmp_path: Path) -> Toy:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "index.html").write_text("<!doctype html><title>Page</title>")
    return Toy(pages)


@pytest.fixture
async def site(tmp_path: Path, toy: Toy) -> AsyncIterator[Running]:
    async with running(tmp_path, toy.build, clock=ManualClock(), http=LIMITS, entities=(tenant(), key_of_test("contact.create"))) as site:
        yield site


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


# ---- who asks


async def test_person_and_program_are_known_by_their_credentials(site: Running) -> None:
    async with site.client(site.token("anna")) as person, site.client(API_KEY) as program:
        found = [(await http.get("/v1/toy/me")).json() for http in (person, program)]
    assert found == [{"tenant": TENANT, "who": "person:anna"}, {"tenant": TENANT, "who": "api_key:key1"}]


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({}, "bad_credential"),
        ({"Authorization": "Basic YTpi"}, "bad_credential"),
        ({"Authorization": "Bearer"}, "bad_credential"),
        ({"Authorization": "Bearer sk_nobody"}, "bad_credential"),
        ({"Authorization": "Bearer nonsense"}, "bad_token"),
    ],
)
async def test_without_a_good_credential_nobody_enters(site: Running, headers: dict[str, str], name: str) -> None:
    async with site.client(None) as http:
        answer = await http.get("/v1/toy/me", headers=headers)
    assert problem_of(answer) == (401, name)
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_archived_key_and_expired_token_are_refused(site: Running) -> None:
    token = site.token("anna", ttl_s=60)
    await site.configure(TENANT, replace(key_of_test("contact.create"), is_archived=True))
    clock = site.parts.clock
    assert isinstance(clock, ManualClock)
    clock.advance(61_000)
    async with site.client(token) as person, site.client(API_KEY) as program:
        found = [problem_of(await http.get("/v1/toy/me")) for http in (person, program)]
    assert found == [(401, "token_expired"), (401, "bad_credential")]


async def test_rights_decide_and_the_refusal_names_the_act(site: Running) -> None:
    supervisor = site.token("sue", RightGrant(role="supervisor", scope="team", scope_id="main"))
    async with site.client(site.token("anna")) as agent, site.client(supervisor) as other:
        refused, done = await agent.get("/v1/toy/supervise"), await other.get("/v1/toy/supervise")
    assert problem_of(refused) == (403, "not_allowed")
    assert refused.json()["act"] == "agent.supervise"
    entries = [each.body for each in await Audit(site.parts.store, site.parts.clock).page(TENANT)]
    assert [(each["who"], each["act"], each["what"]) for each in entries] == [("person:anna", "refused", "agent.supervise")]
    assert done.json() == "sue"


# ---- rates


async def test_tenant_above_its_rate_is_told_when_to_return(site: Running) -> None:
    async with site.client(API_KEY) as http:
        answers = [await http.get("/v1/toy/me") for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    expected = {"ratelimit-limit": "20", "ratelimit-remaining": "19", "ratelimit-reset": "1"}
    assert {name: answers[0].headers[name] for name in expected} == expected
    assert problem_of(answers[-1]) == (429, "too_many_requests")
    assert answers[-1].headers["retry-after"] == "1"


async def test_guessing_credentials_is_limited_by_client_address(site: Running) -> None:
    async with site.client("sk_guess") as http:
        answers = [problem_of(await http.get("/v1/toy/me"))[0] for _ in range(6)]
    assert answers == [401] * 5 + [429]


# ---- bodies


async def test_body_is_limited_by_default_and_by_its_path(site: Running) -> None:
    async with site.client(None) as http:
        default = await http.post("/v1/toy/things", content=b'{"size": 1, "more": "%s"}' % (b"x" * 2_000))
        wider = await http.post("/v1/toy/bodies", content=b"x" * 5_000)
        over = await http.post("/v1/toy/bodies", content=b"x" * 5_001)
    assert problem_of(default) == (413, "too_large")
    assert default.json()["limit_bytes"] == 1_000
    assert (wider.status_code, wider.json()) == (200, 5_000)
    assert problem_of(over) == (413, "too_large")


async def test_streamed_body_is_counted_without_a_length(site: Running) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 400

    async with site.client(None) as http:
        answer = await http.post("/v1/toy/bodies", content=chunks())
    assert problem_of(answer) == (413, "too_large")


@pytest.mark.parametrize(
    ("body", "pointer"), [(b"{", "/body/1"), (b'{"size": "x"}', "/body/size"), (b'{"size": "\xff"}', None), (b"", "/body")]
)
async def test_body_that_is_not_as_declared_names_its_fault(site: Running, body: bytes, pointer: str | None) -> None:
    async with site.client(None) as http:
        answer = await http.post("/v1/toy/things", content=body, headers={"Content-Type": "application/json"})
    assert (problem_of(answer), answer.json().get("pointer")) == ((400, "invalid_field"), pointer)


# ---- faults


async def test_fault_of_ours_is_answered_and_the_process_goes_on(site: Running, capsys: pytest.CaptureFixture[str]) -> None:
    async with site.client(None) as http:
        broken, away, live = await http.post("/v1/toy/broken"), await http.post("/v1/toy/away"), await http.get("/livez")
    assert problem_of(broken) == (500, "internal")
    assert "a fault of ours" not in broken.text
    assert broken.json()["trace"] in capsys.readouterr().err
    assert problem_of(away) == (503, "bus_away")
    assert away.headers["retry-after"] == "5"
    assert live.status_code == 200


async def test_unknown_path_and_method_are_problems_in_the_readers_language(site: Running) -> None:
    async with site.client(None) as http:
        missing = await http.get("/v1/nothing", headers={"Accept-Language": "fr"})
        method = await http.delete("/v1/toy/me")
    assert problem_of(missing) == (404, "not_found")
    assert (missing.json()["title"], missing.headers["content-language"]) == ("Il n'y a rien ici.", "fr")
    assert problem_of(method) == (405, "method_not_allowed")
    assert method.headers["allow"] == "GET"


async def test_problem_page_speaks_the_readers_language(site: Running) -> None:
    async with site.client(None) as http:
        french = await http.get("/problems/too_large", headers={"Accept-Language": "fr-FR"})
        missing = await http.get("/problems/nonsense")
    assert "Le corps est trop grand." in french.text
    assert problem_of(missing) == (404, "not_found")


# ---- browsers


async def test_every_answer_carries_the_security_headers(site: Running) -> None:
    async with site.client(None) as http:
        answer = await http.get("/v1/toy/me")
    expected = {
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
        "strict-transport-security": "max-age=31536000",
    }
    assert {name: answer.headers[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("origin", "is_taken"),
    [("https://desk.example", True), ("https://evil.example", False), ("null", False), ("http://desk.example", False)],
)
async def test_pages_of_other_origins_may_not_write(site: Running, origin: str, is_taken: bool) -> None:
    async with site.client(None) as http:
        answer = await http.post("/v1/toy/things", json={"size": 1}, headers={"Origin": origin})
    assert answer.status_code == 200 if is_taken else problem_of(answer) == (403, "bad_origin")


async def test_page_of_the_address_it_calls_may_write(site: Running) -> None:
    async with site.client(None) as http:
        answer = await http.post("/v1/toy/things", json={"size": 1}, headers={"Origin": site.url})
    assert answer.status_code == 200


async def test_widget_paths_take_any_origin_and_answer_preflights(site: Running) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    async with site.client(None) as http:
        preflight = await http.options("/v1/widget/sessions", headers=asked)
        answer = await http.post("/v1/widget/sessions", headers={"Origin": "https://shop.example"})
    assert (preflight.status_code, preflight.headers["access-control-allow-headers"]) == (204, "content-type")
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "https://shop.example")
    assert "access-control-allow-credentials" not in answer.headers


async def test_page_may_show_itself_and_be_kept_until_it_changes(site: Running) -> None:
    async with site.client(None) as http:
        answer = await http.get("/page", follow_redirects=True)
        missing = await http.get("/page/nothing.js")
        outside = await http.get("/page/%2e%2e/store.sqlite")
    assert "<title>Page</title>" in answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-cache"
    assert (problem_of(missing), problem_of(outside)) == ((404, "not_found"), (404, "not_found"))


async def test_socket_has_its_trace_and_only_from_our_pages(site: Running) -> None:
    url, given = site.url.replace("http", "ws") + "/v1/toy/ws", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with websockets.connect(url, origin=Origin("https://desk.example"), additional_headers={"traceparent": given}) as socket:
        assert await socket.recv() == given
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(url, origin=Origin("https://evil.example"))
    assert refused.value.response.status_code == 403
    assert b"/problems/bad_origin" in (refused.value.response.body or b"")


# ---- repeats and versions


async def test_repeat_with_the_same_key_gets_the_same_answer_and_runs_once(site: Running, toy: Toy) -> None:
    async with site.client(API_KEY) as http:
        answers = [await http.post("/v1/toy/once", content=b"a", headers={"Idempotency-Key": "k1"}) for _ in range(2)]
    assert [(answer.status_code, answer.json(), answer.headers["location"]) for answer in answers] == [
        (202, {"run": 1}, "/v1/toy/receipts/1")
    ] * 2
    assert "idempotency-replayed" in answers[1].headers
    assert toy.runs == [b"a"]


async def test_key_used_for_another_body_is_refused(site: Running) -> None:
    async with site.client(API_KEY) as http:
        await http.post("/v1/toy/once", content=b"a", headers={"Idempotency-Key": "k1"})
        answer = await http.post("/v1/toy/once", content=b"b", headers={"Idempotency-Key": "k1"})
    assert problem_of(answer) == (422, "idempotency_key_reused")


async def test_repeat_while_the_first_still_runs_is_told_to_wait(site: Running, toy: Toy) -> None:
    async with site.client(API_KEY) as http:
        first = asyncio.create_task(http.post("/v1/toy/slowly", headers={"Idempotency-Key": "k1"}))
        await toy.entered.wait()
        second = await http.post("/v1/toy/slowly", headers={"Idempotency-Key": "k1"})
        toy.may_answer.set()
        done = await first
    assert problem_of(second) == (409, "idempotency_key_busy")
    assert done.json() == "done"


async def test_keys_are_the_senders_own_and_forgotten_after_a_day(site: Running, toy: Toy) -> None:
    async with site.client(API_KEY) as program, site.client(site.token("anna")) as person:
        for http in (program, person):
            await http.post("/v1/toy/once", content=b"a", headers={"Idempotency-Key": "k1"})
    assert len(toy.runs) == 2
    clock = site.parts.clock
    assert isinstance(clock, ManualClock)
    clock.advance(24 * 3600 * 1000 + 1)
    assert await sweep(site.parts.store, clock) == 2
    assert (await site.parts.store.tenant(TENANT).find(IDEMPOTENCY, Find())).documents == []


@pytest.mark.parametrize(
    ("header", "status", "text"),
    [(None, 428, ""), ("*", 200, "None"), ('"3"', 200, "3"), ('W/"3"', 200, "3"), ('"x"', 400, ""), ('"99999999999999999999"', 400, "")],
)
async def test_if_match(site: Running, header: str | None, status: int, text: str) -> None:
    async with site.client(None) as http:
        answer = await http.put("/v1/toy/versioned", headers={} if header is None else {"If-Match": header})
    assert answer.status_code == status
    assert status != 200 or answer.text == text


# ---- traces and metrics


async def test_trace_of_the_caller_goes_on(site: Running) -> None:
    given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with site.client(None) as http:
        kept = await http.get("/livez", headers={"traceparent": given})
        minted = await http.get("/livez", headers={"traceparent": "nonsense"})
    assert kept.headers["traceparent"].split("-")[1] == given.split("-")[1]
    assert minted.headers["traceparent"].split("-")[1] != given.split("-")[1]


async def test_metrics_name_routes_as_declared(site: Running) -> None:
    async with site.client(None) as http:
        await http.post("/v1/toy/away")
        text = (await http.get("/metrics")).text
    assert 'standardiste_http_requests_total{method="POST",route="/v1/toy/{fault}",status="5xx"}' in text
