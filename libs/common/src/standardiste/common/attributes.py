"""Declared attributes of customers: which values they take, who sees and edits them, what of them the router is told. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from standardiste.common.events.directory_customers import CustomerAttribute
from standardiste.common.events.model import Attributes
from standardiste.common.security.principal import Principal

Value = str | int | float | bool


def fits(attribute: CustomerAttribute, value: Value) -> bool:
    """Whether a value is of the attribute's type."""
    match attribute.type:
        case "flag":
            return isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "choice":
            return value in attribute.choices
        case "date":
            return isinstance(value, str) and _is_date(value)
        case "text":
            return isinstance(value, str)


def may_see(who: Principal, attribute: CustomerAttribute) -> bool:
    """Whether this reader of the record is shown the attribute. A program is trusted with what its scopes open."""
    return _has_role(who, attribute.seen_by)


def may_edit(who: Principal, attribute: CustomerAttribute) -> bool:
    """Whether this writer of the record may set the attribute; who may not see it may not."""
    return may_see(who, attribute) and _has_role(who, attribute.edited_by)


def is_told(attribute: CustomerAttribute) -> bool:
    """Whether rules and desks are told of it at a contact: nothing special, nothing that some roles only may see."""
    return attribute.category != "special" and not attribute.seen_by


def told(declared: Iterable[CustomerAttribute], values: Attributes) -> Attributes:
    """What the router is told of a customer's attributes: those it may know, with the defaults of declared ones that he has no value for."""
    found: dict[str, Value] = dict(values)
    for attribute in declared:
        if not is_told(attribute):
            found.pop(attribute.id, None)
        elif attribute.default is not None and attribute.id not in found:
            found[attribute.id] = attribute.default
    return found


def seen(who: Principal, declared: Mapping[str, CustomerAttribute], values: Mapping[str, object]) -> dict[str, object]:
    """The attributes that this reader is shown."""
    return {name: value for name, value in values.items() if name not in declared or may_see(who, declared[name])}


def _has_role(who: Principal, roles: tuple[str, ...]) -> bool:
    return not roles or who.kind == "api_key" or any(right.role in roles for right in who.rights)


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
