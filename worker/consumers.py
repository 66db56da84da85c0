"""Who hears of what happened: the table of contents of the worker.

`models.event.CONSEQUENCES` says which events lead to which target; this says what each target does.
"""

from __future__ import annotations

from models.webhook import SYSTEM
from worker import access, condition_mails, desk_mails, digest, evidence, notes, notify, publish, renewals, request_mails, webhooks
from worker.outcome import Consumer

HANDLERS: dict[str, Consumer] = {
    "sharepoint.invitation": publish.invitation,
    "sharepoint.application": publish.application,
    "sharepoint.documents": evidence.documents,
    "email.invitation": notify.invitation,
    "email.reminder": notify.reminder,
    "email.received": notify.received,
    "email.operations": notify.operations,
    "email.confirmation": notify.confirmation,
    "email.device": access.device,
    "email.colleague": access.colleague,
    "email.colleague_done": access.colleague_done,
    "email.information_required": notify.information_required,
    "email.request_reminder": request_mails.request_reminder,
    "email.condition_reminder": condition_mails.condition_reminder,
    "email.renewal": renewals.asked,
    "email.renewal_received": renewals.received,
    "email.renewal_office": renewals.office,
    "email.renewed": renewals.approved,
    "email.suspended": renewals.suspended,
    "email.reinstated": renewals.reinstated,
    "email.approved": notify.approved,
    "email.rejected": notify.rejected,
    "email.withdrawn": desk_mails.withdrawn,
    "email.withdrawn_office": desk_mails.withdrawn_office,
    "email.withdrawn_reviewer": desk_mails.withdrawn_reviewer,
    "email.decision_held": desk_mails.decision_held,
    "email.note": notes.note,
    "email.mention": notes.mention,
    "email.digest": digest.digest,
}


def consumer_of(target: str) -> Consumer:
    """What is done with a delivery to `target`; all webhooks (models/webhook.py) are told in one way."""
    return webhooks.tell if target.startswith(f"{SYSTEM}.") else HANDLERS[target]
