"""What people read, by key and language: French and English, both complete, checked when the module that holds them is imported."""

from __future__ import annotations

import os
import string
from collections.abc import Mapping

LANGUAGES = ("en", "fr")


class Catalogue:
    """Texts by key. A text may name parameters in braces; every language must have the same keys and parameters."""

    def __init__(self, texts: Mapping[str, Mapping[str, str]]) -> None:
        for key, by_language in texts.items():
            assert set(by_language) == set(LANGUAGES), f"{key}: needs exactly {LANGUAGES}"
            assert len({frozenset(_parameters(text)) for text in by_language.values()}) == 1, f"{key}: other parameters in another language"
        self._texts = texts

    def text(self, key: str, language: str | None = None, **parameters: object) -> str:
        """The text in this language ("fr-CA" reads French), in English when there is none. KeyError for an unknown key."""
        by_language = self._texts[key]
        short = (language or "").split("-")[0].split("_")[0].lower()
        return by_language.get(short, by_language["en"]).format(**parameters)

    def keys(self) -> frozenset[str]:
        return frozenset(self._texts)


def language_of_terminal() -> str:
    """The language a person's terminal asks for, from LC_ALL, LC_MESSAGES or LANG."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return value.split(".")[0].split("_")[0]
    return "en"


def _parameters(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
