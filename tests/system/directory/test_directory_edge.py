"""The directory over HTTP, as administrators, desks and the command line use it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from standardiste.common.clock import ManualClock
from standardiste.common.ids import CountingIds
from standardiste.common.parts import Parts
from standardiste.common.security.audit import Audit, broken_at
from standardiste.common.security.principal import INSTALLATION
from standardiste.common.service import Service
from standardiste.common.store.port import Body
from standardiste.common.testing.running import Running, parts_in, running
from standardiste.directory.app import build
from standardiste.directory.bootstrap import bootstrap
from standardiste.directory.settings import DirectorySettings

PASSWORD = "correct horse battery"
FIRST = f"""\
tenant: {{name: Exemple SA}}
skill: {{billing: {{name: {{en: Billing, fr: Facturation}}}}}}
queue: {{bills: {{skills: {{billing: 2}}}}}}
person:
  admin: {{name: Camille, language: fr, rights: [{{role: administrator}}]}}
  anna: {{name: Anna, language: fr, profile: main, skills: {{billing: 4}}, rights: [{{role: agent, scope: self}}]}}
channel-address: {{mail: {{channel: email, address: help@example.com}}}}
logins:
  admin: {{password: {PASSWORD}, person: admin}}
  anna: {{password: {PASSWORD}, person: anna}}
  root: {{password: {PASSWORD}, is_platform_administrator: true}}
"""


@dataclass(slots=True)
class Site:
    """A running directory with its first tenant."""

    run: Running
    tenant: str

    async def sign_in(self, name: str = "admin", password: str = PASSWORD) -> httpx.AsyncClient:
        async with self.run.client(None) as http:
            answer = await http.post("/v1/directory/sign-in", json={"name": name, "password": password})
            return self.run.client(answer.raise_for_status().json()["token"])


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    settings = DirectorySettings(secrets_folder=tmp_path / "secrets", directory_password_memory_kib=8, directory_password_passes=1)
    tenants: list[str] = []

    def build_here(parts: Parts) -> Service:
        return build(settings, parts)

    parts = await parts_in(tmp_path)
    tenants.append(await bootstrap(parts, FIRST, settings=settings) or "")
    for part in (parts.bus, parts.blobs, parts.store):
        await part.close()
    async with running(tmp_path, build_here, clock=ManualClock(), ids=CountingIds()) as run:
        while run.parts.directory.change_set(tenants[0]) < 1:
            await run.parts.directory.wait_change()
        yield Site(run, tenants[0])


def name_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


# ---- entering


async def test_desk_learns_who_it_is_and_the_names_it_shows(site: Site) -> None:
    async with await site.sign_in("anna") as http:
        me = (await http.get("/v1/directory/me")).json()
    assert (me["kind"], me["id"], me["name"], me["language"], me["zone"]) == ("person", "anna", "Anna", "fr", "Europe/Paris")
    assert me["tenant"]["name"] == "Exemple SA"
    assert "agent.work" in me["acts"]
    assert [each["id"] for each in me["configuration"]["statuses"]] == ["away", "break", "ready"]
    assert [each["id"] for each in me["configuration"]["agents"]] == ["anna"]


async def test_wrong_password_is_one_problem_and_the_next_try_is_free(site: Site) -> None:
    async with site.run.client(None) as http:
        wrong = await http.post("/v1/directory/sign-in", json={"name": "anna", "password": "wrong"})
        unknown = await http.post("/v1/directory/sign-in", json={"name": "nobody", "password": PASSWORD})
    assert name_of(wrong) == name_of(unknown) == (401, "bad_credential")
    assert wrong.json()["detail"] == unknown.json()["detail"]


async def test_guessing_one_name_ends_in_429(site: Site) -> None:
    async with site.run.client(None) as http:
        answers = [await http.post("/v1/directory/sign-in", json={"name": "anna", "password": "wrong"}) for _ in range(11)]
    assert [name_of(each)[0] for each in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1


@pytest.mark.parametrize("body", [{}, {"name": "x"}, {"name": 3, "password": "x"}, [], "x"])
async def test_sign_in_without_its_fields_names_the_field(site: Site, body: Any) -> None:
    async with site.run.client(None) as http:
        answer = await http.post("/v1/directory/sign-in", json=body)
    assert name_of(answer) == (400, "invalid_field")
    assert PASSWORD not in answer.text


async def test_token_is_renewed_while_it_is_good(site: Site) -> None:
    async with await site.sign_in("anna") as http:
        fresh = await http.post("/v1/directory/token")
    async with site.run.client(fresh.json()["token"]) as http:
        assert (await http.get("/v1/directory/me")).json()["id"] == "anna"


# ---- the document


async def test_export_edit_apply_undo(site: Site) -> None:
    async with await site.sign_in() as http:
        export = await http.get("/v1/directory/configuration")
        assert export.headers["content-type"] == "application/yaml"
        assert export.headers["etag"] == '"1"'
        edited = export.text.replace("skills: {billing: 2}", "skills: {billing: 5}")
        diff = (await http.post("/v1/directory/configuration/diff", content=edited)).json()
        done = await http.put("/v1/directory/configuration", content=edited, headers={"If-Match": export.headers["etag"]})
        again = await http.put("/v1/directory/configuration", content=edited, headers={"If-Match": "*"})
        undone = await http.post("/v1/directory/change-sets/2/undo")
        back = await http.get("/v1/directory/configuration")
    change = {"what": "changed", "kind": "queue", "id": "bills", "fields": {"skills": [{"billing": 2}, {"billing": 5}]}}
    assert diff["changes"] == done.json()["changes"] == [change]
    assert diff["warnings"] == ["ligne 6, /queue/bills/skills: Personne ne peut prendre ce que queue/bills demande : billing ≥ 5."]
    assert (done.json()["change_set"], done.json()["is_in_force"], done.headers["etag"]) == (2, True, '"2"')
    assert (again.json()["change_set"], again.json()["changes"]) == (2, [])
    assert undone.json()["change_set"] == 3
    assert back.text == export.text


async def test_what_is_applied_is_in_force_when_the_answer_comes(site: Site) -> None:
    async with await site.sign_in() as http:
        text = (await http.get("/v1/directory/configuration")).text + "disposition:\n  done: {}\n"
        await http.put("/v1/directory/configuration", content=text, headers={"If-Match": "*"})
        me = (await http.get("/v1/directory/me")).json()
    assert [each["id"] for each in me["configuration"]["dispositions"]] == ["done"]


async def test_refused_document_tells_every_fault_in_the_readers_language(site: Site) -> None:
    text = "queue:\n  a: {skills: {nothing: 1}}\n  b:\n    target_ms: -1\n"
    async with await site.sign_in() as http:
        french = await http.put("/v1/directory/configuration", content=text, headers={"If-Match": "*"})
        english = await http.put("/v1/directory/configuration", content=text, headers={"If-Match": "*", "Accept-Language": "en"})
    assert name_of(french) == (422, "configuration_refused")
    assert french.json()["errors"] == [
        "ligne 2, /queue/a/skills/0/skill: Il n'y a pas de skill/nothing.",
        "ligne 4, /queue/b/target_ms: -1 est hors limites : 0–31622400000.",
    ]
    assert english.json()["faults"][0] == {
        "name": "unknown_reference",
        "pointer": "/queue/a/skills/0/skill",
        "line": 2,
        "message": "There is no skill/nothing.",
    }


@pytest.mark.parametrize(("field", "name"), [("filters", "unknown_filter"), ("ranking", "unknown_word"), ("order", "unknown_word")])
async def test_policy_of_no_such_name_is_refused_wherever_it_is_saved(site: Site, field: str, name: str) -> None:
    written = ["nonsense"] if field == "filters" else "nonsense"
    async with await site.sign_in() as http:
        alone = await http.put("/v1/directory/queue/own", json={field: written}, headers={"If-None-Match": "*"})
        whole = await http.put(
            "/v1/directory/configuration", content=f"queue:\n  own:\n    {field}: {written}\n", headers={"If-Match": "*"}
        )
        diff = await http.post("/v1/directory/configuration/diff", content=f"queue:\n  own: {{{field}: {written}}}\n")
        kept = await http.get("/v1/directory/queue/own")
    assert [name_of(each) for each in (alone, whole, diff)] == [(422, "configuration_refused")] * 3
    assert [each.json()["faults"][0]["name"] for each in (alone, whole, diff)] == [name] * 3
    assert kept.status_code == 404


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({}, (428, "if_match_missing")), ({"If-Match": '"7"'}, (412, "version_conflict")), ({"If-Match": "x"}, (400, "invalid_field"))],
)
async def test_apply_insists_on_a_version(site: Site, headers: dict[str, str], expected: tuple[int, str]) -> None:
    async with await site.sign_in() as http:
        assert name_of(await http.put("/v1/directory/configuration", content="", headers=headers)) == expected


async def test_document_as_json(site: Site) -> None:
    async with await site.sign_in() as http:
        found = (await http.get("/v1/directory/configuration", headers={"Accept": "application/json"})).json()
        same = (await http.post("/v1/directory/configuration/diff", json=found)).json()
    assert found["skill"]["billing"]["name"] == {"en": "Billing", "fr": "Facturation"}
    assert same["changes"] == []


async def test_change_sets_show_who_what_and_why(site: Site) -> None:
    async with await site.sign_in() as http:
        text = (await http.get("/v1/directory/configuration")).text + "disposition:\n  done: {}\n"
        await http.put("/v1/directory/configuration?note=asked%20by%20sales", content=text, headers={"If-Match": "*"})
        first = (await http.get("/v1/directory/change-sets?limit=1")).json()
        rest = (await http.get("/v1/directory/change-sets", params={"limit": 1, "cursor": first["next"]})).json()
        one = (await http.get("/v1/directory/change-sets/2")).json()
        missing = await http.get("/v1/directory/change-sets/99")
        forged = await http.get("/v1/directory/change-sets?cursor=AAAA")
    assert [each["number"] for each in (*first["items"], *rest["items"])] == [2, 1]
    assert rest["next"] is None
    assert (one["by"], one["note"], one["is_published"]) == ("person:admin", "asked by sales", True)
    assert one["changes"] == [{"what": "added", "kind": "disposition", "id": "done", "fields": {}}]
    assert (name_of(missing), name_of(forged)) == ((404, "not_found"), (400, "cursor_invalid"))


# ---- single entities


async def test_entity_is_created_read_changed_and_archived(site: Site) -> None:
    path = "/v1/directory/disposition/solved"
    async with await site.sign_in() as http:
        created = await http.put(path, json={"name": {"en": "Solved"}}, headers={"If-None-Match": "*"})
        twice = await http.put(path, json={"name": {"en": "Solved"}}, headers={"If-None-Match": "*"})
        read = await http.get(path)
        changed = await http.put(path, json={**read.json(), "is_success": True}, headers={"If-Match": read.headers["etag"]})
        stale = await http.put(path, json={"name": {}}, headers={"If-Match": read.headers["etag"]})
        archived = await http.delete(path, headers={"If-Match": changed.headers["etag"]})
        again = await http.put(path, json={"name": {"en": "Other"}}, headers={"If-Match": "*"})
        listed = (await http.get("/v1/directory/disposition")).json()
        with_archived = (await http.get("/v1/directory/disposition?archived=true")).json()
    assert (created.status_code, created.headers["location"]) == (201, path)
    assert (name_of(twice), name_of(stale)) == ((412, "version_conflict"), (412, "version_conflict"))
    assert changed.json()["changes"][0]["fields"] == {"is_success": [None, True]}
    assert archived.json()["changes"][0]["what"] == "archived"
    assert name_of(again) == (422, "configuration_refused")
    assert listed["items"] == []
    assert [each["is_archived"] for each in with_archived["items"]] == [True]


async def test_entities_come_in_pages(site: Site) -> None:
    async with await site.sign_in() as http:
        first = (await http.get("/v1/directory/status?limit=2")).json()
        rest = (await http.get("/v1/directory/status", params={"limit": 2, "cursor": first["next"]})).json()
        other = await http.get("/v1/directory/queue", params={"cursor": first["next"]})
    assert [each["id"] for each in (*first["items"], *rest["items"])] == ["away", "break", "ready"]
    assert name_of(other) == (400, "cursor_invalid")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/v1/directory/nonsense", (404, "unknown_kind")),
        ("GET", "/v1/directory/nonsense/x", (404, "unknown_kind")),
        ("GET", "/v1/directory/queue/nothing", (404, "not_found")),
        ("DELETE", "/v1/directory/queue/nothing", (404, "not_found")),
        ("DELETE", "/v1/directory/skill/billing", (422, "configuration_refused")),
        ("PUT", "/v1/directory/api-key/x", (422, "configuration_refused")),
        ("POST", "/v1/directory/change-sets/99/undo", (404, "not_found")),
        ("GET", "/v1/directory/queue?limit=0", (400, "invalid_field")),
        ("GET", "/v1/directory/queue?limit=x", (400, "invalid_field")),
        ("GET", "/v1/directory/audit?cursor=x", (400, "cursor_invalid")),
        ("GET", "/v1/directory/change-sets/x", (400, "invalid_field")),
    ],
)
async def test_what_is_not_there_is_said_by_name(site: Site, method: str, path: str, expected: tuple[int, str]) -> None:
    async with await site.sign_in() as http:
        assert name_of(await http.request(method, path, headers={"If-Match": "*"}, content=b"{}")) == expected


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'"x"', b"[" * 100_000])
async def test_entity_that_is_no_object_is_refused(site: Site, body: bytes) -> None:
    async with await site.sign_in() as http:
        assert name_of(await http.put("/v1/directory/queue/x", content=body, headers={"If-Match": "*"})) == (400, "invalid_field")


# ---- rights


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/directory/configuration"),
        ("PUT", "/v1/directory/configuration"),
        ("GET", "/v1/directory/queue"),
        ("PUT", "/v1/directory/secrets/x"),
        ("GET", "/v1/directory/audit"),
        ("POST", "/v1/directory/api-keys"),
        ("POST", "/v1/directory/logins"),
        ("POST", "/v1/directory/tenants"),
    ],
)
async def test_agent_administers_nothing_and_the_refusal_is_recorded(site: Site, method: str, path: str) -> None:
    body = {"name": "x", "password": PASSWORD, "scopes": ["receipt.read"], "value": "x"}
    async with await site.sign_in("anna") as http:
        assert name_of(await http.request(method, path, json=body)) == (403, "not_allowed")
    last = (await Audit(site.run.parts.store, site.run.parts.clock).page(site.tenant))[-1].body
    assert (last["who"], last["act"]) == ("person:anna", "refused")


async def test_administrator_gives_nobody_the_platform(site: Site) -> None:
    async with await site.sign_in() as http:
        grant = {"name": "X", "rights": [{"role": "platform_administrator", "scope": "installation"}]}
        by_right = await http.put("/v1/directory/person/x", json=grant, headers={"If-None-Match": "*"})
        by_login = await http.post(
            "/v1/directory/logins", json={"name": "x", "password": PASSWORD, "person": "anna", "is_platform_administrator": True}
        )
        elsewhere = await http.post(
            "/v1/directory/logins", json={"name": "x", "password": PASSWORD, "memberships": [{"tenant": "tn_other", "person": "x"}]}
        )
    assert name_of(by_right) == (422, "configuration_refused")
    assert name_of(by_login) == name_of(elsewhere) == (403, "not_allowed")


# ---- logins, API keys, secrets, tenants


async def test_login_for_a_person_of_the_tenant(site: Site) -> None:
    body = {"name": "Ben@Example.com", "password": PASSWORD, "person": "anna"}
    async with await site.sign_in() as http:
        made = await http.post("/v1/directory/logins", json=body, headers={"Idempotency-Key": "k"})
        again = await http.post("/v1/directory/logins", json=body, headers={"Idempotency-Key": "k"})
        nobody = await http.post("/v1/directory/logins", json={**body, "name": "x", "person": "nobody"})
        short = await http.post("/v1/directory/logins", json={**body, "name": "x", "password": "short"})
        taken = await http.post("/v1/directory/logins", json={**body, "name": "root"})
    assert (made.status_code, made.json()["name"]) == (201, "ben@example.com")
    assert again.json() == made.json()
    assert (name_of(nobody), name_of(short)) == ((400, "invalid_field"), (400, "invalid_field"))
    assert name_of(taken) == (409, "login_taken")
    async with await site.sign_in("ben@example.com") as http:
        assert (await http.get("/v1/directory/me")).json()["id"] == "anna"


async def test_api_key_is_shown_once_works_at_once_and_ends_when_archived(site: Site) -> None:
    body = {"name": "shop", "scopes": ["contact.create", "configuration.read"]}
    async with await site.sign_in() as http:
        made = await http.post("/v1/directory/api-keys", json=body)
        key = made.json()["key"]
        listed = (await http.get("/v1/directory/api-key")).json()
        async with site.run.client(key) as program:
            works = await program.get("/v1/directory/queue")
            limits = await program.put("/v1/directory/configuration", content="", headers={"If-Match": "*"})
        archived = await http.delete(f"/v1/directory/api-key/{made.json()['id']}", headers={"If-Match": "*"})
        async with site.run.client(key) as program:
            ended = await program.get("/v1/directory/queue")
        export = (await http.get("/v1/directory/configuration")).text
    assert made.status_code == 201
    assert key not in json.dumps(listed)
    assert "key_hash" not in json.dumps(listed)
    assert (works.status_code, name_of(limits)) == (200, (403, "not_allowed"))
    assert archived.status_code == 200
    assert name_of(ended) == (401, "bad_credential")
    assert "api-key" not in export


async def test_api_key_asked_for_twice_is_the_same_and_kept_nowhere(site: Site, tmp_path: Path) -> None:
    body = {"name": "shop", "scopes": ["contact.create"]}
    async with await site.sign_in() as http:
        answers = [await http.post("/v1/directory/api-keys", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
        other = await http.post("/v1/directory/api-keys", json={**body, "name": "x"}, headers={"Idempotency-Key": "k"})
    keys = [each.json()["key"] for each in answers]
    assert keys[0] == keys[1]
    assert name_of(other) == (422, "idempotency_key_reused")
    for file in tmp_path.glob("*.sqlite*"):
        assert keys[0].encode() not in file.read_bytes()


async def test_api_key_grants_no_more_than_it_holds(site: Site) -> None:
    async with await site.sign_in() as http:
        key = (await http.post("/v1/directory/api-keys", json={"name": "a", "scopes": ["people.write"]})).json()["key"]
    async with site.run.client(key) as program:
        more = await program.post("/v1/directory/api-keys", json={"name": "b", "scopes": ["people.write", "secret.write"]})
        same = await program.post("/v1/directory/api-keys", json={"name": "b", "scopes": ["people.write"]})
    assert (name_of(more), same.status_code) == ((403, "not_allowed"), 201)


async def test_secret_is_written_and_never_read(site: Site, tmp_path: Path) -> None:
    async with await site.sign_in() as http:
        done = await http.put("/v1/directory/secrets/smtp-main", json={"value": "hunter2-hunter2"})
        named = (await http.get("/v1/directory/secrets")).json()
        bad = await http.put("/v1/directory/secrets/a%20b", json={"value": "x"})
        audit = (await http.get("/v1/directory/audit")).text
    assert done.status_code == 204
    assert named == {"items": ["smtp-main"], "next": None}
    assert name_of(bad) == (400, "invalid_field")
    assert await site.run.parts.secrets.get(site.tenant, "smtp-main") == "hunter2-hunter2"
    assert "hunter2" not in audit
    for file in tmp_path.glob("*.sqlite*"):
        assert b"hunter2-hunter2" not in file.read_bytes()


async def test_platform_administrator_makes_a_tenant_with_its_first_administrator(site: Site) -> None:
    body = {"name": "Autre SARL", "zone": "Europe/Brussels", "administrator": {"name": "boss@autre.example", "password": PASSWORD}}
    async with await site.sign_in("root") as http:
        made = await http.post("/v1/directory/tenants", json=body)
        bad = await http.post("/v1/directory/tenants", json={"name": "X", "zone": "Mars/Olympus"})
        walled = await http.get("/v1/directory/configuration")
    assert made.status_code == 201
    assert name_of(bad) == (422, "configuration_refused")
    assert name_of(walled) == (403, "not_allowed")
    async with await site.sign_in("boss@autre.example") as http:
        own = (await http.get("/v1/directory/configuration")).text
        stolen = await http.put(
            "/v1/directory/channel-address/m", json={"channel": "email", "address": "help@example.com"}, headers={"If-None-Match": "*"}
        )
    assert "Autre SARL" in own
    assert "Exemple" not in own
    assert stolen.json()["faults"][0]["name"] == "address_taken"


# ---- the record


async def test_audit_is_exported_in_one_unbroken_chain(site: Site) -> None:
    async with await site.sign_in() as http:
        await http.put("/v1/directory/disposition/done", json={}, headers={"If-None-Match": "*"})
        whole = await http.get("/v1/directory/audit")
        first = await http.get("/v1/directory/audit?limit=1")
        rest = await http.get(first.headers["link"].split(">")[0].lstrip("<"))
    entries = [json.loads(line) for line in whole.text.splitlines()]
    assert whole.headers["content-type"] == "application/x-ndjson"
    assert [each["number"] for each in entries] == list(range(1, len(entries) + 1))
    acts = [each["act"] for each in entries]
    assert acts[0] == "configuration.changed"
    assert acts[-2:] == ["sign_in.done", "configuration.changed"]
    assert entries[-1]["after"] == {"disposition/done": {"what": "added"}}
    assert [json.loads(line)["number"] for line in rest.text.splitlines()] == [2]
    for tenant in (site.tenant, INSTALLATION):
        assert await broken_at(chain(site, tenant)) is None


async def chain(site: Site, tenant: str) -> AsyncIterator[Body]:
    for document in await Audit(site.run.parts.store, site.run.parts.clock).page(tenant):
        yield document.body
