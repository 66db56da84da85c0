"""What many windows send at once, stored together: one reading, one writing for each step, one commit for all.

The plain case alone, which is nearly every one: a partner whose invitation is active, with a draft. For the rest, and where somebody
else holds the application at this moment, `keep_together` answers None, and `draft.save_answers` does it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from models.application import Application, ApplicationStatus
from models.database import now
from models.draft import Draft, plain
from models.invitation import Invitation, InvitationStatus
from models.merge import Answer, Merge, Outcome, Stored, marks_of
from models.steps import step_of
from models.visit import Visit


class Overtaken(Exception):
    """A step was changed by another process between our reading and our writing; nothing was stored, do each alone."""


@dataclass(frozen=True)
class Post:
    """What one window sends: changed answers, and which step it shows (0 for none) as of which version.

    `visit` is the hash of the token by which its browser is let in (models/visit.py): one statement asks whether it still is.
    """

    visit: str
    application: int
    changes: tuple[Answer, ...] = ()
    step: int = 0
    seen: int = 0


@dataclass
class Kept:
    """What became of a post. `news` are answers of the shown step that others have stored since `seen`; `version` is its newest."""

    at: datetime
    outcome: Outcome = field(default_factory=Outcome)
    news: list[Stored] = field(default_factory=list)
    version: int = 0


@dataclass
class _Sheet:
    """A step as it is stored: its row's id and revision (None and 0 before the first answer), and the answers."""

    number: int
    merge: Merge
    id: int | None = None
    revision: int = 0


@dataclass
class _Folder:
    """An application with the steps that were read of it."""

    application: int
    by: str
    sheets: dict[int, _Sheet] = field(default_factory=dict)

    def sheet(self, number: int) -> _Sheet:
        return self.sheets.setdefault(number, _Sheet(number, Merge({}, {})))


_visits, _invitations, _applications, _drafts = (
    SQLModel.metadata.tables[noun.__tablename__] for noun in (Visit, Invitation, Application, Draft)
)


def _wanted(visits: Callable[[Any], Any], steps: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return (
        sa.select(
            _visits.c.token_hash, _invitations.c.code, _invitations.c.contact_name, _invitations.c.company_name, _applications.c.id,
            _drafts.c.id, _drafts.c.step_number, _drafts.c.form_data, _drafts.c.sequences, _drafts.c.revision,
        )
        .join_from(_visits, _invitations, _invitations.c.id == _visits.c.invitation_id)
        .join(_applications, _applications.c.invitation_code == _invitations.c.code)
        .outerjoin(_drafts, sa.and_(_drafts.c.invitation_code == _invitations.c.code, steps))
        .where(
            visits(_visits.c.token_hash), _visits.c.ended_at.is_(None), _visits.c.colleague_id.is_(None),
            _visits.c.expires_at > sa.bindparam("now"), _invitations.c.status == InvitationStatus.ACTIVE.value,
            sa.or_(_invitations.c.expires_at.is_(None), _invitations.c.expires_at > sa.bindparam("now")),
            _applications.c.status == ApplicationStatus.DRAFT.value,
        )
        # Whoever sends the application holds it until all is sent. We wait for nobody here: they would keep all others waiting.
        .with_for_update(key_share=True, skip_locked=True, of=_applications)
    )  # fmt: skip


_PAIR = sa.tuple_(_visits.c.token_hash, _drafts.c.step_number)
_MANY = _wanted(lambda visit: visit.in_(sa.bindparam("visits", expanding=True)), _PAIR.in_(sa.bindparam("steps", expanding=True)))
_ONE = _wanted(lambda visit: visit == sa.bindparam("visits"), _drafts.c.step_number == sa.bindparam("steps"))  # half the price
_CHANGE = sa.update(_drafts).where(_drafts.c.id == sa.bindparam("row"), _drafts.c.revision == sa.bindparam("read")).values(
    form_data=sa.bindparam("answers"), sequences=sa.bindparam("marks"), revision=sa.bindparam("next"), last_updated=sa.bindparam("moment")
)  # fmt: skip


def keep_together(session: Session, posts: Sequence[Post]) -> list[Kept | None]:
    """Store posts of different windows in this transaction; for each what became of it, None if it must be done alone.

    Overtaken or an IntegrityError if another process was quicker: then nothing of any of them may be committed.
    """
    moment = now()
    folders, codes = _read(session, posts, moment)
    kept = [_take(folders.get(codes.get(post.visit, "")), post, moment) for post in posts]
    _write(session, [(code, sheet) for code, folder in folders.items() for sheet in folder.sheets.values() if sheet.merge.dirty], moment)
    return kept


def _read(session: Session, posts: Sequence[Post], moment: datetime) -> tuple[dict[str, _Folder], dict[str, str]]:
    """The folders by code, and the code that each visit is let in by."""
    # What somebody else holds is skipped and not waited for, so that two processes never wait for each other in a ring.
    visits = sorted({post.visit for post in posts})
    steps = sorted({(post.visit, number) for post in posts for number in _steps(post)}) or [("", 0)]
    found, codes = dict[str, _Folder](), dict[str, str]()
    alone = len(visits) == len(steps) == 1
    wanted = {"visits": visits[0] if alone else visits, "steps": steps[0][1] if alone else steps, "now": moment}
    for row in session.connection().execute(_ONE if alone else _MANY, wanted):
        visit, code, contact, company, application, draft, number, answers, marks, revision = row
        codes[visit] = code
        folder = found.setdefault(code, _Folder(application, contact or company))
        if draft is not None:
            folder.sheets[number] = _Sheet(number, Merge(answers, marks_of(marks)), draft, revision)
    return found, codes


def _take(folder: _Folder | None, post: Post, moment: datetime) -> Kept | None:
    if folder is None or folder.application != post.application:
        return None
    kept = Kept(moment)
    for number in {step.number for change in post.changes if (step := step_of(change.name))}:
        mine = [change for change in post.changes if (step := step_of(change.name)) and step.number == number]
        folder.sheet(number).merge.take(mine, folder.by, kept.outcome)
    if post.step:
        shown = folder.sheet(post.step).merge
        kept.news, kept.version = news(shown, post), shown.newest
    return kept


def news(shown: Merge, post: Post) -> list[Stored]:
    """What others have stored since the page last heard; of what it sends itself it hears otherwise."""
    own = {change.name for change in post.changes}
    return [one for one in shown.since(post.seen) if one.name not in own]


def _write(session: Session, sheets: Sequence[tuple[str, _Sheet]], moment: datetime) -> None:
    """All that changed, in two statements however many they are: on PostgreSQL each would else wait for an answer of its own."""
    began = [
        {"invitation_code": code, "step_number": one.number, "revision": 1, "last_updated": moment,
         "form_data": one.merge.answers, "sequences": plain(one.merge.marks)} for code, one in sheets if one.id is None
    ]  # fmt: skip
    went_on = [
        {"row": one.id, "read": one.revision, "next": one.revision + 1, "moment": moment,
         "answers": one.merge.answers, "marks": plain(one.merge.marks)} for _, one in sheets if one.id is not None
    ]  # fmt: skip
    if began:
        session.connection().execute(_drafts.insert(), began)
    if went_on and session.connection().execute(_CHANGE, went_on).rowcount != len(went_on):
        raise Overtaken


def _steps(post: Post) -> set[int]:
    return {step.number for change in post.changes if (step := step_of(change.name))} | ({post.step} if post.step else set())
