"""
The stored send: one document per message, and the only memory an outbox has.

    (none) ──taken──► sending ──yes──► sent
                        │  ▲ └──no, for good──► failed
                not now │  │ due
                        ▼  │
                       delayed ──given up──► failed

`sending` is written before the provider hears of it, `sent` after its yes; so a process that dies between leaves `sending`, which nobody but a
live holder may own longer than the lease. `delayed` waits for `due_at`, also behind an earlier send of the same conversation. An ended send keeps
its ids and loses its words. What could not be reported yet stays in `owed`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from standardiste.common.events.base import Instant
from standardiste.common.events.codec import adapter, load_data
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.outbox.provider import Refused, Send
from standardiste.common.store.port import Body, Document, Index

FORMAT = 1

INDEXES = (
    Index(name="open_in", path="open_in"),
    Index(name="order", path="order"),
    Index(name="due_at", path="due_at"),
    Index(name="ended_at", path="ended_at"),
    Index(name="provider_id", path="provider_id"),
)


class SendState(StrEnum):
    SENDING = "sending"
    DELAYED = "delayed"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRecord:
    """
    A stored send. `order` sorts the sends of a conversation as the router made them. `due_at` is when somebody must look at it again: the next
    try, the end of the lease, the delay to be told. `try_at` is the next try alone. `command` is the outbound record's JSON, gone when ended.
    """

    tenant: str
    message: str
    version: int
    state: SendState
    conversation: str
    interaction: str
    order: str
    taken_at: int
    command: str | None
    open_in: str | None
    due_at: int | None
    channel_address: str = ""
    sender: str = ""
    try_at: int = 0
    tries: int = 0
    holder: str | None = None
    is_outcome_unknown: bool = False
    is_delay_told: bool = False
    is_report_owed: bool = False
    ended_at: int | None = None
    provider_id: str | None = None
    segments: int | None = None
    code: str | None = None
    detail: str | None = None
    refused: tuple[Refused, ...] = ()
    traceparent: str | None = None
    format: int = FORMAT

    @property
    def is_open(self) -> bool:
        return self.open_in is not None

    def send(self) -> Send:
        """What the provider is given."""
        assert self.command is not None, "an ended send has no words left"
        return Send(
            tenant=self.tenant,
            command=load_data(DeliverMessage, self.command),
            taken_at=Instant(self.taken_at),
            tries=self.tries,
            traceparent=self.traceparent,
        )


_NOT_IN_THE_BODY = frozenset({"tenant", "message", "version"})


def to_body(record: SendRecord) -> Body:
    """The document's body."""
    return adapter(SendRecord).dump_python(record, mode="json", exclude=set(_NOT_IN_THE_BODY), exclude_none=True)


def from_document(document: Document) -> SendRecord:
    """The record that a document holds."""
    body = {"command": None, "open_in": None, "due_at": None, **document.body}
    return adapter(SendRecord).validate_python({**body, "tenant": document.tenant, "message": document.id, "version": document.version})
