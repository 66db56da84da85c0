"""The API for programs: what a token opens, page by page, and what it does not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import select

from models.database import now, reading, today, transaction
from models.document import Document, DocumentState
from models.event import Event
from models.invitation import Invitation, invite, revoke
from models.looked import looked
from models.person import PORTAL, Role
from models.queue import look
from models.scan import Scan, Verdict
from models.token import USUAL, Scope, Token, make_token, revoke_token
from portal import tally
from portal.limits import FAILED_CODES
from tests import partners
from tests.api import ok, on_one_database, refused, said, serving
from tests.desk import applied, brought, person, row
from tests.sample_form import api_steps


@pytest.fixture
def client(database: str, redis_server: object) -> Iterator[httpx.Client]:
    with serving() as found:
        yield found


def bearer(*scopes: Scope, name: str = "Reporting") -> dict[str, str]:
    """The header of a program with a token of these scopes, or of all."""
    admin = person(Role.ADMIN)
    with transaction() as session:
        return {"Authorization": f"Bearer {make_token(session, admin, name=name, scopes=scopes or tuple(Scope), expires_on=today() + USUAL)[1]}"}


def pages(client: httpx.Client, path: str, kind: str, headers: dict[str, str], **asked: Any) -> list[list[dict[str, Any]]]:
    """Every page of a list, from the first to the last."""
    found: list[list[dict[str, Any]]] = []
    cursor: dict[str, str] = {}
    while True:
        told = ok(client.get(path, params={**asked, **cursor}, headers=headers))
        found.append(told[kind])
        if told["nextCursor"] is None:
            return found
        cursor = {"cursor": told["nextCursor"]}


def references(found: list[list[dict[str, Any]]]) -> list[str]:
    return [one["reference"] for page in found for one in page]


@on_one_database
def test_without_a_token_nothing_is_told_and_without_the_scope_nothing_is_done(client: httpx.Client) -> None:
    reference = applied()
    routes = {
        Scope.READ_APPLICATIONS: (("GET", "/api/applications"), ("GET", f"/api/applications/{reference}"), ("GET", f"/api/applications/{reference}/documents/x")),
        Scope.READ_INVITATIONS: (("GET", "/api/invitations"),),
        Scope.MAKE_INVITATIONS: (("POST", "/api/invitations"),),
    }  # fmt: skip
    for scope, asked in routes.items():
        others = bearer(*(other for other in Scope if other != scope))
        for method, path in asked:
            body = {"companyName": "Marstack", "contactEmail": "rob@marstack.ai"} if method == "POST" else None
            for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic cm9iOnJvYg=="}):
                answer = client.request(method, path, headers=headers, json=body)
                refused(answer, 401)
                assert answer.headers["www-authenticate"] == "Bearer"
            assert scope.value in refused(client.request(method, path, headers=others, json=body), 403)["detail"]


def test_a_revoked_token_is_refused_from_the_next_request_on(client: httpx.Client) -> None:
    headers, admin = bearer(), person(Role.ADMIN)
    ok(client.get("/api/applications", headers=headers))
    with transaction() as session:
        token = session.exec(select(Token)).one()
        assert token.last_used_at is not None and token.last_used_at > now() - timedelta(minutes=1)
        revoke_token(session, admin, token.id or 0)
    assert "revoked" in refused(client.get("/api/applications", headers=headers), 401)["detail"]


@on_one_database
def test_a_job_that_goes_on_with_a_revoked_token_shuts_its_office_out_of_nothing(client: httpx.Client) -> None:
    good, old, admin = bearer(name="Reporting"), bearer(name="An old job"), person(Role.ADMIN)
    with transaction() as session:
        revoke_token(session, admin, session.exec(select(Token.id).where(Token.name == "An old job")).one() or 0)
    before = tally.room(FAILED_CODES, "127.0.0.1").left
    refused(client.get("/api/applications", headers=old), 401)
    assert tally.room(FAILED_CODES, "127.0.0.1").left == before
    refused(client.get("/api/applications", headers={"Authorization": "Bearer nonsense"}), 401)
    assert tally.room(FAILED_CODES, "127.0.0.1").left == before - 1, "a guess counts"
    ok(client.get("/api/applications", headers=good))


def test_the_list_holds_what_the_desk_lists_and_shifts_for_nobody(client: httpx.Client) -> None:
    sent, headers = [applied(f"Company {number}") for number in range(5)], bearer(Scope.READ_APPLICATIONS)
    first = ok(client.get("/api/applications", params={"limit": 2}, headers=headers))
    late = applied("Company that came meanwhile")
    brought(sent[0], to="under_review")  # it moves nowhere
    rest = pages(client, "/api/applications", "applications", headers, limit=2, cursor=first["nextCursor"])
    assert [one["reference"] for one in first["applications"]] + references(rest) == [*sent, late]
    with reading() as session:
        desk = {one.reference: one for one in look(session, looked({"view": "all"})).rows}
    told = {one["reference"]: one for page in pages(client, "/api/applications", "applications", headers) for one in page}
    assert {reference: (one["status"], one["companyName"], one["flags"], one["reviewer"]) for reference, one in told.items()} == {
        reference: (one.status.value, one.company, one.flags, one.reviewer) for reference, one in desk.items()
    }  # fmt: skip
    assert "code" not in str(told).lower()  # it opens the partner's application


def test_the_list_is_narrowed_by_status_and_by_change(client: httpx.Client) -> None:
    new, asked, headers = applied("New"), brought(applied("Asked"), to="information_required"), bearer()
    with transaction() as session:
        for reference, ago in ((new, 5), (asked, 1)):
            one = row(session, reference)
            one.updated_at = now() - timedelta(hours=ago)
            session.add(one)
    partners.begun(())

    def found(**params: Any) -> list[str]:
        return references(pages(client, "/api/applications", "applications", headers, **params))

    assert found() == [new, asked] and found(status=["submitted"]) == [new]
    assert found(status=["submitted", "information_required"]) == [new, asked] and found(status="approved") == []
    since = (now() - timedelta(hours=2)).isoformat()
    assert found(changedSince=since) == [asked] and found(changedSince=since, status="submitted") == []


@on_one_database
@pytest.mark.parametrize(
    ("params", "field", "words"),
    [
        ({"limit": 0}, "limit", "1 or more"), ({"limit": 101}, "limit", "100 or less"), ({"limit": "many"}, "limit", "whole number"),
        ({"status": "draft"}, "status", "partner’s own"), ({"status": "lost"}, "0", "submitted"),
        ({"changedSince": "2026-11-22T09:30:00"}, "changedSince", "zone"), ({"changedSince": "yesterday"}, "changedSince", "date"),
        ({"changedSince": "0001-01-01T00:00:00+14:00"}, "changedSince", "calendar"), ({"cursor": "made up"}, "cursor", "nextCursor"),
        ({"cursor": "é" * 20}, "cursor", "nextCursor"), ({"cursor": ""}, "cursor", "nextCursor"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said_in_words(client: httpx.Client, params: dict[str, Any], field: str, words: str) -> None:
    told = said(refused(client.get("/api/applications", params=params, headers=bearer()), 422))
    assert len(told) == 1 and any(key.endswith(field) and words in message for key, message in told.items()), told


@on_one_database
def test_a_cursor_continues_only_the_question_that_it_came_with(client: httpx.Client) -> None:
    headers = bearer()
    for number in range(2):
        applied(f"Company {number}")
    cursor = ok(client.get("/api/applications", params={"limit": 1}, headers=headers))["nextCursor"]
    for path, more in (("/api/applications", {"status": "submitted"}), ("/api/invitations", {})):
        refused(client.get(path, params={"cursor": cursor, **more}, headers=headers), 422)
    refused(client.get("/api/applications", params={"cursor": cursor[:-2] + "AA"}, headers=headers), 422)


def test_an_application_is_told_with_its_answers_its_documents_and_its_decision(client: httpx.Client, s3: object) -> None:
    application, headers = partners.submitted(("gdpr_policy", "health_safety_policy")), bearer(Scope.READ_APPLICATIONS)
    reference = application.reference_number or ""
    with transaction() as session:
        held = {one.slot: one for one in session.exec(select(Document))}
        for slot, verdict in (("gdpr_policy", Verdict.CLEAN), ("health_safety_policy", Verdict.WAITING)):
            session.add(Scan(document_id=held[slot].id or 0, verdict=verdict, begun_at=now()))
        held["health_safety_policy"].state = DocumentState.QUARANTINED
    told = ok(client.get(f"/api/applications/{reference.lower()}", headers=headers))
    questions = {name for step in api_steps().values() for name in step}
    assert told["reference"] == reference and told["status"] == "submitted" and told["decision"] is None
    assert questions <= set(told["answers"])
    written = {"companyName": "Brightfield Solar Ltd", "companyPhone": "+441184960123", "maxProjectSizeKwp": 4500, "headOfficeAddress": None}
    assert {name: told["answers"][name] for name in written} == written
    clean, apart = told["documents"]
    assert (clean["slot"], clean["scan"], clean["sha256"]) == ("gdpr_policy", "clean", held["gdpr_policy"].sha256)
    assert (apart["scan"], apart["url"]) == ("waiting", None)
    answer = client.get(httpx.URL(clean["url"]).path, headers=headers)
    assert hashlib.sha256(answer.content).hexdigest() == clean["sha256"] and len(answer.content) == clean["fileSize"]
    assert answer.headers["content-disposition"].startswith("attachment;") and answer.headers["x-content-type-options"] == "nosniff"
    kept_apart = f"/api/applications/{reference}/documents/{apart['publicId']}"
    of_another = f"/api/applications/{applied('Another')}/documents/{clean['publicId']}"
    for path in (kept_apart, of_another, f"/api/applications/{reference}/documents/unknown", "/api/applications/EPC-2026-AAAAAA"):
        refused(client.get(path, headers=headers), 404)
    brought(reference, to="approved")
    assert ok(client.get(f"/api/applications/{reference}", headers=headers))["decision"]["outcome"] == "approved"


def test_what_has_not_changed_is_not_sent_again(client: httpx.Client, s3: object) -> None:
    reference, headers = partners.submitted(("gdpr_policy",)).reference_number or "", bearer()
    document = ok(client.get(f"/api/applications/{reference}", headers=headers))["documents"][0]
    with reading() as session:
        code = session.exec(select(Invitation.code)).one()
    paths = (f"/api/applications/{reference}", "/api/applications", "/api/invitations", httpx.URL(document["url"]).path,
             f"/api/status?invitationCode={code}", f"/api/draft?invitationCode={code}")  # fmt: skip
    marks = {path: client.get(path, headers=headers).headers["etag"] for path in paths}
    for path, mark in marks.items():
        for sent in (mark, f'"other", {mark}', mark.removeprefix("W/"), "*"):
            again = client.get(path, headers={**headers, "If-None-Match": sent})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", mark)
        assert client.get(path, headers={**headers, "If-None-Match": '"other"'}).status_code == 200
    refused(client.get(paths[0], headers={"If-None-Match": marks[paths[0]]}), 401)
    brought(reference, to="under_review")
    changed = {path for path in paths if client.get(path, headers={**headers, "If-None-Match": marks[path]}).status_code == 200}
    assert {paths[0], paths[1], paths[4]} <= changed


def test_invitations_are_listed_with_where_they_stand_and_without_their_codes(client: httpx.Client) -> None:
    with transaction() as session:
        made = [invite(session, PORTAL, company_name=f"Company {n}", contact_email=f"rob{n}@marstack.ai") for n in range(4)]
        revoke(session, PORTAL, made[1])
    headers = bearer(Scope.READ_INVITATIONS)
    found = pages(client, "/api/invitations", "invitations", headers, limit=3)
    assert [len(page) for page in found] == [3, 1]
    told = [one for page in found for one in page]
    assert [(one["companyName"], one["status"], one["standing"]) for one in told] == [
        ("Company 0", "active", "queued"), ("Company 1", "revoked", "revoked"), ("Company 2", "active", "queued"), ("Company 3", "active", "queued"),
    ]  # fmt: skip
    assert not any(invitation.code in str(told) for invitation in made)
    narrowed = pages(client, "/api/invitations", "invitations", headers, standing="revoked")
    assert [one["companyName"] for page in narrowed for one in page] == ["Company 1"]


def test_a_partner_is_invited_once_however_often_a_key_is_sent(client: httpx.Client) -> None:
    headers = {**bearer(Scope.MAKE_INVITATIONS, name="CRM"), "Idempotency-Key": "order-7"}
    body = {"companyName": "Marstack", "contactEmail": "rob@marstack.ai", "title": "Mr", "language": "de"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.post("/api/invitations", json=body, headers=headers), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.text for answer in answers}) == 1
    with reading() as session:
        made = session.exec(select(Invitation)).one()
        events = session.exec(select(Event).where(Event.type == "invitation.created")).all()
    assert (made.company_name, made.contact_title, made.language, made.created_by) == ("Marstack", "Mr", "de", "CRM")
    assert [(event.actor, event.actor_kind) for event in events] == [("CRM", "program")]
    assert answers[0].json()["code"] == made.code and answers[0].json()["url"].endswith(f"/apply?code={made.code}")
    other = refused(client.post("/api/invitations", json={**body, "companyName": "Other Ltd"}, headers=headers), 422)
    assert "another invitation" in said(other)["Idempotency-Key"]
    stranger = {**bearer(Scope.MAKE_INVITATIONS, name="Second"), "Idempotency-Key": "order-7"}
    told = refused(client.post("/api/invitations", json={**body, "contactEmail": "ROB@marstack.ai"}, headers=stranger), 409)
    assert "is invited already, so nothing was sent." in told["detail"]
    assert [(one["companyName"], one["createdBy"], one["standing"], one["reference"]) for one in told["alreadyInvited"]] == [
        ("Marstack", "CRM", "queued", None)
    ] and made.code not in str(told)  # fmt: skip
    ok(client.post("/api/invitations", json={**body, "inviteAnyway": True}, headers=stranger), 201)  # keys are the caller's own


@on_one_database
def test_every_wrong_field_of_an_invitation_is_named_as_it_was_sent(client: httpx.Client) -> None:
    headers = bearer(Scope.MAKE_INVITATIONS)
    body = {"companyName": "M", "contactEmail": "rob", "title": "Sir", "expiresAt": "2020-01-01T00:00:00Z"}
    assert set(said(refused(client.post("/api/invitations", json=body, headers=headers), 422))) == {"companyName", "contactEmail", "title"}
    good = {"companyName": "Marstack", "contactEmail": "rob@marstack.ai"}
    for more, field in (({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"), ({"language": "xx"}, "language"), ({"code": "C1D94680"}, "code")):
        assert set(said(refused(client.post("/api/invitations", json={**good, **more}, headers=headers), 422))) == {field}
    with reading() as session:
        assert session.exec(select(Invitation)).all() == []
