"""Our own addresses: how each channel writes them, and that one is set up once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from standardiste.common.events.directory import ChannelAddress, Entity
from standardiste.common.events.model import Channel
from standardiste.directory.faults import Fault, fault
from standardiste.directory.kinds import Entities, in_order

ADDRESS_CHARACTERS_MAX: Final = 254
_MAIL: Final = re.compile(r"[^@\s<>\"]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)*")
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{5,14}")
_OF_AN_APP: Final = re.compile(r"whatsapp:\+[1-9][0-9]{5,14}|rcs:[A-Za-z0-9_.-]{1,100}")
"""What text providers carry beside texts."""
_SHORT_NUMBER: Final = re.compile(r"[0-9]{3,8}")


def normalised(entity: Entity) -> Entity:
    """The entity with its address as messages bring it: mail in lower case, numbers without spaces and punctuation."""
    if not isinstance(entity, ChannelAddress):
        return entity
    address = entity.address.strip()
    if entity.channel is Channel.EMAIL:
        address = address.lower()
    elif entity.channel in (Channel.VOICE, Channel.SMS):
        address = re.sub(r"[\s().-]", "", address)
    return replace(entity, address=address)


def faults_of(entity: ChannelAddress, pointer: str) -> Iterator[Fault]:
    """What is wrong with how the address is written."""
    address = entity.address
    if not address or len(address) > ADDRESS_CHARACTERS_MAX or any(character.isspace() for character in address):
        yield fault("empty", pointer)
    elif entity.channel is Channel.EMAIL:
        if not _MAIL.fullmatch(address):
            yield fault("bad_mail_address", pointer, address=address)
    elif entity.channel in (Channel.VOICE, Channel.SMS):
        is_short = entity.channel is Channel.SMS and _SHORT_NUMBER.fullmatch(address)
        is_of_an_app = entity.channel is Channel.SMS and _OF_AN_APP.fullmatch(address)
        if not is_short and not is_of_an_app and not _NUMBER.fullmatch(address):
            yield fault("bad_number", pointer, address=address)


def twice(live: Entities) -> list[Fault]:
    """A fault for each address that stands twice on its channel."""
    seen: set[tuple[Channel, str]] = set()
    found: list[Fault] = []
    for key in in_order(live):
        entity = live[key]
        if isinstance(entity, ChannelAddress):
            if (entity.channel, entity.address) in seen:
                found.append(taken(entity, "here"))
            seen.add((entity.channel, entity.address))
    return found


def taken(entity: ChannelAddress, where: str) -> Fault:
    """The fault of an address that somebody has: `here` in this tenant, `elsewhere` in another."""
    pointer = f"/channel-address/{entity.id}/address"
    return fault("address_taken", pointer, channel=str(entity.channel), address=entity.address, where=where)
