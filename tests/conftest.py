"""What all tests share: real parts that may be missing, and the figures a run prints."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from standardiste.common.testing.servers import Server, kafka_server, mongo_server

ROOT = Path(__file__).parent.parent
MAIL_CORPUS = ROOT / "build" / "mail-corpus"

PARTS = {
    "chromium": lambda: shutil.which("chromium") is not None,
    "clamd": lambda: Path("/usr/sbin/clamd").exists(),
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
def figures(request: pytest.FixtureRequest) -> dict[str, object]:
    """Figures that the run prints at its end, beside PASS or FAIL."""
    return _FIGURES.setdefault(request.node.nodeid, {})


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


@pytest.fixture(scope="session")
def mongodb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real MongoDB that runs as long as the tests do."""
    yield from _serving(mongo_server, tmp_path_factory.mktemp("mongodb"))


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Kafka that runs as long as the tests do."""
    yield from _serving(kafka_server, tmp_path_factory.mktemp("kafka"))


def _serving(make: Callable[[Path, Path], Coroutine[None, None, Server]], folder: Path) -> Iterator[str]:
    """In a thread of its own, since the tests' loops come and go."""
    with ThreadPoolExecutor(1) as thread, asyncio.Runner() as runner:
        server = thread.submit(runner.run, make(ROOT / "build", folder)).result()
        thread.submit(runner.run, server.start()).result()
        yield server.address
        thread.submit(runner.run, server.stop()).result()
