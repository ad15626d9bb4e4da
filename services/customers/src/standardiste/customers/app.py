"""customers as a service: identification, the record of decisions, the daily sweep, its endpoints."""

from __future__ import annotations

from typing import Final

from standardiste.common.parts import Parts
from standardiste.common.service import Service
from standardiste.customers.decisions import GROUP, Decisions
from standardiste.customers.edge import CustomersEdge
from standardiste.customers.identification import Identification
from standardiste.customers.progress import Progress
from standardiste.customers.records import COLLECTIONS
from standardiste.customers.resolver import Resolver
from standardiste.customers.settings import CustomersSettings
from standardiste.customers.sweep import sweep_daily

NAME: Final = "customers"


def build(settings: CustomersSettings, parts: Parts) -> Service:
    """The service, not yet running."""
    progress, resolver = Progress(parts.bus, GROUP), Resolver(parts)
    return Service(
        name=NAME,
        router=CustomersEdge(parts, progress).router(),
        tasks={
            "inputs": Identification(parts, resolver).run,
            "decisions": Decisions(parts, progress, resolver).run,
            "sweep": lambda ready: sweep_daily(parts.store, parts.blobs, parts.clock, settings.customers_blob_keep_days, ready),
        },
        collections=COLLECTIONS,
    )
