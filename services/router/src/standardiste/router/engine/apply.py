"""
The only mutator: what each event does to the live tables. No decision is taken here and nothing outside the event and the tables is read.

Every transition of an interaction, offer or session must stand in lifecycle.py; anything else is a fault of ours and stops the step.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from standardiste.common.events import decisions as d
from standardiste.common.events.base import Event, Instant, class_of, spec_of
from standardiste.common.events.directory import ENTITIES, ChangeSetCommitted, ChannelAddress, Entity, Person
from standardiste.common.events.model import (
    AgentId,
    AgentState,
    AgentView,
    ContactId,
    Direction,
    InteractionId,
    InteractionState,
    OfferId,
    QueueId,
    Requirement,
    Seat,
    ToAgent,
)
from standardiste.router.engine.configuration import KEPT, Configuration, EntityKey, build, key_of
from standardiste.router.engine.deadlines import Deadline, Due
from standardiste.router.engine.facts import facts_of
from standardiste.router.engine.lifecycle import NEXT_INTERACTION, NOWHERE
from standardiste.router.engine.live import ARRIVALS_MAX, MESSAGES_MAX, Live
from standardiste.router.engine.state import (
    AWAY,
    Agent,
    Answer,
    Closed,
    Facts,
    Gateway,
    Interaction,
    Offer,
    Stretch,
    Transfer,
    Tried,
    evolve,
)

EXCLUDED_MIN_MS: Final = 10_000
EXCLUDED_MS: Final = 60_000
GATEWAY_LEASE_MS: Final = 15_000
SESSION_GRACE_MS: Final = 10_000
BREAK_MS: Final = 60_000
"""An idle minute breaks unbroken work."""
RECEIPTS_MAX: Final = 1_000
STRETCHES_MAX: Final = 200


def apply(live: Live, event: Event) -> None:
    """Change the tables as this event says. A decision counts; an entity of the directory waits for its commit."""
    if event.time > live.at:
        live.at = event.time
    data = event.data
    change = _CHANGES.get(class_of(data))
    if isinstance(data, _ENTITY_TYPES):
        _hold_back(live, data)
    elif isinstance(data, ChangeSetCommitted):
        _date(live, data)
    else:
        live.decisions += 1
        live.touched["meta", ""] = None
        if change is not None:
            change(live, event, data)


_ENTITY_TYPES: Final = tuple(ENTITIES.values())


# ---- the configuration


def _hold_back(live: Live, entity: Entity) -> None:
    if not isinstance(entity, KEPT):
        return
    kind, id = key_of(entity)
    live.pending[kind, id, entity.change_set] = _stripped(entity)
    live.touched["pending", f"{kind}/{id}/{entity.change_set}"] = None


def _stripped(entity: Entity) -> Entity:
    """Without what the router does not need and router-state must not hold: telephones of staff, our addresses and how they are reached."""
    match entity:
        case Person():
            return evolve(entity, endpoint=None)
        case ChannelAddress():
            return evolve(entity, address="", settings={})
        case _:
            return entity


def _date(live: Live, commit: ChangeSetCommitted) -> None:
    if commit.effective_at is not None:
        live.dated[commit.number] = commit.effective_at
        live.touched["meta", ""] = None
        live.deadlines.add(Deadline(commit.effective_at, str(commit.number), Due.CHANGE_SET))


def members_of(live: Live, number: int) -> dict[EntityKey, Entity]:
    """What would be in force with this change set: the present, overlaid by every held-back member up to it. Older versions change nothing."""
    entities = dict(live.entities)
    for (kind, id, change_set), entity in sorted(live.pending.items(), key=lambda item: item[0][2]):
        present = entities.get((kind, id))
        dated = live.dated.get(change_set)
        waits = dated is not None and change_set != number
        if change_set <= number and not waits and (present is None or present.change_set <= change_set):
            entities[kind, id] = entity
    return entities


def _configuration_applied(live: Live, event: Event, data: d.ConfigurationApplied) -> None:
    entities = members_of(live, data.change_set)
    for key, entity in entities.items():
        if live.entities.get(key) is not entity:
            live.touched["entity", "/".join(key)] = None
    _drop_pending(live, data.change_set)
    live.entities = entities
    live.change_set = max(live.change_set, data.change_set)
    built = build(entities, live.kit, live.configuration)
    assert isinstance(built, Configuration), "a faulty set is refused before it is applied"
    live.configure(built)


def _configuration_refused(live: Live, event: Event, data: d.ConfigurationRefused) -> None:
    _drop_pending(live, data.change_set)


def _drop_pending(live: Live, number: int) -> None:
    for key in [key for key in live.pending if key[2] <= number and (key[2] == number or key[2] not in live.dated)]:
        del live.pending[key]
        live.touched["pending", f"{key[0]}/{key[1]}/{key[2]}"] = None
    live.dated.pop(number, None)


# ---- an interaction's life


def _created(live: Live, event: Event, data: d.InteractionCreated) -> None:
    contact = data.contact
    address = live.configuration.address(contact.channel_address)
    rules = live.configuration.rules
    if rules is not None and rules.asks_customer and len(live.arrivals) < ARRIVALS_MAX:
        live.arrivals[data.interaction] = facts_of(contact, address)
    requirement = Requirement(queue=live.configuration.default_queue.id)
    live.ingested += 1
    if data.linked_to is not None:
        live.abandoned.pop(data.linked_to, None)  # one return keeps the age, no second
    live.put_interaction(
        Interaction(
            id=data.interaction,
            facts=Facts(
                channel=contact.channel,
                channel_name=contact.channel_name,
                direction=contact.direction,
                scope=contact.scope,
                channel_address=contact.channel_address,
                receipt=contact.receipt,
                contact=contact.id,
                is_live=contact.is_live,
                cost=address.cost if address is not None and address.cost else None,
                language=contact.language,
                traceparent=event.traceparent,
                linked_to=data.linked_to,
            ),
            state=InteractionState.IDENTIFYING,
            version=1,
            since=event.time,
            enqueued_at=data.enqueued_at,
            requirement=requirement,
            original=requirement,
            change_set=data.change_set,
            conversation=data.conversation,
            identify_by=data.identify_by,
            last_contact=contact.id,
            receipts=(contact.receipt,),
        )
    )


def _opened(live: Live, event: Event, data: d.InteractionOpened) -> None:
    live.ingested += 1
    address = live.configuration.address(data.channel_address)
    new = Interaction(
        id=data.interaction,
        facts=Facts(
            channel=data.channel,
            channel_name=(address.channel_name if address else None) or data.channel.value,
            direction=Direction.OUTBOUND,
            scope=data.scope,
            channel_address=data.channel_address,
            receipt=data.receipt,
            contact=ContactId(""),
            is_live=True,
            cost=address.cost if address is not None and address.cost else None,
            traceparent=event.traceparent,
        ),
        state=InteractionState.ACTIVE,
        version=data.version,
        since=event.time,
        enqueued_at=data.opened_at,
        requirement=data.requirement,
        original=data.requirement,
        change_set=data.change_set,
        conversation=data.conversation,
        customer=data.customer,
        is_identified=True,
        receipts=(data.receipt,),
        owner=data.owner,
        accepted_at=data.opened_at if data.owner else None,
        activated_at=event.time,
        cause="opened",
    )
    live.put_interaction(evolve(new, key=_key(live, new, data.requirement)))
    if data.owner is not None:
        _take(live, data.owner, event.time)


def _joined(live: Live, event: Event, data: d.ContactJoined) -> None:
    i = live.interactions[data.interaction]
    live.put_interaction(
        evolve(i, last_contact=data.contact.id, receipts=(*i.receipts, data.contact.receipt)[-RECEIPTS_MAX:], away_since=None)
    )


def _identified(live: Live, event: Event, data: d.CustomerIdentified) -> None:
    i = live.interactions[data.interaction]
    live.arrivals.pop(i.id, None)
    if len(live.customers) < ARRIVALS_MAX:
        live.customers[i.id] = data.customer
    live.put_interaction(evolve(i, conversation=data.conversation, customer=data.customer.id, is_identified=True))


def _away(live: Live, event: Event, data: d.CustomerAway) -> None:
    live.put_interaction(evolve(live.interactions[data.interaction], away_since=data.since))


def _returned(live: Live, event: Event, data: d.CustomerReturned) -> None:
    live.put_interaction(evolve(live.interactions[data.interaction], away_since=None))


def _left(live: Live, event: Event, data: d.CustomerLeft) -> None:
    live.put_interaction(evolve(live.interactions[data.interaction], has_left=True, away_since=None))


def _routed(live: Live, event: Event, data: d.InteractionRouted) -> None:
    i = live.interactions[data.interaction]
    live.put_interaction(
        evolve(
            i,
            requirement=data.requirement,
            original=data.requirement,
            wrap_up=data.wrap_up,
            step=0,
            key=_key(live, i, data.requirement),
            is_unstaffed=False,
            change_set=data.why.change_set or i.change_set,
        )
    )


def _queued(live: Live, event: Event, data: d.InteractionQueued) -> None:
    i = live.interactions[data.interaction]
    live.messages.pop(i.id, None)
    aged = evolve(i, enqueued_at=data.enqueued_at)
    _turn(
        live,
        event,
        aged,
        data.because.value,
        version=data.version,
        owner=None,
        key=_key(live, aged, aged.requirement),
        hold_for=data.hold_for,
        hold_until=data.hold_until or Instant(0),
        taken_with=None,
        transfer=None,
        parked_until=None,
        wrap_up_ends_at=None,
        is_interrupted=False,
        is_forced=False,
        away_since=i.away_since,
    )


def _relaxed(live: Live, event: Event, data: d.InteractionRelaxed) -> None:
    i = live.interactions[data.interaction]
    requirement = evolve(i.requirement, skills=data.skills, priority=data.priority)
    live.put_interaction(evolve(i, step=data.step, requirement=requirement, key=_key(live, i, requirement)))


def _prioritised(live: Live, event: Event, data: d.InteractionPrioritised) -> None:
    i = live.interactions[data.interaction]
    requirement = evolve(i.requirement, priority=data.priority)
    live.put_interaction(evolve(i, requirement=requirement, key=_key(live, i, requirement)))


def _preference_ended(live: Live, event: Event, data: d.PreferenceEnded) -> None:
    i = live.interactions[data.interaction]
    live.put_interaction(evolve(i, hold_for=None, hold_until=Instant(0), requirement=evolve(i.requirement, preferred_agent=None)))


def _connecting(live: Live, event: Event, data: d.InteractionConnecting) -> None:
    i = live.interactions[data.interaction]
    _turn(
        live,
        event,
        i,
        "accepted",
        version=data.version,
        owner=data.owner,
        connect_by=data.deadline,
        taken_with=data.offer,
        accepted_at=i.accepted_at or event.time,
        transfer=None,
        hold_for=None,
        is_forced=data.is_forced,
    )
    _take(live, data.owner, event.time)


def _activated(live: Live, event: Event, data: d.InteractionActivated) -> None:
    i = live.interactions[data.interaction]
    is_new_owner = i.owner != data.owner
    _turn(
        live,
        event,
        i,
        "connected" if i.state is InteractionState.CONNECTING else "accepted",
        version=data.version,
        owner=data.owner,
        taken_with=data.offer,
        accepted_at=i.accepted_at or event.time,
        activated_at=event.time,
        transfer=None,
        hold_for=None,
        tried=(),
        parked_until=None,
        is_interrupted=False,
        is_forced=data.is_forced or (i.is_forced and not is_new_owner),
    )
    if is_new_owner:
        _take(live, data.owner, event.time)


def _held(live: Live, event: Event, data: d.InteractionHeld) -> None:
    _turn(
        live,
        event,
        live.interactions[data.interaction],
        "interrupted" if data.is_interrupted else "held",
        version=data.version,
        is_interrupted=data.is_interrupted,
    )


def _resumed(live: Live, event: Event, data: d.InteractionResumed) -> None:
    _turn(live, event, live.interactions[data.interaction], "resumed", version=data.version, is_interrupted=False)


def _parked(live: Live, event: Event, data: d.InteractionParked) -> None:
    _turn(
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
    _turn(
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
    _turn(
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
    stretches = _stretched(i, event.time)
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


def _overflowed(live: Live, event: Event, data: d.InteractionOverflowed) -> None:
    i = live.interactions[data.interaction]
    live.put_interaction(evolve(i, version=data.version, overflowed=i.overflowed + 1))


def _merged(live: Live, event: Event, data: d.InteractionMerged) -> None:
    gone, into = live.interactions[data.interaction], live.interactions[data.into]
    live.put_interaction(evolve(gone, version=data.version, receipts=()))
    earlier_ms = into.enqueued_at - data.enqueued_at
    requirement = evolve(into.requirement, due_at=Instant(into.requirement.due_at - earlier_ms))
    aged = evolve(
        into,
        enqueued_at=data.enqueued_at,
        requirement=requirement,
        last_contact=gone.last_contact,
        receipts=(*into.receipts, *gone.receipts)[-RECEIPTS_MAX:],
    )
    live.put_interaction(evolve(aged, key=_key(live, aged, requirement)))


def _linked(live: Live, event: Event, data: d.InteractionLinked) -> None:
    i = live.interactions[data.interaction]
    live.abandoned.pop(data.linked_to, None)
    live.put_interaction(evolve(i, facts=evolve(i.facts, linked_to=data.linked_to)))


def _closed(live: Live, event: Event, data: d.InteractionClosed) -> None:
    i = live.interactions[data.interaction]
    _check(i, event, InteractionState.CLOSED)
    live.closed_count += 1
    live.drop_interaction(i)
    live.remember(
        Closed(
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


def _unstaffed(live: Live, event: Event, data: d.SkillUnstaffed) -> None:
    live.put_interaction(evolve(live.interactions[data.interaction], is_unstaffed=True))


# ---- offers


def _offer_made(live: Live, event: Event, data: d.OfferMade) -> None:
    i = live.interactions[data.interaction.id]
    view = data.offer
    offer = Offer(
        id=view.id,
        agent=view.agent,
        offered_at=view.offered_at,
        expires_at=view.expires_at,
        is_auto_accept=view.is_auto_accept,
        is_interrupting=view.is_interrupting,
        is_transfer=view.is_transfer,
    )
    if view.is_transfer:
        live.put_interaction(evolve(i, version=data.version, offers=(*i.offers, offer), offer_count=i.offer_count + 1))
    else:
        _turn(live, event, i, "offered", version=data.version, offers=(*i.offers, offer), offer_count=i.offer_count + 1)
    live.put_agent(evolve(live.agents[view.agent], offered=live.decisions))


def _accepted(live: Live, event: Event, data: d.OfferAccepted) -> None:
    i = live.interactions[data.interaction]
    live.put_interaction(evolve(i, offers=_without(i, data.offer), taken_with=data.offer))
    agent = live.agents[data.agent]
    if agent.missed_in_a_row:
        live.put_agent(evolve(agent, missed_in_a_row=0))


def _declined(live: Live, event: Event, data: d.OfferDeclined) -> None:
    _give_back(live, event, data.interaction, data.offer, data.agent)


def _expired(live: Live, event: Event, data: d.OfferExpired) -> None:
    _give_back(live, event, data.interaction, data.offer, data.agent)
    live.put_agent(evolve(live.agents[data.agent], missed_in_a_row=data.missed_in_a_row))


def _withdrawn(live: Live, event: Event, data: d.OfferWithdrawn) -> None:
    i = live.interactions[data.interaction]
    live.put_interaction(evolve(i, offers=_without(i, data.offer)))


def _media_failed(live: Live, event: Event, data: d.OfferMediaFailed) -> None:
    i = live.interactions[data.interaction]
    assert i.taken_with == data.offer, "the media of an offer that was accepted"
    until = Instant(event.time + EXCLUDED_MIN_MS)
    live.put_interaction(evolve(i, tried=(*_others(i, data.agent), Tried(agent=data.agent, lapses_at=until, ends_at=until))))


def _give_back(live: Live, event: Event, id: InteractionId, offer: OfferId, agent: AgentId) -> None:
    i = live.interactions[id]
    is_transfer = any(o.id == offer and o.is_transfer for o in i.offers)
    tried = Tried(agent=agent, lapses_at=Instant(event.time + EXCLUDED_MIN_MS), ends_at=Instant(event.time + EXCLUDED_MS))
    live.put_interaction(evolve(i, offers=_without(i, offer), tried=i.tried if is_transfer else (*_others(i, agent), tried)))


def _without(i: Interaction, offer: OfferId) -> tuple[Offer, ...]:
    left = tuple(o for o in i.offers if o.id != offer)
    assert len(left) == len(i.offers) - 1, "an offer ends once"
    return left


def _others(i: Interaction, agent: AgentId) -> tuple[Tried, ...]:
    return tuple(tried for tried in i.tried if tried.agent != agent)


# ---- messages


def _message_received(live: Live, event: Event, data: d.MessageReceived) -> None:
    """Kept while it may still turn out to belong to another interaction; in memory only."""
    i = live.interactions[data.interaction]
    if i.state is InteractionState.IDENTIFYING and len(live.messages) < MESSAGES_MAX:
        live.messages[i.id] = data


def _message_accepted(live: Live, event: Event, data: d.MessageAccepted) -> None:
    i = live.interactions[data.interaction]
    live.put_interaction(evolve(i, message_count=i.message_count + 1))


def _voicemail(live: Live, event: Event, data: d.VoicemailTaken) -> None:
    i = live.interactions[data.interaction]
    live.put_interaction(evolve(i, facts=evolve(i.facts, is_live=False)))


# ---- agents and sessions


def _session_started(live: Live, event: Event, data: d.SessionStarted) -> None:
    agent = live.agents.get(data.agent) or new_agent(data.agent, event.time)
    live.put_agent(evolve(agent, session=data.session, gateway=data.gateway, grace_until=None, lost_at=None))
    if data.gateway not in live.gateways:
        live.put_gateway(Gateway(name=data.gateway, seen_at=event.time, until=Instant(event.time + GATEWAY_LEASE_MS)))


def _session_lost(live: Live, event: Event, data: d.SessionLost) -> None:
    live.put_agent(evolve(live.agents[data.agent], grace_until=data.until))


def _session_ended(live: Live, event: Event, data: d.SessionEnded) -> None:
    agent = live.agents[data.agent]
    assert agent.session == data.session, "only the agent's own session ends"
    lost_at = event.time if live.owned_by(data.agent) else None
    live.put_agent(evolve(agent, session=None, gateway="", grace_until=None, lost_at=lost_at))


def _status_changed(live: Live, event: Event, data: d.AgentStatusChanged) -> None:
    agent = live.agents[data.agent]
    missed = 0 if data.because == "chosen" else agent.missed_in_a_row
    live.put_agent(evolve(agent, status=data.status, next_status=data.next_status, missed_in_a_row=missed))


def _state_changed(live: Live, event: Event, data: d.AgentStateChanged) -> None:
    agent = live.agents[data.view.id]
    unbroken_since = agent.unbroken_since if data.view.rest_until is None else None
    live.put_agent(evolve(agent, view=data.view, rest_until=data.view.rest_until, unbroken_since=unbroken_since))


def _idle_reset(live: Live, event: Event, data: d.AgentIdleReset) -> None:
    live.put_agent(evolve(live.agents[data.agent], idle_since=data.idle_since))


def _gateway_seen(live: Live, event: Event, data: d.GatewaySeen) -> None:
    live.put_gateway(Gateway(name=data.gateway, seen_at=event.time, until=data.until))


def _gateway_lost(live: Live, event: Event, data: d.GatewayLost) -> None:
    live.drop_gateway(data.gateway)


def _take(live: Live, agent: AgentId, at: Instant) -> None:
    record = live.agents[agent]
    is_break = record.unbroken_since is None or (len(live.owned_by(agent)) == 1 and at - record.idle_since >= BREAK_MS)
    live.put_agent(evolve(record, taken_at=at, unbroken_since=at if is_break else record.unbroken_since))


def new_agent(id: AgentId, at: Instant) -> Agent:
    """An agent who never had a session."""
    view = AgentView(
        id=id,
        version=0,
        state=AgentState.OFFLINE,
        since=at,
        status=AWAY,
        next_status=None,
        session=None,
        seat=Seat(used_units=0, total_units=0),
    )
    return Agent(id=id, view=view, idle_since=at)


# ---- answers, and the system's own


def _done(live: Live, event: Event, data: d.CommandDone) -> None:
    live.answered(
        Answer(
            asker=event.subject,
            command=data.command,
            command_type=data.command_type,
            number=live.decisions,
            at=event.time,
            interaction=data.interaction,
            version=data.version,
            message=data.message,
        )
    )


def _refused(live: Live, event: Event, data: d.CommandRefused) -> None:
    live.answered(
        Answer(
            asker=event.subject,
            command=data.command,
            command_type=data.command_type,
            number=live.decisions,
            at=event.time,
            refusal=data.reason,
            detail=data.detail,
            interaction=data.interaction,
            version=data.version,
        )
    )


def _router_resumed(live: Live, event: Event, data: d.RouterResumed) -> None:
    live.arrivals.clear()
    live.customers.clear()
    live.messages.clear()
    live.resumed_at = event.time
    live.gap_began_at = Instant(event.time - data.gap_ms) if data.gap_ms is not None else Instant(0)
    for gateway in list(live.gateways.values()):
        live.put_gateway(evolve(gateway, seen_at=event.time, until=Instant(event.time + GATEWAY_LEASE_MS)))
    for agent in list(live.agents.values()):
        if agent.grace_until is not None:
            live.put_agent(evolve(agent, grace_until=Instant(event.time + SESSION_GRACE_MS)))


# ---- how a turn of life is written down


def _turn(live: Live, event: Event, i: Interaction, cause: str, **changes: Any) -> None:
    """The interaction enters the state that the lifecycle names, and the stretch before it is kept."""
    state = _check(i, event)
    stretches = i.stretches if i.state is state and i.owner == changes.get("owner", i.owner) else _stretched(i, event.time)
    since = i.since if stretches is i.stretches else event.time
    live.put_interaction(evolve(i, state=state, since=since, cause=cause, stretches=stretches, **changes))


def _check(i: Interaction | None, event: Event, expected: InteractionState | None = None) -> InteractionState:
    key = (i.state if i else NOWHERE, _SHORT[class_of(event.data)])
    state = NEXT_INTERACTION.get(key)
    assert state is not None, f"no such transition: {key}"
    assert expected is None or state is expected, f"{key} does not lead to {expected}"
    return state


def _stretched(i: Interaction, at: Instant) -> tuple[Stretch, ...]:
    stretch = Stretch(state=i.state, began_at=i.since, ended_at=at, cause=i.cause, queue=QueueId(i.requirement.queue), agent=i.owner)
    return (*i.stretches, stretch)[-STRETCHES_MAX:]


def _key(live: Live, i: Interaction, requirement: Requirement) -> int:
    queue = live.configuration.queue_or_default(requirement.queue)
    order = live.kit.lifo if queue.is_lifo else live.kit.urgency
    return order.key(requirement, i.enqueued_at, queue)


Change = Callable[[Live, Event, Any], None]

_CHANGES: Final[dict[type, Change]] = {
    d.ConfigurationApplied: _configuration_applied,
    d.ConfigurationRefused: _configuration_refused,
    d.InteractionCreated: _created,
    d.InteractionOpened: _opened,
    d.ContactJoined: _joined,
    d.CustomerIdentified: _identified,
    d.CustomerAway: _away,
    d.CustomerReturned: _returned,
    d.CustomerLeft: _left,
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
    d.InteractionMerged: _merged,
    d.InteractionLinked: _linked,
    d.InteractionClosed: _closed,
    d.SkillUnstaffed: _unstaffed,
    d.OfferMade: _offer_made,
    d.OfferAccepted: _accepted,
    d.OfferDeclined: _declined,
    d.OfferExpired: _expired,
    d.OfferWithdrawn: _withdrawn,
    d.OfferMediaFailed: _media_failed,
    d.MessageReceived: _message_received,
    d.MessageAccepted: _message_accepted,
    d.VoicemailTaken: _voicemail,
    d.SessionStarted: _session_started,
    d.SessionLost: _session_lost,
    d.SessionEnded: _session_ended,
    d.AgentStatusChanged: _status_changed,
    d.AgentStateChanged: _state_changed,
    d.AgentIdleReset: _idle_reset,
    d.GatewaySeen: _gateway_seen,
    d.GatewayLost: _gateway_lost,
    d.CommandDone: _done,
    d.CommandRefused: _refused,
    d.RouterResumed: _router_resumed,
}
"""What each decision changes. A decision that is not here (a message passed on, an answer to a question) changes nothing but the count."""


@cache
def short_name(cls: type) -> str:
    """A decision's name without prefix and version, as lifecycle tables have it."""
    return spec_of(cls).name.removeprefix("standardiste.").removesuffix(".v1")


_SHORT: Final = {cls: short_name(cls) for cls in _CHANGES}
