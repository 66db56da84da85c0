"""Invitations as SharePoint's list tells them: each item is created once, and followed from then on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.database import now, one_at_a_time
from models.errors import Invalid, Problem
from models.event import record
from models.invitation import FIELDS, Invitation, InvitationStatus, checked, default_expiry, must_be_sensible, new_code, normal_code, tidy
from models.language import _
from models.list_item import ListItem, Subject, moment, of_subject
from models.person import PORTAL, POWER_AUTOMATE
from models.taken_over import TAKEN_OVER

#: What is told of an item → the column of EPC Invitations in which it stands.
COLUMNS: Mapping[str, str] = {"company_name": "Title", "contact_email": "ContactEmail", "contact_title": "ContactTitle", "notes": "Notes"}


def synced(
    session: Session, *, code: str = "", item_id: str = "", status: str = "", expires_at: datetime | None = None,
    modified: datetime | None = None, first_look: bool = False, **sent: str,
) -> tuple[Invitation, bool]:  # fmt: skip
    """Create or update an invitation from the SharePoint list; answers it and whether it is new.

    `sent` are the fields of `checked` that the item has; what it has not stays as it is. An item is found again by its code,
    by its id or, where it has neither, by being the same in all it says, so that sending it twice changes nothing. What was told
    of a later change already, by `modified`, and what the portal itself wrote there change nothing either: whichever way an item comes
    (the list's flow, Graph's word, our own look), and in whatever order, it ends alike (FACTS 15).

    At the `first_look` at a list, what stands there was invited long ago, by whatever came before us: it is taken over without a mail.
    """
    if expires_at:
        must_be_sensible(expires_at, ahead=False)
    one_at_a_time(session, "synced")
    found = _known(session, normal_code(code), item_id, sent)
    if found and modified and found.listed_at and modified < found.listed_at:
        return found, False
    listed = of_subject(session, Subject(invitation_id=found.id)) if found else None
    if listed:
        sent = {name: value for name, value in sent.items() if name not in COLUMNS or not listed.is_ours(COLUMNS[name], value)}
        status = "" if listed.is_ours("Status", status) else status
        expires_at = None if listed.is_ours("ExpiryDate", moment(expires_at)) else expires_at
    known = {name: getattr(found, name) or "" for name in FIELDS} if found else {}
    fields = checked(**{"company_name": "", "contact_email": "", **known, **sent})
    if found is None:
        return _adopt(session, normal_code(code), item_id, status, expires_at, fields, modified, first_look), True
    _update(session, found, {**fields, **_from_list(found, status, expires_at, item_id)})
    found.listed_at = modified or found.listed_at
    if listed:
        _remember(listed, found, status, expires_at, sent)
        session.add(listed)
    session.add(found)
    return found, False


def disown(session: Session, listed: ListItem) -> None:
    """The list was made again, and has another item under this number: the invitation's own is looked for anew, or made again."""
    forget(session, listed)
    record(session, "sharepoint.invitation_differs", PORTAL, invitation_id=listed.invitation_id)


def forget(session: Session, listed: ListItem) -> None:
    """The item is gone. Its number is nobody's any more, as what is found under it from now on is another's."""
    found = session.get(Invitation, listed.invitation_id, with_for_update=True) if listed.invitation_id else None
    if found and found.sharepoint_item_id == listed.item_id:
        found.sharepoint_item_id = None
        session.add(found)
    row = of_subject(session, Subject(listed.invitation_id, listed.application_id))
    if row and row.item_id == listed.item_id:
        session.delete(row)
    session.flush()


def _remember(listed: ListItem, found: Invitation, status: str, expires_at: datetime | None, sent: Mapping[str, str]) -> None:
    """What came in is what both sides say now; so it is an edit again if somebody takes it back there."""
    said: dict[str, Any] = {COLUMNS[name]: value for name, value in sent.items() if name in COLUMNS}
    said |= {"ExpiryDate": moment(expires_at)} if expires_at else {}
    listed.taken_in(said | ({"Status": status} if status and _status(status) == found.status else {}))


def _known(session: Session, code: str, item_id: str, sent: Mapping[str, str]) -> Invitation | None:
    keys = [col(Invitation.code) == code] if code else []
    keys += [col(Invitation.sharepoint_item_id) == item_id] if item_id else []
    for key in keys or [_sent_again(sent)]:
        if found := session.exec(select(Invitation).where(key).order_by(col(Invitation.id)).with_for_update()).first():
            return found
    return None


def _sent_again(sent: Mapping[str, str]) -> sa.ColumnElement[bool]:
    """The very item once more, from a flow that had no answer (FACTS 14): all alike, and nobody has opened it yet."""
    alike = [sa.func.coalesce(getattr(Invitation, name), "") == tidy(name, sent[name]) for name in FIELDS if name in sent]
    fresh = [col(Invitation.status) == InvitationStatus.ACTIVE, col(Invitation.opened_at).is_(None), col(Invitation.source) == "sharepoint"]
    return sa.and_(*alike, *fresh)


def _adopt(
    session: Session, code: str, item_id: str, status: str, expires_at: datetime | None, fields: dict[str, Any], modified: datetime | None,
    first_look: bool,
) -> Invitation:  # fmt: skip
    if code and not re.fullmatch(r"[A-Z0-9]{8}", code):
        raise Invalid(_("The code is not valid."), [Problem("AuthCode", _("Send a code of 8 letters and digits, or none."))])
    made = Invitation(
        **fields, code=code or new_code(session), created_at=now(), expires_at=expires_at or default_expiry(),
        sharepoint_item_id=item_id or None, source="sharepoint", created_by=POWER_AUTOMATE.name,
        status=_status(status) or InvitationStatus.ACTIVE, listed_at=modified,
    )  # fmt: skip
    session.add(made)
    session.flush()
    kind = "invitation.imported"
    if made.state == InvitationStatus.ACTIVE:
        kind = TAKEN_OVER if first_look else "invitation.synced"
    record(session, kind, POWER_AUTOMATE, invitation_id=made.id, company=made.company_name, email=made.contact_email, code_made=not code)
    return made


def _from_list(found: Invitation, status: str, expires_at: datetime | None, item_id: str) -> dict[str, object]:
    """What the list may change. Used and revoked stay: an old copy of the item must not open an invitation again."""
    wanted, final = _status(status), (InvitationStatus.USED, InvitationStatus.REVOKED)
    changes: dict[str, object] = {"sharepoint_item_id": item_id} if item_id else {}
    changes |= {"expires_at": expires_at} if expires_at else {}
    return changes | ({"status": wanted} if wanted and found.status not in final else {})


def _update(session: Session, found: Invitation, fields: dict[str, object]) -> None:
    changed = {
        name: [_plain(getattr(found, name)), _plain(value)]
        for name, value in fields.items()
        if (getattr(found, name) or "") != (value or "")
    }
    for name in changed:
        setattr(found, name, fields[name])
    if changed:
        session.add(found)
        record(session, "invitation.changed", POWER_AUTOMATE, invitation_id=found.id, changed=changed)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _status(word: str) -> InvitationStatus | None:
    known = {"active": "active", "used": "used", "expired": "expired", "cancelled": "revoked", "revoked": "revoked"}
    if word and word.lower() not in known:
        raise Invalid(_("The status is not known."), [Problem("Status", _("Send Active, Used, Expired or Cancelled."))])
    return InvitationStatus(known[word.lower()]) if word else None
