"""Drafts over the API: whatever is typed is kept, nothing unknown is, and nobody overwrites what they have not seen."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from models.database import reading
from models.draft import answers_of
from tests import partners
from tests.api import api_steps, ok, on_one_database, refused, said, send_file, serving, session_of
from tests.sample_form import COMPLETE


@pytest.fixture
def client(database: str, redis_server: object) -> Iterator[httpx.Client]:
    with serving() as found:
        yield found


@pytest.fixture
def code(client: httpx.Client) -> str:
    return partners.invited().code


def save(client: httpx.Client, code: str, step: object, form: object, **more: object) -> httpx.Response:
    return client.post("/api/save-draft", json={"invitationCode": code, "step": step, "formData": form, **more})


def read(client: httpx.Client, code: str) -> dict[str, dict[str, object]]:
    steps: dict[str, dict[str, object]] = ok(client.get("/api/draft", params={"invitationCode": code}))["steps"]
    return steps


def test_a_step_is_kept_as_it_was_typed_and_its_revision_grows(client: httpx.Client, code: str) -> None:
    typed = {"companyName": "Bright", "companyPhone": "☎️ 0118", "yearsTrading": "twelve", "vatNumber": None}
    first = ok(save(client, code, 1, typed, revision=0))
    assert first["success"] is True and first["revision"] == 1 and first["savedAt"].endswith("Z")
    assert ok(save(client, code, 1, typed, revision=1))["revision"] == 2
    assert read(client, code)["step1"]["formData"] == typed
    with reading() as session:
        assert answers_of(session, code)["company_phone"] == "☎️ 0118"


def test_all_six_steps_come_back_also_those_never_saved(client: httpx.Client, code: str) -> None:
    for number, form in enumerate(api_steps().values(), 1):
        ok(save(client, code.lower(), number, form))
    steps = read(client, code)
    assert [steps[f"step{number}"]["formData"] for number in range(1, 7)] == list(api_steps().values())
    other = read(client, partners.invited().code)
    assert other == {f"step{number}": {"formData": {}, "revision": 0, "savedAt": None} for number in range(1, 7)}


def test_a_revision_that_is_behind_gets_the_stored_step_and_changes_nothing(client: httpx.Client, code: str) -> None:
    ok(save(client, code, 1, {"companyName": "First"}))
    ok(save(client, code, 1, {"companyName": "Second"}))
    problem = refused(save(client, code, 1, {"companyName": "Third"}, revision=1), 409)
    assert problem["current"] | {"savedAt": ""} == {"step": 1, "formData": {"companyName": "Second"}, "revision": 2, "savedAt": ""}
    assert read(client, code)["step1"]["formData"] == {"companyName": "Second"}


def test_a_revision_of_a_step_that_was_never_saved_is_behind_too(client: httpx.Client, code: str) -> None:
    assert refused(save(client, code, 2, {}, revision=7), 409)["current"]["revision"] == 0


def test_two_first_changes_at_the_same_time_are_both_answered_and_one_application_begins(client: httpx.Client, code: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda number: save(client, code, number, api_steps()[f"step{number}"]), range(1, 7)))
    assert [answer.status_code for answer in answers] == [200] * 6
    assert len(partners.events("application.begun")) == 1
    assert all(step["revision"] == 1 for step in read(client, code).values())


@on_one_database
@pytest.mark.parametrize("step", [0, 7, -1, 10**30])
def test_a_step_that_the_form_does_not_have_gets_a_sentence(client: httpx.Client, code: str, step: int) -> None:
    assert said(refused(save(client, code, step, {}), 422))["step"].startswith("The form has steps 1 to 6, and no step")


@on_one_database
def test_a_field_that_does_not_exist_is_refused_by_name_and_the_draft_stays(client: httpx.Client, code: str) -> None:
    ok(save(client, code, 1, {"companyName": "Brightfield"}))
    problem = refused(save(client, code, 1, {"companyName": "Changed", "shoeSize": 9, "status": "approved", "declarantName": "Helen"}), 422)
    assert said(problem) == {name: f"Step 1 has no field “{name}”" for name in ("shoeSize", "status", "declarantName")}
    assert {error["step"] for error in problem["errors"]} == {1}
    assert read(client, code)["step1"]["formData"] == {"companyName": "Brightfield"}


@on_one_database
def test_a_field_of_the_body_that_does_not_exist_is_refused(client: httpx.Client, code: str) -> None:
    problem = refused(save(client, code, 1, {}, from_data={}), 422)
    assert said(problem) == {"from_data": "There is no field “from_data” here. Leave it out."}


@pytest.mark.parametrize(
    "raw", [b'{"companyName": NaN}', b'{"companyName": "\\ud83d"}', b'{"companyName": "a\\u0000b"}', b'{"companyName": [[[[[[[1]]]]]]]}']
)
def test_what_cannot_be_stored_is_refused_in_words(client: httpx.Client, code: str, raw: bytes) -> None:
    body = b'{"invitationCode": "%s", "step": 1, "formData": %s}' % (code.encode(), raw)
    problem = refused(client.post("/api/save-draft", content=body, headers={"Content-Type": "application/json"}), 422)
    assert said(problem) == {"formData": "This holds characters, numbers or nesting that cannot be stored. Type it again."}


def test_ten_thousand_characters_and_emoji_are_kept_in_a_draft(client: httpx.Client, code: str) -> None:
    typed = {"companyName": "B" * 10_000, "companyPhone": "📞🙂"}
    ok(save(client, code, 1, typed))
    assert read(client, code)["step1"]["formData"] == typed


LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(
    st.fixed_dictionaries(
        {}, optional={"projectsPerMonth": st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3), max_leaves=5), "teamSize": LEAF}
    )
)
@hypothesis_settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_whatever_json_is_saved_comes_back_the_same_or_is_refused_in_words(
    client: httpx.Client, code: str, form: dict[str, object]
) -> None:
    answer = save(client, code, 3, form)
    if answer.status_code == 200:
        assert read(client, code)["step3"]["formData"] == form
    elif answer.status_code != 429:  # many examples in a minute
        refused(answer, 422)


def test_clearing_throws_the_answers_away_and_keeps_the_documents(client: httpx.Client, code: str, s3: object) -> None:
    ok(save(client, code, 1, {"companyName": "Brightfield"}))
    key = send_file(client, code, "partner_logo")
    ok(client.post("/api/upload-file/complete", json={"invitationCode": code, "r2Key": key}))
    assert ok(client.post("/api/clear-draft", json={"invitationCode": code})) == {"success": True}
    body = ok(client.get("/api/draft", params={"invitationCode": code}))
    assert body["steps"]["step1"]["formData"] == {} and [file["slot"] for file in body["files"]] == ["partner_logo"]


def test_whoever_names_what_they_have_seen_changes_nothing_else(client: httpx.Client, code: str) -> None:
    ok(save(client, code, 1, {"companyName": "First"}))
    seen = {"If-Match": client.get("/api/draft", params={"invitationCode": code}).headers["etag"]}
    ok(save(client, code, 2, {"primaryContactName": "Somebody else"}))
    for path, body in (("clear-draft", {}), ("save-draft", {"step": 1, "formData": {}})):
        problem = refused(client.post(f"/api/{path}", json={"invitationCode": code, **body}, headers=seen), 412)
        assert "Read it again" in problem["detail"]
    assert read(client, code)["step1"]["formData"] == {"companyName": "First"}
    seen = {"If-Match": client.get("/api/draft", params={"invitationCode": code}).headers["etag"]}
    ok(client.post("/api/clear-draft", json={"invitationCode": code}, headers=seen))
    refused(client.post("/api/clear-draft", json={"invitationCode": code}, headers=seen), 412)
    ok(client.post("/api/clear-draft", json={"invitationCode": code}, headers={"If-Match": "*"}))


def test_a_submitted_application_can_be_read_with_its_code_but_not_changed(client: httpx.Client, s3: object) -> None:
    code = partners.submitted(()).invitation_code
    assert read(client, code)["step1"]["formData"]["companyName"] == COMPLETE["company_name"]  # type: ignore[index]
    refused(save(client, code, 1, {"companyName": "Changed"}), 409)
    refused(client.post("/api/clear-draft", json={"invitationCode": code}), 409)
    refused(client.post("/api/upload-file", json={"invitationCode": code, "fileName": "a.pdf", "fileSize": 1}), 409)


def test_the_page_needs_no_code_in_javascript_its_session_is_enough(client: httpx.Client, code: str) -> None:
    form = {"step": 1, "formData": {"companyName": "Brightfield"}}
    ok(client.post("/api/save-draft", json=form, headers=session_of(code)))
    assert ok(client.get("/api/draft", headers=session_of(code)))["steps"]["step1"]["formData"] == {"companyName": "Brightfield"}


@on_one_database
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_change_from_another_site_is_refused_though_the_browser_sends_the_session(
    client: httpx.Client, code: str, headers: dict[str, str]
) -> None:
    cookie = {"Cookie": session_of(code)["Cookie"]}
    refused(client.post("/api/save-draft", json={"step": 1, "formData": {"companyName": "Mallory"}}, headers=cookie | headers), 403)
    assert ok(client.get("/api/draft", headers=cookie))["steps"]["step1"]["formData"] == {}


@on_one_database
def test_without_a_code_and_without_a_session_nothing_opens(client: httpx.Client) -> None:
    assert "Send your invitation code" in refused(client.get("/api/draft"), 401)["detail"]
