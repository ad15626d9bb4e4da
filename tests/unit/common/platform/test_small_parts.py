"""Settings, log, metrics, traces: the small parts that every service leans on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from standardiste.common import log, metrics, tracing
from standardiste.common.settings import CommonSettings


def test_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "standardiste.toml"
    file.write_text('port = 1234\nhost = "0.0.0.0"\nemail_smtp_listen = "another service\'s"\n')
    monkeypatch.setenv("STANDARDISTE_CONFIG", str(file))
    monkeypatch.setenv("STANDARDISTE_PORT", "5678")
    settings = CommonSettings()
    assert (settings.host, settings.port, settings.url) == ("0.0.0.0", 5678, "http://0.0.0.0:5678")


def test_public_url_wins_over_host_and_port() -> None:
    assert CommonSettings(public_url="https://desk.example/").http.public_url == "https://desk.example"


def test_lines_are_json_with_trace_and_without_what_people_wrote(capsys: pytest.CaptureFixture[str]) -> None:
    traceparent = tracing.new_traceparent()
    with tracing.child_of(traceparent, "test"):
        log.logger("ingest-email").info("contact_accepted", contact="c1", text="Bonjour", address="a@b.example")
    line = json.loads(capsys.readouterr().err)
    expected = {"event": "contact_accepted", "service": "ingest-email", "contact": "c1", "text": "[withheld]", "address": "[withheld]"}
    assert {name: line[name] for name in expected} == expected
    assert line["trace"] == traceparent.split("-")[1]


def test_unknown_metric_fails_where_it_is_looked_up() -> None:
    with pytest.raises(KeyError):
        metrics.counter("standardiste_no_such_total")


@pytest.mark.parametrize("metric", metrics.METRICS, ids=lambda metric: metric.name)
def test_every_metric_says_what_to_do_when_it_rises(metric: metrics.Metric) -> None:
    assert metric.name.startswith("standardiste_")
    assert metric.when_it_rises.endswith(".")
    assert (metric.kind == "counter") == metric.name.endswith("_total")


def test_metric_names_are_unique() -> None:
    assert len({metric.name for metric in metrics.METRICS}) == len(metrics.METRICS)


def test_traceparent_is_kept_within_and_dropped_after() -> None:
    given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with tracing.child_of(given, "step") as own:
        assert tracing.current_traceparent() == own
        assert own.split("-")[1] == given.split("-")[1]
    assert tracing.current_traceparent() is None


@pytest.mark.parametrize(
    "header",
    [None, "", "00-abc", "00-" + "0" * 32 + "-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01", "x" * 4096],
)
def test_what_is_no_traceparent_begins_a_new_trace(header: str | None) -> None:
    assert tracing.accepted_traceparent(header) is None


def test_spans_are_children_where_an_exporter_is_set() -> None:
    exporter, given = InMemorySpanExporter(), tracing.new_traceparent()
    provider = tracing.configure("test", None, exporter)
    try:
        with tracing.child_of(given, "outer", "server") as outer, tracing.child_of(outer, "inner"):
            pass
    finally:
        assert provider is not None
        provider.force_flush()
        tracing.configure("test", None)
    inner, outer_span = exporter.get_finished_spans()
    assert inner.parent is not None
    assert outer_span.parent is not None
    assert inner.parent.span_id == outer_span.context.span_id
    assert f"{outer_span.parent.span_id:016x}" == given.split("-")[2]


def test_without_an_exporter_the_sdk_is_not_even_loaded() -> None:
    code = "import standardiste.common.service, sys; print('opentelemetry.sdk.trace' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
