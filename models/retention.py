"""How long what is kept, as one table, and what is past its period now.

UK law fixes no period for such files: the seven years are a policy (FACTS 48). A legal hold wins over every period (FACTS 50).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, delete, func, select, update

from models.agreement import Agreement
from models.application import Application, ApplicationStatus
from models.confirmation import Confirmation
from models.database import UtcDateTime, now
from models.document import Document, DocumentState
from models.draft import Draft
from models.errors import Conflict, Invalid, Problem
from models.event import Delivery, DeliveryState, Event, record
from models.idempotency import IdempotencyKey
from models.invitation import Invitation
from models.person import PORTAL, Actor, Right, SignIn
from models.review import InformationRequest, Note, Verdict
from models.settings import Settings, settings


@dataclass(frozen=True)
class Period:
    """One rule: what goes, why, how long it stays, and from when that is counted."""

    name: str
    what: str
    basis: str
    counted_from: str
    length: Callable[[Settings], str]
    since: Callable[[Settings, datetime], datetime]

    def cutoff(self) -> datetime:
        """What was counted from this moment or before is past its period."""
        return self.since(settings(), now())


PERIODS: dict[str, Period] = {
    period.name: period
    for period in (
        Period("drafts", "Answers, documents and the begun application of an invitation that was not used",
               "Not needed once the invitation is over", "the invitation's expiry",
               lambda s: f"{s.draft_days} days", lambda s, moment: moment - timedelta(days=s.draft_days)),
        Period("files", "Documents of a submitted application",
               "Our retention policy: legal claims and insurers' questions", "the submission",
               lambda s: f"{s.file_years} years", lambda s, moment: _years_before(moment, s.file_years)),
        Period("logs", "Sign-in sessions that are over, deliveries that are done",
               "Technical logs serve to find faults; the events of the business stay", "the end",
               lambda s: f"{s.log_days} days", lambda s, moment: moment - timedelta(days=s.log_days)),
        Period("uploads", "Uploads that were never completed, were refused, or were removed",
               "Nobody asked us to keep them", "the upload or the removal",
               lambda s: f"{s.abandoned_upload_days} days", lambda s, moment: moment - timedelta(days=s.abandoned_upload_days)),
        Period("orphans", "Objects in the store that no document knows",
               "What cannot be found cannot be protected", "their last change",
               lambda s: f"{s.abandoned_upload_days} days", lambda s, moment: moment - timedelta(days=s.abandoned_upload_days)),
    )
}  # fmt: skip


#: What refers to an application goes with it, or the database keeps the application; the logs stay, under the invitation.
WITH_THE_APPLICATION = (Document, Agreement, Verdict, Note, InformationRequest, IdempotencyKey, Confirmation)
LOGS = (Event, Delivery)


@dataclass(frozen=True)
class Due:
    """One thing past its period: its objects in the store, which go first, and then its rows.

    `forget(session)` deals with the rows and answers how many went, by table.
    """

    period: str
    what: str
    objects: tuple[tuple[str, str | None], ...] = ()
    invitation_id: int | None = None
    application_id: int | None = None
    rows: int = 0
    forget: Callable[[Session], dict[str, int]] = lambda _: {}


class LegalHold(SQLModel, table=True):
    """While it stands, nothing of this invitation, its application and documents is erased."""

    __tablename__ = "legal_holds"

    id: int | None = Field(default=None, primary_key=True)
    invitation_id: int = Field(foreign_key="invitations.id", index=True)
    reason: str
    placed_by: str
    placed_at: datetime = Field(sa_type=UtcDateTime)
    lifted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def due(session: Session) -> list[Due]:
    """Everything in the database that is past its period now, without what a legal hold protects."""
    return [*_drafts(session), *_files(session), *_uploads(session), *_logs(session)]


def erased(session: Session, gone: Due) -> None:
    """Forget the rows of what has left the store, and record the proof: key, hash, time (FACTS 50)."""
    subject: dict[str, Any] = {"invitation_id": gone.invitation_id, "application_id": gone.application_id, "period": gone.period}
    for key, sha256 in gone.objects:
        record(session, "retention.erased", PORTAL, **subject, key=key, sha256=sha256, gone_at=now().isoformat(), head=404)
    if rows := {table: count for table, count in gone.forget(session).items() if count}:
        record(session, "retention.erased", PORTAL, **subject, rows=rows)


def hold(session: Session, actor: Actor, invitation: Invitation, reason: str) -> LegalHold:
    """Protect everything of an invitation from erasure until `lift`."""
    actor.must(Right.OPERATE)
    if len(reason.strip()) < 5:
        raise Invalid("The reason is missing.", [Problem("reason", "Say why this must be kept.")])
    made = LegalHold(invitation_id=invitation.id or 0, reason=reason.strip(), placed_by=actor.name, placed_at=now())
    session.add(made)
    record(session, "retention.held", actor, invitation_id=invitation.id, reason=made.reason)
    return made


def lift(session: Session, actor: Actor, invitation: Invitation) -> None:
    """End the hold. Conflict if there is none."""
    actor.must(Right.OPERATE)
    standing = session.exec(_holds().where(LegalHold.invitation_id == invitation.id)).all()
    if not standing:
        raise Conflict("Nothing of this invitation is on hold.")
    for one in standing:
        one.lifted_at = now()
        session.add(one)
    record(session, "retention.hold_lifted", actor, invitation_id=invitation.id)


def known_keys(session: Session, keys: list[str]) -> set[str]:
    """Which of these keys in the store belong to a document."""
    return set(session.exec(select(Document.r2_key).where(col(Document.r2_key).in_(keys))))


def _drafts(session: Session) -> Iterable[Due]:
    begun = sa.exists().where(col(Application.invitation_code) == col(Invitation.code))
    submitted = begun.where(col(Application.status) != ApplicationStatus.DRAFT)
    typed = sa.exists().where(col(Draft.invitation_code) == col(Invitation.code))
    late = select(Invitation).where(col(Invitation.expires_at) <= PERIODS["drafts"].cutoff(), ~submitted, sa.or_(begun, typed), ~_on_hold())
    return [_draft(session, invitation) for invitation in session.exec(late.order_by(col(Invitation.id)))]


def _draft(session: Session, invitation: Invitation) -> Due:
    application = session.exec(select(Application).where(Application.invitation_code == invitation.code)).first()
    number = application.id if application else None
    documents = session.exec(select(Document).where(Document.application_id == number, col(Document.erased_at).is_(None)))
    return Due(
        "drafts", f"the draft of invitation {invitation.id}", tuple((d.r2_key, d.sha256) for d in documents), invitation.id, rows=1,
        forget=lambda erasing: _forget_draft(erasing, invitation.code, number),
    )  # fmt: skip


def _forget_draft(session: Session, code: str, application_id: int | None) -> dict[str, int]:
    gone = {"draft_data": session.exec(delete(Draft).where(col(Draft.invitation_code) == code)).rowcount}
    return gone if application_id is None else gone | _forget_application(session, application_id)


def _forget_application(session: Session, application_id: int) -> dict[str, int]:
    gone: dict[str, int] = {}
    for table in WITH_THE_APPLICATION:
        gone[str(table.__tablename__)] = session.exec(delete(table).where(col(table.application_id) == application_id)).rowcount
    for log in LOGS:  # they stay, under the invitation: their subject is no more
        session.exec(update(log).where(col(log.application_id) == application_id).values(application_id=None))
    gone["applications"] = session.exec(delete(Application).where(col(Application.id) == application_id)).rowcount
    return gone


def _files(session: Session) -> Iterable[Due]:
    late = _documents().where(col(Application.submitted_at) <= PERIODS["files"].cutoff(), Document.state == DocumentState.STORED)
    return [_document("files", found, _mark_erased) for found in session.exec(late).all()]


def _uploads(session: Session) -> Iterable[Due]:
    cutoff = PERIODS["uploads"].cutoff()
    never = sa.and_(col(Document.state).in_((DocumentState.PENDING, DocumentState.REFUSED)), col(Document.upload_timestamp) <= cutoff)
    removed = sa.and_(col(Document.state) == DocumentState.REMOVED, col(Document.removed_at) <= cutoff)
    return [_document("uploads", found, _delete_row) for found in session.exec(_documents().where(sa.or_(never, removed))).all()]


def _documents() -> Any:
    joined = select(Document).join(Application, col(Application.id) == col(Document.application_id))
    joined = joined.join(Invitation, col(Invitation.code) == col(Application.invitation_code))
    return joined.where(col(Document.erased_at).is_(None), ~_on_hold()).order_by(col(Document.id))


def _document(period: str, found: Document, forget: Callable[[Session, int | None], None]) -> Due:
    what = f"document {found.id} of application {found.application_id} ({found.slot}, {found.state})"

    def rows(session: Session) -> dict[str, int]:
        forget(session, found.id)
        return {}  # the object's own event says it

    return Due(period, what, ((found.r2_key, found.sha256),), application_id=found.application_id, rows=1, forget=rows)


def _mark_erased(session: Session, document_id: int | None) -> None:
    """The row stays: that there was such a document, and when it went, belongs to the application."""
    document = session.get_one(Document, document_id)
    document.state, document.erased_at = DocumentState.REMOVED, now()
    session.add(document)


def _delete_row(session: Session, document_id: int | None) -> None:
    session.exec(delete(Document).where(col(Document.id) == document_id))


def _logs(session: Session) -> Iterable[Due]:
    cutoff = PERIODS["logs"].cutoff()
    over = sa.or_(col(SignIn.ended_at) <= cutoff, col(SignIn.expires_at) <= cutoff)
    done = sa.and_(col(Delivery.state).in_((DeliveryState.DONE, DeliveryState.SETTLED)), col(Delivery.done_at) <= cutoff)
    return [found for found in (_log(session, SignIn, over), _log(session, Delivery, done)) if found.rows]


def _log(session: Session, table: type[SQLModel], over: Any) -> Due:
    name = str(table.__tablename__)
    count = session.exec(select(func.count()).select_from(table).where(over)).one()
    return Due("logs", f"{name} that are over", rows=count, forget=lambda erasing: {name: erasing.exec(delete(table).where(over)).rowcount})


def _on_hold() -> Any:
    return sa.exists().where(col(LegalHold.invitation_id) == col(Invitation.id), col(LegalHold.lifted_at).is_(None))


def _holds() -> Any:
    return select(LegalHold).where(col(LegalHold.lifted_at).is_(None))


def _years_before(moment: datetime, years: int) -> datetime:
    """The same day so many years ago; of a 29 February, the 28th."""
    day = 28 if (moment.month, moment.day) == (2, 29) else moment.day
    return moment.replace(year=moment.year - years, day=day)
