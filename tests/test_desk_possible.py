"""What the desk says is possible is what the verbs do, for every role, in every state."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from models import review
from models.application import Application, ApplicationStatus, move
from models.database import reading, transaction
from models.decision import hold_waiting, waiting_decision
from models.errors import Refused
from models.note import add_note
from models.person import PORTAL, Actor, Role
from models.possible import Action, Situation
from models.review import SECTIONS, history, verdicts
from tests.desk import applied, brought, person, row
from tests.parts import environment_of

S = ApplicationStatus
WORDS = "Because the certificate is missing."
VERBS: dict[Action, Callable[[Any, Actor, Application], Any]] = {
    Action.VERDICT: lambda session, actor, one: review.give_verdict(session, actor, one, "company", "concern", WORDS),
    Action.NOTE: lambda session, actor, one: add_note(session, actor, one, WORDS),
    Action.REQUEST: lambda session, actor, one: review.request_information(session, actor, one, WORDS),
    Action.REVIEWED: review.mark_reviewed,
    Action.REOPEN: lambda session, actor, one: review.reopen(session, actor, one, WORDS),
    Action.APPROVE: review.approve,
    Action.REJECT: lambda session, actor, one: review.reject(session, actor, one, WORDS),
    Action.UNDO: review.undo_decision,
    Action.CONFIRM: review.confirm_decision,
}


class Undone(Exception):
    """Ends a transaction whose verb went through, so that the next one finds the application as it was."""


@pytest.fixture
def in_every_state(database: str) -> dict[str, str]:
    states = ("under_review", "information_required", "reviewed", "approved", "rejected")
    found = {"submitted": applied("New Ltd"), **{state: brought(applied(f"{state} Ltd"), to=state) for state in states}}
    found["all judged"], found["withdrawn"] = applied("Judged Ltd"), applied("Gone Ltd")
    with environment_of({"DECISION_UNDO_MINUTES": "10"}):
        found["decided"], found["held"] = (brought(applied(name), to="approved") for name in ("Decided Ltd", "Held Ltd"))
    reviewer = person(Role.REVIEWER)
    with transaction() as session:
        hold_waiting(session, row(session, found["held"]).id, PORTAL)
        judged, gone = row(session, found["all judged"]), row(session, found["withdrawn"])
        for section in SECTIONS:
            review.give_verdict(session, reviewer, judged, section, "passed")
        move(gone, S.WITHDRAWN)
    return found


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_desk_offers_an_action_exactly_when_the_verb_goes_through(in_every_state: dict[str, str]) -> None:
    people = [person(role) for role in Role]
    compared = [compare(reference, actor, action) for reference, actor, action in product(in_every_state.values(), people, Action)]
    assert [difference for difference in compared if difference] == []
    assert len(compared) == 10 * 5 * len(Action)


def compare(reference: str, actor: Actor, action: Action) -> str:
    said, happened = why_not(reference, actor, action), refusal(reference, actor, action)
    return "" if bool(said) == bool(happened) else f"{actor.name}, {action}, {reference}: said “{said}”, the verb “{happened}”"


def why_not(reference: str, actor: Actor, action: Action) -> str:
    with reading() as session:
        one = row(session, reference)
        made = waiting_decision(session, one.id)
        held = made is not None and made.held
        return Situation(actor, one, verdicts(session, one), history(session, one), made is not None, held).why_not(action)


def refusal(reference: str, actor: Actor, action: Action) -> str:
    try:
        with transaction() as session:
            VERBS[action](session, actor, row(session, reference))
            raise Undone
    except Undone:
        return ""
    except Refused as refused:
        return refused.detail


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_it_says_which_sections_still_need_a_verdict(database: str) -> None:
    reference = brought(applied(), to="under_review")
    said = why_not(reference, person(Role.REVIEWER), Action.REVIEWED)
    sections = "Capabilities, Roles and experience, Insurance and policies, Declarations and Documents"
    assert said == f"Give a verdict on these first: {sections}."


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_who_marked_it_reviewed_is_told_that_somebody_else_decides(database: str) -> None:
    reference = applied()
    approver = person(Role.APPROVER)
    with transaction() as session:
        for section in SECTIONS:
            review.give_verdict(session, approver, row(session, reference), section, "passed")
        review.mark_reviewed(session, approver, row(session, reference))
    assert why_not(reference, approver, Action.APPROVE) == "You reviewed a part of this application. Somebody else must decide."
    assert why_not(reference, person(Role.ADMIN), Action.APPROVE) == ""
