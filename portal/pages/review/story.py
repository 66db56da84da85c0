"""An application's history in words: one table from event types to sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.event import Event
from models.review import SECTIONS, Ruling
from portal.pages.review.case import item_label
from portal.words import counted, target

#: Event type → the sentence, and the detail's entry that is quoted below it. Braces name entries of the detail.
SENTENCES: Mapping[str, tuple[str, str]] = {
    "application.begun": ("{actor} began the application", ""),
    "application.confirmation_asked": ("{actor} asked for a code to confirm another contact address", ""),
    "application.address_confirmed": ("{actor} confirmed the contact address", "email"),
    "application.submitted": ("{actor} submitted the application", ""),
    "application.resubmitted": ("{actor} sent the application again, {changes} changed", ""),
    "application.review_started": ("{actor} took the application into review", "reason"),
    "application.verdict": ("{actor} {ruling} {section}", "reason"),
    "application.noted": ("{actor} wrote a note", "text"),
    "application.information_required": ("{actor} asked for information", "message"),
    "application.reviewed": ("{actor} marked the application reviewed", ""),
    "application.approved": ("{actor} approved the application", "message"),
    "application.rejected": ("{actor} rejected the application", "message"),
    "application.withdrawn": ("{actor} withdrew the application", "reason"),
    "invitation.used": ("The invitation was used up", ""),
    "delivery.retried": ("{actor} had “{target}” tried again", ""),
    "delivery.settled": ("{actor} settled “{target}” by hand", "why"),
}
_RULINGS: Mapping[str, str] = {Ruling.PASSED: "passed", Ruling.CONCERN: "noted a concern about", Ruling.FAILED: "failed"}


@dataclass(frozen=True)
class Line:
    """One entry of the history. `kind` marks the milestones: sent, asked, good, bad."""

    at: datetime
    sentence: str
    quote: str
    kind: str
    items: tuple[str, ...] = ()


def tell(event: Event) -> Line:
    """The event in words; a type without a sentence yet is shown by its name."""
    sentence, quoted = SENTENCES.get(event.type, ("{actor}: " + event.type.replace(".", " ").replace("_", " "), ""))
    items = tuple(item_label(name) for name in event.detail.get("items", ()) if event.type == "application.information_required")
    return Line(event.at, sentence.format_map(_words(event)), str(event.detail.get(quoted) or ""), _KINDS.get(event.type, ""), items)


def what_happened(kind: str) -> str:
    """An event's type in a few words, without who did it: "Application submitted"."""
    return _HAPPENED.get(kind) or kind.replace(".", " ").replace("_", " ").capitalize()


_HAPPENED: Mapping[str, str] = {
    "application.resubmitted": "Application sent again",
    "application.review_started": "Review started",
    "application.information_required": "Information asked for",
    "application.noted": "Note written",
    "invitation.created": "Partner invited",
    "invitation.synced": "Partner invited in SharePoint",
    "invitation.resent": "Invitation sent again",
    "invitation.updated": "Address corrected",
}
_KINDS: Mapping[str, str] = {
    "application.submitted": "sent",
    "application.resubmitted": "sent",
    "application.information_required": "asked",
    "application.approved": "good",
    "application.rejected": "bad",
    "application.withdrawn": "bad",
}


def _words(event: Event) -> dict[str, Any]:
    told = event.detail
    return {
        "actor": event.actor,
        "ruling": _RULINGS.get(told.get("ruling", ""), ""),
        "section": SECTIONS.get(told.get("section", ""), ""),
        "changes": counted(len(told.get("changed", {})), "answer"),
        "target": target(told.get("target", "")),
    }
