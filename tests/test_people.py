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
from models.person import Actor, Role, SignIn, User, actor_of, sign_in
from portal.auth import _open_session
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
    with pytest.raises(Forbidden, match="suspended"):
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
    assert (rosa.user.name, rosa.roles, rosa.open_sessions) == ("Rosa Reyes", (Role.REVIEWER, Role.APPROVER), 1)
    assert (other.open_sessions, other.newest) == (0, None)
    assert rosa.last_sign_in and now() - rosa.last_sign_in < timedelta(minutes=1)


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


def signed_in(name: str, *roles: str, oid: str = "rosa") -> str:
    from integrations.identity import Identity

    return _open_session(Identity(oid=oid, name=name, email=f"{oid}@saber.example", roles=tuple(roles)))


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
