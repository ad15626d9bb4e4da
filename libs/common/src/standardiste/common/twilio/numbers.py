"""Phone numbers as the rest of Standardiste knows them: E.164 where there is one."""

from __future__ import annotations

from typing import Final

import phonenumbers

ANONYMOUS: Final = frozenset(
    {"anonymous", "restricted", "unavailable", "unknown", "+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253", "+464", "+"}
)
"""What Twilio gives for a caller who withholds the number: words, or the words typed on a keypad."""


def e164(number: str, country: str | None = None) -> str | None:
    """The number in E.164; None when it is none. `country` ("FR") reads national numbers; a valid form is enough, it need not be in use."""
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def is_withheld(number: str) -> bool:
    """Whether the caller withholds his number."""
    return not number.strip() or number.strip().lower() in ANONYMOUS


def country_of(number: str) -> str | None:
    """The country of an E.164 number, e.g. "FR"; None for what is not one (+800 …)."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return None
