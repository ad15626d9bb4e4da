"""Addresses of apps that the text providers carry as well: `whatsapp:+33…`, `rcs:brand`. A customer behind one is known by his number, as everywhere."""

from __future__ import annotations

from typing import Final

SCHEMES: Final = ("whatsapp", "rcs")


def scheme_of(address: str) -> str | None:
    """The app that an address belongs to; None for a number."""
    scheme, colon, _ = address.partition(":")
    return scheme if colon and scheme in SCHEMES else None


def bare(address: str) -> str:
    """The address without its app."""
    return address if scheme_of(address) is None else address.partition(":")[2]


def as_of(ours: str, theirs: str) -> str:
    """A customer's number as the app of our address names it."""
    scheme = scheme_of(ours)
    return theirs if scheme is None else f"{scheme}:{theirs}"
