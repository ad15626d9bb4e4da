"""What may happen in the simulated world: every fact and command of the catalogue, mostly sensible, sometimes not. `pick` chooses one of a sequence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulation.centre import AGENTS, CHANNELS, QUEUES
from simulation.changes import reconfigure, shape
from simulation.work import Pick, T, actor, own_work
from simulation.world import World

from standardiste.common.events import commands as c
from standardiste.common.events import inputs
from standardiste.common.events.base import Instant
from standardiste.common.events.contact_facts import facts_of_contact
from standardiste.common.events.model import (
    AgentId,
    CallOrder,
    Channel,
    ChannelAddressId,
    CloseReason,
    CommandId,
    ContactId,
    ConversationId,
    CustomerId,
    CustomerSummary,
    DeliveryState,
    InteractionId,
    InteractionState,
    LeftBecause,
    MessageId,
    OfferId,
    QueueId,
    SessionId,
    StatusId,
)
from standardiste.common.testing.builders import contact, content, message
from standardiste.router.engine.sessions import SILENT_MS
from standardiste.router.engine.state import WAITING_STATES, Interaction

GATEWAYS = ("g1", "g2")
CALLS = (Channel.VOICE, Channel.CALLBACK)
_REPORTS = ("connected", "failed", "ended", "agent_ended", "voicemail", "refused")
STATUSES = ("ready", "ready", "ready", "away", "break", "nonsense")
TEXTS = ("bonjour", "bonjour", "bill", "lead", "manual", "night", "call")
WAITS_MS = (0, 1, 100, 499, 500, 1_000, 4_000, 5_000, 10_000, 15_000, 20_000, 30_000, 60_000, 120_000)


# ---- customers


def arrive(world: World, pick: Pick) -> None:
    id = f"m{world.number + 1}"
    channel = pick(world.channels)
    is_session = channel in (Channel.CHAT, Channel.VOICE, Channel.SMS, Channel.SOCIAL)
    conversation = pick((f"c_{id}", f"c_{id}", *_conversations(world)[:3])) if is_session else None
    fields: dict[str, Any] = {
        "channel": channel,
        "is_live": channel in (Channel.VOICE, Channel.CHAT),
        "conversation": ConversationId(conversation) if conversation else None,
        "content": content(pick(TEXTS)),
        "priority": pick((None, None, 1, 5)),
        "queue": pick((None, None, QueueId("sales"))),
        "attributes": pick(({}, {"sale": True})),
        "channel_address": pick((ChannelAddressId(str(channel)),) * 19 + (ChannelAddressId("unknown"),)),
        "close_as": pick((None,) * 29 + (CloseReason.SPAM,)),
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
        offered = [i for i in _interactions(world) if i.conversation == conversation and i.facts.is_live and i.state in WAITING_STATES]
        assert not offered, f"its customer has left, and it waits: {offered}"


def come_back(world: World, pick: Pick) -> None:
    for conversation in _some(_conversations(world), pick):
        cls = pick((inputs.ContactReturned, inputs.ContactTyping))
        fields: dict[str, Any] = {"contact": ContactId("m1")} if cls is inputs.ContactReturned else {}
        world.send(cls(conversation=ConversationId(conversation), **fields))


def media(world: World, pick: Pick) -> None:
    """What a channel reports of a call: mostly of one that is being set up or on, and what may happen to it then."""
    live = _interactions(world)
    calls = [i for i in live if i.owner is not None and (i.state is InteractionState.CONNECTING or i.facts.channel in CALLS)]
    for i in _some(calls if calls and pick((True,) * 4 + (False,)) else live, pick):
        consulted = i.consult.offer if i.consult is not None else None
        offer = pick((consulted or i.taken_with, i.taken_with)) or OfferId(f"{i.id}-o1")
        report = _REPORTS if i.state is not InteractionState.CONNECTING else ("connected", "connected", *_REPORTS)
        match pick(report):
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


def note(world: World, pick: Pick) -> None:
    """Words that nobody at work wrote; how an address of ours fares."""
    id = pick((*world.closed, *world.engine.live.interactions, InteractionId("in_forgotten"))[-8:])
    conversation = ConversationId(pick((*_conversations(world)[-3:], "c_x")))
    noted = inputs.MessageNoted(
        conversation=conversation, interaction=id, message=message(f"n{world.number}"), is_to_be_sent=pick((True, False))
    )
    report = inputs.ChannelAddressReported(channel_address=ChannelAddressId("email"), channel=Channel.EMAIL, is_healthy=pick((True, False)))
    world.send(pick((noted, noted, report)))


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


def begin_world(world: World, pick: Pick) -> None:
    """A centre of its own kind, customers of their own kind, and everybody at work."""
    shape(world, pick)
    world.channels = pick(MIXES)
    start_the_day(world, pick)


def start_the_day(world: World, pick: Pick) -> None:
    """Everybody signs in and is ready."""
    for name in AGENTS:
        agent = AgentId(name)
        present = world.engine.live.agents.get(agent)
        if present is None or present.session is None:
            world.send(inputs.SessionOpened(session=SessionId(f"s{world.number + 1}"), agent=agent, gateway="g1"))
        world.send(c.SetStatus(actor=actor(world, name), status=StatusId("ready")))


# ---- commands


def status(world: World, pick: Pick) -> None:
    name = pick(AGENTS)
    other = AgentId(pick(AGENTS)) if pick((False, False, False, True)) else None
    world.send(c.SetStatus(actor=actor(world, name, may_supervise=pick((True, False))), status=StatusId(pick(STATUSES)), agent=other))


def answer_offer(world: World, pick: Pick) -> None:
    open_offers = [offer for i in _interactions(world) for offer in i.offers]
    if not open_offers:
        return
    of_owned = [offer for offer in open_offers if offer.is_of_owned]
    offer = pick(of_owned if of_owned and pick((True, False)) else open_offers)
    name = pick((offer.agent, offer.agent, offer.agent, AgentId(pick(AGENTS))))
    cls = pick((c.AcceptOffer, c.AcceptOffer, c.AcceptOffer, c.DeclineOffer))
    world.send(cls(actor=actor(world, name), offer=offer.id))


def pull(world: World, pick: Pick) -> None:
    """An agent takes a chosen one that waits."""
    for i in _some([i for i in _interactions(world) if i.state is InteractionState.QUEUED], pick):
        world.send(c.PullInteraction(actor=actor(world, pick(AGENTS)), interaction=i.id, version=i.version))


def stale_offer(world: World, pick: Pick) -> None:
    if world.ended_offers:
        world.send(c.AcceptOffer(actor=actor(world, pick(AGENTS)), offer=pick(sorted(world.ended_offers)[-10:])))


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
    """An agent, or a program, writes to or calls a customer."""
    channel = pick((Channel.EMAIL, Channel.VOICE, Channel.VOICE, Channel.SMS, Channel.CALLBACK))
    carrier = Channel.VOICE if channel is Channel.CALLBACK else channel
    opened = c.OpenInteraction(
        actor=pick((actor(world, pick(AGENTS)), actor(world, pick(AGENTS)), c.Actor(api_key="k1"))),
        channel=channel,
        channel_address=ChannelAddressId(pick((str(carrier),) * 9 + ("unknown",))),
        address=pick(("customer@example.org",) * 9 + ("",)),
        content=content(pick(("bonjour", "bonjour", ""))),
        conversation=pick((None, None, None, *map(ConversationId, _conversations(world)[:1]))),
        queue=pick((None, None, None, QueueId("sales"), QueueId("nowhere"))),
        message=pick((None, None, None, None, MessageId(f"ms{world.number}"))),
    )
    world.send(opened)
    world.asked.append((CommandId(f"x{world.number}"), opened))
    if pick((True, True, True, False)):
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


def older_session(world: World, pick: Pick) -> None:
    """A desk that another took the place of still asks."""
    older = c.Actor(agent=AgentId(pick(AGENTS)), session=SessionId("older"))
    world.send(c.SetStatus(actor=older, status=StatusId("ready")))


def long_after(world: World, pick: Pick) -> None:
    """A long time with nobody there, or everybody at work; then the next day begins."""
    match pick(("nobody",) * 3 + ("everybody",)):
        case "nobody":
            world.wait(pick(NIGHTS_MS))
        case _:
            _pass(world, pick, 620_000)
    start_the_day(world, pick)


def restart(world: World, pick: Pick) -> None:
    world.restart(pick((None, 2_000, 30_000)))


def wait(world: World, pick: Pick) -> None:
    """Time passes; mostly while gateways and desks are well."""
    ms = pick(WAITS_MS)
    if pick((True,) * 29 + (False,)):
        _pass(world, pick, ms)
    else:
        world.wait(ms)


def _pass(world: World, pick: Pick, ms: int) -> None:
    """Gateways beat as seldom as they may and not be silent."""
    beat(world, pick)
    while ms > SILENT_MS:
        world.wait(SILENT_MS)
        beat(world, pick)
        ms -= SILENT_MS
    world.wait(ms)


MIXES = (CHANNELS, CHANNELS, (Channel.VOICE,), (Channel.VOICE, Channel.VOICE, Channel.EMAIL), (Channel.CHAT, Channel.CHAT, Channel.VOICE))
NIGHTS_MS = (620_000, 620_000, 3_600_000, 9 * 3_600_000)

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
    (1, beat),
    (2, start_the_day),
    (5, status),
    (18, answer_offer),
    (1, stale_offer),
    (34, own_work),
    (2, pull),
    (5, supervise),
    (2, begin),
    (1, examine),
    (3, call_back),
    (2, on_a_call),
    (1, rest),
    (1, same_command_again),
    (2, reconfigure),
    (1, restart),
    (12, wait),
    (1, note),
    (1, older_session),
)
WEIGHTED: tuple[Action, ...] = (*(action for weight, action in ACTIONS for _ in range(3 * weight)), long_after)


def _interactions(world: World) -> list[Interaction]:
    return list(world.engine.live.interactions.values())


def _conversations(world: World) -> list[str]:
    return [i.conversation for i in _interactions(world) if i.conversation]


def _some(options: list[T], pick: Pick) -> list[T]:
    return [pick(options)] if options else []
