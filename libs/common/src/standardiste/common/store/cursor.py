"""
Where the next page of a find begins: an opaque text that says after which (sort value, id) to go on, bound to the find it came from.

A cursor holds nothing but what the reader has just been given; the tenant and every condition are applied again from the request, so a forged one can
show nothing more than another page would.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any, cast

from standardiste.common.errors import BadInput
from standardiste.common.store.port import Collection, Find

FIND_LIMIT_MAX = 1_000


def cursor_after(collection: Collection, find: Find, epoch: int, value: str | int | None, id: str) -> str:
    """The cursor of the page that follows the document `id`, whose sort value is `value` (None without a sort)."""
    text = json.dumps([_fingerprint(collection, find, epoch), value, id], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position_of(collection: Collection, find: Find, epoch: int) -> tuple[str | int | None, str] | None:
    """Where this find goes on: (sort value, id), None at its beginning. Raises BadInput("cursor_invalid")."""
    if find.cursor is None:
        return None
    try:
        text = base64.b64decode(find.cursor + "=" * (-len(find.cursor) % 4), altchars=b"-_", validate=True).decode()
        parsed: Any = json.loads(text)
    except (binascii.Error, ValueError):
        raise _invalid() from None
    if not isinstance(parsed, list):
        raise _invalid()
    match cast(list[Any], parsed):
        case [str(fingerprint), None | str() | int() as value, str(id)] if fingerprint == _fingerprint(collection, find, epoch):
            if (value is None) is (find.sort is None) and not isinstance(value, bool):
                return value, id
        case _:
            pass
    raise _invalid()


def _fingerprint(collection: Collection, find: Find, epoch: int) -> str:
    """Of all that decides which documents come in which order, and of the epoch; the size of a page may change on the way."""
    where = [[each.index, each.equals, each.at_least, each.below] for each in find.where]
    text = json.dumps([epoch, collection.name, where, find.sort, find.is_descending, find.text])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _invalid() -> BadInput:
    return BadInput("cursor_invalid", "this cursor does not belong to this request; begin without one")
