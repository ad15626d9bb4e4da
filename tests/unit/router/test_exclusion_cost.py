"""What agents who declined cost everybody else's decisions: nothing that grows with the floor, nor with how many declined."""

from __future__ import annotations

from standardiste.common.events import commands as c
from standardiste.common.events import decisions as d
from standardiste.common.events import inputs
from standardiste.common.events.base import Data, Event, Instant
from standardiste.common.events.contact_facts import facts_of_contact
from standardiste.common.events.directory import ChangeSetCommitted
from standardiste.common.events.model import AgentId, Channel, ConversationId, SessionId, StatusId
from standardiste.common.testing.builders import AT, TENANT, configuration, contact, customer, event, person
from standardiste.common.testing.effort import calls_of
from standardiste.router.engine import Engine
from standardiste.router.kit import STANDARD


class Floor:
    """An engine whose agents are all ready."""

    def __init__(self, agents: int) -> None:
        self.engine = Engine(TENANT, STANDARD)
        self._number = 0
        entities = configuration(*(person(f"a{n:05}") for n in range(agents)))
        for entity in entities:
            self.send(entity)
        self.send(ChangeSetCommitted(number=1, members=len(entities), by="p", committed_at=AT))
        for n in range(agents):
            self.send(inputs.SessionOpened(session=SessionId(f"s{n}"), agent=AgentId(f"a{n:05}"), gateway="g1"))
            self.send(c.SetStatus(actor=c.Actor(agent=AgentId(f"a{n:05}"), session=SessionId(f"s{n}")), status=StatusId("ready")))

    def send(self, data: Data) -> tuple[Event, ...]:
        self._number += 1
        return self.engine.step(event(data, id=f"x{self._number}"), Instant(AT + self._number))

    def arrive(self, id: str) -> d.OfferMade:
        made = contact(id, channel=Channel.SMS)
        self.send(inputs.ContactReceived(contact=made))
        known = inputs.ContactIdentified(
            contact=made.id,
            receipt=made.receipt,
            conversation=ConversationId(f"c{id}"),
            customer=customer(f"cu{id}"),
            facts=facts_of_contact(made),
        )
        return next(each.data for each in self.send(known) if isinstance(each.data, d.OfferMade))

    def decline(self, made: d.OfferMade) -> None:
        agent = made.offer.agent
        actor = c.Actor(agent=agent, session=SessionId(f"s{int(agent[1:])}"))
        self.send(c.DeclineOffer(actor=actor, offer=made.offer.id))


def cost(agents: int) -> int:
    floor = Floor(agents)
    floor.decline(floor.arrive("m1"))
    return calls_of(lambda: floor.arrive("m2"))


def test_a_decision_after_a_decline_costs_the_same_on_a_floor_ten_times_as_large() -> None:
    assert cost(500) <= cost(50) + 50


def cost_after_many(passes: int) -> int:
    """Of a contact that is offered, declined and offered to another, while so many others were declined and wait for somebody's answer."""
    floor = Floor(300)
    for n in range(passes):
        floor.decline(floor.arrive(f"p{n}"))
    return calls_of(lambda: floor.decline(floor.arrive("m1")))


def test_a_decision_costs_the_same_however_many_offers_were_declined_lately() -> None:
    assert cost_after_many(140) <= cost_after_many(10) + 50
