"""Limits: requests a minute, codes that fail a day, the size of a body, other origins, and who counts as one address."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from models.settings import settings
from portal import tally
from portal.limits import FAILED_CODES, FAILED_CODES_OVER_ALL, FAILED_CODES_UNDER_ATTACK, OTHERS, ROUTES, client_address
from tests import partners
from tests.api import machine_key, ok, on_one_database, refused, serving
from tests.browser import browser, inside
from tests.parts import Local

pytestmark = [on_one_database, pytest.mark.usefixtures("database")]


@pytest.fixture
def client(database: str, redis_server: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    monkeypatch.setenv("TRUSTED_PROXIES", "1")
    monkeypatch.setenv("CORS_ORIGINS", "https://saber.example")
    settings.cache_clear()
    with serving() as found:
        yield found


def check(client: httpx.Client, address: str = "192.0.2.1", code: str = "ZZZZ0000") -> httpx.Response:
    return client.post("/api/validate-invitation", json={"invitationCode": code}, headers={"X-Forwarded-For": address})


def test_the_numbers_are_the_contracts() -> None:
    per_minute = {path: limit.item.amount for path, limit in ROUTES.items() if limit.item.get_expiry() == 60}
    assert per_minute == {
        "/api/validate-invitation": 10, "/api/confirm-email": 20, "/api/confirm-email/code": 20, "/apply/answers": 600,
    }  # fmt: skip
    assert (OTHERS.item.amount, OTHERS.item.get_expiry()) == (120, 60)
    assert (FAILED_CODES.amount, FAILED_CODES.get_expiry()) == (100, 86_400)


def test_the_eleventh_code_in_a_minute_is_told_to_wait_and_every_answer_says_what_is_left(client: httpx.Client) -> None:
    answers = [check(client) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert answers[0].headers["ratelimit-policy"] == '"validate-invitation";q=10;w=60'
    assert [int(answer.headers["ratelimit"].split("r=")[1].split(";")[0]) for answer in answers] == [*range(9, -1, -1), 0]
    assert "try again in" in refused(answers[-1], 429)["detail"].lower() and 1 <= int(answers[-1].headers["retry-after"]) <= 60


def test_one_address_does_not_use_up_anothers_requests_and_a_forged_one_is_none(client: httpx.Client) -> None:
    for number in range(11):
        last = check(client, f"203.0.113.{number}, 192.0.2.1")  # what the caller wrote, and what the proxy added
    assert last.status_code == 429 and check(client, "192.0.2.2").status_code == 200


def test_a_form_may_save_ten_times_a_second_and_no_more_and_addresses_are_counted_apart() -> None:
    tally._levels.clear()
    limit = ROUTES["/apply/answers"].item
    rooms = [tally.take_here(limit, "answers", "192.0.2.1") for _ in range(605)]
    assert [room.taken for room in rooms[:600]] == [True] * 600 and not all(room.taken for room in rooms[600:])
    assert rooms[0].left == 599 and rooms[-1].left == 0
    assert tally.take_here(limit, "answers", "192.0.2.2").taken


def test_what_a_form_saves_is_limited_and_says_what_is_left(client: httpx.Client) -> None:
    tally._levels.clear()
    answer = browser().post("/apply/answers", json={"application": 1, "items": []}, headers={"X-Forwarded-For": "192.0.2.7"})
    assert answer.headers["ratelimit"].startswith('"answers";r=599')


def test_the_other_routes_share_120_a_minute(client: httpx.Client) -> None:
    code = partners.invited().code
    headers = {"X-Forwarded-For": "192.0.2.3"}
    for number in range(120):
        path = "/api/draft" if number % 2 else "/api/status"
        assert client.get(path, params={"invitationCode": code}, headers=headers).status_code == 200
    refused(client.get("/api/nothing", headers=headers), 429)
    ok(client.get("/healthz", headers=headers))


def test_whoever_is_let_in_may_file_a_whole_application_in_a_minute_and_nobody_else(redis_server: object) -> None:
    form, stranger = inside(partners.invited()), browser()
    headers = {"Origin": settings().portal_url}
    answers = [form.post("/api/upload-file", json={}, headers=headers) for _ in range(130)]
    assert {answer.status_code for answer in answers} == {422} and answers[-1].headers["ratelimit"].startswith('"form";r=470')
    assert stranger.post("/api/upload-file", json={}, headers=headers).headers["ratelimit-policy"].startswith('"api";q=120')


def test_a_hundred_codes_that_fail_close_every_door_for_the_address_even_to_a_right_code(client: httpx.Client) -> None:
    code, address = partners.invited().code, "192.0.2.4"
    for _ in range(98):
        tally.add(FAILED_CODES, address)
    headers = {"X-Forwarded-For": address}
    assert ok(check(client, address))["valid"] is False
    refused(client.get("/api/status", params={"invitationCode": "ZZZZ0000"}, headers=headers), 401)
    answer = client.get("/api/draft", params={"invitationCode": code}, headers=headers)
    assert "Too many codes" in refused(answer, 429)["detail"] and int(answer.headers["retry-after"]) > 60
    refused(check(client, address, code), 429)
    refused(client.post("/api/sync-invitation", json={}, headers=headers | machine_key()), 429)
    assert ok(check(client, "192.0.2.5", code))["valid"] is True


@pytest.mark.parametrize("path", ["draft", "status"])
def test_every_route_that_takes_a_code_counts_the_failures(client: httpx.Client, path: str) -> None:
    address = "192.0.2.6"
    client.get(f"/api/{path}", params={"invitationCode": "ZZZZ0000"}, headers={"X-Forwarded-For": address})
    assert tally.room(FAILED_CODES, address).left == 99


def test_keys_and_signatures_that_fail_are_counted_too(client: httpx.Client) -> None:
    client.post("/api/sync-invitation", json={}, headers={"X-Api-Key": "guess", "X-Forwarded-For": "192.0.2.7"})
    assert tally.room(FAILED_CODES, "192.0.2.7").left == 99


def test_when_many_addresses_guess_together_each_gets_only_a_few_and_partners_still_get_in(client: httpx.Client) -> None:
    code = partners.invited().code
    for _ in range(FAILED_CODES_OVER_ALL.amount):
        tally.add(FAILED_CODES_OVER_ALL)
    answers = [check(client, "192.0.2.8").status_code for _ in range(FAILED_CODES_UNDER_ATTACK.amount + 1)]
    assert answers == [200] * FAILED_CODES_UNDER_ATTACK.amount + [429]
    assert ok(check(client, "192.0.2.9", code))["valid"] is True


def test_while_redis_is_away_the_limits_hold_in_memory_and_nobody_waits(
    client: httpx.Client, local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9/0")
    settings.cache_clear()
    answers = [check(client) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert max(answer.elapsed.total_seconds() for answer in answers) < 3


def test_a_body_over_256_kib_is_refused_announced_or_not(client: httpx.Client) -> None:
    code = partners.invited().code
    head, tail = b'{"invitationCode": "%s", "step": 1, "formData": {"companyName": "' % code.encode(), b'"}}'
    fits, over = head + b"x" * (256 * 1024 - len(head + tail)) + tail, head + b"x" * 256 * 1024 + tail
    headers = {"Content-Type": "application/json"}
    ok(client.post("/api/save-draft", content=fits, headers=headers))
    assert "256 KiB" in refused(client.post("/api/save-draft", content=over, headers=headers), 413)["detail"]
    pieces = (over[start : start + 10_000] for start in range(0, len(over), 10_000))
    assert "256 KiB" in refused(client.post("/api/save-draft", content=pieces, headers=headers), 413)["detail"]


def test_only_pages_of_the_origins_in_the_settings_may_read_the_answers(client: httpx.Client) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,idempotency-key"}
    allowed = client.options("/api/epc-application", headers={"Origin": "https://saber.example", **asked})
    assert allowed.status_code == 200 and allowed.headers["access-control-allow-origin"] == "https://saber.example"
    assert client.options("/api/epc-application", headers={"Origin": "https://evil.example", **asked}).status_code == 400
    answer = client.get("/api/status", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("hops", "chain", "address"),
    [
        (0, ["203.0.113.9"], "198.51.100.1"),
        (1, [], "198.51.100.1"),
        (1, ["203.0.113.9"], "203.0.113.9"),
        (1, ["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
        (2, ["1.2.3.4, 203.0.113.9, 10.0.0.1"], "203.0.113.9"),
        (2, ["1.2.3.4", "203.0.113.9", "10.0.0.1"], "203.0.113.9"),
        (2, ["203.0.113.9"], "198.51.100.1"),
        (1, ["203.0.113.9:51234"], "203.0.113.9"),
        (1, ["[2001:db8::1]:51234"], "2001:db8::/64"),
        (1, ["2001:db8::ffff:1"], "2001:db8::/64"),
        (1, ["::ffff:203.0.113.9"], "203.0.113.9"),
        (1, ["not an address"], "198.51.100.1"),
    ],
)
def test_the_address_is_what_the_outermost_trusted_proxy_saw(
    database: str, monkeypatch: pytest.MonkeyPatch, hops: int, chain: list[str], address: str
) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", str(hops))
    settings.cache_clear()
    headers = [(b"x-forwarded-for", line.encode()) for line in chain]
    assert client_address({"type": "http", "client": ("198.51.100.1", 1234), "headers": headers}) == address
