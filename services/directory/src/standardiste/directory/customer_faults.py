"""What is wrong with the entities about customers: attributes that contradict themselves, roles that do not exist, addresses outside that are none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from standardiste.common.attributes import fits
from standardiste.common.events.directory import Entity
from standardiste.common.events.directory_customers import Crm, CustomerAttribute
from standardiste.common.security.rights import ROLES
from standardiste.directory.faults import Fault, fault

URL_CHARACTERS_MAX: Final = 2_000


def faults_of(entity: Entity, pointer: str) -> Iterator[Fault]:
    """The faults of an attribute or a CRM; none of anything else."""
    match entity:
        case CustomerAttribute():
            yield from _faults_of_attribute(entity, pointer)
        case Crm():
            for name in ("lookup_url", "hook_url"):
                url = getattr(entity, name)
                if url is not None and not _is_url(url):
                    yield fault("bad_url", f"{pointer}/{name}")
        case _:
            pass


def _faults_of_attribute(attribute: CustomerAttribute, pointer: str) -> Iterator[Fault]:
    if (attribute.type == "choice") != bool(attribute.choices):
        yield fault("choices_unfit", f"{pointer}/choices")
    if attribute.default is not None and not fits(attribute, attribute.default):
        yield fault("default_unfit", f"{pointer}/default", type=attribute.type)
    for name in ("seen_by", "edited_by"):
        unknown = [role for role in getattr(attribute, name) if role not in ROLES]
        yield from (fault("unknown_role", f"{pointer}/{name}", name=role, known=", ".join(ROLES)) for role in unknown)


def _is_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and len(url) <= URL_CHARACTERS_MAX and url.isprintable()
