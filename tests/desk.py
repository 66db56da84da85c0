"""What tests of the review desk begin with: people of each role, and applications in the states they need."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from models.application import Application, begin, by_reference, of_invitation, submit
from models.condition import Term, conditions
from models.database import now, reading, transaction
from models.invitation import invite
from models.person import PORTAL, Actor, Role, actor_of, sign_in
from models.review import SECTIONS, Ruling, approve, give_verdict, mark_reviewed, reject, request_information
from models.slots import SLOTS
from tests.sample_form import COMPLETE

QUESTION = "Send the certificate of the new insurance year."


def token(role: Role) -> str:
    """The session token of a member of staff with one role."""
    with transaction() as session:
        return sign_in(session, oid=role, name=f"{role.value.capitalize()} Person", email=f"{role.value}@saber.example", roles=[role])


def person(role: Role) -> Actor:
    """A signed-in member of staff."""
    with reading() as session:
        return actor_of(session, token(role))


def applied(company: str = "Brightfield Solar Ltd", **answers: Any) -> str:
    """The reference of an application that has been submitted; `answers` differ from the complete sample."""
    given = {**COMPLETE, "company_name": company, **answers}
    documents = {name: 1 for name, slot in SLOTS.items() if slot.wanted(given)}
    with transaction() as session:
        application = begin(session, invite(session, PORTAL, company_name=company, contact_email=given["primary_contact_email"]))
        return str(submit(session, application, given, documents).reference_number)


def sent_again(reference: str, **answers: Any) -> None:
    """The partner answers a request by sending the application again."""
    with transaction() as session:
        application = of_invitation(session, row(session, reference).invitation_code, lock=True)
        assert application is not None
        given = {**COMPLETE, "primary_contact_email": application.primary_contact_email, **answers}
        submit(session, application, given, {name: 1 for name, slot in SLOTS.items() if slot.wanted(given)})


def brought(reference: str, *, to: str) -> str:
    """The application carried on by its verbs: under_review, information_required, reviewed, approved or rejected."""
    reviewer, approver = person(Role.REVIEWER), person(Role.APPROVER)
    with transaction() as session:
        application = row(session, reference)
        if to == "information_required":
            request_information(session, reviewer, application, QUESTION, ["public_liability_expiry"])
            return reference
        sections = list(SECTIONS) if to != "under_review" else list(SECTIONS)[:2]
        for section in sections:
            give_verdict(session, reviewer, application, section, Ruling.PASSED)
        if to != "under_review":
            mark_reviewed(session, reviewer, application)
    if to in ("approved", "rejected"):
        with transaction() as session:
            application = row(session, reference)
            approve(session, approver, application) if to == "approved" else reject(session, approver, application, "The cover is too low.")
    return reference


def row(session: Any, reference: str) -> Application:
    """The application's row."""
    return by_reference(session, reference)


def brought_to_decision(reference: str, *, overdue: bool = False) -> None:
    """An application that is reviewed is approved under two conditions; the first can be `overdue`."""
    due = now().date() + timedelta(days=40)
    approver = person(Role.APPROVER)
    with transaction() as session:
        terms = [Term("Send the renewed public liability certificate.", due), Term("Train two more installers.")]
        made = approve(session, approver, row(session, reference), "Welcome to the team.\nArthur", terms)
        session.flush()
        if overdue:
            first, __ = conditions(session, made.application_id)
            first.due_on = now().date() - timedelta(days=3)
            session.add(first)
