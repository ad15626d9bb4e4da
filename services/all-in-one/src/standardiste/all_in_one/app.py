"""The installation's own paths and its nightly work: backups, and the hold after a restore."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from standardiste.all_in_one import backup, erasures
from standardiste.all_in_one.backup import Copies
from standardiste.all_in_one.installation import FORMAT, Folder
from standardiste.common.bus.local import LocalBus
from standardiste.common.errors import StandardisteError
from standardiste.common.http import allowed, page
from standardiste.common.http_problem import problem
from standardiste.common.log import logger
from standardiste.common.parts import Parts
from standardiste.common.security.audit import Audit
from standardiste.common.security.principal import Principal
from standardiste.common.security.rights import Act
from standardiste.common.service import Service

NAME = "all-in-one"
NIGHTLY_AT_HOUR_UTC = 2
RETRY_AFTER_S = 900.0

log = logger(NAME)


class Installation:
    """What can be asked of the running installation as a whole. One backup at a time."""

    def __init__(self, folder: Folder, parts: Parts, bus: LocalBus, store: Copies) -> None:
        self._folder, self._parts, self._bus, self._store = folder, parts, bus, store
        self._audit = Audit(parts.store, parts.clock)
        self._taking = asyncio.Lock()

    async def describe(self, _: Annotated[Principal, Depends(allowed(Act.INSTALLATION_READ))]) -> dict[str, Any]:
        """Version, epoch, format, and whether sending is held."""
        hold = self._parts.hold
        return {
            "version": version("standardiste"),
            "format": FORMAT,
            "epoch": self._bus.epoch,
            "is_held": hold.is_held(),
            "held_because": hold.because,
        }

    async def take_backup(self, who: Annotated[Principal, Depends(allowed(Act.BACKUP_MAKE))]) -> dict[str, Any]:
        info = await self._take()
        await self._audit.record(who.tenant, who.who, Act.BACKUP_MAKE, "installation", after={"backup": info.name})
        return asdict(info)

    async def list_backups(self, _: Annotated[Principal, Depends(allowed(Act.INSTALLATION_READ))]) -> dict[str, Any]:
        return page([asdict(info) for info in backup.listed(self._folder)], None)

    async def release(self, who: Annotated[Principal, Depends(allowed(Act.SENDING_RELEASE))]) -> Response:
        if await self._parts.hold.release():
            await self._audit.record(who.tenant, who.who, Act.SENDING_RELEASE, "installation")
        return Response(status_code=204)

    async def nightly(self, ready: Callable[[], None]) -> None:
        """A backup every night at two (UTC); one that fails is tried again a quarter of an hour later."""
        ready()
        wait_s = backup.seconds_until(NIGHTLY_AT_HOUR_UTC, self._parts.clock.now() / 1000)
        while True:
            await asyncio.sleep(wait_s)
            is_taken = await self._taken()
            wait_s = backup.seconds_until(NIGHTLY_AT_HOUR_UTC, self._parts.clock.now() / 1000) if is_taken else RETRY_AFTER_S

    async def _taken(self) -> bool:
        try:
            info = await self._take()
        except (StandardisteError, OSError) as error:
            log.error("backup_failed", detail=str(error))
            return False
        log.info("backup_taken", name=info.name, log_bytes=info.log_bytes, document_bytes=info.document_bytes)
        return True

    async def _take(self) -> backup.BackupInfo:
        async with self._taking:
            try:
                return await backup.take(self._folder, self._bus, self._store, self._parts.clock)
            except OSError as error:
                raise problem("backup_failed", str(error)) from error


def build(folder: Folder, parts: Parts, bus: LocalBus, store: Copies) -> Service:
    """The installation's own service."""
    installation = Installation(folder, parts, bus, store)
    router = APIRouter()
    router.add_api_route("/v1/installation", installation.describe, methods=["GET"])
    router.add_api_route("/v1/installation/backups", installation.take_backup, methods=["POST"], status_code=201)
    router.add_api_route("/v1/installation/backups", installation.list_backups, methods=["GET"])
    router.add_api_route("/v1/installation/release", installation.release, methods=["POST"], status_code=204)
    return Service(
        name=NAME,
        router=router,
        tasks={"nightly-backup": installation.nightly, "erasures": lambda ready: erasures.keep_current(folder, parts.store, ready)},
    )
