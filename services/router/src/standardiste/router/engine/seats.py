"""
Capacity: what an agent holds, and whether one more piece of work fits, freely or by a permitted interruption.

Held from the offer to the end of wrap-up. Interrupted work costs nothing while it is so held and is resumed before anything new, so an agent with
interrupted work is offered only what may interrupt. Parked work is out of capacity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from standardiste.common.events.directory import AgentProfile
from standardiste.common.events.model import AgentId, Channel, InteractionState, ProfileId
from standardiste.router.engine import quickly
from standardiste.router.engine.policy import Need, Room, Seat
from standardiste.router.engine.state import Interaction

DEFAULTS: Final = AgentProfile(id=ProfileId(""), change_set=0)
SEATS_MAX: Final = 10_000
"""What agents hold is of few kinds; a guard, so that many labels cannot fill the memory."""
Weight = tuple[Channel, "int | None", tuple[str, ...], "tuple[InteractionState, bool] | None"]
_NO_CHANNELS: Final[Mapping[Channel, int]] = {}
_NO_LABELS: Final[Mapping[str, int]] = {}


def room_of(profile: AgentProfile, seats: int = 1) -> Room:
    """The room of a profile. A bot with many seats is an agent like any other, with that many times the room."""
    costs = {channel: profile.cost.get(channel, DEFAULTS.cost[channel]) for channel in Channel}
    return Room(
        units=seats * profile.units,
        costs=costs,
        caps={channel: seats * profile.cap.get(channel, DEFAULTS.cap[channel]) for channel in Channel},
        label_caps={label: seats * profile.label_cap[label] for label in sorted(profile.label_cap)},
        interrupts={over: tuple(profile.may_interrupt[over]) for over in sorted(profile.may_interrupt)},
        interruptible=frozenset(under for unders in profile.may_interrupt.values() for under in unders),
        least_cost=min(1, *costs.values()),
    )


NO_ROOM: Final = room_of(DEFAULTS)


def seat_of(agent: AgentId, works: Sequence[Interaction], room: Room) -> Seat:
    """What the agent holds now, offers included."""
    used = 0
    by_channel: dict[Channel, int] = {}
    by_label: dict[str, int] = {}
    running: dict[Channel, int] = {}
    has_interrupted = False
    costs, interruptible = room.costs, room.interruptible
    for work in works:
        if work.is_interrupted and work.owner == agent:
            has_interrupted = True
            continue
        facts = work.facts
        channel = facts.channel
        cost = costs[channel] if facts.cost is None else facts.cost
        used += cost
        by_channel[channel] = by_channel.get(channel, 0) + 1
        for label in work.requirement.labels:
            by_label[label] = by_label.get(label, 0) + 1
        if channel in interruptible and work.state is InteractionState.ACTIVE and work.owner == agent:
            running[channel] = running.get(channel, 0) + cost
    freeable = _freeable(room, running) if running else _NO_CHANNELS
    if len(by_channel) > 1:  # told to desks: in one order, whatever came first, so that a restored router says it in the same bytes
        by_channel = {channel: by_channel[channel] for channel in sorted(by_channel)}
    caps = room.caps
    caps_reached = tuple([channel for channel, count in by_channel.items() if count >= caps[channel]])
    labels_reached = tuple([label for label, cap in room.label_caps.items() if by_label.get(label, 0) >= cap]) if room.label_caps else ()
    key = (used, caps_reached, labels_reached, tuple(freeable.items()) if freeable else (), has_interrupted)
    return quickly.Seat(room.units, used, by_channel, by_label or _NO_LABELS, freeable, has_interrupted, key)


def weight_of(work: Interaction, agent: AgentId) -> Weight:
    """All of a piece of work that its agent's seat follows from: who hold works of the same weights sit the same."""
    facts = work.facts
    return facts.channel, facts.cost, work.requirement.labels, (work.state, work.is_interrupted) if work.owner == agent else None


def empty_seat(room: Room) -> Seat:
    """The seat of an agent who holds nothing."""
    return seat_of(AgentId(""), (), room)


def _freeable(room: Room, running: Mapping[Channel, int]) -> Mapping[Channel, int]:
    """Units that an interruption by a channel would free, for those by which it would free any."""
    found: dict[Channel, int] = {}
    for over, unders in room.interrupts.items():
        units = 0
        for under in unders:
            units += running.get(under, 0)
        if units:
            found[over] = units
    return found


def is_full(seat: Seat, room: Room) -> bool:
    """Whether nothing at all fits any more: then the agent is not looked at."""
    return seat.total - seat.used < room.least_cost and not seat.freeable


def takes(seat: Seat, room: Room, need: Need) -> int | None:
    """
    How one more piece of work fits: 0 freely, 1 by interrupting, None not at all.

    Channel cap and label caps hold in both cases; units only freely.
    """
    channel = need.channel
    if seat.by_channel.get(channel, 0) >= room.caps[channel]:
        return None
    if need.labels and any(seat.by_label.get(label, 0) >= room.label_caps[label] for label in need.labels if label in room.label_caps):
        return None
    if seat.has_interrupted and channel not in room.interrupts:
        return None
    cost = room.cost_of(channel, need.cost)
    if cost <= seat.free:
        return 0
    freeable = seat.freeable.get(channel, 0)
    return 1 if freeable > 0 and cost <= seat.free + freeable else None
