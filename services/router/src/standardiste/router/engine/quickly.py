"""
The records that are made at every step, each by a function of its class's name: `quickly.Event(…)` is `Event(…)` in a third of the time (see `maker`).

A record that is rare is made by its class; one that stands in the profile of a busy floor belongs here.
"""

from __future__ import annotations

from standardiste.common.events import base, decisions, model, outbound
from standardiste.common.events.base import maker, tuple_maker
from standardiste.router.engine import deadlines, policy, state

Event = maker(base.Event)

InteractionCreated = maker(decisions.InteractionCreated)
MessageReceived = maker(decisions.MessageReceived)
CustomerIdentified = maker(decisions.CustomerIdentified)
InteractionRouted = maker(decisions.InteractionRouted)
InteractionQueued = maker(decisions.InteractionQueued)
PositionChanged = maker(decisions.PositionChanged)
OfferMade = maker(decisions.OfferMade)
OfferAccepted = maker(decisions.OfferAccepted)
InteractionConnecting = maker(decisions.InteractionConnecting)
InteractionActivated = maker(decisions.InteractionActivated)
InteractionWrapping = maker(decisions.InteractionWrapping)
InteractionClosed = maker(decisions.InteractionClosed)
AgentStateChanged = maker(decisions.AgentStateChanged)
AgentIdleReset = maker(decisions.AgentIdleReset)
CommandDone = maker(decisions.CommandDone)

AgentView = maker(model.AgentView)
Author = maker(model.Author)
FilterCount = maker(model.FilterCount)
InteractionView = maker(model.InteractionView)
Message = maker(model.Message)
OfferView = maker(model.OfferView)
Requirement = maker(model.Requirement)
Segment = maker(model.Segment)
ShownSeat = maker(model.Seat)
Why = maker(model.Why)

AnnounceAgent = maker(outbound.AnnounceAgent)
AnnounceEnd = maker(outbound.AnnounceEnd)

Answer = maker(state.Answer)
Closed = maker(state.Closed)
Facts = maker(state.Facts)
Interaction = maker(state.Interaction)
Offer = maker(state.Offer)
Pace = maker(state.Pace)
Stretch = maker(state.Stretch)

Seat = maker(policy.Seat)
Deadline = tuple_maker(deadlines.Deadline)
