"""ingest-sms as a service: its webhooks, its outbox, and what it learns from decisions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from standardiste.common.bus.topics import Topic
from standardiste.common.channel_health.watch import Finding, HealthWatch
from standardiste.common.conversations import ConversationBook
from standardiste.common.errors import StoreAway
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import Channel
from standardiste.common.intake import Intake
from standardiste.common.outbox import SMS_POLICY, Outbox
from standardiste.common.parts import Parts
from standardiste.common.permission.ledger import Ledger
from standardiste.common.scanning.screen import Screen
from standardiste.common.service import Service
from standardiste.common.twilio.callback_token import CallbackTokens
from standardiste.common.twilio.client import TwilioApi
from standardiste.common.twilio.credentials import CredentialBook
from standardiste.common.twilio.look import TwilioLook
from standardiste.ingest_sms.deliveries import DELIVERIES, FORGET_EVERY_S, Deliveries
from standardiste.ingest_sms.edge import STATUS_PATH, VONAGE_STATUS_PATH, SmsEdge
from standardiste.ingest_sms.media_out import MediaEdge
from standardiste.ingest_sms.opt_outs import OPT_OUTS, OptOuts
from standardiste.ingest_sms.settings import SmsSettings
from standardiste.ingest_sms.texts import DEFAULT_PROVIDER, PROVIDER, Texts
from standardiste.ingest_sms.twilio_texts import TwilioTexts
from standardiste.ingest_sms.vonage import VonageTexts

NAME: Final = "ingest-sms"


def build(settings: SmsSettings, parts: Parts) -> Service:
    """The service, not yet running."""
    screen = Screen(parts.scanner, parts.directory)
    intake = Intake(bus=parts.bus, blobs=parts.blobs, keys=parts.keys, clock=parts.clock, source=NAME, screen=screen)
    book = ConversationBook(parts.store, NAME, (Channel.SMS,))
    api = TwilioApi(settings.twilio_url, settings.twilio_timeout_ms)
    credentials = CredentialBook(parts.secrets, parts.clock)
    tokens = CallbackTokens(parts.keys, "sms-status")
    opt_outs, deliveries = (
        OptOuts(parts.store, parts.keys, Ledger(parts.store, parts.keys, parts.directory)),
        Deliveries(parts.store, parts.clock),
    )

    async def is_known(tenant: str, sid: str) -> bool:
        return await outbox.find(tenant, sid) is not None

    twilio = TwilioTexts(
        api=api,
        credentials=credentials,
        tokens=tokens,
        status_url=parts.http.public_url + STATUS_PATH,
        clock=parts.clock,
        is_known=is_known,
    )
    vonage = VonageTexts(
        secrets=parts.secrets, tokens=tokens, status_url=parts.http.public_url + VONAGE_STATUS_PATH, api_url=settings.sms_vonage_url
    )
    media = MediaEdge(
        tokens=CallbackTokens(parts.keys, "sms-media"),
        public_url=parts.http.public_url,
        blobs=parts.blobs,
        screen=screen,
        clock=parts.clock,
    )
    outbox = Outbox(
        store=parts.store,
        bus=parts.bus,
        clock=parts.clock,
        ids=parts.ids,
        provider=Texts(
            carriers={each.name: each for each in (twilio, vonage)},
            directory=parts.directory,
            book=book,
            opt_outs=opt_outs,
            clock=parts.clock,
            media_of=media.media_of,
        ),
        policy=SMS_POLICY,
        service=NAME,
        topic=Topic.OUTBOUND_SMS,
        is_held=parts.hold.is_held,
    )
    edge = SmsEdge(
        parts=parts,
        intake=intake,
        credentials=credentials,
        tokens=tokens,
        api=api,
        vonage=vonage,
        opt_outs=opt_outs,
        deliveries=deliveries,
        outbox=outbox,
    )

    router = edge.router()
    router.routes += media.router().routes
    looks = {TwilioTexts.name: TwilioLook(api, credentials, parts.clock), VonageTexts.name: vonage.look}

    async def look(tenant: str, address: ChannelAddress) -> Finding:
        chosen = looks.get(str(address.settings.get(PROVIDER, DEFAULT_PROVIDER)))
        return Finding(code="no_credentials") if chosen is None else await chosen(tenant, address)

    health = HealthWatch(NAME, parts, intake, (Channel.SMS,), look)

    async def follow_decisions(ready: Callable[[], None]) -> None:
        await parts.bus.subscribe(NAME, (Topic.DECISIONS,), book.take, lane=book.lane, ready=ready)

    async def forget(ready: Callable[[], None]) -> None:
        ready()
        while True:
            await asyncio.sleep(FORGET_EVERY_S)
            try:
                await deliveries.forget()
            except StoreAway:
                continue

    return Service(
        name=NAME,
        router=router,
        tasks={
            **outbox.tasks(),
            "decisions": follow_decisions,
            "twilio": api.task,
            "vonage": vonage.task,
            "forget": forget,
            "health": health.run,
        },
        collections=(health.collection, OPT_OUTS, DELIVERIES, book.collection, outbox.collection),
    )
