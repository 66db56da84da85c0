"""The entrance: who is let in, where to, and what everybody else sees."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from models.application import Application, withdraw
from models.database import now, reading, transaction
from models.document import accept, start_upload
from models.draft import Answer, answers_of, drafts, save_answers, save_step
from models.invitation import Invitation, extend, find, revoke
from models.invited import look, wanted
from models.person import PORTAL
from models.slots import SLOTS
from models.steps import STEPS
from tests.api import on_one_database
from tests.browser import DEVICE, REFUSED, browser, by_mailed_code, inside
from tests.partners import begun, by_code, events, invited, submitted
from tests.sample_form import wanted_documents

pytestmark = pytest.mark.usefixtures("redis_server")


def test_a_link_leads_to_the_first_step_and_leaves_no_code_in_the_address(database: str) -> None:
    answer = browser().get("/apply", params={"code": invited().code})
    assert (answer.status_code, answer.headers["location"]) == (303, "/apply/company")


@on_one_database
@pytest.mark.parametrize("typed", ["{0}", " {0} ", "{1} {2}", "{1}-{2}"])
def test_a_code_is_taken_in_any_case_and_grouping(database: str, typed: str) -> None:
    code = invited().code.lower()
    answer = browser().post("/apply", data={"code": typed.format(code, code[:4], code[4:])})
    assert (answer.status_code, answer.headers["location"]) == (303, "/apply/company")


@on_one_database
def test_unknown_revoked_and_expired_codes_look_the_same(database: str) -> None:
    assert {_seen("ZZZZZZZZ"), _seen(_revoked()), _seen(_expired()), _seen("x" * 500)} == {_seen("00000000")}
    assert REFUSED in _seen("00000000").replace("&#39;", "'")


@on_one_database
def test_a_refused_code_is_said_once_and_not_again_at_the_next_visit(database: str) -> None:
    client = browser()
    client.get("/apply", params={"code": "ZZZZZZZZ"})
    assert REFUSED in client.get("/apply").text
    assert REFUSED not in client.get("/apply").text


@on_one_database
def test_an_empty_code_is_asked_for(database: str) -> None:
    answer = browser().post("/apply", data={"code": "  "})
    assert answer.status_code == 422 and "Enter the invitation code" in answer.text


def test_opening_the_link_counts_once_as_opened(database: str) -> None:
    invitation = invited()
    inside(invitation)
    inside(invitation)
    assert _found(invitation.code).opened_at is not None and len(events("invitation.opened")) == 1


@on_one_database
@pytest.mark.parametrize(
    "headers",
    [{"User-Agent": "Slackbot-LinkExpanding 1.0"}, {"Sec-Purpose": "prefetch"}, {"Purpose": "prefetch"}, {"Sec-Fetch-Mode": "no-cors"},
     {"User-Agent": "Mozilla/5.0 (compatible; Microsoft Outlook; ms-office)"}],
)  # fmt: skip
def test_a_program_that_looks_at_the_link_does_not_count_as_opening_it(database: str, headers: dict[str, str]) -> None:
    invitation = invited()
    assert browser().get("/apply", params={"code": invitation.code}, headers=headers).status_code == 303
    assert browser().head("/apply", params={"code": invitation.code}).status_code == 303
    assert _found(invitation.code).opened_at is None


@on_one_database
def test_who_has_saved_nothing_begins_at_step_1(database: str) -> None:
    code = invited().code
    assert _place(code) == "/apply/company" == _place(code)


@on_one_database
def test_what_an_earlier_application_lent_is_no_place_where_somebody_left_off(database: str) -> None:
    application = submitted(slots=())
    with transaction() as session:
        withdraw(session, session.get_one(Application, application.id), "Later")
    code = invited().code
    place = _place(code)
    with reading() as session:
        assert list(drafts(session, code)) == [1, 2]
    assert place == "/apply/company" == _place(code)
    with transaction() as session:
        save_answers(session, by_code(code), [Answer("primary_contact_name", "", 2**52, 2**52, "test")])
    assert _place(code) == "/apply/contact"


def test_a_program_that_opened_the_link_first_as_a_browser_does_has_used_up_nothing_for_whoever_was_invited(database: str) -> None:
    application = submitted(slots=())
    with transaction() as session:
        withdraw(session, session.get_one(Application, application.id), "Later")
    invitation = invited()
    browser().get("/apply", params={"code": invitation.code})  # it says that it is Chrome, and follows
    with reading() as session:
        assert answers_of(session, invitation.code)["company_registration"]  # what an earlier application lent is there
        assert not look(session, wanted(q=invitation.code)).lines[0].step
    person = browser().get("/apply", params={"code": invitation.code})
    assert person.headers["location"] == "/apply/company"  # and not the door that asks for a mailed code
    with transaction() as session:
        save_answers(session, by_code(invitation.code), [Answer("company_city", "Reading", 2**52, 2**52, "test")])
    assert browser().get("/apply", params={"code": invitation.code}).headers["location"] == DEVICE
    with reading() as session:
        assert look(session, wanted(q=invitation.code)).lines[0].step


@on_one_database
def test_the_link_leads_to_the_step_that_was_saved_last_and_round_to_the_next_that_is_not_complete(database: str) -> None:
    code = invited().code
    _place(code)
    for step, name in ((STEPS[3], STEPS[3].questions[0].name), (STEPS[1], "primary_contact_name")):
        with transaction() as session:
            save_step(session, by_code(code), step, {name: "x"})
        assert _place(code) == f"/apply/{step.name}"
    _hold(code, ["public_liability_certificate"])
    assert _place(code) == f"/apply/{STEPS[SLOTS['public_liability_certificate'].step - 1].name}"


def test_the_link_goes_on_after_the_step_that_was_saved_last_where_that_is_complete(database: str) -> None:
    application = begun(slots=())
    _hold(application.invitation_code, ["company_registration_certificate"])
    assert _place(application.invitation_code) == "/apply/capabilities"  # its documents are missing
    with transaction() as session:
        save_step(session, by_code(application.invitation_code), STEPS[1], {})
    assert _place(application.invitation_code) == "/apply/contact"


def test_when_all_is_there_the_link_leads_to_check_your_answers_and_once_sent_to_the_status(database: str) -> None:
    application = begun(slots=())
    _hold(application.invitation_code, list(wanted_documents()))
    assert _place(application.invitation_code) == "/apply/check"
    inside(_found(application.invitation_code)).post("/apply/submit", data={"application": application.id})
    assert _place(application.invitation_code) == "/apply/status"


@on_one_database
def test_a_revoked_code_opens_nothing_any_more_and_an_extended_one_does_again(database: str) -> None:
    invitation = invited()
    client = inside(invitation)
    with transaction() as session:
        revoke(session, PORTAL, session.get_one(Invitation, invitation.id))
    assert client.get("/apply/continue").headers["location"] == "/apply"
    late = _expired()
    with transaction() as session:
        extend(session, PORTAL, _known(session, late), now() + timedelta(days=3))
    assert _place(late) == "/apply/company"


@on_one_database
def test_a_form_on_another_site_cannot_put_its_code_into_a_partners_browser(database: str) -> None:
    answer = browser().post("/apply", data={"code": invited().code}, headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 403 and "set-cookie" not in answer.headers


@on_one_database
def test_signing_out_forgets_the_code_on_this_device(database: str) -> None:
    client = inside(invited())
    assert "Welcome back" in client.get("/apply").text
    assert client.post("/apply/leave").headers["location"] == "/apply"
    assert "Welcome back" not in client.get("/apply").text
    assert client.get("/apply/continue").headers["location"] == "/apply"


@on_one_database
def test_guessing_codes_ends_after_a_hundred_a_day(database: str) -> None:
    client = browser()
    for number in range(100):
        client.get("/apply", params={"code": f"{number:08}"})
    assert client.get("/apply", params={"code": "ZZZZZZZZ"}).status_code == 429
    assert client.get("/apply", params={"code": invited().code}).status_code == 429


@on_one_database
def test_the_entrance_works_without_javascript_and_escapes_what_it_shows(database: str) -> None:
    with transaction() as session:
        invitation = session.get_one(Invitation, invited().id)
        invitation.company_name = "<b>Bright & Co</b>"
        session.add(invitation)
    page = inside(invitation).get("/apply").text
    assert '<form class="card" method="post" action="/apply"' in page and 'name="code"' in page
    assert "&lt;b&gt;Bright &amp; Co&lt;/b&gt;" in page and "<b>Bright" not in page


def _hold(code: str, slots: list[str]) -> None:
    """Documents that count, as far as the database knows."""
    with transaction() as session:
        for slot in slots:
            accept(session, start_upload(session, by_code(code), slot, "paper.pdf", 9), slot.encode())


def _seen(code: str) -> str:
    client = browser()
    answer = client.get("/apply", params={"code": code})
    assert answer.headers["location"] == "/apply"
    return client.get("/apply").text


def _place(code: str) -> str:
    """Where somebody with this code goes on, on a new device."""
    client = browser()
    place = str(client.get("/apply", params={"code": code}).headers["location"])
    return by_mailed_code(client) if place == DEVICE else place


def _found(code: str) -> Invitation:
    with reading() as session:
        return _known(session, code)


def _known(session: Session, code: str) -> Invitation:
    found = find(session, code)
    assert found is not None
    return found


def _revoked() -> str:
    invitation = invited()
    with transaction() as session:
        revoke(session, PORTAL, session.get_one(Invitation, invitation.id))
    return invitation.code


def _expired() -> str:
    invitation = invited()
    with transaction() as session:
        ours = session.get_one(Invitation, invitation.id)
        ours.expires_at = now() - timedelta(seconds=1)
        session.add(ours)
    return invitation.code
