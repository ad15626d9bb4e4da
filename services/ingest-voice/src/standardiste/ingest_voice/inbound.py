"""A customer's call: from the provider's form to what the router is handed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from standardiste.common.errors import BadInput
from standardiste.common.twilio.numbers import country_of, e164, is_withheld
from standardiste.common.twilio.webhook import Form

_SID_CHARACTERS_MAX: Final = 64
_CALLER_CHARACTERS_MAX: Final = 64
_NAME_CHARACTERS_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """
    One call, understood. `caller` is E.164, or as it came (a SIP address); who withholds the number is a stranger each time, "anonymous:<sid>", and so not the
    same customer as all others who do. Attributes for the rules: country, is_anonymous, forwarded_from.
    """

    sid: str
    caller: str
    name: str | None
    attributes: Mapping[str, str | int | float | bool]


def understand(form: Form) -> Inbound:
    """Raises BadInput `invalid_field` when the call has no usable id."""
    sid = sid_of(form)
    given = form["From"].strip()
    attributes: dict[str, str | int | float | bool] = {}
    if is_withheld(given):
        caller, attributes["is_anonymous"] = f"anonymous:{sid}", True
    else:
        caller = e164(given) or given[:_CALLER_CHARACTERS_MAX]
        if (country := country_of(caller)) is not None:
            attributes["country"] = country
    if forwarded := e164(form["ForwardedFrom"]):
        attributes["forwarded_from"] = forwarded
    return Inbound(sid=sid, caller=caller, name=form["CallerName"][:_NAME_CHARACTERS_MAX] or None, attributes=attributes)


def sid_of(form: Form) -> str:
    """The provider's id of the leg. Raises BadInput `invalid_field`."""
    sid = form["CallSid"]
    if not sid or len(sid) > _SID_CHARACTERS_MAX:
        raise BadInput("invalid_field", "CallSid is missing or too long", "/CallSid")
    return sid
