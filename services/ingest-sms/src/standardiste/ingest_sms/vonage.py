"""
The carrier Vonage (Messages API v1): texts out, texts in, and what became of them. All of it is this file, the secrets' names and two paths.

    settings: {provider: vonage, api_key: "a1b2c3d4", api_secret_secret: "vonage", signature_secret_secret: "vonage-signature"}

Out: one POST per send, with our callback address, which names our message; basic authentication. The API has no list to look a message up in: a send of
unknown outcome stays unknown until a callback tells, and is never tried again blindly. In: each webhook is proven by its bearer token, a JWT
signed with the account's signature secret over the hash of the body.
Source: https://developer.vonage.com/en/api/messages and "Webhook security"; the requests are held against the models of PyPI vonage-messages.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from standardiste.common.channel_health.watch import WELL, Finding
from standardiste.common.errors import BadInput, ProviderError
from standardiste.common.events.base import Instant
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import DeliveryState
from standardiste.common.file_bodies import clean
from standardiste.common.intake import AttachmentDraft
from standardiste.common.outbox.provider import Sent, Unknown
from standardiste.common.secrets.port import Secrets
from standardiste.common.twilio.callback_token import CallbackTokens
from standardiste.common.twilio.numbers import e164
from standardiste.common.twilio.segments import segments
from standardiste.ingest_sms.inbound import Inbound, check_inbound
from standardiste.ingest_sms.keywords import keyword
from standardiste.ingest_sms.media import BYTES_MAX
from standardiste.ingest_sms.media_out import OutMedia
from standardiste.ingest_sms.schemes import bare, scheme_of
from standardiste.ingest_sms.texts import OutText

API_URL: Final = "https://api.nexmo.com"
NAME: Final = "vonage"
API_KEY: Final = "api_key"
API_SECRET: Final = "api_secret_secret"
SIGNATURE_SECRET: Final = "signature_secret_secret"
MAY_BE_OLD_S: Final = 300
FETCH_WITHIN_S: Final = 8.0
HOSTS: Final = (".nexmo.com", ".vonage.com")
_KINDS: Final = ("image", "video", "audio", "file")
_STATES: Final = {
    "submitted": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "rejected": DeliveryState.FAILED,
    "undeliverable": DeliveryState.FAILED,
}
_LATER: Final = frozenset({402, 408, 425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file that came with a message, as the webhook names it."""

    url: str
    name: str = ""


class VonageTexts:
    """A `Carrier`."""

    name = NAME

    def __init__(
        self, *, secrets: Secrets, tokens: CallbackTokens, status_url: str, api_url: str = API_URL, timeout_ms: int = 10_000
    ) -> None:
        self._secrets, self._tokens, self._status_url, self._api_url = secrets, tokens, status_url, api_url.rstrip("/")
        self._http = httpx.AsyncClient(timeout=timeout_ms / 1000, follow_redirects=False)

    def files_max(self, address: ChannelAddress) -> int:
        """One with a message of WhatsApp. Its MMS is a product of one country, and RCS takes no words with a file."""
        return 1 if scheme_of(address.address) == "whatsapp" else 0

    async def send(self, text: OutText) -> Sent:
        key, secret = text.address.settings.get(API_KEY), await self._secret(text.tenant, text.address, API_SECRET)
        if not isinstance(key, str) or secret is None:
            raise ProviderError(NAME, "no_credentials", "", is_retryable=True)
        token = self._tokens.make(text.tenant, text.address.id, text.message)
        try:
            answer = await self._http.post(
                f"{self._api_url}/v1/messages", json=request_of(text, f"{self._status_url}/{token}"), auth=(key, secret)
            )
        except httpx.ConnectError as error:
            raise ProviderError(NAME, "not_reached", "", is_retryable=True) from error
        except httpx.TransportError as error:
            raise ProviderError(NAME, "no_answer", type(error).__name__, is_retryable=True, is_outcome_unknown=True) from error
        return Sent(provider_id=_id_in(answer))

    async def fetch(self, tenant: str, address: ChannelAddress, media: Media) -> AttachmentDraft | None:
        """
        A file that came with a message; None when it cannot be had: gone, too large, too slow, or at an address that is not the provider's.

        The account's key goes to the provider's own hosts only, and no redirect is followed with it.
        """
        key, secret = address.settings.get(API_KEY), await self._secret(tenant, address, API_SECRET)
        if not isinstance(key, str) or secret is None or not self._is_providers(media.url):
            return None
        taken = bytearray()
        try:
            async with asyncio.timeout(FETCH_WITHIN_S), self._http.stream("GET", media.url, auth=(key, secret)) as answer:
                if answer.status_code != 200:
                    return None
                async for chunk in answer.aiter_bytes(64 * 1024):
                    taken += chunk
                    if len(taken) > BYTES_MAX:
                        return None
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL):
            return None
        media_type = answer.headers.get("content-type", "application/octet-stream").partition(";")[0].strip()
        name = media.name or f"media-1{mimetypes.guess_extension(media_type) or ''}"
        return AttachmentDraft(name=clean(name), media_type=media_type, content=bytes(taken))

    def _is_providers(self, url: str) -> bool:
        asked, own = urlsplit(url), urlsplit(self._api_url)
        is_own = (asked.scheme, asked.netloc) == (own.scheme, own.netloc)
        return is_own or (asked.scheme == "https" and (asked.hostname or "").endswith(HOSTS))

    async def look_up(self, text: OutText) -> Sent | Unknown | None:
        return Unknown()

    async def is_signed(self, tenant: str, address: ChannelAddress, authorization: str, body: bytes, now: Instant) -> bool:
        """Whether the account's holder signed this body just now."""
        secret = await self._secret(tenant, address, SIGNATURE_SECRET)
        return secret is not None and is_signed(secret, authorization, body, now)

    async def look(self, tenant: str, address: ChannelAddress) -> Finding:
        """Whether an account is entered at all: its API has nothing that would say more without sending."""
        secret = await self._secret(tenant, address, API_SECRET)
        return WELL if secret is not None and isinstance(address.settings.get(API_KEY), str) else Finding(code="no_credentials")

    async def task(self, ready: Callable[[], None]) -> None:
        """For Service.tasks: closes the connections when the service ends."""
        ready()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _secret(self, tenant: str, address: ChannelAddress, setting: str) -> str | None:
        name = address.settings.get(setting)
        return await self._secrets.get(tenant, name) if isinstance(name, str) else None


def request_of(text: OutText, callback: str) -> Mapping[str, Any]:
    """The body of the request. Numbers go without their plus."""
    scheme = scheme_of(text.address.address)
    common = {
        "channel": scheme or "sms",
        "from": bare(text.address.address).removeprefix("+"),
        "to": text.to.removeprefix("+"),
        "client_ref": text.message[:100],
        "webhook_url": callback,
        "webhook_version": "v1",
    }
    if text.media:
        return {**common, **_media(text.media[0], text.text)}
    if text.template is None:
        return {**common, "message_type": "text", "text": text.text}
    parameters = [value for _, value in sorted((text.template_values or {}).items())]
    return {
        **common,
        "message_type": "template",
        "template": {"name": text.template, **({"parameters": parameters} if parameters else {})},
        "whatsapp": {"policy": "deterministic", "locale": text.language or "fr"},
    }


def _media(file: OutMedia, caption: str) -> Mapping[str, Any]:
    """A file in the form that its kind has, with the words beside it where that form has room for them."""
    kind = file.media_type.partition("/")[0]
    form = kind if kind in ("image", "video", "audio") and not (kind == "audio" and caption) else "file"
    words = {"caption": caption} if caption and form != "audio" else {}
    name = {"name": file.name} if form == "file" else {}
    return {"message_type": form, form: {"url": file.url, **words, **name}}


def is_signed(secret: str, authorization: str, body: bytes, now: Instant) -> bool:
    """Whether the bearer token is the account's, fresh, and about this body."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return False
    try:
        claims = jwt.decode(token.strip(), OctKey.import_key(secret), algorithms=["HS256"]).claims
    except (JoseError, ValueError):
        return False
    issued, hashed = claims.get("iat"), claims.get("payload_hash")
    is_fresh = isinstance(issued, int | float) and abs(now / 1000 - issued) <= MAY_BE_OLD_S
    return is_fresh and isinstance(hashed, str) and hmac.compare_digest(hashed.lower(), hashlib.sha256(body).hexdigest())


def inbound_of(body: bytes) -> Inbound:
    """A customer's text. Raises BadInput that names what is missing or too long."""
    told = _object(body)
    scheme = told.get("channel") if scheme_of(f"{told.get('channel')}:") else None
    text = _words_of(told)
    sender = f"+{_text(told, 'from')}" if _text(told, "from").isdigit() and len(_text(told, "from")) > 6 else _text(told, "from")
    ours = _text(told, "to")
    number = f"+{ours}" if ours.isdigit() and len(ours) > 6 else ours
    profile = told.get("profile")
    return check_inbound(
        Inbound(
            sid=_text(told, "message_uuid"),
            ours=number if scheme is None else f"{scheme}:{number}",
            sender=e164(sender) or sender,
            text=text,
            word=keyword(text, ""),
            segments=segments(text).count,
            name=str(cast("dict[str, Any]", profile).get("name", ""))[:255] or None if isinstance(profile, dict) else None,
        ),
        ("/message_uuid", "/from", "/text"),
    )


def media_of(body: bytes) -> Media | None:
    """The file that came with a customer's message, if one did."""
    told = _object(body)
    kind = told.get("message_type")
    found = told.get(kind) if isinstance(kind, str) and kind in _KINDS else None
    if not isinstance(found, dict):
        return None
    media = cast("dict[str, Any]", found)
    return Media(url=_text(media, "url"), name=_text(media, "name")[:255]) if _text(media, "url") else None


def _words_of(told: Mapping[str, Any]) -> str:
    """What the customer wrote: the text, or what stands beside a file."""
    media = told.get(str(told.get("message_type")))
    return _text(told, "text") or (_text(cast("dict[str, Any]", media), "caption") if isinstance(media, dict) else "")


def status_of(body: bytes) -> tuple[DeliveryState | None, str, str | None]:
    """What a status callback says: the state (None for nothing new), the provider's id, the error's code."""
    told = _object(body)
    error = told.get("error")
    code = str(cast("dict[str, Any]", error).get("title", ""))[:64] or None if isinstance(error, dict) else None
    return _STATES.get(_text(told, "status")), _text(told, "message_uuid")[:64], code


def _id_in(answer: httpx.Response) -> str:
    try:
        told: Any = answer.json()
    except ValueError:
        told = {}
    body = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
    if answer.status_code == 202 and isinstance(body.get("message_uuid"), str):
        return str(body["message_uuid"])
    status = answer.status_code
    code = "credentials_refused" if status in (401, 403) else str(body.get("title", status))[:64]
    is_later = status in _LATER or status >= 500 or status in (401, 403)
    raise ProviderError(NAME, code, str(body.get("detail", "")), is_retryable=is_later, is_outcome_unknown=status >= 500)


def _object(body: bytes) -> dict[str, Any]:
    try:
        told: Any = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise BadInput("invalid_field", "the body is no JSON object", "")
    return cast("dict[str, Any]", told)


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return value.strip() if isinstance(value, str) else ""
