"""
How a no becomes an answer: `raise problem("unknown_tenant")`, and every error of ours mapped once to its problem, status and headers.

Services just raise: BadInput, CommandRejected, Away, Conflict, BadCredential, ProviderError. An unknown reason of a BadInput keeps its name in the member `reason` of the
type `bad_input`.
"""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from standardiste.common.errors import (
    Away,
    BadInput,
    CommandRejected,
    ProviderError,
    StandardisteError,
    UniqueConflict,
    VersionConflict,
)
from standardiste.common.problems import PROBLEMS, Language, language_of, status_of_refusal
from standardiste.common.security.tokens import BadCredential
from standardiste.common.tracing import current_traceparent

_BY_STATUS = {
    400: "invalid_field",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
}


class HttpProblem(HTTPException):
    """An answer with a problem: its name in problems.py, one sentence of detail, and further members."""

    def __init__(self, name: str, detail: str, *, status: int | None, retry_after_s: int | None, extra: dict[str, Any]) -> None:
        self.type = PROBLEMS[name]
        self.retry_after_s = self.type.retry_after_s if retry_after_s is None else retry_after_s
        self.extra = extra
        headers = {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        super().__init__(status or self.type.status, detail, headers)

    @property
    def name(self) -> str:
        return self.type.name


def problem(name: str, detail: str = "", *, retry_after_s: int | None = None, status: int | None = None, **extra: Any) -> HttpProblem:
    """To be raised. `name` is one of problems.py (KeyError otherwise); `extra` are further members of the answer."""
    return HttpProblem(name, detail, status=status, retry_after_s=retry_after_s, extra=extra)


def problem_of(error: Exception) -> HttpProblem | None:
    """The problem that says this error of ours; None when it is none of ours."""
    match error:
        case HttpProblem():
            return error
        case Away():
            return problem(f"{error.what}_away" if f"{error.what}_away" in PROBLEMS else "store_away", retry_after_s=error.retry_after_s)
        case BadInput() if error.reason in PROBLEMS:
            return problem(error.reason, error.detail, pointer=error.pointer)
        case BadInput():
            return problem("bad_input", error.detail, reason=error.reason, pointer=error.pointer)
        case CommandRejected() if error.refused.reason in PROBLEMS:
            return problem(error.refused.reason, error.refused.detail)
        case CommandRejected():
            reason = error.refused.reason
            return problem("refused", error.refused.detail, status=status_of_refusal(reason), reason=reason)
        case BadCredential():
            return problem(error.reason, error.detail)
        case VersionConflict():
            return problem("version_conflict", f"It is at version {error.actual or 'none'}.")
        case UniqueConflict():
            return problem("already_exists", f"{error.index} is taken.")
        case ProviderError():
            return problem("provider_failed", error.detail, code=error.code, is_retryable=error.is_retryable)
        case RequestValidationError():
            first = error.errors()[0]
            return problem("invalid_field", str(first["msg"]), pointer="".join(f"/{part}" for part in first["loc"]))
        case HTTPException():
            name = _BY_STATUS.get(error.status_code, "bad_input" if error.status_code < 500 else "internal")
            found = problem(name, "" if name == "not_found" else str(error.detail), status=error.status_code)
            found.headers = {**(error.headers or {}), **(found.headers or {})}
            return found
        case _:
            return None


def response_of(found: HttpProblem, language: Language) -> Response:
    """The answer as application/problem+json in this language."""
    body: dict[str, Any] = {
        "type": f"/problems/{found.name}",
        "title": found.type.title[language],
        "status": found.status_code,
    }
    if found.detail:
        body["detail"] = found.detail
    traceparent = current_traceparent()
    if traceparent is not None:
        body["trace"] = traceparent[3:35]
    body.update({name: value for name, value in found.extra.items() if value not in ("", None)})
    headers = {**(found.headers or {}), "Content-Language": language}
    if found.status_code == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(json.dumps(body, ensure_ascii=False).encode(), found.status_code, headers, "application/problem+json")


def language_of_scope(scope: Scope) -> Language:
    """The requester's language, from Accept-Language."""
    for name, value in scope.get("headers", ()):
        if name == b"accept-language":
            return language_of(value.decode("latin-1"))
    return "en"


def install(app: FastAPI) -> None:
    """Answer every error of ours with its problem. What is not ours goes on to the edge, which answers `internal`."""

    async def answer(request: Request, error: Exception) -> Response:
        found = problem_of(error)
        assert found is not None, f"{type(error).__name__} has no problem"
        return response_of(found, language_of_scope(request.scope))

    for kind in (HTTPException, RequestValidationError, *_mapped()):
        app.add_exception_handler(kind, answer)


def _mapped() -> tuple[type[StandardisteError], ...]:
    return (Away, BadInput, CommandRejected, BadCredential, VersionConflict, UniqueConflict, ProviderError)
