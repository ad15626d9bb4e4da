"""What every keeper of secrets does."""

from __future__ import annotations

import asyncio

import pytest

from standardiste.common.secrets.port import Secrets


@pytest.mark.parametrize("value", ["", "pa55", "clé \0 😀", "x" * 100_000])
async def test_what_was_put_is_got(secrets: Secrets, value: str) -> None:
    assert await secrets.put("t_1", "smtp-main", value) == 1
    assert await secrets.get("t_1", "smtp-main") == value


async def test_the_newest_two_versions_can_be_read(secrets: Secrets) -> None:
    assert [await secrets.put("t_1", "s", f"v{n}") for n in (1, 2, 3)] == [1, 2, 3]
    assert [await secrets.get("t_1", "s", version) for version in (None, 3, 2, 1, 4)] == ["v3", "v3", "v2", None, None]


async def test_tenants_do_not_see_each_other(secrets: Secrets) -> None:
    await secrets.put("t_1", "s", "mine")
    assert await secrets.get("t_2", "s") is None
    assert await secrets.names("t_2") == []
    assert not await secrets.delete("t_2", "s")
    assert await secrets.get("t_1", "s") == "mine"


async def test_names_are_listed_in_order_and_deleted_ones_are_gone(secrets: Secrets) -> None:
    for name in ("b", "a", "c"):
        await secrets.put("t_1", name, name)
    assert await secrets.delete("t_1", "b")
    assert not await secrets.delete("t_1", "b")
    assert await secrets.names("t_1") == ["a", "c"]
    assert await secrets.get("t_1", "b") is None


async def test_writers_at_once_each_get_a_version(secrets: Secrets) -> None:
    assert sorted(await asyncio.gather(*(secrets.put("t_1", "s", str(n)) for n in range(10)))) == list(range(1, 11))
