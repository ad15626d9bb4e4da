"""customers over real HTTP, log and store: who it is, what was said, what became of it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Event, Instant
from standardiste.common.events.codec import encode
from standardiste.common.events.decisions import (
    AgentStateChanged,
    ContactRepeated,
    ContactUndeliverable,
    CustomerIdentified,
    InteractionActivated,
    InteractionClosed,
    InteractionCreated,
    InteractionMerged,
    MessageAccepted,
    MessageDelivered,
    MessageReceived,
    MessageRedacted,
    MessageSent,
)
from standardiste.common.events.inputs import ContactIdentified, ContactReceived, MailFound, MessageNoted
from standardiste.common.events.model import (
    AgentId,
    AgentState,
    AgentView,
    Attachment,
    Audience,
    Author,
    AuthorKind,
    BlobName,
    Channel,
    ChannelAddressId,
    CloseReason,
    Contact,
    ContactId,
    Content,
    ConversationId,
    CustomerId,
    CustomerSummary,
    Direction,
    InteractionId,
    InteractionState,
    Message,
    MessageId,
    ReceiptId,
    Seat,
    Segment,
    SponsorId,
    StatusId,
    Thread,
)
from standardiste.common.security.audit import Audit
from standardiste.common.testing import builders
from standardiste.common.testing.builders import AT
from standardiste.common.testing.running import Running, key_of_test

OTHER_KEY = "sk_another-tenants-key"


async def receive(site: Running, *contacts: Contact, tenant: str = "t1", traceparent: str | None = None) -> None:
    """The ways in hand contacts in, all at once."""
    events = [
        Event(
            id=each.id,
            source="ingest-email",
            subject=each.id,
            tenant=tenant,
            time=AT,
            data=ContactReceived(contact=each),
            traceparent=traceparent,
        )
        for each in contacts
    ]
    await site.parts.bus.publish(*(encode(event, Topic.INPUTS) for event in events))


async def identified(site: Running, count: int) -> dict[str, ContactIdentified]:
    """What was told of the first contacts, by contact."""
    return {each.contact: each for each in await site.inputs(ContactIdentified, count)}


def mail(id: str, address: str = "jean@example.org", message_id: str | None = None, **fields: Any) -> Contact:
    thread = Thread(
        message_id=message_id or f"{id}@example.org",
        in_reply_to=fields.pop("in_reply_to", None),
        references=fields.pop("references", ()),
        conversation=fields.pop("token", None),
    )
    return builders.contact(id, address=address, thread=thread, **fields)


def created(contact: Contact, interaction: str = "i1", conversation: str | None = None) -> InteractionCreated:
    return InteractionCreated(
        interaction=InteractionId(interaction),
        contact=contact,
        conversation=None if conversation is None else ConversationId(conversation),
        enqueued_at=AT,
        change_set=1,
        identify_by=AT,
    )


def told(contact: Contact, interaction: str = "i1", conversation: str | None = None, message: str = "m1") -> MessageReceived:
    return MessageReceived(
        interaction=InteractionId(interaction),
        conversation=None if conversation is None else ConversationId(conversation),
        contact=contact.id,
        message=Message(
            id=MessageId(message),
            author=Author(kind=AuthorKind.CUSTOMER, name="Jean Dupont"),
            audience=Audience.CUSTOMER,
            content=contact.content,
            sent_at=contact.received_at,
            channel=contact.channel,
        ),
    )


def known(contact: Contact, conversation: str, customer: str = "cu1", interaction: str = "i1") -> CustomerIdentified:
    return CustomerIdentified(
        interaction=InteractionId(interaction),
        version=1,
        contact=contact.id,
        conversation=ConversationId(conversation),
        customer=CustomerSummary(id=CustomerId(customer)),
    )


def answer(
    message: str = "m2", text: str = "Bien sûr.", conversation: str = "cv1", *, at: int = AT + 1_000, note: bool = False
) -> MessageAccepted:
    return MessageAccepted(
        interaction=InteractionId("i1"),
        conversation=ConversationId(conversation),
        message=Message(
            id=MessageId(message),
            author=Author(kind=AuthorKind.AGENT, id="anna", name="Anna"),
            audience=Audience.INTERNAL if note else Audience.CUSTOMER,
            content=Content(text=text),
            sent_at=Instant(at),
            channel=Channel.EMAIL,
        ),
    )


def closed(
    *receipts: str, interaction: str = "i1", conversation: str | None = "cv1", reason: CloseReason = CloseReason.HANDLED, **fields: Any
) -> InteractionClosed:
    scope = builders.scope(**({"sponsor": SponsorId(fields.pop("sponsor"))} if "sponsor" in fields else {}))
    return InteractionClosed(
        interaction=InteractionId(interaction),
        version=9,
        conversation=None if conversation is None else ConversationId(conversation),
        receipts=tuple(ReceiptId(each) for each in receipts),
        reason=reason,
        enqueued_at=AT,
        closed_at=Instant(AT + 5_000),
        channel=Channel.EMAIL,
        channel_name="email",
        direction=Direction.INBOUND,
        scope=scope,
        segments=(Segment(state=InteractionState.QUEUED, began_at=AT, ended_at=Instant(AT + 5_000), cause="arrived"),),
        change_set=1,
        **fields,
    )


def taken(agent: str = "anna", conversation: str | None = "cv1") -> InteractionActivated:
    known = None if conversation is None else ConversationId(conversation)
    return InteractionActivated(interaction=InteractionId("i1"), version=2, conversation=known, owner=AgentId(agent))


def rested(agent: str = "anna") -> AgentStateChanged:
    view = AgentView(
        id=AgentId(agent),
        version=3,
        state=AgentState.READY,
        since=AT,
        status=StatusId("ready"),
        next_status=None,
        session=None,
        seat=Seat(used_units=0, total_units=5),
    )
    return AgentStateChanged(view=view, former=AgentState.NOT_READY, former_since=AT, former_status=StatusId("away"))


async def get(http: httpx.AsyncClient, path: str, **query: str) -> Any:
    response = await http.get(path, params=query)
    assert response.status_code == 200, response.text
    return response.json()


def problem_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"].rsplit("/", 1)[1]


# ---- identification


async def test_first_contact_makes_a_customer_and_the_next_finds_it(site: Running) -> None:
    await receive(site, mail("c1", name="Jean Dupont", language="fr"))
    first = (await identified(site, 1))["c1"]
    assert (first.customer.name, first.customer.language, first.customer.is_known, first.is_repeat) == ("Jean Dupont", "fr", False, False)
    await receive(site, mail("c2", address="Jean@Example.org"))
    second = (await identified(site, 2))["c2"]
    assert (second.customer.id, second.customer.is_known) == (first.customer.id, True)
    assert second.conversation != first.conversation


async def test_identification_carries_the_contacts_trace_and_a_derived_id(site: Running) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await receive(site, mail("c1"), traceparent=trace)
    event = (await site.events(Topic.INPUTS, ContactIdentified))[0]
    assert (event.id, event.source, event.traceparent, event.subject) == ("c1:identified", "customers", trace, event.data.conversation)


async def test_contacts_of_one_address_at_once_are_one_customer(site: Running) -> None:
    phones = [
        builders.contact(f"c{n}", channel=(Channel.SMS, Channel.VOICE)[n % 2], address=f"{' ' * (n % 3)}+33612345678") for n in range(20)
    ]
    await receive(site, *phones)
    assert len({each.customer.id for each in (await identified(site, 20)).values()}) == 1


async def test_a_customer_is_one_sponsors(site: Running) -> None:
    await receive(site, mail("c1"), mail("c2", scope=builders.scope(sponsor=SponsorId("acme"))))
    found = await identified(site, 2)
    assert found["c1"].customer.id != found["c2"].customer.id


async def test_a_withheld_number_is_nobody(site: Running) -> None:
    await receive(site, *(builders.contact(f"c{n}", channel=Channel.VOICE, address="anonymous") for n in range(2)))
    found = await identified(site, 2)
    assert found["c0"].customer.id != found["c1"].customer.id
    assert not found["c1"].customer.is_known


async def test_a_session_brings_its_conversation_and_a_telephone_keeps_one(site: Running) -> None:
    await receive(
        site,
        builders.contact("c1", channel=Channel.CHAT, address="v1", conversation=ConversationId("chat1")),
        builders.contact("c2", channel=Channel.SMS, address="+33612345678"),
        builders.contact("c3", channel=Channel.SMS, address="+33612345678"),
    )
    found = await identified(site, 3)
    assert found["c1"].conversation == "chat1"
    assert found["c2"].conversation == found["c3"].conversation


async def test_an_answer_joins_the_conversation_of_the_mail_it_answers(site: Running) -> None:
    await receive(site, mail("c1"), mail("c2", in_reply_to="c1@example.org"), mail("c3", references=("x@y", "c2@example.org")), mail("c4"))
    found = await identified(site, 4)
    assert found["c1"].conversation == found["c2"].conversation == found["c3"].conversation
    assert found["c4"].conversation != found["c1"].conversation


async def test_an_answer_to_our_own_mail_joins_its_conversation(site: Running, http: httpx.AsyncClient, floor: Any) -> None:
    first = mail("c1")
    await receive(site, first)
    before = (await identified(site, 1))["c1"]
    seq = await floor.decide(
        created(first), known(first, before.conversation, before.customer.id), answer("m7", conversation=before.conversation)
    )
    await get(http, f"/v1/customers/conversations/{before.conversation}", at_least=seq)
    await receive(site, mail("c2", in_reply_to="m7@example.com"), mail("c3", address="eve@evil.example", in_reply_to="m7@example.com"))
    found = await identified(site, 3)
    assert found["c2"].conversation == before.conversation
    assert found["c3"].conversation != before.conversation
    assert (found["c2"].linked_to, found["c3"].linked_to) == (None, before.conversation)


async def test_a_token_counts_for_the_customer_of_its_conversation_only(site: Running, http: httpx.AsyncClient, floor: Any) -> None:
    first = mail("c1")
    await receive(site, first)
    before = (await identified(site, 1))["c1"]
    seq = await floor.decide(created(first), known(first, before.conversation, before.customer.id))
    await get(http, f"/v1/customers/conversations/{before.conversation}", at_least=seq)
    token = before.conversation
    await receive(site, mail("c2", token=token), mail("c3", address="eve@evil.example", token=token))
    found = await identified(site, 3)
    assert found["c2"].conversation == before.conversation
    assert (found["c3"].conversation != before.conversation, found["c3"].linked_to) == (True, before.conversation)


async def test_what_a_colleague_sent_from_outside_takes_its_place_and_so_does_the_answer(
    site: Running, http: httpx.AsyncClient, floor: Any
) -> None:
    first = mail("c1")
    await receive(site, first)
    before = (await identified(site, 1))["c1"]
    seq = await floor.decide(created(first), known(first, before.conversation, before.customer.id))
    await get(http, f"/v1/customers/conversations/{before.conversation}", at_least=seq)
    await receive_found(site, found("o1", ("jean@example.org",), in_reply_to="c1@example.org"), found("o2", ("nobody@example.org",)))
    noted = (await site.inputs(MessageNoted))[0]
    assert (noted.conversation, noted.interaction, noted.message.id, noted.is_to_be_sent) == (before.conversation, "i1", "ms_o1", False)
    await receive(site, mail("c2", in_reply_to="o1@outlook.example"))
    assert (await identified(site, 2))["c2"].conversation == before.conversation


async def receive_found(site: Running, *mails: MailFound) -> None:
    for each in mails:
        event = Event(id=each.message.id, source="ingest-email", subject=each.message.id, tenant="t1", time=AT, data=each)
        await site.parts.bus.publish(encode(event, Topic.INPUTS))


def found(id: str, to: tuple[str, ...], in_reply_to: str | None = None) -> MailFound:
    return MailFound(
        message=builders.message(f"ms_{id}"),
        channel_address=ChannelAddressId("email"),
        our_address="help@example.com",
        scope=builders.scope(),
        to=to,
        thread=Thread(message_id=f"{id}@outlook.example", in_reply_to=in_reply_to),
    )


async def test_a_thread_holds_together_without_its_root(site: Running) -> None:
    await receive(
        site,
        mail("c1", in_reply_to="never-seen@example.org"),
        mail("c2", references=("never-seen@example.org",)),
        mail("c3", address="eve@evil.example", references=("never-seen@example.org",)),
    )
    found = await identified(site, 3)
    assert found["c1"].conversation == found["c2"].conversation != found["c3"].conversation


async def test_a_stranger_who_names_a_thread_does_not_enter_it(site: Running) -> None:
    await receive(site, mail("c1"))
    first = (await identified(site, 1))["c1"]
    await receive(site, mail("c2", address="eve@evil.example", in_reply_to="c1@example.org", message_id="c1@example.org"))
    assert (await identified(site, 2))["c2"].conversation != first.conversation


async def test_what_was_handled_for_good_is_a_repeat_when_it_comes_again(site: Running, http: httpx.AsyncClient, floor: Any) -> None:
    contact = mail("c1")
    await receive(site, contact)
    first = (await identified(site, 1))["c1"]
    seq = await floor.decide(created(contact), known(contact, first.conversation, first.customer.id), closed("r_c1", conversation=None))
    await get(http, f"/v1/customers/conversations/{first.conversation}", at_least=seq)
    await receive(site, contact)
    again = (await site.inputs(ContactIdentified, 2))[1]
    assert (again.is_repeat, again.customer.id, again.conversation) == (True, first.customer.id, first.conversation)
    assert not again.customer.is_known  # as the first time: the same contact


async def test_what_closes_before_it_was_identified_is_in_the_timeline_all_the_same(
    site: Running, http: httpx.AsyncClient, floor: Any
) -> None:
    contact = mail("c1", content=Content(text="Bonjour", subject="Ma facture"))
    seq = await floor.decide(created(contact), told(contact), taken(conversation=None), closed("r_c1", conversation=None))
    conversation = await get(http, "/v1/customers/conversations/cv_c1", at_least=seq)
    assert (conversation["subject"], conversation["agents"], conversation["is_live"]) == ("Ma facture", ["anna"], False)
    page = await get(http, "/v1/customers/conversations/cv_c1/messages")
    assert [each["content"]["text"] for each in page["items"]] == ["Bonjour"]
    await receive(site, contact)
    late = (await identified(site, 1))["c1"]
    assert (late.customer.id, late.conversation) == (conversation["customer"], "cv_c1")


async def test_what_was_answered_before_it_was_identified_moves_to_its_conversation(http: httpx.AsyncClient, floor: Any) -> None:
    contact = mail("c1")
    seq = await floor.decide(created(contact), told(contact), answer(conversation="cv_c1"), known(contact, "cv9"))
    page = await get(http, "/v1/customers/conversations/cv9/messages", at_least=seq)
    assert [each["id"] for each in page["items"]] == ["m1", "m2"]


async def test_a_repeat_of_what_was_handled_changes_nothing(http: httpx.AsyncClient, floor: Any) -> None:
    contact = mail("c1")
    story = (created(contact), told(contact), known(contact, "cv1"), closed("r_c1"))
    before = await get(http, "/v1/customers/conversations/cv1", at_least=await floor.decide(*story))
    floor.wait(10_000)
    seq = await floor.decide(created(contact), told(contact), closed("r_c1", conversation=None, reason=CloseReason.REPEAT))
    assert await get(http, "/v1/customers/conversations/cv1", at_least=seq) == before
    assert (await get(http, "/v1/customers/receipts/r_c1"))["reason"] == "handled"
    assert len((await get(http, "/v1/customers/conversations/cv1/messages"))["items"]) == 1


# ---- receipts


async def test_a_receipt_is_there_once_decided_and_then_says_what_became_of_it(http: httpx.AsyncClient, floor: Any) -> None:
    missing = await http.get("/v1/customers/receipts/r_c1")
    assert (problem_of(missing), missing.headers["retry-after"]) == ((404, "not_found"), "1")
    seq = await floor.decide(created(mail("c1"), conversation="cv1"))
    await get(http, "/v1/customers/conversations/cv1", at_least=seq)
    accepted = await get(http, "/v1/customers/receipts/r_c1")
    assert (accepted["state"], accepted["interaction"]) == ("accepted", "i1")
    seq = await floor.decide(closed("r_c1"))
    await get(http, "/v1/customers/conversations/cv1", at_least=seq)
    done = await get(http, "/v1/customers/receipts/r_c1")
    assert (done["state"], done["reason"], done["closed_at"]) == ("closed", "handled", "2023-11-14T22:13:25.000Z")
    assert "jean" not in json.dumps(done).lower()


async def test_a_receipt_asked_for_at_once_is_there(http: httpx.AsyncClient, floor: Any) -> None:
    """An integrator posts and reads: the record of decisions is a moment behind."""
    await floor.decide(created(mail("c1"), conversation="cv1"))
    assert (await get(http, "/v1/customers/receipts/r_c1"))["state"] == "accepted"


async def test_receipts_follow_a_merge(http: httpx.AsyncClient, floor: Any) -> None:
    seq = await floor.decide(
        created(mail("c1"), "i1", "cv1"),
        created(mail("c2"), "i2", "cv1"),
        InteractionMerged(interaction=InteractionId("i2"), version=2, into=InteractionId("i1"), enqueued_at=AT),
        closed("r_c2", interaction="i2", reason=CloseReason.MERGED),
    )
    conversation = await get(http, "/v1/customers/conversations/cv1", at_least=seq)
    assert (conversation["interaction"], conversation["is_live"]) == ("i1", True)
    moved = await get(http, "/v1/customers/receipts/r_c2")
    assert (moved["state"], moved["interaction"]) == ("accepted", "i1")
    seq = await floor.decide(closed("r_c1", "r_c2"))
    assert (await get(http, "/v1/customers/conversations/cv1", at_least=seq))["is_live"] is False
    assert (await get(http, "/v1/customers/receipts/r_c2"))["reason"] == "handled"


async def test_what_cannot_be_taken_has_a_receipt_that_says_so(http: httpx.AsyncClient, floor: Any) -> None:
    seq = await floor.decide(
        created(mail("c9"), conversation="cv1"),
        ContactUndeliverable(contact=ContactId("c1"), receipt=ReceiptId("r_c1"), reason="unknown_channel_address"),
        ContactRepeated(interaction=InteractionId("i1"), contact=ContactId("c9"), receipt=ReceiptId("r_c9")),
    )
    await get(http, "/v1/customers/conversations/cv1", at_least=seq)
    found = await get(http, "/v1/customers/receipts/r_c1")
    assert (found["state"], found["reason"]) == ("undeliverable", "unknown_channel_address")
    assert (await get(http, "/v1/customers/receipts/r_c9"))["repeated_at"] == "2023-11-14T22:13:20.003Z"


# ---- conversations and messages


async def test_a_mails_words_are_in_its_conversation_once_it_is_identified(http: httpx.AsyncClient, floor: Any) -> None:
    contact = mail("c1", content=Content(text="Bonjour", subject="Ma facture"))
    seq = await floor.decide(
        created(contact), told(contact), known(contact, "cv1"), taken(), answer(), answer("m3", "À vérifier", note=True, at=AT + 2_000)
    )
    conversation = await get(http, "/v1/customers/conversations/cv1", at_least=seq)
    assert (conversation["customer"], conversation["subject"], conversation["address"], conversation["agents"]) == (
        "cu1", "Ma facture", "jean@example.org", ["anna"],
    )  # fmt: skip
    page = await get(http, "/v1/customers/conversations/cv1/messages")
    assert [(each["id"], each["content"]["text"], each["audience"]) for each in page["items"]] == [
        ("m1", "Bonjour", "customer"),
        ("m2", "Bien sûr.", "customer"),
        ("m3", "À vérifier", "internal"),
    ]


async def test_messages_come_in_pages_either_way(http: httpx.AsyncClient, floor: Any) -> None:
    contact = mail("c1")
    words = [answer(f"m{n}", f"nr {n}", at=AT + n) for n in range(1, 6)]
    seq = await floor.decide(created(contact, conversation="cv1"), *words)
    first = await get(http, "/v1/customers/conversations/cv1/messages", at_least=seq, limit="3")
    rest = await get(http, "/v1/customers/conversations/cv1/messages", limit="3", cursor=first["next"])
    assert [each["id"] for each in (*first["items"], *rest["items"])] == ["m1", "m2", "m3", "m4", "m5"]
    assert rest["next"] is None
    latest = await get(http, "/v1/customers/conversations/cv1/messages", limit="2", newest_first="true")
    assert [each["id"] for each in latest["items"]] == ["m5", "m4"]
    bad = await http.get("/v1/customers/conversations/cv1/messages", params={"cursor": "nonsense"})
    assert problem_of(bad) == (400, "cursor_invalid")


async def test_delivery_states_move_forward_in_any_order_and_are_told_once(http: httpx.AsyncClient, floor: Any) -> None:
    facts = {"conversation": ConversationId("cv1"), "interaction": None, "message": MessageId("m2"), "at": AT}
    seq = await floor.decide(
        created(mail("c1"), conversation="cv1"), MessageDelivered(**facts), answer(), MessageSent(**facts), MessageSent(**facts)
    )
    page = await get(http, "/v1/customers/conversations/cv1/messages", at_least=seq)
    assert [each["deliveries"] for each in page["items"]] == [[{"state": "delivered", "at": "2023-11-14T22:13:20.000Z", "recipient": ""}]]


async def test_a_redaction_reaches_words_blobs_and_subject(site: Running, http: httpx.AsyncClient, floor: Any) -> None:
    ref = await site.parts.blobs.put("t1", "c1", b"secret")
    content = Content(text="secret", subject="secret", raw_blob=BlobName(ref.name))
    contact = mail("c1", content=content)
    redaction = MessageRedacted(conversation=ConversationId("cv1"), message=MessageId("m1"), by=AgentId("anna"), reason="asked")
    seq = await floor.decide(created(contact, conversation="cv1"), told(contact, conversation="cv1"))
    await get(http, "/v1/customers/conversations/cv1", at_least=seq)
    seq = await floor.decide(redaction, told(contact, conversation="cv1"))
    conversation = await get(http, "/v1/customers/conversations/cv1", at_least=seq)
    page = await get(http, "/v1/customers/conversations/cv1/messages")
    assert "secret" not in json.dumps([conversation, page])
    assert [each["is_redacted"] for each in page["items"]] == [True]
    assert await site.parts.blobs.get(ref) is None
    assert problem_of(await http.get(f"/v1/customers/blobs/{ref.name}")) == (404, "not_found")


async def test_a_position_that_is_not_reached_is_503_with_retry_after(http: httpx.AsyncClient, floor: Any) -> None:
    await floor.decide(created(mail("c1"), conversation="cv1"))
    early = await http.get("/v1/customers/conversations/cv1", params={"at_least": "0:99"})
    assert (problem_of(early), early.headers["retry-after"]) == ((503, "not_yet"), "1")
    assert problem_of(await http.get("/v1/customers/conversations/cv1", params={"at_least": "x"})) == (400, "invalid_field")


# ---- customers


async def test_customers_are_found_by_words_and_changed_by_people(site: Running, http: httpx.AsyncClient) -> None:
    await receive(site, mail("c1", name="Hélène Lefèvre"), mail("c2", address="paul@example.net"))
    found = await identified(site, 2)
    page = await get(http, "/v1/customers", q="helene example")
    assert [each["id"] for each in page["items"]] == [found["c1"].customer.id]
    path = f"/v1/customers/{found['c1'].customer.id}"
    shown = await http.get(path)
    assert shown.json()["addresses"] == [{"family": "email", "address": "jean@example.org", "is_blocked": False}]
    assert problem_of(await http.patch(path, json={"labels": ["vip"]})) == (428, "if_match_missing")
    change = {"labels": ["vip", "vip"], "is_blocked": True, "name": "Hélène Martin"}
    changed = await http.patch(path, json=change, headers={"If-Match": shown.headers["etag"]})
    assert (changed.status_code, changed.json()["labels"], changed.headers["etag"]) == (200, ["vip"], '"2"')
    assert problem_of(await http.patch(path, json=change, headers={"If-Match": '"1"'})) == (412, "version_conflict")
    assert problem_of(await http.patch(path, json={"keys": []}, headers={"If-Match": "*"})) == (400, "invalid_field")
    await receive(site, mail("c3"))
    later = (await identified(site, 3))["c3"].customer
    assert (later.is_blocked, later.labels, later.name) == (True, ("vip",), "Hélène Martin")


async def test_reading_is_recorded_and_so_is_a_refusal(site: Running, http: httpx.AsyncClient) -> None:
    await receive(site, mail("c1"))
    customer = (await identified(site, 1))["c1"].customer.id
    await get(http, f"/v1/customers/{customer}")
    await site.configure("t1", key_of_test("receipt.read"))
    assert problem_of(await http.get(f"/v1/customers/{customer}")) == (403, "not_allowed")
    entries = await Audit(site.parts.store, site.parts.clock).page("t1")
    assert [(each.body["who"], each.body["act"], each.body["what"]) for each in entries] == [
        ("api_key:key1", "customer.read", f"customer/{customer}"),
        ("api_key:key1", "customer.read.refused", f"customer/{customer}"),
    ]


async def test_another_tenant_sees_nothing(site: Running, http: httpx.AsyncClient, floor: Any) -> None:
    ref = await site.parts.blobs.put("t1", "c1", b"%PDF")
    attachment = Attachment(id="a1", name="x.pdf", media_type="application/pdf", size_bytes=4, blob=BlobName(ref.name), sha256=ref.sha256)
    contact = mail("c1", content=Content(attachments=(attachment,)))
    seq = await floor.decide(created(contact, conversation="cv1"), told(contact, conversation="cv1"), closed("r_c1"))
    await get(http, "/v1/customers/conversations/cv1", at_least=seq)
    async with site.client(OTHER_KEY) as other:
        for path in ("receipts/r_c1", "conversations/cv1", "conversations/cv1/messages", f"blobs/{ref.name}", "cu1"):
            assert problem_of(await other.get(f"/v1/customers/{path}")) == (404, "not_found")
        assert (await other.get("/v1/customers/history")).text == ""
    async with site.client(None) as nobody:
        assert problem_of(await nobody.get("/v1/customers/conversations/cv1")) == (401, "bad_credential")


# ---- blobs and history


@pytest.mark.parametrize(
    ("media_type", "name", "given", "disposition"),
    [
        ("image/png", "photo.png", "image/png", "inline; filename=\"photo.png\"; filename*=UTF-8''photo.png"),
        ("text/html", "a.html", "application/octet-stream", "attachment; filename=\"a.html\"; filename*=UTF-8''a.html"),
        (
            "image/svg+xml",
            "é/../\r\nx.svg",
            "application/octet-stream",
            "attachment; filename=\"__..___x.svg\"; filename*=UTF-8''%C3%A9_..___x.svg",
        ),
    ],
)
async def test_an_attachment_is_given_so_that_nothing_in_it_acts(
    site: Running, http: httpx.AsyncClient, floor: Any, media_type: str, name: str, given: str, disposition: str
) -> None:
    ref = await site.parts.blobs.put("t1", "c1", b"bytes")
    attachment = Attachment(id="a1", name=name, media_type=media_type, size_bytes=5, blob=BlobName(ref.name), sha256=ref.sha256)
    contact = mail("c1", content=Content(attachments=(attachment,)))
    seq = await floor.decide(created(contact, conversation="cv1"), told(contact, conversation="cv1"))
    await get(http, "/v1/customers/conversations/cv1", at_least=seq)
    response = await http.get(f"/v1/customers/blobs/{ref.name}")
    assert (response.content, response.headers["content-type"]) == (b"bytes", given)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert response.headers["content-disposition"] == disposition


async def test_history_is_one_line_a_fact_in_the_order_of_the_log(http: httpx.AsyncClient, floor: Any) -> None:
    await floor.decide(created(mail("c1"), conversation="cv1"), rested(), closed("r_c1"), id="twice")
    seq = await floor.decide(rested("ben"), closed("r_c1"))
    await get(http, "/v1/customers/conversations/cv1", at_least=seq)
    response = await http.get("/v1/customers/history", params={"limit": "2"})
    lines = [json.loads(line) for line in response.text.splitlines()]
    rest = await http.get(response.headers["link"].split("<")[1].split(">")[0])
    lines += [json.loads(line) for line in rest.text.splitlines()]
    assert [(line["kind"], line["id"]) for line in lines] == [("agent_state", "twice"), ("agent_state", "d4"), ("interaction", "d5")]
    assert lines[2]["data"]["segments"][0]["cause"] == "arrived"
    end = await http.get(rest.headers["link"].split("<")[1].split(">")[0])
    assert (end.status_code, end.text, end.headers["link"]) == (200, "", rest.headers["link"])
    assert problem_of(await http.get("/v1/customers/history", params={"after": "x"})) == (400, "cursor_invalid")


async def test_all_decisions_told_twice_leave_the_same_documents(site: Running, http: httpx.AsyncClient, floor: Any) -> None:
    contact = mail("c1", content=Content(text="Bonjour", subject="Ma facture"))
    story = (created(contact), told(contact), known(contact, "cv1"), taken(), answer(), closed("r_c1"))

    async def look(seq: str) -> list[Any]:
        conversation = await get(http, "/v1/customers/conversations/cv1", at_least=seq)
        return [conversation, await get(http, "/v1/customers/conversations/cv1/messages"), await get(http, "/v1/customers/receipts/r_c1")]

    once = await look(await floor.decide(*story))
    assert await look(await floor.again().decide(*story)) == once
    assert len((await http.get("/v1/customers/history")).text.splitlines()) == 1


async def test_a_burst_is_identified_whole(site: Running) -> None:
    await receive(site, *(mail(f"c{n}", address=f"p{n % 100}@example.org") for n in range(300)))
    found = await identified(site, 300)
    assert len({each.customer.id for each in found.values()}) == 100
