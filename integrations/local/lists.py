"""The site as an administrator set it up by hand, before the portal: its lists, its library and their columns (saber-data-flow.md)."""

from __future__ import annotations

from integrations.columns import Column
from models.settings import Settings

#: What a new list has before anybody adds to it.
TITLE = Column("Title")
BUILT_IN = {"genericList": (TITLE,), "userInformation": (TITLE,), "documentLibrary": (TITLE, Column("FileLeafRef"))}

# `CreatedBy` would clash with a built-in column, and persons are written by an id that only visitors of the site have: so an
# address in text (FACTS 5). Links go into text, since Graph fails to write hyperlinks (FACTS 4).
INVITATIONS = (
    Column("InvitationCode", unique=True, indexed=True), Column("CompanyName"), Column("ContactName"), Column("ContactEmail"),
    Column("ContactTitle", "choice", ("Mr", "Ms", "Mrs", "Dr", "Prof", "Eng", "Other")),
    Column("Status", "choice", ("Active", "Used", "Expired", "Cancelled")),
    Column("ExpiryDate", "dateTime"), Column("UsedDate", "dateTime"), Column("InvitedBy"), Column("Notes", "note"),
)
APPLICATIONS = (
    Column("ReferenceNumber", unique=True, indexed=True), Column("InvitationCode", unique=True, indexed=True),
    Column("ContactName"), Column("ContactEmail"), Column("ApplicationData", "note"), Column("FormVersion"),
    Column("Status", "choice", ("Submitted", "Under Review", "Information Required", "Reviewed", "Approved", "Rejected", "Withdrawn")),
    Column("SubmittedDate", "dateTime"), Column("ReviewedBy", "personOrGroup"), Column("ReviewedByEmail"), Column("ReviewNotes", "note"),
    Column("DecisionDate", "dateTime"), Column("DocumentLinks", "note"),
)
#: SharePoint's own hidden list of who has visited the site; its numbers are what person columns hold (FACTS 5).
PEOPLE = "User Information List"
VISITORS = (Column("EMail"), Column("Name"))
LIBRARY = (
    Column("EpcItemId", indexed=True), Column("EvidenceSection", "choice", (
        "Legal", "Delivery", "Certifications", "Health & Safety", "References", "Insurance", "Policies", "Data Protection")),
    Column("ExpiryDate", "dateTime"), Column("DocumentSlot"), Column("ReferenceNumber"),
)


def provisioned(found: Settings) -> dict[str, tuple[str, tuple[Column, ...]]]:
    """Display name → (template, columns), by the names in the settings."""
    return {
        PEOPLE: ("userInformation", VISITORS),
        found.sharepoint_invitations_list: ("genericList", INVITATIONS),
        found.sharepoint_applications_list: ("genericList", APPLICATIONS),
        found.sharepoint_library: ("documentLibrary", LIBRARY),
    }
