"""The bar below the list of applications: what is ticked, or everything that was found, is assigned to somebody in one go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nicegui import events, ui
from sqlmodel import Session

from models.assignment import MOST, Assigned, Reviewer, assign_many
from models.errors import Refused, SignInNeeded
from models.language import _, ngettext, shown_number
from models.looked import NOBODY
from models.person import Actor
from models.queue import Found, ids
from portal import words
from portal.listing import Listing
from portal.render import render
from portal.staff import SIGNED_OUT, Desk, tell

ME, EVERYTHING = "me", "all"
#: How many of those that were refused are named; the others are counted.
NAMED = 5


class Assigning:
    """The bar and what it does. Which rows are ticked is known in the browser (desk.js), which names them by their numbers."""

    def __init__(self, desk: Desk, actor: Actor, listing: Listing[Found], able: Sequence[Reviewer]) -> None:
        self.desk, self.actor, self.listing = desk, actor, listing
        self.names = {one.id: one.name for one in able}
        ui.html(render("desk_ticked.html", reviewers=able, nobody=NOBODY, me=ME), sanitize=False).classes("results ticked-place")
        ui.on("desk-assign", self._assign)

    async def _assign(self, event: events.GenericEventArguments) -> None:
        asked: dict[str, Any] = event.args if isinstance(event.args, dict) else {}
        who, which = self._who(str(asked.get("who", ""))), asked.get("which")
        found = self.listing.found.looked

        def work(session: Session, actor: Actor) -> Assigned:
            chosen = session.exec(ids(session, found).limit(MOST + 1)).all() if which == EVERYTHING else _numbers(which)
            return assign_many(session, actor, chosen, who)

        try:
            self._tell(await self.desk.change(work), who)
        except SignInNeeded:
            tell(_(SIGNED_OUT), "negative")
        except Refused as error:
            tell(error.detail, "negative")
        else:
            ui.run_javascript("desk.untick()")
            await self.listing.again()

    def _who(self, who: str) -> int | None:
        """The number of the person meant; 0, whom nobody is, where it is none of ours."""
        if who == NOBODY:
            return None
        return (self.actor.user_id or 0) if who == ME else int(who) if who.isascii() and who.isdigit() and len(who) < 10 else 0

    def _tell(self, assigned: Assigned, who: int | None) -> None:
        done = self._done(assigned.done, who) if assigned.done or not assigned.refused else ""
        not_done = [_("{company}: {why}").format(company=words.own(name), why=why) for name, why in assigned.refused[:NAMED]]
        if (more := len(assigned.refused) - NAMED) > 0:
            not_done.append(ngettext("{count} more could not be assigned.", "{count} more could not be assigned.", more).format(
                count=shown_number(more)))  # fmt: skip
        tell("\n".join(filter(None, [done, *not_done])), "negative" if not_done else "positive")

    def _done(self, count: int, who: int | None) -> str:
        if not count:
            return _("Nothing had to be changed.")
        if who is None:
            said = ngettext("{count} application has no reviewer now.", "{count} applications have no reviewer now.", count)
            return said.format(count=shown_number(count))
        said = ngettext("{count} application assigned to {name}.", "{count} applications assigned to {name}.", count)
        return said.format(count=shown_number(count), name=words.own(self.names.get(who, self.actor.name)))


def _numbers(which: object) -> list[int]:
    """What the browser names, as far as it can be numbers of applications."""
    return [int(one) for one in which if isinstance(one, int) and 0 < one < 2**31] if isinstance(which, list) else []
