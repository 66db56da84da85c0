"""The form evaluated change by change: it never says anything else than the same form evaluated at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.application import examine
from models.reach import Reach
from models.resubmission import Pending
from models.rules import clean, missing_documents, settle
from models.sheet import Given, Sheet, minutes_of, usual_minutes
from models.slots import SLOTS
from models.steps import QUESTIONS, STEPS
from tests.sample_form import COMPLETE, form, today, wanted_documents
from tests.test_form_kinds import CALM, JSON

CONFIRMED = frozenset({"helen.marsh@brightfieldsolar.co.uk"})
COMPANY, COMPLIANCE = STEPS[0], STEPS[5]
CHANGES = st.lists(
    st.dictionaries(st.sampled_from(list(QUESTIONS)), st.one_of(JSON, st.sampled_from([v for v in COMPLETE.values() if v])), min_size=1, max_size=3),
    min_size=1, max_size=8,
)  # fmt: skip


def sheet(held: dict[str, int] | None = None, **changes: Any) -> Sheet:
    """The complete form with some answers changed."""
    return Sheet(form(**changes), held or {}, CONFIRMED, today=today())


@CALM
@given(CHANGES)
def test_after_any_changes_it_says_what_a_new_one_says_and_what_the_submission_says(changes: list[dict[str, Any]]) -> None:
    held = wanted_documents()
    grown = sheet(held)
    for change in changes:
        grown.change(change)
    fresh = Sheet(grown.answers, held, CONFIRMED, today=today())
    assert grown.values == fresh.values == settle(grown.answers)
    assert grown.problems() == fresh.problems() == examine(grown.answers, held, CONFIRMED)[1]
    assert [grown.asked(name) for name in QUESTIONS] == [fresh.asked(name) for name in QUESTIONS]
    assert [grown.given(step) for step in STEPS] == [fresh.given(step) for step in STEPS]
    assert [p for name in QUESTIONS if (p := grown.problem(name))] == clean(grown.answers, today())[1]


@CALM
@given(CHANGES)
def test_where_an_answer_stands_as_before_nothing_that_is_shown_looks_different(changes: list[dict[str, Any]]) -> None:
    one = sheet(wanted_documents())
    for change in changes:
        before, shown = one.standing(change), _shown(one)
        one.change(change)
        assert before is None or before != one.standing(change) or shown == _shown(one)


def _shown(one: Sheet) -> Any:
    asked = {name: (one.asked(name), one.problem(name), one.advice(name)) for name in QUESTIONS}
    slots = {name: (slot.wanted(one.values), slot.offered(one.values), one.lack(slot)) for name, slot in SLOTS.items()}
    return asked, slots, [one.given(step) for step in STEPS], one.values["primary_contact_email"], one.values["company_country"]


def test_an_answer_on_which_nothing_hangs_stands_as_before_while_it_is_right() -> None:
    one = sheet()
    before = one.standing(["company_city"])
    one.change({"company_city": "Leeds"})
    assert before is not None and before == one.standing(["company_city"])
    one.change({"company_city": ""})
    assert before != one.standing(["company_city"]) and one.standing(["company_country"]) is None


@CALM
@given(CHANGES)
def test_a_change_names_every_question_that_looks_different_afterwards(changes: list[dict[str, Any]]) -> None:
    one = sheet()
    for change in changes:
        before = {name: (one.values[name], one.asked(name), one.problem(name)) for name in QUESTIONS}
        touched = one.change(change)
        different = {name for name in QUESTIONS if before[name] != (one.values[name], one.asked(name), one.problem(name))}
        assert different <= touched


@CALM
@given(CHANGES)
def test_a_form_is_complete_exactly_when_nothing_stands_in_its_way(changes: list[dict[str, Any]]) -> None:
    held = wanted_documents()
    one = sheet(held)
    for change in changes:
        one.change(change)
    assert (one.done == one.total) == (one.problems() == []) == (one.minutes == 0)
    assert all(one.given(step).done <= one.given(step).total for step in STEPS)


def test_the_rail_counts_what_is_needed_now_and_right() -> None:
    assert counted(sheet(wanted_documents())) == (10, 10)
    assert counted(sheet()) == (9, 10)
    assert counted(sheet(wanted_documents(), company_phone="😀")) == (9, 10)
    assert counted(sheet(company_type="Partnership")) == (8, 8)
    assert counted(sheet(wanted_documents(), trading_name="", vat_number="")) == (10, 10)


def test_an_optional_answer_counts_only_while_it_is_wrong() -> None:
    assert counted(sheet(wanted_documents(), vat_number="GB1")) == (10, 11)
    assert counted(sheet(wanted_documents(), vat_number="")) == (10, 10)


def test_a_document_counts_as_soon_as_it_is_there_and_an_address_once_it_is_confirmed() -> None:
    one = sheet(primary_contact_email="owen@brightfieldsolar.co.uk")
    assert one.given(STEPS[1]).state == "started"
    one.confirm("owen@brightfieldsolar.co.uk")
    assert one.given(STEPS[1]).state == "done"
    assert one.given(COMPANY).state == "started"
    one.hold(wanted_documents())
    assert one.given(COMPANY).state == "done" and missing_documents(one.answers, one.held) == []


def test_an_answer_of_one_step_decides_about_documents_and_explanations_in_another() -> None:
    one = sheet(wanted_documents())
    one.change({"employers_liability_insurance": False, "additional_information": ""})
    assert (one.given(COMPLIANCE).done, one.given(COMPLIANCE).total) == (8, 9)
    one.change({"team_size": 1})
    assert one.given(COMPLIANCE).state == "done"


def test_where_only_some_may_be_changed_only_those_are_left_to_do() -> None:
    one = Sheet(form(company_city="", company_phone=""), {}, CONFIRMED, Reach(frozenset({"company_city", "works_methodology"})), today())
    assert [p for step in STEPS if (p := (one.given(step).done, one.given(step).total)) != (0, 0)] == [(0, 1), (0, 1)]


def test_what_was_asked_for_is_open_while_it_is_as_it_was_sent_and_again_when_it_is_changed_back() -> None:
    was = QUESTIONS["company_city"].kind.to_json(settle(form())["company_city"])
    named = frozenset({"company_city", "vat_number", "gdpr_policy"})
    asked = Pending(named, frozenset({"vat_number"}), {"company_city": [was, was]}, set())
    one = Sheet(form(), wanted_documents(), CONFIRMED, Reach(asked.named), today(), asked)
    assert (one.done, one.total) == (1, 3) and [found.field for found in one.unanswered(COMPANY)] == ["company_city"] and one.minutes
    one.change({"company_city": "Leeds"})
    assert counted(one) == (2, 2) and one.unanswered(COMPANY) == []
    one.change({"company_city": form()["company_city"]})
    assert counted(one) == (1, 2)
    one.hold(wanted_documents(), {"gdpr_policy"})
    assert one.given(STEPS[SLOTS["gdpr_policy"].step - 1]).state == "done"
    one.change({"company_city": ""})
    assert counted(one) == (1, 2) and one.unanswered(COMPANY) == [], "it is said once, as the mistake that it is"


def test_what_is_left_takes_minutes_that_shrink_and_end_at_none() -> None:
    empty, half = Sheet({}), Sheet({name: value for name, value in COMPLETE.items() if QUESTIONS[name].step < 4}, {}, CONFIRMED)
    assert empty.minutes > half.minutes > sheet().minutes > 0
    assert sheet(wanted_documents()).minutes == 0
    assert empty.minutes <= usual_minutes() <= sum(map(minutes_of, QUESTIONS.values())) + len(SLOTS)


@pytest.mark.parametrize("name", ["nothing", "company_name; drop table"])
def test_what_the_form_does_not_ask_changes_nothing(name: str) -> None:
    one = sheet()
    assert one.change({name: "x"}) == set() and name not in one.answers


def counted(one: Sheet) -> tuple[int, int]:
    """How much of the first step is there."""
    found: Given = one.given(COMPANY)
    return found.done, found.total
