"""Sending on behalf of the router: one stored send per message, tried until the provider takes it or it is given up."""

from standardiste.common.outbox.outbox import Outbox
from standardiste.common.outbox.policy import EMAIL_POLICY, OPEN_POLICY, SMS_POLICY, OnUnknown, OutboxPolicy
from standardiste.common.outbox.provider import Provider, Refused, Send, Sent, Unknown
from standardiste.common.outbox.record import SendRecord, SendState

__all__ = [
    "EMAIL_POLICY",
    "OPEN_POLICY",
    "SMS_POLICY",
    "OnUnknown",
    "Outbox",
    "OutboxPolicy",
    "Provider",
    "Refused",
    "Send",
    "SendRecord",
    "SendState",
    "Sent",
    "Unknown",
]
