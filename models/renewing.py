"""What a partner does with a renewal: types into it, puts documents beside the standing ones, and sends it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session

from models.application import Application
from models.database import now, today
from models.document import Document, proposed, stored
from models.draft import plain
from models.errors import Conflict, Invalid, Problem
from models.event import record
from models.language import _, ngettext, shown_date, shown_number
from models.lapsing import Ending
from models.merge import Answer, Merge, Outcome, marks_of
from models.person import partner
from models.renewal import WHY, Renewal, RenewalState, keep, live_renewal
from models.resubmission import Pair, as_json
from models.rules import clean, lack, settle
from models.scan import must_have_been_scanned
from models.slots import SLOTS, Slot
from models.steps import QUESTIONS, place_of

LONGEST_WHY = 2000


@dataclass(frozen=True)
class Proposal:
    """A renewal with what it would change: the standing values and documents, and those that the partner puts in their place."""

    renewal: Renewal
    values: Mapping[str, Any]
    standing: tuple[Document, ...]
    proposed: tuple[Document, ...]

    @property
    def answers(self) -> dict[str, Any]:
        """The whole form as it would be, as typed."""
        known = set(self.renewal.reach) & set(QUESTIONS)
        return {**as_json(self.values), **{name: value for name, value in self.renewal.answers.items() if name in known}}

    @property
    def settled(self) -> dict[str, Any]:
        """The whole form as it would be, settled."""
        return settle(self.answers)

    @property
    def changed(self) -> dict[str, Pair]:
        """The answers that would change, as JSON before and after. What a No takes away with it is named, too."""
        before, after = as_json(self.values), as_json(self.settled)
        asked = (*self.renewal.questions, *self.renewal.following)
        return {name: [before[name], after[name]] for name in asked if before[name] != after[name]}

    @property
    def held(self) -> dict[str, int]:
        """How many documents each slot would hold: of what is renewed the new ones alone."""
        ours = set(self.renewal.slots)
        found: dict[str, int] = {}
        for one in (*self.proposed, *(one for one in self.standing if one.slot not in ours)):
            found[one.slot] = found.get(one.slot, 0) + 1
        return found

    def new(self, slot: str) -> list[Document]:
        """The proposed documents of a slot."""
        return [one for one in self.proposed if one.slot == slot]

    def leaving(self, ending: Ending) -> list[Document]:
        """The standing documents whose places the new ones take, or that go without: nothing where nothing is new or explained."""
        ours = [one for one in self.standing if one.slot == ending.slot]
        if not SLOTS[ending.slot].offered(self.settled):
            return ours
        if not (self.new(ending.slot) or self.renewal.why(ending.slot)):
            return []
        return [one for one in ours if one.public_id in ending.documents] if SLOTS[ending.slot].multiple else ours


def proposal_of(session: Session, application: Application, renewal: Renewal) -> Proposal:
    """A renewal beside what stands now."""
    files = stored(session, application.id), proposed(session, application.id)
    return Proposal(renewal, application.answers(), tuple(files[0]), tuple(files[1]))


def renewal_with_partner(session: Session, application: Application, *, lock: bool = False) -> Renewal:
    """The renewal that the partner is asked for. Conflict if there is none, or it is with us."""
    found = live_renewal(session, application.id, lock=lock)
    if found is None or not found.with_partner:
        raise Conflict(_("Nothing is to be renewed at the moment, so nothing can be changed."))
    return found


def save_renewal(session: Session, application: Application, changes: Sequence[Answer], by: str) -> tuple[Merge, Outcome]:
    """Merge typed answers into the renewal and say what became of each, as models/draft.py `save_answers` does for a draft.

    The application must be locked. Conflict if nothing is to be renewed or something else than the renewal asks for is changed.
    """
    renewal, outcome = renewal_with_partner(session, application), Outcome()
    if locked := [change.name for change in changes if change.name not in renewal.reach]:
        raise Conflict(_("Only what is to be renewed can be changed now."), [Problem(name, _locked()) for name in locked])
    merge = Merge(dict(renewal.answers), marks_of(renewal.marks))
    merge.take(changes, by, outcome)
    if merge.dirty:
        renewal.answers, renewal.marks, renewal.saved_at = merge.answers, plain(merge.marks), now()  # new dicts: FACTS 34
        session.add(renewal)
    return merge, outcome


def send_renewal(session: Session, application: Application, by: str = "") -> Renewal:
    """Hand the renewal over to the office; what stands stays until it is approved. The application must be locked.

    Invalid lists everything that is wrong or missing.
    """
    renewal = renewal_with_partner(session, application, lock=True)
    must_have_been_scanned(session, application.id, renewal.slots)
    found = proposal_of(session, application, renewal)
    if problems := problems_of(found, today()):
        count = len(problems)
        told = ngettext("The renewal is not complete: {count} thing needs attention.",
                        "The renewal is not complete: {count} things need attention.", count)  # fmt: skip
        raise Invalid(told.format(count=shown_number(count)), problems)
    renewal.sent_at, renewal.decided_at, renewal.reason = now(), None, ""
    keep(session, renewal, RenewalState.SENT)
    record(
        session, "application.renewal_sent", partner(by or application.company_name or ""), application_id=application.id,
        renewal=renewal.id, changed=found.changed, documents=names_of(found),
    )  # fmt: skip
    return renewal


def problems_of(found: Proposal, today: date) -> list[Problem]:
    """All that stands between a renewal and its sending, in the form's order: the form's own rules, and that something really is new."""
    asked = {*found.renewal.questions, *found.renewal.following}
    wrong = [problem for problem in clean(found.answers, today)[1] if problem.field in asked]
    known = {problem.field for problem in wrong}
    wrong += [problem for one in found.renewal.endings for problem in _of_ending(found, one, today) if problem.field not in known]
    order = [*QUESTIONS, *SLOTS]
    return sorted(wrong, key=lambda problem: order.index(problem.field.removeprefix(WHY)))


def names_of(found: Proposal) -> dict[str, Pair]:
    """The documents that would change, by slot: the names before and after."""
    pairs = {}
    for one in found.renewal.endings:
        new, leaving = found.new(one.slot), found.leaving(one)
        if new or leaving:
            pairs[one.slot] = [[old.file_name for old in leaving], [other.file_name for other in new]]
    return pairs


def _of_ending(found: Proposal, ending: Ending, today: date) -> Iterator[Problem]:
    """What is wrong with one document that runs out."""
    slot, settled = SLOTS[ending.slot], found.settled
    if not slot.offered(settled):
        return
    if not slot.asks_expiry and (problem := still_ends(slot, ending, settled)):
        yield problem
    new, why = found.new(slot.name), found.renewal.why(slot.name)
    if len(why) > LONGEST_WHY:
        told = _("Shorten this to {count} characters.").format(count=shown_number(LONGEST_WHY))
        yield Problem(f"{WHY}{slot.name}", told, slot.step)
    if not new and not why and (slot.wanted(settled) or slot.asks_expiry):
        yield lack(slot, settled, {}) or Problem(slot.name, _("Upload the {called}").format(called=_(slot.called)), slot.step)
    if slot.asks_expiry:
        yield from (problem for one in new if (problem := undated(slot, one, today)))


def still_ends(slot: Slot, ending: Ending, settled: Mapping[str, Any]) -> Problem | None:
    """What is wrong with a day that is no later than the one that runs out; None if it is later, or a reviewer asked and it need not be."""
    ends, name = slot.expiry(settled), slot.expiry_from.removesuffix("+12m")
    if ending.by_hand or ends is None or ending.ends is None or ends > ending.ends:
        return None
    place = place_of(name)
    said = _("This is still the day before the renewal: enter the new {called}").format(called=_(QUESTIONS[name].called))
    return Problem(name, said, place.number if place else None)


def undated(slot: Slot, one: Document, today: date) -> Problem | None:
    """What is wrong with the day of a new document: it is missing, or over."""
    if one.expiry_date is None:
        return Problem(slot.name, _("Say until when “{name}” is valid").format(name=one.file_name), slot.step)
    if one.expiry_date < today:
        said = _("“{name}” ran out on {day}. Upload the current one, or correct the date")
        return Problem(slot.name, said.format(name=one.file_name, day=shown_date(one.expiry_date)), slot.step)
    return None


def _locked() -> str:
    return _("This is not part of the renewal.")
