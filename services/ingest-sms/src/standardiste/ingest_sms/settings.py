"""The settings of ingest-sms: those of Twilio, shared with voice."""

from __future__ import annotations

from standardiste.common.twilio.settings import TwilioSettings


class SmsSettings(TwilioSettings):
    """Nothing of its own yet beyond `twilio_url` and `twilio_timeout_ms`."""
