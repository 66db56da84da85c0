"""The words of a decision's letter, to begin with: some that are built in, in every language, and those that the staff write themselves.

A placeholder such as {company} is filled in when the letter is chosen for one application; what then goes out can still be edited.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, select

from models.application import Application
from models.database import UtcDateTime, now
from models.decision import DecisionKind
from models.errors import Conflict, Invalid, NotFound, Problem
from models.event import record
from models.language import LANGUAGES, _, shown_list, shown_number, speaking
from models.person import Actor, Right

LONGEST_TITLE, SHORTEST_TEXT, LONGEST_TEXT = 100, 10, 4000
#: What may stand in braces, and what it becomes.
PLACEHOLDERS: Mapping[str, str] = {
    "company": "the company’s name",
    "reference": "the application’s reference number",
    "contact": "the primary contact’s name",
    "person": "who decides",
}
_IN_BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class BuiltIn:
    """A letter of ours, in English; it is translated where it is shown or filled in."""

    name: str
    kind: DecisionKind
    title: str
    text: str


BUILT_IN: tuple[BuiltIn, ...] = (
    BuiltIn("welcome", DecisionKind.APPROVAL, "Welcome",
            "We are glad to have {company} among our partners. What you told us about your work and your people has convinced us.\n\n"
            "{person}, Saber Renewable Energy"),
    BuiltIn("welcome_first_project", DecisionKind.APPROVAL, "Welcome, and the first project",
            "Thank you, {contact}, for the care that you took over the application {reference}.\n\n"
            "Within ten working days our operations team sends you the framework contract, and suggests a date to talk about a first "
            "project near you. Have your insurance certificates at hand for it.\n\n{person}, Saber Renewable Energy"),
    BuiltIn("conditions_documents", DecisionKind.CONDITIONAL, "Approved, some papers are still to come",
            "We are glad to have {company} among our partners. A few papers are still missing, and they are listed with their dates. "
            "Send each of them by answering this mail.\n\nUntil they are here we can already talk about projects, and no work begins on "
            "site.\n\n{person}, Saber Renewable Energy"),
    BuiltIn("conditions_first_project", DecisionKind.CONDITIONAL, "Approved for a first project under supervision",
            "We would like to begin with one project together. During it one of our site managers goes with your team; afterwards we look "
            "back at it with you, and the conditions below come to their end.\n\n{person}, Saber Renewable Energy"),
    BuiltIn("insurance", DecisionKind.REJECTION, "The insurance cover is too low",
            "The cover of your insurance does not reach what our clients ask of everybody who works on their roofs and land. If you can "
            "raise it, write to us, and we invite {company} to apply again; nothing else stood in the way."),
    BuiltIn("experience", DecisionKind.REJECTION, "Not enough projects of this size yet",
            "We have not found enough finished projects of the size that we build. That says nothing about the quality of your work. "
            "Write to us once you can show two more: {company} is welcome to apply again."),
    BuiltIn("compliance", DecisionKind.REJECTION, "Health and safety evidence is missing",
            "We could not see from the application {reference} that the health and safety arrangements of {company} meet the Construction "
            "(Design and Management) Regulations 2015. Without that evidence we may not appoint you."),
    BuiltIn("no_need", DecisionKind.REJECTION, "No need in this region now",
            "Your application is sound. In the regions where {company} works we have more partners than projects at present, and do not "
            "want to keep you waiting. We keep your reference {reference} in mind, and write to you when that changes."),
)  # fmt: skip


class LetterTemplate(SQLModel, table=True):
    """A letter that the staff wrote, in one language."""

    __tablename__ = "letter_templates"

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    title: str
    language: str
    text: str
    changed_by: str
    changed_at: datetime = Field(sa_type=UtcDateTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@dataclass(frozen=True)
class Offered:
    """A letter that can be chosen for a decision: `key` tells it from all others, `text` is in the partner's language."""

    key: str
    title: str
    text: str


def templates(session: Session) -> list[LetterTemplate]:
    """The letters that the staff wrote, by kind, language and title."""
    kept = session.exec(select(LetterTemplate).where(col(LetterTemplate.deleted_at).is_(None)))
    order = list(DecisionKind)
    return sorted(kept, key=lambda one: (order.index(DecisionKind(one.kind)), one.language, one.title.casefold()))


def offered(session: Session, kind: DecisionKind, language: str) -> list[Offered]:
    """The letters for a decision in the partner's language: the staff's own, then ours. Titles are in the reader's language."""
    written = [one for one in templates(session) if one.kind == kind and one.language == language]
    ours = [one for one in BUILT_IN if one.kind == kind]
    with speaking(language):
        texts = {one.name: _(one.text) for one in ours}
    return [
        *(Offered(f"own-{one.id}", one.title, one.text) for one in written),
        *(Offered(one.name, _(one.title), texts[one.name]) for one in ours),
    ]


def filled(text: str, application: Application, person: str) -> str:
    """The text with its placeholders filled in for one application, decided by `person`."""
    known = {
        "company": application.company_name, "reference": application.reference_number,
        "contact": application.primary_contact_name, "person": person,
    }  # fmt: skip
    return _IN_BRACES.sub(lambda found: str(known.get(found[1], found[0]) or ""), text)


def add_template(session: Session, actor: Actor, kind: str, language: str, title: str, text: str) -> LetterTemplate:
    """Write a new letter. Invalid says what is wrong with it."""
    actor.must(Right.DECIDE)
    _must_be_sound(kind, language, title, text)
    made = LetterTemplate(
        kind=kind, language=language, title=title.strip(), text=text.strip(), changed_by=actor.name, changed_at=now()
    )  # fmt: skip
    session.add(made)
    session.flush()
    record(session, "letter.added", actor, letter=made.id, name=made.title, text=made.text)
    return made


def change_template(
    session: Session, actor: Actor, template: LetterTemplate, title: str, text: str, *, seen: datetime | None = None
) -> None:
    """Other words; its kind and language stay. What was sent with it before stays as it was.

    `seen` is the `changed_at` of the words that a person began with: Conflict where others stand by now, or it is deleted.
    """
    actor.must(Right.DECIDE)
    _must_stand(template, seen)
    _must_be_sound(template.kind, template.language, title, text)
    template.title, template.text = title.strip(), text.strip()
    template.changed_by, template.changed_at = actor.name, now()
    session.add(template)
    record(session, "letter.changed", actor, letter=template.id, name=template.title, text=template.text)


def delete_template(session: Session, actor: Actor, template: LetterTemplate, *, seen: datetime | None = None) -> None:
    """Offer it no more. Conflict if it is deleted already, or has other words than those of `seen`, as with `change_template`."""
    actor.must(Right.DECIDE)
    _must_stand(template, seen)
    template.deleted_at = now()
    session.add(template)
    record(session, "letter.deleted", actor, letter=template.id, name=template.title)


def restore_template(session: Session, actor: Actor, template: LetterTemplate) -> None:
    """Offer it again. Conflict if it is not deleted."""
    actor.must(Right.DECIDE)
    if template.deleted_at is None:
        raise Conflict(_("This letter is not deleted."))
    template.deleted_at = None
    session.add(template)
    record(session, "letter.restored", actor, letter=template.id, name=template.title)


def template(session: Session, number: int) -> LetterTemplate:
    """A letter of the staff, also a deleted one, locked; NotFound if there is none."""
    found = session.exec(select(LetterTemplate).where(LetterTemplate.id == number).with_for_update()).first()
    if found is None:
        raise NotFound(_("There is no such letter."))
    return found


def _must_stand(template: LetterTemplate, seen: datetime | None) -> None:
    if template.deleted_at is not None:
        raise Conflict(_("Somebody has deleted this letter already."))
    if seen not in (None, template.changed_at):
        told = _("{person} has changed this letter since you looked. Read it again first; copy what you typed if you want to keep it.")
        raise Conflict(told.format(person=template.changed_by))


def _must_be_sound(kind: str, language: str, title: str, text: str) -> None:
    if problems := list(_wrong(kind, language, title.strip(), text.strip())):
        raise Invalid(problems[0].message, problems)


def _wrong(kind: str, language: str, title: str, text: str) -> Iterator[Problem]:
    if kind not in list(DecisionKind):
        yield Problem("kind", _("Choose what the letter is for."))
    if language not in LANGUAGES:
        yield Problem("language", _("Choose the language of the letter."))
    if not 1 <= len(title) <= LONGEST_TITLE:
        yield Problem("title", _("Give the letter a title of up to {count} characters.").format(count=shown_number(LONGEST_TITLE)))
    if not SHORTEST_TEXT <= len(text) <= LONGEST_TEXT:
        said = _("Write the letter in {least} to {most} characters.")
        yield Problem("text", said.format(least=shown_number(SHORTEST_TEXT), most=shown_number(LONGEST_TEXT)))
    if unknown := [found for found in _IN_BRACES.findall(text) if found not in PLACEHOLDERS]:
        said = _("There is no placeholder {unknown}. You can use {known}.")
        known = shown_list([f"{{{name}}}" for name in PLACEHOLDERS])
        yield Problem("text", said.format(unknown=f"{{{unknown[0]}}}", known=known))
