"""A collector of traces that only keeps what it is sent: OTLP over HTTP, protobuf."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from standardiste.common.testing.http_server import served


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One span: whose it is, what it says it does, and where it hangs. Ids are hexadecimal; a root has no parent."""

    service: str
    name: str
    trace: str
    id: str
    parent: str


@dataclass(slots=True)
class Recorder:
    """`spans` is what arrived; `url` is given to services as their OTLP endpoint."""

    url: str
    spans: list[Span] = field(default_factory=list[Span])
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def of(self, trace: str) -> list[Span]:
        return [span for span in self.spans if span.trace == trace]

    async def until(self, holds: Callable[[], bool], within_s: float) -> None:
        """Raises TimeoutError."""
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(holds)

    async def take(self, request: Request) -> Response:
        sent = ExportTraceServiceRequest.FromString(await request.body())
        for each in sent.resource_spans:
            service = next(fact.value.string_value for fact in each.resource.attributes if fact.key == "service.name")
            for scope in each.scope_spans:
                for span in scope.spans:
                    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                    self.spans.append(Span(service=service, name=span.name, trace=ids[0], id=ids[1], parent=ids[2]))
        async with self._changed:
            self._changed.notify_all()
        return Response(b"", media_type="application/x-protobuf")


@asynccontextmanager
async def recorder() -> AsyncGenerator[Recorder]:
    """A running collector."""
    made = Recorder("")
    async with served(Starlette(routes=[Route("/v1/traces", made.take, methods=["POST"])])) as url:
        made.url = url
        yield made
