"""What the reviewer is shown: answers that may stand, but that somebody should look at. Flags never stop a submission."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from models.kinds import NONE
from models.language import _, shown_date, shown_list, shown_number
from models.rules import EXPIRES_SOON, is_old
from models.settings import Settings
from models.slots import SLOTS
from models.steps import QUESTIONS, STEPS

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Flag:
    """One thing to look at. `field` is a question's or slot's name, `section` a step's name, or "documents"."""

    field: str
    section: str
    message: str


class Held(Protocol):
    """A stored document, as far as flags look at it."""

    @property
    def slot(self) -> str: ...
    @property
    def file_name(self) -> str: ...
    @property
    def sha256(self) -> str | None: ...
    @property
    def expiry_date(self) -> date | None: ...


def flags(values: Values, today: date, settings: Settings, files: Sequence[Held] = ()) -> list[Flag]:
    """The flags of cleaned answers, of documents with an expiry date of their own and of a file in several places, in the form's order."""
    raised = [sign.flag(values, settings) for sign in SIGNS if sign.raised(values, today, settings)]
    in_order = sorted(raised, key=lambda flag: list(QUESTIONS).index(flag.field))
    return [*in_order, *(flag for held in files if (flag := flag_of(held, today))), *doubled(files)]


@dataclass(frozen=True)
class Sign:
    """Raises a flag on `field` when `shows(values, today, settings)`, once everything in `reads` is answered."""

    field: str
    reads: tuple[str, ...]
    shows: Callable[[Values, date, Settings], bool]
    message: str  # in English; answers and minimums stand in it in braces, and for a date `{day}` and what it is of, `{policy}`

    def raised(self, values: Values, today: date, settings: Settings) -> bool:
        """Whether it shows."""
        return all(values.get(name) is not None for name in self.reads) and self.shows(values, today, settings)

    def flag(self, values: Values, settings: Settings) -> Flag:
        """The flag, in words."""
        shown = {name: QUESTIONS[name].kind.show(values[name]) for name in self.reads}
        shown |= {name: shown_number(getattr(settings, name)) for name in ("public_liability_minimum", "professional_indemnity_minimum")}
        policy = _(QUESTIONS[self.field].label.split(":")[0])
        said = _(self.message).format_map(shown | {"policy": policy, "day": shown.get(self.field, "")})
        return Flag(self.field, STEPS[QUESTIONS[self.field].step - 1].name, said)


def needs_indemnity(values: Values) -> bool:
    """Whether the company designs, for itself or as Principal Designer."""
    return bool(values.get("principal_designer")) or "Design" in (values.get("services_offered") or ())


def _without_employers_liability(values: Values) -> bool:
    return values["employers_liability_insurance"] is False and values["team_size"] > 1


_FLAGS_OF_ANSWERS = (
    Sign("years_trading", ("years_trading",), lambda v, _, __: v["years_trading"] < 2,
         "Trading for fewer than 2 years (full years: {years_trading})"),
    Sign("experience_years", ("experience_years", "years_trading"), lambda v, _, __: v["experience_years"] > v["years_trading"] + 5,
         "{experience_years} years of experience, but only {years_trading} years trading"),
    Sign("niceic_contractor", ("niceic_contractor", "certifications"),
         lambda v, _, __: is_ticked_and_denied("niceic_contractor", v),
         "NICEIC is ticked under Trade certifications, and here the answer is No"),
    Sign("mcs_approved", ("mcs_approved", "certifications"),
         lambda v, _, __: is_ticked_and_denied("mcs_approved", v),
         "MCS is ticked under Trade certifications, and here the answer is No"),
    Sign("public_liability_insurance", ("public_liability_insurance",), lambda v, _, __: v["public_liability_insurance"] is False,
         "No public and product liability insurance"),
    Sign("public_liability_indemnity", ("public_liability_indemnity",), lambda v, _, __: v["public_liability_indemnity"] is False,
         "The public liability cover has no 'Indemnity to Principal' clause"),
    Sign("public_liability_cover", ("public_liability_cover",),
         lambda v, _, s: v["public_liability_cover"] < s.public_liability_minimum,
         "Public liability cover of £{public_liability_cover} is below the minimum of £{public_liability_minimum}"),
    Sign("employers_liability_insurance", ("employers_liability_insurance", "team_size"),
         lambda v, _, __: _without_employers_liability(v),
         "No employers' liability insurance, with {team_size} employees: read the explanation under Anything else"),
    Sign("professional_indemnity_insurance", ("professional_indemnity_insurance",),
         lambda v, _, __: v["professional_indemnity_insurance"] is False and needs_indemnity(v),
         "No professional indemnity insurance, although the company designs or acts as Principal Designer"),
    Sign("professional_indemnity_insurance", ("professional_indemnity_insurance",),
         lambda v, _, __: v["professional_indemnity_insurance"] is False and not needs_indemnity(v),
         "No professional indemnity insurance; the company says that it designs nothing"),
    Sign("professional_indemnity_cover", ("professional_indemnity_cover",),
         lambda v, _, s: v["professional_indemnity_cover"] < s.professional_indemnity_minimum,
         "Professional indemnity cover of £{professional_indemnity_cover} is below the minimum of £{professional_indemnity_minimum}"),
    Sign("hse_notices_last_5_years", ("hse_notices_last_5_years",), lambda v, _, __: v["hse_notices_last_5_years"] != NONE,
         "There were HSE notices in the last 5 years: read what is said of them"),
    Sign("pending_prosecutions", ("pending_prosecutions",), lambda v, _, __: v["pending_prosecutions"] != NONE,
         "There are pending prosecutions: read what is said of them"),
    Sign("contracts_reviewed", ("contracts_reviewed",), lambda v, _, __: v["contracts_reviewed"] is False,
         "The signatory has not reviewed the EPC and O&M contracts: read the clarifications"),
)  # fmt: skip


#: The question that says it with Yes or No → the trade certification that says the same.
CERTIFIED: Mapping[str, str] = {"niceic_contractor": "NICEIC", "mcs_approved": "MCS"}


def is_ticked_and_denied(name: str, values: Values) -> bool:
    """Whether a certification is ticked in step 3 and answered No in step 4; the other way round is a mistake (models/rules.py)."""
    return values.get(name) is False and CERTIFIED[name] in (values.get("certifications") or ())


def _expires_soon(name: str) -> Sign:
    return Sign(name, (name,), lambda v, today, _: v[name] <= today + EXPIRES_SOON, "Expires on {day}: ask for the renewal")


def _old_policy(name: str) -> Sign:
    sentence = "{policy}: signed on {day}, more than 12 months ago, so ask for a newer copy"
    return Sign(name, (name,), lambda v, today, _: is_old(v[name], today), sentence)


_INSURANCES = ("public_liability_expiry", "employers_liability_expiry", "professional_indemnity_expiry")
_POLICIES = tuple(slot.expiry_from.removesuffix("+12m") for slot in SLOTS.values() if slot.expiry_from.endswith("+12m"))
SIGNS = (*_FLAGS_OF_ANSWERS, *map(_expires_soon, _INSURANCES), *map(_old_policy, _POLICIES))


def flag_of(held: Held, today: date) -> Flag | None:
    """The flag on a document whose uploader gave its expiry date: one that has expired, or soon will."""
    slot, day = SLOTS.get(held.slot), held.expiry_date
    if slot is None or not slot.asks_expiry or day is None or day > today + EXPIRES_SOON:
        return None
    said = _("{document}: one expired on {day}") if day <= today else _("{document}: one expires on {day}")
    return Flag(slot.name, "documents", said.format(document=_(slot.label), day=shown_date(day)))


def doubled(files: Iterable[Held]) -> list[Flag]:
    """A flag for each file that stands in several slots of one application, byte for byte, on the first of them."""
    together: dict[str, list[Held]] = {}
    for held in files:
        if held.sha256 and held.slot in SLOTS:
            together.setdefault(held.sha256, []).append(held)
    return [_double(same) for same in together.values() if len({held.slot for held in same}) > 1]


def _double(same: list[Held]) -> Flag:
    places = [_(SLOTS[name].label) for name in dict.fromkeys(held.slot for held in same)]
    said = _("“{name}” is one and the same file in several places: {places}")
    return Flag(same[0].slot, "documents", said.format(name=same[0].file_name, places=shown_list(places)))
