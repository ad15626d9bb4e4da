"""
Stands before files: whether one may be served or taken, for tenants that ask for it. Verdicts are kept in memory by content, the latest only, because an
image of a signature comes with every mail.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Final

from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import CommandRejected, Refused, ScannerAway
from standardiste.common.events.model import AttachmentState
from standardiste.common.scanning.port import Finding, Scanner

KEPT_MAX: Final = 10_000


class Screen:
    """`scanner` None: none is installed."""

    def __init__(self, scanner: Scanner | None, directory: DirectoryView) -> None:
        self._scanner, self._directory = scanner, directory
        self._verdicts: OrderedDict[str, Finding] = OrderedDict()

    def is_asked_for(self, tenant: str) -> bool:
        """Whether the tenant wants files looked through."""
        own = self._directory.tenant(tenant)
        return own is not None and own.scans_attachments

    async def state_on_arrival(self, tenant: str, content: bytes) -> AttachmentState:
        """What is known of a file as it comes. A scanner that is away holds up no mail: the file is looked through before it is served."""
        if self._scanner is None or not self.is_asked_for(tenant):
            return AttachmentState.UNSCANNED
        try:
            return (await self._look(content)).state
        except ScannerAway:
            return AttachmentState.UNSCANNED

    async def state_to_serve(self, tenant: str, known: AttachmentState, content: bytes) -> AttachmentState:
        """
        What holds before a file is given out. Where the tenant asks, a file nobody has looked through is looked through now. Raises ScannerAway, also where
        no scanner is installed: the tenant was promised one.
        """
        if known is not AttachmentState.UNSCANNED or not self.is_asked_for(tenant):
            return known
        if self._scanner is None:
            raise ScannerAway("none is installed")
        return (await self._look(content)).state

    async def require_safe(self, tenant: str, known: AttachmentState, content: bytes) -> None:
        """
        Where the tenant asks, nothing is given out that was not looked through and found safe; what was refused as it came is given out nowhere.

        Raises CommandRejected("not_allowed"), ScannerAway.
        """
        if known is not AttachmentState.REFUSED and not self.is_asked_for(tenant):
            return
        match await self.state_to_serve(tenant, known, content):
            case AttachmentState.CLEAN:
                return
            case AttachmentState.REFUSED:
                raise CommandRejected(Refused(reason="not_allowed", detail="The attachment was refused: it is not safe."))
            case AttachmentState.UNSCANNED:
                raise CommandRejected(Refused(reason="not_allowed", detail="The file is too large to be looked through."))

    async def _look(self, content: bytes) -> Finding:
        assert self._scanner is not None, "asked before"
        digest = hashlib.sha256(content).hexdigest()
        found = self._verdicts.get(digest)
        if found is None:
            found = self._verdicts[digest] = await self._scanner.scan(content)
            if len(self._verdicts) > KEPT_MAX:
                self._verdicts.popitem(last=False)
        return found
