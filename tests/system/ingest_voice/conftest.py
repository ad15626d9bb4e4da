"""A site with a line to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from system.ingest_voice.line import ADDRESS, ANNA, BEN, CALLER, CARL, MUSIC, OURS, PUBLIC, Line, person, site_in

from standardiste.common.clock import ManualClock
from standardiste.common.events.inputs import ContactReceived
from standardiste.common.testing.running import Running, tenant_of_test
from standardiste.common.testing.twilio.double import TwilioDouble
from standardiste.common.testing.twilio.timers import ManualTimers


@pytest_asyncio.fixture
async def clock() -> ManualClock:
    return ManualClock()


@pytest_asyncio.fixture
async def twilio(clock: ManualClock) -> AsyncIterator[TwilioDouble]:
    async with TwilioDouble(timers=ManualTimers(clock)) as double:
        for number in (OURS, "+33199000009"):
            double.number(number, voice_url=f"{PUBLIC}/v1/voice/twilio/calls", voice_status_url=f"{PUBLIC}/v1/voice/twilio/calls/status")
        yield double


@pytest_asyncio.fixture
async def site(tmp_path: Path, twilio: TwilioDouble, clock: ManualClock) -> AsyncIterator[Running]:
    async with site_in(tmp_path, twilio, clock) as found:
        people = (person("anna", ANNA), person("ben", BEN), person("carl", CARL), person("dora", None), person("emil", "fax 12"))
        await found.configure("t1", tenant_of_test(), ADDRESS, *people)
        yield found
        assert twilio.alerts == []


@pytest_asyncio.fixture
async def line(site: Running, twilio: TwilioDouble) -> Line:
    """A caller in the queue."""
    call = await twilio.customer_calls(CALLER, OURS)
    contact = (await site.inputs(ContactReceived))[0].contact
    assert contact.conversation is not None
    await twilio.until(lambda: call.has_heard("Bonjour et bienvenue"), "the greeting")
    await twilio.advance(10_000)
    await twilio.until(lambda: call.has_heard(MUSIC), "the music")
    return Line(site, twilio, call, contact.conversation)
