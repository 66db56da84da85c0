"""The log of both processes: one JSON line an event on stdout, with an id and without anything that opens a door or names a person."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

#: What is taken out of every text that is logged: codes and tokens, queries, parameters of a statement, addresses of people.
REDACTIONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\[parameters: .*"), "[parameters: …]"),
    (re.compile(r"(?i)\b(code|token|state|nonce|key|secret|password|signature|authorization|cookie)(=|: ?|%3D)[^\s&\"',;)]+"), r"\1\2…"),
    (re.compile(r"(?i)\b(bearer|basic) [\w.~+/=-]{8,}"), r"\1 …"),
    (re.compile(r"(?<=[\w/])\?[\w%.~+-]+=[^\s\"']*"), "?…"),
    (re.compile(r"[\w.+'-]+@[\w-]+(\.[\w-]+)+"), "<email>"),
    (re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b"), "<address>"),
    (re.compile(r"/(apply|documents|uploads|sign-in)/[A-Za-z0-9_-]{16,}"), r"/\1/…"),
    (re.compile(r"\buploads/[0-9A-Z]{8}/"), "uploads/…/"),
)
#: Fields that we make ourselves, in which nothing can stand that would have to be taken out.
_OURS = frozenset({"timestamp", "request_id", "level", "logger"})
#: The product's own loggers. What libraries say below a warning tells of cookies and bodies: they know nothing of our secrets.
_HOUSE = ("portal", "worker", "models", "integrations")


def set_up(level: str | int, to: TextIO | None = None) -> None:
    """Send every logger of this process, the libraries' too, as JSON to stdout, or `to` another place.

    `level` is the least severe that is kept of our own; of the libraries it is never less than a warning.
    """
    least = level if isinstance(level, int) else logging.getLevelNamesMapping()[level]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(), structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]  # fmt: skip
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(), wrapper_class=structlog.stdlib.BoundLogger, cache_logger_on_first_use=False,
    )  # fmt: skip
    as_json = structlog.processors.JSONRenderer(ensure_ascii=False)
    finish: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, as_json]
    handler = logging.StreamHandler(to) if to else _Output()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=finish))
    logging.basicConfig(handlers=[handler], level=max(least, logging.WARNING), force=True)
    for name in _HOUSE:
        logging.getLogger(name).setLevel(least)
    _take_over()


def redact(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take out of a log line's texts what REDACTIONS names; structlog calls it last before the JSON."""
    return {name: clean(value) if isinstance(value, str) and name not in _OURS else value for name, value in line.items()}


def clean(text: str) -> str:
    """`text` without codes, tokens, queries and addresses."""
    for pattern, instead in REDACTIONS:
        text = pattern.sub(instead, text)
    return text


class _Output(logging.StreamHandler[Any]):
    """Standard output as it is when a line is written."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stdout
        super().emit(record)


def _take_over() -> None:
    """Libraries that bring handlers of their own write through the root's."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "nicegui"):
        found = logging.getLogger(name)
        found.handlers.clear()
        found.propagate = True
        found.setLevel(logging.NOTSET)
