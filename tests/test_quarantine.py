"""Documents and the virus scanner: what it has not looked at counts nowhere, what it found something in stays apart, and both are said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlmodel import select

from models.application import Application, of_invitation, submit
from models.database import now, reading, transaction
from models.digest import digest
from models.document import Document, find_by_key, restore, stored
from models.errors import Conflict, Invalid
from models.never_scanned import looked_at, never_scanned, take_never_scanned
from models.outbox import Wanted, look
from models.person import Role
from models.quarantine import take_due
from models.scan import Scan, scanned
from tests import partners
from tests.api import ok, refused, send_file, serving, session_of
from tests.clamd import EICAR, Clamd, clamd
from tests.desk import token
from tests.pages import browser
from tests.papers import large_pdf, pdf
from tests.partners import events
from tests.parts import Graph, Mailbox, environment_of, eventually
from tests.sample_form import COMPLETE, wanted_documents
from worker.deliver import drain
from worker.scanning import AT_ONCE, scan_again, scan_some

POLICY = "health_safety_policy"
INFECTED = pdf("policy") + EICAR
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def scanner(database: str) -> Iterator[Clamd]:
    with clamd() as found, environment_of({"DATABASE_URL": database, "CLAMD_ADDRESS": found.address, "CLAMD_SECONDS": "5"}):
        yield found


@pytest.fixture
def client(scanner: Clamd, redis_server: object, s3: object) -> Iterator[httpx.Client]:
    with serving() as found:
        yield found


@pytest.fixture
def code(client: httpx.Client) -> str:
    return partners.invited().code


def complete(client: httpx.Client, code: str, key: str, **more: str) -> httpx.Response:
    return client.post("/api/upload-file/complete", json={"invitationCode": code, "r2Key": key, **more})


def sent(client: httpx.Client, code: str, content: bytes = b"", slot: str = POLICY, **more: str) -> tuple[str, httpx.Response]:
    key = send_file(client, code, slot, name="Our policy.pdf", content=content or pdf("policy"))
    return key, complete(client, code, key, **more)


def found(code: str, key: str) -> Document:
    with reading() as session:
        return find_by_key(session, of_invitation(session, code), key)  # type: ignore[arg-type]


def partner(code: str) -> httpx.Client:
    """The partner's browser."""
    client = browser()
    client.cookies.set("portal", session_of(code)["Cookie"].removeprefix("portal="))
    return client


def counted(code: str) -> list[str]:
    with reading() as session:
        application = of_invitation(session, code)
        return [one.file_name for one in stored(session, application.id)] if application else []


def due_again() -> None:
    with transaction() as session:
        for scan in session.exec(select(Scan).where(Scan.verdict == "waiting")):
            scan.due_at = now()


def test_a_clean_document_counts_at_once_and_the_scanner_has_seen_it_whole(client: httpx.Client, scanner: Clamd, code: str) -> None:
    content = large_pdf(3)
    _, answer = sent(client, code, content)
    assert ok(answer)["fileName"] == "Our policy.pdf" and counted(code) == ["Our policy.pdf"]
    assert scanner.seen == [content]


def test_a_document_waits_while_the_scanner_cannot_look_and_counts_when_it_could(client: httpx.Client, scanner: Clamd, code: str) -> None:
    scanner.hangs_up = True
    key, answer = sent(client, code)
    problem = refused(answer, 503)
    assert "is being checked for viruses" in problem["detail"] and problem["beingChecked"] is True and answer.headers["retry-after"] == "15"
    before = found(code, key)
    assert (before.state, before.sha256, counted(code)) == ("quarantined", None, [])
    assert partner(code).get(f"/documents/{before.public_id}").status_code == 404, "nobody opens it, not even who sent it"
    assert scan_again() == 0, "it is not due yet"
    due_again()
    assert scan_again() == 0 and found(code, key).state == "quarantined"
    with transaction() as session:
        session.exec(select(Scan)).one().begun_at = now() - timedelta(hours=1)
        assert look(session, Wanted()).unscanned == (1, "The virus scanner broke the connection off.") == digest(session).unscanned
    scanner.hangs_up = False
    due_again()
    assert scan_again() == 1
    after = found(code, key)
    assert (after.state, after.pages, after.has_thumbnail, counted(code)) == ("stored", 1, True, ["Our policy.pdf"])
    assert ok(complete(client, code, key))["publicId"] == after.public_id
    assert partner(code).get(f"/documents/{before.public_id}").status_code == 200


@pytest.mark.parametrize("trouble", ["stream: Can't allocate memory ERROR", "INSTREAM size limit exceeded. ERROR", "stream: Heuristics.Limits.Exceeded.MaxScanSize FOUND"])
@on_sqlite
def test_no_error_of_the_scanner_lets_a_document_through(client: httpx.Client, scanner: Clamd, code: str, trouble: str) -> None:
    scanner.says = trouble
    key, answer = sent(client, code)
    assert answer.status_code == 503 and found(code, key).state == "quarantined" and counted(code) == []
    assert events("document.infected") == [], "that nobody has looked is not said to be a virus"


def test_a_virus_is_said_in_plain_words_and_the_document_stays_apart_for_good(client: httpx.Client, scanner: Clamd, code: str) -> None:
    key, answer = sent(client, code, INFECTED)
    problem = refused(answer, 422)
    assert "A virus was found in “Our policy.pdf” (Win.Test.EICAR_HDB-1)" in problem["errors"][0]["message"]
    assert refused(complete(client, code, key), 422)["errors"] == problem["errors"], "said again, it answers alike"
    document = found(code, key)
    assert (document.state, document.sha256, counted(code)) == ("quarantined", None, [])
    assert [event.detail["reason"] for event in events("document.infected")] == ["Win.Test.EICAR_HDB-1"]
    ok(client.post("/api/upload-file/remove", json={"invitationCode": code, "r2Key": key}))
    with transaction() as session, pytest.raises(Conflict):
        restore(session, session.get_one(Document, document.id))


def test_what_was_found_later_is_no_more_let_through(client: httpx.Client, scanner: Clamd, code: str) -> None:
    scanner.hangs_up = True
    key, _ = sent(client, code, INFECTED)
    scanner.hangs_up = False
    due_again()
    assert scan_again() == 1 and found(code, key).state == "quarantined" and counted(code) == []
    assert "A virus was found" in refused(complete(client, code, key), 422)["errors"][0]["message"]


def test_what_it_replaces_stands_until_it_is_let_through(client: httpx.Client, scanner: Clamd, code: str) -> None:
    first = ok(sent(client, code, pdf("first"), "additional_documents")[1])["publicId"]
    scanner.hangs_up = True
    key, _ = sent(client, code, pdf("second"), "additional_documents", replaces=first)
    assert found(code, first).state == "stored"
    scanner.hangs_up = False
    due_again()
    scan_again()
    assert (found(code, first).state, found(code, key).state) == ("removed", "stored")


def test_what_came_first_does_not_take_the_place_of_what_came_after_it(client: httpx.Client, scanner: Clamd, code: str) -> None:
    scanner.hangs_up = True
    old, _ = sent(client, code, pdf("old"))
    scanner.hangs_up = False
    new = ok(sent(client, code, pdf("new"))[1])["publicId"]
    due_again()
    scan_again()
    assert (found(code, old).state, found(code, new).state) == ("removed", "stored")


@on_sqlite
def test_a_worker_without_a_scanner_lets_nothing_through(client: httpx.Client, scanner: Clamd, code: str) -> None:
    scanner.hangs_up = True
    key, _ = sent(client, code, INFECTED)
    due_again()
    with environment_of({"CLAMD_ADDRESS": ""}):
        assert scan_again() == 0
    with reading() as session:
        scan = session.exec(select(Scan)).one()
    assert (found(code, key).state, scan.verdict) == ("quarantined", "waiting") and "CLAMD_ADDRESS" in scan.last_error


def test_nothing_is_sent_while_a_document_waits_and_one_that_is_taken_out_does_not_come_back(client: httpx.Client, scanner: Clamd, code: str) -> None:
    scanner.hangs_up = True
    key, _ = sent(client, code, slot="additional_documents")
    with transaction() as session, pytest.raises(Invalid) as refusal:
        submit(session, of_invitation(session, code, lock=True), COMPLETE, wanted_documents())  # type: ignore[arg-type]
    assert [problem.field for problem in refusal.value.problems] == ["additional_documents"]
    ok(client.post("/api/upload-file/remove", json={"invitationCode": code, "r2Key": key}))
    with transaction() as session:
        submit(session, of_invitation(session, code, lock=True), COMPLETE, wanted_documents())  # type: ignore[arg-type]
    scanner.hangs_up = False
    due_again()
    scan_again()
    assert found(code, key).state == "removed" and counted(code) == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # of SQLite's writers the second waits anyway
def test_two_workers_take_different_documents(client: httpx.Client, scanner: Clamd, code: str) -> None:
    scanner.hangs_up = True
    sent(client, code)
    sent(client, code, slot="gdpr_policy")
    due_again()
    with transaction() as one, transaction() as another:
        first, second = take_due(one, limit=1), take_due(another)
    assert [len(first), len(second)] == [1, 1] and first[0].id != second[0].id
    scanner.hangs_up = False
    assert scan_again() == 0, "both are taken for a while"


@on_sqlite
def test_the_desk_shows_it_and_it_is_neither_opened_nor_published(
    client: httpx.Client, scanner: Clamd, graph: Graph, mailbox: Mailbox
) -> None:
    application = partners.submitted((POLICY,))
    with transaction() as session:  # a reviewer asks for more, and what comes has a virus
        one = session.get_one(Application, application.id)
        bad = Document(
            application_id=one.id or 0, file_name="Evil policy.pdf", file_type="application/pdf", file_size=9, slot="gdpr_policy", public_id="evil",
            r2_key="uploads/evil.pdf", r2_url="https://partners.example/documents/evil", state="quarantined", upload_timestamp=now(),
        )  # fmt: skip
        session.add(bad)
        session.flush()
        session.add(Scan(document_id=bad.id or 0, verdict="found", found="Win.Test.EICAR_HDB-1", begun_at=now() - timedelta(hours=1)))
    drain()
    assert "Evil policy" not in graph.page()
    staff = browser(token(Role.REVIEWER))
    page = eventually(lambda: staff.get(f"/review/{application.reference_number}")).text
    assert "A virus was found in “Evil policy.pdf” (Win.Test.EICAR_HDB-1): nobody can open it" in page
    assert staff.get("/documents/evil").status_code == 404 and 'href="/documents/evil' not in page


@on_sqlite
def test_the_slot_says_what_became_of_a_document_on_any_device(client: httpx.Client, scanner: Clamd, code: str) -> None:
    sent(client, code, INFECTED)
    scanner.hangs_up = True
    sent(client, code, slot="gdpr_policy")
    page = partner(code).get("/apply/insurance").text
    assert "A virus was found in “Our policy.pdf”" in page and "is being checked for viruses" in page


def night(application: Application) -> list[str]:
    """The scanner looks at what was there; the states of the application's documents then."""
    scan_some()
    with reading() as session:
        found = session.exec(select(Document).where(Document.application_id == application.id).order_by(Document.id))  # type: ignore[arg-type]
        return [str(document.state) for document in found]


def test_documents_from_before_there_was_a_scanner_are_scanned_by_and_by(
    client: httpx.Client, scanner: Clamd, graph: Graph, mailbox: Mailbox
) -> None:
    application = partners.begun((POLICY,))
    bad = partners.stored_in(application, "gdpr_policy", content=INFECTED)
    with transaction() as session:
        application = submit(session, session.get_one(Application, application.id), COMPLETE, wanted_documents())
    drain()
    assert len(partners.folder(graph, application.reference_number or "")) == 2
    scanner.hangs_up = True
    assert night(application) == ["stored", "stored"]
    with reading() as session:
        assert scanned(session, application.id) == set(), "nobody has looked, so nothing is clean"
        assert look(session, Wanted()).never_scanned == (2, "The virus scanner broke the connection off.")
    staff = browser(token(Role.REVIEWER))
    page = eventually(lambda: staff.get(f"/review/{application.reference_number}")).text
    assert "The scanner has not looked at 2 documents" in page
    scanner.hangs_up = False
    assert night(application) == ["stored", "stored"], "not before the next night"
    due_again()
    with reading() as session:
        before = session.get_one(Application, application.id).updated_at
    assert night(application) == ["stored", "quarantined"]
    drain()
    assert len(partners.folder(graph, application.reference_number or "")) == 1
    with reading() as session:
        again = session.get_one(Document, bad.id)
        assert again.sha256 is None and len(events("document.infected")) == 1 and len(scanned(session, application.id)) == 1
        assert never_scanned(session) == (0, "") and session.get_one(Application, application.id).updated_at > before, "programs hear of it"
    assert "gdpr_policy" not in [one.slot for one in take_due_documents()]


@on_sqlite
def test_a_night_goes_on_until_nothing_is_left_and_what_was_erased_meanwhile_is_passed_over(
    client: httpx.Client, scanner: Clamd
) -> None:
    application = partners.begun((POLICY,))
    for number in range(AT_ONCE + 2):
        partners.stored_in(application, "team_cvs", f"CV {number}")
    [first, *_] = take_due_documents()
    with transaction() as session:
        session.delete(session.get_one(Document, first.id))
    with transaction() as session:
        looked_at(session, first.id)
    due_again()
    scan_some()
    with reading() as session:
        assert never_scanned(session) == (0, "") and len(scanned(session, application.id)) == AT_ONCE + 2


def take_due_documents() -> list[Document]:
    with transaction() as session:
        return take_never_scanned(session, 10)


@on_sqlite
def test_check_your_answers_says_what_became_of_a_document_in_quarantine(client: httpx.Client, scanner: Clamd, code: str) -> None:
    sent(client, code, INFECTED)
    page = partner(code).get("/apply/check").text
    assert "A virus was found in “Our policy.pdf”" in page
