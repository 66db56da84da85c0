"""The cache: it says nothing that is no longer true, whoever was slow, died or was cut off meanwhile, and nobody waits for it."""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import redis
import sqlalchemy as sa
from sqlmodel import Session, col

from integrations import cache
from models.database import now, transaction
from models.invitation import KIND, Invitation, find, note_opened, revoke
from models.person import PORTAL
from tests.api import ok, on_one_database, serving
from tests.partners import invited
from tests.parts import Local, environment_of


@pytest.fixture(autouse=True)
def _anew(redis_server: redis.Redis) -> None:
    cache.forget()


@pytest.fixture
def client(database: str) -> Iterator[httpx.Client]:
    with serving() as found:
        yield found


def test_a_slow_reader_cannot_put_an_answer_back_that_a_writer_has_made_untrue() -> None:
    slow = cache.look("thing", "one")
    with cache.changing("thing", ["one"]):
        during = cache.look("thing", "one")
    during.keep({"as": "before the commit"})
    slow.keep({"as": "before the change"})
    assert cache.look("thing", "one").value is None
    cache.look("thing", "one").keep({"as": "after"})
    assert cache.look("thing", "one").value == {"as": "after"}


def test_a_change_of_all_of_a_kind_ends_each_answer_and_leaves_other_kinds_alone() -> None:
    for kind in ("thing", "other"):
        cache.look(kind, "one").keep({"as": "before"})
    slow = cache.look("thing", "one")
    with cache.changing("thing", None):
        pass
    slow.keep({"as": "before"})
    assert (cache.look("thing", "one").value, cache.look("other", "one").value) == (None, {"as": "before"})


def test_a_writer_that_dies_in_its_commit_leaves_nothing_to_be_believed(redis_server: redis.Redis) -> None:
    cache.look("thing", "one").keep({"as": "before"})
    killed = cache.changing("thing", ["one"])
    killed.__enter__()  # and nothing more
    cache.look("thing", "one").keep({"as": "before"})
    assert cache.look("thing", "one").value is None
    for key in redis_server.keys("cache:thing:word:*"):
        redis_server.delete(key)  # its mark has run out
    assert cache.look("thing", "one").value is None
    del killed


def test_a_change_that_redis_could_not_be_told_of_is_told_before_anything_is_believed_again(local: Local) -> None:
    cache.look("thing", "one").keep({"as": "before"})
    shelf = cache._shelf()
    shelf.away_until = time.monotonic() + 60  # as after a call that failed
    with cache.changing("thing", ["one"]):
        assert cache.look("thing", "one").value is None
    shelf.away_until = 0.0
    assert cache.look("thing", "one").value is None


def test_with_redis_away_nobody_waits_for_it_twice(local: Local) -> None:
    with environment_of({"REDIS_URL": "redis://10.255.255.1:9/0"}):  # an address that answers nothing at all
        cache.forget()
        began = time.monotonic()
        for _ in range(50):
            cache.look("thing", "one").keep({"as": "kept"})
        assert time.monotonic() - began < 4 * cache.PATIENCE


def test_only_json_of_the_right_words_is_an_answer_and_no_key_or_value_tells_the_code(redis_server: redis.Redis) -> None:
    cache.look("invitation", "C1D94680").keep({"told": "something"})
    keys = redis_server.keys("cache:*")
    assert keys and not [key for key in keys if b"C1D94680" in key + bytes(redis_server.get(key) or b"")]  # type: ignore[operator, arg-type]
    answer = next(key for key in keys if b":answer:" in key)
    words = json.loads(bytes(redis_server.get(answer) or b""))["words"]  # type: ignore[arg-type]
    for planted in (pickle.dumps({"words": words}), b"[]", b'{"words": "others", "value": {}}', json.dumps({"words": words, "value": "no"}).encode()):
        redis_server.set(answer, planted)
        assert cache.look("invitation", "C1D94680").value is None


def test_a_code_is_answered_from_the_cache_and_refused_from_the_next_request_after_it_was_revoked(client: httpx.Client) -> None:
    code = opened()
    sources = [said(client, code)["source"] for _ in range(3)]
    assert sources == ["database", "cache", "cache"]
    assert said(client, code)["invitation"] == {
        "code": code, "title": "Ms", "companyName": "Brightfield Solar Ltd", "contactEmail": "helen.marsh@brightfieldsolar.co.uk", "notes": "",
    }  # fmt: skip
    with transaction() as session:
        revoke(session, PORTAL, one(session, code))
    assert said(client, code) == {"valid": False, "message": "Invalid or expired invitation code", "invitation": None, "source": "database"}


@on_one_database
def test_whatever_changes_an_invitation_ends_what_was_kept_of_it_and_of_no_other(client: httpx.Client) -> None:
    code, other = opened(), opened("omar@harlow.example.com")
    for each in (code, other):
        said(client, each), said(client, each)
    with transaction() as session:
        one(session, code).contact_email = "new@brightfieldsolar.co.uk"
    assert (said(client, code)["invitation"]["contactEmail"], said(client, other)["source"]) == ("new@brightfieldsolar.co.uk", "cache")
    with transaction() as session:  # a statement that reads no row first
        session.exec(sa.update(Invitation).where(col(Invitation.code) == code).values(company_name="Renamed Ltd"))
    assert (said(client, code)["invitation"]["companyName"], said(client, other)["source"]) == ("Renamed Ltd", "database")


@on_one_database
def test_an_invitation_that_runs_out_is_refused_though_nothing_was_written(client: httpx.Client) -> None:
    code = opened()
    kept = {"told": {"title": "", "company_name": "Brightfield", "contact_email": "a@b.example", "notes": ""}, "until": now().isoformat()}
    said(client, code)
    cache.look(KIND, code).keep(kept)
    assert said(client, code)["source"] == "database"


@on_one_database
def test_with_redis_away_the_database_answers_every_time(client: httpx.Client) -> None:
    code = opened()
    with environment_of({"REDIS_URL": "redis://127.0.0.1:9/0"}):
        assert {said(client, code)["source"] for _ in range(3)} == {"database"}


def opened(email: str = "helen.marsh@brightfieldsolar.co.uk") -> str:
    """The code of an invitation that was opened: the first opening is an event, which is written down."""
    code = invited(email).code
    with transaction() as session:
        note_opened(session, one(session, code))
    return code


def one(session: Session, code: str) -> Invitation:
    found = find(session, code)
    assert found is not None
    return found


def said(client: httpx.Client, code: str) -> dict[str, Any]:
    return ok(client.post("/api/validate-invitation", json={"invitationCode": code}))
