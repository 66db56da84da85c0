"""Who may do what: every verb of the staff and every route of the desk, with every role and with none.

A verb or route that nobody has put into the tables below fails here: say who may before it is used.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from nicegui import app as pages
from sqlmodel import Session, select

import models
from models import (
    already,
    assignment,
    audit,
    columns,
    condition,
    contacts,
    deciding,
    export,
    invitation,
    invitation_import,
    letter_template,
    list_decision,
    mention,
    note,
    outbox,
    pausing,
    people,
    reminder,
    renewal_review,
    request_reminder,
    retention,
    review,
    revocation,
    saved_view,
    subscribing,
    taken_over,
    visit,
)
from models import (
    token as tokens,
)
from models.application import Application
from models.database import now, reading, transaction
from models.delivery import Delivery
from models.document import Document
from models.errors import Forbidden, Refused
from models.event import Event
from models.invitation import Invitation
from models.looked import looked
from models.person import RIGHTS, Actor, Right, Role, User, partner
from portal.words import OFFICE
from tests.desk import applied, person, row, token
from tests.pages import browser, portal
from tests.partners import submitted

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

#: Who holds which right, said once more and by hand: a change of the table is a decision.
MATRIX = {
    Right.READ: {Role.OPERATIONS, Role.REVIEWER, Role.APPROVER, Role.AUDITOR, Role.ADMIN},
    Right.INVITE: {Role.OPERATIONS, Role.ADMIN},
    Right.REVIEW: {Role.REVIEWER, Role.APPROVER, Role.ADMIN},
    Right.DECIDE: {Role.APPROVER, Role.ADMIN},
    Right.OPERATE: {Role.OPERATIONS, Role.ADMIN},
    Right.AUDIT: {Role.AUDITOR, Role.ADMIN},
    Right.PEOPLE: {Role.ADMIN},
}
VERBS: dict[Callable[..., Any], Right] = {
    invitation.invite: Right.INVITE, invitation.resend: Right.INVITE, invitation.redirect: Right.INVITE, invitation.revoke: Right.INVITE,
    revocation.restore: Right.INVITE, visit.end_all: Right.INVITE,
    invitation.extend: Right.INVITE, invitation_import.invite_line: Right.INVITE, already.invite_anew: Right.INVITE, reminder.remind: Right.INVITE,
    request_reminder.remind_of_request: Right.REVIEW, request_reminder.remind_many: Right.REVIEW, columns.keep_columns: Right.READ,
    assignment.assign: Right.REVIEW, assignment.assign_many: Right.REVIEW,
    review.give_verdict: Right.REVIEW, review.start_review: Right.REVIEW, note.add_note: Right.REVIEW, note.change_note: Right.REVIEW,
    note.remove_note: Right.REVIEW, note.restore_note: Right.REVIEW, note.unread: Right.READ, mention.have_read: Right.READ,
    review.request_information: Right.REVIEW, review.mark_reviewed: Right.REVIEW, review.reopen: Right.REVIEW,
    deciding.approve: Right.DECIDE, deciding.reject: Right.DECIDE, deciding.undo_decision: Right.DECIDE,
    deciding.confirm_decision: Right.DECIDE,
    condition.mark_met: Right.DECIDE, condition.mark_not_met: Right.DECIDE,
    letter_template.add_template: Right.DECIDE, letter_template.change_template: Right.DECIDE,
    letter_template.delete_template: Right.DECIDE, letter_template.restore_template: Right.DECIDE,
    renewal_review.ask_renewal: Right.REVIEW, renewal_review.take_back_renewal: Right.REVIEW,
    renewal_review.return_renewal: Right.REVIEW, renewal_review.approve_renewal: Right.DECIDE,
    list_decision.keep_ours: Right.OPERATE,
    outbox.retry_now: Right.OPERATE, outbox.retry_all: Right.OPERATE, outbox.settle_by_hand: Right.OPERATE,
    pausing.pause: Right.OPERATE, pausing.resume: Right.OPERATE,
    taken_over.invite_taken_over: Right.INVITE, taken_over.leave_taken_over: Right.INVITE,
    retention.hold: Right.OPERATE, retention.lift: Right.OPERATE,
    people.people: Right.READ, people.disable: Right.PEOPLE, people.enable: Right.PEOPLE, people.end_sessions: Right.PEOPLE,
    audit.look: Right.AUDIT, audit.export: Right.AUDIT, export.find: Right.READ, export.exported: Right.READ,
    saved_view.saved_views: Right.READ, saved_view.save_view: Right.READ, saved_view.rename_view: Right.READ,
    saved_view.change_view: Right.READ, saved_view.delete_view: Right.READ, saved_view.restore_view: Right.READ,
    subscribing.add_webhook: Right.PEOPLE, subscribing.change_webhook: Right.PEOPLE, subscribing.remove_webhook: Right.PEOPLE,
    subscribing.renew_secret: Right.PEOPLE, subscribing.end_secret_before: Right.PEOPLE, subscribing.try_webhook: Right.PEOPLE,
    subscribing.send_again: Right.PEOPLE, subscribing.webhooks: Right.PEOPLE,
    tokens.make_token: Right.PEOPLE, tokens.revoke_token: Right.PEOPLE, tokens.tokens: Right.PEOPLE,
    contacts.look: Right.READ, contacts.find: Right.READ, contacts.exported: Right.READ, contacts.correct_address: Right.INVITE,
}  # fmt: skip
#: What takes an actor and asks for no right, and why.
WITHOUT = {
    "models.columns.own_columns": "everybody reads their own columns, of a list that they were let see",
    "models.event.record": "a verb that has asked calls it",
    "models.decision.end_waiting": "the verbs that undo a decision call it, which have asked, and the partner's withdrawal",
    "models.decision.hold_waiting": "disabling an account calls it, which has asked, and the portal itself",
    "models.decision.why_somebody_else": "it only says why somebody may not",
    "models.mention.call": "only the verbs of notes call it, which have asked",
    "models.assignment.take_on": "only `start_review` calls it, which has asked",
    "models.saved_view.saved_view": "everybody looks up their own views; the verbs ask for the right",
    "models.people.sign_out_elsewhere": "everybody may end their own sessions",
}
ROUTES = {
    "/review": Right.READ, "/review/{reference}": Right.READ, "/review/{reference}/application.pdf": Right.READ,
    "/review/export.csv": Right.READ, "/review/export.xlsx": Right.READ, "/documents/{document}": Right.READ,
    "/invitations": Right.INVITE, "/invitations/import": Right.INVITE, "/invitations/template.csv": Right.INVITE,
    "/letters": Right.DECIDE, "/deliveries": Right.OPERATE, "/people": Right.READ, "/audit": Right.AUDIT, "/audit/export.csv": Right.AUDIT,
    "/people/programs": Right.PEOPLE, "/people/webhooks": Right.PEOPLE,
    "/palette": Right.READ, "/mentions": Right.READ,
    "/people/contacts": Right.READ, "/people/contacts/export.csv": Right.READ, "/people/contacts/export.xlsx": Right.READ,
}  # fmt: skip
#: Routes as the app declares them, where that is not what ROUTES says; and those that are the partners' and the machines', which
#: test_rights_of_partners.py tries with every role, or everybody's.
DECLARED = {"/review/export.{form}": "/review/export.csv", "/people/contacts/export.{form}": "/people/contacts/export.csv", "/documents/{public_id}": "/documents/{document}",
            "/documents/{public_id}/thumbnail": "/documents/{document}"}  # fmt: skip
OTHERS = ("/apply", "/api/", "/auth/", "/static", "/docs", "/openapi.json", "/healthz", "/readyz", "/language", "/favicon.ico", "/_nicegui")
NOBODY = {"nobody": Actor("Nobody", "staff"), "partner": partner("Brightfield Solar Ltd")}
WHO = [*Role, *NOBODY]


def test_the_roles_have_the_rights_that_are_written_here() -> None:
    assert set(MATRIX) == set(Right)
    assert {right: {role for role in Role if right in RIGHTS[role]} for right in Right} == MATRIX


def test_every_verb_says_who_may() -> None:
    found = {f"{verb.__module__}.{verb.__name__}" for verb in _verbs()}
    told = {f"{verb.__module__}.{verb.__name__}" for verb in VERBS}
    assert found - told - set(WITHOUT) == set() and (told | set(WITHOUT)) - found == set()


@on_sqlite
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: f"{verb.__module__.removeprefix('models.')}.{verb.__name__}")
def test_a_verb_is_done_for_those_who_may_and_refused_to_all_others(database: str, verb: Callable[..., Any]) -> None:
    reference = applied()
    actors = {role: person(role) for role in Role} | NOBODY
    refused = {who for who, actor in actors.items() if _is_refused(verb, actor, reference)}
    assert refused == set(WHO) - MATRIX[VERBS[verb]]


def test_every_route_of_the_desk_says_who_may(local: object) -> None:
    found = {DECLARED.get(path, path) for path in _paths() if path not in ("", "/") and not path.startswith(OTHERS)}
    assert found | {"/review/export.xlsx", "/people/contacts/export.xlsx"} == set(ROUTES)


@on_sqlite
@pytest.mark.parametrize("path", ROUTES)
def test_a_route_opens_for_those_who_may_and_for_nobody_else(database: str, s3: object, path: str) -> None:
    asked = path.format(reference=applied(), document=_document() if "{document}" in path else "")
    opened = {role for role in Role if browser(token(role)).get(asked).status_code == 200}
    assert opened == MATRIX[ROUTES[path]]
    assert browser().get(asked).status_code in (303, 404)


def _is_refused(verb: Callable[..., Any], actor: Actor, reference: str) -> bool:
    """Whether the verb is Forbidden for the actor, and has then changed nothing; that it is done stays nowhere."""
    with pytest.raises(_Undone) as told, transaction() as session:
        before = _events(session)
        try:
            verb(session, actor, **_given(session, verb, reference))
        except Forbidden:
            assert _events(session) == before
            raise _Undone(True) from None
        except Refused:  # it was let through, and something else is in the way
            pass
        raise _Undone(False)
    return told.value.refused


class _Undone(Exception):
    def __init__(self, refused: bool) -> None:
        super().__init__()
        self.refused = refused


def _given(session: Session, verb: Callable[..., Any], reference: str) -> dict[str, Any]:
    """What a verb must be given, by the names of its parameters."""
    application = row(session, reference)
    reviewer = session.exec(select(User.id).where(User.oid == Role.REVIEWER)).one()
    held: dict[str, Any] = {
        "application": application, "application_ids": [application.id], "user_id": reviewer,
        "invitation": session.exec(select(Invitation).where(Invitation.code == application.invitation_code)).one(),
        "delivery_id": session.exec(select(Delivery.id)).first(), "section": "company", "ruling": "passed", "note_id": 0, "text": "Seen and noted.",
        "reason": "It says why.", "why": "It says why.", "message": "Send the new certificate.", "expires_at": now() + timedelta(days=9),
        "company_name": "New Ltd", "contact_email": "ada@new-partner.co.uk", "asked": audit.Asked(), "zone": OFFICE, "form": "csv",
        "count": 1, "wanted": looked({}) if verb.__module__ == saved_view.__name__ else select(Application.id), "line": invitation_import.Line(2, {}), "until": lambda _: now() + timedelta(days=9),
    }  # fmt: skip
    held |= {
        "condition": condition.Condition(application_id=application.id or 0, text="Send the certificate."), "kind": "approval",
        "template": letter_template.LetterTemplate(kind="approval", title="Ours", language="en", text=held["message"], changed_by="", changed_at=now()),
        "target": "email", "language": "en", "title": "Ours", "slots": ["gdpr_policy"], "columns": ["status"],
        "scopes": ["applications:read"], "expires_on": now().date(), "token_id": 0,
        "webhook_id": 0, "url": "https://crm.example.com/hooks", "kinds": ["application.approved"],
        "name": "Ours", "view": saved_view.SavedView(user_id=reviewer, name="Ours", saved_at=now()),
    }  # fmt: skip
    needed = [one.name for one in list(inspect.signature(verb).parameters.values())[2:] if one.default is one.empty]
    return {name: held[name] for name in needed}


def _verbs() -> Iterator[Callable[..., Any]]:
    """Every public function of the nouns that is told who does it."""
    for module in pkgutil.walk_packages(models.__path__, "models."):
        if ".migrations" not in module.name and not module.name.endswith("__main__"):
            for name, found in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction):
                is_told = any(one.annotation in ("Actor", Actor) for one in inspect.signature(found).parameters.values())
                if found.__module__ == module.name and is_told and not name.startswith("_"):
                    yield found


def _paths() -> Iterator[str]:
    yield from _within(portal().routes)
    yield from _within(pages.routes)


def _within(routes: Any) -> Iterator[str]:
    for route in routes:
        yield getattr(route, "path", "")
        if included := getattr(route, "original_router", None):
            yield from _within(included.routes)


def _events(session: Session) -> int:
    return len(session.exec(select(Event.id)).all())


def _document() -> str:
    """The address of a document in the store."""
    submitted(("gdpr_policy",))
    with reading() as session:
        return session.exec(select(Document.public_id)).one()
