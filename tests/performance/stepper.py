"""A rival: the same questions in NiceGUI's own stepper, untouched, as its documentation shows it."""

from __future__ import annotations

import sys

from nicegui import ui

from models.kinds import Choice, Date, LongText, MultiChoice, YesNo
from models.question import Question
from models.steps import STEPS


@ui.page("/")
def form() -> None:
    """All six steps in one page."""
    with ui.stepper().props("vertical").classes("w-full") as stepper:
        for step in STEPS:
            with ui.step(step.title):
                for question in step.questions:
                    ask(question)
                with ui.stepper_navigation():
                    ui.button("Next", on_click=stepper.next)
                    ui.button("Back", on_click=stepper.previous).props("flat")


def ask(question: Question) -> None:
    """One question with the widget that NiceGUI has for it."""
    kind = question.kind
    if isinstance(kind, Choice):
        ui.select(dict(kind.options), label=question.label)
    elif isinstance(kind, MultiChoice):
        ui.select(dict(kind.options), label=question.label, multiple=True)
    elif isinstance(kind, YesNo):
        ui.checkbox(question.label)
    elif isinstance(kind, LongText):
        ui.textarea(question.label)
    elif isinstance(kind, Date):
        ui.date_input(question.label)
    else:
        ui.input(question.label)


ui.run(port=int(sys.argv[1]), host="127.0.0.1", show=False, reload=False, show_welcome_message=False)
