"""
Every public HTTP path, once: method, path, service, what it answers, which problems. docs/api.md lists them; a test holds every service's
OpenAPI document against this table. Problem names are those of `problems.py`. Every path but those marked `is_open` wants a credential and so may
answer 401 `bad_credential`, 403 `not_allowed`, 429 `too_many_requests`; every path that leans on bus or store may answer 503 with Retry-After.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    method: str
    path: str
    service: str
    what: str
    statuses: tuple[int, ...]
    problems: tuple[str, ...] = ()
    is_open: bool = False


def _route(
    service: str, line: str, what: str, statuses: tuple[int, ...], problems: tuple[str, ...] = (), *, is_open: bool = False
) -> Route:
    method, path = line.split(" ")
    return Route(method=method, path=path, service=service, what=what, statuses=statuses, problems=problems, is_open=is_open)


_CREATE = ("idempotency_key_reused", "too_large", "invalid_field", "bus_away")

ROUTES: tuple[Route, ...] = (
    # ---- ways in
    _route(
        "ingest-email",
        "POST /v1/email/messages",
        "Hand in one raw RFC 5322 message (message/rfc822).",
        (202,),
        ("bad_message", "unknown_channel_address", "unsupported_media_type", "too_large", "bus_away", "blobs_away"),
    ),
    _route(
        "ingest-sms",
        "POST /v1/sms/twilio/messages",
        "Twilio's inbound message webhook, signed.",
        (200,),
        ("bad_signature", "unknown_channel_address", "invalid_field", "bus_away"),
        is_open=True,
    ),
    _route(
        "ingest-sms",
        "POST /v1/sms/twilio/status/{token}",
        "Twilio's status callback, signed; the token names our message.",
        (204,),
        ("bad_signature", "bad_token", "invalid_field", "bus_away"),
        is_open=True,
    ),
    _route(
        "ingest-sms",
        "POST /v1/sms/vonage/messages",
        "Vonage's inbound message webhook, signed.",
        (200,),
        ("bad_signature", "unknown_channel_address", "invalid_field", "bus_away"),
        is_open=True,
    ),
    _route(
        "ingest-sms",
        "POST /v1/sms/vonage/status/{token}",
        "Vonage's status callback, signed; the token names our message.",
        (204,),
        ("bad_signature", "bad_token", "invalid_field", "bus_away"),
        is_open=True,
    ),
    _route(
        "ingest-voice",
        "POST /v1/voice/twilio/calls",
        "Twilio's inbound call webhook, signed; answers TwiML.",
        (200,),
        ("bad_signature", "unknown_channel_address", "invalid_field", "bus_away"),
        is_open=True,
    ),
    _route(
        "ingest-voice",
        "POST /v1/voice/twilio/calls/{step}",
        "What Twilio asks or reports next in a call, signed; answers TwiML or nothing.",
        (200, 204),
        ("bad_signature", "invalid_field", "unknown_conversation", "bus_away"),
        is_open=True,
    ),
    _route(
        "ingest-sms",
        "GET /v1/sms/media/{token}",
        "A file of a text, for its provider; the address is signed and good for a day.",
        (200,),
        ("bad_token", "token_expired", "not_found", "not_allowed", "blobs_away", "scanner_away"),
        is_open=True,
    ),
    _route(
        "ingest-chat",
        "POST /v1/chat/sessions",
        "Begin or resume a chat session on a page.",
        (200, 201),
        ("unknown_channel_address", "bad_origin", "bad_token", "invalid_field", "too_many_requests"),
        is_open=True,
    ),
    _route(
        "ingest-chat",
        "POST /v1/chat/sessions/{session}/messages",
        "The visitor says something; idempotent by its id.",
        (202,),
        ("bad_token", "conversation_closed", "too_large", "invalid_field", "bus_away"),
        is_open=True,
    ),
    _route(
        "ingest-chat",
        "GET /v1/chat/sessions/{session}/messages",
        "What was said after a place or a message id.",
        (200,),
        ("bad_token", "cursor_invalid"),
        is_open=True,
    ),
    _route(
        "ingest-chat",
        "GET /v1/chat/sessions/{session}",
        "How a chat stands: position and estimated wait, who writes, what was read, whether it is over.",
        (200,),
        ("bad_token",),
        is_open=True,
    ),
    _route(
        "ingest-chat",
        "POST /v1/chat/sessions/{session}/typing",
        "The visitor is writing.",
        (204,),
        ("bad_token", "bus_away"),
        is_open=True,
    ),
    _route(
        "ingest-chat",
        "POST /v1/chat/sessions/{session}/seen",
        "An agent's message reached the visitor, or was read.",
        (204,),
        ("bad_token", "not_found", "invalid_field", "bus_away"),
        is_open=True,
    ),
    _route(
        "ingest-chat",
        "POST /v1/chat/sessions/{session}/files",
        "The visitor sends a file; idempotent by its id.",
        (202,),
        ("bad_token", "conversation_closed", "too_large", "invalid_field", "bus_away", "blobs_away"),
        is_open=True,
    ),
    _route(
        "ingest-chat",
        "GET /v1/chat/sessions/{session}/files/{message}/{file}",
        "The bytes of a file of the conversation.",
        (200,),
        ("bad_token", "not_found", "not_allowed", "blobs_away", "scanner_away"),
        is_open=True,
    ),
    _route(
        "ingest-chat",
        "POST /v1/chat/sessions/{session}/transcript",
        "Send what was said to an address, once for each.",
        (202,),
        ("bad_token", "refused", "unknown_channel_address", "too_many_requests", "invalid_field", "bus_away"),
        is_open=True,
    ),
    _route(
        "ingest-chat",
        "POST /v1/chat/pages/{address}/messages",
        "Leave a message outside opening hours; it is answered by mail.",
        (202,),
        ("unknown_channel_address", "bad_origin", "refused", "too_many_requests", "invalid_field", "bus_away"),
        is_open=True,
    ),
    _route(
        "ingest-chat", "DELETE /v1/chat/sessions/{session}", "The visitor ends the chat.", (204,), ("bad_token", "bus_away"), is_open=True
    ),
    _route(
        "ingest-chat",
        "GET /v1/chat/sessions/{session}/ws",
        "The visitor's websocket, subprotocol standardiste.chat.v1.",
        (101,),
        ("bad_origin", "too_many_requests", "not_acceptable"),
        is_open=True,
    ),
    _route(
        "ingest-chat",
        "GET /v1/chat/pages/{address}",
        "What the widget needs to show itself: name, language, colours.",
        (200,),
        ("unknown_channel_address", "bad_origin"),
        is_open=True,
    ),
    _route("ingest-chat", "GET /v1/chat/demo", "A page that carries the widget.", (200,), ("unknown_channel_address",), is_open=True),
    _route(
        "ingest-open",
        "POST /v1/interactions",
        "Anything an integrator brings: letter, fax, social. Idempotency-Key required.",
        (202,),
        ("idempotency_key_missing", "unknown_channel_address", *_CREATE),
    ),
    _route(
        "ingest-open",
        "POST /v1/interactions/{conversation}/messages",
        "A further message of the customer in a conversation.",
        (202,),
        ("idempotency_key_missing", "unknown_conversation", *_CREATE),
    ),
    _route(
        "ingest-open",
        "GET /v1/interactions/{conversation}/replies",
        "The answers of agents, after a cursor.",
        (200,),
        ("unknown_conversation", "cursor_invalid"),
    ),
    _route(
        "ingest-open",
        "POST /v1/interactions/{conversation}/messages/{message}/delivery",
        "The integrator reports what became of an answer.",
        (202,),
        ("unknown_conversation", "not_found", "invalid_field", "bus_away"),
    ),
    _route(
        "ingest-open",
        "GET /v1/interactions/{conversation}/messages/{message}/attachments/{attachment}",
        "The bytes of an answer's file.",
        (200,),
        ("unknown_conversation", "not_found", "blobs_away"),
    ),
    _route(
        "ingest-open",
        "POST /v1/messages",
        "Write to a person on any channel: customer and conversation are found or made. Idempotency-Key required.",
        (202,),
        ("idempotency_key_missing", "unknown_channel_address", "unknown_conversation", "refused", "blobs_away", *_CREATE),
    ),
    _route("ingest-open", "GET /v1/messages/{message}", "Where such a message stands.", (200,), ("not_found",)),
    _route(
        "ingest-open",
        "POST /v1/webhooks",
        "Set up a webhook: URL, types of facts, sponsor; its signing secret is shown this once.",
        (201,),
        ("invalid_field", "too_large", "refused"),
    ),
    _route("ingest-open", "GET /v1/webhooks", "The webhooks, with their state and why one was disabled.", (200,), ()),
    _route("ingest-open", "GET /v1/webhooks/{webhook}", "One webhook.", (200,), ("not_found",)),
    _route("ingest-open", "DELETE /v1/webhooks/{webhook}", "Remove a webhook and its secret.", (204,), ("not_found",)),
    _route("ingest-open", "POST /v1/webhooks/{webhook}/enable", "Let a disabled webhook get facts again.", (200,), ("not_found",)),
    _route(
        "ingest-open",
        "GET /v1/webhooks/{webhook}/deliveries",
        "What became of each fact, newest first, with its tries.",
        (200,),
        ("not_found", "cursor_invalid", "invalid_field"),
    ),
    _route(
        "ingest-open",
        "POST /v1/webhooks/{webhook}/replay",
        "Deliver again what came after a cursor, a page at a time.",
        (202,),
        ("not_found", "cursor_invalid", "invalid_field", "too_large", "refused", "bus_away"),
    ),
    _route(
        "ingest-open",
        "GET /v1/events",
        "The tenant's public facts after a cursor; waits up to 25 s for the next.",
        (200,),
        ("cursor_invalid", "invalid_field", "bus_away"),
    ),
    # ---- customers
    _route(
        "customers",
        "GET /v1/customers/receipts/{receipt}",
        "What became of a contact, for good; 404 with Retry-After until written.",
        (200,),
        ("not_found",),
    ),
    _route(
        "customers",
        "POST /v1/customers/receipts/{receipt}/reopen",
        "Let a contact come again that was closed as spam, list, flood or blocked within 30 days.",
        (202,),
        ("not_found", "not_reopenable", "bus_away"),
    ),
    _route(
        "customers",
        "GET /v1/customers",
        "Find customers by words, or by an id of another system.",
        (200,),
        ("cursor_invalid", "invalid_field"),
    ),
    _route(
        "customers",
        "POST /v1/customers",
        "Make a customer's record before he contacts us.",
        (201,),
        ("already_exists", "invalid_field", "too_large", "idempotency_key_reused"),
    ),
    _route(
        "customers", "GET /v1/customers/messages", "Find messages of all channels by words.", (200,), ("cursor_invalid", "invalid_field")
    ),
    _route(
        "customers",
        "POST /v1/customers/consents",
        "Write down what was said about an address: consent, withdrawal, block. Never overwritten.",
        (201,),
        ("invalid_field", "too_large", "idempotency_key_reused"),
    ),
    _route(
        "customers",
        "POST /v1/customers/permission",
        "Whether an address may be contacted for a purpose, and why not.",
        (200,),
        ("invalid_field", "too_large"),
    ),
    _route(
        "customers",
        "POST /v1/customers/imports",
        "Make and change customers from a CSV, or a part of one; faults by line; dry run.",
        (200,),
        ("invalid_field", "too_large"),
    ),
    _route(
        "customers", "GET /v1/customers/retentions", "What went each night because it was kept long enough.", (200,), ("cursor_invalid",)
    ),
    _route("customers", "GET /v1/customers/erasures", "All erasures, as keyed ids.", (200,), ("cursor_invalid",)),
    _route(
        "customers",
        "POST /v1/customers/erasures",
        "Apply erasures that were kept outside, after a restore.",
        (200,),
        ("invalid_field", "too_large"),
    ),
    _route(
        "customers",
        "GET /v1/customers/erasures/{erasure}",
        "A closing record: what went, and the day by which the last copy is gone.",
        (200,),
        ("not_found",),
    ),
    _route("customers", "GET /v1/customers/{customer}", "A customer's record.", (200,), ("not_found",)),
    _route(
        "customers", "GET /v1/customers/{customer}/export", "Everything that is kept of one person, as JSON lines.", (200,), ("not_found",)
    ),
    _route(
        "customers",
        "POST /v1/customers/{customer}/erasure",
        "Erase one person: store, files and dead letters at once, the log by its retention.",
        (201,),
        ("not_found", "not_yet", "refused", "invalid_field", "too_large", "idempotency_key_reused"),
    ),
    _route("customers", "GET /v1/customers/{customer}/consents", "What was said about a customer's addresses.", (200,), ("not_found",)),
    _route(
        "customers",
        "POST /v1/customers/{customer}/merge",
        "Make another record part of this one.",
        (200,),
        ("not_found", "not_yet", "invalid_field", "too_large", "idempotency_key_reused"),
    ),
    _route(
        "customers",
        "POST /v1/customers/{customer}/split",
        "Give addresses, with their conversations, to a record of their own.",
        (200,),
        ("not_found", "not_yet", "invalid_field", "too_large", "idempotency_key_reused"),
    ),
    _route("customers", "GET /v1/customers/{customer}/joins", "The merges and splits that a record went through.", (200,), ("not_found",)),
    _route(
        "customers",
        "PATCH /v1/customers/{customer}",
        "Change name, language, labels, attributes, external ids; If-Match.",
        (200,),
        ("not_found", "version_conflict", "if_match_missing", "invalid_field", "already_exists"),
    ),
    _route(
        "customers",
        "GET /v1/customers/{customer}/conversations",
        "A customer's conversations, newest first.",
        (200,),
        ("not_found", "cursor_invalid"),
    ),
    _route(
        "customers",
        "GET /v1/customers/conversations/{conversation}",
        "A conversation; `at_least` waits for a position (503 with Retry-After until there).",
        (200,),
        ("not_found", "not_yet", "invalid_field"),
    ),
    _route(
        "customers",
        "GET /v1/customers/conversations/{conversation}/messages",
        "Its messages, oldest first (`newest_first` turns them).",
        (200,),
        ("not_found", "not_yet", "cursor_invalid", "invalid_field"),
    ),
    _route("customers", "GET /v1/customers/blobs/{tenant}/{contact}/{sha256}", "An attachment or long body.", (200,), ("not_found",)),
    _route("customers", "GET /v1/customers/history", "History records as JSON lines after a cursor.", (200,), ("cursor_invalid",)),
    # ---- directory
    _route(
        "directory",
        "POST /v1/directory/sign-in",
        "Name and password for a 15-minute token.",
        (200,),
        ("bad_credential", "too_many_requests", "invalid_field"),
        is_open=True,
    ),
    _route("directory", "POST /v1/directory/token", "A fresh token for one that is still good.", (200,), ()),
    _route("directory", "GET /v1/directory/me", "Who I am, my rights, and what my desk needs of the configuration.", (200,), ()),
    _route("directory", "GET /v1/directory/configuration", "The whole configuration as one document (YAML or JSON by Accept).", (200,), ()),
    _route(
        "directory",
        "PUT /v1/directory/configuration",
        "Apply a whole document as one change set; If-Match with its number, or *.",
        (200,),
        ("configuration_refused", "version_conflict", "if_match_missing"),
    ),
    _route(
        "directory", "POST /v1/directory/configuration/diff", "What applying a document would change.", (200,), ("configuration_refused",)
    ),
    _route("directory", "GET /v1/directory/change-sets", "The change sets, newest first.", (200,), ("cursor_invalid",)),
    _route("directory", "GET /v1/directory/change-sets/{number}", "One change set with before and after.", (200,), ("not_found",)),
    _route(
        "directory",
        "POST /v1/directory/change-sets/{number}/undo",
        "A new change set that takes one back.",
        (200,),
        ("not_found", "configuration_refused"),
    ),
    _route("directory", "GET /v1/directory/{kind}", "Entities of a kind.", (200,), ("unknown_kind", "cursor_invalid")),
    _route("directory", "GET /v1/directory/{kind}/{id}", "One entity, with its ETag.", (200,), ("unknown_kind", "not_found")),
    _route(
        "directory",
        "PUT /v1/directory/{kind}/{id}",
        "Create or change one, as a change set of its own; If-Match.",
        (200, 201),
        ("unknown_kind", "configuration_refused", "version_conflict", "if_match_missing"),
    ),
    _route(
        "directory",
        "DELETE /v1/directory/{kind}/{id}",
        "Archive it; its id is never used again.",
        (200,),
        ("unknown_kind", "not_found", "configuration_refused", "version_conflict", "if_match_missing"),
    ),
    _route(
        "directory",
        "POST /v1/directory/logins",
        "Create a login with its memberships, or set its password.",
        (201,),
        ("invalid_field", "login_taken"),
    ),
    _route(
        "directory",
        "POST /v1/directory/api-keys",
        "Mint an API key; shown this once.",
        (201,),
        ("invalid_field", "configuration_refused", "idempotency_key_reused"),
    ),
    _route("directory", "PUT /v1/directory/secrets/{name}", "Write a channel secret; never readable here.", (204,), ("invalid_field",)),
    _route("directory", "GET /v1/directory/secrets", "The names of the secrets.", (200,), ()),
    _route("directory", "GET /v1/directory/audit", "The audit record, as JSON lines after a cursor.", (200,), ("cursor_invalid",)),
    _route(
        "directory",
        "POST /v1/directory/tenants",
        "Create a tenant with its defaults (platform administrator).",
        (201,),
        ("invalid_field", "configuration_refused", "login_taken", "idempotency_key_reused"),
    ),
    # ---- agents
    _route(
        "agent-gateway", "GET /v1/agent/ws", "The desk's websocket, subprotocol standardiste.v1.", (101,), ("bad_origin",), is_open=True
    ),
    _route(
        "agent-gateway",
        "POST /v1/agent/commands",
        "A command without a socket (integrations, bots); its answer, or 504 after 5 s.",
        (200,),
        ("unknown_type", "malformed", "refused", "no_answer", "bus_away"),
    ),
    _route(
        "agent-gateway",
        "POST /v1/agent/interactions/{interaction}/files",
        "A file for an answer, to be named in message.send.",
        (201,),
        ("invalid_field", "too_large", "blobs_away"),
    ),
    _route(
        "agent-gateway",
        "GET /v1/agent/interactions/{interaction}/why",
        "Why it still waits, or why this agent.",
        (200,),
        ("not_found", "refused", "no_answer", "bus_away"),
    ),
    _route(
        "agent-gateway",
        "GET /v1/agent/agents/{agent}/why",
        "Why this agent is idle.",
        (200,),
        ("not_found", "refused", "no_answer", "bus_away"),
    ),
    _route(
        "agent-gateway",
        "GET /v1/agent/doctor",
        "Whatever breaks a law, with cause and repair.",
        (200,),
        ("refused", "no_answer", "bus_away"),
    ),
    # ---- the installation (all-in-one)
    _route(
        "all-in-one",
        "POST /v1/installation/backups",
        "Take a backup now, while running (platform administrator).",
        (201,),
        ("backup_failed",),
    ),
    _route("all-in-one", "GET /v1/installation/backups", "The backups kept.", (200,), ()),
    _route("all-in-one", "POST /v1/installation/release", "After a restore: let sending and mailbox reading go on.", (204,), ()),
    _route("all-in-one", "GET /v1/installation", "Version, epoch, format, whether sending is held.", (200,), ()),
)
