"""The staff: who sees what of whom, cutting somebody off at once, and ending sessions."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlmodel import select, update

from models.database import now, reading, transaction
from models.errors import Conflict, Forbidden, NotFound, Refused
from models.event import Event
from models.people import Person, disable, enable, end_sessions, people, sign_out_elsewhere
from models.person import Actor, Ended, Role, SignIn, User, actor_of, cut_off, note_seen, sign_in, sign_out
from portal.auth import _open_session
from portal.browsers import browser_of
from tests.desk import person, token
from tests.pages import browser

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
DESK = ("/review", "/people")


def test_a_disabled_person_is_cut_off_at_once_and_cannot_sign_in(database: str) -> None:
    held, admin = token(Role.REVIEWER), person(Role.ADMIN)
    assert browser(held).get("/review").status_code == 200
    with transaction() as session:
        disable(session, admin, number(Role.REVIEWER), "Left the company")
    assert [browser(held).get(path).status_code for path in DESK] == [303, 303]
    with pytest.raises(Forbidden, match="disabled"):
        token(Role.REVIEWER)
    assert last_event().type == "person.disabled"
    assert last_event().detail == {"person": number(Role.REVIEWER), "name": "Reviewer Person", "reason": "Left the company", "ended": 1}


def test_an_enabled_person_signs_in_again_but_old_sessions_stay_ended(database: str) -> None:
    held, admin = token(Role.REVIEWER), person(Role.ADMIN)
    with transaction() as session:
        disable(session, admin, number(Role.REVIEWER))
    with transaction() as session:
        enable(session, admin, number(Role.REVIEWER))
    assert browser(held).get("/review").status_code == 303
    assert browser(token(Role.REVIEWER)).get("/review").status_code == 200
    assert last_event().type == "person.enabled"


@on_sqlite
def test_nobody_disables_their_own_account(database: str) -> None:
    admin = person(Role.ADMIN)
    refused(Conflict, "your own account", lambda: change(disable, admin, number(Role.ADMIN)))
    assert user(Role.ADMIN).status == "approved"


@on_sqlite
def test_the_last_administrator_stays(database: str) -> None:
    held = token(Role.ADMIN)
    operator = Actor("Command line", "system")
    refused(Conflict, "last administrator", lambda: change(disable, operator, number(Role.ADMIN)))
    with transaction() as session:
        sign_in(session, oid="second", name="Second Admin", email="second@saber.example", roles=["admin"])
    change(disable, operator, number(Role.ADMIN))
    assert browser(held).get("/people").status_code == 303


def test_two_administrators_who_disable_each_other_at_once_leave_one(database: str) -> None:
    ids = []
    for name in ("first", "second"):
        with transaction() as session:
            held = sign_in(session, oid=name, name=name, email=f"{name}@saber.example", roles=["admin"])
            ids.append(actor_of(session, held))
    start, outcomes = threading.Barrier(2), list[str]()

    def cut_off(actor: Actor, other: Actor) -> None:
        start.wait(10)
        try:
            change(disable, actor, other.user_id)
            outcomes.append("done")
        except Refused as error:
            outcomes.append(type(error).__name__)

    both = [threading.Thread(target=cut_off, args=pair) for pair in (ids, ids[::-1])]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(20)
    with reading() as session:
        left = session.exec(select(User.name).where(User.status == "approved")).all()
    assert len(left) == 1 and sorted(outcomes) == ["SignInNeeded", "done"]


@on_sqlite
@pytest.mark.parametrize(("verb", "said"), [(disable, "disabled already"), (enable, "not disabled"), (end_sessions, "No session")])
def test_what_is_so_already_is_said(database: str, verb: object, said: str) -> None:
    admin, _held = person(Role.ADMIN), token(Role.REVIEWER)
    if verb is not enable:
        change(disable, admin, number(Role.REVIEWER))
    refused(Conflict, said, lambda: change(verb, admin, number(Role.REVIEWER)))


@on_sqlite
@pytest.mark.parametrize("verb", [disable, enable, end_sessions])
def test_somebody_unknown_is_not_found(database: str, verb: object) -> None:
    admin = person(Role.ADMIN)
    refused(NotFound, "no such person", lambda: change(verb, admin, 9_999))


@on_sqlite
def test_an_administrator_signs_somebody_out_on_all_devices(database: str) -> None:
    sessions, admin = [token(Role.REVIEWER), token(Role.REVIEWER)], person(Role.ADMIN)
    assert change(end_sessions, admin, number(Role.REVIEWER)) == 2
    assert [browser(held).get("/review").status_code for held in sessions] == [303, 303]
    assert browser(token(Role.REVIEWER)).get("/review").status_code == 200  # they may sign in again


def test_signing_out_everywhere_else_keeps_the_session_one_is_in(database: str) -> None:
    here, there, colleague = token(Role.REVIEWER), token(Role.REVIEWER), token(Role.APPROVER)
    with reading() as session:
        actor = actor_of(session, here)
    with transaction() as session:
        assert sign_out_elsewhere(session, actor, here) == 1
    assert [browser(held).get("/review").status_code for held in (here, there, colleague)] == [200, 303, 200]
    assert (last_event().type, last_event().user_id, last_event().detail) == ("person.signed_out_elsewhere", actor.user_id, {"ended": 1})
    refused(Conflict, "anywhere else", lambda: change(sign_out_elsewhere, actor, here))


def test_the_list_says_who_has_which_role_and_how_many_sessions_are_open(database: str) -> None:
    signed_in("Rosa Reyes", "reviewer", "approver")
    signed_in("rosa reyes", "reviewer", oid="other")
    token(Role.ADMIN)
    with transaction() as session:
        session.exec(update(SignIn).where(SignIn.user_id == ids_of("other")).values(expires_at=now() - timedelta(hours=1)))
    rosa, other = listed(person(Role.ADMIN), "ROSA")
    assert (rosa.user.name, rosa.roles, len(rosa.sessions)) == ("Rosa Reyes", (Role.REVIEWER, Role.APPROVER), 1)
    assert other.sessions == ()
    assert rosa.last_sign_in and now() - rosa.last_sign_in < timedelta(minutes=1)


@on_sqlite
def test_when_and_with_which_browser_somebody_was_there_is_written_every_five_minutes(database: str) -> None:
    held = signed_in("Rosa Reyes", "reviewer", browser="Firefox on Windows")
    ago = now() - timedelta(minutes=4)
    for minutes in (timedelta(0), timedelta(minutes=2)):
        with transaction() as session:
            session.exec(update(SignIn).values(seen_at=ago - minutes))
        with transaction() as session:
            note_seen(session, held)
    (rosa,) = listed(person(Role.ADMIN), "rosa")
    assert rosa.last_seen and now() - rosa.last_seen < timedelta(minutes=1)  # six minutes are long enough, four were not
    assert [one.browser for one in rosa.sessions] == ["Firefox on Windows"]
    page = browser(token(Role.ADMIN)).get("/people").text
    assert "Firefox on Windows" in page


@on_sqlite
def test_four_minutes_are_not_written_down(database: str) -> None:
    held, ago = signed_in("Rosa Reyes", "reviewer"), now() - timedelta(minutes=4)
    with transaction() as session:
        session.exec(update(SignIn).values(seen_at=ago))
    with transaction() as session:
        note_seen(session, held)
    (rosa,) = listed(person(Role.ADMIN), "rosa")
    assert rosa.last_seen == ago


@on_sqlite
def test_a_page_that_is_opened_is_a_sign_of_life(database: str) -> None:
    held, ago = token(Role.REVIEWER), now() - timedelta(hours=1)
    with transaction() as session:
        session.exec(update(SignIn).values(seen_at=ago))
    assert browser(held).get("/review").status_code == 200
    (reviewer,) = listed(person(Role.ADMIN), "reviewer")
    assert reviewer.last_seen and reviewer.last_seen > ago


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15", "Safari on Mac"),
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/131.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0 Mobile Safari/537.36", "Samsung Internet on Android"),
        ("curl/8.5.0", ""), ("<script>Windows", "Windows"),
    ],
)  # fmt: skip
def test_a_browser_is_told_in_words(agent: str, said: str) -> None:
    assert browser_of(agent) == said


def test_whoever_is_cut_off_or_signed_out_from_elsewhere_is_known_with_why(database: str) -> None:
    admin = person(Role.ADMIN)
    left, ended, elsewhere, here, stays, out = (token(role) for role in (
        Role.REVIEWER, Role.APPROVER, Role.OPERATIONS, Role.OPERATIONS, Role.AUDITOR, Role.AUDITOR))  # fmt: skip
    change(disable, admin, number(Role.REVIEWER)), change(end_sessions, admin, number(Role.APPROVER))
    with reading() as session:
        operations = actor_of(session, here)
    change(sign_out_elsewhere, operations, here)
    with transaction() as session:
        sign_out(session, out)
    with reading() as session:
        found = cut_off(session, {left, ended, elsewhere, here, stays, out, "", "x" * 43})
    assert found == {left: Ended.DISABLED, ended: Ended.BY_ADMINISTRATOR, elsewhere: Ended.FROM_ELSEWHERE, out: Ended.SIGNED_OUT}


@on_sqlite
@pytest.mark.parametrize(("how", "said"), [(disable, "Your account is disabled"), (end_sessions, "An administrator has signed you out")])
def test_the_page_that_stands_in_place_of_theirs_says_why_and_gives_nothing_away(database: str, how: object, said: str) -> None:
    held, admin = token(Role.REVIEWER), person(Role.ADMIN)
    assert browser(held).get("/auth/ended?to=/people").headers["location"] == "/people"  # nothing has ended
    assert browser(held).get("/auth/ended?to=https://elsewhere.example").headers["location"] == "/review"
    change(how, admin, number(Role.REVIEWER))
    answer = browser(held).get("/auth/ended?to=/people")
    assert answer.status_code == 200 and said in answer.text and answer.headers["cache-control"] == "no-store"
    assert ("Sign in again" in answer.text) == (how is end_sessions)


@on_sqlite
@pytest.mark.parametrize("role", list(Role))
def test_when_somebody_was_here_is_for_themselves_administrators_and_auditors(database: str, role: Role) -> None:
    signed_in("Rosa Reyes", "reviewer")
    reader = person(role)
    seen = {one.user.name: one.seen for one in listed(reader)}
    assert seen == {"Rosa Reyes": role in (Role.ADMIN, Role.AUDITOR), reader.name: True}


@on_sqlite
@pytest.mark.parametrize("role", list(Role))
def test_only_an_administrator_has_buttons_on_others(database: str, role: Role) -> None:
    signed_in("Rosa Reyes", "reviewer")
    page = browser(token(role)).get("/people").text
    assert "Rosa Reyes" in page and ("Disable the account of Rosa Reyes" in page) == (role == Role.ADMIN)


def signed_in(name: str, *roles: str, oid: str = "rosa", browser: str = "") -> str:
    from integrations.identity import Identity

    return _open_session(Identity(oid=oid, name=name, email=f"{oid}@saber.example", roles=tuple(roles)), browser)


def listed(actor: Actor, q: str = "") -> list[Person]:
    with reading() as session:
        return people(session, actor, q)


def change(verb: object, *given: object) -> object:
    with transaction() as session:
        return verb(session, *given)  # type: ignore[operator]


def refused(kind: type[Refused], said: str, act: object) -> None:
    before = events()
    with pytest.raises(kind, match=said):
        act()  # type: ignore[operator]
    assert events() == before


def events() -> int:
    with reading() as session:
        return len(session.exec(select(Event.id)).all())


def last_event() -> Event:
    with reading() as session:
        return session.exec(select(Event).order_by("id")).all()[-1]


def user(role: Role) -> User:
    with reading() as session:
        return session.exec(select(User).where(User.oid == role)).one()


def number(role: Role) -> int:
    return user(role).id or 0


def ids_of(oid: str) -> int:
    with reading() as session:
        return session.exec(select(User.id).where(User.oid == oid)).one() or 0
