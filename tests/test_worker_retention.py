"""Retention: what is past its period goes, bytes first, with proof; everything else stays."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel, col, select

from integrations.storage import storage
from models.application import Application, submit, withdraw
from models.confirmation import Confirmation, ask_confirmation
from models.database import now, reading, transaction
from models.delivery import Delivery
from models.document import Document, DocumentState, refuse, remove, start_upload, stored
from models.draft import Draft
from models.errors import Conflict
from models.event import Event, record
from models.idempotency import IdempotencyKey, remember
from models.invitation import Invitation, note_opened
from models.person import PORTAL, Role, SignIn, sign_out
from models.retention import LOGS, PERIODS, WITH_THE_APPLICATION, Due, due, hold, lift
from models.schedule import rest, take
from models.settings import settings
from models.stray import Stray
from models.tables import ALL
from tests.partners import begun, deliveries, due_now, events, folder, invited, stored_in, submitted
from tests.parts import Graph, Local, Mailbox, environment_of
from tests.sample_form import COMPLETE, wanted_documents
from tests.test_worker_publish import staff
from worker.commands import main
from worker.deliver import drain
from worker.main import nightly
from worker.retention import PLAUSIBLE, TOO_MANY, Cleaned, Kept, clean_up, erase, report


def days_ago(days: float) -> datetime:
    return now() - timedelta(days=days)


def change(table: type[SQLModel], row: int | None, **values: object) -> None:
    with transaction() as session:
        found = session.get_one(table, row)
        for name, value in values.items():
            setattr(found, name, value)
        session.add(found)


def invitation_of(application: Application) -> Invitation:
    with reading() as session:
        return session.exec(select(Invitation).where(Invitation.code == application.invitation_code)).one()


def keys() -> set[str]:
    return set(storage().keys("uploads/"))


def count(table: type[SQLModel]) -> int:
    with reading() as session:
        return len(session.exec(select(table)).all())


@pytest.fixture(autouse=True)
def empty_store(request: pytest.FixtureRequest) -> None:
    if "s3" in request.fixturenames:
        request.getfixturevalue("s3")
        for key in keys():
            storage().delete(key)


def test_the_table_says_what_why_how_long_and_from_when(database: str) -> None:
    lengths = {name: period.length(settings()) for name, period in PERIODS.items()}
    assert lengths == {"drafts": "30 days", "files": "7 years", "logs": "90 days", "uploads": "2 days", "orphans": "2 days"}
    assert all(period.what and period.basis and period.counted_from for period in PERIODS.values())
    assert PERIODS["files"].since(settings(), datetime(2028, 2, 29)) == datetime(2021, 2, 28)


def test_a_draft_goes_thirty_days_after_its_invitations_expiry_and_not_a_day_before(database: str, s3: Local) -> None:
    application = begun()
    invitation = invitation_of(application)
    change(Invitation, invitation.id, expires_at=days_ago(29.9), status="expired")
    assert clean_up().found == ()
    change(Invitation, invitation.id, expires_at=days_ago(30.1))
    held = keys()
    assert len(held) == 3
    assert not clean_up().kept
    assert keys() == set()
    assert (count(Application), count(Draft), count(Document), count(Invitation)) == (0, 0, 0, 1)
    proofs = events("retention.erased")
    assert {proof.detail["key"] for proof in proofs if "key" in proof.detail} == held
    assert all(len(proof.detail["sha256"]) == 64 and proof.detail["head"] == 404 for proof in proofs if "key" in proof.detail)
    assert proofs[-1].detail["rows"]["draft_data"] == 6 and proofs[-1].invitation_id == invitation.id
    assert events("application.begun")[0].invitation_id == invitation.id, "the history stays with the invitation"
    assert clean_up().found == (), "a second run finds nothing"


def test_answers_without_a_document_go_as_well(database: str, s3: Local) -> None:
    application = begun(())
    change(Invitation, invitation_of(application).id, expires_at=days_ago(31))
    clean_up()
    assert (count(Application), count(Draft)) == (0, 0)


def test_nothing_of_a_submitted_application_goes_with_the_drafts(database: str, s3: Local) -> None:
    application = submitted()
    change(Invitation, invitation_of(application).id, expires_at=days_ago(400))
    assert clean_up().found == ()
    assert (count(Application), count(Draft), len(keys())) == (1, 6, 3)


def test_files_go_seven_years_after_submission_and_the_application_stays(database: str, s3: Local) -> None:
    application = submitted()
    change(Application, application.id, submitted_at=days_ago(7 * 365))
    assert clean_up().found == ()
    change(Application, application.id, submitted_at=days_ago(7 * 365 + 3))
    clean_up()
    assert keys() == set() and count(Application) == 1
    with reading() as session:
        assert stored(session, application.id) == []
        assert all(document.erased_at and document.sha256 for document in session.exec(select(Document)))
    assert len(events("retention.erased")) == 3 and {e.application_id for e in events("retention.erased")} == {application.id}
    change(Document, 1, removed_at=days_ago(30))
    assert clean_up().found == ()


def test_abandoned_refused_and_removed_uploads_go_after_two_days(database: str, s3: Local) -> None:
    application = begun(())
    refused, removed, kept = (stored_in(application, slot) for slot in ("health_safety_policy", "gdpr_policy", "modern_slavery_policy"))
    with transaction() as session:
        pending = start_upload(session, session.get_one(Application, application.id), "environmental_policy", "policy.pdf", 1000)
        refuse(session, session.get_one(Document, refused.id))
        remove(session, session.get_one(Document, removed.id))
    assert clean_up().found == ()
    for document in (pending, refused, kept):
        change(Document, document.id, upload_timestamp=days_ago(2.1))
    change(Document, removed.id, removed_at=days_ago(2.1))
    clean_up()
    assert keys() == {kept.r2_key}
    with reading() as session:
        assert [document.state for document in session.exec(select(Document))] == [DocumentState.STORED]


def test_logs_go_after_ninety_days_and_events_stay(database: str, graph: Graph, mailbox: Mailbox, s3: Local) -> None:
    staff("Rosa Reyes", Role.REVIEWER), staff("Arthur Adeyemi", Role.APPROVER), staff("Adam Novak", Role.ADMIN)
    invited()
    drain()
    before = count(Event)
    change(SignIn, 1, expires_at=days_ago(91))
    change(SignIn, 2, ended_at=days_ago(91))
    change(Delivery, 1, done_at=days_ago(91))
    change(Delivery, 2, state="failed", done_at=None, due_at=days_ago(200))
    cleaned = clean_up()
    assert sorted((one.what, one.rows) for one in cleaned.found) == [("deliveries that are over", 1), ("sessions that are over", 2)]
    assert (count(SignIn), [d.state for d in every(Delivery)]) == (1, ["failed"])
    assert count(Event) == before + 2
    assert [e.detail["rows"] for e in events("retention.erased")] == [{"sessions": 2}, {"deliveries": 1}]


def test_an_object_that_no_document_knows_goes_when_it_is_old_and_an_operator_asks(
    database: str, s3: Local, capsys: pytest.CaptureFixture[str]
) -> None:
    storage().put("uploads/GONE0000/orphan.pdf", b"%PDF-", "application/pdf")
    kept = stored_in(begun(()), "gdpr_policy")
    assert clean_up().found == (), "it may be on its way in"
    storage().put("uploads/GONE0000/orphan2.pdf", b"%PDF-", "application/pdf")
    with days_of_uploads(-1):
        assert main(["retention"]) == 0 and len(keys()) == 3, "by itself it only tells"
        assert "Not erased: an object that no document knows. Check that the database is the right one" in (said := capsys.readouterr().out)
        assert "(2 times)" in said
        assert main(["retention", "--dry-run", "--orphans"]) == 0 and len(keys()) == 3
        assert "Would erase: an object that no document knows (1 in the store) (2 times)" in capsys.readouterr().out
        assert main(["retention", "--orphans"]) == 0
        assert "Erased: an object that no document knows" in capsys.readouterr().out
    assert keys() == {kept.r2_key}
    assert events("retention.erased")[0].detail["key"] == "uploads/GONE0000/orphan.pdf"


def test_an_object_that_no_document_has_known_for_long_goes_by_itself(database: str, s3: Local) -> None:
    storage().put("uploads/GONE0000/orphan.pdf", b"%PDF-", "application/pdf")
    kept = stored_in(begun(()), "gdpr_policy")
    for days in (0, 1):  # never, and not yet: however old it is, nobody has known of it for longer than a moment
        with days_of_uploads(-1, orphan_days=days):
            assert not clean_up().failed and len(keys()) == 2
    with transaction() as session:
        session.exec(select(Stray)).one().first_seen = days_ago(2)
    with days_of_uploads(-1, orphan_days=1):
        assert not clean_up().failed and keys() == {kept.r2_key}
        assert not clean_up().failed and count(Stray) == 0


def test_an_object_that_a_document_knows_again_is_no_stray_any_more(database: str, s3: Local) -> None:
    kept = stored_in(begun(()), "gdpr_policy")
    with transaction() as session:
        session.add(Stray(key=kept.r2_key, first_seen=days_ago(90)))
    with days_of_uploads(-1, orphan_days=1):
        clean_up()
    assert count(Stray) == 0 and keys() == {kept.r2_key}


def test_a_database_that_knows_almost_nothing_of_the_store_erases_nothing(database: str, s3: Local) -> None:
    for number in range(PLAUSIBLE + 1):
        storage().put(f"uploads/OTHER000/{number}.pdf", b"%PDF-", "application/pdf")
    with days_of_uploads(-1):
        cleaned = clean_up(orphans=True)
    assert cleaned.failed and [kept.reason for kept in cleaned.kept] == [TOO_MANY] * (PLAUSIBLE + 1)
    assert len(keys()) == PLAUSIBLE + 1


def test_a_dry_run_says_what_would_go_and_changes_nothing(database: str, s3: Local, capsys: pytest.CaptureFixture[str]) -> None:
    application = begun()
    change(Invitation, invitation_of(application).id, expires_at=days_ago(31))
    before, held = count(Event), keys()
    assert main(["retention", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "Would erase: document 1 of application 1 (public_liability_certificate, stored) (1 in the store, 1 in the database)" in said
    assert "Would erase: the draft of invitation 1 (1 in the database)" in said
    assert [line.split()[:2] for line in said.splitlines()[1:6]] == [
        ["drafts", "30"], ["files", "7"], ["logs", "90"], ["uploads", "2"], ["orphans", "2"]
    ]  # fmt: skip
    assert (count(Event), keys(), count(Application)) == (before, held, 1)
    assert main(["retention"]) == 0
    assert "Erased: the draft of invitation 1" in capsys.readouterr().out and keys() == set()


def test_a_crash_between_the_store_and_the_rows_repeats_safely(database: str, s3: Local) -> None:
    application = begun()
    change(Invitation, invitation_of(application).id, expires_at=days_ago(31))
    for key in keys():
        storage().delete(key)  # as the first half of a run that then died
    clean_up()
    assert (count(Application), count(Document)) == (0, 0)
    assert len([e for e in events("retention.erased") if "key" in e.detail]) == 3


def test_what_the_store_does_not_let_go_is_kept_in_the_database_and_said(database: str, s3: Local) -> None:
    application = begun()
    change(Invitation, invitation_of(application).id, expires_at=days_ago(31))
    with environment_of({"DATABASE_URL": database, "S3_ENDPOINT": "http://127.0.0.1:9", "CALL_TIMEOUT_SECONDS": "1"}):
        with reading() as session:
            waiting = due(session)
        stayed = [erase(one) for one in waiting]
        cleaned = clean_up()
    away = "The document store could not be reached."
    assert [kept.reason for kept in stayed if kept] == [away, away, away, "Some of its documents have not been erased yet."]
    assert Kept(Due("orphans", "objects that no document knows"), away) in cleaned.kept
    assert (count(Application), count(Document)) == (1, 3) and events("retention.erased") == []


def test_a_legal_hold_wins_over_every_period(database: str, s3: Local) -> None:
    draft, sent = begun(), submitted()
    change(Invitation, invitation_of(draft).id, expires_at=days_ago(31))
    change(Application, sent.id, submitted_at=days_ago(8 * 365))
    with transaction() as session:
        for application in (draft, sent):
            hold(session, PORTAL, session.get_one(Invitation, invitation_of(application).id), "Claim 2026/17 is pending")
    assert clean_up().found == ()
    with transaction() as session:
        lift(session, PORTAL, session.get_one(Invitation, invitation_of(draft).id))
    assert [one.period for one in clean_up().found] == ["drafts"] * 4
    with pytest.raises(Conflict), transaction() as session:
        lift(session, PORTAL, session.get_one(Invitation, invitation_of(draft).id))


def test_an_operator_holds_and_releases_at_the_command_line(database: str, s3: Local, capsys: pytest.CaptureFixture[str]) -> None:
    sent = submitted()
    change(Application, sent.id, submitted_at=days_ago(8 * 365))
    assert main(["hold", sent.reference_number or "", "Claim 2026/17 is pending"]) == 0
    assert main(["retention"]) == 0 and len(keys()) == 3
    assert main(["hold", "NOTACODE", "Claim"]) == 1
    assert "There is no invitation with this code." in capsys.readouterr().err
    assert main(["release", sent.invitation_code.lower()]) == 0
    assert main(["retention"]) == 0 and keys() == set()
    assert [event.actor for event in events("retention.held")] == ["Operator at the command line"]


def test_copies_in_sharepoint_go_with_their_documents_and_nothing_on_hold(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = submitted()
    drain()
    operator = staff("Olu Okafor", Role.OPERATIONS)
    with transaction() as session:
        hold(session, operator, invitation_of(application), "A claim is under way")
    change(Application, application.id, submitted_at=days_ago(7 * 365 + 3))
    clean_up()
    assert len(folder(graph, application.reference_number or "")) == 3
    with transaction() as session:
        lift(session, operator, invitation_of(application))
    graph.misbehave(503, times=1, path="/items/", method="DELETE")
    assert not clean_up().kept and keys() == set() and events("document.withdrawn") == []
    assert all(event.detail["still_in_sharepoint"] for event in events("retention.erased")) and len(folder(graph, application.reference_number or "")) == 3
    drain()
    assert any("busy or away" in (one.last_error or "") for one in deliveries("sharepoint.documents"))
    due_now()
    drain()
    gone = events("document.withdrawn")
    assert folder(graph, application.reference_number or "") == {} and len(gone) == 3
    assert all(event.detail["get"] == 404 and event.detail["item"] for event in gone) and events("retention.left_in_sharepoint") == []


def test_a_store_that_refuses_says_nothing_of_sharepoint(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = submitted()
    drain()
    change(Application, application.id, submitted_at=days_ago(7 * 365 + 3))
    before = len(deliveries())
    with environment_of({"DATABASE_URL": database, "S3_ENDPOINT": "http://127.0.0.1:9", "CALL_TIMEOUT_SECONDS": "1"}):
        assert clean_up().failed
    assert events("retention.left_in_sharepoint") == [] and len(deliveries()) == before and len(folder(graph, application.reference_number or "")) == 3


def test_copies_that_the_settings_keep_in_sharepoint_stay_and_are_told(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = submitted()
    drain()
    change(Application, application.id, submitted_at=days_ago(7 * 365 + 3))
    with environment_of({"DATABASE_URL": database, "SHAREPOINT_KEEPS_FILES": "true"}):
        clean_up()
        with transaction() as session:
            record(session, "application.renewed", PORTAL, application_id=application.id)
        drain()
    assert keys() == set() and len(folder(graph, application.reference_number or "")) == 3
    assert len(events("retention.left_in_sharepoint")) == 3


def test_every_table_that_refers_to_an_application_is_dealt_with(database: str) -> None:
    referring = {
        table.name
        for table in SQLModel.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "applications" and key.ondelete != "CASCADE"  # these the database takes along itself
    }
    dealt_with = {str(table.__tablename__) for table in (*WITH_THE_APPLICATION, *LOGS)}
    assert len(ALL) == len(SQLModel.metadata.tables)
    assert referring == dealt_with, "an erased draft would break on a foreign key: see models/retention.py"


def test_only_one_of_two_workers_cleans_up_in_a_night(database: str, s3: Local) -> None:
    assert nightly() is True
    assert nightly() is False
    with reading() as session:
        until = session.exec(sa.text("select until from leases")).scalar_one()
    assert str(until)[11:13] == "02"


def test_a_lease_is_free_again_after_its_time_and_only_its_holder_prolongs_it(database: str) -> None:
    with transaction() as session:
        assert take(session, "work", "one", now() + timedelta(minutes=1))
    with transaction() as session:
        assert not take(session, "work", "two", now() + timedelta(minutes=1))
        rest(session, "work", "two", now() + timedelta(days=1))
        rest(session, "work", "one", now() - timedelta(seconds=1))
    with transaction() as session:
        assert take(session, "work", "two", now() + timedelta(minutes=1))


def test_an_opened_invitation_without_answers_is_no_draft(database: str, s3: Local) -> None:
    made = invited()
    with transaction() as session:
        note_opened(session, session.get_one(Invitation, made.id))
    change(Invitation, made.id, expires_at=days_ago(100))
    assert clean_up().found == ()


def test_the_report_names_what_could_not_go(database: str) -> None:
    stuck = Due("files", "document 7 of application 3", (("uploads/X/7.pdf", None),), rows=1)
    said = report(Cleaned((stuck,), (Kept(stuck, "The document store could not be reached."),)), dry_run=False)
    assert "Could not erase: document 7 of application 3. The document store could not be reached." in said
    assert "Erased:" not in said


def test_a_session_that_is_open_stays(database: str, s3: Local) -> None:
    from models.person import sign_in

    with transaction() as session:
        token = sign_in(session, oid="x", name="Olivia Okafor", email="olivia@saber.example", roles=["operations"])
    change(SignIn, 1, created_at=days_ago(100))
    assert clean_up().found == ()
    with transaction() as session:
        sign_out(session, token)
    assert clean_up().found == ()


def resubmit(application: Application) -> None:
    with transaction() as session:
        found = session.get_one(Application, application.id)
        found.status = "information_required"
        submit(session, found, COMPLETE, wanted_documents())


def asked_for_more() -> tuple[Application, Document, Document]:
    """An application with a question to the partner, who takes out a document that was sent and one that was not, long ago."""
    application = submitted()
    change(Application, application.id, submitted_at=days_ago(20), status="information_required")
    with reading() as session:
        sent = session.get_one(Document, 1)
    new = stored_in(application, "gdpr_policy")
    change(Document, sent.id, upload_timestamp=days_ago(21), state="removed", removed_at=days_ago(10))
    change(Document, new.id, upload_timestamp=days_ago(12), state="removed", removed_at=days_ago(10))
    return application, sent, new


def test_what_was_submitted_is_kept_seven_years_even_if_the_partner_takes_it_out(database: str, s3: Local) -> None:
    application, sent, new = asked_for_more()
    assert [one.what for one in clean_up().found] == [f"document {new.id} of application {application.id} (gdpr_policy, removed)"]
    assert len(keys()) == 3 and new.r2_key not in keys()
    change(Application, application.id, submitted_at=days_ago(7 * 365 + 3))
    change(Document, sent.id, upload_timestamp=days_ago(7 * 365 + 4))
    assert {one.period for one in clean_up().found} == {"files"}
    with reading() as session:
        assert all(document.erased_at for document in session.exec(select(Document)))
    assert keys() == set() and clean_up().found == ()


def test_what_was_replaced_seven_years_ago_goes_though_the_partner_renews_every_year(database: str, s3: Local) -> None:
    application = submitted()
    change(Application, application.id, submitted_at=days_ago(8 * 365))
    change(Document, 1, upload_timestamp=days_ago(8 * 365 + 1), state="removed", removed_at=days_ago(7 * 365))
    with transaction() as session:
        record(session, "application.renewal_sent", PORTAL, application_id=application.id)
    assert clean_up().found == (), "not yet seven years, and what stands was sent again today"
    change(Document, 1, removed_at=days_ago(7 * 365 + 3))
    assert [(one.period, one.what.split(" of")[0]) for one in clean_up().found] == [("files", "document 1")]
    assert len(keys()) == 2 and clean_up().found == ()


def test_what_a_later_submission_had_is_kept_when_it_is_taken_out_after_it(database: str, s3: Local) -> None:
    application = submitted()
    change(Application, application.id, submitted_at=days_ago(20))
    second = stored_in(application_in_question(application), "gdpr_policy")
    resubmit(application)
    change(Document, second.id, state="removed", removed_at=days_ago(10))
    assert clean_up().found == () and second.r2_key in keys()
    with transaction() as session:
        withdraw(session, session.get_one(Application, application.id))
    assert clean_up().found == () and second.r2_key in keys()


def application_in_question(application: Application) -> Application:
    change(Application, application.id, status="information_required")
    return application


def late_draft() -> tuple[Application, list[Due]]:
    """A draft past its period, and what a run reads at its beginning."""
    application = begun()
    change(Invitation, invitation_of(application).id, expires_at=days_ago(31))
    with reading() as session:
        return application, due(session)


def test_an_extension_during_the_run_keeps_the_draft(database: str, s3: Local) -> None:
    application, read = late_draft()
    change(Invitation, invitation_of(application).id, expires_at=now() + timedelta(days=14))
    stayed = [erase(one) for one in read]
    assert len(stayed) == 4 and all(kept and not kept.failed for kept in stayed)
    assert (count(Application), count(Draft), len(keys())) == (1, 6, 3)


def test_a_submission_during_the_run_keeps_the_application_and_its_documents(database: str, s3: Local) -> None:
    application, read = late_draft()
    invitation = invitation_of(application)
    change(Invitation, invitation.id, expires_at=now() + timedelta(days=1))
    with transaction() as session:
        submit(session, session.get_one(Application, application.id), COMPLETE, wanted_documents())
    change(Invitation, invitation.id, expires_at=days_ago(31))
    assert all(erase(one) for one in read)
    assert (count(Application), count(Draft), len(keys())) == (1, 6, 3) and events("retention.erased") == []


def test_an_upload_that_is_accepted_during_the_run_stays(database: str, s3: Local) -> None:
    document = stored_in(begun(()), "gdpr_policy")
    change(Document, document.id, state="pending", upload_timestamp=days_ago(3))
    with reading() as session:
        read = due(session)
    change(Document, document.id, state="stored")
    assert [kept.reason for one in read if (kept := erase(one))] == ["It is not due any more."]
    assert keys() == {document.r2_key}


def test_a_hold_that_is_being_placed_is_waited_for(database: str, s3: Local) -> None:
    application, read = late_draft()
    change(Delivery, 1, state="done", done_at=days_ago(91))
    with reading() as session:
        read = due(session)
    assert read[-1].what == "deliveries that are over"
    stayed: list[Kept | None] = []
    runs = [threading.Thread(target=lambda one=one: stayed.append(erase(one))) for one in read]
    with transaction() as session:
        hold(session, PORTAL, session.get_one(Invitation, invitation_of(application).id), "Claim 2026/17 is pending")
        for run in runs:
            run.start()
        time.sleep(1)
        assert stayed == [] and len(keys()) == 3
    for run in runs:
        run.join(20)
    assert [kept.reason for kept in stayed if kept] == ["It is not due any more."] * len(read)
    assert (count(Application), count(Draft), len(keys())) == (1, 6, 3) and len(every(Delivery)) >= 1


def test_an_error_of_the_database_keeps_no_other_back_and_is_said(database: str, s3: Local, capsys: pytest.CaptureFixture[str]) -> None:
    stuck, _ = late_draft()
    other, _ = late_draft()
    with transaction() as session:
        session.connection().execute(sa.text("create table others (application_id integer references applications (id))"))
        session.connection().execute(sa.text(f"insert into others values ({stuck.id})"))
    assert main(["retention"]) == 1
    said = capsys.readouterr().out
    assert f"Could not erase: the draft of invitation {invitation_of(stuck).id}. It failed (IntegrityError): the log says where." in said
    assert f"Erased: the draft of invitation {invitation_of(other).id}" in said
    with reading() as session:
        assert [application.id for application in session.exec(select(Application))] == [stuck.id]


def test_deliveries_and_keys_of_a_partner_on_hold_stay_and_those_of_others_go(database: str, s3: Local) -> None:
    held, other = submitted(), submitted()
    with transaction() as session:
        for application in (held, other):
            remember(session, f"key-{application.id}", session.get_one(Application, application.id))
            for one in session.exec(select(Delivery)):
                one.state, one.done_at = "done", days_ago(91)
                if one.target == "email.received":
                    one.invitation_id = None  # as those of an event that names the application only
        hold(session, PORTAL, session.get_one(Invitation, invitation_of(held).id), "Claim 2026/17 is pending")
    assert [one.what for one in clean_up().found] == ["deliveries that are over"], "the keys are young"
    ours = {held.id, None}
    assert {delivery.application_id for delivery in every(Delivery)} == ours
    assert {delivery.invitation_id for delivery in every(Delivery)} == {invitation_of(held).id, None}
    for application in (held, other):
        with transaction() as session:
            session.exec(select(IdempotencyKey).where(IdempotencyKey.application_id == application.id)).one().used_at = days_ago(91)
    clean_up()
    with reading() as session:
        assert [found.key for found in session.exec(select(IdempotencyKey))] == [f"key-{held.id}"]
    assert events("retention.erased")[-1].detail["rows"] == {"idempotency_keys": 1}


def test_the_codes_of_a_draft_go_with_it_and_its_history_stays_with_the_invitation(database: str, s3: Local) -> None:
    application = begun(())
    with transaction() as session:
        ask_confirmation(session, session.get_one(Application, application.id), "owen.price@brightfieldsolar.co.uk")
    invitation = invitation_of(application)
    change(Invitation, invitation.id, expires_at=days_ago(31))
    assert not clean_up().kept
    assert (count(Application), count(Confirmation)) == (0, 0)
    assert [event.invitation_id for event in events("application.confirmation_asked")] == [invitation.id]


def every(table: type[Delivery]) -> list[Delivery]:
    with reading() as session:
        return list(session.exec(select(table).order_by(col(table.id))))


class days_of_uploads:  # noqa: N801 — reads as a phrase
    """A period of so many days for abandoned uploads, and for objects that no document knows; -1 makes everything old enough."""

    def __init__(self, days: int, orphan_days: int = 30) -> None:
        self.days = days, orphan_days

    def __enter__(self) -> None:
        self.before = settings().abandoned_upload_days, settings().orphan_days
        settings().abandoned_upload_days, settings().orphan_days = self.days

    def __exit__(self, *_: object) -> None:
        settings().abandoned_upload_days, settings().orphan_days = self.before
