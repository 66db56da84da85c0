"""Saving as the partner types, by the route that the browser's journal posts to."""

from __future__ import annotations

from typing import Any

import pytest

from models.database import reading, transaction
from models.draft import answers_of
from models.invitation import Invitation, revoke
from models.person import PORTAL
from portal.limits import BODY_BYTES
from tests.api import on_one_database
from tests.browser import browser, inside, save
from tests.partners import invited, submitted

pytestmark = pytest.mark.usefixtures("redis_server")


def test_answers_are_stored_and_acknowledged_with_their_sequence(database: str) -> None:
    invitation = invited()
    answer = save(inside(invitation), invitation, ("company_city", "Reading", 7), ("nationwide_coverage", True, 8), ("services_offered", ["EPC"], 9))
    assert answer.status_code == 200 and answer.json()["savedAt"]
    assert sorted(answer.json()["saved"]) == [["company_city", 7], ["nationwide_coverage", 8], ["services_offered", 9]]
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
    assert answer.status_code == 200 and len(answer.json()["saved"]) == 3
    assert _stored(invitation) == {"company_city": "Reading"}


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


@on_one_database
@pytest.mark.parametrize(
    "body", [b"no json", b"[]", b'{"items": 1}', b'{"items": [{"name": "company_city", "value": {"a": 1}, "sequence": 1}]}',
             b'{"items": [{"name": "company_city", "value": "x", "sequence": -1}]}', b'{"items": [{"name": "company_city"}]}'],
)  # fmt: skip
def test_a_body_that_is_no_list_of_answers_is_refused_in_words(database: str, body: bytes) -> None:
    answer = inside(invited()).post("/apply/answers", content=body, headers={"Content-Type": "application/json", "Accept": "*/*"})
    assert answer.status_code in (400, 422) and "detail" in answer.json() and "Traceback" not in answer.text


@on_one_database
def test_a_body_beyond_the_limit_is_refused(database: str) -> None:
    invitation = invited()
    assert save(inside(invitation), invitation, ("company_name", "x" * BODY_BYTES, 1)).status_code == 413


def _stored(invitation: Invitation) -> dict[str, Any]:
    with reading() as session:
        return answers_of(session, invitation.code)
