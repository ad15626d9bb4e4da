"""Contacts and their words: what arrivals, identifications and messages change."""

from __future__ import annotations

from typing import Final

from standardiste.common.events import decisions as d
from standardiste.common.events.base import Event
from standardiste.common.events.model import (
    Attributes,
    Channel,
    ContactId,
    CustomerSummary,
    Direction,
    InteractionState,
)
from standardiste.router.engine import quickly
from standardiste.router.engine.changes.turns import Changes, aged, key_in_order, take
from standardiste.router.engine.live import CUSTOMERS_MAX, MESSAGES_MAX, Live
from standardiste.router.engine.state import (
    Facts,
    Interaction,
    changer,
    evolve,
)

LIVE: Final = (Channel.VOICE, Channel.CALLBACK, Channel.CHAT)
"""Somebody is there to leave."""
RECEIPTS_MAX: Final = 1_000
_NONE: Final[Attributes] = {}

_known = changer(Interaction, "conversation", "customer", "is_identified")
_plain = changer(CustomerSummary, "attributes")


def _created(live: Live, event: Event, data: d.InteractionCreated) -> None:
    contact = data.contact
    address = live.configuration.address(contact.channel_address)
    requirement = quickly.Requirement(queue=live.configuration.default_queue.id)
    live.ingested += 1
    if data.linked_to is not None:
        live.memory.abandoned.drop(data.linked_to)  # one return keeps the age, no second
    live.put_interaction(
        quickly.Interaction(
            id=data.interaction,
            facts=quickly.Facts(
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
            is_live=data.channel in LIVE,
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
    live.put_interaction(evolve(new, key=key_in_order(live, data.requirement, data.opened_at)))
    if data.owner is not None:
        take(live, data.owner, event.time)


def _joined(live: Live, event: Event, data: d.ContactJoined) -> None:
    i = live.interactions[data.interaction]
    live.put_interaction(
        evolve(
            i, last_contact=data.contact.id, receipts=(*i.receipts, data.contact.receipt)[-RECEIPTS_MAX:], away_since=None, has_left=False
        )
    )


def _identified(live: Live, event: Event, data: d.CustomerIdentified) -> None:
    i = live.interactions[data.interaction]
    if len(live.customers) < CUSTOMERS_MAX:
        known = data.customer
        live.customers[i.id] = known if known.attributes else _plain(known, attributes=_NONE)  # one empty mapping for all, not one each
    live.put_interaction(_known(i, conversation=data.conversation, customer=data.customer.id, is_identified=True))


def _away(live: Live, event: Event, data: d.CustomerAway) -> None:
    live.put_interaction(evolve(live.interactions[data.interaction], away_since=data.since))


def _returned(live: Live, event: Event, data: d.CustomerReturned) -> None:
    live.put_interaction(evolve(live.interactions[data.interaction], away_since=None))


def _left(live: Live, event: Event, data: d.CustomerLeft) -> None:
    live.put_interaction(evolve(live.interactions[data.interaction], has_left=True, away_since=None))


def _message_received(live: Live, event: Event, data: d.MessageReceived) -> None:
    """Kept while it may still turn out to belong to another interaction; in memory only."""
    i = live.interactions[data.interaction]
    if i.state is InteractionState.IDENTIFYING and len(live.messages) < MESSAGES_MAX:
        live.messages[i.id] = data


def _message_accepted(live: Live, event: Event, data: d.MessageAccepted) -> None:
    i = live.interactions.get(data.interaction)
    if i is not None:  # what a colleague wrote from outside may be told of a closed one
        live.put_interaction(evolve(i, message_count=i.message_count + 1))


def _voicemail(live: Live, event: Event, data: d.VoicemailTaken) -> None:
    i = live.interactions[data.interaction]
    live.put_interaction(evolve(i, facts=evolve(i.facts, is_live=False)))


def _merged(live: Live, event: Event, data: d.InteractionMerged) -> None:
    gone, into = live.interactions[data.interaction], live.interactions[data.into]
    live.put_interaction(evolve(gone, version=data.version, receipts=()))
    last_contact, receipts = gone.last_contact, (*into.receipts, *gone.receipts)[-RECEIPTS_MAX:]
    live.put_interaction(evolve(aged(live, into, data.enqueued_at), last_contact=last_contact, receipts=receipts))


def _linked(live: Live, event: Event, data: d.InteractionLinked) -> None:
    i = live.interactions[data.interaction]
    live.memory.abandoned.drop(data.linked_to)
    live.put_interaction(evolve(i, facts=evolve(i.facts, linked_to=data.linked_to)))


CHANGES: Final[Changes] = {
    d.InteractionCreated: _created,
    d.InteractionOpened: _opened,
    d.ContactJoined: _joined,
    d.CustomerIdentified: _identified,
    d.CustomerAway: _away,
    d.CustomerReturned: _returned,
    d.CustomerLeft: _left,
    d.InteractionMerged: _merged,
    d.InteractionLinked: _linked,
    d.MessageReceived: _message_received,
    d.MessageAccepted: _message_accepted,
    d.VoicemailTaken: _voicemail,
}
