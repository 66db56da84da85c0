"""Who hears of events, in words: each target of deliveries, and the two systems as a whole."""

from __future__ import annotations

from models.language import _
from models.webhook import number_of

TARGETS: dict[str, str] = {
    "email": "Email: all of it",
    "sharepoint": "SharePoint: all of it",
    "webhook": "Webhooks: all of them",
    "sharepoint.invitation": "SharePoint: invitation",
    "sharepoint.application": "SharePoint: application",
    "sharepoint.documents": "SharePoint: documents",
    "email.invitation": "Email: invitation",
    "email.reminder": "Email: reminder",
    "email.confirmation": "Email: confirmation code",
    "email.device": "Email: code for a new device",
    "email.colleague": "Email: a colleague's link",
    "email.colleague_done": "Email: a colleague is done",
    "email.received": "Email: application received",
    "email.operations": "Email: operations",
    "email.information_required": "Email: information required",
    "email.request_reminder": "Email: reminder of what was asked",
    "email.condition_reminder": "Email: reminder of conditions",
    "email.approved": "Email: approved",
    "email.renewal": "Email: renewal asked for",
    "email.renewal_received": "Email: renewal received",
    "email.renewal_office": "Email: operations, of a renewal",
    "email.renewed": "Email: renewal approved",
    "email.suspended": "Email: approval suspended",
    "email.reinstated": "Email: suspension ended",
    "email.rejected": "Email: rejected",
    "email.withdrawn": "Email: application withdrawn",
    "email.withdrawn_office": "Email: operations, of a withdrawal",
    "email.withdrawn_reviewer": "Email: the reviewer, of a withdrawal",
    "email.decision_held": "Email: operations, of a held decision",
    "email.note": "Email: a note to the partner",
    "email.mention": "Email: somebody mentioned",
    "email.digest": "Email: operations, of deliveries",
}


def in_words(target: str) -> str:
    """Who hears of an event, in the spoken language; a webhook by its number, under which /people/webhooks has it."""
    if (number := number_of(target)) is not None:
        return _("Webhook {number}").format(number=number)
    return _(TARGETS[target]) if target in TARGETS else target
