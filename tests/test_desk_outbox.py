"""Deliveries as the operator sees them: what waits and failed, trying again, settling by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from models import outbox
from models.database import now, reading, transaction
from models.delivery import Delivery, claim, give_up, postpone, settle, succeed
from models.errors import Conflict, Forbidden, Invalid, NotFound
from models.event import Event
from models.outbox import Outbox, Wanted, look, retry_all, retry_now, settle_by_hand, wanted
from models.pausing import pause, resume
from models.person import Role
from tests.desk import applied, person, token
from tests.pages import browser

REFUSED = "The mail server does not take mail for helen.marsh@brightfieldsolar.co.uk (550): check the address."


def seen(tab: str = "all", target: str = "", q: str = "", page: int = 1) -> Outbox:
    with reading() as session:
        return look(session, Wanted(tab, target, q, page))


def deliveries(reference: str) -> dict[str, Delivery]:
    return {line.delivery.target: line.delivery for line in seen(q=reference).lines if line.event == "application.submitted"}


def failed(reference: str, target: str = "email.received") -> int:
    with transaction() as session:
        delivery = session.get(Delivery, deliveries(reference)[target].id)
        assert delivery is not None and delivery.id is not None
        delivery.attempts, delivery.begun_at = 1, now()
        give_up(session, delivery, "permanent", REFUSED)
        return delivery.id


def stored(number: int) -> Delivery:
    with reading() as session:
        return session.get_one(Delivery, number)


def events(kind: str) -> list[Event]:
    with reading() as session:
        return list(session.exec(select(Event).where(Event.type == kind)))


def test_what_failed_and_what_is_tried_again_needs_attention_and_the_rest_does_not(database: str) -> None:
    reference = applied()
    with transaction() as session:
        mine = {target: session.get_one(Delivery, one.id) for target, one in deliveries(reference).items()}
        give_up(session, mine["email.received"], "permanent", REFUSED)
        mine["sharepoint.application"].attempts = 1
        postpone(session, mine["sharepoint.application"], "SharePoint is busy.")
        succeed(session, mine["sharepoint.documents"])
        settle(session, mine["email.operations"], "told by telephone")
    outbox = seen("trouble", q=reference)
    assert {line.delivery.target for line in outbox.lines} == {"email.received", "sharepoint.application"}
    assert {tab: outbox.counts[tab] for tab in ("failed", "again", "settled", "done")} == {"failed": 1, "again": 1, "settled": 1, "done": 1}


def test_a_line_says_whom_it_is_about_and_why_it_failed(database: str) -> None:
    reference = applied("Brightfield Solar Ltd")
    failed(reference)
    line = seen("failed").lines[0]
    assert (line.subject, line.reference, line.event, line.delivery.last_error) == (
        "Brightfield Solar Ltd",
        reference,
        "application.submitted",
        REFUSED,
    )


def test_the_load_of_every_target_is_counted(database: str) -> None:
    failed(applied("One Ltd"))
    failed(applied("Two Ltd"))
    applied("Three Ltd")
    loads = {load.target: load for load in seen().loads}
    assert (loads["email.received"].failed, loads["email.received"].waiting) == (2, 1)
    assert set(loads) == set(outbox.TARGETS)


@pytest.mark.parametrize(("q", "matches"), [("brightfield", True), ("{reference}", True), ("nobody", False), ("%", False)])
def test_deliveries_are_found_by_company_and_reference(database: str, q: str, matches: bool) -> None:
    reference = applied("Brightfield Solar Ltd")
    assert bool(seen(q=q.format(reference=reference)).lines) is matches


def test_one_target_is_shown_alone(database: str) -> None:
    applied()
    assert {line.delivery.target for line in seen(target="email.received").lines} == {"email.received"}
    assert wanted(target="password").target == ""


def test_retry_now_makes_it_due_at_once_and_is_in_the_history(database: str) -> None:
    number, operator = failed(applied()), person(Role.OPERATIONS)
    with transaction() as session:
        retry_now(session, operator, number)
    again = stored(number)
    assert (again.state, again.begun_at) == ("waiting", None) and again.due_at <= now()
    assert [event.detail["target"] for event in events("delivery.retried")] == ["email.received"]


def test_one_that_waits_an_hour_can_be_tried_now(database: str) -> None:
    number = deliveries(applied())["email.received"].id or 0
    with transaction() as session:
        session.get_one(Delivery, number).due_at = now() + timedelta(hours=1)
    operator = person(Role.OPERATIONS)
    with transaction() as session:
        retry_now(session, operator, number)
    assert stored(number).due_at <= now()


def test_all_of_one_target_are_tried_again_and_the_others_stay(database: str) -> None:
    one, two, other = failed(applied("One Ltd")), failed(applied("Two Ltd")), failed(applied("Other Ltd"), "sharepoint.documents")
    later = waits_an_hour(applied("Later Ltd"))
    operator = person(Role.OPERATIONS)
    with transaction() as session:
        assert retry_all(session, operator, "email.received") == 3
    assert [stored(number).state for number in (one, two, other)] == ["waiting", "waiting", "failed"]
    assert stored(later).due_at <= now(), "what waits for a later attempt does not wait for it any more"
    assert [event.detail["count"] for event in events("delivery.all_retried")] == [3]


def test_what_perhaps_was_sent_is_not_tried_again_with_the_others(database: str) -> None:
    perhaps, bounced = failed(applied("Perhaps Ltd")), failed(applied("Bounced Ltd"))
    operator = person(Role.OPERATIONS)
    with transaction() as session:
        session.get_one(Delivery, perhaps).failure = "unclear"
        back = session.get_one(Delivery, bounced)
        back.returned_at, back.external_id = now(), "<delivery-1.aa@saber.example>"
    with transaction() as session:
        assert retry_all(session, operator) == 1
    assert stored(perhaps).state == "failed"
    again = stored(bounced)
    assert (again.state, again.returned_at, again.external_id) == ("waiting", None, None), "a mail that came back leaves as a new one"


def waits_an_hour(reference: str) -> int:
    number = deliveries(reference)["email.received"].id or 0
    with transaction() as session:
        one = session.get_one(Delivery, number)
        one.attempts, one.due_at = 1, now() + timedelta(hours=1)
    return number


def claimed() -> list[str]:
    with transaction() as session:
        return sorted(one.target for one in claim(session, "worker", limit=50, lease=timedelta(minutes=1)))


def test_what_is_stopped_is_claimed_by_nobody_and_keeps_nothing_else_back_until_it_goes_on(database: str) -> None:
    applied()
    operator = person(Role.OPERATIONS)
    with transaction() as session:
        pause(session, operator, "sharepoint.application", "The list is being moved.")
        pause(session, operator, "email", "The letters say a wrong date.")
    assert claimed() == ["sharepoint.documents", "sharepoint.invitation"]
    stops = {stop.pause.target: (stop.pause.why, stop.pause.paused_by, stop.waiting) for stop in seen().stops}
    assert stops["sharepoint.application"] == ("The list is being moved.", "Operations Person", 1) and stops["email"][2] == 3
    assert {load.target for load in seen().loads if load.stopped} == {t for t in outbox.TARGETS if t.startswith("email.")} | {"sharepoint.application"}
    with transaction() as session:
        assert resume(session, operator, "email") == 3
    assert claimed() == ["email.invitation", "email.operations", "email.received"], "SharePoint's still waits"
    kinds = ("delivery.paused", "delivery.resumed")
    assert [(event.type, event.detail["target"]) for kind in kinds for event in events(kind)] == [
        ("delivery.paused", "sharepoint.application"), ("delivery.paused", "email"), ("delivery.resumed", "email"),
    ]  # fmt: skip


def test_a_stop_needs_a_target_and_a_reason_and_is_made_once(database: str) -> None:
    operator = person(Role.OPERATIONS)
    for target, why, wrong in (("telex", "It is broken.", "target"), ("email", " no ", "why")):
        with transaction() as session, pytest.raises(Invalid) as refusal:
            pause(session, operator, target, why)
        assert [problem.field for problem in refusal.value.problems] == [wrong]
    with transaction() as session:
        pause(session, operator, "email", "It is broken.")
    with transaction() as session, pytest.raises(Conflict):
        pause(session, operator, "email", "It is broken still.")
    with transaction() as session, pytest.raises(NotFound):
        resume(session, operator, "sharepoint")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_page_says_what_is_stopped_by_whom_and_why_above_all_else(database: str, redis_server: object, s3: object) -> None:
    applied()
    operator = person(Role.OPERATIONS)
    with transaction() as session:
        pause(session, operator, "sharepoint", "The site <moves> today.")
    answer = browser(token(Role.OPERATIONS)).get("/deliveries?status=all")
    assert "The site &lt;moves&gt; today." in answer.text and "<moves>" not in answer.text
    assert answer.text.index("The site ") < answer.text.index("SharePoint: invitation")
    health = browser().get("/readyz").json()
    assert (health["status"], health["deliveries"]) == ("degraded", "stopped")


def test_settling_needs_a_reason_and_keeps_it(database: str) -> None:
    number, operator = failed(applied()), person(Role.OPERATIONS)
    with transaction() as session, pytest.raises(Invalid):
        settle_by_hand(session, operator, number, " no ")
    with transaction() as session:
        settle_by_hand(session, operator, number, "Told them by telephone.")
    assert (stored(number).state, stored(number).last_error) == ("settled", "Told them by telephone.")
    assert [event.detail["why"] for event in events("delivery.settled")] == ["Told them by telephone."]


@pytest.mark.parametrize("state", ["done", "running", "settled"])
def test_what_is_over_or_under_way_can_be_neither_retried_nor_settled(database: str, state: str) -> None:
    number, operator = failed(applied()), person(Role.OPERATIONS)
    with transaction() as session:
        session.get_one(Delivery, number).state = state
    for act in (lambda s: retry_now(s, operator, number), lambda s: settle_by_hand(s, operator, number, "Not needed.")):
        with transaction() as session, pytest.raises(Conflict):
            act(session)
    assert stored(number).state == state


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", list(Role))
def test_only_operations_and_administrators_operate_deliveries(database: str, role: Role) -> None:
    number, somebody = failed(applied()), person(role)
    acts = (
        lambda s: retry_now(s, somebody, number),
        lambda s: retry_all(s, somebody),
        lambda s: pause(s, somebody, "email", "It is broken."),
        lambda s: resume(s, somebody, "email"),
        lambda s: settle_by_hand(s, somebody, number, "Not needed."),
    )
    for act in acts:
        with transaction() as session:
            if role in (Role.OPERATIONS, Role.ADMIN):
                session.get_one(Delivery, number).state = "failed"
                act(session)
            else:
                with pytest.raises(Forbidden):
                    act(session)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_delivery_that_is_not_there_is_said_so(database: str) -> None:
    operator = person(Role.OPERATIONS)
    with transaction() as session, pytest.raises(NotFound):
        retry_now(session, operator, 4711)
