"""The client's paths, bodies and models are those of the OpenAPI documents, and its two forms are one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, NotRequired, get_origin, get_type_hints

import httpx
import pytest

from standardiste.client import AsyncStandardiste, Retry, bodies, models

ROOT = Path(__file__).parents[3]
DOCUMENTS = {path.stem: json.loads(path.read_text()) for path in (ROOT / "docs" / "openapi").glob("*.json")}
OPEN = DOCUMENTS["ingest-open"]
DESCRIBED = (
    "Taken", "ReplyAuthor", "ReplyAttachment", "Reply", "ReplyPage", "Reported", "SentMessage", "ShownWebhook", "WebhookPage", "ShownTry",
    "ShownDelivery", "DeliveryPage", "Replayed", "Fact", "FactPage",
)  # fmt: skip
OWN_PROPERTY = {"WebhookState"}
CUSTOMER = models.Customer(id="cu_1", addresses=(), version='"3"')
CALLS: Mapping[str, Any] = {
    "POST /v1/interactions": lambda to: to.post_interaction({"channel": "letters", "from": {"address": "a"}, "text": "t"}),
    "POST /v1/interactions/{}/messages": lambda to: to.post_message("c", {"text": "t"}),
    "GET /v1/interactions/{}/replies": lambda to: to.replies("c", after="r1"),
    "POST /v1/interactions/{}/messages/{}/delivery": lambda to: to.report_delivery("c", "m", {"state": "read"}),
    "POST /v1/messages": lambda to: to.send_message({"channel": "sms", "to": {"address": "+33639981234"}, "text": "t"}),
    "GET /v1/messages/{}": lambda to: to.sent_message("sm_1"),
    "POST /v1/webhooks": lambda to: to.create_webhook({"url": "https://example.org", "types": ["*"]}),
    "GET /v1/webhooks": lambda to: to.webhooks(),
    "GET /v1/webhooks/{}": lambda to: to.webhook("w"),
    "DELETE /v1/webhooks/{}": lambda to: to.delete_webhook("w"),
    "POST /v1/webhooks/{}/enable": lambda to: to.enable_webhook("w"),
    "GET /v1/webhooks/{}/deliveries": lambda to: to.webhook_deliveries("w"),
    "POST /v1/webhooks/{}/replay": lambda to: to.replay_webhook("w", after="e1.2"),
    "GET /v1/events": lambda to: to.events(after="latest", types=("message.sent",)),
    "GET /v1/customers/receipts/{}": lambda to: to.receipt("r"),
    "GET /v1/customers": lambda to: to.customers("roux"),
    "GET /v1/customers/{}": lambda to: to.customer("c"),
    "PATCH /v1/customers/{}": lambda to: to.change_customer(CUSTOMER, {"labels": ["vip"]}),
    "GET /v1/customers/{}/conversations": lambda to: to.conversations("c"),
    "GET /v1/customers/conversations/{}": lambda to: to.conversation("c"),
    "GET /v1/customers/conversations/{}/messages": lambda to: to.messages("c"),
}
BODIES = {
    "POST /v1/interactions": bodies.InteractionBody,
    "POST /v1/interactions/{}/messages": bodies.MessageBody,
    "POST /v1/interactions/{}/messages/{}/delivery": bodies.DeliveryBody,
    "POST /v1/messages": bodies.SendBody,
    "POST /v1/webhooks": bodies.WebhookBody,
}


def operations() -> dict[str, dict[str, Any]]:
    """Every documented operation, parameters of the path unnamed."""
    return {
        f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path)}": operation
        for document in DOCUMENTS.values()
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def body_schema(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    return OPEN["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


@pytest.mark.parametrize("name", DESCRIBED)
def test_model_has_the_members_of_the_document(name: str) -> None:
    schema, model = OPEN["components"]["schemas"][name], getattr(models, name)
    assert {each.name for each in fields(model)} == set(schema["properties"])
    always = {each.name for each in fields(model) if each.default is MISSING and each.default_factory is MISSING}
    assert always == set(schema["required"])


@pytest.mark.parametrize("line", BODIES)
def test_body_has_the_members_of_the_document(line: str) -> None:
    schema, body = body_schema(operations()[line]), BODIES[line]
    hints = get_type_hints(body, include_extras=True)
    assert set(hints) == set(schema["properties"])
    assert {name for name, hint in hints.items() if get_origin(hint) is not NotRequired} == set(schema.get("required", ()))


@pytest.mark.parametrize("line", CALLS)
async def test_call_asks_what_the_document_knows(line: str) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(410, json={"type": "https://example.org/problems/gone", "title": "Gone", "status": 410})

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    client = AsyncStandardiste("https://contact.example.org", "sk_1", retry=Retry(within_s=0), http=http)
    called: Awaitable[Any] | AsyncIterator[Any] = CALLS[line](client)
    with pytest.raises(Exception, match="410 gone"):
        _ = await (anext(called) if isinstance(called, AsyncIterator) else called)
    operation, request = operations()[line], asked[0]
    pattern = re.escape(line).replace(r"\{\}", "[^/]+").replace(r"\ ", " ")
    assert re.fullmatch(pattern, f"{request.method} {request.url.path}")
    assert set(request.url.params) <= {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
    assert ("idempotency-key" in request.headers) is (request.method == "POST")
    if request.content:
        assert set(json.loads(request.content)) <= set(body_schema(operation)["properties"])


def test_every_path_of_the_open_channel_has_its_call() -> None:
    ours = {re.sub(r"{[^}]*}", "{}", f"{method.upper()} {path}") for path, methods in OPEN["paths"].items() for method in methods}
    assert sorted(ours - set(CALLS)) == ["GET /v1/interactions/{}/messages/{}/attachments/{}"], "which `file` fetches by its url"


def test_blocking_client_is_made_from_the_other() -> None:
    made = subprocess.run([sys.executable, ROOT / "scripts" / "make-blocking-client", "--check"], check=False)
    assert made.returncode == 0, "run scripts/make-blocking-client"
