"""The review desk's list: which applications somebody looks for, in which order, and what each row shows.

Two statements find a page (its counts, its ids); four more describe its rows, however many there are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus
from models.database import now
from models.document import Document, DocumentState
from models.event import Delivery, DeliveryState
from models.flags import flags
from models.review import SECTIONS, Verdict
from models.settings import settings

S = ApplicationStatus
PAGE = 50
NEEDS_WORK = "work"

#: The list's tabs: name in the address → words, and the statuses behind it. The first is what opens.
TABS: dict[str, tuple[str, tuple[ApplicationStatus, ...]]] = {
    NEEDS_WORK: ("Needs work", (S.SUBMITTED, S.UNDER_REVIEW, S.REVIEWED)),
    "new": ("New", (S.SUBMITTED,)),
    "review": ("In review", (S.UNDER_REVIEW,)),
    "information": ("Information required", (S.INFORMATION_REQUIRED,)),
    "decision": ("Decision due", (S.REVIEWED,)),
    "approved": ("Approved", (S.APPROVED,)),
    "rejected": ("Rejected", (S.REJECTED,)),
    "withdrawn": ("Withdrawn", (S.WITHDRAWN,)),
    "all": ("All", tuple(status for status in S if status != S.DRAFT)),
}
_STATUS_ORDER = sa.case({status.value: number for number, status in enumerate(S)}, value=Application.status)
SORTS: dict[str, Any] = {
    "submitted": col(Application.submitted_at),
    "company": sa.func.lower(Application.company_name),
    "status": _STATUS_ORDER,
    "reference": col(Application.reference_number),
}
_WORDS = ("company_name", "trading_name", "reference_number", "primary_contact_name", "primary_contact_email")
#: Written with and without spaces or dashes; searched without.
_NUMBERS = ("invitation_code", "vat_number", "company_registration")


@dataclass(frozen=True)
class Looked:
    """What somebody looks for: words, a tab, a column to sort by (`-` before it: downwards) and a page from 1."""

    q: str = ""
    tab: str = NEEDS_WORK
    sort: str = "-submitted"
    page: int = 1

    @property
    def column(self) -> str:
        """The column it is sorted by."""
        return self.sort.removeprefix("-")

    @property
    def downwards(self) -> bool:
        """Whether the largest comes first."""
        return self.sort.startswith("-")


@dataclass(frozen=True)
class Row:
    """One application in the list. `failed` counts its deliveries that need a person, `late` says that one is tried again.

    It works in the whole UK (`nationwide`), or in `regions`, as the form has them.
    """

    reference: str
    company: str
    status: ApplicationStatus
    submitted_at: datetime | None
    nationwide: bool
    regions: tuple[str, ...]
    capacity: str
    sections: int
    flags: int
    failed: int
    late: bool


@dataclass(frozen=True)
class Found:
    """One page of the list: its rows, how many there are in all, and the count behind each tab."""

    looked: Looked
    rows: tuple[Row, ...]
    total: int
    counts: Mapping[str, int]

    @property
    def pages(self) -> int:
        """How many pages there are; one where nothing is found."""
        return max(1, -(-self.total // PAGE))


def look(session: Session, looked: Looked) -> Found:
    """The page that `looked` asks for; a page beyond the last gives the last."""
    by_status = _by_status(session, looked.q)
    counts = {tab: sum(by_status.get(status, 0) for status in statuses) for tab, (_, statuses) in TABS.items()}
    total = counts[looked.tab]
    page = min(looked.page, max(1, -(-total // PAGE)))
    ids = _ids(session, looked, total, (page - 1) * PAGE) if total else []
    return Found(Looked(looked.q, looked.tab, looked.sort, page), _rows(session, ids), total, counts)


def looked(q: str = "", tab: str = "", sort: str = "", page: str = "") -> Looked:
    """What the address asks for; anything that makes no sense there counts as not said."""
    known_sort = sort if sort.removeprefix("-") in SORTS else "-submitted"
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 8 else 1
    return Looked(" ".join(q.replace("\0", "").split())[:100], tab if tab in TABS else NEEDS_WORK, known_sort, max(1, number))


def _by_status(session: Session, q: str) -> dict[str, int]:
    wanted = select(Application.status, sa.func.count()).where(*_matching(q), Application.status != S.DRAFT).group_by(Application.status)
    return dict(session.exec(wanted).all())


def _ids(session: Session, looked: Looked, total: int, offset: int) -> list[int]:
    """The ids of one page. From the middle on it is counted from the end: a far OFFSET reads all that it skips (FACTS 79)."""
    size = min(PAGE, total - offset)
    backwards = offset > total // 2
    start = total - offset - size if backwards else offset
    wanted = select(Application.id).where(*_matching(looked.q), col(Application.status).in_(TABS[looked.tab][1]))
    order = (SORTS[looked.column], col(Application.id))
    found = session.exec(wanted.order_by(*(_directed(by, looked.downwards != backwards) for by in order)).offset(start).limit(size)).all()
    return [number for number in (reversed(found) if backwards else found) if number is not None]


def _directed(by: Any, downwards: bool) -> Any:
    # PostgreSQL and SQLite disagree on where NULL belongs unless it is said.
    return sa.desc(by).nulls_last() if downwards else sa.asc(by).nulls_first()


def _matching(q: str) -> list[Any]:
    if not q:
        return []
    compact = re.sub(r"[\s\-]", "", q)
    tests = [col(getattr(Application, name)).icontains(q, autoescape=True) for name in _WORDS]
    if len(compact) > 2:
        tests += [col(getattr(Application, name)).icontains(compact, autoescape=True) for name in _NUMBERS]
    return [sa.or_(*tests)]


def _rows(session: Session, ids: list[int]) -> tuple[Row, ...]:
    applications = {one.id: one for one in session.exec(select(Application).where(col(Application.id).in_(ids)))}
    verdicts, troubles, documents = _verdicts(session, ids), _troubles(session, ids), _documents(session, ids)
    return tuple(
        _row(applications[number], verdicts.get(number, 0), troubles.get(number, (0, 0)), documents.get(number, []))
        for number in ids if number in applications
    )  # fmt: skip


def _row(application: Application, sections: int, trouble: tuple[int, int], documents: list[Document]) -> Row:
    raised = flags(application.answers(), now().date(), settings(), documents)
    return Row(
        application.reference_number or "", application.company_name or "", application.state, application.submitted_at,
        bool(application.nationwide_coverage), tuple(application.geographic_coverage or ()), application.installation_capacity or "",
        sections, len(raised), trouble[0], trouble[1] > 0,
    )  # fmt: skip


def _verdicts(session: Session, ids: list[int]) -> dict[int, int]:
    wanted = select(Verdict.application_id, sa.func.count()).where(col(Verdict.application_id).in_(ids), col(Verdict.section).in_(SECTIONS))
    return dict(session.exec(wanted.group_by(col(Verdict.application_id))).all())


def _documents(session: Session, ids: list[int]) -> dict[int, list[Document]]:
    held: dict[int, list[Document]] = {}
    for document in session.exec(select(Document).where(col(Document.application_id).in_(ids), Document.state == DocumentState.STORED)):
        held.setdefault(document.application_id, []).append(document)
    return held


def _troubles(session: Session, ids: list[int]) -> dict[int, tuple[int, int]]:
    """How many deliveries of each failed, and how many are tried again."""
    failed = sa.func.sum(sa.case((col(Delivery.state) == DeliveryState.FAILED, 1), else_=0))
    late = sa.func.sum(sa.case((sa.and_(col(Delivery.state) == DeliveryState.WAITING, col(Delivery.attempts) > 1), 1), else_=0))
    subject = col(Delivery.application_id)
    wanted = select(Delivery.application_id, failed, late).where(subject.in_(ids)).group_by(subject)
    return {number: (int(lost or 0), int(waiting or 0)) for number, lost, waiting in session.exec(wanted) if number is not None}
