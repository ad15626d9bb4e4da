"""What an integrator may post, and what of it is checked beyond its form. Nothing here knows a tenant, a store or the time."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Annotated, Final, Literal, Protocol

from pydantic import BaseModel, Field

from standardiste.common.bodies import Strict
from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.common.intake import AttachmentDraft

ATTACHMENTS_MAX: Final = 20
ATTRIBUTES_MAX: Final = 50
TEXT_CHARACTERS_MAX: Final = 1_000_000
KEY_CHARACTERS_MAX: Final = 255

Short = Annotated[str, Field(min_length=1, max_length=255)]
Id = Annotated[str, Field(min_length=1, max_length=128)]
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
AttributeName = Annotated[str, Field(min_length=1, max_length=64)]
AttributeText = Annotated[str, Field(max_length=1000)]
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
AttributeValue = AttributeText | bool | Whole | float


class Sender(Strict):
    """Who the customer is on this channel: an account, a fax number, a file number. `address` is what two contacts of one customer share."""

    address: Short
    name: Annotated[str, Field(max_length=255)] | None = None


class PostedAttachment(Strict):
    """A file, base64 in `content`."""

    name: Short
    media_type: Annotated[str, Field(pattern=r"^[\w.+-]+/[\w.+-]+$", max_length=127)] = "application/octet-stream"
    content: str


class _Words(Strict):
    subject: Annotated[str, Field(max_length=998)] | None = None
    text: Annotated[str, Field(max_length=TEXT_CHARACTERS_MAX)] = ""
    language: Language | None = None
    attributes: Annotated[dict[AttributeName, AttributeValue], Field(max_length=ATTRIBUTES_MAX)] = Field(default_factory=dict)
    attachments: Annotated[tuple[PostedAttachment, ...], Field(max_length=ATTACHMENTS_MAX, strict=False)] = ()
    received_at: Annotated[Instant, Field(description="When it happened, RFC 3339; now when absent")] | None = None


class PostedInteraction(_Words):
    """
    The body of `POST /v1/interactions`.

    Where it came in: `channel_address` (an id) or `channel` (the name or address of one of the tenant's open channels). What it continues:
    `conversation` (an id of ours) or `thread` (the integrator's own name for a thread with this sender); neither begins a new conversation.
    """

    channel_address: Id | None = None
    channel: Short | None = None
    sender: Annotated[Sender, Field(alias="from")]
    conversation: Id | None = None
    thread: Short | None = None
    queue: Id | None = None
    priority: Annotated[int, Field(ge=-100, le=100)] | None = None


class PostedMessage(_Words):
    """The body of `POST /v1/interactions/{conversation}/messages`. `from`, when given, must be the conversation's customer."""

    sender: Annotated[Sender | None, Field(alias="from")] = None


class PostedDelivery(Strict):
    """What became of an answer at the integrator's side. `is_final` failures tell the agent that nothing more will be tried."""

    state: Literal["sent", "delivered", "read", "delayed", "failed"]
    at: Annotated[Instant, Field(description="RFC 3339; now when absent")] | None = None
    code: Annotated[str, Field(max_length=64)] | None = None
    detail: Annotated[str, Field(max_length=1000)] | None = None


# ---- what is answered, for the API's description


class Taken(BaseModel):
    """Accepted durably. What becomes of it is at the Location; answers of agents come to the conversation."""

    receipt: str
    conversation: str


class ReplyAuthor(BaseModel):
    kind: Literal["agent", "bot", "system"]
    name: str


class ReplyAttachment(BaseModel):
    id: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    url: str


class Reply(BaseModel):
    """One answer. Its `id` makes a repeat recognisable."""

    id: str
    conversation: str
    interaction: str
    author: ReplyAuthor
    text: str
    sent_at: Annotated[Instant, Field(description="RFC 3339")]
    subject: str | None = None
    language: str | None = None
    in_reply_to: str | None = None
    attachments: list[ReplyAttachment]
    is_machine_made: bool


class ReplyPage(BaseModel):
    """A page of answers. `next` is always given: kept and sent again as `after`, it brings what came since."""

    items: list[Reply]
    next: str


class Reported(BaseModel):
    """The report was taken."""

    message: str
    state: str


class HasFiles(Protocol):
    """A body that may bring files."""

    @property
    def attachments(self) -> tuple[PostedAttachment, ...]: ...


def files_of(posted: HasFiles) -> tuple[AttachmentDraft, ...]:
    """Its attachments, decoded. Raises BadInput that points at the one that is not base64."""
    return tuple(_file(number, each) for number, each in enumerate(posted.attachments))


def require_words(posted: PostedInteraction | PostedMessage) -> None:
    """Something must have been said: text, a subject or a file."""
    if not posted.text and not posted.subject and not posted.attachments:
        raise BadInput("invalid_field", "text, subject or attachments must say something", "/text")


def checked_key(header: str | None) -> str | None:
    """The Idempotency-Key, or None when it is absent. Raises BadInput for one that is too long or not printable ASCII."""
    key = (header or "").strip()
    if not key:
        return None
    if len(key) > KEY_CHARACTERS_MAX or not key.isascii() or not key.isprintable():
        raise BadInput(
            "invalid_field", f"Idempotency-Key has 1 to {KEY_CHARACTERS_MAX} printable ASCII characters", "/headers/idempotency-key"
        )
    return key


def _file(number: int, posted: PostedAttachment) -> AttachmentDraft:
    try:
        content = b64decode(posted.content, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("invalid_field", "not base64", f"/attachments/{number}/content") from None
    return AttachmentDraft(name=posted.name, media_type=posted.media_type, content=content)
