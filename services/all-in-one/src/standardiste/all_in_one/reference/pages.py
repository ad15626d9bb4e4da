"""Every generated page by its path under docs/, and the desk's wire types."""

from __future__ import annotations

import json
from typing import Any

from standardiste.all_in_one.reference.asyncapi import bus_document, websocket_document
from standardiste.all_in_one.reference.events import events_page, schema_document
from standardiste.all_in_one.reference.lifecycles import lifecycles_page
from standardiste.all_in_one.reference.openapi import openapi_documents
from standardiste.all_in_one.reference.tables import metrics_page, paths_page, problems_page, settings_page
from standardiste.common.events.typescript import generate as wire_types


def pages() -> dict[str, str]:
    """Path → text. The same code always gives the same text."""
    return {
        "events.md": events_page(),
        "lifecycles.md": lifecycles_page(),
        "metrics.md": metrics_page(),
        "paths.md": paths_page(),
        "problems.md": problems_page(),
        "settings.md": settings_page(),
        "schemas/events.json": _json(schema_document()),
        "asyncapi/bus.json": _json(bus_document()),
        "asyncapi/websocket.json": _json(websocket_document()),
        "../services/agent-gateway/web/src/wire.ts": wire_types(),
        **{f"openapi/{service}.json": _json(document) for service, document in openapi_documents().items()},
    }


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=False) + "\n"
