"""What stands before the pages: memory that nobody uses goes at once, and no body is larger than anything of ours."""

from __future__ import annotations

from itertools import takewhile

import httpx
import pytest
from limits import RateLimitItemPerMinute
from nicegui import Client

from portal.auth import PARTNER
from portal.guard import LET_IN, MAX_CLIENTS, STRANGERS, UNUSED_SECONDS, Share, must_wait
from tests.api import on_one_database
from tests.pages import browser, cookie
from tests.partners import begun
from tests.parts import environment_of, eventually

pytestmark = [pytest.mark.usefixtures("redis_server", "s3"), on_one_database]


def _clients() -> set[str]:
    return set(Client.instances)


@pytest.mark.parametrize("path", ["/apply/company", "/apply/check", "/apply/status", "/review", "/invitations"])
def test_whoever_is_not_let_in_takes_up_no_room(database: str, path: str) -> None:
    client, before = browser(), _clients()
    assert client.get(path).status_code == 303
    assert eventually(lambda: not _clients() - before)


def test_who_is_only_sent_on_takes_up_no_room_and_a_page_that_is_shown_keeps_its_own(database: str) -> None:
    client, before = browser(), _clients()
    client.cookies.set("portal", cookie({PARTNER: begun(()).invitation_code}))
    assert client.get("/apply/status").headers["location"].startswith("/apply/")  # a draft has no status to show
    assert eventually(lambda: not _clients() - before)
    assert client.get("/apply/company").status_code == 200
    assert len(_clients() - before) == 1


def test_a_form_that_is_larger_than_any_of_ours_is_refused_before_it_is_read(database: str) -> None:
    for path in ("/apply", "/apply/device", "/apply/reply", "/language"):
        answer = browser().post(path, data={"code": "x" * 300_000})
        assert answer.status_code == 413, path
    assert browser().post("/apply", data={"code": "AAAAAAAA"}).status_code == 303


def test_one_address_holds_its_share_of_pages_and_no_more_whatever_others_hold(database: str) -> None:
    four = Share(LET_IN.name, 4, RateLimitItemPerMinute(1000))
    with environment_of({"TRUSTED_PROXIES": "1"}):
        flood, office = let_in("198.51.100.66"), let_in("198.51.100.7")
        for number in range(4):
            assert must_wait(four, "198.51.100.66") == 0 and flood.get("/apply/company").status_code == 200, number
        assert office.get("/apply/company").status_code == 200
        assert (must_wait(four, "198.51.100.66"), must_wait(four, "198.51.100.7")) == (UNUSED_SECONDS, 0)
        assert must_wait(Share("strangers", 4, four.a_minute), "198.51.100.66") == 0  # a colleague who is not let in yet gets in
        for client in [one for one in Client.instances.values() if one.request.headers.get("X-Forwarded-For") == "198.51.100.66"]:
            client.delete()
        assert must_wait(four, "198.51.100.66") == 0
    # An office of fifty has room behind one address, and one address has not all of it.
    assert LET_IN.held >= 50 * 4 and LET_IN.a_minute.amount >= 50 * 12 and LET_IN.held < MAX_CLIENTS / 3


def test_whoever_is_not_let_in_may_open_fewer_pages_a_minute_and_hears_when_to_come_back(database: str) -> None:
    with environment_of({"TRUSTED_PROXIES": "1"}):
        stranger = browser()
        stranger.headers["X-Forwarded-For"] = "203.0.113.9"
        many = (stranger.get("/apply", headers={"Accept-Language": "de"}) for _ in range(STRANGERS.a_minute.amount * 2))
        let = sum(1 for _ in takewhile(lambda answer: answer.status_code == 200, many))
        assert STRANGERS.a_minute.amount <= let < STRANGERS.a_minute.amount * 2  # there is room for one more every fifth of a second
        refused = next(answer for answer in many if answer.status_code != 200)
        assert refused.status_code == 429 and 1 <= int(refused.headers["retry-after"]) <= 60
        assert 'lang="de"' in refused.text and "<h1" in refused.text
        partner = let_in("203.0.113.9")
        assert partner.get("/apply/company").status_code == 200  # the same office, but let in
        stranger.headers["X-Forwarded-For"] = "203.0.113.10"
        assert stranger.get("/apply").status_code == 200
        assert stranger.get("/healthz", headers={"X-Forwarded-For": "203.0.113.9"}).status_code != 429


def let_in(address: str) -> httpx.Client:
    """A partner's browser behind this address."""
    made = browser()
    made.headers["X-Forwarded-For"] = address
    made.cookies.set("portal", cookie({PARTNER: begun(()).invitation_code}))
    return made
