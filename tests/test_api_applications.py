"""Applications over the API: everything checked at once, submitted once, and followed."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import pytest
from sqlmodel import select

from integrations.preview import AT_ONCE
from models.application import Application, ApplicationStatus
from models.database import now, reading, transaction
from models.delivery import Delivery, DeliveryState, succeed
from models.invitation import Invitation
from models.person import PORTAL
from models.review import request_information
from models.settings import settings
from portal.looking import WAITING, in_turn
from tests import partners
from tests.api import api_steps, app, ok, on_one_database, refused, said, send_file, serving, session_of, whole_application
from tests.sample_form import COMPLETE, form, wanted_documents


@pytest.fixture
def client(database: str, redis_server: object, s3: object) -> Iterator[httpx.Client]:
    with serving() as found:
        yield found


@pytest.fixture
def invitation(client: httpx.Client) -> Invitation:
    return partners.invited()


def send(client: httpx.Client, body: dict[str, Any], **options: Any) -> httpx.Response:
    return client.post("/api/epc-application", json=body, **options)


def applications() -> list[Application]:
    with reading() as session:
        return list(session.exec(select(Application)))


def arrive(target: str) -> None:
    with transaction() as session:
        for delivery in session.exec(select(Delivery).where(Delivery.target == target)):
            succeed(session, delivery)


def test_a_complete_application_with_its_files_is_submitted(client: httpx.Client, invitation: Invitation) -> None:
    body = whole_application(client, invitation)
    answer = ok(send(client, body), 201)
    made = applications()[0]
    assert answer == {
        "success": True, "applicationId": str(made.id), "referenceNumber": made.reference_number,
        "message": "Application submitted successfully", "sharepointSynced": False, "emailsSent": False,
        "statusUrl": f"/api/status?invitationCode={invitation.code}",
    }  # fmt: skip
    assert made.status == ApplicationStatus.SUBMITTED and made.company_postal == "RG1 8LS" and made.vat_number == "GB980780684"
    status = ok(client.get(answer["statusUrl"]))
    assert status["status"] == "submitted" and {file["slot"] for file in status["files"]} == set(wanted_documents())
    assert [(found["name"], found["state"]) for found in status["deliveries"] if found["event"] == "application.submitted"] == [
        ("SharePoint: application", "waiting"), ("SharePoint: documents", "waiting"), ("SharePoint: invitation", "waiting"),
        ("Email: application received", "waiting"), ("Email: operations", "waiting"),
    ]  # fmt: skip
    assert ok(client.post("/api/validate-invitation", json={"invitationCode": invitation.code}))["valid"] is False


def test_the_same_submission_twice_is_one_application_and_answers_alike(client: httpx.Client, invitation: Invitation) -> None:
    body = whole_application(client, invitation)
    first = ok(send(client, body), 201)
    assert ok(send(client, body), 201) == first
    assert ok(send(client, body | {"step1": {"companyName": "Changed Ltd"}}), 201) == first
    assert len(applications()) == 1 and applications()[0].company_name == COMPLETE["company_name"]
    assert len(partners.events("application.submitted")) == 1


def test_the_same_submission_many_times_at_once_is_one_application(client: httpx.Client, invitation: Invitation) -> None:
    body = whole_application(client, invitation)
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: send(client, body, headers={"Idempotency-Key": "one"}), range(5)))
    assert {answer.status_code for answer in answers} == {201} and len({answer.text for answer in answers}) == 1
    assert len(partners.events("application.submitted")) == 1


@on_one_database
def test_files_that_are_completed_already_wait_for_no_look_however_many_others_do(client: httpx.Client, invitation: Invitation) -> None:
    body = whole_application(client, invitation)
    for file in body["fileReferences"]:
        ok(client.post("/api/upload-file/complete", json={"invitationCode": invitation.code, "r2Key": file["r2Key"]}))

    async def while_many_are_looked_at() -> httpx.Response:
        done = threading.Event()
        looks = [asyncio.create_task(in_turn(partial(done.wait, 30))) for _ in range(AT_ONCE + WAITING)]
        try:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app()), base_url="http://portal", timeout=20) as here:
                return await here.post("/api/epc-application", json=body)
        finally:
            done.set()
            await asyncio.gather(*looks)

    with ThreadPoolExecutor(1) as apart:  # a browser's tests may have left this thread a loop that runs
        ok(apart.submit(asyncio.run, while_many_are_looked_at()).result(), 201)


def test_the_stored_draft_is_submitted_for_older_callers(client: httpx.Client, s3: object) -> None:
    begun = partners.begun(tuple(wanted_documents()))
    answer = ok(send(client, {"submission": {"invitationCode": begun.invitation_code.lower(), "version": 1}}), 201)
    assert answer["success"] is True and applications()[0].status == ApplicationStatus.SUBMITTED


def test_the_contracts_example_is_refused_with_every_field_by_step_and_nothing_is_lost(
    client: httpx.Client, invitation: Invitation
) -> None:
    example = {
        "invitationCode": invitation.code,
        "step1": {"companyName": "Example Corp", "companyRegistration": "12345678"},
        "step2": {},
        "fileReferences": [
            {
                "fileName": "certificate.pdf",
                "r2Key": f"uploads/{invitation.code}/certificate_123.pdf",
                "fileType": "application/pdf",
                "fileSize": 256789,
            }
        ],
    }
    problem = refused(send(client, example), 422)
    messages, steps = said(problem), {error.get("step") for error in problem["errors"]}
    assert steps == {1, 2, 3, 4, 5, 6, None}
    assert (
        messages["companyType"]
        and messages["declarantName"]
        and messages["fileReferences.0.r2Key"].startswith("“certificate.pdf” is not an upload")
    )
    assert {error["slot"] for error in problem["errors"] if "slot" in error} >= {"health_safety_policy", "team_cvs"}
    assert messages["healthSafetyPolicy"]
    draft = ok(client.get("/api/draft", params={"invitationCode": invitation.code}))
    assert draft["steps"]["step1"]["formData"] == example["step1"]
    assert applications()[0].status == ApplicationStatus.DRAFT and partners.events("application.submitted") == []


@on_one_database
@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("company_phone", "0118 496 0123 🙂", "telephone"),
        ("company_name", "B" * 10_000, "200 characters"),
        ("vat_number", "GB 980 7806 85", "check digits"),
    ],
)
def test_a_wrong_answer_is_named_in_words_and_the_rest_is_not(
    client: httpx.Client, invitation: Invitation, field: str, value: str, sentence: str
) -> None:
    problem = refused(send(client, {"invitationCode": invitation.code, **api_steps(form(**{field: value}))}), 422)
    answers = {error["field"]: error["message"] for error in problem["errors"] if "slot" not in error}
    assert len(answers) == 1 and sentence in next(iter(answers.values()))


@on_one_database
def test_a_seventh_step_and_a_field_that_does_not_exist_are_refused_before_anything_is_stored(
    client: httpx.Client, invitation: Invitation
) -> None:
    body = {"invitationCode": invitation.code, **api_steps()}
    assert said(refused(send(client, body | {"step7": {}}), 422)) == {"step7": "There is no field “step7” here. Leave it out."}
    problem = refused(send(client, body | {"step3": {"shoeSize": 9}}), 422)
    assert problem["errors"] == [{"field": "shoeSize", "message": "Step 3 has no field “shoeSize”", "step": 3}]
    assert ok(client.get("/api/draft", params={"invitationCode": invitation.code}))["steps"]["step1"]["formData"] == {}


@on_one_database
@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        ({"step1": "Brightfield"}, "step1", "Step1 must be an object with fields."),
        ({"fileReferences": {}}, "fileReferences", "File references must be a list."),
        ({"fileReferences": [{"fileName": "a.pdf"}]}, "fileReferences.0.r2Key", "R2 key is missing."),
        ({"submission": {}}, "submission.invitationCode", "Invitation code is missing."),
    ],
)
def test_a_body_of_the_wrong_shape_is_told_what_is_wrong(
    client: httpx.Client, invitation: Invitation, body: dict[str, Any], field: str, sentence: str
) -> None:
    assert said(refused(send(client, {"invitationCode": invitation.code, **body}), 422)) == {field: sentence}


def test_a_referenced_file_of_the_wrong_kind_stops_the_submission_and_is_removed(client: httpx.Client, invitation: Invitation) -> None:
    body = whole_application(client, invitation)
    key = send_file(client, invitation.code, "partner_logo", name="logo.png", content=b"no picture")
    problem = refused(send(client, body | {"fileReferences": [*body["fileReferences"], {"fileName": "logo.png", "r2Key": key}]}), 422)
    assert set(said(problem)) == {"partnerLogo"} and applications()[0].status == ApplicationStatus.DRAFT
    ok(send(client, body), 201)


def test_two_partners_may_choose_the_same_idempotency_key(client: httpx.Client, invitation: Invitation) -> None:
    ok(send(client, whole_application(client, invitation), headers={"Idempotency-Key": "a"}), 201)
    other = partners.begun(tuple(wanted_documents()))
    ok(send(client, {"invitationCode": other.invitation_code}, headers={"Idempotency-Key": "a"}), 201)


def test_when_information_is_required_it_is_sent_again_but_a_repeated_request_is_not_a_resubmission(
    client: httpx.Client, invitation: Invitation
) -> None:
    body = whole_application(client, invitation)
    first = ok(send(client, body, headers={"Idempotency-Key": "first"}), 201)
    with transaction() as session:
        asked = session.exec(select(Application)).one()
        request_information(session, PORTAL, asked, "Send the newer turnover figures.", ["annual_turnover", "gdpr_policy"])
    wanted = ok(client.get(first["statusUrl"]))
    assert wanted["status"] == "information_required" and wanted["informationRequest"]["items"] == ["annualTurnover", "gdpr_policy"]
    assert [one["answered"] for one in wanted["informationRequest"]["wanted"]] == [False, False]
    newer = {**body["step5"], "annualTurnover": "£2m - £10m"}
    ok(client.post("/api/save-draft", json={"invitationCode": invitation.code, "step": 5, "formData": newer}))
    assert ok(send(client, body, headers={"Idempotency-Key": "first"}), 201) == first
    assert applications()[0].status == ApplicationStatus.INFORMATION_REQUIRED
    assert ok(client.get("/api/draft", params={"invitationCode": invitation.code}))["steps"]["step5"]["formData"] == newer
    locked = {"invitationCode": invitation.code, "step1": {**body["step1"], "tradingName": "Brightfield PV"}}
    assert said(refused(send(client, locked), 409))["tradingName"] == "“Trading name” is locked: only what our reviewer asked for can be changed now."
    left = {"invitationCode": invitation.code, "replies": {"comment": "Here it is."}}
    assert list(said(refused(send(client, left, headers={"Idempotency-Key": "second"}), 422))) == ["gdprPolicy"]
    assert [one["answered"] for one in ok(client.get(first["statusUrl"]))["informationRequest"]["wanted"]] == [True, False]
    explained = {**left, "replies": {"gdpr_policy": "This one is signed: look at page 3."}}
    ok(send(client, explained, headers={"Idempotency-Key": "second"}), 201)
    assert applications()[0].status == ApplicationStatus.UNDER_REVIEW and applications()[0].annual_turnover == "£2m - £10m"


def test_the_flags_say_what_is_true_at_that_moment(client: httpx.Client, invitation: Invitation) -> None:
    body = whole_application(client, invitation)
    ok(send(client, body), 201)
    arrive("sharepoint.application")
    assert ok(send(client, body), 201)["sharepointSynced"] is False
    arrive("sharepoint.documents")
    arrive("email.received")
    half = ok(send(client, body), 201)
    assert half["sharepointSynced"] is True and half["emailsSent"] is False
    arrive("email.operations")
    assert ok(send(client, body), 201)["emailsSent"] is True


def test_a_caller_may_wait_for_the_flags_while_others_are_served(client: httpx.Client, invitation: Invitation) -> None:
    body = whole_application(client, invitation)
    ok(send(client, body), 201)
    with ThreadPoolExecutor(1) as pool:
        began, waiting = time.monotonic(), pool.submit(send, client, body, params={"wait": 20})
        time.sleep(1)
        ok(client.get("/healthz"))
        for target in ("sharepoint.application", "sharepoint.documents", "sharepoint.invitation", "email.received", "email.operations"):
            arrive(target)
        answer = ok(waiting.result(), 201)
    assert answer["sharepointSynced"] is True and answer["emailsSent"] is True and 1 <= time.monotonic() - began < 15


@on_one_database
def test_the_wait_ends_in_time_and_has_a_bound(client: httpx.Client, invitation: Invitation) -> None:
    body = whole_application(client, invitation)
    began = time.monotonic()
    assert ok(send(client, body, params={"wait": 1}), 201)["sharepointSynced"] is False
    assert time.monotonic() - began >= 1
    assert said(refused(send(client, body, params={"wait": 31}), 422)) == {"wait": "Wait must be 30 or less."}


def test_a_delivery_that_failed_says_why_in_plain_words(client: httpx.Client, invitation: Invitation) -> None:
    answer = ok(send(client, whole_application(client, invitation)), 201)
    with transaction() as session:
        failed = session.exec(select(Delivery).where(Delivery.target == "sharepoint.application")).one()
        failed.state, failed.attempts, failed.last_error, failed.due_at = DeliveryState.WAITING, 3, "SharePoint is busy.", now()
    told = next(found for found in ok(client.get(answer["statusUrl"]))["deliveries"] if found["name"] == "SharePoint: application")
    assert told["state"] == "waiting" and told["attempts"] == 3 and told["lastError"] == "SharePoint is busy." and told["nextAttemptAt"]


def test_the_page_submits_by_its_session_and_sees_no_code_in_the_answer(client: httpx.Client) -> None:
    begun = partners.begun(tuple(wanted_documents()))
    headers = session_of(begun.invitation_code)
    answer = send(client, {}, headers=headers)
    assert ok(answer, 201)["statusUrl"] == "/api/status" and begun.invitation_code not in answer.text
    assert ok(client.get("/api/status", headers=headers))["referenceNumber"] == answer.json()["referenceNumber"]


def test_an_application_that_is_not_begun_is_a_draft(client: httpx.Client, invitation: Invitation) -> None:
    status = ok(client.get("/api/status", params={"invitationCode": invitation.code}))
    assert status["status"] == "draft" and status["label"] == "Draft" and status["referenceNumber"] is None and status["files"] == []
    assert [found["name"] for found in status["deliveries"]] == ["SharePoint: invitation", "Email: invitation"]


def test_while_the_store_is_away_the_answers_are_kept_and_the_application_can_be_sent_later(
    client: httpx.Client, invitation: Invitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = whole_application(client, invitation)
    with monkeypatch.context() as away:
        away.setenv("S3_ENDPOINT", "http://127.0.0.1:9")
        settings.cache_clear()
        refused(send(client, body), 503)
    settings.cache_clear()
    assert ok(client.get("/api/draft", params={"invitationCode": invitation.code}))["steps"]["step6"]["formData"] == body["step6"]
    ok(send(client, body), 201)
