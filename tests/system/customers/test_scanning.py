"""A file is given out only when the tenant's scanner has found it safe; while the scanner is away, nothing that was not looked through is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from standardiste.common.bus.topics import Topic
from standardiste.common.events.decisions import MessageReceived
from standardiste.common.events.model import Attachment, AttachmentState, BlobName, ContactId, InteractionId
from standardiste.common.scanning.clamd import Clamd
from standardiste.common.testing import builders
from standardiste.common.testing.clamd import EVIL, LARGEST, scripted_clamd
from standardiste.common.testing.running import Running, key_of_test, running, tenant_of_test
from standardiste.customers.app import build
from standardiste.customers.settings import CustomersSettings

FILES = {"fine": b"fine", "evil": EVIL, "large": b"x" * (LARGEST + 1), "known": b"known"}


async def filed(site: Running) -> dict[str, str]:
    """A message with files; where each is asked for."""
    attachments: list[Attachment] = []
    for name, content in FILES.items():
        ref = await site.parts.blobs.put("t1", "c1", content)
        state = AttachmentState.CLEAN if name == "known" else AttachmentState.UNSCANNED
        attachments.append(
            Attachment(
                id=name,
                name=name,
                media_type="application/pdf",
                size_bytes=len(content),
                blob=BlobName(ref.name),
                sha256=ref.sha256,
                state=state,
            )
        )
    said = builders.message("ms1", content=replace(builders.content("Bonjour"), attachments=tuple(attachments)))
    await site.decide("t1", MessageReceived(interaction=InteractionId("i1"), contact=ContactId("c1"), message=said), topic=Topic.DECISIONS)
    return {each.name: f"/v1/customers/blobs/{each.blob}" for each in attachments}


async def answers(site: Running, places: dict[str, str]) -> dict[str, tuple[int, str]]:
    """What each file's request is answered."""
    found: dict[str, tuple[int, str]] = {}
    async with site.client() as http:
        for name, path in places.items():
            response = await http.get(path)
            for _ in range(200):
                if response.status_code != 404:
                    break
                response = await http.get(path)
            found[name] = (response.status_code, "" if response.status_code == 200 else response.json()["type"].rsplit("/")[-1])
    return found


async def test_only_what_was_found_safe_is_given_out(tmp_path: Path) -> None:
    async with (
        scripted_clamd() as daemon,
        running(tmp_path, lambda parts: build(CustomersSettings(), parts), scanner=Clamd(daemon.address, within_s=1)) as site,
    ):
        await site.configure("t1", tenant_of_test(), key_of_test("customer.read"))
        places = await filed(site)
        served: Any = (200, "")
        assert await answers(site, places) == dict.fromkeys(FILES, served)
        assert daemon.scanned == 0
        await site.configure("t1", replace(tenant_of_test(), scans_attachments=True))
        daemon.answers.append("")
        assert (await answers(site, {"fine": places["fine"]})) == {"fine": (503, "scanner_away")}
        assert await answers(site, places) == {
            "fine": served,
            "evil": (403, "not_allowed"),
            "large": (403, "not_allowed"),
            "known": served,
        }


async def test_without_a_scanner_a_tenant_that_asks_is_given_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, lambda parts: build(CustomersSettings(), parts)) as site:
        await site.configure("t1", replace(tenant_of_test(), scans_attachments=True), key_of_test("customer.read"))
        found = await answers(site, await filed(site))
        assert (found["fine"], found["known"]) == ((503, "scanner_away"), (200, ""))
