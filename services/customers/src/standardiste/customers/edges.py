"""Every endpoint of /v1/customers, in the order in which paths are tried: `/{customer}` takes any second part, so what is fixed comes first."""

from __future__ import annotations

from fastapi import APIRouter

from standardiste.customers.access import Access
from standardiste.customers.edge import ReadingEdge
from standardiste.customers.edge_records import RecordsEdge
from standardiste.customers.progress import Progress


def router_of(access: Access, progress: Progress) -> APIRouter:
    """The router of this service."""
    router = APIRouter(prefix="/v1/customers", tags=["customers"])
    ReadingEdge(access, progress).add_to(router)
    RecordsEdge(access).add_to(router)
    return router
