"""The audit log: what is found, in which order, page by page, and what stands in the file."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select, update

from models import audit
from models.application import Application, begin
from models.audit import Log, asked
from models.database import now, reading, transaction
from models.errors import Forbidden
from models.event import Event, record
from models.invitation import Invitation, invite
from models.note import add_note
from models.person import PORTAL, Role, User
from portal.pages.review.story import HAPPENED, SENTENCES
from portal.words import OFFICE
from tests.desk import applied, brought, person, row, token
from tests.pages import browser

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
NOTE = "The certificate is from last year, I called them."


def test_the_log_holds_everything_newest_first(database: str) -> None:
    brought(applied(), to="approved")
    found = log()
    with reading() as session:
        assert len(found.entries) == len(session.exec(select(Event.id)).all())
    assert [entry.event.id for entry in found.entries] == sorted((entry.event.id or 0 for entry in found.entries), reverse=True)
    assert found.entries[0].event.type == "application.approved"
    assert {entry.company for entry in found.entries if entry.event.application_id} == {"Brightfield Solar Ltd"}


def test_it_is_found_by(database: str) -> None:
    first, second = applied("First Ltd"), applied("Second Ltd")
    noted(first), brought(second, to="under_review")
    with reading() as session:
        reviewer = session.exec(select(User.id).where(User.oid == Role.REVIEWER)).one()
    assert kinds(type="application.noted") == ["application.noted"]
    assert companies(q="first") == {"First Ltd"} == companies(about=first.lower())
    assert kinds(q="LAST YEAR") == ["application.noted"]
    assert kinds(q="nobody said this") == []
    assert {entry.event.actor for entry in log(who=str(reviewer)).entries} == {"Reviewer Person"}
    assert {entry.event.actor_kind for entry in log(who="partner").entries} == {"partner"}
    assert companies(q="reviewer person") == {"First Ltd", "Second Ltd"}


def test_few_and_many_are_found_alike_however_they_are_looked_up(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    noted(applied("First Ltd")), brought(applied("Second Ltd"), to="under_review")
    for q in ("first", "LAST YEAR", "reviewer", "nobody said this", "ea"):
        monkeypatch.setattr(audit, "FEW", 1000)
        by_number = [entry.event.id for entry in log(q=q).entries]
        monkeypatch.setattr(audit, "FEW", 0)
        assert [entry.event.id for entry in log(q=q).entries] == by_number, q
        assert bool(by_number) == (q != "nobody said this")


def test_all_that_happened_to_one_partner_is_together_its_invitation_too(database: str) -> None:
    reference = applied("First Ltd")
    applied("Second Ltd")
    with transaction() as session:
        invitation = session.exec(select(Invitation).where(Invitation.company_name == "First Ltd")).one()
        record(session, "invitation.opened", PORTAL, invitation_id=invitation.id)
        code, number = invitation.code, invitation.id
    by_reference = kinds(about=reference)
    assert {"invitation.created", "invitation.opened", "application.submitted"} <= set(by_reference)
    assert by_reference == kinds(about=code.lower()) == kinds(about=f"invitation-{number}")
    assert log(about="EPC-2026-ZZZZZZ").entries == () == log(about="invitation-999999999").entries


def test_the_days_are_those_of_the_office(database: str) -> None:
    happened(datetime(2026, 6, 30, 22, 59, tzinfo=UTC), "before")
    happened(datetime(2026, 6, 30, 23, 30, tzinfo=UTC), "first")  # 00:30 on 1 July in London
    happened(datetime(2026, 7, 1, 22, 59, tzinfo=UTC), "last")
    happened(datetime(2026, 7, 1, 23, 0, tzinfo=UTC), "after")
    july = log(**{"from": "2026-07-01", "to": "2026-07-01"})
    assert sorted(entry.event.detail["text"] for entry in july.entries) == ["first", "last"]


def test_the_pages_together_hold_every_event_once_there_and_back(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "PAGE", 4)
    for number in range(10):
        happened(now(), f"{number}")
    there = [log()]
    while there[-1].older:
        there.append(log(before=str(there[-1].older)))
    assert [len(page.entries) for page in there] == [4, 4, 2]
    assert [entry.event.detail["text"] for page in there for entry in page.entries] == [str(n) for n in reversed(range(10))]
    assert there[0].newer == 0 and there[-1].older == 0
    back = log(after=str(there[-1].newer))
    assert back.entries == there[1].entries and back.older and back.newer
    first = log(after=str(back.newer))
    assert first.entries == there[0].entries and first.newer == 0 and first.older
    assert log(before="1").entries == ()


@on_sqlite
@pytest.mark.parametrize("role", list(Role))
def test_the_log_is_for_auditors_and_administrators(database: str, role: Role) -> None:
    held, actor, may = token(role), person(role), role in (Role.AUDITOR, Role.ADMIN)
    for path in ("/audit", "/audit/export.csv"):
        assert browser(held).get(path).status_code == (200 if may else 403)
    assert ("/audit" in browser(held).get("/review").text) == may
    with reading() as session:
        if not may:
            with pytest.raises(Forbidden):
                audit.look(session, actor, asked({}), OFFICE)


@on_sqlite
def test_the_file_holds_what_the_page_finds_on_all_its_pages_and_no_formula(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.pages.audit.CHUNK", 3)
    reference = applied("=cmd|' /C calc'!A0 Ltd")
    for number in range(7):
        noted(reference, f"@note {number}, which says enough")
    content = browser(token(Role.AUDITOR)).get("/audit/export.csv?type=application.noted&before=3").content
    lines = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [line["In their words"] for line in lines] == [f"'@note {n}, which says enough" for n in reversed(range(7))]
    assert {line["Company"] for line in lines} == {"'=cmd|' /C calc'!A0 Ltd"} and {line["Reference"] for line in lines} == {reference}
    assert {line["What happened"] for line in lines} == {"Reviewer Person wrote a note"}
    with reading() as session:
        exported = session.exec(select(Event).where(Event.type == "audit.exported")).one()
    assert (exported.actor, exported.detail) == ("Auditor Person", {"count": 7})


@on_sqlite
def test_what_is_typed_in_a_draft_or_about_it_stays_with_the_partner(database: str) -> None:
    """A colleague's address stands on the page of an application once it is sent, and nowhere before."""
    with transaction() as session:
        application = begin(session, invite(session, PORTAL, company_name="Still typing Ltd", contact_email="ada@typing.example"))
        record(session, "application.colleague_asked", PORTAL, application_id=application.id, email="colleague@typing.example")
        code = application.invitation_code
    page = browser(token(Role.AUDITOR)).get("/audit").text
    assert "asked a colleague" in page and "colleague@typing.example" not in page and "ada@typing.example" not in page and code not in page
    with transaction() as session:
        session.exec(update(Application).values(reference_number="EPC-2026-AAAAAA", status="submitted"))
    assert "colleague@typing.example" in browser(token(Role.AUDITOR)).get("/audit").text


@on_sqlite
def test_the_address_says_what_was_chosen_and_nothing_else(database: str) -> None:
    staff = browser(token(Role.AUDITOR))
    sent = staff.get("/audit?q=first&who=&type=&about=&from=2026-07-01&to=")
    assert sent.status_code == 303 and sent.headers["location"] == "/audit?q=first&from=2026-07-01"
    assert staff.get("/audit?q=&who=&type=").headers["location"] == "/audit"


@pytest.mark.parametrize("query", ["before=²&after=-1", "who=%00&type='", "from=0001-01-01&to=9999-12-31", "about=invitation-99999999999",
                                   "before=999999999999999999", "who=2147483648", "before=9999999999999999999", "who=999999999999999999", "q=" + "x" * 5000])  # fmt: skip
def test_a_mangled_address_still_opens_the_log(database: str, query: str) -> None:
    assert browser(token(Role.AUDITOR)).get(f"/audit?{query}").status_code == 200


@on_sqlite
def test_every_type_of_event_that_the_product_records_has_words(database: str) -> None:
    """What is recorded anywhere in the product, by its source: a new type needs a sentence and a name in the filter."""
    told = {".".join(kind.split(".")[:2]) for kind in SENTENCES}
    assert sorted(recorded() - told) == [] and sorted(recorded() - set(HAPPENED)) == []


def recorded() -> set[str]:
    families = "application|applications|invitation|person|document|delivery|retention|audit"
    called = re.compile(rf"record\((?:[^()]|\([^()]*\))*?\"((?:{families})\.[a-z_]+)\"(?:\s+if[^,]*?\"((?:{families})\.[a-z_]+)\")?", re.S)
    sources = [path.read_text() for folder in ("models", "portal", "worker") for path in Path(folder).rglob("*.py")]
    return {kind for source in sources for found in called.findall(source) for kind in found if kind}


def log(**given: str) -> Log:
    auditor = person(Role.AUDITOR)
    with reading() as session:
        return audit.look(session, auditor, asked(given), OFFICE)


def kinds(**given: str) -> list[str]:
    return [entry.event.type for entry in log(**given).entries]


def companies(**given: str) -> set[str]:
    return {entry.company for entry in log(**given).entries}


def happened(at: datetime, text: str) -> None:
    with transaction() as session:
        record(session, "application.noted", PORTAL, text=text).at = at


def noted(reference: str, text: str = NOTE) -> None:
    reviewer = person(Role.REVIEWER)
    with transaction() as session:
        add_note(session, reviewer, row(session, reference), text)
