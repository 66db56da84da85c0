"""The partner asks colleagues to fill in a step, sees who was there, and takes it back. It works without JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session, col, select

from models.application import Application, of_invitation
from models.colleague import NAME, NOTE, Colleague, ask_again, ask_colleague, colleagues_of, take_back
from models.database import reading, transaction
from models.delivery import Delivery, DeliveryState
from models.draft import answers_of
from models.errors import Invalid, Refused
from models.event import Event
from models.language import LANGUAGES, _, spoken
from models.meant import meant as meant_by
from models.rules import domain_of, settle
from models.steps import STEPS
from portal.api.partner import Visitor, admit, application_of
from portal.frame import plain_page
from portal.pages.apply_help import door_css
from portal.render import render

HERE = "/apply/colleagues"
TOLD = "told_colleague"  # in the session: whom the partner has just asked, or taken the link back from
EMPTY = {"step": "", "name": "", "email": "", "note": ""}
Verb = Callable[[Session, Application, Visitor], Colleague]
Text = Annotated[str, Form(max_length=2000)]


def install(app: FastAPI) -> None:
    """Plain routes: a list, a form, and two buttons beside each name."""
    app.add_api_route(HERE, show, methods=["GET"], include_in_schema=False)
    app.add_api_route(HERE, ask, methods=["POST"], include_in_schema=False)
    app.add_api_route(f"{HERE}/again", again, methods=["POST"], include_in_schema=False)
    app.add_api_route(f"{HERE}/back", back, methods=["POST"], include_in_schema=False)


def show(request: Request, step: str = "") -> Response:
    """Who was asked, and the form to ask somebody; what has just been done is said once, and not again when the page is reloaded."""
    invitation = admit(request, None)
    with reading() as session:
        application = of_invitation(session, invitation.code)
        if application is None or not application.open_to_partner:
            return RedirectResponse("/apply/status" if application else "/apply", 303)
    told = request.session.pop(TOLD, {})
    return _page(request, {"step": step}, just_asked=told.get("asked", ""), just_ended=told.get("ended", ""))


def ask(
    request: Request, step: Text = "", name: Text = "", email: Text = "", note: Text = "", language: Text = "",
    instead: Text = "", sure: Text = "",
) -> Response:  # fmt: skip
    """Mail somebody a link of their own; of an address that looks mistyped it is asked once what is meant, before a stranger has the link.

    `instead` is what was offered and taken, `sure` the address that was asked about and is sent once more as it stands.
    """
    given = {"step": step, "name": name, "email": instead or email, "note": note.replace("\r\n", "\n"), "language": language}
    if sure != given["email"] and (found := _meant(request, given["email"])):
        return _page(request, given, meant=found)
    return _done(request, given, lambda session, application, who: ask_colleague(session, application, by=who.name, **given))


def again(request: Request, colleague: Text = "") -> Response:
    """A new link by a new mail."""
    return _done(request, {}, lambda session, application, _: ask_again(session, application, colleague))


def back(request: Request, colleague: Text = "") -> Response:
    """Take a link back."""
    return _done(request, {}, lambda session, application, _: take_back(session, application, colleague), told="ended")


def _done(
    request: Request, given: dict[str, Any], verb: Callable[[Session, Application, Visitor], Colleague], told: str = "asked"
) -> Response:
    who = Visitor(admit(request, None))
    try:
        with transaction() as session:
            found = verb(session, application_of(session, who.invitation), who)
    except Refused as error:
        return _page(request, given, error)
    request.session[TOLD] = {told: found.public_id}
    return RedirectResponse(f"{HERE}?step={found.step}", 303)


def _meant(request: Request, email: str) -> str:
    """The address that was probably meant, as far as the company's own website tells too."""
    with reading() as session:
        application = of_invitation(session, admit(request, None).code)
        answers = answers_of(session, application.invitation_code) if application else {}
    website = settle(answers, ["company_website"])["company_website"]
    return meant_by(email.strip(), [domain_of(website)] if website else [])


def _page(
    request: Request, given: Mapping[str, str], error: Refused | None = None, just_asked: str = "", just_ended: str = "", meant: str = ""
) -> Response:
    invitation, given = admit(request, None), {**EMPTY, "language": spoken().code, **given}
    with reading() as session:
        application = of_invitation(session, invitation.code)
        everybody = colleagues_of(session, application) if application else []
        unsent = _unsent(session, application) if application else set[int]()
    wrong = {problem.field: problem.message for problem in error.problems} if isinstance(error, Invalid) else {}
    by_id = {one.public_id: one for one in everybody}
    body = render(
        "apply_colleagues.html", asked=[one for one in everybody if one.live], over=_over(everybody), unsent=unsent, given=given,
        wrong=wrong, error=error.detail if error else "", steps=STEPS, names=NAME, notes=NOTE, tongues=LANGUAGES.values(),
        just_asked=by_id.get(just_asked), just_ended=by_id.get(just_ended), back=_way_back(given["step"]), meant=meant,
    )  # fmt: skip
    title = _("Ask a colleague")
    shown = plain_page(_("Error: {title}").format(title=title) if error else title, body, more=door_css(), kind="narrow")
    return HTMLResponse(shown, error.status if error else 422 if meant else 200)


def _unsent(session: Session, application: Application) -> set[int]:
    """The ids of those whose mail could not be sent: the address may be wrong."""
    wanted = select(Event).join(Delivery, col(Delivery.event_id) == col(Event.id)).where(Delivery.application_id == application.id)
    failed = wanted.where(Delivery.target == "email.colleague", Delivery.state == DeliveryState.FAILED)
    return {int(event.detail["colleague"]) for event in session.exec(failed)}


def _over(everybody: list[Colleague]) -> list[Colleague]:
    """Whose link has ended, each once and only if nobody of the same address was asked for the same step since."""
    newest: dict[tuple[str, str], Colleague] = {}
    for one in everybody:  # newest first
        newest.setdefault((one.step, one.email.casefold()), one)
    return [one for one in newest.values() if not one.live]


def _way_back(step: str) -> str:
    return f"/apply/{step}" if any(step == one.name for one in STEPS) else "/apply/continue"
