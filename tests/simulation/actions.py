"""What may happen in the simulated world: every fact and command of the catalogue, mostly sensible, sometimes not. `pick` chooses one of a sequence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from simulation.centre import AGENTS, CHANNELS, QUEUES, queues
from simulation.world import World

from standardiste.common.events import commands as c
from standardiste.common.events import inputs
from standardiste.common.events.base import Instant
from standardiste.common.events.contact_facts import facts_of_contact
from standardiste.common.events.directory import AgentProfile
from standardiste.common.events.model import (
    AgentId,
    Audience,
    CallOrder,
    Channel,
    ChannelAddressId,
    CommandId,
    ContactId,
    ConversationId,
    CustomerId,
    CustomerSummary,
    DeliveryState,
    DispositionId,
    InteractionId,
    LeftBecause,
    MessageId,
    OfferId,
    ProfileId,
    QueueId,
    RankingName,
    SessionId,
    StatusId,
    ToAgent,
    ToOutside,
    ToQueue,
)
from standardiste.common.testing.builders import contact, content, needs, person
from standardiste.router.engine.state import Interaction

T = TypeVar("T")


class Pick(Protocol):
    """Chooses one of these."""

    def __call__(self, options: Sequence[T]) -> T: ...


GATEWAYS = ("g1", "g2")
STATUSES = ("ready", "ready", "ready", "away", "break", "nonsense")
TEXTS = ("bonjour", "bonjour", "bill", "lead", "manual", "night")
WAITS_MS = (0, 1, 100, 499, 500, 1_000, 4_000, 5_000, 10_000, 15_000, 20_000, 30_000, 60_000, 120_000)


# ---- customers


def arrive(world: World, pick: Pick) -> None:
    id = f"m{world.number + 1}"
    channel = pick(CHANNELS)
    is_session = channel in (Channel.CHAT, Channel.VOICE, Channel.SMS)
    conversation = pick((f"c_{id}", f"c_{id}", *_conversations(world)[:3])) if is_session else None
    fields: dict[str, Any] = {
        "channel": channel,
        "is_live": channel in (Channel.VOICE, Channel.CHAT),
        "conversation": ConversationId(conversation) if conversation else None,
        "content": content(pick(TEXTS)),
        "priority": pick((None, None, 1, 5)),
        "queue": pick((None, None, QueueId("sales"))),
        "attributes": pick(({}, {"sale": True})),
    }
    made = contact(id, **fields)
    world.known_contacts.append(made)
    world.send(inputs.ContactReceived(contact=made), id=id)


def repeat(world: World, pick: Pick) -> None:
    if world.known_contacts:
        world.send(inputs.ContactReceived(contact=pick(world.known_contacts[-20:])))


def identify(world: World, pick: Pick) -> None:
    if not world.known_contacts:
        return
    met = pick(world.known_contacts[-6:])
    conversation = met.conversation or pick((f"c_{met.id}", f"c_{met.id}", *_conversations(world)[:3]))
    customer = CustomerSummary(
        id=CustomerId(pick(("cu1", "cu2", f"cu_{met.id}"))),
        is_known=True,
        is_blocked=pick((False,) * 9 + (True,)),
        labels=pick(((), ("gold",))),
        preferred_agent=pick((None, None, *map(AgentId, AGENTS))),
    )
    world.send(
        inputs.ContactIdentified(
            contact=met.id,
            receipt=met.receipt,
            conversation=ConversationId(conversation),
            customer=customer,
            is_repeat=pick((False,) * 9 + (True,)),
            facts=pick((facts_of_contact(met),) * 9 + (None,)),
        )
    )


def leave(world: World, pick: Pick) -> None:
    for conversation in _some(_conversations(world), pick):
        because = pick((LeftBecause.HUNG_UP, LeftBecause.GONE, LeftBecause.SAID_GOODBYE))
        world.send(inputs.ContactLeft(contact=ContactId("m1"), conversation=ConversationId(conversation), because=because))


def come_back(world: World, pick: Pick) -> None:
    for conversation in _some(_conversations(world), pick):
        cls = pick((inputs.ContactReturned, inputs.ContactTyping))
        fields: dict[str, Any] = {"contact": ContactId("m1")} if cls is inputs.ContactReturned else {}
        world.send(cls(conversation=ConversationId(conversation), **fields))


def media(world: World, pick: Pick) -> None:
    for i in _some(_interactions(world), pick):
        consulted = i.consult.offer if i.consult is not None else None
        offer = pick((consulted or i.taken_with, i.taken_with)) or OfferId(f"{i.id}-o1")
        match pick(("connected", "connected", "failed", "ended", "agent_ended", "voicemail", "refused")):
            case "connected":
                world.send(inputs.MediaConnected(interaction=i.id, offer=offer))
            case "failed":
                world.send(inputs.MediaFailed(interaction=i.id, offer=offer, is_agent_side=pick((True, False))))
            case "refused":
                world.send(inputs.CallRefused(interaction=i.id, asked=pick(tuple(CallOrder)), detail="why"))
            case "voicemail" if i.conversation:
                world.send(inputs.VoicemailLeft(contact=i.facts.contact, conversation=i.conversation, blob="t1/x/y", duration_ms=1_000))
            case side:
                conversation = i.conversation or ConversationId("none")
                ended = inputs.MediaEnded(interaction=i.id, conversation=conversation, is_agent_side=side == "agent_ended")
                world.send(ended)


def deliver(world: World, pick: Pick) -> None:
    ids = [*world.closed, *world.engine.live.interactions, InteractionId("in_forgotten")]
    id = pick(ids[-8:])
    closed = world.engine.live.memory.closed_of(id, Instant(world.now))
    conversation = (closed.conversation if closed else None) or ConversationId("c_x")
    world.send(
        inputs.DeliveryReported(
            conversation=conversation,
            interaction=id,
            message=MessageId(f"{id}-m1"),
            state=pick((DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.FAILED)),
            at=world.now,
            is_final=pick((True, False)),
        )
    )


# ---- sessions


def open_session(world: World, pick: Pick) -> None:
    agent = AgentId(pick(AGENTS))
    present = world.engine.live.agents.get(agent)
    same = [present.session] if present and present.session else []
    session = pick((SessionId(f"s{world.number + 1}"), *same))
    world.send(inputs.SessionOpened(session=session, agent=agent, gateway=pick(GATEWAYS), is_resuming=pick((False, True))))


def close_session(world: World, pick: Pick) -> None:
    for agent in _some([a for a in world.engine.live.agents.values() if a.session], pick):
        assert agent.session is not None
        closed = inputs.SessionClosed(
            session=agent.session,
            agent=agent.id,
            gateway=pick((agent.gateway, agent.gateway, "g1")),
            is_sign_out=pick((False, False, True)),
        )
        world.send(closed)


def beat(world: World, pick: Pick) -> None:
    for gateway in GATEWAYS:
        world.send(inputs.GatewayBeat(gateway=gateway, sessions=1))


def start_the_day(world: World, pick: Pick) -> None:
    """Everybody signs in and is ready."""
    for name in AGENTS:
        agent = AgentId(name)
        present = world.engine.live.agents.get(agent)
        if present is None or present.session is None:
            world.send(inputs.SessionOpened(session=SessionId(f"s{world.number + 1}"), agent=agent, gateway="g1"))
        world.send(c.SetStatus(actor=actor(world, name), status=StatusId("ready")))


# ---- commands


def actor(world: World, agent: str, *, may_supervise: bool = False) -> c.Actor:
    present = world.engine.live.agents.get(AgentId(agent))
    session = present.session if present and present.session else SessionId("none")
    return c.Actor(agent=AgentId(agent), session=session, may_supervise=may_supervise)


def status(world: World, pick: Pick) -> None:
    name = pick(AGENTS)
    other = AgentId(pick(AGENTS)) if pick((False, False, False, True)) else None
    world.send(c.SetStatus(actor=actor(world, name, may_supervise=pick((True, False))), status=StatusId(pick(STATUSES)), agent=other))


def answer_offer(world: World, pick: Pick) -> None:
    open_offers = [offer for i in _interactions(world) for offer in i.offers]
    if not open_offers:
        return
    offer = pick(open_offers)
    name = pick((offer.agent, offer.agent, offer.agent, AgentId(pick(AGENTS))))
    cls = pick((c.AcceptOffer, c.AcceptOffer, c.AcceptOffer, c.DeclineOffer))
    world.send(cls(actor=actor(world, name), offer=offer.id))


def stale_offer(world: World, pick: Pick) -> None:
    if world.ended_offers:
        world.send(c.AcceptOffer(actor=actor(world, pick(AGENTS)), offer=pick(sorted(world.ended_offers)[-10:])))


def own_work(world: World, pick: Pick) -> None:
    """A command of the owner (or sometimes of somebody else) about something live."""
    i = pick(_interactions(world) or (None,))
    if i is None:
        return
    name = pick((i.owner or i.last_owner or "anna",) * 4 + (pick(AGENTS),))
    who = actor(world, name)
    version = pick((i.version,) * 9 + (i.version - 1,))
    make = pick(_OWN)
    world.send(make(world, pick, who, i, version))


def _transfer(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> c.TransferInteraction:
    to_agent = ToAgent(agent=AgentId(pick(AGENTS)), will_wait=pick((False, True)))
    target = pick((to_agent, to_agent, to_agent, ToOutside(address="1"), ToQueue(queue=QueueId(pick((*QUEUES, "nowhere"))))))
    return c.TransferInteraction(actor=who, interaction=i.id, version=version, target=target)


def _of_consult(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> Any:
    if i.guest is not None and pick((True, False)):
        who = actor(world, i.guest)
    cls = pick((c.CancelConsult, c.CompleteConsult, c.StartConference, c.StartConference, c.LeaveConference))
    return cls(actor=who, interaction=i.id, version=version)


_Own = Callable[[World, Pick, c.Actor, Interaction, int], Any]
_OWN: tuple[_Own, ...] = (
    lambda w, p, who, i, v: c.HoldInteraction(actor=who, interaction=i.id, version=v),
    lambda w, p, who, i, v: c.ResumeInteraction(actor=who, interaction=i.id, version=v),
    lambda w, p, who, i, v: c.CompleteInteraction(actor=who, interaction=i.id, version=v),
    lambda w, p, who, i, v: c.CompleteInteraction(actor=who, interaction=i.id, version=v, disposition=DispositionId("done")),
    lambda w, p, who, i, v: c.EndWrapUp(actor=who, interaction=i.id, version=v),
    lambda w, p, who, i, v: c.EndWrapUp(actor=who, interaction=i.id, version=v, disposition=DispositionId("done")),
    lambda w, p, who, i, v: c.ExtendWrapUp(actor=who, interaction=i.id, version=v, by_ms=10_000),
    lambda w, p, who, i, v: c.SetDisposition(actor=who, interaction=i.id, version=v, disposition=DispositionId(p(("done", "no")))),
    lambda w, p, who, i, v: c.ParkInteraction(actor=who, interaction=i.id, version=v, until=p((None, w.now + 30_000))),
    lambda w, p, who, i, v: c.UnparkInteraction(actor=who, interaction=i.id, version=v),
    lambda w, p, who, i, v: c.PullInteraction(actor=who, interaction=i.id, version=v),
    lambda w, p, who, i, v: c.RequeueInteraction(actor=who, interaction=i.id, version=v, queue=p((None, QueueId("main")))),
    lambda w, p, who, i, v: c.CancelTransfer(actor=who, interaction=i.id, version=v),
    lambda w, p, who, i, v: c.SendMessage(
        actor=who, interaction=i.id, content=content(p(("oui", ""))), audience=p((Audience.CUSTOMER, Audience.INTERNAL))
    ),
    lambda w, p, who, i, v: c.ShowTyping(actor=who, interaction=i.id),
    lambda w, p, who, i, v: c.ShowReading(actor=who, interaction=i.id, message=MessageId(str(i.last_contact))),
    lambda w, p, who, i, v: c.StartConsult(
        actor=who,
        interaction=i.id,
        version=v,
        target=p((ToAgent(agent=AgentId(p(AGENTS))), ToQueue(queue=QueueId(p(QUEUES))), ToOutside(address="1"))),
    ),
    _of_consult,
    _of_consult,
    _transfer,
    _transfer,
)


def supervise(world: World, pick: Pick) -> None:
    i = pick(_interactions(world) or (None,))
    if i is None:
        return
    who = pick((actor(world, pick(AGENTS), may_supervise=pick((True, True, False))), c.Actor(api_key="k1")))
    match pick(("assign", "assign", "force", "prioritise", "close", "requeue", "explain", "doctor", "repair")):
        case "assign":
            world.send(c.AssignInteraction(actor=who, interaction=i.id, version=i.version, agent=AgentId(pick(AGENTS))))
        case "force":
            agent = AgentId(pick(AGENTS))
            world.send(c.AssignInteraction(actor=who, interaction=i.id, version=i.version, agent=agent, is_forced=True))
        case "prioritise":
            world.send(c.PrioritiseInteraction(actor=who, interaction=i.id, version=i.version, priority=pick((0, 3, 9))))
        case "close":
            world.send(c.CloseInteraction(actor=who, interaction=i.id, version=i.version, reason="test"))
        case "requeue":
            world.send(c.RequeueInteraction(actor=who, interaction=i.id, version=i.version, queue=QueueId(pick(QUEUES))))
        case "doctor":
            world.send(c.AskDoctor(actor=who))
        case "repair":
            world.send(c.RepairInteraction(actor=who, interaction=i.id, version=i.version))
        case _:
            world.send(c.ExplainInteraction(actor=who, interaction=i.id))
            world.send(c.ExplainAgent(actor=who, agent=AgentId(pick(AGENTS))))


def begin(world: World, pick: Pick) -> None:
    channel = pick((Channel.EMAIL, Channel.VOICE, Channel.SMS))
    opened = c.OpenInteraction(
        actor=pick((actor(world, pick(AGENTS)), c.Actor(api_key="k1"))),
        channel=channel,
        channel_address=ChannelAddressId(str(channel)),
        address="customer@example.org",
        content=content("bonjour"),
        conversation=pick((None, None, *map(ConversationId, _conversations(world)[:2]))),
    )
    world.send(opened)
    world.asked.append((CommandId(f"x{world.number}"), opened))
    if pick((True, True, False)):
        examine(world, pick)


def examine(world: World, pick: Pick) -> None:
    """`customers` says who it is and whether he may be contacted; sometimes late, sometimes twice."""
    if not world.asked:
        return
    command, asked = pick(world.asked[-3:])
    world.send(
        inputs.OpeningExamined(
            command=command,
            asked=asked,
            refused=pick((None, None, None, "blocked", "opted_out")),
            conversation=pick((None, ConversationId(f"c_{command}"), *map(ConversationId, _conversations(world)[:1]))),
            customer=pick((None, CustomerSummary(id=CustomerId("cu1")))),
        )
    )


def call_back(world: World, pick: Pick) -> None:
    """A caller would rather be called; or an agent calls back later; or nobody wants it any more."""
    i = pick(_interactions(world) or (None,))
    if i is None:
        return
    who = actor(world, pick((i.owner or i.last_owner or "anna", pick(AGENTS))), may_supervise=pick((True, False)))
    later = Instant(world.now + pick((1_000, 60_000, 900_000)))
    match pick(("ask", "ask", "schedule", "cancel")):
        case "ask" if i.conversation:
            not_before = pick((None, None, later))
            world.send(inputs.CallbackRequested(contact=i.facts.contact, conversation=i.conversation, not_before=not_before))
        case "schedule":
            world.send(c.ScheduleCallback(actor=who, interaction=i.id, not_before=later, is_for_me=pick((True, False))))
        case _:
            world.send(c.CancelCallback(actor=who, interaction=i.id, version=i.version))


def on_a_call(world: World, pick: Pick) -> None:
    i = pick(_interactions(world) or (None,))
    if i is None:
        return
    who = actor(world, pick((i.owner or "anna", pick(AGENTS))), may_supervise=pick((True, True, False)))
    make: tuple[Callable[[], Any], ...] = (
        lambda: c.StartSupervision(actor=who, interaction=i.id, mode=pick(("listen", "step_in"))),
        lambda: c.EndSupervision(actor=who, interaction=i.id),
        lambda: c.DialDigits(actor=who, interaction=i.id, digits=pick(("1", "x"))),
        lambda: c.PauseRecording(actor=who, interaction=i.id),
    )
    world.send(pick(make)())


def rest(world: World, pick: Pick) -> None:
    world.send(pick((c.AskRest, c.AskSnapshot))(actor=actor(world, pick(AGENTS))))


def same_command_again(world: World, pick: Pick) -> None:
    """A command id is answered once and for all."""
    who = actor(world, pick(AGENTS))
    id = f"k{world.number}"
    first = world.send(c.SetStatus(actor=who, status=StatusId("ready")), id=id)
    again = world.send(c.SetStatus(actor=who, status=StatusId("away")), id=id)
    answers = [[e.data for e in events if type(e.data).__name__ in ("CommandDone", "CommandRefused")] for events in (first, again)]
    assert answers[0] == answers[1]
    assert len(again) == 1


# ---- the system


def reconfigure(world: World, pick: Pick) -> None:
    match pick(("ranking", "skills", "units", "archive", "back")):
        case "ranking":
            world.configure(*queues(pick(tuple(RankingName))))
        case "skills":
            world.configure(person("ben", skills=needs(billing=pick((1, 5)), french=5)))
        case "units":
            world.configure(AgentProfile(id=ProfileId("main"), change_set=1, units=pick((60, 100, 200))))
        case "archive":
            gone = pick((*queues()[3:5], person("dan")))
            world.configure(replace(gone, is_archived=True))
        case _:
            world.configure(*queues(), person("dan", skills=needs(billing=1, french=3), profile=ProfileId("keen")))


def restart(world: World, pick: Pick) -> None:
    world.restart(pick((None, 2_000, 30_000)))


def wait(world: World, pick: Pick) -> None:
    """Time passes; mostly while gateways and desks are well."""
    ms = pick(WAITS_MS)
    if pick((True,) * 9 + (False,)):
        while ms > 5_000:
            world.wait(5_000)
            beat(world, pick)
            ms -= 5_000
    world.wait(ms)


Action = Callable[[World, Pick], None]
ACTIONS: tuple[tuple[int, Action], ...] = (
    (14, arrive),
    (1, repeat),
    (10, identify),
    (3, leave),
    (1, come_back),
    (6, media),
    (1, deliver),
    (4, open_session),
    (1, close_session),
    (2, beat),
    (2, start_the_day),
    (5, status),
    (18, answer_offer),
    (1, stale_offer),
    (24, own_work),
    (5, supervise),
    (2, begin),
    (1, examine),
    (3, call_back),
    (2, on_a_call),
    (1, rest),
    (1, same_command_again),
    (1, reconfigure),
    (1, restart),
    (12, wait),
)
WEIGHTED: tuple[Action, ...] = tuple(action for weight, action in ACTIONS for _ in range(weight))


def _interactions(world: World) -> list[Interaction]:
    return list(world.engine.live.interactions.values())


def _conversations(world: World) -> list[str]:
    return [i.conversation for i in _interactions(world) if i.conversation]


def _some(options: list[T], pick: Pick) -> list[T]:
    return [pick(options)] if options else []
