"""What all tests share: real parts that may be missing, and the figures a run prints."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAIL_CORPUS = ROOT / "build" / "mail-corpus"

PARTS = {
    "chromium": lambda: shutil.which("chromium") is not None,
    "dovecot": lambda: Path("/usr/sbin/dovecot").exists(),
    "mail-corpus": MAIL_CORPUS.is_dir,
    "kafka": lambda: (ROOT / "build" / "kafka" / ".complete").exists() and shutil.which("java") is not None,
    "mongodb": lambda: (ROOT / "build" / "mongodb" / "mongod").exists(),
}

_FIGURES: dict[str, dict[str, object]] = {}


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for part in mark.args:
            if not PARTS[part]():
                said = f"{part} is not installed here: `make parts` installs it (as root, on Debian)"
                if os.environ.get("CI") == "true":
                    pytest.fail(said)
                pytest.skip(said)


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Iterator[dict[str, object]]:
    """Figures that the run prints at its end, beside PASS or FAIL."""
    yield _FIGURES.setdefault(request.node.nodeid, {})


@pytest.fixture(scope="session")
def mail_corpus() -> Path:
    """The folder of real mail that `make parts` unpacks."""
    return MAIL_CORPUS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _FIGURES:
        return
    failed = {report.nodeid for key in ("failed", "error") for report in terminalreporter.stats.get(key, [])}
    terminalreporter.section("figures")
    for test, figures in _FIGURES.items():
        said = ", ".join(f"{name} {value}" for name, value in figures.items())
        terminalreporter.write_line(f"{'FAIL' if test in failed else 'PASS'} {test.rsplit('::', 1)[-1]}: {said}")
