"""
What a trusted mail server found out about a sender, read from Authentication-Results (RFC 8601). Pure.

Anyone may write the header, so only headers of the server that we were told to trust count: those on top, up to the first of another name, because a server
puts its own on top and takes away what pretends to be its own (RFC 8601, 5). Of each method the topmost word counts.

The sender is authenticated when DMARC passed; or, where DMARC says nothing, when a DKIM signature or SPF passed for the domain in From or a domain above
it. A signature of a domain below counts for nothing: anyone's page host signs for its own name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

_COMMENT: Final = re.compile(r"\([^()]*\)")
_METHOD: Final = re.compile(r"\s*([a-z0-9-]+)\s*(?:/\s*\d+\s*)?=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY: Final = re.compile(r"\b([a-z]+\.[a-z0-9_-]+)\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)
_METHODS_MAX: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One method's word: its result ("pass", "fail", "none" …) and properties ("header.d": "client.example")."""

    result: str
    properties: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the trusted server found. Several DKIM signatures have a word each."""

    dmarc: Result | None = None
    spf: Result | None = None
    dkim: tuple[Result, ...] = ()

    def authenticates(self, from_domain: str) -> bool:
        """Whether the domain of From is proven."""
        domain = from_domain.lower()
        if self.dmarc is not None and self.dmarc.result not in ("none", "temperror", "permerror"):
            return self.dmarc.result == "pass" and self.dmarc.properties.get("header.from", domain).lower() == domain
        proven = [_domain(each.properties, "header.d", "header.i") for each in self.dkim if each.result == "pass"]
        if self.spf is not None and self.spf.result == "pass":
            proven.append(_domain(self.spf.properties, "smtp.mailfrom"))
        return any(covers(each, domain) for each in proven)

    def attributes(self) -> dict[str, str]:
        """The words for routing rules."""
        said = {
            "mail_dmarc": self.dmarc.result if self.dmarc is not None else "",
            "mail_spf": self.spf.result if self.spf is not None else "",
            "mail_dkim": "pass" if any(each.result == "pass" for each in self.dkim) else self.dkim[0].result if self.dkim else "",
        }
        return {name: result for name, result in said.items() if result}


def findings(headers: Sequence[str], trusted: str) -> Findings:
    """What the trusted server says in the header values, topmost first. Nothing when it is named "" or says nothing."""
    dmarc: Result | None = None
    spf: Result | None = None
    dkim: tuple[Result, ...] = ()
    for header in headers:
        name, _, said = _COMMENT.sub(" ", header).partition(";")
        if not trusted or (name.split() or [""])[0].lower() != trusted.lower():
            break
        methods = _methods(said)
        dmarc = dmarc or next((result for method, result in methods if method == "dmarc"), None)
        spf = spf or next((result for method, result in methods if method == "spf"), None)
        dkim = dkim or tuple(result for method, result in methods if method == "dkim")
    return Findings(dmarc=dmarc, spf=spf, dkim=dkim)


def covers(proven: str, from_domain: str) -> bool:
    """Whether a proven domain speaks for the one in From: the same, or one above it that is no top-level domain."""
    return proven == from_domain or ("." in proven and from_domain.endswith(f".{proven}"))


def _methods(said: str) -> list[tuple[str, Result]]:
    found: list[tuple[str, Result]] = []
    for piece in said.split(";")[:_METHODS_MAX]:
        method = _METHOD.match(piece)
        if method is not None:
            properties = {name.lower(): value for name, value in _PROPERTY.findall(piece)}
            found.append((method[1].lower(), Result(result=method[2].lower(), properties=properties)))
    return found


def _domain(properties: Mapping[str, str], *names: str) -> str:
    value = next((properties[name] for name in names if name in properties), "")
    return value.rpartition("@")[2].lower().rstrip(".")
