"""A step of the form: its questions in cards, opened and checked as the partner types, and its documents.

Saving is the journal's alone (portal/autosave.py); what comes over the socket only decides what is shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from nicegui import run, ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from models import loose
from models.confirmation import FIELD
from models.database import reading
from models.document import counts, stored
from models.kinds import Answers
from models.rules import check_answer, dependents, settle
from models.steps import STEPS, Step
from models.steps.capabilities import UK_REGIONS
from portal.autosave import journal
from portal.frame import frame, static_url
from portal.pages.apply_confirm import Confirm
from portal.pages.apply_documents import Documents
from portal.pages.apply_folder import Folder
from portal.pages.apply_progress import progress
from portal.render import render
from portal.widgets import Field, copy_button, field


class StepPage:
    """One partner's open page of one step. Nothing here is stored: a reload builds it anew from the draft.

    With `check` everything that is wrong or missing is said at once; without, only what the partner has been at.
    """

    def __init__(self, step: Step, folder: Folder, *, check: bool = False) -> None:
        self.step, self.folder, self.check = step, folder, check
        self.answers, self.held = dict(folder.answers), folder.held
        self.fields: dict[str, Field] = {}
        self.cards: list[tuple[Element, list[Field]]] = []
        self.confirm: Confirm | None = None
        self.visited = {q.name for q in step.questions if check or not q.kind.is_empty(folder.answers.get(q.name))}

    def draw(self) -> None:
        """Build the page."""
        with form_frame(f"{self.step.title} – step {self.step.number} of {len(STEPS)}", self.folder):
            self.rail = ui.html(sanitize=False).classes("rail")
            with ui.element("div").classes("questions").props("id=questions"):
                ui.html(render("apply_heading.html", step=self.step, last=len(STEPS), asked=self.folder.request), sanitize=False)
                self._cards()
                self.documents = Documents(self.step, self.folder, lacking=self.check)
                self._ways_on()
        self._show()
        self._judge(self.visited)
        ui.on("answers", self.heard)
        ui.on("left", self.leave)
        ui.on("filed", self.filed)

    def heard(self, event: GenericEventArguments) -> None:
        """Answers changed in the browser: open and close what depends on them, fill in what follows, check again."""
        changed = {name: value for name, value in _mapping(event.args).items() if name in self.fields}
        self.answers |= changed
        touched = set(changed) | self._fill_in(changed)
        self._show()
        self._judge({other for name in touched for other in (name, *dependents(name))} & self.visited)

    def leave(self, event: GenericEventArguments) -> None:
        """The partner has left a question: from now on it is told what is wrong."""
        if isinstance(event.args, str) and event.args in self.fields:
            self.visited.add(event.args)
            self._judge({event.args})

    async def filed(self, _: GenericEventArguments) -> None:
        """A document came or went."""
        self.held = await run.io_bound(_held, self.folder.application.id) or {}
        self._show()

    def _cards(self) -> None:
        values = settle(self.answers)
        for section, questions in self.step.sections.items():
            with ui.element("section").classes("card") as card:
                with ui.element("div").classes("card-head"):
                    ui.html(section, sanitize=False, tag="h2")
                    copy_button(questions)
                with ui.element("div").classes("fields"):
                    made = []
                    for question in questions:
                        made.append(field(question, self.answers.get(question.name), asked=question.asked(values)))
                        if question.name == FIELD:
                            self.confirm = Confirm(self.folder, self._show)
            self.cards.append((card, made))
            self.fields |= {one.question.name: one for one in made}

    def _ways_on(self) -> None:
        names = ["", *(step.name for step in STEPS), "check"]
        before, after = names[self.step.number - 1], names[self.step.number + 1]
        ui.html(render("apply_ways.html", before=before, after=after), sanitize=False)

    def _show(self) -> None:
        """Bring what depends on answers up to date: questions, cards, document slots and the rail."""
        values = settle(self.answers)
        for one in self.fields.values():
            one.show(one.question.asked(values))
        for card, fields in self.cards:
            card.classes(**{"remove" if any(one.asked for one in fields) else "add": "closed"})
        if self.confirm:
            self.confirm.show(self.answers)
        self.documents.show(values, self.held)
        self.rail.set_content(progress(self.step.name, self.answers, self.held, self.folder.confirmed))

    def _judge(self, names: set[str]) -> None:
        for one in (self.fields[name] for name in names if name in self.fields):
            problem = check_answer(one.question, self.answers.get(one.question.name), self.answers)
            one.say(problem.message if problem else "")

    def _fill_in(self, changed: Answers) -> set[str]:
        """Write what follows from an answer into other questions, and answer which; the browser journals it as if typed."""
        follows = {other: value for name in changed if name in FILLS for other, value in FILLS[name](self.answers).items()}
        filled = {other: value for other, value in follows.items() if other not in changed and value != self.answers.get(other)}
        for other, value in filled.items():
            ui.run_javascript(f"form.write({json.dumps(other)}, {json.dumps(value)})")
        self.answers |= filled
        self.visited |= set(filled)
        return set(filled)


@contextmanager
def form_frame(title: str, folder: Folder) -> Iterator[None]:
    """The frame of every page of the form, with its stylesheet, journal and scripts, and the two columns inside."""
    with frame(title, status=True):
        ui.add_head_html(f'<link rel="stylesheet" href="{static_url("form.css")}">')
        journal(folder.application.id or 0, folder.saved_at)
        for name in ("form.js", "uploads.js", "partner.js"):
            ui.add_head_html(f'<script src="{static_url(name)}" defer></script>')
        with ui.element("div").classes("form"):
            yield


def _rest(name: str, other: str, answers: Answers) -> dict[str, Any]:
    """The other percentage: what is left of 100."""
    share = loose.number(answers.get(name))
    return {other: str(100 - int(share))} if share is not None and 0 <= share <= 100 and share == int(share) else {}


def _regions(answers: Answers) -> dict[str, Any]:
    """Who works across the whole UK covers its twelve regions."""
    if loose.truth(answers.get("nationwide_coverage")) is not True:
        return {}
    ticked = loose.items(answers.get("geographic_coverage")) or []
    return {"geographic_coverage": [*UK_REGIONS, *(one for one in ticked if one not in UK_REGIONS)]}


#: What one answer fills in elsewhere.
FILLS: Mapping[str, Callable[[Answers], dict[str, Any]]] = {
    "internal_staff_percentage": partial(_rest, "internal_staff_percentage", "subcontract_percentage"),
    "subcontract_percentage": partial(_rest, "subcontract_percentage", "internal_staff_percentage"),
    "nationwide_coverage": _regions,
}


def _mapping(args: object) -> Mapping[str, Any]:
    """What the browser sent, if it is a mapping: a page can be made to send anything (FACTS 95)."""
    return args if isinstance(args, dict) else {}


def _held(application_id: int | None) -> dict[str, int]:
    with reading() as session:
        return counts(stored(session, application_id))
