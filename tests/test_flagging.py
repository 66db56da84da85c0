"""What applications are flagged for, in the list: at once when they are sent, and kept true whatever changes and whichever worker dies."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from models import flagging, queue
from models.database import now, reading, transaction
from models.decision import Decision
from models.document import Document
from models.flagging import FLAGGABLE, refresh, until
from models.flags import flags
from models.looked import looked
from models.person import Role
from models.queue import Row, look
from models.queue_entry import QueueEntry
from models.renewal import Renewal
from models.review import approve
from models.rules import EXPIRY_DAYS, POLICY_DAYS
from models.schedule import Lease
from models.settings import settings
from models.slots import SLOTS
from tests.desk import applied, brought, person, row
from tests.parts import Graph, Mailbox, environment_of
from worker import flagging as worker
from worker import main
from worker.deliver import stopping
from worker.renewals import look_after

COVER, EXPIRY = "public_liability_cover", "public_liability_expiry"
DATED = next(name for name, slot in SLOTS.items() if slot.asks_expiry)


@pytest.fixture(autouse=True)
def _counted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests change rows behind the desk's back, without an event."""
    monkeypatch.setattr(queue, "COUNTS_HOLD", 0.0)
    monkeypatch.setattr(worker, "_same_rules", True)


def rows(**asked: str) -> dict[str, Row]:
    with reading() as session:
        return {one.company: one for one in look(session, looked({"view": "all", **asked})).rows}


def flagged(company: str = "Brightfield Solar Ltd") -> set[str]:
    return set(rows()[company].flagged)


def test_the_list_is_filtered_by_any_flag_none_a_section_or_one_question(database: str) -> None:
    calm: dict[str, Any] = {"company_registration": "01234567", "vat_number": ""}
    applied("Low Ltd", public_liability_cover=2_000_000)
    applied("Young Ltd", years_trading=1, experience_years=1, **calm)
    usual = flagged("Young Ltd") - {"years_trading", "experience_years"}  # what the sample itself is flagged for
    with transaction() as session:  # one without any
        entry = session.exec(select(QueueEntry).where(QueueEntry.company == "young ltd")).one()
        entry.flags, entry.flagged = 0, "[]"
        session.add(entry)
    assert set(rows(flag="none")) == {"Young Ltd"} and set(rows(flag="any")) == {"Low Ltd"}
    assert set(rows(flag=COVER)) == set(rows(flag="insurance")) == {"Low Ltd"}
    assert rows(flag="documents") == {} and rows(flag="years_trading") == {} and "years_trading" not in usual
    assert set(rows(flag="no such thing")) == {"Low Ltd", "Young Ltd"}  # says nothing, so it counts as not said


def test_an_answer_a_document_and_a_day_that_change_are_seen_by_the_next_look(database: str) -> None:
    reference = applied()
    assert COVER not in flagged() and DATED not in flagged()
    with transaction() as session:
        application = row(session, reference)
        application.public_liability_cover = 2_000_000
        session.add(application)
        session.add(Document(public_id="one", application_id=application.id or 0, slot=DATED, file_name="a.pdf", file_type="application/pdf",
                             file_size=1, r2_key="k", r2_url="", state="stored", expiry_date=now().date() + timedelta(days=3),
                             upload_timestamp=now()))  # fmt: skip
    assert worker.keep_flags() == 1 and {COVER, DATED} <= flagged()
    assert worker.keep_flags() == 0  # and nothing is left to do
    with transaction() as session:
        session.exec(sa.update(Document).values(state="removed"))
    worker.keep_flags()
    assert DATED not in flagged()


def test_the_calendar_alone_raises_a_flag_on_its_day(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    applied(public_liability_expiry=str(now().date() + timedelta(days=45)))
    assert EXPIRY not in flagged() and worker.keep_flags() == 0
    later = now() + timedelta(days=15)
    monkeypatch.setattr(flagging, "now", lambda: later)
    assert worker.keep_flags() == 1 and EXPIRY in flagged()


def test_other_minimums_are_found_after_a_new_start_and_what_is_left_by_a_dead_worker_is_done_by_the_next(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        applied(f"Company {number} Ltd")
    with environment_of({"PUBLIC_LIABILITY_MINIMUM": "900000000"}):
        assert worker.keep_flags() == 0
        monkeypatch.setattr(worker, "_same_rules", False)  # a worker starts
        monkeypatch.setattr(worker, "CHUNK", 2)
        monkeypatch.setattr(worker, "refresh", _dying(at=3))
        with pytest.raises(_Killed):
            worker.keep_flags()
        assert len(rows(flag=COVER)) == 4
        monkeypatch.setattr(worker, "refresh", refresh)
        assert worker.keep_flags() == 1 and len(rows(flag=COVER)) == 5


def test_one_that_nothing_can_be_made_of_keeps_no_other_back(database: str) -> None:
    broken, whole = (applied(f"{name} Ltd") for name in ("Broken", "Whole"))
    with transaction() as session:
        row(session, broken).public_liability_expiry = date(1, 1, 5)  # no day is a month before it
        row(session, broken).public_liability_cover = row(session, whole).public_liability_cover = 2_000_000
    assert worker.keep_flags() == 2
    assert COVER in flagged("Whole Ltd") and COVER not in flagged("Broken Ltd")
    with reading() as session:
        entry = session.exec(select(QueueEntry).where(QueueEntry.company == "broken ltd")).one()
    assert entry.flags_until == now().date() + timedelta(days=1)
    assert worker.keep_flags() == 0  # until tomorrow


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_decision_leaves_on_time_while_the_night_work_waits(database: str, graph: Graph, mailbox: Mailbox) -> None:
    """SQLite has one writer, so nothing long can be in the way there without being in everybody's."""
    reference = brought(applied(), to="reviewed")
    with transaction() as session:
        session.add(Lease(name="retention", holder="nobody", until=now() - timedelta(days=1)))
    with environment_of({"SWEEP_SECONDS": "0.5", "DECISION_UNDO_MINUTES": "10"}), ThreadPoolExecutor(2) as clocks:
        try:
            with transaction() as session:
                session.get_one(Lease, "retention", with_for_update=True)
                loops = [clocks.submit(loop) for loop in (main.keep_time, main.keep_house)]
                time.sleep(1.5)  # by now the night's work waits for this row, for five seconds
                with transaction() as other:
                    approve(other, person(Role.APPROVER), row(other, reference))
                    other.exec(sa.update(Decision).values(takes_effect_at=now()))
                time.sleep(1.5)
                with reading() as other:
                    assert row(other, reference).status == "approved"
        finally:
            stopping.set()
            for one in loops:
                one.result(30)
            stopping.clear()


def test_a_look_that_is_stopped_is_gone_on_with_by_another_worker(database: str) -> None:
    reference = brought(applied(), to="approved")
    with transaction() as session:
        row(session, reference).public_liability_expiry = now().date() + timedelta(days=20)
    assert look_after("first", now() + timedelta(days=1), stopped=lambda: True)
    with reading() as session:
        assert session.exec(select(Renewal)).all() == []
    assert look_after("second", now() + timedelta(days=1))
    with reading() as session:
        assert len(session.exec(select(Renewal)).all()) == 1


def test_two_workers_at_once_do_it_all_and_nobody_waits_for_another(database: str) -> None:
    for number in range(4):
        applied(f"Company {number} Ltd", public_liability_cover=2_000_000)
    with transaction() as session:
        session.exec(sa.update(QueueEntry).values(flags=0, flagged="[]", flags_until=date.min))
    with ThreadPoolExecutor(2) as workers:
        list(workers.map(lambda _: worker.keep_flags(), range(2)))
    assert len(rows(flag=COVER)) == 4


def test_a_status_that_changes_keeps_the_flags(database: str) -> None:
    reference = applied(public_liability_cover=2_000_000)
    before = flagged()
    brought(reference, to="reviewed")
    worker.keep_flags()
    assert flagged() == before != set()


def test_everything_that_can_be_flagged_can_be_chosen() -> None:
    from models.flags import SIGNS

    assert {sign.field for sign in SIGNS} | set(SLOTS) == {name for names in FLAGGABLE.values() for name in names}


_DAYS = st.dates(date(2025, 1, 1), date(2028, 12, 31))


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(sorted(EXPIRY_DAYS | POLICY_DAYS), _DAYS)), st.lists(_DAYS, max_size=3), st.integers(0, 400))
def test_no_flag_is_raised_by_the_calendar_before_the_day_until_which_they_hold(answers: dict[str, date], ends: list[date], later: int) -> None:
    today = date(2026, 11, 22)
    files: list[Any] = [SimpleNamespace(slot=DATED, file_name=f"{n}.pdf", sha256=str(n), expiry_date=end) for n, end in enumerate(ends)]

    def names(day: date) -> list[str]:
        return [one.field for one in flags(answers, day, settings(), files)]

    holds = until(answers, files, today)
    assert holds > today
    day = min(today + timedelta(days=later), holds - timedelta(days=1))
    assert names(day) == names(today)


class _Killed(Exception):
    """The worker's process ends."""


def _dying(at: int) -> Any:
    calls: list[datetime] = []

    def some(*given: Any, **more: Any) -> int:
        calls.append(now())
        if len(calls) == at:
            raise _Killed
        return refresh(*given, **more)

    return some
