"""Every service, once: its name, its settings, how it is built; and the parts they share in one process on one folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from standardiste.agent_gateway.app import build as build_gateway
from standardiste.agent_gateway.settings import GatewaySettings
from standardiste.all_in_one.installation import Folder
from standardiste.common.clock import Clock
from standardiste.common.opening import open_parts
from standardiste.common.parts import Parts
from standardiste.common.service import Service
from standardiste.common.settings import CommonSettings
from standardiste.customers.app import build as build_customers
from standardiste.customers.settings import CustomersSettings
from standardiste.directory.app import build as build_directory
from standardiste.directory.settings import DirectorySettings
from standardiste.ingest_chat.app import build as build_chat
from standardiste.ingest_chat.settings import ChatSettings
from standardiste.ingest_email.app import build as build_email
from standardiste.ingest_email.settings import EmailSettings
from standardiste.ingest_open.app import build as build_open
from standardiste.ingest_open.settings import OpenSettings
from standardiste.ingest_sms.app import build as build_sms
from standardiste.ingest_sms.settings import SmsSettings
from standardiste.ingest_voice.app import build as build_voice
from standardiste.ingest_voice.settings import VoiceSettings
from standardiste.router.app import build as build_router
from standardiste.router.settings import RouterSettings

SETTINGS: Mapping[str, type[CommonSettings]] = {
    "router": RouterSettings,
    "customers": CustomersSettings,
    "directory": DirectorySettings,
    "agent-gateway": GatewaySettings,
    "ingest-email": EmailSettings,
    "ingest-sms": SmsSettings,
    "ingest-voice": VoiceSettings,
    "ingest-chat": ChatSettings,
    "ingest-open": OpenSettings,
}
_BUILD: Mapping[str, Callable[[Any, Parts], Service]] = {
    "router": build_router,
    "customers": build_customers,
    "directory": build_directory,
    "agent-gateway": build_gateway,
    "ingest-email": build_email,
    "ingest-sms": build_sms,
    "ingest-voice": build_voice,
    "ingest-chat": build_chat,
    "ingest-open": build_open,
}

Given = Mapping[str, object]
"""Settings that the embedded edition fixes; environment and file give the rest."""


def given_by(folder: Folder, *, url: str, smtp_port: int) -> Given:
    """What the data folder and the command line say."""
    return {
        "bus": f"embedded:///{folder.bus.resolve()}",
        "store": f"sqlite:///{folder.store.resolve()}",
        "blobs": str(folder.blobs.resolve()),
        "secrets_folder": folder.secrets,
        "public_url": url,
        "email_smtp_port": smtp_port,
    }


async def open_installation(given: Given, clock: Clock | None = None) -> Parts:
    """The parts of this process. Raises what opening them raises (FolderInUse, FormatTooNew, …)."""
    return await open_parts(CommonSettings.model_validate(given), clock)


def build_all(parts: Parts, given: Given) -> Sequence[Service]:
    """Every service on these parts."""
    return [_BUILD[name](settings.model_validate(given), parts) for name, settings in SETTINGS.items()]
