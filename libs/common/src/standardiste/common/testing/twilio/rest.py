"""The stand-in's REST API, as far as Standardiste uses Twilio's: Messages, Calls, Queues, Media; basic authentication, Twilio's error bodies and paging."""

from __future__ import annotations

import base64
import binascii
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from standardiste.common.testing.twilio.account import API_VERSION, Account
from standardiste.common.testing.twilio.call import Callback, Recording
from standardiste.common.testing.twilio.exchange import Exchange
from standardiste.common.testing.twilio.program import Source
from standardiste.common.testing.twilio.texts import ApiFault, Texts

_ROOT = f"/{API_VERSION}/Accounts/{{account}}"
_REQUESTS_KEPT = 2_000
_NOT_FOUND = "The requested resource was not found"


@dataclass(slots=True, kw_only=True)
class Fault:
    """
    What goes wrong with requests of this method whose path ends so, `times` times. `kind`: "refused" answers status and code and does nothing; "unheard" does
    what was asked and the connection breaks before the answer; "lost" does nothing and the connection breaks as well.
    """

    method: str
    path: str
    kind: str = "refused"
    status: int = 503
    code: int = 20503
    times: int = 1


class RestApi:
    """Routes over one account."""

    def __init__(self, account: Account, exchange: Exchange, texts: Texts) -> None:
        self._account, self._exchange, self._texts = account, exchange, texts
        self.faults: list[Fault] = []
        self.requests: deque[tuple[str, str]] = deque(maxlen=_REQUESTS_KEPT)
        table: Sequence[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = (
            ("GET", ".json", self._get_account),
            ("POST", "/Messages.json", self._send_text),
            ("GET", "/Messages.json", self._list_texts),
            ("GET", "/Messages/{sid}.json", self._get_text),
            ("GET", "/Messages/{message}/Media/{sid}", self._get_media),
            ("POST", "/Calls.json", self._place_call),
            ("GET", "/Calls.json", self._list_calls),
            ("GET", "/Calls/{sid}.json", self._get_call),
            ("POST", "/Calls/{sid}.json", self._update_call),
            ("GET", "/Calls/{sid}/Recordings.json", self._list_recordings),
            ("POST", "/Calls/{sid}/Recordings.json", self._record_call),
            ("POST", "/Calls/{sid}/Recordings/Twilio.CURRENT.json", self._update_recording),
            ("GET", "/Recordings/{sid}.wav", self._get_recording),
            ("GET", "/Queues.json", self._list_queues),
            ("DELETE", "/Queues/{sid}.json", self._delete_queue),
        )
        self.app = Starlette(routes=[Route(_ROOT + path, self._guarded(run), methods=[method]) for method, path, run in table])

    def _guarded(self, run: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            self.requests.append((request.method, request.url.path))
            self._exchange.changes.tell()
            if not self._is_allowed(request):
                return _problem(ApiFault(status=401, code=20003, message="Authenticate"))
            fault = self._fault_for(request)
            if fault is not None and fault.kind == "refused":
                return _problem(ApiFault(status=fault.status, code=fault.code, message="Fault of the stand-in"))
            if fault is not None and fault.kind == "lost":
                return _Broken()
            try:
                response = await run(request)
            except ApiFault as refused:
                return _problem(refused)
            return response if fault is None else _Broken()

        return guarded

    def _is_allowed(self, request: Request) -> bool:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            user, _, password = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, ValueError):
            return False
        is_ours = (user, password) == (self._account.sid, self._account.auth_token)
        return scheme.lower() == "basic" and is_ours and request.path_params["account"] == self._account.sid

    def _fault_for(self, request: Request) -> Fault | None:
        for fault in self.faults:
            if fault.method == request.method and request.url.path.endswith(fault.path) and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    async def _get_account(self, request: Request) -> Response:
        account = self._account
        return JSONResponse({"sid": account.sid, "status": account.status, "type": "Full", "friendly_name": "The stand-in's account"})

    # ---- messages

    async def _send_text(self, request: Request) -> Response:
        form = await request.form()
        to = _text(form, "To")
        text = self._texts.send(
            to=to,
            from_=_text(form, "From"),
            body=_text(form, "Body") or _text(form, "ContentSid"),
            status_callback=_text(form, "StatusCallback") or None,
            service=_text(form, "MessagingServiceSid") or None,
            media=tuple(str(each) for each in form.getlist("MediaUrl")),
        )
        if self._texts.is_silent(to):
            return _Broken()
        return JSONResponse(text.resource(self._account.sid), 201)

    async def _list_texts(self, request: Request) -> Response:
        to, from_ = request.query_params.get("To"), request.query_params.get("From")
        found = [
            text.resource(self._account.sid)
            for text in reversed(self._account.texts.values())
            if to in (None, text.to) and from_ in (None, text.from_)
        ]
        return self._page(request, "messages", found)

    async def _get_text(self, request: Request) -> Response:
        text = self._account.texts.get(request.path_params["sid"])
        if text is None:
            raise ApiFault(status=404, code=20404, message=_NOT_FOUND)
        return JSONResponse(text.resource(self._account.sid))

    async def _get_media(self, request: Request) -> Response:
        media = self._account.media.get(request.path_params["sid"])
        if media is None:
            raise ApiFault(status=404, code=20404, message=_NOT_FOUND)
        return Response(media[1], media_type=media[0])

    # ---- calls

    async def _place_call(self, request: Request) -> Response:
        form = await request.form()
        to, from_ = _text(form, "To"), _text(form, "From")
        if not to or not from_:
            raise ApiFault(status=400, code=21201, message="No 'To' number is specified")
        if from_ not in self._account.numbers:
            raise ApiFault(status=400, code=21210, message=f"'From' phone number {from_} not verified")
        events = frozenset(" ".join(str(each) for each in form.getlist("StatusCallbackEvent")).split()) or frozenset({"completed"})
        call = self._exchange.place(
            to=to,
            from_=from_,
            source=_source(form),
            callback=Callback(url=_text(form, "StatusCallback") or None, events=events),
            timeout_s=int(_text(form, "Timeout") or 60),
        )
        return JSONResponse(call.resource(self._account.sid), 201)

    async def _list_calls(self, request: Request) -> Response:
        wanted = {name: request.query_params.get(name) for name in ("To", "From", "Status", "ParentCallSid")}
        found = [
            call.resource(self._account.sid)
            for call in reversed(self._account.calls.values())
            if wanted["To"] in (None, call.to)
            and wanted["From"] in (None, call.from_)
            and wanted["Status"] in (None, call.status)
            and (wanted["ParentCallSid"] is None or (call.parent is not None and call.parent.sid == wanted["ParentCallSid"]))
        ]
        return self._page(request, "calls", found)

    async def _list_recordings(self, request: Request) -> Response:
        found = [each.resource(self._account.sid) for each in self._recordings_of(request)]
        return self._page(request, "recordings", found)

    async def _record_call(self, request: Request) -> Response:
        """Record a live call from now on, both sides of it."""
        call = self._account.calls.get(request.path_params["sid"])
        if call is None or call.is_over:
            raise ApiFault(status=404, code=20404, message=_NOT_FOUND)
        recording = self._exchange.keep_recording(call, b"", 0)
        recording.status = "in-progress"
        return JSONResponse(recording.resource(self._account.sid), 201)

    async def _update_recording(self, request: Request) -> Response:
        """Pause what runs, or go on."""
        found = next((each for each in self._recordings_of(request) if each.status != "completed"), None)
        if found is None:
            raise ApiFault(status=404, code=20404, message=_NOT_FOUND)
        found.status = _text(await request.form(), "Status")
        self._exchange.changes.tell()
        return JSONResponse(found.resource(self._account.sid))

    async def _get_recording(self, request: Request) -> Response:
        recording = self._account.recordings.get(request.path_params["sid"])
        if recording is None:
            raise ApiFault(status=404, code=20404, message=_NOT_FOUND)
        return Response(recording.content, media_type="audio/x-wav")

    def _recordings_of(self, request: Request) -> list[Recording]:
        return [each for each in reversed(self._account.recordings.values()) if each.call_sid == request.path_params["sid"]]

    async def _get_call(self, request: Request) -> Response:
        call = self._account.calls.get(request.path_params["sid"])
        if call is None:
            raise ApiFault(status=404, code=20404, message=_NOT_FOUND)
        return JSONResponse(call.resource(self._account.sid))

    async def _update_call(self, request: Request) -> Response:
        call = self._account.calls.get(request.path_params["sid"])
        if call is None:
            raise ApiFault(status=404, code=20404, message=_NOT_FOUND)
        form = await request.form()
        if call.is_over:
            raise ApiFault(status=400, code=21220, message="Call is not in-progress. Cannot redirect.")
        status = _text(form, "Status")
        if status in ("completed", "canceled"):
            was_answered = call.answered_at is not None or call.direction == "inbound"
            if status == "completed" or not was_answered:
                self._exchange.end(call, "completed" if was_answered else "canceled")
        else:
            self._exchange.redirect(call, _source(form))
        return JSONResponse(call.resource(self._account.sid))

    # ---- queues

    async def _list_queues(self, request: Request) -> Response:
        return self._page(request, "queues", [queue.resource(self._account.sid) for queue in self._account.queues.values()])

    async def _delete_queue(self, request: Request) -> Response:
        for name, queue in list(self._account.queues.items()):
            if queue.sid == request.path_params["sid"]:
                if queue.members:
                    raise ApiFault(status=400, code=22002, message="Queue is not empty")
                del self._account.queues[name]
                return Response(status_code=204)
        raise ApiFault(status=404, code=20404, message=_NOT_FOUND)

    def _page(self, request: Request, name: str, found: list[dict[str, Any]]) -> Response:
        size = int(request.query_params.get("PageSize", "50"))
        page = int(request.query_params.get("Page", "0"))
        start, uri = page * size, request.url.path
        shown = found[start : start + size]
        others = urlencode([(key, value) for key, value in request.query_params.multi_items() if key != "Page"])
        following = f"{uri}?Page={page + 1}&{others}" if start + size < len(found) else None
        return JSONResponse(
            {
                name: shown,
                "page": page,
                "page_size": size,
                "start": start,
                "end": start + len(shown) - 1,
                "uri": uri,
                "first_page_uri": f"{uri}?Page=0&{others}",
                "next_page_uri": following,
                "previous_page_uri": None,
            }
        )


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


def _source(form: FormData) -> Source:
    twiml = _text(form, "Twiml")
    return Source(twiml=twiml) if twiml else Source(url=_text(form, "Url"))


def _problem(fault: ApiFault) -> Response:
    body = {
        "code": fault.code,
        "message": fault.message,
        "more_info": f"https://www.twilio.com/docs/errors/{fault.code}",
        "status": fault.status,
    }
    return JSONResponse(body, fault.status)


class _Broken(Response):
    """The connection breaks in the middle of the answer, so that nobody knows what it would have said."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
