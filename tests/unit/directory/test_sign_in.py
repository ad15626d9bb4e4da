"""Sign-in: who gets a token, for what, how often one may try, and what the record says of it; and the first start of an installation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from standardiste.common.clock import ManualClock
from standardiste.common.errors import BadInput
from standardiste.common.rate_limit import TokenBuckets
from standardiste.common.security.keys import new_token_pair
from standardiste.common.security.principal import INSTALLATION
from standardiste.common.security.tokens import BadCredential, TokenSigner, TokenVerifier
from standardiste.common.testing.builders import TENANT
from standardiste.directory.book import By
from standardiste.directory.bootstrap import FirstLogin, bootstrap
from standardiste.directory.core import Core, make_core
from standardiste.directory.faults import ConfigurationRefused
from standardiste.directory.identity import PasswordProvider
from standardiste.directory.logins import LOGINS, LoginTaken, Membership
from standardiste.directory.passwords import Passwords
from standardiste.directory.sign_in import PLATFORM, SignIn, TooOften

PRIVATE, PUBLIC = new_token_pair()
BY = By(who="person:admin")
PASSWORD = "correct horse battery"
PEOPLE = "person: {anna: {name: Anna, profile: main, language: fr, rights: [{role: agent, scope: self}]}}"


def entrance(core: Core, *, burst: int = 100) -> SignIn:
    buckets = [TokenBuckets(per_s=1, burst=burst) for _ in range(2)]
    provider = PasswordProvider(core.logins, core.passwords)
    return SignIn(
        provider, core.logins, core.book, TokenSigner(PRIVATE), core.audit, core.parts.clock, by_name=buckets[0], by_address=buckets[1]
    )


async def with_anna(core: Core, tenants: Sequence[str] = (TENANT,)) -> None:
    for tenant in tenants:
        await core.administration.apply(tenant, PEOPLE, BY)
    await core.logins.write("Anna@Example.com", PASSWORD, [Membership(tenant=each, person="anna") for each in tenants], within=None)


async def test_token_carries_the_person_with_her_rights(core: Core) -> None:
    await with_anna(core)
    session = await entrance(core).sign_in("anna@example.com", PASSWORD, None, "203.0.113.9")
    who = TokenVerifier(PUBLIC).verify(session.token, core.parts.clock.now())
    assert (who.tenant, who.id, who.name, who.language, who.zone) == (TENANT, "anna", "Anna", "fr", "Europe/Paris")
    assert [(right.role, right.scope) for right in who.rights] == [("agent", "self")]


@pytest.mark.parametrize("name", ["anna@example.com", " ANNA@EXAMPLE.COM ", "ａnna@example.com"])
async def test_name_is_known_however_it_is_written(core: Core, name: str) -> None:
    await with_anna(core)
    assert (await entrance(core).sign_in(name, PASSWORD, None, "")).principal.id == "anna"


@pytest.mark.parametrize(
    ("name", "password", "tenant"),
    [
        ("anna@example.com", "wrong", None),
        ("nobody@example.com", PASSWORD, None),
        ("anna@example.com", PASSWORD, "t2"),
        ("", "", None),
        ("anna@example.com", "x" * 100_000, None),
    ],
)
async def test_refusal_says_the_same_whatever_is_wrong(core: Core, name: str, password: str, tenant: str | None) -> None:
    await with_anna(core)
    with pytest.raises(BadCredential) as refused:
        await entrance(core).sign_in(name, password, tenant, "203.0.113.9")
    assert str(refused.value) == "bad_credential: Name or password is wrong, or there is no access to this tenant."


async def test_unknown_name_costs_the_same_hash() -> None:
    passwords, hashed = Passwords(memory_kib=8, passes=1), list[str]()
    kept = await passwords.hash(PASSWORD)

    class Counted(Passwords):
        """Counts what is really hashed."""

        def _verify(self, kept: str, password: str) -> bool:
            hashed.append(kept)
            return super()._verify(kept, password)

    counted = Counted(memory_kib=8, passes=1)
    assert [await counted.check(each, PASSWORD) for each in (kept, None)] == [True, False]
    assert len(hashed) == 2
    assert {each.split("$")[3] for each in hashed} == {"m=8,t=1,p=1"}


async def test_archived_person_and_disabled_login_have_no_access(core: Core) -> None:
    await with_anna(core)
    signed_in = (await entrance(core).sign_in("anna@example.com", PASSWORD, None, "")).principal
    await core.administration.apply(TENANT, "", BY)
    with pytest.raises(BadCredential):
        await entrance(core).sign_in("anna@example.com", PASSWORD, None, "")
    with pytest.raises(BadCredential):
        await entrance(core).renew(signed_in)


async def test_renewed_token_has_the_rights_of_now(core: Core) -> None:
    await with_anna(core)
    signed_in = (await entrance(core).sign_in("anna@example.com", PASSWORD, None, "")).principal
    await core.administration.apply(TENANT, PEOPLE.replace("role: agent, scope: self", "role: supervisor"), BY)
    assert [right.role for right in (await entrance(core).renew(signed_in)).principal.rights] == ["supervisor"]


async def test_login_with_several_tenants_enters_one_at_a_time(core: Core) -> None:
    await with_anna(core, ["t1", "t2"])
    sessions = [await entrance(core).sign_in("anna@example.com", PASSWORD, tenant, "") for tenant in (None, "t2")]
    assert [each.principal.tenant for each in sessions] == ["t1", "t2"]
    assert [each.tenant for each in sessions[0].memberships] == ["t1", "t2"]


async def test_guessing_is_limited_by_name_and_by_address(core: Core, clock: ManualClock) -> None:
    await with_anna(core)
    door = entrance(core, burst=3)
    for n in range(3):
        with pytest.raises(BadCredential):
            await door.sign_in("anna@example.com", "wrong", None, f"203.0.113.{n}")
    with pytest.raises(TooOften):
        await door.sign_in("ANNA@example.com", PASSWORD, None, "203.0.113.99")
    clock.advance(1_000)
    assert (await door.sign_in("anna@example.com", PASSWORD, None, "203.0.113.100")).token


async def test_every_outcome_is_recorded_with_its_source(core: Core) -> None:
    await with_anna(core)
    door = entrance(core)
    await door.sign_in("anna@example.com", PASSWORD, None, "203.0.113.9")
    for name in ("anna@example.com", "nobody"):
        with pytest.raises(BadCredential):
            await door.sign_in(name, "wrong", None, "203.0.113.9")
    own = [each.body for each in await core.audit.page(TENANT)][1:]
    installation = [each.body for each in await core.audit.page(INSTALLATION)]
    assert [(each["act"], each["who"], each["source"]) for each in own] == [("sign_in.done", "person:anna", "203.0.113.9")]
    assert [(each["act"], each["who"]) for each in installation] == [
        ("sign_in.refused", "login:anna@example.com"),
        ("sign_in.refused", "login:nobody"),
    ]


async def test_hash_made_with_other_parameters_is_renewed_at_sign_in(core: Core) -> None:
    await with_anna(core)
    weak = await Passwords(memory_kib=16, passes=1).hash(PASSWORD)
    login = await core.logins.named("anna@example.com")
    assert login is not None
    document = await core.parts.store.tenant(INSTALLATION).get(LOGINS, login.id)
    assert document is not None
    await core.parts.store.tenant(INSTALLATION).put(LOGINS, login.id, {**document.body, "password_hash": weak})
    await entrance(core).sign_in("anna@example.com", PASSWORD, None, "")
    renewed = await core.logins.named("anna@example.com")
    assert renewed is not None
    assert renewed.password_hash is not None
    assert "m=8,t=1" in renewed.password_hash


# ---- logins


async def test_login_of_other_tenants_is_not_an_administrators_to_change(core: Core) -> None:
    await with_anna(core, ["t1", "t2"])
    with pytest.raises(LoginTaken):
        await core.logins.write("anna@example.com", "a new password", [], within="t1")
    await core.logins.write("root", PASSWORD, [], within=None, is_platform_administrator=True)
    with pytest.raises(LoginTaken):
        await core.logins.write("root", "a new password", [Membership(tenant="t1", person="anna")], within="t1")


@pytest.mark.parametrize("password", ["short", "x" * 1_025])
async def test_password_that_cannot_be_is_refused(core: Core, password: str) -> None:
    with pytest.raises(BadInput, match="at least 10"):
        await core.logins.write("anna", password, [], within=None)


async def test_password_set_anew_ends_the_old_one(core: Core) -> None:
    await with_anna(core)
    await core.logins.write("anna@example.com", "another password", [Membership(tenant=TENANT, person="anna")], within=TENANT)
    with pytest.raises(BadCredential):
        await entrance(core).sign_in("anna@example.com", PASSWORD, None, "")
    assert (await entrance(core).sign_in("anna@example.com", "another password", None, "")).principal.id == "anna"


# ---- the first start

FIRST = f"""\
tenant: {{name: Exemple SA}}
{PEOPLE}
logins:
  anna: {{password: {PASSWORD}, person: anna}}
  root: {{password: {PASSWORD}, is_platform_administrator: true}}
"""


async def test_first_start_makes_tenant_logins_and_platform_administrator(core: Core) -> None:
    tenant = await bootstrap(core.parts, FIRST, settings=core.settings)
    anna = (await entrance(core).sign_in("anna", PASSWORD, None, "")).principal
    root = (await entrance(core).sign_in("root", PASSWORD, None, "")).principal
    assert (anna.tenant, anna.id) == (tenant, "anna")
    assert (root.tenant, root.rights) == (INSTALLATION, (PLATFORM,))


async def test_later_start_changes_nothing(core: Core) -> None:
    tenant = await bootstrap(core.parts, FIRST, settings=core.settings)
    assert tenant is not None
    assert await bootstrap(core.parts, FIRST.replace("Exemple", "Autre"), settings=core.settings) is None
    assert (await core.book.load(tenant)).number == 1


async def test_first_start_that_was_interrupted_goes_on(core: Core) -> None:
    class Gone(Exception):
        """The process died."""

    class Dying:
        """A store that dies at the first login."""

        def __init__(self, inner: object) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> object:
            found = getattr(self.inner, name)
            if name == "tenant":
                return lambda tenant: Dying(found(tenant))
            if name != "put":
                return found

            async def put(collection: object, *arguments: object, **named: object) -> object:
                if collection is LOGINS:
                    raise Gone
                return await found(collection, *arguments, **named)

            return put

    dying = replace(core.parts, store=Dying(core.parts.store))  # type: ignore[arg-type]  # a proxy of the port
    with pytest.raises(Gone):
        await bootstrap(dying, FIRST, settings=core.settings)
    tenant = await bootstrap(core.parts, FIRST, settings=core.settings)
    assert tenant is not None
    assert (await make_core(core.settings, core.parts).book.load(tenant)).number == 1
    assert (await entrance(core).sign_in("anna", PASSWORD, None, "")).principal.tenant == tenant


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("logins:\n  x: {password: aaaaaaaaaaaa, person: nobody}\n", "line 2, /logins/x/person: There is no person/nobody."),
        ("logins:\n  x: {pasword: a}\n", "line 2, /logins/x/pasword: There is no field “pasword” here."),
    ],
)
async def test_first_start_refuses_faulty_logins_by_line(core: Core, text: str, line: str) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        await bootstrap(core.parts, text, settings=core.settings)
    assert refused.value.faults[0].text("en") == line


async def test_logins_may_come_beside_the_document(core: Core) -> None:
    login = FirstLogin(name="admin", password=PASSWORD, person="anna", is_platform_administrator=True)
    tenant = await bootstrap(core.parts, PEOPLE, [login], settings=core.settings)
    who = (await entrance(core).sign_in("admin", PASSWORD, None, "")).principal
    assert (who.tenant, PLATFORM in who.rights) == (tenant, True)
