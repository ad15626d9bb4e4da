"""A MongoDB that answers and does not take us: told apart from one that is away, since waiting does not help."""

from __future__ import annotations

from typing import Final

from pymongo.errors import OperationFailure

from standardiste.common.errors import Away, StoreRefuses

_CODES: Final = frozenset({13, 18})
"""Unauthorized, AuthenticationFailed."""


def refusal(error: Away) -> StoreRefuses | None:
    """What to say at a start, when this is what the driver's error came to."""
    cause = error.__cause__
    if isinstance(cause, OperationFailure) and cause.code in _CODES:
        return StoreRefuses(
            f"MongoDB does not take us: {cause.details.get('errmsg') if cause.details else cause}. "
            "Give user, password and authSource in the URL of store and blobs."
        )
    return None
