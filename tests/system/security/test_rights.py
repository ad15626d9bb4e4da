"""
Who may do what, over every path of the public table that wants a credential: a key with the one act that a path needs is let in, a key with all others is not.

What each path needs is written down here once more, on purpose: a path that changes its act, or comes without one, fails.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest
import pytest_asyncio
from system.house import Desk, token_of

from standardiste.all_in_one.players.stage import Stage
from standardiste.common.api import ROUTES
from standardiste.common.security.rights import ROLES, Act

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("unharmed")]

PASSWORD = "a-long-enough-password"
ANYBODY = None
"""Whoever has a credential: about himself."""

NEEDS: Mapping[str, Act | None] = {
    "POST /v1/email/messages": Act.CONTACT_CREATE,
    "POST /v1/interactions": Act.CONTACT_CREATE,
    "POST /v1/interactions/{conversation}/messages": Act.CONTACT_CREATE,
    "GET /v1/interactions/{conversation}/replies": Act.REPLY_READ,
    "POST /v1/interactions/{conversation}/messages/{message}/delivery": Act.DELIVERY_REPORT,
    "GET /v1/interactions/{conversation}/messages/{message}/attachments/{attachment}": Act.REPLY_READ,
    "POST /v1/messages": Act.MESSAGE_SEND,
    "GET /v1/messages/{message}": Act.MESSAGE_SEND,
    "POST /v1/webhooks": Act.WEBHOOK_WRITE,
    "GET /v1/webhooks": Act.WEBHOOK_WRITE,
    "GET /v1/webhooks/{webhook}": Act.WEBHOOK_WRITE,
    "DELETE /v1/webhooks/{webhook}": Act.WEBHOOK_WRITE,
    "POST /v1/webhooks/{webhook}/enable": Act.WEBHOOK_WRITE,
    "GET /v1/webhooks/{webhook}/deliveries": Act.WEBHOOK_WRITE,
    "POST /v1/webhooks/{webhook}/replay": Act.WEBHOOK_WRITE,
    "GET /v1/events": Act.EVENT_READ,
    "GET /v1/customers/receipts/{receipt}": Act.RECEIPT_READ,
    "GET /v1/customers": Act.CUSTOMER_READ,
    "POST /v1/customers": Act.CUSTOMER_WRITE,
    "GET /v1/customers/messages": Act.CUSTOMER_READ,
    "POST /v1/customers/consents": Act.CUSTOMER_WRITE,
    "POST /v1/customers/permission": Act.CUSTOMER_READ,
    "POST /v1/customers/imports": Act.CUSTOMER_IMPORT,
    "GET /v1/customers/retentions": Act.CUSTOMER_ERASE,
    "GET /v1/customers/erasures": Act.CUSTOMER_ERASE,
    "POST /v1/customers/erasures": Act.CUSTOMER_ERASE,
    "GET /v1/customers/erasures/{erasure}": Act.CUSTOMER_ERASE,
    "GET /v1/customers/{customer}/export": Act.CUSTOMER_EXPORT,
    "POST /v1/customers/{customer}/erasure": Act.CUSTOMER_ERASE,
    "GET /v1/customers/{customer}": Act.CUSTOMER_READ,
    "GET /v1/customers/{customer}/consents": Act.CUSTOMER_READ,
    "POST /v1/customers/{customer}/merge": Act.CUSTOMER_WRITE,
    "POST /v1/customers/receipts/{receipt}/reopen": Act.CUSTOMER_WRITE,
    "POST /v1/customers/{customer}/split": Act.CUSTOMER_WRITE,
    "GET /v1/customers/{customer}/joins": Act.CUSTOMER_READ,
    "PATCH /v1/customers/{customer}": Act.CUSTOMER_WRITE,
    "GET /v1/customers/{customer}/conversations": Act.CUSTOMER_READ,
    "GET /v1/customers/conversations/{conversation}": Act.CUSTOMER_READ,
    "GET /v1/customers/conversations/{conversation}/messages": Act.CUSTOMER_READ,
    "GET /v1/customers/blobs/{tenant}/{contact}/{sha256}": Act.CUSTOMER_READ,
    "GET /v1/customers/history": Act.HISTORY_READ,
    "POST /v1/directory/token": ANYBODY,
    "GET /v1/directory/me": ANYBODY,
    "GET /v1/directory/configuration": Act.CONFIGURATION_READ,
    "PUT /v1/directory/configuration": Act.CONFIGURATION_WRITE,
    "POST /v1/directory/configuration/diff": Act.CONFIGURATION_READ,
    "GET /v1/directory/change-sets": Act.CONFIGURATION_READ,
    "GET /v1/directory/change-sets/{number}": Act.CONFIGURATION_READ,
    "POST /v1/directory/change-sets/{number}/undo": Act.CONFIGURATION_WRITE,
    "GET /v1/directory/{kind}": Act.CONFIGURATION_READ,
    "GET /v1/directory/{kind}/{id}": Act.CONFIGURATION_READ,
    "PUT /v1/directory/{kind}/{id}": Act.CONFIGURATION_WRITE,
    "DELETE /v1/directory/{kind}/{id}": Act.CONFIGURATION_WRITE,
    "POST /v1/directory/logins": Act.PEOPLE_WRITE,
    "POST /v1/directory/api-keys": Act.PEOPLE_WRITE,
    "PUT /v1/directory/secrets/{name}": Act.SECRET_WRITE,
    "GET /v1/directory/secrets": Act.SECRET_WRITE,
    "GET /v1/directory/audit": Act.AUDIT_READ,
    "POST /v1/directory/tenants": Act.TENANT_CREATE,
    "POST /v1/agent/commands": Act.AGENT_WORK,
    "POST /v1/agent/interactions/{interaction}/files": Act.AGENT_WORK,
    "GET /v1/agent/interactions/{interaction}/why": Act.AGENT_WORK,
    "GET /v1/agent/agents/{agent}/why": Act.AGENT_WORK,
    "GET /v1/agent/doctor": Act.AGENT_SUPERVISE,
    "POST /v1/installation/backups": Act.BACKUP_MAKE,
    "GET /v1/installation/backups": Act.INSTALLATION_READ,
    "POST /v1/installation/release": Act.SENDING_RELEASE,
    "GET /v1/installation": Act.INSTALLATION_READ,
}
BODIES: Mapping[str, object] = {
    "POST /v1/directory/logins": {"name": "x", "password": PASSWORD, "person": "nobody"},
    "POST /v1/directory/api-keys": {"name": "x", "scopes": ["people.write"]},
    "PUT /v1/directory/secrets/{name}": {"value": "x"},
    "POST /v1/directory/tenants": {"name": "Another"},
    "POST /v1/agent/commands": {"type": "interaction.explain", "data": {"interaction": "nobody"}},
}
VALUES = {
    **dict.fromkeys(
        (
            "conversation",
            "message",
            "receipt",
            "customer",
            "tenant",
            "contact",
            "sha256",
            "id",
            "interaction",
            "agent",
            "webhook",
            "attachment",
            "erasure",
        ),
        "nobody",
    ),
    "kind": "skill",
    "number": "99999",
    "name": "a-secret",
}
PLATFORM = ROLES["platform_administrator"]
ALSO: Mapping[Act, tuple[Act, ...]] = {Act.AGENT_WORK: (Act.AGENT_SUPERVISE,)}
"""A key is nobody's desk: what it asks is always about another's work."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def keys(house: Stage) -> dict[str, str]:
    """By name: for each act a key with it alone, and one with all but it."""
    http, admin = house.http, {"Authorization": f"Bearer {await token_of(house, 'admin')}"}
    wanted = {
        f"{kind} {act}": scopes
        for act in Act
        for kind, scopes in (("only", {act, *ALSO.get(act, ())}), ("without", set(Act) - {act} - (PLATFORM - {act})))
    }
    made: dict[str, str] = {}
    for name, scopes in wanted.items():
        answer = await http.post("/v1/directory/api-keys", json={"name": name, "scopes": sorted(scopes)}, headers=admin)
        assert answer.status_code == 201, answer.text
        made[name] = answer.json()["key"]
    return made


async def test_every_path_with_a_credential_is_here() -> None:
    assert {f"{route.method} {route.path}" for route in ROUTES if not route.is_open} - set(NEEDS) == set()


@pytest.mark.parametrize("name", [name for name, act in NEEDS.items() if act is not ANYBODY])
async def test_a_key_opens_what_its_scopes_name_and_nothing_else(house: Stage, keys: dict[str, str], name: str) -> None:
    refused = await asked(house, name, keys[f"without {NEEDS[name]}"])
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not_allowed"), refused.text
    let_in = await asked(house, name, keys[f"only {NEEDS[name]}"])
    assert let_in.status_code not in (401, 403), let_in.text
    assert let_in.status_code < 500, let_in.text


async def asked(stage: Stage, name: str, credential: str) -> httpx.Response:
    method, path = name.split(" ")
    headers = {"Authorization": f"Bearer {credential}", "Idempotency-Key": f"{name} {credential[-8:]}", "If-Match": '"99999"'}
    return await stage.http.request(method, path.format(**VALUES), headers=headers, json=BODIES.get(name, {}))


ADMINISTRATORS = [name for name, act in NEEDS.items() if act is not ANYBODY and act not in ROLES["agent"]]


@pytest.mark.parametrize("name", ADMINISTRATORS)
async def test_an_agent_cannot_do_what_is_not_an_agents(house: Stage, name: str) -> None:
    answer = await asked(house, name, await token_of(house, "bruno"))
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not_allowed"), answer.text


async def test_a_tenants_administrator_does_not_reach_the_installation(house: Stage) -> None:
    http, platform = house.http, {"Authorization": f"Bearer {await token_of(house, 'admin')}"}
    first = {"name": "plain-admin", "password": PASSWORD}
    assert (await http.post("/v1/directory/tenants", json={"name": "Plain", "administrator": first}, headers=platform)).status_code == 201
    admin = {"Authorization": f"Bearer {(await http.post('/v1/directory/sign-in', json=first)).json()['token']}"}
    for act in sorted(PLATFORM):
        minted = await http.post("/v1/directory/api-keys", json={"name": "x", "scopes": [act]}, headers=admin)
        assert (minted.status_code, minted.json()["type"]) == (403, "/problems/not_allowed"), act
    for right in ({"role": "platform_administrator"}, {"role": "administrator", "scope": "installation"}):
        person = {"name": "x", "rights": [right]}
        put = await http.put("/v1/directory/person/x", json=person, headers={**admin, "If-None-Match": "*"})
        assert (put.status_code, put.json()["type"]) == (422, "/problems/configuration_refused"), put.text
    login = {"name": "x", "password": PASSWORD, "person": "admin", "is_platform_administrator": True}
    assert (await http.post("/v1/directory/logins", json=login, headers=admin)).status_code == 403
    ordinary = await http.post("/v1/directory/api-keys", json={"name": "x", "scopes": ["contact.create"]}, headers=admin)
    assert ordinary.status_code == 201


async def test_an_agents_desk_does_not_supervise(house: Stage) -> None:
    async with Desk.open(house, await token_of(house, "bruno")) as desk:
        for type_, data in (
            ("interaction.assign", {"interaction": "i", "agent": "bruno", "version": 1}),
            ("interaction.close", {"interaction": "i", "version": 1, "reason": "x"}),
            ("interaction.prioritise", {"interaction": "i", "version": 1, "priority": 5}),
            ("doctor.ask", {}),
            ("status.set", {"status": "ready", "agent": "amelie"}),
            ("agent.explain", {"agent": "amelie"}),
        ):
            answer = await desk.ask(f"as-{type_}", type_, **data)
            assert answer.get("reason") == "not_allowed", (type_, answer)


async def test_a_key_has_no_desk(house: Stage, keys: dict[str, str]) -> None:
    async with Desk.open(house, None) as desk:
        await desk.send(kind="hello", token=keys["only audit.read"])
        assert await desk.closed() in (4401, 4403)
