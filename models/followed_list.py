"""The lists in SharePoint that the portal follows: how far each was read, when it is read again, and Graph's subscription to it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select, update

from models.database import UtcDateTime, now
from models.settings import settings

#: Where Graph tells of changes and nobody is to look besides.
ONLY_WHEN_TOLD = timedelta(days=1)


class FollowedList(SQLModel, table=True):
    """One list. `link` is where Graph goes on telling what changed (FACTS 8); empty, it is read from the beginning.

    `begun_at` is when it was read for the first time, whether or not all in it could be dealt with then. `failure` is why it could not be
    read. `subscribed_as` marks the address and the secret that Graph was given with the subscription.
    """

    __tablename__ = "followed_lists"

    name: str = Field(primary_key=True)
    link: str = ""
    due_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    begun_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failure: str = ""
    subscription_id: str | None = None
    subscribed_as: str = ""
    subscribe_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


def followed(session: Session) -> list[FollowedList]:
    """Both lists of the settings; the rows are made where they are missing."""
    names = _names()
    known = {row.name: row for row in session.exec(select(FollowedList).where(col(FollowedList.name).in_(names)))}
    for name in names:
        if name not in known:
            known[name] = FollowedList(name=name)
            session.add(known[name])
    session.flush()
    return [known[name] for name in names]


def due(session: Session) -> list[str]:
    """The names of the lists that are to be read now; one that was never read is."""
    return _but(session, col(FollowedList.due_at) > now())


def to_subscribe(session: Session) -> list[str]:
    """The names of the lists whose subscription is to be looked at now."""
    return _but(session, col(FollowedList.subscribe_at) > now())


def unfollowed(session: Session) -> tuple[tuple[str, str], ...]:
    """The lists that could not be read when it was tried last, and why: a person must do something."""
    found = select(FollowedList.name, FollowedList.failure).where(FollowedList.failure != "").order_by(FollowedList.name)
    return tuple((name, why) for name, why in session.exec(found))


def begin_reading(session: Session, name: str) -> str:
    """When it is due again is said before it is read: who asks for it meanwhile is not forgotten. Answers the link to go on from."""
    begin_look(session, name)
    row = session.get_one(FollowedList, name, with_for_update=True, populate_existing=True)
    row.due_at = now() + (timedelta(minutes=settings().sharepoint_poll_minutes) or ONLY_WHEN_TOLD)
    session.add(row)
    return row.link


def begin_look(session: Session, name: str) -> None:
    """All of the list is about to be looked at; the first time, what is made from now on is new."""
    followed(session)
    row = session.get_one(FollowedList, name, with_for_update=True, populate_existing=True)
    row.begun_at = row.begun_at or now()
    session.add(row)


def was_there_before(session: Session, name: str, made_at: datetime | None) -> bool:
    """Whether an item stood in the list before the portal: until all of it was dealt with once, what was made before the first look did.

    `made_at` is when the item was made; None where SharePoint does not say, which counts as before.
    """
    row = session.get(FollowedList, name)
    if row is not None and (row.read_at is not None or row.link):
        return False
    return row is None or row.begun_at is None or made_at is None or made_at <= row.begun_at


def was_looked_through(session: Session, name: str) -> None:
    """Every item of the list was looked at, by another way than what changed in it: from now on a new one is new."""
    followed(session)
    row = session.get_one(FollowedList, name, with_for_update=True, populate_existing=True)
    row.read_at = row.read_at or now()
    session.add(row)


def was_read(session: Session, name: str, link: str) -> None:
    """It was read so far, and everything in it was dealt with."""
    row = session.get_one(FollowedList, name, with_for_update=True, populate_existing=True)
    row.link, row.read_at, row.failure = link, now(), ""
    session.add(row)


def could_not_be_read(session: Session, name: str, why: str) -> None:
    """Why, for operations."""
    session.exec(update(FollowedList).where(col(FollowedList.name) == name).values(failure=why))


def subscribed(session: Session, name: str, subscription_id: str | None, subscribed_as: str, again: timedelta) -> None:
    """Graph tells of changes under this id, or it refused (None); either is looked at again after a while."""
    row = session.get_one(FollowedList, name, with_for_update=True, populate_existing=True)
    row.subscription_id, row.subscribed_as, row.subscribe_at = subscription_id, subscribed_as, now() + again
    session.add(row)


def read_soon(session: Session, subscriptions: Collection[str]) -> None:
    """Graph says that something changed in the lists of these subscriptions; of one that is not known yet, in any."""
    rows = followed(session)
    told = [row for row in rows if row.subscription_id in subscriptions]
    unknown = set(subscriptions) - {row.subscription_id for row in rows}
    for row in rows if unknown else told:
        row.due_at = min(row.due_at, now())
        session.add(row)


def _but(session: Session, later: sa.ColumnElement[bool]) -> list[str]:
    """Both lists, but those of which this holds; nothing is written, as it is asked every few seconds."""
    names = _names()
    found = session.exec(select(FollowedList.name).where(col(FollowedList.name).in_(names), later)).all()
    return [name for name in names if name not in found]


def _names() -> tuple[str, str]:
    return settings().sharepoint_invitations_list, settings().sharepoint_applications_list
