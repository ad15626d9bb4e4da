"""What the benchmarks share: a lean HTTP client (so that the load costs little beside what is measured), percentiles, verdicts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit


class Connection:
    """One keep-alive HTTP/1.1 connection. `post` and `get` give status, headers and body."""

    def __init__(self, url: str, token: str) -> None:
        split = urlsplit(url)
        self._host, self._port, self._token = split.hostname or "", split.port or 80, token

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, dict[str, str], bytes]:
        content = json.dumps(body).encode()
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer {self._token}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n{more}\r\n"
        return await self._ask(head.encode() + content)

    async def send(self, path: str, content: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        """A POST of these very bytes; `headers` may name another credential or content type."""
        credential = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        given = {**credential, "Content-Type": "application/json", **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        head = f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Length: {len(content)}\r\n{lines}\r\n"
        return await self._ask(head.encode() + content)

    async def get(self, path: str) -> tuple[int, dict[str, str], bytes]:
        return await self._ask(f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer {self._token}\r\n\r\n".encode())

    async def _ask(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await self._reader.readexactly(int(headers.get("content-length", 0)))
        return int(head[0].split(" ")[1]), headers, body


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; `share` 0–1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(slots=True)
class Report:
    """Lines of figures, each with its aim, and a verdict at the end."""

    name: str
    lines: list[str] = field(default_factory=list[str])
    misses: int = 0

    def figure(self, what: str, value: float, unit: str, *, at_most: float | None = None, at_least: float | None = None) -> None:
        held = (at_most is None or value <= at_most) and (at_least is None or value >= at_least)
        aim = f"   aim ≤ {at_most:g} {unit}" if at_most is not None else f"   aim ≥ {at_least:g} {unit}" if at_least is not None else ""
        self.misses += not held
        self.lines.append(f"  {what:<58} {value:>10.2f} {unit}{aim}{'' if held else '   MISSED'}")

    def close(self) -> int:
        """Print all; 0 when every aim held."""
        print("\n".join([f"{'FAIL' if self.misses else 'PASS'} {self.name}", *self.lines]))
        return 1 if self.misses else 0
