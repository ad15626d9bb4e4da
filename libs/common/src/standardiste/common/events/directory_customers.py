"""Configuration entities about customers: for what they are contacted, what is known of them, how long it is kept, and the CRM outside that knows more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import C, Kind, event
from standardiste.common.events.model import Channel, SponsorId, Words


def _entity(name: str) -> Callable[[C], C]:
    return event(f"{name}.published", kind=Kind.ENTITY, topic=Topic.DIRECTORY, sources=("directory",))


def _words() -> Words:
    return {}


@_entity("purpose")
@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """
    For what customers are contacted. `service` is always there and needs no consent; any other that is not declared needs one. Outside the hours of its
    `calendar` nobody is contacted for it; `service` has none, since an answer is never too early.
    """

    id: str
    change_set: int
    name: Words = field(default_factory=_words)
    needs_consent: bool = True
    calendar: str | None = None
    is_archived: bool = False


@_entity("attribute")
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAttribute:
    """
    An attribute of customers, its id the name it has in records and rules. `seen_by` and `edited_by` name roles; empty: whoever may read, or write, the record.

    What is special (article 9 GDPR: health, belief …) or seen by some roles only stays in the record: it is in no rule and on no desk's first glance.
    `keep_days` is how long a value is kept after it was set; `default` stands in rules where a customer has none.
    """

    id: str
    change_set: int
    name: Words = field(default_factory=_words)
    type: Literal["text", "number", "flag", "choice", "date"] = "text"
    choices: tuple[str, ...] = ()
    category: Literal["personal", "special", "none"] = "personal"
    seen_by: tuple[str, ...] = ()
    edited_by: tuple[str, ...] = ()
    keep_days: int | None = None
    default: str | int | float | bool | None = None
    is_archived: bool = False


@_entity("retention")
@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """
    How many days after its last word a conversation is kept, with its messages and files. Of several that fit, the one that names most counts, then the
    shortest; where none fits it is kept. `keeps` "customers": how long a customer's record is kept after his last conversation is gone.
    """

    id: str
    change_set: int
    name: Words = field(default_factory=_words)
    keeps: Literal["conversations", "customers"] = "conversations"
    days: int = 1_095
    channel: Channel | None = None
    sponsor: SponsorId | None = None
    purpose: str | None = None
    is_archived: bool = False


@_entity("crm")
@dataclass(frozen=True, slots=True, kw_only=True)
class Crm:
    """
    A CRM outside, of one sponsor or of all. `lookup_url` is what a desk opens for a customer: {customer}, {address}, {channel}, {name} and
    {external.<system>} stand for what is known of him. `hook_url` is asked for attributes before routing, signed with the secret that `hook_secret` names; without an answer
    within `hook_timeout_ms` the attributes' defaults stand.
    """

    id: str
    change_set: int
    name: Words = field(default_factory=_words)
    sponsor: SponsorId | None = None
    lookup_url: str | None = None
    hook_url: str | None = None
    hook_secret: str | None = None
    hook_timeout_ms: int = 300
    is_archived: bool = False
