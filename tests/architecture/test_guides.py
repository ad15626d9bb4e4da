"""What the guides name is there: metrics, commands of make and of the tool, settings, pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from standardiste.all_in_one.services import SETTINGS
from standardiste.common.metrics import METRICS

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md", *(ROOT / "docs" / "guides").glob("*.md")])
COUNTED = re.compile(r"_(total|bucket|count|sum)$")


@pytest.fixture(params=PAGES, ids=lambda page: page.name)
def text(request: pytest.FixtureRequest) -> str:
    return request.param.read_text()


def test_metrics_are_in_the_list(text: str) -> None:
    known = {metric.name for metric in METRICS}
    named = set(re.findall(r"standardiste_[a-z_]+[a-z]", text)) - {"standardiste_faststream"}
    assert {name for name in named if name not in known and COUNTED.sub("", name) not in known} == set()


def test_make_targets_are_in_the_makefile(text: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", text)) - targets == set()


def test_settings_are_in_the_list(text: str) -> None:
    known = {f"STANDARDISTE_{name.upper()}" for settings in SETTINGS.values() for name in settings.model_fields}
    others = {
        "STANDARDISTE_CONFIG",
        "STANDARDISTE_URL",
        "STANDARDISTE_KEY",
    }  # where the file is; what the command and the guide's examples read
    named = set(re.findall(r"STANDARDISTE_[A-Z_]+[A-Z]", text))
    in_tests = {name for name in named if name in (ROOT / "Makefile").read_text()}
    assert named - known - others - in_tests == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []
