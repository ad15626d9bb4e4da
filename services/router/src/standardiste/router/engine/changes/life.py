"""An interaction's life from the queue to its close: what each turn changes."""

from __future__ import annotations

from typing import Final

from standardiste.common.events import decisions as d
from standardiste.common.events.base import Event, Instant
from standardiste.common.events.model import (
    InteractionState,
    OfferId,
    Requirement,
    ToAgent,
)
from standardiste.router.engine import quickly
from standardiste.router.engine.changes.turns import TURNED, Changes, check, handed_out, key_in_order, stretched, take, turn, turned
from standardiste.router.engine.live import Live
from standardiste.router.engine.state import (
    NEVER,
    WAITING_STATES,
    Interaction,
    Offer,
    Promise,
    Transfer,
    changer,
    evolve,
)

_put_on_route = changer(Interaction, "requirement", "original", "wrap_up", "step", "key", "is_unstaffed", "change_set")
_waiting = changer(
    Interaction,
    *TURNED,
    *("owner", "enqueued_at", "key", "hold_for", "hold_until", "taken_with", "transfer"),
    *("not_before", "parked_until", "wrap_up_ends_at", "is_interrupted", "is_forced"),
)
_active = changer(
    Interaction,
    *TURNED,
    *("owner", "offers", "taken_with", "accepted_at", "activated_at", "transfer", "hold_for", "tried"),
    *("position", "told", "parked_until", "is_interrupted", "is_forced"),
)


def _routed(live: Live, event: Event, data: d.InteractionRouted) -> None:
    i = live.interactions[data.interaction]
    live.put_interaction(
        _put_on_route(
            i,
            requirement=data.requirement,
            original=data.requirement,
            wrap_up=data.wrap_up,
            step=0,
            key=key_in_order(live, data.requirement, i.enqueued_at),
            is_unstaffed=i.is_unstaffed and _asks_alike(i.original, data.requirement),
            change_set=data.why.change_set or i.change_set,
        )
    )


def _asks_alike(before: Requirement, after: Requirement) -> bool:
    """Whether it asks no other agents than before: then what was said of them stands, and nothing makes it be looked at anew."""
    return (before.queue, before.skills, before.labels) == (after.queue, after.skills, after.labels)


def _queued(live: Live, event: Event, data: d.InteractionQueued) -> None:
    i = live.interactions[data.interaction]
    live.messages.pop(i.id, None)
    state, since, stretches = turned(event, i, None)
    live.put_interaction(
        _waiting(
            i,
            state=state,
            cause=data.because.value,
            since=since,
            stretches=stretches,
            version=data.version,
            owner=None,
            enqueued_at=data.enqueued_at,
            key=key_in_order(live, i.requirement, data.enqueued_at),
            hold_for=data.hold_for,
            hold_until=data.hold_until or Instant(0),
            taken_with=None,
            transfer=None,
            not_before=i.not_before if i.not_before > event.time else NEVER,
            parked_until=None,
            wrap_up_ends_at=None,
            is_interrupted=False,
            is_forced=False,
        )
    )


def _relaxed(live: Live, event: Event, data: d.InteractionRelaxed) -> None:
    i = live.interactions[data.interaction]
    requirement = evolve(i.requirement, skills=data.skills, priority=data.priority)
    live.put_interaction(evolve(i, step=data.step, requirement=requirement, key=key_in_order(live, requirement, i.enqueued_at)))


def _prioritised(live: Live, event: Event, data: d.InteractionPrioritised) -> None:
    i = live.interactions[data.interaction]
    requirement = evolve(i.requirement, priority=data.priority)
    live.put_interaction(evolve(i, requirement=requirement, key=key_in_order(live, requirement, i.enqueued_at)))


def _preference_ended(live: Live, event: Event, data: d.PreferenceEnded) -> None:
    i = live.interactions[data.interaction]
    live.put_interaction(evolve(i, hold_for=None, hold_until=Instant(0), requirement=evolve(i.requirement, preferred_agent=None)))


def _position(live: Live, event: Event, data: d.PositionChanged) -> None:
    i = live.interactions[data.interaction]
    told: Promise | None = None
    if data.wait_p50_ms is not None and data.wait_p90_ms is not None:
        told = Promise(at=event.time, wait_p50_ms=data.wait_p50_ms, wait_p90_ms=data.wait_p90_ms)
    live.put_interaction(evolve(i, position=data.position, told=told, promise=i.promise or told))


def _unstaffed(live: Live, event: Event, data: d.SkillUnstaffed) -> None:
    live.put_interaction(evolve(live.interactions[data.interaction], is_unstaffed=True))


def _overflowed(live: Live, event: Event, data: d.InteractionOverflowed) -> None:
    i = live.interactions[data.interaction]
    live.put_interaction(evolve(i, version=data.version, overflowed=i.overflowed + 1))


def _scored(live: Live, event: Event, data: d.EstimateScored) -> None:
    live.put_interaction(evolve(live.interactions[data.interaction], promise=None))


def _connecting(live: Live, event: Event, data: d.InteractionConnecting) -> None:
    i = live.interactions[data.interaction]
    turn(
        live,
        event,
        i,
        "accepted",
        version=data.version,
        owner=data.owner,
        connect_by=data.deadline,
        offers=_untaken(i, data.offer),
        taken_with=data.offer,
        accepted_at=i.accepted_at or event.time,
        transfer=None,
        hold_for=None,
        is_forced=data.is_forced,
    )
    take(live, data.owner, event.time)
    if i.state in WAITING_STATES:
        handed_out(live, i.requirement.queue, event.time)


def _activated(live: Live, event: Event, data: d.InteractionActivated) -> None:
    i = live.interactions[data.interaction]
    is_new_owner = i.owner != data.owner
    state, since, stretches = turned(event, i, data.owner)
    live.put_interaction(
        _active(
            i,
            state=state,
            cause="connected" if i.state is InteractionState.CONNECTING else "accepted",
            since=since,
            stretches=stretches,
            version=data.version,
            owner=data.owner,
            offers=_untaken(i, data.offer),
            taken_with=data.offer,
            accepted_at=i.accepted_at or event.time,
            activated_at=event.time,
            transfer=None,
            hold_for=None,
            tried=(),
            position=0,
            told=None,
            parked_until=None,
            is_interrupted=False,
            is_forced=data.is_forced or (i.is_forced and not is_new_owner),
        )
    )
    if is_new_owner:
        take(live, data.owner, event.time)
    if i.state in WAITING_STATES:
        handed_out(live, i.requirement.queue, event.time)


def _untaken(i: Interaction, taken: OfferId | None) -> tuple[Offer, ...]:
    """The offers that stay once somebody has taken it, with this one or without any."""
    return tuple([offer for offer in i.offers if offer.id != taken])


def _held(live: Live, event: Event, data: d.InteractionHeld) -> None:
    turn(
        live,
        event,
        live.interactions[data.interaction],
        "interrupted" if data.is_interrupted else "held",
        version=data.version,
        is_interrupted=data.is_interrupted,
    )


def _resumed(live: Live, event: Event, data: d.InteractionResumed) -> None:
    turn(live, event, live.interactions[data.interaction], "resumed", version=data.version, is_interrupted=False)


def _parked(live: Live, event: Event, data: d.InteractionParked) -> None:
    turn(
        live,
        event,
        live.interactions[data.interaction],
        "parked",
        version=data.version,
        owner=None,
        last_owner=data.owner,
        parked_until=data.until,
        is_interrupted=False,
    )


def _reopened(live: Live, event: Event, data: d.InteractionReopened) -> None:
    turn(
        live,
        event,
        live.interactions[data.interaction],
        "reopened",
        version=data.version,
        reopened=data.version,
        wrap_up_ends_at=None,
    )


def _wrapping(live: Live, event: Event, data: d.InteractionWrapping) -> None:
    i = live.interactions[data.interaction]
    turn(
        live,
        event,
        i,
        "completed",
        version=data.version,
        wrap_up=data.mode,
        wrap_up_ends_at=data.ends_at,
        disposition=data.disposition or i.disposition,
        away_since=None,
    )


def _dispositioned(live: Live, event: Event, data: d.InteractionDispositioned) -> None:
    live.put_interaction(evolve(live.interactions[data.interaction], disposition=data.disposition))


def _disowned(live: Live, event: Event, data: d.InteractionDisowned) -> None:
    i = live.interactions[data.interaction]
    stretches = stretched(i, event.time)
    live.put_interaction(
        evolve(
            i,
            version=data.version,
            owner=None,
            last_owner=data.former_owner,
            stretches=stretches,
            since=event.time,
            is_interrupted=False,
            transfer=None,
        )
    )


def _transfer_asked(live: Live, event: Event, data: d.TransferAsked) -> None:
    assert isinstance(data.target, ToAgent), "only a hand-over to an agent waits"
    transfer = Transfer(by=data.by, agent=data.target.agent, will_wait=data.target.will_wait)
    live.put_interaction(evolve(live.interactions[data.interaction], version=data.version, transfer=transfer))


def _transfer_cancelled(live: Live, event: Event, data: d.TransferCancelled) -> None:
    live.put_interaction(evolve(live.interactions[data.interaction], version=data.version, transfer=None))


def _transferred(live: Live, event: Event, data: d.InteractionTransferred) -> None:
    live.put_interaction(evolve(live.interactions[data.interaction], version=data.version, transfer=None))


def _closed(live: Live, event: Event, data: d.InteractionClosed) -> None:
    i = live.interactions[data.interaction]
    check(i, event, InteractionState.CLOSED)
    live.closed_count += 1
    live.drop_interaction(i)
    live.memory.remember(
        quickly.Closed(
            id=i.id,
            facts=i.facts,
            number=live.decisions,
            closed_at=data.closed_at,
            reason=data.reason,
            enqueued_at=i.enqueued_at,
            requirement=i.requirement,
            receipts=i.receipts,
            conversation=i.conversation,
            customer=i.customer,
            owner=i.owner or i.last_owner,
        )
    )


CHANGES: Final[Changes] = {
    d.InteractionRouted: _routed,
    d.InteractionQueued: _queued,
    d.InteractionRelaxed: _relaxed,
    d.InteractionPrioritised: _prioritised,
    d.PreferenceEnded: _preference_ended,
    d.InteractionConnecting: _connecting,
    d.InteractionActivated: _activated,
    d.InteractionHeld: _held,
    d.InteractionResumed: _resumed,
    d.InteractionParked: _parked,
    d.InteractionReopened: _reopened,
    d.InteractionWrapping: _wrapping,
    d.InteractionDispositioned: _dispositioned,
    d.InteractionDisowned: _disowned,
    d.TransferAsked: _transfer_asked,
    d.TransferCancelled: _transfer_cancelled,
    d.InteractionTransferred: _transferred,
    d.InteractionOverflowed: _overflowed,
    d.InteractionClosed: _closed,
    d.SkillUnstaffed: _unstaffed,
    d.PositionChanged: _position,
    d.EstimateScored: _scored,
}
