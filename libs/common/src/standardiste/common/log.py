"""
The log: one JSON object a line, an event name and fields. `log = logger("ingest-email")`, then `log.info("contact_accepted", contact=…)`.

Customer text, addresses and numbers stay out: fields with the names such things have are replaced before anything is written. Every line carries the trace id that is current.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final, cast

from standardiste.common.lean import without
from standardiste.common.tracing import current_traceparent

with without("rich"):  # colours for a terminal
    import structlog

WITHHELD: Final = "[withheld]"
WITHHELD_FIELDS: Final = frozenset(
    {"text", "subject", "body", "html", "content", "address", "from_address", "to_address", "phone", "number", "email", "password", "token"}
)
LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def logger(service: str) -> structlog.stdlib.BoundLogger:
    """The log of one service or part."""
    return cast("structlog.stdlib.BoundLogger", structlog.get_logger(service=service))


def configure(level: str = "info") -> None:
    """Write lines from this level on to standard error, those of the libraries (uvicorn, asyncio …) included. Repeatable."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _withhold,
            _trace,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=_StandardError,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [Forward()]
    root.setLevel(max(LEVELS[level], logging.WARNING))


class _StandardError:
    """Writes to what standard error is at that moment."""

    def __init__(self, *args: object) -> None:
        pass

    def msg(self, message: str) -> None:
        sys.stderr.write(message + "\n")

    debug = info = warning = error = critical = exception = msg


class Forward(logging.Handler):
    """What libraries log by the standard library, as lines of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        level = logging.getLevelName(record.levelno).lower()
        write = getattr(logger(record.name), level if level in LEVELS else "error")
        write("library_message", message=record.getMessage(), exc_info=record.exc_info or None)


def _withhold(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in WITHHELD_FIELDS & fields.keys():
        fields[name] = WITHHELD
    return fields


def _trace(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    traceparent = current_traceparent()
    if traceparent is not None:
        fields["trace"] = traceparent[3:35]
    return fields


configure()
