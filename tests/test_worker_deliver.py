"""Deliveries: everything arrives once, whatever is away in between, and whoever else is at it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlmodel import col, select

from models.database import now, reading, transaction
from models.delivery import Delivery, LeaseLost, claim, held, succeed
from models.event import CONSEQUENCES, record
from models.invitation import Invitation
from models.person import PORTAL
from tests.partners import count_listed, deliveries, due_now, events, folder, invitation_listed, invited, states, submitted
from tests.parts import Graph, Local, Mailbox, environment_of
from worker import deliver
from worker.consumers import HANDLERS
from worker.deliver import drain, seconds_to_next, sweep
from worker.outcome import Done


def test_every_target_has_exactly_one_handler() -> None:
    assert set(HANDLERS) == {target for targets in CONSEQUENCES.values() for target in targets}


def test_a_submission_reaches_lists_library_and_mailboxes_once(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = submitted()
    reference = application.reference_number or ""
    assert drain() == len(deliveries()) == 7
    assert states() == {
        "sharepoint.invitation": ["done", "done"], "email.invitation": ["settled"], "sharepoint.application": ["done"],
        "sharepoint.documents": ["done"], "email.received": ["done"], "email.operations": ["done"],
    }  # fmt: skip
    assert drain() == 0
    assert count_listed(graph, reference) == 1
    assert len(folder(graph, reference)) == 3
    assert sorted(str(mail["To"]) for mail in mailbox.mails()) == ["helen.marsh@brightfieldsolar.co.uk", "operations@saber.example"]
    item = invitation_listed(application.invitation_code)
    assert item is not None and item.fields["Status"] == "Used"


def test_lists_that_are_away_for_a_while_lose_nothing(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    graph.misbehave(503, times=4, path="items", retry_after=120)
    application = submitted()
    drain()
    late = [d for d in deliveries() if d.state == "waiting"]
    told = [d.last_error or "" for d in late if d.attempts]
    assert any("503" in one for one in told) and all("503" in one or "slow down" in one for one in told), "one call told all workers"
    assert all(d.due_at > now() + timedelta(seconds=100) for d in late if d.attempts), "Retry-After is honoured"
    assert len(mailbox.mails()) == 2, "the mails do not wait for the lists"
    graph.behave()
    due_now()
    drain()
    assert {d.state for d in deliveries()} == {"done", "settled"}
    assert count_listed(graph, application.reference_number or "") == 1


def test_an_answer_that_was_lost_makes_no_second_item(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    graph.misbehave(504, times=1, path="items$", method="POST", after=True)
    invitation = invited()
    drain()
    assert deliveries("sharepoint.invitation")[0].state == "waiting"
    due_now()
    drain()
    assert deliveries("sharepoint.invitation")[0].state == "done"
    assert count_listed(graph, invitation.code) == 1


def test_a_wrong_credential_needs_an_operator_and_says_so(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    graph.misbehave(403, times=1, path="items")
    invited()
    drain()
    delivery = deliveries("sharepoint.invitation")[0]
    assert (delivery.state, delivery.failure) == ("failed", "configuration")
    assert "Check the credentials" in (delivery.last_error or "")


def test_two_workers_at_once_try_no_delivery_twice(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    codes = [invited(f"partner{number}@example.co.uk").code for number in range(12)]
    tried: list[int] = []
    workers = [threading.Thread(target=lambda: tried.append(drain())) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(tried) == 24
    assert {(d.state, d.attempts) for d in deliveries()} == {("done", 1)}
    assert len(mailbox.mails()) == 12
    assert [count_listed(graph, code) for code in codes] == [1] * 12


def test_a_lane_keeps_its_order(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    graph.misbehave(503, times=2, path="items")  # the first call of this lane, and that of the invitation's
    submitted()
    drain()
    assert lane() == [("sharepoint.application", 1), ("sharepoint.documents", 0)]
    due_now()
    drain()
    assert lane() == [("sharepoint.application", 2), ("sharepoint.documents", 1)]
    stamps = [d.done_at for d in deliveries() if d.lane == "sharepoint:application-1"]
    assert None not in stamps and stamps == sorted(stamps, key=str)


def test_one_that_cannot_be_stamped_costs_those_that_landed_with_it_nothing(database: str, graph: Graph, mailbox: Mailbox) -> None:
    invited()
    with transaction() as session:
        pair = claim(session, "one", limit=10, lease=timedelta(minutes=1))
    landed = [deliver.Landed(one, Done("17")) for one in pair]
    landed[0] = deliver.Landed(pair[0], Done(object()))  # type: ignore[arg-type] — what no database takes
    deliver._stamp_all(landed)
    assert {one.id: one.state for one in deliveries()} == {pair[0].id: "running", pair[1].id: "done"}


def lane() -> list[tuple[str, int]]:
    return [(d.target, d.attempts) for d in deliveries() if d.lane == "sharepoint:application-1"]


def test_a_worker_that_lost_its_lease_changes_nothing_when_it_comes_back(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    invited()
    with transaction() as session:
        stale = claim(session, "sleeper", limit=10, lease=timedelta(seconds=-1))
    drain()
    before = [delivery.model_dump() for delivery in deliveries()]
    assert {delivery["attempts"] for delivery in before} == {2}
    for delivery in stale:
        deliver._stamp_all([landed] if (landed := deliver._deliver(delivery)) else [])
    assert [delivery.model_dump() for delivery in deliveries()] == before
    assert len(mailbox.mails()) == 1


def test_a_handler_that_takes_longer_than_its_lease_keeps_its_delivery(
    database: str, s3: Local, graph: Graph, mailbox: Mailbox
) -> None:
    with environment_of({"DATABASE_URL": database, "DELIVERY_LEASE_SECONDS": "2"}):
        graph.misbehave(500, times=1, path="items", delay=4, after=True)
        invited()
        other: list[int] = []
        rival = threading.Timer(3, lambda: other.append(drain()))
        rival.start()
        drain()
        rival.join()
    delivery = deliveries("sharepoint.invitation")[0]
    assert (delivery.attempts, delivery.claimed_by) == (1, deliver.WORKER)
    assert other == [0], "the lease was renewed, so there was nothing to take over"


def test_a_bug_is_tried_again_and_does_not_stop_the_others(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    application = submitted(())
    with transaction() as session:
        record(session, "application.rejected", PORTAL, application_id=application.id)  # without the reason that its mail needs
    drain()
    failed = deliveries("email.rejected")[0]
    assert (failed.state, failed.attempts) == ("waiting", 1)
    assert failed.last_error == "Something unexpected went wrong (KeyError)."
    assert deliveries("email.received")[0].state == "done"


def test_a_sweep_expires_invitations_and_tells_the_list(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    invitation = invited()
    drain()
    with transaction() as session:
        late = session.get_one(Invitation, invitation.id)
        late.expires_at = now() - timedelta(minutes=1)
        session.add(late)
    sweep()
    assert len(events("invitation.expired")) == 1
    item = invitation_listed(invitation.code)
    assert item is not None and item.fields["Status"] == "Expired"


def test_the_clock_knows_when_the_next_delivery_is_due(database: str) -> None:
    assert seconds_to_next() is None
    invited()
    with transaction() as session:
        for delivery in session.exec(select(Delivery)):
            delivery.due_at = now() + timedelta(seconds=30)
            session.add(delivery)
    assert 28 < (seconds_to_next() or 0) <= 30


def test_a_stopping_worker_claims_nothing_more(database: str, graph: Graph, mailbox: Mailbox) -> None:
    invited()
    deliver.stopping.set()
    try:
        assert drain() == 0
    finally:
        deliver.stopping.clear()
    assert {d.state for d in deliveries()} == {"waiting"}


def test_a_delivery_that_a_person_settled_meanwhile_stays_settled(database: str) -> None:
    invited()
    with transaction() as session:
        mine = claim(session, "one", limit=1, lease=timedelta(minutes=1))[0]
    with transaction() as session:
        row = session.get_one(Delivery, mine.id)
        row.state = "settled"
        session.add(row)
    with pytest.raises(LeaseLost), transaction() as session:
        succeed(session, held(session, mine))
    with reading() as session:
        assert session.exec(select(Delivery.state).where(col(Delivery.id) == mine.id)).one() == "settled"
