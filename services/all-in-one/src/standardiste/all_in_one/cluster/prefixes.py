"""Which service answers under which path: what the ingress on Kubernetes says too."""

from __future__ import annotations

from typing import Final

SERVICES: Final = (
    "router",
    "customers",
    "directory",
    "agent-gateway",
    "ingest-email",
    "ingest-sms",
    "ingest-voice",
    "ingest-chat",
    "ingest-open",
)
PREFIXES: Final = {
    "/v1/email": "ingest-email",
    "/v1/sms": "ingest-sms",
    "/v1/voice": "ingest-voice",
    "/v1/chat": "ingest-chat",
    "/v1/interactions": "ingest-open",
    "/v1/messages": "ingest-open",
    "/v1/webhooks": "ingest-open",
    "/v1/events": "ingest-open",
    "/v1/directory": "directory",
    "/v1/customers": "customers",
    "/v1/agent": "agent-gateway",
    "/desk": "agent-gateway",
    "/problems": "directory",
}


def service_for(path: str) -> str | None:
    """The service whose prefix is the path or one of its parents."""
    for prefix, service in PREFIXES.items():
        if path == prefix or path.startswith((prefix + "/", prefix + "?")):
            return service
    return None
