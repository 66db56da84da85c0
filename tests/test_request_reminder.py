"""Reminders of what a reviewer asked for: by themselves before the date and once after it, by hand at most once in three days."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select, update

from models.application import withdraw
from models.assignment import note_due
from models.database import now, reading, transaction
from models.draft import Draft
from models.errors import Conflict, Invalid
from models.event import Event
from models.invitation import Invitation, speak
from models.language import _, speaking
from models.person import Role
from models.progress import told
from models.request import InformationRequest, Wanted
from models.request_reminder import REMINDED, Reminded, remind_in_time, remind_many, remind_of_request, turn
from models.review import history, request_information
from models.steps import QUESTIONS, STEPS
from portal.pages.review.story import story
from tests.desk import applied, brought, person, row
from tests.partners import deliveries, events
from tests.parts import Graph, Mailbox, environment_of
from worker import reminders
from worker.deliver import drain
from worker.reminders import remind_all

WORDS = "The cover has ended. Send the new year's."


def asked(days: int = 30, company: str = "Brightfield Solar Ltd", ago: int = 20) -> str:
    """An application whose partner was asked `ago` days ago for two things, the first of them due in so many days."""
    reference = applied(company)
    due = now().date() + timedelta(days=40)
    with transaction() as session:
        items = [Wanted("public_liability_expiry", WORDS, due), Wanted("years_trading")]
        request_information(session, person(Role.REVIEWER), row(session, reference), "Complete these two, and send it again.", items)
    move(reference, days, ago)
    return reference


def move(reference: str, days: int, ago: int) -> None:
    """Time goes on: it was asked so long ago, and is due in so many days."""
    with transaction() as session:
        request = session.exec(select(InformationRequest).where(InformationRequest.application_id == row(session, reference).id)).one()
        due = now().date() + timedelta(days=days)
        request.items = [{**item, "due_on": str(due) if item["due_on"] else ""} for item in request.items]
        request.asked_at = now() - timedelta(days=ago)
        session.add(request)
        note_due(session, row(session, reference), request.first_due)


def reminders_were(days_ago: float) -> None:
    with transaction() as session:
        session.exec(update(Event).where(col(Event.type) == REMINDED).values(at=now() - timedelta(days=days_ago)))


def sent() -> int:
    return len(events(REMINDED))


@pytest.mark.parametrize(("days", "goes"), [(8, 0), (7, 1), (5, 1), (1, 1), (0, 1), (-1, 1), (-9, 1)])
def test_the_partner_is_reminded_seven_days_before_the_first_date_and_from_then_on_once_a_turn(database: str, days: int, goes: int) -> None:
    asked(days)
    assert (remind_all(), remind_all(), sent()) == (goes, 0, goes)


def test_each_turn_has_one_reminder_however_often_the_worker_looks_and_whatever_it_missed(database: str) -> None:
    reference = asked(7)
    for days, so_far in ((7, 1), (6, 1), (2, 1), (1, 2), (0, 2), (-1, 3), (-2, 3), (-40, 3)):
        move(reference, days, 30)
        for _look in range(2):
            remind_all()
        assert sent() == so_far, days
        reminders_were(1)


def test_a_worker_that_was_away_sends_the_last_turns_reminder_alone(database: str) -> None:
    asked(-3)
    remind_all()
    assert sent() == 1


def test_two_workers_at_the_same_moment_remind_once(database: str) -> None:
    for number in range(3):
        asked(7, f"Company {number} Ltd")
    with ThreadPoolExecutor(2) as workers:
        counts = list(workers.map(lambda _: remind_all(), range(2)))
    assert sum(counts) == sent() == 3


def test_a_second_worker_waits_for_the_first_and_then_sees_its_reminder(database: str) -> None:
    with reading() as session:
        number = row(session, asked(7)).id or 0

    def second() -> bool:
        with transaction() as session:
            return remind_in_time(session, number)

    with ThreadPoolExecutor(1) as other:
        with transaction() as session:
            assert remind_in_time(session, number)
            answer = other.submit(second)
            time.sleep(1)
            assert not answer.done()
        assert answer.result(20) is False
    assert sent() == 1


def test_nobody_is_reminded_who_was_asked_after_that_day_has_answered_withdrew_or_was_reminded_by_hand_today(database: str) -> None:
    asked(5, "Just asked Ltd", ago=1)
    gone, by_hand = asked(7, "Gone Ltd"), asked(7, "By hand Ltd")
    brought(applied("Nothing asked Ltd"), to="under_review")
    reviewer = person(Role.REVIEWER)
    with transaction() as session:
        withdraw(session, row(session, gone))
        remind_of_request(session, reviewer, row(session, by_hand))
    assert remind_all() == 0 and sent() == 1


def test_with_no_days_in_the_settings_nobody_is_reminded(database: str) -> None:
    asked(-1)
    with environment_of({"REQUEST_REMINDER_DAYS": "0"}):
        assert remind_all() == 0
    with environment_of({"REQUEST_REMINDER_DAYS": "30, 2"}):
        assert remind_all() == 1


def test_one_that_fails_keeps_no_other_back(database: str) -> None:
    broken, whole = asked(7, "Broken Ltd"), asked(7, "Whole Ltd")
    with transaction() as session:
        number = row(session, broken).id
        request = session.exec(select(InformationRequest).where(InformationRequest.application_id == number)).one()
        request.items = [{"name": "years_trading", "due_on": "the day after tomorrow"}]
        session.add(request)
    assert remind_all() == 1
    with reading() as session:
        assert [one.application_id for one in events(REMINDED)] == [row(session, whole).id]


def test_by_hand_nobody_is_reminded_twice_in_three_days_and_those_who_cannot_be_are_named(database: str) -> None:
    first, second, other = asked(30, "First Ltd"), asked(30, "Second Ltd"), applied("Other Ltd")
    reviewer = person(Role.REVIEWER)
    with transaction() as session:
        remind_of_request(session, reviewer, row(session, first))
    with transaction() as session:
        done = remind_many(session, reviewer, [row(session, one).id or 0 for one in (first, second, other)])
    assert (done.done, [company for company, _why in done.refused]) == (1, ["First Ltd", "Other Ltd"])
    assert "three days later" in done.refused[0][1] and "nothing to remind of" in done.refused[1][1]
    reminders_were(3.1)
    with transaction() as session:
        assert remind_many(session, reviewer, [row(session, first).id or 0]) == Reminded(1, ())
    with reading() as session, pytest.raises(Conflict):
        remind_of_request(session, reviewer, row(session, first))
    with reading() as session, pytest.raises(Invalid, match="up to 1,000"):
        remind_many(session, reviewer, range(1, 1002))


def test_the_mail_names_what_is_left_with_words_and_date_and_is_in_the_partners_language(
    database: str, graph: Graph, mailbox: Mailbox
) -> None:
    reference = asked(7)
    with transaction() as session:
        application = row(session, reference)
        given = application.answers() | {"years_trading": 11}  # what the partner has typed and not sent
        for step in STEPS:
            values = {name: QUESTIONS[name].kind.to_json(value) for name, value in given.items() if QUESTIONS[name].step == step.number}
            session.add(Draft(invitation_code=application.invitation_code, step_number=step.number, form_data=values, last_updated=now()))
        speak(session, session.exec(select(Invitation).where(Invitation.code == application.invitation_code)).one(), "de")
    remind_all()
    drain()
    with speaking("de"):
        subject = _("Reminder: we still need something from you for {reference}").format(reference=reference)
        (mail,) = [mail for mail in mailbox.mails() if str(mail["Subject"]) == subject]
        text = mailbox.text(mail)
        assert _(QUESTIONS["public_liability_expiry"].label) in text and WORDS in text
        assert _(QUESTIONS["years_trading"].label) not in text


def test_a_reminder_that_was_overtaken_is_not_sent(database: str, graph: Graph, mailbox: Mailbox) -> None:
    reference = asked(7)
    remind_all()
    with transaction() as session:
        withdraw(session, row(session, reference))
    drain()
    (delivery,) = deliveries("email.request_reminder")
    assert delivery.state == "settled" or "had answered" in (delivery.last_error or "")


def test_the_history_and_the_partners_page_say_that_they_were_reminded(database: str) -> None:
    reference = asked(7)
    remind_all()
    with reading() as session:
        application = row(session, reference)
        assert story(history(session, application))[0].sentence == "Partner Portal reminded the partner of what was asked"
        assert told(session, application)[0].event.type == REMINDED and told(session, application)[0].mails


def test_one_of_all_workers_looks_once_an_hour_of_the_working_day(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reminders, "FROM_HOUR", 0)
    monkeypatch.setattr(reminders, "TO_HOUR", 24)
    asked(7)
    assert (reminders.hourly(), reminders.hourly(), sent()) == (True, False, 1)
    monkeypatch.setattr(reminders, "TO_HOUR", 0)
    assert reminders.hourly() is False


@given(st.integers(0, 60), st.integers(-30, 60), st.sets(st.integers(1, 60), max_size=3), st.integers(0, 90))
def test_a_turn_lies_between_the_asking_and_today_and_is_the_last_of_those(ago: int, length: int, days: set[int], later: int) -> None:
    today = date(2026, 11, 22)
    asked_on = today - timedelta(days=ago)
    due = asked_on + timedelta(days=length)
    found, next_found = turn(asked_on, due, days, today), turn(asked_on, due, days, today + timedelta(days=later))
    every = [day for day in (*(due - timedelta(days=one) for one in days), due + timedelta(days=1)) if asked_on < day <= today]
    assert found == max(every, default=None) and (found is None or (next_found is not None and next_found >= found))
