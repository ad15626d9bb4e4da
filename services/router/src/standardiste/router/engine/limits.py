"""
When a queue is too long, its waiting too old, or its calendar closes: what then.

Another queue, a callback, a voicemail, a word, or the end; what a channel cannot do is not done, and the interaction waits on. By length and age once for each
interaction; at a close as often as it is moved on, up to a bound, so that queues that point at each other end somewhere.
"""

from __future__ import annotations

from typing import Final

from standardiste.common.events import decisions as d
from standardiste.common.events.directory import AtClose, Limits, Queue
from standardiste.common.events.model import Channel, CloseReason, QueuedBecause, Withdrawal
from standardiste.common.events.outbound import ReleaseCall, TakeVoicemail, TellNotice
from standardiste.router.engine import callbacks, cycle, offers, requirement
from standardiste.router.engine.state import WAITING_STATES, Interaction
from standardiste.router.engine.step import Step, conversation_of, has_media

MOVES_MAX: Final = 5
_CALLS: Final = (Channel.VOICE,)


def check(step: Step, i: Interaction) -> None:
    """The queue is closed, or too long for one more to wait. Those whom an agent is offered are waiting still; whom an agent can take at once does not wait."""
    queue = step.live.queue_of(i)
    if queue.at_close.action == "none" and queue.limits.length_max is None:
        return
    check_closed(step, i)
    present = step.live.interactions.get(i.id)
    if present is None or present.state not in WAITING_STATES:
        return
    limits = step.live.queue_of(present).limits
    if limits.length_max is None or limits.action == "none":
        return
    if step.live.queue_lengths.get(present.requirement.queue, 0) > limits.length_max and not cycle.is_taken_now(
        step.live, present, step.at
    ):
        overflow(step, present, "length")


def check_closed(step: Step, i: Interaction) -> None:
    """What the queue does with those who wait, or come, while its calendar is closed."""
    queue = step.live.queue_of(i)
    if queue.at_close.action != "none" and i.overflowed < MOVES_MAX and not step.live.is_open(queue, step.at):
        _act(step, i, queue, queue.at_close, "closed")


def check_back(step: Step, i: Interaction) -> None:
    """Handed on or put back: somebody on the line or in a chat has come while it is closed, and would wait for the opening. Mail was accepted and waits."""
    if i.facts.is_live:
        check_closed(step, i)


def overflow(step: Step, i: Interaction, limit: str) -> None:
    """Do what the queue's limits say, once for each interaction."""
    queue = step.live.queue_of(i)
    if i.overflowed == 0:
        _act(step, i, queue, queue.limits, limit)


def _act(step: Step, i: Interaction, queue: Queue, said: Limits | AtClose, limit: str) -> None:
    to = step.live.configuration.queue(said.to_queue)
    action = said.action
    is_possible = {
        "queue": to is not None and to.id != queue.id,
        "callback": i.facts.channel in _CALLS and i.facts.is_live,
        "voicemail": i.facts.channel in _CALLS and i.facts.is_live,
        "message": True,
        "close": True,
    }.get(action, False)
    if not is_possible or i.callback is not None:  # who is to be called back waits for that, whatever the queue does
        return
    step.tell(d.InteractionOverflowed(interaction=i.id, version=i.version, queue=queue.id, limit=limit, action=action), i)
    i = step.now(i.id)
    conversation = conversation_of(i)
    if said.notice is not None or action in ("message", "close", "callback"):
        step.send(
            TellNotice(conversation=conversation, notice="queue.closed" if limit == "closed" else f"overflow.{limit}", words=said.notice), i
        )
    match action:
        case "queue" if to is not None:
            i = offers.drop_offers(step, i, Withdrawal.SUPERSEDED)
            requirement.move(step, i, to, "overflow")
            offers.queue(step, step.now(i.id), QueuedBecause.OVERFLOWED)
            check_closed(step, step.now(i.id))
        case "callback":
            callbacks.take(step, i, step.at)
            step.send(ReleaseCall(conversation=conversation, interaction=i.id), step.now(i.id))
        case "voicemail":
            step.send(TakeVoicemail(conversation=conversation, interaction=i.id), i)
        case "close":
            if has_media(i):
                step.send(ReleaseCall(conversation=conversation, interaction=i.id), i)
            offers.close(step, i, CloseReason.OVERFLOWED)
        case _:
            pass
