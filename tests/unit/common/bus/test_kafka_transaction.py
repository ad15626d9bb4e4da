"""A transaction that fails says why, whatever the client library makes of its end."""

from __future__ import annotations

from typing import Any, cast

import pytest
from aiokafka.errors import KafkaError, NotLeaderForPartitionError, ProducerFenced

from standardiste.common.bus.kafka_clients import Producer
from standardiste.common.bus.kafka_partition import in_transaction


class Client:
    """Stands in for the library's producer; `at_abort` is what its abort raises."""

    def __init__(self, at_abort: BaseException | None = None) -> None:
        self.did: list[str] = []
        self._at_abort = at_abort

    async def begin_transaction(self) -> None:
        self.did.append("begin")

    async def commit_transaction(self) -> None:
        self.did.append("commit")

    async def abort_transaction(self) -> None:
        self.did.append("abort")
        if self._at_abort is not None:
            raise self._at_abort


async def test_what_went_well_is_committed() -> None:
    client = Client()
    async with in_transaction(cast("Producer", client)):
        client.did.append("send")
    assert client.did == ["begin", "send", "commit"]


@pytest.mark.parametrize(
    ("error", "at_abort"),
    [
        (NotLeaderForPartitionError(), None),
        (ProducerFenced(), AssertionError("Invalid state transition FATAL_ERROR -> ABORTING_TRANSACTION")),
        (ProducerFenced(), ProducerFenced()),
    ],
)
async def test_why_it_failed_is_told_though_taking_back_fails_too(error: KafkaError, at_abort: Any) -> None:
    client = Client(at_abort)
    with pytest.raises(type(error)) as raised:
        async with in_transaction(cast("Producer", client)):
            raise error
    assert raised.value is error
    assert client.did == ["begin", "abort"]
