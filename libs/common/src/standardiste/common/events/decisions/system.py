"""The router's own: configuration in force, what waits told in numbers, what could not be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from standardiste.common.events.base import Instant
from standardiste.common.events.decisions.deciding import decision
from standardiste.common.events.decisions.messages import (
    MessageDelayed,
    MessageDelivered,
    MessageFailed,
    MessageRead,
    MessageSent,
)
from standardiste.common.events.model import (
    AgentId,
    Channel,
    ChannelAddressId,
    ContactId,
    InteractionId,
    QueueId,
    ReceiptId,
    SkillId,
)


@decision("configuration.applied")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationApplied:
    """A change set is in force, whole."""

    change_set: int
    members: int


@decision("configuration.refused")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationRefused:
    """A change set was refused by name; the former stays in force."""

    change_set: int
    reason: str
    detail: str


@decision("rule.failed")
@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFailed:
    """A rule erred on a contact and so did not match."""

    interaction: InteractionId
    rule: str
    detail: str


@decision("skill.unstaffed")
@dataclass(frozen=True, slots=True, kw_only=True)
class SkillUnstaffed:
    """No agent at all has what this interaction needs."""

    interaction: InteractionId
    queue: QueueId
    skills: tuple[SkillId, ...]


@decision("position.changed")
@dataclass(frozen=True, slots=True, kw_only=True)
class PositionChanged:
    """Where a waiting customer stands, and how long it may take."""

    interaction: InteractionId
    position: int
    wait_p50_ms: int | None = None
    wait_p90_ms: int | None = None
    method: str = ""


@decision("estimate.scored", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateScored:
    """The first estimate that a waiting customer was told, held against the wait that followed it, until an agent took him or he gave up."""

    interaction: InteractionId
    queue: QueueId
    wait_p50_ms: int
    wait_p90_ms: int
    waited_ms: int
    is_abandoned: bool = False


@decision("router.resumed", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class RouterResumed:
    """The partition was taken, or nothing was read or committed for 2 s: leases get one full grace. `gap_ms` None: never owned before."""

    gap_ms: int | None = None


@decision("sweep.found", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class SweepFound:
    """The safety net found what no deadline did: a defect, counted and alarmed."""

    interaction: InteractionId | None = None
    agent: AgentId | None = None
    what: str


@decision("contact.undeliverable", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactUndeliverable:
    """An input that cannot be taken (`unknown_tenant`; `not_handled`: it met a fault of ours): dead-lettered; its receipt says so."""

    contact: ContactId | None = None
    receipt: ReceiptId | None = None
    reason: str
    detail: str = ""


@decision("channel-address.health-changed")
@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAddressHealthChanged:
    """One of our addresses fails, or works again; or its credential ends soon, or it has been silent for unusually long."""

    channel_address: ChannelAddressId
    is_healthy: bool
    detail: str = ""
    channel: Channel | None = None
    last_success_at: Instant | None = None
    credential_expires_at: Instant | None = None
    silent_since: Instant | None = None


MESSAGE_FACTS: Mapping[str, type] = {
    "sent": MessageSent,
    "delivered": MessageDelivered,
    "read": MessageRead,
    "delayed": MessageDelayed,
    "failed": MessageFailed,
}
"""Which decision reports which delivery state."""
