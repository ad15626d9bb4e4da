"""
One ingest service as a process of its own, on an embedded log and store, for bench/channels.py; or the bare echo: the same HTTP stack, one path that reads
JSON and answers JSON, nothing kept. Prints where it answers, then serves until it is told to stop.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import uvicorn
import uvloop
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import Channel, ChannelAddressId
from standardiste.common.parts import Parts
from standardiste.common.service import Service
from standardiste.common.settings import HttpSettings
from standardiste.common.testing.running import API_KEY, key_of_test, running, tenant_of_test
from standardiste.ingest_chat import app as chat
from standardiste.ingest_chat.settings import ChatSettings
from standardiste.ingest_email import app as email
from standardiste.ingest_email.settings import EmailSettings
from standardiste.ingest_open import app as open_channel
from standardiste.ingest_open.settings import OpenSettings
from standardiste.ingest_sms import app as sms
from standardiste.ingest_sms.settings import SmsSettings

PUBLIC = "https://centre.example"
AUTH_TOKEN = "b" * 32
MANY = 10**9
NUMBER = "+33199000001"
ADDRESSES = (
    ChannelAddress(id=ChannelAddressId("letters"), change_set=0, channel=Channel.OTHER, address="letters", channel_name="letter"),
    ChannelAddress(
        id=ChannelAddressId("sms"),
        change_set=0,
        channel=Channel.SMS,
        address=NUMBER,
        settings={"account_sid": "AC" + "5a" * 16, "auth_token_secret": "twilio"},
    ),
    ChannelAddress(id=ChannelAddressId("chat"), change_set=0, channel=Channel.CHAT, address="site"),
    ChannelAddress(id=ChannelAddressId("mail"), change_set=0, channel=Channel.EMAIL, address="aide@exemple.fr"),
)
BUILDS: Mapping[str, Callable[[Parts], Service]] = {
    "open": lambda parts: open_channel.build(OpenSettings(), parts),
    "email": lambda parts: email.build(EmailSettings(email_smtp_port=None), parts),
    "sms": lambda parts: sms.build(SmsSettings(twilio_url="http://127.0.0.1:9"), parts),
    "chat": lambda parts: chat.build(ChatSettings(chat_sessions_per_client_s=1e6, chat_sessions_per_client_burst=MANY), parts),
}


async def serve(name: str, folder: Path) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    http = HttpSettings(public_url=PUBLIC, tenant_per_s=MANY, tenant_burst=MANY, client_per_s=MANY, client_burst=MANY)
    async with running(folder, BUILDS[name], http=http) as site:
        await site.parts.secrets.put("t1", "twilio", AUTH_TOKEN)
        await site.configure("t1", tenant_of_test(), *ADDRESSES, key_of_test("contact.create"))
        print(json.dumps({"url": site.url, "key": API_KEY}), flush=True)
        await stop.wait()


async def echo() -> None:
    app = FastAPI()

    @app.post("/echo")
    async def answer(request: Request) -> Response:
        return JSONResponse(await request.json(), 202)

    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, http="httptools")
    print(json.dumps({"url": f"http://127.0.0.1:{listening.getsockname()[1]}", "key": ""}), flush=True)
    await uvicorn.Server(config).serve(sockets=[listening])


if __name__ == "__main__":
    uvloop.run(echo() if sys.argv[1] == "echo" else serve(sys.argv[1], Path(sys.argv[2])))
