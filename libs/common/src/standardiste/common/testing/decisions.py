"""Decisions as they lie in the log, for tests of those who read them without a router."""

from __future__ import annotations

from dataclasses import replace

from standardiste.common.bus.port import Outgoing, Record
from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Data, Instant
from standardiste.common.events.codec import encode
from standardiste.common.testing.builders import AT, TENANT, event


def decision(data: Data, *to: str, id: str = "d1", tenant: str = TENANT, subject: str = "i1", traceparent: str | None = None) -> Outgoing:
    """What the router writes, addressed to these readers ("agent:anna", "session:s1")."""
    made = event(data, id=id, source="router", subject=subject, tenant=tenant, traceparent=traceparent)
    return encode(replace(made, to=to), Topic.DECISIONS)


def decided(data: Data, *to: str, offset: int, at: int = AT, partition: int = 0, tenant: str = TENANT, subject: str = "i1") -> Record:
    """The same as a record at this place of the log."""
    out = decision(data, *to, id=f"d{offset}", tenant=tenant, subject=subject)
    return Record(
        topic=out.topic, partition=partition, offset=offset, appended_at=Instant(at), key=out.key, value=out.value, headers=out.headers
    )
