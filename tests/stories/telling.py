"""Events in a few words, as the tables of stories show them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from standardiste.common.events import decisions as d
from standardiste.common.events import outbound
from standardiste.common.events.base import Event, class_of
from standardiste.router.engine.changes.turns import short_name


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
    d.CallOrderRefused: lambda e: f"refused {e.interaction} {e.asked} {e.detail}",
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
    d.EstimateScored: lambda e: (
        f"told {_s(e.wait_p50_ms)} to {_s(e.wait_p90_ms)}, waited {_s(e.waited_ms)}{' in vain' if e.is_abandoned else ''}"
    ),
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
    outbound.TellReading: lambda e: f"> read {e.message}",
    outbound.TakeVoicemail: lambda e: "> take voicemail",
}
