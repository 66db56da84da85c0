"""Deliveries: per target what waits, runs and failed, why in words, when it is tried next, and trying again or settling by hand."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from html import escape
from typing import Any

from fastapi import FastAPI, Request
from nicegui import ui
from sqlmodel import Session

from models.database import now
from models.language import _, ngettext
from models.outbox import PAGE, TABS, Outbox, Wanted, look, retry_all, retry_now, settle_by_hand, wanted
from models.pausing import STOPPABLE, pause, resume
from models.person import Actor, Right
from models.taken_over import invite_taken_over, leave_taken_over
from portal import listing, staff, words
from portal.controls import Ask, Deed, Sheet, button
from portal.frame import frame, page
from portal.listing import Kind, Listing, Params
from portal.pages.desk_style import style
from portal.pages.review.story import what_happened
from portal.render import render

REFRESH_SECONDS = 5.0
#: What the sort of a failure means for whoever reads it.
SORTS = {
    "passing": "It may work later; it is tried again by itself.",
    "permanent": "It fails again until somebody changes what was asked for.",
    "unclear": "Perhaps it has arrived: ask before you try it again.",
    "configuration": "It fails again until an operator changes a setting or a right.",
}


def install(__: FastAPI) -> None:
    """Register /deliveries."""

    @page("/deliveries")
    async def deliveries(request: Request) -> None:
        desk, asked = staff.at_desk(request), dict(request.query_params)
        actor, found = await desk.read(Right.OPERATE, lambda session, actor: (actor, _look(session, asked)))
        with frame(_("Deliveries"), actor=actor, here="/deliveries", wide=True):
            style()
            Deliveries(desk, found)


class Deliveries:
    """The page: the list, which looks again every few seconds, and its buttons."""

    def __init__(self, desk: staff.Desk, found: Outbox) -> None:
        self.desk = desk
        self.listing = Listing(desk, self._kind(), found)
        with ui.element("div").classes("title"):
            ui.html(f"<h1>{escape(_('Deliveries'))}</h1>", sanitize=False)
            ui.element("div").classes("grow")
            button(_("Stop deliveries"), self._stop, "slim", id="stop")
        with ui.element("div").classes("toolbar"):
            self.listing.search_field(_("Search deliveries"), _("Company, reference or code"))
        self.listing.results()
        ui.timer(REFRESH_SECONDS, self._refresh, immediate=False)

    def _kind(self) -> Kind[Outbox]:
        acts = {"retry": self._retry, "retry-all": self._retry_all, "settle": self._settle, "resume": self._resume}
        acts |= {"invite": self._invite, "no-mail": self._no_mail}
        return Kind(Right.OPERATE, _look, _draw, lambda found: address(found.wanted), _said, acts)

    async def _refresh(self) -> None:
        await self.listing.again(quietly=True)

    async def _retry(self, number: str) -> None:
        work = partial(_retry_one, int(number))
        if await staff.attempt(self.desk, work, done=_("It is tried again now.")):
            await self.listing.again()

    async def _retry_all(self, target: str) -> None:
        if await staff.attempt(self.desk, lambda session, actor: retry_all(session, actor, target), done=_tried):
            await self.listing.again()

    def _stop(self) -> None:
        """What is shown alone is meant, but can be chosen otherwise."""
        self._open(_stopping(self.listing.found.wanted.target))

    async def _resume(self, target: str) -> None:
        if await staff.attempt(self.desk, lambda session, actor: resume(session, actor, target), done=partial(_resumed, target)):
            await self.listing.again()
            self.listing.table.client.run_javascript('desk.focus("stop")')  # the button that was pressed is gone

    def _invite(self, __: str) -> None:
        self._open(_inviting(self.listing.found.taken_over[0]))

    async def _no_mail(self, __: str) -> None:
        if await staff.attempt(self.desk, leave_taken_over, done=_("They get no mail. Each can still be sent at the invitation itself.")):
            await self.listing.again()
            self.listing.table.client.run_javascript('desk.focus("stop")')  # the button that was pressed is gone

    def _settle(self, number: str) -> None:
        line = next((line for line in self.listing.found.lines if str(line.delivery.id) == number), None)
        if line is None:
            return
        self._open(_settling(line.delivery.id or 0, f"{words.target(line.delivery.target)}, {words.own(line.subject)}"))

    def _open(self, deed: Deed) -> None:
        with self.listing.table.client.content:
            sheet = Sheet(self.desk, deed, self.listing.again)
        sheet.dialog.on("hide", sheet.dialog.delete)
        sheet.open()


def address(found: Wanted, **changes: Any) -> str:
    """The address of a list of deliveries."""
    found = replace(found, **changes)
    said = {"q": found.q, "status": found.tab, "target": found.target, "page": str(found.page)}
    return listing.address("/deliveries", said, {"status": "all" if found.q else "trouble", "page": "1"})


def _inviting(count: int) -> Deed:
    lead = ngettext(
        "{count} partner gets the invitation by email. Whoever had one from the flow before gets a second.",
        "{count} partners get the invitation by email. Whoever had one from the flow before gets a second.", count,
    ).format(count=words.number(count))  # fmt: skip
    return Deed(
        _("Send the invitations that were taken over"), lead, _("Send them"), _("The invitations are on their way."),
        lambda session, actor, typed: invite_taken_over(session, actor), (),
    )  # fmt: skip


def _settling(number: int, what: str) -> Deed:
    lead = _("{delivery}: it is not tried again. Do this when you have done it yourself, or when it is not needed.").format(delivery=what)
    return Deed(
        _("Settle this delivery by hand"), lead, _("Settle"), _("The delivery is settled."),
        lambda session, actor, typed: settle_by_hand(session, actor, number, typed["why"]),
        (Ask("why", _("What was done instead"), "long"),),
    )  # fmt: skip


def _stopping(target: str) -> Deed:
    lead = _("Nothing of it is sent until somebody lets it go on. What happens meanwhile waits in order, and nothing is lost.")
    choices = {one: words.target(one) for one in dict.fromkeys((*STOPPABLE, target)) if one}  # a webhook only where it is shown alone
    return Deed(
        _("Stop deliveries"), lead, _("Stop"), _("It is stopped."),
        lambda session, actor, typed: pause(session, actor, typed["target"], typed["why"]),
        (
            Ask("target", _("What is stopped"), "choice", value=target, options=choices),
            Ask("why", _("Why"), "long", help=_("Whoever looks at this page reads it.")),
        ),
        look="danger",
    )  # fmt: skip


def _tried(count: int) -> str:
    if not count:
        return _("There is nothing that can be tried again without a look at it.")
    said = ngettext("{count} delivery is tried again now.", "{count} deliveries are tried again now.", count)
    return said.format(count=words.number(count))


def _resumed(target: str, count: int) -> str:
    """How many go on with it, but for what another stop keeps."""
    said = ngettext("“{target}” goes on with {count} delivery.", "“{target}” goes on with {count} deliveries.", count)
    return said.format(target=words.target(target), count=words.number(count))


def _retry_one(number: int, session: Session, actor: Actor) -> None:
    retry_now(session, actor, number)


def _look(session: Session, asked: Params) -> Outbox:
    return look(session, wanted(asked.get("status", ""), asked.get("target", ""), asked.get("q", ""), asked.get("page", "")))


def _draw(found: Outbox) -> str:
    first = (found.wanted.page - 1) * PAGE + 1
    tabs = {tab: label for tab, (label, __) in TABS.items()}
    return render(
        "deliveries.html", found=found, tabs=tabs, first=first, seen_at=now(), sorts=SORTS, happened=what_happened,
        address=partial(address, found.wanted), stopped={load.target for load in found.loads if load.stopped},
    )  # fmt: skip


def _said(found: Outbox) -> str:
    return words.deliveries(found.total)
