"""What people change in the lists comes into the portal: each is read every few minutes, and soon after Graph says that something changed.

One of all workers reads (FACTS 30). The link from which to go on is kept only when everything before it was dealt with, so that a worker
may die anywhere: what comes again changes nothing. The same verb takes in what Power Automate sends, so whichever is first wins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog

from integrations.failures import Failure, Passing
from integrations.sharepoint import Item, sharepoint
from models.database import now, reading, transaction
from models.errors import Refused
from models.followed_list import begin_reading, could_not_be_read, due, was_read, was_there_before
from models.invitation_list import disown, synced
from models.list_item import its_own, of_list_item
from models.list_trouble import new_trouble, note_trouble, put_right
from models.settings import settings
from worker import edits
from worker.deliver import WORKER, stopping
from worker.logs import where
from worker.turn import in_turn

#: The first look reads every item there is; whoever dies with it keeps the others away for so long.
LONGEST = timedelta(minutes=30)
INVITATION = ("Title", "InvitationCode", "ContactEmail", "ContactTitle", "Status", "ExpiryDate", "Notes")
log = structlog.get_logger()
Take = Callable[[Item], None]


def follow() -> bool:
    """Read the lists that are due, if the settings say so; whether this worker did."""
    if not (settings().sharepoint_poll_minutes or settings().graph_notification_secret.get_secret_value()):
        return False
    with reading() as session:
        names = due(session)
    return bool(names) and in_turn("sharepoint lists", WORKER, LONGEST, partial(_read_all, names))


def read_list(name: str) -> bool:
    """Take in what changed in the list since the last time. Whether all of it was dealt with."""
    with transaction() as session:
        link = begin_reading(session, name)
    columns, take = lists()[name]
    try:
        items, link = sharepoint().changes(name, link, columns)
    except Failure as failure:
        log.warning("list not read", list=name, reason=failure.reason)
        with transaction() as session:
            could_not_be_read(session, name, "" if isinstance(failure, Passing) else failure.reason)
        return False
    taken = [_taken(take, item, name) for item in items]  # each, also after one that failed
    if not all(taken):
        return False
    with transaction() as session:
        was_read(session, name, link)
    return True


def _read_all(names: list[str]) -> datetime:
    """Who comes next may read at once: each list knows for itself when it is due."""
    for name in names:
        read_list(name)
    return now()


def lists() -> Mapping[str, tuple[tuple[str, ...], Take]]:
    """List → what is read of its items, and what becomes of each."""
    found = settings()
    return {
        found.sharepoint_invitations_list: (INVITATION, take_invitation),
        found.sharepoint_applications_list: (edits.COLUMNS, edits.application_item),
    }


def _taken(take: Take, item: Item, name: str) -> bool:
    """An item that fails keeps no other back, but is read again with all that follows."""
    if stopping.is_set():
        return False
    try:
        take(item)
    except Exception as error:
        log.error("item not taken in", list=name, item=item.id, **where(error))
        return False
    return True


def take_invitation(item: Item) -> None:
    """An item of the list of invitations that changed, or that was not known."""
    name = settings().sharepoint_invitations_list
    try:
        with transaction() as session:
            rows = of_list_item(session, item.id, invitations=True)
            known = its_own(rows, item.etag)
            for row in rows:
                if not row.is_same(item.etag):  # the list was made again
                    disown(session, row)
            ours = known is not None and known.is_as_written(item.etag)
            if not (item.deleted or ours):  # what nobody changed since we wrote it
                synced(session, item_id=item.id, first_look=was_there_before(session, name, item.made_at), **_told(item))
            put_right(session, name, item.id)
    except Refused as refused:
        theirs = {column: item.fields.get(column) for column in INVITATION}
        with transaction() as session:
            note_trouble(session, new_trouble(name, item.id, str(item.fields.get("Title") or ""), refused.words, item.by, theirs))


def _told(item: Item) -> dict[str, Any]:
    """The item in the words of `synced`: SharePoint leaves out the columns that are empty."""
    fields = {column: str(item.fields.get(column) or "") for column in INVITATION}
    return {
        "code": fields["InvitationCode"], "company_name": fields["Title"], "contact_email": fields["ContactEmail"],
        "contact_title": fields["ContactTitle"], "notes": fields["Notes"], "status": fields["Status"],
        "expires_at": _moment(fields["ExpiryDate"]), "modified": item.changed_at,
    }  # fmt: skip


def _moment(told: str) -> datetime | None:
    if not told:
        return None
    at = datetime.fromisoformat(told)
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
