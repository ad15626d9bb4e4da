"""Opens the parts that the settings name, in the order they lean on each other."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from standardiste.common.blobs.connect import connect as connect_blobs
from standardiste.common.bus.connect import connect as connect_bus
from standardiste.common.bus.mark import installation_of
from standardiste.common.clock import Clock, SystemClock
from standardiste.common.directory_view import DirectoryView
from standardiste.common.hold import Hold
from standardiste.common.ids import Ids, RandomIds
from standardiste.common.parts import Parts
from standardiste.common.scanning.clamd import Clamd, clamd_address
from standardiste.common.secrets.envelope import StoredSecrets
from standardiste.common.security.keys import TOKEN_PUBLIC, Keys
from standardiste.common.security.tokens import TokenVerifier
from standardiste.common.settings import CommonSettings
from standardiste.common.store.connect import connect as connect_store


async def open_parts(settings: CommonSettings, clock: Clock | None = None, ids: Ids | None = None) -> Parts:
    """
    Everything a service is given, open. What was opened before a failure is closed again.

    Raises FileNotFoundError without a secrets folder (`make_secrets` makes one), and whatever opening bus, store or blobs raises.
    """
    clock, ids = clock or SystemClock(), ids or RandomIds()
    keys, public_pem = await asyncio.to_thread(_load_keys, settings.secrets_folder)
    async with AsyncExitStack() as opened:
        store = await connect_store(settings.store)
        opened.push_async_callback(store.close)
        secrets = StoredSecrets(store, keys.installation("channel secrets"))
        await secrets.open()
        blobs = await connect_blobs(settings.blobs, clock)
        opened.push_async_callback(blobs.close)
        installation = await installation_of(store, ids) if settings.bus.startswith("kafka:") else None
        bus = await connect_bus(settings.bus, clock, installation)
        opened.pop_all()
    return Parts(
        bus=bus,
        store=store,
        blobs=blobs,
        secrets=secrets,
        keys=keys,
        verifier=TokenVerifier(public_pem),
        directory=DirectoryView(),
        clock=clock,
        ids=ids,
        http=settings.http,
        hold=Hold(store, clock),
        scanner=Clamd(clamd_address(settings.scanner)) if settings.scanner else None,
    )


def _load_keys(folder: Path) -> tuple[Keys, bytes]:
    return Keys.load(folder), (folder / TOKEN_PUBLIC).read_bytes()
