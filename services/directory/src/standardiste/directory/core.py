"""The parts of the directory, put together once for its edges and for the first start of an installation."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from standardiste.common.errors import Refused
from standardiste.common.events.directory import RuleSet
from standardiste.common.events.model import QueueId
from standardiste.common.parts import Parts
from standardiste.common.rate_limit import TokenBuckets
from standardiste.common.rule_cost import TooMuch, too_much
from standardiste.common.rules import BadRules, compile_rules
from standardiste.common.security.audit import Audit
from standardiste.common.security.tokens import TokenSigner
from standardiste.directory.administration import Administration
from standardiste.directory.book import CHANGE_SETS, ENTITIES, ConfigurationBook
from standardiste.directory.claims import CLAIMS
from standardiste.directory.identity import PasswordProvider
from standardiste.directory.logins import LOGINS, Logins
from standardiste.directory.passwords import Passwords
from standardiste.directory.registry import TENANTS
from standardiste.directory.relay import LEASES, Relay
from standardiste.directory.settings import DirectorySettings
from standardiste.directory.sign_in import SignIn

COLLECTIONS = (CHANGE_SETS, ENTITIES, CLAIMS, LOGINS, TENANTS, LEASES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What the edges call."""

    parts: Parts
    settings: DirectorySettings
    audit: Audit
    book: ConfigurationBook
    administration: Administration
    logins: Logins
    passwords: Passwords
    relay: Relay


def make_core(settings: DirectorySettings, parts: Parts) -> Core:
    """Everything but sign-in, which needs the private key."""
    committed = asyncio.Event()
    book = ConfigurationBook(parts.store, parts.clock, committed.set)
    relay = Relay(parts.store, parts.bus, parts.clock, book, committed, settings.directory_holder)
    passwords = Passwords(memory_kib=settings.directory_password_memory_kib, passes=settings.directory_password_passes)
    return Core(
        parts=parts,
        settings=settings,
        audit=Audit(parts.store, parts.clock),
        book=book,
        administration=Administration(parts.store, parts.clock, parts.secrets, book, check_rules),
        logins=Logins(parts.store, parts.clock, parts.ids, passwords),
        passwords=passwords,
        relay=relay,
    )


def make_sign_in(core: Core, private_pem: bytes) -> SignIn:
    """Sign-in with built-in accounts."""
    settings = core.settings
    return SignIn(
        PasswordProvider(core.logins, core.passwords),
        core.logins,
        core.book,
        TokenSigner(private_pem),
        core.audit,
        core.parts.clock,
        by_name=TokenBuckets(per_s=settings.directory_sign_in_name_per_min / 60, burst=settings.directory_sign_in_name_burst),
        by_address=TokenBuckets(per_s=settings.directory_sign_in_address_per_min / 60, burst=settings.directory_sign_in_address_burst),
    )


def check_rules(rule_set: RuleSet, zone: str, default_queue: QueueId | None) -> Refused | None:
    """Compile, type-check and try the rules as the router will; nothing is tried that would take long."""
    found = too_much(rule_set) or compile_rules(rule_set, zone, default_queue)
    return Refused(reason=found.reason, detail=found.detail) if isinstance(found, BadRules | TooMuch) else None
