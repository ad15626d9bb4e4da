"""Offers: made once, ended once, each for one named reason."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.common.events.decisions.deciding import decision
from standardiste.common.events.model import (
    AgentId,
    CustomerSummary,
    InteractionId,
    InteractionView,
    OfferId,
    OfferView,
    Why,
    Withdrawal,
)


@decision("offer.made")
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMade:
    """Offered to an agent until `expires_at`. The interaction and the customer ride along for the desk."""

    offer: OfferView
    interaction: InteractionView
    customer: CustomerSummary | None = None
    version: int
    why: Why


@decision("offer.accepted")
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAccepted:
    """The agent took it."""

    offer: OfferId
    interaction: InteractionId
    agent: AgentId
    is_automatic: bool = False


@decision("offer.declined")
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDeclined:
    """The agent passed."""

    offer: OfferId
    interaction: InteractionId
    agent: AgentId
    reason: str = ""


@decision("offer.expired")
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferExpired:
    """No answer in time. `missed_in_a_row` counts it."""

    offer: OfferId
    interaction: InteractionId
    agent: AgentId
    missed_in_a_row: int


@decision("offer.withdrawn")
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferWithdrawn:
    """Taken back; the agent is not punished."""

    offer: OfferId
    interaction: InteractionId
    agent: AgentId
    because: Withdrawal


@decision("offer.media-failed")
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMediaFailed:
    """Accepted, but the media could not be set up; the agent is not punished."""

    offer: OfferId
    interaction: InteractionId
    agent: AgentId
    detail: str = ""
