"""What the router asks of calls (outbound.voice): decoded, put to the switchboard, idempotent by the event's id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from standardiste.common.bus.port import Record
from standardiste.common.conversations import ConversationBook
from standardiste.common.events.base import Event
from standardiste.common.events.codec import decode
from standardiste.common.events.inputs import CallRefused, DeliveryReported, MediaFailed
from standardiste.common.events.model import CallOrder, DeliveryState, OfferId, TenantId
from standardiste.common.events.outbound import (
    AnnounceEnd,
    ConferenceCall,
    ConnectCall,
    ConsultCall,
    DeliverMessage,
    HoldCall,
    PlaceCall,
    QueueCall,
    RecordCall,
    ReleaseCall,
    ResumeCall,
    SendDigits,
    SuperviseCall,
    TakeVoicemail,
    TellNotice,
    TellPosition,
    TransferCall,
)
from standardiste.common.intake import Intake
from standardiste.common.parts import Parts
from standardiste.common.twilio.numbers import e164
from standardiste.ingest_voice.calls import place
from standardiste.ingest_voice.model import (
    AskGuest,
    Call,
    CallState,
    Command,
    Confer,
    Connect,
    DropGuest,
    PressKeys,
    PutInQueue,
    PutOnHold,
    Release,
    ReleaseAgent,
    Say,
    SendOutside,
    SetRecording,
    TakeMessage,
    TakeOffHold,
)
from standardiste.ingest_voice.switchboard import Switchboard
from standardiste.ingest_voice.words import noticed, standing

NOT_OFFERED: Final = "not_offered_here"
FORMER_KEPT: Final = 16


def endpoint_of(written: str | None) -> str | None:
    """Where an agent is reached, as the directory has it: "client:<name>", "sip:…" or a number; None when it is none of them."""
    if written is None:
        return None
    text = written.strip()
    if text.startswith("client:") and len(text) > len("client:"):
        return text
    if text.startswith("sip:") and "@" in text:
        return text
    return e164(text)


class Orders:
    """The handler of outbound.voice."""

    def __init__(self, parts: Parts, switchboard: Switchboard, intake: Intake, book: ConversationBook) -> None:
        self._parts, self._switchboard, self._intake, self._book = parts, switchboard, intake, book

    async def take(self, record: Record) -> None:
        """Handle one record. Raises Away (call again) and BadInput (not ours to do)."""
        event = decode(record)
        data = event.data
        match data:
            case ConnectCall():
                await self._connect(event, data)
            case PlaceCall():
                await self._place(event, data)
            case DeliverMessage():
                await self._refuse_message(event, data)
            case AnnounceEnd():
                await self._end(event, data)
            case ConsultCall():
                await self._consult(event, data)
            case (
                QueueCall()
                | HoldCall()
                | ResumeCall()
                | ReleaseCall()
                | TransferCall()
                | ConferenceCall()
                | SendDigits()
                | TakeVoicemail()
                | RecordCall()
            ):
                await self._switchboard.happen(event.tenant, data.conversation, _command(event), is_command=True)
            case SuperviseCall():
                await self._refuse_supervision(event, data)
            case TellPosition(position=position) if position is not None:
                await self._say(event, data.conversation, lambda of: standing(of, position, data.wait_p50_ms, data.wait_p90_ms))
            case TellNotice():
                await self._say(event, data.conversation, lambda of: noticed(of, data.notice, data.words))
            case _:
                return  # typing has no place in a call

    async def _say(self, event: Event, conversation: str, words: Callable[[str], str | None]) -> None:
        """To a caller who waits, in the call's language; nobody else hears it."""
        call = await self._switchboard.get(event.tenant, conversation)
        said = words(call.language) if call is not None else None
        if said:
            await self._switchboard.happen(event.tenant, conversation, Say(command=event.id, words=said), is_command=True)

    async def _connect(self, event: Event, data: ConnectCall) -> None:
        asked = Connect(
            command=event.id,
            interaction=data.interaction,
            offer=data.offer,
            agent=data.agent,
            endpoint=self._endpoint(event.tenant, data.agent),
        )
        if await self._switchboard.happen(event.tenant, data.conversation, asked, is_command=True) is None:
            failed = MediaFailed(interaction=data.interaction, offer=data.offer, detail="unknown_call")
            await self._intake.report(event.tenant, data.interaction, failed, id=f"{event.id}/failed", traceparent=event.traceparent)

    async def _consult(self, event: Event, data: ConsultCall) -> None:
        """An agent by his endpoint, or a number outside."""
        asked = AskGuest(
            command=event.id,
            interaction=data.interaction,
            offer=data.offer or OfferId(f"{event.id}-guest"),
            agent=data.agent,
            endpoint=self._endpoint(event.tenant, data.agent) if data.agent else e164(data.address or ""),
        )
        if await self._switchboard.happen(event.tenant, data.conversation, asked, is_command=True) is None:
            failed = MediaFailed(interaction=data.interaction, offer=asked.offer, detail="unknown_call")
            await self._intake.report(event.tenant, data.interaction, failed, id=f"{event.id}/failed", traceparent=event.traceparent)

    async def _place(self, event: Event, data: PlaceCall) -> None:
        """
        A call for an agent: his phone first, or the customer's. A callback names no number: it is that of who called, by the conversation. One whose
        customer is still on the line, because an agent before did not pick up, needs no second call.
        """
        endpoint = self._endpoint(event.tenant, data.agent)
        present = await self._switchboard.get(event.tenant, data.conversation)
        if present is not None and present.state is CallState.WAITING and data.agent is not None and present.customer_leg is not None:
            asked = Connect(
                command=event.id,
                interaction=data.interaction,
                offer=data.offer or OfferId(f"{data.interaction}-o0"),
                agent=data.agent,
                endpoint=endpoint,
            )
            await self._switchboard.happen(event.tenant, data.conversation, asked, is_command=True)
            return
        address = self._parts.directory.address_by_id(event.tenant, data.channel_address)
        customer = e164(
            data.address or await self._book.address_of(event.tenant, data.conversation) or (present.address if present else "")
        )
        own = self._parts.directory.tenant(event.tenant)
        refusal = ""
        if self._parts.hold.is_held():
            refusal = "sending_held"
        elif own is not None and own.is_test:
            refusal = "test_tenant"
        elif address is None:
            refusal = "unknown_channel_address"
        elif customer is None:
            refusal = "no_number"
        elif data.agent is None:
            refusal = NOT_OFFERED
        call = Call(
            tenant=TenantId(event.tenant),
            conversation=data.conversation,
            state=CallState.RINGING_AGENT,
            channel_address=data.channel_address,
            our_address=address.address if address else "",
            address=customer or "",
            language=(address.language if address else None) or (own.language if own else "en"),
            began_at=self._parts.clock.now(),
            interaction=data.interaction,
            offer=data.offer or OfferId(f"{data.interaction}-o0"),
            agent=data.agent,
            attempt=present.attempt if present else 0,
            former=_legs(present),
            traceparent=event.traceparent,
        )
        placed = place(call, command=event.id, endpoint=endpoint, refusal=refusal, is_agent_first=data.is_agent_first)
        await self._switchboard.begin(placed)

    def _endpoint(self, tenant: str, agent: str | None) -> str | None:
        person = self._parts.directory.person(tenant, agent) if agent else None
        return endpoint_of(person.endpoint if person else None)

    async def _end(self, event: Event, data: AnnounceEnd) -> None:
        """The interaction is closed: nobody is left on a line that nobody owns."""
        call = await self._switchboard.get(event.tenant, data.conversation)
        if call is not None and call.interaction in (None, data.interaction):
            await self._switchboard.happen(event.tenant, data.conversation, Release(command=event.id), is_command=True)

    async def _refuse_supervision(self, event: Event, data: SuperviseCall) -> None:
        """Nobody else is brought into a call yet: the supervisor's desk shows so. Who leaves was never there."""
        if data.mode != "end":
            refused = CallRefused(interaction=data.interaction, asked=CallOrder.SUPERVISE, detail=NOT_OFFERED)
            await self._intake.report(event.tenant, data.interaction, refused, id=f"{event.id}/refused", traceparent=event.traceparent)

    async def _refuse_message(self, event: Event, data: DeliverMessage) -> None:
        """Nothing can be written into a call."""
        report = DeliveryReported(
            conversation=data.conversation,
            interaction=data.interaction,
            message=data.message,
            state=DeliveryState.FAILED,
            at=self._parts.clock.now(),
            code=NOT_OFFERED,
            is_final=True,
        )
        await self._intake.report(event.tenant, data.interaction, report, id=f"{data.message}/failed", traceparent=event.traceparent)


def _legs(call: Call | None) -> tuple[str, ...]:
    if call is None:
        return ()
    return tuple(leg for leg in (*call.former, call.customer_leg, call.agent_leg) if leg is not None)[-FORMER_KEPT:]


def _command(event: Event) -> Command:
    match event.data:
        case QueueCall():
            return PutInQueue(command=event.id)
        case HoldCall():
            return PutOnHold(command=event.id)
        case ResumeCall():
            return TakeOffHold(command=event.id)
        case ReleaseCall(party="agent"):
            return ReleaseAgent(command=event.id)
        case ReleaseCall(party="guest"):
            return DropGuest(command=event.id)
        case ConferenceCall():
            return Confer(command=event.id)
        case SendDigits(digits=digits):
            return PressKeys(command=event.id, digits=digits)
        case RecordCall(is_recording=is_recording):
            return SetRecording(command=event.id, is_on=is_recording)
        case TakeVoicemail():
            return TakeMessage(command=event.id)
        case ReleaseCall():
            return Release(command=event.id)
        case TransferCall(address=address):
            return SendOutside(command=event.id, address=address)
        case _:
            raise AssertionError(f"{event.type} is no command of a call")
