"""
What must hold of sequences, judged decision by decision: whose age changes and why, when an idle clock starts, who may come to own, and that nothing new
goes beyond the room there is.
"""

from __future__ import annotations

from collections.abc import Mapping

from standardiste.common.events import decisions as d
from standardiste.common.events.base import Event, Instant
from standardiste.common.events.model import (
    AgentId,
    Direction,
    InteractionId,
    InteractionState,
    QueuedBecause,
    QueueId,
    SkillNeed,
    Withdrawal,
)
from standardiste.router.engine.invariants import Look
from standardiste.router.engine.live import Live
from standardiste.router.engine.state import Interaction

YOUNGER = (QueuedBecause.UNPARKED, QueuedBecause.CALLBACK)
"""Parked time is no age, and a callback with a date is as old as that."""
OLDER = (QueuedBecause.IDENTIFIED, QueuedBecause.ARRIVED)
"""A caller who is back within the minute is as old as his first call."""


class History:
    """What was before each decision, of what is judged here."""

    def __init__(self) -> None:
        self.ages: dict[InteractionId, Instant] = {}
        self.owners: dict[InteractionId, AgentId | None] = {}
        self.due: dict[InteractionId, tuple[QueueId, Instant]] = {}
        self.asked: dict[InteractionId, tuple[QueueId, tuple[SkillNeed, ...]]] = {}
        self.routed: set[InteractionId] = set()
        self.states: dict[InteractionId, InteractionState] = {}
        self.working: set[AgentId] = set()
        self.present: set[AgentId] = set()
        self.routable: set[AgentId] = set()
        self.idle_since: dict[AgentId, Instant] = {}
        self.accepted: tuple[InteractionId, AgentId] | None = None
        self.guests: dict[InteractionId, AgentId | None] = {}
        self.handed_over: InteractionId | None = None

    def note(self, live: Live, each: Event) -> None:
        """After each decision. AssertionError where it breaks a law."""
        data = each.data
        id = getattr(data, "interaction", None)
        i = live.interactions.get(id) if isinstance(id, str) else None
        if i is not None:
            self._age(live, i, data, each.time)
            self._owner(live, i, data)
        if isinstance(data, d.InteractionMerged):
            self._merged(live, data, each.time)
            self._place(live, i, data)
        if isinstance(data, d.ConfigurationApplied):
            self.routed.clear()
        if isinstance(data, d.OfferWithdrawn) and data.because is Withdrawal.CONFIGURATION:
            self._withdrawn(live, data, each.time)
        if isinstance(data, d.OfferAccepted):
            self.accepted = data.interaction, data.agent
        if isinstance(data, d.ConsultEnded) and data.agent is not None and self.guests.get(data.interaction) == data.agent:
            self.accepted = data.interaction, data.agent  # who was asked in may be handed it now
        if isinstance(data, d.OfferMade):
            made = live.interactions[data.interaction.id]
            _within(live, data.offer.agent, made, is_excused=data.offer.is_interrupting)
        self._clocks(live, each)
        if i is not None:
            self.states[i.id] = i.state
            self.guests[i.id] = i.guest
        if isinstance(data, d.InteractionClosed):
            self.ages.pop(data.interaction, None)
            self.due.pop(data.interaction, None)
            self.asked.pop(data.interaction, None)
            self.states.pop(data.interaction, None)
            self.guests.pop(data.interaction, None)
            self.owners.pop(data.interaction, None)

    # ---- place

    def _place(self, live: Live, i: Interaction, data: object) -> None:
        """
        What was routed anew under the configuration in force; where only a preference was added, the requirement of the arrival stands, as it was before any
        relaxation.
        """
        due = i.requirement.queue, i.requirement.due_at
        before = self.asked.get(i.id)
        if isinstance(data, d.InteractionRouted) and before is not None and before[0] == i.requirement.queue and not data.why.rule:
            assert i.original.skills in (before[1], live.queue_of(i).skills), f"{i.id} asks {i.original.skills}, at first {before[1]}"
        self.asked[i.id] = i.requirement.queue, i.original.skills
        if isinstance(data, d.InteractionRouted) and self.due.get(i.id) != due:
            self.routed.add(i.id)
        self.due[i.id] = due

    def _withdrawn(self, live: Live, data: d.OfferWithdrawn, at: Instant) -> None:
        """A change of configuration takes back only what it makes impossible."""
        i, agent = live.interactions[data.interaction], live.agents[data.agent]
        refusal = None if i.owner is not None else Look(live, at).refusing(i, agent)
        is_gone = live.configuration.group(agent.id) is None or not live.configuration.is_routable(agent.status)
        is_moved = live.configuration.queue(i.requirement.queue) is None
        room = live.configuration.room(agent.id)
        is_over = (
            _used(live, agent.id) + room.cost_of(i.facts.channel, i.facts.cost) > room.units
        )  # it may come again, marked as interrupting
        assert refusal or is_gone or is_moved or is_over, f"{data.offer} is taken back from {agent.id}, who could have it"

    # ---- age

    def _age(self, live: Live, i: Interaction, data: object, at: Instant) -> None:
        before = self.ages.get(i.id, i.enqueued_at)
        self.ages[i.id] = i.enqueued_at
        if i.enqueued_at == before:
            return
        assert isinstance(data, d.InteractionQueued | d.InteractionMerged | d.CallbackAttempted), f"{i.id}: another age by {data}"
        if i.enqueued_at > before:
            assert isinstance(data, d.InteractionQueued), f"{i.id} lost its age by {data}"
            assert data.because in YOUNGER or self._is_as_new(live, i, data), f"{i.id} lost its age by {data}"
        elif isinstance(data, d.InteractionQueued):
            assert data.because in OLDER, f"{i.id} is older by {data}"
        elif isinstance(data, d.CallbackAttempted):
            assert i.enqueued_at == at, f"{i.id} is as old as its try"

    def _is_as_new(self, live: Live, i: Interaction, data: d.InteractionQueued) -> bool:
        """Where the queue says so, what is transferred to it waits as if it came now."""
        return data.because is QueuedBecause.TRANSFERRED and not live.queue_of(i).keeps_age_of_transfers

    def _merged(self, live: Live, data: d.InteractionMerged, at: Instant) -> None:
        gone, into = live.interactions[data.interaction], live.interactions[data.into]
        waited = [self.ages[each.id] for each in (gone, into) if each.state is not InteractionState.PARKED]
        if waited:
            is_back = len(waited) < 2  # from parking, and no younger than now
            assert into.enqueued_at == min(*waited, at if is_back else waited[0]), "the earlier age counts"
        self.ages[into.id] = into.enqueued_at

    # ---- idle clocks

    def _clocks(self, live: Live, each: Event) -> None:
        """A clock starts when the last work is over, save what was none or is said not to count, and when an agent comes or becomes routable; at nothing else."""
        if isinstance(each.data, d.SessionEnded) and each.data.because == "superseded":
            return  # the newer session begins at once
        working = {agent for i in live.interactions.values() for agent in (i.owner, i.guest) if agent is not None}
        present = {agent.id for agent in live.agents.values() if agent.session is not None}
        routable = {
            agent.id for agent in live.agents.values() if agent.next_status is None and live.configuration.is_routable(agent.status)
        }
        if isinstance(each.data, d.InteractionTransferred):
            self.handed_over = each.data.interaction
        is_handed = isinstance(each.data, d.ConsultEnded) and each.data.interaction == self.handed_over
        if is_handed:
            working |= self.working  # who was asked in owns it from the next decision on
        elif not isinstance(each.data, d.InteractionTransferred):
            self.handed_over = None
        if not _counts_for_nothing(live, each, self.states):
            for agent in self.working - working:
                self.idle_since[agent] = each.time
        for agent in present - self.present:
            self.idle_since[agent] = each.time
        if isinstance(each.data, d.AgentStatusChanged):
            for agent in routable - self.routable:
                self.idle_since[agent] = each.time
        self.working, self.present, self.routable = working, present, routable

    def check(self, live: Live) -> None:
        """At rest: the clock of everybody without work runs since it should."""
        for agent, since in self.idle_since.items():
            if agent not in self.working and agent in live.agents:
                assert live.agents[agent].idle_since == since, f"{agent} idle since {live.agents[agent].idle_since}, not {since}"

    # ---- owners and room

    def _owner(self, live: Live, i: Interaction, data: object) -> None:
        former = self.owners.get(i.id)
        self.owners[i.id] = i.owner
        if i.owner is None or i.owner == former:
            return
        agent = live.agents[i.owner]
        assert agent.session is not None, f"{i.id} goes to {i.owner}, who has no session"
        is_guest = former is not None and isinstance(data, d.InteractionActivated)
        assert is_guest or live.configuration.group(i.owner) is not None, f"{i.id} goes to {i.owner}, who is no agent"
        _within(live, i.owner, i, is_excused=i.is_forced or self.accepted == (i.id, i.owner))  # what was offered has had its room since


def _counts_for_nothing(live: Live, each: Event, states: Mapping[InteractionId, InteractionState]) -> bool:
    """Whether this ends work that never began, or that the profile lets the clock run through."""
    data = each.data
    if isinstance(data, d.InteractionDisowned):
        return data.because is QueuedBecause.MEDIA_FAILED
    if not isinstance(data, d.InteractionClosed) or data.owner is None:
        return False
    keeps = data.direction is Direction.OUTBOUND and not live.configuration.profile(data.owner).does_outbound_reset_idle
    return keeps or states.get(data.interaction) is InteractionState.CONNECTING


def _within(live: Live, agent: AgentId, i: Interaction, *, is_excused: bool) -> None:
    """New work is within the room and caps there are, unless the agent is above them for what is not new."""
    room = live.configuration.room(agent)
    if is_excused or room.cost_of(i.facts.channel, i.facts.cost) == 0:
        return
    used = _used(live, agent)
    count = sum(1 for work in live.interactions.values() if _counts(work, agent) and work.facts.channel is i.facts.channel)
    assert used <= room.units, f"{agent} is given {i.id}: {used} of {room.units} units"
    assert count <= room.caps[i.facts.channel], f"{agent} is given {i.id}: {count} of {i.facts.channel}"


def _used(live: Live, agent: AgentId) -> int:
    room = live.configuration.room(agent)
    return sum(room.cost_of(work.facts.channel, work.facts.cost) for work in live.interactions.values() if _counts(work, agent))


def _counts(work: Interaction, agent: AgentId) -> bool:
    is_held = agent in (work.owner, work.guest) or any(offer.agent == agent for offer in work.offers)
    return is_held and not (work.is_interrupted and work.owner == agent)
