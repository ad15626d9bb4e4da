"""The settings of ingest-open."""

from __future__ import annotations

from pydantic import Field

from standardiste.common.settings import CommonSettings


class OpenSettings(CommonSettings):
    open_body_bytes_max: int = Field(
        default=16 * 1024 * 1024, gt=0, description="Largest body of a posted interaction, attachments in base64 included."
    )
    open_webhooks_private_allowed: bool = Field(
        default=False,
        description="Webhooks may go to private and loopback addresses, and over plain http: for a laptop, or receivers inside the house.",
    )
