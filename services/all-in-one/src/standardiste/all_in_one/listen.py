"""`standardiste listen`: the tenant's public facts at the terminal as they happen, one JSON object a line, for whoever builds against them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

from standardiste.all_in_one.operator import Credential, Operator, Refusal, Unreachable
from standardiste.all_in_one.words import say

WAIT_S: Final = 25
PAUSE_S: Final = 2.0
PASSING: Final = frozenset({"too_many_requests", "bus_away", "store_away", "starting", "not_yet"})
"""Refusals that pass: asked again."""


async def listen(
    url: str,
    credential: Credential,
    *,
    after: str,
    types: str | None,
    show: Callable[[str], None],
    note: Callable[[str], None],
    until: int | None = None,
) -> None:
    """
    Show every fact after the cursor until cancelled, or until so many were shown; nothing twice, nothing left out, over lost connections too.

    Raises Refusal and Unreachable when the first question gets no answer, Refusal later for what does not pass.
    """
    shown, has_answered, cursor = 0, False, after
    while True:
        try:
            async with Operator(url, credential) as operator:
                if not has_answered:
                    cursor = (await operator.events(cursor, types, wait_s=0, limit=1))["next"] if cursor == "latest" else cursor
                    has_answered = True
                    note(say("listening", url=url))
                while True:
                    answer = await operator.events(cursor, types, wait_s=WAIT_S, limit=100 if until is None else min(100, until - shown))
                    for fact in answer["items"]:
                        show(line_of(fact))
                        shown += 1
                    cursor = answer["next"]
                    if until is not None and shown >= until:
                        return
        except Unreachable as away:
            if not has_answered:
                raise
            note(str(away))
        except Refusal as refusal:
            if not has_answered or (refusal.name not in PASSING and refusal.name != "token_expired"):
                raise
            if refusal.name == "token_expired":
                continue  # sign in again
            note(str(refusal))
        await asyncio.sleep(PAUSE_S)


def line_of(fact: dict[str, Any]) -> str:
    """One fact as one line."""
    return json.dumps(fact, ensure_ascii=False, separators=(",", ":"))
