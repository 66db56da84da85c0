"""The desk's pages: who may open which, and what stands there for whom may not."""

from __future__ import annotations

import re

import pytest
from sqlmodel import update

from models.application import begin
from models.database import now, transaction
from models.invitation import invite
from models.person import PORTAL, Role, SignIn, User, sign_out
from tests.desk import applied, brought, token
from tests.pages import browser

READERS = set(Role)
PAGES = {
    "/review": READERS,
    "/review/{reference}": READERS,
    "/invitations": {Role.OPERATIONS, Role.ADMIN},
    "/invitations/import": {Role.OPERATIONS, Role.ADMIN},
    "/invitations/template.csv": {Role.OPERATIONS, Role.ADMIN},
    "/deliveries": {Role.OPERATIONS, Role.ADMIN},
}
#: HTML that is laid aside in a page (portal/aside.py).
ASIDE = re.compile("<template.*?</template>", re.DOTALL)
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@on_sqlite
@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("path", list(PAGES))
def test_a_page_opens_for_the_roles_that_have_its_right_and_no_other(database: str, path: str, role: Role) -> None:
    answer = browser(token(role)).get(path.format(reference=applied()))
    assert answer.status_code == (200 if role in PAGES[path] else 403)
    if role not in PAGES[path]:
        assert "Your account may not" in answer.text and "Brightfield" not in answer.text


@on_sqlite
@pytest.mark.parametrize("path", list(PAGES))
def test_without_signing_in_every_page_leads_to_the_sign_in_and_back(database: str, path: str) -> None:
    asked = path.format(reference=applied())
    answer = browser().get(f"{asked}?q=solar")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/auth/sign-in?to={asked.replace('/', '%2F')}%3Fq%3Dsolar"


@on_sqlite
@pytest.mark.parametrize("how", ["signed out", "expired", "suspended", "unknown"])
def test_a_session_that_is_over_opens_nothing(database: str, how: str) -> None:
    held = token(Role.ADMIN)
    with transaction() as session:
        if how == "signed out":
            sign_out(session, held)
        if how == "expired":
            session.exec(update(SignIn).values(expires_at=now()))
        if how == "suspended":
            session.exec(update(User).values(status="suspended"))
    assert browser("x" * 43 if how == "unknown" else held).get("/review").status_code == 303


def test_the_list_shows_the_applications_that_its_address_asks_for(database: str) -> None:
    applied("Brightfield Solar Ltd")
    brought(applied("Northwind Energy Ltd"), to="approved")
    staff = browser(token(Role.AUDITOR))
    assert "Brightfield Solar" in staff.get("/review").text and "Northwind" not in staff.get("/review").text
    assert "Northwind" in staff.get("/review?status=approved&q=northwind&sort=company").text
    assert "Nothing matches" in staff.get("/review?q=nobody").text


@on_sqlite
@pytest.mark.parametrize("query", ["status=%00&page=-1&sort=%27", "page=999999999999", "q=" + "x" * 5000, "q=%F0%9F%92%A9", "q=a&q=b"])
def test_a_mangled_address_still_opens_the_list(database: str, query: str) -> None:
    applied()
    assert browser(token(Role.ADMIN)).get(f"/review?{query}").status_code == 200


@on_sqlite
def test_what_a_partner_types_is_never_markup_at_the_desk(database: str) -> None:
    evil = "<img src=x onerror=alert(1)> Ltd"
    reference = applied(evil, training_records_summary="<script>alert(2)</script> every year, by an outside trainer")
    staff = browser(token(Role.ADMIN))
    for path in ("/review", f"/review/{reference}", "/invitations?q=img", f"/deliveries?q={reference}"):
        title, page = staff.get(path).text.split("</title>", 1)
        # Most HTML stands in the page as it is, and text is escaped once. What the page's script unfolds must be escaped twice.
        unfolded, aside = re.sub(ASIDE, "", page), "".join(re.findall(ASIDE, page))
        assert "&lt;img src=x onerror=alert(1)&gt;" in aside or "&amp;lt;img src=x onerror=alert(1)&amp;gt;" in unfolded, path
        assert "<img src=x" not in title + page and "<script>alert(2)" not in page, path
        assert "&lt;img src=x" not in unfolded and "&lt;script&gt;alert(2)" not in unfolded, path


@on_sqlite
def test_what_is_drawn_once_for_many_is_in_each_readers_language_and_within_their_rights(database: str) -> None:
    applied()
    for role, tongue, columns in ((Role.REVIEWER, "de", "Spalten"), (Role.AUDITOR, "en", "Columns"), (Role.REVIEWER, "en", "Columns")):
        page = browser(token(role)).get("/review", headers={"accept-language": tongue}).text
        assert re.search(f'id="columns-open"[^>]*>{columns}<', page) and f"{role.value.capitalize()} Person" in page
        assert ('data-ticks="assign"' in page, "/audit" in page) == (role == Role.REVIEWER, role == Role.AUDITOR)


@on_sqlite
def test_a_draft_is_not_to_be_found_at_the_desk(database: str) -> None:
    with transaction() as session:
        begin(session, invite(session, PORTAL, company_name="Still typing Ltd", contact_email="ada@typing.example"))
    answer = browser(token(Role.ADMIN)).get("/review/None")
    assert answer.status_code == 404 and "There is no application with this reference." in answer.text


@on_sqlite
def test_an_unknown_reference_says_so_in_the_portals_look_and_leads_back_to_the_list(database: str) -> None:
    answer = browser(token(Role.REVIEWER)).get("/review/EPC-2026-ZZZZZZ")
    assert answer.status_code == 404
    assert "There is no application with this reference." in answer.text and 'href="/review"' in answer.text and "portal.css" in answer.text


@on_sqlite
@pytest.mark.parametrize("path", ["/review", "/nothing/here"])
def test_private_pages_and_errors_are_never_kept_by_the_browser_and_carry_an_id(database: str, path: str) -> None:
    answer = browser(token(Role.ADMIN)).get(path)
    assert answer.headers["cache-control"].startswith("no-store") and answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.headers["x-request-id"]) == 12
