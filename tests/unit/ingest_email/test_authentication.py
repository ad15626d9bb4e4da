"""What a trusted server's Authentication-Results prove, and what nobody's word proves."""

from __future__ import annotations

import pytest

from standardiste.ingest_email.authentication import findings

MX = "mx.exemple.fr"


@pytest.mark.parametrize(
    ("expected", "headers"),
    [
        (True, ["mx.exemple.fr; dmarc=pass (p=reject dis=none) header.from=client.example"]),
        (True, ["MX.exemple.fr 1; spf=fail smtp.mailfrom=other.example; dmarc=pass header.from=Client.Example"]),
        (True, ["mx.exemple.fr; dkim=pass (2048-bit key) header.d=client.example header.i=@client.example"]),
        (True, ["mx.exemple.fr; dkim=fail header.d=a.example; dkim=pass header.d=client.example"]),
        (True, ["mx.exemple.fr; spf=pass smtp.mailfrom=bounce@client.example"]),
        (True, ["mx.exemple.fr; spf=pass smtp.mailfrom=x@other.example", "mx.exemple.fr; dkim=pass header.d=client.example"]),
        (False, ["mx.exemple.fr; dkim=pass header.d=other.example; spf=pass smtp.mailfrom=other.example"]),
        (False, ["mx.exemple.fr; dkim=pass header.d=user.client.example"]),
        (False, ["mx.exemple.fr; dkim=pass header.d=example"]),
        (False, ["mx.exemple.fr; dmarc=fail header.from=client.example; dkim=pass header.d=client.example"]),
        (False, ["mx.exemple.fr; dmarc=pass header.from=other.example"]),
        (False, ["evil.example; dmarc=pass header.from=client.example"]),
        (False, ["evil.example; x=y", "mx.exemple.fr; dmarc=pass header.from=client.example"]),
        (False, ["mx.exemple.fr; dmarc=fail header.from=client.example", "mx.exemple.fr; dmarc=pass header.from=client.example"]),
        (False, ["mx.exemple.fr (dmarc=pass header.from=client.example); none"]),
        (False, ["mx.exemple.fr.evil.example; dmarc=pass"]),
        (False, [";;;= mx.exemple.fr"]),
        (False, []),
    ],
)
def test_the_domain_in_from_is_proven_by_the_trusted_server_only(expected: bool, headers: list[str]) -> None:
    assert findings(headers, MX).authenticates("client.example") is expected


def test_without_a_trusted_server_nothing_is_believed() -> None:
    assert not findings(["; dmarc=pass header.from=client.example"], "").authenticates("client.example")


def test_a_parent_domain_speaks_for_its_children() -> None:
    assert findings([f"{MX}; dkim=pass header.d=client.example"], MX).authenticates("news.client.example")


def test_the_words_are_facts_for_rules() -> None:
    said = findings([f"{MX}; dkim=none; spf=softfail smtp.mailfrom=a@b; dmarc=fail header.from=b"], MX)
    assert said.attributes() == {"mail_dmarc": "fail", "mail_spf": "softfail", "mail_dkim": "none"}
