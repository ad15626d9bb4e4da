"""ingest-voice as a service: its webhooks, the router's orders, and the round of what is due."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from standardiste.common.bus.topics import Topic
from standardiste.common.channel_health.watch import HealthWatch
from standardiste.common.conversations import ConversationBook
from standardiste.common.events.model import Channel
from standardiste.common.intake import Intake
from standardiste.common.parts import Parts
from standardiste.common.service import Service
from standardiste.common.twilio.callback_token import CallbackTokens
from standardiste.common.twilio.client import TwilioApi
from standardiste.common.twilio.credentials import CredentialBook
from standardiste.common.twilio.look import TwilioLook
from standardiste.ingest_voice.call_book import CALLS, CallBook
from standardiste.ingest_voice.edge import VoiceEdge
from standardiste.ingest_voice.orders import Orders
from standardiste.ingest_voice.settings import VoiceSettings
from standardiste.ingest_voice.switchboard import Switchboard
from standardiste.ingest_voice.twilio_calls import TwilioCalls, TwilioLinks

NAME: Final = "ingest-voice"


def build(settings: VoiceSettings, parts: Parts) -> Service:
    """The service, not yet running."""
    intake = Intake(bus=parts.bus, blobs=parts.blobs, keys=parts.keys, clock=parts.clock, source=NAME)
    api = TwilioApi(settings.twilio_url, settings.twilio_timeout_ms)
    credentials = CredentialBook(parts.secrets, parts.clock)
    tokens = CallbackTokens(parts.keys, "voice")
    links = TwilioLinks(tokens, parts.http.public_url)
    provider = TwilioCalls(api, credentials, parts.directory, links)
    switchboard = Switchboard(CallBook(parts.store, parts.clock), provider, intake, parts.clock)
    book = ConversationBook(parts.store, NAME, (Channel.VOICE,))
    orders = Orders(parts, switchboard, intake, book)
    edge = VoiceEdge(parts=parts, intake=intake, switchboard=switchboard, credentials=credentials, tokens=tokens, links=links)

    health = HealthWatch(NAME, parts, intake, (Channel.VOICE,), TwilioLook(api, credentials, parts.clock))

    async def follow_orders(ready: Callable[[], None]) -> None:
        await parts.bus.subscribe(NAME, (Topic.OUTBOUND_VOICE,), orders.take, ready=ready)

    async def follow_decisions(ready: Callable[[], None]) -> None:
        await parts.bus.subscribe(f"{NAME}-decisions", (Topic.DECISIONS,), book.take, lane=book.lane, ready=ready)

    return Service(
        name=NAME,
        router=edge.router(),
        tasks={
            "orders": follow_orders,
            "decisions": follow_decisions,
            "calls-due": switchboard.follow_due,
            "twilio": api.task,
            "health": health.run,
        },
        collections=(CALLS, book.collection, health.collection),
    )
