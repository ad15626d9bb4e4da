"""
Who would be contacted, and whether he may be: the answer to each `interaction.open`, asked before the router does anything with it.

The command comes along whole in the answer, so nobody keeps its address meanwhile. A first contact of ours makes the customer's record, as a first contact
of his would: what he answers then finds him.
"""

from __future__ import annotations

from standardiste.common.addresses import customer_key, family_of, normal_address, text_conversation
from standardiste.common.errors import Refused
from standardiste.common.events.base import Instant
from standardiste.common.events.commands import OpenInteraction
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.directory_customers import CustomerAttribute
from standardiste.common.events.inputs import OpeningExamined
from standardiste.common.events.model import Channel, CommandId, ConversationId, CustomerId, Scope
from standardiste.common.events.refusals import SENTENCES, Refusal
from standardiste.common.parts import Parts
from standardiste.common.permission.ledger import Ledger
from standardiste.customers import identify
from standardiste.customers.documents import read
from standardiste.customers.records import CONVERSATIONS, CUSTOMERS, Conversation, Customer
from standardiste.customers.resolver import Resolver


class Examiner:
    """Finds or makes the customer, and asks the ledger."""

    def __init__(self, parts: Parts, resolver: Resolver) -> None:
        self._parts, self._resolver = parts, resolver
        self._ledger = Ledger(parts.store, parts.keys, parts.directory)

    async def examine(self, tenant: str, command: CommandId, asked: OpenInteraction) -> OpeningExamined:
        """The answer. Asked twice it is the same, unless something was said about the address in between."""
        ours = self._parts.directory.address_by_id(tenant, asked.channel_address)
        if ours is None:
            return _refused(
                command, asked, Refused(reason=Refusal.UNKNOWN_CHANNEL_ADDRESS.value, detail=SENTENCES[Refusal.UNKNOWN_CHANNEL_ADDRESS])
            )
        scope = self._parts.directory.scope_of(tenant, ours)
        address = asked.address or await self._address_of(tenant, asked)
        found = None if address is None else await self._customer(tenant, asked, ours, scope, address)
        if address is None or found is None:
            return _refused(command, asked, Refused(reason=Refusal.UNKNOWN_CUSTOMER.value, detail=SENTENCES[Refusal.UNKNOWN_CUSTOMER]))
        customer, key = found
        at = self._parts.clock.now()
        if customer.is_blocked or (key is not None and key in customer.blocked_keys):
            return _refused(command, asked, Refused(reason=Refusal.BLOCKED.value, detail=SENTENCES[Refusal.BLOCKED]))
        refused = (
            None
            if key is None
            else await self._ledger.may_contact(tenant, self._ledger.id_of_key(tenant, key), asked.purpose, asked.channel, at)
        )
        if refused is not None:
            return _refused(command, asked, refused)
        declared = self._parts.directory.all(CustomerAttribute, tenant)
        return OpeningExamined(
            command=command,
            asked=asked,
            conversation=asked.conversation or self._conversation(tenant, asked, ours, customer, key, address),
            customer=identify.summary_of(customer, key, declared),
        )

    async def _customer(
        self, tenant: str, asked: OpenInteraction, ours: ChannelAddress, scope: Scope, address: str
    ) -> tuple[Customer, str | None] | None:
        """The one who has the address; one who was named must be of the same sponsor."""
        documents = self._parts.store.tenant(tenant)
        family = family_of(asked.channel, ours.channel_name or ours.channel.value)
        normal = normal_address(family, address, self._resolver.region(tenant, scope.site))
        key = None if normal is None else customer_key(scope.sponsor, family, normal)
        if asked.customer is not None:
            named = await read(documents, CUSTOMERS, Customer, asked.customer)
            return None if named is None or named.sponsor != scope.sponsor else (named, key)
        if key is None:
            return None
        at = self._parts.clock.now()
        customer, _ = await self._resolver.customer_at(tenant, key, lambda id: _fresh(id, scope, key, address, at, asked.name))
        return customer, key

    async def _address_of(self, tenant: str, asked: OpenInteraction) -> str | None:
        """Where a conversation went on that is named without an address."""
        if asked.conversation is None:
            return None
        known = await read(self._parts.store.tenant(tenant), CONVERSATIONS, Conversation, asked.conversation)
        return None if known is None else known.address

    def _conversation(
        self, tenant: str, asked: OpenInteraction, ours: ChannelAddress, customer: Customer, key: str | None, address: str
    ) -> ConversationId | None:
        """The conversation that the customer's answer will name; None where the answer itself says which it is (mail) or there is none (a call)."""
        if asked.channel is Channel.SMS:
            return text_conversation(self._parts.keys.tenant(tenant, "conversation"), ours.address, address)
        if asked.channel in (Channel.SOCIAL, Channel.OTHER):
            return identify.lasting_conversation(identify.identity_of(customer, key), asked.channel_address)
        return None


def _fresh(id: CustomerId, scope: Scope, key: str, address: str, at: Instant, name: str | None) -> Customer:
    return Customer(id=id, sponsor=scope.sponsor, created_at=at, updated_at=at, keys=(key,), addresses=(address.strip(),), name=name)


def _refused(command: CommandId, asked: OpenInteraction, refused: Refused) -> OpeningExamined:
    return OpeningExamined(command=command, asked=asked, refused=refused.reason, detail=refused.detail)
