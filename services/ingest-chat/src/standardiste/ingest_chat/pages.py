"""
The pages that carry a chat: whose they are, which origins may open one there, and what the widget needs to show itself.

A page is a channel address of kind `chat`; its `address` is what the script tag names, and it alone says which tenant a new session belongs to. Its settings:

- `origins`: web origins that may open chats there, separated by spaces; `*` for any. Without it only our own origin may (the demo page).
- `accent`: the colour of button and header, `#rrggbb`.
- `greeting_<language>`, `title_<language>`: the tenant's words; the name of the page stands in for the title, our own texts for the greeting.
- `side`: `left` or `right`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import CommandRejected, Refused
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import Channel
from standardiste.ingest_chat.texts import LANGUAGES

ACCENT: Final = "#1f5fbf"
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the widget shows before anybody has said anything. Texts are None where the widget's own stand."""

    page: str
    language: str
    title: str | None
    greeting: str | None
    accent: str
    side: str


class Pages:
    """The chat pages of the installation."""

    def __init__(self, directory: DirectoryView, public_url: str) -> None:
        public = urlsplit(public_url)
        self._directory, self._own_origin = directory, f"{public.scheme}://{public.netloc}"

    def find(self, page: str) -> tuple[str, ChannelAddress]:
        """The tenant and channel address of a page. Raises CommandRejected("unknown_channel_address")."""
        found = self._directory.address(Channel.CHAT, page)
        if found is None:
            raise CommandRejected(Refused(reason="unknown_channel_address"))
        return found

    def check_origin(self, address: ChannelAddress, origin: str | None, host: str | None) -> None:
        """
        Raise CommandRejected("bad_origin") for a browser's page that may not open a chat here.

        No Origin header means no browser: an app or a server, which needs no such protection.
        """
        if origin is None or origin == self._own_origin or urlsplit(origin).netloc == host:
            return
        allowed = str(address.settings.get("origins", "")).split()
        if "*" not in allowed and origin not in allowed:
            raise CommandRejected(Refused(reason="bad_origin"))

    def shown(self, tenant: str, address: ChannelAddress, language: str | None) -> Page:
        """What the widget needs, in the visitor's language as far as we speak it."""
        spoken = self.language(tenant, address, language)
        accent = str(address.settings.get("accent", ""))
        return Page(
            page=address.address,
            language=spoken,
            title=_text(address, f"title_{spoken}") or self._directory.words(address.name, spoken, tenant) or None,
            greeting=_text(address, f"greeting_{spoken}"),
            accent=accent if _COLOUR.fullmatch(accent) else ACCENT,
            side="left" if address.settings.get("side") == "left" else "right",
        )

    def language(self, tenant: str, address: ChannelAddress, language: str | None) -> str:
        """The language to speak with a visitor: his, the page's, or the tenant's, whichever comes first that we speak."""
        own = self._directory.tenant(tenant)
        for candidate in (language, address.language, own.language if own is not None else None):
            short = (candidate or "").split("-")[0].lower()
            if short in LANGUAGES:
                return short
        return LANGUAGES[0]


def _text(address: ChannelAddress, name: str) -> str | None:
    value = address.settings.get(name)
    return value if isinstance(value, str) and value else None
