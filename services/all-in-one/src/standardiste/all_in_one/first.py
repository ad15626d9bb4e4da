"""The first start of a folder: a tenant and somebody who can sign in. A later start changes nothing."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from standardiste.common.bus.mark import Markable
from standardiste.common.parts import Parts
from standardiste.directory.bootstrap import FirstLogin, bootstrap

ADMIN = "admin"
PLAIN_DOCUMENT = """\
format: 1
tenant: {name: Standardiste}
person:
  admin:
    name: Admin
    profile: main
    rights: [{role: administrator}, {role: agent, scope: self}]
"""


@dataclass(frozen=True, slots=True)
class FirstAdministrator:
    """The name and the password that is shown this once."""

    name: str
    password: str


async def begin(parts: Parts, document: str | bytes | None) -> FirstAdministrator | None:
    """
    Set a fresh folder up from this document, or a plain one. Without logins in the document an administrator with a minted password is made.

    None when it was set up before, or when the document names its own logins. Raises ConfigurationRefused with lines, AnotherInstallation.
    """
    if isinstance(parts.bus, Markable):
        await parts.bus.mark()
    if document is not None:
        await bootstrap(parts, document)
        return None
    admin = FirstAdministrator(ADMIN, secrets.token_urlsafe(12))
    login = FirstLogin(name=admin.name, password=admin.password, person=ADMIN, is_platform_administrator=True)
    return admin if await bootstrap(parts, PLAIN_DOCUMENT, [login]) is not None else None


def read_document(path: Path | None) -> bytes | None:
    """The configuration that the command line names."""
    return None if path is None else path.read_bytes()
