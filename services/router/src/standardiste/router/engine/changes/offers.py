"""Offers: what their making and their one end change."""

from __future__ import annotations

from typing import Final

from standardiste.common.events import decisions as d
from standardiste.common.events.base import Event, Instant
from standardiste.common.events.model import (
    AgentId,
    InteractionId,
    OfferId,
)
from standardiste.router.engine import quickly
from standardiste.router.engine.changes.turns import TURNED, Changes, turned
from standardiste.router.engine.live import Live
from standardiste.router.engine.state import (
    Agent,
    Interaction,
    Offer,
    Tried,
    changer,
    evolve,
)

EXCLUDED_MIN_MS: Final = 10_000
EXCLUDED_MS: Final = 60_000

_offered = changer(Interaction, *TURNED, "offers", "offer_count")
_counted = changer(Agent, "offered")


def _offer_made(live: Live, event: Event, data: d.OfferMade) -> None:
    i = live.interactions[data.interaction.id]
    view = data.offer
    offer = quickly.Offer(
        id=view.id,
        agent=view.agent,
        offered_at=view.offered_at,
        expires_at=view.expires_at,
        is_auto_accept=view.is_auto_accept,
        is_interrupting=view.is_interrupting,
        is_transfer=view.is_transfer,
        is_consult=view.is_consult,
    )
    if offer.is_of_owned:
        consult = i.consult
        if offer.is_consult and consult is not None and consult.queue is not None:
            consult = evolve(consult, asked=(*consult.asked, offer.agent))
        live.put_interaction(evolve(i, version=data.version, offers=(*i.offers, offer), offer_count=i.offer_count + 1, consult=consult))
    else:
        state, since, stretches = turned(event, i, i.owner)
        live.put_interaction(
            _offered(
                i,
                state=state,
                cause="offered",
                since=since,
                stretches=stretches,
                version=data.version,
                offers=(*i.offers, offer),
                offer_count=i.offer_count + 1,
            )
        )
    live.put_agent(_counted(live.agents[view.agent], offered=live.decisions))


def _accepted(live: Live, event: Event, data: d.OfferAccepted) -> None:
    """The offer to join a consult is over with that; any other stands until what follows in the same step makes its agent the owner (life.py)."""
    assert live.by_offer.get(data.offer) == data.interaction, "an offer ends once"
    i = live.interactions[data.interaction]
    if i.consult is not None and any(o.id == data.offer and o.is_consult for o in i.offers):
        live.put_interaction(evolve(i, offers=_without(i, data.offer)))
    _end_row(live, data.agent)


def _declined(live: Live, event: Event, data: d.OfferDeclined) -> None:
    """Who passes is there: what he missed before is no row any more."""
    _give_back(live, event, data.interaction, data.offer, data.agent)
    _end_row(live, data.agent)


def _end_row(live: Live, id: AgentId) -> None:
    """Who answers has missed none in a row."""
    agent = live.agents[id]
    if agent.missed_in_a_row:
        live.put_agent(evolve(agent, missed_in_a_row=0))


def _expired(live: Live, event: Event, data: d.OfferExpired) -> None:
    _give_back(live, event, data.interaction, data.offer, data.agent, is_expired=True)
    live.put_agent(evolve(live.agents[data.agent], missed_in_a_row=data.missed_in_a_row))


def _withdrawn(live: Live, event: Event, data: d.OfferWithdrawn) -> None:
    i = live.interactions[data.interaction]
    live.put_interaction(evolve(i, offers=_without(i, data.offer)))


def _media_failed(live: Live, event: Event, data: d.OfferMediaFailed) -> None:
    i = live.interactions[data.interaction]
    assert i.taken_with == data.offer, "the media of an offer that was accepted"
    until = Instant(event.time + EXCLUDED_MIN_MS)
    live.put_interaction(evolve(i, tried=(*_others(i, data.agent), Tried(agent=data.agent, lapses_at=until, ends_at=until))))


def _give_back(live: Live, event: Event, id: InteractionId, offer: OfferId, agent: AgentId, *, is_expired: bool = False) -> None:
    i = live.interactions[id]
    is_of_owned = any(o.id == offer and o.is_of_owned for o in i.offers)
    tried = Tried(
        agent=agent,
        lapses_at=Instant(event.time + EXCLUDED_MIN_MS),
        ends_at=Instant(event.time + EXCLUDED_MS),
        expired_at_step=i.step if is_expired else None,
    )
    live.put_interaction(evolve(i, offers=_without(i, offer), tried=i.tried if is_of_owned else (*_others(i, agent), tried)))


def _without(i: Interaction, offer: OfferId) -> tuple[Offer, ...]:
    left = tuple([o for o in i.offers if o.id != offer])
    assert len(left) == len(i.offers) - 1, "an offer ends once"
    return left


def _others(i: Interaction, agent: AgentId) -> tuple[Tried, ...]:
    return tuple(tried for tried in i.tried if tried.agent != agent)


CHANGES: Final[Changes] = {
    d.OfferMade: _offer_made,
    d.OfferAccepted: _accepted,
    d.OfferDeclined: _declined,
    d.OfferExpired: _expired,
    d.OfferWithdrawn: _withdrawn,
    d.OfferMediaFailed: _media_failed,
}
