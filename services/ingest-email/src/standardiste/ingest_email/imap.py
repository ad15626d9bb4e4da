"""
One IMAP connection: sign in, select, search, fetch, mark, wait. All that aioimaplib says is translated here; nothing else knows it.

What aioimaplib leaves to us: a lost connection ends no command (it would wait for its timeout, or in IDLE for ever), so every wait is raced against the loss;
arguments are sent as they are, so names are quoted here; STARTTLS it does not know, so a connection is TLS from its first byte or not at all.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast

import aioimaplib

from standardiste.common.errors import ProviderError

PROVIDER = "imap"
TIMEOUT_S = 30.0
UIDS_AT_ONCE = 100
"""How many messages one command names: aioimaplib reads an answer by one call deep per line."""
_UIDVALIDITY = re.compile(rb"UIDVALIDITY (\d+)")
_UIDNEXT = re.compile(rb"UIDNEXT (\d+)")
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_KEYWORD = re.compile(r"\\?[A-Za-z0-9$_-]{1,60}")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapAccount:
    """A mailbox and how to reach it. `token` signs in by XOAUTH2, `password` by LOGIN."""

    host: str
    port: int
    tls: Literal["tls", "none"]
    username: str
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    folder: str = "INBOX"


@dataclass(frozen=True, slots=True)
class Selected:
    """A folder as it is now: UIDs of one validity name messages for good; `uid_next` is above all of them."""

    uid_validity: int
    uid_next: int


class ImapConnection:
    """An open connection with its folder selected. Every verb raises ProviderError."""

    def __init__(self, client: Any, lost: asyncio.Event) -> None:
        self._client, self._lost = client, lost  # aioimaplib is typed in part only; what leaves this module is typed

    @classmethod
    async def open(cls, account: ImapAccount, tls: ssl.SSLContext | None = None) -> tuple[ImapConnection, Selected]:
        """Connect, sign in and select. `tls` replaces the system's own trust, for tests."""
        context = (tls or ssl.create_default_context()) if account.tls == "tls" else None
        lost = asyncio.Event()
        made = cast("Any", aioimaplib.IMAP4)

        def gone(_: Exception | None) -> None:
            lost.set()

        client = made(account.host, account.port, timeout=TIMEOUT_S, conn_lost_cb=gone, ssl_context=context)
        connection = cls(client, lost)
        try:
            await connection._ask("unreachable", client.wait_hello_from_server())
            await connection._sign_in(account)
            return connection, await connection._select(account.folder)
        except BaseException:
            connection.abort()
            raise

    @property
    def can_idle(self) -> bool:
        return self._client.has_capability("IDLE")

    async def search(self, criteria: str) -> list[int]:
        """The UIDs that meet the criteria, ascending."""
        lines = await self._ok("search_failed", self._client.uid_search(criteria, charset=None))
        return sorted({int(word) for line in lines[:-1] for word in line.split() if word.isdigit()})

    async def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Bytes of each message that is still there; at most UIDS_AT_ONCE are asked for."""
        assert 0 < len(uids) <= UIDS_AT_ONCE, "too many at once"
        lines = await self._ok("fetch_failed", self._client.uid("fetch", _set(uids), "(UID RFC822.SIZE)"))
        found: dict[int, int] = {}
        for line in lines:
            uid, size = _UID.search(line), _SIZE.search(line)
            if uid and size:
                found[int(uid[1])] = int(size[1])
        return found

    async def fetch(self, uids: Sequence[int]) -> dict[int, bytes]:
        """The messages as they lie there, not marked as read; those that are gone are left out."""
        assert 0 < len(uids) <= UIDS_AT_ONCE, "too many at once"
        lines = await self._ok("fetch_failed", self._client.uid("fetch", _set(uids), "(UID BODY.PEEK[])"))
        found: dict[int, bytes] = {}
        named: int | None = None
        content: bytes | None = None
        for line in lines:  # the UID stands before or after the literal, as the server likes
            if isinstance(line, bytearray):
                content = bytes(line)
            elif (b"BODY[" in line or content is not None) and (uid := _UID.search(line)):  # another line may tell of a flag
                named = int(uid[1])
            if named is not None and content is not None:
                found[named] = content
                named = content = None
        return found

    async def mark(self, uids: Sequence[int], flag: str) -> None:
        """Set a flag or keyword."""
        if not _KEYWORD.fullmatch(flag):
            raise ProviderError(PROVIDER, "not_configured", "no flag that a server knows", is_retryable=True)
        for part in _parts(uids):
            await self._ok("mark_failed", self._client.uid("store", _set(part), "+FLAGS.SILENT", f"({flag})"))

    async def move(self, uids: Sequence[int], folder: str) -> None:
        """Move to another folder; where the server has no MOVE: copy, then delete exactly these."""
        for part in _parts(uids):
            if self._client.has_capability("MOVE"):
                await self._ok("move_failed", self._client.uid("move", _set(part), _quoted(folder)))
            else:
                await self._ok("move_failed", self._client.uid("copy", _set(part), _quoted(folder)))
                await self._ok("move_failed", self._client.uid("store", _set(part), "+FLAGS.SILENT", r"(\Deleted)"))
                if self._client.has_capability("UIDPLUS"):
                    await self._ok("move_failed", self._client.uid("expunge", _set(part)))

    async def append(self, folder: str, content: bytes, flag: str = r"\Seen") -> None:
        """Lay a message into a folder."""
        await self._ok("append_failed", self._client.append(content, _quoted(folder), flag))

    async def idle(self, slices: int, slice_s: float, tick: Callable[[], Awaitable[None]]) -> None:
        """Return when the server tells of a new message, or after so many slices; `tick` is called after each that brought none."""
        idle = await self._ask("idle_failed", self._client.idle_start(slices * slice_s + TIMEOUT_S))
        try:
            for _ in range(slices):
                if any(line.endswith((b"EXISTS", b"RECENT")) for line in await self._pushed(slice_s)):
                    break
                await tick()
        finally:
            if not self._lost.is_set():
                self._client.idle_done()
        await self._ask("idle_failed", asyncio.wait_for(asyncio.shield(idle), TIMEOUT_S))

    async def noop(self) -> None:
        """Ask for a sign of life, so that the server tells of new messages."""
        await self._ok("idle_failed", self._client.noop())

    async def close(self) -> None:
        """Say goodbye, if the other side still listens."""
        try:
            async with asyncio.timeout(2):
                await self._ask("logout_failed", self._client.logout())
        except (ProviderError, TimeoutError):
            pass
        finally:
            self.abort()

    def abort(self) -> None:
        transport = self._client.protocol.transport
        if transport is not None:
            transport.abort()

    async def _sign_in(self, account: ImapAccount) -> None:
        if account.token:
            await self._ok("sign_in_refused", self._client.xoauth2(account.username, account.token))
        else:
            await self._ok("sign_in_refused", self._client.login(_quoted(account.username), account.password))

    async def _select(self, folder: str) -> Selected:
        lines = await self._ok("folder_missing", self._client.select(_quoted(folder)))
        said = b"\n".join(bytes(line) for line in lines)
        validity, following = _UIDVALIDITY.search(said), _UIDNEXT.search(said)
        if validity is None or following is None:
            raise ProviderError(PROVIDER, "not_supported", "the server gives no lasting message numbers", is_retryable=True)
        return Selected(int(validity[1]), int(following[1]))

    async def _ok(self, code: str, asked: Coroutine[Any, Any, Any]) -> list[bytes | bytearray]:
        """The lines of an answer that is OK."""
        response = await self._ask(code, asked)
        if response.result != "OK":
            last = response.lines[-1] if response.lines else b""
            raise ProviderError(PROVIDER, code, bytes(last).decode("utf-8", "replace")[:300], is_retryable=True)
        return list(response.lines)

    async def _ask(self, code: str, asked: Awaitable[T]) -> T:
        """The answer, or ProviderError when it is late or the connection lost meanwhile."""
        asking, losing = asyncio.ensure_future(asked), asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait({asking, losing}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise ProviderError(PROVIDER, "connection_lost", "", is_retryable=True)
            return asking.result()
        except TimeoutError:
            raise ProviderError(PROVIDER, "timed_out", code, is_retryable=True) from None
        except (aioimaplib.AioImapException, OSError, ValueError) as error:
            raise ProviderError(PROVIDER, code, type(error).__name__, is_retryable=True) from None
        finally:
            for each in (asking, losing):
                each.cancel()

    async def _pushed(self, within_s: float) -> list[bytes]:
        """What the server says unasked, nothing when it says nothing in time."""

        async def pushed() -> list[bytes]:
            try:
                found: object = await self._client.wait_server_push(within_s)
            except TimeoutError:
                return []
            return [bytes(line) for line in cast("list[bytes]", found)] if isinstance(found, list) else []

        return await self._ask("idle_failed", pushed())


def _parts(uids: Sequence[int]) -> list[Sequence[int]]:
    return [uids[at : at + UIDS_AT_ONCE] for at in range(0, len(uids), UIDS_AT_ONCE)]


def _set(uids: Sequence[int]) -> str:
    return ",".join(map(str, uids))


def _quoted(name: str) -> str:
    """A name as an IMAP quoted string; beyond ASCII a folder is written in modified UTF-7 already. Line ends are refused by the client."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
