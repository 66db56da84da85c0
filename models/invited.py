"""The list of invitations with the truth about each: whether its mail left, whether it was opened, begun and used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus
from models.database import now
from models.draft import Draft
from models.earlier import given_steps, is_typed
from models.event import Delivery, DeliveryState
from models.invitation import Invitation, InvitationStatus, is_in_use, normal_code

S = InvitationStatus
PAGE = 50
MAIL = "email.invitation"
TABS: Mapping[str, str] = {"active": "Open", "used": "Used", "expired": "Expired", "revoked": "Revoked", "all": "All"}


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for: words, a tab and a page from 1."""

    q: str = ""
    tab: str = "active"
    page: int = 1


@dataclass(frozen=True)
class Line:
    """One invitation. `mail` is the newest delivery of its mail, `started` whether anything was typed.

    `in_use` says that its mail can be sent again (`invitation.is_in_use`).
    """

    invitation: Invitation
    mail: Delivery | None
    started: bool
    reference: str
    submitted: bool
    in_use: bool

    @property
    def mail_failed(self) -> bool:
        """Whether the newest mail needs a person."""
        return self.mail is not None and self.mail.state == DeliveryState.FAILED


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
    """The page that `wanted` asks for; a page beyond the last gives the last."""
    counts = _counts(session, wanted.q)
    page = min(wanted.page, max(1, -(-counts[wanted.tab] // PAGE)))
    matching = select(Invitation).where(*_matching(wanted.q), _of_tab(wanted.tab)).order_by(col(Invitation.id).desc())
    found = session.exec(matching.offset((page - 1) * PAGE).limit(PAGE)).all()
    return Invited(Wanted(wanted.q, wanted.tab, page), _lines(session, list(found)), counts)


def wanted(q: str = "", tab: str = "", page: str = "") -> Wanted:
    """What the address asks for; anything that makes no sense there counts as not said. Words alone are looked for everywhere."""
    words = " ".join(q.replace("\0", "").split())[:100]
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 8 else 1
    return Wanted(words, tab if tab in TABS else "all" if words else "active", max(1, number))


def _of_tab(tab: str) -> Any:
    """An active one past its date is expired, swept or not; `Invitation.state` says the same of one row."""
    late = sa.and_(col(Invitation.status) == S.ACTIVE, col(Invitation.expires_at) <= now())
    if tab == "all":
        return sa.true()
    if tab == S.EXPIRED:
        return sa.or_(col(Invitation.status) == S.EXPIRED, late)
    return sa.and_(col(Invitation.status) == tab, sa.not_(sa.func.coalesce(late, sa.false())))


def _counts(session: Session, q: str) -> dict[str, int]:
    sums = [sa.func.sum(sa.case((_of_tab(tab), 1), else_=0)) for tab in TABS]
    found = session.execute(sa.select(*sums).select_from(Invitation).where(*_matching(q))).one()
    return {tab: int(count or 0) for tab, count in zip(TABS, found, strict=True)}


def _matching(q: str) -> list[Any]:
    if not q:
        return []
    columns = (Invitation.company_name, Invitation.contact_name, Invitation.contact_email)
    tests: list[Any] = [col(column).icontains(q, autoescape=True) for column in columns]
    return [sa.or_(*tests, col(Invitation.code).contains(normal_code(q), autoescape=True))]


def _lines(session: Session, invitations: list[Invitation]) -> tuple[Line, ...]:
    mails, applications = _mails(session, [one.id for one in invitations]), _applications(session, [one.code for one in invitations])
    begun = _begun(session, applications)
    return tuple(_line(one, mails.get(one.id), one.code in begun, applications.get(one.code)) for one in invitations)


def _line(invitation: Invitation, mail: Delivery | None, started: bool, application: Application | None) -> Line:
    submitted = application is not None and application.status != ApplicationStatus.DRAFT
    return Line(invitation, mail, started or submitted, (application.reference_number if application else None) or "", submitted,
                is_in_use(invitation, application))  # fmt: skip


def _mails(session: Session, ids: list[int | None]) -> dict[int | None, Delivery]:
    newest = select(sa.func.max(Delivery.id)).where(Delivery.target == MAIL, col(Delivery.invitation_id).in_(ids))
    found = session.exec(select(Delivery).where(col(Delivery.id).in_(newest.group_by(col(Delivery.invitation_id)))))
    return {delivery.invitation_id: delivery for delivery in found}


def _begun(session: Session, applications: Mapping[str, Application]) -> set[str]:
    """The codes with which something was typed; what an earlier application has lent counts for nothing."""
    lent = given_steps(session, [one.id for one in applications.values()])
    found = session.exec(select(Draft).where(col(Draft.invitation_code).in_(applications)))
    return {draft.invitation_code for draft in found if is_typed(draft, lent.get(applications[draft.invitation_code].id, set()))}


def _applications(session: Session, codes: list[str]) -> dict[str, Application]:
    return {one.invitation_code: one for one in session.exec(select(Application).where(col(Application.invitation_code).in_(codes)))}
