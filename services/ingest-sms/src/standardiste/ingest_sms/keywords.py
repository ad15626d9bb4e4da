"""STOP and START as customers write them, in French and English: the whole text is the word."""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from typing import Final

_STOP: Final = frozenset({"STOP", "STOPALL", "STOP ALL", "ARRET", "UNSUBSCRIBE", "DESINSCRIRE", "DESABONNER", "CANCEL", "END", "QUIT"})
_START: Final = frozenset({"START", "UNSTOP", "REPRENDRE", "REPRISE"})
_CHARACTERS_MAX: Final = 40


class Keyword(StrEnum):
    STOP = "stop"
    START = "start"


def keyword(text: str, provider: str = "") -> Keyword | None:
    """
    What the text asks of our sending, None for ordinary words. `provider` is what the provider itself read (OptOutType), and wins.

    YES and OUI are answers people give to questions, so they are no START here, whatever providers do with them.
    """
    if provider in ("STOP", "START"):
        return Keyword(provider.lower())
    if len(text) > _CHARACTERS_MAX:
        return None
    plain = "".join(char for char in unicodedata.normalize("NFKD", text.upper()) if not unicodedata.combining(char))
    word = " ".join("".join(char if char.isalnum() else " " for char in plain).split())
    if word in _STOP:
        return Keyword.STOP
    return Keyword.START if word in _START else None
