"""What a partner may change: all of a draft, nothing once it is sent, and of a request what it named with what follows from that."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from models.application import Application, reply, submit
from models.database import now, reading, transaction
from models.document import Document, remove, start_upload, stored
from models.draft import Answer, answers_of, clear, save_answers, save_step
from models.errors import Conflict, Forbidden, Invalid
from models.event import Event
from models.person import Actor, Role
from models.reach import TOGETHER, _following, must_reach, reach_of
from models.request import InformationRequest, Wanted, open_request
from models.resubmission import answers_sent, differences, filed_with, submissions, unanswered
from models.review import request_information
from models.rules import RULES, settle
from models.slots import SLOTS
from models.steps import QUESTIONS, STEPS
from tests.api import on_one_database
from tests.partners import begun, events, stored_in, submitted
from tests.sample_form import COMPLETE, wanted_documents

ROSA = Actor("Rosa Reyes", "staff", frozenset({Role.REVIEWER}))
pytestmark = pytest.mark.usefixtures("s3")

IN_A_YEAR = now().date() + timedelta(days=365)


def asked(*items: str | Wanted, slots: tuple[str, ...] = ()) -> None:
    """An application that was sent, and about which these were asked."""
    submitted(slots)
    with transaction() as session:
        request_information(session, ROSA, ours(session), "Look at what is named here.", items)


def ours(session: Session) -> Application:
    return session.get_one(Application, 1)


def changed(name: str, value: object, sequence: int = 2**52) -> None:
    with transaction() as session:
        save_answers(session, ours(session), [Answer(name, value, sequence, sequence, "test")])


def sent(**answers: object) -> None:
    with transaction() as session:
        submit(session, ours(session), {**answers_of(session, ours(session).invitation_code), **answers}, wanted_documents())


def test_a_draft_is_open_and_what_was_sent_is_closed(database: str) -> None:
    begun(())
    with reading() as session:
        assert reach_of(session, ours(session)).names is None
    submitted_now()
    with reading() as session:
        assert not any(reach_of(session, ours(session)).holds(name) for name in (*QUESTIONS, *SLOTS))


def submitted_now() -> None:
    with transaction() as session:
        submit(session, ours(session), COMPLETE, wanted_documents())


def test_a_request_opens_what_it_names_and_what_follows_from_it_and_nothing_else(database: str) -> None:
    asked("public_liability_insurance", "vat_number")
    with reading() as session:
        names = reach_of(session, ours(session)).names
    assert names == {
        "vat_number", "public_liability_insurance", "public_liability_cover", "public_liability_expiry", "public_liability_indemnity",
        "public_liability_certificate",
    }  # fmt: skip


@on_one_database
def test_a_general_message_and_an_old_row_with_names_alone_are_understood(database: str) -> None:
    asked()
    with reading() as session:
        assert reach_of(session, ours(session)).names is None
    with transaction() as session:
        request = open_request(session, ours(session))
        assert request is not None
        request.items = ["vat_number"]
        session.add(request)
    with reading() as session:
        assert reach_of(session, ours(session)).names == {"vat_number"}


def test_what_was_not_named_cannot_be_changed_by_any_verb(database: str) -> None:
    asked("vat_number", slots=("gdpr_policy",))
    for change in (
        lambda session: save_answers(session, ours(session), [Answer("company_city", "Leeds", 2**52, 2**52, "test")]),
        lambda session: save_step(session, ours(session), STEPS[0], {"company_city": "Leeds"}),
        lambda session: start_upload(session, ours(session), "gdpr_policy", "new.pdf", 10),
        lambda session: clear(session, ours(session)),
    ):
        with pytest.raises(Conflict, match=r"locked|can be changed"), transaction() as session:
            change(session)
    changed("vat_number", "GB 123 4567 82")
    with reading() as session:
        answers = answers_of(session, ours(session).invitation_code)
        assert (answers["company_city"], answers["vat_number"]) == (COMPLETE["company_city"], "GB 123 4567 82")


@on_one_database
def test_what_got_past_the_pages_is_found_when_it_is_sent(database: str) -> None:
    asked("vat_number")
    with pytest.raises(Conflict, match="“Town or city” is locked"):
        sent(vat_number="GB 123 4567 82", company_city="Leeds")


def test_an_insurance_that_has_run_out_meanwhile_can_be_renewed_though_nobody_named_it(database: str) -> None:
    asked("vat_number")
    with transaction() as session:
        application = ours(session)
        application.professional_indemnity_expiry = now().date() - timedelta(days=1)
        session.add(application)
    with reading() as session:
        reach = reach_of(session, ours(session))
    assert reach.holds("professional_indemnity_expiry") and reach.holds("professional_indemnity_certificate")
    assert not reach.holds("professional_indemnity_cover")


@on_one_database
def test_a_colleague_reaches_the_step_that_they_help_with_and_there_what_is_open(database: str) -> None:
    asked("vat_number", "gdpr_policy")
    with reading() as session:
        application = ours(session)
        assert reach_of(session, application, "company").names == {"vat_number"}
        must_reach(session, application, ["vat_number"], "company")
        with pytest.raises(Forbidden, match="“Data protection policy” is not in the step"):
            must_reach(session, application, ["vat_number", "gdpr_policy"], "company")
        with pytest.raises(Conflict, match="“Trading name” is locked"):
            must_reach(session, application, ["trading_name"], "company")


@given(st.sampled_from([*QUESTIONS, *SLOTS]), st.data())
def test_whatever_is_answered_in_what_was_named_the_form_can_be_made_right_within_reach(name: str, data: st.DataObject) -> None:
    """No rule may bind an open question to a locked one, unless the answer can yield by itself."""
    reached = _following(name)
    for other in (data.draw(st.sampled_from(sorted(reached))),):
        bound = {question for question, rules in RULES.items() for rule in rules if other in rule.reads and question != other}
        assert bound <= reached | {other}


def test_the_pairs_that_open_each_other_are_those_that_a_rule_binds() -> None:
    assert all(any(set(pair) <= set(rule.reads) for name in pair for rule in RULES[name]) for pair in TOGETHER)


def test_it_is_not_sent_again_before_each_is_changed_or_explained(database: str) -> None:
    asked(Wanted("vat_number", "The register has another.", IN_A_YEAR), "team_size", "gdpr_policy", slots=("gdpr_policy",))
    with pytest.raises(Invalid) as error:
        sent()
    assert [(p.field, p.step) for p in error.value.problems] == [("vat_number", 1), ("team_size", 3), ("gdpr_policy", 5)]
    changed("vat_number", "GB 123 4567 82")
    replaced("gdpr_policy")
    assert left() == ["team_size"]
    with transaction() as session:
        reply(session, ours(session), {"team_size": "It is 64,\nas we said.", "comment": "Thank you."})
    assert left() == []
    sent()
    (again,) = events("application.resubmitted")
    assert again.detail["replies"] == {"team_size": "It is 64,\nas we said.", "comment": "Thank you."}
    assert list(again.detail["changed"]) == ["vat_number"] and again.detail["documents"] == {"gdpr_policy": [["gdpr_policy.pdf"], ["gdpr_policy.pdf"]]}


def replaced(slot: str) -> None:
    with transaction() as session:
        for document in stored(session, 1):
            if document.slot == slot:
                remove(session, document)
    with reading() as session:
        application = ours(session)
    stored_in(application, slot, "The signed one")


def left() -> list[str]:
    with reading() as session:
        application = ours(session)
        request = open_request(session, application)
        assert request is not None
        answers = settle(answers_of(session, application.invitation_code))
        return [one.name for one in unanswered(request, differences(session, application, answers))]


@on_one_database
def test_an_explanation_taken_back_leaves_it_open_and_one_that_nobody_asked_for_is_refused(database: str) -> None:
    asked("vat_number")
    for words in ("We have none.", "  "):
        with transaction() as session:
            reply(session, ours(session), {"vat_number": words})
    assert left() == ["vat_number"]
    with pytest.raises(Invalid, match="not asked for"), transaction() as session:
        reply(session, ours(session), {"company_name": "Hello"})
    with pytest.raises(Invalid, match="Shorten"), transaction() as session:
        reply(session, ours(session), {"vat_number": "x" * 2001})
    sent(vat_number="")
    with pytest.raises(Conflict, match="Nothing is asked"), transaction() as session:
        reply(session, ours(session), {"vat_number": "Late"})


def test_the_first_date_stays_and_each_sending_has_its_own_answers_and_documents(database: str) -> None:
    asked("team_size", "gdpr_policy", slots=("gdpr_policy",))
    with reading() as session:
        first = ours(session).submitted_at
    changed("team_size", "77")
    replaced("gdpr_policy")
    sent()
    with reading() as session:
        application, (one, two) = ours(session), submissions(session, 1)
        assert application.submitted_at == first and two.at > one.at
        assert [answers_sent(session, application, event)["team_size"] for event in (one, two)] == [64, 77]
        old, new = ([(f.name, f.sha256) for f in filed_with(session, application, event)] for event in (one, two))
        assert len(old) == len(new) == 1 and old != new


@on_one_database
def test_a_submission_of_a_time_when_its_documents_were_not_written_down_finds_them_by_their_dates(database: str) -> None:
    asked("gdpr_policy", slots=("gdpr_policy", "health_safety_policy"))
    with transaction() as session:
        event = session.get_one(Event, submissions(session, 1)[0].id)
        event.detail = {name: value for name, value in event.detail.items() if name != "filed"}
        session.add(event)
        before = {document.sha256 for document in session.exec(_all_documents())}
    replaced("gdpr_policy")
    with reading() as session:
        application = ours(session)
        assert {file.sha256 for file in filed_with(session, application, submissions(session, 1)[0])} == before
        assert list(differences(session, application, settle(COMPLETE)).documents) == ["gdpr_policy"]


def _all_documents():  # type: ignore[no-untyped-def]
    from sqlmodel import select

    return select(Document)


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([Wanted("no_such_thing")], "There is no question or document"),
        ([Wanted("vat_number", due_on=date(2020, 1, 1))], "Choose a due date in the future"),
        ([Wanted("vat_number"), Wanted("vat_number")], "named twice"),
        ([Wanted("head_office_address", "x" * 2001)], "Shorten"),
        ([Wanted("specializations_of_nobody")], "There is no question or document"),
    ],
)
@on_one_database
def test_a_request_that_cannot_be_answered_is_refused(database: str, items: list[Wanted], words: str) -> None:
    submitted(())
    with pytest.raises(Invalid, match=words), transaction() as session:
        request_information(session, ROSA, ours(session), "Look at what is named here.", items)
    with reading() as session:
        assert ours(session).status == "submitted" and session.get(InformationRequest, 1) is None


@on_one_database
def test_what_these_answers_do_not_ask_for_cannot_be_named(database: str) -> None:
    submitted(())
    with transaction() as session:
        application = ours(session)
        application.riddor_incident_count = 0
        session.add(application)
    for name in ("riddor_incident_details", "riddor_reports"):
        with pytest.raises(Invalid, match="is not asked with these answers"), transaction() as session:
            request_information(session, ROSA, ours(session), "Look at what is named here.", [name])
