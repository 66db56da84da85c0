"""The renewal of an approved partner on its page: what would change, before and after, and the decision on it apart from the first one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from nicegui import ui
from sqlmodel import Session

from models.application import ApplicationStatus, by_reference
from models.database import today
from models.document import Document
from models.language import _
from models.lapsing import Ending
from models.person import Actor, Right
from models.renewal import Renewal, RenewalState
from models.renewal_review import approve_renewal, ask_renewal, askable, digest, only_by_hand, return_renewal, take_back_renewal
from models.renewing import Proposal
from models.slots import SLOTS
from models.steps import QUESTIONS
from portal.controls import Ask, Deed, Sheet, button
from portal.pages.review.case import Case, Change, expiry_tone, shown, viewable
from portal.render import render
from portal.staff import Desk

S = ApplicationStatus
Typed = dict[str, Any]
#: The element that has the focus when its dialog closes for good.
PLACE = "renewal"


@dataclass(frozen=True)
class Row:
    """One document of a renewal: until when the old is good, the answers that change with it, the files before and after, the reason."""

    ending: Ending
    answers: tuple[Change, ...]
    before: tuple[Document, ...]
    after: tuple[Document, ...]
    why: str

    @property
    def label(self) -> str:
        """Its name, in English."""
        return SLOTS[self.ending.slot].label

    @property
    def over(self) -> bool:
        """Whether it has run out."""
        return bool(self.ending.ends and self.ending.ends < today())


class RenewalPart:
    """The section. It is empty where the application was never approved; after each change it is drawn anew."""

    def __init__(self, desk: Desk, case: Case, after: Callable[[], Awaitable[None]]) -> None:
        self.desk, self.case, self.after, self.client, self.edition = desk, case, after, ui.context.client, _edition(case)
        self.drawn = _drawn(case)
        self.part()

    def show(self, case: Case) -> None:
        """The same as of now. What is being typed into a dialog stays while nothing of the renewal is another."""
        self.case, before, self.drawn = case, self.drawn, _drawn(case)
        if before != self.drawn:
            self.part.refresh()

    @ui.refreshable_method
    def part(self) -> None:
        """What is asked, what came in, and what can be done with it."""
        found = self.case.renewal
        if self.case.application.state not in (S.APPROVED, S.SUSPENDED):
            return
        with ui.element("section").classes("card section renewal").props(f'id={PLACE} aria-labelledby={PLACE}-title tabindex="-1"'):
            ui.html(render(
                "case_renewal.html", case=self.case, renewal=found.renewal if found else None, rows=rows(found) if found else [],
                along=_along(found) if found else [], viewable=viewable, expiry_tone=expiry_tone, stale=self.edition != _edition(self.case),
                suspended=self.case.application.state == S.SUSPENDED,
            ), sanitize=False)  # fmt: skip
            with ui.element("div").classes("deeds"):
                self._deeds(found)

    def _deeds(self, found: Proposal | None) -> None:
        if found and found.renewal.standing == RenewalState.SENT:
            if self.case.actor.may(Right.DECIDE):
                self._button(_("Approve the renewal"), self._approving(found), self._approved, "go", "approve")
            if self.case.actor.may(Right.REVIEW):
                self._button(_("Send back"), self._returning(), self.after, "", "return")
        elif self.case.actor.may(Right.REVIEW):
            self._button(_("Ask for a renewal"), self._asking(found.renewal if found else None), self.after, "", "ask")
            if found and found.renewal.with_partner and only_by_hand(self.case.application, found.standing):
                self._button(_("Take the renewal back"), self._taking_back(), self.after, "", "take-back")

    def _button(self, words: str, deed: Deed, after: Callable[[], Awaitable[None]], look: str, name: str) -> None:
        button(words, Sheet(self.desk, deed, after).open, look, id=f"renewal-{name}")

    async def _approved(self) -> None:
        """Answers and documents all over the page are others now."""
        await self.after()
        self.client.run_javascript(f"location.hash = '{PLACE}'; location.reload()")

    def _approving(self, found: Proposal) -> Deed:
        seen = digest(found)  # as the page shows it: what changes after this is read again before it is decided
        lead = _("The new answers and documents take the places of the old ones, and {company} gets an email. The verdicts and the first "
                 "decision stay as they are.")  # fmt: skip
        return Deed(
            _("Approve the renewal"), lead.format(company=self.case.application.company_name), _("Approve the renewal"),
            _("The renewal is approved."), self._on(approve_renewal, lambda typed: {"message": typed["message"], "seen": seen}),
            (Ask("message", _("Message to the partner"), "long", optional=True),), form=f"renewal approve {self._reference}",
        )  # fmt: skip

    def _returning(self) -> Deed:
        lead = _("The form opens again for the partner, with all that they typed. They get an email with your words.")
        return Deed(
            _("Send the renewal back"), lead, _("Send back"), _("The renewal is sent back."),
            self._on(return_renewal, lambda typed: {"reason": typed["reason"]}),
            (Ask("reason", _("What to correct"), "long", _("The partner reads this in the email and above the form.")),),
            form=f"renewal return {self._reference}",
        )  # fmt: skip

    def _asking(self, renewal: Renewal | None) -> Deed:
        asked = set(renewal.slots) if renewal else set()
        options = {name: _(SLOTS[name].label) for name in askable(self.case.application) if name not in asked}
        read = _("The partner reads this in the email and above the form.")
        lead = _("The partner gets an email and a short form with just these. What runs out within two months is asked for by itself.")
        return Deed(
            _("Ask for a renewal"), lead, _("Ask"), _("The partner is asked for the renewal."),
            self._on(ask_renewal, lambda typed: {"slots": typed["slots"], "message": typed["message"]}),
            (Ask("slots", _("What to renew"), "many", options=options),
             Ask("message", _("Message to the partner"), "long", read, optional=True)),
            form=f"renewal ask {self._reference}",
        )  # fmt: skip

    def _taking_back(self) -> Deed:
        lead = _("The partner is no longer asked for it. What they typed and uploaded for it is not used, and their page says so.")
        return Deed(
            _("Take the renewal back"), lead, _("Take back"), _("The renewal is taken back."),
            self._on(take_back_renewal, lambda _typed: {}),
        )  # fmt: skip

    @property
    def _reference(self) -> str:
        return self.case.application.reference_number or ""

    def _on(self, verb: Callable[..., Any], given: Callable[[Typed], Typed]) -> Callable[[Session, Actor, Typed], Any]:
        """`verb` with the application looked up afresh and locked: what the page shows may be old."""
        reference = self._reference
        return lambda session, actor, typed: verb(session, actor, by_reference(session, reference, lock=True), **given(typed))


def rows(found: Proposal) -> list[Row]:
    """Each document of a renewal with what changes for it."""
    return [_row(found, ending) for ending in found.renewal.endings]


def _row(found: Proposal, ending: Ending) -> Row:
    leaving, standing = found.leaving(ending), [one for one in found.standing if one.slot == ending.slot]
    before = leaving or [one for one in standing if not ending.documents or one.public_id in ending.documents]
    answers = _changes(found, ending.questions)
    return Row(ending, answers, tuple(before), tuple(found.new(ending.slot)), found.renewal.why(ending.slot))


def _along(found: Proposal) -> tuple[Change, ...]:
    """The answers that change because of others."""
    return _changes(found, found.renewal.following)


def _changes(found: Proposal, names: tuple[str, ...]) -> tuple[Change, ...]:
    pairs = {name: pair for name, pair in found.changed.items() if name in names}
    return tuple(
        Change(name, QUESTIONS[name].label, shown(QUESTIONS[name], before), shown(QUESTIONS[name], after))
        for name, (before, after) in pairs.items()
    )  # fmt: skip


def _drawn(case: Case) -> tuple[object, ...]:
    """Differs when the section must be drawn anew."""
    found = case.renewal
    told = (digest(found), found.renewal.state, found.renewal.items, found.renewal.reason, found.renewal.message) if found else ()
    return case.application.status, _edition(case), told


def _edition(case: Case) -> int:
    """Differs when answers were renewed: the sections of an open page are drawn once."""
    return next((event.id or 0 for event in case.history if event.type == "application.renewed"), 0)
