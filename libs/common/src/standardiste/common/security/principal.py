"""Who is asking: a person signed in for one tenant, or a program with an API key. It always comes from the credential."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from standardiste.common.events.base import Instant
from standardiste.common.events.directory import RightGrant

INSTALLATION: Final = "_installation"
"""The tenant name under which the store keeps what belongs to the installation itself: logins, the relay's lease, its own audit record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """
    A person or an API key, for one tenant. `id` is the person's or the key's id in the directory; `login` the login that signed in.

    `rights` are a person's roles over scopes; `scopes` the acts an API key is limited to. `sponsor` narrows an API key to one sponsor.
    """

    tenant: str
    id: str
    kind: Literal["person", "api_key"] = "person"
    name: str = ""
    language: str = "en"
    rights: tuple[RightGrant, ...] = ()
    scopes: tuple[str, ...] = ()
    expires_at: Instant | None = None
    zone: str | None = None
    login: str | None = None
    sponsor: str | None = None

    @property
    def who(self) -> str:
        """As the audit record and change sets name it."""
        return f"{self.kind}:{self.id}"
