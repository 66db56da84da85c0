"""Days as people in the United Kingdom read them."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def day(moment: date | datetime) -> str:
    """`3 March 2026`; of a moment, the day it is in London then."""
    local = moment.astimezone(LONDON) if isinstance(moment, datetime) else moment
    return f"{local.day} {local:%B %Y}"
