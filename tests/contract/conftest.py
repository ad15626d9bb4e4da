"""What the suites of the ports say at the end: for each port, how many of its promises each adapter keeps."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

import pytest

_CASE = re.compile(r"tests/contract/(?P<port>\w+)/.*\[(?P<adapter>(?:embedded|memory|kafka)-3|[a-z]+(?:-memory|-file)?)")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    kept: dict[str, Counter[str]] = defaultdict(Counter)
    broken: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome, counts in (("passed", kept), ("failed", broken), ("error", broken), ("skipped", broken)):
        _count(terminalreporter.stats.get(outcome, ()), counts)
    for port in sorted({*kept, *broken}):
        said = ", ".join(f"{adapter} {count}" for adapter, count in sorted(kept[port].items()))
        lacking = ", ".join(f"{adapter} {count}" for adapter, count in sorted(broken[port].items()))
        terminalreporter.write_line(
            f"{'FAIL' if lacking else 'PASS'} {port}: {said}{f'; not kept or not asked: {lacking}' if lacking else ''}"
        )


def _count(reports: Iterable[object], counts: dict[str, Counter[str]]) -> None:
    for report in reports:
        if isinstance(report, pytest.TestReport) and (case := _CASE.search(report.nodeid)) is not None:
            counts[case["port"]][case["adapter"]] += 1
