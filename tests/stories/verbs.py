"""Messages in words: what a line of a story may say, and the message or command that it becomes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from standardiste.common.events import commands as c
from standardiste.common.events import decisions as d
from standardiste.common.events import inputs
from standardiste.common.events.base import Data, Event, Instant
from standardiste.common.events.contact_facts import facts_of_contact
from standardiste.common.events.model import (
    AgentId,
    Audience,
    Author,
    AuthorKind,
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
    DispositionId,
    InteractionId,
    LeftBecause,
    MessageId,
    OfferId,
    QueueId,
    ReceiptId,
    SessionId,
    StatusId,
    Target,
    ToAgent,
    ToOutside,
    ToQueue,
)
from standardiste.common.testing.builders import AT, contact, content
from standardiste.common.testing.builders import message as message_of

if TYPE_CHECKING:
    from stories.story import Story

SESSION_CHANNELS = ("chat", "voice", "sms", "callback")


def _sign_in(story: Story, agent: str, gateway: str = "g1", session: str = "", ready: str = "") -> tuple[Event, ...]:
    story.number += 1
    opened = inputs.SessionOpened(session=SessionId(session or f"s-{agent}"), agent=AgentId(agent), gateway=gateway)
    events = story.send(opened)
    return events + story.send(c.SetStatus(actor=story.actor(agent), status=StatusId("ready"))) if ready else events


def _floor(story: Story, agents: str) -> tuple[Event, ...]:
    """Sign in and get ready; told is only what that brings about for others."""
    events = [each for agent in agents.split(" ") for each in _sign_in(story, agent, ready="ready")]
    return tuple(each for each in events if not isinstance(each.data, _OF_SIGNING_IN))


_OF_SIGNING_IN = (d.SessionStarted, d.AgentStatusChanged, d.AgentIdleReset, d.CommandDone, d.SnapshotEnded, d.AgentStateChanged)


def _contact(
    story: Story,
    id: str,
    channel: str,
    address: str = "",
    queue: str = "",
    text: str = "",
    priority: str = "",
    conversation: str = "",
    attribute: str = "",
    mark: str = "",
) -> Data:
    talks = channel in SESSION_CHANNELS
    made = contact(
        id,
        receipt=ReceiptId(f"rc_{id}"),
        channel=Channel(channel),
        queue=QueueId(queue) if queue else None,
        content=content(text or "bonjour"),
        priority=int(priority) if priority else None,
        conversation=ConversationId(f"cv_{conversation or id}") if talks else None,
        is_live=channel in ("voice", "chat"),
        attributes={attribute: True} if attribute else {},
        channel_address=ChannelAddressId(address or channel),
        close_as=CloseReason(mark) if mark else None,
    )
    story.contacts[id] = made
    return inputs.ContactReceived(contact=made)


def _identified(story: Story, id: str, customer: str, conversation: str = "", prefers: str = "", mark: str = "") -> Data:
    summary = CustomerSummary(
        id=CustomerId(customer),
        is_known=True,
        is_blocked=mark == "blocked",
        labels=("vip",) if mark == "vip" else (),
        preferred_agent=AgentId(prefers) if prefers else None,
    )
    return inputs.ContactIdentified(
        contact=ContactId(id),
        receipt=ReceiptId(f"rc_{id}"),
        conversation=ConversationId(f"cv_{conversation or id}"),
        customer=summary,
        is_repeat=mark == "a repeat",
        facts=facts_of_contact(story.contacts[id]) if id in story.contacts else None,
    )


def _noted(story: Story, id: str, how: str, conversation: str = "") -> Data:
    is_to_be_sent = how == "acknowledged"
    author = Author(kind=AuthorKind.SYSTEM) if is_to_be_sent else Author(kind=AuthorKind.AGENT, name="Ben")
    said = message_of(f"ms_{id}-ack" if is_to_be_sent else f"ms_{id}-outside", author=author)
    return inputs.MessageNoted(
        conversation=ConversationId(f"cv_{conversation or id}"),
        interaction=InteractionId(f"in_{id}"),
        message=said,
        is_to_be_sent=is_to_be_sent,
    )


def _left(story: Story, id: str, how: str) -> Data:
    because = {"hangs up": LeftBecause.HUNG_UP, "says goodbye": LeftBecause.SAID_GOODBYE, "is gone": LeftBecause.GONE}[how]
    return inputs.ContactLeft(contact=ContactId(id), conversation=ConversationId(f"cv_{id}"), because=because)


def _media(story: Story, id: str, what: str, number: str = "") -> Data:
    i = story.engine.live.interactions[InteractionId(f"in_{id}")]
    offer = OfferId(f"{i.id}-o{number}") if number else i.taken_with or OfferId("none")
    match what:
        case "connects":
            return inputs.MediaConnected(interaction=i.id, offer=offer)
        case "fails":
            return inputs.MediaFailed(interaction=i.id, offer=offer)
        case "fails for the agent":
            return inputs.MediaFailed(interaction=i.id, offer=offer, is_agent_side=True)
        case _:
            conversation = i.conversation or ConversationId("none")
            return inputs.MediaEnded(interaction=i.id, conversation=conversation, is_agent_side=what == "ends for the agent")


def _offer_of(story: Story, agent: str, id: str, number: str = "") -> OfferId:
    i = story.engine.live.interactions.get(InteractionId(f"in_{id}"))
    own = next((offer.id for offer in i.offers if offer.agent == agent), None) if i else None
    return OfferId(f"in_{id}-o{number}") if number else own or OfferId(f"in_{id}-o{i.offer_count if i else 1}")


def _accept(story: Story, agent: str, verb: str, id: str, number: str = "", session: str = "") -> Data:
    cls = c.AcceptOffer if verb == "accepts" else c.DeclineOffer
    return cls(actor=story.actor(agent, session), offer=_offer_of(story, agent, id, number))


def _own(story: Story, agent: str, verb: str, id: str, version: str = "", rest: str = "") -> Data:
    about: dict[str, Any] = {
        "actor": story.actor(agent),
        "interaction": InteractionId(f"in_{id}"),
        "version": story.version(id, version),
    }
    match verb:
        case "completes":
            return c.CompleteInteraction(**about, disposition=DispositionId(rest) if rest else None)
        case "ends":
            return c.EndWrapUp(**about, disposition=DispositionId(rest) if rest else None)
        case "parks":
            return c.ParkInteraction(**about, until=Instant(AT + round(float(rest) * 1000)) if rest else None)
        case "requeues":
            return c.RequeueInteraction(**about, queue=QueueId(rest) if rest else None)
        case "prioritises":
            return c.PrioritiseInteraction(**about, priority=int(rest))
        case "closes":
            return c.CloseInteraction(**about, reason=rest or "asked")
        case "extends":
            return c.ExtendWrapUp(**about, by_ms=round(float(rest) * 1000))
        case _:
            return _PLAIN[verb](**about)


_PLAIN: Mapping[str, Callable[..., Any]] = {
    "holds": c.HoldInteraction,
    "resumes": c.ResumeInteraction,
    "unparks": c.UnparkInteraction,
    "pulls": c.PullInteraction,
    "cancels": c.CancelTransfer,
    "repairs": c.RepairInteraction,
}


def _transfer(story: Story, agent: str, id: str, kind: str, to: str, waiting: str = "") -> Data:
    target: Target
    match kind:
        case "queue":
            target = ToQueue(queue=QueueId(to))
        case "number":
            target = ToOutside(address=to)
        case _:
            target = ToAgent(agent=AgentId(to), will_wait=bool(waiting))
    return c.TransferInteraction(actor=story.actor(agent), interaction=InteractionId(f"in_{id}"), version=story.version(id), target=target)


def _consult(story: Story, agent: str, kind: str, to: str, id: str) -> Data:
    target: Target = {"agent": ToAgent(agent=AgentId(to)), "queue": ToQueue(queue=QueueId(to)), "number": ToOutside(address=to)}[kind]
    return c.StartConsult(actor=story.actor(agent), interaction=InteractionId(f"in_{id}"), version=story.version(id), target=target)


def _consult_verb(story: Story, agent: str, verb: str, id: str) -> Data:
    cls = {"cancels": c.CancelConsult, "completes": c.CompleteConsult, "confers": c.StartConference, "leaves": c.LeaveConference}[verb]
    return cls(actor=story.actor(agent), interaction=InteractionId(f"in_{id}"), version=story.version(id))


def _consulted(story: Story, which: str, id: str, what: str) -> Data:
    i = story.engine.live.interactions[InteractionId(f"in_{id}")]
    offer = (i.consult.offer if i.consult else None) or OfferId("none")
    cls = inputs.MediaConnected if what == "answers" else inputs.MediaFailed
    return cls(interaction=i.id, offer=offer)


def _asks_callback(story: Story, id: str, at: str = "") -> Data:
    not_before = Instant(AT + round(float(at) * 1000)) if at else None
    return inputs.CallbackRequested(contact=ContactId(id), conversation=ConversationId(f"cv_{id}"), not_before=not_before)


def _schedules(story: Story, agent: str, id: str, at: str, herself: str = "") -> Data:
    not_before = Instant(AT + round(float(at) * 1000))
    i = InteractionId(f"in_{id}")
    return c.ScheduleCallback(actor=story.actor(agent), interaction=i, not_before=not_before, is_for_me=bool(herself))


def _on_call(story: Story, agent: str, verb: str, id: str, digits: str = "") -> Data:
    about: dict[str, Any] = {"actor": story.actor(agent), "interaction": InteractionId(f"in_{id}")}
    match verb:
        case "dials":
            return c.DialDigits(**about, digits=digits)
        case "stops recording":
            return c.PauseRecording(**about)
        case "records":
            return c.ResumeRecording(**about)
        case "leaves":
            return c.EndSupervision(**about)
        case _:
            modes: dict[str, c.SupervisionMode] = {"listens to": "listen", "coaches": "coach", "steps into": "step_in"}
            return c.StartSupervision(**about, mode=modes[verb])


def _write(story: Story, agent: str, verb: str, id: str, text: str = "") -> Data:
    audience = Audience.INTERNAL if verb == "notes" else Audience.CUSTOMER
    return c.SendMessage(actor=story.actor(agent), interaction=InteractionId(f"in_{id}"), content=content(text), audience=audience)


def _open(story: Story, agent: str, channel: str, asks: str = "", address: str = "", queue: str = "") -> tuple[Event, ...]:
    """Asked, and examined at once unless the story "asks to open"."""
    return _ask_to_open(
        story,
        c.OpenInteraction(
            actor=story.actor(agent),
            channel=Channel(channel),
            channel_address=ChannelAddressId(address or channel),
            address="customer@example.org",
            content=content("bonjour"),
            queue=QueueId(queue) if queue else None,
        ),
        is_examined=not asks,
    )


def _ask_to_open(story: Story, asked: c.OpenInteraction, *, is_examined: bool) -> tuple[Event, ...]:
    events = story.send(asked)
    story.asked = (CommandId(f"x{story.number}"), asked)
    return events + _examined(story) if is_examined else events


def _examined(story: Story, refused: str = "", customer: str = "", conversation: str = "") -> tuple[Event, ...]:
    assert story.asked is not None, "something was asked"
    command, asked = story.asked
    return story.send(
        inputs.OpeningExamined(
            command=command,
            asked=asked,
            refused=refused or None,
            conversation=ConversationId(f"cv_{conversation}") if conversation else asked.conversation,
            customer=CustomerSummary(id=CustomerId(customer)) if customer else None,
        )
    )


def _open_by_api(story: Story, channel: str) -> tuple[Event, ...]:
    asked = c.OpenInteraction(
        actor=c.Actor(api_key="key1"),
        channel=Channel(channel),
        channel_address=ChannelAddressId(channel),
        address="customer@example.org",
    )
    return _ask_to_open(story, asked, is_examined=True)


def _send_by_api(story: Story, message: str, channel: str, conversation: str = "") -> tuple[Event, ...]:
    asked = c.OpenInteraction(
        actor=c.Actor(api_key="key1"),
        channel=Channel(channel),
        channel_address=ChannelAddressId(channel),
        address="customer@example.org",
        content=content("bonjour"),
        conversation=ConversationId(f"cv_{conversation or message}"),
        message=MessageId(message),
    )
    return _ask_to_open(story, asked, is_examined=True)


def _assign(story: Story, agent: str, id: str, to: str, forced: str = "") -> Data:
    return c.AssignInteraction(
        actor=story.actor(agent),
        interaction=InteractionId(f"in_{id}"),
        version=story.version(id),
        agent=AgentId(to),
        is_forced=bool(forced),
    )


def _explain(story: Story, agent: str, id: str) -> Data:
    live = story.engine.live
    if AgentId(id) in live.agents:
        return c.ExplainAgent(actor=story.actor(agent), agent=AgentId(id))
    return c.ExplainInteraction(actor=story.actor(agent), interaction=InteractionId(f"in_{id}"))


def _delivery(story: Story, message: str, state: str, sender: str = "", address: str = "") -> Data:
    id, _, _ = message.rpartition("-m")
    closed = story.engine.live.memory.closed_of(InteractionId(f"in_{id}"), story.at)
    conversation = closed.conversation if closed and closed.conversation else ConversationId(f"cv_{id}")
    return inputs.DeliveryReported(
        conversation=conversation,
        interaction=InteractionId(f"in_{id}"),
        message=MessageId(f"in_{message}"),
        state=DeliveryState(state),
        at=story.at,
        is_final=state == "failed",
        sender=AgentId(sender) if sender else None,
        channel_address=ChannelAddressId(address) if address else None,
    )


def _again(story: Story, message: str, id: str) -> tuple[Event, ...]:
    """A command with an id of its own, so that it can be sent again."""
    made = next(handler(story, **m.groupdict(default="")) for pattern, handler in VERBS if (m := pattern.fullmatch(message)))
    return story.send(made, id=id)


def _sign_out(story: Story, agent: str, how: str) -> Data:
    record = story.engine.live.agents[AgentId(agent)]
    return inputs.SessionClosed(
        session=record.session or SessionId("none"), agent=record.id, gateway=record.gateway, is_sign_out=how == "signs out"
    )


def _set_status(story: Story, agent: str, status: str, other: str = "") -> Data:
    return c.SetStatus(actor=story.actor(agent), status=StatusId(status), agent=AgentId(other) if other else None)


Verb = Callable[..., Data | tuple[Event, ...]]
_CHANNELS = "|".join(channel.value for channel in Channel)


def _compile(*pairs: tuple[str, Verb]) -> list[tuple[re.Pattern[str], Verb]]:
    return [(re.compile(pattern), verb) for pattern, verb in pairs]


VERBS: Sequence[tuple[re.Pattern[str], Verb]] = _compile(
    (r"the floor: (?P<agents>.+)", _floor),
    (r"(?P<agent>\w+) signs in(?: as (?P<session>\S+))?(?: at (?P<gateway>\w+))?(?P<ready> ready)?", _sign_in),
    (r"(?P<agent>\w+)(?:'s socket)? (?P<how>signs out|closes)", _sign_out),
    (r"(?P<gateway>g\d) falls silent", lambda story, gateway: story.fall_silent(gateway)),
    (r"(?P<gateway>g\d) beats", lambda story, gateway: inputs.GatewayBeat(gateway=gateway, sessions=1)),
    (r"(?P<agent>\w+) chooses (?P<status>\w+)(?: for (?P<other>\w+))?", _set_status),
    (r"(?P<agent>\w+) asks for rest", lambda story, agent: c.AskRest(actor=story.actor(agent))),
    (r"(?P<agent>\w+) asks for a snapshot", lambda story, agent: c.AskSnapshot(actor=story.actor(agent))),
    (r"(?P<agent>\w+) asks the doctor", lambda story, agent: c.AskDoctor(actor=story.actor(agent))),
    (r"(?P<agent>\w+) asks why (?P<id>\w+)", _explain),
    (
        rf"(?P<id>\w+) by (?P<channel>{_CHANNELS})(?: on (?P<address>\w+))?(?: to (?P<queue>\w+))?(?: with (?P<attribute>\w+))?(?: in (?P<conversation>\w+))?"
        r"(?: at priority (?P<priority>\d+))?(?: marked (?P<mark>\w+))?(?: saying (?P<text>.+))?",
        _contact,
    ),
    (
        r"(?P<id>\w+) is (?P<customer>cu\w*)(?: in (?P<conversation>\w+))?(?: preferring (?P<prefers>\w+))?(?:: (?P<mark>blocked|a repeat|vip))?",
        _identified,
    ),
    (r"(?P<id>\w+) is (?P<how>acknowledged|answered outside)(?: in (?P<conversation>\w+))?", _noted),
    (r"(?P<id>\w+) (?P<how>hangs up|says goodbye|is gone)", _left),
    (r"(?P<id>\w+) returns", lambda story, id: inputs.ContactReturned(contact=ContactId(id), conversation=ConversationId(f"cv_{id}"))),
    (
        r"(?P<id>\w+) leaves a voicemail",
        lambda story, id: inputs.VoicemailLeft(contact=ContactId(id), conversation=ConversationId(f"cv_{id}"), blob="b", duration_ms=1),
    ),
    (
        r"the channel refuses (?P<asked>\w+) of (?P<id>\w+)",
        lambda story, asked, id: inputs.CallRefused(interaction=InteractionId(f"in_{id}"), asked=CallOrder(asked), detail="why"),
    ),
    (r"(?P<id>\w+) asks to be called back(?: at (?P<at>\S+))?", _asks_callback),
    (r"(?P<agent>\w+) will call (?P<id>\w+) back at (?P<at>\S+)(?P<herself> herself)?", _schedules),
    (
        r"(?P<agent>\w+) cancels the callback (?P<id>\w+)",
        lambda story, agent, id: c.CancelCallback(
            actor=story.actor(agent), interaction=InteractionId(f"in_{id}"), version=story.version(id)
        ),
    ),
    (
        r"(?P<agent>\w+) (?P<verb>dials|stops recording|records|listens to|coaches|steps into|leaves) (?P<id>\w+)(?: (?P<digits>\S+))?",
        _on_call,
    ),
    (r"media of (?P<id>\w+?)(?:-o(?P<number>\d+))? (?P<what>connects|fails|fails for the agent|ends|ends for the agent)", _media),
    (r"(?P<agent>\w+) (?P<verb>accepts|declines) (?P<id>\w+?)(?:-o(?P<number>\d+))?(?: on (?P<session>\S+))?", _accept),
    (r"(?P<agent>\w+) (?P<verb>writes|notes) (?P<id>\w+)(?: (?P<text>.+))?", _write),
    (
        r"(?P<agent>\w+) types to (?P<id>\w+)",
        lambda story, agent, id: c.ShowTyping(actor=story.actor(agent), interaction=InteractionId(f"in_{id}")),
    ),
    (
        r"(?P<agent>\w+) reads (?P<id>\w+)",
        lambda story, agent, id: c.ShowReading(actor=story.actor(agent), interaction=InteractionId(f"in_{id}"), message=MessageId(id)),
    ),
    (r"(?P<agent>\w+) transfers (?P<id>\w+) to (?P<kind>queue|agent|number) (?P<to>\S+)(?P<waiting> waiting)?", _transfer),
    (r"(?P<agent>\w+) assigns (?P<id>\w+) to (?P<to>\w+)(?P<forced> by force)?", _assign),
    (
        r"(?P<agent>\w+) (?:opens|(?P<asks>asks) to open) by (?P<channel>\w+)(?: on (?P<address>\w+))?(?: from queue (?P<queue>\w+))?",
        _open,
    ),
    (r"the opening may be made(?: to (?P<customer>cu\w+))?(?: in (?P<conversation>\w+))?", _examined),
    (r"the opening may not be made: (?P<refused>\w+)", _examined),
    (r"the api opens by (?P<channel>\w+)", _open_by_api),
    (r"the api sends (?P<message>\w+) by (?P<channel>\w+)(?: in (?P<conversation>\w+))?", _send_by_api),
    (r"(?P<agent>\w+) consults (?P<kind>agent|queue|number) (?P<to>\S+) about (?P<id>\w+)", _consult),
    (r"(?P<agent>\w+) (?P<verb>cancels|completes) the consult about (?P<id>\w+)", _consult_verb),
    (r"(?P<agent>\w+) (?P<verb>confers) about (?P<id>\w+)", _consult_verb),
    (r"(?P<agent>\w+) (?P<verb>leaves) the conference about (?P<id>\w+)", _consult_verb),
    (r"the (?P<which>consulted) of (?P<id>\w+) (?P<what>answers|fails)", _consulted),
    (
        r"(?P<agent>\w+) (?P<verb>completes|ends|parks|requeues|prioritises|closes|extends|holds|resumes|unparks|pulls|cancels|repairs) (?P<id>\w+)"
        r"(?:@(?P<version>\d+))?(?: (?:as|until|to|by) (?P<rest>\S+))?",
        _own,
    ),
    (r"(?P<message>\S+) is reported (?P<state>\w+)(?: as written by (?P<sender>\w+) on (?P<address>\w+))?", _delivery),
    (r"\[(?P<id>\w+)\] (?P<message>.+)", _again),
    (
        r"the set (?P<name>\w+) for (?P<at>\S+)",
        lambda story, name, at: story.configure(*story.sets[name], effective_at=Instant(AT + round(float(at) * 1000))),
    ),
    (r"the set (?P<name>\w+)", lambda story, name: story.configure(*story.sets[name])),
    (r"a restart(?: after (?P<gap>\S+) s)?", lambda story, gap="0": story.restart(gap)),
)
