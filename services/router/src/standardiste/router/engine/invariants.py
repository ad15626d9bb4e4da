"""
The judge of the laws L1–L8 (routing.md): plain scans over the records, sharing nothing with the indexes of the match. For tests, the simulation and the doctor.

A `Look` is one look at all of it, with books of its own: each agent's work is found by one scan, and a filter is asked once for all who are alike. So a question costs
what it looks at, not that times all that lives: whoever asks holds up everybody else meanwhile.

To be asked when every deadline up to `at` has fired. L3 and L6 speak of sequences, L7 of two runs, L8 of a desk: tests hold these with the events in hand.
"""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.common.events.base import Instant
from standardiste.common.events.model import AgentId, InteractionId, InteractionState
from standardiste.router.engine.due import due_of_agent
from standardiste.router.engine.floor import fit_of, is_shown, pair_filters_of
from standardiste.router.engine.live import Live
from standardiste.router.engine.policy import Fit, Need, Room, Seat
from standardiste.router.engine.seats import seat_of, takes
from standardiste.router.engine.state import OWNED_STATES, WAITING_STATES, Agent, Interaction

PAIRS_MAX = 200_000
"""The doctor looks at no more pairs than this, first in line first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A law that does not hold, on whom, and a repair that keeps the age."""

    law: str
    what: str
    interaction: InteractionId | None = None
    agent: AgentId | None = None
    repair: str = "requeue"


def faults(live: Live, at: Instant) -> list[Fault]:
    """Every law that is broken now; empty is right."""
    look = Look(live, at)
    return [*_counted_once(live), *_one_owner(live), *_offers(live), *_capacity(look), *_overdue(live, at), *_left_waiting(look)]


def _counted_once(live: Live) -> list[Fault]:
    if live.ingested == live.closed_count + len(live.interactions):
        return []
    what = f"{live.ingested} came, {live.closed_count} closed, {len(live.interactions)} live"
    return [Fault(law="L1", what=what, repair="none")]


def _one_owner(live: Live) -> list[Fault]:
    found: list[Fault] = []
    for i in live.interactions.values():
        if (i.owner is not None) != (i.state in OWNED_STATES):
            found.append(Fault(law="L2", what=f"{i.state} with owner {i.owner}", interaction=i.id))
        if i.consult is not None and i.owner is None:
            found.append(Fault(law="L2", what="somebody is asked in, and nobody owns it", interaction=i.id))
        if i.owner is not None and i.owner not in live.agents:
            found.append(Fault(law="L2", what="its owner is unknown", interaction=i.id))
    return found


def _offers(live: Live) -> list[Fault]:
    found: list[Fault] = []
    for i in live.interactions.values():
        agents = [offer.agent for offer in i.offers]
        if len(set(agents)) != len(agents):
            found.append(Fault(law="L3", what="offered twice at once to one agent", interaction=i.id))
        if i.offers and i.state is not InteractionState.OFFERED and not all(offer.is_of_owned for offer in i.offers):
            found.append(Fault(law="L3", what=f"an open offer of what is {i.state}", interaction=i.id))
        if i.state is InteractionState.OFFERED and not i.offers:
            found.append(Fault(law="L3", what="offered without an offer", interaction=i.id))
        for offer in i.offers:
            agent = live.agents.get(offer.agent)
            if agent is None or agent.session is None:
                found.append(Fault(law="L3", what="an offer that outlived its agent", interaction=i.id, agent=offer.agent))
    return found


def _capacity(look: Look) -> list[Fault]:
    """Above capacity only where a person forced it, an open offer will interrupt, or the room was lowered under owned work."""
    live, found = look.live, list[Fault]()
    for agent in live.agents:
        held = look.held(agent)
        room = live.configuration.room(agent)
        counted = [i for i in held if not (i.is_interrupted and i.owner == agent)]
        used = sum(room.cost_of(i.facts.channel, i.facts.cost) for i in counted)
        excused = any(i.is_forced for i in held) or any(o.is_interrupting and o.agent == agent for i in held for o in i.offers)
        if used > room.units and not excused and not _lowered(live, held):
            found.append(Fault(law="L4", what=f"{used} of {room.units} units", agent=agent))
        for channel in {i.facts.channel for i in counted}:
            count = sum(1 for i in counted if i.facts.channel is channel)
            if count > room.caps[channel] and not any(i.is_forced for i in held) and not _lowered(live, held):
                found.append(Fault(law="L4", what=f"{count} of {room.caps[channel]} {channel}", agent=agent))
    return found


def _lowered(live: Live, held: list[Interaction]) -> bool:
    """Work taken under an earlier change set stays, even above a lowered capacity."""
    return any(i.change_set < live.change_set for i in held)


def _overdue(live: Live, at: Instant) -> list[Fault]:
    """A filter or state that ends by time has ended in time (L9)."""
    found: list[Fault] = []
    for i in live.interactions.values():
        ends = [offer.expires_at for offer in i.offers]
        if i.state is InteractionState.IDENTIFYING:
            ends.append(i.identify_by)
        if i.state is InteractionState.CONNECTING:
            ends.append(i.connect_by)
        if i.state is InteractionState.WRAPPING and i.wrap_up_ends_at is not None:
            ends.append(i.wrap_up_ends_at)
        if i.not_before and i.state in WAITING_STATES:
            ends.append(i.not_before)
        if i.hold_for is not None and i.state in WAITING_STATES:
            ends.append(i.hold_until)
        if any(end < at for end in ends):
            found.append(Fault(law="L9", what=f"{i.state} past its deadline", interaction=i.id))
    for opening in live.openings.values():
        if opening.until < at:
            found.append(Fault(law="L9", what="an opening past its deadline", repair="none"))
    for agent in live.agents.values():
        if any(due.at < at for due in due_of_agent(agent) if agent.lost_at is None):
            found.append(Fault(law="L9", what="an agent past its deadline", agent=agent.id))
    return found


def _left_waiting(look: Look) -> list[Fault]:
    """L5: no pair is left that passes all filters."""
    live = look.live
    waiting = sorted((i for i in live.interactions.values() if i.state in WAITING_STATES), key=live.entry_of)
    agents = [live.agents[id] for id in sorted(live.agents)]
    found: list[Fault] = []
    for i in waiting[: max(PAIRS_MAX // max(len(agents), 1), 1)]:
        for agent in agents:
            if look.refusing(i, agent) is None:
                found.append(Fault(law="L5", what="waits although this agent could take it", interaction=i.id, agent=agent.id))
    return found


class Look:
    """One look at the records as they are at this instant. It is not kept beyond."""

    def __init__(self, live: Live, at: Instant) -> None:
        self.live, self.at = live, at
        self._held: dict[AgentId, list[Interaction]] = {}
        for i in live.interactions.values():
            for agent in dict.fromkeys((i.owner, i.guest, *(offer.agent for offer in i.offers))):
                if agent is not None:
                    self._held.setdefault(agent, []).append(i)
        self._of_agents: dict[AgentId, str | None] = {}
        self._of_queues: dict[InteractionId, str | None] = {}
        self._needs: dict[InteractionId, tuple[Need, dict[int, Fit | str]]] = {}
        self._fits: dict[Need, dict[int, Fit | str]] = {}
        self._seats: dict[AgentId, Seat] = {}
        self._has_untried: dict[InteractionId, bool] = {}

    def held(self, agent: AgentId) -> list[Interaction]:
        """All an agent owns, is offered or was asked into."""
        return self._held.get(agent, [])

    def refusing(self, i: Interaction, agent: Agent) -> str | None:
        """The filter that keeps this agent from this waiting interaction now; None when none does."""
        return self._of_agent(agent) or self._of_queue(i) or self._of_pair(i, agent) or self._of_exclusion(i, agent)

    def _of_agent(self, agent: Agent) -> str | None:
        if agent.id not in self._of_agents:
            self._of_agents[agent.id] = _of_agent(self.live, agent)
        return self._of_agents[agent.id]

    def _of_queue(self, i: Interaction) -> str | None:
        if i.id not in self._of_queues:
            self._of_queues[i.id] = _of_queue(self.live, i, self.at)
        return self._of_queues[i.id]

    def _of_pair(self, i: Interaction, agent: Agent) -> str | None:
        group = self.live.configuration.group(agent.id)
        assert group is not None, "asked before"
        need, fits = self._need(i)
        fit = fits.get(group.number)
        if fit is None:
            fit = fits[group.number] = fit_of(group, need, self.live.configuration, self.live.kit)
        if isinstance(fit, str):
            return fit
        for policy in pair_filters_of(self.live.queue_of(i), self.live.kit):
            if policy.refuses(i, agent.id, group):
                return policy.name
        if not is_shown(fit, i.enqueued_at, self.at):
            return "delay"
        if i.hold_for is not None and i.hold_for != agent.id:
            return "hold"
        if any(offer.agent == agent.id for offer in i.offers):
            return "offered"
        return "capacity" if takes(self._seat(agent.id, group.room), group.room, need) is None else None

    def _need(self, i: Interaction) -> tuple[Need, dict[int, Fit | str]]:
        """What it asks, and how that suits each group as far as was asked."""
        known = self._needs.get(i.id)
        if known is None:
            queue = self.live.queue_of(i)
            rings = self.live.configuration.rings(queue, i.original.skills, i.step)
            need = Need(queue.id, i.facts.channel, i.facts.cost, rings, i.requirement.labels)
            known = self._needs[i.id] = need, self._fits.setdefault(need, {})
        return known

    def _seat(self, agent: AgentId, room: Room) -> Seat:
        seat = self._seats.get(agent)
        if seat is None:
            seat = self._seats[agent] = seat_of(agent, self.held(agent), room)
        return seat

    def _of_exclusion(self, i: Interaction, agent: Agent) -> str | None:
        tried = next((tried for tried in i.tried if tried.agent == agent.id), None)
        if tried is None or self.at >= tried.ends_at:
            return None
        return "excluded" if self.at < tried.lapses_at or self._somebody_is_untried(i) else None

    def _somebody_is_untried(self, i: Interaction) -> bool:
        """Whether an agent who did not pass lately could take it."""
        if i.id not in self._has_untried:
            passed = {tried.agent for tried in i.tried if self.at < tried.ends_at}
            others = (other for other in self.live.agents.values() if other.id not in passed)
            self._has_untried[i.id] = any((self._of_agent(other) or self._of_pair(i, other)) is None for other in others)
        return self._has_untried[i.id]


def _of_agent(live: Live, agent: Agent) -> str | None:
    if agent.session is None or agent.grace_until is not None:
        return "session"
    if live.configuration.group(agent.id) is None:
        return "profile"
    if agent.next_status is not None or not live.configuration.is_routable(agent.status):
        return "status"
    return "rest" if agent.rest_until is not None else None


def _of_queue(live: Live, i: Interaction, at: Instant) -> str | None:
    queue = live.queue_of(i)
    if i.not_before > at:
        return "not_before"
    if queue.is_pull_only:
        return "pull_only"
    if not live.is_open(queue, at):
        return "calendar"
    return "offered" if len(i.offers) >= max(queue.broadcast_to, 1) else None
