"""The open channel over real HTTP, log and store: accepted once, refused by name, answered, reported."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import pytest_asyncio

from standardiste.common.bus.port import Bus
from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Instant
from standardiste.common.events.decisions import InteractionCreated
from standardiste.common.events.directory import ChannelAddress, Queue
from standardiste.common.events.inputs import ContactReceived, DeliveryReported
from standardiste.common.events.model import (
    Author,
    AuthorKind,
    Channel,
    ChannelAddressId,
    Content,
    ConversationId,
    DeliveryState,
    InteractionId,
    MessageId,
    QueueId,
    SponsorId,
)
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.parts import Parts
from standardiste.common.service import Service
from standardiste.common.testing.away import AwayBus
from standardiste.common.testing.running import Running, key_of_test, running, tenant_of_test
from standardiste.ingest_open.app import build
from standardiste.ingest_open.settings import OpenSettings

LETTERS = ChannelAddress(id=ChannelAddressId("ca_letters"), change_set=0, channel=Channel.OTHER, address="letters", channel_name="letter")
SOCIAL = ChannelAddress(
    id=ChannelAddressId("ca_social"),
    change_set=0,
    channel=Channel.SOCIAL,
    address="acme-page",
    channel_name="mastodon",
    sponsor=SponsorId("acme"),
)
MAIL = ChannelAddress(id=ChannelAddressId("ca_mail"), change_set=0, channel=Channel.EMAIL, address="info@example.org")
LETTER = {"channel": "letters", "from": {"address": "client-77", "name": "Jeanne Roux"}, "subject": "Résiliation", "text": "Je résilie."}
OTHER_KEY = "sk_another-tenants-key"


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, lambda parts: build(OpenSettings(open_body_bytes_max=100_000), parts)) as found:
        scopes = ("contact.create", "reply.read", "delivery.report")
        await found.configure(
            "t1", tenant_of_test(), Queue(id=QueueId("billing"), change_set=0), LETTERS, SOCIAL, MAIL, key_of_test(*scopes)
        )
        await found.configure("t2", tenant_of_test("t2"), key_of_test(*scopes, key=OTHER_KEY, id="key2"))
        yield found


@pytest_asyncio.fixture
async def http(site: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with site.client() as found:
        yield found


async def post(http: httpx.AsyncClient, body: Any, key: str = "k1", path: str = "/v1/interactions") -> httpx.Response:
    return await http.post(path, json=body, headers={"Idempotency-Key": key})


def problem_of(response: httpx.Response) -> tuple[int, str, str | None]:
    body = response.json()
    return response.status_code, body["type"].rsplit("/", 1)[1], body.get("pointer")


async def answered(site: Running, conversation: str, *texts: str) -> None:
    """The router takes the contact and an agent answers."""
    contact = (await site.inputs(ContactReceived))[0].contact
    interaction = InteractionId("i1")
    await site.decide(
        "t1",
        InteractionCreated(
            interaction=interaction,
            contact=contact,
            conversation=ConversationId(conversation),
            enqueued_at=contact.received_at,
            change_set=1,
            identify_by=contact.received_at,
        ),
    )
    for number, text in enumerate(texts, 1):
        await site.decide(
            "t1",
            DeliverMessage(
                conversation=ConversationId(conversation),
                interaction=interaction,
                message=MessageId(f"m{number}"),
                author=Author(kind=AuthorKind.AGENT, id="p1", name="Alice"),
                content=Content(text=text),
                channel=Channel.OTHER,
                channel_address=LETTERS.id,
                in_reply_to=contact.id,
            ),
            topic=Topic.OUTBOUND_OPEN,
        )


async def test_contact_is_accepted_with_receipt_location_and_conversation(site: Running, http: httpx.AsyncClient) -> None:
    response = await post(http, {**LETTER, "queue": "billing", "priority": 3, "attributes": {"contract": "C-1", "vip": True}})
    body = response.json()
    assert response.status_code == 202
    assert response.headers["location"] == f"/v1/customers/receipts/{body['receipt']}"
    contact = (await site.inputs(ContactReceived))[0].contact
    assert (contact.receipt, contact.conversation) == (body["receipt"], body["conversation"])
    assert (contact.channel, contact.channel_name, contact.our_address) == (Channel.OTHER, "letter", "letters")
    assert (contact.address, contact.name) == ("client-77", "Jeanne Roux")
    assert (contact.content.text, contact.content.subject) == ("Je résilie.", "Résiliation")
    assert (contact.queue, contact.priority, contact.attributes) == ("billing", 3, {"contract": "C-1", "vip": True})


async def test_same_key_and_body_give_the_same_answer_and_another_body_is_refused(http: httpx.AsyncClient) -> None:
    first = await post(http, LETTER)
    assert (await post(http, LETTER)).json() == first.json()
    assert problem_of(await post(http, {**LETTER, "text": "autre"})) == (422, "idempotency_key_reused", None)
    assert (await post(http, LETTER, key="k2")).json() != first.json()


async def test_refused_body_uses_up_no_key(http: httpx.AsyncClient) -> None:
    assert (await post(http, {**LETTER, "priority": "high"})).status_code == 400
    assert (await post(http, LETTER)).status_code == 202


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"channel": "nowhere"}, (404, "unknown_channel_address", "/channel")),
        ({"channel": "info@example.org"}, (404, "unknown_channel_address", "/channel")),
        ({"channel_address": "ca_letters"}, (400, "invalid_field", "/channel_address")),
        ({"text": "", "subject": None}, (400, "invalid_field", "/text")),
        ({"text": 5}, (400, "invalid_field", "/text")),
        ({"from": {}}, (400, "invalid_field", "/from/address")),
        ({"tenant": "t2"}, (400, "invalid_field", "/tenant")),
        ({"attributes": {"a": []}}, (400, "invalid_field", "/attributes/a")),
        ({"received_at": "yesterday"}, (400, "invalid_field", "/received_at")),
        ({"queue": "nowhere"}, (400, "invalid_field", "/queue")),
        ({"conversation": "open_unknown"}, (404, "unknown_conversation", "/conversation")),
        ({"attachments": [{"name": "a.pdf", "content": "§"}]}, (400, "invalid_field", "/attachments/0/content")),
    ],
)
async def test_bad_body_gets_its_documented_problem(
    http: httpx.AsyncClient, change: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    assert problem_of(await post(http, {**LETTER, **change})) == expected


async def test_broken_json_missing_key_and_large_body_are_refused_by_name(http: httpx.AsyncClient) -> None:
    broken = await http.post("/v1/interactions", content=b'{"text": "\xff"}', headers={"Idempotency-Key": "k"})
    assert problem_of(broken)[:2] == (400, "invalid_field")
    assert problem_of(await http.post("/v1/interactions", json=LETTER))[:2] == (400, "idempotency_key_missing")
    assert problem_of(await post(http, {**LETTER, "text": "x" * 200_000}))[:2] == (413, "too_large")


async def test_credential_decides_tenant_and_scope(site: Running) -> None:
    async with site.client(None) as nobody, site.client(OTHER_KEY) as other, site.client("sk_wrong") as wrong:
        assert problem_of(await post(nobody, LETTER))[:2] == (401, "bad_credential")
        assert problem_of(await post(wrong, LETTER))[:2] == (401, "bad_credential")
        assert problem_of(await post(other, LETTER))[:2] == (404, "unknown_channel_address")
    await site.configure("t1", key_of_test("reply.read", key="sk_reader", id="key3"))
    async with site.client("sk_reader") as reader:
        assert problem_of(await post(reader, LETTER))[:2] == (403, "not_allowed")


async def test_key_of_one_sponsor_reaches_only_its_addresses(site: Running) -> None:
    await site.configure("t1", replace(key_of_test("contact.create", key="sk_acme", id="key4"), sponsor=SponsorId("acme")))
    async with site.client("sk_acme") as acme:
        assert (await post(acme, {**LETTER, "channel": "mastodon"})).status_code == 202
        assert problem_of(await post(acme, LETTER))[:2] == (403, "not_allowed")


async def test_thread_is_the_same_conversation_for_one_sender_only(http: httpx.AsyncClient) -> None:
    threaded = {**LETTER, "channel": "acme-page", "thread": "dm-1"}
    first = (await post(http, threaded, key="a")).json()["conversation"]
    assert (await post(http, {**threaded, "text": "encore"}, key="b")).json()["conversation"] == first
    stranger = {**threaded, "from": {"address": "somebody-else"}}
    assert (await post(http, stranger, key="c")).json()["conversation"] != first


async def test_attachment_is_kept_whole(site: Running, http: httpx.AsyncClient) -> None:
    content = bytes(range(256)) * 20
    await post(
        http,
        {**LETTER, "attachments": [{"name": "scan.pdf", "media_type": "application/pdf", "content": base64.b64encode(content).decode()}]},
    )
    attachment = (await site.inputs(ContactReceived))[0].contact.content.attachments[0]
    assert (attachment.name, attachment.media_type, attachment.size_bytes) == ("scan.pdf", "application/pdf", len(content))


async def test_answers_are_fetched_in_order_each_once(site: Running, http: httpx.AsyncClient) -> None:
    conversation = (await post(http, LETTER)).json()["conversation"]
    early = await http.get(f"/v1/interactions/{conversation}/replies")
    assert (problem_of(early)[:2], early.headers["retry-after"]) == ((404, "unknown_conversation"), "1")
    await answered(site, conversation, "Bonjour", "C'est fait", "Au revoir")
    assert (await http.get(f"/v1/interactions/{conversation}/replies")).status_code == 200, "asked at once, a moment is waited"
    reports = await site.inputs(DeliveryReported, 3)
    assert [(report.message, report.state) for report in reports] == [(f"m{n}", DeliveryState.SENT) for n in (1, 2, 3)]
    page = (await http.get(f"/v1/interactions/{conversation}/replies", params={"limit": 2})).json()
    assert [(item["id"], item["text"], item["author"]) for item in page["items"]] == [
        ("m1", "Bonjour", {"kind": "agent", "name": "Alice"}),
        ("m2", "C'est fait", {"kind": "agent", "name": "Alice"}),
    ]
    rest = (await http.get(f"/v1/interactions/{conversation}/replies", params={"after": page["next"]})).json()
    assert [item["text"] for item in rest["items"]] == ["Au revoir"]
    again = (await http.get(f"/v1/interactions/{conversation}/replies", params={"after": rest["next"]})).json()
    assert again == {"items": [], "next": rest["next"]}
    assert problem_of(await http.get(f"/v1/interactions/{conversation}/replies", params={"after": "x"}))[:2] == (400, "cursor_invalid")


async def test_other_tenants_conversation_is_unknown(site: Running, http: httpx.AsyncClient) -> None:
    conversation = (await post(http, LETTER)).json()["conversation"]
    await answered(site, conversation, "Bonjour")
    await site.inputs(DeliveryReported)
    async with site.client(OTHER_KEY) as other:
        assert problem_of(await other.get(f"/v1/interactions/{conversation}/replies"))[:2] == (404, "unknown_conversation")


async def test_further_message_joins_its_conversation_and_no_stranger_may_write_there(site: Running, http: httpx.AsyncClient) -> None:
    conversation = (await post(http, LETTER)).json()["conversation"]
    await answered(site, conversation, "Bonjour")
    await site.inputs(DeliveryReported)
    path = f"/v1/interactions/{conversation}/messages"
    assert (await post(http, {"text": "Merci"}, key="k2", path=path)).json()["conversation"] == conversation
    second = (await site.inputs(ContactReceived, 2))[1].contact
    assert (second.conversation, second.address, second.content.text) == (conversation, "client-77", "Merci")
    stranger = {"text": "Merci", "from": {"address": "somebody-else"}}
    assert problem_of(await post(http, stranger, key="k3", path=path)) == (400, "invalid_field", "/from/address")
    assert problem_of(await post(http, {"text": "x"}, key="k4", path="/v1/interactions/none/messages"))[:2] == (404, "unknown_conversation")


async def test_delivery_reported_by_the_integrator_reaches_the_router(site: Running, http: httpx.AsyncClient) -> None:
    conversation = (await post(http, LETTER)).json()["conversation"]
    await answered(site, conversation, "Bonjour")
    await site.inputs(DeliveryReported)
    path = f"/v1/interactions/{conversation}/messages/m1/delivery"
    body = {"state": "delivered", "at": "2026-01-02T03:04:05.006Z"}
    assert (await http.post(path, json=body)).status_code == 202
    report = (await site.inputs(DeliveryReported, 2))[1]
    assert (report.message, report.state, report.at, report.interaction) == ("m1", DeliveryState.DELIVERED, Instant(1767323045006), "i1")
    assert problem_of(await http.post(path, json={"state": "eaten"})) == (400, "invalid_field", "/state")
    assert problem_of(await http.post(path.replace("m1", "m9"), json=body))[:2] == (404, "not_found")


async def test_nothing_is_accepted_with_the_bus_away_and_the_same_request_is_afterwards(tmp_path: Path) -> None:
    buses: list[AwayBus] = []

    def built(parts: Parts) -> Service:
        buses.append(AwayBus(parts.bus))
        return build(OpenSettings(), replace(parts, bus=cast("Bus", buses[0])))

    entities = (tenant_of_test(), LETTERS, key_of_test("contact.create"))
    async with running(tmp_path, built, entities=entities) as site, site.client() as http:
        buses[0].is_away = True
        refused = await post(http, LETTER)
        assert problem_of(refused)[:2] == (503, "bus_away")
        assert int(refused.headers["retry-after"]) > 0
        buses[0].is_away = False
        accepted = await post(http, LETTER)
        assert accepted.status_code == 202
        assert [event.contact.receipt for event in await site.inputs(ContactReceived)] == [accepted.json()["receipt"]]
