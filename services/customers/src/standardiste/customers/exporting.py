"""
Everything that is kept of one person, as JSON lines: the record, consents, conversations, messages, files. For article 15 and 20 GDPR.

Where the tenant has files looked through, one that was not found safe is named, with its state and without its bytes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any, Final

from standardiste.common.events.model import AttachmentState, CustomerId
from standardiste.common.parts import Parts
from standardiste.common.permission.ledger import Ledger
from standardiste.common.scanning.screen import Screen
from standardiste.common.store.port import Collection, Find, TenantStore, Where
from standardiste.customers.chronicle import blob_ref
from standardiste.customers.records import CONVERSATIONS, MESSAGES, Customer, dump

PAGE: Final = 100
_INNER: Final = frozenset({"format", "place", "waiting", "subject_from", "has_words"})


async def export(parts: Parts, tenant: str, customer: Customer) -> AsyncIterator[bytes]:
    """One object a line: `kind` and `data`; a file's bytes are base64. Pages as it goes, so nothing is held but a page and a file."""
    documents, ledger = parts.store.tenant(tenant), Ledger(parts.store, parts.keys, parts.directory)
    screen = Screen(parts.scanner, parts.directory)
    yield _line("customer", {name: value for name, value in dump(customer).items() if name not in ("format", "keys", "externals")})
    for key in customer.keys:
        for entry in await ledger.entries(tenant, ledger.id_of_key(tenant, key)):
            yield _line("consent", dump(entry))
    async for id, conversation in _found(documents, CONVERSATIONS, Where(index="customer", equals=CustomerId(customer.id)), None):
        yield _line("conversation", {"id": id, **conversation})
        inside = Where(index="place", at_least=f"{id}/", below=f"{id}0")  # "0" follows "/"
        async for _, message in _found(documents, MESSAGES, inside, "place"):
            yield _line("message", message)
            for name in message.get("blobs", ()):
                ref = blob_ref(name)
                content = None if ref is None else await parts.blobs.get(ref)
                if content is not None:
                    yield _line("file", {"blob": name, **await _file(screen, tenant, content)})


async def _file(screen: Screen, tenant: str, content: bytes) -> dict[str, str]:
    if screen.is_asked_for(tenant):
        state = await screen.state_on_arrival(tenant, content)  # a scanner that is away must not break off an answer that has begun
        if state is not AttachmentState.CLEAN:
            return {"state": state.value}
    return {"content": base64.b64encode(content).decode()}


async def _found(
    documents: TenantStore, collection: Collection, where: Where, sort: str | None
) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    cursor = None
    while True:
        page = await documents.find(collection, Find(where=(where,), sort=sort, limit=PAGE, cursor=cursor))
        for document in page.documents:
            yield document.id, {name: value for name, value in document.body.items() if name not in _INNER}
        cursor = page.cursor
        if cursor is None:
            return


def _line(kind: str, data: Any) -> bytes:
    return json.dumps({"kind": kind, "data": data}, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
