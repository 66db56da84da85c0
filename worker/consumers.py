"""Who hears of what happened: the table of contents of the worker.

`models.event.CONSEQUENCES` says which events lead to which target; this says what each target does.
"""

from __future__ import annotations

from worker import access, notify, publish
from worker.outcome import Consumer

HANDLERS: dict[str, Consumer] = {
    "sharepoint.invitation": publish.invitation,
    "sharepoint.application": publish.application,
    "sharepoint.documents": publish.documents,
    "email.invitation": notify.invitation,
    "email.reminder": notify.reminder,
    "email.received": notify.received,
    "email.operations": notify.operations,
    "email.confirmation": notify.confirmation,
    "email.device": access.device,
    "email.colleague": access.colleague,
    "email.colleague_done": access.colleague_done,
    "email.information_required": notify.information_required,
    "email.approved": notify.approved,
    "email.rejected": notify.rejected,
}
