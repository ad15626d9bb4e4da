"""What a connection to a broker says when the loop has closed it under its feet."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvloop
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.admin import ApiVersionRequest

from standardiste.common.bus import kafka_clients


async def written_to_a_closed_transport() -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        connection: Any = kafka_clients.kafka_connection.Connection("127.0.0.1", port)
        connection._reader, connection._writer, connection._read_task = reader, writer, asyncio.ensure_future(reader.read())
        writer.transport.abort()
        await connection._read_task
        await asyncio.sleep(0)
        with pytest.raises(KafkaConnectionError):
            await connection.send(ApiVersionRequest())
        assert not connection.connected()


def test_a_write_to_a_closed_connection_is_a_lost_connection_on_uvloop() -> None:
    uvloop.run(written_to_a_closed_transport())


def test_every_client_is_given_such_connections() -> None:
    from aiokafka import conn

    assert conn.AIOKafkaConnection is kafka_clients.kafka_connection.Connection
    assert issubclass(conn.AIOKafkaConnection, AIOKafkaConnection)
