"""
Stories: aligned text tables, one line a message, with its time (seconds) and the exact events it must bring about.

    0.0 | anna signs in, ready          | …
    1.0 | c1 by chat                    | created c1; routed c1 main; said c1
    1.2 | c1 is cu1                     | identified c1 cu1; queued c1 identified; offer c1-o1 anna 30s; anna offered 33

A line whose message is empty lets time pass: every deadline up to it fires, each at its own instant. Deadlines that fall before a line's time fire first and count as
that line's. Gateways beat every 5 s by themselves until one "falls silent". Events are told by `told`; a `;` parts them. `Story.run` fails with the table as it really went, so a story is written by reading what it says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from standardiste.common.events import codec, inputs, outbound
from standardiste.common.events import commands as c
from standardiste.common.events import decisions as d
from standardiste.common.events.base import Data, Event, Instant, class_of
from standardiste.common.events.contact_facts import facts_of_contact
from standardiste.common.events.directory import ChangeSetCommitted, Entity
from standardiste.common.events.model import (
    AgentId,
    Audience,
    Author,
    AuthorKind,
    Channel,
    ChannelAddressId,
    CloseReason,
    CommandId,
    Contact,
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
from standardiste.common.testing.builders import AT, TENANT, configuration, contact, content, event
from standardiste.common.testing.builders import message as message_of
from standardiste.router.engine import Engine, invariants, persist
from standardiste.router.engine.changes.turns import short_name
from standardiste.router.kit import STANDARD

BEAT_MS = 5_000
SESSION_CHANNELS = ("chat", "voice", "sms", "callback")


class Story:
    """One tenant's engine under a table of messages. `sets` are change sets that a line can put in force by name."""

    def __init__(self, *more: Entity, **sets: tuple[Entity, ...]) -> None:
        self.engine = Engine(TENANT, STANDARD)
        self.sets = sets
        self.at = Instant(AT)
        self.number = 0
        self.change_set = 0
        self.beating = ["g1", "g2"]
        self.contacts: dict[str, Contact] = {}
        self.asked: tuple[CommandId, c.OpenInteraction] | None = None
        self.configure(*configuration(*more))

    def run(self, table: str) -> None:
        """Play every line. AssertionError with the table as it went, when an event differs."""
        rows = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines() if line.strip()]
        rows = _joined(rows)
        went = [(time, message, expected, self.line(float(time), message)) for time, message, expected in rows]
        wrong = [row for row in went if _words(row[2]) != _words("; ".join(row[3]))]
        assert not wrong, "as it went (! differs):\n" + "\n".join(_shown(row) for row in went)

    def line(self, seconds: float, message: str) -> list[str]:
        """Play one line; what it brought about, told."""
        until = Instant(AT + round(seconds * 1000))
        events: list[Event] = []
        if message.startswith("a restart after"):  # nothing ran meanwhile
            return self._played(until, message)
        for beat in range((self.at - AT) // BEAT_MS + 1, (until - AT) // BEAT_MS + 1):
            self.at = Instant(AT + beat * BEAT_MS)
            events += self.engine.fire(Instant(self.at - 1))
            for gateway in self.beating:
                events += self.send(inputs.GatewayBeat(gateway=gateway, sessions=1))
        self.at = until
        events += self.engine.fire(Instant(self.at - 1))
        return [text for each in events if (text := told(each))] + self._played(until, message)

    def _played(self, at: Instant, message: str) -> list[str]:
        self.at = at
        events: list[Event] = []
        for part in message.split(", ") if message else ():
            events += self.say(part)
        events += self.engine.fire(self.at)
        found = invariants.faults(self.engine.live, self.at)
        assert not found, f"at {at - AT} ms: {found}"
        return [text for each in events if (text := told(each))]

    def say(self, message: str) -> tuple[Event, ...]:
        """One message, in words."""
        for pattern, handler in _VERBS:
            match = pattern.fullmatch(message)
            if match:
                made = handler(self, **{name: text for name, text in match.groupdict().items() if text is not None})
                return made if isinstance(made, tuple) else self.send(made)
        raise ValueError(f"no such message: {message!r}")

    def send(self, data: Data, id: str = "") -> tuple[Event, ...]:
        self.number += 1
        return self.engine.step(event(data, id=id or f"x{self.number}"), self.at)

    def configure(self, *entities: Entity) -> tuple[Event, ...]:
        self.change_set += 1
        for entity in entities:
            self.send(replace(entity, change_set=self.change_set))
        return self.send(ChangeSetCommitted(number=self.change_set, members=len(entities), by="admin", committed_at=AT))

    def restart(self, gap: str = "0") -> tuple[Event, ...]:
        """The state through its JSON into a new engine."""
        records: dict[tuple[str, str], object] = {}
        for (kind, id), record in persist.everything(self.engine.live).items():
            data = codec.adapter(class_of(record)).dump_json(record, exclude_defaults=True)
            records[kind, id] = codec.load_data(persist.type_of(kind, id), data)
        self.engine = Engine(TENANT, STANDARD)
        self.engine.load(records)
        return self.engine.resumed(self.at, round(float(gap) * 1000))

    def fall_silent(self, gateway: str) -> tuple[Event, ...]:
        self.beating.remove(gateway)
        return ()

    def actor(self, agent: str, session: str = "") -> c.Actor:
        record = self.engine.live.agents.get(AgentId(agent))
        own = record.session if record and record.session else SessionId("none")
        return c.Actor(agent=AgentId(agent), session=SessionId(session) if session else own, may_supervise=agent == "sam")

    def version(self, id: str, given: str = "") -> int:
        i = self.engine.live.interactions.get(InteractionId(f"in_{id}"))
        return int(given) if given else i.version if i else 1


def _joined(rows: list[list[str]]) -> list[tuple[str, str, str]]:
    """A row without a time goes on the one before."""
    whole: list[tuple[str, str, str]] = []
    for row in rows:
        time, message, expected = ([*row, "", ""])[:3]
        if time:
            whole.append((time, message, expected))
        else:
            before = whole[-1]
            whole[-1] = (before[0], before[1], f"{before[2]} {expected}")
    return whole


def _words(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _shown(row: tuple[str, str, str, list[str]]) -> str:
    time, message, expected, went = row
    mark = " " if _words(expected) == _words("; ".join(went)) else "!"
    return f"{mark} {time:>7} | {message:<30} | {'; '.join(went)}"


# ---- events in words


def told(each: Event) -> str:
    """An event in a few words; empty for those a story does not tell (the parts of a snapshot but its end)."""
    data = each.data
    teller = _TOLD.get(class_of(data))
    if teller is None:
        return short_name(class_of(data))
    return _without_prefix(teller(data))


def _without_prefix(text: str) -> str:
    return re.sub(r"\bin_", "", text)


def _s(ms: int) -> str:
    return f"{ms / 1000:g}s"


def _queued(e: d.InteractionQueued) -> str:
    hold = f" for {e.hold_for}" if e.hold_for else ""
    return f"queued {e.interaction} {e.because}{hold}"


def _wait(e: d.PositionChanged | outbound.TellPosition) -> str:
    return f", {_s(e.wait_p50_ms)} to {_s(e.wait_p90_ms)}" if e.wait_p50_ms is not None and e.wait_p90_ms is not None else ""


def _offer(e: d.OfferMade) -> str:
    marks = "".join(
        mark
        for is_set, mark in (
            (e.offer.is_interrupting, " interrupting"),
            (e.offer.is_transfer, " transfer"),
            (e.offer.is_consult, " consult"),
        )
        if is_set
    )
    return f"offer {e.offer.id} {e.offer.agent} {_s(e.offer.expires_at - e.offer.offered_at)}{marks}"


def _closed(e: d.InteractionClosed) -> str:
    return f"closed {e.interaction} {e.reason}"


def _state(e: d.AgentStateChanged) -> str:
    return f"{e.view.id} {e.view.state} {e.view.seat.used_units}"


def _status(e: d.AgentStatusChanged) -> str:
    then = f" then {e.next_status}" if e.next_status else ""
    return f"status {e.agent} {e.status}{then} {e.because}"


def _held(e: d.InteractionHeld) -> str:
    return f"{'interrupted' if e.is_interrupted else 'held'} {e.interaction}"


_TOLD: Mapping[type, Callable[[Any], str]] = {
    d.ConfigurationApplied: lambda e: f"applied {e.change_set}",
    d.ConfigurationRefused: lambda e: f"refused set {e.change_set} {e.reason}",
    d.InteractionCreated: lambda e: f"created {e.interaction}" + (f" linked {e.linked_to}" if e.linked_to else ""),
    d.InteractionOpened: lambda e: f"opened {e.owner or e.requirement.queue}",
    d.OpeningAsked: lambda e: "asked",
    d.ContactJoined: lambda e: f"joined {e.interaction}",
    d.ContactRepeated: lambda e: f"repeated {e.interaction}",
    d.CustomerIdentified: lambda e: f"identified {e.interaction} {e.customer.id}",
    d.CustomerAway: lambda e: f"gone {e.interaction}",
    d.CustomerReturned: lambda e: f"back {e.interaction}",
    d.CustomerLeft: lambda e: f"left {e.interaction}",
    d.InteractionRouted: lambda e: f"routed {e.interaction} {e.requirement.queue}" + (f" by {e.why.rule}" if e.why.rule else ""),
    d.RuleFailed: lambda e: f"rule failed {e.rule}",
    d.InteractionQueued: _queued,
    d.InteractionRelaxed: lambda e: f"relaxed {e.interaction} {e.step}",
    d.InteractionPrioritised: lambda e: f"prioritised {e.interaction} {e.priority}",
    d.PreferenceEnded: lambda e: f"preference over {e.interaction}",
    d.InteractionConnecting: lambda e: f"connecting {e.interaction} {e.owner}",
    d.InteractionActivated: lambda e: f"active {e.interaction} {e.owner}" + (" forced" if e.is_forced else ""),
    d.InteractionHeld: _held,
    d.InteractionResumed: lambda e: f"resumed {e.interaction}",
    d.InteractionParked: lambda e: f"parked {e.interaction}",
    d.InteractionReopened: lambda e: f"reopened {e.interaction}",
    d.InteractionWrapping: lambda e: f"wrapping {e.interaction}",
    d.InteractionDispositioned: lambda e: f"disposition {e.interaction} {e.disposition}",
    d.InteractionDisowned: lambda e: f"disowned {e.interaction} {e.because}",
    d.TransferAsked: lambda e: f"transfer asked {e.interaction}",
    d.TransferCancelled: lambda e: f"transfer over {e.interaction} {e.because}",
    d.InteractionTransferred: lambda e: f"transferred {e.interaction}",
    d.InteractionConsulting: lambda e: f"consulting {e.interaction}",
    d.ConsultJoined: lambda e: f"consult joined {e.interaction} {e.agent or 'outside'}",
    d.ConsultEnded: lambda e: f"consult over {e.interaction} {e.because}",
    d.ConferenceStarted: lambda e: f"conference {e.interaction} {' '.join(e.members)}",
    d.ConferenceLeft: lambda e: f"{e.agent} leaves {e.interaction}",
    d.InteractionOverflowed: lambda e: f"overflowed {e.interaction} {e.limit} {e.action}",
    d.InteractionMerged: lambda e: f"merged {e.interaction} into {e.into}",
    d.InteractionLinked: lambda e: f"linked {e.interaction} {e.linked_to}",
    d.InteractionClosed: _closed,
    d.CallbackScheduled: lambda e: f"callback {e.interaction}" + (f" by {e.agent}" if e.agent else ""),
    d.CallbackAttempted: lambda e: (
        f"tried {e.interaction} {e.attempt} " + ("reached" if e.is_reached else "again" if e.next_at else "given up")
    ),
    d.InteractionSupervised: lambda e: f"supervised {e.interaction} {e.supervisor} {e.mode}",
    d.RecordingChanged: lambda e: f"recording {e.interaction} {'on' if e.is_recording else 'off'}",
    d.VoicemailTaken: lambda e: f"voicemail {e.interaction}",
    d.OfferMade: _offer,
    d.OfferAccepted: lambda e: f"accepted {e.offer} {e.agent}" + (" automatically" if e.is_automatic else ""),
    d.OfferDeclined: lambda e: f"declined {e.offer} {e.agent}",
    d.OfferExpired: lambda e: f"expired {e.offer} {e.agent} {e.missed_in_a_row}",
    d.OfferWithdrawn: lambda e: f"withdrawn {e.offer} {e.agent} {e.because}",
    d.OfferMediaFailed: lambda e: f"media failed {e.offer} {e.agent}",
    d.MessageReceived: lambda e: f"said {e.interaction}",
    d.MessageAccepted: lambda e: f"message {e.message.id} {e.message.audience}",
    d.MessageSent: lambda e: f"sent {e.message}",
    d.MessageDelivered: lambda e: f"delivered {e.message}",
    d.MessageFailed: lambda e: f"failed {e.message}",
    d.SessionStarted: lambda e: f"session {e.session}" + (" back" if e.is_back else ""),
    d.SessionLost: lambda e: f"session {e.session} lost",
    d.SessionEnded: lambda e: f"session {e.session} ended {e.because}",
    d.AgentStatusChanged: _status,
    d.AgentStateChanged: _state,
    d.AgentIdleReset: lambda e: f"idle {e.agent}",
    d.GatewayLost: lambda e: f"gateway {e.gateway} lost",
    d.GatewaySeen: lambda e: "",
    d.CommandDone: lambda e: "done",
    d.CommandRefused: lambda e: f"no: {e.reason}",
    d.InteractionExplained: lambda e: "explained " + " ".join(f"{count.filter}:{count.count}" for count in e.summary),
    d.AgentExplained: lambda e: "explained " + " ".join(f"{count.filter}:{count.count}" for count in e.summary),
    d.DoctorReported: lambda e: f"doctor {len(e.findings)}",
    d.SnapshotBegan: lambda e: "",
    d.SnapshotAgent: lambda e: "",
    d.SnapshotInteraction: lambda e: "",
    d.SnapshotOffer: lambda e: "",
    d.SnapshotEnded: lambda e: f"snapshot {e.interactions}+{e.offers}",
    d.SkillUnstaffed: lambda e: f"unstaffed {e.interaction} {','.join(e.skills)}",
    d.RouterResumed: lambda e: "router resumed",
    d.ContactUndeliverable: lambda e: f"undeliverable {e.reason}",
    outbound.DeliverMessage: lambda e: f"> deliver {e.message}",
    d.PositionChanged: lambda e: f"position {e.interaction} {e.position}" + _wait(e),
    outbound.TellPosition: lambda e: f"> position {e.position}" + _wait(e),
    d.EstimateScored: lambda e: f"told {_s(e.wait_p50_ms)} to {_s(e.wait_p90_ms)}, waited {_s(e.waited_ms)}",
    outbound.TellNotice: lambda e: f"> notice {e.notice}",
    outbound.AnnounceAgent: lambda e: f"> here is {e.author.id}",
    outbound.AnnounceEnd: lambda e: "> ended",
    outbound.ConnectCall: lambda e: f"> connect {e.agent}",
    outbound.PlaceCall: lambda e: f"> call for {e.agent}" + ("" if e.is_agent_first else ", the customer first"),
    outbound.TransferCall: lambda e: f"> send on to {e.address}",
    outbound.SuperviseCall: lambda e: f"> {e.agent} {e.mode}",
    outbound.RecordCall: lambda e: f"> record {'on' if e.is_recording else 'off'}",
    outbound.SendDigits: lambda e: f"> digits {e.digits}",
    outbound.QueueCall: lambda e: f"> music {e.queue}",
    outbound.HoldCall: lambda e: "> hold",
    outbound.ResumeCall: lambda e: "> resume",
    outbound.ReleaseCall: lambda e: f"> release {e.party}",
    outbound.ConsultCall: lambda e: f"> consult {e.agent or e.address}",
    outbound.ConferenceCall: lambda e: "> conference",
    outbound.TellTyping: lambda e: "> typing",
    outbound.TakeVoicemail: lambda e: "> take voicemail",
}


# ---- messages in words


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


def _media(story: Story, id: str, what: str) -> Data:
    i = story.engine.live.interactions[InteractionId(f"in_{id}")]
    offer = i.taken_with or OfferId("none")
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


def _delivery(story: Story, message: str, state: str) -> Data:
    id, _, _ = message.rpartition("-m")
    closed = story.engine.live.memory.closed.get(InteractionId(f"in_{id}"))
    conversation = closed.conversation if closed and closed.conversation else ConversationId(f"cv_{id}")
    return inputs.DeliveryReported(
        conversation=conversation,
        interaction=InteractionId(f"in_{id}"),
        message=MessageId(f"in_{message}"),
        state=DeliveryState(state),
        at=story.at,
        is_final=state == "failed",
    )


def _again(story: Story, message: str, id: str) -> tuple[Event, ...]:
    """A command with an id of its own, so that it can be sent again."""
    made = next(handler(story, **m.groupdict(default="")) for pattern, handler in _VERBS if (m := pattern.fullmatch(message)))
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


_VERBS = _compile(
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
    (r"media of (?P<id>\w+) (?P<what>connects|fails|fails for the agent|ends|ends for the agent)", _media),
    (r"(?P<agent>\w+) (?P<verb>accepts|declines) (?P<id>\w+?)(?:-o(?P<number>\d+))?(?: on (?P<session>\S+))?", _accept),
    (r"(?P<agent>\w+) (?P<verb>writes|notes) (?P<id>\w+)(?: (?P<text>.+))?", _write),
    (
        r"(?P<agent>\w+) types to (?P<id>\w+)",
        lambda story, agent, id: c.ShowTyping(actor=story.actor(agent), interaction=InteractionId(f"in_{id}")),
    ),
    (r"(?P<agent>\w+) transfers (?P<id>\w+) to (?P<kind>queue|agent|number) (?P<to>\S+)(?P<waiting> waiting)?", _transfer),
    (r"(?P<agent>\w+) assigns (?P<id>\w+) to (?P<to>\w+)(?P<forced> by force)?", _assign),
    (
        r"(?P<agent>\w+) (?:opens|(?P<asks>asks) to open) by (?P<channel>\w+)(?: on (?P<address>\w+))?(?: from queue (?P<queue>\w+))?",
        _open,
    ),
    (r"the opening may be made(?: to (?P<customer>cu\w+))?(?: in (?P<conversation>\w+))?", _examined),
    (r"the opening may not be made: (?P<refused>\w+)", _examined),
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
    (r"(?P<message>\S+) is reported (?P<state>\w+)", _delivery),
    (r"\[(?P<id>\w+)\] (?P<message>.+)", _again),
    (r"the set (?P<name>\w+)", lambda story, name: story.configure(*story.sets[name])),
    (r"a restart(?: after (?P<gap>\S+) s)?", lambda story, gap="0": story.restart(gap)),
)
