"""directory as a service: who signs in, what is set up, and the relay that publishes it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter

from standardiste.common.parts import Parts
from standardiste.common.security.keys import TOKEN_PRIVATE
from standardiste.common.service import Service
from standardiste.directory.core import COLLECTIONS, make_core, make_sign_in
from standardiste.directory.edge_access import AccessEdge
from standardiste.directory.edge_configuration import ConfigurationEdge
from standardiste.directory.edge_records import RecordsEdge
from standardiste.directory.settings import DirectorySettings

NAME: Final = "directory"


def build(settings: DirectorySettings, parts: Parts) -> Service:
    """The service, not yet running. Raises FileNotFoundError without the private key: only where people sign in does it lie."""
    core = make_core(settings, parts)
    entrance = make_sign_in(core, Path(settings.secrets_folder, TOKEN_PRIVATE).read_bytes())
    router, configuration = APIRouter(), ConfigurationEdge(core)
    AccessEdge(core, entrance).add_to(router)
    RecordsEdge(core).add_to(router)
    configuration.add_to(router)
    configuration.add_kinds_to(router)
    return Service(name=NAME, router=router, tasks={"relay": core.relay.run}, collections=COLLECTIONS)
