"""Keys, tokens, API keys, rights and provider signatures."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData
from twilio.request_validator import RequestValidator

from standardiste.common.events.base import Instant
from standardiste.common.events.directory import RightGrant
from standardiste.common.security import api_keys
from standardiste.common.security.keys import INSTALLATION_KEY, TOKEN_PRIVATE, TOKEN_PUBLIC, Keys, make_secrets, new_token_pair
from standardiste.common.security.principal import Principal
from standardiste.common.security.rights import ROLES, Act, Object, may
from standardiste.common.security.tokens import BadCredential, TokenSigner, TokenVerifier
from standardiste.common.security.twilio_signature import check, sign

NOW = Instant(1_700_000_000_000)
ANNA = Principal(
    tenant="t1", id="anna", name="Anna", language="fr", rights=(RightGrant(role="agent", scope="self"),), zone="Europe/Paris", login="lg_1"
)


# ---- tokens


def test_token_says_who_it_was_issued_to() -> None:
    private, public = new_token_pair()
    token = TokenSigner(private).issue(ANNA, NOW)
    found = TokenVerifier(public).verify(token, NOW)
    assert (found.tenant, found.id, found.rights, found.zone, found.login) == ("t1", "anna", ANNA.rights, "Europe/Paris", "lg_1")
    assert found.expires_at == NOW + 900_000


def test_token_ends_after_its_time_even_when_seen_before() -> None:
    private, public = new_token_pair()
    verifier, token = TokenVerifier(public), TokenSigner(private).issue(ANNA, NOW)
    verifier.verify(token, NOW)
    with pytest.raises(BadCredential, match="token_expired"):
        verifier.verify(token, Instant(NOW + 900_000))


@pytest.mark.parametrize("broken", ["", "a.b.c", "not a token", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0."])
def test_what_is_no_token_of_ours_is_refused(broken: str) -> None:
    with pytest.raises(BadCredential, match="bad_token"):
        TokenVerifier(new_token_pair()[1]).verify(broken, NOW)


def test_token_of_another_installation_is_refused() -> None:
    token = TokenSigner(new_token_pair()[0]).issue(ANNA, NOW)
    with pytest.raises(BadCredential, match="bad_token"):
        TokenVerifier(new_token_pair()[1]).verify(token, NOW)


def test_changed_token_is_refused() -> None:
    private, public = new_token_pair()
    header, claims, signature = TokenSigner(private).issue(ANNA, NOW).split(".")
    forged = f"{header}.{claims[:-2]}{'A' if claims[-2] != 'A' else 'B'}{claims[-1]}.{signature}"
    with pytest.raises(BadCredential, match="bad_token"):
        TokenVerifier(public).verify(forged, NOW)


def test_two_public_keys_serve_while_a_pair_is_replaced() -> None:
    (old, old_public), (new, new_public) = new_token_pair(), new_token_pair()
    verifier = TokenVerifier(old_public + new_public)
    assert [verifier.verify(TokenSigner(each).issue(ANNA, NOW), NOW).id for each in (old, new)] == ["anna", "anna"]


# ---- keys


def test_secrets_folder_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_secrets(folder)
    first = {name: (folder / name).read_bytes() for name in (INSTALLATION_KEY, TOKEN_PRIVATE, TOKEN_PUBLIC)}
    make_secrets(folder)
    assert {name: (folder / name).read_bytes() for name in first} == first
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in first} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} == set(first)


def test_derived_keys_differ_by_tenant_and_purpose_and_stay() -> None:
    keys = Keys(bytes(32))
    found = [keys.tenant("t1", "receipts"), keys.tenant("t2", "receipts"), keys.tenant("t1", "addresses"), keys.installation("receipts")]
    assert len(set(found)) == 4
    assert Keys(bytes(32)).tenant("t1", "receipts") == found[0]


def test_api_key_is_known_by_its_hash() -> None:
    key, key_hash = api_keys.mint()
    assert key.startswith("sk_")
    assert api_keys.hash_of(key) == key_hash
    assert key not in key_hash


# ---- rights


def person(*rights: RightGrant) -> Principal:
    return Principal(tenant="t1", id="anna", rights=rights)


def key(*scopes: str, sponsor: str | None = None) -> Principal:
    return Principal(tenant="t1", id="k1", kind="api_key", scopes=scopes, sponsor=sponsor)


MINE, OTHERS = (
    Object(tenant="t1", person="anna", team="red", sponsor="acme"),
    Object(tenant="t1", person="ben", team="blue", sponsor="bolt"),
)


@pytest.mark.parametrize(
    ("who", "act", "obj", "is_granted"),
    [
        (person(RightGrant(role="agent", scope="self")), Act.AGENT_WORK, MINE, True),
        (person(RightGrant(role="agent", scope="self")), Act.AGENT_WORK, OTHERS, False),
        (person(RightGrant(role="agent", scope="self")), Act.AGENT_WORK, None, True),
        (person(RightGrant(role="agent", scope="self")), Act.CONFIGURATION_WRITE, None, False),
        (person(RightGrant(role="supervisor", scope="team", scope_id="blue")), Act.AGENT_SUPERVISE, OTHERS, True),
        (person(RightGrant(role="supervisor", scope="team", scope_id="blue")), Act.AGENT_SUPERVISE, MINE, False),
        (person(RightGrant(role="sponsor_reader", scope="sponsor", scope_id="acme")), Act.HISTORY_READ, MINE, True),
        (person(RightGrant(role="sponsor_reader", scope="sponsor", scope_id="acme")), Act.HISTORY_READ, OTHERS, False),
        (person(RightGrant(role="sponsor_reader", scope="sponsor")), Act.HISTORY_READ, Object(tenant="t1"), False),
        (person(RightGrant(role="administrator")), Act.CONFIGURATION_WRITE, Object(tenant="t1"), True),
        (person(RightGrant(role="administrator")), Act.CONFIGURATION_WRITE, Object(tenant="t2"), False),
        (person(RightGrant(role="administrator")), Act.BACKUP_MAKE, None, False),
        (person(RightGrant(role="platform_administrator", scope="installation")), Act.BACKUP_MAKE, None, True),
        (person(RightGrant(role="platform_administrator", scope="installation")), Act.CUSTOMER_READ, None, False),
        (person(RightGrant(role="agent", scope="self"), RightGrant(role="analyst")), Act.HISTORY_READ, OTHERS, True),
        (person(), Act.RECEIPT_READ, None, False),
        (key("contact.create"), Act.CONTACT_CREATE, Object(tenant="t1"), True),
        (key("contact.create"), Act.RECEIPT_READ, None, False),
        (key("contact.create"), Act.CONTACT_CREATE, Object(tenant="t2"), False),
        (key("contact.create", sponsor="acme"), Act.CONTACT_CREATE, MINE, True),
        (key("contact.create", sponsor="acme"), Act.CONTACT_CREATE, OTHERS, False),
    ],
)
def test_may(who: Principal, act: Act, obj: Object | None, is_granted: bool) -> None:
    assert (may(who, act, obj) is None) is is_granted


def test_a_no_says_why() -> None:
    refused = may(person(), Act.RECEIPT_READ)
    assert refused is not None
    assert refused.reason == "not_allowed"
    assert "receipt.read" in refused.detail


def test_every_role_of_a_grant_is_known() -> None:
    assert set(ROLES) == set(get_args(get_type_hints(RightGrant)["role"]))


# ---- Twilio


text = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=20)
urls = st.sampled_from(
    ["https://a.example/v1/sms?x=1", "http://a.example:8080/p", "https://a.example:443/p", "http://a.example/p", "https://u:p@a.example/p"]
)


@given(url=urls, params=st.dictionaries(text, text, max_size=6), token=st.text(alphabet="0123456789abcdef", min_size=1, max_size=32))
def test_signature_is_the_one_twilios_own_library_makes(url: str, params: dict[str, str], token: str) -> None:
    assert sign(url, params, token) == RequestValidator(token).compute_signature(url, params)


@given(url=urls, params=st.dictionaries(text, text, max_size=4))
def test_signature_is_taken_with_and_without_the_standard_port(url: str, params: dict[str, str]) -> None:
    theirs = RequestValidator("secret")
    assert check(url, params, "secret", sign(url, params, "secret"))
    for other in (url.replace("a.example/", "a.example:443/"), url.replace(":443/", "/")):
        signature = sign(other, params, "secret")
        assert check(url, params, "secret", signature) == theirs.validate(url, params, signature)


@pytest.mark.parametrize("signature", ["", "AAAA", "é", "\udcff"])
def test_wrong_signature_is_refused(signature: str) -> None:
    assert not check("https://a.example/", {"Body": "x"}, "secret", signature)


def test_repeated_field_is_signed_with_each_of_its_values() -> None:
    pairs = [("MediaUrl", "b"), ("MediaUrl", "a"), ("MediaUrl", "a"), ("Body", "x")]
    assert sign("https://a.example/", pairs, "secret") == RequestValidator("secret").compute_signature(
        "https://a.example/", FormData(pairs)
    )
