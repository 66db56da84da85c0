"""A decision waits before anything leaves: it can be undone until then, it leaves once, and an approval may have conditions."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from nicegui import Client, core
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select, update

from integrations.local.parts import ROOT
from models.application import by_reference, withdraw
from models.condition import Condition, Term, condition, conditions, mark_met, mark_not_met
from models.database import now, reading, transaction
from models.deciding import carry_out
from models.decision import Decision, stage, waiting_decision
from models.errors import Conflict, Forbidden, Invalid, NotFound, SignInNeeded
from models.invitation import find
from models.language import shown_date
from models.looked import looked
from models.people import disable
from models.person import SUSPENDED, Actor, Right, Role, User, actor_of
from models.possible import Action
from models.queue import look
from models.review import (
    SECTIONS,
    approve,
    confirm_decision,
    decision,
    give_verdict,
    history,
    mark_reviewed,
    reject,
    reopen,
    request_information,
    undo_decision,
)
from portal import staff
from portal.pages.review import Review
from portal.pages.review.asking import Asking
from portal.pages.review.deciding import Deciding
from portal.pages.review.opening import opened
from portal.pages.review.story import story
from portal.pages.status import parts, read
from tests.desk import QUESTION, applied, brought, person, row, sent_again, token
from tests.pages import browser
from tests.partners import events, listed, states
from tests.parts import Graph, Local, Mailbox, environment_of, eventually
from tests.test_desk_possible import why_not
from worker.decide import carry_out_due
from worker.deliver import drain, seconds_to_next, sweep

ANOTHER = "You reviewed a part of this application. Somebody else must decide."
WORDS = "The cover of your insurance is too low."
ARTHUR = Actor("Arthur Adeyemi", "staff", frozenset({Role.APPROVER}))
LATER = (now() + timedelta(days=40)).date()


@pytest.fixture
def waits() -> Iterator[None]:
    """Ten minutes, as it is shipped."""
    with environment_of({"DECISION_UNDO_MINUTES": "10"}):
        yield


def approved(reference: str, *terms: Term, message: str = "Welcome.") -> None:
    with transaction() as session:
        approve(session, person(Role.APPROVER), by_reference(session, reference, lock=True), message, terms)


def partner_sees(reference: str) -> str:
    """What can change on the partner's page."""
    with reading() as session:
        invitation = find(session, row(session, reference).invitation_code)
    assert invitation is not None
    return " ".join(parts(read(invitation)).values())


def undone(reference: str, role: Role = Role.APPROVER) -> None:
    with transaction() as session:
        undo_decision(session, person(role), by_reference(session, reference, lock=True))


def ten_minutes_later(reference: str) -> None:
    with transaction() as session:
        made = waiting_decision(session, row(session, reference).id)
        assert made is not None
        made.takes_effect_at = now()
        session.add(made)


def seen(reference: str) -> int | None:
    """What a page hands on that was drawn now."""
    with reading() as session:
        return stage(history(session, row(session, reference)))


def status(reference: str) -> str:
    with reading() as session:
        return row(session, reference).status


def told() -> list[str]:
    """What would leave: the deliveries that a decision makes."""
    return [target for target in states() if target in ("email.approved", "email.rejected")]


def test_for_ten_minutes_nothing_of_a_decision_leaves_and_then_all_of_it(database: str, waits: None, graph: Graph, mailbox: Mailbox) -> None:
    reference = brought(applied(), to="reviewed")
    approved(reference, message="Welcome to the team.")
    sweep()
    assert status(reference) == "reviewed" and told() == [] and len(mailbox.mails()) == 2  # received, and operations'
    with reading() as session:
        made = waiting_decision(session, row(session, reference).id)
        found = listed(row(session, reference))
        assert decision(session, row(session, reference)) is None and found is not None and found.fields["Status"] == "Under Review"
    assert made is not None and (made.made_by, made.seconds_left > 590) == ("Approver Person", True)
    assert 500 < (seconds_to_next() or 0) <= 600, "the worker sleeps no longer than until then"
    ten_minutes_later(reference)
    sweep()
    assert status(reference) == "approved"
    assert "Welcome to the team." in mailbox.text(next(one for one in mailbox.mails() if "is approved" in str(one["Subject"])))
    with reading() as session:
        decided, found = decision(session, row(session, reference)), listed(row(session, reference))
        assert decided is not None and (decided.actor, decided.user_id) == ("Approver Person", made.user_id)
        assert found is not None and found.fields["ReviewedByEmail"] == "approver@saber.example" and found.fields["Status"] == "Approved"


def test_what_was_undone_never_leaves_and_can_be_decided_anew(database: str, waits: None) -> None:
    reference = brought(applied(), to="reviewed")
    approved(reference)
    undone(reference)
    assert carry_out_due() == 0 and status(reference) == "reviewed" and told() == []
    with pytest.raises(Conflict, match="no decision that could be undone"):
        undone(reference)
    with transaction() as session:
        reject(session, person(Role.APPROVER), row(session, reference), WORDS)
    ten_minutes_later(reference)
    assert (carry_out_due(), status(reference), told()) == (1, "rejected", ["email.rejected"])
    with pytest.raises(Conflict, match="no decision that could be undone"):
        undone(reference)
    with reading() as session:
        found = [event.type for event in history(session, row(session, reference))]
    assert found[:4] == ["application.rejected", "application.decided", "application.decision_undone", "application.decided"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("allowed", [True, False])
def test_who_reviewed_it_decides_only_where_the_setting_allows_it(database: str, allowed: bool) -> None:
    reference, both = applied(), person(Role.APPROVER)
    with transaction() as session:
        for section in SECTIONS:
            give_verdict(session, both, row(session, reference), section, "passed")
        mark_reviewed(session, both, row(session, reference))
    with environment_of({"REVIEWER_MAY_DECIDE": str(allowed)}):
        assert why_not(reference, both, Action.APPROVE) == ("" if allowed else ANOTHER)
        with nullcontext() if allowed else pytest.raises(Forbidden, match="Somebody else must decide"), transaction() as session:
            approve(session, both, row(session, reference))
    assert status(reference) == ("approved" if allowed else "reviewed")


def test_who_gave_one_verdict_does_not_decide_though_another_marked_it_reviewed_or_judged_that_section_again(database: str) -> None:
    reference, both, reviewer = applied(), person(Role.APPROVER), person(Role.REVIEWER)
    with transaction() as session:
        give_verdict(session, both, row(session, reference), "company", "passed")
        for section in SECTIONS:
            give_verdict(session, reviewer, row(session, reference), section, "passed")
        mark_reviewed(session, reviewer, row(session, reference))
    with pytest.raises(Forbidden, match="Somebody else must decide"):
        approved(reference)
    assert why_not(reference, both, Action.APPROVE) == why_not(reference, both, Action.REJECT) == ANOTHER
    assert why_not(reference, person(Role.ADMIN), Action.APPROVE) == ""
    with transaction() as session:
        reopen(session, reviewer, row(session, reference), "A question is open.")
        request_information(session, reviewer, row(session, reference), QUESTION)
    sent_again(reference)
    with transaction() as session:
        give_verdict(session, both, row(session, reference), "contact", "passed")
        request_information(session, reviewer, row(session, reference), QUESTION)
    sent_again(reference)
    with transaction() as session:
        for section in sorted(set(SECTIONS) - {"contact"}):
            give_verdict(session, reviewer, row(session, reference), section, "passed")
        mark_reviewed(session, reviewer, row(session, reference))
    assert why_not(reference, both, Action.APPROVE) == ANOTHER  # what they said of the contacts still stands
    with transaction() as session:
        reopen(session, reviewer, row(session, reference), "The contacts are judged by somebody else.")
    brought(reference, to="reviewed")
    approved(reference)  # what the partner has sent since was reviewed by somebody else
    assert status(reference) == "approved"


def test_a_decision_on_what_was_reviewed_anew_meanwhile_is_refused_and_so_is_undoing_another_one(database: str, waits: None) -> None:
    reference, reviewer, approver = brought(applied(), to="reviewed"), person(Role.REVIEWER), person(Role.APPROVER)
    before = seen(reference)
    with transaction() as session:
        reopen(session, reviewer, row(session, reference), "Something was overlooked.")
        give_verdict(session, reviewer, row(session, reference), "insurance", "failed", "It has run out.")
        mark_reviewed(session, reviewer, row(session, reference))
    for verb in (approve, reject):
        with pytest.raises(Conflict, match="changed since you opened the dialog"), transaction() as session:
            verb(session, approver, row(session, reference), WORDS, seen=before)
    with transaction() as session:
        first = approve(session, approver, row(session, reference), seen=seen(reference)).id
        undo_decision(session, approver, row(session, reference), seen=first)
        reject(session, approver, row(session, reference), WORDS, seen=seen(reference))
    with pytest.raises(Conflict, match="Another decision"), transaction() as session:
        undo_decision(session, approver, row(session, reference), seen=first)
    with reading() as session:
        assert waiting_decision(session, row(session, reference).id) is not None


def test_what_somebody_decided_is_held_where_their_account_is_disabled_and_leaves_when_another_confirms_it(
    database: str, waits: None
) -> None:
    references = [brought(applied(name), to="reviewed") for name in ("One Ltd", "Two Ltd", "Three Ltd")]
    for reference in references:
        approved(reference)
    ten_minutes_later(references[0])
    assert carry_out_due() == 1
    approver, admin = person(Role.APPROVER).user_id or 0, person(Role.ADMIN)
    with transaction() as session:
        assert disable(session, admin, approver) == 2
    for reference in references[1:]:
        ten_minutes_later(reference)
    assert (carry_out_due(), [status(reference) for reference in references]) == (0, ["approved", "reviewed", "reviewed"])
    held = [story([one])[0].sentence for one in events("application.decision_held")]
    assert held == ["The account of Approver Person was disabled before the decision left, so it is held"] * 2
    with reading() as session:
        assert {one.reference: (one.decided, one.held) for one in look(session, looked({})).rows} == dict.fromkeys(references[1:], (True, True))
    with pytest.raises(Conflict, match="Confirm it or undo it"), transaction() as session:
        reject(session, admin, row(session, references[1]), WORDS)
    _confirmed(references[1], admin)
    undone(references[2], Role.ADMIN)
    assert (carry_out_due(), told().count("email.approved")) == (0, 1), "whoever confirms has time to undo it, too"
    ten_minutes_later(references[1])
    assert (carry_out_due(), [status(reference) for reference in references]) == (1, ["approved", "approved", "reviewed"])
    assert [one.actor for one in events("application.approved")] == ["Approver Person", "Admin Person"]


def test_a_held_decision_is_not_confirmed_by_who_reviewed_nor_after_a_day_of_its_conditions_nor_twice(database: str, waits: None) -> None:
    reference, admin = brought(applied(), to="reviewed"), person(Role.ADMIN)
    with pytest.raises(Conflict, match="no decision that waits to be confirmed"):
        _confirmed(reference, admin)
    approved(reference, Term("Send the certificate.", LATER))
    with pytest.raises(Conflict, match="no decision that waits to be confirmed"):
        _confirmed(reference, admin)
    _suspended_behind_our_back(Role.APPROVER)
    ten_minutes_later(reference)
    assert (carry_out_due(), carry_out_due(), status(reference)) == (0, 0, "reviewed")
    [held] = events("application.decision_held")
    assert held.actor == "Partner Portal"
    reviewer = person(Role.REVIEWER)
    also_approver = Actor(reviewer.name, "staff", frozenset({Role.APPROVER}), reviewer.user_id)
    with pytest.raises(Forbidden, match="You reviewed a part"):
        _confirmed(reference, also_approver)
    _condition_day(reference, now().date().isoformat())
    with pytest.raises(Conflict, match="due date of its conditions has passed"):
        _confirmed(reference, admin)
    _condition_day(reference, LATER.isoformat())
    _confirmed(reference, admin)
    with pytest.raises(Conflict, match="no decision that waits to be confirmed"):
        _confirmed(reference, admin)
    ten_minutes_later(reference)
    assert (carry_out_due(), status(reference)) == (1, "approved")
    with reading() as session:
        [made] = session.exec(select(Decision)).all()
    assert (made.made_by, made.held) == ("Admin Person", False)


@pytest.mark.parametrize("first", ["the approval", "the disabling"])
def test_who_is_disabled_while_they_decide_has_decided_before_and_it_is_held_or_is_refused(
    database: str, waits: None, first: str
) -> None:
    reference, held, admin = brought(applied(), to="reviewed"), token(Role.APPROVER), person(Role.ADMIN)
    with ThreadPoolExecutor(1) as other:
        try:
            with transaction() as session:
                actor = actor_of(session, held)  # at this moment they may
                application = by_reference(session, reference, lock=True)
                if first == "the approval":
                    approve(session, actor, application)
                disabling = other.submit(_disabled, admin, actor.user_id or 0)
                wait([disabling], 1.5)
                if first == "the disabling":
                    approve(session, actor, application)
        except SignInNeeded:
            pass
        disabling.result(20)
    with reading() as session:
        made = waiting_decision(session, row(session, reference).id)
        assert made is None or made.held
    if made:
        ten_minutes_later(reference)
    assert (carry_out_due(), status(reference), told()) == (0, "reviewed", [])


def _disabled(admin: Actor, user_id: int) -> None:
    with transaction() as session:
        disable(session, admin, user_id)


def _confirmed(reference: str, actor: Actor) -> None:
    with transaction() as session:
        confirm_decision(session, actor, by_reference(session, reference, lock=True))


def _suspended_behind_our_back(role: Role) -> None:
    """The account is cut off in the database, by no verb of ours."""
    with transaction() as session:
        session.exec(update(User).where(col(User.oid) == role).values(status=SUSPENDED))


def _condition_day(reference: str, day: str) -> None:
    """Time goes on until the day of the condition."""
    with transaction() as session:
        made = waiting_decision(session, row(session, reference).id)
        assert made is not None
        made.conditions = [{**one, "due_on": day} for one in made.conditions]
        session.add(made)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_while_a_decision_waits_nothing_else_is_done_and_the_page_says_so(database: str, waits: None) -> None:
    reference = brought(applied(), to="reviewed")
    approved(reference)
    admin = person(Role.ADMIN)
    verbs: dict[Action, Any] = {
        Action.VERDICT: lambda s, one: give_verdict(s, admin, one, "company", "passed"),
        Action.REQUEST: lambda s, one: request_information(s, admin, one, "Send the new certificate."),
        Action.REOPEN: lambda s, one: reopen(s, admin, one, "Something was overlooked."),
        Action.APPROVE: lambda s, one: approve(s, admin, one),
        Action.REJECT: lambda s, one: reject(s, admin, one, WORDS),
    }
    for action, verb in verbs.items():
        with pytest.raises(Conflict, match="Undo it first") as refused, transaction() as session:
            verb(session, row(session, reference))
        assert why_not(reference, admin, action) == refused.value.detail
    assert why_not(reference, admin, Action.NOTE) == why_not(reference, admin, Action.UNDO) == ""
    assert why_not(reference, person(Role.REVIEWER), Action.UNDO) == "Your account may not decide on applications."
    with pytest.raises(Forbidden):
        undone(reference, Role.REVIEWER)


def test_a_partner_who_withdraws_is_not_approved_any_more(database: str, waits: None) -> None:
    reference = brought(applied(), to="reviewed")
    approved(reference)
    ten_minutes_later(reference)
    with transaction() as session:
        withdraw(session, by_reference(session, reference, lock=True), "We have no capacity.")
    assert (carry_out_due(), status(reference), told()) == (0, "withdrawn", [])
    with reading() as session:
        [made] = session.exec(select(Decision)).all()
    assert made.undone_by == "Brightfield Solar Ltd" and not made.waits
    [one] = events("application.decision_undone")
    assert one.actor_kind == "partner"
    assert story([one])[0].sentence == "Brightfield Solar Ltd withdrew before the decision of Approver Person left, so it was undone"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_partners_page_says_nothing_while_a_decision_waits_and_then_lists_the_conditions(database: str, waits: None) -> None:
    reference = brought(applied(), to="reviewed")
    before = partner_sees(reference)
    approved(reference, Term("Send the <renewed> certificate.", LATER), Term("Train two more installers."), message="Welcome.")
    assert partner_sees(reference) == before and "decision is due" in before
    ten_minutes_later(reference)
    assert carry_out_due() == 1
    shown = partner_sees(reference)
    assert "You are approved" in shown and "Send the &lt;renewed&gt; certificate." in shown and f"Due by {shown_date(LATER)}." in shown
    assert shown.count("Not met yet") == 1 and "Met<" not in shown
    with transaction() as session:
        __, second = conditions(session, row(session, reference).id)
        mark_met(session, ARTHUR, condition(session, second.application_id, second.id or 0))
    assert partner_sees(reference).count("Met<") == 1


def test_of_two_decisions_one_stands_and_the_database_itself_refuses_the_second(database: str, waits: None) -> None:
    reference = brought(applied(), to="reviewed")
    approved(reference)
    with reading() as session:
        [made] = session.exec(select(Decision)).all()
    again = made.model_dump() | {"id": None}
    with pytest.raises(IntegrityError), transaction() as session:
        session.add(Decision(**again))
        session.flush()


def test_it_leaves_once_though_one_worker_dies_in_the_midst_of_it(
    database: str, waits: None, local: Local, redis_server: redis.Redis, graph: Graph, mailbox: Mailbox, tmp_path: Path
) -> None:
    reference = brought(applied(), to="reviewed")
    approved(reference)
    drain()
    before = len(mailbox.mails())
    ten_minutes_later(reference)
    with pytest.raises(KeyboardInterrupt), transaction() as session:
        number = row(session, reference).id or 0
        assert carry_out(session, number)
        raise KeyboardInterrupt  # it ends after all is written, and before it stands
    assert status(reference) == "reviewed" and told() == []
    workers = [_worker(database, local, tmp_path) for _ in range(2)]
    try:
        with transaction() as session:  # both come to this row, and wait for it
            by_reference(session, reference, lock=True)
            eventually(lambda: (tmp_path / "worker.log").read_text().count('"started"') == 2, 30)
            time.sleep(1)
            workers[0].send_signal(signal.SIGKILL)
        eventually(lambda: status(reference) == "approved" and states()["email.approved"] == ["done"], 30)
        assert len(events("application.approved")) == 1 and len(mailbox.mails()) == before + 1
        with transaction() as session:
            assert not carry_out(session, number), "there is nothing left to carry out"
    finally:
        for one in workers:
            one.kill()
            one.wait()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_conditions_of_an_approval_are_told_listed_and_ticked_off(database: str, graph: Graph, mailbox: Mailbox) -> None:
    reference = brought(applied(), to="reviewed")
    approved(reference, Term("Send the renewed  certificate.", LATER), Term("Train two more installers."))
    drain()
    letter = next(one for one in mailbox.mails() if "with conditions" in str(one["Subject"]))
    assert f"- Send the renewed certificate. Due by {LATER:%-d %B %Y}." in mailbox.text(letter)
    assert "- Train two more installers.\n" in mailbox.text(letter) and status(reference) == "approved"
    approver = person(Role.APPROVER)
    with transaction() as session:
        first, __ = conditions(session, row(session, reference).id)
        mark_met(session, approver, condition(session, first.application_id, first.id or 0))
    drain()
    with reading() as session:
        item = listed(row(session, reference))
    assert item is not None
    assert f"Condition, due by {LATER:%-d %B %Y}, met on {now():%-d %B %Y}: Send the renewed certificate." in item.fields["ReviewNotes"]
    assert "Condition, not met yet: Train two more installers." in item.fields["ReviewNotes"]
    with pytest.raises(Conflict, match="already"), transaction() as session:
        mark_met(session, approver, condition(session, first.application_id, first.id or 0))
    with transaction() as session:
        mark_not_met(session, approver, condition(session, first.application_id, first.id or 0))
    with reading() as session:
        assert [one.met_at for one in conditions(session, first.application_id)] == [None, None]
        assert [event.detail["text"] for event in history(session, row(session, reference))[:2]] == ["Send the renewed certificate."] * 2
    with pytest.raises(NotFound), transaction() as session:
        condition(session, -1, first.id or 0)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_is_wrong_with_a_condition_is_said_at_its_field_and_one_past_its_day_is_overdue(database: str) -> None:
    reference = brought(applied(), to="reviewed")
    with pytest.raises(Invalid) as refused:
        approved(reference, Term("No"), Term("Send the certificate.", now().date()), Term("Send the other one.", LATER.replace(year=2060)))
    said = {problem.field: problem.message for problem in refused.value.problems}
    assert said == {
        "conditions.0": "Write the condition in 5 to 500 characters.",
        "conditions.1.due_on": "Choose a due date in the future.",
        "conditions.2.due_on": "Choose a due date within five years.",
    }
    yesterday = now().date() - timedelta(days=1)
    assert Condition(application_id=1, text="Send it.", due_on=yesterday).overdue
    assert not Condition(application_id=1, text="Send it.", due_on=now().date()).overdue
    assert not Condition(application_id=1, text="Send it.", due_on=yesterday, met_at=now()).overdue


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_open_dialogs_are_about_the_application_as_it_is_now_and_what_was_not_read_is_not_decided(database: str) -> None:
    reference = brought(applied(), to="reviewed")
    before = set(Client.instances)
    held = token(Role.APPROVER)
    assert browser(held).get(f"/review/{reference}").status_code == 200
    [client] = [one for number, one in Client.instances.items() if number not in before]
    assert core.loop
    asyncio.run_coroutine_threadsafe(_while_it_changes(client, held, reference), core.loop).result(30)
    assert status(reference) == "approved"


async def _while_it_changes(client: Client, held: str, reference: str) -> None:
    """Two dialogs are open while somebody else changes the application."""
    desk = staff.Desk(held)
    with client:
        review = Review(desk, await desk.read(Right.READ, partial(opened, reference, {})))
        asking, deciding = review.sheets[Action.REQUEST], review.sheets[Action.APPROVE]
        assert isinstance(asking, Asking) and isinstance(deciding, Deciding)
        asking.open()
        deciding.open()
        await deciding._offer()
        _changed_and_reviewed_anew(reference)
        await deciding._preview()
        assert "Renamed Ltd" in deciding.mail.content and "Brightfield" not in deciding.mail.content
        deciding.message.set("Welcome.")
        await deciding._decide()
        assert "changed since you opened the dialog" in deciding.line.content and review.case.application.company_name == "Renamed Ltd"
        assert "new@brightfield.example" in deciding.lead.content and "new@brightfield.example" in asking.lead.content
        assert "mcs_number" not in asking.picker.control.options
        deciding._fill("welcome")
        assert "Renamed Ltd" in deciding.message.value
        await deciding._decide()
        assert status(reference) == "reviewed", "the page behind it is of now, and was not read yet"
        deciding.dialog.close()
        deciding.open()
        await deciding._decide()


def _changed_and_reviewed_anew(reference: str) -> None:
    reviewer = person(Role.REVIEWER)
    with transaction() as session:
        one = row(session, reference)
        one.company_name, one.primary_contact_email, one.mcs_approved = "Renamed Ltd", "new@brightfield.example", False
        session.add(one)
        reopen(session, reviewer, one, "Something was overlooked.")
        mark_reviewed(session, reviewer, one)


def _worker(database: str, local: Local, folder: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **local.environment, "DATABASE_URL": database, "SWEEP_SECONDS": "1", "PYTHONUNBUFFERED": "1", "LOG_LEVEL": "INFO"}
    with (folder / "worker.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "worker"], cwd=ROOT, env=environment, stdout=log, stderr=log)
