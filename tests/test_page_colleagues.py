"""A colleague comes by their link and sees one step; the partner sees who was there and takes it back. As browsers see it."""

from __future__ import annotations

import base64
import re

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from models.application import Application, submit
from models.colleague import Colleague, ask_colleague
from models.database import reading, transaction
from models.draft import answers_of
from models.invitation import Invitation, find, revoke
from models.person import PORTAL, Actor, Role
from models.request import Wanted
from models.review import request_information
from portal.auth import COLLEAGUE, PARTNER
from tests import pages, partners
from tests.api import on_one_database
from tests.browser import browser, inside, save
from tests.sample_form import COMPLETE, wanted_documents

pytestmark = [pytest.mark.usefixtures("redis_server"), on_one_database]
ROSA = Actor(name="Rosa Reyes", kind="staff", roles=frozenset({Role.REVIEWER}))
SEEN = 2**52  # as a window sends that has seen all there is
PRIYA = {"step": "insurance", "name": "Priya Nair", "email": "priya.nair@brightfieldsolar.co.uk", "note": "Ask <the> broker.", "language": "en"}


@pytest.fixture
def application(database: str) -> Application:
    return partners.begun(())


def invitation_of(application: Application) -> Invitation:
    with reading() as session:
        found = find(session, application.invitation_code)
    assert found is not None
    return found


def partner(application: Application) -> TestClient:
    return inside(invitation_of(application))


def asked(application: Application, step: str = "insurance") -> Colleague:
    with transaction() as session:
        ours = session.get_one(Application, application.id)
        return ask_colleague(session, ours, by="Helen Marsh", step=step, name=PRIYA["name"], email=PRIYA["email"])


def the_colleague() -> Colleague:
    with reading() as session:
        return session.exec(select(Colleague).order_by("id")).all()[-1]


def come(colleague: Colleague) -> TestClient:
    """A colleague's browser that has opened the link."""
    made = browser()
    answer = made.get("/apply/help", params={"key": colleague.token})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/apply/{colleague.step}")
    return made


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("&#39;", "'").split())


def take_back(application: Application, colleague: Colleague) -> None:
    answer = partner(application).post("/apply/colleagues/back", data={"colleague": colleague.public_id})
    assert answer.headers["location"] == f"/apply/colleagues?step={colleague.step}"


def said(answer: object) -> str:
    return str(answer.json()["detail"])  # type: ignore[attr-defined]


def test_a_partner_asks_a_colleague_and_sees_whom(application: Application) -> None:
    client = partner(application)
    page = client.get("/apply/colleagues", params={"step": "insurance"})
    assert '<option value="insurance" selected>' in page.text
    answer = client.post("/apply/colleagues", data=PRIYA)
    made = the_colleague()
    assert answer.headers["location"] == "/apply/colleagues?step=insurance"
    shown = client.get(answer.headers["location"])
    assert "We are mailing a link to Priya Nair (priya.nair@brightfieldsolar.co.uk)." in words(shown.text)
    assert "Has not opened it yet" in shown.text and made.token not in shown.text
    assert (made.asked_by, made.note, made.step) == ("Helen Marsh", "Ask <the> broker.", "insurance")
    assert "We are mailing" not in client.get(answer.headers["location"]).text, "a reload does nothing, so it says nothing"


def test_when_a_colleague_was_there_and_until_when_the_link_works_are_two_sentences(application: Application) -> None:
    come(asked(application))
    assert re.search(r"Last there: [^.]*\d\d:\d\d \. The link works until", words(partner(application).get("/apply/colleagues").text))


def test_what_is_wrong_is_said_above_and_beside_the_field_and_what_was_typed_stays(application: Application) -> None:
    answer = partner(application).post("/apply/colleagues", data={**PRIYA, "email": "priya", "step": ""})
    assert answer.status_code == 422 and 'href="#email"' in answer.text and "Choose one of the six steps." in answer.text
    assert 'value="Priya Nair"' in answer.text and "Ask &lt;the&gt; broker." in answer.text
    assert re.search(r'id="email"[^>]*aria-describedby="email-error" aria-invalid="true"', answer.text)


def test_the_link_is_exchanged_at_once_and_the_session_holds_neither_its_token_nor_the_invitations_code(application: Application) -> None:
    made = asked(application)
    client = come(made)
    held = base64.b64decode(client.cookies["portal"].split(".")[0] + "==").decode()
    assert "visitor" in held and not any(one in held for one in (made.public_id, made.token, application.invitation_code))


def test_a_colleague_saves_their_step_and_is_refused_elsewhere_in_words(application: Application) -> None:
    client, invitation = come(asked(application)), invitation_of(application)
    assert save(client, invitation, ("public_liability_cover", "6000000", 1, SEEN)).json()["refused"] == []
    [refused] = save(client, invitation, ("company_city", "Leeds", 2, SEEN)).json()["refused"]
    with reading() as session:
        stored = answers_of(session, application.invitation_code)
    assert (stored["public_liability_cover"], stored["company_city"]) == ("6000000", "Reading")
    assert refused["why"] == "“Town or city” is not in the step that you were asked to help with."


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/apply/submit"), ("POST", "/apply/withdraw"), ("GET", "/apply/colleagues"), ("POST", "/apply/colleagues"),
     ("GET", "/apply/continue"), ("GET", "/api/draft"), ("POST", "/api/clear-draft"), ("GET", "/api/status"),
     ("POST", "/api/confirm-email"), ("POST", "/api/save-draft"), ("GET", "/apply/application.pdf")],
)  # fmt: skip
def test_everything_else_is_the_partners_alone(application: Application, method: str, path: str) -> None:
    bodies = {"/api/confirm-email": {"email": "priya@brightfieldsolar.co.uk"}, "/api/save-draft": {"step": 5, "formData": {}}}
    client = come(asked(application))
    sent = {"json": bodies.get(path, {})} if path.startswith("/api") else {"data": {**PRIYA, "application": application.id}}
    answer = client.request(method, path, **(sent if method == "POST" else {}))
    assert answer.status_code == 403 and "one step" in words(answer.text)


def test_a_colleague_reads_the_documents_of_their_step_alone(application: Application, s3: object) -> None:
    theirs, other = partners.stored_in(application, "public_liability_certificate"), partners.stored_in(application, "capability_statement")
    client = come(asked(application))
    assert client.get(f"/documents/{theirs.public_id}").status_code == 200
    assert client.get(f"/documents/{other.public_id}").status_code == 404


def test_no_answer_to_a_colleague_carries_the_invitations_code(application: Application, s3: object) -> None:
    client = come(asked(application))
    asks = {"slot": "public_liability_certificate", "fileName": "a.pdf", "fileType": "application/pdf", "fileSize": 1000}
    answer = client.post("/api/upload-file", json=asks)
    assert answer.status_code == 200 and application.invitation_code not in answer.text
    other = client.post("/api/upload-file", json={**asks, "slot": "capability_statement"})
    assert other.status_code == 403 and "not in the step" in said(other)


@pytest.mark.parametrize(
    ("step", "heading"), [("insurance", "We need something more"), ("company", "")],
)  # fmt: skip
def test_of_what_a_reviewer_asks_a_colleague_reads_only_what_concerns_their_step(database: str, step: str, heading: str) -> None:
    application = partners.submitted(())
    with transaction() as session:
        ours = session.get_one(Application, application.id)
        request_information(session, ROSA, ours, "Between us: your accounts worry us.", [Wanted("public_liability_cover", "Is it per claim?")])
        made = ask_colleague(session, ours, by="Helen Marsh", step=step, name=PRIYA["name"], email=PRIYA["email"])
    priya, helen = pages.browser(), pages.browser()
    priya.cookies.set("portal", pages.cookie({COLLEAGUE: made.public_id}))
    helen.cookies.set("portal", pages.cookie({PARTNER: application.invitation_code}))
    seen = words(priya.get(f"/apply/{step}").text)
    assert "You are helping with this step" in seen and "accounts worry us" not in seen and (heading in seen if heading else "We need" not in seen)
    assert ("Is it per claim?" in seen) == (step == "insurance")
    assert "accounts worry us" in words(helen.get(f"/apply/{step}").text)


def test_a_link_taken_back_stops_an_open_page_at_the_next_change_and_says_so(application: Application) -> None:
    made = asked(application)
    client = come(made)
    take_back(application, made)
    answer = save(client, invitation_of(application), ("public_liability_cover", "1", 1))
    assert answer.status_code == 401 and said(answer) == "Helen Marsh has taken the link back, so nothing can be changed with it any more."
    page = client.get("/apply/help")
    assert page.status_code == 410 and "Helen Marsh has taken the link back" in page.text


def test_a_link_that_has_ended_says_so_and_one_that_never_was_is_told_no_more(application: Application) -> None:
    made = asked(application)
    take_back(application, made)
    seen = []
    for token in (made.token, "A" * 43):
        client = browser()
        assert client.get("/apply/help", params={"key": token}).headers["location"] == "/apply/help"
        seen.append(words(client.get("/apply/help").text))
    assert "has taken the link back" in seen[0] and "This link opens nothing any more" in seen[1]


def test_guessing_links_ends_after_a_hundred_a_day(database: str) -> None:
    client = browser()
    answers = {client.get("/apply/help", params={"key": f"guess-{number}"}).status_code for number in range(100)}
    assert answers == {303} and client.get("/apply/help", params={"key": "one more"}).status_code == 429


def test_a_colleague_who_is_done_is_thanked_and_may_go_on(application: Application) -> None:
    made = asked(application)
    client = come(made)
    assert client.post("/apply/help/done").headers["location"] == "/apply/help/done"
    assert "We have told Helen Marsh that you are done" in words(client.get("/apply/help/done").text)
    assert save(client, invitation_of(application), ("public_liability_cover", "7000000", 1)).status_code == 200
    assert "Says it is done" in partner(application).get("/apply/colleagues").text


def test_a_program_that_looks_at_the_link_was_not_there(application: Application) -> None:
    made = asked(application)
    browser().get("/apply/help", params={"key": made.token}, headers={"User-Agent": "Slackbot-LinkExpanding 1.0"})
    assert the_colleague().opened_at is None
    come(made)
    assert the_colleague().opened_at is not None


def test_a_link_ends_when_the_application_is_sent_or_the_invitation_is_revoked(application: Application) -> None:
    sent, client = asked(application), None
    client = come(sent)
    with transaction() as session:
        submit(session, session.get_one(Application, application.id), COMPLETE, wanted_documents())
    assert "The application has been sent" in words(client.get("/apply/help").text)
    other = partners.begun(())
    client = come(asked(other))
    _revoke(other)
    assert client.get("/apply/help").status_code == 410


def test_the_partner_who_opens_a_colleagues_link_stays_the_partner(application: Application) -> None:
    client, made = partner(application), asked(application)
    assert client.get("/apply/help", params={"key": made.token}).headers["location"] == "/apply/insurance"
    assert client.get("/apply/continue").status_code == 303 and client.get("/api/draft").status_code == 200


def test_a_colleague_signs_out_and_comes_back_by_the_link(application: Application) -> None:
    made = asked(application)
    client = come(made)
    assert "You were helping Brightfield Solar Ltd with the step" in words(client.get("/apply").text)
    client.post("/apply/leave")
    assert "helping" not in client.get("/apply").text and client.get("/apply/help").status_code == 410
    assert client.get("/apply/help", params={"key": made.token}).headers["location"] == "/apply/insurance"


def test_a_colleagues_choice_of_language_is_their_own(application: Application) -> None:
    client = come(asked(application))
    client.post("/language", data={"to": "de", "back": "/apply/insurance"})
    assert (the_colleague().language, invitation_of(application).language) == ("de", "en")


def _revoke(application: Application) -> None:
    with transaction() as session:
        revoke(session, PORTAL, _ours(session, application))


def _ours(session: Session, application: Application) -> Invitation:
    return session.exec(select(Invitation).where(Invitation.code == application.invitation_code)).one()


def test_an_address_that_looks_mistyped_is_asked_about_before_a_stranger_has_the_link(application: Application) -> None:
    client, wrong, right = partner(application), "priya.nair@brightfeildsolar.co.uk", PRIYA["email"]
    answer = client.post("/apply/colleagues", data={**PRIYA, "email": wrong})
    assert answer.status_code == 422 and f"Did you mean {right}? Nothing is sent yet." in words(answer.text)
    with reading() as session:
        assert session.exec(select(Colleague)).all() == []
    assert client.post("/apply/colleagues", data={**PRIYA, "email": wrong, "sure": wrong, "instead": right}).status_code == 303
    assert the_colleague().email == right
    assert client.post("/apply/colleagues", data={**PRIYA, "email": wrong, "sure": wrong}).status_code == 303
    assert the_colleague().email == wrong, "nobody is forced"
