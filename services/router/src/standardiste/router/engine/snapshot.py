"""
An agent's snapshot: all its desk needs, one entity a message; and how the events after it change it (law L8).

`project` is what a desk does with events. Applied to an old snapshot it must give what a fresh one would say: tests hold the two together.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from standardiste.common.events import decisions as d
from standardiste.common.events.base import Event
from standardiste.common.events.model import (
    AgentId,
    AgentView,
    InteractionId,
    InteractionState,
    InteractionView,
    OfferId,
    OfferView,
    SessionId,
)
from standardiste.router.engine.live import Live
from standardiste.router.engine.state import Interaction, Offer
from standardiste.router.engine.step import Step, view_of


def send(step: Step, session: SessionId, agent: AgentId) -> None:
    """Answer a session with its agent's snapshot."""
    live = step.live
    to = (f"session:{session}",)
    step.emit(d.SnapshotBegan(session=session, agent=agent, change_set=live.change_set), agent, to)
    step.emit(d.SnapshotAgent(session=session, view=live.agents[agent].view), agent, to)
    owned = owned_views(live, agent)
    for view in owned:
        step.emit(d.SnapshotInteraction(session=session, view=view), view.id, to)
    offered = open_offers(live, agent)
    for i, offer in offered:
        step.emit(d.SnapshotOffer(session=session, offer=offer_view(i, offer), interaction=view_of(i)), i.id, to)
    step.emit(d.SnapshotEnded(session=session, interactions=len(owned), offers=len(offered)), agent, to)


def owned_views(live: Live, agent: AgentId) -> list[InteractionView]:
    """What the agent owns, and what it is asked into."""
    mine = [work for work in live.works_of(agent) if agent in (work.owner, work.guest)]
    return [view_of(work) for work in sorted(mine, key=lambda work: work.id)]


def open_offers(live: Live, agent: AgentId) -> list[tuple[Interaction, Offer]]:
    works = sorted(live.works_of(agent), key=lambda work: work.id)
    return [(work, offer) for work in works for offer in work.offers if offer.agent == agent]


def offer_view(i: Interaction, offer: Offer) -> OfferView:
    return OfferView(
        id=offer.id,
        interaction=i.id,
        agent=offer.agent,
        offered_at=offer.offered_at,
        expires_at=offer.expires_at,
        is_auto_accept=offer.is_auto_accept,
        is_interrupting=offer.is_interrupting,
        is_transfer=offer.is_transfer,
        is_consult=offer.is_consult,
    )


# ---- the projection a desk keeps


@dataclass(slots=True)
class Desk:
    """What one agent's desk knows, from the snapshot on."""

    agent: AgentId
    view: AgentView | None = None
    owned: dict[InteractionId, tuple[int, InteractionState]] = field(default_factory=dict[InteractionId, "tuple[int, InteractionState]"])
    offers: dict[OfferId, InteractionId] = field(default_factory=dict[OfferId, InteractionId])
    asked_into: dict[InteractionId, None] = field(default_factory=dict[InteractionId, None])


def fresh(live: Live, agent: AgentId) -> Desk:
    """The desk as a snapshot taken now would make it."""
    return Desk(
        agent,
        live.agents[agent].view,
        {view.id: (view.version, view.state) for view in owned_views(live, agent)},
        {offer.id: i.id for i, offer in open_offers(live, agent)},
        {work.id: None for work in sorted(live.works_of(agent), key=lambda work: work.id) if work.guest == agent},
    )


_STATE_AFTER: dict[type, InteractionState] = {
    d.InteractionConnecting: InteractionState.CONNECTING,
    d.InteractionActivated: InteractionState.ACTIVE,
    d.InteractionHeld: InteractionState.HELD,
    d.InteractionResumed: InteractionState.ACTIVE,
    d.InteractionReopened: InteractionState.ACTIVE,
    d.InteractionWrapping: InteractionState.WRAPPING,
    d.InteractionOpened: InteractionState.ACTIVE,
}
_GONE = (d.InteractionQueued, d.InteractionClosed, d.InteractionDisowned, d.InteractionParked)
_OFFER_ENDED = (d.OfferAccepted, d.OfferDeclined, d.OfferExpired, d.OfferWithdrawn)


def project(desk: Desk, event: Event) -> None:
    """Change a desk by one event, if the event is for it."""
    if f"agent:{desk.agent}" not in event.to:
        return
    data = event.data
    if isinstance(data, d.AgentStateChanged):
        desk.view = data.view
    elif isinstance(data, d.OfferMade):
        if data.offer.agent == desk.agent:
            desk.offers[data.offer.id] = data.interaction.id
        if data.interaction.id in desk.owned:
            desk.owned[data.interaction.id] = (data.version, desk.owned[data.interaction.id][1])
    elif isinstance(data, _OFFER_ENDED):
        desk.offers.pop(data.offer, None)
    elif isinstance(data, d.ConsultJoined) and data.agent == desk.agent:
        assert data.view is not None, "an agent sees what he joins"
        desk.asked_into[data.interaction] = None
        desk.owned[data.interaction] = (data.version, data.view.state)
    elif isinstance(data, d.ConsultEnded) and data.interaction in desk.asked_into:
        del desk.asked_into[data.interaction]
        desk.owned.pop(data.interaction)
    elif isinstance(data, _GONE):
        desk.owned.pop(data.interaction, None)
    elif type(data) in _STATE_AFTER:
        if data.owner == desk.agent or data.interaction in desk.asked_into:
            desk.owned[data.interaction] = (data.version, _STATE_AFTER[type(data)])
        else:
            desk.owned.pop(data.interaction, None)
    elif hasattr(data, "interaction") and hasattr(data, "version") and data.interaction in desk.owned:
        desk.owned[data.interaction] = (data.version, desk.owned[data.interaction][1])
