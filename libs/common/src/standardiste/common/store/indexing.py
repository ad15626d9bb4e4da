"""
What of a body the store looks it up by: index values and words. Pure, and the same for every adapter.

Theory. Adapters differ in what their engine would index by itself (types, arrays, stemming, accents). So none of them decides: the values and the
folded words of a document are reckoned here, once, from its collection's declaration, and an adapter only keeps and compares them. An index holds one
type of value; text compares by code point, numbers by size, false before true.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from standardiste.common.errors import BadInput
from standardiste.common.store.port import Body, Collection, Index, IndexValue, Json

INTEGER_MAX = 2**63 - 1
INDEXED_TEXT_BYTES_MAX = 1_024
"""An indexed text longer than this is refused: it is no name or address, and engines cut or refuse it each in its own way."""

Values: TypeAlias = Mapping[str, "str | int | Sequence[str | int]"]
"""By index name: one value, or for a list index its distinct values in order. A flag is 0 or 1."""

_WORD = re.compile(r"[^\W_]+")


def values_of(collection: Collection, body: Body) -> Values:
    """The index entries of a body. An index whose path is absent, null or no indexable value has none. Raises BadInput("not_indexable")."""
    found: dict[str, str | int | Sequence[str | int]] = {}
    for index in collection.indexes:
        value = at_path(body, index.path)
        if index.is_list:
            if isinstance(value, Sequence) and not isinstance(value, str) and value:
                found[index.name] = sorted({comparable(index, each) for each in value if isinstance(each, str | int)}, key=_order)
        elif isinstance(value, str | int):
            found[index.name] = comparable(index, value)
    return found


def words_of(collection: Collection, body: Body) -> tuple[str, ...]:
    """The distinct folded words of the searched paths, in order."""
    if not collection.text:
        return ()
    found: set[str] = set()
    for path in collection.text:
        _gather(at_path(body, path), found)
    return tuple(sorted(found))


def fold(text: str) -> tuple[str, ...]:
    """The words of a text with cases and accents folded: runs of letters and digits, in any script."""
    if text.isascii():
        return tuple(_WORD.findall(text.lower()))
    bare = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return tuple(_WORD.findall(bare.casefold()))


def comparable(index: Index, value: IndexValue) -> str | int:
    """The value as engines compare it. Raises BadInput("not_indexable") for what no engine holds."""
    if isinstance(value, int):
        if not -INTEGER_MAX <= value <= INTEGER_MAX:
            raise _not_indexable(index, "has more than 64 bits")
        return int(value)
    try:
        size = len(value) if value.isascii() else len(value.encode())
    except UnicodeEncodeError:
        raise _not_indexable(index, "is no Unicode text") from None
    if size > INDEXED_TEXT_BYTES_MAX:
        raise _not_indexable(index, f"is over {INDEXED_TEXT_BYTES_MAX} bytes")
    if "\0" in value:
        raise _not_indexable(index, "holds a zero character, at which some engines end a text")
    return value


def at_path(body: Body, path: str) -> Json:
    """What lies at a dotted path, None when nothing does."""
    value: Json = body
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def _gather(value: Json, found: set[str]) -> None:
    if isinstance(value, str):
        found.update(fold(value))
    elif isinstance(value, Sequence):
        for each in value:
            _gather(each, found)


def _not_indexable(index: Index, why: str) -> BadInput:
    return BadInput("not_indexable", f"what lies at {index.path} {why}", "/" + index.path.replace(".", "/"))


def _order(value: str | int) -> tuple[bool, str | int]:
    return isinstance(value, str), value
