"""What every page of the review desk does: look up who is there, work on the database in a thread, and say a refusal where it happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from nicegui import ui
from sqlmodel import Session

from integrations.failures import Failure
from models import person
from models.database import reading, transaction
from models.errors import Refused, SignInNeeded
from models.language import _
from models.person import Actor, Right
from portal import attendance, auth

T = TypeVar("T")
Work = Callable[[Session, Actor], T]

TOLD = "told"  # what this page says at its foot now
SIGNED_OUT = "You are signed out. Sign in again in another tab and repeat this here: what you typed stays."


@dataclass(frozen=True)
class Desk:
    """One open page and the session token it was asked for with.

    The actor is looked up afresh in every call, in the same transaction as the verb: an open page outlives a sign-out (FACTS 64).
    """

    token: str

    async def read(self, right: Right, look: Work[T]) -> T:
        """What `look` finds, for somebody with `right`; on a thread, as SQL blocks (FACTS 63)."""
        return await run_in_threadpool(self._read, right, look)

    async def change(self, act: Work[T]) -> T:
        """Do `act` in one transaction, on a thread."""
        return await run_in_threadpool(self._change, act)

    def _read(self, right: Right, look: Work[T]) -> T:
        with reading() as session:
            actor = person.actor_of(session, self.token)
            actor.must(right)
            found = look(session, actor)
        attendance.note_seen(self.token)
        return found

    def _change(self, act: Work[T]) -> T:
        with transaction() as session:
            return act(session, person.actor_of(session, self.token))


def at_desk(request: Request) -> Desk:
    """The desk of this browser; whether its token is good shows at the first read."""
    return Desk(str(request.session.get(auth.STAFF, "")))


async def attempt(desk: Desk, act: Work[T], *, done: str | Callable[[T], str], refused: Callable[[Refused], None] | None = None) -> bool:
    """Do `act` and say `done`, or say why not: by `refused` where the reader is, else at the foot of the page. Nothing typed is lost.

    `done` may depend on what `act` answers.
    """
    try:
        found = await desk.change(act)
    except SignInNeeded:
        _say(Refused(_(SIGNED_OUT)), refused)
    except Refused as error:
        _say(error, refused)
    except Failure as error:
        _say(Refused(error.words), refused)
    else:
        tell(done(found) if callable(done) else done, "positive")
        return True
    return False


def tell(words: str, kind: Literal["positive", "negative"]) -> None:
    """Say it at the foot of the page, in place of what was said before. A refusal stays until the reader closes it."""
    client = ui.context.client
    before = client.storage.pop(TOLD, None)
    if before is not None and not before.is_deleted:
        before.dismiss()
    good = kind == "positive"
    told = ui.notification(words, type=kind, multi_line=not good, timeout=4 if good else None, close_button=False if good else _("Close"))
    client.storage[TOLD] = told


def _say(error: Refused, refused: Callable[[Refused], None] | None) -> None:
    if refused:
        refused(error)
    else:
        tell(error.detail, "negative")
