"""The ledger: what the rules checked of an application, each with its evidence, and what other applications have in common with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models import document
from models.application import begin
from models.database import now, reading, transaction
from models.document import Document, DocumentState
from models.invitation import invite
from models.ledger import Alike, Line, Outcome, Twin, ledger, look_alike, tally
from models.person import PORTAL
from models.rules import clean
from models.settings import Settings
from models.slots import SLOTS
from tests.desk import applied, brought, row
from tests.sample_form import form, today, wanted_documents

TODAY = today()
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def lines(files: list[Document] | None = None, alike: Alike | None = None, **changes: Any) -> list[Line]:
    values, _problems = clean(form(**{"contracts_reviewed": True, **changes}), TODAY)
    return ledger(values, TODAY, Settings(), held() if files is None else files, alike)


def held() -> list[Document]:
    """A document for each slot of the complete sample that wants one."""
    return [_document(1, slot, f"{slot}.pdf", slot, slot) for slot in wanted_documents()]


def of(found: list[Line], field: str, what: str = "") -> tuple[Outcome, str]:
    (line,) = [line for line in found if line.field == field and (not what or line.what == what)]
    return line.outcome, line.evidence


def test_the_complete_sample_passes_everything_and_says_why() -> None:
    found = lines()
    assert {line.outcome for line in found} == {Outcome.PASSED}
    assert tally(found) == f"{len(found)} checked: {len(found)} passed"
    assert of(found, "vat_number", "VAT number") == (Outcome.PASSED, "GB980780684: its form and its check digits are right")
    assert of(found, "company_registration", "Company registration number")[1] == "07654321 has the form of a Companies House number"
    assert of(found, "subcontract_percentage")[1] == "80% by own staff and 20% by subcontractors make 100%"
    assert of(found, "public_liability_cover")[1] == "£10,000,000, and the minimum is £5,000,000"
    assert of(found, "primary_contact_email")[1] == "Both are at brightfieldsolar.co.uk"
    assert of(found, "", "Documents that the answers ask for")[1].endswith("are wanted, and all are there")
    assert {line.section for line in found} == {"company", "contact", "capabilities", "roles", "insurance", "compliance", "documents"}


def test_each_section_begins_with_what_failed_and_then_what_was_flagged() -> None:
    stored, _problems = clean(form(public_liability_cover=2_000_000, contracts_reviewed=True), TODAY)
    stored["professional_indemnity_expiry"] = TODAY - timedelta(days=1)
    found = ledger(stored, TODAY, Settings(), held())
    insurance = [line for line in found if line.section == "insurance"]
    assert [line.outcome for line in insurance[:3]] == [Outcome.FAILED, Outcome.FLAGGED, Outcome.PASSED]
    assert insurance[0].evidence.startswith("Expired on ")
    assert insurance[1].evidence == "Public liability cover of £2,000,000 is below the minimum of £5,000,000"
    assert tally(found) == f"{len(found)} checked: {len(found) - 2} passed, 1 flagged and 1 failed"


@pytest.mark.parametrize(
    ("name", "stored", "said"),
    [
        ("vat_number", "GB980780685", "check digits are wrong"),
        ("company_registration", "12AB", "8 characters of the Companies House number"),
        ("subcontract_percentage", 30, "add up to 100"),
        ("employers_liability_cover", 1_000_000, "statutory minimum"),
        ("client_reference_email", "me@brightfieldsolar.co.uk", "client's own address"),
        ("mcs_approved", True, "Tick MCS"),
    ],
)
def test_a_stored_answer_that_the_form_would_refuse_now_failed(name: str, stored: Any, said: str) -> None:
    values, _problems = clean(form(certifications=["NICEIC"], mcs_approved=False), TODAY)
    outcome, evidence = of(
        [line for line in ledger(values | {name: stored}, TODAY, Settings(), held()) if "elsewhere" not in line.what], name
    )
    assert outcome == Outcome.FAILED and evidence.startswith("The form would not take this now: ") and said in evidence


def test_a_company_abroad_is_told_what_was_not_checked() -> None:
    found = lines(company_country="DE", company_registration="HRB 12345", vat_number="DE136695976", company_postal="10115")
    assert "are not checked further" in of(found, "company_registration", "Company registration number")[1]
    assert of(found, "vat_number", "VAT number") == (Outcome.PASSED, "DE136695976: its form and its check digits are right")
    assert not [line for line in found if line.field == "employers_liability_cover"]  # the statutory minimum is the UK's


def test_what_is_not_answered_is_not_counted_as_checked() -> None:
    found = lines(vat_number="", company_website="", client_reference_email="")
    assert not [line for line in found if line.field in ("vat_number", "primary_contact_email", "client_reference_email")]
    assert {line.section for line in ledger({}, TODAY, Settings())} == {"documents"}  # some are asked for whatever is answered


def test_an_address_elsewhere_than_the_website_is_flagged_and_one_below_it_is_not() -> None:
    assert of(lines(primary_contact_email="helen@gmail.com"), "primary_contact_email") == (
        Outcome.FLAGGED, "The primary contact writes from gmail.com, and the website is at brightfieldsolar.co.uk",
    )  # fmt: skip
    assert of(lines(primary_contact_email="h@mail.brightfieldsolar.co.uk"), "primary_contact_email")[0] == Outcome.PASSED
    assert of(lines(primary_contact_email="h@notbrightfieldsolar.co.uk"), "primary_contact_email")[0] == Outcome.FLAGGED


def test_documents_are_missing_expired_expiring_or_valid() -> None:
    files = [one for one in held() if one.slot != "gdpr_policy"]
    for days, slot in ((0, "mcs_certificate"), (30, "niceic_certificate"), (31, "iso_certificates")):
        next(one for one in files if one.slot == slot).expiry_date = TODAY + timedelta(days=days)
    found = lines(files)
    assert of(found, "gdpr_policy") == (Outcome.FAILED, "Missing, although the answers ask for it")
    assert of(found, "mcs_certificate")[0] == Outcome.FAILED
    assert of(found, "niceic_certificate")[0] == Outcome.FLAGGED
    assert of(found, "iso_certificates")[0] == Outcome.PASSED and "more than 30 days" in of(found, "iso_certificates")[1]
    assert not [line for line in found if line.what == "Documents that the answers ask for"]


def test_each_document_that_is_missing_has_a_line_of_its_own() -> None:
    found = [line for line in lines([]) if line.outcome == Outcome.FAILED]
    assert sorted(line.field for line in found) == sorted(wanted_documents())
    assert {line.section for line in found} == {"documents"} and {line.field for line in found} <= set(SLOTS)


def test_each_line_leads_to_what_it_is_about() -> None:
    found = lines()
    fields = {line.place for line in found if line.field}
    assert "a-vat_number" in fields and "section-documents" in {line.place for line in found if not line.field}


@on_sqlite
def test_a_number_that_another_application_has_is_flagged_and_names_it(database: str) -> None:
    first, second = (
        applied("First Ltd", vat_number="", company_registration="01234567"),
        applied("Second Ltd", company_registration="01234567"),
    )
    alike = found_alike(second)
    assert [(twin.reference, twin.company) for twin in alike.numbers["company_registration"]] == [(first, "First Ltd")]
    assert alike.numbers["vat_number"] == ()
    found = lines(alike=alike)
    assert of(found, "company_registration", "Registration number elsewhere") == (Outcome.FLAGGED, "Other applications have it, too")
    assert of(found, "vat_number", "VAT number elsewhere") == (Outcome.PASSED, "No other application has it")


def test_a_file_of_another_application_is_found_by_its_bytes(database: str) -> None:
    first, second = brought(applied("First Ltd"), to="approved"), applied("Second Ltd")
    for reference, name, sha256 in ((first, "policy.pdf", "a" * 64), (first, "gone.pdf", "b" * 64), (second, "ours.pdf", "a" * 64),
                                    (second, "again.pdf", "b" * 64), (second, "alone.pdf", "c" * 64)):  # fmt: skip
        put(reference, name, sha256)
    alike = found_alike(second)
    assert {sha256: [twin.company for twin in twins] for sha256, twins in alike.files.items()} == {"a" * 64: ["First Ltd"]}
    files = stored(second)
    shared = [line for line in lines(files, alike) if line.what == "Same file elsewhere"]
    assert [(line.evidence, line.twins[0].reference) for line in shared] == [("“ours.pdf” stands in other applications, too", first)]
    assert shared[0].twins == (Twin(first, "First Ltd", row_state(first)),)


@on_sqlite
def test_neither_a_draft_nor_the_application_itself_is_another_one(database: str) -> None:
    reference = applied("Second Ltd")
    put(reference, "ours.pdf", "a" * 64)
    put(reference, "ours again.pdf", "a" * 64)
    with transaction() as session:
        draft = begin(session, invite(session, PORTAL, company_name="Draft Ltd", contact_email="ada@draft.example"))
        session.add(_document(draft.id or 0, "draft", "theirs.pdf", "a" * 64))
    assert found_alike(reference).files == {}


def put(reference: str, name: str, sha256: str) -> None:
    with transaction() as session:
        one = _document(row(session, reference).id or 0, reference, name, sha256)
        session.add(one)
        if name == "gone.pdf":
            document.remove(session, one)


def _document(application: int, reference: str, name: str, sha256: str, slot: str = "gdpr_policy") -> Document:
    return Document(
        application_id=application, file_name=name, file_type="application/pdf", file_size=9, r2_key=f"{reference}{name}", r2_url="",
        upload_timestamp=now(), slot=slot, public_id=f"{reference}{name}", state=DocumentState.STORED, sha256=sha256,
    )  # fmt: skip


def found_alike(reference: str) -> Alike:
    files = stored(reference)
    with reading() as session:
        return look_alike(session, row(session, reference), files)


def stored(reference: str) -> list[Document]:
    with reading() as session:
        return document.stored(session, row(session, reference).id)


def row_state(reference: str) -> Any:
    with reading() as session:
        return row(session, reference).state
