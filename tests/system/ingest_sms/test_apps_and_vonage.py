"""WhatsApp through Twilio with its session, and a second provider of texts, over real sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from standardiste.common.bus.topics import Topic
from standardiste.common.clock import ManualClock
from standardiste.common.events.decisions import InteractionCreated
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.inputs import ContactReceived, DeliveryReported
from standardiste.common.events.model import (
    Attachment,
    Author,
    AuthorKind,
    BlobName,
    Channel,
    ChannelAddressId,
    Content,
    ConversationId,
    DeliveryState,
    InteractionId,
    MessageId,
)
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.settings import HttpSettings
from standardiste.common.testing.running import Running, running, tenant_of_test
from standardiste.common.testing.twilio.double import TwilioDouble
from standardiste.common.testing.twilio.timers import ManualTimers
from standardiste.common.testing.vonage import VonageDouble
from standardiste.ingest_sms.app import build
from standardiste.ingest_sms.settings import SmsSettings

PUBLIC = "https://centre.example"
CUSTOMER = "+33639980001"
HOUR_MS = 3_600_000
APP = ChannelAddress(
    id=ChannelAddressId("wa"),
    change_set=0,
    channel=Channel.SMS,
    channel_name="whatsapp",
    address="whatsapp:+33199000001",
    language="fr",
    settings={"account_sid": "AC" + "5a" * 16, "auth_token_secret": "twilio-main"},
)
SECOND = ChannelAddress(
    id=ChannelAddressId("sms2"),
    change_set=0,
    channel=Channel.SMS,
    address="+33199000002",
    settings={
        "provider": "vonage",
        "api_key": "a1b2c3d4",
        "api_secret_secret": "vonage",
        "signature_secret_secret": "vonage-signature",
    },
)
HTTP = HttpSettings(public_url=PUBLIC, client_per_s=1_000, client_burst=1_000)


@pytest_asyncio.fixture
async def clock() -> ManualClock:
    return ManualClock()


@pytest_asyncio.fixture
async def twilio(clock: ManualClock) -> AsyncIterator[TwilioDouble]:
    async with TwilioDouble(timers=ManualTimers(clock)) as double:
        double.number(APP.address, sms_url=f"{PUBLIC}/v1/sms/twilio/messages")
        yield double


@pytest_asyncio.fixture
async def vonage() -> AsyncIterator[VonageDouble]:
    async with VonageDouble() as double:
        yield double


@pytest_asyncio.fixture
async def site(tmp_path: Path, twilio: TwilioDouble, vonage: VonageDouble, clock: ManualClock) -> AsyncIterator[Running]:
    settings = SmsSettings(twilio_url=twilio.url, sms_vonage_url=vonage.url)
    async with running(tmp_path, lambda parts: build(settings, parts), clock=clock, http=HTTP) as found:
        await found.parts.secrets.put("t1", "twilio-main", twilio.auth_token)
        await found.parts.secrets.put("t1", "vonage", vonage.api_secret)
        await found.parts.secrets.put("t1", "vonage-signature", vonage.signature_secret)
        await found.configure("t1", tenant_of_test(), APP, SECOND)
        twilio.proxy(PUBLIC, found.url)
        yield found


async def opened(site: Running) -> str:
    """The router takes the last contact; its conversation."""
    contact = (await site.inputs(ContactReceived))[-1].contact
    assert contact.conversation is not None
    await site.decide(
        "t1",
        InteractionCreated(
            interaction=InteractionId("i1"),
            contact=contact,
            conversation=contact.conversation,
            enqueued_at=contact.received_at,
            change_set=1,
            identify_by=contact.received_at,
        ),
    )
    return contact.conversation


async def answer(site: Running, conversation: str, address: ChannelAddress, message: str = "m1", **content: Any) -> None:
    """The router lets an agent's answer out."""
    deliver = DeliverMessage(
        conversation=ConversationId(conversation),
        interaction=InteractionId("i1"),
        message=MessageId(message),
        author=Author(kind=AuthorKind.AGENT, id="anna", name="Anna"),
        content=Content(**{"text": "Bonjour Jeanne", **content}),
        channel=Channel.SMS,
        channel_address=address.id,
    )
    await site.decide("t1", deliver, topic=Topic.OUTBOUND_SMS)


def sent_by(twilio: TwilioDouble) -> list[tuple[str, str]]:
    """To whom and what, in order."""
    return [(text.to, text.body) for text in twilio.account.texts.values() if text.from_ == APP.address]


# ---- WhatsApp


async def test_message_of_an_app_is_a_contact_of_the_same_number(site: Running, twilio: TwilioDouble) -> None:
    await twilio.customer_texts(f"whatsapp:{CUSTOMER}", APP.address, "Bonjour")
    contact = (await site.inputs(ContactReceived))[0].contact
    assert (contact.address, contact.our_address, contact.channel_name) == (CUSTOMER, APP.address, "whatsapp")


async def test_answer_goes_within_the_session_and_is_refused_by_name_after_it(
    site: Running, twilio: TwilioDouble, clock: ManualClock
) -> None:
    await twilio.customer_texts(f"whatsapp:{CUSTOMER}", APP.address, "Bonjour")
    conversation = await opened(site)
    clock.advance(24 * HOUR_MS)
    await answer(site, conversation, APP)
    [sent] = await site.inputs(DeliveryReported)
    assert (sent.state, sent.segments) == (DeliveryState.SENT, None)
    assert sent_by(twilio) == [(f"whatsapp:{CUSTOMER}", "Bonjour Jeanne")]
    clock.advance(1)
    await answer(site, conversation, APP, "m2")
    late = (await site.inputs(DeliveryReported, 2))[-1]
    assert (late.state, late.code, late.is_final) == (DeliveryState.FAILED, "outside_session_window", True)
    assert "modèle" in (late.detail or "")
    await answer(site, conversation, APP, "m3", template="HX0123", template_values={"1": "Jeanne"})
    assert (await site.inputs(DeliveryReported, 3))[-1].state is DeliveryState.SENT
    assert sent_by(twilio)[1:] == [(f"whatsapp:{CUSTOMER}", "HX0123")]


# ---- the second provider


def told(**more: Any) -> dict[str, Any]:
    base = {"channel": "sms", "message_uuid": "u1", "to": "33199000002", "from": CUSTOMER[1:], "text": "Bonjour", "message_type": "text"}
    return {**base, **more}


async def post(site: Running, vonage: VonageDouble, body: Mapping[str, Any], path: str = "messages", **more: Any) -> httpx.Response:
    now_s = site.parts.clock.now() / 1000
    return await vonage.post(f"{site.url}/v1/sms/vonage/{path}", dict(body), now_s, **more)


async def test_signed_text_is_taken_once(site: Running, vonage: VonageDouble) -> None:
    assert (await post(site, vonage, told())).status_code == 200
    contact = (await site.inputs(ContactReceived))[0].contact
    assert (contact.address, contact.our_address, contact.content.text) == (CUSTOMER, SECOND.address, "Bonjour")
    assert (await post(site, vonage, told())).status_code == 200
    assert len({each.contact.receipt for each in await site.inputs(ContactReceived, 2)}) == 1


@pytest.mark.parametrize(
    ("body", "secret", "expected"),
    [
        (told(), "another-secret-of-enough-characters", (403, "bad_signature")),
        (told(to="33199000009"), None, (404, "unknown_channel_address")),
        (told(message_uuid=""), None, (400, "invalid_field")),
    ],
)
async def test_anything_else_is_refused_by_name(
    site: Running, vonage: VonageDouble, body: dict[str, Any], secret: str | None, expected: tuple[int, str]
) -> None:
    refused = await post(site, vonage, body, secret=secret)
    assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[1]) == expected


async def test_answer_goes_out_with_its_segments_and_comes_back_as_delivered(site: Running, vonage: VonageDouble) -> None:
    await post(site, vonage, told())
    conversation = await opened(site)
    await answer(site, conversation, SECOND, text="é" * 161)
    [sent] = await site.inputs(DeliveryReported)
    assert (sent.state, sent.segments) == (DeliveryState.SENT, 2)
    [request] = vonage.taken
    assert (request["to"], request["from"], request["client_ref"]) == (CUSTOMER[1:], "33199000002", "m1")
    path = request["webhook_url"].removeprefix(f"{PUBLIC}/v1/sms/vonage/")
    assert (await post(site, vonage, {"message_uuid": "uuid-1", "status": "delivered"}, path)).status_code == 204
    assert (await site.inputs(DeliveryReported, 2))[-1].state is DeliveryState.DELIVERED
    forged = path[:-4] + "AAAA"
    assert json.loads((await post(site, vonage, {"status": "read"}, forged)).content)["type"].endswith("bad_token")


async def test_send_of_unknown_outcome_is_not_sent_again_and_settled_by_its_callback(
    site: Running, vonage: VonageDouble, clock: ManualClock
) -> None:
    await post(site, vonage, told())
    conversation = await opened(site)
    vonage.cuts = 1
    await answer(site, conversation, SECOND)
    while not vonage.taken:
        await post(site, vonage, told())
    path = vonage.taken[0]["webhook_url"].removeprefix(f"{PUBLIC}/v1/sms/vonage/")
    assert (await post(site, vonage, {"message_uuid": "uuid-1", "status": "submitted"}, path)).status_code == 204
    assert DeliveryState.SENT in {each.state for each in await site.inputs(DeliveryReported)}
    assert len(vonage.taken) == 1


# ---- files, both ways


async def file_of(site: Running, content: bytes, **fields: Any) -> Attachment:
    ref = await site.parts.blobs.put("t1", "in_1", content)
    given: dict[str, Any] = {"id": "f1", "name": "devis.pdf", "media_type": "application/pdf", "size_bytes": len(content)}
    return Attachment(**{**given, "blob": BlobName(ref.name), "sha256": ref.sha256, **fields})


async def fetched(site: Running, url: str) -> httpx.Response:
    """What the provider gets there."""
    async with httpx.AsyncClient() as http:
        return await http.get(url.replace(PUBLIC, site.url))


async def test_file_goes_out_at_a_signed_address_for_a_day(site: Running, twilio: TwilioDouble, clock: ManualClock) -> None:
    await twilio.customer_texts(f"whatsapp:{CUSTOMER}", APP.address, "Bonjour")
    await answer(site, await opened(site), APP, attachments=(await file_of(site, b"%PDF devis"),))
    assert (await site.inputs(DeliveryReported))[0].state is DeliveryState.SENT
    [url] = next(text for text in twilio.account.texts.values() if text.direction != "inbound").media
    assert url.startswith(f"{PUBLIC}/v1/sms/media/")
    got = await fetched(site, url)
    assert (got.content, got.headers["content-type"], got.headers["content-disposition"]) == (
        b"%PDF devis",
        "application/pdf",
        "attachment",
    )
    assert (await fetched(site, url[:-4] + "AAAA")).json()["type"].endswith("bad_token")
    clock.advance(24 * HOUR_MS)
    assert (await fetched(site, url)).json()["type"].endswith("token_expired")


@pytest.mark.parametrize(
    ("count", "size", "address", "code"),
    [(2, 4, APP, "too_many_files"), (1, 17 * 1024 * 1024, APP, "files_too_large"), (1, 4, SECOND, "attachments_not_sent")],
)
async def test_files_that_cannot_go_are_refused_in_plain_words(
    site: Running, twilio: TwilioDouble, vonage: VonageDouble, count: int, size: int, address: ChannelAddress, code: str
) -> None:
    if address is APP:
        await twilio.customer_texts(f"whatsapp:{CUSTOMER}", APP.address, "Bonjour")
    else:
        await post(site, vonage, told())
    file = await file_of(site, b"%PDF", size_bytes=size)
    await answer(site, await opened(site), address, attachments=(file,) * count)
    [failed] = await site.inputs(DeliveryReported)
    assert (failed.state, failed.code, failed.is_final) == (DeliveryState.FAILED, code, True)
    assert (failed.detail or "").endswith(".")


async def test_file_that_came_by_the_second_provider_is_fetched_and_one_from_elsewhere_is_not(site: Running, vonage: VonageDouble) -> None:
    image = {"url": vonage.keep("1", "image/png", b"\x89PNG"), "caption": "Ma lampe"}
    await post(site, vonage, told(text=None, message_type="image", image=image))
    for number, url in enumerate(
        (f"{vonage.url}/v3/media/gone", "https://evil.example/x", "http://api.nexmo.com/x", "file:///etc/passwd"), 2
    ):
        await post(site, vonage, told(message_uuid=f"u{number}", message_type="file", file={"url": url}))
    first, *others = [each.contact for each in await site.inputs(ContactReceived, 5)]
    [file] = first.content.attachments
    assert (first.content.text, file.name, file.media_type, file.size_bytes) == ("Ma lampe", "media-1.png", "image/png", 4)
    assert [(each.content.attachments, each.attributes["files_missing"]) for each in others] == [((), 1)] * 4
