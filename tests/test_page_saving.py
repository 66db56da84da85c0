"""Saving as the partner types, by the route that the browser's journal posts to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import select

from models.application import Application
from models.colleague import ask_colleague
from models.database import reading, transaction
from models.draft import answers_of
from models.invitation import Invitation, revoke
from models.person import PORTAL, Role, actor_of, sign_in
from models.review import request_information
from models.steps import STEPS
from portal.limits import BODY_BYTES
from tests.api import on_one_database
from tests.browser import browser, inside, save
from tests.partners import begun, by_code, invited, submitted

pytestmark = pytest.mark.usefixtures("redis_server")


def test_answers_are_stored_and_acknowledged_with_their_sequence(database: str) -> None:
    invitation = invited()
    answer = save(inside(invitation), invitation, ("company_city", "Reading", 7), ("nationwide_coverage", True, 8), ("services_offered", ["EPC"], 9))
    assert answer.status_code == 200 and answer.json()["savedAt"]
    assert sorted(saved[:3] for saved in answer.json()["saved"]) == [
        ["company_city", "a window", 7], ["nationwide_coverage", "a window", 8], ["services_offered", "a window", 9]]
    assert _stored(invitation) == {"company_city": "Reading", "nationwide_coverage": True, "services_offered": ["EPC"]}


def test_an_older_change_that_arrives_late_does_not_undo_a_newer_one(database: str) -> None:
    invitation = invited()
    client = inside(invitation)
    save(client, invitation, ("company_city", "Reading", 20))
    assert save(client, invitation, ("company_city", "Readin", 19)).status_code == 200
    assert _stored(invitation) == {"company_city": "Reading"}


def test_what_is_half_typed_or_wrong_is_stored_as_it_stands(database: str) -> None:
    invitation = invited()
    wrong: dict[str, Any] = {"company_name": "x" * 10_000, "company_phone": "📞", "vat_number": "GB1", "years_trading": "many", "company_city": None}
    save(inside(invitation), invitation, *((name, value, 1) for name, value in wrong.items()))
    assert _stored(invitation) == wrong


@on_one_database
def test_a_question_that_the_form_no_longer_has_is_acknowledged_and_dropped(database: str) -> None:
    invitation = invited()
    answer = save(inside(invitation), invitation, ("fax_number", "1", 1), ("status", "approved", 2), ("company_city", "Reading", 3))
    assert answer.status_code == 200 and len(answer.json()["saved"]) == 3 and answer.json()["refused"] == []
    assert _stored(invitation) == {"company_city": "Reading"}


def test_the_name_of_a_document_and_a_reason_of_a_renewal_that_is_over_do_not_stay_in_the_journal(database: str) -> None:
    invitation = invited()
    strangers = [("gdpr_policy", "1", 1), ("why-iso_certificates", "Given up.", 2), ("why-nothing", "?", 3)]
    for more in ([], [("company_city", "Reading", 4)]):
        answer = save(inside(invitation), invitation, *strangers, *more)
        assert answer.status_code == 200 and answer.json()["refused"] == []
        assert {saved[0] for saved in answer.json()["saved"]} == {name for name, *_rest in [*strangers, *more]}
    assert _stored(invitation) == {"company_city": "Reading"}


def test_two_windows_on_different_questions_keep_each_others_answers(database: str) -> None:
    invitation = invited()
    client = inside(invitation)
    save(client, invitation, ("company_city", "Reading", 1, 0, "one"))
    assert save(client, invitation, ("company_postal", "RG1 8LS", 1, 0, "two")).json()["conflicts"] == []
    assert _stored(invitation) == {"company_city": "Reading", "company_postal": "RG1 8LS"}


def test_an_answer_that_a_window_has_not_seen_is_not_overwritten_by_it_and_it_is_told_what_stands(database: str) -> None:
    invitation = invited()
    client = inside(invitation)
    seen = save(client, invitation, ("company_city", "Reading", 1, 0, "one")).json()["saved"][0][3]
    answer = save(client, invitation, ("company_city", "Leeds", 1, 0, "two")).json()
    assert [(told["value"], told["by"], told["writer"], told["sequence"]) for told in answer["conflicts"]] == [("Reading", "Helen Marsh", "two", 1)]
    assert answer["saved"] == [] and _stored(invitation) == {"company_city": "Reading"}
    assert save(client, invitation, ("company_city", "Leeds", 2, seen, "two")).json()["conflicts"] == []
    assert _stored(invitation) == {"company_city": "Leeds"}


def test_a_page_hears_what_others_have_stored_in_its_step_since_it_last_looked_and_nothing_of_others(database: str) -> None:
    invitation = invited()
    client = inside(invitation)
    seen = save(client, invitation, ("company_city", "Reading", 1, 0, "one")).json()["saved"][0][3]
    save(client, invitation, ("company_postal", "RG1 8LS", 2, 0, "one"), ("years_trading", "9", 3, 0, "one"), ("primary_contact_name", "Ada", 4, 0, "one"))
    heard = _look(client, invitation, step=1, seen=seen)
    assert {news["name"]: news["value"] for news in heard["news"]} == {"company_postal": "RG1 8LS", "years_trading": "9"}
    assert _look(client, invitation, step=1, seen=heard["version"])["news"] == []


def test_what_cannot_be_stored_is_answered_by_itself_and_the_rest_is_stored(database: str) -> None:
    invitation = invited()
    client = inside(invitation)
    bad = (("company_name", "a\0b", 1), ("trading_name", "x" * 100_001, 2), ("company_phone", {"no": "text"}, 3), ("vat_number", [1], 4))
    answer = save(client, invitation, *bad, ("company_city", "Reading", 5)).json()
    assert {told["name"]: told["why"].split(".")[0] for told in answer["refused"]} == {
        "company_name": "It holds a character that cannot be stored", "trading_name": "It is too long to be stored",
        "company_phone": "It holds something that cannot be stored", "vat_number": "It holds something that cannot be stored",
    }  # fmt: skip
    assert _stored(invitation) == {"company_city": "Reading"}


def test_many_partners_who_type_at_once_are_each_answered_after_their_own_commit(database: str) -> None:
    invitations = [invited(f"{number}@brightfieldsolar.co.uk") for number in range(4)]
    clients = [inside(invitation) for invitation in invitations]

    def type_city(number: int) -> None:
        for sequence in range(1, 6):
            answer = save(clients[number], invitations[number], ("company_city", f"{number}-{sequence}", sequence))
            assert answer.status_code == 200 and _stored(invitations[number])["company_city"] == f"{number}-{sequence}"

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(type_city, range(4)))


@on_one_database
def test_without_a_code_or_with_a_revoked_one_nothing_is_stored(database: str) -> None:
    invitation = invited()
    client = inside(invitation)
    with transaction() as session:
        revoke(session, PORTAL, session.get_one(Invitation, invitation.id))
    assert save(client, invitation, ("company_city", "Reading", 1)).status_code == 401
    assert save(browser(), invitation, ("company_city", "Reading", 1)).status_code == 401
    assert _stored(invitation) == {}


@on_one_database
@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://127.0.0.1"])
def test_another_sites_page_cannot_write_into_the_draft(database: str, origin: str) -> None:
    invitation = invited()
    answer = save(inside(invitation), invitation, ("company_city", "Elsewhere", 1), Origin=origin)
    assert answer.status_code == 403 and _stored(invitation) == {}


def test_a_page_of_one_application_cannot_write_into_the_one_opened_after_it(database: str) -> None:
    mine, theirs = invited("a@brightfieldsolar.co.uk"), invited("b@brightfieldsolar.co.uk")
    inside(mine)
    assert save(inside(theirs), mine, ("company_city", "Reading", 1)).status_code == 401
    assert _stored(theirs) == {} and _stored(mine) == {}


def test_after_sending_nothing_can_be_changed_and_the_browser_is_told(database: str) -> None:
    application = submitted(slots=())
    with reading() as session:
        invitation = session.get_one(Invitation, 1)
        before = answers_of(session, application.invitation_code)
    answer = save(inside(invitation), invitation, ("company_city", "Too late", 2**52))
    assert answer.status_code == 409 and "can no longer be changed" in answer.json()["detail"]
    assert _stored(invitation) == before


def test_a_colleague_saves_their_own_step_under_their_own_name_and_no_other_step(database: str) -> None:
    application = begun(())
    with transaction() as session:
        who = {"by": "Helen Marsh", "step": "insurance", "name": "Priya Nair", "email": "priya.nair@brightfieldsolar.co.uk"}
        key = ask_colleague(session, session.get_one(Application, application.id), **who).token
    priya, invitation = browser(), _invitation(application)
    assert priya.get("/apply/help", params={"key": key}).status_code == 303
    future = 2**52
    other = ("company_city", "Leeds", 2, future)
    own = (next(question.name for question in STEPS[4].questions), "Typed by Priya", 1, future)
    answer = save(priya, invitation, own, other).json()
    assert [saved[0] for saved in answer["saved"]] == [own[0]] and [told["name"] for told in answer["refused"]] == ["company_city"]
    assert "not in the step" in answer["refused"][0]["why"]
    assert _stored(invitation)[own[0]] == "Typed by Priya" and _stored(invitation)["company_city"] != "Leeds"
    told = save(inside(invitation), invitation, (own[0], "Typed by Helen", 1, 0, "Helen's window")).json()["conflicts"]
    assert [one["by"] for one in told] == ["Priya Nair"]
    assert _look(priya, invitation, step=1, seen=0)["news"] == []  # another step's answers are not theirs to see


def test_of_what_a_reviewer_asked_only_that_is_stored_and_the_rest_is_told_to_be_locked(database: str) -> None:
    application = submitted(slots=())
    with transaction() as session:
        rosa = actor_of(session, sign_in(session, oid="rosa", name="Rosa", email="rosa@saber.example", roles=[Role.REVIEWER]))
        request_information(session, rosa, session.get_one(Application, application.id), "Correct the town.", ["company_city"])
    invitation = _invitation(application)
    answer = save(inside(invitation), invitation, ("company_city", "Leeds", 1, 2**52), ("company_postal", "LS1 1AA", 2, 2**52)).json()
    assert [saved[0] for saved in answer["saved"]] == ["company_city"] and [told["name"] for told in answer["refused"]] == ["company_postal"]
    assert "is locked" in answer["refused"][0]["why"]
    assert _stored(invitation)["company_city"] == "Leeds" and _stored(invitation)["company_postal"] != "LS1 1AA"


@on_one_database
@pytest.mark.parametrize(
    "body", [b"no json", b"[]", b'{"items": 1}', b'{"application": "x", "items": []}', b'{"application": 1, "items": [], "step": 7}',
             b'{"application": 1, "items": [{"name": "company_city", "value": "\\ud83d"}]}'],
)  # fmt: skip
def test_a_body_that_is_no_list_of_answers_is_refused_in_words(database: str, body: bytes) -> None:
    answer = inside(invited()).post("/apply/answers", content=body, headers={"Content-Type": "application/json", "Accept": "*/*"})
    assert answer.status_code in (400, 422) and "detail" in answer.json() and "Traceback" not in answer.text


@on_one_database
def test_a_body_beyond_the_limit_is_refused(database: str) -> None:
    invitation = invited()
    assert save(inside(invitation), invitation, ("company_name", "x" * BODY_BYTES, 1)).status_code == 413


def _invitation(application: Application) -> Invitation:
    with reading() as session:
        return session.exec(select(Invitation).where(Invitation.code == application.invitation_code)).one()


def _look(client: Any, invitation: Invitation, step: int, seen: int) -> dict[str, Any]:
    body: dict[str, Any] = {"application": by_code(invitation.code).id, "step": step, "seen": seen, "items": []}
    heard: dict[str, Any] = client.post("/apply/answers", json=body).json()
    return heard


def _stored(invitation: Invitation) -> dict[str, Any]:
    with reading() as session:
        return answers_of(session, invitation.code)
