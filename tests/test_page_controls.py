"""Each question brings the keyboard, the autofill and the direction that its answer needs, from its declaration alone."""

from __future__ import annotations

import pytest

from models.kinds import Date, Decimal, Email, Integer, LongText, Telephone, Text, Url
from models.language import speaking
from models.question import Question
from models.sheet import Sheet
from models.steps import QUESTIONS
from portal.pages.apply_fill import fills
from portal.pages.apply_offers import opened
from portal.widgets import Field, as_typed, attributes, same_buttons, widget

WRITTEN = [question for question in QUESTIONS.values() if widget(question) in ("input", "date", "textarea")]
#: The tokens of WCAG 2.2's list of purposes (success criterion 1.3.5) that a company's own contact needs.
OWN = {
    "company_name": "organization", "company_address": "street-address", "company_city": "address-level2", "company_state": "address-level1",
    "company_postal": "postal-code", "company_country": "country", "company_phone": "tel", "company_website": "url",
    "primary_contact_name": "name", "primary_contact_title": "organization-title", "primary_contact_email": "email",
    "primary_contact_phone": "tel", "declarant_name": "name",
}  # fmt: skip


@pytest.mark.parametrize("question", WRITTEN, ids=lambda q: q.name)
def test_a_written_answer_brings_the_right_keyboard(question: Question) -> None:
    told, kind = attributes(question), question.kind
    keyboards = {Integer: "numeric", Decimal: "decimal", Email: "email", Telephone: "tel", Url: "url"}
    assert told.get("inputmode") == keyboards.get(Integer if isinstance(kind, Integer) else type(kind))
    assert told.get("type") == (None if isinstance(kind, LongText) else {Email: "email", Telephone: "tel"}.get(type(kind), "text"))
    assert told.get("enterkeyhint") == (None if isinstance(kind, LongText) else "next")
    if isinstance(kind, Email | Url) or (isinstance(kind, Text) and kind.form):
        assert told["spellcheck"] == "false" and told["autocapitalize"] in ("off", "characters")


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=lambda q: q.name)
def test_only_what_the_reader_s_own_browser_can_know_is_filled_in_by_it(question: Question) -> None:
    assert attributes(question)["autocomplete"] == OWN.get(question.name, "off")


@pytest.mark.parametrize("question", WRITTEN, ids=lambda q: q.name)
def test_numbers_addresses_and_codes_run_from_left_to_right_in_every_language(question: Question) -> None:
    fixed = isinstance(question.kind, Integer | Decimal | Email | Telephone | Url) or (isinstance(question.kind, Text) and question.kind.form)
    assert attributes(question)["dir"] == ("ltr" if fixed else "auto")


def test_a_day_stands_in_words_and_whatever_is_none_as_it_was_typed() -> None:
    question = next(q for q in QUESTIONS.values() if isinstance(q.kind, Date))
    assert as_typed(question, "2026-03-03") == "3 March 2026" and Field(question, "2026-03-03").day == "2026-03-03"
    assert as_typed(question, "soon") == "soon" and Field(question, "soon").day == ""


def test_a_card_offers_to_copy_what_may_be_the_same() -> None:
    offered = dict(same_buttons(tuple(QUESTIONS.values())))
    assert offered["Same as primary contact"]["technical_contact_email"] == "primary_contact_email"
    assert offered["Same as registered office"] == {"head_office_address": ["company_address", "company_city", "company_postal"]}


def test_percentages_complete_each_other_and_what_was_filled_in_goes_when_it_cannot_be() -> None:
    assert fills({"internal_staff_percentage": "70"}, {}) == {"subcontract_percentage": "30"}
    assert fills({"subcontract_percentage": "45 %"}, {}) == {"internal_staff_percentage": "55"}
    before = {"internal_staff_percentage": "11", "subcontract_percentage": "89"}
    assert fills({"internal_staff_percentage": "110"}, before) == {"subcontract_percentage": ""}
    assert fills({"internal_staff_percentage": "110"}, {"subcontract_percentage": "50"}) == {}
    assert fills({"internal_staff_percentage": "60", "subcontract_percentage": "50"}, {}) == {}
    assert fills({"internal_staff_percentage": "70 per cent"}, {}) == {"subcontract_percentage": "30"}


def test_what_was_answered_with_none_stands_in_the_readers_own_word() -> None:
    with speaking("de"):
        assert as_typed(QUESTIONS["pending_prosecutions"], "None") == "Keine"
    assert as_typed(QUESTIONS["company_name"], "None") == "None"


def test_an_answer_says_how_much_more_it_asks() -> None:
    before, after = Sheet({}).needed(), Sheet({"principal_designer": True}).needed()
    assert opened(before, after) == "3 more questions from this answer. 1 more document from this answer."
    assert opened(after, before) == opened(after, after) == ""
