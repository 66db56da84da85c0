"""Applications in each state, put straight into the product's database and store by their verbs: the API counts its callers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, col, select

from e2e.product import Product
from models.application import Application, begin, of_invitation
from models.application import submit as send
from models.colleague import ask_colleague
from models.database import transaction
from models.delivery import Delivery, DeliveryState
from models.draft import save_step
from models.invitation import find, invite
from models.list_trouble import new_trouble, note_trouble
from models.note import add_note
from models.person import PORTAL, Role
from models.request import Wanted
from models.review import SECTIONS, Ruling, give_verdict, mark_reviewed, request_information
from models.steps import QUESTIONS, STEPS
from tests import desk
from tests.partners import stored_in
from tests.parts import environment_of
from tests.sample_form import COMPLETE, wanted_documents

NEEDED = "The insurance has to cover the whole of 2027. Everything else in your application is fine."
LONG_COMPANY = "Northumberland and Tyneside Renewable Energy Installations (Holdings) Limited"


@contextmanager
def within(product: Product) -> Iterator[None]:
    """The verbs work on this product meanwhile."""
    with environment_of(product["environment"]):
        yield


def invited(company: str = "Brightfield Solar Ltd", email: str = COMPLETE["primary_contact_email"]) -> str:
    """The code of a fresh invitation."""
    with transaction() as session:
        return invite(session, PORTAL, company_name=company, contact_name="Helen Marsh", contact_title="Ms", contact_email=email).code


def answered(code: str, **changes: Any) -> None:
    """Every step as in the complete sample, but for the changes."""
    given = {**COMPLETE, **changes}
    with transaction() as session:
        for step in STEPS:
            save_step(session, _application(session, code), step, {n: v for n, v in given.items() if QUESTIONS[n].step == step.number})


def documented(code: str) -> None:
    """Every document that the complete sample needs."""
    with transaction() as session:
        application = _application(session, code)
    for slot in wanted_documents():
        stored_in(application, slot)


def sent(code: str) -> str:
    """The complete sample is sent; answers its reference."""
    with transaction() as session:
        return str(send(session, _application(session, code), COMPLETE, wanted_documents()).reference_number)


def asked(reference: str) -> None:
    """A reviewer names an answer, a document, and an answer of another step, with words and dates."""
    soon = date.today() + timedelta(days=14)
    items = [
        Wanted("public_liability_expiry", "The date differs from the one on the certificate.", soon),
        Wanted("public_liability_certificate", "The last page is missing."),
        Wanted("years_trading", ""),
    ]
    with transaction() as session:
        request_information(session, desk.person(Role.REVIEWER), desk.row(session, reference), NEEDED, items, soon + timedelta(days=7))


def judged(reference: str, *, reviewed: bool = False) -> None:
    """Every section has a verdict, of each sort, and there is a note; the decision is due where it is marked reviewed."""
    reviewer = desk.person(Role.REVIEWER)
    with transaction() as session:
        application = desk.row(session, reference)
        for number, section in enumerate(SECTIONS):
            ruling = list(Ruling)[number % 3]
            give_verdict(session, reviewer, application, section, ruling, "" if ruling == Ruling.PASSED else NEEDED)
        add_note(session, reviewer, application, "Call them on Monday.\nAsk for Owen Price.")
        if reviewed:
            mark_reviewed(session, reviewer, application)


def failing(reference: str) -> None:
    """What was to be delivered of an application has failed for good."""
    with transaction() as session:
        application = desk.row(session, reference)
        for one in session.exec(select(Delivery).where(col(Delivery.application_id) == application.id)):
            one.state, one.failure, one.attempts = DeliveryState.FAILED, "permanent", 3
            one.last_error = "The mail server does not take mail for helen.marsh@brightfieldsolar.co.uk: 550 no such mailbox."
            session.add(one)


def contradicted(reference: str) -> None:
    """Somebody has set the application's item in SharePoint to something that the portal did not follow."""
    theirs = {"Status": "Approved", "ReviewNotes": "Agreed with Helen on the telephone.\nNothing else is open."}
    with transaction() as session:
        application = desk.row(session, reference)
        why = "In SharePoint it is “Approved”, but the application has not been reviewed."
        note_trouble(session, new_trouble("EPC Onboarding", "4711", f"Brightfield ({reference})", why, "rosa@saber.example", theirs, application.id))


def helped(code: str, step: str) -> str:
    """A colleague is asked for one step; answers the key of their link."""
    note = "The broker has the figures."
    with transaction() as session:
        application = _application(session, code)
        return ask_colleague(
            session, application, by="Helen Marsh", step=step, name="Priya Nair", email="priya@brightfieldsolar.co.uk", note=note
        ).token


def _application(session: Session, code: str) -> Application:
    """The invitation's application, begun where it is not."""
    if found := of_invitation(session, code):
        return found
    invitation = find(session, code)
    assert invitation is not None
    return begin(session, invitation)
