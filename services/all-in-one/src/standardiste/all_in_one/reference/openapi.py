"""One OpenAPI document per service, as the running service gives it."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from standardiste.all_in_one.app import build as build_own
from standardiste.all_in_one.installation import prepare
from standardiste.all_in_one.services import build_all, given_by, open_installation
from standardiste.common.app import openapi
from standardiste.common.bus.local import LocalBus
from standardiste.common.store.sqlite import SqliteStore


def openapi_documents() -> dict[str, dict[str, Any]]:
    """By service name. Builds every service on a folder that is thrown away; nothing is started."""
    return asyncio.run(_documents())


async def _documents() -> dict[str, dict[str, Any]]:
    with tempfile.TemporaryDirectory() as root:
        folder = prepare(Path(root))
        given = given_by(folder, url="http://127.0.0.1:8080", smtp_port=8025)
        parts = await open_installation(given)
        assert isinstance(parts.bus, LocalBus)
        assert isinstance(parts.store, SqliteStore)
        try:
            services = [*build_all(parts, given), build_own(folder, parts, parts.bus, parts.store)]
            return {service.name: openapi(service.name, service.router) for service in services if service.router is not None}
        finally:
            await parts.bus.close()
            await parts.blobs.close()
            await parts.store.close()
