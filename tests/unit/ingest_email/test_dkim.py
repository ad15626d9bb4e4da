"""DKIM both ways: what leaves signed is proven by the reference implementation; what comes is proven by a good signature over all of it, by nothing else."""

from __future__ import annotations

import base64
from typing import Any, cast

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from standardiste.common.clock import ManualClock
from standardiste.ingest_email.compose import Composed, Draft, compose
from standardiste.ingest_email.dkim_checking import Signatures
from standardiste.ingest_email.dkim_signing import BadKey, Signer, signed

PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = PRIVATE.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
).decode()
PUBLIC = PRIVATE.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
RECORDS = {b"mail._domainkey.exemple.fr.": b"v=DKIM1; k=rsa; p=" + base64.b64encode(PUBLIC)}
SIGNER = Signer("exemple.fr", "mail", PEM)


def composed(text: str = "Bonjour Hélène,\n\nvoici.\n") -> Composed:
    return compose(
        Draft(
            message="msg_1",
            our_address="aide@exemple.fr",
            our_name="Aide",
            to="jeanne@client.example",
            text=text,
            subject="Réf. 7",
            date=ManualClock().now(),
        )
    )


def record(name: bytes, timeout: int = 5) -> bytes | None:
    return RECORDS.get(name)


def is_good(content: bytes) -> bool:
    try:
        return bool(cast("Any", dkim).DKIM(content).verify(dnsfunc=record))
    except dkim.DKIMException:
        return False


def test_a_signed_mail_is_proven() -> None:
    content = signed(composed(), SIGNER)
    assert is_good(content)
    assert not is_good(content.replace(b"voici", b"voila"))


@pytest.mark.parametrize("added", [b"From: evil@other.example", b"Subject: other", b"Reply-To: evil@other.example", b"Cc: x@y.example"])
def test_a_header_that_is_added_breaks_the_signature(added: bytes) -> None:
    assert not is_good(signed(composed(), SIGNER).replace(b"\r\nMIME-Version", b"\r\n" + added + b"\r\nMIME-Version", 1))


# ---- checking


async def texts(name: str) -> bytes | None:
    return RECORDS.get(f"{name}.".encode())


async def proven(content: bytes) -> frozenset[str]:
    return await Signatures(texts, ManualClock()).domains(content)


async def test_a_good_signature_proves_its_domain() -> None:
    content = signed(composed(), SIGNER)
    assert await proven(content) == {"exemple.fr"}
    assert await proven(content.replace(b"\r\n", b"\n")) == {"exemple.fr"}


async def test_nothing_else_does() -> None:
    content = signed(composed(), SIGNER)
    unknown = signed(composed(), Signer("other.example", "mail", PEM))
    partly = cast("Any", dkim).sign(composed().content, b"mail", b"exemple.fr", PEM.encode(), length=True) + composed().content
    assert is_good(partly), "it is good as far as it goes, and anybody may add to it"
    for raw in (
        composed().content,
        content.replace(b"voici", b"voila"),
        content.replace(b"\r\nMIME-Version", b"\r\nFrom: a@exemple.fr\r\nMIME-Version"),
        content.replace(b"d=exemple.fr", b"d=fr"),
        content.replace(b"d=exemple.fr", b"d=../x"),
        unknown,
        partly,
        b"DKIM-Signature: ;;==\r\nFrom: a@b\r\n\r\nx",
        b"",
    ):
        assert await proven(raw) == frozenset()


async def test_a_key_is_asked_for_once_in_ten_minutes() -> None:
    asked: list[str] = []

    async def counting(name: str) -> bytes | None:
        asked.append(name)
        return await texts(name)

    clock = ManualClock()
    signatures, content = Signatures(counting, clock), signed(composed(), SIGNER)
    assert [await signatures.domains(content) for _ in range(3)] == [{"exemple.fr"}] * 3
    clock.advance(10 * 60_000)
    await signatures.domains(content)
    assert asked == ["mail._domainkey.exemple.fr"] * 2


@pytest.mark.parametrize(
    "signer", [Signer("exemple.fr", "mail", "no key"), Signer("exemple.fr\r\nX: y", "mail", PEM), Signer("exemple.fr", "", PEM)]
)
def test_a_key_that_is_none_is_told(signer: Signer) -> None:
    with pytest.raises(BadKey):
        signed(composed(), signer)
