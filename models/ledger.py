"""What the rules have checked of an application already, line by line with the evidence: passed, flagged or failed.

Nothing is judged here: models/rules.py says what is wrong, models/flags.py what somebody should look at, and this lists it beside what
was found right. Only what was looked for among other applications (`look_alike`) and the email's domain have no rule elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from string import Formatter
from typing import Any

from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus, submitted_like
from models.document import Document, DocumentState, counts
from models.flags import Flag, doubled, flag_of, flags
from models.language import _, ngettext, shown_date, shown_list, shown_number
from models.rules import EXPIRES_SOON, EXPIRY_DAYS, GB_EMPLOYERS_LIABILITY_MINIMUM, POLICY_DAYS, domain_of, judge, lack, settle
from models.scan import Apart, Verdict
from models.settings import Settings
from models.slots import SLOTS
from models.steps import QUESTIONS, STEPS

Values = Mapping[str, Any]


class Outcome(StrEnum):
    """What came of a check, the most urgent first."""

    FAILED = "failed"
    FLAGGED = "flagged"
    PASSED = "passed"


@dataclass(frozen=True)
class Twin:
    """Another application that has the same."""

    reference: str
    company: str
    state: ApplicationStatus


@dataclass(frozen=True)
class Alike:
    """What other submitted applications share with this one: numbers by the question's name, files by their SHA-256."""

    numbers: Mapping[str, tuple[Twin, ...]] = field(default_factory=dict)
    files: Mapping[str, tuple[Twin, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Scans:
    """What the virus scanner said of the documents: those in quarantine, and the numbers of those that it let through."""

    apart: Sequence[Apart] = ()
    clean: Collection[int] = ()


@dataclass(frozen=True)
class Line:
    """One check. `field` is the question or slot it is about, empty for the section as a whole; `what` is its name in words."""

    section: str
    field: str
    what: str
    outcome: Outcome
    evidence: str
    twins: tuple[Twin, ...] = ()

    @property
    def place(self) -> str:
        """The id of what it is about in the application's page."""
        return f"a-{self.field}" if self.field else f"section-{self.section}"


RUNS = "Runs until {answer}, more than {soon} days from now"
_COVERS = ("public_liability_cover", "employers_liability_cover", "professional_indemnity_cover")

#: Question → the evidence where its rules found nothing; answers stand in it in braces, its own as `{answer}`. "name.abroad" is for
#: companies outside the UK, and a question with rules for the UK alone has no such line there.
EVIDENCE: Mapping[str, str] = {
    "company_registration": "{answer} has the form of a Companies House number",
    "company_registration.abroad": "{answer} has 2 to 30 characters: registers outside the UK are not checked further",
    "vat_number": "{answer}: its form and its check digits are right",
    "vat_number.abroad": "{answer}: its form and its check digits are right",
    "years_trading": "Full years: {answer}",
    "secondary_contact_email": "Another address than the primary contact's",
    "experience_years": "{answer} years of experience, {years_trading} years trading",
    "subcontract_percentage": "{internal_staff_percentage}% by own staff and {answer}% by subcontractors make 100%",
    "niceic_contractor": "Agrees with the trade certifications that are ticked",
    "mcs_approved": "Agrees with the trade certifications that are ticked",
    "installed_mwp_3y": "{answer} MWp in {projects_completed_3y} projects",
    "public_liability_indemnity": "The cover has an 'Indemnity to Principal' clause",
    "contracts_reviewed": "The signatory has reviewed them",
    "client_reference_email": "{answer} is not at the company's own domain",
    **dict.fromkeys(_COVERS, "£{answer}, and the minimum is £{minimum}"),
    **dict.fromkeys(EXPIRY_DAYS, RUNS),
    **dict.fromkeys(POLICY_DAYS, "Signed on {answer}, within the last 12 months"),
}
_UK_ONLY = ("company_registration", "vat_number", "employers_liability_cover")
_NUMBERS = ("company_registration", "vat_number")


def ledger(
    answers: Values, today: date, settings: Settings, files: Sequence[Document] = (), alike: Alike | None = None, scans: Scans | None = None
) -> list[Line]:
    """Every check of stored answers and documents, by section, and in each the failed first, then the flagged, then the passed."""
    values, found = settle(answers), alike or Alike()
    raised = flags(values, today, settings)
    lines = [line for name in QUESTIONS if (line := _of_answer(name, answers, values, raised, today, settings))]
    lines += [*_of_domain(values), *_of_numbers(values, found), *_of_slots(values, files), *_of_expiries(files, today)]
    lines += [*_of_files(files, found), *_of_doubles(files), *_of_scans(files, scans or Scans(), bool(settings.clamd_address))]
    order, urgency = [*(step.name for step in STEPS), "documents"], list(Outcome)
    return sorted(lines, key=lambda line: (order.index(line.section), urgency.index(line.outcome)))


def look_alike(session: Session, application: Application, files: Iterable[Document]) -> Alike:
    """Which other submitted applications have the same registration number, VAT number or documents."""
    same = submitted_like(session, application)
    numbers = {name: tuple(_twin(one) for one in same if getattr(one, name) == getattr(application, name)) for name in _NUMBERS}
    hashes = [one.sha256 for one in files if one.sha256]
    wanted = (
        select(Document.sha256, Application.reference_number, Application.company_name, Application.status)
        .join(Application, col(Application.id) == col(Document.application_id))
        .where(col(Document.sha256).in_(hashes), col(Document.state) == DocumentState.STORED)
        .where(col(Application.id) != application.id, col(Application.reference_number).is_not(None))
        .distinct()
        .order_by(col(Application.reference_number))
    )
    shared: dict[str, tuple[Twin, ...]] = {}
    for sha256, reference, company, status in session.exec(wanted) if hashes else ():
        shared[sha256 or ""] = (*shared.get(sha256 or "", ()), Twin(reference or "", company or "", ApplicationStatus(status)))
    return Alike(numbers, shared)


def tally(lines: Sequence[Line]) -> str:
    """How many there are of each: "14 checked: 12 passed and 2 flagged"."""
    number = {outcome: sum(line.outcome == outcome for line in lines) for outcome in Outcome}
    said = [
        ngettext("{count} passed", "{count} passed", number[Outcome.PASSED]).format(count=shown_number(number[Outcome.PASSED])),
        ngettext("{count} flagged", "{count} flagged", number[Outcome.FLAGGED]).format(count=shown_number(number[Outcome.FLAGGED])),
        ngettext("{count} failed", "{count} failed", number[Outcome.FAILED]).format(count=shown_number(number[Outcome.FAILED])),
    ]
    told = [words for words, outcome in zip(said, reversed(Outcome), strict=True) if number[outcome]]
    whole = ngettext("{count} checked: {outcomes}", "{count} checked: {outcomes}", len(lines))
    return whole.format(count=shown_number(len(lines)), outcomes=shown_list(told))


def _of_answer(name: str, answers: Values, values: Values, raised: list[Flag], today: date, settings: Settings) -> Line | None:
    """What is said of one answer; None where there is none, or nothing that was checked."""
    question = QUESTIONS[name]
    if answers.get(name) is None or not question.asked(values):
        return None
    line = _line_of(STEPS[question.step - 1].name, name, _(question.label))
    if problem := judge(question, answers[name], values, today):
        gone = name in EXPIRY_DAYS and values[name] is not None
        said = _("Expired on {day}").format(day=question.kind.show(values[name])) if gone else _refused(problem.message)
        return line(Outcome.FAILED, said)
    if messages := [flag.message for flag in raised if flag.field == name]:
        return line(Outcome.FLAGGED, " ".join(messages))
    said = _evidence(name, values, settings)
    return line(Outcome.PASSED, said) if said else None


def _refused(sentence: str) -> str:
    return _("The form would not take this now: {sentence}").format(sentence=sentence)


def _evidence(name: str, values: Values, settings: Settings) -> str:
    """Why nothing is wrong with an answer; empty where no rule looked at it, or something that it reads is missing."""
    key = f"{name}.abroad" if name in _UK_ONLY and values["company_country"] != "GB" else name
    if key not in EVIDENCE:
        return ""
    places = {place for _text, place, _form, _conversion in Formatter().parse(EVIDENCE[key]) if place}
    if any(place in QUESTIONS and values[place] is None for place in places):
        return ""
    shown = {place: QUESTIONS[place].kind.show(values[place]) for place in places if place in QUESTIONS}
    limits = {"minimum": shown_number(_minimum(name, settings)), "soon": shown_number(EXPIRES_SOON.days)}
    return _(EVIDENCE[key]).format(answer=QUESTIONS[name].kind.show(values[name]), **shown, **limits)


def _minimum(cover: str, settings: Settings) -> int:
    """The least that a cover must reach, in pounds; 0 where there is none."""
    least = {
        "public_liability_cover": settings.public_liability_minimum,
        "employers_liability_cover": GB_EMPLOYERS_LIABILITY_MINIMUM,
        "professional_indemnity_cover": settings.professional_indemnity_minimum,
    }
    return least.get(cover, 0)


def _of_domain(values: Values) -> Iterator[Line]:
    """Whether the primary contact writes from the domain of the website, or from one below it."""
    email, website = values["primary_contact_email"], values["company_website"]
    if not email or not website:
        return
    line, ours, theirs = _line_of("contact", "primary_contact_email", _("Email and website")), domain_of(email), domain_of(website)
    if f".{ours}".endswith(f".{theirs}") or f".{theirs}".endswith(f".{ours}"):
        yield line(Outcome.PASSED, _("Both are at {domain}").format(domain=min(ours, theirs, key=len)))
    else:
        said = _("The primary contact writes from {email}, and the website is at {website}")
        yield line(Outcome.FLAGGED, said.format(email=ours, website=theirs))


def _of_numbers(values: Values, alike: Alike) -> Iterator[Line]:
    titles = {"company_registration": _("Registration number elsewhere"), "vat_number": _("VAT number elsewhere")}
    for name in _NUMBERS:
        if values[name] is None:
            continue
        line, twins = _line_of("company", name, titles[name]), alike.numbers.get(name, ())
        said = _("Other applications have it, too") if twins else _("No other application has it")
        yield line(Outcome.FLAGGED if twins else Outcome.PASSED, said, twins)


def _of_slots(values: Values, files: Iterable[Document]) -> Iterator[Line]:
    """Each document that is missing; one line where none is."""
    wanted, held = [slot for slot in SLOTS.values() if slot.wanted(values)], counts(files)
    missing = [slot for slot in wanted if lack(slot, values, held)]
    for slot in missing:
        yield _line_of("documents", slot.name, _(slot.label))(Outcome.FAILED, _("Missing, although the answers ask for it"))
    if wanted and not missing:
        said = ngettext("{count} is wanted, and it is there", "{count} are wanted, and all are there", len(wanted))
        yield _line_of("documents", "", _("Documents that the answers ask for"))(
            Outcome.PASSED, said.format(count=shown_number(len(wanted)))
        )


def _of_expiries(files: Iterable[Document], today: date) -> Iterator[Line]:
    """The documents whose uploader gave an expiry date; the other dates are answers."""
    for held in files:
        slot = SLOTS.get(held.slot)
        if slot is None or not slot.asks_expiry or held.expiry_date is None:
            continue
        line, flag = _line_of("documents", slot.name, _(slot.label)), flag_of(held, today)
        if flag is None:
            said = _(RUNS).format(answer=shown_date(held.expiry_date), soon=shown_number(EXPIRES_SOON.days))
            yield line(Outcome.PASSED, said)
        else:
            yield line(Outcome.FAILED if held.expiry_date <= today else Outcome.FLAGGED, flag.message)


def _of_files(files: Sequence[Document], alike: Alike) -> Iterator[Line]:
    """Each file that stands in another application, byte for byte; one line where none does."""
    shared = [held for held in files if alike.files.get(held.sha256 or "")]
    for held in shared:
        said = _("“{name}” stands in other applications, too").format(name=held.file_name)
        line = _line_of("documents", held.slot, _("Same file elsewhere"))
        yield line(Outcome.FLAGGED, said, alike.files[held.sha256 or ""])
    if files and not shared:
        yield _line_of("documents", "", _("Same file elsewhere"))(Outcome.PASSED, _("No file stands in another application"))


def _of_doubles(files: Sequence[Document]) -> Iterator[Line]:
    """Each file that stands in several slots of this application; one line where none does."""
    found = doubled(files)
    for flag in found:
        yield _line_of("documents", flag.field, _("Same file in several places"))(Outcome.FLAGGED, flag.message)
    if len(files) > 1 and not found:
        yield _line_of("documents", "", _("Same file in several places"))(Outcome.PASSED, _("Each file stands in one place"))


def _of_scans(files: Sequence[Document], scans: Scans, is_scanned: bool) -> Iterator[Line]:
    """Each document that the scanner has not let through; one line where it let all of them through. None where nobody scans."""
    for held, scan in scans.apart:
        if scan.verdict == Verdict.FOUND and any(one.slot == held.slot and one.id and held.id and one.id > held.id for one in files):
            continue  # a clean file has come in its place
        line, is_bad = _line_of("documents", held.slot, _("Virus scan")), scan.verdict == Verdict.FOUND
        said = _("“{name}” waits for the virus scanner: it counts when that has looked")
        said = _("A virus was found in “{name}” ({found}): nobody can open it") if is_bad else said
        yield line(Outcome.FAILED if is_bad else Outcome.FLAGGED, said.format(name=held.file_name, found=scan.found))
    if files and not scans.apart and all(held.id in scans.clean for held in files):
        yield _line_of("documents", "", _("Virus scan"))(Outcome.PASSED, _("The scanner looked at every document and found nothing"))
    elif never := [held for held in files if held.id not in scans.clean] if is_scanned else []:
        said = ngettext(
            "The scanner has not looked at {count} document: it came before the scanner was set up, and is looked at during the night",
            "The scanner has not looked at {count} documents: they came before the scanner was set up, and are looked at during the night",
            len(never),
        )
        yield _line_of("documents", "", _("Virus scan"))(Outcome.FLAGGED, said.format(count=shown_number(len(never))))


def _line_of(section: str, field: str, what: str) -> Callable[..., Line]:
    """Makes a line of this check, given its outcome, its evidence and, where there are some, its twins."""
    return lambda outcome, evidence, twins=(): Line(section, field, what, outcome, evidence, twins)


def _twin(application: Application) -> Twin:
    return Twin(application.reference_number or "", application.company_name or "", application.state)
