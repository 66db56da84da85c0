"""The list of invitations with the truth about each: where it stands, since when, and what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus
from models.database import now
from models.document import Document, DocumentState
from models.draft import Draft
from models.earlier import EVENT as LENT
from models.event import OPEN, Delivery, DeliveryState, Event
from models.invitation import REVOKED, UNDO, Invitation, InvitationStatus, is_in_use, normal_code
from models.loose import searched
from models.progress import ENDED
from models.reminder import MAIL as REMINDER
from models.reminder import PAUSE, REMINDED, last_worked

PAGE = 50
MAILS = ("email.invitation", REMINDER)
RETURNED = "returned"  # beside the states of a delivery


class Standing(StrEnum):
    """Where an invitation stands: the furthest that is true, except that a mail which did not leave or came back needs somebody first."""

    BOUNCED = "bounced"
    FAILED = "failed"
    UNSENT = "unsent"
    QUEUED = "queued"
    SENT = "sent"
    OPENED = "opened"
    STARTED = "started"
    SUBMITTED = "submitted"
    DECIDED = "decided"
    EXPIRED = "expired"
    REVOKED = "revoked"


S = Standing
#: The list's tabs: name in the address → words. `active` are those with which a partner can still begin or go on.
TABS: Mapping[str, str] = {
    "active": "Open", S.BOUNCED: "Bounced", S.FAILED: "Email failed", S.UNSENT: "No email", S.QUEUED: "Queued", S.SENT: "Sent",
    S.OPENED: "Opened", S.STARTED: "Started", S.SUBMITTED: "Submitted", S.DECIDED: "Decided", S.EXPIRED: "Expired", S.REVOKED: "Revoked",
    "all": "All",
}  # fmt: skip
ACTIVE = (S.BOUNCED, S.FAILED, S.UNSENT, S.QUEUED, S.SENT, S.OPENED, S.STARTED)


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for: words, a tab and a page from 1."""

    q: str = ""
    tab: str = "active"
    page: int = 1


@dataclass(frozen=True)
class Happened:
    """What events say of one invitation: when its partner was last reminded, when it was revoked, when its application was decided."""

    reminded_at: datetime | None = None
    revoked_at: datetime | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True)
class Line:
    """One invitation. `mail` is its newest mail, `step` the number of the step that was last worked in, 0 if nobody did, at `worked_at`."""

    invitation: Invitation
    standing: Standing
    application: Application | None = None
    mail: Delivery | None = None
    step: int = 0
    worked_at: datetime | None = None
    happened: Happened = field(default_factory=Happened)

    @property
    def reference(self) -> str:
        """The application's reference; empty until it is sent."""
        return (self.application.reference_number if self.application else None) or ""

    @property
    def in_use(self) -> bool:
        """Whether its mail can be sent again (`invitation.is_in_use`)."""
        return is_in_use(self.invitation, self.application)

    @property
    def may_remind(self) -> bool:
        """Whether a reminder is possible now; the verb decides (models/reminder.py)."""
        last = self.happened.reminded_at
        stuck = self.step > 0 and self.application is not None and self.application.state == ApplicationStatus.DRAFT
        return stuck and self.invitation.state == InvitationStatus.ACTIVE and (last is None or last + PAUSE <= now())

    @property
    def restore_until(self) -> datetime | None:
        """Until when the revocation can be taken back; None if it cannot."""
        at = self.happened.revoked_at if self.standing == S.REVOKED else None
        return at + UNDO if at and at + UNDO > now() else None


@dataclass(frozen=True)
class Invited:
    """One page of invitations, with the count behind each tab."""

    wanted: Wanted
    lines: tuple[Line, ...]
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many there are behind the tab."""
        return self.counts[self.wanted.tab]

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.total // PAGE))


def look(session: Session, wanted: Wanted) -> Invited:
    """The page that `wanted` asks for; a page beyond the last gives the last. Seven statements, however many invitations there are."""
    standing = _standing()
    found = select(Invitation, Application, standing).outerjoin(Application, col(Application.invitation_code) == col(Invitation.code))
    found = found.where(*_matching(wanted.q))
    counts = _counts(session, found)
    page = min(wanted.page, max(1, -(-counts[wanted.tab] // PAGE)))
    newest = found.where(_of_tab(standing, wanted.tab)).order_by(col(Invitation.id).desc())
    rows = session.execute(newest.offset((page - 1) * PAGE).limit(PAGE))
    return Invited(Wanted(wanted.q, wanted.tab, page), _lines(session, [tuple(row) for row in rows]), counts)


def wanted(q: str = "", tab: str = "", page: str = "") -> Wanted:
    """What the address asks for; anything that makes no sense there counts as not said. Words alone are looked for everywhere."""
    words = searched(q)
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 8 else 1
    return Wanted(words, tab if tab in TABS else "all" if words else "active", max(1, number))


def _standing() -> Any:
    """The first that is true. An active one past its date is expired, swept or not; `Invitation.state` says the same of one row."""
    status, sent = col(Invitation.status), col(Application.status)
    late = sa.and_(status == InvitationStatus.ACTIVE, col(Invitation.expires_at) <= now())
    ended = tuple(status for status in ApplicationStatus if status.decided)
    mail = _newest_mail()
    tests = (
        (status == InvitationStatus.REVOKED, S.REVOKED),
        (sent.in_(ended), S.DECIDED),
        (sa.or_(sent != ApplicationStatus.DRAFT, status == InvitationStatus.USED), S.SUBMITTED),
        (sa.or_(status == InvitationStatus.EXPIRED, late), S.EXPIRED),
        (mail == RETURNED, S.BOUNCED),
        (mail == DeliveryState.FAILED, S.FAILED),
        (sa.or_(_typed(), _filed()), S.STARTED),
        (col(Invitation.opened_at).is_not(None), S.OPENED),
        (mail.in_(OPEN), S.QUEUED),
        (sa.or_(mail.is_not(None), col(Invitation.sent_at).is_not(None)), S.SENT),
    )
    return sa.case(*((test, sa.literal(str(name))) for test, name in tests), else_=sa.literal(str(S.UNSENT))).label("standing")


def _newest_mail() -> Any:
    """The state of the newest mail, or that it came back."""
    back = sa.and_(col(Delivery.state) == DeliveryState.FAILED, col(Delivery.returned_at).is_not(None))
    mails = sa.select(sa.case((back, sa.literal(RETURNED)), else_=col(Delivery.state)))
    mails = mails.where(col(Delivery.invitation_id) == col(Invitation.id), col(Delivery.target).in_(MAILS))
    return mails.order_by(col(Delivery.id).desc()).limit(1).correlate(Invitation).scalar_subquery()


def _typed() -> Any:
    """Whether anything was typed, as `earlier.is_typed`: what was lent was stored once, in the transaction that told of it."""
    lent = select(sa.func.max(Event.at)).where(Event.application_id == Application.id, Event.type == LENT)
    at = lent.correlate(Application).scalar_subquery()
    typed = sa.or_(at.is_(None), col(Draft.revision) > 1, col(Draft.last_updated) > at)
    return select(Draft.id).where(Draft.invitation_code == Invitation.code, typed).correlate(Invitation, Application).exists()


def _filed() -> Any:
    files = select(Document.id).where(Document.application_id == Application.id, Document.state == DocumentState.STORED)
    return files.correlate(Application).exists()


def _of_tab(standing: Any, tab: str) -> Any:
    if tab == "all":
        return sa.true()
    return standing.in_([str(one) for one in ACTIVE]) if tab == "active" else standing == tab


def _counts(session: Session, found: Any) -> dict[str, int]:
    standing = found.with_only_columns(_standing(), maintain_column_froms=True).subquery()
    grouped = session.execute(sa.select(standing.c.standing, sa.func.count()).group_by(standing.c.standing))
    by_name: dict[str, int] = {str(row[0]): int(row[1]) for row in grouped}
    sums = {"active": sum(by_name.get(name, 0) for name in ACTIVE), "all": sum(by_name.values())}
    return {tab: sums.get(tab, by_name.get(tab, 0)) for tab in TABS}


def _matching(q: str) -> list[Any]:
    if not q:
        return []
    columns = (Invitation.company_name, Invitation.contact_name, Invitation.contact_email)
    tests: list[Any] = [col(column).icontains(q, autoescape=True) for column in columns]
    return [sa.or_(*tests, col(Invitation.code).contains(normal_code(q), autoescape=True))]


def _lines(session: Session, rows: Sequence[tuple[Any, ...]]) -> tuple[Line, ...]:
    applications = [application for _invitation, application, _standing in rows if application is not None]
    mails, worked = _mails(session, [one.id for one, *_ in rows]), last_worked(session, applications)
    told = _happened(session, [one.id for one, *_ in rows], {one.id: one.invitation_code for one in applications})
    lines = []
    for one, application, standing in rows:
        at, step = worked.get(application.id, (None, 0)) if application else (None, 0)
        happened = Happened(told.get((REMINDED, one.id)), told.get((REVOKED, one.id)), told.get(("ended", one.code)))
        lines.append(Line(one, Standing(standing), application, mails.get(one.id), step, at, happened))
    return tuple(lines)


def _mails(session: Session, ids: Sequence[int | None]) -> dict[int | None, Delivery]:
    newest = select(sa.func.max(Delivery.id)).where(col(Delivery.target).in_(MAILS), col(Delivery.invitation_id).in_(ids))
    found = session.exec(select(Delivery).where(col(Delivery.id).in_(newest.group_by(col(Delivery.invitation_id)))))
    return {delivery.invitation_id: delivery for delivery in found}


def _happened(session: Session, ids: Sequence[int | None], codes: Mapping[int | None, str]) -> dict[tuple[str, int | str | None], datetime]:
    """(type, invitation's id), or ("ended", its code) → when it happened last."""
    ours = sa.and_(col(Event.invitation_id).in_(ids), col(Event.type).in_((REMINDED, REVOKED)))
    theirs = sa.and_(col(Event.application_id).in_(codes), col(Event.type).in_(ENDED))
    told = select(Event.type, Event.invitation_id, Event.application_id, Event.at).where(sa.or_(ours, theirs)).order_by(col(Event.id))
    return {
        (("ended", codes[application]) if kind in ENDED else (kind, invitation)): at
        for kind, invitation, application, at in session.exec(told)
    }
