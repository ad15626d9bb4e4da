"""ingest-chat as a service: its endpoints and sockets, the group that stores, the pod's own reading, and who is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from standardiste.common.channel_health.watch import WELL, Finding, HealthWatch
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import Channel
from standardiste.common.intake import Intake
from standardiste.common.log import logger
from standardiste.common.parts import Parts
from standardiste.common.rate_limit import TokenBuckets
from standardiste.common.scanning.screen import Screen
from standardiste.common.service import Service
from standardiste.ingest_chat.edge import ChatEdge
from standardiste.ingest_chat.edge_files import FilesEdge
from standardiste.ingest_chat.edge_mail import MailEdge
from standardiste.ingest_chat.edge_signs import SignsEdge
from standardiste.ingest_chat.group import Group, lane_of
from standardiste.ingest_chat.happenings import TOPICS
from standardiste.ingest_chat.hub import Hub
from standardiste.ingest_chat.mailed import Mailed
from standardiste.ingest_chat.pages import Pages
from standardiste.ingest_chat.presence import PODS, PRESENCE, Presences
from standardiste.ingest_chat.sessions import SESSIONS, Sessions
from standardiste.ingest_chat.settings import ChatSettings
from standardiste.ingest_chat.sockets import Parlour, add_socket
from standardiste.ingest_chat.tokens import Tokens
from standardiste.ingest_chat.transcript import TRANSCRIPT, Transcript
from standardiste.ingest_chat.visitors import Visitors

NAME: Final = "ingest-chat"
WIDGET: Final = Path(__file__).parent / "static" / "built"

log = logger(NAME)


def build(settings: ChatSettings, parts: Parts) -> Service:
    """The service, not yet running. Its id among pods is new at every start: a dead pod's sockets are not a fresh one's."""
    screen = Screen(parts.scanner, parts.directory)
    intake = Intake(bus=parts.bus, blobs=parts.blobs, keys=parts.keys, clock=parts.clock, source=NAME, screen=screen)
    transcript, sessions, tokens = Transcript(parts.store), Sessions(parts.store), Tokens(parts.keys)
    pages = Pages(parts.directory, parts.http.public_url, parts.clock, settings.chat_file_bytes_max)
    hub = Hub(bus=parts.bus, group=NAME, transcript=transcript)
    visitors = Visitors(intake=intake, sessions=sessions, directory=parts.directory, clock=parts.clock)
    presences = Presences(
        store=parts.store,
        intake=intake,
        sessions=sessions,
        clock=parts.clock,
        pod=parts.ids.mint("pod"),
        holds=hub.holds,
        gone_after_ms=settings.chat_gone_after_ms,
    )
    group = Group(transcript=transcript, sessions=sessions, presences=presences, intake=intake, clock=parts.clock)
    edge = ChatEdge(
        visitors=visitors,
        sessions=sessions,
        transcript=transcript,
        hub=hub,
        pages=pages,
        tokens=tokens,
        keys=parts.keys,
        secrets=parts.secrets,
        clock=parts.clock,
        ids=parts.ids,
        sessions_per_client=TokenBuckets(per_s=settings.chat_sessions_per_client_s, burst=settings.chat_sessions_per_client_burst),
    ).router()
    files = FilesEdge(
        visitors=visitors,
        transcript=transcript,
        blobs=parts.blobs,
        screen=screen,
        tokens=tokens,
        clock=parts.clock,
        bytes_max=settings.chat_file_bytes_max,
    )
    mails = MailEdge(
        mailed=Mailed(intake=intake, directory=parts.directory, hub=hub, keys=parts.keys, clock=parts.clock),
        sessions=sessions,
        pages=pages,
        tokens=tokens,
        clock=parts.clock,
        ids=parts.ids,
        mails_per_client=TokenBuckets(per_s=settings.chat_mails_per_client_s, burst=settings.chat_mails_per_client_burst),
    )
    signs = SignsEdge(visitors=visitors, sessions=sessions, transcript=transcript, hub=hub, tokens=tokens, clock=parts.clock)
    edge.routes += files.router().routes
    edge.routes += signs.router().routes
    edge.routes += mails.router().routes
    parlour = Parlour(
        hub=hub,
        visitors=visitors,
        sessions=sessions,
        presences=presences,
        pages=pages,
        tokens=tokens,
        directory=parts.directory,
        clock=parts.clock,
        sockets_max=settings.chat_sockets_max,
    )
    add_socket(edge, parlour)

    async def look(tenant: str, address: ChannelAddress) -> Finding:
        return WELL if WIDGET.is_dir() else Finding(code="not_built")

    health = HealthWatch(NAME, parts, intake, (Channel.CHAT,), look)

    async def store(ready: Callable[[], None]) -> None:
        await parts.bus.subscribe(NAME, TOPICS, group.take, lane=lane_of, ready=ready)

    if not WIDGET.is_dir():
        log.warning("widget_not_built", how="npm ci && npm run build, in services/ingest-chat/web")
    return Service(
        name=NAME,
        router=edge,
        tasks={"group": store, "tail": hub.follow, "presence": presences.run, "health": health.run},
        collections=(SESSIONS, TRANSCRIPT, PRESENCE, PODS, health.collection),
        static={"/chat": WIDGET} if WIDGET.is_dir() else {},
        cross_origin=("/v1/chat/",),
    )
