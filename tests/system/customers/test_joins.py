"""Two records that are one person, and one that is two; the consent ledger over HTTP; records with external ids and declared attributes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Event
from standardiste.common.events.codec import encode
from standardiste.common.events.decisions import CustomerIdentified, InteractionCreated
from standardiste.common.events.directory import RightGrant, Site
from standardiste.common.events.directory_customers import Crm, CustomerAttribute
from standardiste.common.events.inputs import ContactIdentified, ContactReceived
from standardiste.common.events.model import Channel, Contact, ConversationId, InteractionId, SiteId
from standardiste.common.testing.builders import AT, contact, customer
from standardiste.common.testing.running import Running


async def came(site: Running, *contacts: Contact) -> None:
    for each in contacts:
        event = Event(id=each.id, source="ingest-email", subject=each.id, tenant="t1", time=AT, data=ContactReceived(contact=each))
        await site.parts.bus.publish(encode(event, Topic.INPUTS))


async def identified(site: Running, count: int) -> list[ContactIdentified]:
    return await site.inputs(ContactIdentified, count)


async def post(http: httpx.AsyncClient, path: str, body: dict[str, Any], expected: int = 200) -> dict[str, Any]:
    answer = await http.post(f"/v1/customers{path}", json=body)
    assert answer.status_code == expected, answer.text
    return answer.json()


async def get(http: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    answer = await http.get(f"/v1/customers{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_merge_moves_addresses_and_live_conversations_and_a_split_gives_them_back(
    site: Running, http: httpx.AsyncClient, floor: Any
) -> None:
    texter = contact(
        "c2", channel=Channel.SMS, channel_name="sms", address="+33612345678", conversation=ConversationId("cv_sms"), name="J."
    )
    await came(site, contact("c1", address="jean@example.org", name="Jean"), texter)
    by_contact = {each.contact: each.customer.id for each in await identified(site, 2)}
    one, other = by_contact["c1"], by_contact["c2"]
    await floor.decide(
        InteractionCreated(
            interaction=InteractionId("in1"),
            contact=texter,
            conversation=texter.conversation,
            enqueued_at=AT,
            change_set=1,
            identify_by=AT,
        ),
    )
    await floor.decide(
        CustomerIdentified(
            interaction=InteractionId("in1"),
            version=1,
            contact=texter.id,
            conversation=ConversationId("cv_sms"),
            customer=customer(id=other),
        )
    )

    merged = await post(http, f"/{one}/merge", {"other": other, "why": "same person"})
    assert [each["address"] for each in merged["customer"]["addresses"]] == ["jean@example.org", "+33612345678"]
    assert (await get(http, f"/{other}"))["merged_into"] == one
    assert [each["id"] for each in (await get(http, f"/{one}/conversations"))["items"]] == ["cv_sms"]
    told = (await identified(site, 3))[-1]
    assert (told.customer.id, told.conversation, told.receipt) == (one, "cv_sms", texter.receipt)
    await came(site, contact("c3", channel=Channel.SMS, channel_name="sms", address="+33612345678"))
    assert (await identified(site, 4))[-1].customer.id == one

    split = await post(http, f"/{one}/split", {"addresses": [{"channel": "sms", "address": "+33612345678"}]})
    assert split["customer"]["id"] == other
    assert (await get(http, f"/{other}"))["name"] == "J."
    assert "merged_into" not in await get(http, f"/{other}")
    assert [each["address"] for each in (await get(http, f"/{one}"))["addresses"]] == ["jean@example.org"]
    assert [each["id"] for each in (await get(http, f"/{other}/conversations"))["items"]] == ["cv_sms"]
    await came(site, contact("c4", channel=Channel.SMS, channel_name="sms", address="+33612345678"))
    assert (await identified(site, 6))[-1].customer.id == other
    assert [each["kind"] for each in (await get(http, f"/{one}/joins"))["items"]] == ["split", "merge"]


async def test_an_address_without_a_past_is_split_to_a_new_record(http: httpx.AsyncClient) -> None:
    addresses = [{"channel": "email", "address": "a@example.org"}, {"channel": "email", "address": "B@example.org"}]
    made = await post(http, "", {"name": "A", "addresses": addresses}, 201)
    split = await post(http, f"/{made['id']}/split", {"addresses": [{"channel": "email", "address": "b@example.org"}]})
    assert split["customer"]["id"] != made["id"]
    assert [each["address"] for each in split["customer"]["addresses"]] == ["b@example.org"]
    refused = await http.post(f"/v1/customers/{made['id']}/split", json={"addresses": [{"channel": "email", "address": "b@example.org"}]})
    assert refused.status_code == 400


async def test_who_was_merged_away_is_not_merged_again(http: httpx.AsyncClient) -> None:
    ids = [(await post(http, "", {"addresses": [{"channel": "email", "address": f"{n}@example.org"}]}, 201))["id"] for n in range(3)]
    await post(http, f"/{ids[0]}/merge", {"other": ids[1]})
    for body in ({"other": ids[1]}, {"other": ids[0]}):
        assert (await http.post(f"/v1/customers/{ids[0]}/merge", json=body)).status_code == 400
    assert (await http.post(f"/v1/customers/{ids[0]}/merge", json={"other": "cu_gone"})).status_code == 404


async def test_an_address_and_an_external_id_are_one_records(site: Running, http: httpx.AsyncClient) -> None:
    await site.configure("t1", Site(id=SiteId("main"), change_set=0, country="FR"))
    body = {"name": "A", "external_ids": {"crm": "4711"}, "addresses": [{"channel": "voice", "address": "06 12 34 56 78"}]}
    made = await post(http, "", body, 201)
    assert made["addresses"] == [{"family": "phone", "address": "+33612345678", "is_blocked": False}]
    assert [each["id"] for each in (await get(http, "", external="crm:4711"))["items"]] == [made["id"]]
    assert (await http.post("/v1/customers", json={"external_ids": {"crm": "4711"}})).status_code == 409
    assert (await http.post("/v1/customers", json={"addresses": [{"channel": "sms", "address": "+33612345678"}]})).status_code == 409


async def test_attributes_are_as_declared_and_seen_by_whom_they_are_for(site: Running, http: httpx.AsyncClient) -> None:
    await site.configure(
        "t1",
        CustomerAttribute(id="plan", change_set=0, type="choice", choices=("basic", "gold")),
        CustomerAttribute(id="debt", change_set=0, type="number", seen_by=("supervisor",)),
        Crm(id="crm", change_set=0, lookup_url="https://crm.example/c/{external.crm}?n={name}"),
    )
    made = await post(http, "", {"name": "A B", "external_ids": {"crm": "4/7"}, "attributes": {"plan": "gold", "debt": 12}}, 201)
    assert made["lookup_urls"] == [{"crm": "crm", "name": {}, "url": "https://crm.example/c/4%2F7?n=A%20B"}]
    path = f"/v1/customers/{made['id']}"
    for wrong in ({"plan": "silver"}, {"debt": "much"}):
        refused = await http.patch(path, json={"attributes": wrong}, headers={"If-Match": "*"})
        assert (refused.status_code, refused.json()["pointer"]) == (400, f"/attributes/{next(iter(wrong))}")
    agent, supervisor = (
        {"Authorization": f"Bearer {site.token(role, RightGrant(role=role, scope='tenant'))}"} for role in ("agent", "supervisor")
    )
    assert (await http.get(path, headers=agent)).json()["attributes"] == {"plan": "gold"}
    assert (await http.get(path, headers=supervisor)).json()["attributes"] == {"plan": "gold", "debt": 12}
    kept = await http.patch(path, json={"attributes": {"plan": "basic"}}, headers={**agent, "If-Match": "*"})
    assert kept.status_code == 200
    assert (await http.get(path, headers=supervisor)).json()["attributes"] == {"plan": "basic", "debt": 12}
    denied = await http.patch(path, json={"attributes": {"debt": 0}}, headers={**agent, "If-Match": "*"})
    assert denied.status_code == 400


async def test_the_ledger_is_written_read_and_asked_over_http(http: httpx.AsyncClient) -> None:
    made = await post(http, "", {"addresses": [{"channel": "sms", "address": "+33612345678"}]}, 201)
    address = {"channel": "sms", "address": "+33612345678"}
    assert (await post(http, "/permission", {"address": address}))["may_contact"]
    assert (await post(http, "/permission", {"address": address, "purpose": "offers"}))["reason"] == "not_permitted_now"
    said = {"address": address, "word": "given", "purpose": "offers", "basis": "consent", "wording": "Oui, je veux.", "source": "form"}
    await post(http, "/consents", said, 201)
    assert (await post(http, "/permission", {"address": address, "purpose": "offers"}))["may_contact"]
    await post(http, "/consents", {"address": address, "word": "withdrawn", "channel": "sms"}, 201)
    assert (await post(http, "/permission", {"address": address, "purpose": "offers"}))["reason"] == "opted_out"
    items = (await get(http, f"/{made['id']}/consents"))["items"]
    assert [each["word"] for each in items] == ["withdrawn", "given"]
    assert items[1]["wording"] == "Oui, je veux."
    for wrong in ({**said, "purpose": "*"}, {**said, "at": "2999-01-01T00:00:00Z"}, {**said, "word": "maybe"}):
        assert (await http.post("/v1/customers/consents", json=wrong)).status_code == 400


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_blocked_address_is_blocked_at_its_next_contact(site: Running, http: httpx.AsyncClient, is_known: bool) -> None:
    if is_known:
        await came(site, contact("c0", address="spam@example.org"))
        assert not (await identified(site, 1))[0].customer.is_blocked
    address = {"channel": "email", "address": "Spam@example.org"}
    await post(http, "/consents", {"address": address, "word": "blocked", "source": "agent"}, 201)
    await came(site, contact("c1", address="spam@example.org"))
    assert (await identified(site, 1 + is_known))[-1].customer.is_blocked
    assert (await post(http, "/permission", {"address": address}))["reason"] == "blocked"
    await post(http, "/consents", {"address": address, "word": "unblocked"}, 201)
    await came(site, contact("c2", address="spam@example.org"))
    assert not (await identified(site, 2 + is_known))[-1].customer.is_blocked


async def test_a_record_that_is_blocked_is_blocked_for_whatever_sends(http: httpx.AsyncClient) -> None:
    address = {"channel": "email", "address": "a@example.org"}
    made = await post(http, "", {"addresses": [address]}, 201)
    for is_blocked in (True, False, True):
        await http.patch(f"/v1/customers/{made['id']}", json={"is_blocked": is_blocked}, headers={"If-Match": "*"})
        assert (await post(http, "/permission", {"address": address}))["may_contact"] is not is_blocked


async def test_messages_are_found_by_words_over_all_channels(site: Running, http: httpx.AsyncClient) -> None:
    assert await get(http, "/messages", q="zanzibar") == {"items": [], "next": None}
    assert (await http.get("/v1/customers/messages", params={"q": "!!"})).status_code == 400
