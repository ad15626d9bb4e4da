"""How the directory answers: refusals with every fault in the reader's language, outcomes with their changes, entities."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from starlette.requests import Request

from standardiste.common.clock import rfc3339
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import BadInput
from standardiste.common.http import LIMIT_MAX, Principal, client_of, problem
from standardiste.common.problems import Language, language_of
from standardiste.directory.administration import Outcome
from standardiste.directory.book import By, ChangeSet
from standardiste.directory.changes import shown
from standardiste.directory.faults import ConfigurationRefused

IN_FORCE_WITHIN_S: Final = 2.0
PAGE_DEFAULT: Final = 50
NOTE_CHARACTERS_MAX: Final = 500


@contextmanager
def refusals(request: Request, who: Principal) -> Generator[None]:
    """Answer a refused configuration with its faults: `errors` as lines to read, `faults` as data."""
    try:
        yield
    except ConfigurationRefused as refused:
        language = reader_of(request, who)
        raise problem(
            "configuration_refused",
            refused.faults[0].text(language),
            errors=[each.text(language) for each in refused.faults],
            faults=[each.plain(language) for each in refused.faults],
        ) from None


def reader_of(request: Request, who: Principal) -> str:
    """The language of whoever reads the answer: as the request asks, else the person's own."""
    own: Language = "fr" if who.language.split("-")[0] == "fr" else "en"
    return language_of(request.headers.get("accept-language"), own)


async def outcome_answer(request: Request, who: Principal, view: DirectoryView, outcome: Outcome) -> dict[str, Any]:
    """What a change came to. Waits a moment for the change set to be in force here, and says whether it is."""
    language = reader_of(request, who)
    return {
        "change_set": outcome.number,
        "is_in_force": await is_in_force(view, who.tenant, outcome.number),
        "changes": [shown(change) for change in outcome.changes],
        "warnings": [each.text(language) for each in outcome.warnings],
        "warning_faults": [each.plain(language) for each in outcome.warnings],
    }


async def is_in_force(view: DirectoryView, tenant: str, number: int, within_s: float = IN_FORCE_WITHIN_S) -> bool:
    """Whether this process has the change set by then: so that who asks next is answered by it."""
    try:
        async with asyncio.timeout(within_s):
            while view.change_set(tenant) < number:
                await view.wait_change()
    except TimeoutError:
        return False
    return True


def change_set_answer(found: ChangeSet, *, with_members: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "number": found.number,
        "at": rfc3339(found.at),
        "by": found.by.who,
        "note": found.by.note,
        "why": found.by.why,
        "members": len(found.members),
        "is_published": found.is_published,
    }
    return answer | ({"changes": [shown(change) for change in found.members]} if with_members else {})


def by_of(request: Request, who: Principal) -> By:
    """Who asks, from where, with the note of the request (`?note=`)."""
    note = request.query_params.get("note", "")[:NOTE_CHARACTERS_MAX]
    return By(who=who.who, source=client_of(request), note=note)


def limit_of(request: Request, default: int = PAGE_DEFAULT) -> int:
    """`?limit=`, 1 to 1,000."""
    text = request.query_params.get("limit", str(default))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= LIMIT_MAX:
        raise BadInput("invalid_field", f"limit is a number from 1 to {LIMIT_MAX}", "/query/limit")
    return int(text)
