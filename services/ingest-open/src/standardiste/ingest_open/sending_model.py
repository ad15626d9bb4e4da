"""
A message that an integrator sends to a person on any channel: what is asked, where it stands, how it is shown. Nothing here knows a store or the time.

    accepted ──► refused                        the router, or the rule for contact, said no
        └──────► sending ► delayed ► sent ► delivered ► read         moves forward only
                                       └──► failed                   final from any but delivered and read
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, Field

from standardiste.common.bodies import Strict
from standardiste.common.clock import rfc3339
from standardiste.common.events.base import Instant
from standardiste.common.events.codec import adapter, load_object
from standardiste.common.store.port import Body
from standardiste.ingest_open.posted import (
    ATTACHMENTS_MAX,
    ATTRIBUTES_MAX,
    AttributeName,
    AttributeText,
    AttributeValue,
    Id,
    Language,
    PostedAttachment,
    Short,
)

State: TypeAlias = Literal["accepted", "refused", "sending", "delayed", "sent", "delivered", "read", "failed"]
_RANK: Final[dict[State, int]] = {
    "accepted": 0,
    "sending": 1,
    "delayed": 2,
    "sent": 3,
    "failed": 4,
    "delivered": 5,
    "read": 6,
    "refused": 7,
}
TEXT_CHARACTERS_MAX: Final = 64 * 1024


class Recipient(Strict):
    """Who is written to: an address of the channel that is used. `name` is kept where the customer is new."""

    address: Short
    name: Annotated[str, Field(max_length=255)] | None = None


class PostedSend(Strict):
    """
    The body of `POST /v1/messages`.

    From which of our addresses: `channel_address` (an id) or `channel` (`sms`, `email`, or the name or address of one of ours). `conversation`, on open
    channels, goes on with one of this person's; elsewhere the pair of addresses finds it. `purpose` is asked of the consent ledger.
    `template` names one that the channel's provider has approved (WhatsApp outside its session), with its values; `text` is then what the person reads.
    """

    to: Recipient
    channel_address: Id | None = None
    channel: Short | None = None
    text: Annotated[str, Field(max_length=TEXT_CHARACTERS_MAX)] = ""
    subject: Annotated[str, Field(max_length=998)] | None = None
    language: Language | None = None
    attachments: Annotated[tuple[PostedAttachment, ...], Field(max_length=ATTACHMENTS_MAX, strict=False)] = ()
    attributes: Annotated[dict[AttributeName, AttributeValue], Field(max_length=ATTRIBUTES_MAX)] = Field(default_factory=dict)
    conversation: Id | None = None
    queue: Id | None = None
    template: Short | None = None
    template_values: Annotated[dict[AttributeName, AttributeText], Field(max_length=ATTRIBUTES_MAX)] = Field(default_factory=dict)
    purpose: Annotated[str, Field(min_length=1, max_length=64)] = "service"


class SentMessage(BaseModel):
    """Where a message to a person stands. `reason` names a refusal or failure; the answer of the person comes to the conversation."""

    id: str
    state: State
    receipt: str
    conversation: str
    interaction: str
    updated_at: Annotated[Instant, Field(description="RFC 3339")]
    message: str | None = None
    reason: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What is kept of one: ids and states, no words and no address. `is_asked` once the router has been asked for sure."""

    id: str
    conversation: str
    interaction: str
    receipt: str
    state: State
    updated_at: Instant
    sponsor: str
    channel_address: str
    is_asked: bool = False
    reason: str | None = None
    detail: str | None = None
    format: int = 1

    def turned(self, state: State, at: Instant, reason: str | None = None, detail: str | None = None) -> Sending | None:
        """As it stands after this; None when it says nothing new."""
        if _RANK[state] <= _RANK[self.state]:
            return None
        return replace(self, state=state, updated_at=at, reason=reason, detail=detail, is_asked=True)

    @property
    def is_on_its_way(self) -> bool:
        return self.state not in ("accepted", "refused")


def body_of_sending(sending: Sending) -> Body:
    return adapter(Sending).dump_python(sending, mode="json", exclude_none=True)


def sending_of(body: Body) -> Sending:
    return load_object(Sending, body)


def shown_sending(sending: Sending) -> dict[str, Any]:
    """As the API gives it."""
    told = {
        "id": sending.id,
        "state": sending.state,
        "receipt": sending.receipt,
        "conversation": sending.conversation,
        "interaction": sending.interaction,
        "updated_at": rfc3339(sending.updated_at),
        "message": sending.id if sending.is_on_its_way else None,
        "reason": sending.reason,
        "detail": sending.detail,
    }
    return {name: value for name, value in told.items() if value is not None}
