"""Another contact address than the invited one: submitted only once the code that was mailed to it has been entered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from models.application import Application, ApplicationStatus, examine, move, of_invitation, submit
from models.confirmation import Confirmation, ask_confirmation, confirm, confirmed_addresses, standing
from models.database import now, reading, transaction
from models.errors import Conflict, Invalid, TooMany
from models.invitation import Invitation, resend
from models.person import PORTAL
from models.retention import due, erased
from tests import partners
from tests.sample_form import COMPLETE, form, wanted_documents

OWEN = "Owen.Price@brightfieldsolar.co.uk"
UNCONFIRMED = ("primary_contact_email", "Confirm the primary contact's email with the code that we mail to it", 2)


@pytest.fixture
def code(database: str) -> str:
    """The code of an invitation to helen.marsh@brightfieldsolar.co.uk, its application begun."""
    return partners.begun(()).invitation_code


def of(session: Session, code: str) -> Application:
    found = of_invitation(session, code, lock=True)
    assert found is not None
    return found


def asked(code: str, email: str = OWEN) -> Confirmation:
    with transaction() as session:
        return ask_confirmation(session, of(session, code), email)


def entered(code: str, digits: str, email: str = OWEN) -> bool:
    with transaction() as session:
        return confirm(session, of(session, code), email, digits)


def wrong(right: str) -> str:
    return f"{(int(right) + 1) % 1_000_000:06}"


def later(confirmation: Confirmation, by: timedelta) -> None:
    """Let time pass, for this code."""
    with transaction() as session:
        session.get_one(Confirmation, confirmation.id).asked_at -= by


def awaited(code: str) -> frozenset[str]:
    with reading() as session:
        return standing(session, of(session, code))[1]


def sent(code: str, email: str) -> str | None:
    with transaction() as session:
        return submit(session, of(session, code), form(primary_contact_email=email), wanted_documents()).reference_number


def tries(confirmation: Confirmation) -> int:
    with reading() as session:
        return session.get_one(Confirmation, confirmation.id).tries


def test_another_address_is_refused_at_submission_until_its_code_is_entered(code: str) -> None:
    with pytest.raises(Invalid) as error:
        sent(code, OWEN)
    assert [(p.field, p.message, p.step) for p in error.value.problems] == [UNCONFIRMED]
    assert entered(code, asked(code).code) is True
    assert sent(code, OWEN)
    assert [event.detail["email"] for event in partners.events("application.address_confirmed")] == [OWEN]


def test_the_page_is_told_the_same_as_the_verb(code: str) -> None:
    with reading() as session:
        confirmed = confirmed_addresses(session, of(session, code))
    _, problems = examine(form(primary_contact_email=OWEN, gdpr_policy="", company_city=""), wanted_documents(), confirmed)
    assert [problem.field for problem in problems] == ["company_city", "primary_contact_email"]
    _, problems = examine(form(primary_contact_email="half@"), wanted_documents(), confirmed)
    assert [problem.message for problem in problems] == ["Enter an email address like name@example.co.uk"], "one mistake is said once"


@pytest.mark.parametrize("email", ["helen.marsh@brightfieldsolar.co.uk", "HELEN.Marsh@Brightfieldsolar.CO.UK"])
def test_the_invited_address_needs_no_code_in_whatever_case(code: str, email: str) -> None:
    assert sent(code, email)


def test_an_address_that_staff_have_corrected_counts_as_invited_and_the_mistaken_one_no_more(code: str) -> None:
    with transaction() as session:
        resend(session, PORTAL, session.exec(select(Invitation).where(Invitation.code == code)).one(), OWEN)
    with pytest.raises(Invalid):
        sent(code, "helen.marsh@brightfieldsolar.co.uk")
    assert sent(code, OWEN)


def test_the_address_of_an_earlier_submission_needs_no_new_code_and_another_one_does(code: str) -> None:
    entered(code, asked(code).code)
    sent(code, OWEN)
    with transaction() as session:
        move(of(session, code), ApplicationStatus.INFORMATION_REQUIRED)
        for row in session.exec(select(Confirmation)):
            session.delete(row)
    with pytest.raises(Invalid):
        sent(code, "priya.nair@brightfieldsolar.co.uk")
    assert sent(code, OWEN)


def test_a_code_is_entered_with_spaces_and_the_address_in_any_case(code: str) -> None:
    right = asked(code).code
    assert entered(code, f" {right[:3]} {right[3:]} ", OWEN.lower()) is True
    assert sent(code, OWEN.upper())


@pytest.mark.parametrize("typed", ["", "１２３４５６", "48²913", "abc", "\ud800"])
def test_what_is_no_code_is_wrong_and_nothing_breaks(code: str, typed: str) -> None:
    confirmation = asked(code)
    assert entered(code, typed) is False and tries(confirmation) == 1


def test_a_wrong_code_counts_and_after_five_the_right_one_is_refused_too(code: str) -> None:
    confirmation = asked(code)
    assert [entered(code, wrong(confirmation.code)) for _ in range(4)] == [False] * 4
    assert tries(confirmation) == 4 and awaited(code) == {OWEN.lower()}
    assert entered(code, confirmation.code) is True, "the fifth try is still one"
    other = asked(code, "owen@elsewhere.example")
    assert [entered(code, wrong(other.code), other.email) for _ in range(5)] == [False] * 5
    assert awaited(code) == set(), "a page that is opened now offers a new code"
    assert entered(code, other.code, other.email) is False and tries(other) == 5
    with pytest.raises(Invalid):
        sent(code, other.email)


@pytest.mark.parametrize(("age", "works"), [(timedelta(minutes=9, seconds=50), True), (timedelta(minutes=10, seconds=1), False)])
def test_a_code_works_for_ten_minutes(code: str, age: timedelta, works: bool) -> None:
    confirmation = asked(code)
    with transaction() as session:
        row = session.get_one(Confirmation, confirmation.id)
        row.asked_at -= age
        right = row.code
    assert entered(code, right) is works


def test_a_new_code_ends_the_older_one_and_one_address_code_is_not_anothers(code: str) -> None:
    first, second = asked(code), asked(code)
    assert first.code != second.code
    assert entered(code, first.code) is False
    assert entered(code, second.code, "priya.nair@brightfieldsolar.co.uk") is False
    assert entered(code, second.code) is True


def test_a_seventh_code_within_the_hour_is_refused_and_later_there_is_one_again(code: str) -> None:
    first, *_ = (asked(code, f"owen+{number}@brightfieldsolar.co.uk") for number in range(6))
    with pytest.raises(TooMany) as error:
        asked(code)
    assert error.value.retry_after == 3600
    later(first, timedelta(minutes=60))
    assert asked(code).code


def test_a_code_opens_one_application_only(code: str) -> None:
    other = partners.begun(()).invitation_code
    assert entered(other, asked(code).code) is False


def test_each_code_leads_to_one_mail_and_is_itself_nowhere_in_the_database(code: str) -> None:
    confirmation = asked(code)
    assert [delivery.event_id for delivery in partners.deliveries("email.confirmation")] == [partners.events("application.confirmation_asked")[0].id]
    with reading() as session:
        row = session.get_one(Confirmation, confirmation.id)
    assert confirmation.code not in row.model_dump_json() and confirmation.code not in str(partners.events("application.confirmation_asked")[0].detail)


@pytest.mark.parametrize("verb", [lambda session, row: ask_confirmation(session, row, OWEN), lambda session, row: confirm(session, row, OWEN, "000000")])
def test_once_it_is_sent_nothing_is_asked_or_confirmed(code: str, verb: Callable[[Session, Application], object]) -> None:
    sent(code, COMPLETE["primary_contact_email"])
    with pytest.raises(Conflict), transaction() as session:
        verb(session, of(session, code))


def test_what_is_no_address_gets_no_code(code: str) -> None:
    with pytest.raises(Invalid) as error:
        asked(code, "owen.price")
    assert error.value.problems[0].field == "primary_contact_email"
    assert partners.events("application.confirmation_asked") == []


def test_a_draft_that_is_erased_takes_its_codes_along(code: str) -> None:
    asked(code)
    with transaction() as session:
        session.exec(select(Invitation)).one().expires_at = now() - timedelta(days=31)
    with transaction() as session:
        for gone in due(session):
            erased(session, gone)
    with reading() as session:
        assert session.exec(select(Confirmation)).all() == []
