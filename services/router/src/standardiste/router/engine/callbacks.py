"""
Callbacks: the customer hangs up and is called when it is his turn.

The same interaction goes on, on the channel `callback`, at its age and so in its place; with a date it is hidden until then. Nobody is on the line until a try
reached him: from then on it is a call like any other. Not reached, it is tried again, 3 times after 15 min unless the queue says otherwise, and keeps its age.
"""

from __future__ import annotations

from standardiste.common.events import decisions as d
from standardiste.common.events import inputs
from standardiste.common.events.base import Instant
from standardiste.common.events.model import Channel, CloseReason, InteractionId, QueuedBecause, Withdrawal
from standardiste.router.engine import offers
from standardiste.router.engine.state import WAITING_STATES, Interaction
from standardiste.router.engine.step import Step


def requested(step: Step, data: inputs.CallbackRequested) -> None:
    """A waiting caller would rather be called. One who is talking, or does not wait for a call, asks in vain."""
    ids = sorted(step.live.by_conversation.get(data.conversation, ()))
    for i in (step.now(id) for id in ids):
        if i.state in WAITING_STATES and i.facts.channel is Channel.VOICE and i.callback is None:
            take(step, i, max(data.not_before or step.at, step.at))


def take(step: Step, i: Interaction, not_before: Instant) -> None:
    """From waiting on the line to waiting for the call."""
    was_offered = bool(i.offers)
    i = offers.drop_offers(step, i, Withdrawal.SUPERSEDED)
    step.tell(d.CallbackScheduled(interaction=i.id, version=i.version + 1, not_before=not_before), i)
    if was_offered:
        offers.queue(step, step.now(i.id), QueuedBecause.CALLBACK)


def take_places(step: Step) -> None:
    """
    Every callback whose date has come by now, or that of its next try, takes its place in the queue, before anything is handed out: one that somebody was
    assigned and has not accepted, too.
    """
    live = step.live
    for due in live.deadlines.pop_dates(step.at):
        i = live.interactions.get(InteractionId(due.id))
        if i is not None and i.not_before == due.at and i.state in WAITING_STATES:
            offers.queue(step, offers.drop_offers(step, i, Withdrawal.SUPERSEDED), QueuedBecause.CALLBACK)


def reached(step: Step, i: Interaction) -> None:
    """He answered: it is a call from now on."""
    assert i.callback is not None, "called back"
    attempt = i.callback.attempts + 1
    step.tell(d.CallbackAttempted(interaction=i.id, version=i.version + 1, attempt=attempt, is_reached=True), i)


def missed(step: Step, i: Interaction, *, is_try: bool) -> None:
    """Not reached: again later, at its age; or given up. Where the agent's side failed the customer was not called: to another agent at once."""
    assert i.callback is not None, "called back"
    if not is_try:
        offers.queue(step, offers.disown(step, i, QueuedBecause.MEDIA_FAILED), QueuedBecause.MEDIA_FAILED)
        return
    settings = step.live.queue_of(i).callbacks
    attempt = i.callback.attempts + 1
    next_at = Instant(step.at + settings.retry_after_ms) if attempt <= settings.retries else None
    step.tell(d.CallbackAttempted(interaction=i.id, version=i.version + 1, attempt=attempt, is_reached=False, next_at=next_at), i)
    if next_at is None:
        offers.close(step, step.now(i.id), CloseReason.FAILED, "not_reached")
        return
    i = offers.disown(step, step.now(i.id), QueuedBecause.MEDIA_FAILED)
    offers.queue(step, i, QueuedBecause.CALLBACK)
