"""Every dependency says in docs/dependencies.md why it was chosen."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "dependencies.md").read_text().lower()


def python_dependencies() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "pyproject.toml", *ROOT.glob("libs/*/pyproject.toml"), *ROOT.glob("services/*/pyproject.toml")):
        project = tomllib.loads(path.read_text())
        groups = [
            project["project"].get("dependencies", []),
            *project["project"].get("optional-dependencies", {}).values(),
            *project.get("dependency-groups", {}).values(),
        ]
        found |= {re.split(r"[\[<>=~! ;]", line, maxsplit=1)[0].lower() for group in groups for line in group}
    return {name for name in found if not name.startswith("standardiste")}


def web_dependencies() -> set[str]:
    found: set[str] = set()
    for path in ROOT.glob("services/*/web/package.json"):
        package = json.loads(path.read_text())
        found |= set(package.get("dependencies", {})) | set(package.get("devDependencies", {}))
    return found


def test_every_dependency_is_explained() -> None:
    assert sorted(name for name in python_dependencies() | web_dependencies() if name not in PAGE) == []
