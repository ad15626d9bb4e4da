"""
`interaction.open`: an agent or the API begins towards a customer.

In two steps, for the router has no addresses. What it knows itself (rights, queue, capacity) it refuses at once. What only `customers` knows (who that is, whether
he is blocked, whether he may be contacted for this purpose: `may_contact`) comes as opening.examined, with the command whole, so neither address nor words are
kept meanwhile, and a restart in between loses nothing. Everything is checked anew then, for the world went on. No answer is a no: after 2 s it is refused
`permission_unknown`. Unlike an arriving contact nobody waits for it but the one who asked, and he may ask again.
"""

from __future__ import annotations

from typing import Final

from standardiste.common.events import commands as c
from standardiste.common.events import decisions as d
from standardiste.common.events import inputs
from standardiste.common.events.base import Instant, spec_of
from standardiste.common.events.directory import ChannelAddress, Queue
from standardiste.common.events.model import (
    AgentId,
    Audience,
    Channel,
    CloseReason,
    CommandId,
    ConversationId,
    InteractionId,
    MessageId,
    OfferId,
    QueuedBecause,
    ReceiptId,
)
from standardiste.common.events.outbound import PlaceCall
from standardiste.common.events.refusals import Refusal
from standardiste.router.engine import media, offers, requirement
from standardiste.router.engine.commands import messages
from standardiste.router.engine.commands.answers import Asker, Done, Later, Refused, answer, proven
from standardiste.router.engine.policy import Need
from standardiste.router.engine.seats import takes
from standardiste.router.engine.state import Interaction, Opening
from standardiste.router.engine.step import Step, conversation_of, has_media

EXAMINED_WITHIN_MS: Final = 2_000
SENT: Final = "sent"
"""The detail of a close by the API whose message went out with nobody at work on it."""
_TYPE: Final = spec_of(c.OpenInteraction).name


def ask(step: Step, asker: Asker, data: c.OpenInteraction) -> Later | Refused:
    """Refuse what can be refused now; else wait for the examination."""
    refused = _refused_here(step, asker, data)
    if refused is not None:
        return refused
    assert step.cause is not None, "a command is a record"
    until = Instant(step.at + EXAMINED_WITHIN_MS)
    actor = data.actor
    asked = d.OpeningAsked(command=CommandId(step.cause.id), agent=actor.agent, session=actor.session, api_key=actor.api_key, until=until)
    step.emit(asked, asker.name, (), step.cause.traceparent)
    return Later()


def examined(step: Step, data: inputs.OpeningExamined) -> None:
    """Carry it out, or refuse it by the name that `customers` gives. One that was answered already is over."""
    if data.command not in step.live.openings:
        return
    asker = Asker.of_actor(data.asked.actor)
    outcome = proven(step, asker, is_for_api=True) or _said_no(data) or _refused_here(step, asker, data.asked) or _open(step, asker, data)
    answer(step, asker, data.command, _TYPE, outcome, step.cause.traceparent if step.cause else None)


def unanswered(step: Step, opening: Opening) -> None:
    """Nobody said in time whether contact may be made."""
    actor = c.Actor(agent=opening.agent, session=opening.session, api_key=opening.api_key)
    answer(step, Asker.of_actor(actor), opening.command, _TYPE, Refused(Refusal.PERMISSION_UNKNOWN), None)


def _said_no(data: inputs.OpeningExamined) -> Refused | None:
    if data.refused is None:
        return None
    is_named = data.refused in Refusal.__members__.values()
    return Refused(Refusal(data.refused) if is_named else Refusal.NOT_PERMITTED_NOW, data.detail)


# ---- what the router knows itself


def _refused_here(step: Step, asker: Asker, data: c.OpenInteraction) -> Refused | None:
    found = _way_out(step, data)
    if isinstance(found, Refused):
        return found
    address, queue = found
    if not data.address and data.conversation is None:
        return Refused(Refusal.UNKNOWN_CUSTOMER)
    if data.message is not None:
        return _unsendable(asker, data)
    if asker.agent is None and data.channel in (Channel.VOICE, Channel.CALLBACK):
        return Refused(Refusal.NOT_OFFERED_HERE, "a call needs the agent who makes it: its number is not kept until one is free")
    present = _present(step, data.conversation)
    if present is not None:
        return Refused(Refusal.ALREADY_OWNED if present.owner else Refusal.WRONG_STATE, interaction=present.id)
    return None if asker.agent is None else _unfit(step, asker.agent, data.channel, address, queue)


def _way_out(step: Step, data: c.OpenInteraction) -> tuple[ChannelAddress, Queue] | Refused:
    configuration = step.live.configuration
    address = configuration.address(data.channel_address)
    if address is None or address.channel is not _carrier(data.channel):
        return Refused(Refusal.UNKNOWN_CHANNEL_ADDRESS)
    queue = configuration.queue(data.queue or address.queue) or (None if data.queue else configuration.default_queue)
    return Refused(Refusal.UNKNOWN_QUEUE) if queue is None else (address, queue)


def _unfit(step: Step, agent: AgentId, channel: Channel, address: ChannelAddress, queue: Queue) -> Refused | None:
    """Rights first (for this sponsor and campaign, from this queue, on this channel), then room."""
    live = step.live
    group, person = live.configuration.group(agent), live.configuration.person(agent)
    if group is None or person is None or not live.kit.may_open(live.tenant, person, live.configuration.scope_of(address)):
        return Refused(Refusal.NOT_ALLOWED)
    if group.queues is not None and queue.id not in group.queues:
        return Refused(Refusal.NOT_ALLOWED, "the queue is not one of this agent's")
    if group.room.caps[channel] == 0:
        return Refused(Refusal.NOT_ALLOWED, "the channel is not one of this agent's")
    need = Need(queue.id, channel, address.cost or None, ())
    return None if takes(live.seat(agent), group.room, need) == 0 else Refused(Refusal.OVER_CAPACITY)


def _present(step: Step, conversation: ConversationId | None) -> Interaction | None:
    ids = step.live.by_conversation.get(conversation, ()) if conversation is not None else ()
    return step.now(min(ids)) if ids else None


# ---- opened


def _open(step: Step, asker: Asker, examined: inputs.OpeningExamined) -> Done | Refused:
    """The opener owns it at once; opened by the API it waits for an agent of its queue. The address is passed on and not kept."""
    data = examined.asked
    conversation = examined.conversation or data.conversation
    present = _present(step, conversation)
    if present is not None:
        if data.message is not None:
            return _send_in(step, present, data, data.message)
        return Refused(Refusal.ALREADY_OWNED if present.owner else Refusal.WRONG_STATE, interaction=present.id)
    found = _way_out(step, data)
    assert not isinstance(found, Refused), "looked at before"
    i = _opened(step, asker, examined, conversation, *found)
    message = None
    if data.message is not None and data.content is not None:
        message = messages.say(
            step, i, data.content, Audience.CUSTOMER, address=data.address, is_machine_made=True, id=data.message, author=messages.NOBODY
        )
        offers.close(step, step.now(i.id), CloseReason.CLOSED_BY_API, SENT)
    elif asker.agent is None:
        offers.queue(step, i, QueuedBecause.ARRIVED)
    elif has_media(i):
        _place_call(step, i, asker.agent, data.address)
    elif data.content is not None and data.content.text.strip():
        message = messages.say(step, i, data.content, Audience.CUSTOMER, address=data.address)
    return Done(i.id, message)


def _opened(
    step: Step,
    asker: Asker,
    examined: inputs.OpeningExamined,
    conversation: ConversationId | None,
    address: ChannelAddress,
    queue: Queue,
) -> Interaction:
    live, data = step.live, examined.asked
    tail = media.digest(live.tenant, asker.name, examined.command)
    id = InteractionId(f"in_{tail}")
    opened = d.InteractionOpened(
        interaction=id,
        version=1,
        receipt=ReceiptId(f"rc_{tail}"),
        owner=asker.agent,
        channel=data.channel,
        channel_address=data.channel_address,
        conversation=conversation or ConversationId(f"cv_{tail}"),
        customer=examined.customer.id if examined.customer is not None else data.customer,
        scope=live.configuration.scope_of(address),
        requirement=requirement.of_queue(step, queue),
        opened_at=step.at,
        change_set=live.change_set,
        command=examined.command,
        purpose=data.purpose,
        attributes=data.attributes,
    )
    step.emit(opened, id, (f"agent:{asker.agent}",) if asker.agent else (), step.cause.traceparent if step.cause else None)
    return step.now(id)


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
