"""customers as a service: identification, the record of decisions, the daily sweep, its endpoints."""

from __future__ import annotations

from typing import Final

from standardiste.common.parts import Parts
from standardiste.common.personal import COLLECTIONS as ELSEWHERE
from standardiste.common.service import Service
from standardiste.customers.access import Access
from standardiste.customers.decisions import GROUP, Decisions
from standardiste.customers.edges import router_of
from standardiste.customers.erasures import Erasures
from standardiste.customers.hook import Hook
from standardiste.customers.identification import Identification
from standardiste.customers.joining import Joiner
from standardiste.customers.opening import Examiner
from standardiste.customers.progress import Progress
from standardiste.customers.records import COLLECTIONS
from standardiste.customers.resolver import Resolver
from standardiste.customers.retention import Keeper
from standardiste.customers.settings import CustomersSettings
from standardiste.customers.sweep import sweep_daily

NAME: Final = "customers"


def build(settings: CustomersSettings, parts: Parts) -> Service:
    """The service, not yet running."""
    progress, resolver = Progress(parts.bus, GROUP), Resolver(parts)
    joiner, erasures = Joiner(parts, resolver), Erasures(parts, settings.customers_backup_days)
    hook = Hook(parts, is_private_allowed=settings.customers_hook_private_allowed)
    return Service(
        name=NAME,
        router=router_of(Access(parts, progress), progress, resolver, joiner, erasures),
        tasks={
            "inputs": Identification(parts, Resolver(parts, progress), Examiner(parts, resolver), hook).run,
            "decisions": Decisions(parts, progress, resolver).run,
            "erasures": erasures.run,
            "joins": joiner.run,
            "retention": Keeper(parts, erasures).run,
            "sweep": lambda ready: sweep_daily(parts.store, parts.blobs, parts.clock, settings.customers_blob_keep_days, ready),
        },
        collections=(*COLLECTIONS, *ELSEWHERE),
    )
