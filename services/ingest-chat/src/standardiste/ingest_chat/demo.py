"""The demo page: a shop that carries the widget by its one script tag, in French and English. Pure."""

from __future__ import annotations

from html import escape
from typing import Final
from urllib.parse import quote

from standardiste.ingest_chat.texts import TEXTS

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""What such a page may load. The widget needs no more than script and connection: its styles are constructed, not inline."""


def demo_page(page: str, language: str) -> str:
    """The page as HTML."""

    def text(key: str) -> str:
        return escape(TEXTS.text(key, language))

    other = "en" if language == "fr" else "fr"
    lamps = "".join(
        f'<li class="lamp lamp-{n}"><span class="glow"></span><h2>{text(f"lamp_{n}")}</h2><p>{text(f"lamp_{n}_text")}</p></li>'
        for n in (1, 2, 3)
    )
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{text("title")}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/chat/demo.css">'
        f'<script src="/chat/widget.js" data-page="{escape(page, quote=True)}" data-language="{language}" async></script></head><body>'
        f'<header><strong>{text("brand")}</strong><nav><a href="#lamps">{text("shop")}</a><a href="#lamps">{text("repairs")}</a>'
        f'<a href="#lamps">{text("contact")}</a><a class="language" href="?page={quote(page)}&amp;language={other}" hreflang="{other}">'
        f"{text('other_language')}</a></nav></header>"
        f'<main><section class="lead"><h1>{text("headline")}</h1><p>{text("lead")}</p><a class="button" href="#lamps">{text("see")}</a></section>'
        f'<ul id="lamps">{lamps}</ul></main><footer><p>{text("note")}</p></footer></body></html>'
    )
