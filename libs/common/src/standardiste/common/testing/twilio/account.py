"""What the stand-in remembers of its one account: numbers, texts, queues of callers, who opted out, and the alerts of Twilio's debugger."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from standardiste.common.events.base import Instant
from standardiste.common.twilio.segments import segments

if TYPE_CHECKING:
    from standardiste.common.testing.twilio.call import Call, CallQueue, Conference, Recording

API_VERSION = "2010-04-01"
STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
START_WORDS = frozenset({"START", "YES", "UNSTOP"})
_ALERTS_KEPT = 500


@dataclass(slots=True, kw_only=True)
class Number:
    """A number of the account and where its webhooks go."""

    number: str
    sms_url: str | None = None
    voice_url: str | None = None
    voice_status_url: str | None = None


@dataclass(slots=True, kw_only=True)
class Text:
    """A message resource."""

    sid: str
    from_: str
    to: str
    body: str
    direction: str
    status: str
    created_at: Instant
    updated_at: Instant
    sent_at: Instant | None = None
    error_code: int | None = None
    status_callback: str | None = None
    messaging_service_sid: str | None = None
    media: tuple[str, ...] = ()

    def resource(self, account_sid: str) -> dict[str, Any]:
        """As the REST API shows it."""
        uri = f"/{API_VERSION}/Accounts/{account_sid}/Messages/{self.sid}"
        return {
            "account_sid": account_sid,
            "api_version": API_VERSION,
            "body": self.body,
            "date_created": rfc2822(self.created_at),
            "date_sent": rfc2822(self.sent_at),
            "date_updated": rfc2822(self.updated_at),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None,
            "from": self.from_ or None,
            "messaging_service_sid": self.messaging_service_sid,
            "num_media": str(len(self.media)),
            "num_segments": str(segments(self.body).count),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": self.to,
            "uri": f"{uri}.json",
        }


@dataclass(slots=True)
class Account:
    """One Twilio account. Sids count up, so a run is repeatable."""

    sid: str
    auth_token: str
    status: str = "active"
    numbers: dict[str, Number] = field(default_factory=dict[str, Number])
    texts: dict[str, Text] = field(default_factory=dict[str, Text])
    media: dict[str, tuple[str, bytes]] = field(default_factory=dict[str, tuple[str, bytes]])
    calls: dict[str, Call] = field(default_factory=dict[str, "Call"])
    conferences: dict[str, Conference] = field(default_factory=dict[str, "Conference"])
    recordings: dict[str, Recording] = field(default_factory=dict[str, "Recording"])
    queues: dict[str, CallQueue] = field(default_factory=dict[str, "CallQueue"])
    opted_out: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    alerts: deque[str] = field(default_factory=lambda: deque[str](maxlen=_ALERTS_KEPT))
    _minted: int = 0

    def mint(self, prefix: str) -> str:
        """A sid: the prefix and 32 hexadecimal digits."""
        self._minted += 1
        return f"{prefix}{self._minted:032x}"

    def alert(self, text: str) -> None:
        """What Twilio's debugger would show: a webhook that failed, TwiML that cannot be run."""
        self.alerts.append(text)


def rfc2822(at: Instant | None) -> str | None:
    return None if at is None else format_datetime(datetime.fromtimestamp(at // 1000, UTC))
