"""What is about to be there is waited for."""

from __future__ import annotations

from standardiste.common.soon import soon


async def test_a_reader_is_held_until_what_he_asks_for_is_there() -> None:
    looks = iter([None, None, "found"])

    async def look() -> str | None:
        return next(looks)

    assert await soon(look, within_s=20) == "found"


async def test_a_reader_of_what_never_comes_is_let_go() -> None:
    async def look() -> None:
        return None

    assert await soon(look, within_s=0) is None
