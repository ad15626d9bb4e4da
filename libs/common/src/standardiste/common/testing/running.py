"""
Services running for a test: real log and store in one folder, real HTTP on a free port, and a hand on the topics in place of the other services.

    async with running(tmp_path, lambda parts: build(OpenSettings(), parts)) as site:
        await site.configure("t1", Tenant(...), ChannelAddress(...), ApiKey(...))
        async with site.client(key) as http: ...
        contact = await site.input(ContactReceived)
        await site.decide("t1", InteractionCreated(...))
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import httpx

from standardiste.common.blobs.folder import FolderBlobs
from standardiste.common.bus.embedded import EmbeddedBus
from standardiste.common.bus.port import Bus, From, Outgoing, Record
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import Clock, SystemClock
from standardiste.common.directory_view import DirectoryView
from standardiste.common.events.base import Data, Event, spec_of
from standardiste.common.events.codec import decode, encode
from standardiste.common.events.directory import ENTITIES, ApiKey, ChangeSetCommitted, Entity, RightGrant, Tenant
from standardiste.common.events.model import TenantId
from standardiste.common.hold import Hold
from standardiste.common.ids import Ids, RandomIds
from standardiste.common.parts import Parts
from standardiste.common.scanning.port import Scanner
from standardiste.common.secrets.envelope import StoredSecrets
from standardiste.common.security.api_keys import hash_of
from standardiste.common.security.keys import TOKEN_PRIVATE, Keys, new_token_pair
from standardiste.common.security.principal import Principal
from standardiste.common.security.tokens import TTL_S, TokenSigner, TokenVerifier
from standardiste.common.service import Service, run_services
from standardiste.common.settings import HttpSettings
from standardiste.common.store.sqlite import SqliteStore
from standardiste.common.testing.builders import TENANT

WITHIN_S: Final = 10.0
"""How long a test waits for what must happen before it fails."""
MASTER_KEY: Final = bytes(range(32))
API_KEY: Final = "sk_test-key-of-256-random-bits-or-so"

E = TypeVar("E")
_KIND_OF: Final = {cls: kind for kind, cls in ENTITIES.items()}


@dataclass(slots=True, kw_only=True)
class Running:
    """A running site, as a test sees it."""

    parts: Parts
    url: str
    _change_sets: dict[str, int] = field(default_factory=dict[str, int])
    _events: int = 0

    def client(self, credential: str | None = API_KEY) -> httpx.AsyncClient:
        """An HTTP client with this credential."""
        headers = {} if credential is None else {"Authorization": f"Bearer {credential}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=WITHIN_S)

    def token(
        self,
        person: str = "anna",
        *rights: RightGrant,
        tenant: str = TENANT,
        language: str = "en",
        login: str | None = None,
        ttl_s: int = TTL_S,
    ) -> str:
        """A signed-in person's token, for `client`; an agent over himself unless rights are given."""
        grants = rights or (RightGrant(role="agent", scope="self"),)
        who = Principal(tenant=tenant, id=person, name=person.title(), language=language, rights=grants, login=login)
        return TokenSigner(PRIVATE_PEM).issue(who, self.parts.clock.now(), ttl_s)

    async def configure(self, tenant: str, *entities: Entity) -> None:
        """Publish one change set, as the directory does, and wait until it is in force here."""
        former = max(self._change_sets.get(tenant, 0), self.parts.directory.change_set(tenant))
        number = self._change_sets[tenant] = former + 1
        events = [self._outgoing(tenant, replace(entity, change_set=number)) for entity in entities]
        commit = ChangeSetCommitted(number=number, members=len(entities), by="test", committed_at=self.parts.clock.now())
        await self.parts.bus.publish(*events, self._outgoing(tenant, commit))
        async with asyncio.timeout(WITHIN_S):
            while self.parts.directory.change_set(tenant) < number:
                await self.parts.directory.wait_change()

    async def decide(self, tenant: str, *data: Data, topic: Topic = Topic.DECISIONS, subject: str | None = None) -> None:
        """Write what the router would write, to decisions or an outbound topic."""
        await self.parts.bus.publish(*(self._event(tenant, each, topic, subject) for each in data))

    async def inputs(self, kind: type[E], count: int = 1, within_s: float = WITHIN_S) -> list[E]:
        """The first `count` inputs of this kind since the site began; waits until they are there."""
        return [cast("E", event.data) for event in await self.events(Topic.INPUTS, kind, count, within_s)]

    async def events(self, topic: Topic, kind: type[Any], count: int = 1, within_s: float = WITHIN_S) -> list[Event]:
        """The first `count` events of this kind on a topic; waits until they are there."""
        name, found = spec_of(kind).name, list[Event]()
        async with asyncio.timeout(within_s):
            async for record in records(self.parts.bus, topic):
                if record.headers.get("ce_type") == name:
                    found.append(decode(record))
                    if len(found) >= count:
                        break
        return found

    def _event(self, tenant: str, data: Data, topic: Topic, subject: str | None) -> Outgoing:
        conversation = getattr(data, "conversation", None)
        about = subject or getattr(data, "interaction", None) or conversation or tenant
        key = f"{tenant}/{conversation}" if topic.startswith("outbound.") else tenant
        return encode(self._envelope(tenant, data, "router", str(about)), topic, key)

    def _outgoing(self, tenant: str, data: Data) -> Outgoing:
        kind = _KIND_OF.get(cast("type[Any]", type(data)))
        key = f"{tenant}/change-set/main" if kind is None else f"{tenant}/{kind}/{data.id}"
        return encode(self._envelope(tenant, data, "directory", key), Topic.DIRECTORY, key)

    def _envelope(self, tenant: str, data: Data, source: str, subject: str) -> Event:
        self._events += 1
        return Event(id=f"test-{self._events}", source=source, subject=subject, tenant=tenant, time=self.parts.clock.now(), data=data)


async def records(bus: Bus, topic: Topic) -> AsyncIterator[Record]:
    """Every record of a topic from its start, and on as they come."""
    async for batch in bus.tail((topic,), {}, default=From.START):
        for record in batch:
            yield record


def tenant_of_test(tenant: str = "t1", *, language: str = "fr") -> Tenant:
    """A tenant with nothing special."""
    return Tenant(id=TenantId(tenant), change_set=0, name=tenant.upper(), language=language)


def key_of_test(*scopes: str, key: str = API_KEY, id: str = "key1") -> ApiKey:
    """An API key with these scopes."""
    return ApiKey(id=id, change_set=0, key_hash=hash_of(key), name="test", scopes=scopes)


def make_test_secrets(folder: Path) -> None:
    """A secrets folder with the private key whose tokens a site of this process takes: for settings that name one."""
    folder.mkdir(exist_ok=True)
    (folder / TOKEN_PRIVATE).write_bytes(PRIVATE_PEM)


async def parts_in(
    folder: Path,
    *,
    clock: Clock | None = None,
    ids: Ids | None = None,
    http: HttpSettings | None = None,
    scanner: Scanner | None = None,
    bus: Bus | None = None,
) -> Parts:
    """Real parts over files in this folder, opened; `run_services` closes them. `bus` stands in place of the log in the folder."""
    clock = clock or SystemClock()
    keys = Keys(MASTER_KEY)
    make_test_secrets(folder / "secrets")
    store = await SqliteStore.open_file(folder / "store.sqlite")
    secrets = StoredSecrets(store, keys.installation("channel secrets"))
    await secrets.open()
    return Parts(
        bus=bus or await EmbeddedBus.open(folder / "bus.sqlite", clock),
        store=store,
        blobs=await FolderBlobs.open_folder(folder / "blobs", clock),
        secrets=secrets,
        keys=keys,
        verifier=TokenVerifier(_PUBLIC_PEM),
        directory=DirectoryView(),
        clock=clock,
        ids=ids or RandomIds(),
        http=http or HttpSettings(client_per_s=1_000, client_burst=1_000),
        hold=Hold(store, clock),
        scanner=scanner,
    )


@asynccontextmanager
async def running(
    folder: Path,
    *builds: Callable[[Parts], Service],
    clock: Clock | None = None,
    ids: Ids | None = None,
    http: HttpSettings | None = None,
    entities: Sequence[Entity] = (),
    tenant: str = TENANT,
    scanner: Scanner | None = None,
    bus: Bus | None = None,
) -> AsyncGenerator[Running]:
    """
    These services on a free port until the block ends; what a task raised is raised there. `entities` are configured for `tenant` first.

    Again in the same folder goes on where the last one stopped.
    """
    parts = await parts_in(folder, clock=clock, ids=ids, http=http, scanner=scanner, bus=bus)
    stop, is_up = asyncio.Event(), asyncio.get_running_loop().create_future()
    site = asyncio.create_task(run_services([build(parts) for build in builds], parts, on_ready=is_up.set_result, stop=stop))
    try:
        await asyncio.wait({site, is_up}, return_when=asyncio.FIRST_COMPLETED)
        if site.done():
            await site
        running_site = Running(parts=parts, url=f"http://127.0.0.1:{is_up.result()}")
        if entities:
            await running_site.configure(tenant, *entities)
        yield running_site
    finally:
        stop.set()
        await site


PRIVATE_PEM, _PUBLIC_PEM = new_token_pair()
"""The private half of the pair whose tokens a site of this process takes."""
