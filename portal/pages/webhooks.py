"""Webhooks: the systems that hear of what happens, whether it arrives, and a test. A secret is shown once, here, when it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from html import escape
from typing import Any

from fastapi import FastAPI, Request
from nicegui import ui
from sqlmodel import Session

from models import person
from models.database import now
from models.language import _, ngettext, shown_list, shown_number
from models.pausing import pause, resume
from models.person import Actor, Right
from models.subscribing import (
    Subscribed,
    add_webhook,
    change_webhook,
    end_secret_before,
    remove_webhook,
    renew_secret,
    send_again,
    try_webhook,
    webhooks,
)
from models.webhook import KINDS, TESTED, Attempt, Webhook
from portal import staff, words
from portal.controls import Ask, Deed, Sheet, Values, button
from portal.frame import page
from portal.listing import Kind, Listing, Params
from portal.pages.people_frame import people_head, people_page
from portal.pages.programs import PUT_AWAY
from portal.render import render

PATH = "/people/webhooks"
REFRESH_SECONDS = 2.0  # whoever sends a test waits for what becomes of it


@dataclass(frozen=True)
class Found:
    """All webhooks, with their last attempts."""

    webhooks: tuple[Subscribed, ...]


def install(__: FastAPI) -> None:
    """Register the page."""

    @page(PATH)
    async def hooks(request: Request) -> None:
        desk = staff.at_desk(request)
        actor, found = await desk.read(Right.PEOPLE, lambda session, actor: (actor, Found(tuple(webhooks(session, actor)))))
        with people_page(_("Webhooks"), actor):
            Webhooks(desk, actor, found)


class Webhooks:
    """The page: what a webhook is, a secret that was just made, and each webhook with what became of its last deliveries."""

    def __init__(self, desk: staff.Desk, actor: Actor, found: Found) -> None:
        self.desk = desk
        self.listing = Listing(desk, Kind(Right.PEOPLE, self._look, _draw, lambda __: PATH, _said, self._acts()), found)
        self.written: tuple[Webhook, str] | None = None
        self.awaited: int | None = None
        self.making = Sheet(desk, self._making(), self._made)
        people_head(PATH, actor, lambda: button(_("Add a webhook"), self.making.open, "go slim", id="add-webhook"))
        lead = _("A webhook tells another system at once what happened here. How it checks that we sent it is described at {address}.")
        ui.html(escape(lead).format(address='<a href="/docs">/docs</a>'), sanitize=False, tag="p").classes("mute")
        self.news = ui.html("", sanitize=False).classes("results")
        self.news.on("click", self._put_away, js_handler=PUT_AWAY)
        self.listing.results()
        ui.timer(REFRESH_SECONDS, self._refresh, immediate=False)

    def _acts(self) -> dict[str, Callable[[str], Any]]:
        about = {"change": _changing, "pause": _pausing, "remove": _removing, "end": _ending}
        acts: dict[str, Callable[[str], Any]] = {name: partial(self._about, deed) for name, deed in about.items()}
        return acts | {"renew": self._renew, "test": self._test, "again": self._again, "resume": self._resume}

    def _look(self, session: Session, __: Params) -> Found:
        return Found(tuple(webhooks(session, person.actor_of(session, self.desk.token))))

    async def _refresh(self) -> None:
        await self.listing.again(quietly=True)
        self._tell_awaited()

    def _tell_awaited(self) -> None:
        """What became of the test is said once, however it ended."""
        tried = (one.attempt for found in self.listing.found.webhooks for one in found.tried)
        came = next((one for one in tried if one.delivery_id == self.awaited), None)
        if came is not None:
            self.awaited = None
            staff.tell(_result(came), "positive" if came.arrived else "negative")

    def _making(self) -> Deed:
        def make(session: Session, actor: Actor, typed: Values) -> None:
            self.written = add_webhook(session, actor, name=typed["name"], url=typed["url"], kinds=typed["kinds"])

        lead = _("From now on it hears of what you choose. The secret with which it checks our signature is shown once, right after this.")
        return Deed(_("Add a webhook"), lead, _("Add the webhook"), _("The webhook is added. Copy its secret now."), make, _asks())

    async def _made(self) -> None:
        """The one time that a secret is shown."""
        if self.written is None:
            return
        (webhook, written), self.written = self.written, None
        self.news.set_content(render("webhook_secret.html", webhook=webhook, written=written))
        await self.listing.again()
        self.news.client.run_javascript('desk.focus("copy-secret")')

    def _put_away(self) -> None:
        self.news.set_content("")
        self.news.client.run_javascript('desk.focus("add-webhook")')

    def _about(self, deed: Callable[[Webhook], Deed], number: str) -> None:
        """A dialog about one of them; it is gone once it is closed."""
        if one := self._one(number):
            self._open(deed(one), self.listing.again)

    def _renew(self, number: str) -> None:
        def renew(session: Session, actor: Actor, __: Values) -> None:
            self.written = renew_secret(session, actor, int(number))

        if one := self._one(number):
            self._open(_renewing(one, renew), self._made)

    async def _test(self, number: str) -> None:
        def test(session: Session, actor: Actor) -> None:
            self.awaited = try_webhook(session, actor, int(number)).id

        if await staff.attempt(self.desk, test, done=_("The test is on its way. What becomes of it appears here by itself.")):
            await self.listing.again()

    async def _again(self, number: str) -> None:
        def again(session: Session, actor: Actor) -> None:
            send_again(session, actor, int(number))

        if await staff.attempt(self.desk, again, done=_("It is sent again now.")):
            await self.listing.again()

    async def _resume(self, number: str) -> None:
        one = self._one(number)
        if one and await staff.attempt(self.desk, lambda session, actor: resume(session, actor, one.target), done=partial(_resumed, one)):
            await self.listing.again()

    def _one(self, number: str) -> Webhook | None:
        return next((one.webhook for one in self.listing.found.webhooks if str(one.webhook.id) == number), None)

    def _open(self, deed: Deed, after: Callable[[], Any]) -> None:
        with self.listing.table.client.content:
            sheet = Sheet(self.desk, deed, after)
        sheet.dialog.on("hide", sheet.dialog.delete)
        sheet.open()


def _asks(one: Webhook | None = None) -> tuple[Ask, ...]:
    address = _("It begins with https:// and lies on the open internet. What is behind it answers with 2xx within 15 seconds.")
    kinds = {kind: _(label) for kind, label in KINDS.items()}
    return (
        Ask("name", _("Name of the system"), "text", _("So that everybody knows who hears of our partners."), one and one.name),
        Ask("url", _("Address"), "text", address, one and one.url),
        Ask("kinds", _("What it hears of"), "many", "", list(one.kinds if one else KINDS), kinds),
    )


def _changing(one: Webhook) -> Deed:
    def change(session: Session, actor: Actor, typed: Values) -> None:
        change_webhook(session, actor, one.id or 0, name=typed["name"], url=typed["url"], kinds=typed["kinds"])

    title = _("Change the webhook {name}").format(name=words.own(one.name))
    lead = _("What still waits for it goes to the new address. The secret stays.")
    return Deed(title, lead, _("Save"), _("The webhook is changed."), change, _asks(one))


def _pausing(one: Webhook) -> Deed:
    title = _("Pause the webhook {name}").format(name=words.own(one.name))
    lead = _("Nothing is sent to it until somebody resumes it. What happens meanwhile waits in order, and nothing is lost.")
    asks = (Ask("why", _("Why"), "long", _("Whoever looks at this page reads it.")),)

    def stop(session: Session, actor: Actor, typed: Values) -> None:
        pause(session, actor, one.target, typed["why"])

    return Deed(title, lead, _("Pause"), _("The webhook is paused."), stop, asks)


def _removing(one: Webhook) -> Deed:
    title = _("Remove the webhook {name}").format(name=words.own(one.name))
    lead = _("It hears of nothing any more, and what still waits for it is not sent. This cannot be taken back; you can pause it instead.")

    def remove(session: Session, actor: Actor, __: Values) -> None:
        remove_webhook(session, actor, one.id or 0)

    return Deed(title, lead, _("Remove the webhook"), _("The webhook is removed."), remove, look="danger")


def _ending(one: Webhook) -> Deed:
    title = _("End the secret before of {name}").format(name=words.own(one.name))
    lead = _("From now on only the newest secret signs. A system that still checks with the one before refuses what we send.")

    def end(session: Session, actor: Actor, __: Values) -> None:
        end_secret_before(session, actor, one.id or 0)

    return Deed(title, lead, _("End it"), _("Only the newest secret signs now."), end, look="danger")


def _renewing(one: Webhook, renew: Callable[[Session, Actor, Values], None]) -> Deed:
    title = _("Make a new secret for {name}").format(name=words.own(one.name))
    lead = _("Both secrets sign for 7 days, so that the other system can change over. End the one before at once if it was stolen.")
    return Deed(title, lead, _("Make the secret"), _("The secret is made. Copy it now."), renew)


def _draw(found: Found) -> str:
    kinds = {kind: _(label) for kind, label in KINDS.items()} | {TESTED: _("Test")}
    return render(
        "webhooks.html", found=found, seen_at=now(), kinds=kinds, standing=_standing, answer=_answer, took=_took,
        is_new=_is_new, heard=_heard,
    )  # fmt: skip


def _standing(one: Subscribed) -> tuple[str, str]:
    """How a webhook stands, in words and its colour."""
    if one.pause:
        return _("Paused"), "warn"
    if not one.tried:
        return _("Nothing sent yet"), "info"
    return (_("Works"), "good") if one.tried[0].attempt.arrived else (_("Nothing arrives"), "bad")


def _answer(one: Attempt) -> tuple[str, str]:
    """What was answered, in words and its colour."""
    if one.status is None:
        return _("No answer"), "bad"
    return str(one.status), "good" if one.arrived else "bad"


def _took(one: Attempt) -> str:
    return _("{count} ms").format(count=shown_number(one.milliseconds)) if one.status is not None else ""


def _is_new(one: Attempt, moment: datetime) -> bool:
    return (moment - one.at).total_seconds() < 10


def _result(one: Attempt) -> str:
    if one.arrived:
        return _("The test arrived: {status} after {count} ms.").format(status=one.status, count=shown_number(one.milliseconds))
    return _("The test did not arrive. {why}").format(why=one.error)


def _resumed(one: Webhook, count: int) -> str:
    said = ngettext("{name} goes on with {count} delivery.", "{name} goes on with {count} deliveries.", count)
    return said.format(name=words.own(one.name), count=shown_number(count))


def _heard(one: Webhook) -> str:
    """What it hears of."""
    return shown_list([_(label) for kind, label in KINDS.items() if kind in one.kinds])


def _said(found: Found) -> str:
    count = len(found.webhooks)
    return ngettext("{count} webhook", "{count} webhooks", count).format(count=shown_number(count))
