"""The worker's log: lines of integrations/logs.py with ids only, and never what a library or an error quotes."""

from __future__ import annotations

import logging
import traceback
from typing import Any

from integrations.logs import set_up
from models.settings import settings


def start_logging(least: int = logging.NOTSET) -> None:
    """Lines at LOG_LEVEL, or from `least`."""
    set_up(max(least, logging.getLevelNamesMapping()[settings().log_level]), tell=where)


def where(error: BaseException) -> dict[str, Any]:
    """The kind of an error and where it arose, for the log. Its own words are left out: they may quote an address or a row."""
    return {"error": type(error).__name__, "at": [line.strip() for line in traceback.format_tb(error.__traceback__)[-12:]]}
