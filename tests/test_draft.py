"""A draft that several windows and people write: nothing that a writer has not seen is overwritten, nothing acknowledged is lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from models import posts
from models.application import Application, begin, of_invitation
from models.database import now, reading, transaction
from models.draft import Answer, Draft, answers_of, changed_at, save_answers, save_step, versions
from models.errors import Conflict
from models.invitation import find
from models.merge import Mark, Merge, Outcome, Verdict, judge, marks_of, same
from models.person import hash_of
from models.posts import Kept, Overtaken, Post, keep_together
from models.steps import STEPS
from models.visit import let_in
from tests import partners

HERE, THERE = "window one", "window two"


@dataclass
class Window:
    """A window as journal.js is: what it shows, what it has not sent, what it last saw stored."""

    name: str
    seen: int = 0
    shown: dict[str, str] = field(default_factory=dict)
    pending: dict[str, Answer] = field(default_factory=dict)
    sequence: int = 0
    saw: dict[str, tuple[str, int]] = field(default_factory=dict)  # whose change stood at each question when it was last shown
    began: dict[int, tuple[str, int] | None] = field(default_factory=dict)  # the same, as of each change that was typed


class Writers(RuleBasedStateMachine):
    """Three windows that type, send, send again, lose answers and hear of each other, in any order."""

    NAMES, QUESTIONS = ("a", "b", "c"), ("company_city", "company_postal")

    @initialize()
    def begin(self) -> None:
        self.stored = Merge({}, {})
        self.windows = {name: Window(name) for name in self.NAMES}
        self.flying: list[tuple[Window, Answer]] = []
        self.promised: dict[str, Answer] = {}

    @rule(name=st.sampled_from(NAMES), question=st.sampled_from(QUESTIONS), value=st.sampled_from("xyz"))
    def types(self, name: str, question: str, value: str) -> None:
        window = self.windows[name]
        window.sequence += 1
        before = window.pending.get(question)
        window.began[window.sequence] = window.began[before.sequence] if before else window.saw.get(question)
        window.pending[question] = Answer(question, value, window.sequence, before.base if before else window.seen, name)
        window.shown[question] = value

    @precondition(lambda self: any(window.pending for window in self.windows.values()))
    @rule(pick=st.integers(0, 99))
    def posts(self, pick: int) -> None:
        """A request leaves; it may arrive at once, late, twice or never."""
        waiting = [(window, change) for window in self.windows.values() for change in window.pending.values()]
        self.flying.append(waiting[pick % len(waiting)])

    @precondition(lambda self: bool(self.flying))
    @rule(pick=st.integers(0, 99), again=st.booleans(), heard=st.booleans())
    def arrives(self, pick: int, again: bool, heard: bool) -> None:
        window, change = self.flying[pick % len(self.flying)]
        if not again:
            self.flying.remove((window, change))
        before = {question: self.stored.stored(question) for question in self.stored.marks}
        outcome = Outcome()
        self.stored.take([change], window.name, outcome)
        self._nothing_unseen_is_gone(window, change, before)
        if heard:
            self._hears(window, outcome)

    @rule(name=st.sampled_from(NAMES))
    def reloads(self, name: str) -> None:
        """The page comes anew, with what is stored; what was not acknowledged stands in the journal still."""
        window = self.windows[name]
        window.seen, window.saw = self.stored.newest, {q: (mark.writer, mark.sequence) for q, mark in self.stored.marks.items()}
        window.shown = {**self.stored.answers, **{question: change.value for question, change in window.pending.items()}}

    @rule(name=st.sampled_from(NAMES), mine=st.booleans())
    def chooses(self, name: str, mine: bool) -> None:
        """Both answers stand side by side: keep one's own, now that the other has been seen, or take the other's."""
        window = self.windows[name]
        for question, change in list(window.pending.items()):
            held = self.stored.marks.get(question)
            if judge(held, self.stored.answers.get(question), change) != Verdict.CONFLICT or held is None:
                continue
            window.sequence += 1
            if mine:
                window.began[window.sequence] = (held.writer, held.sequence)
                window.pending[question] = Answer(question, change.value, window.sequence, held.version, name)
            else:
                del window.pending[question]
                window.shown[question] = self.stored.answers[question]
            return

    def _nothing_unseen_is_gone(self, window: Window, change: Answer, before: dict[str, Any]) -> None:
        for question, was in before.items():
            now = self.stored.stored(question)
            if now == was:
                continue
            assert question == change.name
            own = was.mark.writer == window.name
            seen = window.began[change.sequence] == (was.mark.writer, was.mark.sequence)
            assert own or seen, f"{window.name} overwrote {was} without having seen it"
            assert not own or was.mark.sequence < change.sequence, f"{window.name} undid its own newer answer"
        for question, promise in self.promised.items():
            held = self.stored.marks[question]
            # Acknowledged, and then replaced only by who came later: its own later change, or a writer that had seen it.
            assert held.version >= promise.base, f"{promise} was acknowledged and is gone"

    def _hears(self, window: Window, outcome: Outcome) -> None:
        for change, version in outcome.saved:
            kept = window.pending.get(change.name)
            if kept and kept.sequence == change.sequence:
                del window.pending[change.name]
            self.promised[change.name] = Answer(change.name, change.value, 0, version)

    def teardown(self) -> None:
        """In the end every window sends what it has and chooses where it must: then all have one truth, and nobody waits."""
        if not hasattr(self, "stored"):
            return
        for name in self.NAMES:
            window = self.windows[name]
            for question, change in list(window.pending.items()):
                outcome = Outcome()
                self.stored.take([change], name, outcome)
                if outcome.conflicts:
                    assert not same(self.stored.answers[question], change.value)
                    self.stored.take([Answer(question, change.value, window.sequence + 1, self.stored.newest, name)], name, Outcome())
                if change.sequence == max(one.sequence for one in window.pending.values()):
                    assert same(self.stored.answers[question], change.value), "the last key of a window is not what is stored"


TestWriters = Writers.TestCase


@given(st.booleans(), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_a_change_is_refused_only_where_somebody_elses_unseen_and_different_answer_stands(
    own: bool, version: int, sequence: int, held: int, base: int
) -> None:
    mark = Mark(version, HERE if own else THERE, held)
    verdict = judge(mark, "theirs", Answer("company_city", "mine", sequence, base, HERE))
    assert (verdict == Verdict.CONFLICT) == (not own and base < version)


@pytest.mark.parametrize(("one", "other", "alike"), [(1, True, False), (1, 1.0, False), ("1", 1, False), (["a"], ["a"], True), (None, "", False)])
def test_two_answers_are_the_same_only_as_the_same_json(one: Any, other: Any, alike: bool) -> None:
    assert same(one, other) is alike


def test_a_row_of_the_first_edition_is_read_and_kept() -> None:
    merge = Merge({"company_city": "Reading"}, marks_of({"company_city": 1_700_000_000_000_000}))
    outcome = Outcome()
    merge.take([Answer("company_city", "Leeds", 1, 1_600_000_000_000_000, HERE)], "", outcome)
    assert [there.value for _, there in outcome.conflicts] == ["Reading"]
    merge.take([Answer("company_city", "Leeds", 2, 1_700_000_000_000_000, HERE)], "", outcome)
    assert merge.answers == {"company_city": "Leeds"}


@pytest.fixture
def code(database: str, redis_server: object) -> Iterator[str]:
    yield partners.begun(()).invitation_code


def save(code: str, *changes: Answer, by: str = "Helen") -> Outcome:
    with transaction() as session:
        return save_answers(session, _application(session, code), changes, by)


def post(code: str, *told: Any) -> Post:
    """What a window posts whose browser is let in with this code."""
    with transaction() as session:
        found = find(session, code)
        return Post(hash_of(let_in(session, found)[0]) if found else "nobody is let in", *told)


def posted(*posts: Post) -> list[Kept | None]:
    with transaction() as session:
        return keep_together(session, posts)


def test_a_conflict_stores_nothing_and_says_who_answered_what(code: str) -> None:
    seen = _seen(code)
    save(code, Answer("company_city", "Reading", 1, seen, HERE), by="Helen")
    outcome = save(code, Answer("company_city", "Leeds", 1, seen, THERE), Answer("trading_name", "Bright", 2, seen, THERE), by="Omar")
    (change, there), = outcome.conflicts
    assert (change.value, there.value, there.mark.by) == ("Leeds", "Reading", "Helen")
    assert [(one.name) for one, _ in outcome.saved] == ["trading_name"]
    assert (_answers(code)["company_city"], _answers(code)["trading_name"]) == ("Reading", "Bright")


def test_a_program_that_replaces_a_step_is_not_overwritten_by_a_window_that_has_not_seen_it(code: str) -> None:
    seen = _seen(code)
    with transaction() as session:
        save_step(session, _application(session, code), STEPS[0], {**_of_step(code, 1), "company_city": "York"}, by="the API")
    outcome = save(code, Answer("company_city", "Leeds", 1, seen, HERE), Answer("company_postal", "LS1 1AA", 2, seen, HERE))
    assert [there.value for _, there in outcome.conflicts] == ["York"]
    assert (_answers(code)["company_city"], _answers(code)["company_postal"]) == ("York", "LS1 1AA")  # what it left alone is free


def test_an_answer_that_a_program_took_away_is_told_as_such(code: str) -> None:
    seen = _seen(code)
    with transaction() as session:
        without = {name: value for name, value in _of_step(code, 1).items() if name != "company_city"}
        save_step(session, _application(session, code), STEPS[0], without)
    (_, there), = save(code, Answer("company_city", "Leeds", 1, seen, HERE)).conflicts
    assert there.value is None and "company_city" not in _answers(code)


def test_posts_of_many_windows_are_stored_in_one_go_and_each_hears_what_is_new(code: str) -> None:
    other, seen, theirs = partners.begun(()).invitation_code, _seen(code), 0
    one, two, three, stranger = posted(
        post(code, _id(code), (Answer("company_city", "Reading", 1, seen, HERE),), 1, seen),
        post(code, _id(code), (Answer("company_city", "Leeds", 1, seen, THERE), Answer("team_size", "9", 2, seen, THERE)), 1, seen),
        post(other, _id(other), (Answer("company_city", "York", 1, _seen(other), HERE),), 1, theirs),
        post(other, _id(code), (Answer("company_city", "Mallory", 1, 2**52, HERE),)),
    )
    assert one and two and three and stranger is None
    assert one.outcome.saved and [there.value for _, there in two.outcome.conflicts] == ["Reading"]
    assert (_answers(code)["company_city"], _answers(code)["team_size"], _answers(other)["company_city"]) == ("Reading", "9", "York")
    assert one.news == [] and {stored.name for stored in three.news} >= {"company_name", "company_postal"}
    later, = posted(post(code, _id(code), (), 1, seen))
    assert later and [stored.value for stored in later.news] == ["Reading"] and later.version == one.version


def test_a_first_answer_makes_the_steps_row(database: str, redis_server: object) -> None:
    code = partners.invited().code
    with transaction() as session:
        begin(session, find(session, code))  # type: ignore[arg-type]
    kept, = posted(post(code, _id(code), (Answer("company_city", "Reading", 1, 0, HERE), Answer("team_size", "3", 2, 0, HERE))))
    assert kept and len(kept.outcome.saved) == 2
    assert _answers(code) == {"company_city": "Reading", "team_size": "3"}


def test_what_is_no_plain_case_is_left_to_be_done_alone(code: str, s3: object) -> None:
    sent = partners.submitted(())
    assert posted(post(sent.invitation_code, sent.id or 0, (Answer("company_city", "Late", 1, 2**52, HERE),))) == [None]
    assert posted(post("NONE0000", 1, (Answer("company_city", "Late", 1, 2**52, HERE),))) == [None]


def test_a_step_that_another_process_changed_meanwhile_keeps_back_the_whole_commit(code: str) -> None:
    other = partners.invited().code
    with transaction() as session:
        save_answers(session, begin(session, find(session, other)), [Answer("company_city", "York", 1)])  # type: ignore[arg-type]
    before, both = [_answers(code), _answers(other)], [post(one, _id(one), (), 1) for one in (code, other)]
    with pytest.raises(Overtaken), transaction() as session:
        sheets = [(one, folder.sheet(1)) for one, folder in posts._read(session, both, now())[0].items()]
        for _, sheet in sheets:
            sheet.merge.take([Answer("company_city", "Bath", 9, 2**52, HERE)], "", Outcome())
        sheets[-1][1].revision -= 1
        posts._write(session, sheets, now())
    assert [_answers(code), _answers(other)] == before


def test_many_windows_that_store_at_the_same_time_lose_nothing(code: str) -> None:
    names, seen = [question.name for question in STEPS[0].questions][:6], _seen(code)

    def write(name: str) -> None:
        for sequence in range(1, 9):
            change = Answer(name, f"{name} {sequence}", sequence, seen, name)
            if sequence % 2 or not _stored_together(post(code, _id(code), (change,))):
                save(code, change)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, names))
    assert {name: _answers(code)[name] for name in names} == {name: f"{name} 8" for name in names}



def test_a_sent_application_takes_no_answer(database: str, redis_server: object, s3: object) -> None:
    sent = partners.submitted(())
    with pytest.raises(Conflict):
        save(sent.invitation_code, Answer("company_city", "Late", 1, 2**52, HERE))


def test_a_draft_says_when_something_was_typed_last(code: str) -> None:
    with reading() as session:
        before = changed_at(session, partners.by_code(code))
    save(code, Answer("company_city", "Reading", 1, 2**52, HERE))
    with reading() as session:
        assert changed_at(session, partners.by_code(code)) > before


def _stored_together(post: Post) -> bool:
    try:
        return posted(post) != [None]
    except (Overtaken, IntegrityError):
        return False


def _application(session: Any, code: str) -> Application:
    found = of_invitation(session, code, lock=True)
    assert found is not None
    return found


def _id(code: str) -> int:
    return partners.by_code(code).id or 0


def _answers(code: str) -> dict[str, Any]:
    with reading() as session:
        return answers_of(session, code)


def _of_step(code: str, number: int) -> dict[str, Any]:
    with reading() as session:
        return dict(session.exec(select(Draft).where(Draft.invitation_code == code, Draft.step_number == number)).one().form_data)


def _seen(code: str) -> int:
    with reading() as session:
        return max(versions(session, code).values())
