"""Documents: what a slot takes, and what the bytes must really be."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.application import Application, begin, of_invitation
from models.database import now, reading, transaction
from models.document import (
    MAY_RETURN,
    PER_SLOT,
    PIECE,
    UNDER_WAY,
    WHOLE,
    Document,
    accept,
    clean_name,
    examine,
    give_way,
    known_keys,
    owner_of,
    proposed,
    remove,
    restore,
    start_upload,
    stored,
)
from models.errors import Conflict, Invalid
from models.invitation import invite
from models.person import PORTAL
from tests.papers import DOCX, PNG, archive, pdf


@pytest.fixture
def application(database: str) -> Application:
    with transaction() as session:
        return begin(session, invite(session, PORTAL, company_name="Brightfield Solar Ltd", contact_email="ada@brightfield.example"))


def upload(application: Application, slot: str, name: str, content: bytes) -> Document:
    with transaction() as session:
        document = start_upload(session, of_invitation(session, application.invitation_code), slot, name, len(content))  # type: ignore[arg-type]
        assert examine(document, content) is None
        accept(session, document, content)
    return document


def names(application: Application, slot: str) -> list[str]:
    with reading() as session:
        return [d.file_name for d in stored(session, application.id) if d.slot == slot]


def test_in_a_slot_for_one_file_the_new_one_replaces_the_old(application: Application) -> None:
    upload(application, "health_safety_policy", "policy 2024.pdf", pdf("2024"))
    upload(application, "health_safety_policy", "policy 2026.pdf", pdf("2026"))
    assert names(application, "health_safety_policy") == ["policy 2026.pdf"]


def test_in_a_slot_for_several_all_stay_but_the_very_same_file_counts_once(application: Application) -> None:
    ada = pdf("Ada")
    upload(application, "team_cvs", "ada.pdf", ada)
    upload(application, "team_cvs", "grace.pdf", pdf("Grace"))
    upload(application, "team_cvs", "ada.pdf", ada)
    upload(application, "team_cvs", "the same for two people.pdf", ada)
    assert names(application, "team_cvs") == ["grace.pdf", "ada.pdf", "the same for two people.pdf"]


@pytest.mark.parametrize(
    ("slot", "name", "size", "said"),
    [
        ("health_safety_policy", "policy.exe", 1000, "Choose a PDF or DOCX file"),
        ("public_liability_certificate", "certificate.pdf", 11_000_000, "larger than 10 MB"),
        ("partner_logo", "logo.png", 2_500_000, "larger than 2 MB"),
        ("health_safety_policy", "policy.pdf", 0, "is empty"),
        ("no_such_slot", "policy.pdf", 1000, "no document"),
    ],
)
def test_what_a_slot_does_not_take_is_refused_before_the_upload(application: Application, slot: str, name: str, size: int, said: str) -> None:
    with pytest.raises(Invalid) as error, transaction() as session:
        start_upload(session, of_invitation(session, application.invitation_code), slot, name, size)  # type: ignore[arg-type]
    assert said in error.value.problems[0].message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("program.pdf", b"MZ\x90\x00" + b"\x00" * 500),
        ("page.pdf", b"<html><script>alert(1)</script></html>"),
        ("picture.pdf", PNG + b"\x00" * 100),
        ("archive.docx", archive(readme_xml=b"not a letter")),
        ("letter.docx", b"plain words"),
        ("bomb.docx", archive(word__document_xml=b"\x00" * 60_000_000)),
    ],
)
def test_a_wrong_kind_behind_a_right_name_is_refused(name: str, content: bytes) -> None:
    document = Document(application_id=1, file_name=name, file_type="", file_size=len(content), r2_key="k", r2_url="u", slot="health_safety_policy",
                        public_id="p", upload_timestamp=None)  # type: ignore[arg-type]  # fmt: skip
    assert "is not a real" in str(examine(document, content))


@pytest.mark.parametrize(("slot", "name", "content"), [("health_safety_policy", "p.pdf", pdf()), ("health_safety_policy", "p.docx", DOCX),
                                                       ("partner_logo", "l.png", PNG), ("training_records", "t.csv", b"name,course\nAda,SMSTS\n")])  # fmt: skip
def test_a_real_file_passes(slot: str, name: str, content: bytes) -> None:
    document = Document(application_id=1, file_name=name, file_type="", file_size=len(content), r2_key="k", r2_url="u", slot=slot,
                        public_id="p", upload_timestamp=None)  # type: ignore[arg-type]  # fmt: skip
    assert examine(document, content) is None


def test_a_file_that_did_not_arrive_whole_is_refused() -> None:
    document = Document(application_id=1, file_name="p.pdf", file_type="", file_size=10, r2_key="k", r2_url="u", slot="gdpr_policy",
                        public_id="p", upload_timestamp=None)  # type: ignore[arg-type]  # fmt: skip
    assert "did not arrive whole" in str(examine(document, pdf()))


def test_a_removed_document_can_be_put_back_for_a_while(application: Application) -> None:
    document = upload(application, "health_safety_policy", "policy.pdf", pdf())
    with transaction() as session:
        remove(session, session.get_one(Document, document.id))
    assert names(application, "health_safety_policy") == []
    with transaction() as session:
        restore(session, session.get_one(Document, document.id))
    assert names(application, "health_safety_policy") == ["policy.pdf"]
    with transaction() as session:
        removed = session.get_one(Document, document.id)
        remove(session, removed)
        removed.removed_at = now() - MAY_RETURN * 2
    with pytest.raises(Conflict, match="cannot be put back any more"), transaction() as session:
        restore(session, session.get_one(Document, document.id))


def test_what_is_put_back_into_a_slot_for_one_file_takes_the_place_of_what_replaced_it(application: Application) -> None:
    old = upload(application, "health_safety_policy", "old.pdf", pdf("old"))
    upload(application, "health_safety_policy", "new.pdf", pdf("new"))
    with transaction() as session:
        restore(session, session.get_one(Document, old.id))
    assert names(application, "health_safety_policy") == ["old.pdf"]


def test_an_upload_that_never_arrived_cannot_be_put_back(application: Application) -> None:
    with transaction() as session:
        document = start_upload(session, of_invitation(session, application.invitation_code), "team_cvs", "cv.pdf", 10)  # type: ignore[arg-type]
        remove(session, document)
        with pytest.raises(Conflict):
            restore(session, document)


def test_only_so_many_uploads_of_a_slot_are_on_their_way_at_once(application: Application) -> None:
    def begin_one(slot: str = "team_cvs") -> Document:
        with transaction() as session:
            return start_upload(session, of_invitation(session, application.invitation_code), slot, "cv.pdf", 10)  # type: ignore[arg-type]

    begun = [begin_one() for _ in range(UNDER_WAY)]
    with pytest.raises(Invalid) as error:
        begin_one()
    assert error.value.problems[0].message == "“CVs of key people” has 20 uploads that are not finished. Let them finish, or try again in an hour."
    begin_one("works_methodology")
    with transaction() as session:
        remove(session, session.get_one(Document, begun[0].id))
    begin_one()


def test_a_full_slot_takes_no_more_even_of_what_was_begun_before_it_was_full(application: Application) -> None:
    with transaction() as session:
        late = start_upload(session, of_invitation(session, application.invitation_code), "team_cvs", "late.pdf", len(pdf("late")))  # type: ignore[arg-type]
    for number in range(PER_SLOT):
        upload(application, "team_cvs", f"{number}.pdf", pdf(str(number)))
    with pytest.raises(Invalid, match="already holds 20 files"), transaction() as session:
        accept(session, session.get_one(Document, late.id), pdf("late"))
    assert len(names(application, "team_cvs")) == PER_SLOT


def test_a_full_slot_takes_a_longer_one_in_the_place_of_the_one_it_names(application: Application) -> None:
    for number in range(PER_SLOT):
        short = upload(application, "team_cvs", f"{number}.pdf", pdf(str(number)))
    elsewhere = upload(application, "health_safety_policy", "policy.pdf", pdf("policy"))
    with transaction() as session:
        ours = of_invitation(session, application.invitation_code)
        assert ours is not None
        longer = start_upload(session, ours, "team_cvs", "longer.pdf", len(pdf("longer")), replaces=short.public_id)
        give_way(session, longer, elsewhere.public_id)  # what stands in another place stays
        give_way(session, longer, short.public_id)
        accept(session, longer, pdf("longer"))
    assert names(application, "team_cvs") == [*(f"{number}.pdf" for number in range(PER_SLOT - 1)), "longer.pdf"]
    assert names(application, "health_safety_policy") == ["policy.pdf"]


def test_within_a_renewal_only_what_was_proposed_gives_way(application: Application) -> None:
    standing = upload(application, "health_safety_policy", "standing.pdf", pdf("standing"))
    with transaction() as session:
        ours = of_invitation(session, application.invitation_code)
        assert ours is not None
        for name in ("first.pdf", "second.pdf"):
            new = start_upload(session, ours, "iso_certificates", name, len(pdf(name)))
            accept(session, new, pdf(name), renews=True)
        standing.slot = new.slot
        session.add(standing)
        session.flush()
        give_way(session, new, standing.public_id, renews=True)
        give_way(session, new, proposed(session, ours.id)[0].public_id, renews=True)
    assert names(application, "iso_certificates") == ["standing.pdf"]
    with reading() as session:
        assert [one.file_name for one in proposed(session, application.id)] == ["second.pdf"]


@given(st.integers(min_value=1, max_value=30_000_000))
def test_pieces_are_the_whole_file_and_only_a_large_one_has_them(size: int) -> None:
    document = Document(application_id=1, file_name="p.pdf", file_type="", file_size=size, r2_key="uploads/1/abc.pdf", r2_url="u", slot="team_cvs",
                        public_id="p", upload_timestamp=None)  # type: ignore[arg-type]  # fmt: skip
    pieces = document.pieces
    assert bool(pieces) == (size > WHOLE)
    if pieces:
        assert pieces[0].start == 0 and pieces[-1].end == size and all(0 < piece.size <= PIECE for piece in pieces)
        assert all(piece.end == after.start for piece, after in pairwise(pieces))
        assert {owner_of(piece.key) for piece in pieces} == {document.r2_key} and len({piece.key for piece in pieces}) == len(pieces)


def test_what_belongs_to_a_document_in_the_store_is_known_with_it(application: Application) -> None:
    document = upload(application, "health_safety_policy", "policy.pdf", pdf())
    mine = {document.r2_key, document.thumbnail_key, f"{document.r2_key}.piece-003"}
    with reading() as session:
        assert known_keys(session, [*mine, f"{document.r2_key}x.pdf", "uploads/1/other.pdf.thumbnail.jpg"]) == mine


@given(st.text(max_size=300))
def test_a_cleaned_name_has_no_folder_and_no_control_character_and_stays_clean(name: str) -> None:
    cleaned = clean_name(name)
    assert cleaned and "/" not in cleaned and "\\" not in cleaned and cleaned.isprintable()
    assert clean_name(cleaned) == cleaned
