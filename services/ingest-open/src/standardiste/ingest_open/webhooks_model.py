"""What a webhook is: which facts it wants, where it stands, how it is shown. Nothing here knows a store or the time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, Final, cast

from pydantic import BaseModel, Field

from standardiste.common.bodies import Strict
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import rfc3339
from standardiste.common.errors import BadInput
from standardiste.common.events.base import REGISTRY, Instant, Kind
from standardiste.common.events.codec import adapter, load_object
from standardiste.common.store.port import Body

_FAMILIES: Final = ("interaction.", "contact.", "customer.", "message.", "offer.", "callback.", "voicemail.", "agent.", "channel-address.")
_ANSWERS: Final = frozenset({"standardiste.interaction.explained.v1", "standardiste.agent.explained.v1"})
PUBLIC_TYPES: Final = frozenset(
    spec.name
    for spec in REGISTRY.values()
    if spec.kind is Kind.FACT
    and spec.topic == Topic.DECISIONS
    and spec.name.removeprefix("standardiste.").startswith(_FAMILIES)
    and spec.name not in _ANSWERS
)
"""The facts that leave the house. Answers to one asker, snapshots and the router's own concerns do not."""
TYPES_MAX: Final = 100


class WebhookState(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One endpoint of an integrator. `types` are full names; `because` says why it was disabled. Its secret is behind the secrets port."""

    id: str
    url: str
    types: tuple[str, ...]
    created_at: Instant
    sponsor: str | None = None
    description: str = ""
    state: WebhookState = WebhookState.ACTIVE
    changed_at: Instant
    because: str = ""

    def wants(self, type: str) -> bool:
        return self.state is WebhookState.ACTIVE and type in self.types

    def turned(self, state: WebhookState, at: Instant, because: str = "") -> Webhook:
        return replace(self, state=state, changed_at=at, because=because)


class PostedWebhook(Strict):
    """The body of `POST /v1/webhooks`. `types` are names of public facts (`message.sent` is short for `standardiste.message.sent.v1`), or `*` for all."""

    url: Annotated[str, Field(min_length=1, max_length=2_000)]
    types: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=100)], ...], Field(min_length=1, max_length=TYPES_MAX, strict=False)
    ]
    sponsor: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    description: Annotated[str, Field(max_length=255)] = ""


class PostedReplay(Strict):
    """The body of `POST /v1/webhooks/{webhook}/replay`: everything after this cursor again; without one, all that the log still holds."""

    after: Annotated[str, Field(max_length=64)] | None = None


class ShownWebhook(BaseModel):
    """An endpoint. `secret` is in the answer that made it, and never again."""

    id: str
    url: str
    types: list[str]
    sponsor: str | None = None
    description: str
    state: WebhookState
    because: str
    created_at: Annotated[Instant, Field(description="RFC 3339")]
    changed_at: Annotated[Instant, Field(description="RFC 3339")]
    secret: str | None = None


class WebhookPage(BaseModel):
    items: list[ShownWebhook]
    next: str | None = None


class ShownTry(BaseModel):
    at: Annotated[Instant, Field(description="RFC 3339")]
    status: int | None = None
    error: str = ""


class ShownDelivery(BaseModel):
    """What became of one fact: its `cursor` is where a replay may begin; the last tries, oldest first."""

    event: str
    type: str
    subject: str
    cursor: str
    state: str
    tries: int
    due_at: Annotated[Instant | None, Field(description="RFC 3339; the next try")] = None
    attempts: list[ShownTry]


class DeliveryPage(BaseModel):
    items: list[ShownDelivery]
    next: str | None = None


class Replayed(BaseModel):
    """`queued` facts will be delivered again. `next` is where to go on when there is more; null at the log's end."""

    queued: int
    next: str | None = None


def full_types(names: tuple[str, ...]) -> tuple[str, ...]:
    """The full names. Raises BadInput that points at the one that is no public fact."""
    found: set[str] = set()
    for number, name in enumerate(names):
        full = name if name.startswith("standardiste.") else f"standardiste.{name}.v1"
        if name == "*":
            found |= PUBLIC_TYPES
        elif full in PUBLIC_TYPES:
            found.add(full)
        else:
            raise BadInput("invalid_field", "no public fact has this name", f"/types/{number}")
    return tuple(sorted(found))


def body_of_webhook(webhook: Webhook) -> Body:
    return cast("Body", adapter(Webhook).dump_python(webhook, mode="json", exclude_none=True))


def webhook_of(body: Body) -> Webhook:
    return cast("Webhook", load_object(Webhook, body))


def shown(webhook: Webhook, secret: str | None = None) -> dict[str, Any]:
    told = {**body_of_webhook(webhook), "secret": secret}
    return {name: value for name, value in told.items() if value is not None}


def shown_delivery(body: Body) -> dict[str, Any]:
    found = cast("dict[str, Any]", body)
    due = found.get("due_at")
    told = {name: found[name] for name in ("event", "type", "subject", "cursor", "state", "tries")}
    attempts = [{**each, "at": rfc3339(Instant(each["at"]))} for each in found["attempts"]]
    return {**told, "attempts": attempts, **({} if due is None else {"due_at": rfc3339(Instant(due))})}
