"""The settings of ingest-chat."""

from __future__ import annotations

from pydantic import Field

from standardiste.common.settings import CommonSettings


class ChatSettings(CommonSettings):
    chat_file_bytes_max: int = Field(default=10 * 1024 * 1024, gt=0, description="Largest file that a visitor may send.")
    chat_mails_per_client_s: float = Field(
        default=0.02, gt=0, description="Messages left and transcripts asked for, a second per client address, over time."
    )
    chat_mails_per_client_burst: int = Field(default=10, gt=0, description="The same, at once.")
    chat_sockets_max: int = Field(default=5_000, gt=0, description="Sockets of one pod; more visitors are turned away.")
    chat_gone_after_ms: int = Field(default=10_000, gt=0, description="How long a visitor's last socket may be gone before he has left.")
    chat_sessions_per_client_s: float = Field(default=1.0, gt=0, description="New sessions a second per client address, over time.")
    chat_sessions_per_client_burst: int = Field(
        default=60, gt=0, description="New sessions of a client address at once (an office behind one)."
    )
