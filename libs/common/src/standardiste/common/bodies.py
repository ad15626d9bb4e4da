"""
JSON bodies of HTTP requests as pydantic models: understood in one pass, refused with a JSON pointer, and described in the OpenAPI document.

For edges that read their body themselves (`body_of`), so that its size is bounded before anything is parsed and a hot path pays for nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from standardiste.common.errors import BadInput

NO_TYPE_FITS: Final = "Input is of none of the types that this field takes"

B = TypeVar("B", bound=BaseModel)


class Strict(BaseModel):
    """The base of request bodies: a number is not a text, and a field that is not known is refused, so that a typing error shows at the first try."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def understood(model: type[B], body: bytes) -> B:
    """The body as a value. Raises BadInput("invalid_field") that points at the first fault."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = first["loc"] if first["type"] == "missing" else _in_body(body, first["loc"])
        what = first["msg"] if len(place) == len(first["loc"]) else NO_TYPE_FITS
        raise BadInput("invalid_field", what, "".join(f"/{_escaped(str(part))}" for part in place)) from None


def request_body(model: type[BaseModel]) -> dict[str, Any]:
    """`openapi_extra` of a path that takes this model: its schema, with its definitions written out where they are used. Models that recur have none."""
    schema = model.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = schema.pop("$defs", {})
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": _written_out(schema, definitions)}}}}


def _in_body(body: bytes, place: Sequence[str | int]) -> Sequence[str | int]:
    """The part of a fault's place that is in the body; behind it pydantic says which member of a union it tried, or that a key is meant."""
    try:
        here: Any = json.loads(body)
    except (ValueError, RecursionError):
        return place
    for depth, part in enumerate(place):
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            return place[:depth]
    return place


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _written_out(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_written_out(each, definitions) for each in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    found = cast("dict[str, Any]", node)
    if "$ref" in found:
        return _written_out(definitions[found["$ref"].rsplit("/", 1)[1]], definitions)
    return {name: _written_out(value, definitions) for name, value in found.items()}
