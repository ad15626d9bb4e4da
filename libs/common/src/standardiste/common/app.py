"""
One FastAPI app for one or many services: the paths of the process itself, then each service's, each with an OpenAPI document of its own.

A service's document lies under the prefix of its paths (`/v1/email/openapi.json`). What the table of public paths (api.py) says of a path, its credential and its
problems, is written into the document from there, so that nobody describes it twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import prometheus_client
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from standardiste.common.api import ROUTES, Route
from standardiste.common.edge import Edge
from standardiste.common.health import Health
from standardiste.common.http import Limiter
from standardiste.common.http_problem import install, language_of_scope, problem
from standardiste.common.parts import Parts
from standardiste.common.problems import PROBLEMS, page
from standardiste.common.security.audit import Audit
from standardiste.common.settings import HttpSettings

API_VERSION: Final = "1"
_PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457. Further members name what the problem needs (reason, pointer, errors …).",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "trace": {"type": "string"},
        "reason": {"type": "string"},
        "pointer": {"type": "string"},
    },
}


def compose(
    *,
    routers: Mapping[str, APIRouter],
    static: Mapping[str, Path],
    cross_origin: Sequence[str],
    parts: Parts,
    health: Health,
) -> FastAPI:
    """The app. `routers` by service name; `static` folders by URL prefix."""
    app = _bare()
    app.state.parts, app.state.health, app.state.limiter = parts, health, Limiter(parts)
    app.state.audit = Audit(parts.store, parts.clock)
    app.add_middleware(Edge, settings=parts.http, health=health, pages=tuple(static), cross_origin=tuple(cross_origin))
    install(app)
    app.include_router(_process_paths(health))
    for name, router in routers.items():
        app.add_route(openapi_path(router), _document_endpoint(name, router), include_in_schema=False)
    for router in routers.values():
        app.include_router(router)
        app.router.routes[-1] = _Under(app.router.routes[-1], tuple(dict.fromkeys(_prefixes_of(router))))
    for prefix, folder in static.items():
        app.add_route(prefix, _to_folder(prefix), include_in_schema=False)
        app.mount(prefix, StaticFiles(directory=folder, html=True), name=prefix)
    return app


def waiting_room(http: HttpSettings, health: Health) -> FastAPI:
    """The app of a process that has no parts yet: its own paths; all else is told that it is starting."""
    app = _bare()
    app.add_middleware(Edge, settings=http, health=health, pages=(), cross_origin=())
    install(app)
    app.include_router(_process_paths(health))
    return app


def _bare() -> FastAPI:
    return FastAPI(title="Standardiste", version=API_VERSION, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)


class _Under(BaseRoute):
    """A service's routes, looked through only for a path that begins as theirs do: most requests are another service's."""

    def __init__(self, routes: BaseRoute, prefixes: tuple[str, ...]) -> None:
        self._routes, self._prefixes = routes, prefixes

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return self._routes.matches(scope) if scope["path"].startswith(self._prefixes) else (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._routes.handle(scope, receive, send)


def openapi_path(router: APIRouter) -> str:
    """Where a service's document lies: under the first two parts of its paths."""
    return next(_prefixes_of(router)) + "/openapi.json"


def _prefixes_of(router: APIRouter) -> Iterator[str]:
    """The first two parts of each of the router's paths, in order."""
    for route in router.routes:
        path: str = getattr(route, "path")  # noqa: B009  not every route class declares it
        yield "/".join(path.split("/")[:3])


def openapi(name: str, router: APIRouter) -> dict[str, Any]:
    """A service's OpenAPI document, with credentials, problems and Idempotency-Key from the table of public paths."""
    routes = [route for route in router.routes if isinstance(route, APIRoute)]
    document = get_openapi(title=f"Standardiste {name}", version=API_VERSION, routes=routes)
    components = document.setdefault("components", {})
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM_SCHEMA
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "description": "A token from sign-in, or an API key."}}
    table = {(route.method, route.path): route for route in ROUTES}
    for path, operations in document.get("paths", {}).items():
        for method, operation in operations.items():
            _complete(operation, table.get((method.upper(), path)), method.upper())
    return document


def _complete(operation: dict[str, Any], route: Route | None, method: str) -> None:
    responses: dict[str, Any] = operation.setdefault("responses", {})
    responses.pop("422", None)
    if route is None:
        return
    operation["summary"] = route.what
    names = (*route.problems, *(() if route.is_open else ("bad_credential", "not_allowed")), "too_many_requests", "store_away")
    for name in dict.fromkeys(names):
        status = str(PROBLEMS[name].status)
        told = responses.setdefault(status, {"description": "", "content": _problem_content()})
        told["description"] = " · ".join(filter(None, (told["description"], f"{name}: {PROBLEMS[name].title['en']}")))
    if not route.is_open:
        operation["security"] = [{"bearer": []}]
    if method == "POST" and not route.is_open:
        operation.setdefault("parameters", []).append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": "idempotency_key_missing" in route.problems,
                "schema": {"type": "string", "maxLength": 255},
            }
        )


def _problem_content() -> dict[str, Any]:
    return {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _to_folder(prefix: str) -> Any:
    async def redirect(_: Request) -> Response:
        return RedirectResponse(f"{prefix}/", 308)

    return redirect


def _document_endpoint(name: str, router: APIRouter) -> Any:
    made: dict[str, Any] = {}

    async def document(_: Request) -> Response:
        if not made:
            made.update(openapi(name, router))
        return JSONResponse(made)

    return document


def _process_paths(health: Health) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/livez")
    async def livez() -> Response:
        return JSONResponse({"status": "live"})

    @router.get("/readyz")
    async def readyz() -> Response:
        state = {
            "status": "ready" if health.is_ready else "not_ready",
            "waiting": sorted(health.waiting),
            "because": health.because,
            "draining": health.is_draining,
        }
        return JSONResponse(state, 200 if health.is_ready else 503)

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(prometheus_client.generate_latest(), media_type=prometheus_client.CONTENT_TYPE_LATEST)

    @router.get("/problems/{name}")
    async def problem_page(request: Request, name: str) -> Response:
        if name not in PROBLEMS:
            raise problem("not_found")
        language = language_of_scope(request.scope)
        headers = {"Content-Language": language, "Vary": "Accept-Language", "Cache-Control": "max-age=3600"}
        return HTMLResponse(page(PROBLEMS[name], language), headers=headers)

    return router
