"""What stands before the pages: memory that nobody uses goes at once, and no body is larger than anything of ours."""

from __future__ import annotations

import pytest
from nicegui import Client

from portal.auth import PARTNER
from tests.api import on_one_database
from tests.pages import browser, cookie
from tests.partners import begun
from tests.parts import eventually

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
