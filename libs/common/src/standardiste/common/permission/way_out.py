"""
The ledger asked once more, right before something leaves: a provider that asks, around the one that sends.

A conversation may have begun before the customer said no, and a message may wait for hours for a provider that is away. What is refused here fails for good, by
name; the agent who wrote it is told why.
"""

from __future__ import annotations

from typing import Final

from standardiste.common.catalogue import Catalogue
from standardiste.common.clock import Clock
from standardiste.common.conversations import ConversationBook
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import ProviderError
from standardiste.common.outbox.provider import Provider, Send, Sent, Unknown
from standardiste.common.permission.consent import SERVICE
from standardiste.common.permission.ledger import Ledger

WORDS: Final = Catalogue(
    {
        "opted_out": {
            "en": "The customer has asked not to be contacted this way.",
            "fr": "Le client a demandé à ne plus être contacté par ce moyen.",
        },
        "blocked": {"en": "The customer's address is blocked.", "fr": "L'adresse du client est bloquée."},
        "not_permitted_now": {
            "en": "The customer has not consented to be contacted for this.",
            "fr": "Le client n'a pas consenti à être contacté pour cela.",
        },
    }
)


class AskingProvider:
    """Asks whether the conversation's customer may be written to, then lets the other provider send."""

    def __init__(self, provider: Provider, *, book: ConversationBook, ledger: Ledger, directory: DirectoryView, clock: Clock) -> None:
        self._provider, self._book, self._ledger, self._directory, self._clock = provider, book, ledger, directory, clock

    @property
    def name(self) -> str:
        return self._provider.name

    async def send(self, send: Send) -> Sent:
        """Raises ProviderError `opted_out` or `blocked`, for good; else what the other raises."""
        command, tenant = send.command, send.tenant
        ours = self._directory.address_by_id(tenant, command.channel_address)
        address = command.address
        if address is None:
            address = await self._book.address_of(tenant, command.conversation)
        if ours is not None and address is not None:
            sponsor = self._directory.scope_of(tenant, ours).sponsor
            id = self._ledger.address_id(tenant, sponsor, command.channel, ours.channel_name or ours.channel.value, address)
            refused = await self._ledger.may_contact(tenant, id, SERVICE, command.channel, self._clock.now())
            if refused is not None:
                own = self._directory.tenant(tenant)
                words = WORDS.text(refused.reason, None if own is None else own.language)
                raise ProviderError(self.name, refused.reason, words, is_retryable=False)
        return await self._provider.send(send)

    async def look_up(self, send: Send) -> Sent | Unknown | None:
        return await self._provider.look_up(send)
