"""The pages of what is a table in code: HTTP paths, problems, metrics, settings."""

from __future__ import annotations

from pydantic_settings import BaseSettings

from standardiste.all_in_one.services import SETTINGS
from standardiste.common.api import ROUTES
from standardiste.common.metrics import METRICS
from standardiste.common.problems import PROBLEMS
from standardiste.common.settings import CommonSettings


def paths_page() -> str:
    """Every public path, by service."""
    lines = _head("HTTP paths", "libs/common/src/standardiste/common/api.py")
    lines += [
        "How they all behave: [api.md](api.md). Paths marked ○ want no credential of ours (a provider's signature, a visitor's token, or none).",
        "",
    ]
    for service in dict.fromkeys(route.service for route in ROUTES):
        lines += [f"## {service}", "", "| path | what | answers | problems |", "|---|---|---|---|"]
        for route in ROUTES:
            if route.service == service:
                problems = ", ".join(f"[{name}](problems.md#{name})" for name in route.problems)
                answers = ", ".join(str(status) for status in route.statuses)
                lines.append(f"| {'○ ' if route.is_open else ''}`{route.method} {route.path}` | {route.what} | {answers} | {problems} |")
        lines.append("")
    return "\n".join(lines)


def problems_page() -> str:
    """Every problem type, in English; each is served in both languages at /problems/<name>."""
    lines = _head("Problems", "libs/common/src/standardiste/common/problems.py")
    lines += ["`type` of an error is `/problems/<name>`; that address shows the same in English and French.", ""]
    for problem in PROBLEMS.values():
        lines += [f"## {problem.name}", "", f"{problem.status}: {problem.title['en']} {problem.what_to_do['en']}", ""]
    return "\n".join(lines)


def metrics_page() -> str:
    lines = _head("Metrics", "libs/common/src/standardiste/common/metrics.py")
    lines += ["| metric | kind, unit | labels | what | when it rises |", "|---|---|---|---|---|"]
    lines += [
        f"| `{each.name}` | {each.kind}, {each.unit} | {', '.join(each.labels)} | {each.what} | {each.when_it_rises} |" for each in METRICS
    ]
    return "\n".join([*lines, ""])


def settings_page() -> str:
    """The settings every service has, then each service's own."""
    lines = _head("Settings", "the settings classes")
    lines += [
        "From the environment (`STANDARDISTE_<NAME>`) or a TOML file named by `STANDARDISTE_CONFIG`; the environment wins. Secrets come from the secrets folder, see each service's README.",
        "",
    ]
    lines += ["## Every service", "", *_fields(CommonSettings, set())]
    for service, settings in SETTINGS.items():
        own = _fields(settings, set(CommonSettings.model_fields))
        if len(own) > 2:
            lines += ["", f"## {service}", "", *own]
    return "\n".join([*lines, ""])


def _head(title: str, source: str) -> list[str]:
    return [f"# {title}", "", f"Generated from `{source}` by `make reference`.", ""]


def _fields(settings: type[BaseSettings], without: set[str]) -> list[str]:
    rows = [
        f"| `STANDARDISTE_{name.upper()}` | {_default(field.default)} | {field.description or ''} |"
        for name, field in settings.model_fields.items()
        if name not in without
    ]
    return ["| setting | default | what |", "|---|---|---|", *rows]


def _default(default: object) -> str:
    return "" if default in (None, "", ()) else f"`{default}`"
