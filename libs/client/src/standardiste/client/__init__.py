"""
A client of Standardiste's public API: `Standardiste` blocks, `AsyncStandardiste` is awaited; both have the same methods.

    with Standardiste("https://contact.example.org", key) as standardiste:
        taken = standardiste.post_interaction({"channel": "letters", "from": {"address": "client-77"}, "text": "…"})
        for reply in standardiste.replies(taken.conversation):
            print(reply.text)

It leans on httpx alone and knows nothing of the services behind the API.
"""

from __future__ import annotations

from standardiste.client.asynchronous import AsyncStandardiste
from standardiste.client.errors import ApiError, BadSignature, Conflict, Denied, Invalid, NotFound, StandardisteClientError, Unreachable
from standardiste.client.files import attachment
from standardiste.client.retry import Retry
from standardiste.client.synchronous import Standardiste
from standardiste.client.webhooks import verify

__all__ = [
    "ApiError",
    "AsyncStandardiste",
    "BadSignature",
    "Conflict",
    "Denied",
    "Invalid",
    "NotFound",
    "Retry",
    "Standardiste",
    "StandardisteClientError",
    "Unreachable",
    "attachment",
    "verify",
]
