"""Signed visitors, files both ways, forms and hours, messages left, transcripts by mail: over real HTTP, log and store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import OctKey

from standardiste.common.events.commands import OpenInteraction
from standardiste.common.events.directory import Calendar, Opening
from standardiste.common.events.inputs import ContactReceived
from standardiste.common.events.model import Assurance, Attachment, BlobName, Channel, ChannelAddressId, Content, ConversationId, MessageId
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.testing.builders import TENANT, channel_address, tenant
from standardiste.common.testing.chat import ALICE, INTERACTION, PAGE, ChatRouter
from standardiste.common.testing.running import Running
from standardiste.common.testing.visitor import Visitor

SECRET = "a-secret-that-the-site-shares-with-its-page"
MAIL = channel_address(Channel.EMAIL, settings={})
SHOP = replace(
    PAGE,
    settings={
        **PAGE.settings,
        "identity_secret": "shop-identity",
        "form": "name* email contract",
        "form_contract_fr": "N° de contrat",
        "offline_address": MAIL.id,
        "transcript_address": MAIL.id,
        "calendar": "shop-hours",
    },
)
NEVER = Calendar(id="shop-hours", change_set=0, zone="Europe/Paris", openings=(Opening(weekdays=(1,), opens="00:00", closes="00:01"),))
LEFT = {"email": "Jeanne@client.example", "name": "Jeanne Roux", "text": "Rappelez-moi", "language": "fr", "fields": {"contract": "C-1"}}


@pytest_asyncio.fixture
async def shop(site: Running) -> Running:
    await site.parts.secrets.put(TENANT, "shop-identity", SECRET)
    await site.configure(TENANT, tenant(), SHOP, MAIL, NEVER)
    return site


def problem_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"].rsplit("/", 1)[1]


def identity(site: Running, subject: str = "user-42", **more: Any) -> str:
    claims = {"sub": subject, "exp": site.parts.clock.now() // 1000 + 600, "name": "Jeanne Roux", **more}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# ---- who the site says it is


async def test_signed_visitor_is_the_same_customer_on_every_device_and_nobody_else_is(shop: Running) -> None:
    first = await Visitor.begin(shop.url, PAGE.address, identity=identity(shop), message={"id": "a", "text": "un"})
    await Visitor.begin(shop.url, PAGE.address, identity=identity(shop), message={"id": "a", "text": "deux"})
    await Visitor.begin(shop.url, PAGE.address, identity=identity(shop, "user-43"), message={"id": "a", "text": "trois"})
    await Visitor.begin(shop.url, PAGE.address, visitor=first.visitor, message={"id": "a", "text": "quatre"})
    one, two, three, four = [event.contact for event in await shop.inputs(ContactReceived, 4)]
    assert one.address == two.address
    assert len({one.address, three.address, four.address}) == 3, "a signed visitor's token alone begins no session as him"
    assert [each.assurance for each in (one, two, three, four)] == [*[Assurance.SIGNED_VISITOR] * 3, Assurance.ASSERTED]
    assert (one.name, one.attributes["site_user"]) == ("Jeanne Roux", "user-42")


async def test_word_that_the_page_did_not_sign_is_refused(shop: Running) -> None:
    async with shop.client(None) as http:
        forged = jwt.encode({"alg": "HS256"}, {"sub": "admin", "exp": 9e9}, OctKey.import_key("not-the-secret-of-the-page-at-all"))
        asked = {"page": PAGE.address, "identity": forged}
        assert problem_of(await http.post("/v1/chat/sessions", json=asked)) == (401, "bad_token")


# ---- what the page is


async def test_page_says_what_it_asks_and_whether_it_is_open(shop: Running) -> None:
    async with shop.client(None) as http:
        page = (await http.get(f"/v1/chat/pages/{PAGE.address}", params={"language": "fr"})).json()
    assert page["form"] == [
        {"name": "name", "is_required": True},
        {"name": "email", "is_required": False},
        {"name": "contract", "is_required": False, "label": "N° de contrat"},
    ]
    assert (page["takes_messages"], page["mails_transcript"], page["file_bytes_max"]) == (True, True, 10 * 1024 * 1024)
    assert page["is_open"] is False


async def test_message_left_is_handed_in_as_mail_once(shop: Running) -> None:
    async with shop.client(None) as http:
        path, headers = f"/v1/chat/pages/{PAGE.address}/messages", {"Idempotency-Key": "left-1"}
        first, again = [await http.post(path, json=LEFT, headers=headers) for _ in range(2)]
        assert (first.status_code, again.json()) == (202, first.json())
        assert problem_of(await http.post(path, json={**LEFT, "email": "nobody"})) == (400, "invalid_field")
        assert problem_of(await http.post(path, json={**LEFT, "text": " "})) == (400, "invalid_field")
    contact = (await shop.inputs(ContactReceived))[0].contact
    assert (contact.channel, contact.channel_address, contact.address) == (Channel.EMAIL, MAIL.id, "jeanne@client.example")
    assert (contact.name, contact.content.text, contact.is_live) == ("Jeanne Roux", "Rappelez-moi", False)
    assert contact.attributes == {"contract": "C-1", "left_on_page": PAGE.address}


async def test_page_without_an_address_for_it_takes_no_message(site: Running) -> None:
    async with site.client(None) as http:
        assert problem_of(await http.post(f"/v1/chat/pages/{PAGE.address}/messages", json=LEFT)) == (409, "refused")


# ---- files


async def test_file_of_the_visitor_is_a_message_and_can_be_fetched_again(site: Running) -> None:
    router, visitor = ChatRouter(site), await Visitor.begin(site.url, PAGE.address)
    path, content = f"/v1/chat/sessions/{visitor.session}/files", b"\x89PNG" + bytes(5_000)
    asked = {"id": "f1", "name": "../photo été.png"}
    async with site.client(None) as http:
        headers = {**bearer(visitor.token), "Content-Type": "image/png"}
        sent, again = [await http.post(path, params=asked, content=content, headers=headers) for _ in range(2)]
        assert (sent.status_code, again.json()) == (202, sent.json())
        await router.take()
        contact = (await site.inputs(ContactReceived))[0].contact
        [file] = contact.content.attachments
        assert (file.name, file.media_type, file.size_bytes) == ("photo été.png", "image/png", len(content))
        while not (page := (await http.get(f"/v1/chat/sessions/{visitor.session}/messages", headers=headers)).json())["items"]:
            pass
        [shown] = page["items"][0]["files"]
        assert shown == {"id": file.id, "name": "photo été.png", "media_type": "image/png", "size_bytes": len(content)}
        got = await http.get(f"{path}/{page['items'][0]['id']}/{shown['id']}", headers=headers)
        assert (got.content, got.headers["content-type"]) == (content, "application/octet-stream")
        assert got.headers["content-disposition"].startswith("attachment; ")
        stranger = await Visitor.begin(site.url, PAGE.address)
        for token in (stranger.token, "x"):
            refused = await http.get(f"{path}/{page['items'][0]['id']}/{shown['id']}", headers=bearer(token))
            assert problem_of(refused) == (401, "bad_token")
        assert problem_of(await http.get(f"{path}/{page['items'][0]['id']}/none", headers=headers)) == (404, "not_found")


@pytest.mark.parametrize(
    ("params", "content", "expected"),
    [
        ({"id": "f1", "name": "a"}, b"", (400, "invalid_field")),
        ({"id": "", "name": "a"}, b"x", (400, "invalid_field")),
        ({"id": "f1"}, b"x", (400, "invalid_field")),
        ({"id": "f1", "name": "a"}, b"x" * (10 * 1024 * 1024 + 1), (413, "too_large")),
    ],
)
async def test_bad_file_is_refused_by_name(site: Running, params: dict[str, str], content: bytes, expected: tuple[int, str]) -> None:
    visitor = await Visitor.begin(site.url, PAGE.address)
    async with site.client(None) as http:
        path = f"/v1/chat/sessions/{visitor.session}/files"
        assert problem_of(await http.post(path, params=params, content=content, headers=bearer(visitor.token))) == expected


async def test_file_of_an_agent_reaches_the_visitor(site: Running) -> None:
    router, visitor = ChatRouter(site), await Visitor.begin(site.url, PAGE.address, message={"id": "a", "text": "Bonjour"})
    await router.take()
    ref = await site.parts.blobs.put(TENANT, "a1", b"%PDF")
    file = Attachment(id="a1-1", name="devis.pdf", media_type="application/pdf", size_bytes=4, blob=BlobName(ref.name), sha256=ref.sha256)
    await router.send(
        DeliverMessage(
            conversation=ConversationId(visitor.session),
            interaction=INTERACTION,
            message=MessageId("a1"),
            author=ALICE,
            content=Content(text="Voici", attachments=(file,)),
            channel=Channel.CHAT,
            channel_address=ChannelAddressId("chat"),
        )
    )
    async with visitor.connected() as socket:
        while (said := await socket.next("said"))["author"]["kind"] != "agent":
            pass
    assert said["files"] == [{"id": "a1-1", "name": "devis.pdf", "media_type": "application/pdf", "size_bytes": 4}]
    async with site.client(None) as http:
        got = await http.get(f"/v1/chat/sessions/{visitor.session}/files/a1/a1-1", headers=bearer(visitor.token))
    assert got.content == b"%PDF"


# ---- the transcript by mail


async def test_transcript_is_asked_of_the_router_once_for_each_address(shop: Running) -> None:
    router, visitor = (
        ChatRouter(shop),
        await Visitor.begin(shop.url, PAGE.address, name="Zoé", language="fr", message={"id": "a", "text": "Où ?"}),
    )
    path = f"/v1/chat/sessions/{visitor.session}/transcript"
    async with shop.client(None) as http:
        await router.take()
        await router.say(visitor.session, "Demain.")
        async with visitor.connected() as socket:
            assert await socket.texts(2) == ["Où ?", "Demain."]
        while (await http.post(path, json={"email": "zoe@client.example"}, headers=bearer(visitor.token))).status_code != 202:
            pass
        command = (await shop.inputs(OpenInteraction))[0]
        assert problem_of(await http.post(path, json={"email": "zoe"}, headers=bearer(visitor.token))) == (400, "invalid_field")
        assert problem_of(await http.post(path, json={"email": "zoe@client.example"}, headers=bearer("x"))) == (401, "bad_token")
    assert command.content is not None
    assert (command.channel, command.channel_address, command.address) == (Channel.EMAIL, MAIL.id, "zoe@client.example")
    assert [line.split("] ", 1)[1] for line in command.content.text.splitlines()] == ["Vous : Où ?", "Alice : Demain."]
    assert (command.message or "").startswith("ct_")
