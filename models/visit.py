"""A visit: one browser in which a partner, or a colleague who helps, was let in. It lasts until it is ended, or for a month unused.

The browser's cookie holds a random token, of which only a hash is kept. A browser that comes in again by the same link goes on with its
visit; by another link the older visit ends. What an invitation opens no more (revoked, expired), no visit to it opens.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select

from models.colleague import Colleague
from models.database import UtcDateTime, now
from models.errors import Conflict, NotFound
from models.event import Event, record
from models.invitation import Invitation, InvitationStatus
from models.language import _
from models.person import Actor, Right, hash_of, partner
from models.settings import settings

LIFE = timedelta(days=30)  # since it was used last
ENDED = "invitation.visits_ended"


class Ended(StrEnum):
    """Why a visit is over; one that was unused for a month just is."""

    LEFT = "signed out"
    REPLACED = "another link was opened"
    FROM_ELSEWHERE = "from elsewhere"
    BY_STAFF = "by staff"


class Visit(SQLModel, table=True):
    """One browser that is let in. `browser` says in words which it is, `seen_at` to about a minute when it was used last.

    `public_id` names it where its owner ends it; it opens nothing.
    """

    __tablename__ = "visits"

    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(unique=True)
    token_hash: str = Field(unique=True)
    invitation_id: int = Field(foreign_key="invitations.id", index=True, ondelete="CASCADE")
    colleague_id: int | None = Field(default=None, foreign_key="colleagues.id", index=True, ondelete="CASCADE")
    browser: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_why: str = ""


@dataclass(frozen=True)
class Inside:
    """Who is let in by a token: the visit, the code of the invitation and, for a colleague, their public id."""

    visit: str
    code: str
    colleague: str = ""


def let_in(
    session: Session, invitation: Invitation, colleague: Colleague | None = None, *, browser: str = "", before: str = ""
) -> tuple[str, str]:
    """Let a browser in; answers the token for its cookie, and the visit's public id. `before` is the token that it held.

    A visit of the same browser to the same invitation goes on as it is: two clicks on one link must not shut each other out. One to
    another invitation ends, and the token is a new one.
    """
    token, whose = secrets.token_urlsafe(32), colleague.id if colleague else None
    held = _open_with(session, before)
    if held is not None and (held.invitation_id, held.colleague_id) != (invitation.id, whose):
        _end(session, Ended.REPLACED, col(Visit.id) == held.id)
        held = None
    token = before if held is not None else token
    held = held or _made(invitation.id, whose, browser)
    held.token_hash, held.browser, held.seen_at, held.expires_at = hash_of(token), browser, now(), now() + LIFE
    session.add(held)
    return token, held.public_id


def carried_over(session: Session, old: str, code: str, colleague: str, browser: str = "") -> str:
    """The token for a cookie of before there were visits, which held a code or a colleague's id by itself; empty if it opens nothing.

    It follows from that cookie, so that requests sent at once come to one visit, and one that has been ended since stays ended.
    """
    said = f"carried over:{old}:{code}:{colleague}".encode()
    token = hmac.new(settings().secret_key.get_secret_value().encode(), said, hashlib.sha256).hexdigest()
    if session.exec(select(Visit.id).where(Visit.token_hash == hash_of(token))).first() is not None:
        return token
    whose = session.exec(select(Colleague).where(Colleague.public_id == colleague)).first() if colleague else None
    found = _invited(session, code, whose)
    if found is None or _were_all_ended(session, found.id):
        return ""
    made = _made(found.id, whose.id if whose else None, browser)
    made.token_hash = hash_of(token)
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.connection().execute(insert(SQLModel.metadata.tables["visits"]).values(made.model_dump(exclude={"id"})).on_conflict_do_nothing())
    return token


def inside(session: Session, token: str) -> Inside | None:
    """Who is let in by this token now; whether their invitation still opens something is another question."""
    found = session.exec(_inside().where(Visit.token_hash == hash_of(token), *_open())).first()
    return Inside(found[0], found[1], found[2] or "") if found else None


def is_known(session: Session, invitation: Invitation, tokens: Collection[str]) -> bool:
    """Whether the browser that held these tokens has been let in as the partner before, and has not been signed out by anybody."""
    good = col(Visit.ended_why).in_(("", Ended.REPLACED.value))
    held = select(Visit.id).where(Visit.invitation_id == invitation.id, col(Visit.colleague_id).is_(None), col(Visit.expires_at) > now())
    return session.exec(held.where(col(Visit.token_hash).in_([hash_of(one) for one in tokens]), good)).first() is not None


def leave(session: Session, token: str) -> None:
    """Sign out in this browser; unknown tokens are ignored."""
    _end(session, Ended.LEFT, col(Visit.token_hash) == hash_of(token))


def visits(session: Session, invitation: Invitation) -> list[Visit]:
    """Where the partner is let in now, the browser that was used last first; colleagues' are none of them."""
    mine = select(Visit).where(Visit.invitation_id == invitation.id, col(Visit.colleague_id).is_(None), *_open())
    return list(session.exec(mine.order_by(col(Visit.seen_at).desc(), col(Visit.id).desc())))


def end_one(session: Session, invitation: Invitation, public_id: str) -> None:
    """The partner signs one of their browsers out from another; NotFound if it is not signed in any more."""
    which = (col(Visit.public_id) == public_id, col(Visit.invitation_id) == invitation.id, col(Visit.colleague_id).is_(None))
    if not _end(session, Ended.FROM_ELSEWHERE, *which):
        raise NotFound(_("That device is not signed in any more."))
    record(session, "invitation.visit_ended", partner(invitation.company_name), invitation_id=invitation.id)


def end_elsewhere(session: Session, invitation: Invitation, here: str) -> int:
    """The partner signs out on all devices but the one whose visit is `here`; answers how many that were.

    No device that was let in before is known any more, either: each needs a code by mail once something is saved.
    """
    others = (col(Visit.invitation_id) == invitation.id, col(Visit.colleague_id).is_(None), col(Visit.public_id) != here)
    ended = _end(session, Ended.FROM_ELSEWHERE, *others)
    _forget(session, *others)
    record(session, ENDED, partner(invitation.company_name), invitation_id=invitation.id, ended=ended)
    return ended


def end_all(session: Session, actor: Actor, invitation: Invitation) -> int:
    """Staff sign the partner and all colleagues out everywhere; answers how many visits ended. Conflict if there was none."""
    actor.must(Right.INVITE)
    theirs = col(Visit.invitation_id) == invitation.id
    if not (ended := _end(session, Ended.BY_STAFF, theirs)):
        raise Conflict(_("The partner is not signed in anywhere."))
    _forget(session, theirs)
    record(session, ENDED, actor, invitation_id=invitation.id, ended=ended)
    return ended


def note_seen(session: Session, tokens: Collection[str]) -> None:
    """These were used within the last minute; one statement for all of them. From now on they last another month."""
    seen = sa.update(Visit).where(col(Visit.token_hash).in_([hash_of(one) for one in tokens]), *_open())
    session.execute(seen.values(seen_at=now(), expires_at=now() + LIFE).execution_options(synchronize_session=False))


def cut_off(session: Session, public_ids: Collection[str]) -> set[str]:
    """Those of the visits that somebody has ended from elsewhere, or whose invitation was revoked."""
    ended = col(Visit.ended_why).in_((Ended.FROM_ELSEWHERE.value, Ended.BY_STAFF.value))
    wanted = select(Visit.public_id).join(Invitation, col(Invitation.id) == col(Visit.invitation_id))
    over = sa.or_(ended, col(Invitation.status) == InvitationStatus.REVOKED.value)
    return set(session.exec(wanted.where(col(Visit.public_id).in_(public_ids), over)))


def why_ended(session: Session, token: str) -> Ended | None:
    """Why the visit with this token is over; None while it is not, or if there is no such visit."""
    why = session.exec(select(Visit.ended_why).where(Visit.token_hash == hash_of(token))).first()
    return Ended(why) if why else None


def _inside() -> Any:
    wanted = select(Visit.public_id, Invitation.code, Colleague.public_id).join(Invitation, col(Invitation.id) == col(Visit.invitation_id))
    return wanted.outerjoin(Colleague, col(Colleague.id) == col(Visit.colleague_id))


def _open() -> tuple[Any, ...]:
    return col(Visit.ended_at).is_(None), col(Visit.expires_at) > now()


def _open_with(session: Session, token: str) -> Visit | None:
    return session.exec(select(Visit).where(Visit.token_hash == hash_of(token), *_open()).with_for_update()).first() if token else None


def _made(invitation_id: int | None, colleague_id: int | None, browser: str) -> Visit:
    moment = now()
    return Visit(
        public_id=secrets.token_urlsafe(12), token_hash="", invitation_id=invitation_id or 0, colleague_id=colleague_id, browser=browser,
        created_at=moment, seen_at=moment, expires_at=moment + LIFE,
    )  # fmt: skip


def _invited(session: Session, code: str, colleague: Colleague | None) -> Invitation | None:
    # Here, as an application stands on invitations, and so would this module else on all of them.
    from models.application import Application

    wanted = select(Invitation)
    if colleague is None:
        return session.exec(wanted.where(Invitation.code == code)).first() if code else None
    theirs = wanted.join(Application, col(Application.invitation_code) == col(Invitation.code))
    return session.exec(theirs.where(Application.id == colleague.application_id)).first()


def _were_all_ended(session: Session, invitation_id: int | None) -> bool:
    """Whether somebody has signed everybody out since there are visits: an older cookie is then one of those."""
    told = select(Event.id).where(Event.invitation_id == invitation_id, Event.type == ENDED)
    return session.exec(told).first() is not None


def _end(session: Session, why: Ended, *which: Any) -> int:
    ended = sa.update(Visit).where(*which, *_open()).values(ended_at=now(), ended_why=why.value)
    return int(session.execute(ended.execution_options(synchronize_session=False)).rowcount)  # type: ignore[attr-defined]


def _forget(session: Session, *which: Any) -> None:
    """Browsers that went on to another invitation are known here no more."""
    known = sa.update(Visit).where(*which, col(Visit.ended_why) == Ended.REPLACED.value).values(ended_why=Ended.FROM_ELSEWHERE.value)
    session.execute(known.execution_options(synchronize_session=False))
