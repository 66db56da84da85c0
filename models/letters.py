"""The mails' layout, and the letters of a decision, which the desk shows before they leave: the same words by the same templates.

The worker's other mails stand on this layout with templates of their own (worker/letters.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from sqlmodel import Session, col, select

from models.application import Application
from models.condition import Term
from models.confirmation import comparable
from models.decision import DecisionKind
from models.device import former
from models.invitation import Invitation
from models.language import ENGLISH, _, ngettext, shown_date, spoken
from models.settings import settings


@dataclass(frozen=True)
class Letter:
    """One mail before it is put into words: its template's name, and the facts that stand in it."""

    to: str
    subject: str
    template: str
    facts: dict[str, Any]
    reply_to: str


@dataclass(frozen=True)
class Worded:
    """A mail in words, as it leaves."""

    subject: str
    text: str
    html: str


def decision_letter(session: Session, found: Application, kind: DecisionKind, message: str, terms: Sequence[Term] = ()) -> Letter:
    """What the partner is told of a decision, in the spoken language: with the words of whoever decided, and the conditions."""
    if kind == DecisionKind.REJECTION:
        return to_contact(session, found, _("Our decision on your application {reference}"), "rejected", {"reason": message})
    subject = _("Your application {reference} is approved, with conditions") if terms else _("Your application {reference} is approved")
    conditions = [{"text": term.text, "due": shown_date(term.due_on) if term.due_on else ""} for term in terms]
    return to_contact(session, found, subject, "approved", {"message": message, "conditions": conditions})


def worded(letter: Letter, templates: Environment | None = None) -> Worded:
    """The mail in words, in the spoken language. `templates` are the layout's and the decision's unless there are more."""
    facts = {"subject": letter.subject, "portal": settings().portal_url, **letter.facts}
    return Worded(" ".join(letter.subject.split()), *rendered(letter.template, facts, templates))


def rendered(name: str, facts: Mapping[str, Any], templates: Environment | None = None) -> tuple[str, str]:
    """Text and HTML of the mail `name`. A fact that a template asks for and nobody gave is an error, not a gap."""
    found = templates or _ours()
    text = found.get_template(f"{name}.txt").render(facts)
    return re.sub(r"\n{3,}", "\n\n", text.strip()) + "\n", found.get_template(f"{name}.html").render(facts)


def environment(*more: BaseLoader) -> Environment:
    """The layout and the letters of a decision, and what `more` has."""
    tidy: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True, "undefined": StrictUndefined, "extensions": ["jinja2.ext.i18n"]}
    loader = ChoiceLoader([*more, PackageLoader("models", "mails")])
    made = Environment(loader=loader, autoescape=select_autoescape(["html"]), **tidy)
    made.install_gettext_callables(_, ngettext, newstyle=True)  # type: ignore[attr-defined]  # put there by the extension
    made.globals["spoken"] = spoken
    made.filters["lines"] = _lines
    return made


def to_contact(session: Session, found: Application, subject: str, template: str, facts: dict[str, Any]) -> Letter:
    """A mail about an application; `subject` may name its {reference}."""
    known = {"name": found.primary_contact_name, "company": found.company_name, "reference": found.reference_number}
    subject = subject.format(reference=found.reference_number)
    return to_partner(where_to(session, found), subject, template, {**known, "link": form_link(found.invitation_code), **facts})


def to_partner(to: str, subject: str, template: str, facts: dict[str, Any]) -> Letter:
    """A mail to a partner; the answer goes to operations."""
    return Letter(to, subject, template, facts, settings().mail_operations)


def where_to(session: Session, found: Application) -> str:
    """The primary contact; where staff have put another address in the place of that one, the corrected one (models/invitation.py)."""
    invitation = session.exec(select(Invitation).where(Invitation.code == found.invitation_code)).one()
    to = found.primary_contact_email or ""
    return invitation.contact_email if to and comparable(to) in former(session, invitation) else to


def form_link(code: str) -> str:
    """The partner's link: the form, and from the submission on the status page."""
    return f"{settings().portal_url}/apply?code={code}"


def language_of(session: Session, application: Application) -> str:
    """The language chosen when the partner was invited, or by themselves on a page."""
    found = session.exec(select(col(Invitation.language)).where(Invitation.code == application.invitation_code)).first()
    return found or ENGLISH.code


@cache
def _ours() -> Environment:
    return environment()


def _lines(text: str) -> Markup:
    """Somebody's words in HTML, with their line breaks and in their own direction, whatever the mail's is."""
    lines = Markup("<br>").join(escape(line) for line in text.splitlines())
    return Markup('<span dir="auto" style="display:block;">{}</span>').format(lines)
