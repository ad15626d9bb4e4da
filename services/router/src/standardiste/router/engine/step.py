"""
One step under way: what caused it, when, and the events so far. `emit` is how anything happens: it names the event, applies it, and keeps it.

Ids derive from the log: subject + the tenant's own count of decisions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from standardiste.common.events.base import Data, Event, Instant, class_of
from standardiste.common.events.model import (
    AgentId,
    Channel,
    ConversationId,
    Direction,
    InteractionId,
    InteractionState,
    InteractionView,
    SessionId,
)
from standardiste.router.engine import quickly
from standardiste.router.engine.apply import apply
from standardiste.router.engine.changes.turns import short_name
from standardiste.router.engine.live import Live
from standardiste.router.engine.state import WAITING_STATES, Interaction, changer

SOURCE: Final = "router"
SHOWN_STATES: Final = WAITING_STATES | {InteractionState.IDENTIFYING}
"""While it is in one of these, whoever watches the queue sees it."""

_read_by = changer(Event, "to")


class Step:
    """Events made so far, applied one by one. `snapshots` are sessions that asked for one; they get it at the end of the step."""

    __slots__ = ("_read", "_readers", "at", "cause", "events", "live", "snapshots")

    def __init__(self, live: Live, at: Instant, cause: Event | None = None) -> None:
        self.live = live
        self.at = at
        self.cause = cause
        self.events: list[Event] = []
        self.snapshots: dict[SessionId, AgentId] = {}
        self._read: Interaction | None = None
        self._readers: tuple[str, ...] = ()

    def emit(self, data: Data, subject: str, to: Iterable[str] = (), traceparent: str | None = None) -> Event:
        """A decision: named, applied, kept."""
        event = quickly.Event(
            id=f"{subject}.{self.live.decisions + 1}",
            source=SOURCE,
            subject=subject,
            tenant=self.live.tenant,
            time=self.at,
            data=data,
            traceparent=traceparent,
            to=tuple(to),
        )
        apply(self.live, event)
        self.events.append(event)
        return event

    def tell(self, data: Data, i: Interaction, *also: str) -> Interaction | None:
        """A decision about an interaction, for its readers before and after it. Gives the interaction as it is then, None when it is gone."""
        live = self.live
        before = self._readers if i is self._read else readers(i)  # what one decision leaves, the next often begins with
        to = tuple(dict.fromkeys((*before, *also))) if also else before
        event = quickly.Event(
            id=f"{i.id}.{live.decisions + 1}",
            source=SOURCE,
            subject=i.id,
            tenant=live.tenant,
            time=self.at,
            data=data,
            traceparent=i.facts.traceparent,
            to=to,
        )
        apply(live, event)
        after = live.interactions.get(i.id)
        if after is not None:
            if after is i or _reads_alike(i, after):
                self._readers = before
            else:
                self._readers = readers(after)
                more = [each for each in self._readers if each not in to]
                if more:
                    event = _read_by(event, to=(*to, *more))
            self._read = after
        self.events.append(event)
        return after

    def tell_agent(self, data: Data, agent: AgentId, *also: str) -> None:
        """A decision about an agent."""
        self.emit(data, agent, (f"agent:{agent}", *also))

    def send(self, data: Data, i: Interaction) -> None:
        """A request to the interaction's channel. It changes no state; its id is that of the decision before it."""
        after = self.events[-1].id if self.events else f"{i.id}.{self.live.decisions}"
        self.events.append(
            quickly.Event(
                id=f"{after}-{short_name(class_of(data))}",
                source=SOURCE,
                subject=conversation_of(i),
                tenant=self.live.tenant,
                time=self.at,
                data=data,
                traceparent=i.facts.traceparent,
                to=(f"channel:{i.facts.channel}",),
            )
        )

    def now(self, id: InteractionId) -> Interaction:
        """The interaction as it is after the events so far."""
        return self.live.interactions[id]


def readers(i: Interaction) -> tuple[str, ...]:
    """Who may see it: owner, those it is offered to, the agent asked in, who supervises it, the agent a transfer waits for; while it is queued, whoever watches the queue."""
    to: list[str] = []
    if i.owner is not None:
        to.append(f"agent:{i.owner}")
    for offer in i.offers:
        to.append(f"agent:{offer.agent}")
    if i.consult is not None and i.guest is not None:
        to.append(f"agent:{i.guest}")
    for supervisor in i.supervisors:
        to.append(f"agent:{supervisor}")
    state = i.state
    if state in SHOWN_STATES:
        to.append(f"queue:{i.requirement.queue}")
    elif state is InteractionState.PARKED and i.last_owner is not None:
        to.append(f"agent:{i.last_owner}")
    return tuple(to) if len(to) < 2 else tuple(dict.fromkeys(to))


def _reads_alike(before: Interaction, after: Interaction) -> bool:
    """Whether the same may see it."""
    return (
        before.state is after.state
        and before.owner == after.owner
        and before.offers is after.offers
        and before.consult is after.consult
        and before.supervisors is after.supervisors
        and before.requirement.queue == after.requirement.queue
    )


def conversation_of(i: Interaction) -> ConversationId:
    """Its conversation; while `customers` has not named one, an id derived from the interaction's own."""
    return i.conversation or ConversationId("cv_" + i.id.partition("_")[2])


def view_of(i: Interaction) -> InteractionView:
    """The interaction as a desk shows it."""
    return quickly.InteractionView(
        id=i.id,
        version=i.version,
        state=i.state,
        since=i.since,
        channel=i.facts.channel,
        channel_name=i.facts.channel_name,
        direction=i.facts.direction,
        scope=i.facts.scope,
        conversation=i.conversation,
        customer=i.customer,
        contact=i.last_contact or i.facts.contact,
        receipt=i.facts.receipt,
        requirement=i.requirement,
        enqueued_at=i.enqueued_at,
        owner=i.owner,
        is_customer_away=i.away_since is not None,
        wrap_up_ends_at=i.wrap_up_ends_at,
        wrap_up_mode=i.wrap_up,
        language=i.facts.language,
        change_set=i.change_set,
    )


def has_media(i: Interaction) -> bool:
    """Whether customer and agent must be connected before they can talk: live voice. A chat's socket is there already, so chat is active at once."""
    return i.facts.is_live and i.facts.channel in (Channel.VOICE, Channel.CALLBACK)


def is_over(i: Interaction) -> bool:
    """Whether its customer is gone for good: he left, or his call was hung up for the wrap-up. Then it is nobody else's work."""
    return i.facts.is_live and (i.has_left or (i.state is InteractionState.WRAPPING and has_media(i)))


def is_unanswered(i: Interaction) -> bool:
    """Whether its customer's phone still rings: an agent began this call, or calls back, and nobody is on the line yet."""
    if i.state is not InteractionState.CONNECTING:
        return False
    return i.callback is not None or (i.facts.direction is Direction.OUTBOUND and not i.offer_count and i.last_owner is None)
