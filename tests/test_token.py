"""Tokens for programs, by their verbs: made once, kept as a hash, over when they are revoked or have run out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from models.database import now, reading, today, transaction
from models.errors import Conflict, Forbidden, Invalid, NotFound, TokenNeeded
from models.event import Event
from models.person import Right, Role
from models.retention import PERIODS, due, erased, still_due
from models.token import SCOPES, USUAL, Scope, Token, make_token, note_used, revoke_token, token_of, tokens
from tests.desk import person

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
READ = [Scope.READ_APPLICATIONS]


def made(name: str = "Reporting", scopes: list[Scope] = READ) -> str:
    admin = person(Role.ADMIN)
    with transaction() as session:
        return make_token(session, admin, name=name, scopes=scopes, expires_on=today() + USUAL)[1]


def looked_up(written: str) -> Token:
    with reading() as session:
        return token_of(session, written)


def test_a_token_is_found_by_its_text_of_which_the_database_holds_no_secret(database: str) -> None:
    written = made()
    found = looked_up(written)
    secret = written.rpartition(f"{found.public_id}_")[2]
    assert (found.name, found.held, found.last_used_at) == ("Reporting", (Scope.READ_APPLICATIONS,), None)
    assert len(secret) == 43 and secret not in str(found.model_dump())
    assert timedelta(days=89, hours=22) < found.expires_at - now() < timedelta(days=91, hours=2)  # to the end of that day at the office
    with reading() as session:
        event = session.exec(select(Event).where(Event.type == "token.made")).one()
    assert event.actor == "Admin Person" and event.detail["name"] == "Reporting" and secret not in str(event.detail)


def test_what_is_not_exactly_a_live_token_opens_nothing_and_is_told_alike(database: str) -> None:
    written, gone, late, admin = made(), made("Revoked"), made("Late"), person(Role.ADMIN)
    with transaction() as session:
        revoke_token(session, admin, token_of(session, gone).id or 0)
        expired = token_of(session, late)
        expired.expires_at = now()
        session.add(expired)
    other = "A" if written[-1] != "A" else "B"
    told = set()
    for wrong in ("", "spt_", written[:-1], written[:-1] + other, written + "\n", written.upper(), f" {written}", gone, late, "\0", "é" * 64):
        with pytest.raises(TokenNeeded) as refused:
            looked_up(wrong)
        told.add(refused.value.detail)
    assert len(told) == 1 and looked_up(written).name == "Reporting"


def test_a_program_has_the_rights_of_its_scopes_and_no_other(database: str) -> None:
    rights = {scope: {right for right in Right if looked_up(made("One", [scope])).actor.may(right)} for scope in Scope}
    assert rights == {scope: {right} - {None} for scope, (_, right) in SCOPES.items()}
    reader = looked_up(made())
    reader.must(Scope.READ_APPLICATIONS)
    with pytest.raises(Forbidden, match="invitations:make"):
        reader.must(Scope.MAKE_INVITATIONS)


def test_revoking_says_so_once_and_the_list_begins_with_what_works(database: str) -> None:
    admin, first, _second = person(Role.ADMIN), made("First"), made("Second")
    with transaction() as session:
        number = token_of(session, first).id or 0
        revoke_token(session, admin, number)
    for error, which in ((Conflict, number), (NotFound, 9999)):
        with pytest.raises(error), transaction() as session:
            revoke_token(session, admin, which)
    third = looked_up(made("Third"))
    with reading() as session:
        listed = tokens(session, admin)
        events = session.exec(select(Event.type).where(Event.type == "token.revoked")).all()
    assert [(one.token.name, one.token.live, one.maker) for one in listed] == [
        ("Third", True, "Admin Person"), ("Second", True, "Admin Person"), ("First", False, "Admin Person"),
    ]  # fmt: skip
    assert len(events) == 1 and third.live


def test_a_use_is_written_down_at_most_once_a_minute(database: str) -> None:
    written = made()
    for ago, moves in ((None, True), (timedelta(seconds=50), False), (timedelta(seconds=70), True)):
        with transaction() as session:
            token = token_of(session, written)
            token.last_used_at = before = None if ago is None else now() - ago
            session.add(token)
        with transaction() as session:
            note_used(session, token_of(session, written))
        assert (looked_up(written).last_used_at != before) is moves


@on_sqlite
def test_every_wrong_field_is_named(database: str) -> None:
    admin = person(Role.ADMIN)
    for expires_on in (None, today() - timedelta(days=1), today() + timedelta(days=400)):
        with pytest.raises(Invalid) as refused, transaction() as session:
            make_token(session, admin, name=" x\n", scopes=["everything"], expires_on=expires_on)
        assert [problem.field for problem in refused.value.problems] == ["name", "scopes", "expires_on"]


def test_a_token_that_was_over_for_long_is_forgotten_and_its_events_stay(database: str) -> None:
    kept, gone = made("Kept"), made("Gone")
    with transaction() as session:
        token = token_of(session, gone)
        token.revoked_at = PERIODS["logs"].cutoff() - timedelta(days=1)
        session.add(token)
    with reading() as session:
        over = [one for one in due(session) if one.what.startswith("tokens")]
    with transaction() as session:
        for one in over:
            found = still_due(session, one)
            assert found is not None
            erased(session, found)
    with reading() as session:
        assert session.exec(select(Token.name)).all() == ["Kept"]
        assert len(session.exec(select(Event).where(Event.type == "token.made")).all()) == 2
    assert looked_up(kept).live
