"""
Keeps every configured mailbox read: one task each, begun, changed and ended as the configuration says; one bad mailbox never stops another.

Nothing is read while the installation is held after a restore. Between several processes each mailbox has one reader (mailbox_state.py).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

from standardiste.common.channel_health.watch import Outcomes
from standardiste.common.clock import Clock
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import Away, ProviderError
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import Channel, TenantId
from standardiste.common.log import logger
from standardiste.common.secrets.port import Secrets
from standardiste.ingest_email.address_look import IN, SENT_FOLDER
from standardiste.ingest_email.imap import ImapAccount
from standardiste.ingest_email.mailbox import SLICE_S, Done, LeaseLost, Mailbox, MailboxReader
from standardiste.ingest_email.mailbox_state import Held, Readings
from standardiste.ingest_email.oauth import AccessTokens
from standardiste.ingest_email.reception import Reception
from standardiste.ingest_email.sent_folder import Copies, Finder, SentFolder

LOOK_EVERY_S = 5.0
SENT = "/sent"
"""What the id of a channel address is followed by where its folder of sent mail is meant."""
AGAIN_MIN_S, AGAIN_MAX_S = 1.0, 60.0

log = logger("ingest-email")


class Mailboxes:
    """The readers of one process."""

    def __init__(
        self,
        *,
        directory: DirectoryView,
        secrets: Secrets,
        clock: Clock,
        reception: Reception,
        readings: Readings,
        tokens: AccessTokens,
        health: Outcomes,
        is_held: Callable[[], bool],
        holder: str,
        is_alone: bool,
        bytes_max: int,
        finder: Finder,
        copies: Copies,
    ) -> None:
        self._directory, self._secrets, self._clock, self._reception = directory, secrets, clock, reception
        self._readings, self._tokens, self._health = readings, tokens, health
        self._is_held, self._holder, self._is_alone, self._bytes_max = is_held, holder, is_alone, bytes_max
        self._finder, self._copies = finder, copies
        self._running: dict[tuple[TenantId, str], tuple[ChannelAddress, asyncio.Task[None]]] = {}

    async def run(self, ready: Callable[[], None]) -> None:
        """Until cancelled."""
        await self._directory.ready()
        ready()
        try:
            while True:
                await self._reconcile()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._directory.wait_change(), LOOK_EVERY_S)
        finally:
            await self._end(list(self._running))

    async def _reconcile(self) -> None:
        wanted = {} if self._is_held() else {(tenant, id): address for tenant, id, address in self._configured()}
        await self._end([key for key, (address, task) in self._running.items() if wanted.get(key) != address or task.done()])
        for (tenant, id), address in wanted.items():
            if (tenant, id) not in self._running:
                task = asyncio.create_task(self._keep_reading(tenant, id, address), name=f"mailbox {tenant}/{id}")
                self._running[(tenant, id)] = (address, task)

    def _configured(self) -> Iterator[tuple[TenantId, str, ChannelAddress]]:
        """Every mailbox, and every folder of sent mail as one of its own."""
        for tenant in self._directory.tenants():
            for address in self._directory.all(ChannelAddress, tenant.id):
                if address.channel is Channel.EMAIL and address.settings.get("imap_host") and not tenant.is_archived:
                    yield tenant.id, address.id, address
                    if address.settings.get("imap_sent_folder"):
                        yield tenant.id, f"{address.id}{SENT}", address

    async def _end(self, keys: list[tuple[TenantId, str]]) -> None:
        ended = [self._running.pop(key)[1] for key in keys]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)  # each has told its own trouble

    async def _keep_reading(self, tenant: TenantId, id: str, address: ChannelAddress) -> None:
        """Read, and begin again with growing pauses whenever it fails, for as long as the mailbox is configured."""
        again_s = AGAIN_MIN_S
        way = SENT_FOLDER if id.endswith(SENT) else IN

        async def succeeded() -> None:
            nonlocal again_s
            again_s = AGAIN_MIN_S
            await self._health.well(tenant, address.id, way)

        while True:
            try:
                held = await self._readings.hold(tenant, id, self._holder, self._clock.now(), is_alone=self._is_alone)
                if held is not None:
                    await self._read(tenant, id, address, held, succeeded)
                await asyncio.sleep(SLICE_S)
                continue
            except LeaseLost:
                log.info("mailbox_taken_over", channel_address=address.id)
            except Away as away:
                log.warning("mailbox_waits", channel_address=address.id, away=away.what)
            except ProviderError as error:
                log.warning("mailbox_fails", channel_address=address.id, provider=error.provider, code=error.code)
                await self._health.ill(tenant, address.id, way, error.code)
            except Exception:  # one mailbox's fault must not stop the others: it is told as trouble of its address and tried again
                log.exception("mailbox_fault", channel_address=address.id)
                await self._health.ill(tenant, address.id, way, "check_failed")
            await asyncio.sleep(again_s)
            again_s = min(AGAIN_MAX_S, again_s * 2)

    async def _read(self, tenant: TenantId, id: str, address: ChannelAddress, held: Held, succeeded: Callable[[], Awaitable[None]]) -> None:
        account = await self._account(tenant, address)
        if id.endswith(SENT):
            account = replace(account, folder=str(address.settings["imap_sent_folder"]))
        mailbox = Mailbox(tenant=tenant, address=address, account=account, done=_done(address), bytes_max=self._bytes_max)
        reader = (
            SentFolder(mailbox, held, self._finder, self._copies, self._clock, succeeded=succeeded, sleep=asyncio.sleep)
            if id.endswith(SENT)
            else MailboxReader(mailbox, held, self._reception, self._clock, succeeded=succeeded, sleep=asyncio.sleep)
        )
        try:
            await reader.read()
        except ProviderError as error:
            if error.code == "sign_in_refused" and mailbox.account.token:
                self._tokens.forget(tenant, str(address.settings["imap_oauth_secret"]))
            raise
        finally:
            with contextlib.suppress(Away):
                await held.write(replace(held.reading, holder=None, lease_until=0))

    async def _account(self, tenant: TenantId, address: ChannelAddress) -> ImapAccount:
        own = address.settings
        tls = str(own.get("imap_tls", "tls"))
        if tls not in ("tls", "none"):
            raise ProviderError("imap", "not_configured", "imap_tls must be tls or none", is_retryable=True)
        secret, oauth = str(own.get("imap_password_secret", "")), str(own.get("imap_oauth_secret", ""))
        password = await self._secrets.get(tenant, secret) if secret else ""
        if password is None or not (secret or oauth):
            raise ProviderError("imap", "secret_missing", secret, is_retryable=True)
        return ImapAccount(
            host=str(own["imap_host"]),
            port=int(own.get("imap_port", 993 if tls == "tls" else 143)),
            tls=tls,
            username=str(own.get("imap_username", address.address)),
            password=password,
            token=await self._tokens.token(tenant, oauth) if oauth else "",
            folder=str(own.get("imap_folder", "INBOX")),
        )


def _done(address: ChannelAddress) -> Done:
    return Done(flag=str(address.settings.get("imap_flag", r"\Seen")), folder=str(address.settings.get("imap_move_to", "")))
