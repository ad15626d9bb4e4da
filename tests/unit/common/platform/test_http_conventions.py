"""
The conventions of docs/api.md, held over every service: each public path of the table (api.py) exists with its answers and problems, and none exists beside it.

Credentials are tried on a running process of all services at once, on one port, as the all-in-one serves them.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter

from standardiste.common.api import ROUTES, Route
from standardiste.common.app import openapi, openapi_path
from standardiste.common.parts import Parts
from standardiste.common.problems import PROBLEMS
from standardiste.common.service import Service
from standardiste.common.settings import CommonSettings
from standardiste.common.testing.running import Running, parts_in, running

SERVICES = tuple(dict.fromkeys(route.service for route in ROUTES if route.service != "all-in-one"))
"""Every service with public paths. The installation's own are served by the all-in-one process and tested there."""
SUCCESS = re.compile(r"[123]\d\d")


def build(name: str, parts: Parts, folder: Path) -> Service:
    """The service with settings as they come, and the secrets folder of the parts."""
    package = f"standardiste.{name.replace('-', '_')}"
    settings = importlib.import_module(f"{package}.settings")
    own = [
        each
        for each in vars(settings).values()
        if isinstance(each, type) and issubclass(each, CommonSettings) and each.__module__ == settings.__name__
    ]
    return importlib.import_module(f"{package}.app").build(own[0](secrets_folder=folder / "secrets"), parts)


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    opened = await parts_in(tmp_path)
    yield opened
    await opened.bus.close()
    await opened.blobs.close()
    await opened.store.close()


async def document_of(name: str, parts: Parts, folder: Path) -> dict[str, Any]:
    router = build(name, parts, folder).router
    assert isinstance(router, APIRouter)
    return openapi(name, router)


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(method.upper(), path): one for path, methods in document["paths"].items() for method, one in methods.items()}


def public(name: str) -> dict[tuple[str, str], Route]:
    """A service's paths; websockets are described by the AsyncAPI document."""
    return {(route.method, route.path): route for route in ROUTES if route.service == name and route.statuses != (101,)}


@pytest.mark.parametrize("name", SERVICES)
async def test_paths_are_those_of_the_table(name: str, parts: Parts, tmp_path: Path) -> None:
    assert set(operations(await document_of(name, parts, tmp_path))) == set(public(name))


@pytest.mark.parametrize("name", SERVICES)
async def test_answers_are_those_of_the_table(name: str, parts: Parts, tmp_path: Path) -> None:
    found = operations(await document_of(name, parts, tmp_path))
    for key, route in public(name).items():
        responses = found[key]["responses"]
        assert {int(status) for status in responses if SUCCESS.fullmatch(status)} == set(route.statuses), key
        for problem in route.problems:
            assert problem in responses[str(PROBLEMS[problem].status)]["description"], key
        if not route.is_open:
            assert {"401", "403"} <= set(responses), key
            assert found[key]["security"] == [{"bearer": []}], key


@pytest.mark.parametrize("name", SERVICES)
async def test_no_problem_is_described_otherwise_than_as_rfc_9457(name: str, parts: Parts, tmp_path: Path) -> None:
    for key, operation in operations(await document_of(name, parts, tmp_path)).items():
        for status, response in operation["responses"].items():
            if not SUCCESS.fullmatch(status):
                assert set(response["content"]) == {"application/problem+json"}, (key, status)


@pytest.mark.parametrize("name", SERVICES)
async def test_every_post_with_a_credential_takes_an_idempotency_key(name: str, parts: Parts, tmp_path: Path) -> None:
    found = operations(await document_of(name, parts, tmp_path))
    for key, route in public(name).items():
        if route.method == "POST" and not route.is_open:
            assert "Idempotency-Key" in {each["name"] for each in found[key].get("parameters", [])}, key


async def test_documents_of_all_services_lie_apart(parts: Parts, tmp_path: Path) -> None:
    routers = [build(name, parts, tmp_path).router for name in SERVICES]
    assert len({openapi_path(router) for router in routers if router is not None}) == len(SERVICES)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, *(routes_only(name, tmp_path) for name in SERVICES)) as site:
        yield site


def routes_only(name: str, folder: Path) -> Any:
    """The service's edge without its tasks: nothing listens on ports of its own."""

    def made(parts: Parts) -> Service:
        service = build(name, parts, folder)
        return Service(name=service.name, router=service.router, collections=service.collections, cross_origin=service.cross_origin)

    return made


async def test_no_path_answers_without_a_credential_unless_it_is_open(site: Running) -> None:
    async with site.client(None) as http:
        for route in ROUTES:
            if route.service in SERVICES and not route.is_open:
                answer = await http.request(route.method, re.sub(r"\{\w+\}", "x", route.path))
                assert (answer.status_code, answer.json()["type"]) == (401, "/problems/bad_credential"), (route.method, route.path)
                assert answer.headers["content-type"] == "application/problem+json"


async def test_one_port_serves_every_services_document(site: Running) -> None:
    async with site.client(None) as http:
        titles = [(await http.get(f"{prefix}/openapi.json")).json()["info"]["title"] for prefix in prefixes()]
    assert titles == [f"Standardiste {name}" for name in SERVICES]


def prefixes() -> list[str]:
    return ["/".join(next(route.path for route in ROUTES if route.service == name).split("/")[:3]) for name in SERVICES]
