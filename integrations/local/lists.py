"""The site as an administrator has set it up: its lists, its library and their columns (saber-data-flow.md)."""

from __future__ import annotations

from dataclasses import dataclass

from models.settings import Settings


@dataclass(frozen=True)
class Column:
    """One column. `kind` is Graph's word (text, choice, number, boolean, dateTime, personOrGroup …), or note: text of many lines."""

    name: str
    kind: str = "text"
    choices: tuple[str, ...] = ()
    unique: bool = False
    indexed: bool = False


TITLE = Column("Title")

# `CreatedBy` would clash with a built-in column, and persons are written by an id that only visitors of the site have: so an
# address in text (FACTS 5). Links go into text, since Graph fails to write hyperlinks (FACTS 4).
INVITATIONS = (
    TITLE, Column("InvitationCode", unique=True, indexed=True), Column("CompanyName"), Column("ContactName"), Column("ContactEmail"),
    Column("ContactTitle", "choice", ("Mr", "Ms", "Mrs", "Dr", "Prof", "Eng", "Other")),
    Column("Status", "choice", ("Active", "Used", "Expired", "Cancelled")),
    Column("ExpiryDate", "dateTime"), Column("UsedDate", "dateTime"), Column("InvitedBy"), Column("Notes", "note"),
)
APPLICATIONS = (
    TITLE, Column("ReferenceNumber", unique=True, indexed=True), Column("InvitationCode", unique=True, indexed=True),
    Column("ContactName"), Column("ContactEmail"), Column("ApplicationData", "note"), Column("FormVersion"),
    Column("Status", "choice", ("Submitted", "Under Review", "Information Required", "Reviewed", "Approved", "Rejected", "Withdrawn")),
    Column("SubmittedDate", "dateTime"), Column("ReviewedBy", "personOrGroup"), Column("ReviewedByEmail"), Column("ReviewNotes", "note"),
    Column("DecisionDate", "dateTime"), Column("DocumentLinks", "note"),
)
LIBRARY = (
    TITLE, Column("FileLeafRef"), Column("EpcItemId", indexed=True), Column("EvidenceSection", "choice", (
        "Legal", "Delivery", "Certifications", "Health & Safety", "References", "Insurance", "Policies", "Data Protection")),
    Column("ExpiryDate", "dateTime"), Column("DocumentSlot"), Column("ReferenceNumber"),
)


def provisioned(found: Settings) -> dict[str, tuple[str, tuple[Column, ...]]]:
    """Display name → (template, columns), by the names in the settings."""
    return {
        found.sharepoint_invitations_list: ("genericList", INVITATIONS),
        found.sharepoint_applications_list: ("genericList", APPLICATIONS),
        found.sharepoint_library: ("documentLibrary", LIBRARY),
    }
