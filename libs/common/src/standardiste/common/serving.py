"""The HTTP server of a process: its socket, its limits, and an end that lets requests end."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Generator
from typing import Final

import uvicorn
from fastapi import FastAPI

from standardiste.common.errors import PortTaken
from standardiste.common.events.wire import FRAME_BYTES_MAX, PING_EVERY_MS, PONG_WITHIN_MS
from standardiste.common.sockets import SocketProtocol

REQUESTS_END_S: Final = 10
BACKLOG: Final = 4_096


class Server(uvicorn.Server):
    """uvicorn without its own signal handlers: ours decide."""

    def __init__(self, app: FastAPI, trusted_proxies: str) -> None:
        super().__init__(_config(app, trusted_proxies))

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A socket that queues connections from now on; port 0 takes a free one. Raises PortTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host, port) from error
        raise
    listening.setblocking(False)
    return listening


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _config(app: FastAPI, trusted_proxies: str) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="httptools",
        ws=SocketProtocol,
        ws_max_size=FRAME_BYTES_MAX,
        ws_ping_interval=PING_EVERY_MS / 1000,  # the server's own pings: browsers answer them in throttled tabs too
        ws_ping_timeout=(PONG_WITHIN_MS - PING_EVERY_MS) / 1000,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=trusted_proxies,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=REQUESTS_END_S,
        backlog=BACKLOG,
    )
