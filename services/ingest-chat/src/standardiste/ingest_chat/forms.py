"""
What a visitor is asked before a chat, and outside opening hours: the fields that the page's settings name. Pure.

`form`: names separated by spaces, `*` behind those that must be filled in: "name* email subject". `name`, `email`, `phone` and `subject` have labels of our
own; any other has the page's (`form_<name>_fr`, `form_<name>_en`) or its name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from standardiste.common.events.directory import ChannelAddress

SETTING: Final = "form"
FIELDS_MAX: Final = 10
KNOWN: Final = frozenset({"name", "email", "phone", "subject"})
_FIELD: Final = re.compile(r"([a-z][a-z0-9_]{0,30})(\*?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field. `label` is None for those that the widget has words for."""

    name: str
    is_required: bool = False
    label: str | None = None


def fields_of(address: ChannelAddress, language: str) -> tuple[FormField, ...]:
    """The fields of a page, in order; what is no field is passed over."""
    found: dict[str, FormField] = {}
    for word in str(address.settings.get(SETTING, "")).split():
        match = _FIELD.fullmatch(word)
        if match is not None and len(found) < FIELDS_MAX:
            name = match[1]
            label = None if name in KNOWN else str(address.settings.get(f"form_{name}_{language}", name))
            found.setdefault(name, FormField(name=name, is_required=bool(match[2]), label=label))
    return tuple(found.values())
