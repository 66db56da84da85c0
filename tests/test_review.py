"""The review: a verdict for every section, somebody else decides, and the partner is asked when something is missing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlmodel import select

from models.application import Application, ApplicationStatus, begin, of_invitation, submit
from models.database import now, reading, transaction
from models.delivery import Delivery
from models.document import accept, start_upload
from models.errors import Conflict, Forbidden, Invalid
from models.invitation import invite
from models.language import shown_date
from models.note import add_note, notes
from models.person import PORTAL, Actor, Right, Role, actor_of, sign_in, sign_out
from models.possible import Action
from models.request import Wanted
from models.review import (
    SECTIONS,
    Ruling,
    approve,
    decision,
    give_verdict,
    history,
    mark_reviewed,
    open_request,
    reject,
    reopen,
    request_information,
    verdicts,
)
from models.verdict import Overtaken, Seen
from portal.pages.review.case import load
from portal.pages.review.verdict import LABELS
from portal.render import render
from tests.sample_form import COMPLETE
from tests.test_application import DOCUMENTS

IN_A_YEAR = now().date() + timedelta(days=365)


def person(name: str, role: Role) -> Actor:
    with transaction() as session:
        return actor_of(session, sign_in(session, oid=name, name=name, email=f"{name}@saber.example", roles=[role]))


@pytest.fixture
def submitted(database: str) -> str:
    with transaction() as session:
        who = {"company_name": "Brightfield Solar Ltd", "contact_email": COMPLETE["primary_contact_email"]}
        application = begin(session, invite(session, PORTAL, **who))
        submit(session, application, COMPLETE, DOCUMENTS)
        return application.invitation_code


def row(session, code: str) -> Application:  # type: ignore[no-untyped-def]
    found = of_invitation(session, code)
    assert found is not None
    return found


def reviewed_by(actor: Actor, code: str) -> None:
    with transaction() as session:
        for section in SECTIONS:
            give_verdict(session, actor, row(session, code), section, Ruling.PASSED)
        mark_reviewed(session, actor, row(session, code))


def status(code: str) -> str:
    with reading() as session:
        return row(session, code).status


def test_reviewed_section_by_section_and_approved_by_somebody_else(submitted: str) -> None:
    reviewed_by(person("rosa", Role.REVIEWER), submitted)
    arthur = person("arthur", Role.APPROVER)
    with transaction() as session:
        approve(session, arthur, row(session, submitted), "Welcome aboard")
    with reading() as session:
        application = row(session, submitted)
        decided = decision(session, application)
        assert application.state == ApplicationStatus.APPROVED
        assert decided is not None and (decided.actor, decided.detail["message"]) == ("arthur", "Welcome aboard")
        assert "email.approved" in {d.target for d in session.exec(select(Delivery))}
        assert [e.type for e in history(session, application)][:2] == ["application.approved", "application.reviewed"]


def test_who_marked_it_reviewed_does_not_decide(submitted: str) -> None:
    arthur = person("arthur", Role.APPROVER)
    reviewed_by(arthur, submitted)
    with pytest.raises(Forbidden, match="Somebody else must decide"), transaction() as session:
        approve(session, arthur, row(session, submitted))
    assert status(submitted) == "reviewed"


def test_it_is_not_reviewed_before_every_section_has_a_verdict(submitted: str) -> None:
    rosa = person("rosa", Role.REVIEWER)
    with transaction() as session:
        give_verdict(session, rosa, row(session, submitted), "company", Ruling.PASSED)
    with pytest.raises(Conflict, match="Documents"), transaction() as session:
        mark_reviewed(session, rosa, row(session, submitted))


def test_a_concern_needs_a_reason_and_a_new_verdict_replaces_the_old(submitted: str) -> None:
    rosa = person("rosa", Role.REVIEWER)
    with pytest.raises(Invalid), transaction() as session:
        give_verdict(session, rosa, row(session, submitted), "company", Ruling.CONCERN, "  ")
    for ruling in (Ruling.CONCERN, Ruling.PASSED):
        with transaction() as session:
            give_verdict(session, rosa, row(session, submitted), "company", ruling, "the register says otherwise")
    with reading() as session:
        assert {s: v.ruling for s, v in verdicts(session, row(session, submitted)).items()} == {"company": "passed"}


def test_a_verdict_that_somebody_else_gave_meanwhile_is_told_and_not_overwritten(submitted: str) -> None:
    rosa, arthur = person("rosa", Role.REVIEWER), person("arthur", Role.APPROVER)
    nothing = Seen()  # both opened the page before anybody had judged
    with transaction() as session:
        give_verdict(session, rosa, row(session, submitted), "company", Ruling.PASSED, seen=nothing)
    with pytest.raises(Overtaken, match="rosa has given a verdict") as refused, transaction() as session:
        give_verdict(session, arthur, row(session, submitted), "company", Ruling.FAILED, "struck off", seen=nothing)
    with reading() as session:
        assert [(v.given_by, v.ruling) for v in verdicts(session, row(session, submitted)).values()] == [("rosa", "passed")]
    assert (refused.value.given_by, refused.value.ruling) == ("rosa", Ruling.PASSED)
    theirs = Seen(refused.value.given_at)  # told of it, he replaces it
    with transaction() as session:
        give_verdict(session, arthur, row(session, submitted), "company", Ruling.FAILED, "struck off", seen=theirs)
    with reading() as session:
        assert [(v.given_by, v.ruling) for v in verdicts(session, row(session, submitted)).values()] == [("arthur", "failed")]
    with pytest.raises(Overtaken), transaction() as session:
        give_verdict(session, rosa, row(session, submitted), "company", Ruling.PASSED, seen=theirs)


def test_a_verdict_on_another_section_is_in_nobodys_way(submitted: str) -> None:
    rosa, arthur = person("rosa", Role.REVIEWER), person("arthur", Role.APPROVER)
    for actor, section in ((rosa, "company"), (arthur, "contact")):
        with transaction() as session:
            give_verdict(session, actor, row(session, submitted), section, Ruling.PASSED, seen=Seen())
    with reading() as session:
        assert {name: one.given_by for name, one in verdicts(session, row(session, submitted)).items()} == {
            "company": "rosa",
            "contact": "arthur",
        }


def test_asked_for_information_the_partner_may_write_again(submitted: str) -> None:
    rosa = person("rosa", Role.REVIEWER)
    with transaction() as session:
        request_information(session, rosa, row(session, submitted), "Send the current certificate.", ["public_liability_expiry"], IN_A_YEAR)
    with reading() as session:
        application = row(session, submitted)
        asked = open_request(session, application)
        assert application.open_to_partner and asked is not None and [one.name for one in asked.wanted] == ["public_liability_expiry"]
        assert "email.information_required" in {d.target for d in session.exec(select(Delivery))}
    with pytest.raises(Conflict), transaction() as session:
        give_verdict(session, rosa, row(session, submitted), "company", Ruling.PASSED)


@pytest.mark.parametrize(("message", "items"), [("short", []), ("Send the current certificate.", ["no_such_question"])])
def test_a_request_without_words_or_with_an_unknown_question_is_refused(submitted: str, message: str, items: list[str]) -> None:
    rosa = person("rosa", Role.REVIEWER)
    with pytest.raises(Invalid), transaction() as session:
        request_information(session, rosa, row(session, submitted), message, items)
    assert status(submitted) == "submitted"


@pytest.mark.parametrize("name", ["public_liability_expiry", "gdpr_policy"])
def test_nothing_is_due_later_than_the_whole_request(submitted: str, name: str) -> None:
    rosa, whole = person("rosa", Role.REVIEWER), IN_A_YEAR
    with pytest.raises(Invalid) as refused, transaction() as session:
        late = Wanted(name, "Send the current one.", IN_A_YEAR + timedelta(days=1))
        request_information(session, rosa, row(session, submitted), "See what is named below.", [late], whole)
    (problem,) = refused.value.problems
    assert problem.field == f"items.{name}.due_on" and f"Choose {shown_date(whole)} or earlier" in problem.message
    assert status(submitted) == "submitted"
    with transaction() as session:
        request_information(session, rosa, row(session, submitted), "See what is named below.", [Wanted(name, due_on=whole)], whole)
    assert status(submitted) == "information_required"


def test_nothing_is_due_in_the_year_9999(submitted: str) -> None:
    rosa = person("rosa", Role.REVIEWER)
    for item, whole, field in (
        ("company_city", date(9999, 12, 31), "due_on"),
        (Wanted("company_city", "", date(9999, 12, 31)), None, "items.company_city.due_on"),
    ):
        with pytest.raises(Invalid) as refused, transaction() as session:
            request_information(session, rosa, row(session, submitted), "Which town is it?", [item], whole)
        assert [(one.field, "within five years" in one.message) for one in refused.value.problems] == [(field, True)]


def test_a_rejection_needs_a_reason(submitted: str) -> None:
    reviewed_by(person("rosa", Role.REVIEWER), submitted)
    arthur = person("arthur", Role.APPROVER)
    with pytest.raises(Invalid), transaction() as session:
        reject(session, arthur, row(session, submitted), "no")
    with transaction() as session:
        reject(session, arthur, row(session, submitted), "The insurance does not cover roof work.")
    assert status(submitted) == "rejected"


def test_what_was_overlooked_reopens_the_review(submitted: str) -> None:
    rosa = person("rosa", Role.REVIEWER)
    reviewed_by(rosa, submitted)
    with transaction() as session:
        with pytest.raises(Invalid, match="A reason is missing"):
            reopen(session, rosa, row(session, submitted), "  ")
        reopen(session, rosa, row(session, submitted), "a certificate was overlooked")
    assert status(submitted) == "under_review"


def test_notes_stay_with_the_staff_newest_first(submitted: str) -> None:
    rosa = person("rosa", Role.REVIEWER)
    with transaction() as session:
        add_note(session, rosa, row(session, submitted), "Called the client.")
        add_note(session, rosa, row(session, submitted), "They confirmed.")
    with reading() as session:
        assert [n.text for n in notes(session, row(session, submitted))] == ["They confirmed.", "Called the client."]


VERBS = {
    Right.REVIEW: lambda session, actor, application: add_note(session, actor, application, "A note."),
    Right.DECIDE: lambda session, actor, application: approve(session, actor, application),
    Right.INVITE: lambda session, actor, application: invite(session, actor, company_name="New Ltd", contact_email="new@new.example"),
}


@pytest.mark.parametrize("right", VERBS)
@pytest.mark.parametrize("role", [*Role, None])
def test_a_role_may_do_what_the_table_says_and_nothing_else(submitted: str, right: Right, role: Role | None) -> None:
    reviewed_by(person("rosa", Role.REVIEWER), submitted)
    actor = person("somebody", role) if role else Actor(name="nobody", kind="staff")
    if actor.may(right):
        with transaction() as session:
            VERBS[right](session, actor, row(session, submitted))
    else:
        with pytest.raises(Forbidden), transaction() as session:
            VERBS[right](session, actor, row(session, submitted))


def test_a_signed_out_or_suspended_person_is_cut_off_at_once(database: str) -> None:
    from models.errors import SignInNeeded
    from models.person import User

    with transaction() as session:
        token = sign_in(session, oid="rosa", name="Rosa", email="rosa@saber.example", roles=["reviewer"])
        other = sign_in(session, oid="rosa", name="Rosa", email="rosa@saber.example", roles=["reviewer"])
    with transaction() as session:
        sign_out(session, token)
    with pytest.raises(SignInNeeded), reading() as session:
        actor_of(session, token)
    with transaction() as session:
        session.exec(select(User)).one().status = "suspended"
    with pytest.raises(SignInNeeded), reading() as session:
        actor_of(session, other)


def test_what_changed_since_its_verdict_must_be_looked_at_again(submitted: str) -> None:
    rosa = person("rosa", Role.REVIEWER)
    with transaction() as session:
        for section in SECTIONS:
            give_verdict(session, rosa, row(session, submitted), section, Ruling.PASSED)
        request_information(session, rosa, row(session, submitted), "Tell us the real number of employees.")
        document = start_upload(session, row(session, submitted), "gdpr_policy", "newer policy.pdf", 10)
        accept(session, document, b"%PDF-newer")
        submit(session, row(session, submitted), {**COMPLETE, "team_size": "77"}, DOCUMENTS)
    anew = "The partner changed these after their verdict, so give it anew: Capabilities and Documents."
    with pytest.raises(Conflict, match=f"^{anew}$"), transaction() as session:
        mark_reviewed(session, rosa, row(session, submitted))
    with reading() as session:  # and the page says the same, and counts no verdict that does not hold
        case = load(session, rosa, row(session, submitted).reference_number or "")
        marks = render("case_marks.html", case=case, sections=SECTIONS, labels=LABELS)
    assert case.why_not(Action.REVIEWED) == anew
    assert "5 of 7 sections have a verdict. 2 verdicts are older than what the partner changed" in marks
