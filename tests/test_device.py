"""A new device: the code that is mailed to the contact, its life, and that no code of one purpose serves another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from models.application import Application, begin
from models.confirmation import AN_HOUR, TRIES, Confirmation, Outcome, Purpose, ask_confirmation, confirm, confirmed_addresses
from models.database import reading, transaction
from models.device import addresses, ask_device_code, enter_device_code, has_saved, masked
from models.draft import Answer, save_answers
from models.errors import TooMany
from models.invitation import Invitation, resend
from models.person import Actor, Role
from models.review import request_information
from tests import partners
from tests.api import on_one_database

OLIVIA = Actor(name="Olivia Okafor", kind="staff", roles=frozenset({Role.OPERATIONS}))
ROSA = Actor(name="Rosa Reyes", kind="staff", roles=frozenset({Role.REVIEWER}))
OWEN = "owen.price@brightfieldsolar.co.uk"


def of(session: Session, application: Application) -> Application:
    return session.get_one(Application, application.id)


def invitation_of(session: Session, application: Application) -> Invitation:
    return session.exec(select(Invitation).where(Invitation.code == application.invitation_code)).one()


def asked(application: Application, to: int = 0) -> Confirmation:
    with transaction() as session:
        return ask_device_code(session, of(session, application), invitation_of(session, application), to)


def entered(application: Application, asked_id: int | None, digits: str) -> Outcome:
    with transaction() as session:
        return enter_device_code(session, of(session, application), asked_id or 0, digits)


def later(application: Application, by: timedelta) -> None:
    """Let time pass, for all codes of an application."""
    with transaction() as session:
        for row in session.exec(select(Confirmation).where(Confirmation.application_id == application.id)):
            row.asked_at -= by
            row.confirmed_at = row.confirmed_at and row.confirmed_at - by
            session.add(row)


def digits_of(confirmation: Confirmation) -> str:
    """The code as it is now: it follows from when it was asked for, which `later` moves."""
    with reading() as session:
        return session.get_one(Confirmation, confirmation.id).code


def answer(application: Application, name: str, value: str) -> None:
    with transaction() as session:
        save_answers(session, of(session, application), [Answer(name, value, 1, 2**60, "a window")])


def mailable(application: Application) -> list[str]:
    with reading() as session:
        return addresses(session, of(session, application), invitation_of(session, application))


@on_one_database
def test_there_is_something_to_protect_once_an_answer_or_a_document_is_there_or_it_was_sent(database: str, s3: object) -> None:
    invitation = partners.invited()
    with transaction() as session:
        empty = begin(session, session.get_one(Invitation, invitation.id))
    with reading() as session:
        assert not has_saved(session, of(session, empty))
    partners.stored_in(empty, "gdpr_policy")
    filled = [empty, partners.begun(()), partners.submitted(())]
    with reading() as session:
        assert all(has_saved(session, of(session, one)) for one in filled)


@on_one_database
def test_a_code_goes_to_the_invited_address_and_to_another_one_only_once_that_is_confirmed(database: str) -> None:
    application = partners.begun(())
    answer(application, "primary_contact_email", OWEN)
    assert mailable(application) == ["helen.marsh@brightfieldsolar.co.uk"]
    with transaction() as session:
        code = ask_confirmation(session, of(session, application), OWEN).code
    with transaction() as session:
        assert confirm(session, of(session, application), OWEN, code)
    assert mailable(application) == ["helen.marsh@brightfieldsolar.co.uk", OWEN]
    assert [asked(application, to).email for to in (0, 1, 7, -1)] == [mailable(application)[to] for to in (0, 1, 0, 0)]


@on_one_database
def test_one_address_written_twice_is_offered_once(database: str) -> None:
    application = partners.begun(())
    answer(application, "primary_contact_email", "Helen.Marsh@BRIGHTFIELDSOLAR.co.uk")
    assert mailable(application) == ["helen.marsh@brightfieldsolar.co.uk"]


def test_the_code_lets_a_device_in_once_and_is_itself_nowhere_in_the_database(database: str) -> None:
    application = partners.submitted(())
    made = asked(application)
    assert entered(application, made.id, f" {made.code[:3]} {made.code[3:]} ") == Outcome.RIGHT
    assert entered(application, made.id, made.code) == Outcome.RIGHT, "the second of two clicks"
    later(application, timedelta(minutes=1))
    assert entered(application, made.id, digits_of(made)) == Outcome.SPENT
    assert [event.detail["email"] for event in partners.events("application.device_let_in")] == [made.email]
    assert made.code not in str([event.detail for event in partners.events("application.device_asked")])
    assert [delivery.target for delivery in partners.deliveries("email.device")] == ["email.device"]


def test_what_one_device_asked_for_another_application_cannot_use(database: str) -> None:
    mine, theirs = partners.begun(()), partners.begun(())
    made = asked(mine)
    assert entered(theirs, made.id, made.code) == Outcome.RUN_OUT


def test_wrong_tries_of_somebody_else_do_not_end_the_code_that_this_device_asked_for(database: str) -> None:
    application = partners.begun(())
    ours, strangers = asked(application), asked(application)
    assert [entered(application, strangers.id, "no") for _ in range(5)] == [Outcome.WRONG] * 4 + [Outcome.SPENT]
    assert entered(application, ours.id, ours.code) == Outcome.RIGHT


def test_a_corrected_address_gets_the_codes_from_then_on_and_those_of_the_old_one_work_no_more(database: str) -> None:
    application = partners.submitted(())  # whose contact, with the old address, has left
    with transaction() as session:
        request_information(session, ROSA, of(session, application), "Which town is it?", ["company_city"])
    code = asked(application)
    with transaction() as session:
        found = of(session, application)
        resend(session, OLIVIA, invitation_of(session, application), OWEN, found)
    assert mailable(application) == [OWEN]
    assert entered(application, code.id, digits_of(code)) == Outcome.SPENT
    newer = asked(application)
    assert newer.email == OWEN and entered(application, newer.id, digits_of(newer)) == Outcome.RIGHT


@on_one_database
def test_an_address_that_was_corrected_and_put_back_is_good_again(database: str) -> None:
    application = partners.begun(())
    old = mailable(application)
    for address in (OWEN, old[0], OWEN, old[0].swapcase(), old[0]):
        with transaction() as session:
            resend(session, OLIVIA, invitation_of(session, application), address, of(session, application))
    assert mailable(application) == old


def test_a_code_for_a_device_confirms_no_address_and_one_for_an_address_opens_no_device(database: str) -> None:
    application = partners.begun(())
    with transaction() as session:
        address = ask_confirmation(session, of(session, application), "helen.marsh@brightfieldsolar.co.uk")
    device = asked(application)
    assert entered(application, address.id, address.code) == Outcome.RUN_OUT
    with transaction() as session:
        assert not confirm(session, of(session, application), device.email, device.code)
    assert partners.events("application.address_confirmed") == [] == partners.events("application.device_let_in")


@pytest.mark.parametrize(("email", "shown"), [("maria@brightfield.test", "m•••@brightfield.test"), ("a@b.test", "a•••@b.test")])
def test_an_address_is_masked(email: str, shown: str) -> None:
    assert masked(email) == shown


@dataclass
class Known:
    """A code as the test keeps account of it."""

    row: Confirmation
    purpose: Purpose
    age: int = 0  # minutes
    tries: int = 0
    used: bool = False


DEEDS = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from(Purpose)),
    st.tuples(st.just("wait"), st.sampled_from([1, 4, 9, 10, 60])),
    st.tuples(st.just("enter"), st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.just("confirm"), st.integers(0, 9)),
)


@on_one_database
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(DEEDS, max_size=25))
def test_whatever_is_asked_and_tried_a_code_works_for_its_purpose_ten_minutes_and_five_tries(database: str, deeds: list[tuple]) -> None:  # type: ignore[type-arg]
    application, codes, confirmed = partners.begun(()), list[Known](), False
    for deed, *what in deeds:
        if deed == "ask":
            full = sum(code.purpose == what[0] and code.age < 60 for code in codes) >= AN_HOUR
            try:
                codes.append(Known(_ask(application, what[0]), what[0]))
            except TooMany:
                assert full
            else:
                assert not full
        elif deed == "wait":
            later(application, timedelta(minutes=what[0]))
            for code in codes:
                code.age, code.used = code.age + what[0], code.used or code.row.confirmed_at is not None
        elif codes and deed == "enter":
            which, typed = codes[what[0] % len(codes)], codes[what[1] % len(codes)]
            assert entered(application, which.row.id, digits_of(typed.row)) == _expected(which, digits_of(typed.row))
        elif codes:
            confirmed |= _confirms(application, codes, digits_of(codes[what[0] % len(codes)].row))
    with reading() as session:
        assert (OWEN in confirmed_addresses(session, of(session, application))) == confirmed


def _ask(application: Application, purpose: Purpose) -> Confirmation:
    if purpose == Purpose.DEVICE:
        return asked(application)
    with transaction() as session:
        return ask_confirmation(session, of(session, application), OWEN)


def _expected(code: Known, digits: str) -> Outcome:
    """What the rules say of these digits for this code, which counts the try."""
    if code.purpose != Purpose.DEVICE or (not code.used and code.age >= 10):
        return Outcome.RUN_OUT
    if code.used or code.tries >= TRIES:
        return Outcome.SPENT
    code.tries += 1
    if digits == digits_of(code.row):
        code.row.confirmed_at = code.row.asked_at
        return Outcome.RIGHT
    return Outcome.WRONG if code.tries < TRIES else Outcome.SPENT


def _confirms(application: Application, codes: list[Known], digits: str) -> bool:
    """Enter digits to confirm the address, and check what came of it by the rules: the newest code of that purpose decides."""
    with transaction() as session:
        right = confirm(session, of(session, application), OWEN, digits)
    newest = next((code for code in reversed(codes) if code.purpose == Purpose.ADDRESS), None)
    if newest is None or newest.age >= 10 or newest.tries >= TRIES:
        assert not right
        return False
    newest.tries += 1
    assert right == (digits == digits_of(newest.row))
    return right
