"""A new application begins with what the same contact wrote for the same company before, and with nobody else's answers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from models.application import Application, withdraw
from models.database import now, transaction
from models.draft import answers_of, drafts
from models.earlier import Lent, begin_with_what_is_known, lent_to
from models.event import Event
from models.invitation import Invitation, InvitationStatus, invite
from models.person import PORTAL
from tests import partners
from tests.sample_form import COMPLETE

HELEN = "helen.marsh@brightfieldsolar.co.uk"


def earlier(status: str = "withdrawn") -> Application:
    """An application that was sent and came to nothing, or a draft whose invitation has expired."""
    made = partners.begun(()) if status == "draft" else partners.submitted(())
    with transaction() as session:
        ours = session.get_one(Application, made.id)
        if status == "withdrawn":
            withdraw(session, ours)
        elif status == "draft":
            _invitation(session, ours).expires_at = now() - timedelta(days=1)
        else:
            ours.status = status
        ours.submitted_at = ours.submitted_at and ours.submitted_at.replace(year=2026, month=3, day=5)
        ours.updated_at = ours.updated_at.replace(year=2026, month=3, day=5)
        session.add(ours)
    return made


def begun(company: str = "Brightfield Solar Ltd", email: str = HELEN) -> tuple[dict[str, Any], Lent | None]:
    """What a new invitation's application begins with, and what of it was lent."""
    with transaction() as session:
        invitation = invite(session, PORTAL, company_name=company, contact_email=email)
        application = begin_with_what_is_known(session, invitation)
        return answers_of(session, invitation.code), lent_to(session, application)


def _invitation(session: Session, application: Application) -> Invitation:
    return session.exec(select(Invitation).where(Invitation.code == application.invitation_code)).one()


@pytest.mark.parametrize("status", ["withdrawn", "rejected", "draft"])
def test_the_company_its_address_and_its_people_are_taken_over_and_nothing_else(database: str, status: str) -> None:
    earlier(status)
    answers, lent = begun()
    assert lent is not None and lent.names == set(answers) and lent.of == date(2026, 3, 5)
    for name in ("company_registration", "vat_number", "company_address", "company_postal", "primary_contact_phone"):
        assert answers[name] == COMPLETE[name]
    assert not set(answers) & {"company_name", "primary_contact_email", "years_trading", "services_offered", "annual_turnover"}


@pytest.mark.parametrize("status", ["submitted", "under_review", "approved"])
def test_an_application_that_is_not_over_lends_nothing(database: str, status: str) -> None:
    earlier(status)
    assert begun() == ({}, None)


@pytest.mark.parametrize(
    ("company", "email", "lends"),
    [("BRIGHTFIELD Solar, Ltd.", HELEN.upper(), True), ("Darkfield Solar Ltd", HELEN, False),
     ("Brightfield Solar Ltd", "owen.price@brightfieldsolar.co.uk", False)],
)  # fmt: skip
def test_only_the_same_contact_of_the_same_company_is_lent_anything(database: str, company: str, email: str, lends: bool) -> None:
    earlier()
    answers, lent = begun(company, email)
    assert (bool(answers), lent is not None) == (lends, lends)


def test_an_active_draft_of_another_invitation_lends_nothing(database: str) -> None:
    partners.begun(())
    assert begun() == ({}, None)


def test_another_persons_name_and_telephone_are_not_taken_for_the_contacts(database: str) -> None:
    made = earlier("draft")
    with transaction() as session:
        contact = drafts(session, made.invitation_code)[2]
        contact.form_data = {**contact.form_data, "primary_contact_email": "owen.price@brightfieldsolar.co.uk"}
        session.add(contact)
    answers, _ = begun()
    assert "company_address" in answers and not [name for name in answers if name.startswith("primary_contact")]


def test_what_was_begun_is_not_filled_in_again_and_the_event_names_no_answer(database: str) -> None:
    earlier()
    with transaction() as session:
        invitation = invite(session, PORTAL, company_name="Brightfield Solar Ltd", contact_email=HELEN)
        first = begin_with_what_is_known(session, invitation)
        assert begin_with_what_is_known(session, invitation).id == first.id
        told = session.exec(select(Event).where(Event.type == "application.prefilled")).all()
        assert invitation.state == InvitationStatus.ACTIVE
    assert len(told) == 1 and str(COMPLETE["vat_number"]) not in str(told[0].detail)
