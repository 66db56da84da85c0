"""Days as people read them: those of the office in London, in the spoken language."""

from __future__ import annotations

from datetime import date, datetime

from models.database import OFFICE
from models.language import shown_date


def day(moment: date | datetime) -> str:
    """`3 March 2026`; of a moment, the day it is in London then."""
    local = moment.astimezone(OFFICE) if isinstance(moment, datetime) else moment
    return shown_date(local)
