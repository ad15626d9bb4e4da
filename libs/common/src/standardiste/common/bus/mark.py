"""
Whose topics these are: a mark on the topics that names the installation, held against the one in its store before anything is read or written.

Topics on a shared cluster outlive processes and may be named by two installations by mistake: each would then eat the other's records. The installation's name
is minted with its store and kept there; the first start (`standardiste begin`) lays it down on the topics, as a record of `directory` of a type that
readers skip. Whoever finds another name there ends with an error that says so; topics without a mark are taken as they are.
"""

from __future__ import annotations

from typing import Final, Protocol, runtime_checkable

from standardiste.common.bus.port import Outgoing
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import Clock, rfc3339
from standardiste.common.errors import VersionConflict
from standardiste.common.hold import HOLD, INSTALLATION
from standardiste.common.ids import Ids
from standardiste.common.store.port import ABSENT, Store

MARK_TYPE: Final = "standardiste.installation.marked.v1"
MARK_TENANT: Final = ""
"""Nobody's: it chooses the partition and nothing else."""
_ID: Final = "name"


@runtime_checkable
class Markable(Protocol):
    """A bus whose topics may be shared by mistake."""

    async def mark(self) -> None:
        """Lay down whose topics these are, where nobody has. Raises AnotherInstallation, BusAway."""
        ...


async def installation_of(store: Store, ids: Ids) -> str:
    """The name of the installation that this store belongs to, minted the first time. Raises StoreAway."""
    await store.open([HOLD])
    documents = store.tenant(INSTALLATION)
    while (found := await documents.get(HOLD, _ID)) is None:
        try:
            await documents.put(HOLD, _ID, {"name": ids.mint("inst")}, expected=ABSENT)
        except VersionConflict:
            continue  # another process of the same installation was faster
    return str(found.body["name"])


def marking(installation: str, clock: Clock) -> Outgoing:
    """The record that marks the topics."""
    return Outgoing(
        topic=Topic.DIRECTORY,
        tenant=MARK_TENANT,
        key=f"installation/{installation}",
        value=b"{}",
        headers={
            "ce_specversion": "1.0",
            "ce_id": installation,
            "ce_source": "begin",
            "ce_type": MARK_TYPE,
            "ce_subject": installation,
            "ce_time": rfc3339(clock.now()),
            "ce_tenant": MARK_TENANT,
            "format": "1",
        },
    )
