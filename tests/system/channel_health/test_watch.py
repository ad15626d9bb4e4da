"""The round over channel addresses: what is told, when, and that one bad address stops no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest_asyncio

from standardiste.common.channel_health.watch import EXPIRES_SOON_MS, WELL, Finding, HealthWatch, Look
from standardiste.common.clock import ManualClock
from standardiste.common.errors import ProviderError
from standardiste.common.events.base import Instant
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.inputs import ChannelAddressReported
from standardiste.common.events.model import Channel, ChannelAddressId
from standardiste.common.intake import ContactDraft, Intake
from standardiste.common.parts import Parts
from standardiste.common.service import Service
from standardiste.common.testing.running import Running, running, tenant_of_test
from standardiste.common.testing.twilio.double import TwilioDouble
from standardiste.common.twilio.client import TwilioApi
from standardiste.common.twilio.credentials import CredentialBook
from standardiste.common.twilio.look import TwilioLook

MINUTE_MS = 60_000


def number(id: str, **settings: str | int | bool) -> ChannelAddress:
    return ChannelAddress(
        id=ChannelAddressId(id), change_set=0, channel=Channel.SMS, address=f"+3363998{len(id):04}{ord(id[-1]):03}", settings=settings
    )


@dataclass
class Centre:
    """A running site with a watch whose rounds the test asks for."""

    site: Running
    clock: ManualClock
    watch: HealthWatch
    intake: Intake
    findings: dict[str, Finding | Exception | None] = field(default_factory=dict[str, "Finding | Exception | None"])
    told: int = 0

    async def round(self, after_ms: int = MINUTE_MS) -> None:
        self.clock.advance(after_ms)
        await self.watch.round()

    def another_pod(self) -> HealthWatch:
        """A watch with a memory of its own."""
        return watch_of(replace(self.site.parts, clock=self.clock), self.intake, self.look)

    async def look(self, tenant: str, address: ChannelAddress) -> Finding:
        answer = self.findings.get(address.id, WELL)
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            await asyncio.get_running_loop().create_future()
        return answer or WELL

    async def news(self, count: int) -> list[ChannelAddressReported]:
        """The reports since the last look."""
        found = await self.site.inputs(ChannelAddressReported, self.told + count) if count else []
        self.told += count
        return found[-count:] if count else []


def watch_of(parts: Parts, intake: Intake, look: Look) -> HealthWatch:
    """A watch over numbers, of which those with a `box` have one that is read."""
    return HealthWatch("ingest-sms", parts, intake, (Channel.SMS,), look, lambda address: ("in",) if "box" in address.settings else ())


@pytest_asyncio.fixture
async def centre(tmp_path: Path) -> AsyncIterator[Centre]:
    clock, found = ManualClock(), list[Centre]()

    def build(parts: Parts) -> Service:
        intake = Intake(bus=parts.bus, blobs=parts.blobs, keys=parts.keys, clock=clock, source="ingest-sms")

        async def look(tenant: str, address: ChannelAddress) -> Finding:
            return await found[0].look(tenant, address)

        watch = watch_of(parts, intake, look)
        found.append(Centre(site=None, clock=clock, watch=watch, intake=intake))  # type: ignore[arg-type]  # there in a moment
        return Service(name="ingest-sms", collections=(watch.collection,))

    async with running(tmp_path, build, clock=clock) as site:
        found[0].site = site
        yield found[0]


async def test_each_address_is_told_at_the_first_round_and_then_only_what_is_new(centre: Centre) -> None:
    await centre.site.configure("t1", tenant_of_test(), number("a"), number("b"))
    await centre.round()
    first = await centre.news(2)
    assert sorted((each.channel_address, each.is_healthy, each.detail) for each in first) == [("a", True, ""), ("b", True, "")]
    assert all(each.last_success_at == centre.clock.now() for each in first)
    await centre.round()
    centre.findings["a"] = ProviderError("twilio", "not_reached", "", is_retryable=True)
    await centre.round()
    [ill] = await centre.news(1)
    assert (ill.channel_address, ill.is_healthy, ill.detail) == ("a", False, "Le fournisseur est injoignable.")
    assert ill.last_success_at == centre.clock.now() - MINUTE_MS
    centre.findings.clear()
    await centre.round()
    assert [(each.channel_address, each.is_healthy) for each in await centre.news(1)] == [("a", True)]


async def test_one_that_fails_in_an_unforeseen_way_stops_no_other(centre: Centre) -> None:
    await centre.site.configure("t1", tenant_of_test(), *(number(each) for each in "abc"))
    centre.findings["b"] = RuntimeError("a fault of ours")
    await centre.round()
    assert sorted((each.channel_address, each.is_healthy) for each in await centre.news(3)) == [("a", True), ("b", False), ("c", True)]


async def test_two_pods_share_the_work(centre: Centre) -> None:
    await centre.site.configure("t1", tenant_of_test(), number("a"))
    await centre.round()
    await centre.news(1)
    centre.findings["a"] = Finding(code="no_answer")
    await centre.round(10_000)  # another pod looked ten seconds ago
    await centre.round(50_000)
    assert [each.is_healthy for each in await centre.news(1)] == [False]


async def test_credential_that_ends_is_told_two_weeks_before_and_when_it_is_over(centre: Centre) -> None:
    ends = Instant(centre.clock.now() + EXPIRES_SOON_MS + MINUTE_MS)
    centre.findings["a"] = Finding(expires_at=ends)
    await centre.site.configure("t1", tenant_of_test(), number("a"))
    await centre.round(0)
    await centre.round(2 * MINUTE_MS)
    await centre.round(EXPIRES_SOON_MS)
    told = await centre.news(3)
    assert [(each.is_healthy, each.credential_expires_at) for each in told] == [(True, ends), (True, ends), (False, ends)]
    assert [each.detail[:36] for each in told] == ["", "L'identifiant de cette adresse expir", "L'identifiant de cette adresse a exp"]


async def test_day_that_an_administrator_wrote_down_counts_as_the_end(centre: Centre) -> None:
    await centre.site.configure("t1", tenant_of_test(), number("a", credential_expires_on="2023-11-20"))
    await centre.round()
    [told] = await centre.news(1)
    assert (told.is_healthy, "2023-11-20" in told.detail) == (True, True)


async def test_unusual_silence_is_told_and_ends_with_the_next_contact(centre: Centre) -> None:
    quiet = number("a", silence_minutes=30)
    await centre.site.configure("t1", tenant_of_test(), quiet)
    await centre.round()
    since = centre.clock.now()
    await centre.round(31 * MINUTE_MS)
    healthy, silent = await centre.news(2)
    assert (healthy.silent_since, silent.silent_since, silent.is_healthy) == (None, since, False)
    view = centre.site.parts.directory
    draft = ContactDraft(
        tenant="t1", channel_address=quiet, scope=view.scope_of("t1", quiet), address="+33639981111", provider_id="SM1", text="?"
    )
    await centre.intake.accept(draft)
    await centre.round()
    [again] = await centre.news(1)
    assert (again.is_healthy, again.silent_since) == (True, None)


async def test_outcome_is_told_at_once_and_stands_until_that_way_works_again(centre: Centre) -> None:
    await centre.site.configure("t1", tenant_of_test(), number("a", box=True))
    await centre.watch.well("t1", "a", "in")
    await centre.watch.ill("t1", "a", "out", "unreachable")
    told = await centre.news(2)
    assert [(each.is_healthy, each.detail) for each in told] == [(True, ""), (False, "Le serveur de messagerie est injoignable.")]
    await centre.round()
    await centre.watch.well("t1", "a", "in")
    await centre.round()
    await centre.watch.ill("t1", "a", "in", "connection_lost")
    [both] = await centre.news(1)
    assert both.detail == "Le serveur de messagerie a coupé la connexion. Le serveur de messagerie est injoignable."
    await centre.watch.well("t1", "a", "out")
    await centre.watch.well("t1", "a", "in")
    assert [each.is_healthy for each in await centre.news(2)] == [False, True]


async def test_first_report_waits_a_round_for_what_is_read(centre: Centre) -> None:
    await centre.site.configure("t1", tenant_of_test(), number("a", box=True), number("b"))
    await centre.round()
    assert [each.channel_address for each in await centre.news(1)] == ["b"]
    await centre.round()
    assert [each.channel_address for each in await centre.news(1)] == ["a"]


async def test_trouble_of_a_way_that_is_configured_no_more_is_over(centre: Centre) -> None:
    await centre.site.configure("t1", tenant_of_test(), number("a", box=True))
    await centre.watch.ill("t1", "a", "in", "folder_missing")
    await centre.site.configure("t1", number("a"))
    await centre.round()
    assert [(each.is_healthy, each.detail) for each in await centre.news(2)][1] == (True, "")


async def test_trouble_that_another_pod_found_is_ended_by_whoever_reads_now(centre: Centre) -> None:
    await centre.site.configure("t1", tenant_of_test(), number("a", box=True))
    other = centre.another_pod()
    await centre.watch.well("t1", "a", "in")
    await other.ill("t1", "a", "in", "timed_out")
    await centre.round()
    assert [each.is_healthy for each in await centre.news(2)] == [True, False]
    await centre.watch.well("t1", "a", "in")
    assert [each.is_healthy for each in await centre.news(1)] == [True]


async def test_nothing_leaves_a_test_tenant(centre: Centre) -> None:
    centre.findings["a"] = RuntimeError("asked all the same")
    await centre.site.configure("t1", replace(tenant_of_test(), is_test=True), number("a"))
    await centre.round()
    assert [each.is_healthy for each in await centre.news(1)] == [True]


async def _twilio_says(centre: Centre, change: Callable[[TwilioDouble], None]) -> tuple[bool, str]:
    async with TwilioDouble() as twilio:
        change(twilio)
        parts = centre.site.parts
        await parts.secrets.put("t1", "twilio", "the-token" if twilio.account.auth_token == "" else twilio.auth_token)
        api = TwilioApi(twilio.url)
        look = TwilioLook(api, CredentialBook(parts.secrets, centre.clock), centre.clock)
        address = number("a", account_sid=twilio.account_sid, auth_token_secret="twilio")
        try:
            found = await look("t1", address)
        except ProviderError as error:
            found = Finding(code=error.code)
        await api.http.close()
        return found.code is None, found.code or ""


async def test_account_is_asked_of_twilio(centre: Centre) -> None:
    def suspended(twilio: TwilioDouble) -> None:
        twilio.account.status = "suspended"

    def refused(twilio: TwilioDouble) -> None:
        twilio.account.auth_token = ""

    await centre.site.configure("t1", tenant_of_test())
    assert await _twilio_says(centre, lambda twilio: None) == (True, "")
    assert await _twilio_says(centre, suspended) == (False, "account_not_active")
    assert await _twilio_says(centre, refused) == (False, "credentials_refused")
