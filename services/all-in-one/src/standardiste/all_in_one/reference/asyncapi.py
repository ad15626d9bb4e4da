"""AsyncAPI 3.0 documents of the bus and of the desk's websocket, from the catalogue."""

from __future__ import annotations

from typing import Any

from standardiste.all_in_one.reference.events import schema_document
from standardiste.common.bus.topics import TOPICS, Topic
from standardiste.common.events import wire
from standardiste.common.events.base import REGISTRY, Kind, TypeSpec
from standardiste.common.events.codec import adapter

_HEADERS = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_tenant"],
    "properties": {
        name: {"type": "string"}
        for name in (
            "ce_specversion",
            "ce_id",
            "ce_source",
            "ce_type",
            "ce_subject",
            "ce_time",
            "ce_tenant",
            "traceparent",
            "to",
            "format",
            "content-type",
        )
    },
}


def bus_document() -> dict[str, Any]:
    """Every topic as a channel, every type as a message; binary-mode CloudEvents."""
    channels = {
        topic.value: {"address": topic.value, "description": spec.what, "messages": _messages_of(topic)} for topic, spec in TOPICS.items()
    }
    operations = {
        f"{service}.{verb}.{topic.value}": {"action": verb, "channel": {"$ref": f"#/channels/{topic.value}"}, "title": service}
        for topic, spec in TOPICS.items()
        for verb, services in (("send", spec.writers), ("receive", spec.readers))
        for service in services
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Standardiste: the bus",
            "version": "1",
            "description": "Topics and their events. Within v1 fields are added, never renamed or removed.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": {spec.name: _message(spec) for spec in REGISTRY.values()}, "schemas": schema_document()["$defs"]},
    }


def websocket_document() -> dict[str, Any]:
    """The desk's socket: frames in both directions, and the decisions and commands that ride in them."""
    frames = {
        frame.__name__: adapter(frame).json_schema(ref_template="#/components/schemas/{model}")
        for frame in (*wire.ClientFrame.__args__, *wire.ServerFrame.__args__)
    }
    schemas: dict[str, Any] = {}
    for frame in frames.values():
        schemas |= frame.pop("$defs", {})
    shown = {spec.name: {"$ref": f"bus.json#/components/messages/{spec.name}"} for spec in REGISTRY.values() if spec.is_on_websocket}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Standardiste: the desk's websocket", "version": "1", "description": wire.__doc__ or ""},
        "servers": {"installation": {"host": "installation.example", "protocol": "wss", "pathname": "/v1/agent/ws"}},
        "channels": {
            "desk": {
                "address": "/v1/agent/ws",
                "messages": {name: {"payload": {"$ref": f"#/components/schemas/{name}"}} for name in frames},
                "bindings": {"ws": {"headers": {"type": "object", "properties": {"Sec-WebSocket-Protocol": {"const": wire.SUBPROTOCOL}}}}},
            }
        },
        "operations": {
            "desk.send": {
                "action": "receive",
                "channel": {"$ref": "#/channels/desk"},
                "messages": [{"$ref": f"#/channels/desk/messages/{frame.__name__}"} for frame in wire.ClientFrame.__args__],
            },
            "gateway.send": {
                "action": "send",
                "channel": {"$ref": "#/channels/desk"},
                "messages": [{"$ref": f"#/channels/desk/messages/{frame.__name__}"} for frame in wire.ServerFrame.__args__],
            },
        },
        "components": {"schemas": {**schemas, **frames}},
        "x-rides-in-frames": {
            "commands": {name: ref for name, ref in shown.items() if REGISTRY[name].kind is Kind.COMMAND},
            "events": {name: ref for name, ref in shown.items() if REGISTRY[name].kind is Kind.FACT},
        },
    }


def _messages_of(topic: Topic) -> dict[str, Any]:
    def carried(spec: TypeSpec) -> bool:
        return spec.topic == topic.value or (spec.topic == "outbound.*" and topic.value.startswith("outbound."))

    return {spec.name: {"$ref": f"#/components/messages/{spec.name}"} for spec in REGISTRY.values() if carried(spec)}


def _message(spec: TypeSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "title": spec.cls.__name__,
        "summary": (spec.cls.__doc__ or "").strip(),
        "contentType": "application/json",
        "headers": _HEADERS,
        "payload": {"$ref": f"#/components/schemas/{spec.cls.__name__}"},
    }
