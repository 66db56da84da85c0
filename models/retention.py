"""How long what is kept, as one table, and what is past its period now.

UK law fixes no period for such files: the seven years are a policy (FACTS 48). A legal hold wins over every period (FACTS 50).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, delete, func, select, update

from models.agreement import Agreement
from models.application import Application, ApplicationStatus
from models.carried import CarriedOver
from models.colleague import Colleague
from models.condition import Condition
from models.confirmation import Confirmation
from models.database import UtcDateTime, now, one_at_a_time
from models.decision import Decision
from models.delivery import Delivery, DeliveryState, deliver
from models.document import Document, DocumentState, known_keys
from models.draft import Draft
from models.errors import Conflict, Invalid, Problem
from models.event import Event, record
from models.idempotency import IdempotencyKey
from models.invitation import Invitation
from models.invited_by_program import InvitationKey
from models.language import _
from models.library_upload import lying
from models.mention import Mention
from models.note import Note
from models.person import PORTAL, Actor, Right, SignIn
from models.renewal import Renewal
from models.review import InformationRequest, Verdict
from models.settings import Settings, settings
from models.token import Token
from models.visit import Visit


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
        Period("files", "Documents of a submitted application, also those taken out or replaced since",
               "Our retention policy: legal claims and insurers' questions", "the last submission or removal",
               lambda s: f"{s.file_years} years", lambda s, moment: _years_before(moment, s.file_years)),
        Period("logs", "Sign-in sessions, partners' visits and programs' tokens that are over, deliveries that are done, keys of repeated "
               "requests",
               "Technical logs serve to find faults; the events of the business stay", "the end",
               lambda s: f"{s.log_days} days", lambda s, moment: moment - timedelta(days=s.log_days)),
        Period("uploads", "Uploads that were never completed, were refused, or were removed before they were submitted",
               "Nobody asked us to keep them", "the upload or the removal",
               lambda s: f"{s.abandoned_upload_days} days", lambda s, moment: moment - timedelta(days=s.abandoned_upload_days)),
        Period("orphans", "Objects in the store that no document knows; erased after ORPHAN_DAYS, or when an operator asks for it",
               "What cannot be found cannot be protected", "their last change",
               lambda s: f"{s.abandoned_upload_days} days", lambda s, moment: moment - timedelta(days=s.abandoned_upload_days)),
    )
}  # fmt: skip

#: What refers to an application goes with it, or the database keeps the application; the logs stay, under the invitation.
WITH_THE_APPLICATION = (
    Document, Agreement, Verdict, Mention, Note, InformationRequest, IdempotencyKey, Confirmation, Colleague, CarriedOver, Decision,
    Condition, Renewal,
)  # fmt: skip
LOGS = (Event, Delivery)
STILL_THERE = "retention.left_in_sharepoint"
Forget = Callable[[Session, int | None], dict[str, int]]
Again = Callable[[Session, int | None], "list[Due]"]


@dataclass(frozen=True)
class Due:
    """One thing past its period: at most one object in the store, which goes first, and then its rows.

    `document` is its public id, where it is one: it may have a copy in SharePoint's library.
    `forget(session)` deals with the rows and answers how many went, by table; `again(session)` looks whether it is still due.
    """

    period: str
    what: str
    objects: tuple[tuple[str, str | None], ...] = ()
    invitation_id: int | None = None
    application_id: int | None = None
    rows: int = 0
    forget: Callable[[Session], dict[str, int]] = lambda _: {}
    again: Callable[[Session], Due | None] = lambda _: None
    document: str = ""


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
    """Everything in the database that is past its period now, without what a legal hold protects; a draft after its documents."""
    found = [*_draft_files(session), *_drafts(session), *_files(session), *_uploads(session), *_logs(session)]
    return list({one.what: one for one in found}.values())  # what is due for two reasons goes once


def still_due(session: Session, one: Due) -> Due | None:
    """The same thing as it stands now, its application and invitation locked until the transaction ends; None if it stays.

    A hold, an extension or a submission either came before the lock and is seen, or waits for the end of the transaction.
    """
    for table, number in ((Application, one.application_id), (Invitation, one.invitation_id)):  # in the order of `submit`
        if number is not None:
            session.exec(select(col(table.id)).where(col(table.id) == number).with_for_update()).all()
    return one.again(session)


def copy_of(session: Session, one: Due) -> str:
    """The drive item of its copy in SharePoint's library; empty where there is none."""
    return lying(session, one.application_id).get(one.document, "") if one.document and one.application_id else ""


def still_in_library(session: Session, one: Due, item: str, why: str) -> None:
    """Record that the copy in SharePoint is still there, and why; the same thing only once."""
    told = select(Event).where(Event.type == STILL_THERE, Event.application_id == one.application_id).order_by(col(Event.id).desc())
    last = next((event for event in session.exec(told) if event.detail["item"] == item), None)
    if last is None or last.detail["reason"] != why:
        subject = {"invitation_id": one.invitation_id, "application_id": one.application_id}
        record(session, STILL_THERE, PORTAL, **subject, document=one.document, item=item, reason=why)


def erased(session: Session, gone: Due, copy: str = "") -> None:
    """Forget the rows of what has left the store, and record the proof: key, hash, time (FACTS 50).

    Its `copy`, a drive item, is still in SharePoint's library: a delivery takes it out, and records the proof of that by itself.
    """
    subject: dict[str, Any] = {"invitation_id": gone.invitation_id, "application_id": gone.application_id, "period": gone.period}
    for key, sha256 in gone.objects:
        proof: dict[str, Any] = {"key": key, "sha256": sha256, "gone_at": now().isoformat(), "head": 404}
        proof |= {"still_in_sharepoint": copy} if copy else {}
        event = record(session, "retention.erased", PORTAL, **subject, **proof)
        if copy:
            deliver(session, event, "sharepoint.documents")
    if rows := {table: count for table, count in gone.forget(session).items() if count}:
        subject |= {"application_id": None} if Application.__tablename__ in rows else {}  # it is no more
        record(session, "retention.erased", PORTAL, **subject, rows=rows)


def hold(session: Session, actor: Actor, invitation: Invitation, reason: str) -> LegalHold:
    """Protect everything of an invitation from erasure until `lift`."""
    actor.must(Right.OPERATE)
    if len(reason.strip()) < 5:
        raise Invalid(_("The reason is missing."), [Problem("reason", _("Say why this must be kept."))])
    one_at_a_time(session, "legal holds")  # the logs of many partners go at once, without a lock on each invitation
    made = LegalHold(invitation_id=invitation.id or 0, reason=reason.strip(), placed_by=actor.name, placed_at=now())
    session.add(made)
    record(session, "retention.held", actor, invitation_id=invitation.id, reason=made.reason)
    return made


def lift(session: Session, actor: Actor, invitation: Invitation) -> None:
    """End the hold. Conflict if there is none."""
    actor.must(Right.OPERATE)
    standing = session.exec(select(LegalHold).where(LegalHold.invitation_id == invitation.id, col(LegalHold.lifted_at).is_(None))).all()
    if not standing:
        raise Conflict(_("Nothing of this invitation is on hold."))
    for one in standing:
        one.lifted_at = now()
        session.add(one)
    record(session, "retention.hold_lifted", actor, invitation_id=invitation.id)


def orphan(key: str) -> Due:
    """An object in the store that no document knows; it is not due once one does."""
    what = "an object that no document knows"
    return Due("orphans", what, ((key, None),), again=lambda session: None if known_keys(session, [key]) else orphan(key))


def _draft_files(session: Session, only: int | None = None) -> list[Due]:
    late = _documents(only).where(col(Invitation.expires_at) <= PERIODS["drafts"].cutoff(), Application.status == ApplicationStatus.DRAFT)
    return _listed(session, "drafts", late, _delete_row, _draft_files)


def _drafts(session: Session, only: int | None = None) -> list[Due]:
    begun = sa.exists().where(col(Application.invitation_code) == col(Invitation.code))
    submitted = begun.where(col(Application.status) != ApplicationStatus.DRAFT)
    typed = sa.exists().where(col(Draft.invitation_code) == col(Invitation.code))
    late = select(Invitation).where(col(Invitation.expires_at) <= PERIODS["drafts"].cutoff(), ~submitted, sa.or_(begun, typed), ~_on_hold())
    late = late if only is None else late.where(col(Invitation.id) == only)
    return [_draft(session, invitation) for invitation in session.exec(late.order_by(col(Invitation.id)))]


def _draft(session: Session, invitation: Invitation) -> Due:
    number = session.exec(select(Application.id).where(Application.invitation_code == invitation.code)).first()
    return Due(
        "drafts", f"the draft of invitation {invitation.id}", (), invitation.id, number, rows=1,
        forget=lambda session: _forget_draft(session, invitation, number), again=lambda session: _first(_drafts(session, invitation.id)),
    )  # fmt: skip


def _forget_draft(session: Session, invitation: Invitation, application_id: int | None) -> dict[str, int]:
    left = select(Document.id).where(Document.application_id == application_id, col(Document.erased_at).is_(None))
    if session.exec(left).first() is not None:
        raise Conflict(_("Some of its documents have not been erased yet."))
    gone = {"draft_data": session.exec(delete(Draft).where(col(Draft.invitation_code) == invitation.code)).rowcount}
    gone["visits"] = session.exec(delete(Visit).where(col(Visit.invitation_id) == invitation.id)).rowcount  # nobody is let in any more
    return gone if application_id is None else gone | _forget_application(session, application_id, invitation.id)


def _forget_application(session: Session, application_id: int, invitation_id: int | None) -> dict[str, int]:
    gone: dict[str, int] = {}
    for table in WITH_THE_APPLICATION:
        gone[str(table.__tablename__)] = session.exec(delete(table).where(col(table.application_id) == application_id)).rowcount
    for log in LOGS:  # they stay, under the invitation: their subject is no more
        session.exec(update(log).where(col(log.application_id) == application_id).values(application_id=None, invitation_id=invitation_id))
    gone["applications"] = session.exec(delete(Application).where(col(Application.id) == application_id)).rowcount
    return gone


def _files(session: Session, only: int | None = None) -> list[Due]:
    # Nobody may leave a renewal open for ever; what is in quarantine stays there for as long as files are kept.
    standing = col(Document.state).in_((DocumentState.STORED, DocumentState.PROPOSED, DocumentState.QUARANTINED))
    part = sa.or_(standing, sa.and_(col(Document.state) == DocumentState.REMOVED, ~_never_sent()))
    # What was replaced is no part of what a partner sends every year: its period ends though that begins anew.
    replaced = sa.and_(col(Document.state) == DocumentState.REMOVED, col(Document.removed_at) <= PERIODS["files"].cutoff())
    late = _documents(only).where(sa.or_(_last_sent() <= PERIODS["files"].cutoff(), replaced), part)
    return _listed(session, "files", late, _mark_erased, _files)


def _uploads(session: Session, only: int | None = None) -> list[Due]:
    cutoff = PERIODS["uploads"].cutoff()
    never = sa.and_(col(Document.state).in_((DocumentState.PENDING, DocumentState.REFUSED)), col(Document.upload_timestamp) <= cutoff)
    removed = sa.and_(col(Document.state) == DocumentState.REMOVED, col(Document.removed_at) <= cutoff, _never_sent())
    return _listed(session, "uploads", _documents(only).where(sa.or_(never, removed)), _delete_row, _uploads)


def _never_sent() -> Any:
    """No submission had it; what one had is evidence, even if it was taken out when more information was asked for."""
    return sa.or_(col(Application.submitted_at).is_(None), col(Document.upload_timestamp) > _last_sent())


def _last_sent() -> Any:
    """When the application, or a renewal of it, was sent last: the row keeps the first time, a later one has an event."""
    later = col(Event.type).in_(("application.resubmitted", "application.renewal_sent"))
    again = select(func.max(col(Event.at))).where(col(Event.application_id) == col(Application.id), later)
    return func.coalesce(again.correlate(Application).scalar_subquery(), col(Application.submitted_at))


def _documents(only: int | None) -> Any:
    joined = select(Document, col(Invitation.id)).join(Application, col(Application.id) == col(Document.application_id))
    joined = joined.join(Invitation, col(Invitation.code) == col(Application.invitation_code))
    joined = joined.where(col(Document.erased_at).is_(None), ~_on_hold()).order_by(col(Document.id))
    return joined if only is None else joined.where(col(Document.id) == only)


def _listed(session: Session, period: str, wanted: Any, forget: Forget, again: Again) -> list[Due]:
    return [_document(period, found, invitation_id, forget, again) for found, invitation_id in session.exec(wanted).all()]


def _document(period: str, found: Document, invitation_id: int, forget: Forget, again: Again) -> Due:
    return Due(
        period, f"document {found.id} of application {found.application_id} ({found.slot}, {found.state})",
        ((found.r2_key, found.sha256),), invitation_id, found.application_id, rows=1,
        forget=lambda session: forget(session, found.id), again=lambda session: _first(again(session, found.id)),
        document=found.public_id,
    )  # fmt: skip


def _first(found: list[Due]) -> Due | None:
    return next((one for one in found if one.rows), None)


def _mark_erased(session: Session, document_id: int | None) -> dict[str, int]:
    """The row stays: that there was such a document, and when it went, belongs to the application."""
    document = session.get_one(Document, document_id)
    document.state, document.erased_at = DocumentState.REMOVED, now()
    session.add(document)
    return {}  # the object's own event says it


def _delete_row(session: Session, document_id: int | None) -> dict[str, int]:
    session.exec(delete(Document).where(col(Document.id) == document_id))
    return {}


def _logs(session: Session) -> list[Due]:
    cutoff = PERIODS["logs"].cutoff()
    over = sa.or_(col(SignIn.ended_at) <= cutoff, col(SignIn.expires_at) <= cutoff)
    done = sa.and_(col(Delivery.state).in_((DeliveryState.DONE, DeliveryState.SETTLED)), col(Delivery.done_at) <= cutoff)
    theirs = sa.or_(col(Invitation.id) == col(Delivery.invitation_id), col(Application.id) == col(Delivery.application_id))
    used = sa.and_(col(IdempotencyKey.used_at) <= cutoff, ~_held(col(Application.id) == col(IdempotencyKey.application_id)))
    closed = sa.or_(col(Token.revoked_at) <= cutoff, col(Token.expires_at) <= cutoff)
    gone = sa.or_(col(Visit.ended_at) <= cutoff, col(Visit.expires_at) <= cutoff)
    logs = ((SignIn, over), (Visit, gone), (Delivery, sa.and_(done, ~_held(theirs))), (IdempotencyKey, used),
            (InvitationKey, col(InvitationKey.used_at) <= cutoff), (Token, closed))  # fmt: skip
    return [found for table, past in logs if (found := _log(session, table, past)).rows]


def _log(session: Session, table: type[SQLModel], over: Any) -> Due:
    name = str(table.__tablename__)
    count = session.exec(select(func.count()).select_from(table).where(over)).one()

    def again(checking: Session) -> Due | None:
        one_at_a_time(checking, "legal holds")
        return _first([_log(checking, table, over)])

    def forget(erasing: Session) -> dict[str, int]:
        return {name: erasing.exec(delete(table).where(over)).rowcount}

    return Due("logs", f"{name} that are over", rows=count, forget=forget, again=again)


def _held(theirs: Any) -> Any:
    """Whether a hold stands on the invitation of `theirs`, a condition on Invitation or its Application."""
    held = sa.select(col(LegalHold.id)).join(Invitation, col(Invitation.id) == col(LegalHold.invitation_id))
    held = held.outerjoin(Application, col(Application.invitation_code) == col(Invitation.code))
    return held.where(theirs, col(LegalHold.lifted_at).is_(None)).exists()


def _on_hold() -> Any:
    return sa.exists().where(col(LegalHold.invitation_id) == col(Invitation.id), col(LegalHold.lifted_at).is_(None))


def _years_before(moment: datetime, years: int) -> datetime:
    """The same day so many years ago; of a 29 February, the 28th."""
    day = 28 if (moment.month, moment.day) == (2, 29) else moment.day
    return moment.replace(year=moment.year - years, day=day)
