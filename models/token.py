"""Tokens for programs: what each may do, until when, and when it was last used. Shown once; only a hash is kept, beside a public id."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from models import loose
from models.database import OFFICE, UtcDateTime, now, today
from models.errors import Conflict, Forbidden, Invalid, NotFound, Problem, TokenNeeded
from models.event import record
from models.language import _
from models.person import SUSPENDED, Actor, Right, User

LONGEST_NAME = 80
#: A token is renewed at least so often: who holds it changes, and nobody notices a copy.
LONGEST = timedelta(days=366)
USUAL = timedelta(days=90)
#: No oftener is it written down that a token was used.
USED_EVERY = timedelta(minutes=1)
#: `spt` tells whoever finds one in a file what it opens; 8 random bytes name it, 32 prove it.
_WRITTEN = re.compile(r"spt_([0-9a-f]{16})_([0-9A-Za-z_-]{43})")
NOT_VALID = "This token is not valid: it is unknown, has run out or was revoked. Ask an administrator of the portal for a new one."


class Scope(StrEnum):
    """What a token lets a program do."""

    READ_APPLICATIONS = "applications:read"
    READ_INVITATIONS = "invitations:read"
    MAKE_INVITATIONS = "invitations:make"


#: Scope → what people read, and the right of a person that a program has with it. There is no right to read invitations alone.
SCOPES: Mapping[Scope, tuple[str, Right | None]] = {
    Scope.READ_APPLICATIONS: ("Read applications and their documents", Right.READ),
    Scope.READ_INVITATIONS: ("Read invitations", None),
    Scope.MAKE_INVITATIONS: ("Invite partners", Right.INVITE),
}


class Token(SQLModel, table=True):
    """One program's key. It works until the end of `expires_at`, unless it is revoked before."""

    __tablename__ = "tokens"

    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(unique=True)
    secret_hash: str
    name: str
    scopes: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    made_by: int | None = Field(default=None, foreign_key="users.id")
    made_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def live(self) -> bool:
        """Whether it opens anything now."""
        return self.revoked_at is None and self.expires_at > now()

    @property
    def actor(self) -> Actor:
        """Whoever uses it, as the history knows them, with the rights of its scopes."""
        rights = {SCOPES[scope][1] for scope in self.held}
        return Actor(name=self.name, kind="program", rights=frozenset(right for right in rights if right))

    @property
    def held(self) -> tuple[Scope, ...]:
        """Its scopes, in their order; one that is no longer known opens nothing."""
        return tuple(scope for scope in Scope if scope in self.scopes)

    def must(self, scope: Scope) -> None:
        """Forbidden unless the token has the scope."""
        if scope not in self.held:
            said = _("This token may not do this: it needs the scope {scope}. Ask an administrator of the portal for one that has it.")
            raise Forbidden(said.format(scope=scope.value))


@dataclass(frozen=True)
class Listed:
    """One token in the list. `maker` is who made it, `gone` says that an administrator has disabled their account since."""

    token: Token
    maker: str
    gone: bool


def make_token(
    session: Session, actor: Actor, *, name: str, scopes: Collection[str], expires_on: date | None
) -> tuple[Token, str]:
    """A token and its text, which nobody can read again. It works to the end of `expires_on`; Invalid names every wrong field."""
    actor.must(Right.PEOPLE)
    called = loose.text(name) or ""
    if problems := [problem for problem in (_of_name(called), _of_scopes(scopes), _of_day(expires_on)) if problem]:
        raise Invalid(_("The token is not complete."), problems)
    public_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    made = Token(
        public_id=public_id, secret_hash=_hash(secret), name=called, scopes=[scope.value for scope in Scope if scope in scopes],
        made_by=actor.user_id, made_at=now(), expires_at=_end_of(expires_on or today()),
    )  # fmt: skip
    session.add(made)
    session.flush()
    record(session, "token.made", actor, name=called, token=public_id, scopes=made.scopes, expires_at=made.expires_at.isoformat())
    return made, f"spt_{public_id}_{secret}"


def revoke_token(session: Session, actor: Actor, token_id: int) -> Token:
    """From the next request on it opens nothing. NotFound if there is none, Conflict if it is revoked already."""
    actor.must(Right.PEOPLE)
    found = session.get(Token, token_id, with_for_update=True)
    if found is None:
        raise NotFound(_("There is no such token."))
    if found.revoked_at is not None:
        raise Conflict(_("This token is revoked already."))
    found.revoked_at = now()
    session.add(found)
    record(session, "token.revoked", actor, name=found.name, token=found.public_id)
    return found


def tokens(session: Session, actor: Actor) -> list[Listed]:
    """All tokens: those that work first, the newest first."""
    actor.must(Right.PEOPLE)
    rows = session.exec(select(Token, User).outerjoin(User, col(User.id) == col(Token.made_by)).order_by(col(Token.id).desc())).all()
    found = [Listed(token, user.name if user else "", bool(user and user.status == SUSPENDED)) for token, user in rows]
    return sorted(found, key=lambda one: not one.token.live)


def token_of(session: Session, written: str) -> Token:
    """The token of what a program sent; TokenNeeded, in the same words for every reason, if it opens nothing."""
    found = _made(session, written)
    if found is None or not found.live:
        raise TokenNeeded(_(NOT_VALID))
    return found


def was_made(session: Session, written: str) -> bool:
    """Whether this was a token of ours once, which nobody can guess; it may be revoked or over."""
    return _made(session, written) is not None


def _made(session: Session, written: str) -> Token | None:
    parts = _WRITTEN.fullmatch(written)
    found = session.exec(select(Token).where(Token.public_id == parts[1])).first() if parts else None
    return found if parts and found and hmac.compare_digest(found.secret_hash, _hash(parts[2])) else None


def is_stale(token: Token) -> bool:
    """Whether its last use was written down so long ago that `note_used` would write."""
    return token.last_used_at is None or token.last_used_at < now() - USED_EVERY


def note_used(session: Session, token: Token) -> None:
    """It is used now; written at most every USED_EVERY, whichever process asks."""
    late = sa.or_(col(Token.last_used_at).is_(None), col(Token.last_used_at) < now() - USED_EVERY)
    used = sa.update(Token).where(col(Token.id) == token.id, late).values(last_used_at=now())
    session.execute(used.execution_options(synchronize_session=False))


def _of_name(name: str) -> Problem | None:
    if 2 <= len(name) <= LONGEST_NAME:
        return None
    return Problem("name", _("Enter a name of 2 to {most} characters that says which program it is for.").format(most=LONGEST_NAME))


def _of_scopes(scopes: Collection[str]) -> Problem | None:
    known = bool(scopes) and all(scope in list(Scope) for scope in scopes)
    return None if known else Problem("scopes", _("Choose at least one thing that the program may do."))


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), OFFICE)


def _of_day(until: date | None) -> Problem | None:
    if until is None:
        return Problem("expires_on", _("Choose the last day on which it works."))
    if until < today():
        return Problem("expires_on", _("Choose a day in the future."))
    return Problem("expires_on", _("Choose a day within a year.")) if until > today() + LONGEST else None


def _hash(secret: str) -> str:
    """256 random bits need no slow hash (FACTS 47): nobody tries them all."""
    return hashlib.sha256(secret.encode()).hexdigest()
