"""Commands about an agent's own work: open, hold, complete, wrap up, park, pull, transfer."""

from __future__ import annotations

from standardiste.common.events import commands as c
from standardiste.common.events import decisions as d
from standardiste.common.events.base import Instant
from standardiste.common.events.model import (
    AgentId,
    Audience,
    Channel,
    CloseReason,
    CommandId,
    ConversationId,
    InteractionId,
    InteractionState,
    MessageId,
    OfferId,
    QueuedBecause,
    QueueId,
    ReceiptId,
    Requirement,
    Scope,
    ToAgent,
    ToQueue,
    Why,
    WrapUpMode,
)
from standardiste.common.events.outbound import PlaceCall, QueueCall, ReleaseCall
from standardiste.common.events.refusals import Refusal
from standardiste.router.engine import cycle, media, offers, requirement
from standardiste.router.engine.commands import messages
from standardiste.router.engine.commands.answers import Asker, Done, Refused, find, find_at, find_own
from standardiste.router.engine.policy import Need
from standardiste.router.engine.seats import takes
from standardiste.router.engine.state import Interaction
from standardiste.router.engine.step import Step, conversation_of, has_media

_TALKS = (InteractionState.ACTIVE, InteractionState.HELD)
SENT = "sent"
"""The detail of a close by the API whose message went out with nobody at work on it."""
_PARKABLE = (Channel.EMAIL, Channel.OTHER, Channel.SOCIAL)


def open_interaction(step: Step, asker: Asker, data: c.OpenInteraction) -> Done | Refused:
    """
    Begin towards a customer: the opener owns it at once, within capacity. Opened by the API it waits for an agent of its queue. The address is
    passed on and not kept.
    """
    live = step.live
    configuration = live.configuration
    address = configuration.address(data.channel_address)
    if address is None or address.channel is not _carrier(data.channel):
        return Refused(Refusal.UNKNOWN_CHANNEL_ADDRESS)
    queue = configuration.queue(data.queue or address.queue) or (None if data.queue else configuration.default_queue)
    if queue is None:
        return Refused(Refusal.UNKNOWN_QUEUE)
    if not data.address and data.conversation is None:
        return Refused(Refusal.UNKNOWN_CUSTOMER)
    present = next(iter(sorted(live.by_conversation.get(data.conversation, ()))), None) if data.conversation else None
    if data.message is not None:
        refused = _unsendable(asker, data)
        if refused is not None:
            return refused
        if present is not None:
            return _send_in(step, step.now(present), data, data.message)
    if present is not None:
        return Refused(Refusal.ALREADY_OWNED if step.now(present).owner else Refusal.WRONG_STATE, interaction=present)
    if asker.agent is not None:
        need = Need(queue.id, data.channel, address.cost or None, ())
        seat = live.seat(asker.agent)
        if configuration.group(asker.agent) is None or takes(seat, configuration.room(asker.agent), need) != 0:
            return Refused(Refusal.OVER_CAPACITY)
    tail = media.digest(live.tenant, asker.name, step.cause.id if step.cause else "")
    id = InteractionId(f"in_{tail}")
    conversation = data.conversation or ConversationId(f"cv_{tail}")
    scope = Scope(
        sponsor=address.sponsor or configuration.default_scope.sponsor,
        campaign=address.campaign or configuration.default_scope.campaign,
        site=address.site or configuration.default_scope.site,
    )
    step.emit(
        d.InteractionOpened(
            interaction=id,
            version=1,
            receipt=ReceiptId(f"rc_{tail}"),
            owner=asker.agent,
            channel=data.channel,
            channel_address=data.channel_address,
            conversation=conversation,
            customer=data.customer,
            scope=scope,
            requirement=Requirement(
                queue=queue.id,
                skills=queue.skills,
                priority=queue.priority,
                due_at=requirement.due_at(step, queue, step.at),
                strict_class=queue.strict_class,
            ),
            opened_at=step.at,
            change_set=live.change_set,
            command=CommandId(step.cause.id if step.cause else ""),
            attributes=data.attributes,
        ),
        id,
        (f"agent:{asker.agent}",) if asker.agent else (),
        step.cause.traceparent if step.cause else None,
    )
    message = None
    i = step.now(id)
    if data.message is not None and data.content is not None:
        message = messages.say(
            step, i, data.content, Audience.CUSTOMER, address=data.address, is_machine_made=True, id=data.message, author=messages.NOBODY
        )
        offers.close(step, step.now(id), CloseReason.CLOSED_BY_API, SENT)
    elif asker.agent is None:
        offers.queue(step, i, QueuedBecause.ARRIVED)
    elif has_media(i):
        _place_call(step, i, asker.agent, data.address)
    elif data.content is not None and data.content.text.strip():
        message = messages.say(step, i, data.content, Audience.CUSTOMER, address=data.address)
    return Done(id, message)


def _unsendable(asker: Asker, data: c.OpenInteraction) -> Refused | None:
    """What forbids that the API sends this by itself."""
    if not asker.is_api:
        return Refused(Refusal.NOT_ALLOWED)
    if data.channel in (Channel.VOICE, Channel.CALLBACK):
        return Refused(Refusal.NOT_OFFERED_HERE, "a call carries no text")
    content = data.content
    if content is None or not (content.text.strip() or content.attachments or content.body_blob):
        return Refused(Refusal.EMPTY_MESSAGE)
    if len(content.text.encode()) > messages.TEXT_BYTES_MAX:
        return Refused(Refusal.MESSAGE_TOO_LONG)
    return None


def _send_in(step: Step, i: Interaction, data: c.OpenInteraction, id: MessageId) -> Done | Refused:
    """The conversation is live: the message goes out there, and whoever has it sees it."""
    if i.has_left:
        return Refused(Refusal.CUSTOMER_LEFT, interaction=i.id)
    assert data.content is not None, "looked at before"
    message = messages.say(step, i, data.content, Audience.CUSTOMER, is_machine_made=True, id=id, author=messages.NOBODY)
    return Done(i.id, message)


def _carrier(channel: Channel) -> Channel:
    """Which channel's addresses serve it: a callback is a call."""
    return Channel.VOICE if channel is Channel.CALLBACK else channel


def _place_call(step: Step, i: Interaction, agent: AgentId, address: str) -> None:
    step.tell(
        d.InteractionConnecting(
            interaction=i.id,
            version=i.version + 1,
            conversation=i.conversation,
            owner=agent,
            offer=OfferId(f"{i.id}-o0"),
            deadline=Instant(step.at + offers.CONNECT_MS[Channel.VOICE]),
        ),
        i,
    )
    step.send(
        PlaceCall(
            conversation=conversation_of(i),
            interaction=i.id,
            agent=agent,
            channel_address=i.facts.channel_address,
            address=address or None,
        ),
        i,
    )


def hold(step: Step, asker: Asker, data: c.HoldInteraction) -> Done | Refused:
    i = find_own(step, asker, data.interaction, data.version, InteractionState.ACTIVE)
    if isinstance(i, Refused):
        return i
    assert i.owner is not None, "owned"
    offers.hold(step, i, i.owner)
    return Done(i.id)


def resume(step: Step, asker: Asker, data: c.ResumeInteraction) -> Done | Refused:
    """Back from hold; what was interrupted only as far as there is room."""
    i = find_own(step, asker, data.interaction, data.version, InteractionState.HELD)
    if isinstance(i, Refused):
        return i
    assert i.owner is not None, "owned"
    live = step.live
    if i.is_interrupted:
        cost = live.configuration.room(i.owner).cost_of(i.facts.channel, i.facts.cost)
        if cost > live.seat(i.owner).free:
            return Refused(Refusal.OVER_CAPACITY, interaction=i.id)
    offers.resume(step, i, i.owner)
    return Done(i.id)


def complete(step: Step, asker: Asker, data: c.CompleteInteraction) -> Done | Refused:
    """The conversation is done. What is interrupted needs room again first, for wrap-up takes capacity."""
    i = find_own(step, asker, data.interaction, data.version, *_TALKS)
    if isinstance(i, Refused):
        return i
    if i.is_interrupted:
        return Refused(Refusal.OVER_CAPACITY, "it is interrupted", i.id)
    if data.disposition is not None and not step.live.configuration.knows_disposition(data.disposition):
        return Refused(Refusal.UNKNOWN_DISPOSITION, interaction=i.id)
    offers.wrap_up(step, i, data.disposition)
    return Done(i.id, version=i.version + 1)


def end_wrap_up(step: Step, asker: Asker, data: c.EndWrapUp) -> Done | Refused:
    """Close. A customer who wrote meanwhile made it active again: that is said by name."""
    i = find(step, data.interaction)
    if isinstance(i, Refused):
        return i
    if i.owner is not None and i.owner == asker.agent and i.reopened > data.version:
        return Refused(Refusal.NEW_MESSAGE, interaction=i.id)
    i = find_own(step, asker, data.interaction, data.version, InteractionState.WRAPPING)
    if isinstance(i, Refused):
        return i
    if data.disposition is not None and not step.live.configuration.knows_disposition(data.disposition):
        return Refused(Refusal.UNKNOWN_DISPOSITION, interaction=i.id)
    if i.wrap_up is WrapUpMode.MANDATORY and data.disposition is None and i.disposition is None:
        return Refused(Refusal.DISPOSITION_REQUIRED, interaction=i.id)
    if data.disposition is not None:
        step.tell(d.InteractionDispositioned(interaction=i.id, version=i.version, disposition=data.disposition), i)
    offers.close(step, step.now(i.id), CloseReason.HANDLED)
    return Done(i.id, version=i.version + 1)


def extend_wrap_up(step: Step, asker: Asker, data: c.ExtendWrapUp) -> Done | Refused:
    """More time for a timed wrap-up, at most ten minutes at once."""
    i = find_own(step, asker, data.interaction, data.version, InteractionState.WRAPPING)
    if isinstance(i, Refused):
        return i
    if i.wrap_up_ends_at is None or not 0 < data.by_ms <= 600_000 or i.owner is None:
        return Refused(Refusal.WRONG_STATE, "only a timed wrap-up is extended, by up to ten minutes", i.id)
    longer = d.InteractionWrapping(
        interaction=i.id,
        version=i.version,
        owner=i.owner,
        mode=i.wrap_up,
        ends_at=Instant(i.wrap_up_ends_at + data.by_ms),
    )
    step.tell(longer, i)
    return Done(i.id)


def set_disposition(step: Step, asker: Asker, data: c.SetDisposition) -> Done | Refused:
    """Note the outcome without ending anything."""
    i = find_own(step, asker, data.interaction, data.version, *_TALKS, InteractionState.WRAPPING)
    if isinstance(i, Refused):
        return i
    if not step.live.configuration.knows_disposition(data.disposition):
        return Refused(Refusal.UNKNOWN_DISPOSITION, interaction=i.id)
    step.tell(d.InteractionDispositioned(interaction=i.id, version=i.version, disposition=data.disposition), i)
    return Done(i.id)


def park(step: Step, asker: Asker, data: c.ParkInteraction) -> Done | Refused:
    """Wait for the customer or a date, out of capacity. Live channels cannot be parked."""
    i = find_own(step, asker, data.interaction, data.version, *_TALKS)
    if isinstance(i, Refused):
        return i
    if i.facts.channel not in _PARKABLE:
        return Refused(Refusal.NOT_OFFERED_HERE, interaction=i.id)
    if data.until is not None and data.until <= step.at:
        return Refused(Refusal.WRONG_STATE, "the date is past", i.id)
    assert i.owner is not None, "owned"
    i = offers.end_transfer(step, i, "parked")
    owner = i.owner
    assert owner is not None, "still owned"
    step.tell(d.InteractionParked(interaction=i.id, version=i.version + 1, owner=owner, until=data.until), i)
    offers.work_ended(step, owner)
    return Done(i.id)


def unpark(step: Step, asker: Asker, data: c.UnparkInteraction) -> Done | Refused:
    """Its agent takes a parked one back now, within capacity."""
    i = find_at(step, data.interaction, data.version)
    if isinstance(i, Refused):
        return i
    if i.state is not InteractionState.PARKED:
        return Refused(Refusal.WRONG_STATE, f"it is {i.state}", i.id)
    if i.last_owner != asker.agent or asker.agent is None:
        return Refused(Refusal.NOT_OWNER, interaction=i.id)
    return take(step, i, asker.agent)


def pull(step: Step, asker: Asker, data: c.PullInteraction) -> Done | Refused:
    """Take a chosen waiting interaction: skills and capacity hold as for an offer; an offer somebody else has of it goes first."""
    i = find_at(step, data.interaction, data.version)
    if isinstance(i, Refused):
        return i
    agent = asker.agent
    assert agent is not None, "proven"
    if i.owner is not None or i.state is InteractionState.OFFERED:
        return Refused(Refusal.ALREADY_OWNED, interaction=i.id)
    if i.state is not InteractionState.QUEUED:
        return Refused(Refusal.WRONG_STATE, f"it is {i.state}", i.id)
    live = step.live
    group = live.configuration.group(agent)
    if group is None or live.floor.fit(group, live.floor.probe(offers.plain_need(step, i))) is None:
        return Refused(Refusal.LACKS_SKILL, interaction=i.id)
    if i.hold_for is not None and i.hold_for != agent:
        return Refused(Refusal.NOT_ALLOWED, "it is held for another agent", i.id)
    return take(step, i, agent)


def take(step: Step, i: Interaction, agent: AgentId) -> Done | Refused:
    """Own it at once, if there is free room."""
    live = step.live
    if takes(live.seat(agent), live.configuration.room(agent), offers.plain_need(step, i)) != 0:
        return Refused(Refusal.OVER_CAPACITY, interaction=i.id)
    offers.give(step, i, agent, OfferId(f"{i.id}-o{i.offer_count}"))
    return Done(i.id)


def transfer(step: Step, asker: Asker, data: c.TransferInteraction) -> Done | Refused:
    """Hand over. Age, priority and history are kept; to an agent, the sender owns it until the other accepts."""
    i = find_own(step, asker, data.interaction, data.version, *_TALKS, InteractionState.WRAPPING)
    if isinstance(i, Refused):
        return i
    if i.transfer is not None:
        return Refused(Refusal.WRONG_STATE, "a transfer is pending", i.id)
    match data.target:
        case ToQueue(queue=queue):
            return _to_queue(step, i, data, queue)
        case ToAgent():
            if i.state is InteractionState.WRAPPING:
                return Refused(Refusal.WRONG_STATE, "it is wrapping", i.id)
            return _to_agent(step, i, data, data.target)
        case _:
            return Refused(Refusal.NOT_OFFERED_HERE, interaction=i.id)


def _to_queue(step: Step, i: Interaction, data: c.TransferInteraction, id: str) -> Done | Refused:
    queue = step.live.configuration.queue(QueueId(id))
    if queue is None:
        return Refused(Refusal.UNKNOWN_QUEUE, interaction=i.id)
    assert i.owner is not None, "owned"
    moved = d.InteractionTransferred(interaction=i.id, version=i.version + 1, by=i.owner, target=data.target, note=data.note)
    step.tell(moved, i, f"queue:{queue.id}")
    i = offers.disown(step, step.now(i.id), QueuedBecause.TRANSFERRED)
    requirement.move(step, i, queue, "transfer")
    offers.queue(step, step.now(i.id), QueuedBecause.TRANSFERRED)
    if has_media(i) and not i.has_left:
        conversation = conversation_of(i)
        step.send(ReleaseCall(conversation=conversation, interaction=i.id, party="agent"), i)
        step.send(QueueCall(conversation=conversation, interaction=i.id, queue=queue.id), i)
    return Done(i.id)


def _to_agent(step: Step, i: Interaction, data: c.TransferInteraction, target: ToAgent) -> Done | Refused:
    live = step.live
    group = live.configuration.group(target.agent)
    if group is None or target.agent == i.owner:
        return Refused(Refusal.UNKNOWN_AGENT, interaction=i.id)
    if not live.is_reachable(target.agent):
        return Refused(Refusal.AGENT_AWAY, interaction=i.id)
    fits = cycle.fits_now(live, i, target.agent)
    if not fits and not target.will_wait:
        return Refused(Refusal.AGENT_FULL, interaction=i.id)
    assert i.owner is not None, "owned"
    asked = d.TransferAsked(interaction=i.id, version=i.version + 1, by=i.owner, target=target, note=data.note)
    step.tell(asked, i)
    if fits:
        offers.make(step, step.now(i.id), target.agent, Why(rule="transfer", considered=1, change_set=live.change_set), is_transfer=True)
    return Done(i.id)


def cancel_transfer(step: Step, asker: Asker, data: c.CancelTransfer) -> Done | Refused:
    """Take a pending transfer back."""
    i = find_own(step, asker, data.interaction, data.version, *_TALKS)
    if isinstance(i, Refused):
        return i
    if i.transfer is None:
        return Refused(Refusal.WRONG_STATE, "no transfer is pending", i.id)
    offers.end_transfer(step, i, "cancelled")
    return Done(i.id)
