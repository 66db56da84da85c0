"""Partners who apply while everything outside misbehaves: invited by the desk or in SharePoint's list, with documents, reviewed, decided.

What they do is done by the product's verbs, and by the webhook of Power Automate, whose calls come twice and in the wrong order.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, TypeVar

import httpx
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from models.application import Application, begin, by_reference, submit
from models.database import now, transaction
from models.draft import save_step
from models.invitation import Invitation, find, invite
from models.note import add_note
from models.person import PORTAL, Actor, Role
from models.review import SECTIONS, Ruling, approve, give_verdict, mark_reviewed, reject, request_information
from models.settings import settings
from models.slots import SLOTS
from models.steps import QUESTIONS, STEPS
from tests.api import machine_key
from tests.desk import person
from tests.faults.differences import REFUSED
from tests.papers import large_pdf
from tests.partners import THREE, stored_in
from tests.parts import Graph
from worker.demo_answers import answers

T = TypeVar("T")
AHEAD = 30  # so many are invited before the first of them applies
#: Of a hundred: who is invited in SharePoint's list, whose address is refused for good, who has a document that needs an upload session.
LISTED, REFUSES, LARGE = 10, 4, 2


@dataclass
class Partners:
    """So many applications, one after the other, by a seed."""

    many: int
    chance: Random
    client: httpx.Client
    graph: Graph
    rosa: Actor = field(default_factory=lambda: person(Role.REVIEWER))  # who reviews
    arthur: Actor = field(default_factory=lambda: person(Role.APPROVER))  # who decides
    sent: list[int] = field(default_factory=list)
    webhooks: int = 0

    def live(self) -> None:
        """All of them, to the end."""
        invited: list[tuple[str, dict[str, Any]]] = []
        for number in range(self.many):
            invited.append(self._invited(number))
            if len(invited) > AHEAD:
                self._applied(*invited.pop(0))
        for code, form in invited:
            self._applied(code, form)

    def _invited(self, number: int) -> tuple[str, dict[str, Any]]:
        form = answers(self.chance, date.today(), flagged=self.chance.random() < 0.3)
        form["company_name"] = f"{form['company_name']} {number}"
        form["primary_contact_email"] = f"partner{number}{REFUSED if _is(number, REFUSES) else '@firm.example'}"
        if _is(number + 1, LISTED):
            return self._from_list(form), form
        told = {"company_name": form["company_name"], "contact_email": form["primary_contact_email"]}
        return again(lambda session: invite(session, PORTAL, **told).code), form

    def _from_list(self, form: dict[str, Any]) -> str:
        """Made and then edited by a person; Power Automate tells of the edit first, of the making second, and of the edit once more."""
        columns = {"Title": form["company_name"], "ContactEmail": form["primary_contact_email"], "Status": "Active"}
        item = self.graph.make(settings().sharepoint_invitations_list, **columns, Notes="Met at the fair")
        self.graph.edit(settings().sharepoint_invitations_list, item, Notes="Wants roofs only")
        told = {"ItemId": item, "CompanyName": columns["Title"], "ContactEmail": columns["ContactEmail"], "Status": "Active"}
        edited = {**told, "Notes": "Wants roofs only", "Modified": _said(now())}
        made = {**told, "Notes": "Met at the fair", "Modified": _said(now() - timedelta(minutes=1))}
        codes = {self._told(body) for body in (edited, made, edited)}
        assert len(codes) == 1, codes
        return codes.pop()

    def _told(self, body: dict[str, str]) -> str:
        """As Power Automate: again on 5xx and 429 (FACTS 14). Answers the code."""
        for _ in range(60):
            self.webhooks += 1
            answer = self.client.post("/api/sync-invitation", json=body, headers=machine_key())
            if answer.status_code < 400:
                return str(answer.json()["invitation"]["code"])
            assert answer.status_code == 429 or answer.status_code >= 500, answer.text
            time.sleep(1)
        raise AssertionError(f"the webhook was not taken: {answer.text}")

    def _applied(self, code: str, form: dict[str, Any]) -> None:
        application = again(lambda session: self._begun(session, code, form))
        number = len(self.sent)
        for slot in THREE:
            stored_in(application, slot, f"{form['company_name']}, {slot}")
        if _is(number, LARGE):
            stored_in(application, "employers_liability_certificate", content=large_pdf(5.5))
        held = {slot.name: 1 for slot in SLOTS.values() if slot.wanted(form)}
        reference = again(lambda session: submit(session, session.get_one(Application, application.id), form, held).reference_number) or ""
        self.sent.append(application.id or 0)
        self._reviewed(reference, number)

    def _begun(self, session: Session, code: str, form: dict[str, Any]) -> Application:
        invitation = find(session, code)
        assert invitation is not None
        application = begin(session, session.get_one(Invitation, invitation.id))
        for step in STEPS:
            save_step(session, application, step, {name: value for name, value in form.items() if QUESTIONS[name].step == step.number})
        return application

    def _reviewed(self, reference: str, number: int) -> None:
        """Nothing, a note, a question to the partner, or a decision, in turn."""
        ways: list[Callable[[Session, Application], Any]] = [self._note, self._ask, self._approve, self._reject]
        if number % 2:
            again(lambda session: ways[number // 2 % len(ways)](session, by_reference(session, reference, lock=True)))

    def _note(self, session: Session, application: Application) -> None:
        give_verdict(session, self.rosa, application, "insurance", Ruling.CONCERN, "The cover is near our minimum.")
        add_note(session, self.rosa, application, "Spoke to the insurer: the renewal is agreed.")

    def _ask(self, session: Session, application: Application) -> None:
        due = date.today() + timedelta(days=14)
        request_information(session, self.rosa, application, "Send the renewed certificate.", ["public_liability_cover"], due)

    def _approve(self, session: Session, application: Application) -> None:
        self._all_ruled(session, application)
        approve(session, self.arthur, application, "Welcome to the team.")

    def _reject(self, session: Session, application: Application) -> None:
        self._all_ruled(session, application)
        reject(session, self.arthur, application, "The insurance cover does not reach the minimum for our projects.")

    def _all_ruled(self, session: Session, application: Application) -> None:
        for section in SECTIONS:
            give_verdict(session, self.rosa, application, section, Ruling.PASSED)
        mark_reviewed(session, self.rosa, application)


def again(work: Callable[[Session], T], times: int = 20) -> T:
    """One change, as a person tries it again while the database is busy."""
    for left in reversed(range(times)):
        try:
            with transaction() as session:
                return work(session)
        except OperationalError:
            if not left:
                raise
            time.sleep(0.5)
    raise AssertionError


def _is(number: int, of_a_hundred: int) -> bool:
    """Evenly spread, and one among few."""
    return number % (100 // of_a_hundred) == 1


def _said(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
