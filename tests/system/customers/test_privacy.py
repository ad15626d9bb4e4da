"""Import, export and erasure over HTTP, on real parts."""

from __future__ import annotations

import base64
import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from standardiste.common.bus.dead_letters import dead_letters
from standardiste.common.bus.port import Outgoing
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import parse_rfc3339
from standardiste.common.events.base import Event
from standardiste.common.events.codec import encode
from standardiste.common.events.decisions import CustomerIdentified, InteractionClosed, InteractionCreated, MessageReceived
from standardiste.common.events.inputs import ContactIdentified, ContactReceived
from standardiste.common.events.model import (
    Attachment,
    Audience,
    Author,
    AuthorKind,
    BlobName,
    Channel,
    CloseReason,
    Contact,
    ContactId,
    ConversationId,
    Direction,
    InteractionId,
    Message,
    MessageId,
)
from standardiste.common.personal import PLACES
from standardiste.common.testing.builders import AT, contact, content, customer, scope
from standardiste.common.testing.bus import read_all
from standardiste.common.testing.running import Running, tenant_of_test

OTHER_KEY = "sk_another-tenants-key"

CONVERSATION = ConversationId("cv_1")
INTERACTION = InteractionId("in1")
PERSONAL = (b"jeanne", b"Jeanne", b"zanzibar", b"petit")


async def take(http: httpx.AsyncClient, text: str, expected: int = 200, **query: Any) -> dict[str, Any]:
    answer = await http.post("/v1/customers/imports", content=text.encode(), params=query, headers={"Accept-Language": "fr"})
    assert answer.status_code == expected, answer.text
    return answer.json()


async def found(http: httpx.AsyncClient, q: str) -> list[dict[str, Any]]:
    return (await http.get("/v1/customers", params={"q": q})).json()["items"]


async def test_an_import_makes_changes_and_names_what_it_refuses(http: httpx.AsyncClient) -> None:
    text = "name,email,external:crm\nJeanne,jeanne@example.org,1\nPaul,paul@example.org,2\nX,nobody,3\n"
    dry = await take(http, text, is_dry_run="true")
    assert (dry["made"], dry["refused"], await found(http, "jeanne")) == (2, 1, [])
    done = await take(http, text)
    assert (done["made"], done["changed"], done["unchanged"], done["refused"]) == (2, 0, 0, 1)
    assert done["faults"] == [{"line": 4, "name": "bad_address", "column": "email", "message": "Ce n'est pas une adresse de ce genre."}]
    again = await take(http, text)
    assert (again["made"], again["changed"], again["unchanged"]) == (0, 0, 2)
    moved = await take(http, "external:crm,email,phone\n1,j@example.org,+33612345678\n")
    assert moved["changed"] == 1
    (jeanne,) = await found(http, "jeanne")
    assert [each["address"] for each in jeanne["addresses"]] == ["jeanne@example.org", "j@example.org", "+33612345678"]
    several = await take(http, "external:crm,email\n1,paul@example.org\n")
    assert [fault["name"] for fault in several["faults"]] == ["several"]


async def test_lines_that_name_one_person_make_one_record(http: httpx.AsyncClient) -> None:
    text = "email,name\n" + "".join(f"same@example.org,N{n}\n" for n in range(200))
    done = await take(http, text)
    assert (done["made"], done["changed"], len(await found(http, "same"))) == (1, 199, 1)


async def test_no_csv_is_refused(http: httpx.AsyncClient) -> None:
    for text in ("nickname\nx\n", 'email\n"x', ""):
        await take(http, text, 400)


async def spoke(site: Running, floor: Any) -> str:
    """Jeanne wrote, with a file, and was answered; all of it is in the documents. Gives her record's id."""
    blob = await site.parts.blobs.put("t1", "c1", b"the file of jeanne petit")
    file = Attachment(id="a1", name="jeanne.txt", media_type="text/plain", size_bytes=24, blob=BlobName(blob.name), sha256=blob.sha256)
    said = content("Je pars pour zanzibar", attachments=(file,))
    one = contact("c1", address="jeanne@example.org", name="Jeanne Petit", conversation=CONVERSATION, content=said, channel=Channel.EMAIL)
    await tell(site, one)
    id = (await site.inputs(ContactIdentified))[0].customer.id
    message = Message(
        id=MessageId("c1"),
        author=Author(kind=AuthorKind.CUSTOMER, name="Jeanne"),
        audience=Audience.CUSTOMER,
        content=said,
        sent_at=AT,
        channel=Channel.EMAIL,
    )
    seq = await floor.decide(
        InteractionCreated(interaction=INTERACTION, contact=one, conversation=CONVERSATION, enqueued_at=AT, change_set=1, identify_by=AT),
        CustomerIdentified(
            interaction=INTERACTION, version=1, contact=ContactId("c1"), conversation=CONVERSATION, customer=customer(id=id)
        ),
        MessageReceived(interaction=INTERACTION, conversation=CONVERSATION, contact=ContactId("c1"), message=message),
    )
    async with site.client() as http:
        await http.get(f"/v1/customers/conversations/{CONVERSATION}", params={"at_least": seq})
    for place in PLACES:
        body = {"name": "Jeanne", "place": f"{CONVERSATION}/1", "open_in": CONVERSATION}
        await site.parts.store.tenant("t1").put(place.collection, CONVERSATION if place.by == "id" else f"x-{CONVERSATION}", body)
    letter = encode(
        Event(id="c9", source="ingest-email", subject="c9", tenant="t1", time=AT, data=ContactReceived(contact=one)), Topic.INPUTS
    )
    marks = {"dl-group": "g", "dl-reason": "r", "dl-tries": "5", "dl-topic": "inputs", "dl-partition": "0", "dl-offset": "1", "dl-at": "1"}
    await site.parts.bus.publish(
        Outgoing(topic=Topic.DEAD_LETTERS, tenant="t1", key="t1", value=letter.value, headers={**letter.headers, **marks, "dl-key": "t1"})
    )
    assert letter.value is not None
    of_another = letter.value.replace(b'"jeanne@example.org"', b'"paul@example.net"').replace(b"Je pars", b"jeanne@example.org")
    of_another = of_another.replace(CONVERSATION.encode(), b"cv_2")
    await site.parts.bus.publish(
        Outgoing(topic=Topic.DEAD_LETTERS, tenant="t1", key="t1", value=of_another, headers={**letter.headers, **marks, "dl-key": "t1"})
    )
    return id


async def ended(floor: Any) -> str:
    return await floor.decide(
        InteractionClosed(
            interaction=INTERACTION,
            version=2,
            conversation=CONVERSATION,
            receipts=(),
            reason=CloseReason.HANDLED,
            enqueued_at=AT,
            closed_at=AT,
            channel=Channel.EMAIL,
            channel_name="email",
            direction=Direction.INBOUND,
            scope=scope(),
            segments=(),
            change_set=1,
        )
    )


async def tell(site: Running, one: Contact) -> None:
    event = Event(id=one.id, source="ingest-email", subject=one.id, tenant="t1", time=AT, data=ContactReceived(contact=one))
    await site.parts.bus.publish(encode(event, Topic.INPUTS))


async def test_an_export_holds_the_record_the_words_and_the_files(site: Running, http: httpx.AsyncClient, floor: Any) -> None:
    id = await spoke(site, floor)
    seq = await ended(floor)
    await http.get(f"/v1/customers/conversations/{CONVERSATION}", params={"at_least": seq})
    answer = await http.get(f"/v1/customers/{id}/export")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["kind"] for line in lines] == ["customer", "conversation", "message", "file"]
    assert base64.b64decode(lines[3]["data"]["content"]) == b"the file of jeanne petit"
    assert "zanzibar" in answer.text
    await site.configure("t1", replace(tenant_of_test(), scans_attachments=True))
    unscanned = json.loads((await http.get(f"/v1/customers/{id}/export")).text.splitlines()[3])
    assert (unscanned["data"]["state"], "content" in unscanned["data"]) == ("unscanned", False), "no scanner has found it safe"


async def test_messages_are_found_by_their_words_and_only_by_whom_they_concern(site: Running, http: httpx.AsyncClient, floor: Any) -> None:
    await spoke(site, floor)
    await http.get(f"/v1/customers/conversations/{CONVERSATION}", params={"at_least": await ended(floor)})
    found_here = (await http.get("/v1/customers/messages", params={"q": "ZANZIBAR pars"})).json()["items"]
    assert [(each["conversation"], each["content"]["text"]) for each in found_here] == [(CONVERSATION, "Je pars pour zanzibar")]
    assert (await http.get("/v1/customers/messages", params={"q": "zanzibar nowhere"})).json()["items"] == []
    for credential in (site.token("ben"), OTHER_KEY):
        async with site.client(credential) as other:
            assert (await other.get("/v1/customers/messages", params={"q": "zanzibar"})).json()["items"] == []


@pytest.mark.parametrize("is_known_elsewhere", [False, True])
async def test_an_erasure_leaves_nothing_of_a_person_but_keyed_ids(
    site: Running, http: httpx.AsyncClient, floor: Any, tmp_path: Path, is_known_elsewhere: bool
) -> None:
    id = await spoke(site, floor)
    address = {"channel": "email", "address": "jeanne@example.org"}
    for word in ({"word": "withdrawn"}, {"word": "given", "purpose": "offers", "basis": "consent", "wording": "for jeanne"}):
        assert (await http.post("/v1/customers/consents", json={"address": address, **word})).status_code == 201
    refused = await http.post(f"/v1/customers/{id}/erasure", json={})
    assert (refused.status_code, refused.json()["reason"]) == (409, "wrong_state")
    await ended(floor)  # and asked at once: the erasure waits for the record to know it

    erased = await http.post(f"/v1/customers/{id}/erasure", json={"why": "asked"})
    assert erased.status_code == 201, erased.text
    closing = (await http.get(erased.headers["Location"])).json()
    assert closing == erased.json()
    assert closing["is_done"]
    assert {name: closing["counts"][name] for name in ("conversations", "messages", "files", "elsewhere", "dead_letters", "records")} == {
        "conversations": 1,
        "messages": 1,
        "files": 1,
        "elsewhere": len(PLACES),
        "dead_letters": 1,
        "records": 1,
    }
    days = (parse_rfc3339(closing["gone_by"]) - parse_rfc3339(closing["done_at"])) / 86_400_000
    assert days == 8
    assert (await http.get(f"/v1/customers/{id}")).status_code == 404
    theirs, another = await dead_letters(site.parts.bus)
    assert theirs.value is None
    assert another.value is not None, "of somebody else, who wrote of her address"
    assert [info async for info in site.parts.blobs.list("t1")] == []
    assert (await http.post("/v1/customers/permission", json={"address": address})).json()["reason"] == "opted_out"

    imported = await take(http, "email,name\nJeanne@example.org,Jeanne\nother@example.org,O\n")
    assert ([fault["name"] for fault in imported["faults"]], imported["made"]) == (["erased"], 1)

    if is_known_elsewhere:  # a restore brought her back; the list that was kept outside is given again
        await tell(site, contact("c5", address="jeanne@example.org", name="Jeanne"))
        back = (await site.inputs(ContactIdentified, 2))[-1].customer.id
        kept = {"items": [{**closing, "customers": [back]}]}
        applied = await http.post("/v1/customers/erasures", json=kept)
        assert applied.json() == {"given": 1, "applied": [closing["id"]]}
        assert (await http.get(f"/v1/customers/{back}")).status_code == 404
        assert (await http.post("/v1/customers/erasures", json=kept)).json()["applied"] == []
    stored = await everything(tmp_path)
    assert [word for word in PERSONAL if word in stored] == []


@pytest.mark.parametrize("bus", ["kafka"], indirect=True)
@pytest.mark.needs("kafka")
async def test_on_kafka_too_nobody_is_given_the_dead_letters_of_who_was_erased(site: Running, http: httpx.AsyncClient, floor: Any) -> None:
    id = await spoke(site, floor)
    await ended(floor)
    erased = await http.post(f"/v1/customers/{id}/erasure", json={})
    assert erased.status_code == 201, erased.text
    closing = erased.json()
    assert (closing["is_done"], closing["counts"]["dead_letters"]) == (True, 1)
    days = (parse_rfc3339(closing["gone_by"]) - parse_rfc3339(closing["done_at"])) / 86_400_000
    assert days == 31, "bytes on a broker's disk go with their segment"
    (another,) = await dead_letters(site.parts.bus)
    assert another.value is not None
    assert CONVERSATION.encode() not in another.value
    lying = [record.value for record in await read_all(site.parts.bus, Topic.DEAD_LETTERS)]
    assert [value for value in lying if value is not None] == [another.value], "whoever reads the topic itself"


async def everything(folder: Path) -> bytes:
    """Every document of the store, as it lies in the file."""
    with sqlite3.connect(f"file:{folder / 'store.sqlite'}?mode=ro", uri=True) as file:
        rows = file.execute("SELECT body, entries, words FROM documents").fetchall()
    return "\n".join("\n".join(row) for row in rows).encode()
