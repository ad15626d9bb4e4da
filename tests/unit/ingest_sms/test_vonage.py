"""The adapter of Vonage: requests as the published models want them, webhooks understood and proven."""

from __future__ import annotations

import json
from typing import Any

import pytest
from vonage_messages.models import (
    BaseMessage,
    RcsText,
    Sms,
    WhatsappAudio,
    WhatsappFile,
    WhatsappImage,
    WhatsappTemplate,
    WhatsappText,
    WhatsappVideo,
)

from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import Channel, ChannelAddressId, DeliveryState
from standardiste.common.testing.vonage import VonageDouble
from standardiste.ingest_sms.keywords import Keyword
from standardiste.ingest_sms.media_out import OutMedia
from standardiste.ingest_sms.texts import OutText
from standardiste.ingest_sms.vonage import Media, inbound_of, is_signed, media_of, request_of, status_of

NOW = Instant(1_700_000_000_000)
INBOUND = {
    "channel": "sms", "message_uuid": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab", "to": "33639980010", "from": "33639981234", "text": "Bonjour",
    "timestamp": "2026-01-02T03:04:05Z", "message_type": "text", "sms": {"num_messages": "1"},
}  # fmt: skip


def text(ours: str = "+33639980010", **more: Any) -> OutText:
    address = ChannelAddress(id=ChannelAddressId("sms1"), change_set=0, channel=Channel.SMS, address=ours)
    return OutText(
        **{"tenant": "t1", "address": address, "to": "+33639981234", "message": "m1", "text": "Bonjour", "taken_at": NOW, **more}
    )


def file(media_type: str) -> OutMedia:
    return OutMedia(url="https://centre.example/v1/sms/media/x", media_type=media_type, name="devis.pdf")


@pytest.mark.parametrize(
    ("sent", "model"),
    [
        (text(), Sms),
        (text("whatsapp:+33639980010"), WhatsappText),
        (text("rcs:lumen"), RcsText),
        (text("whatsapp:+33639980010", media=(file("image/png"),)), WhatsappImage),
        (text("whatsapp:+33639980010", media=(file("video/mp4"),)), WhatsappVideo),
        (text("whatsapp:+33639980010", text="", media=(file("audio/ogg"),)), WhatsappAudio),
        (text("whatsapp:+33639980010", media=(file("audio/ogg"),)), WhatsappFile),
        (text("whatsapp:+33639980010", media=(file("application/pdf"),)), WhatsappFile),
        (text("whatsapp:+33639980010", template="delivery", template_values={"1": "Jeanne"}, language="fr"), WhatsappTemplate),
    ],
)
def test_request_is_one_of_the_published_models(sent: OutText, model: type[BaseMessage]) -> None:
    body = dict(request_of(sent, "https://centre.example/v1/sms/vonage/status/x"))
    read = model.model_validate({("from_" if name == "from" else name): value for name, value in body.items()})
    assert set(body) - {"from"} <= set(model.model_fields)
    assert (read.to, read.client_ref, read.webhook_url) == ("33639981234", "m1", "https://centre.example/v1/sms/vonage/status/x")


def test_inbound_text_is_understood() -> None:
    found = inbound_of(json.dumps(INBOUND).encode())
    assert (found.sid, found.ours, found.sender, found.text, found.word) == (
        INBOUND["message_uuid"], "+33639980010", "+33639981234", "Bonjour", None,
    )  # fmt: skip
    stop = inbound_of(json.dumps({**INBOUND, "text": "STOP"}).encode())
    assert stop.word is Keyword.STOP
    app = inbound_of(json.dumps({**INBOUND, "channel": "whatsapp", "profile": {"name": "Jeanne"}}).encode())
    assert (app.ours, app.sender, app.name) == ("whatsapp:+33639980010", "+33639981234", "Jeanne")


def test_file_of_a_message_and_the_words_beside_it_are_understood() -> None:
    image = {"url": "https://api.nexmo.com/v3/media/1", "caption": "Ma lampe", "name": "lampe.jpg"}
    body = json.dumps({**INBOUND, "text": None, "message_type": "image", "image": image}).encode()
    assert (media_of(body), inbound_of(body).text) == (Media(url=image["url"], name="lampe.jpg"), "Ma lampe")
    for nothing in ({}, {"message_type": "image"}, {"message_type": "image", "image": {"url": 5}}, {"message_type": ["image"]}):
        assert media_of(json.dumps({**INBOUND, **nothing}).encode()) is None


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff", json.dumps({**INBOUND, "message_uuid": ""}).encode(), json.dumps({**INBOUND, "from": 5}).encode()]
)
def test_what_is_no_text_is_refused_by_name(body: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        inbound_of(body)
    assert refused.value.reason == "invalid_field"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("submitted", DeliveryState.SENT),
        ("delivered", DeliveryState.DELIVERED),
        ("read", DeliveryState.READ),
        ("rejected", DeliveryState.FAILED),
        ("undeliverable", DeliveryState.FAILED),
        ("something new", None),
    ],
)
def test_status_says_how_far_it_is(status: str, expected: DeliveryState | None) -> None:
    told = {"message_uuid": "u1", "status": status, "error": {"title": 1320, "detail": "x"}}
    assert status_of(json.dumps(told).encode()) == (expected, "u1", "1320")


def test_signature_is_the_accounts_fresh_and_about_this_body() -> None:
    double, body = VonageDouble(), b'{"a": 1}'
    header, secret = double.authorization(body, NOW / 1000), double.signature_secret
    assert is_signed(secret, header, body, NOW)
    assert not is_signed(secret, header, body + b" ", NOW)
    assert not is_signed(secret, header, body, Instant(NOW + 301_000))
    assert not is_signed("another-secret-of-enough-characters", header, body, NOW)
    assert not is_signed(secret, "Bearer x.y.z", body, NOW)
    assert not is_signed(secret, "", body, NOW)
