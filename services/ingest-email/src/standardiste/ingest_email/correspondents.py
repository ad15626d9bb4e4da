"""
How often a correspondent writes to an address of ours, and is written to by machine: the brake on loops and floods.

Theory. A loop is two machines that answer each other; no header stops all of them, a count does. Each correspondent and address has a window that
begins with the first mail in it. The counts live in memory, the latest correspondents only; each quarter of what is allowed is written down, under
a keyed hash, so a process that begins again, or another one, goes on from there and lets pass a quarter more at most. Mails over the cap are not
refused, they are closed at once (`flood`): nothing is lost, and nobody is offered the five-hundredth answer of a machine.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final

from standardiste.common.clock import Clock
from standardiste.common.errors import VersionConflict
from standardiste.common.events.codec import adapter
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.ids import keyed_id
from standardiste.common.intake import TenantKeys
from standardiste.common.store.port import ABSENT, Collection, Index, Store
from standardiste.ingest_email.forgetting import forget_ended

CORRESPONDENTS: Final = Collection(name="ingest-email-correspondents", indexes=(Index(name="ends_at", path="ends_at"),))
MAILS_MAX, WINDOW_MINUTES = 300, 60
"""As many mails of one correspondent to one address within so long go to agents, unless the address's settings say otherwise."""
ACKNOWLEDGEMENTS_MAX, DAY_MINUTES = 5, 24 * 60
"""As many acknowledgements does one correspondent get within a day."""
_KEPT_MAX: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """So many within so long; `max` 0 is no cap. `purpose` keeps counts apart."""

    purpose: str
    max: int
    minutes: int


def mails_cap(address: ChannelAddress) -> Cap:
    """What the address allows a correspondent."""
    return Cap(
        purpose="in",
        max=int(address.settings.get("rate_max", MAILS_MAX)),
        minutes=max(1, int(address.settings.get("rate_minutes", WINDOW_MINUTES))),
    )


ACKNOWLEDGEMENTS: Final = Cap(purpose="acknowledged", max=ACKNOWLEDGEMENTS_MAX, minutes=DAY_MINUTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    ends_at: int
    count: int = 0
    format: int = 1


class Correspondents:
    """The counts of one process."""

    def __init__(self, store: Store, keys: TenantKeys, clock: Clock) -> None:
        self._store, self._keys, self._clock = store, keys, clock
        self._counts: OrderedDict[tuple[str, str], _Count] = OrderedDict()

    async def is_over(self, tenant: str, address: ChannelAddress, correspondent: str, cap: Cap) -> bool:
        """Whether one more is more than the cap allows. Raises StoreAway."""
        return cap.max > 0 and (await self._present(tenant, self._id(tenant, address, correspondent, cap), cap)).count >= cap.max

    async def count(self, tenant: str, address: ChannelAddress, correspondent: str, cap: Cap) -> None:
        """Count one, once it is taken or sent: what has to be tried again is not counted for each try. Raises StoreAway."""
        if cap.max <= 0:
            return
        id = self._id(tenant, address, correspondent, cap)
        former = await self._present(tenant, id, cap)
        counted = replace(former, count=former.count + 1)
        self._keep(tenant, id, counted)
        if counted.count % max(1, cap.max // 4) == 0 and counted.count <= cap.max:
            await self._write(tenant, id, counted)

    def _id(self, tenant: str, address: ChannelAddress, correspondent: str, cap: Cap) -> str:
        return keyed_id(self._keys.tenant(tenant, "mail correspondent"), "k", cap.purpose, address.id, correspondent)

    async def _present(self, tenant: str, id: str, cap: Cap) -> _Count:
        """The count of the window that runs now; of a new one where none does."""
        now = self._clock.now()
        former = self._counts.get((tenant, id)) or await self._written(tenant, id)
        return former if former is not None and former.ends_at > now else _Count(ends_at=now + cap.minutes * 60_000)

    async def forget(self) -> None:
        """Forget windows that are over."""
        now = self._clock.now()
        for key, count in list(self._counts.items()):
            if count.ends_at <= now:
                del self._counts[key]
        await forget_ended(self._store, CORRESPONDENTS, now)

    def _keep(self, tenant: str, id: str, count: _Count) -> None:
        self._counts[(tenant, id)] = count
        self._counts.move_to_end((tenant, id))
        if len(self._counts) > _KEPT_MAX:
            self._counts.popitem(last=False)

    async def _written(self, tenant: str, id: str) -> _Count | None:
        document = await self._store.tenant(tenant).get(CORRESPONDENTS, id)
        return None if document is None else adapter(_Count).validate_python(document.body)

    async def _write(self, tenant: str, id: str, count: _Count) -> None:
        documents = self._store.tenant(tenant)
        former = await documents.get(CORRESPONDENTS, id)
        body = adapter(_Count).dump_python(count, mode="json")
        try:
            await documents.put(CORRESPONDENTS, id, body, expected=ABSENT if former is None else former.version)
        except VersionConflict:
            return  # another process counts the same correspondent: one of the two is written, and either will do
