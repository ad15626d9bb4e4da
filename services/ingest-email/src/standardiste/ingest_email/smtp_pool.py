"""
Connections to outgoing mail servers: few, shared, kept for a while.

A server is asked with at most so many connections at once; whoever comes later waits his turn. An idle connection is asked whether it still lives before it is used again,
and closed when it has idled too long.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import aiosmtplib

from standardiste.common.clock import Clock

IDLE_MS = 20_000
TRIM_EVERY_S = 5.0
SPARED_MS = 1_000
"""How long a server that could not be reached is left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """An outgoing server and how to speak to it."""

    host: str
    port: int
    tls: Literal["none", "starttls", "tls"] = "none"
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(slots=True)
class _Pool:
    turns: asyncio.Semaphore
    idle: list[tuple[aiosmtplib.SMTP, int]] = field(default_factory=list[tuple[aiosmtplib.SMTP, int]])
    users: int = 0
    failed: Exception | None = None
    failed_at: int = 0


class Connection:
    """A connection in use. `give_back` and `drop` end the use; whichever is first counts."""

    def __init__(self, client: aiosmtplib.SMTP, pool: _Pool, clock: Clock) -> None:
        self.client, self._pool, self._clock = client, pool, clock
        self._is_used = True

    def give_back(self) -> None:
        """It is good for another mail."""
        if self._is_used:
            self._pool.idle.append((self.client, self._clock.now()))
            self._end()

    def drop(self) -> None:
        """Nobody knows what its server would make of the next command."""
        if self._is_used:
            self.client.close()
            self._end()

    def _end(self) -> None:
        self._is_used = False
        self._pool.users -= 1
        self._pool.turns.release()


class SmtpPool:
    """Connections by server. Raises aiosmtplib's errors and OSError."""

    def __init__(self, clock: Clock, *, connections_max: int, timeout_s: float, our_name: str) -> None:
        self._clock, self._connections_max, self._timeout_s, self._our_name = clock, connections_max, timeout_s, our_name
        self._pools: dict[MailServer, _Pool] = {}

    async def take(self, server: MailServer) -> Connection:
        """A connection, signed in, for one mail; the caller must give it back, or drop it after an error."""
        pool = self._pools.setdefault(server, _Pool(asyncio.Semaphore(self._connections_max)))
        pool.users += 1
        try:
            await pool.turns.acquire()
            try:
                client = await self._living(pool) or await self._connected(server, pool)
            except BaseException:
                pool.turns.release()
                raise
        except BaseException:
            pool.users -= 1
            raise
        return Connection(client, pool, self._clock)

    async def keep(self, ready: Callable[[], None]) -> None:
        """Close what idles, until cancelled; then close all."""
        ready()
        try:
            while True:
                await asyncio.sleep(TRIM_EVERY_S)
                await self.trim()
        finally:
            for pool in self._pools.values():
                for client, _ in pool.idle:
                    client.close()
            self._pools.clear()

    async def trim(self) -> None:
        """Say goodbye on connections that have idled too long, and forget servers that nobody uses."""
        now = self._clock.now()
        for server, pool in list(self._pools.items()):
            late = [client for client, since in pool.idle if now - since >= IDLE_MS]
            pool.idle = [(client, since) for client, since in pool.idle if now - since < IDLE_MS]
            for client in late:
                with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                    await client.quit(timeout=2)
                client.close()
            if not pool.idle and not pool.users:
                del self._pools[server]

    async def _living(self, pool: _Pool) -> aiosmtplib.SMTP | None:
        while pool.idle:
            client, _ = pool.idle.pop()
            try:
                await client.rset(timeout=5)
            except (aiosmtplib.SMTPException, OSError):
                client.close()
                continue
            return client
        return None

    async def _connected(self, server: MailServer, pool: _Pool) -> aiosmtplib.SMTP:
        """A new connection. A server that could not be reached a moment ago is not asked again: who waited his turn hears the same at once."""
        if pool.failed is not None and self._clock.now() - pool.failed_at < SPARED_MS:
            raise pool.failed
        try:
            return await self._connect(server)
        except (aiosmtplib.SMTPException, OSError) as error:
            pool.failed, pool.failed_at = error, self._clock.now()
            raise

    async def _connect(self, server: MailServer) -> aiosmtplib.SMTP:
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls == "tls",
            start_tls=server.tls == "starttls",
            username=server.username or None,
            password=server.password or None,
            timeout=self._timeout_s,
            local_hostname=self._our_name,
        )
        try:
            await client.connect()
        except BaseException:
            client.close()
            raise
        return client
