"""Views of the list of applications that somebody keeps for themselves: words, filters, order and columns under a name."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from models import loose
from models.database import UtcDateTime, now
from models.errors import Conflict, Invalid, NotFound, Problem
from models.event import record
from models.language import _, shown_number
from models.looked import NEWEST, Looked, Place, looked, said
from models.person import Actor, Right, User
from models.queue import mark, total_of

MOST, LONGEST_NAME = 10, 60
#: Seconds for which a count holds while things happen, and while nothing does: what leaves no event shows after that.
COUNT_HOLDS, COUNT_HOLDS_IN_PEACE = 30.0, 300.0
#: So many counts are remembered by one process.
REMEMBERED = 2000
_counted: dict[tuple[str, Looked], tuple[Any, float, int]] = {}


class SavedView(SQLModel, table=True):
    """One view of one person. `asked` are the words of its address, all of them: it stays if the list opens otherwise one day."""

    __tablename__ = "saved_views"

    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="users.id", index=True, ondelete="CASCADE")
    name: str
    asked: dict[str, str] = Field(default_factory=dict, sa_type=sa.JSON, nullable=False)
    saved_at: datetime = Field(sa_type=UtcDateTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def saved_views(session: Session, actor: Actor) -> list[SavedView]:
    """The views of this person, the oldest first."""
    actor.must(Right.READ)
    return list(session.exec(_own(actor).where(col(SavedView.deleted_at).is_(None)).order_by(col(SavedView.id))))


def saved_view(session: Session, actor: Actor, number: int) -> SavedView:
    """One of them, also a deleted one, locked; NotFound for anybody else's."""
    found: SavedView | None = session.exec(_own(actor).where(SavedView.id == number).with_for_update()).first()
    if found is None:
        raise NotFound(_("You have no such view."))
    return found


def save_view(session: Session, actor: Actor, name: str, wanted: Looked) -> SavedView:
    """Keep what is looked for under a name of one's own. Invalid says what is wrong with the name, or that there are MOST already."""
    actor.must(Right.READ)
    _must_have_room(session, actor)
    made = SavedView(user_id=actor.user_id or 0, name=_named(session, actor, name), asked=kept(wanted), saved_at=now())
    session.add(made)
    session.flush()
    record(session, "view.saved", actor, view=made.id, name=made.name, asked=made.asked)
    return made


def rename_view(session: Session, actor: Actor, view: SavedView, name: str) -> None:
    """Another name for one of one's own views."""
    actor.must(Right.READ)
    _must_be_own(actor, view)
    before, view.name = view.name, _named(session, actor, name, but=view.id)
    session.add(view)
    if view.name != before:
        record(session, "view.renamed", actor, view=view.id, name=view.name, before=before)


def change_view(session: Session, actor: Actor, view: SavedView, wanted: Looked) -> None:
    """What is looked for now takes the place of what the view held; its name stays."""
    actor.must(Right.READ)
    _must_be_own(actor, view)
    before, view.asked, view.saved_at = view.asked, kept(wanted), now()
    session.add(view)
    if view.asked != before:
        record(session, "view.changed", actor, view=view.id, name=view.name, asked=view.asked, before=before)


def delete_view(session: Session, actor: Actor, view: SavedView) -> None:
    """Show it no more. It can be restored until the next one is deleted; those deleted before it are gone."""
    actor.must(Right.READ)
    _must_be_own(actor, view)
    older = sa.and_(col(SavedView.deleted_at).is_not(None), col(SavedView.id) != view.id)
    session.execute(sa.delete(SavedView).where(col(SavedView.user_id) == view.user_id, older))
    if view.deleted_at is None:
        record(session, "view.deleted", actor, view=view.id, name=view.name, asked=view.asked)
    view.deleted_at = now()
    session.add(view)


def restore_view(session: Session, actor: Actor, view: SavedView) -> None:
    """Show it again. Conflict if it is not deleted, Invalid where others have taken its room or its name since."""
    actor.must(Right.READ)
    _must_be_own(actor, view)
    if view.deleted_at is None:
        raise Conflict(_("This view is not deleted."))
    _must_have_room(session, actor)
    view.name, view.deleted_at = _named(session, actor, view.name, but=view.id), None
    session.add(view)
    record(session, "view.restored", actor, view=view.id, name=view.name, asked=view.asked)


def kept(wanted: Looked) -> dict[str, str]:
    """What a view keeps: everything but the page and its reader."""
    return {name: text for name, text in said(replace(wanted, place=Place())).items() if text}


def looked_for(view: SavedView) -> Looked:
    """What a view shows to its owner; what the list knows no more is left out."""
    return looked(view.asked, view.user_id)


def counts_of(session: Session, views: Iterable[SavedView]) -> Mapping[int, int]:
    """How many applications each view finds, by its number; some seconds old, as ten of them may take longer than the list itself."""
    marked = (mark(session), now().date())
    return {view.id or 0: _count(session, looked_for(view), marked) for view in views}


def known_counts(session: Session, views: Iterable[SavedView]) -> Mapping[int, int]:
    """Those of the counts that are remembered, however old: what a page shows until it has counted."""
    known = {view.id or 0: _counted.get(_key(session, looked_for(view))) for view in views}
    return {number: found[2] for number, found in known.items() if found}


def _count(session: Session, wanted: Looked, marked: Any) -> int:
    key, known = _key(session, wanted), _counted.get(_key(session, wanted))
    holds = COUNT_HOLDS_IN_PEACE if known and known[0] == marked else COUNT_HOLDS
    if known and time.monotonic() - known[1] < holds:
        return known[2]
    if len(_counted) >= REMEMBERED:
        _counted.clear()
    _counted[key] = (marked, time.monotonic(), total_of(session, wanted))
    return _counted[key][2]


def _key(session: Session, wanted: Looked) -> tuple[str, Looked]:
    """Order and columns make no other count."""
    return str(session.get_bind().engine.url), replace(wanted, sort=NEWEST, columns=())


def _own(actor: Actor) -> Any:
    return select(SavedView).where(col(SavedView.user_id) == actor.user_id)


def _must_be_own(actor: Actor, view: SavedView) -> None:
    if view.user_id != actor.user_id:
        raise NotFound(_("You have no such view."))


def _must_have_room(session: Session, actor: Actor) -> None:
    session.get(User, actor.user_id, with_for_update=True)  # of two pages at once, one counts after the other
    if len(saved_views(session, actor)) >= MOST:
        told = _("You have {count} views already, and there is no room for more. Delete one of them first.")
        told = told.format(count=shown_number(MOST))
        raise Invalid(told, [Problem("name", told)])


def _named(session: Session, actor: Actor, name: str, but: int | None = None) -> str:
    """The name as it is kept; Invalid where it is none, too long, or that of another view of theirs."""
    told, others = loose.text(name) or "", [one for one in saved_views(session, actor) if one.id != but]
    wrong = ""
    if not 1 <= len(told) <= LONGEST_NAME:
        wrong = _("Give the view a name of up to {count} characters.").format(count=shown_number(LONGEST_NAME))
    elif any(one.name.casefold() == told.casefold() for one in others):
        wrong = _("You have a view with this name already. Choose another name, or change that view.")
    if wrong:
        raise Invalid(wrong, [Problem("name", wrong)])
    return told
