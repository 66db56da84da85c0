"""The bar below the list of applications: what is ticked, or all that was found, is assigned, reminded or exported in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from nicegui import events, ui
from sqlmodel import Session

from models.assignment import MOST, Reviewer, assign_many
from models.errors import Refused, SignInNeeded
from models.language import _, ngettext, shown_number
from models.looked import NOBODY, VIEWS
from models.person import Actor, Right
from models.queue import Found, ids
from models.request_reminder import remind_many
from portal import words
from portal.listing import Listing
from portal.render import kept, render
from portal.staff import SIGNED_OUT, Desk, Work, tell

D = TypeVar("D")
ME, EVERYTHING = "me", "all"
#: How many of those that were refused are named; the others are counted.
NAMED = 5


class Ticked:
    """The bar and what it does. Which rows are ticked is known in the browser (queue.js), which names them by their numbers."""

    def __init__(self, desk: Desk, actor: Actor, listing: Listing[Found], able: Sequence[Reviewer]) -> None:
        self.desk, self.actor, self.listing = desk, actor, listing
        self.names = {one.id: one.name for one in able}
        ui.html(_bar(tuple(able), actor.may(Right.REVIEW), actor.user_id), sanitize=False).classes("results ticked-place")
        ui.on("desk-assign", self._assign)
        ui.on("desk-remind", self._remind)

    async def _assign(self, event: events.GenericEventArguments) -> None:
        asked: dict[str, Any] = event.args if isinstance(event.args, dict) else {}
        who, chosen = self._who(str(asked.get("who", ""))), self._chosen(asked.get("which"))
        await self._do(
            lambda session, actor: assign_many(session, actor, chosen(session), who),
            lambda done: _told(done.done, done.refused, self._done(done.done, who), _not_assigned),
        )

    async def _remind(self, event: events.GenericEventArguments) -> None:
        asked: dict[str, Any] = event.args if isinstance(event.args, dict) else {}
        chosen = self._chosen(asked.get("which"))
        await self._do(
            lambda session, actor: remind_many(session, actor, chosen(session)),
            lambda done: _told(done.done, done.refused, _reminded(done.done), _not_reminded),
        )

    async def _do(self, work: Work[D], told: Callable[[D], tuple[str, bool]]) -> None:
        """One transaction for all of them, and then what became of it."""
        try:
            said, good = told(await self.desk.change(work))
        except SignInNeeded:
            tell(_(SIGNED_OUT), "negative")
        except Refused as error:
            tell(error.detail, "negative")
        else:
            tell(said, "positive" if good else "negative")
            ui.run_javascript("desk.untick()")
            await self.listing.again()

    def _chosen(self, which: object) -> Callable[[Session], Sequence[int]]:
        """The numbers meant: those that were named, or everything that the list finds now."""
        found = self.listing.found.looked
        if which == EVERYTHING:
            return lambda session: session.exec(ids(session, found).limit(MOST + 1)).all()
        return lambda __: _numbers(which)

    def _who(self, who: str) -> int | None:
        """The number of the person meant; 0, whom nobody is, where it is none of ours."""
        if who == NOBODY:
            return None
        return (self.actor.user_id or 0) if who == ME else int(who) if who.isascii() and who.isdigit() and len(who) < 10 else 0

    def _done(self, count: int, who: int | None) -> str:
        if not count:
            return _("Nothing had to be changed.")
        if who is None:
            said = ngettext("{count} application has no reviewer now.", "{count} applications have no reviewer now.", count)
            return "\n".join(filter(None, (said.format(count=shown_number(count)), self._left(count, who))))
        said = ngettext("{count} application assigned to {name}.", "{count} applications assigned to {name}.", count)
        told = said.format(count=shown_number(count), name=words.own(self.names.get(who, self.actor.name)))
        return "\n".join(filter(None, (told, self._left(count, who))))

    def _left(self, count: int, who: int | None) -> str:
        """Where those are that have left the view by this; empty where it shows them still."""
        view = self.listing.found.looked.view
        leave = who is not None if view == "unassigned" else view == "mine" and who != self.actor.user_id
        if not leave:
            return ""
        now_in = "unassigned" if who is None else "mine" if who == self.actor.user_id else ""
        if not now_in:  # a colleague's: where it stands depends on whose turn it is
            return ngettext("It has left “{view}”.", "They have left “{view}”.", count).format(view=_(VIEWS[view][0]))
        said = ngettext("It has left “{view}” and is in “{now}” now.", "They have left “{view}” and are in “{now}” now.", count)
        return said.format(view=_(VIEWS[view][0]), now=_(VIEWS[now_in][0]))


@kept
def _bar(able: tuple[Reviewer, ...], reviews: bool, own: int | None) -> str:
    return render("desk_ticked.html", reviewers=able, nobody=NOBODY, me=ME, reviews=reviews, own=own)


def _told(count: int, refused: Sequence[tuple[str, str]], done: str, more: Callable[[int], str]) -> tuple[str, bool]:
    """What became of many, and whether all is well: what was done, the first of those that were refused by name, and how many more."""
    lines = [done] if count or not refused else []
    lines += [_("{company}: {why}").format(company=words.own(name), why=why) for name, why in refused[:NAMED]]
    left = len(refused) - NAMED
    return "\n".join(filter(None, [*lines, more(left) if left > 0 else ""])), not refused


def _not_assigned(count: int) -> str:
    said = ngettext("{count} more could not be assigned.", "{count} more could not be assigned.", count)
    return said.format(count=shown_number(count))


def _not_reminded(count: int) -> str:
    said = ngettext("{count} more could not be reminded.", "{count} more could not be reminded.", count)
    return said.format(count=shown_number(count))


def _reminded(count: int) -> str:
    return ngettext("{count} reminder is on its way.", "{count} reminders are on their way.", count).format(count=shown_number(count))


def _numbers(which: object) -> list[int]:
    """What the browser names, as far as it can be numbers of applications."""
    return [int(one) for one in which if isinstance(one, int) and 0 < one < 2**31] if isinstance(which, list) else []
