"""The settings of ingest-sms: those of Twilio, shared with voice, and where the second provider is."""

from __future__ import annotations

from pydantic import Field

from standardiste.common.twilio.settings import TwilioSettings


class SmsSettings(TwilioSettings):
    """Beside `twilio_url` and `twilio_timeout_ms`."""

    sms_vonage_url: str = Field(
        default="https://api.nexmo.com", description="Where Vonage's Messages API is; the stand-in's address in tests."
    )
