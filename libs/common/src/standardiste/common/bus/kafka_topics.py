"""
The topics on a Kafka cluster: made, or held against the table in topics.py. `standardiste topics apply|check|acl` says what these functions find.

Where others make the topics, `check` alone is used. The number of partitions is fixed at installation: it is never changed here, since a tenant's
partition follows from it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError, for_code

from standardiste.common.bus.kafka_connection import refusal
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.topics import TOPICS, TopicSpec
from standardiste.common.errors import BusAway, BusRefuses

PARTITIONS: Final = 24
THERE_LOOKS: Final = 200
THERE_EVERY_S: Final = 0.05
_UNKNOWN_TOPIC: Final = 3


def config_of(spec: TopicSpec) -> dict[str, str]:
    """The topic's settings as Kafka names them."""
    config = {
        "cleanup.policy": "compact" if spec.is_compacted else "delete",
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(spec.record_bytes_max + 64 * 1024),
        "retention.ms": "-1" if spec.retention_ms is None else str(spec.retention_ms),
    }
    if spec.segment_bytes is not None:
        config["segment.bytes"] = str(spec.segment_bytes)
    if spec.is_compacted:
        config |= {"delete.retention.ms": str(spec.tombstone_ms), "min.cleanable.dirty.ratio": "0.1"}
    return config


async def apply(settings: KafkaSettings, *, partitions: int = PARTITIONS, replication: int = 3) -> list[str]:
    """Make what is missing and set what differs; give what was done, a line each. Raises BusAway, ValueError when the partitions differ."""
    async with _Admin(settings) as admin:
        found = await _partitions(admin, settings)
        missing = [spec for spec in TOPICS.values() if settings.name(spec.topic) not in found]
        wrong = {name: count for name, count in found.items() if count != partitions}
        if wrong:
            raise ValueError(f"these topics have another number of partitions than {partitions}, which cannot be changed: {wrong}")
        if missing:
            new = [NewTopic(settings.name(spec.topic), partitions, replication, topic_configs=config_of(spec)) for spec in missing]
            _raise_errors(await admin.create_topics(new))
            await _until_there(admin, settings)
        differing = await _differing(admin, settings)
        if differing:
            resources = [
                ConfigResource(ConfigResourceType.TOPIC, settings.name(spec.topic), configs=config_of(spec))
                for spec in TOPICS.values()
                if settings.name(spec.topic) in differing
            ]
            await admin.alter_configs(resources)
    return [f"made {settings.name(spec.topic)}" for spec in missing] + [
        f"set {name}: {', '.join(lines)}" for name, lines in differing.items()
    ]


async def check(settings: KafkaSettings) -> list[str]:
    """What is not as the table says, a line each; empty when all is well. Raises BusAway."""
    async with _Admin(settings) as admin:
        found = await _partitions(admin, settings)
        lines = [f"missing: {settings.name(topic)}" for topic in TOPICS if settings.name(topic) not in found]
        if len(set(found.values())) > 1:
            lines.append(f"every topic must have the same number of partitions; found {dict(sorted(found.items()))}")
        differing = await _differing(admin, settings) if not lines else {}
    return [*lines, *(f"{name}: {line}" for name, wrong in differing.items() for line in wrong)]


def acl(settings: KafkaSettings, principal: str = "User:{service}") -> list[str]:
    """
    The grants each service needs, as lines for `kafka-acls`.

    Every service may see how every topic is laid out: it is checked at each start.
    """
    lines: list[str] = []
    for spec in TOPICS.values():
        for service in (each for each in spec.writers if each != "any service"):
            lines.append(
                f"--add --allow-principal {principal.format(service=service)} --operation Write --operation Describe --topic {settings.name(spec.topic)}"
            )
        for service in (each for each in spec.readers if each != "operators"):
            lines.append(
                f"--add --allow-principal {principal.format(service=service)} --operation Read --operation Describe --topic {settings.name(spec.topic)}"
            )
    services = sorted({service for spec in TOPICS.values() for service in (*spec.writers, *spec.readers)} - {"any service", "operators"})
    principals = " ".join(f"--allow-principal {principal.format(service=service)}" for service in services)
    lines.append(f"--add {principals} --operation Describe " + " ".join(f"--topic {settings.name(topic)}" for topic in TOPICS))
    for service in services:
        who = principal.format(service=service)
        lines.append(f"--add --allow-principal {who} --operation Write --operation Describe --topic {settings.prefix}dead-letters")
        lines.append(f"--add --allow-principal {who} --operation Read --group {settings.group(service)} --resource-pattern-type prefixed")
    customers = principal.format(service="customers")  # takes the dead letters of an erased person out (kafka_rewriting.py)
    lines.append(f"--add --allow-principal {customers} --operation Delete --topic {settings.prefix}dead-letters")
    lines.append(
        f"--add --allow-principal {customers} --operation Write --operation Describe --transactional-id {settings.group('customers')} --resource-pattern-type prefixed"
    )
    router = principal.format(service="router")
    lines.append(
        f"--add --allow-principal {router} --operation Write --operation Describe --transactional-id {settings.group('router')} --resource-pattern-type prefixed"
    )
    return lines


async def partitions_of(settings: KafkaSettings) -> int:
    """n, when every topic is there with the same number of partitions. Raises ValueError naming what to do, BusAway."""
    async with _Admin(settings) as admin:
        found = await _partitions(admin, settings)
    missing = [settings.name(topic) for topic in TOPICS if settings.name(topic) not in found]
    if missing:
        raise ValueError(f"these topics are missing: {', '.join(missing)}. `standardiste topics apply` makes them.")
    if len(set(found.values())) != 1:
        raise ValueError(
            f"every topic must have the same number of partitions; found {dict(sorted(found.items()))}. Make them anew: a number cannot be changed later."
        )
    return next(iter(found.values()))


class _Admin:
    """An admin client for one piece of work; what fails is BusAway, a broker that does not take us BusRefuses."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._client: Any = AIOKafkaAdminClient(**settings.client())

    async def __aenter__(self) -> Any:
        try:
            await self._client.start()
        except (KafkaError, OSError) as error:
            await self._client.close()
            raise await self._told(error) from error
        return self._client

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        await self._client.close()
        if isinstance(error, KafkaError):
            raise await self._told(error) from error

    async def _told(self, error: Exception) -> BusAway | BusRefuses:
        if isinstance(error, TopicAuthorizationFailedError):
            return BusRefuses(
                f"the brokers do not let us see {error} by {self._settings.way}. `standardiste topics acl` writes what each service must be granted."
            )
        refused = await refusal(self._settings)
        return BusAway(str(error)) if refused is None else BusRefuses(refused)


async def _partitions(admin: Any, settings: KafkaSettings) -> dict[str, int]:
    described: Sequence[Mapping[str, Any]] = await admin.describe_topics([settings.name(topic) for topic in TOPICS])
    for each in described:
        if each["error_code"] not in (0, _UNKNOWN_TOPIC):
            raise for_code(each["error_code"])(each["topic"])
    return {each["topic"]: len(each["partitions"]) for each in described if each["error_code"] == 0}


async def _differing(admin: Any, settings: KafkaSettings) -> dict[str, list[str]]:
    """By topic, the settings that are not as the table says."""
    by_name = {settings.name(spec.topic): config_of(spec) for spec in TOPICS.values()}
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in by_name])
    found: dict[str, list[str]] = {}
    for answer in answers:
        for resource in answer.resources:
            name, entries = resource[3], {entry[0]: entry[1] for entry in resource[4]}
            wrong = [f"{key} is {entries.get(key)}, wanted {value}" for key, value in by_name[name].items() if entries.get(key) != value]
            if wrong:
                found[name] = wrong
    return found


async def _until_there(admin: Any, settings: KafkaSettings) -> None:
    """What the controller has made is known to the brokers a moment later. Raises BusAway."""
    for _ in range(THERE_LOOKS):
        if len(await _partitions(admin, settings)) == len(TOPICS):
            return
        await asyncio.sleep(THERE_EVERY_S)
    raise BusAway("the topics were made and do not appear")


def _raise_errors(answer: Any) -> None:
    for name, code, *message in answer.topic_errors:
        if code:
            raise for_code(code)(f"{name}: {message}")
