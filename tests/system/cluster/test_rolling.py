"""Every service is replaced in turn while customers write and agents work: no customer hears of it, and no agent sees more of it than a reconnect."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from standardiste.all_in_one.cluster.prefixes import SERVICES

if TYPE_CHECKING:
    from conftest import Site

EVERY_S = 0.5


@pytest.mark.timeout(900)
async def test_a_rolling_restart_reaches_nobody(site: Site, figures: dict[str, object]) -> None:
    site.work()
    is_over = asyncio.Event()

    def keys():
        number = 0
        while not is_over.is_set():
            yield f"roll-{number}"
            number += 1

    posting = asyncio.create_task(site.crowd.post(keys(), EVERY_S))
    codes: dict[str, int] = {}
    took_s: dict[str, float] = {}
    for name in SERVICES:
        began = time.perf_counter()
        codes[name] = await site.cluster.roll(name)
        took_s[name] = round(time.perf_counter() - began, 1)
    is_over.set()
    await posting
    figures |= await site.books() | {"took_s": took_s, "slowest_answer_s": round(site.crowd.slowest_s, 2)}
    figures |= {"reconnects": dict(site.diary.reconnects), "longest_without_a_desk_s": round(site.diary.longest_away_s, 1)}
    assert codes == dict.fromkeys(SERVICES, 0), "everybody drained"
    assert dict(site.crowd.said) == {}, "no customer heard of it"
    assert dict(site.diary.errors) == {}, "no agent saw more of it than a reconnect"
