"""
What a call may raise.

    StandardisteClientError
    ├── ApiError          the API said no: an RFC 9457 problem, named by `name` (docs/problems.md lists all)
    │   ├── Invalid       400, 413, 415, 422: the request says something that is not understood; `pointer` says where
    │   ├── Denied        401, 403: the key is wrong, has ended, or may not do this
    │   ├── NotFound      404: nothing of this id, or not yet
    │   └── Conflict      409, 412, 428: it is not as the caller thought
    ├── Unreachable       no answer, however often it was asked
    └── BadSignature      a webhook that is not what it says

An ApiError of another status (429, 5xx) is raised when waiting as told did not help within the time of the retry policy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

import httpx


class StandardisteClientError(Exception):
    """The root of the tree."""


class ApiError(StandardisteClientError):
    """A problem. `name` is stable; `title` and `detail` are for people; `trace` names the request to whoever runs the installation."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.type = str(problem.get("type", "about:blank"))
        self.name = self.type.rsplit("/", 1)[-1]
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail", ""))
        self.pointer = cast("str | None", problem.get("pointer"))
        self.trace = cast("str | None", problem.get("trace"))
        at = f" at {self.pointer}" if self.pointer else ""
        super().__init__(f"{status} {self.name}{at}: {self.detail or self.title}")


class Invalid(ApiError):
    """The request says something that is not understood."""


class Denied(ApiError):
    """The credential is wrong, or may not do this."""


class NotFound(ApiError):
    """Nothing of this id; or not yet, after the time of the retry policy."""


class Conflict(ApiError):
    """It is not as the caller thought: read it anew."""


class Unreachable(StandardisteClientError):
    """No answer. A POST may have been taken all the same: the same call with the same idempotency key is safe."""


class BadSignature(StandardisteClientError):
    """A webhook whose signature, time or form is wrong: answer 400 and use nothing of it."""


def error_of(response: httpx.Response) -> ApiError:
    """The error that this answer is."""
    kind = _KINDS.get(response.status_code, ApiError)
    return kind(response.status_code, _problem(response))


_KINDS: Mapping[int, type[ApiError]] = {
    **dict.fromkeys((400, 413, 415, 422), Invalid),
    **dict.fromkeys((401, 403), Denied),
    404: NotFound,
    **dict.fromkeys((409, 412, 428), Conflict),
}


def _problem(response: httpx.Response) -> Mapping[str, Any]:
    """The body, when it is one: what stands between may answer otherwise."""
    try:
        found = json.loads(response.content)
    except ValueError:
        found = None
    if isinstance(found, dict):
        return cast("dict[str, Any]", found)
    return {"title": response.reason_phrase}
