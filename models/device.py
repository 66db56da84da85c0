"""A device on which nobody was let in before: once something is saved, the link alone is not enough there, and a code is mailed."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session, col, select

from models.application import Application
from models.confirmation import FIELD, Confirmation, Outcome, Purpose, comparable, confirmed_addresses, enter, new_code
from models.database import now
from models.document import Document, DocumentState
from models.draft import answers_of
from models.event import record
from models.invitation import Invitation
from models.person import partner

TWICE = timedelta(seconds=30)  # a second click of the same form finds the door that the first has opened


def has_saved(session: Session, application: Application) -> bool:
    """Whether there is something to protect: answers, documents, or an application that was sent."""
    if application.submitted_at is not None:
        return True
    documents = select(Document.id).where(
        Document.application_id == application.id, col(Document.state).in_((DocumentState.PENDING, DocumentState.STORED))
    )
    return bool(answers_of(session, application.invitation_code)) or session.exec(documents).first() is not None


def addresses(session: Session, application: Application, invitation: Invitation) -> list[str]:
    """Where a code may be mailed to: the invited address, then the primary contact's if it is another and is confirmed."""
    confirmed = confirmed_addresses(session, application)
    typed = answers_of(session, invitation.code).get(FIELD)
    known = [invitation.contact_email, typed if isinstance(typed, str) else None, application.primary_contact_email]
    different = {comparable(one): one for one in reversed(known) if one and comparable(one) in confirmed}
    return sorted(different.values(), key=known.index)


def ask_device_code(session: Session, application: Application, invitation: Invitation, to: int = 0) -> Confirmation:
    """Mail a code to the address with this number in `addresses`, the first if there is none. TooMany after six in an hour."""
    known = addresses(session, application, invitation)
    made = new_code(session, application, known[to] if 0 <= to < len(known) else known[0], Purpose.DEVICE)
    record(session, "application.device_asked", partner(invitation.company_name), application_id=application.id, confirmation=made.id)
    return made


def enter_device_code(session: Session, application: Application, asked: int, code: str) -> Outcome:
    """What becomes of these digits for the code with this id, which this very device asked for. Commit in any case: a try counts.

    A code lets one device in: used again it is spent.
    """
    found = asked_code(session, application, asked)
    if found is None:
        return Outcome.RUN_OUT
    if found.confirmed_at is not None and found.confirmed_at < now() - TWICE:
        return Outcome.SPENT
    first, outcome = found.confirmed_at is None, enter(session, found, code)
    if outcome == Outcome.RIGHT and first:
        who = partner(application.company_name or "")
        record(session, "application.device_let_in", who, application_id=application.id, email=found.email)
    return outcome


def asked_code(session: Session, application: Application, asked: int) -> Confirmation | None:
    """The code with this id, if a device of this application asked for it."""
    wanted = select(Confirmation).where(Confirmation.id == asked, Confirmation.application_id == application.id)
    return session.exec(wanted.where(Confirmation.purpose == Purpose.DEVICE)).first()


def masked(email: str) -> str:
    """An address as much as its owner needs to know it again: m•••@brightfield.test."""
    name, _, domain = email.rpartition("@")
    return f"{name[:1]}•••@{domain}"
