"""On the wire, absent means None: whatever may be None can be left out."""

from __future__ import annotations

import dataclasses
from importlib import import_module

import pytest

MODULES = ("inputs", "commands", "decisions", "outbound", "directory", "model", "wire")


@pytest.mark.parametrize("module", MODULES)
def test_what_may_be_none_may_be_absent(module: str) -> None:
    found = import_module(f"standardiste.common.events.{module}")
    demanded = [
        f"{name}.{field.name}"
        for name, cls in vars(found).items()
        if dataclasses.is_dataclass(cls) and isinstance(cls, type)
        for field in dataclasses.fields(cls)
        if "None" in str(field.type) and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    assert demanded == []
