"""A step of the form: its questions in cards, opened and checked as the partner types, and its documents.

Saving is the journal's alone (portal/autosave.py); what comes over the socket only decides what is shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from nicegui import run, ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from models import loose
from models.database import reading
from models.document import counts, stored
from models.errors import NotFound
from models.kinds import Answers
from models.question import Question
from models.rules import check_answer, dependents, settle
from models.steps import STEPS, Step
from models.steps.capabilities import UK_REGIONS
from portal.autosave import journal
from portal.frame import frame, static_url
from portal.pages.apply_documents import Documents
from portal.pages.apply_folder import Folder
from portal.pages.apply_progress import progress, stages
from portal.widgets import Field, copy_button, field


def named(name: str) -> Step:
    """The step with this name in its address; NotFound for any other word."""
    found = next((step for step in STEPS if step.name == name), None)
    if found is None:
        raise NotFound("The form has no such page.")
    return found


class StepPage:
    """One partner's open page of one step. Nothing here is stored: a reload builds it anew from the draft."""

    def __init__(self, step: Step, folder: Folder, *, check: bool = False) -> None:
        self.step, self.folder, self.answers = step, folder, dict(folder.answers)
        self.held = folder.held
        self.fields: dict[str, Field] = {}
        self.cards: list[tuple[Element, list[Field]]] = []
        #: Questions the partner has been at: only these are told what is wrong.
        self.visited = {q.name for q in step.questions if check or not q.kind.is_empty(folder.answers.get(q.name))}

    def draw(self) -> None:
        """Build the page."""
        title = f"{self.step.title} – step {self.step.number} of {len(STEPS)}"
        with frame(title, status=True):
            form_head(self.folder)
            with ui.element("div").classes("form"):
                self.rail = ui.html(sanitize=False).classes("rail")
                with ui.element("div").classes("questions").props("id=questions"):
                    self._heading()
                    for section, questions in self.step.sections.items():
                        self._card(section, questions)
                    self.documents = Documents(self.step, self.folder)
                    self._ways_on()
        self._show()
        for name in self.visited:
            self._judge(name)
        ui.on("answers", self.heard)
        ui.on("left", self.leave)
        ui.on("filed", self.filed)

    def heard(self, event: GenericEventArguments) -> None:
        """Answers changed in the browser: open and close what depends on them, fill in what follows, check again."""
        changed = {name: value for name, value in _mapping(event.args).items() if name in self.fields}
        self.answers |= changed
        for name in changed:
            self._fill(name, changed)
        self._show()
        for name in {other for name in changed for other in (name, *dependents(name))} & self.visited:
            self._judge(name)

    def leave(self, event: GenericEventArguments) -> None:
        """The partner has left a question: from now on it is told what is wrong."""
        if event.args in self.fields:
            self.visited.add(event.args)
            self._judge(event.args)

    async def filed(self, _: GenericEventArguments) -> None:
        """A document came or went."""
        self.held = await run.io_bound(_held, self.folder.application.id) or {}
        self._show()

    def _heading(self) -> None:
        ui.html(
            f'<p class="eyebrow">Step {self.step.number} of {len(STEPS)}</p><h1>{escape(self.step.title)}</h1>'
            f'<p class="lead">{escape(self.step.lead)} Everything is saved as you type.</p>{request_notice(self.folder, self.step)}',
            sanitize=False,
        )

    def _card(self, section: str, questions: tuple[Question, ...]) -> None:
        values = settle(self.answers)
        with ui.element("section").classes("card").props["aria-label"] if False else ui.element("section").classes("card") as card:
            with ui.element("div").classes("card-head"):
                ui.html(escape(section), sanitize=False, tag="h2")
                copy_button(questions)
            with ui.element("div").classes("fields"):
                made = [field(q, self.answers.get(q.name), asked=q.asked(values)) for q in questions]
        self.fields |= {one.question.name: one for one in made}
        self.cards.append((card, made))

    def _ways_on(self) -> None:
        before = STEPS[self.step.number - 2].name if self.step.number > 1 else ""
        after = STEPS[self.step.number].name if self.step.number < len(STEPS) else "check"
        back = f'<a class="btn" href="/apply/{before}" data-settle>Back</a>' if before else ""
        ui.html(f'{back}<a class="btn go" href="/apply/{after}" data-settle>Save and continue</a>', sanitize=False).classes("ways")

    def _show(self) -> None:
        """Bring what depends on answers up to date: questions, cards, document slots and the rail."""
        values = settle(self.answers)
        for one in self.fields.values():
            one.show(one.question.asked(values))
        for card, fields in self.cards:
            card.classes(**{"remove" if any(one.asked for one in fields) else "add": "closed"})
        self.documents.show(values, self.held)
        self.rail.set_content(progress(self.step.name, stages(self.answers, self.held)))

    def _judge(self, name: str) -> None:
        one = self.fields[name]
        problem = check_answer(one.question, self.answers.get(name), self.answers)
        one.say(problem.message if problem else "")

    def _fill(self, name: str, changed: Answers) -> None:
        for other, value in FILLS[name](self.answers).items() if name in FILLS else ():
            if other not in changed and value != self.answers.get(other):
                self.answers[other] = value
                self.visited.add(other)
                ui.run_javascript(f"form.write({json.dumps(other)}, {json.dumps(value)})")
                self._judge(other)


def form_head(folder: Folder) -> None:
    """What every page of the form loads: its stylesheet, the journal and its scripts."""
    ui.add_head_html(f'<link rel="stylesheet" href="{static_url("form.css")}">')
    journal(folder.application.id or 0, folder.saved_at)
    for name in ("form.js", "uploads.js"):
        ui.add_head_html(f'<script src="{static_url(name)}" defer></script>')


def request_notice(folder: Folder, step: Step | None = None) -> str:
    """What staff asked for, where it concerns this step, as HTML; empty if nothing is asked."""
    if folder.request is None:
        return ""
    return f'<div class="notice warn"><h2>We need something more</h2><p class="pre">{escape(folder.request.message)}</p><p><a href="/apply/status">See the whole request</a></p></div>'


def _rest(other: str) -> Callable[[str], Callable[[Answers], dict[str, Any]]]:
    def of(name: str) -> Callable[[Answers], dict[str, Any]]:
        def rest(answers: Answers) -> dict[str, Any]:
            share = loose.number(answers.get(name))
            return {other: str(100 - int(share))} if share is not None and 0 <= share <= 100 and share == int(share) else {}

        return rest

    return of


def _regions(answers: Answers) -> dict[str, Any]:
    if loose.truth(answers.get("nationwide_coverage")) is not True:
        return {}
    ticked = loose.items(answers.get("geographic_coverage")) or []
    return {"geographic_coverage": [*UK_REGIONS, *(one for one in ticked if one not in UK_REGIONS)]}


#: What one answer fills in elsewhere: the other percentage, and the UK's regions.
FILLS: Mapping[str, Callable[[Answers], dict[str, Any]]] = {
    "internal_staff_percentage": _rest("subcontract_percentage")("internal_staff_percentage"),
    "subcontract_percentage": _rest("internal_staff_percentage")("subcontract_percentage"),
    "nationwide_coverage": _regions,
}


def _mapping(args: object) -> Mapping[str, Any]:
    """What the browser sent, if it is a mapping: a page may be made to send anything."""
    return args if isinstance(args, dict) else {}


def _held(application_id: int | None) -> dict[str, int]:
    with reading() as session:
        return counts(stored(session, application_id))
