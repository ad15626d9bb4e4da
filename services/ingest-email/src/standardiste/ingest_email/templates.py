"""Words that a tenant keeps: templates and signatures, filled in for one customer. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Final

_NAMED: Final = re.compile(r"\{(name|subject|reference|queue|agent)\}")
_REFERENCE_LENGTH: Final = 8


def filled(words: str, facts: Mapping[str, str], *, is_html: bool = False) -> str:
    """The words with {name}, {subject}, {reference}, {queue} and {agent} filled in; what is not known is left out, what else stands in braces stays."""

    def fact(found: re.Match[str]) -> str:
        value = facts.get(found[1], "")
        return html.escape(value) if is_html else value

    return _NAMED.sub(fact, words)


def reference_of(conversation: str) -> str:
    """A short number that a customer may name: the end of the conversation's id, in capitals."""
    return conversation[-_REFERENCE_LENGTH:].upper()


def signed(text: str, signature: str) -> str:
    """The text above its signature, set off as mail programs know it (RFC 3676, 4.3)."""
    return f"{text.rstrip()}\n\n-- \n{signature.strip()}\n" if signature.strip() else text
