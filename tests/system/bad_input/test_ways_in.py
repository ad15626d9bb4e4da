"""
Bad input on every way in, through real sockets: each gets its documented answer, nothing is taken twice, and the installation takes no harm.

What must be refused is refused before anything is durable; what is accepted has a receipt, and a repeat has the same one.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import smtplib
from typing import Any

import httpx
import pytest
import pytest_asyncio
from system.house import Harm
from twilio.request_validator import RequestValidator

from standardiste.all_in_one.players.mail import letter, send
from standardiste.all_in_one.players.stage import CHAT_PAGE, MAIL_ADDRESS, POST_ADDRESS, SMS_NUMBER, VOICE_NUMBER, Stage
from standardiste.common.testing.visitor import Visitor

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("unharmed")]

FORM = "application/x-www-form-urlencoded"
MB = 1_000_000
LAST = "That is all"
_numbers = itertools.count(1)


def fresh(name: str) -> str:
    """An id that no other test uses."""
    return f"{name}-{next(_numbers)}"


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert answer.json()["status"] == answer.status_code
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def key_of(stage: Stage, idempotency: str | None = None) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {stage.integrator.api_key}"}
    return headers if idempotency is None else {**headers, "Idempotency-Key": idempotency}


def sms(**fields: str) -> dict[str, str]:
    return {"To": SMS_NUMBER, "From": "+33639980077", "Body": "Bonjour", "MessageSid": fresh("SM"), **fields}


def call(**fields: str) -> dict[str, str]:
    return {"To": VOICE_NUMBER, "From": "+33639980078", "CallSid": fresh("CA"), "CallStatus": "ringing", **fields}


WEBHOOKS = [("/v1/sms/twilio/messages", sms), ("/v1/voice/twilio/calls", call)]


async def settled(stage: Stage, receipt: str) -> dict[str, Any]:
    """The receipt, once it is written."""
    async with asyncio.timeout(10):
        while (answer := await stage.integrator.receipt(receipt)).status_code == httpx.codes.NOT_FOUND:
            assert answer.headers["retry-after"] == "1"
            await asyncio.sleep(0.05)
    answer.raise_for_status()
    return dict(answer.json())


# ---- signatures


@pytest.mark.parametrize(("path", "fields"), WEBHOOKS)
async def test_webhook_without_a_signature_is_refused(house: Stage, path: str, fields: Any) -> None:
    assert problem_of(await house.http.post(path, data=fields())) == (403, "bad_signature")


@pytest.mark.parametrize(("path", "fields"), WEBHOOKS)
@pytest.mark.parametrize("signature", ["", "bm9uc2Vuc2U=", "\u00e9", "x" * 4_000])
async def test_webhook_with_a_wrong_signature_is_refused(house: Stage, path: str, fields: Any, signature: str) -> None:
    headers = {"X-Twilio-Signature": signature.encode("latin-1")}
    assert problem_of(await house.http.post(path, data=fields(), headers=headers)) == (403, "bad_signature")


@pytest.mark.parametrize(("path", "fields"), WEBHOOKS)
async def test_signature_covers_every_field(house: Stage, path: str, fields: Any) -> None:
    twilio, form = house.outside.twilio, fields()
    answer = await twilio.webhooks.send(f"{house.url}{path}", {**form, "To": "+33000000000"})
    assert answer.status == 404
    signature = RequestValidator(twilio.auth_token).compute_signature(f"{house.url}{path}", form)
    changed = await house.http.post(path, data={**form, "Body": "other", "From": "+33600000001"}, headers={"X-Twilio-Signature": signature})
    assert problem_of(changed) == (403, "bad_signature")


# ---- unknown: number, page, recipient, channel, token


@pytest.mark.parametrize(("path", "fields"), WEBHOOKS)
@pytest.mark.parametrize("number", ["+33999999999", "", "+", "x" * 2_000])
async def test_webhook_for_a_number_that_is_none_of_ours(house: Stage, path: str, fields: Any, number: str) -> None:
    assert problem_of(await house.http.post(path, data=fields(To=number))) == (404, "unknown_channel_address")


async def test_chat_page_that_is_none_of_ours(house: Stage) -> None:
    assert problem_of(await house.http.post("/v1/chat/sessions", json={"page": "nobody"})) == (404, "unknown_channel_address")
    assert problem_of(await house.http.get("/v1/chat/pages/nobody")) == (404, "unknown_channel_address")
    assert problem_of(await house.http.get("/v1/chat/demo", params={"page": "nobody"})) == (404, "unknown_channel_address")


async def test_recipient_that_is_none_of_ours(house: Stage) -> None:
    mail = letter("a@client.example", "nobody@lumen.example", "x", "x", "<unknown@client.example>")
    posted = await house.http.post(
        "/v1/email/messages", content=mail.as_bytes(), headers={**key_of(house), "Content-Type": "message/rfc822"}
    )
    assert problem_of(posted) == (404, "unknown_channel_address")
    code, _ = await dialogue(house, "nobody@lumen.example", mail.as_bytes())
    assert code == 550


async def test_channel_address_that_is_none_of_ours(house: Stage) -> None:
    assert problem_of(await house.integrator.post(fresh("k"), "nowhere", "client", "Bonjour")) == (404, "unknown_channel_address")


@pytest.mark.parametrize("path", ["/v1/sms/twilio/status/nonsense", "/v1/voice/twilio/calls/status?call=nonsense"])
async def test_callback_with_a_wrong_token(house: Stage, path: str) -> None:
    assert problem_of(await house.http.post(path, data={"MessageStatus": "delivered"})) == (401, "bad_token")


async def test_callback_for_a_call_that_never_was(house: Stage) -> None:
    assert problem_of(await house.http.post("/v1/voice/twilio/calls/leg", data=call())) == (404, "unknown_conversation")
    assert problem_of(await house.http.post("/v1/voice/twilio/calls/nonsense", data=call())) == (404, "not_found")


@pytest.mark.parametrize(
    "credential", ["", "Bearer", "Bearer nonsense", "Bearer sk_nonsense", "Basic YTpi", "Bearer a.b.c", "Bearer \u00e9\u00ff"]
)
async def test_wrong_credential(house: Stage, credential: str) -> None:
    headers = {"Authorization": credential.encode("latin-1"), "Idempotency-Key": "k"}
    for method, path in (
        ("POST", "/v1/interactions"),
        ("POST", "/v1/email/messages"),
        ("GET", "/v1/customers"),
        ("GET", "/v1/directory/me"),
    ):
        answer = await house.http.request(method, path, headers=headers)
        assert problem_of(answer) in ((401, "bad_credential"), (401, "bad_token")), (method, path)
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_chat_token_that_is_not_the_sessions(house: Stage) -> None:
    one, other = await Visitor.begin(house.url, CHAT_PAGE), await Visitor.begin(house.url, CHAT_PAGE)
    body = {"id": "m1", "text": "Bonjour"}
    for token in (other.token, "nonsense", house.integrator.api_key, one.visitor):
        headers = {"Authorization": f"Bearer {token}"}
        said = await house.http.post(f"/v1/chat/sessions/{one.session}/messages", json=body, headers=headers)
        read = await house.http.get(f"/v1/chat/sessions/{one.session}/messages", headers=headers)
        ended = await house.http.delete(f"/v1/chat/sessions/{one.session}", headers=headers)
        assert [problem_of(each) for each in (said, read, ended)] == [(401, "bad_token")] * 3


# ---- repeated delivery: one interaction, the same receipt


async def test_repeated_letter_has_the_same_receipt(house: Stage) -> None:
    key = fresh("letter")
    first, *rest = [await house.integrator.post(key, POST_ADDRESS, "client-r", "Bonjour") for _ in range(4)]
    assert {each.status_code for each in (first, *rest)} == {202}
    assert {each.json()["receipt"] for each in rest} == {first.json()["receipt"]}
    together = await asyncio.gather(*(house.integrator.post(key, POST_ADDRESS, "client-r", "Bonjour") for _ in range(8)))
    assert {each.json()["receipt"] for each in together} == {first.json()["receipt"]}
    other = await house.integrator.post(key, POST_ADDRESS, "client-r", "Something else")
    assert problem_of(other) == (422, "idempotency_key_reused")
    await settled(house, first.json()["receipt"])
    assert await known_customers(house, "client-r") == 1


async def test_repeated_mail_has_the_same_receipt_on_either_way(house: Stage) -> None:
    id, sender = f"<{fresh('m')}@client.example>", "twice@client.example"
    raw = letter(sender, MAIL_ADDRESS, "x", "Bonjour", id).as_bytes()
    headers = {**key_of(house), "Content-Type": "message/rfc822"}
    posted = [await house.http.post("/v1/email/messages", content=raw, headers=headers, params={"to": MAIL_ADDRESS}) for _ in range(3)]
    for _ in range(2):
        await send(raw, sender, MAIL_ADDRESS, house.smtp_port)
    await send(letter(sender, MAIL_ADDRESS, "x", LAST, f"<{fresh('m')}@client.example>", id), sender, MAIL_ADDRESS, house.smtp_port)
    assert len({each.json()["receipt"] for each in posted}) == 1
    assert await said_by(house, sender) == ["Bonjour", LAST]


async def test_repeated_text_message_is_one(house: Stage) -> None:
    form = sms(From="+33639980111")
    forms = [form, form, form, form, sms(From="+33639980111", Body=LAST)]
    answers = [await house.outside.twilio.webhooks.send(f"{house.url}/v1/sms/twilio/messages", each) for each in forms]
    assert [(each.status, each.body) for each in answers] == [(200, answers[0].body)] * 5
    assert await said_by(house, "+33639980111") == ["Bonjour", LAST]


async def test_repeated_call_and_repeated_hang_up_are_one(house: Stage) -> None:
    form, last = call(From="+33639980112"), call(From="+33639980113")
    for each in (form, form, form, last):
        answer = await house.outside.twilio.webhooks.send(f"{house.url}/v1/voice/twilio/calls", each)
        assert answer.status == 200
    for each in (form, form, last, last):
        ended = await house.outside.twilio.webhooks.send(f"{house.url}/v1/voice/twilio/calls/status", {**each, "CallStatus": "completed"})
        assert ended.status == 204
    async with asyncio.timeout(10):
        while True:
            closed = await closed_calls(house)
            if len(closed) >= 2:
                break
            await asyncio.sleep(0.05)
    assert len(closed) == 2


async def closed_calls(stage: Stage) -> list[dict[str, Any]]:
    """The records of calls that have ended."""
    answer = await stage.http.get("/v1/customers/history", headers=key_of(stage), params={"limit": 1000})
    answer.raise_for_status()
    records = [json.loads(line) for line in answer.text.splitlines() if line]
    return [each for each in (record.get("data", record.get("record", record)) for record in records) if each.get("channel") == "voice"]


async def test_repeated_chat_message_is_one(house: Stage) -> None:
    visitor = await Visitor.begin(house.url, CHAT_PAGE)
    async with visitor.client() as http:
        answers = [await http.post("/messages", json={"id": "m1", "text": "Bonjour"}) for _ in range(3)]
        assert [each.status_code for each in answers] == [202] * 3
        assert len({each.json()["receipt"] for each in answers}) == 1
    async with visitor.connected() as socket:
        again = await socket.say("Bonjour", "m1")
        assert await socket.texts(1) == ["Bonjour"]
    assert again["receipt"] == answers[0].json()["receipt"]


async def test_chat_begun_twice_with_one_key_is_one(house: Stage) -> None:
    key = fresh("a-key-of-sixteen-or-more")
    first, second = await Visitor.begin(house.url, CHAT_PAGE, key=key), await Visitor.begin(house.url, CHAT_PAGE, key=key)
    assert first.session == second.session


async def known_customers(stage: Stage, words: str) -> int:
    """How many customers are found by these words, once there is any."""
    return len(await found(stage, words))


async def said_by(stage: Stage, address: str) -> list[str]:
    """What the one customer with this address wrote, in order, once the last of it is there."""
    (customer,) = await found(stage, address)
    async with asyncio.timeout(10):
        while True:
            texts = await texts_of(stage, customer["id"])
            if LAST in texts:
                return texts
            await asyncio.sleep(0.05)


async def texts_of(stage: Stage, customer: str) -> list[str]:
    conversations = await stage.http.get(f"/v1/customers/{customer}/conversations", headers=key_of(stage))
    conversations.raise_for_status()
    texts: list[str] = []
    for conversation in conversations.json()["items"]:
        messages = await stage.http.get(f"/v1/customers/conversations/{conversation['id']}/messages", headers=key_of(stage))
        texts += [each["content"]["text"].strip() for each in messages.json()["items"]]
    return texts


async def found(stage: Stage, words: str) -> list[dict[str, Any]]:
    async with asyncio.timeout(10):
        while True:
            answer = await stage.http.get("/v1/customers", headers=key_of(stage), params={"q": words})
            answer.raise_for_status()
            if answer.json()["items"]:
                return list(answer.json()["items"])
            await asyncio.sleep(0.05)


# ---- what cannot be understood


BAD_JSON = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"x"',
    b"\xff\xfe",
    b'{"text": "\xff"}',
    b'{"text": "\\ud800"}',
    b"[" * 20_000,
    b"{" * 20_000,
    b"1e999999",
]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/interactions"),
        ("POST", "/v1/chat/sessions"),
        ("POST", "/v1/directory/sign-in"),
        ("POST", "/v1/directory/tenants"),
        ("POST", "/v1/directory/logins"),
        ("POST", "/v1/directory/api-keys"),
        ("PUT", "/v1/directory/secrets/x"),
        ("PUT", "/v1/directory/skill/x"),
        ("POST", "/v1/agent/commands"),
    ],
)
async def test_body_that_is_no_json_object(house: Stage, administrator: dict[str, str], method: str, path: str) -> None:
    credential = key_of(house) if path == "/v1/interactions" else administrator
    if path == "/v1/agent/commands":
        credential = {"Authorization": f"Bearer {await house.token('claire')}"}
    headers = {**credential, "Content-Type": "application/json", "Idempotency-Key": fresh("k" * 16), "If-Match": "*"}
    for body in BAD_JSON:
        found = problem_of(await house.http.request(method, path, content=body, headers=headers))
        assert found in ((400, "invalid_field"), (400, "malformed"), (422, "configuration_refused")), body


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def administrator(house: Stage) -> dict[str, str]:
    return {"Authorization": f"Bearer {await house.token('admin')}"}


@pytest.mark.parametrize(("path", "fields"), WEBHOOKS)
@pytest.mark.parametrize("body", [b"To=%ff%fe&From=x", b"To=\xff", b"a" * 10_000, b"&".join(b"x=1" for _ in range(1_000))])
async def test_form_that_is_none(house: Stage, path: str, fields: Any, body: bytes) -> None:
    status, name = problem_of(await house.http.post(path, content=body, headers={"Content-Type": FORM}))
    assert (status, name) in ((400, "invalid_field"), (404, "unknown_channel_address"))


async def test_form_that_is_too_large(house: Stage) -> None:
    answer = await house.http.post("/v1/sms/twilio/messages", data=sms(Body="x" * 100_000))
    assert problem_of(answer) == (413, "too_large")


@pytest.mark.parametrize("field", ["address", "name", "text", "subject", "thread"])
async def test_zero_character_never_costs_an_accepted_contact(house: Stage, field: str) -> None:
    sender = {"address": fresh("zero"), **({field: "a\0b"} if field in ("address", "name") else {})}
    words = {"text": "Bonjour", **({field: "a\0b"} if field in ("text", "subject", "thread") else {})}
    body = {"channel_address": POST_ADDRESS, "from": sender, **words}
    answer = await house.http.post("/v1/interactions", json=body, headers=key_of(house, fresh("zero")))
    if field == "address":
        assert problem_of(answer) == (400, "invalid_field")
        assert answer.json()["pointer"] == "/from/address"
    else:
        assert answer.status_code == 202
        await settled(house, answer.json()["receipt"])


@pytest.mark.parametrize("id", ["%00", "%ff%fe", "..%2f..", "%F0%9F%92%A1", "x" * 3_000])
async def test_ids_in_paths_that_nobody_has(house: Stage, id: str) -> None:
    for path in (
        f"/v1/customers/receipts/{id}",
        f"/v1/customers/{id}",
        f"/v1/customers/conversations/{id}",
        f"/v1/interactions/{id}/replies",
    ):
        status, name = problem_of(await house.http.get(path, headers=key_of(house)))
        assert (status, name) in ((404, "not_found"), (404, "unknown_conversation"), (400, "bad_input")), path


# ---- mail


MAILS = {
    "nothing": b"",
    "no header": b"hello, this is no mail\r\n",
    "binary": bytes(range(256)) * 40,
}
CROOKED = {
    "no end of a part": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nBonjour",
    "no boundary": b"Content-Type: multipart/mixed\r\n\r\nBonjour",
    "wrong charset": b"Content-Type: text/plain; charset=klingon\r\n\r\nBonjour \xff\xfe",
    "no utf-8": b"Content-Type: text/plain; charset=utf-8\r\n\r\nBonjour \xff\xc3\x28",
    "wrong base64": b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
    "endless nesting": b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(300))
    + b"\r\nBonjour",
    "raw header bytes": b"Subject: \xff\xfe\xe9\r\nX-\xff: \xff\r\n\r\nBonjour",
    "zero characters": b"Subject: a\0b\r\n\r\nBon\0jour",
}


def crooked(name: str) -> bytes:
    head = f'From: "Jean \\"" <crooked@client.example>\r\nTo: {MAIL_ADDRESS}\r\nMessage-ID: <{fresh("crooked")}@client.example>\r\n'
    return head.encode() + b"MIME-Version: 1.0\r\n" + CROOKED[name]


@pytest.mark.parametrize("name", MAILS)
async def test_what_is_no_mail_is_refused(house: Stage, name: str) -> None:
    headers = {**key_of(house), "Content-Type": "message/rfc822"}
    posted = await house.http.post("/v1/email/messages", content=MAILS[name], headers=headers, params={"to": MAIL_ADDRESS})
    assert problem_of(posted) == (400, "bad_message")
    code, said = await dialogue(house, MAIL_ADDRESS, MAILS[name])
    assert (code, said[:5]) == (550, "5.6.0"), said


@pytest.mark.parametrize("name", CROOKED)
async def test_malformed_mail_is_taken_as_it_is(house: Stage, name: str) -> None:
    raw = crooked(name)
    headers = {**key_of(house), "Content-Type": "message/rfc822"}
    posted = await house.http.post("/v1/email/messages", content=raw, headers=headers, params={"to": MAIL_ADDRESS})
    assert posted.status_code == 202, posted.text
    assert (await dialogue(house, MAIL_ADDRESS, raw))[0] == 250
    await settled(house, posted.json()["receipt"])


async def test_smtp_that_is_no_smtp(house: Stage) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.smtp_port)
    assert (await reader.readline()).startswith(b"220")
    for line, code in (
        (b"\xff\xfe\x00\r\n", b"500"),
        (b"NONSENSE\r\n", b"500"),
        (b"MAIL FROM:<a@b.example>\r\n", b"503"),
        (b"EHLO x\r\n", b"250"),
    ):
        writer.write(line)
        while (answer := await asyncio.wait_for(reader.readline(), 5))[3:4] == b"-":
            pass
        assert answer.startswith(code), (line, answer)
    writer.close()


def mail_with_file(size: int, id: str) -> bytes:
    """A mail with a file of so many bytes, in base64 as mail carries it."""
    head = (
        f"From: big@client.example\r\nTo: {MAIL_ADDRESS}\r\nSubject: Plans\r\nMessage-ID: <{id}@client.example>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nBonjour\r\n"
        "--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=plans.pdf\r\n\r\n"
    )
    return head.encode() + base64.encodebytes(bytes(size)).replace(b"\n", b"\r\n") + b"\r\n--b--\r\n"


async def test_file_of_30_mb_is_too_large(house: Stage) -> None:
    raw = mail_with_file(30 * MB, "too-large")
    posted = await house.http.post("/v1/email/messages", content=raw, headers={**key_of(house), "Content-Type": "message/rfc822"})
    assert problem_of(posted) == (413, "too_large")
    assert (await dialogue(house, MAIL_ADDRESS, raw, announces_size=True))[0] == 552
    assert (await dialogue(house, MAIL_ADDRESS, raw))[0] == 552
    letter = await house.integrator.post(
        fresh("big"), POST_ADDRESS, "client-big", "x", attachments=[{"name": "a", "content": "A" * 40 * MB}]
    )
    assert problem_of(letter) == (413, "too_large")


async def test_file_of_20_mb_is_taken_whole(house: Stage, figures: dict[str, object]) -> None:
    raw = mail_with_file(20 * MB, "large")
    began = asyncio.get_running_loop().time()
    headers = {**key_of(house), "Content-Type": "message/rfc822"}
    posted = await house.http.post("/v1/email/messages", content=raw, headers=headers, timeout=60)
    figures["http_s"] = round(asyncio.get_running_loop().time() - began, 2)
    assert posted.status_code == 202, posted.text
    assert (await dialogue(house, MAIL_ADDRESS, raw))[0] == 250
    await settled(house, posted.json()["receipt"])
    (customer,) = await found(house, "big@client.example")
    (conversation,) = (await house.http.get(f"/v1/customers/{customer['id']}/conversations", headers=key_of(house))).json()["items"]
    messages = await house.http.get(f"/v1/customers/conversations/{conversation['id']}/messages", headers=key_of(house))
    (file,) = messages.json()["items"][0]["content"]["attachments"]
    assert (file["name"], file["size_bytes"]) == ("plans.pdf", 20 * MB)


async def dialogue(stage: Stage, to: str, raw: bytes, *, announces_size: bool = False) -> tuple[int, str]:
    """Hand bytes in by SMTP as they are; the code and words of the last answer."""

    def talk() -> tuple[int, str]:
        with smtplib.SMTP("127.0.0.1", stage.smtp_port, timeout=60) as client:
            client.ehlo()
            options = [f"SIZE={len(raw)}"] if announces_size else []
            for code, said in (client.mail("someone@client.example", options), client.rcpt(to)):
                if code >= 400:
                    return code, said.decode()
            code, said = client.data(raw)
            return code, said.decode()

    return await asyncio.to_thread(talk)


async def test_no_contact_was_dead_lettered(house: Stage) -> None:
    """What all the tests above sent: whatever was accepted has gone through."""
    harm = Harm(Harm.of(house).installation, 0)
    assert [line for line in harm.faults() if "dead_lettered" in line] == []
