"""
The round over a service's channel addresses: each is looked at every minute, by one pod, and what is new is told.

Theory. A look asks the provider (or the configuration) whether the address works, adds the arrivals that this process has counted, and compares what there
is to tell with what was told last, which a document per address keeps: nothing is told twice after a restart, and pods share the work, since whoever
finds a document younger than most of a round leaves it. Addresses are looked at side by side, each within its own time: what one does touches no other.

Where a service's own work shows how a way in or out fares (a mailbox is read, a mail handed over), it says so as it happens: what is new is told at once, and
the trouble of each way stands in the document until that way works again, whichever pod finds it so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, Protocol, TypeAlias
from zoneinfo import ZoneInfo

from standardiste.common.channel_health.rhythm import Rhythm, begun, silent_since
from standardiste.common.channel_health.words import WORDS
from standardiste.common.errors import Away, ProviderError, VersionConflict
from standardiste.common.events.base import Instant
from standardiste.common.events.codec import adapter, load_object
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.inputs import ChannelAddressReported
from standardiste.common.events.model import Channel
from standardiste.common.intake import Intake
from standardiste.common.log import logger
from standardiste.common.parts import Parts
from standardiste.common.store.port import ABSENT
from standardiste.common.store.port import Collection as Documents

EVERY_S: Final = 60.0
FRESH_MS: Final = 45_000
LOOK_WITHIN_S: Final = 20.0
AT_ONCE_MAX: Final = 8
EXPIRES_SOON_MS: Final = 14 * 24 * 3_600_000
SILENCE_SETTING: Final = "silence_minutes"
OUT: Final = "out"
"""The way on which nothing shows before somebody writes."""
EXPIRY_SETTING: Final = "credential_expires_on"

log = logger("channel-health")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    What a look found: nothing wrong, or a code of the catalogue with the provider's own. `expires_at`: when the credential ends, where that is known;
    `is_proof`: whether nothing wrong means that the provider was reached.
    """

    code: str | None = None
    detail: str = ""
    expires_at: Instant | None = None
    is_proof: bool = True


WELL: Final = Finding()
Look: TypeAlias = Callable[[str, ChannelAddress], Awaitable[Finding]]
"""Looks at one address of a tenant. Raises ProviderError, or Away when nothing can be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was told last."""

    is_healthy: bool
    detail: str
    expires_at: Instant | None = None
    silent_since: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The document of an address. `trouble` is a code for each way that does not work."""

    rhythm: Rhythm
    looked_at: Instant = Instant(0)
    succeeded_at: Instant | None = None
    told: Told | None = None
    trouble: dict[str, str] = field(default_factory=dict[str, str])
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """How one way fared just now: a code, or None when it works."""

    way: str
    code: str | None


class Outcomes(Protocol):
    """Who is told how the ways of an address fare, as it shows. Nothing is raised."""

    async def well(self, tenant: str, address: str, way: str) -> None: ...

    async def ill(self, tenant: str, address: str, way: str, code: str) -> None: ...


def _no_ways(_: ChannelAddress) -> Collection[str]:
    return ()


class HealthWatch:
    """
    One per service; its own `Outcomes`. `channels` are the ones it serves; `read` names the ways of an address whose outcomes come without anybody's doing: the
    first report waits one round for them.
    """

    def __init__(
        self,
        service: str,
        parts: Parts,
        intake: Intake,
        channels: Collection[Channel],
        look: Look,
        read: Callable[[ChannelAddress], Collection[str]] = _no_ways,
    ) -> None:
        self._parts, self._intake, self._channels, self._look, self._read_ways = parts, intake, frozenset(channels), look, read
        self._known: dict[tuple[str, str, str], tuple[str | None, Instant]] = {}
        self._succeeded: dict[tuple[str, str], Instant] = {}
        self.collection = Documents(name=f"{service}-health")

    async def well(self, tenant: str, address: str, way: str) -> None:
        """This way works."""
        self._succeeded[tenant, address] = self._parts.clock.now()
        await self._heard(tenant, address, News(way=way, code=None))

    async def ill(self, tenant: str, address: str, way: str, code: str) -> None:
        """This way does not work, because of `code`."""
        await self._heard(tenant, address, News(way=way, code=code))

    async def _heard(self, tenant: str, id: str, news: News) -> None:
        """Look at once when it is new to this process; what is old is said again after a while, since another pod may have found otherwise meanwhile."""
        now, key = self._parts.clock.now(), (tenant, id, news.way)
        code, heard_at = self._known.get(key, (None, Instant(0)))
        address = self._parts.directory.address_by_id(tenant, id)
        if address is None or (code == news.code and now - heard_at < FRESH_MS):
            return
        try:
            await self._one(tenant, address, None, news)
        except Away:
            log.warning("health_untold", channel_address=id)  # with the next outcome
            return
        self._known[key] = (news.code, now)

    async def run(self, ready: Callable[[], None]) -> None:
        """Rounds until cancelled. A store or bus that is away is tried again a round later."""
        ready()
        await self._parts.directory.ready()
        while True:
            await self.round()
            await asyncio.sleep(EVERY_S)

    async def round(self) -> None:
        """Look at every address once."""
        gate, counted = asyncio.Semaphore(AT_ONCE_MAX), self._intake.arrivals.take()
        addresses = [
            (tenant.id, address)
            for tenant in list(self._parts.directory.tenants())
            for address in self._parts.directory.all(ChannelAddress, tenant.id)
            if address.channel in self._channels
        ]

        async def one(tenant: str, address: ChannelAddress) -> None:
            async with gate:
                arrived = counted.get((tenant, address.id))
                try:
                    await self._one(tenant, address, arrived, None)
                except Away:
                    if arrived is not None:
                        self._intake.arrivals.put_back(tenant, address.id, *arrived)
                    log.warning("health_untold", channel_address=address.id)

        await asyncio.gather(*(one(tenant, address) for tenant, address in addresses))

    async def _one(self, tenant: str, address: ChannelAddress, arrived: tuple[int, Instant] | None, news: News | None) -> None:
        now = self._parts.clock.now()
        version, kept = await self._read(tenant, address, now)
        if now - kept.looked_at < FRESH_MS and arrived is None and news is None:
            return
        is_early = version == ABSENT and news is None and bool(self._read_ways(address))
        finding = await self._found(tenant, address)
        while True:
            rhythm = kept.rhythm.at(now) if arrived is None else kept.rhythm.heard(*arrived)
            proven = now if finding.code is None and finding.is_proof else Instant(0)
            succeeded = Instant(max(kept.succeeded_at or 0, self._succeeded.get((tenant, address.id), 0), proven)) or None
            trouble = self._trouble(address, kept, news)
            told = kept.told if is_early else self._to_tell(tenant, address, finding, trouble, rhythm, now)
            fresh = replace(kept, rhythm=rhythm, looked_at=now, succeeded_at=succeeded, told=told, trouble=trouble)
            if told is not None and told != kept.told:
                await self._tell(tenant, address, told, max(rhythm.last_at or 0, succeeded or 0), now)
            try:
                await self._parts.store.tenant(tenant).put(
                    self.collection, address.id, adapter(Kept).dump_python(fresh, mode="json", exclude_none=True), expected=version
                )
            except VersionConflict:  # another pod looked meanwhile: what it kept counts, and our arrivals are added
                version, kept = await self._read(tenant, address, now)
                continue
            return

    async def _read(self, tenant: str, address: ChannelAddress, now: Instant) -> tuple[int, Kept]:
        found = await self._parts.store.tenant(tenant).get(self.collection, address.id)
        return (ABSENT, Kept(rhythm=begun(now))) if found is None else (found.version, load_object(Kept, found.body))

    async def _found(self, tenant: str, address: ChannelAddress) -> Finding:
        """The look, within its time, whatever it does."""
        own = self._parts.directory.tenant(tenant)
        if own is not None and own.is_test:
            return WELL  # nothing leaves a test tenant
        try:
            async with asyncio.timeout(LOOK_WITHIN_S):
                return await self._look(tenant, address)
        except Away:
            raise
        except ProviderError as error:
            return Finding(code=error.code, detail=error.code)
        except TimeoutError:
            return Finding(code="no_answer")
        except Exception:
            log.error("health_look_failed", channel_address=address.id, exc_info=True)
            return Finding(code="check_failed")

    def _trouble(self, address: ChannelAddress, kept: Kept, news: News | None) -> dict[str, str]:
        """What each way suffers from, after the news; a way that is configured no more suffers from nothing."""
        trouble = {way: code for way, code in kept.trouble.items() if way == OUT or way in self._read_ways(address)}
        if news is not None:
            trouble.pop(news.way, None)
            if news.code is not None:
                trouble[news.way] = news.code
        return trouble

    def _to_tell(
        self, tenant: str, address: ChannelAddress, finding: Finding, trouble: Mapping[str, str], rhythm: Rhythm, now: Instant
    ) -> Told:
        own = self._parts.directory.tenant(tenant)
        language, zone = (own.language, ZoneInfo(own.zone)) if own is not None else ("en", ZoneInfo("UTC"))
        limit = address.settings.get(SILENCE_SETTING)
        since = silent_since(rhythm, now, limit * 60_000 if isinstance(limit, int) and not isinstance(limit, bool) else None)
        expires_at = finding.expires_at or _declared(address, zone)
        said: list[str] = []
        if finding.code is not None:
            said.append(_said(finding.code, finding.detail, language))
        said.extend(dict.fromkeys(_said(code, code, language) for _, code in sorted(trouble.items())))
        if since is not None:
            said.append(WORDS.text("silent", language, since=_shown(since, zone, "%Y-%m-%d %H:%M")))
        if expires_at is not None and expires_at - now < EXPIRES_SOON_MS:
            said.append(WORDS.text("expires" if expires_at > now else "expired", language, day=_shown(expires_at, zone, "%Y-%m-%d")))
        is_over = expires_at is not None and expires_at <= now
        return Told(
            is_healthy=finding.code is None and not trouble and since is None and not is_over,
            detail=" ".join(said),
            expires_at=expires_at,
            silent_since=since,
        )

    async def _tell(self, tenant: str, address: ChannelAddress, told: Told, succeeded_at: int, now: Instant) -> None:
        report = ChannelAddressReported(
            channel_address=address.id,
            channel=address.channel,
            is_healthy=told.is_healthy,
            last_success_at=Instant(succeeded_at) if succeeded_at else None,
            detail=told.detail,
            credential_expires_at=told.expires_at,
            silent_since=told.silent_since,
        )
        await self._intake.report(tenant, address.id, report, id=f"{address.id}/health/{now}", time=now)


def _said(code: str, detail: str, language: str) -> str:
    named = code if code in WORDS.keys() else "other"  # noqa: SIM118  a catalogue is no mapping
    return WORDS.text(named, language, **({"code": detail} if named in ("other", "account_not_active") else {}))


def _declared(address: ChannelAddress, zone: ZoneInfo) -> Instant | None:
    """The day that an administrator wrote down, "2027-01-31"; its beginning. What is no day is none."""
    day = address.settings.get(EXPIRY_SETTING)
    try:
        return None if not isinstance(day, str) else Instant(int(datetime.fromisoformat(day).replace(tzinfo=zone).timestamp() * 1000))
    except ValueError:
        return None


def _shown(at: Instant, zone: ZoneInfo, form: str) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).strftime(form)
