"""Texts over real sockets: signed webhooks behind a proxy, answers through Twilio's own client, what becomes of them, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from standardiste.common.bus.topics import Topic
from standardiste.common.clock import ManualClock
from standardiste.common.events.decisions import InteractionCreated
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.inputs import ContactReceived, DeliveryReported
from standardiste.common.events.model import (
    AttachmentState,
    Author,
    AuthorKind,
    Channel,
    ChannelAddressId,
    Content,
    ConversationId,
    DeliveryState,
    InteractionId,
    MessageId,
)
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.scanning.clamd import Clamd
from standardiste.common.settings import HttpSettings
from standardiste.common.store.port import Collection
from standardiste.common.testing.clamd import EVIL, scripted_clamd
from standardiste.common.testing.running import Running, running, tenant_of_test
from standardiste.common.testing.twilio.double import TwilioDouble
from standardiste.common.testing.twilio.timers import ManualTimers
from standardiste.ingest_sms.app import build
from standardiste.ingest_sms.settings import SmsSettings

PUBLIC = "https://centre.example"
OURS = "+33199000001"
CUSTOMER = "+33639980001"
SETTINGS = {"account_sid": "AC" + "5a" * 16, "auth_token_secret": "twilio-main"}
ADDRESS = ChannelAddress(id=ChannelAddressId("sms1"), change_set=0, channel=Channel.SMS, address=OURS, language="fr", settings=SETTINGS)
BARE = ChannelAddress(id=ChannelAddressId("sms2"), change_set=0, channel=Channel.SMS, address="+33199000002")
SENDS = Collection(name="ingest-sms-sends")
HTTP = HttpSettings(public_url=PUBLIC, client_per_s=1_000, client_burst=1_000)


@pytest_asyncio.fixture
async def clock() -> ManualClock:
    return ManualClock()


@pytest_asyncio.fixture
async def twilio(clock: ManualClock) -> AsyncIterator[TwilioDouble]:
    async with TwilioDouble(timers=ManualTimers(clock)) as double:
        for number in (OURS, BARE.address, "+33199000009"):
            double.number(number, sms_url=f"{PUBLIC}/v1/sms/twilio/messages")
        yield double


@pytest_asyncio.fixture
async def site(tmp_path: Path, twilio: TwilioDouble, clock: ManualClock) -> AsyncIterator[Running]:
    settings = SmsSettings(twilio_url=twilio.url)
    async with running(tmp_path, lambda parts: build(settings, parts), clock=clock, http=HTTP) as found:
        await found.parts.secrets.put("t1", "twilio-main", twilio.auth_token)
        await found.configure("t1", tenant_of_test(), ADDRESS, BARE)
        twilio.proxy(PUBLIC, found.url)
        yield found


async def received(site: Running, twilio: TwilioDouble, customer: str = CUSTOMER) -> InteractionCreated:
    """The customer writes and the router opens an interaction."""
    await twilio.customer_texts(customer, OURS, "Bonjour")
    contact = (await site.inputs(ContactReceived))[0].contact
    assert contact.conversation is not None
    created = InteractionCreated(
        interaction=InteractionId("i1"),
        contact=contact,
        conversation=contact.conversation,
        enqueued_at=contact.received_at,
        change_set=1,
        identify_by=contact.received_at,
    )
    await site.decide("t1", created)
    return created


async def answer(site: Running, conversation: str, text: str, message: str = "m1", address: str | None = None) -> None:
    """The router lets an agent's answer out."""
    deliver = DeliverMessage(
        conversation=ConversationId(conversation),
        interaction=InteractionId("i1"),
        message=MessageId(message),
        author=Author(kind=AuthorKind.AGENT, id="anna", name="Anna"),
        content=Content(text=text),
        channel=Channel.SMS,
        channel_address=ADDRESS.id,
        address=address,
    )
    await site.decide("t1", deliver, topic=Topic.OUTBOUND_SMS)


def problem_name(body: str) -> str:
    return body.split("/problems/")[1].split('"')[0]


# ---- ways in


async def test_signed_text_becomes_a_contact_of_the_pair_of_numbers(site: Running, twilio: TwilioDouble) -> None:
    texted = await twilio.customer_texts(CUSTOMER, OURS, "Où est mon colis ? ✉")
    assert (texted.answer.status, texted.answer.media_type) == (200, "text/xml")
    contact = (await site.inputs(ContactReceived))[0].contact
    assert (contact.channel, contact.channel_address, contact.our_address) == (Channel.SMS, "sms1", OURS)
    assert (contact.address, contact.content.text, contact.language) == (CUSTOMER, "Où est mon colis ? ✉", "fr")
    assert contact.attributes == {"segments": 1, "country": "FR"}
    assert contact.conversation is not None
    assert CUSTOMER not in contact.conversation
    assert twilio.alerts == []


async def test_next_text_of_the_same_customer_is_of_the_same_conversation_and_a_strangers_is_not(
    site: Running, twilio: TwilioDouble
) -> None:
    for sender in (CUSTOMER, CUSTOMER, "+33639980002"):
        await twilio.customer_texts(sender, OURS, "Bonjour")
    first, second, stranger = [each.contact.conversation for each in await site.inputs(ContactReceived, 3)]
    assert first == second
    assert stranger != first


async def test_text_delivered_twice_has_one_receipt(site: Running, twilio: TwilioDouble) -> None:
    for _ in range(2):
        texted = await twilio.customer_texts(CUSTOMER, OURS, "Bonjour", sid="SM" + "1" * 32)
        assert texted.answer.status == 200
    first, second = await site.inputs(ContactReceived, 2)
    assert first.contact.receipt == second.contact.receipt
    assert first.contact.id == second.contact.id


async def test_wrong_or_missing_signature_is_refused(site: Running, twilio: TwilioDouble) -> None:
    for signature in ("", "bm90IGl0"):
        texted = await twilio.customer_texts(CUSTOMER, OURS, "Bonjour", signature=signature)
        assert (texted.answer.status, problem_name(texted.answer.body)) == (403, "bad_signature")
    async with site.client(None) as http:
        direct = await http.post("/v1/sms/twilio/messages", data={"To": OURS, "From": CUSTOMER, "Body": "x", "MessageSid": "SM1"})
    assert direct.status_code == 403


async def test_number_without_a_secret_takes_nothing(site: Running, twilio: TwilioDouble) -> None:
    texted = await twilio.customer_texts(CUSTOMER, BARE.address, "Bonjour")
    assert (texted.answer.status, problem_name(texted.answer.body)) == (403, "bad_signature")


async def test_number_that_is_nobodys_is_not_found(site: Running, twilio: TwilioDouble) -> None:
    texted = await twilio.customer_texts(CUSTOMER, "+33199000009", "Bonjour")
    assert (texted.answer.status, problem_name(texted.answer.body)) == (404, "unknown_channel_address")


@pytest.mark.parametrize("body", [b"\xff\xfe", b"To=%ff%fe&From=x", b"&".join(b"a%d=1" % n for n in range(400))])
async def test_body_that_is_no_form_is_refused(site: Running, body: bytes) -> None:
    async with site.client(None) as http:
        answered = await http.post(
            "/v1/sms/twilio/messages",
            content=body,
            headers={"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": "x"},
        )
    assert (answered.status_code, problem_name(answered.text)) == (400, "invalid_field")


async def test_body_over_the_limit_is_refused(site: Running) -> None:
    async with site.client(None) as http:
        answered = await http.post("/v1/sms/twilio/messages", content=b"Body=" + b"x" * 70_000)
    assert answered.status_code == 413


async def test_rotated_auth_token_is_taken_at_once(site: Running, twilio: TwilioDouble) -> None:
    await twilio.customer_texts(CUSTOMER, OURS, "Bonjour")
    await site.parts.secrets.put("t1", "twilio-main", "another")
    async with TwilioDouble(auth_token="another") as rotated:
        rotated.proxy(PUBLIC, site.url)
        rotated.number(OURS, sms_url=f"{PUBLIC}/v1/sms/twilio/messages")
        texted = await rotated.customer_texts(CUSTOMER, OURS, "Encore")
    assert texted.answer.status == 200


async def test_pictures_come_along(site: Running, twilio: TwilioDouble) -> None:
    picture = b"\x89PNG" + bytes(1_000)
    await twilio.customer_texts(CUSTOMER, OURS, "", media=(("image/png", picture),))
    contact = (await site.inputs(ContactReceived))[0].contact
    assert [(each.name, each.media_type, each.size_bytes) for each in contact.content.attachments] == [("media-1.png", "image/png", 1_004)]


async def test_pictures_are_looked_through_where_the_tenant_asks(tmp_path: Path, twilio: TwilioDouble, clock: ManualClock) -> None:
    settings = SmsSettings(twilio_url=twilio.url)
    async with (
        scripted_clamd() as daemon,
        running(tmp_path, lambda parts: build(settings, parts), clock=clock, http=HTTP, scanner=Clamd(daemon.address, within_s=1)) as site,
    ):
        await site.parts.secrets.put("t1", "twilio-main", twilio.auth_token)
        await site.configure("t1", replace(tenant_of_test(), scans_attachments=True), ADDRESS)
        twilio.proxy(PUBLIC, site.url)
        await twilio.customer_texts(CUSTOMER, OURS, "", media=(("image/png", b"fine"), ("image/png", EVIL)))
        contact = (await site.inputs(ContactReceived))[0].contact
        assert [each.state for each in contact.content.attachments] == [AttachmentState.CLEAN, AttachmentState.REFUSED]


async def test_picture_that_cannot_be_had_is_counted_and_the_text_taken(site: Running, twilio: TwilioDouble) -> None:
    twilio.goes_wrong("GET", "", kind="refused", status=404, code=20404)
    texted = await twilio.customer_texts(CUSTOMER, OURS, "Voir photo", media=(("image/png", b"x"),))
    assert texted.answer.status == 200
    contact = (await site.inputs(ContactReceived))[0].contact
    assert contact.attributes["files_missing"] == 1


# ---- ways out


async def test_answer_reaches_the_customer_and_its_delivery_is_reported(site: Running, twilio: TwilioDouble) -> None:
    created = await received(site, twilio)
    await answer(site, created.conversation or "", "Il arrive demain.")
    await until_stored(site, "m1", "sent")
    await twilio.advance(1_000)
    reports = await site.inputs(DeliveryReported, 2)
    assert [text.body for text in twilio.received(CUSTOMER)] == ["Il arrive demain."]
    assert [(report.message, report.state) for report in reports] == [("m1", DeliveryState.SENT), ("m1", DeliveryState.DELIVERED)]


async def test_agent_begins_with_a_number(site: Running, twilio: TwilioDouble) -> None:
    await answer(site, "cv-new", "Votre commande est prête.", address="+33 6 39 98 00 07")
    await twilio.until(lambda: len(twilio.account.texts) == 1, "the text was handed over")
    assert next(iter(twilio.account.texts.values())).to == "+33639980007"


async def test_undelivered_text_is_told_in_plain_words(site: Running, twilio: TwilioDouble) -> None:
    unreachable = "+33639989901"
    created = await received(site, twilio, unreachable)
    await answer(site, created.conversation or "", "Allô ?")
    await until_stored(site, "m1", "sent")
    await twilio.advance(1_000)
    failed = (await site.inputs(DeliveryReported, 2))[1]
    assert (failed.state, failed.code, failed.is_final) == (DeliveryState.FAILED, "30003", True)
    assert failed.detail == "Le téléphone du client est éteint ou hors de portée."


async def test_number_that_takes_no_texts_fails_at_once(site: Running, twilio: TwilioDouble) -> None:
    await answer(site, "cv-new", "Bonjour", address="+15005550009")
    failed = (await site.inputs(DeliveryReported))[0]
    assert (failed.state, failed.code) == (DeliveryState.FAILED, "21614")


async def test_busy_provider_is_tried_again(site: Running, twilio: TwilioDouble, clock: ManualClock) -> None:
    await answer(site, "cv-new", "Bonjour", address="+33639989904")
    await twilio.until(lambda: len(twilio.rest.requests) == 1, "the first try")
    await until_stored(site, "m1", "delayed")
    clock.advance(3_000)
    await twilio.until(lambda: len(twilio.account.texts) == 1, "the second try")


async def test_text_whose_answer_was_lost_is_looked_up_and_not_sent_twice(site: Running, twilio: TwilioDouble, clock: ManualClock) -> None:
    await answer(site, "cv-new", "Bonjour", address="+33639989903")
    await until_stored(site, "m1", "delayed")
    clock.advance(3_000)
    sent = (await site.inputs(DeliveryReported))[0]
    assert sent.state is DeliveryState.SENT
    assert len(twilio.account.texts) == 1
    record = await site.parts.store.tenant("t1").get(SENDS, "m1")
    assert record is not None
    assert record.body["provider_id"] == next(iter(twilio.account.texts))


async def test_text_that_never_arrived_at_the_provider_is_sent_once_that_is_certain(
    site: Running, twilio: TwilioDouble, clock: ManualClock
) -> None:
    twilio.goes_wrong("POST", "/Messages.json", kind="lost")
    await answer(site, "cv-new", "Bonjour", address=CUSTOMER)
    await until_stored(site, "m1", "delayed")
    clock.advance(12_000)
    await twilio.until(lambda: len(twilio.account.texts) == 1, "sent")
    assert (await site.inputs(DeliveryReported))[0].state is DeliveryState.SENT


async def test_two_same_texts_to_one_customer_are_told_apart_when_looked_up(
    site: Running, twilio: TwilioDouble, clock: ManualClock
) -> None:
    await answer(site, "cv-new", "ok", "m1", address=CUSTOMER)
    await until_stored(site, "m1", "sent")
    twilio.goes_wrong("POST", "/Messages.json", kind="lost")
    await answer(site, "cv-new", "ok", "m2", address=CUSTOMER)
    await until_stored(site, "m2", "delayed")
    clock.advance(12_000)
    await twilio.until(lambda: len(twilio.account.texts) == 2, "the second was sent as well")


async def test_callbacks_out_of_order_move_forward_only(site: Running, twilio: TwilioDouble) -> None:
    await answer(site, "cv-new", "Bonjour", address=CUSTOMER)
    await until_stored(site, "m1", "sent")
    text = next(iter(twilio.account.texts.values()))
    assert text.status_callback is not None
    for status in ("delivered", "sent", "failed", "delivered", "queued"):
        answered = await twilio.webhooks.send(text.status_callback, {"MessageSid": text.sid, "MessageStatus": status, "To": text.to})
        assert answered.status == 204
    await answer(site, "cv-new", "Fin", "m2", address=CUSTOMER)
    reports = await site.inputs(DeliveryReported, 3)
    assert [(each.message, each.state.value) for each in reports] == [("m1", "sent"), ("m1", "delivered"), ("m2", "sent")]


async def test_callback_with_a_made_up_token_or_signature_is_refused(site: Running, twilio: TwilioDouble) -> None:
    await answer(site, "cv-new", "Bonjour", address=CUSTOMER)
    await until_stored(site, "m1", "sent")
    url = next(iter(twilio.account.texts.values())).status_callback or ""
    fields = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    forged = await twilio.webhooks.send(url[:-4] + "AAAA", fields)
    unsigned = await twilio.webhooks.send(url, fields, signature="bm90IGl0")
    assert (forged.status, problem_name(forged.body)) == (401, "bad_token")
    assert (unsigned.status, problem_name(unsigned.body)) == (403, "bad_signature")


@pytest.mark.parametrize(("stop", "start"), [("STOP", "START"), ("Arrêt.", "reprendre")])
async def test_customer_who_said_stop_gets_no_more_until_he_says_start(site: Running, twilio: TwilioDouble, stop: str, start: str) -> None:
    created = await received(site, twilio)
    await twilio.customer_texts(CUSTOMER, OURS, stop)
    stopped = (await site.inputs(ContactReceived, 2))[1].contact
    assert stopped.attributes["keyword"] == "stop"
    await answer(site, created.conversation or "", "Encore une offre", "m1")
    failed = (await site.inputs(DeliveryReported))[0]
    assert (failed.state, failed.code) == (DeliveryState.FAILED, "opted_out")
    assert len([text for text in twilio.account.texts.values() if text.direction != "inbound"]) == 0
    await twilio.customer_texts(CUSTOMER, OURS, start)
    await answer(site, created.conversation or "", "Merci", "m2")
    await twilio.until(lambda: any(text.body == "Merci" for text in twilio.account.texts.values()), "sent again")


async def test_nothing_leaves_while_a_restore_is_held(site: Running, twilio: TwilioDouble, clock: ManualClock) -> None:
    await site.parts.hold.begin("backup-1")
    await answer(site, "cv-new", "Bonjour", address=CUSTOMER)
    await until_stored(site, "m1", "delayed")
    assert not twilio.rest.requests
    await site.parts.hold.release()
    clock.advance(10_000)
    await twilio.until(lambda: len(twilio.account.texts) == 1, "sent after the release")


@pytest.mark.parametrize(
    ("number", "state", "code"),
    [(CUSTOMER, "sent", None), ("+33639989901", "failed", "30003"), ("+33639989903", "sent", None), ("+33639989904", "sent", None)],
)
async def test_nothing_leaves_a_test_tenant(
    site: Running, twilio: TwilioDouble, clock: ManualClock, number: str, state: str, code: str | None
) -> None:
    await site.configure("t1", replace(tenant_of_test(), is_test=True))
    await answer(site, "cv-new", "Bonjour", address=number)
    if number in ("+33639989903", "+33639989904"):
        await until_stored(site, "m1", "delayed")
        clock.advance(3_000)
    report = (await site.inputs(DeliveryReported))[0]
    assert (report.state.value, report.code) == (state, code)
    assert not twilio.rest.requests


async def test_bus_away_is_answered_503_with_retry_after(tmp_path: Path, twilio: TwilioDouble) -> None:
    settings = SmsSettings(twilio_url=twilio.url)
    async with running(tmp_path, lambda parts: build(settings, parts), http=HTTP) as site:
        await site.parts.secrets.put("t1", "twilio-main", twilio.auth_token)
        await site.configure("t1", tenant_of_test(), ADDRESS)
        twilio.proxy(PUBLIC, site.url)
        await site.parts.bus.close()
        texted = await twilio.customer_texts(CUSTOMER, OURS, "Bonjour")
        assert (texted.answer.status, problem_name(texted.answer.body)) == (503, "bus_away")
        assert texted.answer.retry_after is not None


async def until_stored(site: Running, message: str, state: str) -> None:
    """Wait until the outbox's document of a message is in this state: read, a little real time between, ten seconds at most."""
    async with asyncio.timeout(10):
        while True:
            found = await site.parts.store.tenant("t1").get(SENDS, message)
            if found is not None and found.body["state"] == state:
                return
            await asyncio.sleep(0.01)
