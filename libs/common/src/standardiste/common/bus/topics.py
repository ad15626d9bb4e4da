"""
The topics: one table of what each is called, how it is kept, and who may write what to it.

`standardiste topics apply|check|acl` and the adapters read it; docs/events.md and the AsyncAPI document are generated from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

RECORD_BYTES = 1_048_576
RETOLD_BYTES = RECORD_BYTES + 32 * 1024
"""For what repeats a record of another topic, with more headers: a contact as large as `inputs` takes must find its decision and its dead letter."""

HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS


class Topic(StrEnum):
    """The names, before any prefix of the installation."""

    INPUTS = "inputs"
    DIRECTORY = "directory"
    DECISIONS = "decisions"
    ROUTER_STATE = "router-state"
    OUTBOUND_EMAIL = "outbound.email"
    OUTBOUND_SMS = "outbound.sms"
    OUTBOUND_VOICE = "outbound.voice"
    OUTBOUND_CHAT = "outbound.chat"
    OUTBOUND_OPEN = "outbound.open"
    DEAD_LETTERS = "dead-letters"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSpec:
    """
    How one topic is kept. Every topic has the installation's number of partitions and LogAppendTime.

    `tombstone_ms` is how long a compacted topic keeps a deletion for readers that are behind. `record_bytes_max` counts key, value and headers.
    """

    topic: Topic
    what: str
    key: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    is_compacted: bool = False
    retention_ms: int | None = 7 * DAY_MS
    segment_bytes: int | None = None
    tombstone_ms: int = DAY_MS
    record_bytes_max: int = RECORD_BYTES


_COMPACTED_SEGMENT = 16 * 1024 * 1024  # so that a restore reads little

TOPICS: dict[Topic, TopicSpec] = {
    spec.topic: spec
    for spec in (
        TopicSpec(
            topic=Topic.INPUTS,
            what="all the router must hear, in one order per tenant: contacts, what channels report of them, identifications, commands",
            key="tenant",
            writers=("ingest-email", "ingest-sms", "ingest-voice", "ingest-chat", "ingest-open", "customers", "agent-gateway"),
            readers=("router", "customers"),
        ),
        TopicSpec(
            topic=Topic.DIRECTORY,
            what="configuration, whole entities, in numbered change sets",
            key="tenant/kind/id",
            writers=("directory",),
            readers=(
                "router",
                "ingest-email",
                "ingest-sms",
                "ingest-voice",
                "ingest-chat",
                "ingest-open",
                "customers",
                "agent-gateway",
                "directory",
            ),
            is_compacted=True,
            retention_ms=None,
            segment_bytes=_COMPACTED_SEGMENT,
        ),
        TopicSpec(
            topic=Topic.DECISIONS,
            what="what the router decided, in order, with the bodies of new messages riding along",
            key="tenant",
            writers=("router",),
            readers=("agent-gateway", "ingest-email", "ingest-sms", "ingest-voice", "ingest-chat", "ingest-open", "customers", "insights"),
            record_bytes_max=RETOLD_BYTES,
        ),
        TopicSpec(
            topic=Topic.ROUTER_STATE,
            what="the router's live state, entity by entity: ids and facts, no customer text, no address",
            key="tenant/kind/id",
            writers=("router",),
            readers=("router",),
            is_compacted=True,
            retention_ms=None,
            segment_bytes=_COMPACTED_SEGMENT,
            tombstone_ms=HOUR_MS,  # read only by a restore, which always begins at the start
        ),
        *(
            TopicSpec(
                topic=topic,
                what=f"what to send or do for a customer by {topic.value.removeprefix('outbound.')}; names conversation and message, no address",
                key="tenant/conversation",
                writers=("router",),
                readers=(f"ingest-{topic.value.removeprefix('outbound.')}",),
            )
            for topic in (Topic.OUTBOUND_EMAIL, Topic.OUTBOUND_SMS, Topic.OUTBOUND_VOICE, Topic.OUTBOUND_CHAT, Topic.OUTBOUND_OPEN)
        ),
        TopicSpec(
            topic=Topic.DEAD_LETTERS,
            what="what could not be handled, why, how often tried; can be re-driven",
            key="tenant",
            writers=("any service",),
            readers=("operators", "customers"),
            retention_ms=30 * DAY_MS,
            record_bytes_max=RETOLD_BYTES,
        ),
    )
}


def partition_of(tenant: str, partitions: int) -> int:
    """The partition that holds all of a tenant, on every topic and adapter: murmur2(tenant) as Kafka's Java client reckons it, mod n."""
    return (murmur2(tenant.encode()) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """The 32-bit murmur2 of Kafka's default partitioner, unsigned. Source: org.apache.kafka.common.utils.Utils.murmur2, restated."""
    mask, m, seed = 0xFFFFFFFF, 0x5BD1E995, 0x9747B28C
    length = len(data)
    h = seed ^ length
    for start in range(0, length - length % 4, 4):
        k = int.from_bytes(data[start : start + 4], "little") * m & mask
        k = (k ^ (k >> 24)) * m & mask
        h = (h * m & mask) ^ k
    tail = data[length - length % 4 :]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return h ^ (h >> 15)
