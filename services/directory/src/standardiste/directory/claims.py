"""
One of our addresses is set up once over the whole installation: a claim per channel and address, taken before the change set that wants it is committed.

Theory. A claim is a document of the installation, made only where there is none, so of two tenants one wins. A process may die between claim and commit; a claim that no
configuration stands behind is taken over after a minute.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, TypeAlias, cast

from standardiste.common.clock import Clock
from standardiste.common.errors import VersionConflict
from standardiste.common.events.directory import ChannelAddress, Entity
from standardiste.common.security.principal import INSTALLATION
from standardiste.common.store.port import ABSENT, Collection, Document, Store
from standardiste.directory import addresses
from standardiste.directory.changes import Change
from standardiste.directory.faults import ConfigurationRefused, Fault

CLAIMS: Final = Collection(name="address-claims")
SETTLED_AFTER_MS: Final = 60_000
FORMAT: Final = 1

Stands: TypeAlias = Callable[[str, str], Awaitable[bool]]
"""(tenant, "channel/address") → whether that tenant's configuration has the address."""


class Claims:
    """The claims, over a store."""

    def __init__(self, store: Store, clock: Clock, stands: Stands) -> None:
        self._documents, self._clock, self._stands = store.tenant(INSTALLATION), clock, stands

    async def take(self, tenant: str, changes: Iterable[Change]) -> list[str]:
        """
        Claim every address that these changes bring; give the names of the new claims.

        Raises ConfigurationRefused `address_taken`, with none of the new claims kept.
        """
        taken: list[str] = []
        faults: list[Fault] = []
        for change in changes:
            wanted = change.after
            if not isinstance(wanted, ChannelAddress) or wanted.is_archived or name_of(change.before) == name_of(wanted):
                continue
            outcome = await self._take_one(tenant, cast(str, name_of(wanted)))
            if outcome is None:
                faults.append(addresses.taken(wanted, "elsewhere"))
            elif outcome:
                taken.append(cast(str, name_of(wanted)))
        if faults:
            await self.release(tenant, taken)
            raise ConfigurationRefused(faults)
        return taken

    async def release(self, tenant: str, names: Sequence[str]) -> None:
        """Let go of claims of this tenant."""
        for name in names:
            document = await self._documents.get(CLAIMS, name)
            if document is not None and document.body["tenant"] == tenant:
                try:
                    await self._documents.delete(CLAIMS, name, expected=document.version)
                except VersionConflict:
                    continue  # somebody has taken it over meanwhile: it is theirs

    async def _take_one(self, tenant: str, name: str) -> bool | None:
        """True: taken now; False: ours already; None: somebody else's."""
        there = await self._documents.get(CLAIMS, name)
        if there is not None and there.body["tenant"] == tenant:
            return False
        if there is not None and not await self._is_abandoned(there, name):
            return None
        body = {"format": FORMAT, "tenant": tenant, "at": self._clock.now()}
        try:
            await self._documents.put(CLAIMS, name, body, expected=ABSENT if there is None else there.version)
        except VersionConflict:
            return None
        return True

    async def _is_abandoned(self, there: Document, name: str) -> bool:
        is_old = cast(int, there.body["at"]) + SETTLED_AFTER_MS <= self._clock.now()
        return is_old and not await self._stands(str(there.body["tenant"]), name)


def released_by(changes: Iterable[Change]) -> list[str]:
    """The addresses that these changes give up, once they are committed."""
    before = [(name_of(change.before), name_of(change.after)) for change in changes]
    kept = {now for _, now in before if now is not None}
    return [was for was, now in before if was is not None and was != now and was not in kept]


def name_of(entity: Entity | None) -> str | None:
    """A claim's name: "channel/address" of an address in use."""
    return f"{entity.channel}/{entity.address}" if isinstance(entity, ChannelAddress) and not entity.is_archived else None
