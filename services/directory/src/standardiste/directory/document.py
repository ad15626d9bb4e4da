"""
The whole configuration as one document: what people read, keep in their repository and apply.

    format: 1
    tenant: {name: Exemple SA, zone: Europe/Paris}
    skill:
      billing: {name: {en: Billing, fr: Facturation}}
    queue:
      invoices:
        skills: {billing: 3}

Kinds in one order, ids sorted, fields as declared, defaults left out. What a fresh tenant has is there without being written; it can be changed under its id, or archived with
`is_archived: true`. Everything else that is not written is archived when the document is applied. API keys, logins and secrets are in no document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import yaml

from standardiste.common.events.directory import Entity
from standardiste.directory.defaults import defaults
from standardiste.directory.faults import ConfigurationRefused, Fault, fault
from standardiste.directory.kinds import IN_DOCUMENT, TENANT, Entities, Key, in_order
from standardiste.directory.plain import entity_of, plain_of
from standardiste.directory.yaml_text import Read, plain_value, read

FORMAT: Final = 1
WIDTH: Final = 120
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


@dataclass(frozen=True, slots=True)
class Document:
    """What a document wants: every entity that is to be, and where each was written. `logins` is for a fresh installation only."""

    wanted: Entities
    source: Read
    logins: Mapping[str, Any]

    def placed(self, one: Fault) -> Fault:
        return self.source.placed(one)


def parse(text: str | bytes, tenant: str, *, may_name_logins: bool = False) -> Document:
    """What a document says for this tenant. Raises ConfigurationRefused with every fault and its line."""
    source = read(text)
    if not isinstance(source.value, dict | None):
        raise ConfigurationRefused([source.placed(fault("not_a_map"))])
    said = dict(cast("dict[str, Any]", source.value or {}))
    logins = said.pop("logins", None) if may_name_logins else None
    faults = _faults_of_format(said.pop("format", FORMAT)) + _faults_of_kinds(said)
    wanted = dict(defaults(tenant))
    for kind in IN_DOCUMENT:
        _take_kind(kind, said.get(kind), tenant, wanted, faults)
    if faults:
        raise ConfigurationRefused([source.placed(each) for each in faults])
    return Document(wanted, source, cast("Mapping[str, Any]", logins or {}))


def render(entities: Entities, tenant: str) -> str:
    """The document of these entities: applying it to them changes nothing."""
    sections = {name: _Section(each) if name in IN_DOCUMENT and name != TENANT else each for name, each in plain(entities, tenant).items()}
    return yaml.dump(sections, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)


def plain(entities: Entities, tenant: str) -> dict[str, Any]:
    """The document as values, for JSON."""
    base = defaults(tenant)
    found: dict[str, Any] = {"format": FORMAT}
    for key in in_order({**base, **entities}):
        entity = entities.get(key)
        is_gone = entity is None or entity.is_archived
        if key.kind not in IN_DOCUMENT or (is_gone and key not in base):
            continue
        written = {"is_archived": True} if entity is None or entity.is_archived else plain_of(entity, base.get(key))
        if key.kind == TENANT:
            found[TENANT] = written
        elif written or key not in base:
            found.setdefault(key.kind, {})[key.id] = written
    return found


def _take_kind(kind: str, said: Any, tenant: str, wanted: dict[Key, Entity], faults: list[Fault]) -> None:
    if kind == TENANT:
        said = {tenant: said}
    if said is None:
        return
    if not isinstance(said, dict):
        faults.append(fault("not_a_map", f"/{kind}"))
        return
    for id, written in cast("dict[str, object]", said).items():
        key = Key(kind, id)
        pointer = f"/{kind}" if kind == TENANT else f"/{kind}/{id}"
        if _is_archived(written) and kind != TENANT:
            wanted.pop(key, None)
            continue
        try:
            wanted[key] = entity_of(key, written, defaults(tenant).get(key), pointer)
        except ConfigurationRefused as refused:
            faults += refused.faults


def _is_archived(written: object) -> bool:
    return isinstance(written, dict) and cast("dict[str, Any]", written).get("is_archived") is True


def _faults_of_format(found: object) -> list[Fault]:
    if found in range(1, FORMAT + 1):
        return list[Fault]()
    return [fault("format_too_new", "/format", found=found, known=FORMAT)]


def _faults_of_kinds(said: dict[str, Any]) -> list[Fault]:
    known = ", ".join(IN_DOCUMENT)
    return [
        fault("not_in_document", f"/{name}", name=name)
        if name in ("api-key", "logins")
        else fault("unknown_kind", f"/{name}", name=name, known=known)
        for name in said
        if name not in IN_DOCUMENT
    ]


def without_sets(entities: Entities) -> dict[Key, Entity]:
    """The entities as a document knows them: live, of the kinds it has, without change sets."""
    return {
        key: replace(cast(Any, entity), change_set=0)
        for key, entity in entities.items()
        if key.kind in IN_DOCUMENT and not entity.is_archived
    }


class _Section(dict[str, Any]):
    """The entities of a kind: each on a line of its own."""


class _Dumper(yaml.SafeDumper):
    """Lists and maps of plain values on one line, everything else on lines of its own; never an anchor."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_data(self, data: Any) -> yaml.Node:
        node = super().represent_data(data)
        if isinstance(node, yaml.CollectionNode):
            node.flow_style = not isinstance(data, _Section) and _is_short(data)
        return node


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    """Characters that YAML takes for line breaks, or that nobody can see, are escaped; what our reader would take for a number is quoted."""
    looks_like_text = isinstance(plain_value(text), str)
    style = '"' if _UNSEEN.search(text) else None if looks_like_text else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(_Section, yaml.SafeDumper.represent_dict)
_Dumper.add_representer(str, _represent_text)


def _is_short(data: Any) -> bool:
    """Whether a collection holds plain values (or one level of such) of little length."""
    if len(str(data)) > WIDTH - 30:
        return not data
    return all(
        not isinstance(each, dict | list) or not any(isinstance(part, dict | list) for part in _parts(each)) for each in _parts(data)
    )


def _parts(data: Any) -> list[object]:
    return list(cast("dict[str, object]", data).values()) if isinstance(data, dict) else cast("list[object]", data)
