"""What callers hear, in French and English. A channel address may say it in its own words."""

from __future__ import annotations

from typing import Final

from standardiste.common.catalogue import Catalogue
from standardiste.common.events.model import Words

GREETING: Final = "greeting"
LEAVE_A_MESSAGE: Final = "leave_a_message"
THANKS: Final = "thanks"

MINUTE_MS: Final = 60_000
KNOWN: Final = frozenset({"notice.queue.closed", "notice.overflow.length", "notice.overflow.age"})
STANDS: Final = "stands"
WAITS: Final = "waits"

_WORDS: Final = Catalogue(
    {
        GREETING: {
            "en": "Hello and welcome. Please stay on the line, an adviser will take your call.",
            "fr": "Bonjour et bienvenue. Ne quittez pas, un conseiller va prendre votre appel.",
        },
        LEAVE_A_MESSAGE: {
            "en": "Nobody can take your call now. Please leave a message after the tone, then hang up.",
            "fr": "Personne ne peut prendre votre appel. Laissez un message après le bip, puis raccrochez.",
        },
        STANDS: {
            "en": "You are number {position} in line.",
            "fr": "Vous êtes en position {position}.",
        },
        WAITS: {
            "en": "You are number {position} in line. The wait is {low} to {high} minutes.",
            "fr": "Vous êtes en position {position}. L'attente est de {low} à {high} minutes.",
        },
        "notice.queue.closed": {
            "en": "We are closed now.",
            "fr": "Nous sommes fermés pour le moment.",
        },
        "notice.overflow.length": {
            "en": "Many people are calling now; the wait may be long.",
            "fr": "Beaucoup de personnes nous appellent ; l'attente peut être longue.",
        },
        "notice.overflow.age": {
            "en": "We are sorry that you have been waiting so long.",
            "fr": "Nous sommes désolés de cette longue attente.",
        },
        THANKS: {
            "en": "Thank you, your message has been recorded.",
            "fr": "Merci, votre message est enregistré.",
        },
    }
)
_SPOKEN: Final = {"fr": "fr-FR", "en": "en-GB"}


def said(key: str, language: str) -> str:
    """The words in this language."""
    return _WORDS.text(key, language)


def standing(language: str, position: int, wait_p50_ms: int | None, wait_p90_ms: int | None) -> str:
    """Where a caller stands, and how long it may take, in whole minutes."""
    if wait_p50_ms is None or wait_p90_ms is None:
        return _WORDS.text(STANDS, language, position=position)
    low = max(1, round(wait_p50_ms / MINUTE_MS))
    return _WORDS.text(WAITS, language, position=position, low=low, high=max(low + 1, -(-wait_p90_ms // MINUTE_MS)))


def noticed(language: str, notice: str, own: Words | None) -> str | None:
    """A standing text: the tenant's own words, in this language or any; else ours, None where we have none for it."""
    if own:
        return own.get(language) or own.get(language.split("-")[0]) or next(iter(own.values()))
    key = f"notice.{notice}"
    return _WORDS.text(key, language) if key in KNOWN else None


def spoken(language: str) -> str:
    """The language tag for a voice: "fr" is spoken as in France; a tag with a region stays."""
    return language if "-" in language else _SPOKEN.get(language.lower(), "en-GB")
