"""What can be done with an application from its page, each as a dialog that says what happens next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from models import loose, review
from models.application import Application, by_reference
from models.errors import Invalid, Problem
from models.person import Actor
from models.possible import Action
from portal.controls import Ask, Deed, Values
from portal.pages.review.case import Case, request_options

Work = Callable[[Session, Actor, dict[str, Any]], Any]


def deeds(case: Case) -> dict[Action, Deed]:
    """Action → its dialog, for one application."""
    return {action: make(case) for action, make in _MAKERS.items()}


def _request(case: Case) -> Deed:
    asks = (
        Ask("message", "What is needed", "long", "The partner reads this in the email and above the form."),
        Ask("items", "Questions and documents it is about", "many", "Type to search. Each becomes a link for the partner.",
            options=request_options(), optional=True),
        Ask("due_on", "Due date", "date", optional=True),
    )  # fmt: skip
    return Deed(
        "Ask the partner for information",
        f"The form opens again for {case.application.company_name}, and an email with your message goes to {_address(case)}. "
        "The decision waits until they send it again.",
        "Send the request", "The partner has been asked for information.", _on(case, _do_request), asks,
    )  # fmt: skip


def _reviewed(case: Case) -> Deed:
    return Deed(
        "Mark this application as reviewed", "Every section has a verdict. The decision is due next, and somebody else makes it.",
        "Mark reviewed", "The application is reviewed, the decision is due.",
        _on(case, lambda s, who, one, _: review.mark_reviewed(s, who, one)),
    )  # fmt: skip


def _reopen(case: Case) -> Deed:
    return Deed(
        "Go back to the review", "The verdicts stay and can be changed again. The decision waits until the application is marked reviewed.",
        "Go back to the review", "The application is under review again.",
        _on(case, lambda s, who, one, typed: review.reopen(s, who, one, typed["reason"])), (Ask("reason", "What was overlooked", "long"),),
    )  # fmt: skip


def _approve(case: Case) -> Deed:
    return Deed(
        f"Approve {case.application.company_name}",
        f"The company becomes a partner. An email goes to {_address(case)}, and SharePoint shows it as approved. This is final.",
        "Approve", "The application is approved.", _on(case, lambda s, who, one, typed: review.approve(s, who, one, typed["message"])),
        (Ask("message", "Message in the email", "long", optional=True),),
    )  # fmt: skip


def _reject(case: Case) -> Deed:
    return Deed(
        f"Reject {case.application.company_name}",
        f"An email with your reason goes to {_address(case)}, and SharePoint shows the application as rejected. This is final.",
        "Reject", "The application is rejected.", _on(case, lambda s, who, one, typed: review.reject(s, who, one, typed["reason"])),
        (Ask("reason", "Reason", "long", "The partner reads it in the email."),), look="danger",
    )  # fmt: skip


_MAKERS: dict[Action, Callable[[Case], Deed]] = {
    Action.REQUEST: _request,
    Action.REVIEWED: _reviewed,
    Action.REOPEN: _reopen,
    Action.APPROVE: _approve,
    Action.REJECT: _reject,
}


def _on(case: Case, work: Callable[[Session, Actor, Application, Values], Any]) -> Work:
    """`work` with the application looked up afresh and locked: what the page shows may be old."""
    reference = case.application.reference_number or ""
    return lambda session, actor, typed: work(session, actor, by_reference(session, reference, lock=True), typed)


def _do_request(session: Session, actor: Actor, application: Application, typed: Values) -> None:
    due_on = loose.day(typed["due_on"])
    if typed["due_on"] and due_on is None:
        raise Invalid("The due date cannot be read.", [Problem("due_on", "Enter the due date like 31/12/2026.")])
    review.request_information(session, actor, application, typed["message"], typed["items"], due_on)


def _address(case: Case) -> str:
    return case.application.primary_contact_email or "the primary contact"
