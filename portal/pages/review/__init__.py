"""One application under review: the answers with their flags, a verdict for each section, the documents beside them, the decision."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from html import escape

from fastapi import FastAPI, Request
from nicegui import ui
from sqlmodel import Session

from models import review
from models.application import TRANSITIONS, by_reference
from models.errors import Refused
from models.language import _
from models.person import Actor, Right
from models.possible import Action
from models.review import SECTIONS
from models.steps import STEPS, step_named
from portal import staff, words
from portal.controls import Ask, Fields, Sheet, button
from portal.frame import frame, static_url
from portal.pages.desk import style
from portal.pages.review import here
from portal.pages.review.asking import Asking
from portal.pages.review.case import Case, expiry_tone, load, viewable
from portal.pages.review.checks import SAYS
from portal.pages.review.deeds import deeds
from portal.pages.review.story import story
from portal.pages.review.verdict import LABELS, VerdictControl
from portal.render import render

#: The decision panel's buttons; those that are possible now come first.
PANEL = {
    Action.REVIEWED: "Mark reviewed", Action.APPROVE: "Approve", Action.REJECT: "Reject", Action.REQUEST: "Request information",
    Action.REOPEN: "Go back to the review",
}  # fmt: skip
LOOKS = {Action.REVIEWED: "go", Action.APPROVE: "go", Action.REJECT: "danger"}


def install(__: FastAPI) -> None:
    """Register /review/{reference}."""

    @ui.page("/review/{reference}")
    async def application(request: Request, reference: str) -> None:
        desk = staff.at_desk(request)
        case = await desk.read(Right.READ, lambda session, actor: load(session, actor, reference))
        with frame(_("{company}, review").format(company=case.application.company_name), actor=case.actor, here="/review", wide=True):
            style()
            ui.add_head_html(f'<link rel="stylesheet" href="{static_url("case.css")}">')
            ui.add_head_html(f'<script src="{static_url("case.js")}" defer></script>')
            Review(desk, case)


class Review:
    """The page of one application. After each action everything that may have changed is shown anew, without a reload."""

    def __init__(self, desk: staff.Desk, case: Case) -> None:
        self.desk, self.case, self.client = desk, case, ui.context.client
        self.guest = here.arrive(case.application.id or 0, case.actor, show=self.show_others, again=self.quietly)
        self.sheets: dict[Action, Sheet | Asking] = {action: Sheet(desk, deed, self.done) for action, deed in deeds(case).items()}
        self.sheets[Action.REQUEST] = Asking(desk, case, self.done)
        self.head()
        self.also = ui.html("", sanitize=False).classes("also").props("role=status")
        with ui.element("div").classes("case"):
            with ui.element("div").classes("case-main"):
                self.summary()
                self.verdicts = [self._section(section) for section in SECTIONS]
            with ui.element("aside").classes("case-side") as side:
                side.props["aria-label"] = _("Decision, notes and history")
                self.panel()
                self._notes()
                self.background()
        ui.html(render("viewer.html"), sanitize=False)

    async def done(self) -> None:
        """Something was done here: show what it changed, and let the others who are here see it."""
        await self.again()
        here.changed(self.guest)

    async def quietly(self) -> None:
        """Somebody else did something. Who is signed out by now is not told of it here, and the focus stays where it was."""
        with suppress(Refused):
            await self.again()
            self.client.run_javascript("desk.keep()")

    def show_others(self) -> None:
        """Who else has this application open."""
        people = [(name, f"{since.astimezone(words.OFFICE):%H:%M}") for name, since in here.others(self.guest)]
        self.also.set_content(render("case_also.html", people=people))

    async def again(self) -> None:
        """Read the application anew and show it; what somebody else did meanwhile appears too."""
        reference = self.case.application.reference_number or ""
        self.case = await self.desk.read(Right.READ, lambda session, actor: load(session, actor, reference))
        for part in (self.head, self.summary, self.panel, self.noted, self.background):
            part.refresh()
        for control in self.verdicts:
            control.show(self.case)

    @ui.refreshable_method
    def head(self) -> None:
        """Company, reference, status."""
        ui.html(render("case_head.html", case=self.case), sanitize=False)

    @ui.refreshable_method
    def summary(self) -> None:
        """What to know before reading: the open request, changes, flags, possible duplicates."""
        ui.html(render("case_summary.html", case=self.case, sections=SECTIONS, **SAYS), sanitize=False)

    @ui.refreshable_method
    def panel(self) -> None:
        """What can be done now, and why the rest can not."""
        with ui.element("section").classes("card tight").props('id=decision tabindex="-1"'):
            ui.html(render("case_panel.html", case=self.case, sections=SECTIONS, labels=LABELS), sanitize=False)
            with ui.element("div").classes("deeds"):
                self._deeds(sorted(filter(self._offered, PANEL), key=lambda action: not self.case.may(action)))

    @ui.refreshable_method
    def noted(self) -> None:
        """The notes so far."""
        ui.html(render("case_notes.html", notes=self.case.notes), sanitize=False)

    @ui.refreshable_method
    def background(self) -> None:
        """Deliveries and history."""
        lines = story(self.case.history)
        may_operate = self.case.actor.may(Right.OPERATE)
        ui.html(render("case_background.html", case=self.case, lines=lines, may_operate=may_operate), sanitize=False)

    def _section(self, section: str) -> VerdictControl:
        with ui.element("section").classes("card section").props(f"id=section-{section} aria-labelledby=title-{section}"):
            with ui.element("div").classes("section-head"):
                ui.html(escape(_(SECTIONS[section])), sanitize=False, tag="h2").props(f"id=title-{section}")
                control = VerdictControl(self.desk, section, self.case, self.done)
            step = step_named(section)
            ui.html(render("case_section.html" if step else "case_documents.html", case=self.case, step=step, steps=STEPS,
                           viewable=viewable, expiry_tone=expiry_tone, **SAYS), sanitize=False)  # fmt: skip
        return control

    def _offered(self, action: Action) -> bool:
        """Whether a button stands in the panel at all: what the status excludes for good is left out."""
        return self.case.may(action) or (bool(TRANSITIONS[self.case.application.state]) and action != Action.REOPEN)

    def _deeds(self, offered: list[Action]) -> None:
        """The buttons; under those that cannot be used stands why. Where one reason bars all of them, it stands alone."""
        reasons = [self.case.why_not(action) for action in offered]
        if reasons and all(reasons) and len(set(reasons)) == 1:
            ui.html(escape(reasons[0]), sanitize=False, tag="p").classes("why")
            return
        for number, action in enumerate(offered):
            made = button(_(PANEL[action]), self.sheets[action].open, LOOKS.get(action, ""), id=f"deed-{action}")
            if reasons[number]:
                made.props.update({"disabled": True, "title": reasons[number]})
            if reasons[number] and reasons[number] not in reasons[number + 1 : number + 2]:
                ui.html(escape(reasons[number]), sanitize=False, tag="p").classes("why")

    def _notes(self) -> None:
        with ui.element("section").classes("card tight"):
            notes, only = escape(_("Notes")), escape(_("Only staff see them."))
            ui.html(f'<h2>{notes}</h2><p class="small mute">{only}</p>', sanitize=False)
            if self.case.may(Action.NOTE):
                self.note = Fields((Ask("text", _("New note"), "long"),))
                button(_("Add the note"), self._add_note, "slim")
            self.noted()

    async def _add_note(self) -> None:
        text, reference = self.note.values["text"], self.case.application.reference_number or ""
        write = partial(_write_note, reference, text)
        if await staff.attempt(self.desk, write, done=_("The note is saved."), refused=self.note.refuse):
            self.note.fill()
            await self.done()


def _write_note(reference: str, text: str, session: Session, actor: Actor) -> None:
    review.add_note(session, actor, by_reference(session, reference), text)
