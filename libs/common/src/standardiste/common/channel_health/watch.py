"""
The round over a service's channel addresses: each is looked at every minute, by one pod, and what is new is told.

Theory. A look asks the provider (or the configuration) whether the address works, adds the arrivals that this process has counted, and compares what there
is to tell with what was told last, which a document per address keeps: nothing is told twice after a restart, and pods share the work, since whoever
finds a document younger than most of a round leaves it. Addresses are looked at side by side, each within its own time: what one does touches no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, TypeAlias
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
EXPIRY_SETTING: Final = "credential_expires_on"

log = logger("channel-health")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a look found: nothing wrong, or a code of the catalogue with the provider's own. `expires_at`: when the credential ends, where that is known."""

    code: str | None = None
    detail: str = ""
    expires_at: Instant | None = None


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
    """The document of an address."""

    rhythm: Rhythm
    looked_at: Instant = Instant(0)
    succeeded_at: Instant | None = None
    told: Told | None = None
    format: int = 1


class HealthWatch:
    """One per service. `channels` are the ones it serves."""

    def __init__(self, service: str, parts: Parts, intake: Intake, channels: Collection[Channel], look: Look) -> None:
        self._parts, self._intake, self._channels, self._look = parts, intake, frozenset(channels), look
        self.collection = Documents(name=f"{service}-health")

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
                    await self._one(tenant, address, arrived)
                except Away:
                    if arrived is not None:
                        self._intake.arrivals.put_back(tenant, address.id, *arrived)
                    log.warning("health_untold", channel_address=address.id)

        await asyncio.gather(*(one(tenant, address) for tenant, address in addresses))

    async def _one(self, tenant: str, address: ChannelAddress, arrived: tuple[int, Instant] | None) -> None:
        now = self._parts.clock.now()
        version, kept = await self._read(tenant, address, now)
        if now - kept.looked_at < FRESH_MS and arrived is None:
            return
        finding = await self._found(tenant, address)
        while True:
            rhythm = kept.rhythm.at(now) if arrived is None else kept.rhythm.heard(*arrived)
            succeeded = now if finding.code is None else kept.succeeded_at
            told = self._to_tell(tenant, address, finding, rhythm, now)
            fresh = replace(kept, rhythm=rhythm, looked_at=now, succeeded_at=succeeded, told=told)
            if told != kept.told:
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

    def _to_tell(self, tenant: str, address: ChannelAddress, finding: Finding, rhythm: Rhythm, now: Instant) -> Told:
        own = self._parts.directory.tenant(tenant)
        language, zone = (own.language, ZoneInfo(own.zone)) if own is not None else ("en", ZoneInfo("UTC"))
        limit = address.settings.get(SILENCE_SETTING)
        since = silent_since(rhythm, now, limit * 60_000 if isinstance(limit, int) and not isinstance(limit, bool) else None)
        expires_at = finding.expires_at or _declared(address, zone)
        said: list[str] = []
        if finding.code is not None:
            code = finding.code if finding.code in WORDS.keys() else "other"  # noqa: SIM118  a catalogue is no mapping
            said.append(WORDS.text(code, language, **({"code": finding.detail} if code in ("other", "account_not_active") else {})))
        if since is not None:
            said.append(WORDS.text("silent", language, since=_shown(since, zone, "%Y-%m-%d %H:%M")))
        if expires_at is not None and expires_at - now < EXPIRES_SOON_MS:
            said.append(WORDS.text("expires" if expires_at > now else "expired", language, day=_shown(expires_at, zone, "%Y-%m-%d")))
        is_over = expires_at is not None and expires_at <= now
        return Told(
            is_healthy=finding.code is None and since is None and not is_over,
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


def _declared(address: ChannelAddress, zone: ZoneInfo) -> Instant | None:
    """The day that an administrator wrote down, "2027-01-31"; its beginning. What is no day is none."""
    day = address.settings.get(EXPIRY_SETTING)
    try:
        return None if not isinstance(day, str) else Instant(int(datetime.fromisoformat(day).replace(tzinfo=zone).timestamp() * 1000))
    except ValueError:
        return None


def _shown(at: Instant, zone: ZoneInfo, form: str) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).strftime(form)
