"""What the router hears of a send: `delivery.reported` on inputs, with ids that make a repeat the same event."""

from __future__ import annotations

from standardiste.common.bus.port import Outgoing
from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Event, Instant
from standardiste.common.events.codec import encode
from standardiste.common.events.inputs import DeliveryReported
from standardiste.common.events.model import AgentId, ChannelAddressId, ConversationId, DeliveryState, InteractionId, MessageId
from standardiste.common.outbox.record import SendRecord, SendState

_FINAL = frozenset({DeliveryState.FAILED, DeliveryState.READ})


def report(
    record: SendRecord,
    service: str,
    state: DeliveryState,
    at: Instant,
    *,
    recipient: str = "",
    code: str | None = None,
    detail: str | None = None,
    segments: int | None = None,
) -> Outgoing:
    """One report, ready to be published. Its id says message, state and recipient: once is as good as twice."""
    event = Event(
        id="/".join(filter(None, (record.message, state.value, recipient))),
        source=service,
        subject=record.conversation,
        tenant=record.tenant,
        time=at,
        data=DeliveryReported(
            conversation=ConversationId(record.conversation),
            interaction=InteractionId(record.interaction),
            message=MessageId(record.message),
            state=state,
            at=at,
            recipient=recipient,
            code=code,
            detail=detail,
            is_final=state in _FINAL,
            segments=segments,
            sender=AgentId(record.sender) if record.sender else None,
            channel_address=ChannelAddressId(record.channel_address) if record.channel_address else None,
        ),
        traceparent=record.traceparent,
    )
    return encode(event, Topic.INPUTS)


def reports_of_end(record: SendRecord, service: str) -> tuple[Outgoing, ...]:
    """All that is to be said of an ended send: the yes or the no, and whom the provider left out."""
    assert record.ended_at is not None, "only an ended send has an end to report"
    at = Instant(record.ended_at)
    if record.state is SendState.FAILED:
        return (report(record, service, DeliveryState.FAILED, at, code=record.code, detail=record.detail),)
    left_out = (
        report(record, service, DeliveryState.FAILED, at, recipient=each.recipient, code=each.code, detail=each.detail)
        for each in record.refused
    )
    return (report(record, service, DeliveryState.SENT, at, segments=record.segments), *left_out)
