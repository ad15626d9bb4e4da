"""What channels report of calls and messages: media set up, failed, ended; deliveries."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from standardiste.common.events import decisions as d
from standardiste.common.events import inputs
from standardiste.common.events.model import (
    CallOrder,
    Channel,
    ChannelAddressId,
    CloseReason,
    CommandId,
    CustomerId,
    DeliveryState,
    InteractionId,
    InteractionState,
    LeftBecause,
    QueuedBecause,
    ReceiptId,
    Requirement,
    Scope,
)
from standardiste.common.events.outbound import QueueCall
from standardiste.router.engine import callbacks, consults, contacts, handing, limits, offers, requirement
from standardiste.router.engine.state import WAITING_STATES, Closed, Interaction, evolve
from standardiste.router.engine.step import Step, conversation_of, has_media, is_unanswered, readers


def connected(step: Step, data: inputs.MediaConnected) -> None:
    """Customer and agent hear each other."""
    i = step.live.interactions.get(data.interaction)
    if i is not None and i.consult is not None and i.consult.offer == data.offer and not i.consult.is_joined:
        consults.joined(step, i, data.offer, None)
        return
    if i is None or i.state is not InteractionState.CONNECTING or i.taken_with != data.offer or i.owner is None:
        return
    activated = d.InteractionActivated(
        interaction=i.id, version=i.version + 1, conversation=i.conversation, owner=i.owner, offer=data.offer
    )
    step.tell(activated, i)
    if i.callback is not None:
        callbacks.reached(step, step.now(i.id))


def failed(step: Step, data: inputs.MediaFailed) -> None:
    """The agent's side could not be reached."""
    i = step.live.interactions.get(data.interaction)
    if i is None:
        return
    if i.state is InteractionState.CONNECTING and i.taken_with == data.offer:
        give_up(step, i, data.detail, is_agent_side=data.is_agent_side)
    elif i.consult is not None and i.consult.offer == data.offer:
        consults.end(step, i, "media_failed", resumes=True)


def give_up(step: Step, i: Interaction, detail: str, *, is_agent_side: bool = False) -> None:
    """No media: back to the head of the queue at its age; what an agent began ends with its outcome noted."""
    assert i.owner is not None, "connecting has an owner"
    assert i.taken_with is not None, "connecting came from an offer"
    step.tell(d.OfferMediaFailed(offer=i.taken_with, interaction=i.id, agent=i.owner, detail=detail), i)
    if i.callback is not None:
        callbacks.missed(step, step.now(i.id), is_try=not is_agent_side)
        return
    if is_unanswered(i):
        offers.wrap_up(step, step.now(i.id), None)
        return
    i = offers.disown(step, step.now(i.id), QueuedBecause.MEDIA_FAILED)
    offers.queue(step, i, QueuedBecause.MEDIA_FAILED)
    step.send(QueueCall(conversation=conversation_of(i), interaction=i.id, queue=step.now(i.id).requirement.queue), i)
    limits.check_back(step, step.now(i.id))


def ended(step: Step, data: inputs.MediaEnded) -> None:
    """
    The connection is over. Of a conference that its owner's side left the other has the customer. When only the agent's side ended because the agent is lost, the
    caller waits again; else there is wrap-up. Who hung up before, and has written since, is on the line no more.

    While media is being set up, an agent's side that ended is a former owner's, told late: the new one's is told as failed, by its offer.
    """
    i = step.live.interactions.get(data.interaction)
    if (
        i is None
        or i.owner is None
        or not has_media(i)
        or i.state not in (InteractionState.ACTIVE, InteractionState.HELD, InteractionState.CONNECTING)
    ):
        return
    if i.state is InteractionState.CONNECTING:
        if not data.is_agent_side:
            contacts.gone(step, i, LeftBecause.HUNG_UP)
        return
    conference = handing.conference_of(i)
    if data.is_agent_side and conference is not None:
        handing.leave(step, i, conference)
        return
    if data.is_agent_side and not i.has_left and not step.live.agents[i.owner].session:
        offers.requeue(step, i, QueuedBecause.AGENT_LOST)
        limits.check_back(step, step.now(i.id))
        return
    if not data.is_agent_side and not i.has_left:
        step.tell(d.CustomerLeft(interaction=i.id, version=i.version, because=LeftBecause.HUNG_UP), i)
    offers.wrap_up(step, step.now(i.id), None)


def delivered(step: Step, data: inputs.DeliveryReported) -> None:
    """
    Pass it on, even for what is closed or forgotten. A final failure after the close is work again, unless the API sent it: it is told. Of what is forgotten the
    report itself says who wrote it, and where it went out.
    """
    cls = d.MESSAGE_FACTS.get(data.state.value)
    if cls is None:
        return
    live = step.live
    i = live.interactions.get(data.interaction) if data.interaction else None
    closed = _closed(step, data)
    subject = i.id if i else data.interaction or data.conversation
    step.emit(
        cls(
            conversation=data.conversation,
            interaction=data.interaction,
            message=data.message,
            at=data.at,
            recipient=data.recipient,
            code=data.code,
            detail=data.detail,
            **({"segments": data.segments} if cls is d.MessageSent else {}),
        ),
        subject,
        readers(i) if i else ((f"agent:{closed.owner}",) if closed and closed.owner else ()),
        i.facts.traceparent if i else None,
    )
    is_final = data.state is DeliveryState.FAILED and data.is_final
    if is_final and i is None and not live.by_conversation.get(data.conversation):
        former = _forgotten(step, data) if closed is None else _remembered(step, closed)
        if former is not None:
            _open_again(step, former, data)


def _closed(step: Step, data: inputs.DeliveryReported) -> Closed | None:
    memory = step.live.memory
    return memory.closed_of(data.interaction or memory.closed_by_conversation.get(data.conversation), step.at)


class _Former(NamedTuple):
    """What is known of an interaction that is over, for the one that takes it up again."""

    channel: Channel
    channel_address: ChannelAddressId
    scope: Scope
    requirement: Requirement
    customer: CustomerId | None = None


def _remembered(step: Step, closed: Closed) -> _Former | None:
    if closed.owner is None and closed.reason is CloseReason.CLOSED_BY_API:
        return None
    queue = step.live.configuration.queue_or_default(closed.requirement.queue)
    asked = evolve(closed.requirement, due_at=requirement.due_at(step, queue, step.at), preferred_agent=closed.owner)
    return _Former(closed.facts.channel, closed.facts.channel_address, closed.facts.scope, asked, closed.customer)


def _forgotten(step: Step, data: inputs.DeliveryReported) -> _Former | None:
    """From the queue of the address it went out on; of an address that is no longer there nothing can be said."""
    configuration = step.live.configuration
    address = configuration.address(data.channel_address)
    if address is None or data.sender is None:
        return None
    asked = requirement.of_queue(step, configuration.first_queue(address.queue), data.sender)
    return _Former(address.channel, address.id, configuration.scope_of(address), asked)


def _open_again(step: Step, former: _Former, data: inputs.DeliveryReported) -> None:
    live = step.live
    tail = digest(live.tenant, "failed", data.message, data.recipient)
    id = InteractionId(f"in_{tail}")
    if id in live.interactions or live.memory.closed_of(id, step.at) is not None:
        return
    step.emit(
        d.InteractionOpened(
            interaction=id,
            version=1,
            receipt=ReceiptId(f"rc_{tail}"),
            owner=None,
            channel=former.channel,
            channel_address=former.channel_address,
            conversation=data.conversation,
            customer=former.customer,
            scope=former.scope,
            requirement=former.requirement,
            opened_at=step.at,
            change_set=live.change_set,
            command=CommandId(""),
        ),
        id,
    )
    offers.queue(step, step.now(id), QueuedBecause.REQUEUED)


def digest(*parts: str) -> str:
    """An id's tail that follows from these parts alone, so that a replay makes the same."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:25]


def voicemail_left(step: Step, data: inputs.VoicemailLeft) -> None:
    """A recording instead of a caller: it waits on as work, at its age."""
    ids = sorted(step.live.by_conversation.get(data.conversation, ()))
    for i in (step.now(id) for id in ids):
        if i.state in WAITING_STATES and i.facts.is_live:
            taken = d.VoicemailTaken(interaction=i.id, version=i.version, blob=data.blob, duration_ms=data.duration_ms)
            step.tell(taken, i)


def refused(step: Step, data: inputs.CallRefused) -> None:
    """What was asked of a call was not done: whoever has it sees so. Recording is as it was before."""
    i = step.live.interactions.get(data.interaction)
    if i is None:
        return
    step.tell(d.CallOrderRefused(interaction=i.id, version=i.version, asked=data.asked, detail=data.detail), i)
    if data.asked in (CallOrder.RECORD, CallOrder.PAUSE_RECORDING):
        is_recording = data.asked is CallOrder.PAUSE_RECORDING
        step.tell(d.RecordingChanged(interaction=i.id, version=i.version, is_recording=is_recording), step.now(i.id))


def address_reported(step: Step, data: inputs.ChannelAddressReported) -> None:
    """How one of our addresses fares, passed on to whoever watches."""
    changed = d.ChannelAddressHealthChanged(
        channel_address=data.channel_address,
        is_healthy=data.is_healthy,
        detail=data.detail,
        channel=data.channel,
        last_success_at=data.last_success_at,
        credential_expires_at=data.credential_expires_at,
        silent_since=data.silent_since,
    )
    step.emit(changed, data.channel_address)
