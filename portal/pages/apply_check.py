"""*Check your answers*: all that was asked and answered, what is missing, and *Submit*."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response
from nicegui import ui

from models.application import submit
from models.database import transaction
from models.document import Document
from models.errors import Conflict, Invalid, Problem
from models.kinds import Answers
from models.question import Question
from models.rules import settle
from models.slots import SLOTS
from models.steps import QUESTIONS, STEPS, Step
from portal.api.partner import admit
from portal.pages.apply_folder import Folder, folder_of
from portal.pages.apply_progress import CHECK, progress
from portal.pages.apply_step import form_frame
from portal.render import render
from portal.widgets import as_typed


@dataclass(frozen=True)
class Line:
    """One question or document as it will be sent. `shown` is empty where nothing was given, `wrong` where nothing is amiss."""

    name: str
    label: str
    required: bool
    shown: str = ""
    wrong: str = ""
    documents: tuple[Document, ...] = ()


@dataclass(frozen=True)
class Chapter:
    """A step with its lines under their headings; documents stand under their own."""

    step: Step
    sections: dict[str, list[Line]]


def draw(folder: Folder, *, missing: bool = False) -> None:
    """The page; with `missing` the reader comes from *Submit*, so what is missing gets the focus."""
    problems = folder.problems()
    shown = {
        "chapters": chapters(folder, problems), "problems": problems, "steps": STEPS, "focus": missing, "application": folder.application,
        "declarant": as_typed(QUESTIONS["declarant_name"], folder.answers.get("declarant_name")),
    }  # fmt: skip
    with form_frame("Check your answers", folder):
        ui.html(progress(CHECK, folder.answers, folder.held, folder.confirmed), sanitize=False).classes("rail")
        with ui.element("div").classes("questions").props("id=questions data-stale=reload"):
            ui.html(render("apply_check.html", **shown), sanitize=False)


def send(request: Request, application: Annotated[int, Form()]) -> Response:
    """Submit what is stored, once: a second click finds it sent. A plain route, so that it needs no open socket.

    `application` is the one that was read on the page: another may have been opened in this browser since.
    """
    invitation = admit(request, None)
    try:
        with transaction() as session:
            folder = folder_of(session, invitation, lock=True)
            if folder.application.id != application:
                return RedirectResponse("/apply/check", 303)
            submit(session, folder.application, folder.answers, folder.held)
    except Invalid:
        return RedirectResponse("/apply/check?missing=1", 303)
    except Conflict:
        pass  # sent already, by the first of two clicks or by a colleague: the status page says so
    return RedirectResponse("/apply/status", 303)


def chapters(folder: Folder, problems: list[Problem] | None = None) -> list[Chapter]:
    """The whole application for reading: every question that is asked, with what was answered, and every document."""
    wrong = {problem.field: problem.message for problem in problems or []}
    values = settle(folder.answers)
    return [Chapter(step, {**_questions(step, folder.answers, values, wrong), **_documents(step, folder, values, wrong)}) for step in STEPS]


def label_of(name: str) -> str:
    """The label of a question or a document."""
    return QUESTIONS[name].label if name in QUESTIONS else SLOTS[name].label


def shown_answer(question: Question, answers: Answers, values: Answers) -> str:
    """An answer for people; one that is wrong stands as it was typed."""
    value = values.get(question.name)
    return question.kind.show(value) if value is not None else as_typed(question, answers.get(question.name))


def _questions(step: Step, answers: Answers, values: Answers, wrong: dict[str, str]) -> dict[str, list[Line]]:
    def line(question: Question) -> Line:
        return Line(question.name, question.label, question.required, shown_answer(question, answers, values), wrong.get(question.name, ""))

    asked = {section: [line(q) for q in questions if q.asked(values)] for section, questions in step.sections.items()}
    return {section: lines for section, lines in asked.items() if lines}


def _documents(step: Step, folder: Folder, values: Answers, wrong: dict[str, str]) -> dict[str, list[Line]]:
    lines = []
    for slot in step.slots:
        files = tuple(document for document in folder.documents if document.slot == slot.name)
        if files or slot.offered(values):
            lines.append(Line(slot.name, slot.label, slot.wanted(values), "", wrong.get(slot.name, ""), files))
    return {"Documents": lines} if lines else {}
