"""
The live tables of one tenant, and the indexes that follow from them. Only `apply` (and a restore, which applies records) calls the writing verbs.

Theory. `put_interaction` and `put_agent` are the two doors: whatever replaces a record goes through them, so no index can be forgotten. A record that was
replaced is `touched` and written to router-state once, at the end of the batch; an agent that was touched has its state and seat told to desks once, at the
end of the step.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeVar

from standardiste.common.events.base import Instant
from standardiste.common.events.decisions import MessageReceived
from standardiste.common.events.directory import Entity, Queue
from standardiste.common.events.model import (
    AgentId,
    CommandId,
    ConversationId,
    CustomerSummary,
    InteractionId,
    InteractionState,
    OfferId,
    QueueId,
    ReceiptId,
)
from standardiste.router.engine.alike import handed, holders, is_held, judged_alike, sits_alike, waits_alike, weighs_alike
from standardiste.router.engine.configuration import Configuration, EntityKey, build
from standardiste.router.engine.deadlines import Deadline, Deadlines, Due
from standardiste.router.engine.due import due_hours, due_of, due_of_agent, is_ahead, next_sweep, standing
from standardiste.router.engine.floor import Clock, Entry, Floor, Line
from standardiste.router.engine.memory import Memory
from standardiste.router.engine.ordered import Ordered
from standardiste.router.engine.policy import Group, Kit, Need, Seat
from standardiste.router.engine.seats import NO_ROOM, SEATS_MAX, Weight, empty_seat, is_full, seat_of, weight_of
from standardiste.router.engine.state import OWNED_STATES, WAITING_STATES, Agent, Gateway, Interaction, Opening, Pace

_K = TypeVar("_K", bound=str)

CUSTOMERS_MAX: Final = 10_000
MESSAGES_MAX: Final = 1_000


_HAD: Final = OWNED_STATES - {InteractionState.CONNECTING}
_NO_SEAT: Final = empty_seat(NO_ROOM)


class Live:
    """All that is known of one tenant now."""

    def __init__(self, tenant: str, kit: Kit) -> None:
        self.tenant = tenant
        self.kit = kit
        self.at = Instant(0)
        self.decisions = self.decisions_saved = 0
        self.pairs_asked = 0
        self.ingested = 0
        self.closed_count = 0
        self.change_set = 0
        self.resumed_at = Instant(0)
        self.gap_began_at = Instant(0)
        self.dated: dict[int, Instant] = {}
        self.entities: dict[EntityKey, Entity] = {}
        self.pending: dict[tuple[str, str, int], Entity] = {}
        self.interactions: dict[InteractionId, Interaction] = {}
        self.agents: dict[AgentId, Agent] = {}
        self.gateways: dict[str, Gateway] = {}
        self.paces: dict[QueueId, Pace] = {}
        self.openings: dict[CommandId, Opening] = {}
        self.customers: dict[InteractionId, CustomerSummary] = {}
        self.messages: dict[InteractionId, MessageReceived] = {}

        self.by_conversation: dict[ConversationId, tuple[InteractionId, ...]] = {}
        self.by_receipt: dict[ReceiptId, InteractionId] = {}
        self.by_offer: dict[OfferId, InteractionId] = {}
        self.works: dict[AgentId, dict[InteractionId, Weight]] = {}
        self.held_for: dict[AgentId, dict[InteractionId, None]] = {}
        self.handed_to: dict[AgentId, dict[InteractionId, None]] = {}
        self.supervised_by: dict[AgentId, dict[InteractionId, None]] = {}
        self.queue_lengths: dict[QueueId, int] = {}
        self.touched: dict[tuple[str, str], None] = {}
        self.touched_agents: dict[AgentId, None] = {}
        self._unseated: dict[AgentId, None] = {}
        self.out: dict[str, Ordered[tuple[AgentId]]] = {}  # who can be given nothing at all, by what keeps them; not who is full
        self._out_by: dict[AgentId, str] = {}
        self._seats: dict[AgentId, Seat] = {}
        self.memory = Memory(self.touched)
        self.deadlines = Deadlines(lambda: standing(self))
        self._sweep_known_until = Instant(0)

        built = build({}, kit)
        assert isinstance(built, Configuration), "nothing configured is a configuration"
        self.configuration = built
        self.floor = Floor(built, kit, self.clock_of)

    # ---- reading

    def works_of(self, agent: AgentId) -> list[Interaction]:
        """All an agent owns or is offered, in the order it came."""
        interactions = self.interactions
        return [interactions[id] for id in self.works.get(agent, ())]

    def owned_by(self, agent: AgentId) -> list[Interaction]:
        return [work for work in self.works_of(agent) if work.owner == agent]

    def has_work(self, agent: AgentId) -> bool:
        """Whether it owns something that is under way, or was asked into something."""
        for id in self.works.get(agent, ()):
            work = self.interactions[id]
            if (work.owner == agent and work.state in OWNED_STATES) or work.guest == agent:
                return True
        return False

    @property
    def waiting(self) -> int:
        """How many interactions wait for an agent."""
        return sum(self.queue_lengths.values())

    def queue_of(self, interaction: Interaction) -> Queue:
        configuration = self.configuration
        return configuration.queues.get(interaction.requirement.queue) or configuration.default_queue

    def seat(self, agent: AgentId) -> Seat:
        """What the agent holds now."""
        seat = self._seats.get(agent)
        if seat is None:
            seat = self._seats[agent] = self._reckon_seat(agent)
        return seat

    def _reckon_seat(self, agent: AgentId) -> Seat:
        """Once for all of a room who hold the same: it is looked up by what their works weigh."""
        works = self.works.get(agent)
        if not works:
            group = self.configuration.group(agent)
            return group.empty if group is not None else _NO_SEAT
        room, held = self.configuration.room(agent), tuple(works.values())
        seat = room.seats.get(held)
        if seat is None:
            if len(room.seats) >= SEATS_MAX:
                room.seats.clear()
            seat = room.seats[held] = seat_of(agent, self.works_of(agent), room)
        return seat

    def is_reachable(self, agent: AgentId) -> bool:
        """Session open and status routable, busy or not."""
        record = self.agents.get(agent)
        return record is not None and self._unreachable(record, self.configuration.group(agent)) is None

    def _unreachable(self, agent: Agent, group: Group | None) -> str | None:
        """Why no work can be put before this agent of the group at all, whatever he holds."""
        if agent.session is None or agent.grace_until is not None:
            return "session"
        if group is None:
            return "profile"
        if agent.next_status is not None or not self.configuration.is_routable(agent.status):
            return "status"
        return None

    def need_of(self, interaction: Interaction) -> Need | None:
        """What it asks of an agent, while it waits for one; None when it does not, or waits where nothing is offered."""
        state = interaction.state
        if state not in WAITING_STATES or interaction.not_before:
            return None
        queue = self.queue_of(interaction)
        offered = len(interaction.offers)
        if queue.is_pull_only or offered >= max(queue.broadcast_to, 1):
            return None
        if not offered and state is InteractionState.OFFERED and queue.broadcast_to <= 1:
            return None  # its offer has ended in this step, and so has its wait, or it is queued again at once
        return self.needs(interaction, queue)

    def needs(self, interaction: Interaction, queue: Queue) -> Need:
        """What it asks of an agent, whether it waits or not."""
        facts = interaction.facts
        return self.configuration.need(
            queue,
            interaction.original.skills,
            interaction.step,
            facts.channel,
            facts.cost,
            interaction.requirement.labels,
            interaction.hold_for,
        )

    def entry_of(self, interaction: Interaction) -> Entry:
        return interaction.requirement.strict_class, interaction.key, interaction.id

    # ---- the doors

    def put_interaction(self, new: Interaction) -> None:
        """Replace (or add) an interaction and all that follows from it."""
        id = new.id
        old = self.interactions.get(id)
        self.interactions[id] = new
        self.touched["interaction", id] = None
        if old is None:
            self._follow_arrival(id, new)
        else:
            self._follow_change(id, old, new)

    def drop_interaction(self, old: Interaction) -> None:
        """It is closed: out of every table."""
        del self.interactions[old.id]
        self.customers.pop(old.id, None)
        self.messages.pop(old.id, None)
        self.touched["interaction", old.id] = None
        self._follow_departure(old.id, old)

    def put_agent(self, new: Agent) -> None:
        """Replace (or add) an agent and all that follows from it."""
        id = new.id
        old = self.agents.get(id)
        self.agents[id] = new
        self.touched["agent", id] = None
        if due := due_of_agent(new):
            self._wake(due)
        if old is None or not sits_alike(old, new):
            self.reseat(id)

    def put_gateway(self, gateway: Gateway) -> None:
        self.gateways[gateway.name] = gateway
        self.touched["gateway", gateway.name] = None
        self.deadlines.add(Deadline(gateway.until, gateway.name, Due.GATEWAY))

    def put_opening(self, opening: Opening) -> None:
        self.openings[opening.command] = opening
        self.touched["opening", opening.command] = None
        self.deadlines.add(Deadline(opening.until, opening.command, Due.OPENING))

    def drop_opening(self, command: CommandId) -> None:
        if self.openings and self.openings.pop(command, None) is not None:
            self.touched["opening", command] = None

    def put_pace(self, pace: Pace) -> None:
        self.paces[pace.queue] = pace
        self.touched["pace", pace.queue] = None

    def drop_gateway(self, name: str) -> None:
        if self.gateways.pop(name, None) is not None:
            self.touched["gateway", name] = None

    def configure(self, configuration: Configuration) -> None:
        """Put a configuration in force: every line and bucket is built anew, and all is looked at again."""
        self.configuration = configuration
        self.floor = Floor(configuration, self.kit, self.clock_of)
        for interaction in self.interactions.values():
            self._place(interaction)
            self._wake(due_of(self, interaction))
        self._seats.clear()
        for agent in self.agents:
            self.reseat(agent)
        self.wake_hours()

    def forget(self, at: Instant) -> None:
        """
        Drop what is past its time and what no index needs. Housekeeping between batches: nothing that is dropped here could still change a decision, for
        whoever reads these tables compares the time first.
        """
        self.memory.forget(at)
        self.deadlines.compact()
        self._sweep_known_until = Instant(0)
        self.floor.compact()

    def is_at_rest(self) -> bool:
        """Whether nothing was touched since everything was settled: neither agents nor what waits."""
        floor = self.floor
        return not (self.touched_agents or self._unseated or floor.fresh or floor.dirty)

    # ---- what follows from an interaction

    def _follow_arrival(self, id: InteractionId, new: Interaction) -> None:
        self._index_conversation(id, None, new.conversation)
        self._index_receipts(id, (), new.receipts)
        if new.hold_for is not None:
            _index_one(self.held_for, id, None, new.hold_for)
        if new.transfer is not None:
            _index_one(self.handed_to, id, None, handed(new))
        if new.supervisors:
            _index_many(self.supervised_by, id, (), new.supervisors)
        if new.state in WAITING_STATES and not new.not_before:
            self._count(new, 1)
        if is_held(new):
            self._follow_holders(id, None, new)
        self._place(new)
        self._wake(due_of(self, new))

    def _follow_departure(self, id: InteractionId, old: Interaction) -> None:
        self._index_conversation(id, old.conversation, None)
        self._index_receipts(id, old.receipts, ())
        if old.hold_for is not None:
            _index_one(self.held_for, id, old.hold_for, None)
        if old.transfer is not None:
            _index_one(self.handed_to, id, handed(old), None)
        if old.supervisors:
            _index_many(self.supervised_by, id, old.supervisors, ())
        if old.state in WAITING_STATES and not old.not_before:
            self._count(old, -1)
        if is_held(old):
            self._follow_holders(id, old, None)
        self._leave_line(id)

    def _follow_change(self, id: InteractionId, old: Interaction, new: Interaction) -> None:
        """Only what differs: most changes touch little."""
        if old.conversation != new.conversation:
            self._index_conversation(id, old.conversation, new.conversation)
        if old.receipts is not new.receipts:
            self._index_receipts(id, old.receipts, new.receipts)
        if old.hold_for != new.hold_for:
            _index_one(self.held_for, id, old.hold_for, new.hold_for)
        if old.transfer is not new.transfer or (new.transfer is not None and old.offers is not new.offers):
            _index_one(self.handed_to, id, handed(old), handed(new))
        if old.supervisors is not new.supervisors:
            _index_many(self.supervised_by, id, old.supervisors, new.supervisors)
        waited, waits = old.state in WAITING_STATES, new.state in WAITING_STATES
        if waited is not waits or (waits and (old.requirement is not new.requirement or old.not_before != new.not_before)):
            if waited and not old.not_before:
                self._count(old, -1)
            if waits and not new.not_before:
                self._count(new, 1)
        if not weighs_alike(old, new):
            self._follow_holders(id, old, new)
        if waits and self.floor.has_pair_filters and not judged_alike(old, new):
            self.floor.judge_anew(id)
        is_alike = waits_alike(old, new)
        if is_alike and old.offers is new.offers:
            return
        if waits:
            self._place(new)
        elif waited:
            self._leave_line(id)
        if not is_alike or len(new.offers) >= len(old.offers):  # an offer's end brings no deadline
            self._wake(due_of(self, new))
            if new.enqueued_at < old.enqueued_at:  # a delay that is over at its new age has no deadline to come
                self.floor.mark_fresh(id)

    def _follow_holders(self, id: InteractionId, old: Interaction | None, new: Interaction | None) -> None:
        """Whoever holds it, or held it, is seated anew."""
        before, after = holders(old), holders(new)
        if not before and not after:
            return
        if (old.offers if old else ()) is not (new.offers if new else ()):
            self._index_offers(id, old, new)
        for agent in before:
            if agent not in after:
                _discard(self.works, agent, id)
                self._unseat(agent)
        for agent in after:
            assert new is not None, "who holds it after"
            works = self.works.get(agent)
            if works is None:
                works = self.works[agent] = {}
            works[id] = weight_of(new, agent)
            self._unseat(agent)

    def _place(self, interaction: Interaction) -> None:
        need = self.need_of(interaction)
        if need is not None:
            self.floor.place(interaction.id, need, self.entry_of(interaction))
        else:
            self._leave_line(interaction.id)

    def _leave_line(self, id: InteractionId) -> None:
        if self.floor.place_of(id) is not None:
            self.floor.place(id, None, None)

    def _index_conversation(self, id: InteractionId, before: ConversationId | None, after: ConversationId | None) -> None:
        if before == after:
            return
        if before is not None:
            known = self.by_conversation[before]
            if len(known) == 1:
                del self.by_conversation[before]
            else:
                self.by_conversation[before] = tuple([other for other in known if other != id])
        if after is not None:
            self.by_conversation[after] = (*self.by_conversation.get(after, ()), id)

    def _index_receipts(self, id: InteractionId, before: tuple[ReceiptId, ...], after: tuple[ReceiptId, ...]) -> None:
        for receipt in before:
            if receipt not in after and self.by_receipt.get(receipt) == id:
                del self.by_receipt[receipt]
        for receipt in after:
            self.by_receipt[receipt] = id

    def _index_offers(self, id: InteractionId, old: Interaction | None, new: Interaction | None) -> None:
        for offer in old.offers if old else ():
            del self.by_offer[offer.id]
        for offer in new.offers if new else ():
            self.by_offer[offer.id] = id

    def _count(self, waiting: Interaction, by: int) -> None:
        """What waits for its date waits for no agent yet."""
        queue = waiting.requirement.queue
        self.queue_lengths[queue] = self.queue_lengths.get(queue, 0) + by
        if by > 0 and self.at >= self._sweep_known_until:
            sweep = next_sweep(self)
            self._sweep_known_until = sweep.at
            self.deadlines.add(sweep)

    # ---- what follows from an agent

    def _unseat(self, id: AgentId) -> None:
        """What it holds is to be reckoned anew."""
        self._seats.pop(id, None)
        self.reseat(id)

    def reseat(self, id: AgentId) -> None:
        """What it holds, its status or its session changed: it is seated anew before anybody looks at the floor."""
        if id in self.agents:
            self.touched_agents[id] = None
            self._unseated[id] = None

    def seat_all(self) -> None:
        """Seat whoever changed since the last call. Called before the floor's buckets are read."""
        while self._unseated:
            id, _ = self._unseated.popitem()
            self._seat_anew(self.agents[id])

    def _seat_anew(self, agent: Agent) -> None:
        id = agent.id
        group: Group | None = self.configuration.group(id)
        out = self._unreachable(agent, group) or ("rest" if agent.rest_until is not None else None)
        if out != self._out_by.get(id):
            self._count_out(id, out)
        if group is None or out is not None:
            self.floor.sit(agent, None, None)
            return
        seat = self.seat(id)
        if is_full(seat, group.room):
            self.floor.sit(agent, None, None)
        else:
            self.floor.sit(agent, group, seat)

    def _count_out(self, id: AgentId, out: str | None) -> None:
        """Another reason than before keeps all work from this agent, or none does any more."""
        former = self._out_by.pop(id, None)
        if former is not None:
            self.out[former].remove((id,))
        if out is not None:
            self.out.setdefault(out, Ordered()).add((id,))
            self._out_by[id] = out

    def clock_of(self, agent: Agent) -> Clock:
        """
        Its place among equals: those whose idle clock runs, longest first; then those who hold something, be it an offer, by how much,
        and by when they last took some. So a burst is spread.
        """
        held = len(self.works.get(agent.id, ()))
        return held, agent.taken_at if held else agent.idle_since, agent.id

    # ---- deadlines

    def _wake(self, standing: Iterable[Deadline]) -> None:
        """Deadlines that stand already are known."""
        now = self.at
        for due in standing:
            if due.at > now or is_ahead(self, due):
                self.deadlines.add(due)

    def wake_hours(self) -> None:
        """Every calendar's next change."""
        for due in due_hours(self):
            self.deadlines.add(due)

    def at_age(self, interaction: Interaction, queue: Queue, age_ms: int) -> Instant:
        """When it is, or was, so old: in clock time, or in opening time where the queue reckons its target so."""
        return self.configuration.later(queue, interaction.enqueued_at, age_ms)

    def at_limit(self, interaction: Interaction, queue: Queue, age_max_ms: int) -> Instant:
        """When it has waited too long for its queue, as `at_age`: since it came, or since somebody had it last. Who talked meanwhile did not wait."""
        if interaction.accepted_at is None:
            return self.at_age(interaction, queue, age_max_ms)
        had = (stretch.ended_at for stretch in reversed(interaction.stretches) if stretch.agent is not None and stretch.state in _HAD)
        since = max(next(had, interaction.enqueued_at), interaction.enqueued_at)
        return self.configuration.later(queue, since, age_max_ms)

    def is_open_line(self, line: Line, at: Instant) -> bool:
        """As `is_open`, for the queue of a line."""
        return not self.configuration.hours or self.is_open(line.queue, at)

    def is_open(self, queue: Queue, at: Instant) -> bool:
        """Whether the queue's calendar lets it hand out work now. Without a calendar it always does."""
        hours = self.configuration.hours_of(queue)
        return hours is None or hours.is_open(at)


def _index_one(index: dict[_K, dict[InteractionId, None]], id: InteractionId, before: _K | None, after: _K | None) -> None:
    if before == after:
        return
    if before is not None:
        _discard(index, before, id)
    if after is not None:
        index.setdefault(after, {})[id] = None


def _index_many(
    index: dict[AgentId, dict[InteractionId, None]], id: InteractionId, before: Iterable[AgentId], after: Iterable[AgentId]
) -> None:
    for agent in before:
        if agent in index and id in index[agent]:
            _discard(index, agent, id)
    for agent in after:
        index.setdefault(agent, {})[id] = None


def _discard(index: dict[_K, dict[InteractionId, Any]], key: _K, id: InteractionId) -> None:
    del index[key][id]
    if not index[key]:
        del index[key]
