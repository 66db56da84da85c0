"""Who has been asked already: what stands for an address that somebody is about to invite."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from models.application import Application, ApplicationStatus
from models.database import now, one_at_a_time
from models.errors import Conflict
from models.invitation import Invitation, InvitationStatus, checked, invite
from models.invited import Standing, lines_of
from models.language import ENGLISH, _
from models.person import Actor, Right

S = ApplicationStatus
#: The partner waits for us, we wait for them, or they are a partner.
RUNNING = (S.SUBMITTED, S.UNDER_REVIEW, S.INFORMATION_REQUIRED, S.REVIEWED, S.APPROVED, S.SUSPENDED)
TURN = "inviting an address"  # two people with one address: the second sees what the first did


@dataclass(frozen=True)
class Already:
    """An open invitation, or one that has led to an application that runs or to a partner: who, when, by whom, and how it stands.

    `status` is None and `reference` empty until the application is sent; `by` is empty where nobody of the staff invited.
    """

    code: str
    company: str
    at: datetime
    by: str
    standing: Standing
    status: ApplicationStatus | None
    reference: str


class AlreadyInvited(Conflict):
    """The address is invited already. `found` says how, in plain values, as the refusal ends the rows' transaction."""

    def __init__(self, address: str, found: tuple[Already, ...]) -> None:
        super().__init__(_("{address} is invited already, so nothing was sent.").format(address=address))
        self.address, self.found = address, found


def already(session: Session, address: str) -> tuple[Already, ...]:
    """What stands for an address as invitations hold it, by the invitation's address or the application's contact, newest first."""
    ids = session.scalars(standing(address)).all()
    return tuple(
        Already(
            line.invitation.code, line.invitation.company_name, line.invitation.created_at, line.invitation.created_by or "", line.standing,
            line.application.state if line.application and line.reference else None, line.reference,
        )
        for line in lines_of(session, ids)
    )  # fmt: skip


def invite_anew(
    session: Session, actor: Actor, *, company_name: str, contact_email: str, contact_name: str = "", contact_title: str = "",
    notes: str = "", expires_at: datetime | None = None, language: str = ENGLISH.code, known: Collection[str] = (),
) -> Invitation:  # fmt: skip
    """`invite`, unless its address is invited already: AlreadyInvited then, but where `known` holds the codes of all that stands."""
    actor.must(Right.INVITE)
    fields = checked(
        company_name=company_name, contact_email=contact_email, contact_name=contact_name, contact_title=contact_title, notes=notes
    )
    one_at_a_time(session, TURN)
    found = already(session, fields["contact_email"])
    if any(one.code not in known for one in found):
        raise AlreadyInvited(fields["contact_email"], found)
    return invite(session, actor, **fields, expires_at=expires_at, language=language)


def is_open() -> sa.ColumnElement[bool]:
    """Whether a partner can still begin or go on with the invitation."""
    ends = col(Invitation.expires_at)
    return sa.and_(col(Invitation.status) == InvitationStatus.ACTIVE, sa.or_(ends.is_(None), ends > now()))


def standing(address: str) -> sa.CompoundSelect[Any]:
    """The ids of the invitations that stand for an address: open, or with an application that runs or was approved.

    Each half finds its few by an index: together they would walk through all applications, whose rows are wide.
    """
    found, same = sa.select(col(Invitation.id)), col(Application.invitation_code) == col(Invitation.code)
    invited = found.outerjoin(Application, same).where(_is(col(Invitation.contact_email), address))
    applied = found.join(Application, same).where(_is(col(Application.primary_contact_email), address))
    return sa.union(invited.where(stands()), applied.where(stands()))


def stands() -> sa.ColumnElement[bool]:
    """Whether, with this invitation and its application, nobody is to be invited again."""
    return sa.or_(is_open(), runs())


def runs() -> sa.ColumnElement[bool]:
    """Whether an application is on its way, or was approved."""
    return col(Application.status).in_([str(one) for one in RUNNING])


def _is(column: Any, address: str) -> sa.ColumnElement[bool]:
    """In any case; what is not ASCII as it stands too, since SQLite's lower() knows no other."""
    same = sa.func.lower(column) == address.lower()
    return same if address.isascii() else sa.or_(same, column == address)
