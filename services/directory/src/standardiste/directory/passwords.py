"""Passwords: hashed with argon2id, checked in the same time whether or not the name exists."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from standardiste.common.errors import BadInput, StandardisteError

LENGTH_MIN: Final = 10
LENGTH_BYTES_MAX: Final = 1_024
WAITING_MAX: Final = 200
"""Hashes waiting for a thread; more are refused, so that guessing costs us no memory."""


T = TypeVar("T")


class TooManySignIns(StandardisteError):
    """More sign-ins at once than are hashed: try again in a moment."""


class Passwords:
    """
    Hashes and checks, two at a time, in threads of its own: a hash takes 20 ms and the event loop must not wait for it.

    OWASP's parameters: argon2id, 19 MiB, 2 passes, 1 lane. A hash made with others is renewed at the next sign-in.
    """

    def __init__(self, *, memory_kib: int = 19_456, passes: int = 2) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="passwords")
        self._nobody = self._hasher.hash("nobody has this password")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """What to keep of a password. Raises BadInput for one that is too short or too long."""
        prepared = _prepared(password)
        if len(prepared) < LENGTH_MIN or len(prepared.encode()) > LENGTH_BYTES_MAX:
            raise BadInput(
                "invalid_field", f"a password has at least {LENGTH_MIN} characters and at most {LENGTH_BYTES_MAX} bytes", "/password"
            )
        return await self._run(lambda: self._hasher.hash(prepared))

    async def check(self, kept: str | None, password: str) -> bool:
        """Whether it is the one. `kept` None (nobody of that name) takes as long and is never right."""
        prepared = _prepared(password[:LENGTH_BYTES_MAX])
        is_right = await self._run(lambda: self._verify(kept or self._nobody, prepared))
        return is_right and kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Whether it was hashed with other parameters than today's."""
        return self._hasher.check_needs_rehash(kept)

    def _verify(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING_MAX:
            raise TooManySignIns
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _prepared(password: str) -> str:
    """One form for what looks the same, whatever keyboard wrote it (RFC 8265, OpaqueString)."""
    return unicodedata.normalize("NFC", password)
