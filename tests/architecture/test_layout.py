"""The shape of the house: who may import whom, and what the engine may not know."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = sorted(path.parent.name for path in ROOT.glob("services/*/src/standardiste/*/__init__.py"))
ENGINE = ROOT / "services/router/src/standardiste/router/engine"
POLICIES = ROOT / "services/router/src/standardiste/router/policies"
EVENTS_FOR_THE_ENGINE = {"contact_facts", "base", "model", "inputs", "commands", "decisions", "outbound", "directory", "refusals"}
STANDARD_LIBRARY_OF_THE_ENGINE = {
    "__future__", "abc", "bisect", "collections", "collections.abc", "dataclasses", "enum", "functools", "hashlib", "heapq", "itertools", "math", "operator", "types", "typing", "zoneinfo", "datetime",
}  # fmt: skip


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def sources(service: str) -> list[Path]:
    return sorted(ROOT.glob(f"services/*/src/standardiste/{service}/**/*.py"))


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "all_in_one"])
def test_no_service_imports_another(service: str) -> None:
    others = tuple(f"standardiste.{other}" for other in SERVICES if other != service)
    guilty = [(path.name, name) for path in sources(service) for name in imports(path) if name.startswith(others)]
    assert guilty == []


def test_common_imports_no_service() -> None:
    services = tuple(f"standardiste.{service}" for service in SERVICES)
    guilty = [(str(path), name) for path in ROOT.glob("libs/common/src/**/*.py") for name in imports(path) if name.startswith(services)]
    assert guilty == []


def engine_files() -> list[Path]:
    return sorted([*ENGINE.rglob("*.py"), *POLICIES.rglob("*.py")])


@pytest.mark.parametrize("path", engine_files(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_engine_imports_only_the_standard_library_and_the_event_types(path: Path) -> None:
    for name in imports(path):
        if name.startswith(("standardiste.router.engine", "standardiste.router.policies")):
            continue
        if name.startswith("standardiste.common.events."):
            assert name.split(".")[3] in EVENTS_FOR_THE_ENGINE, name
            continue
        assert (
            name == "standardiste.common.events"
            or name in STANDARD_LIBRARY_OF_THE_ENGINE
            or name.rsplit(".", 1)[0] in STANDARD_LIBRARY_OF_THE_ENGINE
        ), name


@pytest.mark.parametrize("path", engine_files(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_engine_has_no_async(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith)]


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "all_in_one"])
def test_every_service_has_the_same_files(service: str) -> None:
    folder = sources(service)[0].parent
    assert {"__main__.py", "app.py", "settings.py"} <= {path.name for path in folder.glob("*.py")}
    readme = (folder.parents[2] / "README.md").read_text()
    assert "promise" in readme.lower(), "its README says what it promises"
