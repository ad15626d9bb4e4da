"""
The settings that every service has, from the environment (STANDARDISTE_…) and an optional TOML file named by STANDARDISTE_CONFIG.

The environment wins over the file. One file may serve all services: each reads its own fields and leaves the others' alone.
A service's class adds its own fields, prefixed with its short name: `class EmailSettings(CommonSettings): email_smtp_listen: str = "…"`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

CONFIG_VARIABLE = "STANDARDISTE_CONFIG"
KIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """What an HTTP edge needs to know. Rates are tokens of a bucket: `per_s` flow in, `burst` fit."""

    public_url: str = "http://127.0.0.1:8080"
    allowed_origins: tuple[str, ...] = ()
    body_bytes_max: int = 1024 * KIB
    tenant_per_s: int = 1_000
    tenant_burst: int = 3_000
    client_per_s: int = 50
    client_burst: int = 200


class CommonSettings(BaseSettings):
    """Where the parts are and how to listen. Every field can be set as STANDARDISTE_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="STANDARDISTE_", extra="ignore", frozen=True)

    bus: str = Field(default="embedded:data/bus.sqlite", description="Where the bus is: embedded:<file>, or kafka://host:port.")
    store: str = Field(default="sqlite:///data/store.sqlite", description="Where documents are: sqlite:///<file>, or mongodb://….")
    blobs: str = Field(default="data/blobs", description="Where blobs are: a folder, or mongodb://… for its GridFS.")
    scanner: str = Field(
        default="", description="Where the attachment scanner is: clamd:///path/of/socket or clamd://host:port; empty: there is none."
    )
    secrets_folder: Path = Field(default=Path("data/secrets"), description="The folder with installation.key and the token keys.")
    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8080, ge=0, le=65535, description="The port to listen on; 0 takes a free one.")
    public_url: str = Field(default="", description="How the world reaches us, without a path; empty: http://host:port.")
    allowed_origins: tuple[str, ...] = Field(default=(), description="Further web origins whose pages may call the API.")
    trusted_proxies: str = Field(default="127.0.0.1", description="Proxies whose X-Forwarded-For is believed, comma separated.")
    start_within_s: int = Field(
        default=300, ge=0, description="How long a start waits for a bus or a store that is away before it gives up, in seconds."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="From which level on lines are written.")
    otlp_endpoint: str | None = Field(default=None, description="OTLP/HTTP endpoint for traces; none: no spans are kept.")
    http_body_bytes_max: int = Field(default=1024 * KIB, gt=0, description="Largest request body where a path names no other limit.")
    http_tenant_per_s: int = Field(default=1_000, gt=0, description="Requests a second per tenant, over time.")
    http_tenant_burst: int = Field(default=3_000, gt=0, description="Requests of a tenant at once.")
    http_client_per_s: int = Field(default=50, gt=0, description="Requests a second per client address on paths without a credential.")
    http_client_burst: int = Field(default=200, gt=0, description="Requests of a client address at once on paths without a credential.")

    @property
    def url(self) -> str:
        """`public_url`, or what host and port give."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def http(self) -> HttpSettings:
        return HttpSettings(
            public_url=self.url,
            allowed_origins=self.allowed_origins,
            body_bytes_max=self.http_body_bytes_max,
            tenant_per_s=self.http_tenant_per_s,
            tenant_burst=self.http_tenant_burst,
            client_per_s=self.http_client_per_s,
            client_burst=self.http_client_burst,
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given in code first, then the environment, then the file."""
        path = os.environ.get(CONFIG_VARIABLE)
        file = (TomlConfigSettingsSource(settings_cls, Path(path)),) if path else ()
        return (init_settings, env_settings, *file)
