"""
What the contract suite of providers (tests/contract/provider) needs of each: the provider, and the outside that it speaks to, with faults on demand.

A provider's world is made once per test over a real socket, with a real server or a stateful stand-in behind it; the suite knows messages by their ids.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Final, Protocol

from standardiste.common.clock import ManualClock
from standardiste.common.events.model import (
    Attachment,
    Author,
    AuthorKind,
    BlobName,
    Channel,
    ChannelAddressId,
    Content,
    ConversationId,
    InteractionId,
    MessageId,
)
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.outbox import Provider, Send
from standardiste.common.testing.builders import TENANT


class ProviderWorld(Protocol):
    """One provider with its outside."""

    carries_files: bool

    @property
    def provider(self) -> Provider: ...

    def send(self, message: str) -> Send:
        """A message that this outside can take, of a conversation that is known."""
        ...

    def files(self) -> int:
        """How many files came with the last message that the outside took."""
        ...

    def taken(self) -> list[str]:
        """The ids of the messages that the outside took, in order; one that was taken twice twice."""
        ...

    def say_not_now(self) -> None:
        """The next message is put off."""
        ...

    def say_never(self) -> None:
        """The next message is refused for good."""
        ...

    def lose_answer(self) -> None:
        """The next message is taken, and its yes lost on the way."""
        ...

    async def go_away(self) -> None:
        """The outside answers no more."""
        ...


FILE_BYTES: Final = b"%PDF-1.7"
FILE: Final = Attachment(
    id="f1",
    name="devis.pdf",
    media_type="application/pdf",
    size_bytes=len(FILE_BYTES),
    blob=BlobName(f"{TENANT}/in_1/{hashlib.sha256(FILE_BYTES).hexdigest()}"),
    sha256=hashlib.sha256(FILE_BYTES).hexdigest(),
)
"""A file that may go with a send; a provider that reads it itself must have its bytes in its blobs."""


def with_file(send: Send) -> Send:
    """The same with a file beside the words."""
    content = replace(send.command.content, attachments=(FILE,))
    return replace(send, command=replace(send.command, content=content))


def send_of(message: str, channel: Channel, *, tries: int = 0) -> Send:
    """A send in conversation "conv1", from the channel address with the channel's name."""
    command = DeliverMessage(
        conversation=ConversationId("conv1"),
        interaction=InteractionId("i1"),
        message=MessageId(message),
        author=Author(kind=AuthorKind.AGENT, id="anna", name="Anna"),
        content=Content(text=f"Bonjour de {message}"),
        channel=channel,
        channel_address=ChannelAddressId(channel.value),
    )
    return Send(tenant=TENANT, command=command, taken_at=ManualClock().now(), tries=tries)
