"""The client that blocks: made from asynchronous.py by scripts/make-blocking-client, where its methods are described."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from random import random
from time import monotonic
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeVar
from urllib.parse import quote
from uuid import uuid4

import httpx

from standardiste.client.bodies import CustomerChange, DeliveryBody, InteractionBody, MessageBody, SendBody, WebhookBody
from standardiste.client.decode import decoded
from standardiste.client.errors import Unreachable, error_of
from standardiste.client.models import (
    Conversation,
    Customer,
    DeliveryPage,
    Fact,
    FactPage,
    Message,
    Receipt,
    Replayed,
    Reply,
    ReplyPage,
    Reported,
    SentMessage,
    ShownDelivery,
    ShownWebhook,
    Taken,
    WebhookPage,
)
from standardiste.client.retry import SAFE, Retry, asked_s, is_later

T = TypeVar("T")
Body = Mapping[str, Any]
TIMEOUT_S: Final = 40.0
"""Longer than the longest wait that is asked of the API."""
WAIT_S: Final = 25


class Standardiste:
    """One installation, as one API key sees it. Close it with `close`, or use it in a `with`."""

    def __init__(self, url: str, key: str, *, retry: Retry | None = None, http: httpx.Client | None = None) -> None:
        self._url, self._retry = url.rstrip("/"), retry or Retry()
        self._headers = {"authorization": f"Bearer {key}"}
        self._is_own = http is None
        self._http = http or httpx.Client(timeout=TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections that it opened itself."""
        if self._is_own:
            self._http.close()

    # ---- the open channel

    def post_interaction(self, body: InteractionBody, *, key: str | None = None) -> Taken:
        """Hand in what a customer wrote or did. `key` names it for good: the same key is the same contact, whenever it is sent again."""
        return decoded(Taken, self._json("POST", "/v1/interactions", body=body, key=key))

    def post_message(self, conversation: str, body: MessageBody, *, key: str | None = None) -> Taken:
        """Hand in a further message of the customer of a conversation."""
        return decoded(Taken, self._json("POST", f"/v1/interactions/{_part(conversation)}/messages", body=body, key=key))

    def reply_page(self, conversation: str, *, after: str | None = None, limit: int = 50) -> ReplyPage:
        """The answers after a cursor, one page."""
        path = f"/v1/interactions/{_part(conversation)}/replies"
        return decoded(ReplyPage, self._json("GET", path, query={"after": after, "limit": limit}))

    def replies(self, conversation: str, *, after: str | None = None) -> Iterator[Reply]:
        """The answers that are there now, oldest first."""
        while True:
            page = self.reply_page(conversation, after=after)
            if not page.items:
                return
            yield from page.items
            after = page.next

    def report_delivery(self, conversation: str, message: str, body: DeliveryBody) -> Reported:
        """What became of an answer at your side: the agent sees it."""
        path = f"/v1/interactions/{_part(conversation)}/messages/{_part(message)}/delivery"
        return decoded(Reported, self._json("POST", path, body=body))

    def file(self, url: str) -> bytes:
        """The bytes of an attachment, by the `url` it was given with."""
        if not url.startswith("/v1/"):
            raise ValueError("a path of this installation is expected")
        return (self.request("GET", url)).content

    # ---- to a person, on any channel

    def send_message(self, body: SendBody, *, key: str | None = None) -> SentMessage:
        """Write to a person: customer and conversation are found or made. The same key sends once."""
        return decoded(SentMessage, self._json("POST", "/v1/messages", body=body, key=key))

    def sent_message(self, message: str) -> SentMessage:
        """Where such a message stands."""
        return decoded(SentMessage, self._json("GET", f"/v1/messages/{_part(message)}"))

    # ---- webhooks and events

    def create_webhook(self, body: WebhookBody) -> ShownWebhook:
        """Set up an endpoint. Keep its `secret`: it is told this once."""
        return decoded(ShownWebhook, self._json("POST", "/v1/webhooks", body=body))

    def webhooks(self) -> tuple[ShownWebhook, ...]:
        return decoded(WebhookPage, self._json("GET", "/v1/webhooks")).items

    def webhook(self, webhook: str) -> ShownWebhook:
        return decoded(ShownWebhook, self._json("GET", f"/v1/webhooks/{_part(webhook)}"))

    def delete_webhook(self, webhook: str) -> None:
        self.request("DELETE", f"/v1/webhooks/{_part(webhook)}")

    def enable_webhook(self, webhook: str) -> ShownWebhook:
        """Let a disabled endpoint get facts again."""
        return decoded(ShownWebhook, self._json("POST", f"/v1/webhooks/{_part(webhook)}/enable"))

    def webhook_deliveries(self, webhook: str) -> Iterator[ShownDelivery]:
        """What became of each fact, newest first."""
        cursor: str | None = None
        while True:
            path = f"/v1/webhooks/{_part(webhook)}/deliveries"
            page = decoded(DeliveryPage, self._json("GET", path, query={"cursor": cursor}))
            yield from page.items
            if (cursor := page.next) is None:
                return

    def replay_webhook(self, webhook: str, *, after: str | None = None) -> int:
        """Deliver again all that came after a cursor; how many facts that are."""
        queued = 0
        while True:
            body = {} if after is None else {"after": after}
            page = decoded(Replayed, self._json("POST", f"/v1/webhooks/{_part(webhook)}/replay", body=body))
            queued += page.queued
            if (after := page.next) is None:
                return queued

    def event_page(self, *, after: str | None = None, types: tuple[str, ...] = (), limit: int = 100, wait_s: int = 0) -> FactPage:
        """Facts after a cursor (`latest`: from now on; None: all that the log still holds), waiting up to `wait_s` for the first."""
        query = {"after": after, "types": ",".join(types) or None, "limit": limit, "wait_s": wait_s}
        return decoded(FactPage, self._json("GET", "/v1/events", query=query))

    def events(self, *, after: str | None = None, types: tuple[str, ...] = ()) -> Iterator[Fact]:
        """Facts as they happen, without end. Each has the `cursor` to go on from."""
        while True:
            page = self.event_page(after=after, types=types, wait_s=WAIT_S)
            yield from page.items
            after = page.next

    # ---- receipts, customers, conversations

    def receipt(self, receipt: str) -> Receipt:
        """What became of a contact; waits until it is written."""
        return decoded(Receipt, self._json("GET", f"/v1/customers/receipts/{_part(receipt)}"))

    def customers(self, words: str | None = None) -> Iterator[Customer]:
        """Customers whose name or addresses have all these words; all of them without words."""
        for each in self._items("/v1/customers", {"q": words}):
            yield decoded(Customer, each)

    def customer(self, customer: str) -> Customer:
        answer = self.request("GET", f"/v1/customers/{_part(customer)}")
        return decoded(Customer, {**_object(answer), "version": answer.headers.get("etag", "")})

    def change_customer(self, customer: Customer, change: CustomerChange) -> Customer:
        """Change a customer as it was read; raises Conflict when somebody else did meanwhile."""
        headers = {"if-match": customer.version or "*"}
        answer = self.request("PATCH", f"/v1/customers/{_part(customer.id)}", body=change, headers=headers)
        return decoded(Customer, {**_object(answer), "version": answer.headers.get("etag", "")})

    def conversations(self, customer: str) -> Iterator[Conversation]:
        """A customer's conversations, newest first."""
        for each in self._items(f"/v1/customers/{_part(customer)}/conversations", {}):
            yield decoded(Conversation, each)

    def conversation(self, conversation: str) -> Conversation:
        return decoded(Conversation, self._json("GET", f"/v1/customers/conversations/{_part(conversation)}"))

    def messages(self, conversation: str) -> Iterator[Message]:
        """What was said in a conversation, oldest first."""
        for each in self._items(f"/v1/customers/conversations/{_part(conversation)}/messages", {}):
            yield decoded(Message, each)

    # ---- anything else

    def request(
        self,
        method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
        path: str,
        *,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        """Any path of the API, tried as the retry policy says. Raises ApiError for a no, Unreachable without an answer."""
        sent = {**self._headers, **(headers or {})}
        if method == "POST":
            sent["idempotency-key"] = key or str(uuid4())
        content = None
        if body is not None:
            sent["content-type"] = "application/json"
            content = json.dumps(body).encode()
        params = {name: value for name, value in (query or {}).items() if value is not None}
        began, tries = monotonic(), 0
        while True:
            tries += 1
            asked: float | None = None
            try:
                answer = self._http.request(method, self._url + path, params=params, content=content, headers=sent)
            except httpx.TransportError as error:
                failure: Exception = Unreachable(f"{method} {path}: {type(error).__name__}")
                may_ask_again = method in SAFE
            else:
                if answer.is_success:
                    return answer
                failure, may_ask_again, asked = error_of(answer), is_later(method, answer), asked_s(answer)
            pause = self._retry.pause(tries, random(), monotonic() - began, asked) if may_ask_again else None
            if pause is None:
                raise failure
            time.sleep(pause)

    def _json(
        self,
        method: Literal["GET", "POST"],
        path: str,
        *,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> Body:
        return _object(self.request(method, path, query=query, body=body, key=key))

    def _items(self, path: str, query: Mapping[str, str | int | None]) -> Iterator[Body]:
        """All pages of a list."""
        cursor: str | None = None
        while True:
            page = self._json("GET", path, query={**query, "cursor": cursor})
            yield from page["items"]
            if (cursor := page["next"]) is None:
                return


def _object(answer: httpx.Response) -> Body:
    return answer.json()


def _part(id: str) -> str:
    """An id as a part of a path."""
    return quote(id, safe="")
