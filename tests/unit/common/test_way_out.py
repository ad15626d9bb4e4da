"""Right before something leaves, the ledger is asked once more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from standardiste.common.clock import ManualClock
from standardiste.common.conversations import ConversationBook
from standardiste.common.errors import ProviderError
from standardiste.common.events.base import Instant
from standardiste.common.events.model import (
    Author,
    AuthorKind,
    Channel,
    ChannelAddressId,
    ConversationId,
    InteractionId,
    MessageId,
    SponsorId,
)
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.outbox.provider import Send, Sent, Unknown
from standardiste.common.permission.consent import ConsentEntry, Word
from standardiste.common.permission.ledger import CONSENT, Ledger
from standardiste.common.permission.way_out import WORDS, AskingProvider
from standardiste.common.security.keys import Keys
from standardiste.common.store.sqlite import SqliteStore
from standardiste.common.testing.builders import AT, TENANT, configuration, content, directory_of

ADDRESS = "customer@example.org"


class Kept:
    """A provider that takes everything."""

    name = "kept"

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def send(self, send: Send) -> Sent:
        self.sent.append(send.command.message)
        return Sent()

    async def look_up(self, send: Send) -> Sent | Unknown | None:
        return None


def deliver(**fields: Any) -> Send:
    command = DeliverMessage(
        conversation=ConversationId("cv1"),
        interaction=InteractionId("in1"),
        message=MessageId("m1"),
        author=Author(kind=AuthorKind.AGENT),
        content=content(),
        channel=Channel.EMAIL,
        channel_address=ChannelAddressId("email"),
        **fields,
    )
    return Send(tenant=TENANT, command=command, taken_at=AT)


@pytest.mark.parametrize(
    ("word", "channel", "expected"),
    [
        (None, None, None),
        (Word.WITHDRAWN, None, "opted_out"),
        (Word.WITHDRAWN, Channel.EMAIL, "opted_out"),
        (Word.WITHDRAWN, Channel.SMS, None),
        (Word.BLOCKED, None, "blocked"),
        (Word.RESUMED, None, None),
    ],
)
async def test_what_the_ledger_forbids_does_not_leave(
    tmp_path: Path, word: Word | None, channel: Channel | None, expected: str | None
) -> None:
    store = await SqliteStore.open_file(tmp_path / "store.sqlite")
    book, directory, provider = ConversationBook(store, "ingest-email", (Channel.EMAIL,)), directory_of(*configuration()), Kept()
    await store.open((CONSENT, book.collection))
    ledger = Ledger(store, Keys(bytes(32)), directory)
    address = ledger.address_id(TENANT, "main", Channel.EMAIL, "email", ADDRESS.upper())
    assert address is not None
    if word is not None:
        entry = ConsentEntry(
            id="co1", address=address, sponsor=SponsorId("main"), word=word, channel=channel, at=AT, recorded_at=AT, recorded_by="test"
        )
        await ledger.record(TENANT, entry)
    asking = AskingProvider(provider, book=book, ledger=ledger, directory=directory, clock=ManualClock(Instant(AT + 1)))
    if expected is None:
        await asking.send(deliver(address=ADDRESS))
        assert provider.sent == ["m1"]
    else:
        with pytest.raises(ProviderError) as refused:
            await asking.send(deliver(address=ADDRESS))
        assert (refused.value.code, refused.value.is_retryable) == (expected, False)
        assert refused.value.detail == WORDS.text(expected, "fr")
        assert provider.sent == []
    await asking.send(deliver(address="else@example.org"))
    await store.close()
