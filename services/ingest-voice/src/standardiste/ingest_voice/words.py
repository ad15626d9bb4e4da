"""What callers hear, in French and English. A channel address may say it in its own words."""

from __future__ import annotations

from typing import Final

from standardiste.common.catalogue import Catalogue

GREETING: Final = "greeting"
LEAVE_A_MESSAGE: Final = "leave_a_message"
THANKS: Final = "thanks"

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


def spoken(language: str) -> str:
    """The language tag for a voice: "fr" is spoken as in France; a tag with a region stays."""
    return language if "-" in language else _SPOKEN.get(language.lower(), "en-GB")
