"""
Every service's OpenAPI document, as the running installation serves it: it lists the paths of the table and keeps docs/api.md's rules, and whatever it allows to be
asked, and whatever it does not, is answered as it says and by no fault of ours. The requests are schemathesis's; what is asked is the same at every run.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx
import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import content_type_conformance, response_schema_conformance, status_code_conformance
from system.house import token_of

from standardiste.all_in_one.players.stage import Stage
from standardiste.common.api import ROUTES, Route
from standardiste.common.problems import PROBLEMS

pytestmark = [pytest.mark.usefixtures("unharmed")]

SERVICES = tuple(dict.fromkeys(route.service for route in ROUTES))
EXAMPLES = {GenerationMode.POSITIVE: 4, GenerationMode.NEGATIVE: 2}
LONG = frozenset({"POST /v1/installation/backups", "GET /v1/events", "POST /v1/email/messages"})
"""Paths that are asked elsewhere: a backup a request, one that waits on purpose, and raw mail, which schemathesis cannot write."""
CHANGED_AWAY = frozenset({"PUT /v1/directory/configuration"})
"""A whole document would take the tenant's configuration away from the others."""
NOT_NOW = frozenset({503, 504})


def in_table(service: str) -> dict[str, Route]:
    """A service's paths; websockets are described by the AsyncAPI document."""
    return {f"{each.method} {each.path}": each for each in ROUTES if each.service == service and each.statuses != (101,)}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def documents(house: Stage) -> Mapping[str, dict[str, Any]]:
    """By service, as any client gets them: each under the first two parts of the service's paths."""
    prefixes = {each: "/".join(next(route.path for route in ROUTES if route.service == each).split("/")[:3]) for each in SERVICES}
    answers = {service: await house.http.get(f"{prefix}/openapi.json") for service, prefix in prefixes.items()}
    return {service: answer.raise_for_status().json() for service, answer in answers.items()}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(house: Stage) -> str:
    return await token_of(house, "admin")


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{method.upper()} {path}": one for path, methods in document["paths"].items() for method, one in methods.items()}


@pytest.mark.parametrize("service", SERVICES)
def test_a_document_is_the_table(documents: Mapping[str, dict[str, Any]], service: str) -> None:
    found, wanted = operations(documents[service]), in_table(service)
    assert set(found) == set(wanted)
    for name, route in wanted.items():
        responses = found[name]["responses"]
        assert {int(status) for status in responses if status < "400"} == set(route.statuses), name
        for problem in route.problems:
            assert problem in responses[str(PROBLEMS[problem].status)]["description"], (name, problem)
        for status, response in responses.items():
            assert status < "400" or set(response["content"]) == {"application/problem+json"}, (name, status)


@pytest.mark.parametrize("service", SERVICES)
def test_a_document_keeps_the_rules_of_docs_api(documents: Mapping[str, dict[str, Any]], service: str) -> None:
    found = operations(documents[service])
    for name, route in in_table(service).items():
        given_ = {each["name"]: each for each in found[name].get("parameters", [])}
        if route.method == "POST" and not route.is_open:
            assert "Idempotency-Key" in given_, name
            assert given_["Idempotency-Key"]["required"] is ("idempotency_key_missing" in route.problems), name
        if "cursor_invalid" in route.problems and "limit" in given_:
            assert given_["limit"]["schema"]["minimum"] == 1, name
        if not route.is_open:
            assert found[name]["security"] == [{"bearer": []}], name
            assert {"401", "403", "429", "503"} <= set(found[name]["responses"]), name


@pytest.mark.asyncio(loop_scope="module")
async def test_answers_carry_rates_and_lists_are_pages(house: Stage, admin: str) -> None:
    http, headers = house.http, {"Authorization": f"Bearer {admin}"}
    for path in ("/v1/customers", "/v1/directory/skill", "/v1/directory/change-sets", "/v1/directory/secrets", "/v1/installation/backups"):
        answer = await http.get(path, headers=headers, params={"limit": 1})
        assert set(answer.json()) == {"items", "next"}, path
        for name in ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"):
            assert answer.headers[name].isdigit(), path
    for path in ("/v1/customers", "/v1/directory/skill", "/v1/directory/change-sets", "/v1/directory/audit"):
        answer = await http.get(path, headers=headers, params={"cursor": "nonsense"})
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/cursor_invalid"), path


@pytest.mark.asyncio(loop_scope="module")
async def test_what_changes_has_an_etag_and_wants_it_back(house: Stage, admin: str) -> None:
    http, headers, path = house.http, {"Authorization": f"Bearer {admin}"}, "/v1/directory/skill/billing"
    first = await http.get(path, headers=headers)
    body = {"name": {"fr": "Facturation"}}
    assert (await http.put(path, json=body, headers=headers)).json()["type"] == "/problems/if_match_missing"
    changed = await http.put(path, json=body, headers={**headers, "If-Match": first.headers["etag"]})
    assert changed.status_code == 200
    late = await http.put(path, json={}, headers={**headers, "If-Match": first.headers["etag"]})
    assert (late.status_code, late.json()["type"]) == (412, "/problems/version_conflict")


ASKED = [(service, name) for service in SERVICES for name in in_table(service) if name not in LONG | CHANGED_AWAY]


@pytest.mark.parametrize("mode", list(EXAMPLES), ids=str)
@pytest.mark.parametrize(("service", "name"), ASKED)
def test_whatever_is_asked_is_answered_as_described(
    house: Stage, documents: Mapping[str, dict[str, Any]], admin: str, service: str, name: str, mode: GenerationMode
) -> None:
    method, path = name.split(" ")
    operation = schemathesis.openapi.from_dict(documents[service])[path][method]
    credential = house.integrator.api_key if path.startswith(("/v1/interactions", "/v1/email")) else admin

    @settings(
        max_examples=EXAMPLES[mode],
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case) -> None:
        headers = {} if path.startswith("/v1/chat") else {"Authorization": f"Bearer {credential}"}
        response = case.call(base_url=house.url, headers=headers, timeout=10)
        assert response.status_code < httpx.codes.INTERNAL_SERVER_ERROR or response.status_code in NOT_NOW, case.as_curl_command()
        assert response.status_code < httpx.codes.BAD_REQUEST or "application/problem+json" in str(response.headers["content-type"])
        if mode is GenerationMode.POSITIVE:
            case.validate_response(response, checks=[status_code_conformance, content_type_conformance, response_schema_conformance])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with suppress(Unsatisfiable):  # where no request can be wrong in what the document describes
            ask()
