"""The router's part of a chat, played by a test: it takes contacts, an agent writes, the interaction closes."""

from __future__ import annotations

from itertools import count
from typing import Final

from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Data
from standardiste.common.events.decisions import ContactJoined, InteractionCreated
from standardiste.common.events.inputs import ContactReceived
from standardiste.common.events.model import AgentId, Author, AuthorKind, Channel, Content, ConversationId, InteractionId, MessageId
from standardiste.common.events.outbound import AnnounceEnd, DeliverMessage
from standardiste.common.testing.builders import TENANT, channel_address
from standardiste.common.testing.running import Running

PAGE: Final = channel_address(
    Channel.CHAT, settings={"origins": "https://shop.example", "accent": "#aa3300"}, name={"fr": "Boutique", "en": "Shop"}
)
INTERACTION: Final = InteractionId("i1")
ANNA: Final = AgentId("anna")
ALICE: Final = Author(kind=AuthorKind.AGENT, id=ANNA, name="Alice")


class ChatRouter:
    """What the router would do on tenant t1, in the order a test says."""

    def __init__(self, site: Running) -> None:
        self._site = site
        self._numbers = count(1)
        self._taken = 0
        self._opened: set[InteractionId] = set()

    async def take(self, contacts: int = 1, interaction: InteractionId = INTERACTION) -> None:
        """Take the contacts that came since the last time: an interaction's first opens it, the others join."""
        received = await self._site.inputs(ContactReceived, self._taken + contacts)
        for event in received[self._taken :]:
            contact = event.contact
            if interaction in self._opened:
                await self._site.decide(TENANT, ContactJoined(interaction=interaction, contact=contact, conversation=contact.conversation))
                continue
            self._opened.add(interaction)
            await self._site.decide(
                TENANT,
                InteractionCreated(
                    interaction=interaction,
                    contact=contact,
                    conversation=contact.conversation,
                    enqueued_at=contact.received_at,
                    change_set=1,
                    identify_by=contact.received_at,
                ),
            )
        self._taken += contacts

    async def say(self, session: str, *texts: str) -> list[MessageId]:
        """An agent writes."""
        sends = [
            DeliverMessage(
                conversation=ConversationId(session),
                interaction=INTERACTION,
                message=MessageId(f"a{next(self._numbers)}"),
                author=ALICE,
                content=Content(text=text),
                channel=Channel.CHAT,
                channel_address=PAGE.id,
            )
            for text in texts
        ]
        await self.send(*sends)
        return [send.message for send in sends]

    async def close(self, session: str, interaction: InteractionId = INTERACTION) -> None:
        """The interaction is closed."""
        await self.send(AnnounceEnd(conversation=ConversationId(session), interaction=interaction))

    async def send(self, *data: Data) -> None:
        """Anything on outbound.chat."""
        await self._site.decide(TENANT, *data, topic=Topic.OUTBOUND_CHAT)
