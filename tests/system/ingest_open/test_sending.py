"""Writing to a person on any channel: one call, one message, and where it stands."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Instant
from standardiste.common.events.commands import OpenInteraction
from standardiste.common.events.decisions import CommandDone, CommandRefused, MessageDelivered, MessageFailed, MessageSent
from standardiste.common.events.directory import ChannelAddress, Site
from standardiste.common.events.model import (
    Author,
    AuthorKind,
    Channel,
    ChannelAddressId,
    CommandId,
    ConversationId,
    InteractionId,
    MessageId,
    SiteId,
    SponsorId,
)
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.permission.consent import ConsentEntry, Word
from standardiste.common.permission.ledger import Ledger
from standardiste.common.testing.running import Running, key_of_test, running, tenant_of_test
from standardiste.ingest_open.app import build
from standardiste.ingest_open.settings import OpenSettings

SITE = Site(id=SiteId("main"), change_set=0, country="FR")
SMS = ChannelAddress(id=ChannelAddressId("ca_sms"), change_set=0, channel=Channel.SMS, address="+33639980010")
MAIL = ChannelAddress(id=ChannelAddressId("ca_mail"), change_set=0, channel=Channel.EMAIL, address="info@example.org")
LETTERS = ChannelAddress(id=ChannelAddressId("ca_letters"), change_set=0, channel=Channel.OTHER, address="letters", channel_name="letter")
CHAT = ChannelAddress(id=ChannelAddressId("ca_chat"), change_set=0, channel=Channel.CHAT, address="page")
TEXT = {"channel": "sms", "to": {"address": "06 39 98 12 34", "name": "Jeanne Roux"}, "text": "Votre colis est arrivé."}
OTHER_KEY = "sk_another-tenants-key"


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, lambda parts: build(OpenSettings(), parts)) as found:
        await found.configure("t1", tenant_of_test(), SITE, SMS, MAIL, LETTERS, CHAT, key_of_test("message.send", "reply.read"))
        await found.configure("t2", tenant_of_test("t2"), key_of_test("message.send", "reply.read", key=OTHER_KEY, id="key2"))
        yield found


@pytest_asyncio.fixture
async def http(site: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with site.client() as found:
        yield found


async def send(http: httpx.AsyncClient, body: Any, key: str = "k1") -> httpx.Response:
    return await http.post("/v1/messages", json=body, headers={"Idempotency-Key": key})


async def state(http: httpx.AsyncClient, id: str, wanted: str) -> dict[str, Any]:
    """The message as soon as it stands there."""
    while (found := (await http.get(f"/v1/messages/{id}")).json())["state"] != wanted:
        pass
    return found


def problem_of(response: httpx.Response) -> tuple[int, str, str | None]:
    body = response.json()
    return response.status_code, body["type"].rsplit("/", 1)[1], body.get("pointer")


async def test_message_is_asked_of_the_router_once_however_often_it_is_posted(site: Running, http: httpx.AsyncClient) -> None:
    sent = await send(http, TEXT)
    assert sent.status_code == 202
    body = sent.json()
    assert sent.headers["location"] == f"/v1/messages/{body['id']}"
    assert body["state"] == "accepted"
    assert (await send(http, TEXT)).json() == body
    await send(http, {**TEXT, "text": "autre"}, key="k2")
    commands = await site.inputs(OpenInteraction, 2)
    assert [(each.message, each.address, each.name, each.channel_address) for each in commands[:1]] == [
        (body["id"], "+33639981234", "Jeanne Roux", "ca_sms")
    ]
    assert [each.content.text for each in commands if each.content] == ["Votre colis est arrivé.", "autre"]
    assert commands[0].conversation == commands[1].conversation == body["conversation"], "a pair of numbers has one conversation"


async def test_same_key_with_another_body_is_refused(http: httpx.AsyncClient) -> None:
    await send(http, TEXT)
    assert problem_of(await send(http, {**TEXT, "text": "autre"}))[:2] == (422, "idempotency_key_reused")


async def test_state_moves_forward_as_router_and_channel_say(site: Running, http: httpx.AsyncClient) -> None:
    id = (await send(http, TEXT)).json()["id"]
    conversation = (await site.inputs(OpenInteraction))[0].conversation or ConversationId("")
    await site.decide("t1", CommandDone(command=CommandId(id), command_type="interaction.open", interaction=InteractionId("in_live")))
    assert (await state(http, id, "sending"))["interaction"] == "in_live"
    about = {"conversation": conversation, "interaction": InteractionId("in_live"), "message": MessageId(id), "recipient": ""}
    await site.decide("t1", MessageDelivered(**about, at=Instant(5)))
    await site.decide("t1", MessageSent(**about, at=Instant(4)))
    await site.decide("t1", MessageFailed(**about, at=Instant(6), code="30003"))
    shown = await state(http, id, "delivered")
    assert (shown["message"], shown["updated_at"]) == (id, "1970-01-01T00:00:00.005Z")


async def test_refusal_of_the_router_is_named(site: Running, http: httpx.AsyncClient) -> None:
    id = (await send(http, TEXT)).json()["id"]
    await site.decide("t1", CommandRefused(command=CommandId(id), command_type="interaction.open", reason="customer_left", detail="Gone."))
    shown = await state(http, id, "refused")
    assert (shown["reason"], shown["detail"]) == ("customer_left", "Gone.")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"channel": "nowhere"}, (404, "unknown_channel_address", "/channel")),
        ({"channel": "page"}, (404, "unknown_channel_address", "/channel")),
        ({"channel_address": "ca_sms"}, (400, "invalid_field", "/channel_address")),
        ({"to": {"address": "Jeanne"}}, (400, "invalid_field", "/to/address")),
        ({"channel": "email"}, (400, "invalid_field", "/to/address")),
        ({"to": {}}, (400, "invalid_field", "/to/address")),
        ({"text": " "}, (400, "invalid_field", "/text")),
        ({"text": "é" * 40_000}, (400, "invalid_field", "/text")),
        ({"queue": "nowhere"}, (400, "invalid_field", "/queue")),
        ({"conversation": "open_x"}, (404, "unknown_conversation", "/conversation")),
        ({"tenant": "t2"}, (400, "invalid_field", "/tenant")),
        ({"attachments": [{"name": "a", "content": "§"}]}, (400, "invalid_field", "/attachments/0/content")),
    ],
)
async def test_bad_body_gets_its_documented_problem(
    http: httpx.AsyncClient, change: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    assert problem_of(await send(http, {**TEXT, **change})) == expected


async def test_person_who_wants_none_gets_none(site: Running, http: httpx.AsyncClient) -> None:
    ledger = Ledger(site.parts.store, site.parts.keys, site.parts.directory)
    address = ledger.address_id("t1", "main", Channel.SMS, "sms", "+33639981234") or ""
    now = site.parts.clock.now()
    before = (await send(http, TEXT, key="k0")).json()
    withdrawn = ConsentEntry(
        id="e1", address=address, sponsor=SponsorId("main"), word=Word.WITHDRAWN, at=now, recorded_at=now, recorded_by="test"
    )
    await ledger.record("t1", withdrawn)
    assert problem_of(await send(http, TEXT))[1] == "refused"
    again = await send(http, TEXT, key="k0")
    assert (again.status_code, again.json()["id"]) == (202, before["id"]), "what was accepted is answered the same"
    assert (await send(http, {**TEXT, "to": {"address": "+33639981235"}}, key="k2")).status_code == 202
    assert problem_of(await send(http, {**TEXT, "to": {"address": "+33639981235"}, "purpose": "marketing"}, key="k3"))[1] == "refused"


async def test_other_tenants_message_and_wrong_scope_are_refused(site: Running, http: httpx.AsyncClient) -> None:
    id = (await send(http, TEXT)).json()["id"]
    async with site.client(OTHER_KEY) as other:
        assert problem_of(await other.get(f"/v1/messages/{id}"))[:2] == (404, "not_found")
        assert problem_of(await send(other, TEXT))[:2] == (404, "unknown_channel_address")
    await site.configure("t1", key_of_test("reply.read", key="sk_reader", id="key3"))
    async with site.client("sk_reader") as reader:
        assert problem_of(await send(reader, TEXT))[:2] == (403, "not_allowed")


async def test_file_of_an_answer_on_an_open_channel_is_fetched_by_its_url(site: Running, http: httpx.AsyncClient) -> None:
    content = bytes(range(256))
    file = {"name": "contrat.pdf", "media_type": "application/pdf", "content": base64.b64encode(content).decode()}
    body = (await send(http, {"channel": "letter", "to": {"address": "client-77"}, "text": "Ci-joint.", "attachments": [file]})).json()
    command = (await site.inputs(OpenInteraction))[0]
    assert command.content is not None
    await site.decide(
        "t1",
        DeliverMessage(
            conversation=ConversationId(body["conversation"]),
            interaction=InteractionId("in_1"),
            message=MessageId(body["id"]),
            author=Author(kind=AuthorKind.SYSTEM),
            content=command.content,
            channel=Channel.OTHER,
            channel_address=LETTERS.id,
            address=command.address,
        ),
        topic=Topic.OUTBOUND_OPEN,
    )
    path = f"/v1/interactions/{body['conversation']}/replies"
    while (page := await http.get(path)).status_code == 404 or not page.json()["items"]:
        pass
    attachment = page.json()["items"][0]["attachments"][0]
    assert (attachment["name"], attachment["size_bytes"]) == ("contrat.pdf", 256)
    got = await http.get(attachment["url"])
    assert (got.content, got.headers["content-disposition"]) == (content, "attachment")
    assert problem_of(await http.get(attachment["url"] + "x"))[:2] == (404, "not_found")
    async with site.client(OTHER_KEY) as other:
        assert problem_of(await other.get(attachment["url"]))[:2] == (404, "unknown_conversation")
