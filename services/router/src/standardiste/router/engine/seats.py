"""
Capacity: what an agent holds, and whether one more piece of work fits, freely or by a permitted interruption.

Held from the offer to the end of wrap-up. Interrupted work costs nothing while it is so held and is resumed before anything new, so an agent with
interrupted work is offered only what may interrupt. Parked work is out of capacity.
"""

from __future__ import annotations

from collections.abc import Iterable

from standardiste.common.events.directory import AgentProfile
from standardiste.common.events.model import AgentId, Channel, InteractionState
from standardiste.router.engine.policy import Need, Seat
from standardiste.router.engine.state import Interaction

DEFAULTS = AgentProfile(id="", change_set=0)  # type: ignore[arg-type]  # an empty id names nothing; only its numbers are read


def cost_of(profile: AgentProfile, channel: Channel, own: int | None) -> int:
    """Units one piece of work takes: the channel address's own cost, the profile's, or routing.md's."""
    if own is not None:
        return own
    cost = profile.cost.get(channel)
    return DEFAULTS.cost[channel] if cost is None else cost


def cap_of(profile: AgentProfile, channel: Channel) -> int:
    """How many of this channel at once, whatever the units."""
    cap = profile.cap.get(channel)
    return DEFAULTS.cap[channel] if cap is None else cap


def seat_of(agent: AgentId, works: Iterable[Interaction], profile: AgentProfile) -> Seat:
    """What the agent holds now, offers included."""
    used = 0
    by_channel: dict[Channel, int] = {}
    by_label: dict[str, int] = {}
    running: dict[Channel, int] = {}
    has_interrupted = False
    for work in works:
        if work.is_interrupted and work.owner == agent:
            has_interrupted = True
            continue
        channel = work.facts.channel
        cost = cost_of(profile, channel, work.facts.cost)
        used += cost
        by_channel[channel] = by_channel.get(channel, 0) + 1
        for label in work.requirement.labels:
            by_label[label] = by_label.get(label, 0) + 1
        if work.state is InteractionState.ACTIVE and work.owner == agent:
            running[channel] = running.get(channel, 0) + cost
    freeable = {over: sum(running.get(under, 0) for under in unders) for over, unders in profile.may_interrupt.items()} if running else {}
    caps_reached = tuple(channel for channel in sorted(by_channel) if by_channel[channel] >= cap_of(profile, channel))
    labels_reached = tuple(label for label, cap in sorted(profile.label_cap.items()) if by_label.get(label, 0) >= cap)
    key = (used, caps_reached, labels_reached, tuple(sorted(freeable.items())), has_interrupted)
    return Seat(profile.units, used, by_channel, by_label, freeable, has_interrupted, key)


def takes(seat: Seat, profile: AgentProfile, need: Need) -> int | None:
    """
    How one more piece of work fits: 0 freely, 1 by interrupting, None not at all.

    Channel cap and label caps hold in both cases; units only freely.
    """
    channel = need.channel
    if seat.by_channel.get(channel, 0) >= cap_of(profile, channel):
        return None
    if any(seat.by_label.get(label, 0) >= profile.label_cap[label] for label in need.labels if label in profile.label_cap):
        return None
    if seat.has_interrupted and channel not in profile.may_interrupt:
        return None
    cost = cost_of(profile, channel, need.cost)
    if cost <= seat.free:
        return 0
    return 1 if cost <= seat.free + seat.freeable.get(channel, 0) and seat.freeable.get(channel, 0) > 0 else None
