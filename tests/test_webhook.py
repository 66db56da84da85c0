"""Webhooks, by their verbs and through the worker: who hears of what, signed by which secret, once or again, and when it stops."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update

from integrations.webhooks import signature
from models.database import now, reading, transaction
from models.delivery import ATTEMPTS, Delivery
from models.errors import Conflict, Invalid, NotFound
from models.event import record
from models.invitation import Invitation, expire_due, note_opened, revoke
from models.notice import Notice
from models.outbox import look, settle_by_hand, wanted
from models.pause import Pause
from models.pausing import pause, resume
from models.person import PORTAL, Role
from models.retention import PERIODS, due, erased, still_due
from models.sealed import Unreadable, seal, unseal
from models.subscribing import (
    KEPT,
    MOST,
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
from models.webhook import KINDS, LANES, Attempt, Webhook
from portal.api import following
from portal.described_webhooks import section
from tests.desk import applied, brought, person, row
from tests.partners import deliveries, due_now, events, invited
from tests.parts import environment_of, eventually
from tests.receiver import Receiver, receiving
from worker.deliver import drain
from worker.webhooks import unlock_anew

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def receiver(local: object) -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(autouse=True)
def alone(database: str) -> None:
    """Nothing else leaves: lists and mailbox are stopped."""
    operator = person(Role.OPERATIONS)
    with transaction() as session:
        for system in ("email", "sharepoint"):
            pause(session, operator, system, "Only webhooks are looked at.")


def added(url: str, *kinds: str, name: str = "CRM") -> tuple[Webhook, str]:
    admin = person(Role.ADMIN)
    with transaction() as session:
        return add_webhook(session, admin, name=name, url=url, kinds=kinds or tuple(KINDS))


def shown(number: int = 0) -> Subscribed:
    admin = person(Role.ADMIN)
    with reading() as session:
        return webhooks(session, admin)[number]


def told(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(body) for body in receiver.bodies]


def to(webhook: Webhook) -> list[tuple[str, str | None]]:
    """State and failure of each of its deliveries, oldest first."""
    return [(str(one.state), one.failure) for one in deliveries(webhook.target)]


def test_each_system_hears_of_what_was_chosen_for_it_signed_and_with_nothing_personal(database: str, receiver: Receiver) -> None:
    _, secret = added(receiver.url, "application.submitted", "application.information_required")
    with receiving() as other:
        added(other.url, "invitation.used", name="Other")
        reference = brought(applied("Brightfield Solar Ltd"), to="information_required")
        drain()
        assert [one["type"] for one in told(other)] == ["invitation.used"]
    assert [one["type"] for one in told(receiver)] == ["application.submitted", "application.information_required"]
    headers, body = receiver.heard[0]
    assert headers["X-Signature"] == signature(secret, headers["X-Timestamp"], body) and abs(time.time() - int(headers["X-Timestamp"])) < 60
    notice = Notice.model_validate_json(body)
    assert (notice.id, notice.data.company, notice.data.reference) == (headers["X-Webhook-Id"], "Brightfield Solar Ltd", reference)
    assert notice.data.url.endswith(f"/api/applications/{reference}") and set(told(receiver)[0]) == {"id", "type", "time", "data"}
    with reading() as session:
        one = row(session, reference)
        secrets = (one.invitation_code, one.primary_contact_email, one.primary_contact_name)
    assert all(part and part not in body.decode() for part in secrets)


def test_what_happens_to_an_invitation_is_told_without_its_code(database: str, receiver: Receiver) -> None:
    added(receiver.url)
    admin, opened, late = person(Role.ADMIN), invited(), invited("late@marstack.ai")
    with transaction() as session:
        note_opened(session, session.get_one(type(opened), opened.id))
        session.get_one(type(late), late.id).expires_at = now() - timedelta(minutes=1)
    with transaction() as session:
        expire_due(session)
        revoke(session, admin, session.get_one(type(opened), opened.id))  # is none of the kinds
    drain()
    assert sorted((one["type"], one["data"]["company"]) for one in told(receiver)) == [
        ("invitation.expired", "Brightfield Solar Ltd"), ("invitation.opened", "Brightfield Solar Ltd"),
    ]  # fmt: skip
    assert opened.code not in "".join(receiver.bodies) and late.code not in "".join(receiver.bodies)


def test_every_kind_is_an_event_that_happens_and_is_described(database: str) -> None:
    assert set(section()) == {*KINDS, "webhook.tested"}
    webhook, _ = added("http://127.0.0.1:9/")
    with transaction() as session:
        for kind in KINDS:
            record(session, kind, PORTAL)
        record(session, "application.noted", PORTAL)
    assert len(to(webhook)) == len(KINDS)


def test_an_answer_decides_what_becomes_of_a_delivery_and_each_attempt_is_in_the_log(database: str, receiver: Receiver) -> None:
    webhook, _ = added(receiver.url, "invitation.opened")
    for status, state in ((204, ("done", None)), (404, ("failed", "permanent")), (503, ("waiting", "passing"))):
        receiver.status, receiver.headers, receiver.body = status, {"Retry-After": "600"}, b"" if status == 204 else b"Not <b>here</b>\n"
        happened()
        drain()
        assert to(webhook)[-1] == state
    late = deliveries(webhook.target)[-1]
    assert timedelta(seconds=500) < late.due_at - now() < timedelta(seconds=700), "Retry-After is honoured"
    receiver.status, receiver.headers = 200, {}
    due_now()
    drain()
    log = [(one.attempt.status, one.attempt.arrived, one.attempt.answered, one.state) for one in shown().tried]
    assert log == [(200, True, "", "done"), (503, False, "Not <b>here</b>", "done"), (404, False, "Not <b>here</b>", "failed"), (204, True, "", "done")]
    assert shown().tried[2].attempt.error == "It does not accept what was sent: it answered 404." and shown().open == 1
    assert told(receiver)[-1]["id"] == told(receiver)[-2]["id"], "the same id, so that a double can be thrown away"


def test_410_pauses_it_in_words_and_what_happens_meanwhile_waits_until_it_is_resumed(database: str, receiver: Receiver) -> None:
    webhook, _ = added(receiver.url, "invitation.opened")
    receiver.status = 410
    happened()
    drain()
    happened()
    drain()
    assert to(webhook) == [("failed", "permanent"), ("waiting", None)] and len(receiver.heard) == 1
    stopped = shown().pause
    assert stopped is not None and "410" in stopped.why and stopped.paused_by == PORTAL.name
    admin = person(Role.ADMIN)
    with pytest.raises(Conflict), transaction() as session:
        try_webhook(session, admin, webhook.id or 0)
    with reading() as session:
        load = next(one for one in look(session, wanted()).loads if one.target == webhook.target)
    assert (load.failed, load.waiting, load.stopped) == (1, 1, True), "Deliveries has it too"
    receiver.status = 200
    operator = person(Role.OPERATIONS)
    with transaction() as session:
        assert resume(session, operator, webhook.target) == 1
    drain()
    assert to(webhook) == [("failed", "permanent"), ("done", None)]


@on_sqlite
def test_a_week_of_silence_pauses_it_but_not_where_something_else_was_taken(database: str, receiver: Receiver) -> None:
    webhook, _ = added(receiver.url, "invitation.opened")
    receiver.status = 500
    for taken in (True, False):
        happened()
        with transaction() as session:
            last = session.exec(select(Delivery).where(Delivery.target == webhook.target).order_by(col(Delivery.id).desc())).first()
            assert last is not None
            last.attempts = ATTEMPTS - 1
            if taken:
                other = last.model_dump(exclude={"id"}) | {"lane": "another", "state": "done", "done_at": now()}
                session.add(Delivery(**other))
        drain()
        assert (to(webhook)[-2 if taken else -1], shown().pause is None) == (("failed", "permanent"), taken)


def test_a_new_secret_signs_beside_the_one_before_until_that_is_ended(database: str, receiver: Receiver) -> None:
    (webhook, first), admin = added(receiver.url), person(Role.ADMIN)

    def signs(*secrets: str) -> bool:
        with transaction() as session:
            try_webhook(session, admin, webhook.id or 0)
        drain()
        headers, body = receiver.heard[-1]
        return headers["X-Signature"].split(",") == [signature(one, headers["X-Timestamp"], body) for one in secrets]

    assert signs(first)
    with transaction() as session:
        second = renew_secret(session, admin, webhook.id or 0)[1]
    assert first != second and signs(second, first)
    with transaction() as session:
        end_secret_before(session, admin, webhook.id or 0)
    assert signs(second)
    with transaction() as session:
        third = renew_secret(session, admin, webhook.id or 0)[1]
    with transaction() as session:
        session.get_one(Webhook, webhook.id).before_until = now() - timedelta(seconds=1)
    assert signs(third), "it ends by itself too"
    with pytest.raises(Conflict), transaction() as session:
        end_secret_before(session, admin, webhook.id or 0)


def test_the_database_holds_no_secret_that_can_be_read_without_the_key(database: str, receiver: Receiver) -> None:
    (webhook, secret), old = added(receiver.url), "the-key-of-before-the-rotation-0123456789"
    with reading() as session:
        kept = session.get_one(Webhook, webhook.id)
        assert secret not in str(kept.model_dump()) and unseal(kept.secret) == secret
    assert all(secret not in str(event.detail) for event in events("webhook.made"))
    with environment_of({"SECRET_KEY": old}):
        with pytest.raises(Unreadable):
            unseal(kept.secret)
        happened()
        drain()
        assert to(webhook) == [("failed", "configuration")] and receiver.heard == []
        before = seal("sps_before")
    with environment_of({"SECRET_KEY_BEFORE": old}):
        assert unseal(before) == "sps_before"
        with transaction() as session:
            session.get_one(Webhook, webhook.id).secret = before
        assert (unlock_anew(), unlock_anew()) == (1, 0)
    with reading() as session:
        assert unseal(session.get_one(Webhook, webhook.id).secret) == "sps_before", "the old key can go now"


def test_a_webhook_is_sent_few_at_a_time_and_each_subject_in_order(database: str, receiver: Receiver) -> None:
    added(receiver.url)
    receiver.hold = threading.Event()
    partners = [invited(f"partner{number}@example.co.uk") for number in range(8)]
    with transaction() as session:
        for kind in ("invitation.opened", "invitation.used", "invitation.expired"):
            for partner in partners:
                record(session, kind, PORTAL, invitation_id=partner.id)
    letting_go = threading.Thread(target=let_go, args=(receiver, receiver.hold))
    letting_go.start()
    drain()
    letting_go.join()
    assert receiver.most_at_once == LANES and len(receiver.heard) == 24
    numbers = [int(one["id"].removeprefix("evt_")) for one in told(receiver)]
    with reading() as session:
        of = {event.id: event.invitation_id for kind in ("invitation.opened", "invitation.used", "invitation.expired") for event in events(kind)}
    assert all((mine := [n for n in numbers if of[n] == partner.id]) == sorted(mine) and len(mine) == 3 for partner in partners)


def test_a_delivery_is_sent_again_with_its_id_and_none_that_is_no_webhooks(database: str, receiver: Receiver) -> None:
    webhook, _ = added(receiver.url, "invitation.opened")
    admin, number = person(Role.ADMIN), happened()
    drain()
    with transaction() as session:
        send_again(session, admin, deliveries(webhook.target)[0].id or 0)
    drain()
    assert [one["id"] for one in told(receiver)] == [f"evt_{number}"] * 2 and to(webhook) == [("done", None)]
    invited()
    for wrong in (deliveries("email.invitation")[0].id or 0, 99_999):
        with pytest.raises(NotFound), transaction() as session:
            send_again(session, admin, wrong)


def test_one_that_is_removed_hears_of_nothing_more_and_its_number_is_not_used_again(database: str, receiver: Receiver) -> None:
    (webhook, _), admin = added(receiver.url), person(Role.ADMIN)
    happened()
    with transaction() as session:
        pause(session, admin, webhook.target, "It is being moved.")
        remove_webhook(session, admin, webhook.id or 0)
    assert to(webhook) == [("settled", None)]
    happened()
    drain()
    (one,) = deliveries(webhook.target)
    assert (one.state, one.last_error, receiver.heard) == ("settled", "The webhook was removed.", [])
    newer, _ = added(receiver.url)
    assert (newer.id or 0) > (webhook.id or 0)
    with reading() as session:
        assert session.get(Pause, webhook.target) is None
    with pytest.raises(NotFound), transaction() as session:
        remove_webhook(session, admin, webhook.id or 0)


@on_sqlite
def test_every_wrong_field_is_named_and_there_are_only_so_many(database: str) -> None:
    admin = person(Role.ADMIN)
    with pytest.raises(Invalid) as refused, transaction() as session:
        add_webhook(session, admin, name=" ", url="crm", kinds=["everything"])
    assert [problem.field for problem in refused.value.problems] == ["name", "url", "kinds"]
    webhook, _ = added("http://127.0.0.1:9/a")
    with transaction() as session:
        change_webhook(session, admin, webhook.id or 0, name="New", url="http://127.0.0.1:9/b", kinds=["application.approved"])
    changed = events("webhook.changed")[0].detail
    assert (changed["before_url"], changed["url"], changed["name"]) == ("http://127.0.0.1:9/a", "http://127.0.0.1:9/b", "New")
    for _ in range(MOST - 1):
        added("http://127.0.0.1:9/")
    with pytest.raises(Conflict):
        added("http://127.0.0.1:9/")


@on_sqlite
def test_the_log_keeps_the_newest_and_goes_with_its_deliveries(database: str, receiver: Receiver) -> None:
    webhook, _ = added(receiver.url)
    happened()
    with transaction() as session:
        first = session.exec(select(Delivery.id).where(Delivery.target == webhook.target)).one()
        for _ in range(KEPT + 5):
            session.add(Attempt(webhook_id=webhook.id or 0, delivery_id=first or 0, kind="x", at=now(), status=500))
    drain()
    with reading() as session:
        kept = session.exec(select(Attempt.status).order_by(col(Attempt.id))).all()
    assert len(kept) == KEPT and kept[-1] == 200
    with transaction() as session:
        session.exec(update(Delivery).values(done_at=PERIODS["logs"].cutoff() - timedelta(days=1)))
    with reading() as session:
        over = [one for one in due(session) if one.what.startswith("deliveries")]
    with transaction() as session:
        for one in over:
            found = still_due(session, one)
            assert found is not None
            erased(session, found)
    with reading() as session:
        assert session.exec(select(Attempt)).all() == []


@on_sqlite
def test_who_else_hears_of_a_partner_is_not_told_to_the_partner(database: str, receiver: Receiver) -> None:
    webhook, _ = added(receiver.url)
    receiver.status = 400
    reference = applied()
    drain()
    assert ("failed", "permanent") in to(webhook)
    with reading() as session:
        application = row(session, reference)
        invitation = session.exec(select(Invitation).where(Invitation.code == application.invitation_code)).one()
        followed = following.deliveries(session, invitation, application)
    assert followed and not any("webhook" in str(one).lower() for one in followed)


@on_sqlite
def test_whoever_settles_by_hand_and_whoever_reads_deliveries_meets_it_as_any_other(database: str, receiver: Receiver) -> None:
    webhook, _ = added(receiver.url)
    receiver.status = 400
    happened()
    drain()
    operator = person(Role.OPERATIONS)
    with reading() as session:
        (line,) = look(session, wanted("failed", webhook.target)).lines
    with transaction() as session:
        settle_by_hand(session, operator, line.delivery.id or 0, "Told by telephone.")
    assert to(webhook) == [("settled", "permanent")]


def let_go(receiver: Receiver, hold: threading.Event) -> None:
    """Once as many are in the air as may be, and a little later, in which one more would have come."""
    eventually(lambda: receiver.at_once == LANES)
    time.sleep(0.5)
    hold.set()


def happened(kind: str = "invitation.opened") -> int:
    """Something that webhooks hear of, now; answers the event's id."""
    with transaction() as session:
        return record(session, kind, PORTAL).id or 0
