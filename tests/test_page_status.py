"""What the partner's status page says at each stage, in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlmodel import Session

from models.application import Application, ApplicationStatus, reply, submit, withdraw
from models.database import now, reading, transaction
from models.delivery import give_up, succeed
from models.draft import Answer, answers_of, save_answers
from models.event import Event, record
from models.invitation import Invitation
from models.language import shown_date
from models.note import add_note
from models.person import PORTAL, Actor, Role
from models.progress import TOLD, working_days_after
from models.request import Wanted
from models.resubmission import submissions
from models.review import SECTIONS, approve, give_verdict, mark_reviewed, reject, request_information
from portal.pages.status import HAPPENED, NEXT, TITLES, Standing, body, news, next_words, parts, pulse, read
from portal.pages.status import _stages as _all_stages
from tests.api import on_one_database
from tests.partners import deliveries, submitted
from tests.parts import environment_of
from tests.sample_form import wanted_documents

ROSA = Actor("Rosa Reyes", "staff", frozenset({Role.REVIEWER}))
ARTHUR = Actor("Arthur Adeyemi", "staff", frozenset({Role.APPROVER}))
pytestmark = pytest.mark.usefixtures("redis_server")


def test_a_fresh_application_shows_its_reference_and_that_the_review_is_next(database: str) -> None:
    application = submitted(slots=())
    assert application.reference_number and application.reference_number in body(_standing())
    assert _stages() == [("Received", "done"), ("In review", "current"), ("Decision", "ahead")]
    assert [below for _, _, below in _all_stages(_standing())] == [shown_date(now().date()), "Comes next", ""]


def test_the_stages_follow_the_review_to_each_end(database: str) -> None:
    application = submitted(slots=())
    _act(lambda s, ours: give_verdict(s, ROSA, ours, "company", "passed"))
    assert _all_stages(_standing())[1] == ("In review", "current", shown_date(now().date()))
    _act(lambda s, ours: [give_verdict(s, ROSA, ours, section, "passed") for section in SECTIONS])
    _act(lambda s, ours: mark_reviewed(s, ROSA, ours))
    assert _stages() == [("Received", "done"), ("In review", "done"), ("Decision", "current")]
    _act(lambda s, ours: approve(s, ARTHUR, ours, "Welcome to the team."))
    assert _stages()[2] == ("Approved", "done")
    assert "You are approved" in _head(_standing()) and "Welcome to the team." in _head(_standing())
    assert application.id == 1


@on_one_database
def test_a_rejection_gives_its_reason_as_text_and_not_as_markup(database: str) -> None:
    submitted(slots=())
    _act(lambda s, ours: [give_verdict(s, ROSA, ours, section, "passed") for section in SECTIONS])
    _act(lambda s, ours: mark_reviewed(s, ROSA, ours))
    _act(lambda s, ours: reject(s, ARTHUR, ours, "The cover is too low <script>alert(1)</script>"))
    assert _stages()[2] == ("Not approved", "done")
    assert "too low &lt;script&gt;" in _head(_standing()) and "<script>" not in _head(_standing())


@on_one_database
def test_a_withdrawn_application_says_so(database: str) -> None:
    submitted(slots=())
    _act(lambda s, ours: withdraw(s, ours, "Bought"))
    assert _stages()[2] == ("Withdrawn", "done") and "Your application is withdrawn" in _head(_standing())


def test_a_request_lists_each_thing_with_its_words_and_date_as_a_link_and_counts_what_is_answered(database: str) -> None:
    submitted(slots=())
    due, sooner = (now() + timedelta(days=9)).date(), (now() + timedelta(days=5)).date()
    asked = [Wanted("vat_number", "The register says <other>.", sooner), Wanted("team_size"), Wanted("gdpr_policy", "Send the signed one.")]
    _act(lambda s, ours: request_information(s, ROSA, ours, "Correct these.", asked, due))
    page = _head(_standing())
    assert 'href="/apply/company#vat_number">VAT number<' in page and 'href="/apply/insurance#gdpr_policy">' in page
    assert "The register says &lt;other&gt;." in page and "Send the signed one." in page and "Correct these." in page
    assert f"Answer by {shown_date(sooner)}." in page and f"Answer by {shown_date(due)}." in page
    assert "0 of 3 answered" in page and "Answer and send again" in page and _stages()[1] == ("In review", "current")
    assert "Waiting for you" in page
    _act(lambda s, ours: save_answers(s, ours, [Answer("team_size", "77", 2**52, 2**52, "test")]))
    _act(lambda s, ours: reply(s, ours, {"vat_number": "It is right."}))
    assert "2 of 3 answered" in _head(_standing()) and page.count("Still open") == 3
    _act(lambda s, ours: reply(s, ours, {"gdpr_policy": "It is signed on page 3."}))
    assert "3 of 3 answered" in _head(_standing()) and "Check and send again" in _head(_standing())
    _act(lambda s, ours: submit(s, ours, answers_of(s, ours.invitation_code), wanted_documents()))
    assert "3 of 3" not in _head(_standing()) and "You sent it again with your changes" in _head(_standing())


@on_one_database
def test_what_is_read_is_what_was_sent_and_not_what_is_being_changed(database: str) -> None:
    submitted(slots=())
    _act(lambda s, ours: request_information(s, ROSA, ours, "Correct this.", ["team_size"]))
    _act(lambda s, ours: save_answers(s, ours, [Answer("team_size", "7777", 2**52, 2**52, "test")]))
    assert "7777" not in body(_standing()) and "7,777" not in body(_standing())
    _act(lambda s, ours: submit(s, ours, answers_of(s, ours.invitation_code), wanted_documents()))
    assert "7,777" in body(_standing()) or "7777" in body(_standing())
    assert f"Sent on {shown_date(now().date())}, and again on" in body(_standing())


def test_what_became_of_the_mails_is_said_in_plain_words(database: str) -> None:
    submitted(slots=())
    (mail,) = deliveries("email.received")
    assert "An email about it is on its way to helen.marsh@brightfieldsolar.co.uk." in _words()
    with transaction() as session:
        give_up(session, session.merge(mail), "permanent", "550 5.1.1 no such user (mail.example)")
    assert any("did not go out" in words for words in _words()) and "550" not in body(_standing())
    with transaction() as session:
        succeed(session, session.merge(mail))
    assert any(words.startswith("We sent an email about it to helen.marsh@") for words in _words())


@on_one_database
def test_the_reviewers_have_it_only_when_answers_and_documents_are_both_there(database: str) -> None:
    submitted(slots=())
    first, second = deliveries("sharepoint.application", "sharepoint.documents")
    with transaction() as session:
        succeed(session, session.merge(first))
    assert "Your answers and documents are on their way to our reviewers." in _words()
    with transaction() as session:
        succeed(session, session.merge(second))
    assert any("have reached our reviewers" in words for words in _words())
    with transaction() as session:
        give_up(session, session.merge(second), "permanent", "423 locked")
    assert any("takes longer than usual" in words for words in _words()) and "423" not in body(_standing())


@on_one_database
def test_single_documents_notes_and_verdicts_are_no_news_for_the_partner(database: str) -> None:
    submitted(slots=())
    _act(lambda s, ours: record(s, "document.published", PORTAL, application_id=ours.id, document=1))
    _act(lambda s, ours: [give_verdict(s, ROSA, ours, section, "passed") for section in SECTIONS])
    _act(lambda s, ours: add_note(s, ROSA, ours, "Only for us."))
    assert [one.event.type for one in _standing().happened] == ["application.review_started", "application.submitted"]


@on_one_database
def test_when_a_review_is_usually_done_follows_the_setting_and_is_no_promise(database: str) -> None:
    submitted(slots=())
    by = working_days_after(now().date(), 10)
    assert next_words(_standing())[1] == f"A review usually takes 10 working days, so you can expect to hear from us by about {shown_date(by)}."
    with environment_of({"REVIEW_DAYS": "0"}):
        assert len(next_words(_standing())) == 1
    _act(lambda s, ours: [_backdate(s, one.id) for one in submissions(s, ours.id)])
    assert next_words(_standing())[1].startswith("It is taking longer than usual.")
    _act(lambda s, ours: withdraw(s, ours))
    assert len(next_words(_standing())) == 1


def test_working_days_leave_out_weekends() -> None:
    assert working_days_after(date(2026, 11, 20), 1) == date(2026, 11, 23) and working_days_after(date(2026, 11, 16), 10) == date(2026, 11, 30)


@on_one_database
def test_an_open_page_is_told_only_the_parts_that_have_changed(database: str) -> None:
    submitted(slots=())
    before, was = parts(_standing()), pulse(_standing())
    assert was == pulse(_standing())
    _act(lambda s, ours: give_verdict(s, ROSA, ours, "company", "passed"))
    after = parts(_standing())
    assert pulse(_standing()) != was
    assert {name for name in after if after[name] != before[name]} == {"stages", "news"}


def test_every_status_that_a_sent_application_can_have_is_told_what_is_next() -> None:
    sent = set(ApplicationStatus) - {ApplicationStatus.DRAFT}
    assert set(NEXT) == set(TITLES) == sent and set(HAPPENED) == set(TOLD)
    assert all(words.endswith(".") for words in NEXT.values())


def _standing() -> Standing:
    with reading() as session:
        invitation = session.get_one(Invitation, 1)
    return read(invitation)


def _head(found: Standing) -> str:
    return "".join(parts(found).values())


def _stages() -> list[tuple[str, str]]:
    return [(title, state) for title, state, _ in _all_stages(_standing())]


def _words() -> list[str]:
    found = _standing()
    return [line.words for one in found.happened for line in news(one, found)]


def _backdate(session: Session, event_id: int | None) -> None:
    event = session.get_one(Event, event_id)
    event.at = now() - timedelta(days=40)
    session.add(event)


def _act(deed: Callable[[Session, Application], object]) -> None:
    with transaction() as session:
        deed(session, session.get_one(Application, 1))
