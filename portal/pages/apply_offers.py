"""What a step offers beside an answer: the address that was probably meant, and a whole address taken apart. Nothing is ever forced.

The browser draws it (static/offers.js), with a button that does it and one that takes it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.address import split
from models.kinds import Email
from models.language import _, ngettext, shown_number
from models.meant import meant
from models.question import Question
from models.rules import domain_of
from models.sheet import COUNTRY, Needed, Sheet
from models.steps import Step

#: The company's own addresses; a client's is elsewhere by rule (models/rules.py).
OWN = ("company_website", "primary_contact_email")
STRANGERS = ("client_reference_email",)
ADDRESS = "company_address"
PARTS = {"street": ADDRESS, "town": "company_city", "county": "company_state", "postcode": "company_postal"}
Offer = dict[str, Any]


def offers(step: Step, sheet: Sheet) -> dict[str, Offer]:
    """Question → what is offered beside it now: `words`, the `button`'s, and which answers it would `write`."""
    found = {question.name: _offer(question, sheet) for question in step.questions if sheet.reach.holds(question.name)}
    return {name: offer for name, offer in found.items() if offer}


def opened(before: Needed, after: Needed) -> str:
    """ "2 more questions from this answer."; empty where it asks for no more."""
    questions, documents = len(after.questions - before.questions), len(after.documents - before.documents)
    said = []
    if questions:
        words = ngettext("{count} more question from this answer.", "{count} more questions from this answer.", questions)
        said.append(words.format(count=shown_number(questions)))
    if documents:
        words = ngettext("{count} more document from this answer.", "{count} more documents from this answer.", documents)
        said.append(words.format(count=shown_number(documents)))
    return " ".join(said)


def _offer(question: Question, sheet: Sheet) -> Offer | None:
    if question.name == ADDRESS:
        return _apart(sheet)
    return _meant(question.name, sheet) if isinstance(question.kind, Email) else None


def _meant(name: str, sheet: Sheet) -> Offer | None:
    typed = sheet.answers.get(name)
    own = () if name in STRANGERS else tuple(domain_of(found) for one in OWN if one != name and (found := sheet.values[one]))
    if not isinstance(typed, str) or not (found := meant(typed.strip(), own)):
        return None
    return _made(_("Did you mean {address}?").format(address=found), _("Yes, use it"), {name: found})


def _apart(sheet: Sheet) -> Offer | None:
    """What stands in other boxes already is kept: then nothing is offered that says otherwise."""
    found = split(sheet.answers.get(ADDRESS)) if sheet.values[COUNTRY] == "GB" else None
    if found is None or not all(sheet.reach.holds(name) for name in PARTS.values()):
        return None
    parts = {name: value for part, name in PARTS.items() if (value := getattr(found, part))}
    if any(not _agrees(sheet.answers.get(name), value) for name, value in parts.items() if name != ADDRESS):
        return None
    words = _("This looks like the whole address. Put {town} under Town or city and {postcode} under Postcode?")
    return _made(words.format(town=found.town, postcode=found.postcode), _("Yes, split it"), parts) | {"now": True}


def _agrees(there: object, value: str) -> bool:
    return there in (None, "") or (isinstance(there, str) and there.replace(" ", "").casefold() == value.replace(" ", "").casefold())


def _made(words: str, button: str, write: Mapping[str, str]) -> Offer:
    return {"words": words, "button": button, "write": dict(write)}
