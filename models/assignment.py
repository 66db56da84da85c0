"""Who reviews an application: one member of staff at a time, or nobody yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import Application
from models.database import now
from models.errors import Conflict, Invalid, NotFound, Problem, Refused
from models.event import record
from models.language import _, shown_number
from models.person import RIGHTS, SUSPENDED, Actor, Right, Role, SignIn, User
from models.queue_entry import QueueEntry

#: How many may be assigned in one transaction: nobody else can write meanwhile, and each has its event.
MOST = 1000


@dataclass(frozen=True)
class Reviewer:
    """Somebody to whom an application can be assigned."""

    id: int
    name: str


@dataclass(frozen=True)
class Assigned:
    """What became of many: how many were assigned, and of each other one its company and why not."""

    done: int
    refused: tuple[tuple[str, str], ...]


def _people() -> Any:
    """Who is not suspended, by name, and the roles of their last sign-in, if there was one."""
    newest = select(col(SignIn.user_id), sa.func.max(SignIn.id).label("last")).group_by(col(SignIn.user_id)).subquery()
    wanted = sa.select(col(User.id), col(User.name), col(User.role), col(SignIn.roles))
    wanted = wanted.join(newest, newest.c.user_id == User.id, isouter=True)
    wanted = wanted.join(SignIn, col(SignIn.id) == newest.c.last, isouter=True).where(col(User.status) != SUSPENDED)
    return wanted.order_by(col(User.name), col(User.id))


_PEOPLE = _people()


def reviewers(session: Session) -> list[Reviewer]:
    """Who may review by the roles they signed in with last, and is not suspended, by name."""
    return [Reviewer(number, name) for number, name, role, roles in session.execute(_PEOPLE)
            if _may_review([role] if roles is None else roles)]  # fmt: skip


def assign(session: Session, actor: Actor, application: Application, user_id: int | None) -> bool:
    """Make somebody the reviewer, or nobody by None; answers whether that is a change.

    Invalid where they may not review, Conflict once the application is decided.
    """
    actor.must(Right.REVIEW)
    name = _name_of(session, user_id)
    if application.state.decided:
        raise Conflict(_("It is decided, so nobody has to review it any more."))
    return _assign(session, actor, _entry(session, application), user_id, name)


def assign_many(session: Session, actor: Actor, application_ids: Sequence[int], user_id: int | None) -> Assigned:
    """Assign each of them that can be assigned; one that cannot keeps its reviewer and is named. Invalid where all are refused at once."""
    actor.must(Right.REVIEW)
    _name_of(session, user_id)
    if len(application_ids) > MOST:
        said = _("These are too many at once. Assign up to {count} at a time: filter the list first.").format(count=shown_number(MOST))
        raise Invalid(said, [Problem("applications", said)])
    done, refused = 0, list[tuple[str, str]]()
    for application in _locked(session, application_ids):
        try:
            done += assign(session, actor, application, user_id)
        except Refused as error:
            refused.append((application.company_name or "", error.detail))
    return Assigned(done, tuple(refused))


def take_on(session: Session, actor: Actor, application: Application) -> None:
    """Whoever begins a review becomes the reviewer where there is none."""
    entry = _entry(session, application)
    if entry.reviewer_id is None and actor.user_id is not None:
        _assign(session, actor, entry, actor.user_id, actor.name)


def note_due(session: Session, application: Application, due_on: date | None) -> None:
    """Keep until when the partner is to answer, for the list."""
    entry = _entry(session, application)
    entry.due_on = due_on
    session.add(entry)


def reviewer_of(session: Session, application: Application) -> Reviewer | None:
    """Who reviews it now."""
    wanted = select(User.id, User.name).join(QueueEntry, col(QueueEntry.reviewer_id) == col(User.id))
    found = session.exec(wanted.where(QueueEntry.application_id == application.id)).first()
    return Reviewer(found[0], found[1]) if found and found[0] is not None else None


def working_days_ago(days: int) -> date:
    """The day that lies so many working days back; public holidays count as working days, as on the status page."""
    day = now().date()
    while days:
        day -= timedelta(days=1)
        days -= day.weekday() < 5
    return day


def _may_review(roles: Sequence[str]) -> bool:
    return any(Right.REVIEW in RIGHTS[Role(role)] for role in roles if role in list(Role))


def _assign(session: Session, actor: Actor, entry: QueueEntry, user_id: int | None, name: str) -> bool:
    if entry.reviewer_id == user_id:
        return False
    entry.reviewer_id = user_id
    session.add(entry)
    record(session, "application.assigned", actor, application_id=entry.application_id, reviewer=name, reviewer_id=user_id)
    return True


def _name_of(session: Session, user_id: int | None) -> str:
    if user_id is None:
        return ""
    found = next((one.name for one in reviewers(session) if one.id == user_id), None)
    if found is None:
        said = _("This person may not review applications. Choose somebody of the list.")
        raise Invalid(said, [Problem("reviewer", said)])
    return found


def _entry(session: Session, application: Application) -> QueueEntry:
    """The application's entry, locked. A trigger writes it, so what the session holds of it may be old."""
    session.flush()
    wanted = select(QueueEntry).where(QueueEntry.application_id == application.id)
    found = session.exec(wanted.with_for_update().execution_options(populate_existing=True)).first()
    if found is None:
        raise NotFound(_("There is no application with this reference."))
    return found


def _locked(session: Session, ids: Sequence[int]) -> list[Application]:
    """Always in the order of their ids, so that two who do this at once cannot wait for each other."""
    return list(session.exec(select(Application).where(col(Application.id).in_(ids)).order_by(col(Application.id)).with_for_update()))
