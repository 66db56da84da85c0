"""The list of invitations with the truth about each: where it stands, since when, and what stands in the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus
from models.database import now
from models.delivery import Delivery
from models.event import Event
from models.invitation import REVOKED, UNDO, Invitation, InvitationStatus, is_in_use, normal_code
from models.invitation_entry import InvitationEntry as Entry
from models.loose import searched
from models.people_search import TRIGRAM, found_by
from models.progress import ENDED
from models.reminder import MAIL as REMINDER
from models.reminder import PAUSE, REMINDED, last_worked

PAGE = 50
MAILS = ("email.invitation", REMINDER)


class Standing(StrEnum):
    """Where an invitation stands: the furthest that is true, except that a mail which did not leave or came back needs somebody first.

    Which that is, triggers decide (migration 0009).
    """

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
    moment = now()
    matches = _matches(session, wanted.q, moment) if wanted.q else None
    counts = _behind_tabs(Counter(matches.values())) if matches is not None else _counts(session, moment)
    page = min(wanted.page, max(1, -(-counts[wanted.tab] // PAGE)))
    found = Wanted(wanted.q, wanted.tab, page)
    ids = _page(session, found, moment, counts[found.tab]) if matches is None else _page_of(matches, found)
    return Invited(found, _lines(session, _rows(session, ids, moment)), counts)


def onward(session: Session, tab: str, after: int, size: int) -> tuple[tuple[Line, ...], int | None]:
    """Up to `size` invitations behind a tab with a higher id than `after`, oldest first, and the id to go on from; None at the end.

    For programs, which read all there is: nothing is counted.
    """
    moment, number = now(), col(Entry.id)
    ids = session.scalars(sa.select(number).where(number > after, *_of_tab(tab, moment)).order_by(number).limit(size + 1)).all()
    lines = _lines(session, _rows(session, ids[:size], moment))
    return lines[::-1], ids[size - 1] if len(ids) > size else None


def lines_of(session: Session, ids: Sequence[int | None]) -> tuple[Line, ...]:
    """The truth about a few invitations, newest first."""
    return _lines(session, _rows(session, ids, now()))


def wanted(q: str = "", tab: str = "", page: str = "") -> Wanted:
    """What the address asks for; anything that makes no sense there counts as not said. Words alone are looked for everywhere."""
    words = searched(q)
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 8 else 1
    return Wanted(words, tab if tab in TABS else "all" if words else "active", max(1, number))


def _counts(session: Session, moment: datetime) -> dict[str, int]:
    """The count behind each tab; one grouping in the order of an index, which a grouping by what stands at this moment would not be."""
    late = sa.func.count(sa.case((col(Entry.expires_at) <= moment, 1)))
    grouped = session.execute(sa.select(col(Entry.standing), sa.func.count(), late).group_by(col(Entry.standing)))
    found = Counter[Standing]()
    for name, count, over in grouped:
        expired = int(over) if name in ACTIVE else 0
        found[Standing(name)] += int(count) - expired
        found[S.EXPIRED] += expired
    return _behind_tabs(found)


def _behind_tabs(found: Counter[Standing]) -> dict[str, int]:
    sums = {"active": sum(found[name] for name in ACTIVE), "all": found.total()}
    return {tab: sums[tab] if tab in sums else found[Standing(tab)] for tab in TABS}


def _page(session: Session, wanted: Wanted, moment: datetime, total: int) -> Any:
    """The ids of a page, the newest first. What is skipped is skipped among narrow rows, from the nearer end of the list."""
    first, number = (wanted.page - 1) * PAGE, col(Entry.id)
    size = max(0, min(PAGE, total - first))
    behind = total - first - size
    shown = sa.select(number).where(*_of_tab(wanted.tab, moment)).limit(size)
    nearer = shown.order_by(number.desc()).offset(first) if first <= behind else shown.order_by(number).offset(behind)
    return sa.select(nearer.subquery().c.id)


def _matches(session: Session, q: str, moment: datetime) -> dict[int, Standing]:
    """Every invitation that the words find, the newest first, and where it stands: they are compared once, for the counts and the page."""
    found = sa.select(col(Entry.id), col(Entry.standing), col(Entry.expires_at)).join(Invitation, col(Invitation.id) == col(Entry.id))
    found = found.where(_matching(q), *_narrowed(session, q)).order_by(col(Entry.id).desc())
    return {number: _now(standing, until, moment) for number, standing, until in session.execute(found)}


def _page_of(matches: Mapping[int, Standing], wanted: Wanted) -> list[int]:
    behind = {"active": ACTIVE, "all": tuple(Standing)}.get(wanted.tab, (wanted.tab,))
    return [number for number, standing in matches.items() if standing in behind][(wanted.page - 1) * PAGE :][:PAGE]


def _rows(session: Session, ids: Any, moment: datetime) -> list[tuple[Invitation, Application | None, Standing]]:
    joined = select(Invitation, Application, Entry.standing).join(Entry, col(Entry.id) == col(Invitation.id))
    joined = joined.outerjoin(Application, col(Application.invitation_code) == col(Invitation.code))
    found = session.exec(joined.where(col(Invitation.id).in_(ids)).order_by(col(Invitation.id).desc()))
    return [(one, application, _now(standing, one.expires_at, moment)) for one, application, standing in found]


def _now(standing: str, until: datetime | None, moment: datetime) -> Standing:
    """One with which a partner could go on is expired once its date has passed, swept or not; `Invitation.state` says the same."""
    return S.EXPIRED if standing in ACTIVE and until and until <= moment else Standing(standing)


def _of_tab(tab: str, moment: datetime) -> list[Any]:
    """The condition of a tab. One standing is a part of the index, newest first; of several, `coalesce` hides the index.

    They would have to be sorted then: it is faster to go through all, newest first, until a page is full.
    """
    standing, until = col(Entry.standing), col(Entry.expires_at)
    open_ones = sa.func.coalesce(standing, "").in_([str(one) for one in ACTIVE])
    if tab == "all":
        return []
    if tab == S.EXPIRED:
        return [sa.or_(sa.func.coalesce(standing, "") == S.EXPIRED, sa.and_(open_ones, until <= moment))]
    if tab != "active" and tab not in ACTIVE:
        return [standing == tab]
    return [open_ones if tab == "active" else standing == tab, sa.or_(until.is_(None), until > moment)]


def _matching(q: str) -> Any:
    columns = (Invitation.company_name, Invitation.contact_name, Invitation.contact_email)
    tests: list[Any] = [col(column).icontains(q, autoescape=True) for column in columns]
    return sa.or_(*tests, col(Invitation.code).contains(normal_code(q), autoescape=True))


def _narrowed(session: Session, q: str) -> list[Any]:
    """Those who have the words anywhere about them and their people, of whom an index knows: only they are looked through.

    It knows of no fewer letters than three; and other letters than ASCII's, PostgreSQL may not write small (models/people_search.py).
    """
    words = {q, normal_code(q)}
    if not q.isascii() or min(map(len, words)) < TRIGRAM:
        return []
    # Joined, and read first: SQLite would else look through all entries and ask for each of them whether it is among these.
    found: Any = sa.union(*(found_by(session, one) for one in sorted(words))).cte("found").prefix_with("MATERIALIZED")
    return [col(Entry.id) == next(iter(found.c))]


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
