"""What the partner's status page says at each stage, in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import Session

from models.application import Application, ApplicationStatus, submit, withdraw
from models.database import now, reading, transaction
from models.draft import answers_of
from models.event import give_up, succeed
from models.invitation import Invitation
from models.person import Actor, Role
from models.review import SECTIONS, approve, give_verdict, mark_reviewed, reject, request_information
from portal.pages.status import MAILS, NEXT, Standing, _head, _read, news, stages
from tests.api import on_one_database
from tests.partners import deliveries, submitted
from tests.sample_form import wanted_documents

ROSA = Actor("Rosa Reyes", "staff", frozenset({Role.REVIEWER}))
ARTHUR = Actor("Arthur Adeyemi", "staff", frozenset({Role.APPROVER}))
pytestmark = pytest.mark.usefixtures("redis_server")


def test_a_fresh_application_shows_its_reference_and_that_the_review_is_next(database: str) -> None:
    application = submitted(slots=())
    assert application.reference_number and application.reference_number in _head(_standing())
    assert _stages() == [("Received", "done"), ("In review", "current"), ("Decision", "ahead")]
    assert stages(_standing())[0].at is not None and stages(_standing())[1].words == "Next"


def test_the_stages_follow_the_review_to_each_end(database: str) -> None:
    application = submitted(slots=())
    _act(lambda s, ours: give_verdict(s, ROSA, ours, "company", "passed"))
    assert _stages()[1] == ("In review", "current") and stages(_standing())[1].at is not None
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


def test_a_request_names_what_it_is_about_as_links_with_its_due_date(database: str) -> None:
    submitted(slots=())
    due = (now() + timedelta(days=9)).date()
    asked = ["vat_number", "gdpr_policy"]
    _act(lambda s, ours: request_information(s, ROSA, ours, "Correct these two, please.", asked, due))
    page = _head(_standing())
    assert 'href="/apply/company?check=1#vat_number">VAT number<' in page
    assert 'href="/apply/insurance?check=1#gdpr_policy">' in page
    assert f"{due.day} {due:%b %Y}" in page and "Correct these two, please." in page and "Answer and send again" in page
    assert stages(_standing())[1].words == "Waiting for you"
    _act(lambda s, ours: submit(s, ours, answers_of(s, ours.invitation_code), wanted_documents()))
    assert "Answer and send again" not in _head(_standing()) and stages(_standing())[1].state == "current"


def test_what_became_of_the_mails_is_said_in_plain_words(database: str) -> None:
    submitted(slots=())
    (mail,) = deliveries("email.received")
    assert "is on its way to helen.marsh@brightfieldsolar.co.uk" in news(_standing())[0].words
    with transaction() as session:
        give_up(session, session.merge(mail), "permanent", "550 5.1.1 no such user (mail.example)")
    assert "did not go out" in news(_standing())[0].words and "550" not in _head(_standing())
    with transaction() as session:
        succeed(session, session.merge(mail))
    assert news(_standing())[0].words.startswith("We emailed") and news(_standing())[0].tone == "good"


@on_one_database
def test_the_reviewers_have_it_only_when_answers_and_documents_are_both_there(database: str) -> None:
    submitted(slots=())
    first, second = deliveries("sharepoint.application", "sharepoint.documents")
    with transaction() as session:
        succeed(session, session.merge(first))
    assert not any("reached our reviewers" in line.words for line in news(_standing()))
    with transaction() as session:
        succeed(session, session.merge(second))
    assert any("reached our reviewers" in line.words for line in news(_standing()))


def test_every_status_that_a_sent_application_can_have_is_told_what_is_next() -> None:
    assert set(NEXT) == set(ApplicationStatus) - {ApplicationStatus.DRAFT}
    assert all(words.endswith(".") for words in NEXT.values()) and all(MAILS.values())


def _standing() -> Standing:
    with reading() as session:
        invitation = session.get_one(Invitation, 1)
    return _read(invitation)


def _stages() -> list[tuple[str, str]]:
    return [(stage.title, stage.state) for stage in stages(_standing())]


def _act(deed: Callable[[Session, Application], object]) -> None:
    with transaction() as session:
        deed(session, session.get_one(Application, 1))
