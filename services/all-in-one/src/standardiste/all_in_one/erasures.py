"""
Past erasures beside the backups: a list of keyed ids that is kept current, and laid into every restored folder to be applied again.

Theory. A backup is older than the erasures that follow it, so they are not in it. They stand in one file beside all backups; a restore lays them into the
documents as begun, and `customers` carries them out before it has been running for a minute. The file holds no personal data and may be copied anywhere.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from standardiste.all_in_one.installation import Folder
from standardiste.common.errors import Away
from standardiste.common.files import write_private
from standardiste.common.log import logger
from standardiste.common.store.port import Find, Store
from standardiste.customers.records import ERASURES

NAME: Final = "erasures.jsonl"
LOOK_EVERY_S: Final = 10.0

log = logger("all-in-one")


async def keep_current(folder: Folder, store: Store, ready: Callable[[], None]) -> None:
    """Write the list whenever there is a new erasure; runs until cancelled."""
    ready()
    written: list[str] | None = None
    while True:
        try:
            lines = [
                line_of(document.tenant, document.id, dict(document.body))
                async for document in store.every_tenant(ERASURES, Find(limit=500))
            ]
        except Away:
            lines = written
        if lines and lines != written:
            await asyncio.to_thread(add_to, folder.backups / NAME, lines)
            written = lines
        await asyncio.sleep(LOOK_EVERY_S)


async def lay_in(backup: Path, folder: Folder, store: Store) -> int:
    """Into a restored folder: every erasure that stands beside the backup, to be carried out anew. Gives how many."""
    source = backup.parent / NAME
    if not source.exists():
        return 0
    lines = source.read_text("utf-8").splitlines()
    await asyncio.to_thread(add_to, folder.backups / NAME, lines)
    await store.open([ERASURES])
    for line in lines:
        one = json.loads(line)
        await store.tenant(one["tenant"]).put(ERASURES, one["id"], {**one["erasure"], "stage": "begun"})
    return len(lines)


def line_of(tenant: str, id: str, body: dict[str, Any]) -> str:
    """One erasure as it stands in the list."""
    return json.dumps({"tenant": tenant, "id": id, "erasure": body}, sort_keys=True, separators=(",", ":"))


def add_to(path: Path, lines: list[str]) -> None:
    """Into the list, whole or not at all. What stands there stays, unless the same erasure is told anew."""
    known = {_key(line): line for line in (path.read_text("utf-8").splitlines() if path.exists() else [])}
    known |= {_key(line): line for line in lines}
    fresh = path.with_suffix(".part")
    fresh.unlink(missing_ok=True)
    write_private(fresh, "".join(f"{line}\n" for line in known.values()).encode())
    fresh.replace(path)


def _key(line: str) -> tuple[str, str]:
    one = json.loads(line)
    return one["tenant"], one["id"]
