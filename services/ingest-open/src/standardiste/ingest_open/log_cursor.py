"""Places in a tenant's part of the decisions log, as cursors on a public wire: `e<epoch>.<offset>`."""

from __future__ import annotations

import re
from typing import Final

from standardiste.common.errors import BadInput

_FORM: Final = re.compile(r"e(\d{1,9})\.(\d{1,18})", re.ASCII)


def cursor_of(epoch: int, offset: int) -> str:
    """The cursor of the record at this offset: what comes `after` it begins behind it."""
    return f"e{epoch}.{offset}"


def offset_after(cursor: str | None, epoch: int, pointer: str = "/query/after") -> int:
    """The first offset behind the cursor; 0 without one. Raises BadInput("cursor_invalid"), also for one from before a restore."""
    if cursor is None:
        return 0
    found = _FORM.fullmatch(cursor)
    if found is None or int(found[1]) != epoch:
        raise BadInput("cursor_invalid", "not a cursor of this log", pointer)
    return int(found[2]) + 1
