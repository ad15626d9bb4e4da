"""Every endpoint of /v1/customers, in the order in which paths are tried: `/{customer}` takes any second part, so what is fixed comes first."""

from __future__ import annotations

from fastapi import APIRouter

from standardiste.customers.access import Access
from standardiste.customers.edge import ReadingEdge
from standardiste.customers.edge_consents import ConsentsEdge
from standardiste.customers.edge_import import ImportEdge
from standardiste.customers.edge_joins import JoinsEdge
from standardiste.customers.edge_privacy import PrivacyEdge
from standardiste.customers.edge_records import RecordsEdge
from standardiste.customers.erasures import Erasures
from standardiste.customers.joining import Joiner
from standardiste.customers.progress import Progress
from standardiste.customers.reopening import ReopeningEdge
from standardiste.customers.resolver import Resolver


def router_of(access: Access, progress: Progress, resolver: Resolver, joiner: Joiner, erasures: Erasures) -> APIRouter:
    """The router of this service."""
    router = APIRouter(prefix="/v1/customers", tags=["customers"])
    consents, privacy = ConsentsEdge(access, resolver), PrivacyEdge(access, erasures)
    ReadingEdge(access, progress).add_to(router)
    ReopeningEdge(access).add_to(router)
    consents.add_to(router)
    ImportEdge(access, erasures).add_to(router)
    privacy.add_to(router)
    RecordsEdge(access).add_to(router)
    consents.add_after(router)
    JoinsEdge(access, joiner).add_after(router)
    privacy.add_after(router)
    return router
