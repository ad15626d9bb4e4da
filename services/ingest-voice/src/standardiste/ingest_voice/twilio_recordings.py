"""Fetches a recorded message from Twilio: by its id alone, so that no address anybody sends us is called."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from standardiste.common.errors import ProviderError
from standardiste.common.twilio.client import API_URL, RedirectedHttpClient, basic, provider_error
from standardiste.common.twilio.credentials import Credentials

BYTES_MAX: Final = 20 * 1024 * 1024
WITHIN_S: Final = 60.0
_STORAGE: Final = (".twiliocdn.com", ".twilio.com", ".amazonaws.com")
_NOT_YET: Final = frozenset({404, 425})
"""A recording is named before it can be had."""


async def fetch_recording(http: RedirectedHttpClient, credentials: Credentials, recording: str) -> bytes:
    """The sound as WAV. Raises ProviderError."""
    url = http.redirected(f"{API_URL}/2010-04-01/Accounts/{credentials.account_sid}/Recordings/{recording}.wav")
    headers = basic(credentials.account_sid, credentials.auth_token)
    try:
        async with asyncio.timeout(WITHIN_S):
            async with http.pool().get(url, headers=headers, allow_redirects=False) as answer:
                if answer.status == 200:
                    return await _bytes(answer)
                status, location = answer.status, urlsplit(answer.headers.get("location", ""))
            if location.scheme == "https" and (location.hostname or "").endswith(_STORAGE):
                async with http.pool().get(location.geturl(), allow_redirects=False) as stored:
                    if stored.status == 200:
                        return await _bytes(stored)
                    status = stored.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise provider_error(error) from error
    raise ProviderError("twilio", str(status), "a recording", is_retryable=status in _NOT_YET or status == 429 or status >= 500)


async def _bytes(answer: aiohttp.ClientResponse) -> bytes:
    taken = bytearray()
    async for chunk in answer.content.iter_chunked(64 * 1024):
        taken += chunk
        if len(taken) > BYTES_MAX:
            raise ProviderError("twilio", "too_large", f"more than {BYTES_MAX} bytes", is_retryable=False)
    return bytes(taken)
