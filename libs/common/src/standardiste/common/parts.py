"""What a service is given: the process's open parts, once. `service.py` opens and closes them."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.common.blobs.port import Blobs
from standardiste.common.bus.port import Bus
from standardiste.common.clock import Clock
from standardiste.common.directory_view import DirectoryView
from standardiste.common.hold import Hold
from standardiste.common.ids import Ids
from standardiste.common.scanning.port import Scanner
from standardiste.common.secrets.port import Secrets
from standardiste.common.security.keys import Keys
from standardiste.common.security.tokens import TokenVerifier
from standardiste.common.settings import HttpSettings
from standardiste.common.store.port import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Opened once per process and shared by its services."""

    bus: Bus
    store: Store
    blobs: Blobs
    secrets: Secrets
    keys: Keys
    verifier: TokenVerifier
    directory: DirectoryView
    clock: Clock
    ids: Ids
    http: HttpSettings
    hold: Hold
    scanner: Scanner | None = None
