"""The messages that integrators send: one document each, moved forward by what the router decides and the channel reports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from standardiste.common.bus.port import Record
from standardiste.common.clock import Clock
from standardiste.common.errors import StoreAway, VersionConflict
from standardiste.common.events.base import Instant, spec_of
from standardiste.common.events.codec import decode
from standardiste.common.events.decisions import MESSAGE_FACTS, CommandDone, CommandRefused
from standardiste.common.events.model import InteractionId
from standardiste.common.store.port import ABSENT, Collection, Find, Index, Store, Where
from standardiste.ingest_open.sending_model import Sending, State, body_of_sending, sending_of

SENDINGS: Final = Collection(name="open-sendings", indexes=(Index(name="updated_at", path="updated_at"),))
PREFIX: Final = "ms"
KEPT_MS: Final = 90 * 24 * 3_600_000
FORGET_EVERY_S: Final = 3_600
_STATES: Final[Mapping[str, State]] = {
    spec_of(MESSAGE_FACTS[state]).name: state for state in ("delayed", "sent", "delivered", "read", "failed")
}
_DONE: Final = spec_of(CommandDone).name
_REFUSED: Final = spec_of(CommandRefused).name
HEARS: Final = frozenset({*_STATES, _DONE, _REFUSED})
_MARK: Final = f'"{PREFIX}_'.encode()


class Sendings:
    """The documents of one service."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def get(self, tenant: str, id: str) -> Sending | None:
        document = await self._store.tenant(tenant).get(SENDINGS, id)
        return None if document is None else sending_of(document.body)

    async def begin(self, tenant: str, sending: Sending) -> Sending:
        """Keep it before the router is asked. The one that is there already stays."""
        try:
            await self._store.tenant(tenant).put(SENDINGS, sending.id, body_of_sending(sending), expected=ABSENT)
        except VersionConflict:
            return await self.get(tenant, sending.id) or sending
        return sending

    async def asked(self, tenant: str, id: str) -> None:
        """The router has been asked for sure: a repeat need not ask again."""
        await self._change(tenant, id, lambda found: None if found.is_asked else replace(found, is_asked=True))

    @staticmethod
    def may_want(record: Record) -> bool:
        """Whether a decision may be about a message of ours, as far as is seen undecoded."""
        return record.headers.get("ce_type") in HEARS and record.value is not None and _MARK in record.value

    async def take(self, record: Record) -> None:
        """Take in a decision; idempotent. What is about nobody's message of ours is passed over undecoded."""
        if not self.may_want(record):
            return
        event = decode(record)
        data = event.data
        if isinstance(data, CommandDone):
            await self._change(event.tenant, data.command, lambda found: _done(found, data.interaction, event.time))
        elif isinstance(data, CommandRefused):
            await self._change(
                event.tenant, data.command, lambda found: found.turned("refused", event.time, data.reason, data.detail or None)
            )
        else:
            state = _STATES[event.type]
            await self._change(event.tenant, data.message, lambda found: found.turned(state, data.at, data.code, data.detail))

    async def keep_house(self, ready: Callable[[], None]) -> None:
        """Each hour, forget what is old; runs until cancelled."""
        ready()
        while True:
            await asyncio.sleep(FORGET_EVERY_S)
            try:
                await self.forget()
            except StoreAway:
                continue

    async def forget(self) -> None:
        """Remove what has not moved for 90 days."""
        old = Find(where=(Where(index="updated_at", below=self._clock.now() - KEPT_MS),), sort="updated_at")
        async for document in self._store.every_tenant(SENDINGS, old):
            await self._store.tenant(document.tenant).delete(SENDINGS, document.id)

    async def _change(self, tenant: str, id: str, change: Callable[[Sending], Sending | None]) -> None:
        documents = self._store.tenant(tenant)
        while (known := await documents.get(SENDINGS, id)) is not None:
            changed = change(sending_of(known.body))
            if changed is None:
                return
            try:
                await documents.put(SENDINGS, id, body_of_sending(changed), expected=known.version)
            except VersionConflict:
                continue
            return


def _done(found: Sending, interaction: InteractionId | None, at: Instant) -> Sending | None:
    """It is on its way; where the conversation was live, in that interaction."""
    turned = found.turned("sending", at) or found
    moved = replace(turned, interaction=interaction or turned.interaction)
    return None if moved == found else moved
