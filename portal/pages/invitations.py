"""Invitations: who was invited and what became of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from html import escape
from typing import Any

from fastapi import FastAPI, Request
from nicegui import events, ui
from sqlmodel import Session

from models.database import now
from models.errors import Refused
from models.invitation import UNDO, Invitation, default_expiry
from models.invited import PAGE, TABS, Invited, Line, Standing, Wanted, look, wanted
from models.language import _
from models.person import Right
from models.settings import settings
from models.steps import STEPS
from portal import listing, staff, visiting, words
from portal.controls import NO_DAY, Deed, Sheet, button
from portal.frame import frame, page
from portal.listing import Kind, Listing, Params
from portal.pages import importing
from portal.pages.desk_style import style
from portal.pages.inviting import as_day, extending, remind_one, reminding, resending, restore_one, revoking, signing_out
from portal.pages.inviting_anew import InviteSheet
from portal.render import render

#: A row's buttons → the dialogs they open.
DEEDS: Mapping[str, Callable[[Invitation], Deed]] = {
    "resend": resending, "extend": extending, "revoke": revoking, "remind": reminding,
    "sign-out": signing_out,
}  # fmt: skip
TONES: Mapping[str, str] = {
    Standing.BOUNCED: "bad", Standing.FAILED: "bad", Standing.UNSENT: "warn", Standing.STARTED: "info", Standing.OPENED: "info",
    Standing.EXPIRED: "warn", Standing.REVOKED: "bad",
}  # fmt: skip
#: What is said above the list may hold a button.
TAKE_BACK = """(event) => { const one = event.target.closest("button[data-act=restore]"); if (one) emit(one.dataset.value); }"""


def install(app: FastAPI) -> None:
    """Register /invitations and what is below it."""
    importing.install(app)

    @page("/invitations")
    async def invitations(request: Request) -> None:
        desk, asked = staff.at_desk(request), dict(request.query_params)
        actor, found = await desk.read(Right.INVITE, lambda session, actor: (actor, _look(session, asked)))
        with frame(_("Invitations"), actor=actor, here="/invitations", wide=True):
            style()
            importing.style()
            Invitations(desk, found)


class Invitations:
    """The page: the ways to invite, what was just done, and the list."""

    def __init__(self, desk: staff.Desk, found: Invited) -> None:
        self.desk, self.made = desk, list[Invitation]()
        self.listing = Listing(desk, self._kind(), found)
        self.invite = InviteSheet(desk, self.made.append, self._invited)
        with ui.element("div").classes("title"):
            ui.html(f"<h1>{escape(_('Invitations'))}</h1>", sanitize=False)
            ui.element("div").classes("grow")
            with ui.element("div").classes("ways"):
                ui.html(f'<a class="btn slim" href="{importing.PATH}">{escape(_("Import a list"))}</a>', sanitize=False)
                button(_("Invite a partner"), self._open, "go slim")
        self.news = ui.html("", sanitize=False).props("role=status").classes("results")
        self.news.on("click", self._take_back, js_handler=TAKE_BACK)
        with ui.element("div").classes("toolbar"):
            self.listing.search_field(_("Search invitations"), _("Company, contact, email or code"))
        self.listing.results()
        ui.on("desk-look", self._refresh)

    async def _refresh(self) -> None:
        """A mail leaves or comes back, a partner opens the link: the page tells the truth without a reload."""
        await self.listing.again(quietly=True)

    def _kind(self) -> Kind[Invited]:
        acts: dict[str, Callable[[str], Any]] = {act: partial(self._about, deed) for act, deed in DEEDS.items()}
        acts |= {"restore": self._restore, "remind-ticked": self._remind}
        return Kind(Right.INVITE, _look, _draw, lambda found: address(found.wanted), _said, acts)

    def _open(self) -> None:
        """What was typed and not sent is still there. The expiry counts from the day the dialog opens, not from the day the page was."""
        self.news.set_content("")
        typed = {} if self.invite.fresh else self.invite.form.values
        until = typed.get("expires_on")
        self.invite.open({**typed, "expires_on": until if until and until != NO_DAY else as_day(default_expiry())})

    async def _invited(self) -> None:
        made = self.made[-1]
        link = f"{settings().portal_url}/apply?code={made.code}"
        self.news.set_content(render("invited.html", made=made, link=link))
        await self.listing.again()

    def _about(self, deed: Callable[[Invitation], Deed], code: str) -> None:
        """A dialog about one row of the list; it is gone once it is closed."""
        one = next((line.invitation for line in self.listing.found.lines if line.invitation.code == code), None)
        if one is None:
            return
        with self.news.client.content:
            sheet = Sheet(self.desk, deed(one), partial(self._changed, one if deed is revoking else None))
        sheet.dialog.on("hide", sheet.dialog.delete)
        sheet.open()

    async def _changed(self, revoked: Invitation | None = None) -> None:
        """Something else was done: what was said of the invitation made before may not be true any more."""
        visiting.look_now()  # it may have ended visits, whose open pages are closed now
        self.news.set_content(_revoked(revoked) if revoked else "")
        await self.listing.again()
        if revoked:  # its row may be gone, and the focus with it
            self.news.client.run_javascript('desk.focus("take-back")')

    async def _take_back(self, event: events.GenericEventArguments) -> None:
        if await self._restore(str(event.args)):
            self.news.client.run_javascript('desk.focus("content")')

    async def _restore(self, code: str) -> bool:
        work = partial(restore_one, code=code)
        done = await staff.attempt(self.desk, work, done=_("The invitation is open again."))
        if done:
            await self._changed()
        return done

    async def _remind(self, codes: str) -> None:
        """One transaction each: who cannot be reminded any more keeps nobody else from it."""
        ticked = re.findall(r"[0-9A-Z]{8}", codes)[:PAGE]
        if not ticked:
            nobody = _("Nobody is ticked. Tick the companies to remind first.")
            self.news.set_content(f'<p class="error">{escape(nobody)}</p>')
            return
        names = {line.invitation.code: line.invitation.company_name for line in self.listing.found.lines}
        refused = [(names.get(code, code), why) for code in ticked if (why := await self._reminded(code))]
        self.news.set_content(render("reminded.html", count=len(ticked) - len(refused), refused=refused))
        await self.listing.again()
        self.news.client.run_javascript('desk.focus("content")')

    async def _reminded(self, code: str) -> str:
        """Remind one; answers why not, or nothing."""
        try:
            await self.desk.change(lambda session, actor: remind_one(session, actor, code))
        except Refused as error:
            return _(staff.SIGNED_OUT) if error.status == 401 else error.detail
        return ""


def address(found: Wanted, **changes: Any) -> str:
    """The address of a list of invitations."""
    found = replace(found, **changes)
    said = {"q": found.q, "status": found.tab, "page": str(found.page)}
    return listing.address("/invitations", said, {"status": "all" if found.q else "active", "page": "1"})


def _look(session: Session, asked: Params) -> Invited:
    return look(session, wanted(asked.get("q", ""), asked.get("status", ""), asked.get("page", "")))


def _draw(found: Invited) -> str:
    first = (found.wanted.page - 1) * PAGE + 1
    return render(
        "invitations.html", found=found, tabs=TABS, tones={tab: TONES.get(tab, "") for tab in TABS}, steps=STEPS, since=since,
        seen_at=now(), first=first, address=partial(address, found.wanted),
    )  # fmt: skip


def since(line: Line) -> datetime | None:
    """Since when an invitation stands where it does; None where nobody knows, or nothing has happened yet."""
    mail = line.mail
    sent = mail.done_at if mail and mail.done_at else line.invitation.sent_at
    return {
        Standing.BOUNCED: mail.returned_at if mail else None,
        Standing.FAILED: mail.begun_at or mail.due_at if mail else None, Standing.SENT: sent,
        Standing.OPENED: line.invitation.opened_at, Standing.STARTED: line.worked_at,
        Standing.EXPIRED: line.invitation.expires_at, Standing.REVOKED: line.happened.revoked_at,
    }.get(line.standing)  # fmt: skip


def _revoked(one: Invitation) -> str:
    return render("revoked.html", one=one, until=f"{(now() + UNDO).astimezone(words.OFFICE):%H:%M}")


def _said(found: Invited) -> str:
    return words.invitations(found.total)
