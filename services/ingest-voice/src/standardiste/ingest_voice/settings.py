"""The settings of ingest-voice: those of Twilio, shared with SMS."""

from __future__ import annotations

from standardiste.common.twilio.settings import TwilioSettings


class VoiceSettings(TwilioSettings):
    """Nothing of its own yet beyond `twilio_url` and `twilio_timeout_ms`."""
