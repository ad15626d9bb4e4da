"""What a conversation and its messages are, in whatever order they are told."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standardiste.common.events.base import Instant
from standardiste.common.events.decisions import InteractionClosed, InteractionOpened, MessageAccepted, MessageReceived
from standardiste.common.events.model import (
    AgentId,
    Attachment,
    Author,
    AuthorKind,
    BlobName,
    Channel,
    ChannelAddressId,
    CloseReason,
    CommandId,
    ContactId,
    Content,
    ConversationId,
    CustomerId,
    Delivery,
    DeliveryState,
    Direction,
    InteractionId,
    MessageId,
    QueueId,
    ReceiptId,
    Requirement,
)
from standardiste.common.testing import builders
from standardiste.customers import timeline
from standardiste.customers.records import AGENTS_KEPT, Conversation, StoredMessage, dump, load

AT = builders.AT
CV, I1, I2, M1 = ConversationId("cv1"), InteractionId("i1"), InteractionId("i2"), MessageId("m1")


def words(text: str = "Bonjour", conversation: ConversationId | None = CV, **content: Any) -> MessageReceived:
    message = builders.message("m1", content=Content(text=text, **content), author=Author(kind=AuthorKind.CUSTOMER, name="Jean"))
    return MessageReceived(interaction=I1, conversation=conversation, contact=ContactId("c1"), message=message)


def delivery(state: DeliveryState, recipient: str = "", at: int = AT) -> Delivery:
    return Delivery(state=state, at=Instant(at), recipient=recipient)


def deliveries(*told: Delivery) -> tuple[Delivery, ...]:
    message: StoredMessage | None = None
    for each in told:
        message = timeline.with_delivery(message, CV, M1, each)
    assert message is not None
    return message.message.deliveries


# ---- messages


def test_a_message_stands_at_its_instant_in_its_conversation() -> None:
    stored = timeline.with_words(None, words())
    assert stored.place == "cv1/2023-11-14T22:13:20.000Z/m1"
    assert (stored.interaction, stored.contact, stored.has_words) == ("i1", "c1", True)


def test_a_message_whose_conversation_is_not_known_has_no_place_until_it_is() -> None:
    stored = timeline.with_words(None, words(conversation=None))
    assert stored.place is None
    settled = timeline.in_conversation(stored, CV)
    assert settled.place == "cv1/2023-11-14T22:13:20.000Z/m1"
    assert timeline.with_words(settled, words(conversation=None)) == settled  # told again, it keeps what is known


def test_a_message_names_every_blob_it_refers_to_once() -> None:
    attachment = Attachment(id="a1", name="x", media_type="image/png", size_bytes=1, blob=BlobName("t/c/3"), sha256="3")
    stored = timeline.with_words(
        None, words(html_blob=BlobName("t/c/1"), raw_blob=BlobName("t/c/2"), body_blob=BlobName("t/c/1"), attachments=(attachment,))
    )
    assert stored.blobs == ("t/c/1", "t/c/2", "t/c/3")


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        (DeliveryState.DELIVERED, (DeliveryState.SENT, DeliveryState.DELIVERED)),
        (DeliveryState.DELIVERED, (DeliveryState.DELIVERED, DeliveryState.SENT)),
        (DeliveryState.SENT, (DeliveryState.DELAYED, DeliveryState.SENT, DeliveryState.DELAYED)),
        (DeliveryState.FAILED, (DeliveryState.FAILED, DeliveryState.READ)),
        (DeliveryState.FAILED, (DeliveryState.READ, DeliveryState.FAILED)),
    ],
)
def test_a_delivery_moves_forward_only_and_failed_is_final(expected: DeliveryState, told: tuple[DeliveryState, ...]) -> None:
    assert deliveries(*(delivery(state) for state in told)) == (delivery(expected),)


def test_each_recipient_has_a_delivery_of_his_own() -> None:
    told = (delivery(DeliveryState.SENT, "b"), delivery(DeliveryState.FAILED, "a"), delivery(DeliveryState.READ, "b"))
    assert deliveries(*told) == (delivery(DeliveryState.FAILED, "a"), delivery(DeliveryState.READ, "b"))


def test_the_first_word_of_a_state_stands() -> None:
    assert deliveries(delivery(DeliveryState.SENT, at=AT), delivery(DeliveryState.SENT, at=AT + 5)) == (delivery(DeliveryState.SENT),)


@given(st.permutations(["words", "sent", "delivered", "redact", "words", "sent"]))
def test_what_is_told_of_a_message_may_come_in_any_order(order: list[str]) -> None:
    message: StoredMessage | None = None
    for step in order:
        match step:
            case "words":
                message = timeline.with_words(message, words("secret", raw_blob=BlobName("t/c/1")))
            case "redact":
                message = timeline.redacted(message, CV, M1)
            case _:
                message = timeline.with_delivery(message, CV, M1, delivery(DeliveryState(step)))
    assert message is not None
    assert message.message.deliveries == (delivery(DeliveryState.DELIVERED),)
    assert (message.message.is_redacted, message.message.content, message.message.author.name, message.blobs) == (True, Content(), "", ())
    assert (message.place, message.has_words) == ("cv1/2023-11-14T22:13:20.000Z/m1", True)


def test_an_agents_name_survives_a_redaction() -> None:
    message = builders.message("m2", author=Author(kind=AuthorKind.AGENT, id="anna", name="Anna"))
    stored = timeline.with_words(None, MessageAccepted(interaction=I1, conversation=CV, message=message))
    assert timeline.redacted(stored, CV, MessageId("m2")).message.author.name == "Anna"


def test_a_delivery_before_the_words_has_no_place() -> None:
    stored = timeline.with_delivery(None, CV, M1, delivery(DeliveryState.SENT))
    assert (stored.place, stored.has_words) == (None, False)


# ---- conversations


def begun(former: Conversation | None = None, interaction: InteractionId = I1, id: str = "c1", at: int = AT, **fields: Any) -> Conversation:
    contact = builders.contact(id, received_at=Instant(at), **fields)
    return timeline.begun_by(former, contact, interaction)


def test_the_first_subject_stays_and_the_newest_contact_tells_the_rest() -> None:
    first = begun(content=Content(subject="Ma facture"))
    second = begun(first, I2, "c2", AT + 5, content=Content(subject="Re: Ma facture"), name="Jean")
    assert (second.subject, second.subject_from, second.name, second.interaction) == ("Ma facture", "c1", "Jean", "i2")
    assert (second.first_at, second.last_at) == (AT, AT + 5)


def test_the_order_of_contacts_does_not_matter() -> None:
    def story(order: tuple[int, ...]) -> Conversation:
        conversation: Conversation | None = None
        for n in order:
            conversation = begun(conversation, InteractionId(f"i{n}"), f"c{n}", AT + n, name=f"N{n}")
        assert conversation is not None
        return conversation

    assert {story(order) for order in permutations((1, 2, 3))} == {story((1, 2, 3))}


def test_what_waited_for_its_conversation_joins_it() -> None:
    waiting = begun(None, I2, "c2", AT + 5)
    assert timeline.settled(None, waiting, CustomerId("cu1")) == replace(waiting, customer=CustomerId("cu1"))
    joined = timeline.settled(begun(), waiting, CustomerId("cu1"))
    assert joined is not None
    assert (joined.interaction, joined.first_at, joined.customer) == ("i2", AT, "cu1")
    assert timeline.settled(None, None, CustomerId("cu1")) is None


def closing(interaction: InteractionId, at: int = AT + 9) -> InteractionClosed:
    return InteractionClosed(
        interaction=interaction,
        version=3,
        receipts=(),
        reason=CloseReason.HANDLED,
        enqueued_at=AT,
        closed_at=Instant(at),
        channel=Channel.EMAIL,
        channel_name="email",
        direction=Direction.INBOUND,
        scope=builders.scope(),
        segments=(),
        change_set=1,
    )


def test_a_conversation_is_live_as_long_as_its_last_interaction() -> None:
    both = begun(begun(), I2, "c2", AT + 5)
    assert timeline.ended(both, closing(I1)).is_live
    done = timeline.ended(both, closing(I2))
    assert (done.is_live, done.last_at) == (False, AT + 9)
    assert not begun(done, I2, "c2", AT + 5).is_live  # told again
    assert begun(done, InteractionId("i3"), "c3", AT + 20).is_live


def test_a_merged_interaction_gives_its_conversation_to_the_other() -> None:
    both = begun(begun(), I2, "c2", AT + 5)
    moved = timeline.merged_into(both, I2, I1)
    assert moved.interaction == "i1"
    assert not timeline.ended(moved, closing(I1)).is_live
    assert timeline.merged_into(moved, I2, I1) == moved


def test_the_last_agents_are_remembered_each_once() -> None:
    conversation = begun()
    for n in [*range(AGENTS_KEPT + 5), 7]:
        conversation = timeline.taken_by(conversation, AgentId(f"a{n}"))
    assert len(conversation.agents) == AGENTS_KEPT
    assert conversation.agents[-2:] == ("a24", "a7")
    assert timeline.taken_by(conversation, AgentId("a7")) == conversation


def test_a_redacted_message_takes_the_subject_it_gave() -> None:
    conversation = begun(content=Content(subject="Ma facture"))
    assert timeline.without_subject(conversation, ContactId("c2")).subject == "Ma facture"
    gone = timeline.without_subject(conversation, ContactId("c1"))
    assert gone.subject is None
    assert begun(gone, content=Content(subject="Ma facture")).subject is None  # told again, it stays gone


def test_what_an_agent_begins_is_his() -> None:
    event = InteractionOpened(
        interaction=I1,
        version=1,
        receipt=ReceiptId("r1"),
        owner=AgentId("anna"),
        channel=Channel.SMS,
        channel_address=ChannelAddressId("sms"),
        conversation=CV,
        customer=CustomerId("cu1"),
        scope=builders.scope(),
        requirement=Requirement(queue=QueueId("main")),
        opened_at=AT,
        change_set=1,
        command=CommandId("cmd1"),
    )
    opened = timeline.opened_by_us(None, event)
    assert (opened.customer, opened.agents, opened.is_live, opened.subject) == ("cu1", ("anna",), True, None)
    assert timeline.opened_by_us(opened, event) == opened


@pytest.mark.parametrize("record", [timeline.with_words(None, words(subject="x")), begun(name="Jean"), timeline.redacted(None, CV, M1)])
def test_a_record_comes_back_from_its_document_as_it_was(record: Any) -> None:
    assert load(type(record), dump(record)) == record
