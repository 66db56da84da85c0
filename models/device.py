"""A device on which nobody was let in before: once something is saved, the link alone is not enough there, and a code is mailed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlmodel import Session, col, select

from models.application import Application
from models.confirmation import FIELD, Confirmation, Outcome, Purpose, comparable, confirmed_addresses, enter, new_code
from models.database import now
from models.document import Document, DocumentState
from models.draft import answers_of
from models.earlier import typed_steps
from models.event import record
from models.invitation import Invitation, former_addresses
from models.person import partner

TWICE = timedelta(seconds=30)  # a second click of the same form finds the door that the first has opened


def has_saved(session: Session, application: Application) -> bool:
    """Whether there is something to protect: answers, documents, or an application that was sent.

    What an earlier application has lent is none of it. It is stored when the link is first opened, which may be by a program that
    looks at the links in mails: whoever is invited would then stand before a locked door at their first visit.
    """
    if application.submitted_at is not None:
        return True
    there = (DocumentState.PENDING, DocumentState.STORED, DocumentState.QUARANTINED)
    documents = select(Document.id).where(Document.application_id == application.id, col(Document.state).in_(there))
    return bool(typed_steps(session, application)) or session.exec(documents).first() is not None


def addresses(session: Session, application: Application, invitation: Invitation) -> list[str]:
    """Where a code may be mailed to: the invited address, then the primary contact's if it is another and is confirmed.

    None goes to an address that staff have corrected, though the answers may still name it: somebody else may read it.
    """
    confirmed = confirmed_addresses(session, application)
    typed = answers_of(session, invitation.code).get(FIELD)
    known = [invitation.contact_email, typed if isinstance(typed, str) else None, application.primary_contact_email]
    allowed = confirmed - former(session, invitation)
    different = {comparable(one): one for one in reversed(known) if one and comparable(one) in allowed}
    return sorted(different.values(), key=known.index)


def former(session: Session, invitation: Invitation) -> frozenset[str]:
    """The addresses, `comparable`, that staff have put another in the place of; the one in force, in whatever case, is none of them."""
    return frozenset(map(comparable, former_addresses(session, invitation))) - {comparable(invitation.contact_email)}


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
    if not is_among(addresses(session, application, _invitation(session, application)), found.email):
        return Outcome.SPENT  # the address has been corrected since
    if found.confirmed_at is not None and found.confirmed_at < now() - TWICE:
        return Outcome.SPENT
    first, outcome = found.confirmed_at is None, enter(session, found, code)
    if outcome == Outcome.RIGHT and first:
        who = partner(application.company_name or "")
        record(session, "application.device_let_in", who, application_id=application.id, email=found.email)
    return outcome


def _invitation(session: Session, application: Application) -> Invitation:
    return session.exec(select(Invitation).where(Invitation.code == application.invitation_code)).one()


def asked_code(session: Session, application: Application, asked: int) -> Confirmation | None:
    """The code with this id, if a device of this application asked for it."""
    wanted = select(Confirmation).where(Confirmation.id == asked, Confirmation.application_id == application.id)
    return session.exec(wanted.where(Confirmation.purpose == Purpose.DEVICE)).first()


def is_among(known: Iterable[str], email: str) -> bool:
    """Whether a code that was mailed to this address still lets somebody in, where these are the addresses that it may go to."""
    return comparable(email) in {comparable(one) for one in known}


def masked(email: str) -> str:
    """An address as much as its owner needs to know it again: m•••@brightfield.test."""
    name, _, domain = email.rpartition("@")
    return f"{name[:1]}•••@{domain}"
