"""
The first start of an installation on Kafka and MongoDB: secrets, topics, the first tenant. `standardiste begin`; on Kubernetes a job runs it before the services.

Everything here can be repeated: what is there is left alone.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from standardiste.all_in_one.first import FirstAdministrator, begin, read_document
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import PARTITIONS, apply
from standardiste.common.errors import BadInput
from standardiste.common.opening import open_parts
from standardiste.common.patience import Patience
from standardiste.common.security.keys import make_secrets
from standardiste.common.service import close_parts
from standardiste.common.settings import CommonSettings


async def set_up(
    settings: CommonSettings, document: str | bytes | None, *, partitions: int = PARTITIONS, replication: int = 3
) -> FirstAdministrator | None:
    """
    What a fresh installation lacks: secrets in their folder, topics on the cluster, the first tenant from this document.

    The administrator whose password was minted, when one was. Raises ValueError for topics with another partition count, BusAway, StoreAway.
    """
    patience = Patience(settings.start_within_s)
    await asyncio.to_thread(make_secrets, settings.secrets_folder)
    if settings.bus.startswith("kafka:"):
        kafka = KafkaSettings.of_url(settings.bus)
        await patience.insist("topics", lambda: apply(kafka, partitions=partitions, replication=replication))
    parts = await patience.insist("parts", lambda: open_parts(settings))
    try:
        return await begin(parts, document)
    finally:
        await close_parts(parts)


def begin_from_environment(configuration: Path | None, *, partitions: int, replication: int) -> FirstAdministrator | None:
    """The same, with the settings of STANDARDISTE_…: what the operator's command and the chart's job do."""
    try:
        return asyncio.run(set_up(CommonSettings(), read_document(configuration), partitions=partitions, replication=replication))
    except ValueError as error:
        raise BadInput("bus_refused", str(error)) from error
