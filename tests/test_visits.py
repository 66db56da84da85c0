"""Where partners and colleagues are let in: what the cookie holds, who ends it, and what is refused from then on."""

from __future__ import annotations

import base64
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from itsdangerous import TimestampSigner
from sqlmodel import select

from integrations import identity
from models.application import Application
from models.colleague import ask_colleague
from models.database import now, reading, transaction
from models.errors import Conflict, NotFound
from models.invitation import Invitation, find, revoke
from models.person import PORTAL, Role, actor_of
from models.retention import due, erased
from models.revocation import restore
from models.settings import settings
from models.visit import Ended, Visit, end_all, end_elsewhere, end_one, visits
from portal import visits as seen
from portal.auth import PARTNER, STAFF, _open_session
from portal.visits import VISITOR
from tests import pages, partners
from tests.api import on_one_database
from tests.browser import DEVICE, browser, by_mailed_code, save
from tests.desk import person

pytestmark = pytest.mark.usefixtures("redis_server")
FIREFOX = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"}


@pytest.fixture
def application(database: str) -> Application:
    return partners.begun(())


def test_the_cookie_holds_a_random_token_and_no_code_and_the_database_only_its_hash(application: Application) -> None:
    client = let_in(application, FIREFOX)
    held, row = cookie(client), rows()[-1]
    assert application.invitation_code not in json.dumps(held) and len(held[VISITOR]) == 43
    assert held[VISITOR] not in str(row.model_dump()) and (row.browser, row.ended_at) == ("Firefox on Windows", None)
    first = held[VISITOR]
    client.get("/apply", params={"code": application.invitation_code})  # the same link again
    assert [one.id for one in rows() if one.ended_at is None] == [row.id] and cookie(client)[VISITOR] == first


@on_one_database
def test_a_device_that_knocks_has_no_code_in_its_cookie_either(application: Application) -> None:
    client = browser()
    assert client.get("/apply", params={"code": application.invitation_code}).headers["location"] == DEVICE
    assert application.invitation_code not in json.dumps(cookie(client))


def test_a_device_that_is_signed_out_from_another_is_refused_from_the_next_request_on_and_told_once(application: Application) -> None:
    mine, lost = let_in(application), let_in(application, FIREFOX)
    shown = mine.get("/apply/devices").text
    assert "Firefox on Windows" in shown and "This device" in shown
    (named,) = re.findall(r'name="device" value="([\w-]+)"', shown)
    assert mine.post("/apply/devices/end", data={"device": named}).status_code == 303
    assert "signed out" in mine.get("/apply/devices").text
    invitation = invitation_of(application)
    assert save(lost, invitation, ("company_city", "Mallory", 1, 2**52)).status_code == 401
    assert lost.get("/apply/continue").headers["location"] == "/apply"
    assert "from another one" in lost.get("/apply").text and "from another one" not in lost.get("/apply").text
    assert lost.get("/apply", params={"code": invitation.code}).headers["location"] == DEVICE, "it is not known any more"
    assert save(mine, invitation, ("company_city", "Reading", 1, 2**52)).status_code == 200
    assert partners.events("invitation.visit_ended")[0].actor == "Brightfield Solar Ltd"


def test_signing_out_everywhere_else_also_forgets_devices_that_went_on_to_another_invitation(application: Application) -> None:
    mine, other = let_in(application), let_in(application)
    second = partners.invited("second@harlow.example.com")
    other.get("/apply", params={"code": second.code})
    assert mine.post("/apply/devices/others").status_code == 303
    assert other.get("/apply/continue").headers["location"].startswith("/apply/company"), "what it is let in to now is another partner's"
    assert other.get("/apply", params={"code": application.invitation_code}).headers["location"] == DEVICE
    assert mine.get("/apply/continue").status_code == 303 and mine.get("/apply/devices").status_code == 200


@on_one_database
def test_a_device_that_went_on_to_another_invitation_comes_back_without_a_code(application: Application) -> None:
    client = let_in(application)
    client.get("/apply", params={"code": partners.invited("second@harlow.example.com").code})
    assert client.get("/apply", params={"code": application.invitation_code}).headers["location"] != DEVICE
    assert sorted(one.ended_why for one in rows()) == ["", Ended.REPLACED, Ended.REPLACED]


def test_staff_sign_the_partner_and_all_colleagues_out(application: Application) -> None:
    mine, theirs = let_in(application), colleague(application)
    with transaction() as session:
        assert end_all(session, person(Role.OPERATIONS), ours(session, application)) == 2
    for client in (mine, theirs):
        assert client.get("/apply/devices").headers["location"] == "/apply"
    assert "We have signed you out" in mine.get("/apply").text
    assert save(theirs, invitation_of(application), ("company_city", "Mallory", 1, 2**52)).status_code == 401
    with pytest.raises(Conflict, match="not signed in"), transaction() as session:
        end_all(session, person(Role.OPERATIONS), ours(session, application))


def test_a_colleague_neither_sees_nor_ends_the_partners_devices_and_stores_only_their_own_step(application: Application) -> None:
    mine, theirs = let_in(application), colleague(application)
    assert theirs.get("/apply/devices").status_code == 403 and theirs.post("/apply/devices/others").status_code == 403
    assert json.loads(save(theirs, invitation_of(application), ("company_city", "Mallory", 1, 2**52)).text)["refused"]
    with reading() as session:
        assert len(visits(session, invitation_of(application))) == 1
    assert mine.get("/apply/devices").status_code == 200


@on_one_database
def test_a_partner_ends_no_device_of_another(application: Application) -> None:
    mine, other = let_in(application), let_in(partners.begun(()))
    with pytest.raises(NotFound), transaction() as session:
        end_one(session, ours(session, application), rows()[-1].public_id)
    with transaction() as session:
        assert end_elsewhere(session, ours(session, application), rows()[0].public_id) == 0
    assert [client.get("/apply/devices").status_code for client in (mine, other)] == [200, 200]


def test_a_revoked_invitation_lets_nobody_on_until_the_revocation_is_taken_back(application: Application) -> None:
    client, operations = let_in(application), person(Role.OPERATIONS)
    with transaction() as session:
        revoke(session, operations, ours(session, application))
    assert client.get("/apply/continue").headers["location"] == "/apply"
    assert save(client, invitation_of(application), ("company_city", "Late", 1, 2**52)).status_code == 401
    with transaction() as session:
        restore(session, operations, ours(session, application))
    assert save(client, invitation_of(application), ("company_city", "Reading", 1, 2**52)).status_code == 200


def test_a_cookie_of_before_is_carried_over_once_also_by_requests_at_the_same_time(application: Application) -> None:
    old = {PARTNER: application.invitation_code, "visit": "before", "known": ["mark"], STAFF: "held"}
    clients = [bearing(old) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda client: save(client, invitation_of(application), ("company_city", "Reading", 1, 2**52)), clients))
    assert [answer.status_code for answer in answers] == [200] * 4 and len(rows()) == 1
    held = cookie(clients[0])
    assert set(held) == {VISITOR, STAFF} and held[VISITOR] == cookie(clients[1])[VISITOR]
    with transaction() as session:
        end_all(session, PORTAL, ours(session, application))
    never_seen = bearing({PARTNER: application.invitation_code, "visit": "another browser"})
    for client in (bearing(old), never_seen):
        assert client.get("/apply/continue").headers["location"] == "/apply", "nor does a cookie of before come back after that"


@on_one_database
def test_a_colleagues_cookie_of_before_is_carried_over_too(application: Application) -> None:
    asked = ask(application)
    client = bearing({"colleague": asked.public_id})
    assert client.get("/apply/help").headers["location"] == "/apply/insurance"
    assert asked.public_id not in json.dumps(cookie(client)) and rows()[-1].colleague_id == asked.id


def test_who_was_there_is_noted_for_all_in_one_go_and_lasts_a_month_from_then(application: Application) -> None:
    client = let_in(application)
    with transaction() as session:
        row = session.exec(select(Visit)).one()
        row.seen_at, row.expires_at = now() - timedelta(days=29), now() + timedelta(days=1)
        session.add(row)
    save(client, invitation_of(application), ("company_city", "Reading", 1, 2**52))
    assert rows()[0].seen_at < now() - timedelta(days=28), "no key that is typed waits for it"
    seen.note_used()
    assert rows()[0].seen_at > now() - timedelta(minutes=1) and rows()[0].expires_at > now() + timedelta(days=29)
    with transaction() as session:
        row = session.exec(select(Visit)).one()
        row.expires_at = now()
        session.add(row)
    assert client.get("/apply/continue").headers["location"] == "/apply"


def test_visits_that_are_over_go_with_the_logs_and_all_of_them_with_the_draft(application: Application, s3: object) -> None:
    let_in(application), let_in(application)
    with transaction() as session:
        over = rows()[0]
        over.ended_at = over.expires_at = now() - timedelta(days=91)
        session.merge(over)
    with transaction() as session:
        (one,) = [found for found in due(session) if found.what.startswith("visits")]
        erased(session, one)
    assert len(rows()) == 1
    with transaction() as session:
        invitation = ours(session, application)
        invitation.status, invitation.expires_at = "expired", now() - timedelta(days=40)
        session.add(invitation)
    with transaction() as session:
        (one,) = [found for found in due(session) if found.period == "drafts"]
        erased(session, one)
    assert rows() == []


@on_one_database
def test_a_new_sign_in_of_staff_ends_the_session_that_the_browser_had(database: str) -> None:
    who = identity.Identity(oid="7", name="Ada Byron", email="ada@saber.test", roles=("reviewer",))
    before = _open_session(who)
    after = _open_session(who, before=before)
    desk = pages.browser(before)
    assert desk.get("/review").status_code == 303 and pages.browser(after).get("/review").status_code == 200
    with reading() as session:
        assert actor_of(session, after).name == "Ada Byron"


def let_in(application: Application, headers: dict[str, str] | None = None) -> TestClient:
    """A browser that was let in with the link and the code that is mailed."""
    made = browser()
    made.headers.update(headers or {})
    if made.get("/apply", params={"code": application.invitation_code}).headers["location"] == DEVICE:
        by_mailed_code(made)
    return made


def ask(application: Application) -> Any:
    with transaction() as session:
        there = session.get_one(Application, application.id)
        return ask_colleague(session, there, by="Helen Marsh", step="insurance", name="Priya Nair", email="priya@brightfieldsolar.co.uk")


def colleague(application: Application) -> TestClient:
    """The browser of a colleague who has opened the link."""
    made = browser()
    assert made.get("/apply/help", params={"key": ask(application).token}).headers["location"] == "/apply/insurance"
    return made


def bearing(session: dict[str, Any]) -> TestClient:
    """A browser with a cookie that holds this."""
    made = browser()
    signer = TimestampSigner(settings().secret_key.get_secret_value())
    host = made.base_url.host
    domain = host if "." in host else f"{host}.local"  # as the jar writes what the portal sets, which then takes its place
    made.cookies.set("portal", signer.sign(base64.b64encode(json.dumps(session).encode())).decode(), domain=domain, path="/")
    return made


def cookie(client: TestClient) -> dict[str, Any]:
    """What the signed cookie holds."""
    signer = TimestampSigner(settings().secret_key.get_secret_value())
    held = [one.value for one in client.cookies.jar if one.name == "portal"][-1]
    found: dict[str, Any] = json.loads(base64.b64decode(signer.unsign(str(held).encode())))
    return found


def rows() -> list[Visit]:
    with reading() as session:
        return list(session.exec(select(Visit).order_by("id")))


def ours(session: Any, application: Application) -> Invitation:
    found = find(session, application.invitation_code)
    assert found is not None
    return found


def invitation_of(application: Application) -> Invitation:
    with reading() as session:
        return ours(session, application)
