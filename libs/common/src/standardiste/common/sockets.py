"""
uvicorn's websocket protocol with two of its log lines set right: neither is a fault of ours, and both can be had by anybody who connects.

A refused handshake (`websocket.http.response`) is a complete one; uvicorn answers it well, then reports "ASGI callable returned without completing handshake".
A text that is no UTF-8 is the client's fault: closed with 1007 (RFC 6455, 8.1), without a traceback in our log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode

from standardiste.common.log import logger

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

log = logger("edge")


class SocketProtocol(WebSocketsSansIOProtocol):
    """One connection."""

    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent and not _is_utf8(b"".join(self.frames)):
            self.frames = []
            log.warning("socket_not_utf8")
            self.conn.send_close(CloseCode.INVALID_DATA)
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
