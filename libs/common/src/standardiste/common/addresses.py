"""
Which addresses are one: the key under which a customer is found by channel and address, in the ledger and in `customers`. Pure.

Channels that reach the same device share a family: a voice call, a text message and a callback are one telephone. E-mail is its own family, chat visitors
theirs, and each open channel of an integrator has its own, by its name. A key is unique within a sponsor: whose customers they are is a wall.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

import phonenumbers

from standardiste.common.events.model import Channel, ConversationId
from standardiste.common.ids import keyed_id

PHONE: Final = "phone"
EMAIL: Final = "email"
CHAT: Final = "chat"
KEY_BYTES_MAX: Final = 512
"""A longer address is no address; it is kept as its hash so that it still finds its customer."""

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_SPACE: Final = re.compile(r"\s+")
_WITHHELD: Final = frozenset(
    {"", "anonymous", "unknown", "restricted", "private", "unavailable", "+266696687", "+7378742833", "+2562533", "+8656696"}
)
"""What networks put in place of a number that is not told; the numbers spell ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN on a keypad."""


def family_of(channel: Channel, channel_name: str) -> str:
    """Addresses are comparable within a family and nowhere else."""
    match channel:
        case Channel.VOICE | Channel.SMS | Channel.CALLBACK:
            return PHONE
        case Channel.EMAIL:
            return EMAIL
        case Channel.CHAT:
            return CHAT
        case Channel.SOCIAL | Channel.OTHER:
            return f"{channel.value}.{_SPACE.sub('-', channel_name.strip().casefold())}"


def normal_address(family: str, address: str, region: str | None = None) -> str | None:
    """
    The address as it is compared; None when it says nobody (a withheld number).

    Ways in hand addresses in normalised already; this holds for those that cannot (an integrator's). `region` (ISO 3166) reads national numbers.
    """
    text = _SPACE.sub(" ", address.strip())
    if family == PHONE:
        return _phone(text, region)
    if family == EMAIL:
        return text.lower() or None
    return text or None


def customer_key(sponsor: str, family: str, address: str) -> str:
    """What the unique index holds: `sponsor/family:address`."""
    key = f"{sponsor}/{family}:{address}"
    if len(key.encode("utf-8", "replace")) <= KEY_BYTES_MAX:
        return key
    return f"{sponsor}/{family}:sha256-{hashlib.sha256(address.encode('utf-8', 'replace')).hexdigest()}"


def family_and_address(key: str) -> tuple[str, str]:
    """The parts of a key that a reader is shown."""
    family, _, address = key.partition("/")[2].partition(":")
    return family, address


def is_number(address: str) -> bool:
    """Whether a compared address is a telephone number that can exist."""
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(address))
    except phonenumbers.NumberParseException:
        return False


def text_conversation(key: bytes, ours: str, theirs: str) -> ConversationId:
    """The one conversation of two numbers, named without naming them; `key` is the tenant's for conversations."""
    return ConversationId(keyed_id(key, "sms", ours, theirs))


def _phone(text: str, region: str | None) -> str | None:
    if text.lower() in _WITHHELD:
        return None
    if _E164.fullmatch(text):
        return text
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return text.lower()  # a SIP address, a short code, an alphanumeric sender
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
