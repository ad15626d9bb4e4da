"""
Mutated webhooks, posts and chat frames, through what each edge understands its input with: none crashes it, holds it up for a second of processor time, or
makes it grow; what is no input is refused by name. `make fuzz-channels` reads 100,000; the seed is printed, and STANDARDISTE_FUZZ_SEED gives the same again.
"""

from __future__ import annotations

import json
import os
import random
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest
from mutations import change

from standardiste.common.bodies import understood
from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.common.http import HttpProblem
from standardiste.common.security.keys import Keys
from standardiste.common.security.twilio_signature import check
from standardiste.common.twilio.callback_token import CallbackTokens
from standardiste.common.twilio.webhook import form_in
from standardiste.ingest_chat.edge import PostedMessage, PostedSession
from standardiste.ingest_chat.edge_mail import LeftMessage
from standardiste.ingest_chat.frames import id_of, parse
from standardiste.ingest_chat.identity import read_identity
from standardiste.ingest_chat.tokens import SessionClaims, Tokens
from standardiste.ingest_open.posted import PostedDelivery, PostedInteraction, checked_key, files_of, require_words
from standardiste.ingest_open.sending_model import PostedSend
from standardiste.ingest_open.webhooks_model import PostedWebhook, full_types
from standardiste.ingest_sms.inbound import understand
from standardiste.ingest_sms.vonage import inbound_of, is_signed, status_of

INPUTS: Final = int(os.environ.get("STANDARDISTE_FUZZ_INPUTS", "3000"))
SEED: Final = int(os.environ.get("STANDARDISTE_FUZZ_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
LARGEST: Final = 64 * 1024
CPU_S_MAX: Final = 1.0
GROWTH_MIB_MAX: Final = 100
DATA: Final = Path(__file__).parents[1] / "data"
NOW: Final = Instant(1_700_000_000_000)
SECRET: Final = "a-secret-that-the-site-shares-with-its-page"
KEYS: Final = Keys(bytes(32))
TOKENS: Final = Tokens(KEYS)
CALLBACKS: Final = CallbackTokens(KEYS, "sms-status")
SESSION: Final = TOKENS.session(SessionClaims(tenant="t1", page="p", session="s", visitor="v"), NOW)
PIECES: Final = (
    b'{"', b'":', b"[" * 500, b"{" * 500, b'"a":' * 50, b"null", b"true", b"1e999", b"-0", b"99999999999999999999", b"\x00", b"\xff\xfe", b"\\ud800", b"\\u0000",
    b"%", b"%00", b"%ff", b"&", b"=", b"&=" * 200, b"+", b"\r\n", b".", b"..", b"eyJhbGciOiJub25lIn0", b"A" * 3000, "é🙂".encode() * 40, b'"text"', b'"kind"', b"NumMedia=999",
)  # fmt: skip


def posted(body: bytes) -> None:
    found = understood(PostedInteraction, body)
    require_words(found)
    files_of(found)


def sent(body: bytes) -> None:
    files_of(understood(PostedSend, body))


def hooked(body: bytes) -> None:
    full_types(understood(PostedWebhook, body).types)


def texted(body: bytes) -> None:
    form = form_in(body)
    check("https://centre.example/v1/sms/twilio/messages", form.pairs, "b" * 32, form["MessageSid"])
    understand(form)


def vonage(body: bytes) -> None:
    is_signed(SECRET, "Bearer " + body.decode("latin-1"), body, NOW)
    status_of(body)
    inbound_of(body)


def framed(body: bytes) -> None:
    text = body.decode("utf-8", "replace")
    id_of(text)
    parse(text)


def credentialed(body: bytes) -> None:
    text = body.decode("utf-8", "replace")
    for read in (
        lambda: TOKENS.read_session(text, NOW),
        lambda: TOKENS.read_visitor(text, NOW),
        lambda: CALLBACKS.read(text, 2),
        lambda: checked_key(text),
        lambda: read_identity(text, SECRET, "p", NOW),
    ):
        try:
            read()
        except BadInput:
            continue


def of_folder(path: str) -> list[bytes]:
    return [each.read_bytes().strip() for each in sorted((DATA / path).glob("*"))]


FRAMES: Final = [json.dumps(each).encode() for each in json.loads((DATA / "chat" / "frames.json").read_text())["good"]]
SEND: Final = b'{"channel": "sms", "to": {"address": "+33639981234", "name": "Jeanne"}, "text": "Bonjour", "attributes": {"a": 1}}'
HOOK: Final = b'{"url": "https://example.org/hook", "types": ["message.sent", "*"], "description": "x"}'
DELIVERY: Final = b'{"state": "failed", "at": "2026-01-02T03:04:05.006Z", "code": "5", "detail": "x"}'
BEGIN: Final = b'{"page": "site", "name": "Zo\xc3\xa9", "language": "fr", "attributes": {"a": "b"}, "message": {"id": "1", "text": "x"}}'
LEFT: Final = b'{"email": "a@client.example", "text": "Bonjour", "name": "A", "fields": {"x": "y"}}'
VONAGE: Final = b'{"channel": "whatsapp", "message_uuid": "u", "to": "33639980010", "from": "33639981234", "text": "STOP", "status": "read", "profile": {"name": "J"}}'

TARGETS: Final[dict[str, tuple[Sequence[bytes], Callable[[bytes], object]]]] = {
    "texts": (of_folder("sms/good"), texted),
    "vonage": ([VONAGE], vonage),
    "interactions": (of_folder("open/good"), posted),
    "messages": ([SEND], sent),
    "webhooks": ([HOOK], hooked),
    "deliveries": ([DELIVERY], lambda body: understood(PostedDelivery, body)),
    "chat frames": (FRAMES, framed),
    "chat sessions": ([BEGIN], lambda body: understood(PostedSession, body)),
    "chat messages": ([b'{"id": "1", "text": "Bonjour"}'], lambda body: understood(PostedMessage, body)),
    "messages left": ([LEFT], lambda body: understood(LeftMessage, body)),
    "credentials": ([SESSION.encode(), CALLBACKS.make("t1", "a", "m").encode()], credentialed),
}


@pytest.mark.parametrize("name", TARGETS)
def test_mutated_inputs_neither_crash_nor_hang_nor_grow(name: str, figures: dict[str, object]) -> None:
    whole, take = TARGETS[name]
    source, count = random.Random(f"{SEED}/{name}"), -(-INPUTS // len(TARGETS))
    for raw in whole:
        take(raw)
    before_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    refused, slowest, began = 0, 0.0, time.perf_counter()
    for number in range(count):
        raw = bytearray(source.choice(whole))
        for _ in range(source.randrange(1, 6)):
            change(source, raw, PIECES)
        del raw[LARGEST:]
        at = time.thread_time()
        try:
            take(bytes(raw))
        except (BadInput, HttpProblem):
            refused += 1
        except Exception as error:
            raise AssertionError(f"seed {SEED}, input {number}: {bytes(raw[:2000])!r}") from error
        took = time.thread_time() - at
        slowest = max(slowest, took)
        assert took < CPU_S_MAX, f"seed {SEED}, input {number} took {took:.2f} s: {bytes(raw[:2000])!r}"
    grown_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before_mib
    figures |= {
        "inputs": count,
        "refused by name": refused,
        "seed": SEED,
        "slowest ms": round(slowest * 1000, 1),
        "grown MiB": round(grown_mib),
        "inputs/s": round(count / (time.perf_counter() - began)),
    }
    assert grown_mib < GROWTH_MIB_MAX
