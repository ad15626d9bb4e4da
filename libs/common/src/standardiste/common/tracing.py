"""
Traces: W3C traceparents that ride on events and requests, and spans where an OTLP endpoint is set.

Theory. The trace id begins at the first webhook and travels as a plain `traceparent` header through every event, so that one id leads from there to the desk
and back, whether or not anyone collects spans. Without an endpoint nothing of OpenTelemetry's SDK is loaded and a "span" costs two writes of a context variable.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags, Tracer

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

Kind: TypeAlias = Literal["server", "client", "producer", "consumer", "internal"]

_KINDS: Final = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
    "internal": SpanKind.INTERNAL,
}
_FORM: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)
_tracer: Tracer | None = None
_provider: TracerProvider | None = None
TRACES_PATH: Final = "/v1/traces"
_random = random.SystemRandom()


def current_traceparent() -> str | None:
    """The traceparent of what is being done now; None outside of any request or event."""
    return _current.get()


def new_traceparent() -> str:
    """The beginning of a new trace, sampled."""
    bits = _random.getrandbits(192)
    return f"00-{bits >> 64 or 1:032x}-{bits & 0xFFFF_FFFF_FFFF_FFFF or 1:016x}-01"


def accepted_traceparent(header: str | None) -> str | None:
    """A caller's traceparent when it is one; None otherwise."""
    return header if header is not None and _FORM.fullmatch(header) else None


def enter(traceparent: str | None) -> Token[str | None]:
    """Make it the current one until `leave`."""
    return _current.set(traceparent)


def leave(token: Token[str | None]) -> None:
    _current.reset(token)


@contextmanager
def child_of(traceparent: str | None, name: str, kind: Kind = "internal") -> Generator[str]:
    """Do something as a child of this trace (a new one when None); gives the traceparent to hand on."""
    own = traceparent or new_traceparent()
    if _tracer is None:
        token = _current.set(own)
        try:
            yield own
        finally:
            _current.reset(token)
        return
    context = trace.set_span_in_context(NonRecordingSpan(_context_of(own)))
    with _tracer.start_as_current_span(name, context=context, kind=_KINDS[kind]) as span:
        inner = _traceparent_of(span.get_span_context())
        token = _current.set(inner)
        try:
            yield inner
        finally:
            _current.reset(token)


def has_exporter() -> bool:
    """Whether spans are kept at all."""
    return _tracer is not None


def provider() -> TracerProvider | None:
    """For libraries that make their own spans; None when none are kept."""
    return _provider


def note(traceparents: Iterable[str | None], name: str, began_ns: int, kind: Kind = "internal") -> None:
    """One span for each of these traces, from `began_ns` (Unix time) until now: for what was done for many at once."""
    if _tracer is None:
        return
    ended_ns = time.time_ns()
    for traceparent in dict.fromkeys(traceparents):
        if (own := accepted_traceparent(traceparent)) is not None:
            context = trace.set_span_in_context(NonRecordingSpan(_context_of(own)))
            _tracer.start_span(name, context=context, kind=_KINDS[kind], start_time=began_ns).end(ended_ns)


def configure(service: str, endpoint: str | None, exporter: SpanExporter | None = None) -> TracerProvider | None:
    """
    Send spans to an OTLP/HTTP endpoint (or to the exporter given), in the background; with neither, keep none and give None.

    An endpoint without a path is a collector's base address: `/v1/traces` is added, as OTEL_EXPORTER_OTLP_ENDPOINT has it.
    """
    global _tracer, _provider
    if endpoint is None and exporter is None:
        _tracer = _provider = None
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    made = TracerProvider(resource=Resource.create({"service.name": service, "service.namespace": "standardiste"}))
    sends = exporter or OTLPSpanExporter(endpoint=_traces_at(endpoint or ""))
    made.add_span_processor(BatchSpanProcessor(sends, max_queue_size=2_048))
    _tracer, _provider = made.get_tracer("standardiste"), made
    return made


def _traces_at(endpoint: str) -> str:
    return endpoint.rstrip("/") + TRACES_PATH if urlsplit(endpoint).path in ("", "/") else endpoint


def _context_of(traceparent: str) -> SpanContext:
    _, trace_id, span_id, flags = traceparent.split("-")
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))


def _traceparent_of(context: SpanContext) -> str:
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
