"""
How fast customers are imported and identified, on real files, in one process with the service.

    python bench/customers.py [--rows 10000] [--contacts 2000]

Import: a CSV over HTTP, as the command sends it; once new, once unchanged. Identification: contacts published to `inputs` at once, until the last answer is
there; of customers who are new, and of the same again. CPU is of the whole process, bus and store included.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import httpx
import uvloop
from load import Report

from standardiste.all_in_one.customers import parts_of
from standardiste.common.bus.port import Outgoing
from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Event
from standardiste.common.events.codec import encode
from standardiste.common.events.inputs import ContactIdentified, ContactReceived
from standardiste.common.testing.builders import AT, contact
from standardiste.common.testing.running import Running, key_of_test, running, tenant_of_test
from standardiste.customers.app import build
from standardiste.customers.settings import CustomersSettings

ROWS_WITHIN_S: Final = 30.0
WAIT_S: Final = 120.0


async def measure(rows: int, contacts: int) -> Report:
    report = Report("customers")
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder), lambda parts: build(CustomersSettings(), parts)) as site:
            await site.configure("t1", tenant_of_test(), key_of_test("customer.read", "customer.import"))
            text = "name,email,phone,external:crm\n" + "".join(f"N{n},n{n}@example.org,+336{n:08d},c{n}\n" for n in range(rows))
            async with site.client() as http:
                new_s, same_s = [await _imported(http, text) for _ in range(2)]
            report.figure(f"import of {rows} new customers", new_s, "s", at_most=ROWS_WITHIN_S * rows / 10_000)
            report.figure("  rows a second", rows / new_s, "/s")
            report.figure("the same again, unchanged", same_s, "s")
            for what, first in (("new", 0), ("known", contacts)):
                took_s, cpu_s = await _identified(site, contacts, first)
                report.figure(f"identification of {what} customers", contacts / took_s, "/s")
                report.figure("  CPU a contact", 1_000 * cpu_s / contacts, "ms")
    return report


async def _imported(http: httpx.AsyncClient, text: str) -> float:
    began = time.perf_counter()
    for part in parts_of(io.StringIO(text, newline="")):
        answer = await http.post("/v1/customers/imports", content=part.content.encode(), params={"first_line": part.first_line})
        answer.raise_for_status()
        assert answer.json()["refused"] == 0
    return time.perf_counter() - began


async def _identified(site: Running, count: int, first: int) -> tuple[float, float]:
    """Wall and CPU seconds for so many contacts, one of each of `count` addresses."""
    sent: list[Outgoing] = []
    for number in range(count):
        one = contact(f"c{first + number}", address=f"k{number}@example.org")
        event = Event(id=one.id, source="ingest-email", subject=one.id, tenant="t1", time=AT, data=ContactReceived(contact=one))
        sent.append(encode(event, Topic.INPUTS))
    began, cpu = time.perf_counter(), time.process_time()
    for start in range(0, count, 500):
        await site.parts.bus.publish(*sent[start : start + 500])
    await site.events(Topic.INPUTS, ContactIdentified, first + count, WAIT_S)
    return time.perf_counter() - began, time.process_time() - cpu


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--contacts", type=int, default=2_000)
    options = parser.parse_args()
    return uvloop.run(measure(options.rows, options.contacts)).close()


if __name__ == "__main__":
    sys.exit(main())
