"""The verdict on one section: three buttons, a reason where one is needed, and who said what when."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property, partial

from nicegui import ui
from sqlmodel import Session

from models import review
from models.application import by_reference
from models.errors import Refused
from models.language import _
from models.person import Actor
from models.possible import Action
from models.review import SECTIONS, Ruling
from models.verdict import Overtaken, Seen
from portal.controls import Ask, Field, button
from portal.pages.review.case import Case
from portal.pages.review.overtaken import Notice
from portal.render import render
from portal.staff import Desk, attempt, tell
from portal.unsent import Typed, Unsent

LABELS = {Ruling.PASSED: "Passed", Ruling.CONCERN: "Concern", Ruling.FAILED: "Failed"}
TONES = {Ruling.PASSED: "good", Ruling.CONCERN: "warn", Ruling.FAILED: "bad"}


class VerdictControl:
    """One section's verdict. It is drawn once and then only changed, so a reason half typed survives what others do."""

    def __init__(self, desk: Desk, section: str, case: Case, after: Callable[[], Awaitable[None]]) -> None:
        self.desk, self.section, self.after = desk, section, after
        self.reference = case.application.reference_number or ""
        self.chosen: Ruling | None = None
        self.shown, self.seen, self.busy, self.able = Seen(), Seen(), False, False
        self.unsent = Unsent(f"verdict {self.reference} {section}", self._put_back, self._thrown)
        with ui.element("div").classes("verdict"):
            self._buttons()
            self.standing = ui.html("", sanitize=False).classes("standing")
            self.form = ui.element("div").classes("reason")
            self.form.set_visibility(False)
            self.notice = Notice(self._keep, self._replace)
        self.show(case)
        self.unsent.wait()

    def show(self, case: Case) -> None:
        """The standing verdict, and whether it can be changed now."""
        verdict = case.verdicts.get(self.section)
        self.shown = Seen(verdict.given_at if verdict else None)
        for ruling, made in self.buttons.items():
            made.props["aria-pressed"] = "true" if verdict and verdict.ruling == ruling else "false"
        self.able = case.may(Action.VERDICT)
        self.group.set_visibility(self.able)
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
            self.buttons = {
                ruling: button(_(label), partial(self._press, ruling), f"slim {ruling}", id=f"{ruling}-{self.section}")
                for ruling, label in LABELS.items()
            }

    @cached_property
    def field(self) -> Field:
        """Where the reason is typed; drawn when one is asked for, as most sections never need it."""
        with self.form:
            self.unsent.line()
            made = Field(Ask("reason", _("Why"), "long", _("Whoever decides reads this.")))
            self.unsent.mark(made.place, "reason")
            with ui.element("div").classes("ends"):
                button(_("Cancel"), self._close, "slim")
                button(_("Save the verdict"), self._save, "slim go")
        return made

    async def _press(self, ruling: Ruling) -> None:
        self.chosen, self.seen = ruling, self.shown  # what stands now; while a reason is typed somebody else may change it
        self.notice.hide()
        if ruling == Ruling.PASSED:
            await self._save()
        else:
            self._ask_why(ruling)
            self.unsent.keep("ruling", ruling.value)
            ui.run_javascript(f"desk.focus({self.field.id!r})")

    def _ask_why(self, ruling: Ruling) -> None:
        self.form.set_visibility(True)
        self.form.props["data-ruling"] = ruling.value

    def _put_back(self, kept: Typed) -> None:
        """The reason that was typed before the page was loaded again stands under the verdict it was for."""
        if not self.able or not kept.get("reason", "").strip():
            return
        self.chosen, self.seen = Ruling.FAILED if kept.get("ruling") == Ruling.FAILED else Ruling.CONCERN, self.shown
        self._ask_why(self.chosen)
        self.field.set(kept["reason"])
        self.unsent.say()

    def _thrown(self) -> None:
        self.field.set("")
        self.field.focus()
        if self.chosen:  # the form still stands there for this verdict, and what is typed next is kept for it
            self.unsent.keep("ruling", self.chosen.value)

    async def _save(self) -> None:
        if self.busy:  # a second click while the first is being done
            return
        self.busy = True
        try:
            if await self._given(self.chosen or Ruling.PASSED):
                self._done()
                await self.after()
        finally:
            self.busy = False

    async def _given(self, ruling: Ruling) -> bool:
        reason, seen = "" if ruling == Ruling.PASSED else str(self.field.value), self.seen
        done = _("{section}: {verdict}").format(section=_(SECTIONS[self.section]), verdict=_(LABELS[ruling]))

        def give(session: Session, actor: Actor) -> None:
            application = by_reference(session, self.reference, lock=True)
            review.give_verdict(session, actor, application, self.section, ruling, reason, seen=seen)

        return await attempt(self.desk, give, done=done, refused=self._refuse)

    def _refuse(self, error: Refused) -> None:
        if isinstance(error, Overtaken):
            self.notice.show(error, _(LABELS[error.ruling]))
            self.seen = Seen(error.given_at)  # replaced is what was told of, and nothing later
        elif self.chosen == Ruling.PASSED:  # a pass has no field to say it beside
            tell(error.detail, "negative")
        else:
            self.field.say(error.words)
            self.field.amend()

    async def _keep(self) -> None:
        """Theirs stands; what was typed here is gone, and the page shows what they said."""
        self._done()
        await self.after()

    async def _replace(self) -> None:
        self.notice.hide()
        await self._save()

    def _done(self) -> None:
        had_notice = self.notice.shown
        self.notice.hide()
        self.unsent.sent()
        if "field" in self.__dict__:
            self.field.set("")
        self._close()
        if had_notice:  # the button that had the focus is gone
            ui.run_javascript(f"desk.focus({f'passed-{self.section}'!r})")

    def _close(self) -> None:
        self.notice.hide()
        self.form.set_visibility(False)
        if "field" in self.__dict__:
            self.field.say("")
