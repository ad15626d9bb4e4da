"""What the API is given: bodies as typed dictionaries. A test holds these against the OpenAPI documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, TypedDict


class SenderBody(TypedDict):
    """Who the customer is on the channel. `address` is what two contacts of one customer share."""

    address: str
    name: NotRequired[str | None]


class AttachmentBody(TypedDict):
    """A file, base64 in `content`; `files.attachment` makes it."""

    name: str
    content: str
    media_type: NotRequired[str]


class _Words(TypedDict):
    subject: NotRequired[str | None]
    text: NotRequired[str]
    language: NotRequired[str | None]
    attributes: NotRequired[Mapping[str, str | bool | int | float]]
    attachments: NotRequired[Sequence[AttachmentBody]]


InteractionFrom = TypedDict("InteractionFrom", {"from": SenderBody})
MessageFrom = TypedDict("MessageFrom", {"from": NotRequired[SenderBody | None]})


class InteractionBody(_Words, InteractionFrom):
    """`POST /v1/interactions`: `channel` or `channel_address` say where it came in; `conversation` or `thread` what it continues."""

    channel: NotRequired[str]
    channel_address: NotRequired[str]
    conversation: NotRequired[str | None]
    thread: NotRequired[str | None]
    queue: NotRequired[str | None]
    priority: NotRequired[int | None]
    received_at: NotRequired[str | None]


class MessageBody(_Words, MessageFrom):
    """`POST /v1/interactions/{conversation}/messages`."""

    received_at: NotRequired[str | None]


class RecipientBody(TypedDict):
    """Who is written to: an address of the channel that is used. `name` is kept where the customer is new."""

    address: str
    name: NotRequired[str | None]


class SendBody(TypedDict):
    """`POST /v1/messages`: `channel` or `channel_address` say from which of our addresses."""

    to: RecipientBody
    text: NotRequired[str]
    subject: NotRequired[str | None]
    language: NotRequired[str | None]
    attachments: NotRequired[Sequence[AttachmentBody]]
    attributes: NotRequired[Mapping[str, str | bool | int | float]]
    channel: NotRequired[str | None]
    channel_address: NotRequired[str | None]
    conversation: NotRequired[str | None]
    queue: NotRequired[str | None]
    template: NotRequired[str | None]
    template_values: NotRequired[Mapping[str, str]]
    purpose: NotRequired[str]


class DeliveryBody(TypedDict):
    """What became of an answer at the integrator's side. `at` in RFC 3339; now when absent."""

    state: Literal["sent", "delivered", "read", "delayed", "failed"]
    at: NotRequired[str | None]
    code: NotRequired[str | None]
    detail: NotRequired[str | None]


class WebhookBody(TypedDict):
    """`types` are names of public facts (`message.sent`), or `*` for all."""

    url: str
    types: Sequence[str]
    sponsor: NotRequired[str | None]
    description: NotRequired[str]


class CustomerChange(TypedDict, total=False):
    """What people change of a customer."""

    name: str | None
    language: str | None
    labels: Sequence[str]
    attributes: Mapping[str, str | bool | int | float]
