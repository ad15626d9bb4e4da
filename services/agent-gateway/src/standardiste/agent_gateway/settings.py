"""What can be set of the gateway."""

from __future__ import annotations

from pydantic import Field

from standardiste.agent_gateway.window import WINDOW_BYTES
from standardiste.common.settings import CommonSettings


class GatewaySettings(CommonSettings):
    """STANDARDISTE_GATEWAY_…"""

    gateway_window_bytes: int = Field(
        WINDOW_BYTES, gt=0, description="How many bytes of decisions are kept in memory for desks that come back."
    )
    gateway_look_back: int = Field(20_000, ge=0, description="How many decisions per partition are read again at the start.")
    gateway_beat_every_ms: int = Field(5_000, gt=0, le=5_000, description="How often the router hears that this gateway lives.")
    gateway_file_bytes_max: int = Field(10 * 1024 * 1024, gt=0, description="Largest file that an agent sends with an answer.")
    gateway_sockets_max: int = Field(5_000, gt=0, description="How many desks one process takes.")
