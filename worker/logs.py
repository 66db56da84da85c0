"""The worker's log: one line an event on stdout, with ids only, never a code, an address or what a library quotes."""

from __future__ import annotations

import logging
import re
import traceback
from typing import Any

import structlog

from models.settings import settings

_ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+(\.[\w-]+)+")


def start_logging(least: int = logging.NOTSET) -> None:
    """JSON lines at LOG_LEVEL, or from `least`; of the libraries only warnings, since they know nothing of our secrets."""
    level = max(least, logging.getLevelNamesMapping()[settings().log_level])
    steps: list[Any] = [structlog.processors.add_log_level, structlog.processors.TimeStamper("iso"), structlog.processors.JSONRenderer()]
    louder = structlog.make_filtering_bound_logger(level)
    structlog.configure(steps, wrapper_class=louder, logger_factory=structlog.PrintLoggerFactory())
    logging.basicConfig(handlers=[_Passed()], level=max(level, logging.WARNING), force=True)


def where(error: BaseException) -> dict[str, Any]:
    """The kind of an error and where it arose, for the log. Its own words are left out: they may quote an address or a row."""
    return {"error": type(error).__name__, "at": [line.strip() for line in traceback.format_tb(error.__traceback__)[-12:]]}


class _Passed(logging.Handler):
    """What libraries log becomes one line of ours, without addresses."""

    def emit(self, record: logging.LogRecord) -> None:
        found = where(record.exc_info[1]) if record.exc_info and record.exc_info[1] else {}
        structlog.get_logger().log(record.levelno, _ADDRESS.sub("…", record.getMessage()), logger=record.name, **found)
