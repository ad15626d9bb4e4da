"""The agent gateway as a service: its paths, its tail, its pulse, and the desk's page."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import RedirectResponse

from standardiste.agent_gateway.admission import Doorman
from standardiste.agent_gateway.files import AgentFiles, add_files
from standardiste.agent_gateway.hub import Hub
from standardiste.agent_gateway.paths import Router, add_paths
from standardiste.agent_gateway.session import Place
from standardiste.agent_gateway.settings import GatewaySettings
from standardiste.agent_gateway.sockets import add_socket
from standardiste.agent_gateway.window import Window
from standardiste.common.bus.port import epoch_of
from standardiste.common.log import logger
from standardiste.common.scanning.screen import Screen
from standardiste.common.service import Parts, Service

NAME: Final = "agent-gateway"
DESK: Final = Path(__file__).parent / "static" / "built"

log = logger(NAME)


def build(settings: GatewaySettings, parts: Parts) -> Service:
    """The service. Its id among gateways is new at every start, so that the router never takes a fresh one for one that lived on."""
    doorman = Doorman(verifier=parts.verifier, directory=parts.directory, keys=parts.keys, ids=parts.ids, epoch=epoch_of(parts.bus))
    files = AgentFiles(parts.keys)
    place = Place(
        gateway=parts.ids.mint("gateway"),
        doorman=doorman,
        files=files,
        file_bytes_max=settings.gateway_file_bytes_max,
        window=Window(keep_bytes=settings.gateway_window_bytes),
        ids=parts.ids,
        partitions=parts.bus.partitions,
    )
    hub = Hub(
        bus=parts.bus,
        clock=parts.clock,
        place=place,
        look_back=settings.gateway_look_back,
        beat_every_ms=settings.gateway_beat_every_ms,
    )
    edge = APIRouter()
    add_socket(edge, hub, settings.gateway_sockets_max)
    add_paths(edge, Router(hub=hub, directory=parts.directory, files=files, clock=parts.clock, ids=parts.ids))
    screen = Screen(parts.scanner, parts.directory)
    add_files(edge, files, blobs=parts.blobs, screen=screen, bytes_max=settings.gateway_file_bytes_max)
    if DESK.is_dir():
        edge.add_api_route("/desk", _to_desk, include_in_schema=False)
    else:
        log.warning("desk_not_built", how="npm ci && npm run build, in services/agent-gateway/web")
    return Service(
        name=NAME,
        router=edge,
        tasks={"tail": hub.follow, "pulse": hub.pulse, "configuration": hub.watch_configuration},
        static={"/desk": DESK} if DESK.is_dir() else {},
    )


async def _to_desk() -> RedirectResponse:
    """People type it without the slash."""
    return RedirectResponse("/desk/")
