"""What makes answers wrong: one check for the page, the submission and the API's 422.

A kind says what makes its own answer wrong; the table below holds what depends on another answer or on the day.
Rules are read on settled answers only (normalised, and None where an answer is wrong, left out or not asked), so
that one mistake is said once, beside the field where it was made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from models.database import now
from models.errors import Problem
from models.kinds import Answers, Date, Telephone, Text
from models.language import _, shown_number
from models.question import Question
from models.slots import SLOTS, Slot, a_year_after
from models.steps import QUESTIONS, STEPS, Step
from models.steps.capabilities import UK_REGIONS

EXPIRES_SOON = timedelta(days=30)
#: Days that a reviewer looks at: when a policy was signed, until when an insurance runs.
POLICY_DAYS = frozenset(slot.expiry_from.removesuffix("+12m") for slot in SLOTS.values() if slot.expiry_from.endswith("+12m"))
EXPIRY_DAYS = frozenset(slot.expiry_from for slot in SLOTS.values() if slot.expiry_from in QUESTIONS)
GB_EMPLOYERS_LIABILITY_MINIMUM = 5_000_000  # pounds; Employers' Liability (Compulsory Insurance) Regulations 1998, regulation 3


def check_answer(question: Question, raw: object, answers: Answers, today: date | None = None) -> Problem | None:
    """What is wrong with one answer, given the others as typed; None if nothing is. `today` is the day in UTC unless given."""
    return judge(question, raw, settle({**answers, question.name: raw}, _reads(question.name)), today or now().date())


def check_step(step: Step, answers: Answers, today: date) -> list[Problem]:
    """What is wrong in one step, in its order. `answers` are those of the whole form."""
    values = settle(answers, _reads_of(step.number))
    found = (judge(question, answers.get(question.name), values, today) for question in step.questions)
    return [problem for problem in found if problem]


def clean(answers: Answers, today: date) -> tuple[dict[str, Any], list[Problem]]:
    """The whole form, strictly: the values to store by question name (None where there is none), and every problem in order."""
    values = settle(answers)
    found = (judge(question, answers.get(name), values, today) for name, question in QUESTIONS.items())
    return values, [problem for problem in found if problem]


def missing_documents(answers: Answers, files: Mapping[str, int]) -> list[Problem]:
    """A problem for each slot that must hold a document and holds none. `files` counts the stored documents by slot."""
    values = settle(answers)
    return [found for slot in SLOTS.values() if (found := lack(slot, values, files))]


def lack(slot: Slot, values: Answers, files: Mapping[str, int]) -> Problem | None:
    """What is wrong with a slot that must hold a document, as the settled `values` want it, and holds none."""
    if files.get(slot.name) or not slot.wanted(values):
        return None
    return Problem(slot.name, _("Upload the {called}").format(called=_(slot.called)), slot.step)


def settle(answers: Answers, names: Iterable[str] = ()) -> dict[str, Any]:
    """The answers normalised, and None where one is wrong, left out or not asked; of all questions unless `names` are given."""
    context = {"company_country": read(QUESTIONS["company_country"], answers, {})}
    values = {name: read(QUESTIONS[name], answers, context) for name in names or QUESTIONS}
    return {name: value if QUESTIONS[name].asked(values) else None for name, value in values.items()}


@cache
def dependents(name: str) -> tuple[str, ...]:
    """The other questions whose asking or rightness depends on this one: check them again when it changes."""
    return tuple(other for other in QUESTIONS if other != name and name in _reads(other))


def read(question: Question, answers: Answers, context: Answers) -> Any:
    """One answer normalised, None where it is wrong or left out; `context` holds the country, which decides how some are read."""
    try:
        return question.clean(answers.get(question.name), context)
    except ValueError:
        return None


def judge(question: Question, raw: object, values: Mapping[str, Any], today: date) -> Problem | None:
    """What is wrong with one answer, given the settled values of those that its rules and its condition read."""
    message = _sentence(question, raw, values, today) if question.asked(values) else None
    return Problem(question.name, message, question.step) if message else None


def _sentence(question: Question, raw: object, values: Mapping[str, Any], today: date) -> str | None:
    if values.get(question.name) is None:  # else it has been read already, and nothing is wrong with it by itself
        try:
            question.clean(raw, values)
        except ValueError as wrong:
            return str(wrong)
        if question.required:
            return question.left_out
    return next((rule.words for rule in RULES.get(question.name, ()) if rule.broken(values, today)), None)


def is_old(signed: date, today: date) -> bool:
    """Whether a policy was signed more than 12 months ago."""
    return a_year_after(signed) < today


@dataclass(frozen=True)
class Rule:
    """`field` is wrong when `fails(values, today)`. It is asked only once everything in `reads` is answered.

    `message` is in English; `{called}` and `{minimum}` may stand in it. `words` says it to the reader.
    """

    field: str
    reads: tuple[str, ...]
    fails: Callable[[Mapping[str, Any], date], bool]
    message: str

    @property
    def words(self) -> str:
        """The sentence in the spoken language."""
        minimum = shown_number(GB_EMPLOYERS_LIABILITY_MINIMUM)
        return _(self.message).format(called=_(QUESTIONS[self.field].called), minimum=minimum)

    def broken(self, values: Mapping[str, Any], today: date) -> bool:
        """Whether the settled values break it."""
        return all(values[name] is not None for name in self.reads) and self.fails(values, today)


def domain_of(address: str) -> str:
    """The domain of an email address or of a website, without www."""
    host = urlsplit(address).hostname or "" if "://" in address else address.rpartition("@")[2]
    return host.removeprefix("www.").casefold()


_BETWEEN_ANSWERS = (
    Rule("secondary_contact_email", ("secondary_contact_email", "primary_contact_email"),
         lambda v, _: v["secondary_contact_email"].casefold() == v["primary_contact_email"].casefold(),
         "Enter another address than the primary contact's: the backup is for when that one is not read"),
    Rule("geographic_coverage", ("geographic_coverage", "nationwide_coverage"),
         lambda v, _: v["nationwide_coverage"] and not set(UK_REGIONS) <= set(v["geographic_coverage"]),
         "Tick all twelve UK regions, or answer No to working across the whole UK"),
    Rule("subcontract_percentage", ("subcontract_percentage", "internal_staff_percentage"),
         lambda v, _: v["subcontract_percentage"] + v["internal_staff_percentage"] != 100,
         "Make your own staff's and your subcontractors' percentages add up to 100"),
    Rule("niceic_contractor", ("niceic_contractor", "certifications"),
         lambda v, _: v["niceic_contractor"] and "NICEIC" not in v["certifications"],
         "Tick NICEIC under Trade certifications held in step 3, or answer No here"),
    Rule("mcs_approved", ("mcs_approved", "certifications"),
         lambda v, _: v["mcs_approved"] and "MCS" not in v["certifications"],
         "Tick MCS under Trade certifications held in step 3, or answer No here"),
    Rule("installed_mwp_3y", ("installed_mwp_3y", "projects_completed_3y"),
         lambda v, _: v["projects_completed_3y"] == 0 and v["installed_mwp_3y"] != 0,
         "Enter 0, or correct the number of solar projects completed: without a project nothing can have been installed"),
    Rule("client_reference_email", ("client_reference_email", "primary_contact_email"),
         lambda v, _: domain_of(v["client_reference_email"]) == domain_of(v["primary_contact_email"]),
         "Enter the client's own address: this one has the same domain as your primary contact's"),
    Rule("client_reference_email", ("client_reference_email", "company_website"),
         lambda v, _: domain_of(v["client_reference_email"]) == domain_of(v["company_website"]),
         "Enter the client's own address: this one has the same domain as your website"),
    Rule("employers_liability_cover", ("employers_liability_cover", "company_country"),
         lambda v, _: v["company_country"] == "GB" and v["employers_liability_cover"] < GB_EMPLOYERS_LIABILITY_MINIMUM,
         "Enter a cover of £{minimum} or more: that is the statutory minimum in the UK"),
    Rule("additional_information", ("employers_liability_insurance", "team_size", "company_country"),
         lambda v, _: _without_employers_liability(v) and not v["additional_information"],
         "Explain why there is no employers' liability insurance although the company has employees"),
)  # fmt: skip


def _without_employers_liability(values: Mapping[str, Any]) -> bool:
    return values["employers_liability_insurance"] is False and values["team_size"] > 1 and values["company_country"] == "GB"


def _must_be_true(question: Question) -> Rule:
    sentence = question.missing or question.kind.missing
    return Rule(question.name, (question.name,), lambda values, _: values[question.name] is not True, sentence)


def _on_its_side_of_today(question: Question, kind: Date) -> Rule:
    name = question.name
    if kind.side == "future":
        sentence = "Enter an {called} that is after today: renew it first if it has run out"
        return Rule(name, (name,), lambda values, today: values[name] <= today, sentence)
    return Rule(name, (name,), lambda values, today: values[name] > today, "Enter the {called}, today at the latest")


def _all_rules() -> Iterable[Rule]:
    yield from _BETWEEN_ANSWERS
    yield from (_must_be_true(question) for question in QUESTIONS.values() if question.must_be_true)
    yield from (_on_its_side_of_today(question, question.kind) for question in QUESTIONS.values() if isinstance(question.kind, Date))


RULES: Mapping[str, tuple[Rule, ...]] = {name: tuple(rule for rule in _all_rules() if rule.field == name) for name in QUESTIONS}


@cache
def _reads_of(step: int) -> frozenset[str]:
    """The questions that must be known to judge a step and its documents."""
    questions = frozenset[str]().union(*(_reads(question.name) for question in STEPS[step - 1].questions))
    conditions = [slot.when for slot in STEPS[step - 1].slots if slot.when]
    return questions.union(*(_reads(field) for condition in conditions for field in condition.fields))


@cache
def _reads(name: str) -> frozenset[str]:
    """The questions that must be known to judge one: itself, what its rules read, and what decides whether these are asked."""
    kind = QUESTIONS[name].kind
    by_country = isinstance(kind, Telephone) or (isinstance(kind, Text) and kind.by_country)
    near = {name, *(other for rule in RULES[name] for other in rule.reads), *(("company_country",) if by_country else ())}
    conditions = [when for other in near if (when := QUESTIONS[other].when)]
    return frozenset(near.union(*(condition.fields for condition in conditions)))
