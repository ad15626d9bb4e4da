"""
Mutated mails: none crashes the parser, holds it up for a second of processor time, or makes it grow. `make fuzz-mail` reads 100,000; the seed is printed,
and STANDARDISTE_FUZZ_SEED gives the same ones again.
"""

from __future__ import annotations

import os
import random
import resource
import time
from collections.abc import Sequence
from pathlib import Path

from mutations import change

from standardiste.ingest_email.authentication import findings
from standardiste.ingest_email.parse import parse

MAILS = int(os.environ.get("STANDARDISTE_FUZZ_MAILS", "1500"))
SEED = int(os.environ.get("STANDARDISTE_FUZZ_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
LARGEST = 64 * 1024
CPU_S_MAX = 1.0
GROWTH_MIB_MAX = 200
DATA = Path(__file__).parents[2] / "data" / "email"
PIECES = (
    b"\r\n", b"\n\n", b"--", b"=", b"=?utf-8?B?", b"?=", b"\x00", b"\xff\xfe", b"<", b">", b"(", b'"', b"\\", b";", b",", b"@", b"boundary=", b"\t" * 50,
    b"Content-Type: multipart/mixed; boundary=B\r\n", b"\r\n--B\r\n", b"\r\n--B--\r\n", b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Transfer-Encoding: base64\r\n", b"Content-Type: text/html; charset=utf-7\r\n", b"<div>" * 40, b"<!--", b"&#x", b"> " * 60,
    b"References: " + b"<a@b> " * 200 + b"\r\n", b"To: " + b"a@b," * 300 + b"\r\n", b"From: a@b <c@d>\r\n",
)  # fmt: skip


def seeds(corpus: Path) -> list[bytes]:
    """Our own mails, and the installed ones where there are any."""
    paths = [*sorted(DATA.glob("*/*.eml")), *sorted(corpus.glob("*/*/test/corpora/*/**/*")), *sorted(corpus.glob("*/*/t/corpus/*.msg"))]
    found = [path.read_bytes() for path in paths if path.is_file()]
    return [raw for raw in found if 0 < len(raw) <= LARGEST // 2]


def mutated(source: random.Random, whole: Sequence[bytes]) -> bytes:
    raw = bytearray(source.choice(whole))
    if source.random() < 0.2:
        other = source.choice(whole)
        raw[source.randrange(len(raw)) :] = other[source.randrange(len(other)) :]
    for _ in range(source.randrange(1, 6)):
        change(source, raw, PIECES)
    return bytes(raw[:LARGEST])


def test_mutated_mails_neither_crash_nor_hang_nor_grow(mail_corpus: Path, figures: dict[str, object]) -> None:
    source, whole = random.Random(SEED), seeds(mail_corpus)
    for raw in whole:
        parse(raw)
    before_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    slowest, began = 0.0, time.perf_counter()
    for number in range(MAILS):
        raw = mutated(source, whole)
        at = time.thread_time()
        try:
            mail = parse(raw)
            findings(mail.authentication, "mx.exemple.fr")
        except Exception as error:
            raise AssertionError(f"seed {SEED}, mail {number}: {raw[:2000]!r}") from error
        took = time.thread_time() - at
        slowest = max(slowest, took)
        assert took < CPU_S_MAX, f"seed {SEED}, mail {number} took {took:.2f} s: {raw[:2000]!r}"
    grown_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before_mib
    figures |= {
        "mails": MAILS,
        "seed": SEED,
        "slowest ms": round(slowest * 1000, 1),
        "grown MiB": round(grown_mib),
        "mails/s": round(MAILS / (time.perf_counter() - began)),
    }
    assert grown_mib < GROWTH_MIB_MAX
