"""Where the tenant asks for a scanner, a file of an open channel is looked through as it comes, and none is given to the integrator that was not found safe."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

from standardiste.common.bus.topics import Topic
from standardiste.common.events.commands import OpenInteraction
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.inputs import ContactReceived
from standardiste.common.events.model import Author, AuthorKind, Channel, ChannelAddressId, ConversationId, InteractionId, MessageId
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.scanning.clamd import Clamd
from standardiste.common.testing.clamd import EVIL, scripted_clamd
from standardiste.common.testing.running import key_of_test, running, tenant_of_test
from standardiste.ingest_open.app import build
from standardiste.ingest_open.settings import OpenSettings

LETTERS = ChannelAddress(id=ChannelAddressId("ca_letters"), change_set=0, channel=Channel.OTHER, address="letters", channel_name="letter")
FILES = [
    {"name": name, "media_type": "application/pdf", "content": base64.b64encode(content).decode()}
    for name, content in (("fine.pdf", b"fine"), ("evil.pdf", EVIL))
]


async def test_files_are_looked_through_both_ways(tmp_path: Path) -> None:
    async with (
        scripted_clamd() as daemon,
        running(tmp_path, lambda parts: build(OpenSettings(), parts), scanner=Clamd(daemon.address)) as site,
        site.client() as http,
    ):
        key = key_of_test("contact.create", "message.send", "reply.read")
        await site.configure("t1", replace(tenant_of_test(), scans_attachments=True), LETTERS, key)
        letter = {"channel": "letters", "from": {"address": "client-77"}, "text": "Voir pièces", "attachments": FILES}
        assert (await http.post("/v1/interactions", json=letter, headers={"Idempotency-Key": "l1"})).status_code == 202
        came = (await site.inputs(ContactReceived))[0].contact.content.attachments
        assert [(each.name, each.state) for each in came] == [("fine.pdf", "clean"), ("evil.pdf", "refused")]

        out = {"channel": "letter", "to": {"address": "client-77"}, "text": "Ci-joint.", "attachments": FILES}
        sent = (await http.post("/v1/messages", json=out, headers={"Idempotency-Key": "m1"})).json()
        command = (await site.inputs(OpenInteraction))[0]
        assert command.content is not None
        deliver = DeliverMessage(
            conversation=ConversationId(sent["conversation"]),
            interaction=InteractionId("in_1"),
            message=MessageId(sent["id"]),
            author=Author(kind=AuthorKind.SYSTEM),
            content=command.content,
            channel=Channel.OTHER,
            channel_address=LETTERS.id,
            address=command.address,
        )
        await site.decide("t1", deliver, topic=Topic.OUTBOUND_OPEN)
        path = f"/v1/interactions/{sent['conversation']}/replies"
        while (page := await http.get(path)).status_code == 404 or not page.json()["items"]:
            pass
        urls = {each["name"]: each["url"] for each in page.json()["items"][0]["attachments"]}
        assert (await http.get(urls["fine.pdf"])).content == b"fine"
        refused = await http.get(urls["evil.pdf"])
        assert (refused.status_code, refused.json()["type"].rsplit("/")[-1]) == (403, "not_allowed")
