"""The application as a PDF: every answer and document of one sending, in the reader's language, for whoever may read it."""

from __future__ import annotations

import re
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pypdfium2
import pytest
from sqlmodel import Session

from models.application import Application, submit
from models.database import engine, reading, transaction
from models.document import stored
from models.draft import Answer, answers_of, save_answers, save_step
from models.invitation import Invitation
from models.language import _, speaking
from models.person import Actor, Role
from models.resubmission import submissions
from models.review import request_information
from models.steps import QUESTIONS, STEPS
from portal.auth import PARTNER
from portal.pages.apply_pdf import drawn
from tests import pages
from tests.api import on_one_database
from tests.browser import at_the_desk, browser, inside
from tests.desk import token
from tests.partners import begun, by_code, submitted
from tests.sample_form import COMPLETE, wanted_documents

ROSA = Actor("Rosa Reyes", "staff", frozenset({Role.REVIEWER}))
pytestmark = [pytest.mark.usefixtures("s3", "redis_server"), on_one_database]
ARABIC = "شركة النور للطاقة الشمسية"


def text(content: bytes) -> str:
    """All text of a PDF in one line, without blanks: how lines are broken is not what a test is about."""
    pages = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(content)]
    return re.sub(r"[\s\u200e\u200f\ufffe]", "", unicodedata.normalize("NFKC", "".join(pages)))


def bare(words: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", words))


def pdf(language: str = "en", which: int = -1) -> bytes:
    with reading() as session, speaking(language):
        return drawn(session, session.get_one(Application, 1), submissions(session, 1)[which])


def test_it_holds_every_answer_document_and_agreement(database: str) -> None:
    submitted()
    found = text(pdf())
    with reading() as session:
        application = session.get_one(Application, 1)
        values = application.answers()
        answers = [QUESTIONS[name].kind.show(value) for name, value in values.items() if QUESTIONS[name].asked(values)]
        labels = [QUESTIONS[name].label for name in QUESTIONS if QUESTIONS[name].asked(values)]
        files = [part for file in stored(session, 1) for part in (file.file_name, file.sha256 or "")]
        sent = submissions(session, 1)[0].detail["form_hash"]
    for words in (*answers, *labels, *files, sent, application.reference_number or "", "Privacy notice", "Version 2026-11, agreed to by Helen Marsh"):
        assert bare(words) in found, words


def test_it_knows_its_title_its_language_and_its_chapters(database: str) -> None:
    application = submitted(())
    content = pdf("de")
    document = pypdfium2.PdfDocument(content)
    assert application.reference_number in document.get_metadata_dict()["Title"] and b"/Lang (de)" in content
    assert len(list(document.get_toc())) == len(STEPS) + 1
    last = document[len(document) - 1].get_textpage().get_text_range()
    assert re.search(rf"\b{len(document)}\b.*\b{len(document)}\b", last.splitlines()[-1])
    with speaking("de"):
        headings = {_(section) for step in STEPS for section in step.sections} | {_(step.title) for step in STEPS}
    feet = [page.get_textpage().get_text_range().splitlines()[-2].strip() for page in document]
    assert not headings & {re.sub(r"^\d\. ", "", foot) for foot in feet}, "no heading stands alone at the foot of a page"


def test_arabic_answers_are_in_it_in_their_own_order_in_every_language(database: str) -> None:
    application = begun(())
    with transaction() as session:
        row = session.get_one(Application, application.id)
        save_step(session, row, STEPS[0], {**{n: v for n, v in COMPLETE.items() if QUESTIONS[n].step == 1}, "trading_name": ARABIC})
        submit(session, row, answers_of(session, row.invitation_code), wanted_documents())
    for language in ("en", "ar"):
        found = text(pdf(language))
        assert bare(ARABIC) in found and bare("helen.marsh@brightfieldsolar.co.uk") in found
    assert bare("المملكة المتحدة") in text(pdf("ar")), "the country is named in the reader's language"


def test_of_a_certificate_without_a_date_it_says_that_none_was_given_and_of_a_policy_nothing(database: str) -> None:
    submitted(("mcs_certificate", "health_safety_policy"))
    assert text(pdf()).count(bare("until when it is valid: not given")) == 1


def test_each_sending_keeps_its_own(database: str) -> None:
    submitted(())
    with transaction() as session:
        request_information(session, ROSA, session.get_one(Application, 1), "How many are you now?", ["client_reference"])
    with transaction() as session:
        row = session.get_one(Application, 1)
        save_answers(session, row, [Answer("client_reference", "Marlow Mills, Hull: a roof of 2 MWp, completed in 2026.", 2**52, 2**52, "test")])
        submit(session, row, answers_of(session, row.invitation_code), wanted_documents())
    first, second = text(pdf(which=0)), text(pdf(which=1))
    assert bare("Harlow Foods") in first and bare("Marlow Mills") not in first
    assert bare("Marlow Mills") in second and bare("Harlow Foods") not in second and bare("Sent again with changes") in second


def test_the_partner_and_staff_may_have_it_and_nobody_else(database: str) -> None:
    application = submitted(())
    own = inside(_invitation(application)).get("/apply/application.pdf")
    assert own.status_code == 200 and own.content.startswith(b"%PDF-")
    assert own.headers["content-disposition"] == f'attachment; filename="{application.reference_number}-en.pdf"'
    assert own.headers["cache-control"] == "private, no-store"
    address = f"/review/{application.reference_number}/application.pdf"
    assert at_the_desk(token(Role.AUDITOR)).get(address).content.startswith(b"%PDF-")
    for stranger, path in ((browser(), address), (browser(), "/apply/application.pdf"), (inside(_invitation(application)), address)):
        answer = stranger.get(path)
        assert answer.status_code in (303, 401) and not answer.content.startswith(b"%PDF-")
    other = inside(_invitation(begun(())))
    assert other.get("/apply/application.pdf").status_code == 404
    assert inside(_invitation(application)).get("/apply/application.pdf", params={"sent": 2}).status_code == 404


def test_many_who_want_one_at_once_wait_without_taking_what_others_are_answered_with(database: str) -> None:
    client = pages.browser()
    client.cookies.set("portal", pages.cookie({PARTNER: submitted(()).invitation_code}))
    most = 0
    with ThreadPoolExecutor(6) as people:
        asked = [people.submit(client.get, "/apply/application.pdf") for _ in range(6)]
        while not all(one.done() for one in asked):
            most = max(most, engine().pool.checkedout())  # type: ignore[attr-defined]
            time.sleep(0.005)
    assert [one.result().status_code for one in asked] == [200] * 6
    assert most in (1, 2), "one is drawn at a time; a page that an earlier test left open may look too"


def _invitation(application: Application) -> Invitation:
    with reading() as session:
        return _by_code(session, by_code(application.invitation_code).invitation_code)


def _by_code(session: Session, code: str) -> Invitation:
    from models.invitation import find

    found = find(session, code)
    assert found is not None
    return found


def test_a_sign_that_no_font_has_is_named_instead_of_left_out(database: str) -> None:
    application = begun(())
    with transaction() as session:
        row = session.get_one(Application, application.id)
        wished = "We 👍🏽 your portal, 李. Ελλάδα, Łódź ✔️"
        save_answers(session, row, [Answer("additional_information", wished, 2**52, 2**52, "test")])
        submit(session, row, answers_of(session, row.invitation_code), wanted_documents())
    found = text(pdf())
    assert bare("We [thumbs up sign] your portal, [cjk unified ideograph-674e]. Ελλάδα, Łódź") in found
    assert "[heavycheckmark]" in found or "✔" in found


def test_the_number_of_pages_stands_right_beside_its_words_in_every_language(database: str) -> None:
    submitted(())
    for language in ("en", "ar"):
        page = pypdfium2.PdfDocument(pdf(language))[0].get_textpage()
        low = [page.get_charbox(n) for n in range(page.count_chars())]
        footer = sorted((left, right) for left, bottom, right, _top in low if bottom < 50 and right > left)
        gaps = [after[0] - before[1] for before, after in pairwise(footer)]
        assert footer and max(gaps) < 6, (language, gaps)  # points: a blank of the footer has 2 to 3
