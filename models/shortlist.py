"""A few applications for whoever types: the same search as the list's, and by reference those that were looked at last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus
from models.looked import ALL, SHOWN, Looked
from models.loose import searched
from models.queue import ids

MOST = 8


@dataclass(frozen=True)
class Found:
    """One application, as far as one needs to know it again."""

    reference: str
    company: str
    status: ApplicationStatus


def shortlist(session: Session, q: str) -> list[Found]:
    """The newest applications that the words find, up to MOST; none where nothing was typed."""
    words = searched(q)
    numbers = list(session.exec(ids(session, Looked(q=words, view=ALL)).limit(MOST))) if words else []
    return _in_order(session, [(number, Application.id) for number in numbers])


def known(session: Session, references: Sequence[str]) -> list[Found]:
    """The applications with these references, up to MOST, in the order given; what is none is left out."""
    return _in_order(session, [(reference, Application.reference_number) for reference in references[:MOST]])


def _in_order(session: Session, keys: Sequence[tuple[object, object]]) -> list[Found]:
    if not keys:
        return []
    column, wanted = col(keys[0][1]), [key for key, __ in keys]
    rows = select(column, Application.reference_number, Application.company_name, Application.status).where(
        column.in_(wanted), col(Application.status).in_(SHOWN)
    )
    found = {key: Found(reference or "", company or "", ApplicationStatus(at)) for key, reference, company, at in session.exec(rows)}
    return [found[key] for key in wanted if key in found]
