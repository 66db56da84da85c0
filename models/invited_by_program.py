"""Invitations that programs make: the same request sent again makes no second one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Field, Session, SQLModel

from models.already import invite_anew
from models.database import UtcDateTime, now, one_at_a_time
from models.errors import Invalid, Problem
from models.invitation import Invitation, invite
from models.language import _
from models.token import Token


class InvitationKey(SQLModel, table=True):
    """One Idempotency-Key of one token, and the invitation that it stands for. Of what was sent only a hash is kept."""

    __tablename__ = "invitation_keys"

    token_id: int = Field(foreign_key="tokens.id", ondelete="CASCADE", primary_key=True)
    key: str = Field(primary_key=True)
    sent: str
    invitation_id: int = Field(foreign_key="invitations.id", ondelete="CASCADE", index=True)
    used_at: datetime = Field(sa_type=UtcDateTime, index=True)


def invite_once(
    session: Session, token: Token, key: str | None, fields: Mapping[str, Any], *, anyway: bool = False
) -> tuple[Invitation, bool]:
    """The invitation that `fields` (those of `invite`) describe, and whether it is new. Invalid if the key stood for another request,
    AlreadyInvited, as at the desk, if its address is invited already, unless it is to be invited `anyway`.

    Two requests with one key at the same moment come one after the other, and the second is answered with what the first made.
    """
    send = invite if anyway else invite_anew
    if not key:
        return send(session, token.actor, **fields), True
    one_at_a_time(session, f"invitation key {token.id} {key}")
    sent, held = _mark(fields), session.get(InvitationKey, (token.id, key))
    if held is None:
        made = send(session, token.actor, **fields)
        session.add(InvitationKey(token_id=token.id or 0, key=key, sent=sent, invitation_id=made.id or 0, used_at=now()))
        return made, True
    if held.sent != sent:
        said = _("This Idempotency-Key was used for another invitation. Send a new one for each.")
        raise Invalid(said, [Problem("Idempotency-Key", said)])
    return session.get_one(Invitation, held.invitation_id), False


def _mark(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True, default=str).encode()).hexdigest()
