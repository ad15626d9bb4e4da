"""
Two records that are one person, and one record that is two: what each is afterwards. Pure; joining.py reads and writes for it.

Theory. A merge moves addresses, and with them whose the conversations are; the record that goes keeps its id, its name and where it went, so that what
names it still leads somewhere. The one that stays says nothing less than before: its own words win, the other's fill gaps. What the other said is kept in the
join's document, from which a split restores it. An address that moved keeps the name under which its threads are found (`origins`), so a mail that answers
an old one finds its conversation before and after.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from standardiste.common.addresses import customer_key, family_and_address, family_of, normal_address
from standardiste.common.events.base import Instant
from standardiste.common.events.model import CustomerId
from standardiste.customers.externals import externals_of
from standardiste.customers.records import Conversation, Customer

ADDRESSES_MAX: Final = 200
"""How many addresses one record has; who would have more is not one person."""
BEGUN: Final = "begun"
SETTLING: Final = "settling"


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """
    One merge or split, for good. `keys` are the addresses that moved from `gone` to `into`; `before` is `gone` as it was. `stage` is "begun" until
    every document is as it should be, then "settling" for a minute, in which decisions that were on their way may still name the former record.
    """

    id: str
    kind: str
    into: CustomerId
    gone: CustomerId
    keys: tuple[str, ...]
    before: Customer
    at: Instant
    by: str
    why: str = ""
    stage: str | None = None
    format: int = 1


def with_other(into: Customer, gone: Customer, at: Instant) -> Customer:
    """The record that stays, with all that the other had."""
    own, other = into.attributes, gone.attributes
    ids = {**gone.external_ids, **into.external_ids}
    return replace(
        into,
        keys=_joined(into.keys, gone.keys),
        addresses=_joined(into.addresses, gone.addresses),
        name=into.name or gone.name,
        language=into.language or gone.language,
        zone=into.zone or gone.zone,
        labels=_joined(into.labels, gone.labels),
        attributes={**other, **own},
        attributes_at={**{name: at for name, at in gone.attributes_at.items() if name not in own}, **into.attributes_at},
        external_ids=ids,
        externals=externals_of(into.sponsor, ids),
        blocked_keys=_joined(into.blocked_keys, gone.keys if gone.is_blocked else gone.blocked_keys),
        preferred_agent=into.preferred_agent or gone.preferred_agent,
        origins={**into.origins, **{key: gone.origins.get(key, gone.id) for key in gone.keys}},
        created_at=min(into.created_at, gone.created_at),
        updated_at=at,
    )


def merged_away(gone: Customer, into: CustomerId, at: Instant) -> Customer:
    """The record that went: its name, and where it went."""
    return replace(
        gone,
        keys=(),
        addresses=(),
        externals=(),
        external_ids={},
        attributes={},
        attributes_at={},
        labels=(),
        merged_into=into,
        updated_at=at,
    )


def without(customer: Customer, keys: tuple[str, ...], at: Instant) -> Customer:
    """The record without these addresses."""
    gone = {family_and_address(key)[1] for key in keys}
    return replace(
        customer,
        keys=tuple(key for key in customer.keys if key not in keys),
        addresses=tuple(each for each in customer.addresses if each not in gone and _bare(each) not in gone),
        blocked_keys=tuple(key for key in customer.blocked_keys if key not in keys),
        origins={key: id for key, id in customer.origins.items() if key not in keys},
        updated_at=at,
    )


def restored(away: Customer, before: Customer, keys: tuple[str, ...], blocked: tuple[str, ...], at: Instant) -> Customer:
    """A record that comes back from a merge, as it was, with the addresses that are given back to it."""
    return replace(
        before,
        keys=keys,
        addresses=_joined(tuple(each for each in before.addresses if _bare(each) in {family_and_address(key)[1] for key in keys}), ())
        or tuple(family_and_address(key)[1] for key in keys),
        name=away.name,
        blocked_keys=blocked,
        externals=(),
        external_ids={},
        merged_into=None,
        updated_at=at,
    )


def split_off(customer: Customer, id: CustomerId, keys: tuple[str, ...], at: Instant) -> Customer:
    """A new record for some of a customer's addresses; their threads go on under the name they had."""
    return Customer(
        id=id,
        sponsor=customer.sponsor,
        created_at=at,
        updated_at=at,
        keys=keys,
        addresses=tuple(family_and_address(key)[1] for key in keys),
        blocked_keys=tuple(key for key in customer.blocked_keys if key in keys),
        origins={key: customer.origins.get(key, customer.id) for key in keys},
    )


def key_of_conversation(conversation: Conversation, region: str | None) -> str | None:
    """The key of the address that a conversation goes on with."""
    if conversation.address is None:
        return None
    family = family_of(conversation.channel, conversation.channel_name)
    address = normal_address(family, conversation.address, region)
    return None if address is None else customer_key(conversation.scope.sponsor, family, address)


def moves(conversation: Conversation, join: Join, region: str | None) -> bool:
    """Whether a conversation of `gone` goes along: all with a merge; with a split those of the addresses that move, and those that came from there."""
    if join.kind == "merge":
        return True
    return key_of_conversation(conversation, region) in join.keys or conversation.home == join.into


def moved(conversation: Conversation, join: Join) -> Conversation:
    home = conversation.home or join.gone if join.kind == "merge" else None
    return replace(conversation, customer=join.into, home=home)


def _joined(own: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*own, *other)))


def _bare(address: str) -> str:
    return address.strip().lower() if "@" in address else address.strip()
