"""An agent's file over HTTP: put beside its interaction, looked through where the tenant asks, named in the command that sends it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from standardiste.agent_gateway.app import build
from standardiste.agent_gateway.settings import GatewaySettings
from standardiste.common.blobs.port import BlobRef
from standardiste.common.events.commands import SendMessage
from standardiste.common.scanning.clamd import Clamd
from standardiste.common.testing.builders import configuration, tenant
from standardiste.common.testing.clamd import EVIL, scripted_clamd
from standardiste.common.testing.desk import sit_down, token_of
from standardiste.common.testing.running import PRIVATE_PEM, running


async def test_file_is_put_looked_through_and_sent(tmp_path: Path) -> None:
    settings = GatewaySettings(gateway_file_bytes_max=1_000)
    async with (
        scripted_clamd() as daemon,
        running(tmp_path, lambda parts: build(settings, parts), scanner=Clamd(daemon.address)) as site,
    ):
        scanning = replace(tenant(), scans_attachments=True)
        await site.configure("t1", scanning, *(each for each in configuration() if type(each) is not type(scanning)))
        token = token_of(PRIVATE_PEM, site.parts.clock.now(), "anna")
        path, headers = "/v1/agent/interactions/in_1/files", {"Authorization": f"Bearer {token}", "Content-Type": "application/pdf"}
        async with site.client(None) as http, sit_down(site.url, token) as desk:
            assert desk.welcome["file_bytes_max"] == 1_000
            put = await http.post(path, params={"name": "../devis.pdf"}, content=b"%PDF", headers=headers)
            file = put.json()
            assert (put.status_code, file["name"], file["media_type"], file["state"]) == (201, "devis.pdf", "application/pdf", "clean")
            owner, contact, sha256 = file["blob"].split("/")
            assert await site.parts.blobs.get(BlobRef(tenant=owner, contact=contact, sha256=sha256)) == b"%PDF"
            evil = (await http.post(path, params={"name": "x"}, content=EVIL, headers=headers)).json()
            assert evil["state"] == "refused"
            for wrong, status in ((b"", 400), (b"x" * 1_001, 413)):
                assert (await http.post(path, params={"name": "x"}, content=wrong, headers=headers)).status_code == status
            assert (await http.post("/v1/agent/interactions/..%2F/files?name=x", content=b"x", headers=headers)).status_code in (400, 404)
            await desk.ask("message.send", interaction="in_1", content={"text": "", "attachments": [file]})
            [sent] = await site.inputs(SendMessage)
            assert [each.blob for each in sent.content.attachments] == [file["blob"]]
            for refused in ({**file, "blob": file["blob"].replace("t1/", "t2/")}, evil):
                answer = await desk.command("message.send", interaction="in_1", content={"text": "", "attachments": [refused]})
                assert (answer["kind"], answer["reason"]) == ("problem", "malformed")
