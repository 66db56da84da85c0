"""The API: one router a noun. `routers` is what the app includes, in this order."""

from portal.api import (
    applications,
    confirmation,
    documents,
    drafts,
    graph_notifications,
    health,
    invitations,
    invited,
    mail_returned,
    reading,
    status,
)
from portal.api.unknown import rest_of

_known = (
    invitations.router, drafts.router, documents.router, confirmation.router, applications.router, status.router, mail_returned.router,
    graph_notifications.router, reading.router, invited.router, health.router,
)  # fmt: skip
routers = (*_known, rest_of(_known))
