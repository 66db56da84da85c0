"""The staff who have signed in: who they are, cutting one off and letting them back in, and ending sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import Application
from models.database import now, one_at_a_time
from models.decision import LEAVING, Decision, hold_waiting
from models.errors import Conflict, NotFound, SignInNeeded
from models.event import Event, record
from models.language import _
from models.person import ACTIVE, SUSPENDED, Actor, Ended, Right, Role, SignIn, User, hash_of

LONGEST_REASON = 500


@dataclass(frozen=True)
class Person:
    """One member of staff. `seen` says whether the reader may know when they were here and in which browsers they are signed in.

    `sessions` are the open ones, the one that was used last first.
    """

    user: User
    roles: tuple[Role, ...]
    seen: bool
    last_sign_in: datetime | None
    last_seen: datetime | None
    sessions: tuple[SignIn, ...]

    @property
    def suspended(self) -> bool:
        """Whether an administrator has cut them off."""
        return self.user.status == SUSPENDED


def people(session: Session, actor: Actor, q: str = "") -> list[Person]:
    """The staff by name, or those whose name or address contains `q`; partners are none of them.

    When somebody was here last is only for themselves, for administrators and for auditors.
    """
    actor.must(Right.READ)
    staff = select(User).where(col(User.oid).is_not(None), *_matching(q)).order_by(sa.func.lower(User.name), col(User.id))
    users = session.exec(staff).all()
    ids = [user.id or 0 for user in users]
    signed_in, last_seen = _last_sign_ins(session, ids), _last_seen(session, ids)
    sessions, roles = _sessions(session, ids), _roles(session, ids)
    sees_all = actor.may(Right.PEOPLE) or actor.may(Right.AUDIT)
    return [
        Person(user, roles.get(user.id, _only(user.role)), sees_all or user.id == actor.user_id, signed_in.get(user.id),
               last_seen.get(user.id), tuple(sessions.get(user.id or 0, ())))
        for user in users
    ]  # fmt: skip


def disable(session: Session, actor: Actor, user_id: int, reason: str = "") -> int:
    """Cut somebody off at once: no session of theirs is good any more and none can begin. Conflict for oneself and the last admin.

    What they decided and has not left yet is held until somebody else confirms or undoes it; answers how many decisions that are.
    Entra is not told: the role there is somebody else's to take away.
    """
    actor.must(Right.PEOPLE)
    _awaiting(session, user_id)  # who decides or carries out locks an application before a person, and so does this
    user = _locked(session, actor, user_id)
    if user.id == actor.user_id:
        raise Conflict(_("You cannot disable your own account. Ask another administrator."))
    if user.status == SUSPENDED:
        raise Conflict(_("This account is disabled already."))
    if user.role == Role.ADMIN and not _other_admins(session, user):
        raise Conflict(_("This is the last administrator. Let another one sign in first."))
    user.status = SUSPENDED
    session.add(user)
    ended = _end(session, user.id, Ended.DISABLED)
    record(session, "person.disabled", actor, person=user.id, name=user.name, reason=reason.strip()[:LONGEST_REASON], ended=ended)
    return sum(hold_waiting(session, number, actor) for number in _awaiting(session, user_id))


def enable(session: Session, actor: Actor, user_id: int) -> User:
    """Let somebody sign in again; the sessions that were ended stay so. Conflict if they may already."""
    actor.must(Right.PEOPLE)
    user = _locked(session, actor, user_id)
    if user.status != SUSPENDED:
        raise Conflict(_("This account is not disabled."))
    user.status = ACTIVE
    session.add(user)
    record(session, "person.enabled", actor, person=user.id, name=user.name)
    return user


def end_sessions(session: Session, actor: Actor, user_id: int) -> int:
    """Sign somebody out on all devices, oneself too; answers how many sessions ended. Conflict if none was open."""
    actor.must(Right.PEOPLE)
    user = _locked(session, actor, user_id)
    if not (ended := _end(session, user.id, Ended.BY_ADMINISTRATOR)):
        raise Conflict(_("No session of this person is open."))
    record(session, "person.sessions_ended", actor, person=user.id, name=user.name, ended=ended)
    return ended


def sign_out_elsewhere(session: Session, actor: Actor, token: str) -> int:
    """End one's own sessions on all other devices than the one with this token; answers how many. Conflict if there is none."""
    if actor.user_id is None:
        raise SignInNeeded(_("Sign in to go on."))
    if not (ended := _end(session, actor.user_id, Ended.FROM_ELSEWHERE, col(SignIn.token_hash) != hash_of(token))):
        raise Conflict(_("You are not signed in anywhere else."))
    record(session, "person.signed_out_elsewhere", actor, ended=ended)
    return ended


def _awaiting(session: Session, user_id: int) -> Sequence[int]:
    """The applications on which this person has decided without anything having left, locked."""
    theirs = select(Decision.application_id).where(Decision.user_id == user_id, *LEAVING)
    locked = select(Application.id).where(col(Application.id).in_(theirs)).order_by(col(Application.id)).with_for_update()
    return [number for number in session.exec(locked) if number]


def _locked(session: Session, actor: Actor, user_id: int) -> User:
    """The account, while nobody else changes any; NotFound if it is none of the staff.

    Two administrators who disable each other at the same moment come one after the other, and the second is no administrator any more.
    """
    one_at_a_time(session, "people")
    locked = select(User).where(User.id == user_id, col(User.oid).is_not(None)).with_for_update()
    user = session.exec(locked.execution_options(populate_existing=True)).first()
    if user is None:
        raise NotFound(_("There is no such person."))
    if actor.user_id and session.scalar(sa.select(col(User.status)).where(col(User.id) == actor.user_id)) == SUSPENDED:
        raise SignInNeeded(_("Sign in to go on."))
    return user


def _end(session: Session, user_id: int | None, why: Ended, *which: Any) -> int:
    ended = sa.update(SignIn).where(col(SignIn.user_id) == user_id, *_open(), *which).values(ended_at=now(), ended_why=why.value)
    return int(session.execute(ended.execution_options(synchronize_session=False)).rowcount)  # type: ignore[attr-defined]


def _open() -> tuple[Any, ...]:
    return col(SignIn.ended_at).is_(None), col(SignIn.expires_at) > now()


def _other_admins(session: Session, user: User) -> bool:
    others = select(User.id).where(User.role == Role.ADMIN, User.status != SUSPENDED, User.id != user.id)
    return session.exec(others).first() is not None


def _matching(q: str) -> Sequence[Any]:
    return [sa.or_(*(col(column).icontains(q, autoescape=True) for column in (User.name, User.email)))] if q else []


def _last_sign_ins(session: Session, ids: Sequence[int]) -> Mapping[int | None, datetime]:
    """From the events: the rows of sessions are erased when they have been over for a while (models/retention.py)."""
    wanted = select(Event.user_id, sa.func.max(Event.at)).where(Event.type == "person.signed_in", col(Event.user_id).in_(ids))
    return dict(session.exec(wanted.group_by(col(Event.user_id))).all())


def _last_seen(session: Session, ids: Sequence[int]) -> Mapping[int | None, datetime]:
    wanted = select(SignIn.user_id, sa.func.max(SignIn.seen_at)).where(col(SignIn.user_id).in_(ids), col(SignIn.seen_at).is_not(None))
    return {number: at for number, at in session.exec(wanted.group_by(col(SignIn.user_id))) if at}


def _sessions(session: Session, ids: Sequence[int]) -> Mapping[int, list[SignIn]]:
    wanted = select(SignIn).where(col(SignIn.user_id).in_(ids), *_open())
    found: dict[int, list[SignIn]] = {}
    for one in session.exec(wanted.order_by(sa.func.coalesce(SignIn.seen_at, SignIn.created_at).desc(), col(SignIn.id).desc())):
        found.setdefault(one.user_id, []).append(one)
    return found


def _roles(session: Session, ids: Sequence[int]) -> Mapping[int | None, tuple[Role, ...]]:
    """The roles that Entra sent at the last sign-in whose session is still kept."""
    newest = select(sa.func.max(SignIn.id)).where(col(SignIn.user_id).in_(ids)).group_by(col(SignIn.user_id))
    found = session.exec(select(SignIn.user_id, SignIn.roles).where(col(SignIn.id).in_(newest)))
    return {number: tuple(role for role in Role if role in roles) for number, roles in found}


def _only(role: str) -> tuple[Role, ...]:
    return tuple(known for known in Role if known == role)
