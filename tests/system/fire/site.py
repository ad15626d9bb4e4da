"""
What burns: a real Kafka and router pods as processes, each of which may be killed and started again; and the floor that they are configured for.

Four tenants of forty agents: thirty take chats, texts and mail, ten take calls and mail, which a call may interrupt.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from standardiste.all_in_one.cluster.process import ServiceProcess
from standardiste.common.bus.kafka import KafkaBus
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import apply
from standardiste.common.bus.port import Outgoing
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import SystemClock
from standardiste.common.events.base import Data
from standardiste.common.events.codec import encode
from standardiste.common.events.directory import ENTITIES, AgentProfile, ChangeSetCommitted, Entity, Rule, RuleSet
from standardiste.common.events.model import Channel, ProfileId, QueueId, WrapUpMode
from standardiste.common.security.keys import make_secrets
from standardiste.common.serving import free_port
from standardiste.common.testing.builders import configuration, event, person, queue
from standardiste.common.testing.servers import DidNotStart, Server, kafka_server, started

PARTS: Final = Path(__file__).parents[3] / "build"
PARTITIONS: Final = 24
TENANTS: Final = ("acme", "lumen", "poste", "velo")
AGENTS: Final = 40
CALLERS: Final = 10
"""So many of a tenant's agents take calls and mail, the others chats, texts and mail."""
OFFER_MS: Final = 6_000
GATEWAY: Final = "fire"
BROKER: Final = {"broker.session.timeout.ms": 2_000, "broker.heartbeat.interval.ms": 300}
"""A broker that was killed comes back under its id only when its old session is over: 9 s unless said, which is Kafka's time and not ours."""
BROKER_STARTS_MAX: Final = 3
RESTART_S, RESTART_MAX_S = 0.5, 4.0
READY_WITHIN_S: Final = 60.0

PROFILE: Final = AgentProfile(id=ProfileId("main"), change_set=1)
QUEUE_OF: Final = {Channel.VOICE: "calls", Channel.CHAT: "words", Channel.SMS: "words", Channel.EMAIL: "mail"}

_KIND_OF: Final = {cls: kind for kind, cls in ENTITIES.items()}


def agents_of(tenant: str, count: int = AGENTS) -> list[str]:
    return [f"{tenant}-a{n:04}" for n in range(count)]


def floor(tenant: str, agents: int = AGENTS, callers: int = CALLERS) -> list[Outgoing]:
    """The whole configuration of a tenant, as `directory` publishes it."""
    rules = [
        Rule(name=channel.value, when=f'contact.channel == "{channel.value}"', queue=QueueId(name)) for channel, name in QUEUE_OF.items()
    ]
    people = [
        person(name, queues=(QueueId("calls" if n < callers else "words"), QueueId("mail")))
        for n, name in enumerate(agents_of(tenant, agents))
    ]
    queues = [queue(name, offer_timeout_ms=OFFER_MS, wrap_up=WrapUpMode.OPTIONAL) for name in sorted(set(QUEUE_OF.values()))]
    entities = configuration(PROFILE, RuleSet(id="main", change_set=1, rules=tuple(rules)), *queues, *people, tenant_id=tenant)
    commit = ChangeSetCommitted(number=1, members=len(entities), by="fire", committed_at=SystemClock().now())
    made = [_published(tenant, entity, f"{tenant}/{_KIND_OF[cast('type[Any]', type(entity))]}/{entity.id}") for entity in entities]
    return [*made, _published(tenant, commit, f"{tenant}/change-set/main")]


def _published(tenant: str, data: Entity | ChangeSetCommitted, key: str) -> Outgoing:
    return encode(event(cast("Data", data), id=key, source="directory", subject=key, tenant=tenant), Topic.DIRECTORY, key)


@dataclass(slots=True, kw_only=True)
class Site:
    """Everything that runs. `bus` is the harness's own hand on the topics."""

    kafka: Server
    pods: list[ServiceProcess]
    bus: KafkaBus
    settings: KafkaSettings
    started_at: dict[str, float] = field(default_factory=dict[str, float])
    """By name, the wall clock when the present process began; of the broker, when its port answered."""

    keeping: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])
    broker_starts_s: list[float] = field(default_factory=list[float])
    restarts: int = 0
    """How often a pod ended by itself and was started again, as a cluster does: one that starts while the broker is away does so."""
    _again: dict[int, asyncio.Event] = field(default_factory=lambda: defaultdict[int, asyncio.Event](asyncio.Event))

    async def kill(self, pod: ServiceProcess) -> None:
        """SIGKILL, and at once another process under the same name."""
        again = self._again[pod.number] = asyncio.Event()
        await pod.kill()
        await again.wait()

    async def keep(self, pod: ServiceProcess) -> None:
        """Until cancelled: whenever the pod's process has ended, start another."""
        again_s = RESTART_S
        while True:
            assert pod.process is not None
            code = await pod.process.wait()
            if code == -signal.SIGKILL:
                again_s = RESTART_S
            else:
                self.restarts += 1
                await asyncio.sleep(again_s)
                again_s = min(2 * again_s, RESTART_MAX_S)
            self.started_at[f"router-{pod.number}"] = time.time()
            await pod.start()
            self._again[pod.number].set()

    def lose(self, pod: int) -> None:
        """From now on nobody starts this pod again: its node is gone."""
        self.keeping[pod].cancel()

    async def kill_broker(self, away_s: float) -> None:
        await self.kafka.kill()
        await asyncio.sleep(away_s)
        began = time.time()
        for tries in range(1, BROKER_STARTS_MAX + 1):  # on a machine that is busy with other things it may not come up in time
            try:
                await self.kafka.start()
                break
            except DidNotStart:
                if tries == BROKER_STARTS_MAX:
                    raise
        self.started_at["kafka"] = time.time()
        self.broker_starts_s.append(time.time() - began)


@asynccontextmanager
async def site(
    folder: Path, *, pods: int = 2, partitions: int = PARTITIONS, environment: Mapping[str, str] | None = None
) -> AsyncGenerator[Site]:
    """A broker and so many router pods, ready; all ended afterwards."""
    async with AsyncExitStack() as ending:
        kafka = await ending.enter_async_context(started(await kafka_server(PARTS, folder / "kafka", more=BROKER)))
        settings = KafkaSettings(bootstrap=(kafka.address,))
        await apply(settings, partitions=partitions, replication=1)
        make_secrets(folder / "secrets")
        bus = await KafkaBus.connect_to(settings, SystemClock())
        ending.push_async_callback(bus.close)
        made = Site(kafka=kafka, pods=[], bus=bus, settings=settings)
        for number in range(pods):
            pod = router_pod(folder, kafka.address, number, environment or {})
            made.pods.append(pod)
            await pod.start()
            keeping = asyncio.create_task(made.keep(pod), name=f"keep router-{number}")
            made.keeping.append(keeping)
            ending.push_async_callback(_end, pod, keeping)
        async with asyncio.timeout(READY_WITHIN_S):
            for pod in made.pods:
                await pod.ready()
        yield made


def router_pod(folder: Path, address: str, number: int, environment: Mapping[str, str]) -> ServiceProcess:
    own = {
        "bus": f"kafka://{address}?instance=router-{number}",
        "store": f"sqlite:///{folder}/router-{number}.sqlite",
        "blobs": str(folder / f"blobs-{number}"),
        "secrets_folder": str(folder / "secrets"),
        "log_level": "warning",
    }
    given = {f"STANDARDISTE_{name.upper()}": value for name, value in own.items()}
    log = folder / f"router-{number}.log"
    return ServiceProcess(name="router", number=number, port=free_port(), log=log, environment={**given, **environment})


async def _end(pod: ServiceProcess, keeping: asyncio.Task[None]) -> None:
    keeping.cancel()
    await asyncio.wait({keeping})
    if pod.process is not None:
        await pod.kill()
