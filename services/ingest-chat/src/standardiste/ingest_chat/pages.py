"""
The pages that carry a chat: whose they are, which origins may open one there, and what the widget needs to show itself.

A page is a channel address of kind `chat`; its `address` is what the script tag names, and it alone says which tenant a new session belongs to. Its settings:

- `origins`: web origins that may open chats there, separated by spaces; `*` for any. Without it only our own origin may (the demo page).
- `accent`: the colour of button and header, `#rrggbb`.
- `greeting_<language>`, `title_<language>`: the tenant's words; the name of the page stands in for the title, our own texts for the greeting.
- `side`: `left` or `right`.
- `form`: what is asked before a chat and with a message that is left (forms.py).
- `calendar`: the id of the calendar whose hours hold for the page; its queue's stands in.
- `offline_address`, `transcript_address`: for messages left outside opening hours and for transcripts (mailed.py).
- `identity_secret`: the name of the secret with which the site signs who its visitors are (identity.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from standardiste.common.calendars import CalendarHours, hours_of
from standardiste.common.clock import Clock
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import CommandRejected, Refused
from standardiste.common.events.codec import adapter
from standardiste.common.events.directory import Calendar, ChannelAddress, Queue
from standardiste.common.events.model import Channel
from standardiste.ingest_chat.forms import FormField, fields_of
from standardiste.ingest_chat.texts import LANGUAGES

OFFLINE_ADDRESS: Final = "offline_address"
TRANSCRIPT_ADDRESS: Final = "transcript_address"
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
    form: tuple[FormField, ...] = ()
    is_open: bool = True
    takes_messages: bool = False
    mails_transcript: bool = False
    file_bytes_max: int = 0


class Pages:
    """The chat pages of the installation."""

    def __init__(self, directory: DirectoryView, public_url: str, clock: Clock, file_bytes_max: int) -> None:
        public = urlsplit(public_url)
        self._clock, self._file_bytes_max = clock, file_bytes_max
        self._hours: dict[tuple[str, str], tuple[Calendar, CalendarHours | None]] = {}
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
            form=fields_of(address, spoken),
            is_open=self.is_open(tenant, address),
            takes_messages=mail_address(self._directory, tenant, address, OFFLINE_ADDRESS) is not None,
            mails_transcript=mail_address(self._directory, tenant, address, TRANSCRIPT_ADDRESS) is not None,
            file_bytes_max=self._file_bytes_max,
        )

    def by_id(self, tenant: str, id: str) -> ChannelAddress | None:
        """A page by its channel address's id."""
        return self._directory.address_by_id(tenant, id)

    def is_open(self, tenant: str, address: ChannelAddress) -> bool:
        """Whether the page's calendar, or its queue's, says open now; without a calendar always."""
        own = self._directory.tenant(tenant)
        queue = self._directory.get(Queue, tenant, address.queue or (own.default_queue if own is not None else ""))
        named = address.settings.get("calendar") or (queue.calendar if queue is not None else None)
        calendar = self._directory.get(Calendar, tenant, named) if isinstance(named, str) else None
        hours = None if calendar is None or calendar.is_archived else self._hours_of(tenant, calendar)
        return hours is None or hours.is_open(self._clock.now())

    def _hours_of(self, tenant: str, calendar: Calendar) -> CalendarHours | None:
        """A calendar's hours, reckoned once for as long as it stays as it is."""
        kept = self._hours.get((tenant, calendar.id))
        if kept is None or kept[0] != calendar:
            kept = self._hours[tenant, calendar.id] = (calendar, hours_of(calendar))
        return kept[1]

    def language(self, tenant: str, address: ChannelAddress, language: str | None) -> str:
        """The language to speak with a visitor: his, the page's, or the tenant's, whichever comes first that we speak."""
        own = self._directory.tenant(tenant)
        for candidate in (language, address.language, own.language if own is not None else None):
            short = (candidate or "").split("-")[0].lower()
            if short in LANGUAGES:
                return short
        return LANGUAGES[0]


def mail_address(directory: DirectoryView, tenant: str, page: ChannelAddress, setting: str) -> ChannelAddress | None:
    """The e-mail address of ours that a page's setting names."""
    named = page.settings.get(setting)
    found = directory.address_by_id(tenant, named) if isinstance(named, str) else None
    return found if found is not None and found.channel is Channel.EMAIL else None


def page_body(page: Page) -> dict[str, Any]:
    """The page as JSON; what is None is left out."""
    return adapter(Page).dump_python(page, mode="json", exclude_none=True)


def _text(address: ChannelAddress, name: str) -> str | None:
    value = address.settings.get(name)
    return value if isinstance(value, str) and value else None
