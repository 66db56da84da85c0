"""Deliveries: claimed once, in order, taken over from the dead, never lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from models import delivery as deliveries
from models.application import begin
from models.database import after_commit, now, reading, transaction
from models.delivery import Delivery, DeliveryState, claim, give_up, postpone, retry, succeed
from models.event import CONSEQUENCES, record
from models.invitation import Invitation, invite
from models.person import PORTAL

LEASE = timedelta(seconds=60)


@pytest.fixture
def invitation(database: str) -> Invitation:
    with transaction() as session:
        return invite(session, PORTAL, company_name="Brightfield Solar Ltd", contact_email="ada@brightfield.example")


def claimed(worker: str = "one", limit: int = 10) -> list[Delivery]:
    with transaction() as session:
        return claim(session, worker, limit=limit, lease=LEASE)


def change(delivery: Delivery, verb: Callable[[Session, Delivery], None]) -> None:
    with transaction() as session:
        verb(session, session.get_one(Delivery, delivery.id))


def test_a_delivery_is_claimed_by_one_worker_only(invitation: Invitation) -> None:
    assert len(claimed("one")) == 2
    assert claimed("two") == []


def test_a_dead_workers_delivery_is_taken_over_after_its_lease(invitation: Invitation) -> None:
    claimed("dead")
    with transaction() as session:
        for delivery in session.exec(select(Delivery)):
            delivery.lease_until = now() - timedelta(seconds=1)
    assert [d.claimed_by for d in claimed("heir")] == ["heir", "heir"]


def test_a_later_change_waits_for_the_earlier_one_of_the_same_system(invitation: Invitation) -> None:
    with transaction() as session:
        record(session, "invitation.updated", PORTAL, invitation_id=invitation.id)
    first = [d for d in claimed() if d.target == "sharepoint.invitation"]
    assert len(first) == 1 and claimed() == []
    change(first[0], succeed)
    assert [d.target for d in claimed()] == ["sharepoint.invitation"]


def test_a_code_that_somebody_waits_for_goes_before_all_that_is_older(invitation: Invitation) -> None:
    with transaction() as session:
        application = begin(session, session.get_one(Invitation, invitation.id))
        record(session, "application.device_asked", PORTAL, application_id=application.id)
    assert [d.target for d in claimed(limit=1)] == ["email.device"]
    assert len(claimed()) >= 2, "the rest follow, the code's not twice"


def test_a_failed_delivery_does_not_hold_up_the_next(invitation: Invitation) -> None:
    with transaction() as session:
        record(session, "invitation.updated", PORTAL, invitation_id=invitation.id)
    stuck = next(d for d in claimed() if d.target == "sharepoint.invitation")
    change(stuck, lambda session, d: give_up(session, d, "permanent", "The column is gone."))
    assert [d.target for d in claimed()] == ["sharepoint.invitation"]


def test_a_postponed_delivery_is_not_due_before_the_other_side_said(invitation: Invitation) -> None:
    for delivery in claimed():
        change(delivery, lambda session, d: postpone(session, d, "busy", retry_after=120))
    assert claimed() == []
    with reading() as session:
        assert all(d.due_at > now() + timedelta(seconds=100) and d.failure == "passing" for d in session.exec(select(Delivery)))


def test_after_a_week_of_attempts_a_person_is_asked(invitation: Invitation) -> None:
    delivery = claimed()[0]

    def exhaust(session: Session, found: Delivery) -> None:
        found.attempts = deliveries.ATTEMPTS
        postpone(session, found, "still away")

    change(delivery, exhaust)
    with reading() as session:
        assert session.get_one(Delivery, delivery.id).state == DeliveryState.FAILED
    change(delivery, retry)
    assert delivery.id in [d.id for d in claimed()]


def test_the_worker_is_nudged_after_the_commit_and_only_when_there_is_something_to_do(database: str) -> None:
    seen: list[int] = []

    def count() -> None:
        with reading() as session:
            seen.append(len(session.exec(select(Delivery)).all()))

    after_commit(count)
    with transaction() as session:
        invite(session, PORTAL, company_name="Brightfield Solar Ltd", contact_email="ada@brightfield.example")
    with transaction() as session:
        record(session, "invitation.opened", PORTAL)
    assert seen == [2]


def test_nothing_is_recorded_when_the_change_fails(database: str) -> None:
    with pytest.raises(RuntimeError), transaction() as session:
        invite(session, PORTAL, company_name="Brightfield Solar Ltd", contact_email="ada@brightfield.example")
        raise RuntimeError("the disk is full")
    with reading() as session:
        assert session.exec(select(Delivery)).all() == []


def test_every_consequence_names_a_system_and_an_act() -> None:
    assert all(target.split(".")[0] in ("sharepoint", "email") for targets in CONSEQUENCES.values() for target in targets)


def test_two_abandoned_deliveries_of_one_lane_do_not_wait_for_each_other(invitation: Invitation) -> None:
    with transaction() as session:
        record(session, "invitation.updated", PORTAL, invitation_id=invitation.id)
        for delivery in session.exec(select(Delivery)):
            delivery.state, delivery.lease_until = DeliveryState.RUNNING, now() - timedelta(seconds=1)
    heir = [d for d in claimed("heir") if d.target == "sharepoint.invitation"]
    assert len(heir) == 1
    change(heir[0], succeed)
    assert [d.target for d in claimed("heir")] == ["sharepoint.invitation"]


def test_an_invitation_has_one_lane_to_the_lists_whatever_the_event(invitation: Invitation) -> None:
    with transaction() as session:
        application = begin(session, session.get_one(Invitation, invitation.id))
        record(session, "application.submitted", PORTAL, invitation_id=invitation.id, application_id=application.id)
    with reading() as session:
        lanes = {d.lane for d in session.exec(select(Delivery)) if d.target == "sharepoint.invitation"}
        assert lanes == {f"sharepoint:invitation-{invitation.id}"}
