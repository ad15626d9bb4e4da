"""Where a person's words and addresses lie: every collection of every service is in the table, the record's own, or holds nothing of a customer."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from standardiste.all_in_one.services import build_all
from standardiste.common.idempotency import IDEMPOTENCY
from standardiste.common.permission.ledger import CONSENT
from standardiste.common.personal import COLLECTIONS, GONE_WITHIN_A_DAY
from standardiste.common.security.audit import AUDIT
from standardiste.common.testing.running import make_test_secrets, parts_in
from standardiste.customers.records import COLLECTIONS as OF_THE_RECORD

NOTHING_OF_A_CUSTOMER: Final = {
    "audit": "names of fields and ids",
    "chat-pods": "pods",
    "chat-presence": "pods and instants",
    "consent": "keyed ids; an erasure takes wording and proof",
    "ingest-email-correspondents": "keyed ids and counts",
    "ingest-email-mailboxes": "places in mailboxes of ours",
    "ingest-email-tokens": "tokens of our own accounts at providers",
    "ingest-sms-deliveries": "provider ids and states",
    "ingest-sms-opt-outs": "keyed ids",
    "installation": "whether sending is held",
    "open-sendings": "ids and states",
    "webhook-interactions": "whose an interaction is",
    "webhooks": "endpoints",
}
OF_THE_DIRECTORY: Final = {"address-claims", "change-sets", "entities", "leases", "logins", "secrets", "tenants"}


async def test_every_collection_is_known_to_an_erasure(tmp_path: Path) -> None:
    make_test_secrets(tmp_path / "secrets")
    parts = await parts_in(tmp_path)
    try:
        services = build_all(parts, {"secrets_folder": tmp_path / "secrets", "public_url": "http://localhost"})
        declared = {collection for service in services for collection in service.collections if service.name != "customers"}
    finally:
        await parts.bus.close()
        await parts.store.close()
    names = {collection.name for collection in declared if not collection.name.endswith("-health")}  # of our own addresses
    known = {collection.name for collection in (*COLLECTIONS, *OF_THE_RECORD)}
    assert names - known - set(NOTHING_OF_A_CUSTOMER) - OF_THE_DIRECTORY - GONE_WITHIN_A_DAY == set()
    assert {AUDIT.name, CONSENT.name, IDEMPOTENCY.name} <= {*NOTHING_OF_A_CUSTOMER, *GONE_WITHIN_A_DAY}
    assert set(COLLECTIONS) - declared == set(), "the table declares each collection as its service does"
