"""
Pictures and files that came with a text, fetched from the provider.

The address in the webhook is never followed as it stands: its path must be the account's own, its host is the provider's as the settings say, and the redirect
it answers leads to the provider's storage or nowhere.
"""

from __future__ import annotations

import asyncio
import mimetypes
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from standardiste.common.intake import AttachmentDraft
from standardiste.common.twilio.client import RedirectedHttpClient, basic
from standardiste.common.twilio.credentials import Credentials
from standardiste.common.twilio.webhook import Form

FILES_MAX: Final = 10
BYTES_MAX: Final = 8 * 1024 * 1024
WITHIN_S: Final = 8.0
"""The provider waits 15 s for the webhook's answer."""
_STORAGE: Final = (".twiliocdn.com", ".twilio.com", ".amazonaws.com")


async def fetch(http: RedirectedHttpClient, credentials: Credentials, form: Form) -> tuple[tuple[AttachmentDraft, ...], int]:
    """The files, and how many could not be had: too large, gone, or the provider too slow."""
    count = min(form.integer("NumMedia"), FILES_MAX)
    found: list[AttachmentDraft] = []
    try:
        async with asyncio.timeout(WITHIN_S):
            for place in range(count):
                content = await _one(http, credentials, form[f"MediaUrl{place}"])
                if content is not None:
                    media_type = form[f"MediaContentType{place}"] or "application/octet-stream"
                    extension = mimetypes.guess_extension(media_type) or ""
                    found.append(AttachmentDraft(name=f"media-{place + 1}{extension}", media_type=media_type, content=content))
    except TimeoutError:
        pass
    return tuple(found), form.integer("NumMedia") - len(found)


async def _one(http: RedirectedHttpClient, credentials: Credentials, url: str) -> bytes | None:
    if not urlsplit(url).path.startswith(f"/2010-04-01/Accounts/{credentials.account_sid}/Messages/"):
        return None
    headers = basic(credentials.account_sid, credentials.auth_token)
    try:
        async with http.pool().get(http.redirected(url), headers=headers, allow_redirects=False) as answer:
            if answer.status == 200:
                return await _bytes(answer)
            location = urlsplit(answer.headers.get("location", ""))
        if location.scheme != "https" or not (location.hostname or "").endswith(_STORAGE):
            return None
        async with http.pool().get(location.geturl(), allow_redirects=False) as stored:
            return await _bytes(stored) if stored.status == 200 else None
    except aiohttp.ClientError:
        return None


async def _bytes(answer: aiohttp.ClientResponse) -> bytes | None:
    taken = bytearray()
    async for chunk in answer.content.iter_chunked(64 * 1024):
        taken += chunk
        if len(taken) > BYTES_MAX:
            return None
    return bytes(taken)
