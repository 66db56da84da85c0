"""What the portal writes to SharePoint: the columns of both lists and of the library, and an application's answers as their values.

A question names its column (`sharepoint_column` of application-fields.csv), and its kind of answer decides the column's kind, so a new
question has its column at the next `python -m worker sharepoint provision`. The columns of the system stand here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.columns import LINE, Column
from integrations.provision import WantedList
from models.application import SHAREPOINT_STATUS, Application
from models.invitation import TITLES, InvitationStatus
from models.question import Question
from models.settings import settings
from models.slots import SLOTS
from models.steps import QUESTIONS
from models.steps.capabilities import company_size

Fields = dict[str, Any]

#: A column of many lines ends at about 63,999 characters; what is longer becomes a file (FACTS 3).
LONGEST = 60_000

#: Our states in the words of EPC Invitations. `Cancelled` is what `/api/sync-invitation` reads back as revoked: with
#: `Expired` the list's own flow would turn a revoked invitation into an expired one, which staff may extend.
INVITATION_STATUS: dict[InvitationStatus, str] = {
    InvitationStatus.ACTIVE: "Active",
    InvitationStatus.USED: "Used",
    InvitationStatus.EXPIRED: "Expired",
    InvitationStatus.REVOKED: "Cancelled",
}
SIZES = ("Startup", "Small", "Medium", "Large")

#: The reference's columns of EPC Invitations. Its person column `CreatedBy` would clash with a built-in one (FACTS 5): InvitedBy.
#: By what is indexed and unique the portal finds its items (FACTS 2).
INVITATIONS = (
    Column("Title", label="Company name"),
    Column("InvitationCode", unique=True, indexed=True, label="The code that lets the partner in"),
    Column("ContactEmail", label="Primary contact's email"),
    Column("ContactTitle", "choice", TITLES, label="Contact's title"),
    Column("Status", "choice", tuple(INVITATION_STATUS.values())),
    Column("ExpiryDate", "dateTime", label="When the invitation expires"),
    Column("InvitedBy", label="Who made the invitation"),
    Column("Notes", "note", label="Additional information"),
)
#: The columns of EPC Onboarding that are no question's. DocumentLinks is a text, since Graph fails to write hyperlinks (FACTS 4).
APPLICATION = (
    Column("ReferenceNumber", unique=True, indexed=True, label="The application's reference"),
    Column("InvitationCode", unique=True, indexed=True, label="The invitation's code"),
    Column("FormVersion", label="The edition of the form"),
    Column("ContactName", label="Primary contact's name"),
    Column("ContactEmail", label="Primary contact's email"),
    Column("ApplicationData", "note", label="The complete form as JSON"),
    Column("Status", "choice", tuple(dict.fromkeys(SHAREPOINT_STATUS.values()))),
    Column("SubmittedDate", "dateTime", label="When it was submitted"),
    Column("ReviewedBy", "personOrGroup", label="Reviewer, once they have visited this site"),
    Column("ReviewedByEmail", label="Reviewer's email"),
    Column("ReviewNotes", "note", label="Where the review stands"),
    Column("DocumentLinks", "note", label="Links to the documents in the portal"),
    Column("CompanySize", "choice", SIZES, label="Size class by the number of employees"),
)
LIBRARY = (
    Column("EpcItemId", indexed=True, label="The item of the application"),
    Column("EvidenceSection", "choice", tuple(dict.fromkeys(slot.section for slot in SLOTS.values())), label="What the document proves"),
)


def wanted() -> tuple[WantedList, ...]:
    """Both lists and the library, by their names in the settings."""
    found = settings()
    return (
        WantedList(found.sharepoint_invitations_list, INVITATIONS),
        WantedList(found.sharepoint_applications_list, (*APPLICATION, *map(column, QUESTIONS.values()))),
        WantedList(found.sharepoint_library, LIBRARY, "documentLibrary"),
    )


def column(question: Question) -> Column:
    """The column in which a question's answers stand."""
    kind = question.kind
    offered = tuple(getattr(kind, "values", ())) if kind.widget == "choice" else ()
    short = "text" if getattr(kind, "most", LINE) <= LINE else "note"  # the longest answer decides
    return Column(question.column, _KINDS.get(kind.widget, short), offered, label=question.label)


#: Kind of answer → kind of column; what is not named is a text. Lists are joined, as the reference has it, and addresses in the web
#: have up to 300 characters and no hyperlink column (FACTS 4).
_KINDS: Mapping[str, str] = {
    "choice": "choice", "integer": "number", "decimal": "number", "yesno": "boolean", "date": "date",
    "multichoice": "note", "tags": "note", "textarea": "note", "url": "note",
}  # fmt: skip


def answers(application: Application) -> Fields:
    """Every answer by its column; None for no answer, which empties the column."""
    values = {question.column: _value(getattr(application, name)) for name, question in QUESTIONS.items()}
    return values | {"CompanySize": company_size(application.team_size) if application.team_size is not None else None}


def library_columns(item_id: str, section: str) -> Fields:
    """What the library says of a document: whose it is, and what it proves."""
    return {"EpcItemId": item_id, "EvidenceSection": section}


def _value(answer: Any) -> Any:
    for kind, told in _TOLD.items():
        if isinstance(answer, kind):
            return told(answer)
    return answer or None if isinstance(answer, str) else answer


def _joined(words: Iterable[str]) -> str:
    return ";".join(words)


#: A day is told as its noon: SharePoint shows the day that it is in the site's zone, and half the zones have another at midnight UTC.
_TOLD: dict[type, Callable[[Any], Any]] = {Decimal: float, date: lambda day: f"{day}T12:00:00Z", list: _joined}
