"""Staff and partners as the portal knows them: their roles, what each role may do, and their sessions."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UtcDateTime, now
from models.errors import Forbidden, SignInNeeded
from models.language import _

SESSION_HOURS = 10
SEEN_EVERY = timedelta(minutes=5)  # no oftener is it written down that somebody is there
#: What an account is: one that may sign in, and one that an administrator has cut off.
ACTIVE, SUSPENDED = "approved", "suspended"


class Role(StrEnum):
    """The app roles that Entra sends in the `roles` claim."""

    OPERATIONS = "operations"
    REVIEWER = "reviewer"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Right(StrEnum):
    """What a verb asks for."""

    READ = "read applications"
    INVITE = "invite partners"
    REVIEW = "review applications"
    DECIDE = "decide on applications"
    OPERATE = "operate deliveries"
    AUDIT = "read the audit log"
    PEOPLE = "manage people"


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OPERATIONS: frozenset({Right.READ, Right.INVITE, Right.OPERATE}),
    Role.REVIEWER: frozenset({Right.READ, Right.REVIEW}),
    Role.APPROVER: frozenset({Right.READ, Right.REVIEW, Right.DECIDE}),
    Role.AUDITOR: frozenset({Right.READ, Right.AUDIT}),
    Role.ADMIN: frozenset(Right),
}


@dataclass(frozen=True)
class Actor:
    """Who does something: a person of the staff, a partner, a program with a token, another system, or the portal itself.

    A program has no roles but the `rights` of its token.
    """

    name: str
    kind: str
    roles: frozenset[Role] = frozenset()
    user_id: int | None = None
    email: str = ""
    rights: frozenset[Right] = frozenset()

    def may(self, right: Right) -> bool:
        """Whether one of the roles or the token carries the right; the portal itself and the sync interface may do what they do."""
        return self.kind == "system" or right in self.rights or any(right in RIGHTS[role] for role in self.roles)

    def must(self, right: Right) -> None:
        """Raise Forbidden unless the actor may; every verb of the staff begins with this."""
        if not self.may(right):
            raise Forbidden(_("Your account may not {right}. Ask an administrator for the role.").format(right=_(right)))


PORTAL = Actor(name="Partner Portal", kind="system")
POWER_AUTOMATE = Actor(name="SharePoint", kind="system")


def partner(name: str) -> Actor:
    """The partner of one application, as they appear in the history."""
    return Actor(name=name, kind="partner")


class User(SQLModel, table=True):
    """A person with an account; staff come from Entra at their first sign-in."""

    __tablename__ = "users"

    id: int | None = Field(default=None, primary_key=True)
    oid: str | None = Field(default=None, unique=True)
    email: str = Field(index=True)
    name: str
    role: str
    profile: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    status: str = ACTIVE
    created_at: datetime = Field(sa_type=UtcDateTime)


class Ended(StrEnum):
    """Why a session is over, which closes its open pages."""

    DISABLED = "disabled"
    BY_ADMINISTRATOR = "by an administrator"
    FROM_ELSEWHERE = "from elsewhere"
    SIGNED_OUT = "signed out"


class SignIn(SQLModel, table=True):
    """One signed-in browser. Only a hash of its token is kept; the roles are those Entra sent then.

    `browser` says in words which it is ("Firefox on Windows"), `seen_at` when a page of the desk was last asked for with it.
    """

    __tablename__ = "sessions"

    id: int | None = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True)
    user_id: int = Field(foreign_key="users.id", index=True)
    roles: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_why: str = Field(default="", sa_column_kwargs={"server_default": ""})
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    browser: str = Field(default="", sa_column_kwargs={"server_default": ""})


def sign_in(session: Session, *, oid: str, name: str, email: str, roles: list[str], browser: str = "") -> str:
    """Open a session for somebody Entra vouches for; answers the token for the cookie. Forbidden without a role of ours."""
    held = [role for role in Role if role in roles]
    if not held:
        raise Forbidden(_("Your account has no role in the Partner Portal. Ask an administrator to give you one."))
    user = session.exec(select(User).where(User.oid == oid)).first() or User(
        oid=oid, email=email, name=name, role=held[-1], created_at=now()
    )
    if user.status == SUSPENDED:
        raise Forbidden(_("Your account is disabled. Ask an administrator."))
    user.name, user.email, user.role = name, email, held[-1]
    session.add(user)
    session.flush()
    token = secrets.token_urlsafe(32)
    session.add(
        SignIn(
            token_hash=hash_of(token),
            user_id=user.id or 0,
            roles=[str(r) for r in held],
            created_at=now(),
            expires_at=now() + timedelta(hours=SESSION_HOURS),
            seen_at=now(),
            browser=browser,
        )
    )
    return token


def actor_of(session: Session, token: str | None) -> Actor:
    """Who holds this token; SignInNeeded when it is unknown, ended or expired, or the person is suspended."""
    found = session.exec(
        select(SignIn, User).join(User, col(User.id) == col(SignIn.user_id)).where(SignIn.token_hash == hash_of(token or ""))
    ).first()
    if not found or found[0].ended_at or found[0].expires_at <= now() or found[1].status == SUSPENDED:
        raise SignInNeeded(_("Sign in to go on."))
    held, user = found
    return Actor(name=user.name, kind="staff", roles=frozenset(Role(r) for r in held.roles), user_id=user.id, email=user.email)


def sign_out(session: Session, token: str) -> None:
    """End the session; unknown tokens are ignored."""
    if found := session.exec(select(SignIn).where(SignIn.token_hash == hash_of(token))).first():
        found.ended_at, found.ended_why = now(), Ended.SIGNED_OUT.value
        session.add(found)


def note_seen(session: Session, token: str) -> None:
    """Somebody looks at the desk with this token now; written at most every SEEN_EVERY, whichever process asks."""
    late = sa.or_(col(SignIn.seen_at).is_(None), col(SignIn.seen_at) < now() - SEEN_EVERY)
    mine = sa.update(SignIn).where(col(SignIn.token_hash) == hash_of(token), col(SignIn.ended_at).is_(None), late)
    session.execute(mine.values(seen_at=now()).execution_options(synchronize_session=False))


def cut_off(session: Session, tokens: Collection[str]) -> dict[str, Ended]:
    """Those of the tokens whose holder has been cut off, or has signed out, here or from elsewhere, with why."""
    by_hash = {hash_of(token): token for token in tokens}
    over = sa.or_(col(SignIn.ended_why) != "", col(User.status) == SUSPENDED)
    wanted = select(SignIn.token_hash, SignIn.ended_why, User.status).join(User, col(User.id) == col(SignIn.user_id))
    found = session.exec(wanted.where(col(SignIn.token_hash).in_(by_hash), over))
    return {by_hash[mark]: Ended.DISABLED if status == SUSPENDED else Ended(why) for mark, why, status in found}


def hash_of(token: str) -> str:
    """A session's token as the database knows it."""
    return hashlib.sha256(token.encode()).hexdigest()
