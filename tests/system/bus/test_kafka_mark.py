"""Two installations on the same topics by mistake: the second is told at its start, and has touched nothing."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from standardiste.all_in_one.first import begin
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import apply
from standardiste.common.bus.topics import Topic
from standardiste.common.errors import AnotherInstallation
from standardiste.common.opening import open_parts
from standardiste.common.parts import Parts
from standardiste.common.security.keys import make_secrets
from standardiste.common.service import close_parts
from standardiste.common.settings import CommonSettings

pytestmark = pytest.mark.needs("kafka", "mongodb")
_numbers = itertools.count()


class Sites:
    """Installations that name the same topics, each with its own database."""

    def __init__(self, kafka: str, mongodb: str, secrets: Path) -> None:
        self._number, self._mongodb, self._secrets = next(_numbers), mongodb, secrets
        self.bus = f"kafka://{kafka}?prefix=mark{self._number}."
        make_secrets(secrets)

    async def open(self, database: str) -> Parts:
        store = f"mongodb://{self._mongodb}/mark{self._number}-{database}"
        return await open_parts(CommonSettings(bus=self.bus, store=store, blobs=store, secrets_folder=self._secrets))


@pytest.fixture
async def sites(kafka: str, mongodb: str, tmp_path: Path) -> Sites:
    made = Sites(kafka, mongodb, tmp_path / "secrets")
    await apply(KafkaSettings.of_url(made.bus), partitions=2, replication=1)
    return made


async def test_a_second_installation_is_told_at_its_start(sites: Sites) -> None:
    first = await sites.open("first")
    await begin(first, None)
    written = await first.bus.ends(Topic.DIRECTORY)
    with pytest.raises(AnotherInstallation, match="prefix"):
        await sites.open("second")
    assert await first.bus.ends(Topic.DIRECTORY) == written
    await close_parts(first)


async def test_the_same_installation_comes_back_and_begins_again(sites: Sites) -> None:
    for _ in range(2):
        parts = await sites.open("first")
        await begin(parts, None)
        await close_parts(parts)


async def test_of_two_that_begin_at_once_one_is_refused(sites: Sites) -> None:
    first, second = await sites.open("first"), await sites.open("second")
    await begin(second, None)
    with pytest.raises(AnotherInstallation):
        await begin(first, None)
    await close_parts(first)
    await close_parts(second)
