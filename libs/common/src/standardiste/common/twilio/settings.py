"""The settings that every service with Twilio behind it shares."""

from __future__ import annotations

from pydantic import Field

from standardiste.common.settings import CommonSettings


class TwilioSettings(CommonSettings):
    """One Twilio for the installation; the accounts are the channel addresses' own."""

    twilio_url: str = Field(
        default="https://api.twilio.com", description="Where Twilio's REST API is; the stand-in's address in tests and the demo."
    )
    twilio_timeout_ms: int = Field(default=10_000, gt=0, description="How long one request to Twilio may take.")
