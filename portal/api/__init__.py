"""The API: one router a noun. `routers` is what the app includes, in this order."""

from portal.api import applications, confirmation, documents, drafts, health, invitations, status
from portal.api.unknown import rest_of

_known = (invitations.router, drafts.router, documents.router, confirmation.router, applications.router, status.router, health.router)
routers = (*_known, rest_of(_known))
