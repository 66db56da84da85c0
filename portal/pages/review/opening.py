"""What an application's page begins with: the application, the list it was opened from, who can be chosen and mentioned, and its keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from models.application import by_reference
from models.assignment import Reviewer, reviewers
from models.language import _
from models.mention import Colleague, have_read, mentionable
from models.note import unread
from models.person import Actor
from models.possible import Action
from portal.pages.review.around import Around
from portal.pages.review.case import Case, load
from portal.pages.review.reviewer import may_assign


@dataclass(frozen=True)
class Opened:
    """`mentioned` says that the reader is named in a note and has not seen it."""

    case: Case
    around: Around | None
    able: list[Reviewer]
    people: list[Colleague]
    mentioned: bool


def opened(reference: str, asked: Mapping[str, str], session: Session, actor: Actor) -> Opened:
    """All of it; `asked` are the words of the address. NotFound where there is no such application."""
    case = load(session, actor, reference)
    around = Around.of(session, actor, case.application.id, asked)
    mentioned = any(one.reference == reference for one in unread(session, actor))
    return Opened(case, around, reviewers(session), mentionable(session), mentioned)


def note_opened(reference: str, session: Session, actor: Actor) -> None:
    """The reader sees what they were mentioned in."""
    have_read(session, actor, by_reference(session, reference))


def keys(case: Case, around: Around | None) -> list[tuple[str, str]]:
    """What the keys do on this page (static/case.js)."""
    found = [("j", _("Next application of the list")), ("k", _("Previous application of the list"))] if around else []
    found += [("a", _("Assign it to me, or choose the reviewer"))] if may_assign(case) else []
    found += [("r", _("Request information"))] if case.may(Action.REQUEST) else []
    found += [("n", _("Write a note"))] if case.may(Action.NOTE) else []
    return [*found, ("u", _("Back to the list")), ("/", _("Search")), ("← →", _("Previous and next document, while one is open"))]
