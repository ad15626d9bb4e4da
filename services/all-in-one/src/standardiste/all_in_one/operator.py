"""An operator's client: what the command line asks of a running installation, over HTTP like anybody else."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from typing import Any, Self

import httpx

from standardiste.all_in_one.words import say
from standardiste.common.catalogue import language_of_terminal
from standardiste.common.errors import StandardisteError

SLOW_S = 600.0


class Refusal(StandardisteError):
    """The installation said no: its problem's name and detail, and the lines of what is wrong."""

    def __init__(self, name: str, detail: str, lines: list[str]) -> None:
        super().__init__(say("refused", name=name, detail=detail))
        self.name, self.lines = name, lines


class Unreachable(StandardisteError):
    """Nobody answers."""


class NoPassword(StandardisteError):
    """None is set and nobody is there to be asked."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A name with a password, or an API key."""

    name: str | None = None
    password: str | None = None
    tenant: str | None = None
    api_key: str | None = None

    @classmethod
    def from_environment(cls, name: str | None, tenant: str | None) -> Credential:
        """STANDARDISTE_API_KEY, else the name with STANDARDISTE_PASSWORD, else asked at the terminal."""
        if api_key := os.environ.get("STANDARDISTE_API_KEY"):
            return cls(api_key=api_key)
        user = name or os.environ.get("STANDARDISTE_USER") or "admin"
        password = os.environ.get("STANDARDISTE_PASSWORD") or _asked_password(user)
        return cls(name=user, password=password, tenant=tenant)


def _asked_password(user: str) -> str:
    try:
        return getpass.getpass(say("password", name=user))
    except EOFError:
        raise NoPassword(say("no_password", name=user)) from None


class Operator:
    """`async with Operator(url, credential) as operator`: signed in."""

    def __init__(self, url: str, credential: Credential) -> None:
        self._url, self._credential = url, credential
        self._http = httpx.AsyncClient(base_url=url, timeout=SLOW_S, headers={"Accept-Language": language_of_terminal()})

    async def __aenter__(self) -> Self:
        token = self._credential.api_key
        if token is None:
            body = {"name": self._credential.name, "password": self._credential.password}
            if self._credential.tenant is not None:
                body["tenant"] = self._credential.tenant
            token = (await self._ask("POST", "/v1/directory/sign-in", json=body)).json()["token"]
        self._http.headers["Authorization"] = f"Bearer {token}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def export(self) -> str:
        """The whole configuration as YAML."""
        return (await self._ask("GET", "/v1/directory/configuration", headers={"Accept": "application/yaml"})).text

    async def diff(self, document: bytes) -> dict[str, Any]:
        return (await self._ask("POST", "/v1/directory/configuration/diff", content=document, headers=_YAML)).json()

    async def apply(self, document: bytes, *, over: str = "*") -> dict[str, Any]:
        """Apply as one change set. `over` is the number it was made from, or * for whatever is there."""
        return (await self._ask("PUT", "/v1/directory/configuration", content=document, headers={**_YAML, "If-Match": over})).json()

    async def undo(self, number: int) -> dict[str, Any]:
        return (await self._ask("POST", f"/v1/directory/change-sets/{number}/undo")).json()

    async def backup(self) -> dict[str, Any]:
        return (await self._ask("POST", "/v1/installation/backups")).json()

    async def installation(self) -> dict[str, Any]:
        """Version, epoch, and whether sending is held."""
        return (await self._ask("GET", "/v1/installation")).json()

    async def events(self, after: str, types: str | None, *, wait_s: int, limit: int) -> dict[str, Any]:
        """One page of the tenant's public facts after a cursor, or after `latest` or `start`."""
        params = {"after": after, "wait_s": wait_s, "limit": limit, **({} if types is None else {"types": types})}
        return (await self._ask("GET", "/v1/events", params=params)).json()

    async def import_customers(self, content: bytes, *, first_line: int, sponsor: str | None, is_dry_run: bool) -> dict[str, Any]:
        """A CSV, or a part of one: counts, and what is wrong by line."""
        params = {"first_line": first_line, "is_dry_run": is_dry_run, **({} if sponsor is None else {"sponsor": sponsor})}
        return (
            await self._ask("POST", "/v1/customers/imports", content=content, params=params, headers={"Content-Type": "text/csv"})
        ).json()

    async def release(self) -> None:
        await self._ask("POST", "/v1/installation/release")

    async def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, path, **request)
        except httpx.TransportError as error:
            raise Unreachable(say("unreachable", url=self._url)) from error
        if answer.is_error:
            raise _refusal(answer)
        return answer


_YAML = {"Content-Type": "application/yaml"}


def _refusal(answer: httpx.Response) -> Refusal:
    if "json" not in answer.headers.get("content-type", ""):
        return Refusal(str(answer.status_code), answer.reason_phrase, [])
    problem = answer.json()
    name = str(problem.get("type", answer.status_code)).rsplit("/", 1)[-1]
    return Refusal(name, str(problem.get("detail") or problem.get("title", "")), [str(line) for line in problem.get("errors", [])])
