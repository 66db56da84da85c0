"""One application under review: the answers with their flags, a verdict for each section, the documents beside them, the decision."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from html import escape

from fastapi import FastAPI, Request
from nicegui import ui

from models.errors import Refused
from models.language import _
from models.person import Right
from models.possible import Action
from models.review import SECTIONS
from models.steps import STEPS, step_named
from portal import staff, words
from portal.controls import Sheet, button
from portal.frame import frame, page, static_url
from portal.pages.desk_style import style
from portal.pages.review import conflict, decided, deciding, here
from portal.pages.review.around import Around
from portal.pages.review.asking import Asking
from portal.pages.review.case import expiry_tone, load, viewable
from portal.pages.review.checks import SAYS
from portal.pages.review.chronicle import Chronicle
from portal.pages.review.deciding import Deciding
from portal.pages.review.deeds import deeds
from portal.pages.review.noting import Noting
from portal.pages.review.opening import Opened, keys, note_opened, opened
from portal.pages.review.renewal import RenewalPart
from portal.pages.review.reviewer import ReviewerLine, may_assign
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

    @page("/review/{reference}")
    async def application(request: Request, reference: str) -> None:
        desk, asked = staff.at_desk(request), dict(request.query_params)
        found = await desk.read(Right.READ, partial(opened, reference, asked))
        if found.mentioned:
            await desk.change(partial(note_opened, reference))
        case = found.case
        with frame(_("{company}, review").format(company=case.application.company_name), actor=case.actor, here="/review", wide=True):
            style()
            deciding.style()
            ui.add_head_html(f'<link rel="stylesheet" href="{static_url("case.css")}">')
            ui.add_head_html(f'<link rel="stylesheet" href="{static_url("renewal.css")}">')
            for script in ("case.js", "noting.js"):
                ui.add_head_html(f'<script src="{static_url(script)}" defer></script>')
            Review(desk, found)


class Review:
    """The page of one application. After each action everything that may have changed is shown anew, without a reload."""

    def __init__(self, desk: staff.Desk, found: Opened) -> None:
        self.desk, self.case, self.around, self.client, self.acted = desk, found.case, found.around, ui.context.client, False
        case = found.case
        self.guest = here.arrive(case.application.id or 0, case.actor, show=self.show_others, again=self.quietly)
        self.sheets: dict[Action, Sheet | Asking | Deciding] = {}
        self.sheets |= {action: Sheet(desk, deed, self.moved) for action, deed in deeds(case).items()}
        ways = (deciding.APPROVING, deciding.REJECTING)
        self.ways: list[Asking | Deciding] = [Asking(desk, case, self.moved)]
        self.ways += [Deciding(desk, case, way, self.moved, self.quietly) for way in ways]
        self.sheets |= zip((Action.REQUEST, Action.APPROVE, Action.REJECT), self.ways, strict=True)
        self.reviewer = ReviewerLine(desk, case, found.able, self.done)
        with ui.element("div").classes("case-top"):
            self.head()
            ui.html(render("keys.html", title=_("Keys for this application"), offered=keys(case, found.around)), sanitize=False)
        self.also = ui.html("", sanitize=False).classes("also").props("role=status")
        with ui.element("div").classes("case"):
            with ui.element("div").classes("case-main"):
                self.summary()
                self.renewal = RenewalPart(desk, case, self.done)
                self.verdicts = [self._section(section) for section in SECTIONS]
                self.jump = ui.html(self._jump(), sanitize=False).classes("to-decision")
            with ui.element("aside").classes("case-side") as side:
                side.props["aria-label"] = _("Decision, notes and history")
                self.panel()
                self.noting = Noting(desk, case, found.people, self.done)
                self.background()
                self.chronicle = Chronicle(case.history)
        ui.html(render("viewer.html"), sanitize=False)

    async def done(self) -> None:
        """Something was done here: show what it changed, and let the others who are here see it."""
        await self.again()
        here.changed(self.guest)

    async def moved(self) -> None:
        """The application is a step further: its reader is led to what comes next."""
        self.acted = True
        await self.done()
        self.client.run_javascript("papers.onward()")

    async def quietly(self) -> None:
        """Somebody else did something. Who is signed out by now is not told of it here, and the focus stays where it was."""
        with suppress(Refused):
            await self.again(quietly=True)
            self.client.run_javascript("desk.keep()")

    def show_others(self) -> None:
        """Who else has this application open."""
        people = [(name, f"{since.astimezone(words.OFFICE):%H:%M}") for name, since in here.others(self.guest)]
        self.also.set_content(render("case_also.html", people=people))

    async def again(self, *, quietly: bool = False) -> None:
        """Read the application anew and show it; what somebody else did meanwhile appears too.

        `quietly`: a button stays where nothing about it has changed, as whoever presses it at this moment would press in vain.
        """
        before = self._offers() if quietly else ()
        reference = self.case.application.reference_number or ""
        self.case, self.around = await self.desk.read(Right.READ, lambda session, actor: (
            load(session, actor, reference), self.around and self.around.again(session)))  # fmt: skip
        for part in (self.summary, self.background, *((self.head, self.panel) if self._offers() != before else ())):
            part.refresh()
        for dialog in self.ways:
            dialog.show(self.case)
        self.jump.set_content(self._jump())
        self.renewal.show(self.case)
        self.noting.show(self.case)
        self.chronicle.show(self.case.history)
        for control in self.verdicts:
            control.show(self.case)

    def _offers(self) -> tuple[object, ...]:
        """All that head and panel say, and what their buttons act upon."""
        case = self.case
        around = render("case_head.html", case=case, around=self.around), render("case_panel.html", case=case, onward=self._onward)
        marks = render("case_marks.html", case=case, sections=SECTIONS, labels=LABELS)
        may = [(action, case.why_not(action)) for action in Action]
        return (*around, marks, may, case.stage, repr((case.waiting, case.conditions, case.reviewer, case.conflict)))

    @ui.refreshable_method
    def head(self) -> None:
        """Company, reference, status, and what stands around it in the list."""
        ui.html(render("case_head.html", case=self.case, around=self.around), sanitize=False)
        decided.notices(self.desk, self.case, self.done, self.quietly)
        conflict.notice(self.desk, self.case, self.done)

    @ui.refreshable_method
    def summary(self) -> None:
        """What to know before reading: the open request, changes, flags, possible duplicates."""
        ui.html(render("case_summary.html", case=self.case, sections=SECTIONS, **SAYS), sanitize=False)

    @ui.refreshable_method
    def panel(self) -> None:
        """What can be done now, and why the rest can not."""
        with ui.element("section").classes("card tight").props('id=decision tabindex="-1"'):
            ui.html(render("case_panel.html", case=self.case, onward=self._onward), sanitize=False)
            decided.panel(self.desk, self.case, self.done)
            ui.html(render("case_marks.html", case=self.case, sections=SECTIONS, labels=LABELS), sanitize=False)
            self.reviewer.draw(self.case)
            offered = sorted(filter(self._offered, PANEL), key=lambda action: not self.case.may(action))
            with ui.element("div").classes("deeds") as place:
                place.props["data-commands"] = json.dumps(self._commands(offered), ensure_ascii=False)
                self._deeds(offered)

    @ui.refreshable_method
    def background(self) -> None:
        """Deliveries."""
        ui.html(render("case_background.html", case=self.case, may_operate=self.case.actor.may(Right.OPERATE)), sanitize=False)

    @property
    def _onward(self) -> Around | None:
        """Where a reader who has moved the application a step further may go on."""
        return self.around if self.acted else None

    def _jump(self) -> str:
        return render("case_jump.html", case=self.case, done=len(self.case.verdicts.keys() - self.case.stale), whole=len(SECTIONS))

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
        return self.case.may(action) or (not self.case.application.state.decided and action != Action.REOPEN)

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

    def _commands(self, offered: list[Action]) -> list[dict[str, str]]:
        """What the palette offers here (static/palette.js), and why some of it cannot be done."""
        found = [{"id": f"deed-{action}", "words": _(PANEL[action]), "why": self.case.why_not(action)} for action in offered]
        if self.case.may(Action.UNDO):
            found.append({"id": "undo-decision", "words": _("Undo the decision")})
        if self.case.may(Action.CONFIRM):
            found.append({"id": "confirm-decision", "words": _("Confirm the decision")})
        if may_assign(self.case):
            found += [{"id": "assign-me", "words": _("Assign to me")}, {"id": "assign-choose", "words": _("Choose the reviewer")}]
        return found
