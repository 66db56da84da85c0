"""The verdict on one section: three buttons, a reason where one is needed, and who said what when."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui
from sqlmodel import Session

from models import review
from models.application import by_reference
from models.errors import Refused
from models.language import _
from models.person import Actor
from models.possible import Action
from models.review import SECTIONS, Ruling
from portal.controls import Ask, Field, button
from portal.pages.review.case import Case
from portal.render import render
from portal.staff import Desk, attempt

LABELS = {Ruling.PASSED: "Passed", Ruling.CONCERN: "Concern", Ruling.FAILED: "Failed"}
TONES = {Ruling.PASSED: "good", Ruling.CONCERN: "warn", Ruling.FAILED: "bad"}


class VerdictControl:
    """One section's verdict. It is drawn once and then only changed, so a reason half typed survives what others do."""

    def __init__(self, desk: Desk, section: str, case: Case, after: Callable[[], Awaitable[None]]) -> None:
        self.desk, self.section, self.after = desk, section, after
        self.reference = case.application.reference_number or ""
        self.chosen: Ruling | None = None
        with ui.element("div").classes("verdict"):
            self._buttons()
            self.standing = ui.html("", sanitize=False).classes("standing")
            self._reason()
        self.show(case)

    def show(self, case: Case) -> None:
        """The standing verdict, and whether it can be changed now."""
        verdict = case.verdicts.get(self.section)
        for ruling, made in self.buttons.items():
            made.props["aria-pressed"] = "true" if verdict and verdict.ruling == ruling else "false"
        self.group.set_visibility(case.may(Action.VERDICT))
        said = {
            "verdict": verdict,
            "labels": LABELS,
            "tones": TONES,
            "alone": not case.may(Action.VERDICT),
            "outdated": case.outdated(self.section),
        }
        self.standing.set_content(render("verdict.html", **said))

    def _buttons(self) -> None:
        with ui.element("div").classes("rulings").props("role=group") as self.group:
            self.group.props["aria-label"] = _("Verdict: {section}").format(section=_(SECTIONS[self.section]))
            self.buttons = {ruling: button(_(label), partial(self._press, ruling), f"slim {ruling}") for ruling, label in LABELS.items()}

    def _reason(self) -> None:
        with ui.element("div").classes("reason") as self.form:
            self.field = Field(Ask("reason", _("Why"), "long", _("Whoever decides reads this.")))
            with ui.element("div").classes("ends"):
                button(_("Cancel"), self._close, "slim")
                self.save = button(_("Save the verdict"), self._save, "slim go")
        self.form.set_visibility(False)

    async def _press(self, ruling: Ruling) -> None:
        self.chosen = ruling
        if ruling == Ruling.PASSED:
            await self._save()
        else:
            self.form.set_visibility(True)
            self.form.props["data-ruling"] = ruling.value
            ui.run_javascript(f"desk.focus({self.field.id!r})")

    async def _save(self) -> None:
        ruling, reason = self.chosen or Ruling.PASSED, "" if self.chosen == Ruling.PASSED else str(self.field.value)
        done = _("{section}: {verdict}").format(section=_(SECTIONS[self.section]), verdict=_(LABELS[ruling]))
        refused = None if ruling == Ruling.PASSED else self._refuse  # a pass has no field to say it beside
        if await attempt(self.desk, lambda session, actor: self._give(session, actor, ruling, reason), done=done, refused=refused):
            self.field.set("")
            self._close()
            await self.after()

    def _give(self, session: Session, actor: Actor, ruling: Ruling, reason: str) -> None:
        application = by_reference(session, self.reference, lock=True)
        review.give_verdict(session, actor, application, self.section, ruling, reason)

    def _refuse(self, error: Refused) -> None:
        self.field.say(" ".join(problem.message for problem in error.problems) or error.detail)

    def _close(self) -> None:
        self.form.set_visibility(False)
        self.field.say("")
