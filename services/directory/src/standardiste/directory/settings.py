"""The settings of directory."""

from __future__ import annotations

import socket

from pydantic import Field

from standardiste.common.settings import CommonSettings


class DirectorySettings(CommonSettings):
    directory_holder: str = Field(
        default_factory=socket.gethostname, description="The name under which this process holds the relay's lease; a pod keeps its own."
    )
    directory_document_bytes_max: int = Field(default=8 * 1024 * 1024, gt=0, description="Largest configuration document.")
    directory_sign_in_name_burst: int = Field(default=10, gt=0, description="Sign-ins at once for one name.")
    directory_sign_in_name_per_min: int = Field(default=10, gt=0, description="Sign-ins a minute for one name.")
    directory_sign_in_address_burst: int = Field(
        default=300, gt=0, description="Sign-ins at once from one address: a whole floor begins at nine behind one."
    )
    directory_sign_in_address_per_min: int = Field(default=120, gt=0, description="Sign-ins a minute from one address.")
    directory_password_memory_kib: int = Field(default=19_456, ge=8, description="Memory of one argon2id hash.")
    directory_password_passes: int = Field(default=2, ge=1, description="Passes of one argon2id hash.")
