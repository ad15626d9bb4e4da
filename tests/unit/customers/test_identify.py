"""Who a contact is from, and which conversation it belongs to."""

from __future__ import annotations

from typing import Any

import pytest

from standardiste.common.addresses import KEY_BYTES_MAX, customer_key, family_and_address, family_of, normal_address
from standardiste.common.events.base import Instant
from standardiste.common.events.directory_customers import CustomerAttribute
from standardiste.common.events.inputs import ContactIdentified
from standardiste.common.events.model import Channel, Contact, ContactId, ConversationId, CustomerId, ReceiptId, SponsorId, Thread
from standardiste.common.testing import builders
from standardiste.customers import identify
from standardiste.customers.records import Customer, Receipt, ReceiptState

AT = builders.AT


@pytest.mark.parametrize(
    ("expected", "channel", "address"),
    [
        ("main/email:jean@example.org", Channel.EMAIL, " Jean@Example.ORG "),
        ("main/email:jean+tag@example.org", Channel.EMAIL, "jean+tag@example.org"),
        ("main/phone:+33612345678", Channel.SMS, "+33612345678"),
        ("main/phone:+33612345678", Channel.VOICE, "06 12 34 56 78"),
        ("main/phone:+33612345678", Channel.CALLBACK, "0033 6 12 34 56 78"),
        ("main/phone:sip:jean@pbx.example", Channel.VOICE, "sip:Jean@pbx.example"),
        ("main/phone:banque", Channel.SMS, "BANQUE"),
        ("main/chat:v_1", Channel.CHAT, "v_1"),
        ("main/other.fax-line:A 1", Channel.OTHER, "A  1"),
        (None, Channel.VOICE, "anonymous"),
        (None, Channel.VOICE, "+266696687"),
        (None, Channel.VOICE, ""),
        (None, Channel.EMAIL, " "),
    ],
)
def test_key_names_sponsor_family_and_address(expected: str | None, channel: Channel, address: str) -> None:
    contact = builders.contact(channel=channel, channel_name="Fax  line", address=address)
    assert identify.key_of(contact, "FR") == expected


def test_key_is_walled_by_sponsor() -> None:
    contact = builders.contact(scope=builders.scope(sponsor=SponsorId("acme")))
    assert identify.key_of(contact, None) == "acme/email:customer@example.org"


def test_without_a_region_a_national_number_is_taken_as_it_is() -> None:
    assert normal_address("phone", "0612345678") == "0612345678"


def test_channels_of_an_integrator_share_nothing_but_their_name() -> None:
    assert family_of(Channel.SOCIAL, "Mastodon") == "social.mastodon"
    assert family_of(Channel.OTHER, "letter") != family_of(Channel.OTHER, "fax")


def test_an_endless_address_is_kept_as_its_hash() -> None:
    key = customer_key("main", "other.letter", "é" * 10_000)
    assert len(key.encode()) <= KEY_BYTES_MAX
    assert key == customer_key("main", "other.letter", "é" * 10_000)
    assert key != customer_key("main", "other.letter", "é" * 9_999)


def test_a_key_is_shown_as_family_and_address() -> None:
    assert family_and_address("acme/email:a:b/c@example.org") == ("email", "a:b/c@example.org")


def mail(**thread: Any) -> Any:
    return builders.contact(thread=Thread(**{"message_id": "own@x", **thread}))


@pytest.mark.parametrize(
    ("expected", "thread"),
    [
        (["own@x"], {}),
        (["own@x", "a@x"], {"in_reply_to": "a@x"}),
        (["own@x", "b@x", "c@x", "a@x"], {"in_reply_to": "b@x", "references": ("a@x", "b@x", "c@x", "own@x")}),
    ],
)
def test_mails_are_tried_the_likeliest_first_and_each_once(expected: list[str], thread: dict[str, Any]) -> None:
    assert list(identify.message_ids(mail(**thread))) == expected


def test_of_a_long_thread_the_newest_references_are_tried() -> None:
    references = tuple(f"{n}@x" for n in range(100))
    tried = list(identify.message_ids(mail(references=references)))
    assert tried == ["own@x", *(f"{n}@x" for n in range(99, 79, -1))]


@pytest.mark.parametrize(
    ("expected", "message_id"),
    [("i1.m2", "i1.m2@example.com"), ("i1.m2", "i1.m2@EXAMPLE.com"), (None, "i1.m2@example.org"), (None, "@example.com"), (None, "i1.m2")],
)
def test_our_message_is_known_by_our_domain(expected: str | None, message_id: str) -> None:
    assert identify.our_message(message_id, builders.contact(our_address="help@example.com")) == expected


@pytest.mark.parametrize("channel", [Channel.CHAT, Channel.VOICE, Channel.EMAIL, Channel.OTHER, Channel.SMS])
def test_a_conversation_that_is_brought_is_taken(channel: Channel) -> None:
    contact = builders.contact(channel=channel, conversation=ConversationId("brought"))
    assert identify.conversation_brought(contact, CustomerId("cu1")) == "brought"


def test_open_channels_keep_one_conversation_with_each_address_of_ours() -> None:
    def of(id: str, address: str, customer: str = "cu1") -> str | None:
        return identify.conversation_brought(builders.contact(id, channel=Channel.SMS, channel_address=address), CustomerId(customer))

    assert of("c1", "line1") == of("c2", "line1")
    assert len({of("c1", "line1"), of("c1", "line2"), of("c1", "line1", "cu2")}) == 3


def test_a_call_that_brings_none_is_a_conversation_of_its_own() -> None:
    first, second = (builders.contact(id, channel=Channel.VOICE) for id in ("c1", "c2"))
    assert identify.conversation_brought(first, CustomerId("cu1")) != identify.conversation_brought(second, CustomerId("cu1"))


def test_a_mail_looks_for_its_thread() -> None:
    assert identify.conversation_brought(mail(), CustomerId("cu1")) is None


def test_a_mails_place_is_its_customers_own() -> None:
    assert identify.thread_id(CustomerId("cu1"), "a@x") != identify.thread_id(CustomerId("cu2"), "a@x")


def customer(**fields: Any) -> Customer:
    return Customer(**{"id": CustomerId("cu1"), "sponsor": SponsorId("main"), "created_at": AT, "updated_at": AT, **fields})


def told(contact: Contact, known: Customer, receipt: Receipt | None = None, *declared: CustomerAttribute) -> ContactIdentified:
    key = identify.key_of(contact, None)
    return identify.identified(contact, known, identify.summary_of(known, key, declared), ConversationId("cv1"), receipt)


def test_one_blocked_address_blocks_who_comes_by_it_and_no_other() -> None:
    key = identify.key_of(builders.contact(), None)
    assert key is not None
    assert told(builders.contact(), customer(blocked_keys=(key,))).customer.is_blocked
    assert not told(builders.contact(address="else@example.org"), customer(blocked_keys=(key,))).customer.is_blocked


def test_rules_get_defaults_and_nothing_special_or_hidden() -> None:
    declared = [
        CustomerAttribute(id="vip", change_set=1, type="flag", default=False),
        CustomerAttribute(id="plan", change_set=1, default="basic"),
        CustomerAttribute(id="health", change_set=1, category="special"),
        CustomerAttribute(id="debt", change_set=1, seen_by=("supervisor",), default="none"),
    ]
    known = customer(attributes={"plan": "gold", "health": "x", "debt": "y", "free": 1})
    assert told(builders.contact(), known, None, *declared).customer.attributes == {"vip": False, "plan": "gold", "free": 1}


def test_a_name_fills_a_gap_and_overwrites_nothing() -> None:
    contact = builders.contact(name="Jean")
    filled = identify.named(customer(), contact, Instant(AT + 1))
    assert filled is not None
    assert (filled.name, filled.updated_at) == ("Jean", AT + 1)
    assert identify.named(customer(name="Jeanne"), contact, AT) is None
    assert identify.named(customer(), builders.contact(), AT) is None


@pytest.mark.parametrize(
    ("expected", "state"), [(False, None), (False, ReceiptState.ACCEPTED), (False, ReceiptState.UNDELIVERABLE), (True, ReceiptState.CLOSED)]
)
def test_a_repeat_is_what_was_closed(expected: bool, state: ReceiptState | None) -> None:
    receipt = None if state is None else Receipt(id=ReceiptId("r_m1"), state=state, updated_at=AT)
    assert told(builders.contact(), customer(), receipt).is_repeat is expected


def test_the_contact_that_made_the_record_is_unknown_however_often_it_comes() -> None:
    made = customer(first_contact=ContactId("m1"))
    assert not told(builders.contact("m1"), made).customer.is_known
    assert told(builders.contact("m2"), made).customer.is_known
