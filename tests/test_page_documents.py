"""A document's own address: who may see it, and with which headers."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from integrations.storage import storage
from models.application import Application
from models.colleague import ask_colleague
from models.database import now, transaction
from models.document import Document, accept, remove, start_upload
from models.errors import Invalid
from models.invitation import Invitation
from models.person import RIGHTS, Right, Role
from models.slots import SLOTS, Slot
from portal.api.partner import Visitor
from portal.auth import COLLEAGUE
from portal.pages.apply_documents import slot_html
from portal.uploads import begin_upload, complete_upload
from tests.api import on_one_database
from tests.browser import at_the_desk, browser, inside
from tests.desk import token
from tests.pages import cookie
from tests.papers import DOCX, pdf
from tests.partners import begun, invited, stored_in
from worker.retention import clean_up

pytestmark = pytest.mark.usefixtures("redis_server", "s3")


def test_a_partner_sees_their_own_document_with_its_bytes(database: str) -> None:
    document, content = _document()
    answer = _partner(document).get(f"/documents/{document.public_id}")
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == "application/pdf"


@on_one_database
def test_a_document_can_run_nothing_is_not_guessed_at_and_stays_in_no_cache(database: str) -> None:
    document, _ = _document()
    headers = _partner(document).get(f"/documents/{document.public_id}").headers
    assert "default-src 'none'" in headers["content-security-policy"] and "sandbox" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff" and "no-store" in headers["cache-control"]


@on_one_database
def test_another_partner_and_a_stranger_find_nothing(database: str) -> None:
    document, _ = _document()
    address = f"/documents/{document.public_id}"
    assert inside(invited("other@harlow.example.com")).get(address).status_code == 404
    assert browser().get(address).status_code == 404
    assert browser().get("/documents/nothing").status_code == 404


@on_one_database
@pytest.mark.parametrize("role", list(Role))
def test_staff_who_may_read_see_it(database: str, role: Role) -> None:
    document, _ = _document()
    expected = 200 if Right.READ in RIGHTS[role] else 404
    assert at_the_desk(token(role)).get(f"/documents/{document.public_id}").status_code == expected


@on_one_database
def test_an_office_file_and_a_wanted_download_are_handed_over_to_be_saved(database: str) -> None:
    office, _ = _document("works_methodology", "Methode.docx", DOCX)
    assert _disposition(_partner(office).get(f"/documents/{office.public_id}")).startswith("attachment;")
    shown, _ = _document()
    client = _partner(shown)
    assert _disposition(client.get(f"/documents/{shown.public_id}")).startswith("inline;")
    assert _disposition(client.get(f"/documents/{shown.public_id}?download=1")).startswith("attachment;")


@on_one_database
def test_a_name_of_any_letters_is_told_and_can_break_no_header(database: str) -> None:
    document, _ = _document(name='Zertifikat "Ü", €; x.pdf')
    told = _disposition(_partner(document).get(f"/documents/{document.public_id}"))
    assert "filename*=UTF-8''Zertifikat%20%22%C3%9C%22%2C%20%E2%82%AC%3B%20x.pdf" in told
    assert told.count('"') == 2


@on_one_database
def test_a_removed_document_is_gone(database: str) -> None:
    document, _ = _document()
    with transaction() as session:
        remove(session, session.get_one(Document, document.id))
    assert _partner(document).get(f"/documents/{document.public_id}").status_code == 404


@on_one_database
def test_a_document_whose_bytes_are_lost_says_so_and_breaks_nothing(database: str) -> None:
    document, _ = _document()
    storage().delete(document.r2_key)
    answer = _partner(document).get(f"/documents/{document.public_id}")
    assert answer.status_code in (404, 503) and "Traceback" not in answer.text


@on_one_database
def test_a_thumbnail_is_seen_by_whoever_sees_the_document_and_by_nobody_else(database: str) -> None:
    document = _uploaded()
    address = f"/documents/{document.public_id}/thumbnail"
    answer = _partner(document).get(address)
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/jpeg" and answer.content.startswith(b"\xff\xd8\xff")
    assert answer.headers["cache-control"] == "private, max-age=3600" and "sandbox" in answer.headers["content-security-policy"]
    assert at_the_desk(token(Role.REVIEWER)).get(address).status_code == 200
    assert inside(invited("other@harlow.example.com")).get(address).status_code == 404
    assert browser().get(address).status_code == 404


@on_one_database
def test_a_document_without_a_picture_has_no_thumbnail_and_one_that_is_removed_neither(database: str) -> None:
    plain, _ = _document()
    assert _partner(plain).get(f"/documents/{plain.public_id}/thumbnail").status_code == 404
    drawn = _uploaded()
    client = _partner(drawn)
    with transaction() as session:
        remove(session, session.get_one(Document, drawn.id))
    assert client.get(f"/documents/{drawn.public_id}/thumbnail").status_code == 404


@on_one_database
def test_a_colleague_sees_the_documents_of_their_step_and_no_others(database: str) -> None:
    mine, other = _document("health_safety_policy")[0], None
    with transaction() as session:
        application = session.get_one(Application, mine.application_id)
        who = ask_colleague(session, application, by="Helen Marsh", step="insurance", name="Maria Sanz", email="maria@brightfield.example")
    other = stored_in(application, "works_methodology")
    client = browser()
    client.cookies.set("portal", cookie({COLLEAGUE: who.public_id}))
    assert client.get(f"/documents/{mine.public_id}").status_code == 200
    assert client.get(f"/documents/{other.public_id}").status_code == 404


@on_one_database
def test_with_the_document_its_thumbnail_and_its_pieces_are_erased(database: str) -> None:
    document = _uploaded()
    storage().put(f"{document.r2_key}.piece-001", b"left behind", "application/octet-stream")
    with transaction() as session:
        removed = session.get_one(Document, document.id)
        remove(session, removed)
        removed.removed_at = now() - timedelta(days=30)
    assert len(storage().sizes(document.r2_key)) == 3
    cleaned = clean_up()
    assert storage().sizes(document.r2_key) == {} and not [one for one in cleaned.kept if one.one.what.startswith("document")]


@on_one_database
def test_a_thumbnail_of_a_known_document_is_no_orphan(database: str) -> None:
    document = _uploaded()
    assert not [one for one in clean_up(dry_run=True).found if document.r2_key in one.what or any(document.r2_key in key for key, _ in one.objects)]


@pytest.mark.parametrize("slot", SLOTS.values(), ids=lambda slot: slot.name)
def test_a_place_for_a_document_says_truly_what_it_takes(slot: Slot) -> None:
    html = slot_html(slot, [])
    offered = set(re.findall(r' accept="([^"]+)"', html)[0].split(","))
    assert {f".{kind}" for kind in slot.extensions} <= offered
    photos = {".jpg", ".jpeg", ".png"} <= offered
    assert photos == ("pdf" in slot.extensions or "png" in slot.extensions), "wherever a scan will do, a photo will"
    assert ("photos of the pages" in html) == (photos and "png" not in slot.extensions)
    assert ("Take a photo" in html) == photos
    assert (" multiple " in html) == (slot.multiple or "pdf" in slot.extensions), "several pages are chosen at once"
    assert f"up to {slot.max_mb} MB" in html


@on_one_database
@pytest.mark.parametrize("slot", ["public_liability_certificate", "health_safety_policy", "riddor_reports"])
def test_the_portal_itself_stores_no_picture_where_a_pdf_is_wanted(database: str, slot: str) -> None:
    application = begun(slots=())
    with transaction() as session, pytest.raises(Invalid, match="cannot be used here"):
        start_upload(session, session.get_one(Application, application.id), slot, "photo.jpg", 1000)


def _uploaded() -> Document:
    """A document that came the partner's way, so that it was looked at."""
    application, content = begun(slots=()), pdf("Certificate")
    with transaction() as session:
        visitor = Visitor(session.exec(select(Invitation).where(Invitation.code == application.invitation_code)).one())
    document = begin_upload(visitor, "health_safety_policy", "policy.pdf", len(content)).document
    storage().put(document.r2_key, content, document.file_type)
    return complete_upload(visitor, document.r2_key)


def _document(slot: str = "company_registration_certificate", name: str = "Certificate.pdf", content: bytes = b"") -> tuple[Document, bytes]:
    application, content = begun(slots=()), content or pdf("Certificate of incorporation")
    with transaction() as session:
        document = start_upload(session, session.get_one(Application, application.id), slot, name, len(content))
    storage().put(document.r2_key, content, document.file_type)
    with transaction() as session:
        accept(session, session.get_one(Document, document.id), content)
    return document, content


def _partner(document: Document) -> Any:
    with transaction() as session:
        code = session.get_one(Application, document.application_id).invitation_code
        invitation = session.exec(select(Invitation).where(Invitation.code == code)).one()
    return inside(invitation)


def _disposition(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.headers["content-disposition"])
