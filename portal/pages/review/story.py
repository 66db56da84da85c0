"""An application's history in words: one table from event types to sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from textwrap import shorten
from typing import Any

from models.application import COMMENT
from models.event import Event
from models.language import _, ngettext, shown_number
from models.request import label_of, wanted_from
from models.resubmission import count_of_changes
from models.review import SECTIONS
from portal.pages.review.case import Change, changes_of
from portal.words import applications, deliveries, entries, own, partners, target

#: Events below which stands what was asked for.
NAMING = ("application.information_required", "application.renewal_opened", "application.renewal_asked")
#: Events whose sentence counts what was changed.
CHANGING = ("application.resubmitted", "application.renewal_sent")
#: Event type → the sentence; braces name entries of the detail.
SENTENCES: Mapping[str, str] = {
    "application.begun": "{actor} began the application",
    "application.carried_over": "The form changed, and the draft was carried over to its new edition",
    "application.edition_seen": "{actor} saw what changed in the form",
    "application.confirmation_asked": "{actor} asked for a code to confirm another contact address",
    "application.address_confirmed": "{actor} confirmed the contact address",
    "application.device_asked": "A code was asked for on a device that had not been used before",
    "application.device_let_in": "A new device was let in with the code from the mail",
    "application.colleague_asked": "{actor} asked a colleague to fill in a step",
    "application.colleague_came": "{actor}, a colleague, opened the step",
    "application.colleague_done": "{actor}, a colleague, said that the step is done",
    "application.colleague_taken_back": "{actor} took the link of a colleague back",
    "application.prefilled": "Answers were taken from an earlier application of the same contact",
    "application.submitted": "{actor} submitted the application",
    "application.resubmitted": "{actor} sent the application again, with {changes}",
    "application.review_started": "{actor} took the application into review",
    "application.assigned": "{actor} assigned the application to {reviewer}",
    "application.assigned.nobody": "{actor} left the application without a reviewer",
    "application.verdict.passed": "{actor} passed {section}",
    "application.verdict.concern": "{actor} noted a concern about {section}",
    "application.verdict.failed": "{actor} failed {section}",
    "application.noted": "{actor} wrote a note",
    "application.note_changed": "{actor} changed a note",
    "application.note_removed": "{actor} deleted a note",
    "application.note_restored": "{actor} restored a note",
    "application.told": "{actor} wrote to the partner",
    "application.mentioned": "{actor} mentioned {name}",
    "application.information_required": "{actor} asked for information",
    "application.reminded": "{actor} reminded the partner of what was asked",
    "application.reviewed": "{actor} marked the application reviewed",
    "application.decided": "{actor} decided on the application; nothing left yet",
    "application.decision_undone": "{actor} undid the decision before anything left",
    "application.decision_undone.withdrawn": "{actor} withdrew before the decision of {made_by} left, so it was undone",
    "application.decision_undone.disabled": "{actor} disabled the account of {made_by}, so the decision that had not left yet was undone",
    "application.decision_held": "The account of {made_by} was disabled before the decision left, so it is held",
    "application.decision_confirmed": "{actor} confirmed the decision of {made_by}; nothing left yet",
    "application.approved": "{actor} approved the application",
    "application.rejected": "{actor} rejected the application",
    "application.condition_met": "{actor} said that a condition is met",
    "application.condition_reopened": "{actor} said that a condition is not met",
    "application.condition_reminded": "The partner was reminded of the conditions",
    "application.withdrawn": "{actor} withdrew the application",
    "application.renewal_opened": "A renewal was opened, because something runs out",
    "application.renewal_asked": "{actor} asked for a renewal",
    "application.renewal_reminded": "The partner was reminded of the renewal",
    "application.renewal_sent": "{actor} sent the renewal, with {changes}",
    "application.renewal_returned": "{actor} sent the renewal back",
    "application.renewal_taken_back": "{actor} took the renewal back that had been asked for",
    "application.renewal_closed": "The renewal was closed, because nothing runs out any more",
    "application.renewed": "{actor} approved the renewal",
    "application.suspended": "The approval was suspended, because something has run out",
    "application.reinstated": "The suspension ended, because nothing is out of date any more",
    "document.published": "{documents} published in SharePoint",
    "document.withdrawn": "A document that does not count any more left SharePoint",
    "document.recalled": "A virus was found in a document that had been published, so it left SharePoint",
    "application.form_stored": "The answers are too long for their column in SharePoint, so they stand in a file there",
    "application.form_removed": "The answers fit their column in SharePoint again, so their file was removed",
    "sharepoint.edited": "{edited_by} edited {column} in SharePoint, and it was left so",
    "sharepoint.edited.repaired": "{edited_by} edited {column} in SharePoint, and the portal put it right",
    "sharepoint.followed": "{edited_by} edited {column} in SharePoint, and the portal followed",
    "sharepoint.conflict": "{edited_by} edited {column} in SharePoint, and the portal could not follow",
    "sharepoint.ours_kept": "{actor} had what the portal says written to SharePoint again: {column}",
    "sharepoint.unreadable": "An item in SharePoint could not be taken in: {name}",
    "sharepoint.application_differs": "SharePoint differed from the portal, which writes it again",
    "sharepoint.invitation_differs": "The invitation differed in SharePoint, and the portal writes it again",
    "sharepoint.compared": "Both lists in SharePoint were compared with the portal",
    "invitation.used": "The invitation was used up",
    "invitation.restored": "{actor} took the revocation of the invitation back",
    "invitation.reminded": "{actor} reminded the partner to finish",
    "delivery.retried": "{actor} had “{target}” tried again",
    "delivery.all_retried": "{actor} had {deliveries} tried again",
    "delivery.digest": "Operations were told what of the deliveries needs a person",
    "delivery.paused": "{actor} stopped “{target}”",
    "delivery.resumed": "{actor} let “{target}” go on",
    "delivery.settled": "{actor} settled “{target}” by hand",
    "delivery.returns_unread": "The mailbox with returned mail could not be read",
    "delivery.returns_read": "The mailbox with returned mail could be read again",
    "document.infected": "A virus was found in “{name}”",
    "delivery.returned": "“{target}” came back: it did not reach {email}",
    "retention.erased": "What is past its period was erased",
    "retention.left_in_sharepoint": "A document that was erased here is still in SharePoint",
    "retention.held": "{actor} put the file on hold",
    "retention.hold_lifted": "{actor} lifted the hold",
    "invitation.created": "{actor} invited the partner",
    "invitation.synced": "The partner was invited in SharePoint",
    "invitation.imported": "An invitation that was over was taken from SharePoint",
    "invitation.taken_over": "The invitation was taken over from SharePoint, without an email",
    "sharepoint.taken_over_seen_to": "{actor} saw to the invitations that were taken over",
    "invitation.changed": "The invitation was changed in SharePoint",
    "invitation.opened": "The partner opened the invitation",
    "invitation.language_chosen": "The partner chose another language",
    "invitation.visit_ended": "{actor} signed one of their devices out",
    "invitation.visits_ended": "{actor} signed the partner’s devices out",
    "invitation.updated": "{actor} corrected the address",
    "invitation.resent": "{actor} sent the invitation again",
    "invitation.extended": "{actor} extended the invitation",
    "invitation.revoked": "{actor} revoked the invitation",
    "invitation.expired": "The invitation expired",
    "person.signed_in": "{actor} signed in",
    "person.signed_out": "{actor} signed out",
    "person.signed_out_elsewhere": "{actor} signed out on all other devices",
    "person.disabled": "{actor} disabled the account of {name}",
    "person.enabled": "{actor} enabled the account of {name}",
    "person.sessions_ended": "{actor} signed {name} out on all devices",
    "token.made": "{actor} made a token for the program “{name}”",
    "token.revoked": "{actor} revoked the token of the program “{name}”",
    "webhook.made": "{actor} made the webhook “{name}”",
    "webhook.changed": "{actor} changed the webhook “{name}”",
    "webhook.secret_made": "{actor} made a new secret for the webhook “{name}”",
    "webhook.secret_ended": "{actor} ended the secret before of the webhook “{name}”",
    "webhook.removed": "{actor} removed the webhook “{name}”",
    "webhook.tested": "{actor} sent a test to the webhook “{name}”",
    "letter.added": "{actor} wrote the letter “{name}”",
    "letter.changed": "{actor} changed the letter “{name}”",
    "letter.deleted": "{actor} deleted the letter “{name}”",
    "letter.restored": "{actor} took the deletion of the letter “{name}” back",
    "view.saved": "{actor} saved the view “{name}” of the list",
    "view.renamed": "{actor} named the view “{before}” of the list “{name}”",
    "view.changed": "{actor} changed what the view “{name}” of the list shows",
    "view.deleted": "{actor} deleted the view “{name}” of the list",
    "view.restored": "{actor} took the deletion of the view “{name}” of the list back",
    "applications.exported": "{actor} exported {applications}",
    "audit.exported": "{actor} exported {entries} of the audit log",
    "contacts.exported": "{actor} exported the contacts of {partners}",
}
#: Event type → the entry of the detail that is quoted below the sentence.
QUOTED: Mapping[str, str] = {
    "application.address_confirmed": "email",
    "application.device_let_in": "email",
    "application.colleague_asked": "email",
    "application.colleague_taken_back": "email",
    "application.resubmitted": "comment",
    "application.review_started": "reason",
    "application.verdict.passed": "reason",
    "application.verdict.concern": "reason",
    "application.verdict.failed": "reason",
    "application.noted": "text",
    "application.note_removed": "text",
    "application.told": "text",
    "application.information_required": "message",
    "application.decided": "message",
    "application.decision_confirmed": "message",
    "application.condition_met": "text",
    "application.condition_reopened": "text",
    "letter.added": "text",
    "letter.changed": "text",
    "application.approved": "message",
    "application.rejected": "message",
    "application.renewal_asked": "message",
    "application.renewal_returned": "reason",
    "application.renewed": "message",
    "application.withdrawn": "reason",
    "delivery.paused": "why",
    "delivery.settled": "why",
    "sharepoint.edited": "theirs",
    "sharepoint.edited.repaired": "theirs",
    "sharepoint.conflict": "why",
    "sharepoint.ours_kept": "theirs",
    "sharepoint.unreadable": "why",
    "sharepoint.compared": "told",
    "delivery.returned": "reason",
    "delivery.returns_unread": "reason",
    "document.infected": "reason",
    "retention.left_in_sharepoint": "reason",
    "retention.held": "reason",
    "person.disabled": "reason",
    "invitation.updated": "reason",
}
#: An event's type in a few words, without who did it: what a delivery is about.
HAPPENED: Mapping[str, str] = {
    "application.submitted": "Application submitted",
    "application.resubmitted": "Application sent again",
    "application.assigned": "Reviewer assigned",
    "application.review_started": "Review started",
    "application.reviewed": "Application reviewed",
    "application.decided": "Decision made",
    "application.decision_undone": "Decision undone",
    "application.decision_held": "Decision held",
    "application.decision_confirmed": "Decision confirmed",
    "application.condition_met": "Condition met",
    "application.condition_reopened": "Condition not met",
    "application.condition_reminded": "Partner reminded of the conditions",
    "letter.added": "Letter written",
    "letter.changed": "Letter changed",
    "letter.deleted": "Letter deleted",
    "letter.restored": "Deletion of a letter taken back",
    "application.approved": "Application approved",
    "application.rejected": "Application rejected",
    "application.withdrawn": "Application withdrawn",
    "application.renewal_opened": "Renewal opened",
    "application.renewal_asked": "Renewal asked for",
    "application.renewal_reminded": "Partner reminded of a renewal",
    "application.renewal_sent": "Renewal sent",
    "application.renewal_returned": "Renewal sent back",
    "application.renewal_taken_back": "Renewal taken back",
    "application.renewal_closed": "Renewal closed",
    "application.renewed": "Renewal approved",
    "application.suspended": "Approval suspended",
    "application.reinstated": "Suspension ended",
    "application.information_required": "Information asked for",
    "application.reminded": "Partner reminded of what was asked",
    "application.noted": "Note written",
    "application.note_changed": "Note changed",
    "application.note_removed": "Note deleted",
    "application.note_restored": "Note restored",
    "application.told": "Message to the partner",
    "application.mentioned": "Somebody mentioned",
    "application.confirmation_asked": "Code for another address asked for",
    "application.device_asked": "Code for a new device asked for",
    "application.colleague_asked": "Colleague asked for help",
    "application.colleague_done": "Colleague done",
    "invitation.created": "Partner invited",
    "invitation.synced": "Partner invited in SharePoint",
    "invitation.imported": "Invitation taken from SharePoint",
    "invitation.taken_over": "Invitation taken over without an email",
    "invitation.resent": "Invitation sent again",
    "invitation.updated": "Address corrected",
    "invitation.extended": "Invitation extended",
    "invitation.revoked": "Invitation revoked",
    "invitation.restored": "Revocation taken back",
    "invitation.reminded": "Partner reminded to finish",
    "invitation.expired": "Invitation expired",
    "invitation.changed": "Invitation changed in SharePoint",
    "invitation.opened": "Invitation opened",
    "invitation.used": "Invitation used up",
    "invitation.language_chosen": "Language chosen",
    "invitation.visit_ended": "Device signed out",
    "invitation.visits_ended": "Signed out on all devices",
    "application.begun": "Application begun",
    "application.carried_over": "Draft carried over to a new form",
    "application.edition_seen": "Changes of the form seen",
    "application.address_confirmed": "Address confirmed",
    "application.device_let_in": "New device let in",
    "application.colleague_came": "Colleague opened the step",
    "application.colleague_taken_back": "Colleague's link taken back",
    "application.prefilled": "Answers taken from an earlier application",
    "application.verdict": "Verdict given",
    "document.published": "Document published",
    "document.withdrawn": "Document taken out of SharePoint",
    "application.form_stored": "Whole form put into SharePoint as a file",
    "application.form_removed": "File of the whole form taken out of SharePoint",
    "sharepoint.taken_over_seen_to": "Invitations that were taken over seen to",
    "sharepoint.edited": "Edited in SharePoint",
    "sharepoint.followed": "Edit in SharePoint followed",
    "sharepoint.conflict": "Conflict with SharePoint",
    "sharepoint.ours_kept": "Written to SharePoint again",
    "sharepoint.unreadable": "Item in SharePoint not taken in",
    "sharepoint.application_differs": "SharePoint differed",
    "sharepoint.invitation_differs": "Invitation differed in SharePoint",
    "sharepoint.compared": "Compared with SharePoint",
    "delivery.retried": "Delivery tried again",
    "delivery.all_retried": "Deliveries tried again",
    "delivery.digest": "Operations told of deliveries",
    "delivery.paused": "Deliveries stopped",
    "delivery.resumed": "Deliveries going on",
    "delivery.settled": "Delivery settled by hand",
    "delivery.returned": "Email came back",
    "delivery.returns_unread": "Returned mail cannot be read",
    "delivery.returns_read": "Returned mail can be read again",
    "document.infected": "Virus found",
    "document.recalled": "Document taken back for a virus",
    "retention.erased": "Erased after its period",
    "retention.left_in_sharepoint": "Erased document still in SharePoint",
    "retention.held": "File put on hold",
    "retention.hold_lifted": "Hold lifted",
    "person.signed_in": "Signed in",
    "person.signed_out": "Signed out",
    "person.signed_out_elsewhere": "Signed out on other devices",
    "person.disabled": "Account disabled",
    "person.enabled": "Account enabled",
    "person.sessions_ended": "Sessions ended by an administrator",
    "token.made": "Token made for a program",
    "token.revoked": "Token of a program revoked",
    "webhook.made": "Webhook made",
    "webhook.changed": "Webhook changed",
    "webhook.secret_made": "New secret for a webhook",
    "webhook.secret_ended": "Secret of a webhook ended",
    "webhook.removed": "Webhook removed",
    "webhook.tested": "Test sent to a webhook",
    "view.saved": "View of the list saved",
    "view.renamed": "View of the list renamed",
    "view.changed": "View of the list changed",
    "view.deleted": "View of the list deleted",
    "view.restored": "Deletion of a view taken back",
    "applications.exported": "Applications exported",
    "audit.exported": "Audit log exported",
    "contacts.exported": "Contacts exported",
}
_KINDS: Mapping[str, str] = {
    "sharepoint.conflict": "bad",
    "document.infected": "bad",
    "application.submitted": "sent",
    "application.resubmitted": "sent",
    "application.information_required": "asked",
    "application.approved": "good",
    "application.rejected": "bad",
    "application.withdrawn": "bad",
    "application.renewal_sent": "sent",
    "application.renewal_returned": "asked",
    "application.renewed": "good",
    "application.suspended": "bad",
    "application.reinstated": "good",
}


@dataclass(frozen=True)
class Line:
    """One entry of the history. `kind` marks the milestones: sent, asked, good, bad; `by` is who did it: staff, partner, program or system.

    `changes` is what was changed by it, before and after.
    """

    at: datetime
    sentence: str
    quote: str
    kind: str
    items: tuple[str, ...] = ()
    by: str = "staff"
    changes: tuple[Change, ...] = ()


def story(history: Iterable[Event]) -> list[Line]:
    """The history in words, in the order given; documents that were published one after the other are one entry."""
    runs = [list(run) for _key, run in groupby(history, lambda event: event.type if event.type == "document.published" else event.id)]
    return [tell(run[0], len(run)) for run in runs]


def tell(event: Event, times: int = 1) -> Line:
    """The event in words, or the first of as many alike; a type without a sentence yet is shown by its name."""
    key = f"{event.type}.{event.detail['ruling']}" if "ruling" in event.detail else event.type
    key += ".nobody" if event.type == "application.assigned" and not event.detail.get("reviewer") else ""
    key += f".{event.detail['why']}" if event.type == "application.decision_undone" and event.detail.get("why") else ""
    key += ".repaired" if event.type == "sharepoint.edited" and not event.detail.get("left") else ""
    sentence, quoted = SENTENCES.get(key, "{actor}: " + _plain(event.type)), QUOTED.get(key, "")
    items = tuple(_(one.label) for one in wanted_from(event.detail.get("items", [])) if event.type in NAMING)
    told = _(sentence).format_map(_words(event, times))
    return Line(event.at, told, _quote(event, quoted), _KINDS.get(event.type, ""), items, event.actor_kind, _changes(event))


def what_happened(kind: str) -> str:
    """An event's type in a few words, without who did it: "Application submitted"."""
    return _(HAPPENED[kind]) if kind in HAPPENED else _plain(kind).capitalize()


def _plain(kind: str) -> str:
    return kind.replace(".", " ").replace("_", " ")


def _changes(event: Event) -> tuple[Change, ...]:
    if event.type == "application.note_changed":
        return (Change("", "Note", event.detail.get("before", ""), event.detail.get("text", "")),)
    return changes_of(event) if event.type in ("application.resubmitted", "application.renewed") else ()


def _quote(event: Event, entry: str) -> str:
    """What is quoted below the sentence; of an application that came back, what the partner wrote on each thing and on the whole."""
    if entry == "theirs":  # a column of SharePoint's may hold a book; the event keeps it whole
        return shorten(str(event.detail.get(entry) or ""), 300, placeholder=" …")
    if entry != "comment":
        return str(event.detail.get(entry) or "")
    said: Mapping[str, str] = event.detail.get("replies") or {}
    return "\n".join([*(f"{_(label_of(name))}: {words}" for name, words in said.items() if name != COMMENT), said.get(COMMENT, "")]).strip()


def _words(event: Event, times: int) -> dict[str, Any]:
    told = event.detail
    changed = count_of_changes(event) if event.type in CHANGING else 0
    return {
        "actor": own(event.actor),
        "reviewer": own(told.get("reviewer", "")),
        "section": _(SECTIONS.get(told.get("section", ""), "")),
        "changes": ngettext("{count} change", "{count} changes", changed).format(count=shown_number(changed)),
        "documents": ngettext("{count} document", "{count} documents", times).format(count=shown_number(times)),
        "target": target(told.get("target", "")),
        "name": own(told.get("name", "") or told.get("title", "")),
        "before": own(told.get("before", "")) if event.type == "view.renamed" else "",
        "made_by": own(told.get("made_by", "")),
        "column": own(told.get("column", "")),
        "edited_by": own(told.get("by", "")) or _("Somebody"),
        "email": own(told.get("email", "")) if event.type == "delivery.returned" else "",
        "applications": applications(int(told.get("count", 0))) if event.type == "applications.exported" else "",
        "partners": partners(int(told.get("count", 0))) if event.type == "contacts.exported" else "",
        "entries": entries(int(told.get("count", 0))) if event.type == "audit.exported" else "",
        "deliveries": deliveries(int(told.get("count", 0))) if event.type == "delivery.all_retried" else "",
    }
