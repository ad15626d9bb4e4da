"""The calls as documents: one per conversation, versioned, with the instant when somebody must look at it again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, cast

from standardiste.common.clock import Clock
from standardiste.common.events.base import REGISTRY, Instant, spec_of
from standardiste.common.events.codec import adapter, load_object
from standardiste.common.store.port import ABSENT, Body, Collection, Document, Find, Index, Store, Where
from standardiste.ingest_voice.model import Call, CallState, Fact

CALLS: Final = Collection(name="ingest-voice-calls", indexes=(Index(name="due_at", path="due_at"), Index(name="ended_at", path="ended_at")))
LEASE_MS: Final = 15_000
"""What is pending or owed for longer than this is in nobody's hands."""
RETRY_MS: Final = 2_000
KEPT_MS: Final = 24 * 3600 * 1000
PAGE: Final = 50

LOOK_AFTER_MS: Final = {
    CallState.WAITING: 60_000,
    CallState.CONNECTING: 35_000,
    CallState.BRIDGED: 300_000,
    CallState.HELD: 300_000,
    CallState.ALONE: 15_000,
    CallState.OUTSIDE: 300_000,
    CallState.RINGING_AGENT: 35_000,
    CallState.RINGING_CUSTOMER: 60_000,
    CallState.CALLING_BACK: 35_000,
    CallState.CONFERENCE: 300_000,
    CallState.VOICEMAIL: 240_000,
    CallState.KEEPING: 15_000,
}
"""How long a state may stand before the provider is asked whether it still holds: a callback may have been lost."""


GUEST_LOOK_MS: Final = 60_000
MESSAGE_LOOK_MS: Final = 15_000


def look_after_ms(call: Call) -> int | None:
    """How long it may stand as it is; None: for ever."""
    if call.guest is not None and not call.guest.is_up:
        return GUEST_LOOK_MS
    if call.state is CallState.VOICEMAIL and call.has_left:
        return MESSAGE_LOOK_MS
    return LOOK_AFTER_MS.get(call.state)


@dataclass(frozen=True, slots=True)
class Stored:
    """A call as stored. `pending_since` is since when something could not be done or reported."""

    call: Call
    version: int = ABSENT
    pending_since: Instant | None = None
    due_at: Instant | None = None


class CallBook:
    """Reads and writes the documents."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def get(self, tenant: str, conversation: str) -> Stored | None:
        found = await self._store.tenant(tenant).get(CALLS, conversation)
        return None if found is None else _from(found)

    async def put(self, stored: Stored, call: Call, *, due_in_ms: int | None = None) -> Stored:
        """Write the call as it is now. Raises VersionConflict when somebody else has meanwhile, StoreAway."""
        now = self._clock.now()
        is_open = bool(call.pending or call.owed)
        since = (stored.pending_since or now) if is_open else None
        wait = due_in_ms if due_in_ms is not None else LEASE_MS if is_open else look_after_ms(call)
        due_at = None if wait is None else Instant(now + wait)
        ended_at = now if call.state is CallState.ENDED else None
        body = {**_body(call), "pending_since": since, "due_at": due_at, "ended_at": ended_at}
        version = await self._store.tenant(call.tenant).put(CALLS, call.conversation, body, expected=stored.version)
        return Stored(call, version, since, due_at)

    async def due(self) -> list[Stored]:
        """What must be looked at now, at most a page of it."""
        found = list[Stored]()
        find = Find(where=(Where(index="due_at", below=self._clock.now() + 1),), sort="due_at", limit=PAGE)
        async for document in self._store.every_tenant(CALLS, find):
            found.append(_from(document))
            if len(found) >= PAGE:
                break
        return found

    async def forget(self) -> int:
        """Remove calls that ended a day ago; gives how many."""
        find = Find(where=(Where(index="ended_at", below=self._clock.now() - KEPT_MS),), limit=PAGE)
        old = [document async for document in self._store.every_tenant(CALLS, find)]
        for document in old:
            await self._store.tenant(document.tenant).delete(CALLS, document.id)
        return len(old)


_NOT_THE_CALLS: Final = frozenset({"pending_since", "due_at", "ended_at"})


def _body(call: Call) -> Body:
    """Facts carry their event type, so that they are read back as what they are."""
    plain: dict[str, Any] = adapter(Call).dump_python(replace(call, owed=()), mode="json", exclude_none=True)
    plain["owed"] = [
        {"id": fact.id, "type": spec_of(type(fact.data)).name, "data": adapter(type(fact.data)).dump_python(fact.data, mode="json")}
        for fact in call.owed
    ]
    return plain


def _from(document: Document) -> Stored:
    plain = {name: value for name, value in document.body.items() if name not in _NOT_THE_CALLS}
    owed = cast("list[dict[str, Any]]", plain.pop("owed", []))
    call: Call = load_object(Call, plain)
    facts = tuple(Fact(id=each["id"], data=load_object(REGISTRY[each["type"]].cls, each["data"])) for each in owed)
    since, due_at = document.body.get("pending_since"), document.body.get("due_at")
    return Stored(
        replace(call, owed=facts),
        document.version,
        Instant(since) if isinstance(since, int) else None,
        Instant(due_at) if isinstance(due_at, int) else None,
    )
