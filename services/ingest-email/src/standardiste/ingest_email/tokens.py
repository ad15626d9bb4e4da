"""
Signed tokens that name a conversation: in the reply address (`aide+t-<token>@exemple.fr`) or the subject (`[#<token>]`), for clients that lose the thread.

Theory. A token is a keyed hash of the conversation's id, 80 bits of it, short enough for an address and a subject. A hash cannot be read backwards, so what it
was made of is kept in a document under the token; a token counts only when its document's conversation gives the same hash again, so neither a guessed
token nor a document from elsewhere opens anything. It says where a mail belongs, never who wrote it: `customers` believes it only of a sender who
belongs to the conversation.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from typing import Final

from standardiste.common.errors import VersionConflict
from standardiste.common.events.model import ConversationId
from standardiste.common.ids import keyed_id
from standardiste.common.intake import TenantKeys
from standardiste.common.store.port import ABSENT, Collection, Store
from standardiste.ingest_email.addresses import without_tag

TOKENS: Final = Collection(name="ingest-email-tokens")
LOCAL_PART_MAX: Final = 64
"""RFC 5321, 4.5.3.1.1: a longer local part need not be taken."""
_LENGTH: Final = 16
_KNOWN_MAX: Final = 10_000
_IN_ADDRESS: Final = re.compile(rf"\+t-([0-9a-z]{{{_LENGTH}}})@")
_IN_SUBJECT: Final = re.compile(rf"\s*\[#([0-9a-z]{{{_LENGTH}}})\]")


class Tokens:
    """Makes tokens and reads them."""

    def __init__(self, store: Store, keys: TenantKeys) -> None:
        self._store, self._keys = store, keys
        self._kept: dict[tuple[str, str], None] = {}

    async def mint(self, tenant: str, conversation: ConversationId) -> str:
        """The conversation's token, always the same; what it names is durable on return."""
        token = self._token(tenant, conversation)
        if (tenant, token) not in self._kept:
            await self._keep(tenant, token, conversation)
            if len(self._kept) >= _KNOWN_MAX:
                self._kept.clear()
            self._kept[(tenant, token)] = None
        return token

    async def conversation(self, tenant: str, token: str) -> ConversationId | None:
        """What a token names; None when it is none of ours."""
        document = await self._store.tenant(tenant).get(TOKENS, token)
        if document is None:
            return None
        conversation = ConversationId(str(document.body["conversation"]))
        return conversation if hmac.compare_digest(self._token(tenant, conversation), token) else None

    def _token(self, tenant: str, conversation: ConversationId) -> str:
        return keyed_id(self._keys.tenant(tenant, "mail thread"), "t", conversation)[-_LENGTH:]

    async def _keep(self, tenant: str, token: str, conversation: ConversationId) -> None:
        documents = self._store.tenant(tenant)
        if await documents.get(TOKENS, token) is None:
            try:
                await documents.put(TOKENS, token, {"conversation": conversation, "format": 1}, expected=ABSENT)
            except VersionConflict:
                return  # another send of the conversation kept it meanwhile


def reply_address(our_address: str, token: str) -> str | None:
    """Our address with the token; None when that is longer than an address may be."""
    local, _, domain = our_address.rpartition("@")
    tagged = f"{local}+t-{token}"
    return f"{tagged}@{domain}" if len(tagged) <= LOCAL_PART_MAX else None


def in_addresses(addresses: Iterable[str], our_address: str) -> list[str]:
    """The tokens that tagged forms of our address hold."""
    ours = our_address.lower()
    found = ((each.lower(), _IN_ADDRESS.search(each.lower())) for each in addresses)
    return [token[1] for address, token in found if token is not None and without_tag(address) == without_tag(ours)]


def with_token(subject: str, token: str) -> str:
    """The subject with the token at its end, once."""
    return f"{without_tokens(subject)} [#{token}]".strip()


def in_subject(subject: str) -> list[str]:
    """The tokens that a subject holds, the last first: that is the latest answer's."""
    return list(reversed(_IN_SUBJECT.findall(subject)))


def without_tokens(subject: str) -> str:
    """The subject as people read it."""
    return _IN_SUBJECT.sub("", subject)
