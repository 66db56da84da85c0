"""What the last comparison with SharePoint found that only a person can put right: one event a night at most, told once by mail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import Session, col, select

from models.database import now
from models.event import Event, record
from models.person import PORTAL

COMPARED = "sharepoint.compared"
#: The mail of the next morning tells of it, and none after that.
FRESH = timedelta(days=1)


def keep_report(session: Session, theirs: Sequence[str], told: str, repaired: Sequence[str]) -> None:
    """Record what was found, if there was anything. What the last report said too is not new."""
    before = _last(session)
    known = set(before.detail.get("theirs", [])) if before else set()
    if theirs or repaired or known:
        new = [line for line in theirs if line not in known]
        record(session, COMPARED, PORTAL, told=told, theirs=list(theirs), new=new)


def news(session: Session) -> tuple[str, ...]:
    """What the comparison of last night found that none before had."""
    last = _last(session)
    return tuple(last.detail.get("new", [])) if last and last.at > now() - FRESH else ()


def _last(session: Session) -> Event | None:
    return session.exec(select(Event).where(Event.type == COMPARED).order_by(col(Event.id).desc()).limit(1)).first()
