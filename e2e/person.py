"""What a person does in the browser: fills in a question, drops documents, presses a button in a dialog."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FileChooser, Locator, Page, expect

from models.kinds import COUNTRIES
from models.question import Question
from models.rules import settle
from models.slots import SLOTS
from models.steps import STEPS, Step

_DROP = """([files, x]) => {
  const data = new DataTransfer();
  for (const f of files) data.items.add(new File([Uint8Array.from(atob(f.content), c => c.charCodeAt(0))], f.name, {type: f.type}));
  return data;
}"""


def fill_step(page: Page, step: Step, answers: dict[str, Any]) -> None:
    """Answer every question of the step that is asked and has an answer, in the form's order."""
    expect(page.get_by_role("heading", name=step.title, level=1)).to_be_visible()
    expect(page.locator("#questions")).not_to_have_attribute("inert", "")
    for question in (question for question in step.questions if question.asked(settle(answers))):
        expect(page.locator(f'[data-question="{question.name}"]')).to_be_visible()  # it may open after the answer before it
        if question.name == "geographic_coverage" and answers.get("nationwide_coverage"):
            expect(page.get_by_role("checkbox", name="Northern Ireland", exact=True)).to_be_checked()  # the form ticks the UK by itself
        if answers.get(question.name) not in ("", None):
            fill(page, question, answers[question.name])


def fill(page: Page, question: Question, value: Any) -> None:
    """Answer one question by its visible control."""
    place = page.locator(f'[data-question="{question.name}"]')
    kind = place.get_attribute("data-kind")
    if kind == "yesno":
        place.get_by_role("radio", name="Yes" if value else "No", exact=True).check()
    elif kind == "radios":
        place.get_by_role("radio", name=str(value), exact=True).check()
    elif kind == "boxes":
        for choice in value:
            place.get_by_role("checkbox", name=choice, exact=True).check()
    elif kind == "box":
        place.get_by_role("checkbox").set_checked(bool(value))
    elif kind == "tags":
        for tag in value:
            _type_tag(place, tag)
    elif place.locator("select").count():
        place.locator("select").select_option(label=COUNTRIES.options.get(value, str(value)))
    else:
        place.locator("input, textarea").first.fill(str(value))


def chooser_by_key(page: Page) -> FileChooser:
    """Press Enter on the control in focus, which opens the browser's choice of files. Listens first: the browser takes a moment to
    hand its dialog over, and a key that comes before that opens one that nobody sees."""
    page.on("filechooser", lambda _: None)
    page.evaluate("new Promise((done) => setTimeout(done, 100))")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    return chooser.value


def drop(page: Page, slot: str, files: list[Path]) -> None:
    """Drop files onto a slot, all at once, and wait until each is stored."""
    held = [{"name": f.name, "content": base64.b64encode(f.read_bytes()).decode(), "type": _media_type(f)} for f in files]
    place = page.locator(f'[data-slot="{slot}"]')
    data = page.evaluate_handle(_DROP, [held, 0])
    for event in ("dragenter", "dragover", "drop"):
        place.locator(".drop").dispatch_event(event, {"dataTransfer": data})
    for file in files:
        expect(place.locator("li.stored", has_text=file.name)).to_be_visible(timeout=20_000)


def saved(page: Page) -> None:
    """Wait until the indicator says that everything is saved."""
    expect(page.locator("#draft-state")).to_contain_text(re.compile(r"^Saved"), timeout=10_000)


def press(page: Page, opener: str, button: str, **fields: str) -> None:
    """Open a dialog by its button, fill its fields by their labels, and confirm."""
    page.get_by_role("button", name=opener, exact=True).first.click()
    dialog = page.get_by_role("dialog")
    for label, value in fields.items():
        dialog.get_by_label(label.replace("_", " ")).first.fill(value)
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).to_be_hidden()


def barriers(page: Page, name: str, rules: Sequence[str] | None = None, part: str = "") -> list[str]:
    """What axe finds on the page, of whatever weight, and how far it is wider than the screen; `name` says which page it was.

    `rules` are the only ones to go by, where not all are; the size of what a finger meets, which axe leaves out by itself, is of them.
    Of a page that was looked at before, `part` alone can be: a whole page of an application takes seconds. So it is with a dialog of the
    desk while it is open, as nothing else can be reached.
    """
    over = [one for one in (".q-dialog", ".q-menu") if page.locator(f"{one}:visible").count()] or ([part] if part else [])
    page.evaluate("window.scrollTo(0, 0)")  # else a target that is half behind the bar, as any is in turn, counts as too small
    chosen = {"runOnly": {"type": "rule", "values": [*rules]}} if rules else {"rules": {"target-size": {"enabled": True}}}
    found = (
        Axe().run(page, context=[[one] for one in over] or None, options={"resultTypes": ["violations"], **chosen}).response["violations"]
    )
    return [f"{name}: {one['id']} {node['html'][:140]}" for one in found for node in one["nodes"][:3]] + wider(page, name)


def wider(page: Page, name: str) -> list[str]:
    """How far the page is wider than the screen."""
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{name}: {over} px wider than the screen"] if over > 0 else []


def step_named(name: str) -> Step:
    """A step of the form."""
    return next(step for step in STEPS if step.name == name)


def _type_tag(place: Locator, tag: str) -> None:
    box = place.locator("input").first
    box.fill(tag)
    box.press("Enter")


def _media_type(file: Path) -> str:
    return {".pdf": "application/pdf", ".png": "image/png"}[file.suffix]


def wanted(step: Step, answers: dict[str, Any]) -> list[str]:
    """The step's slots that must hold a document."""
    return [name for name, slot in SLOTS.items() if slot.step == step.number and slot.wanted(answers)]
