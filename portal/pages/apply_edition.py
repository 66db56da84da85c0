"""What changed in the form under a partner's hands: said on every page of the form until they have seen it."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from models.application import of_invitation
from models.database import transaction
from models.editions import Change, acknowledge, label_of
from models.language import _
from models.steps import STEPS, place_of
from portal.api.partner import admit
from portal.render import render


def install(app: FastAPI) -> None:
    """Register the button of the notice, a plain form."""
    app.add_api_route("/apply/edition", seen, methods=["POST"], include_in_schema=False)


def edition_notice(changes: list[Change]) -> str:
    """The notice as HTML, each sentence linked to its question or document; empty when nothing changed (`models.editions.unseen`)."""
    told = [(_place(change.about), _(label_of(change.about)), _(change.sentence)) for change in changes]
    return render("apply_edition.html", changes=told) if told else ""


async def seen(request: Request) -> Response:
    """The partner has seen it, and goes on where they were."""
    await run_in_threadpool(_acknowledge, request)
    return RedirectResponse(_back(request.headers.get("referer", "")), 303)


def _acknowledge(request: Request) -> None:
    code = admit(request, None).code
    with transaction() as session:
        if application := of_invitation(session, code, lock=True):
            acknowledge(session, application)


def _place(name: str) -> str:
    """The address of a question or document; empty for one that the form does not have any more."""
    place = place_of(name)
    return f"/apply/{place.name}#{name}" if place else ""


def _back(referer: str) -> str:
    """The page of the form that the button stood on; only its path is believed (FACTS 65)."""
    path = urlsplit(referer).path
    return path if path in {"/apply/check", *(f"/apply/{step.name}" for step in STEPS)} else "/apply"
