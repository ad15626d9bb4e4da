"""
Two tenants in one installation, and every path of the public table asked with the credentials of one and the ids of the other.

The answer never holds anything of the other tenant, and is the same as for an id that nobody has: not even that it exists can be learned. The suite fails
when the table (common/api.py) has a path that is not asked here.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
from system.house import Desk, Harm, close_code, token_of
from twilio.request_validator import RequestValidator

from standardiste.all_in_one.players.letters import Integrator
from standardiste.all_in_one.players.process import Installation
from standardiste.all_in_one.players.stage import CHAT_PAGE, KEY_SCOPES, Stage
from standardiste.common.api import ROUTES
from standardiste.common.clock import SystemClock
from standardiste.common.events.directory import RightGrant
from standardiste.common.events.wire import Close
from standardiste.common.security.principal import Principal
from standardiste.common.security.rights import ROLES, Act
from standardiste.common.security.tokens import TokenSigner
from standardiste.common.testing.visitor import Visitor

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("unharmed")]

SECRET = "zebulon"
"""In every word of the other tenant: its names, its customers, their messages. An answer that holds it has told something."""
PASSWORD = "a-long-enough-password"
FILE = SECRET.encode() * 20
NOBODY = "nobody-has-this-id"


def person_token(stage: Stage, tenant: str, person: str, *rights: RightGrant) -> str:
    """A token as the directory signs it, made with the installation's own key."""
    assert isinstance(stage.installation, Installation)
    signer = TokenSigner((stage.installation.data / "secrets" / "token-private.pem").read_bytes())
    return signer.issue(Principal(tenant=tenant, id=person, name=person, rights=rights), SystemClock().now(), 900)


@dataclass(frozen=True, slots=True)
class Other:
    """What the other tenant has, by the names that paths and bodies use."""

    ids: Mapping[str, str]
    admin: str
    key: str
    auth_token: str
    visitor: Visitor


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def other(house: Stage) -> AsyncGenerator[Other]:
    """The other tenant at work: configured, with a customer, an offer that was accepted, a chat, a secret."""
    http, platform = house.http, bearer(await token_of(house, "admin"))
    first = {"name": f"{SECRET}-admin", "password": PASSWORD}
    made = await http.post("/v1/directory/tenants", json={"name": f"{SECRET} SA", "administrator": first}, headers=platform)
    assert made.status_code == 201, made.text
    tenant = made.json()["id"]
    admin = bearer((await http.post("/v1/directory/sign-in", json=first)).json()["token"])
    auth_token = "f" * 32
    written = await http.put("/v1/directory/secrets/twilio", json={"value": auth_token}, headers=admin)
    assert written.status_code == 204
    assert (await http.put(f"/v1/directory/secrets/{SECRET}", json={"value": "x"}, headers=admin)).status_code == 204
    twilio = {"account_sid": "AC" + "6b" * 16, "auth_token_secret": "twilio"}
    for kind, id, body in (
        ("skill", f"{SECRET}-skill", {"name": {"fr": SECRET}}),
        ("person", f"{SECRET}-agent", {"name": SECRET, "profile": "main", "rights": [{"role": "agent", "scope": "self"}]}),
        ("channel-address", f"{SECRET}-post", {"channel": "other", "channel_name": "letter", "address": f"{SECRET}-post"}),
        ("channel-address", f"{SECRET}-mail", {"channel": "email", "address": f"desk@{SECRET}.example"}),
        ("channel-address", f"{SECRET}-web", {"channel": "chat", "address": f"{SECRET}-web"}),
        ("channel-address", f"{SECRET}-sms", {"channel": "sms", "address": "+33639980999", "settings": twilio}),
        ("channel-address", f"{SECRET}-phone", {"channel": "voice", "address": "+33199000999", "settings": twilio}),
    ):
        put = await http.put(f"/v1/directory/{kind}/{id}", json=body, headers={**admin, "If-None-Match": "*"})
        assert put.status_code == 201, put.text
    minted = await http.post("/v1/directory/api-keys", json={"name": SECRET, "scopes": list(KEY_SCOPES)}, headers=admin)
    key = minted.json()["key"]
    hook = {"url": f"https://hooks.{SECRET}.example/theirs", "types": ["message.sent"], "description": SECRET}
    hooked = await http.post("/v1/webhooks", json=hook, headers=admin)
    assert hooked.status_code == 201, hooked.text
    integrator = Integrator(http, key)
    file = {"name": f"{SECRET}.txt", "media_type": "text/plain", "content": base64.b64encode(FILE).decode()}
    posted = await integrator.post("k1", f"{SECRET}-post", f"{SECRET}-customer", f"Words of {SECRET}", attachments=[file])
    assert posted.status_code == 202, posted.text
    visitor = await Visitor.begin(house.url, f"{SECRET}-web", name=SECRET)
    token = person_token(house, tenant, f"{SECRET}-agent", RightGrant(role="agent", scope="self"))
    async with Desk.open(house, token) as desk:
        await desk.ask("ready", "status.set", status="ready")
        offer = await desk.decided("offer.made")
        await desk.ask("accept", "offer.accept", offer=offer["offer"]["id"])
        await desk.decided("interaction.activated")
        async with asyncio.timeout(10):
            while True:
                customers = (await http.get("/v1/customers", headers=bearer(key))).json()["items"]
                if customers:
                    break
                await asyncio.sleep(0.05)
        receipt = posted.json()["receipt"]
        ids = {
            "tenant": tenant,
            "receipt": receipt,
            "contact": "c" + receipt[1:],
            "sha256": hashlib.sha256(FILE).hexdigest(),
            "conversation": posted.json()["conversation"],
            "customer": customers[0]["id"],
            "interaction": offer["interaction"]["id"],
            "offer": offer["offer"]["id"],
            "message": "c" + receipt[1:],
            "session": visitor.session,
            "agent": f"{SECRET}-agent",
            "person": f"{SECRET}-agent",
            "skill": f"{SECRET}-skill",
            "address": f"{SECRET}-post",
            "page": f"{SECRET}-web",
            "webhook": hooked.json()["id"],
        }
        yield Other(ids, admin["Authorization"].removeprefix("Bearer "), key, auth_token, visitor)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ours(house: Stage) -> dict[str, str]:
    """The strongest credentials of our tenant: a person of every tenant-wide role, and a key with every scope."""
    admin = bearer(await token_of(house, "admin"))
    me = (await house.http.get("/v1/directory/me", headers=admin)).json()
    everything = {"name": "everything", "scopes": sorted(set(Act) - ROLES["platform_administrator"])}
    minted = await house.http.post("/v1/directory/api-keys", json=everything, headers=admin)
    assert minted.status_code == 201, minted.text
    roles = [RightGrant(role=role) for role in ("administrator", "supervisor", "agent")]
    person = person_token(house, me["tenant"]["id"], "claire", *roles)
    return {"person": person, "key": minted.json()["key"]}


@dataclass(frozen=True, slots=True)
class Case:
    """
    How a path is asked for something of the other tenant. `problems` are the refusals; `ok` the successes that may hold nothing of the other's.

    `is_public`: that it exists is no secret (a chat page's name stands in the page).
    """

    problems: tuple[str, ...] = ()
    ok: tuple[int, ...] = ()
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    proof: str = "bearer"
    is_public: bool = False


MISSING = ("not_found",)
UNKNOWN_CONVERSATION = ("unknown_conversation",)
NOT_OURS_TO_SAY = ("not_allowed",)
DOCUMENT = f"format: 1\ntenant: {{name: {SECRET}}}\n"
MAIL = f"From: a@client.example\r\nTo: desk@{SECRET}.example\r\nMessage-ID: <wall@client.example>\r\n\r\nBonjour"

THEIR_ADDRESS = {"channel": "other", "channel_name": "letter", "address": f"{SECRET}-customer"}

CASES: Mapping[str, Case] = {
    "POST /v1/email/messages": Case(("unknown_channel_address",), body=MAIL, headers={"Content-Type": "message/rfc822"}),
    "POST /v1/sms/twilio/messages": Case(
        ("bad_signature",), body={"To": "+33639980999", "From": "+33600000000", "MessageSid": "SM1"}, proof="twilio"
    ),
    "POST /v1/sms/twilio/status/{token}": Case(
        ("bad_token",), values={"token": "{visitor}"}, body={"MessageStatus": "sent"}, proof="twilio"
    ),
    "GET /v1/sms/media/{token}": Case(("bad_token",), values={"token": "{visitor}"}, is_public=True),
    "POST /v1/sms/vonage/messages": Case(
        ("bad_signature",), body={"to": "33639980999", "from": "33600000000", "message_uuid": "u1"}, is_public=True
    ),
    "POST /v1/sms/vonage/status/{token}": Case(("bad_token",), values={"token": "{visitor}"}, body={"status": "read"}, is_public=True),
    "POST /v1/voice/twilio/calls": Case(
        ("bad_signature",), body={"To": "+33199000999", "From": "+33600000000", "CallSid": "CA1"}, proof="twilio"
    ),
    "POST /v1/voice/twilio/calls/{step}": Case(
        ("bad_signature",), values={"step": "status"}, body={"To": "+33199000999", "CallSid": "CA1"}, proof="twilio"
    ),
    "POST /v1/chat/sessions": Case(("bad_token",), body={"page": "{page}"}, proof="visitor", is_public=True),
    "POST /v1/chat/sessions/{session}/messages": Case(("bad_token",), body={"id": "m", "text": "x"}, proof="visitor"),
    "GET /v1/chat/sessions/{session}/messages": Case(("bad_token",), proof="visitor"),
    "GET /v1/chat/sessions/{session}": Case(("bad_token",), proof="visitor"),
    "POST /v1/chat/sessions/{session}/typing": Case(("bad_token",), proof="visitor"),
    "POST /v1/chat/sessions/{session}/seen": Case(("bad_token",), body={"message": "m"}, proof="visitor"),
    "DELETE /v1/chat/sessions/{session}": Case(("bad_token",), proof="visitor"),
    "POST /v1/chat/sessions/{session}/files": Case(("bad_token",), query={"id": "f", "name": "f"}, body="x", proof="visitor"),
    "GET /v1/chat/sessions/{session}/files/{message}/{file}": Case(("bad_token",), values={"file": "f"}, proof="visitor"),
    "POST /v1/chat/sessions/{session}/transcript": Case(("bad_token",), body={"email": "a@client.example"}, proof="visitor"),
    "POST /v1/chat/pages/{address}/messages": Case(proof="public"),
    "GET /v1/chat/sessions/{session}/ws": Case(proof="visitor's socket"),
    "GET /v1/chat/pages/{address}": Case(proof="public"),
    "GET /v1/chat/demo": Case(proof="public"),
    "POST /v1/interactions": Case(
        ("unknown_channel_address",),
        body={"channel_address": "{address}", "from": {"address": "x"}, "text": "x"},
        headers={"Idempotency-Key": "wall"},
    ),
    "POST /v1/interactions/{conversation}/messages": Case(UNKNOWN_CONVERSATION, body={"text": "x"}, headers={"Idempotency-Key": "wall-2"}),
    "GET /v1/interactions/{conversation}/replies": Case(UNKNOWN_CONVERSATION),
    "POST /v1/interactions/{conversation}/messages/{message}/delivery": Case(UNKNOWN_CONVERSATION, body={"state": "delivered"}),
    "GET /v1/interactions/{conversation}/messages/{message}/attachments/{attachment}": Case(
        UNKNOWN_CONVERSATION, values={"attachment": "{message}-a1"}
    ),
    "POST /v1/messages": Case(
        ("unknown_channel_address",),
        body={"channel_address": "{address}", "to": {"address": "x"}, "text": "x"},
        headers={"Idempotency-Key": "wall-3"},
    ),
    "GET /v1/messages/{message}": Case(MISSING),
    "POST /v1/webhooks": Case(ok=(201,), body={"url": "https://hooks.client.example/ours", "types": ["message.sent"]}),
    "GET /v1/webhooks": Case(ok=(200,)),
    "GET /v1/webhooks/{webhook}": Case(MISSING),
    "DELETE /v1/webhooks/{webhook}": Case(MISSING),
    "POST /v1/webhooks/{webhook}/enable": Case(MISSING),
    "GET /v1/webhooks/{webhook}/deliveries": Case(MISSING),
    "POST /v1/webhooks/{webhook}/replay": Case(MISSING, body={}),
    "GET /v1/events": Case(ok=(200,), query={"limit": "100"}),
    "GET /v1/customers/receipts/{receipt}": Case(MISSING),
    "POST /v1/customers/receipts/{receipt}/reopen": Case(MISSING),
    "GET /v1/customers": Case(ok=(200,), query={"q": SECRET}),
    "POST /v1/customers": Case(ok=(201,), body={"name": "x"}),
    "GET /v1/customers/messages": Case(ok=(200,), query={"q": SECRET}),
    "POST /v1/customers/consents": Case(ok=(201,), body={"address": THEIR_ADDRESS, "word": "withdrawn"}),
    "POST /v1/customers/permission": Case(ok=(200,), body={"address": THEIR_ADDRESS}),
    "POST /v1/customers/imports": Case(ok=(200,), body=f"address:letter\n{SECRET}-customer\n", headers={"Content-Type": "text/csv"}),
    "GET /v1/customers/retentions": Case(ok=(200,)),
    "GET /v1/customers/erasures": Case(ok=(200,)),
    "POST /v1/customers/erasures": Case(ok=(200,), body={"items": []}),
    "GET /v1/customers/erasures/{erasure}": Case(MISSING, values={"erasure": "er_nobody"}),
    "GET /v1/customers/{customer}/export": Case(MISSING),
    "POST /v1/customers/{customer}/erasure": Case(MISSING, body={}),
    "GET /v1/customers/{customer}": Case(MISSING),
    "GET /v1/customers/{customer}/consents": Case(MISSING),
    "POST /v1/customers/{customer}/merge": Case(MISSING, body={"other": "{customer}"}),
    "POST /v1/customers/{customer}/split": Case(MISSING, body={"addresses": [THEIR_ADDRESS]}),
    "GET /v1/customers/{customer}/joins": Case(MISSING),
    "PATCH /v1/customers/{customer}": Case(MISSING, body={"name": "x"}, headers={"If-Match": "*"}),
    "GET /v1/customers/{customer}/conversations": Case(MISSING),
    "GET /v1/customers/conversations/{conversation}": Case(MISSING),
    "GET /v1/customers/conversations/{conversation}/messages": Case(MISSING),
    "GET /v1/customers/blobs/{tenant}/{contact}/{sha256}": Case(MISSING),
    "GET /v1/customers/history": Case(ok=(200,), query={"limit": "1000"}),
    "POST /v1/directory/sign-in": Case(("bad_credential",), body={"name": "amelie", "password": "lumen-demo", "tenant": "{tenant}"}),
    "POST /v1/directory/token": Case(("bad_credential",), ok=(200,), body={"tenant": "{tenant}"}),
    "GET /v1/directory/me": Case(ok=(200,), query={"tenant": "{tenant}"}),
    "GET /v1/directory/configuration": Case(ok=(200,), query={"tenant": "{tenant}"}),
    "PUT /v1/directory/configuration": Case(("version_conflict",), body=DOCUMENT, headers={"If-Match": '"0"'}),
    "POST /v1/directory/configuration/diff": Case(
        ("configuration_refused",), ok=(200,), body="format: 1\ntenant: {name: x}\nskill: {a: {name: {fr: x}}}\n"
    ),
    "GET /v1/directory/change-sets": Case(ok=(200,), query={"limit": "1000"}),
    "GET /v1/directory/change-sets/{number}": Case(MISSING, ok=(200,), values={"number": "2"}),
    "POST /v1/directory/change-sets/{number}/undo": Case(MISSING, values={"number": "100000"}),
    "GET /v1/directory/{kind}": Case(ok=(200,), values={"kind": "skill"}),
    "GET /v1/directory/{kind}/{id}": Case(MISSING, values={"kind": "skill", "id": "{skill}"}),
    "PUT /v1/directory/{kind}/{id}": Case(
        ("version_conflict", "configuration_refused"),
        values={"kind": "skill", "id": "{skill}"},
        body={"name": {"fr": "x"}},
        headers={"If-Match": '"1"'},
    ),
    "DELETE /v1/directory/{kind}/{id}": Case(
        ("not_found", "version_conflict"), values={"kind": "skill", "id": "{skill}"}, headers={"If-Match": "*"}
    ),
    "POST /v1/directory/logins": Case(
        NOT_OURS_TO_SAY, body={"name": "spy", "password": PASSWORD, "memberships": [{"tenant": "{tenant}", "person": "{person}"}]}
    ),
    "POST /v1/directory/api-keys": Case(ok=(201,), body={"name": "spy", "scopes": ["customer.read"], "tenant": "{tenant}"}),
    "PUT /v1/directory/secrets/{name}": Case(ok=(204,), values={"name": SECRET}, body={"value": "ours"}),
    "GET /v1/directory/secrets": Case(ok=(200,)),
    "GET /v1/directory/audit": Case(ok=(200,), query={"limit": "1000"}),
    "POST /v1/directory/tenants": Case(NOT_OURS_TO_SAY, body={"name": "spy"}),
    "GET /v1/agent/ws": Case(proof="desk"),
    "POST /v1/agent/commands": Case(
        ("refused",),
        body={"type": "interaction.assign", "data": {"interaction": "{interaction}", "agent": "{agent}", "version": 1}},
    ),
    "POST /v1/agent/interactions/{interaction}/files": Case(ok=(201,), query={"name": "f"}, body="x"),
    "GET /v1/agent/interactions/{interaction}/why": Case(("refused", "not_found")),
    "GET /v1/agent/agents/{agent}/why": Case(("refused", "not_found")),
    "GET /v1/agent/doctor": Case(("refused",), ok=(200,)),
    "POST /v1/installation/backups": Case(NOT_OURS_TO_SAY),
    "GET /v1/installation/backups": Case(NOT_OURS_TO_SAY),
    "POST /v1/installation/release": Case(NOT_OURS_TO_SAY),
    "GET /v1/installation": Case(NOT_OURS_TO_SAY),
}
BY_CREDENTIAL = [name for name, case in CASES.items() if case.proof in ("bearer", "twilio", "visitor")]


async def test_every_path_of_the_table_is_asked() -> None:
    assert set(CASES) == {f"{route.method} {route.path}" for route in ROUTES}


@pytest.mark.parametrize("credential", ["person", "key"])
@pytest.mark.parametrize("name", BY_CREDENTIAL)
async def test_nothing_of_another_tenant_is_told(house: Stage, other: Other, ours: dict[str, str], name: str, credential: str) -> None:
    case = CASES[name]
    proof = await proof_of(house, case, ours[credential])
    answer = await asked(house, name, case, {**other.ids, "visitor": other.visitor.token}, proof)
    refusals = (*case.problems, "not_allowed") if credential == "key" else case.problems
    if answer.is_success:
        assert answer.status_code in case.ok, answer.text
        assert SECRET not in answer.text.replace(f'"{case.query.get("q", "")}"', "") or told_by_us(name, answer)
    else:
        assert answer.json()["type"].removeprefix("/problems/") in refusals, answer.text
        assert answer.status_code < 500
    if case.ok or case.is_public or case.proof == "twilio" or "version_conflict" in case.problems:
        return
    nobodys = await asked(house, name, case, dict.fromkeys(other.ids, NOBODY), proof)
    assert said(nobodys) == said(answer)


def told_by_us(name: str, answer: httpx.Response) -> bool:
    """Our own secret of that name, and the record of our own asking."""
    if name == "GET /v1/directory/secrets":
        return True
    lines = [json.loads(line) for line in answer.text.splitlines()]
    return name == "GET /v1/directory/audit" and all(
        SECRET not in json.dumps(each) or "zebulon" in str(each.get("what", "")) for each in lines
    )


async def proof_of(stage: Stage, case: Case, token: str) -> dict[str, str]:
    if case.proof == "visitor":
        return bearer((await Visitor.begin(stage.url, CHAT_PAGE)).token)
    return bearer(token)


async def asked(stage: Stage, name: str, case: Case, ids: Mapping[str, str], proof: Mapping[str, str]) -> httpx.Response:
    """The path with these ids in it, in the query and in the body."""
    method, path = name.split(" ")
    path = path.format(**{**ids, **{key: value.format(**ids) for key, value in case.values.items()}})
    body = case.body if not isinstance(case.body, dict) else json.loads(_filled(json.dumps(case.body), ids))
    headers = {**proof, **case.headers}
    query = {key: value.format(**ids) for key, value in case.query.items()}
    if case.proof == "twilio":
        signature = RequestValidator(stage.outside.twilio.auth_token).compute_signature(f"{stage.url}{path}", body)
        return await stage.http.post(path, data=body, headers={"X-Twilio-Signature": signature})
    if isinstance(body, str):
        return await stage.http.request(method, path, params=query, headers=headers, content=_filled(body, ids))
    return await stage.http.request(method, path, params=query, headers=headers, json=body)


def _filled(text: str, ids: Mapping[str, str]) -> str:
    for key, value in ids.items():
        text = text.replace("{" + key + "}", value)
    return text


def said(answer: httpx.Response) -> tuple[int, dict[str, Any]]:
    """The answer without what differs from request to request."""
    body = answer.json() if answer.content else {}
    return answer.status_code, {key: value for key, value in body.items() if key != "trace"}


# ---- what is asked otherwise


@pytest.mark.parametrize("path", ["/v1/chat/pages/{page}", "/v1/chat/demo?page={page}"])
async def test_a_page_tells_what_every_visitor_sees_and_no_more(house: Stage, other: Other, path: str) -> None:
    answer = await house.http.get(path.format(**other.ids))
    assert answer.status_code == 200
    for name in ("tenant", "agent", "customer", "conversation"):
        assert other.ids[name] not in answer.text


async def test_a_visitor_of_ours_does_not_enter_their_chat(house: Stage, other: Other) -> None:
    visitor = await Visitor.begin(house.url, CHAT_PAGE)
    theirs = Visitor(house.url, other.ids["session"], visitor.token, visitor.visitor)
    async with theirs.socket() as raw:
        await raw.send(json.dumps({"kind": "hello", "token": visitor.token}))
        assert await close_code(raw) == Close.BAD_TOKEN


async def test_a_desk_of_ours_neither_sees_nor_moves_anything_of_theirs(house: Stage, other: Other, ours: dict[str, str]) -> None:
    ids = other.ids
    async with Desk.open(house, ours["person"]) as desk:
        for number, (type_, data) in enumerate(
            (
                ("offer.accept", {"offer": ids["offer"]}),
                ("offer.decline", {"offer": ids["offer"], "reason": "x"}),
                ("interaction.complete", {"interaction": ids["interaction"], "version": 3}),
                ("interaction.close", {"interaction": ids["interaction"], "version": 3, "reason": "x"}),
                ("interaction.assign", {"interaction": ids["interaction"], "agent": "claire", "version": 1}),
                ("interaction.explain", {"interaction": ids["interaction"]}),
                ("message.send", {"interaction": ids["interaction"], "content": {"text": "x"}}),
                ("agent.explain", {"agent": ids["agent"]}),
                ("supervision.start", {"interaction": ids["interaction"], "mode": "listen"}),
                ("status.set", {"status": "ready", "agent": ids["agent"]}),
            )
        ):
            answer = await desk.ask(f"theirs-{number}", type_, **data)
            nobodys = await desk.ask(
                f"nobodys-{number}",
                type_,
                **json.loads(
                    json.dumps(data).replace(ids["interaction"], NOBODY).replace(ids["offer"], NOBODY).replace(ids["agent"], NOBODY)
                ),
            )
            assert answer.get("reason") not in (None, "malformed"), (type_, answer)
            assert answer["reason"] == nobodys["reason"], type_
        assert SECRET not in json.dumps([each for each in desk.seen if each["kind"] == "event" and "command" not in each["type"]])
    kept = await house.http.get(f"/v1/customers/{ids['customer']}", headers=bearer(other.key))
    assert kept.status_code == 200


async def test_a_session_of_theirs_is_not_resumed_by_ours(house: Stage, other: Other, ours: dict[str, str]) -> None:
    theirs = person_token(house, other.ids["tenant"], "admin", RightGrant(role="supervisor"))
    async with Desk.open(house, theirs) as first:
        session, seq = first.welcome["session"], first.welcome["seq"]
        async with Desk.open(house, None) as desk:
            await desk.send(kind="hello", token=ours["person"], session=session, seq=seq)
            assert (await desk.next("welcome", "resumed"))["kind"] == "welcome"


async def test_our_secret_of_the_same_name_changes_nothing_of_theirs(house: Stage, other: Other, ours: dict[str, str]) -> None:
    form = {"To": "+33639980999", "From": "+33600000001", "Body": "x", "MessageSid": "SM-theirs"}
    signature = RequestValidator(other.auth_token).compute_signature(f"{house.url}/v1/sms/twilio/messages", form)
    answer = await house.http.post("/v1/sms/twilio/messages", data=form, headers={"X-Twilio-Signature": signature})
    assert answer.status_code == 200, answer.text
    assert Harm.of(house).faults() == []
