"""Applications: from a lenient draft to a typed row, whole or not at all, and along the table of statuses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from models.agreement import TEXTS, agreements
from models.application import TRANSITIONS, Application, ApplicationStatus, begin, move, of_invitation, submit, withdraw
from models.database import now, reading, transaction
from models.delivery import Delivery
from models.draft import Answer, Behind, answers_of, clear, drafts, save_answers, save_step
from models.errors import Conflict, Invalid
from models.event import Event
from models.invitation import find, invite
from models.person import PORTAL
from models.slots import SLOTS
from models.steps import QUESTIONS, STEPS
from tests.sample_form import COMPLETE

DOCUMENTS = {name: 1 for name, slot in SLOTS.items() if slot.wanted(COMPLETE)}


@pytest.fixture
def code(database: str) -> str:
    with transaction() as session:
        invitation = invite(session, PORTAL, company_name="Brightfield Solar Ltd", contact_email=COMPLETE["primary_contact_email"])
        begin(session, invitation)
    return invitation.code


def sent(code: str, answers: dict[str, Any] | None = None, held: dict[str, int] | None = None) -> Application:
    with transaction() as session:
        application = of_invitation(session, code, lock=True)
        assert application is not None
        return submit(session, application, COMPLETE if answers is None else answers, DOCUMENTS if held is None else held)


def events(code: str) -> list[str]:
    with reading() as session:
        return [e.type for e in session.exec(select(Event).order_by(Event.id))]  # type: ignore[arg-type]


def test_a_complete_application_becomes_a_row_with_a_reference_and_its_consequences(code: str) -> None:
    application = sent(code)
    assert application.reference_number and application.reference_number.startswith(f"EPC-{now().year}-")
    with reading() as session:
        row = of_invitation(session, code)
        assert row is not None and row.status == "submitted" and row.years_trading == int(COMPLETE["years_trading"])
        assert isinstance(row.services_offered, list) and find(session, code).state == "used"  # type: ignore[union-attr]
        targets = {d.target for d in session.exec(select(Delivery).where(Delivery.application_id == row.id))}
        assert targets == {"sharepoint.application", "sharepoint.documents", "sharepoint.invitation", "email.received", "email.operations"}
        assert {(a.name, a.version) for a in agreements(session, row.id or 0)} == {(t.name, t.version) for t in TEXTS.values()}


def test_what_is_missing_is_listed_by_step_and_nothing_is_changed(code: str) -> None:
    with pytest.raises(Invalid) as error:
        sent(code, {**COMPLETE, "company_name": "", "team_size": "many"}, {**DOCUMENTS, "team_cvs": 0})
    assert [(p.field, p.step) for p in error.value.problems] == [("company_name", 1), ("team_size", 3), ("team_cvs", 3)]
    with reading() as session:
        assert of_invitation(session, code).status == "draft" and find(session, code).state == "active"  # type: ignore[union-attr]


def test_a_crash_in_the_middle_of_submitting_leaves_nothing_half_done(code: str) -> None:
    with pytest.raises(RuntimeError), transaction() as session:
        submit(session, of_invitation(session, code), COMPLETE, DOCUMENTS)  # type: ignore[arg-type]
        raise RuntimeError("the power went")
    with reading() as session:
        assert of_invitation(session, code).reference_number is None  # type: ignore[union-attr]
        assert find(session, code).state == "active"  # type: ignore[union-attr]
    assert "application.submitted" not in events(code)


def test_a_submitted_application_cannot_be_submitted_or_changed_again(code: str) -> None:
    sent(code)
    with pytest.raises(Conflict):
        sent(code)
    with pytest.raises(Conflict), transaction() as session:
        save_answers(session, of_invitation(session, code), [Answer("company_name", "Other Ltd", 1)])  # type: ignore[arg-type]
    assert events(code).count("application.submitted") == 1


def test_sent_back_and_resubmitted_it_keeps_its_reference_and_says_what_changed(code: str) -> None:
    first = sent(code)
    with transaction() as session:
        row = of_invitation(session, code)
        move(row, ApplicationStatus.INFORMATION_REQUIRED)  # type: ignore[arg-type]
        session.add(row)
    again = sent(code, {**COMPLETE, "team_size": "77"})
    assert (again.reference_number, again.status) == (first.reference_number, "under_review")
    with reading() as session:
        event = session.exec(select(Event).where(Event.type == "application.resubmitted")).one()
        assert event.detail["changed"] == {"team_size": [int(COMPLETE["team_size"]), 77]}


def test_an_answer_whose_question_is_not_asked_is_not_stored(code: str) -> None:
    hidden = {**COMPLETE, "riddor_incident_count": "0", "riddor_incident_details": "left over from before"}
    assert sent(code, hidden).riddor_incident_details is None


@given(st.sampled_from(ApplicationStatus), st.sampled_from(ApplicationStatus))
def test_the_status_moves_only_as_the_table_says(start: ApplicationStatus, to: ApplicationStatus) -> None:
    application = Application(invitation_code="C1D94680", company_name="x", status=start)
    if to in TRANSITIONS[start]:
        move(application, to)
        assert application.status == to
    else:
        with pytest.raises(Conflict):
            move(application, to)
        assert application.status == start


def test_a_decided_application_cannot_be_withdrawn(code: str) -> None:
    sent(code)
    with transaction() as session:
        withdraw(session, of_invitation(session, code))  # type: ignore[arg-type]
    with pytest.raises(Conflict), transaction() as session:
        withdraw(session, of_invitation(session, code))  # type: ignore[arg-type]


def test_an_older_change_never_overwrites_a_newer_one(code: str) -> None:
    for value, sequence in (("second", 2), ("first", 1), ("third", 3)):
        with transaction() as session:
            save_answers(session, of_invitation(session, code), [Answer("company_name", value, sequence)])  # type: ignore[arg-type]
    with reading() as session:
        assert answers_of(session, code) == {"company_name": "third"}


def test_a_draft_takes_what_is_not_yet_valid_but_no_field_that_the_form_lacks(code: str) -> None:
    with transaction() as session:
        application = of_invitation(session, code)
        save_step(session, application, STEPS[0], {"company_name": "x" * 10_000, "company_phone": "☎️"}, 0)  # type: ignore[arg-type]
    with pytest.raises(Invalid), transaction() as session:
        save_step(session, of_invitation(session, code), STEPS[0], {"status": "approved"})  # type: ignore[arg-type]
    with pytest.raises(Invalid), transaction() as session:
        save_answers(session, of_invitation(session, code), [Answer("reference_number", "EPC-1", 1)])  # type: ignore[arg-type]
    with reading() as session:
        assert len(answers_of(session, code)["company_name"]) == 10_000


def test_a_revision_that_is_behind_gets_the_stored_step_back(code: str) -> None:
    with transaction() as session:
        first = save_step(session, of_invitation(session, code), STEPS[1], {"primary_contact_name": "Ada"}, 0)  # type: ignore[arg-type]
    with pytest.raises(Behind) as error, transaction() as session:
        save_step(session, of_invitation(session, code), STEPS[1], {"primary_contact_name": "Eve"}, 0)  # type: ignore[arg-type]
    assert (error.value.draft.revision, error.value.draft.form_data) == (first.revision, {"primary_contact_name": "Ada"})


def test_a_cleared_draft_is_empty(code: str) -> None:
    with transaction() as session:
        save_step(session, of_invitation(session, code), STEPS[1], {"primary_contact_name": "Ada"})  # type: ignore[arg-type]
        clear(session, of_invitation(session, code))  # type: ignore[arg-type]
    with reading() as session:
        assert drafts(session, code) == {}


def test_the_application_has_the_97_columns_of_the_form_and_no_other() -> None:
    system = {"id", "invitation_code", "reference_number", "form_version", "status", "created_at", "updated_at", "submitted_at"}
    columns = set(Application.__table__.columns.keys())  # type: ignore[attr-defined]
    assert columns == system | set(QUESTIONS) and len(columns) == 97


def test_an_invitation_expires_while_its_partner_types_and_the_answers_stay(code: str) -> None:
    with transaction() as session:
        save_step(session, of_invitation(session, code), STEPS[0], {"company_name": "Brightfield"})  # type: ignore[arg-type]
        find(session, code).expires_at = now() - timedelta(seconds=1)  # type: ignore[union-attr]
    with reading() as session:
        assert find(session, code).state == "expired"  # type: ignore[union-attr]
        assert answers_of(session, code) == {"company_name": "Brightfield"}
