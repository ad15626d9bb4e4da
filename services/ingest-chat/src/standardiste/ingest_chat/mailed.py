"""
What goes by mail instead: a message left outside opening hours, and the transcript that a visitor asks for. Both through an e-mail address of ours that the
page's settings name, so the answers are mails like any other.

- `offline_address`: the id of the e-mail channel address on which messages left on the page are handed in;
- `transcript_address`: the id of the one that transcripts are sent from.

A transcript is a command to the router like any message that the API sends by itself: nothing reaches a customer beside the router. One is sent for each
session and address, so nobody can make us fill a stranger's mailbox.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from standardiste.common.clock import Clock
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import CommandRejected, Refused
from standardiste.common.events.base import Instant
from standardiste.common.events.commands import Actor, OpenInteraction
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import Channel, Content, ConversationId, MessageId, ReceiptId
from standardiste.common.ids import keyed_id
from standardiste.common.intake import ContactDraft, Intake, TenantKeys
from standardiste.ingest_chat.frames import Said
from standardiste.ingest_chat.happenings import Line
from standardiste.ingest_chat.hub import Hub
from standardiste.ingest_chat.pages import OFFLINE_ADDRESS, TRANSCRIPT_ADDRESS, mail_address
from standardiste.ingest_chat.sessions import ChatSession
from standardiste.ingest_chat.texts import TEXTS
from standardiste.ingest_chat.tokens import SessionClaims

LINES_MAX: Final = 1_000
TEXT_BYTES_MAX: Final = 60 * 1024
ACTOR: Final = "chat"


class Mailed:
    """Hands in what is left, and asks the router to send what is asked for."""

    def __init__(self, *, intake: Intake, directory: DirectoryView, hub: Hub, keys: TenantKeys, clock: Clock) -> None:
        self._intake, self._directory, self._hub, self._keys, self._clock = intake, directory, hub, keys, clock

    async def leave(
        self, tenant: str, page: ChannelAddress, *, key: str, email: str, name: str | None, text: str, language: str, fields: dict[str, str]
    ) -> ReceiptId:
        """A message left on the page. The same key is the same message. Raises CommandRejected, BusAway."""
        ours = self._address(tenant, page, OFFLINE_ADDRESS)
        own = self._directory.tenant(tenant)
        title = self._directory.words(page.name, language, tenant) or page.address
        return await self._intake.accept(
            ContactDraft(
                tenant=tenant,
                channel_address=ours,
                scope=self._directory.scope_of(tenant, page),
                address=email.lower(),
                name=name,
                provider_id=f"{page.id}/{key}",
                subject=fields.get("subject") or TEXTS.text("left_subject", language, page=title),
                text=text,
                language=language,
                attributes={**fields, "left_on_page": page.address},
                queue=page.queue,
                is_test=own is not None and own.is_test,
            )
        )

    async def send_transcript(self, claims: SessionClaims, session: ChatSession, page: ChannelAddress, email: str, language: str) -> None:
        """Ask the router to mail what was said. Raises CommandRejected("empty_message") before anything was, BusAway, StoreAway."""
        tenant = claims.tenant
        ours = self._address(tenant, page, TRANSCRIPT_ADDRESS)
        lines = [line for line in await self._hub.latest(tenant, claims.session, LINES_MAX) if isinstance(line.entry, Said)]
        if not lines:
            raise CommandRejected(Refused(reason="empty_message"))
        own = self._directory.tenant(tenant)
        zone = ZoneInfo(own.zone) if own is not None else ZoneInfo("UTC")
        title = self._directory.words(page.name, language, tenant) or page.address
        secret = self._keys.tenant(tenant, "chat transcript")
        id = keyed_id(secret, "ct", claims.session, email.lower())
        command = OpenInteraction(
            actor=Actor(api_key=ACTOR),
            channel=Channel.EMAIL,
            channel_address=ours.id,
            address=email.lower(),
            content=Content(
                text=written(lines, language, zone), subject=TEXTS.text("transcript_subject", language, page=title), language=language
            ),
            conversation=ConversationId(keyed_id(secret, "cv", claims.session, email.lower())),
            message=MessageId(id),
            name=session.name,
        )
        await self._intake.report(tenant, claims.session, command, id=id)

    def _address(self, tenant: str, page: ChannelAddress, setting: str) -> ChannelAddress:
        found = mail_address(self._directory, tenant, page, setting)
        if found is None:
            raise CommandRejected(Refused(reason="not_offered_here"))
        return found


def written(lines: list[Line], language: str, zone: ZoneInfo) -> str:
    """The conversation as plain text, the oldest left out where it is too long."""
    told = [_line(line, language, zone) for line in lines]
    size, first = 0, len(told)
    while first > 0 and size + len(told[first - 1].encode()) + 1 <= TEXT_BYTES_MAX:
        first -= 1
        size += len(told[first].encode()) + 1
    left_out = [TEXTS.text("transcript_cut", language)] if first else []
    return "\n".join([*left_out, *told[first:]])


def _line(line: Line, language: str, zone: ZoneInfo) -> str:
    entry = line.entry
    assert isinstance(entry, Said), "only words are written down"
    who = TEXTS.text("transcript_you", language) if entry.author.kind == "customer" else entry.author.name or TEXTS.text("us", language)
    files = "".join(f" [{file.name}]" for file in entry.files)
    words = TEXTS.text("transcript_removed", language) if entry.is_redacted else entry.text
    return f"[{_time(entry.at, zone)}] {who} : {words}{files}" if language == "fr" else f"[{_time(entry.at, zone)}] {who}: {words}{files}"


def _time(at: Instant, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M")
