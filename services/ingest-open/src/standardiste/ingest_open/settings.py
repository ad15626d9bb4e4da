"""The settings of ingest-open."""

from __future__ import annotations

from pydantic import Field

from standardiste.common.settings import CommonSettings


class OpenSettings(CommonSettings):
    open_body_bytes_max: int = Field(
        16 * 1024 * 1024, gt=0, description="Largest body of a posted interaction, attachments in base64 included."
    )
