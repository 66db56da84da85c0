"""What the API's bench asks about: 100,000 invitations, applications that are begun with all their documents, and the bodies that are sent."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pydantic.alias_generators import to_camel

from models.application import Application
from models.database import engine, now
from models.document import Document
from tests import partners
from tests.sample_form import COMPLETE, api_steps, wanted_documents

MANY, DRAFTS, TYPED = 100_000, 2_500, 500
WHO = "helen.marsh@brightfieldsolar.co.uk"
CODE, REGISTRATION = "Q0000000", "00000000"  # api_load.py puts others in their place


def _columns() -> dict[str, list[str]]:
    """Answer → its name in a body, and the kind of column that a rival has for it."""
    sent = {name: value for step in api_steps().values() for name, value in step.items()}
    return {name: [to_camel(name), _kind(sent[to_camel(name)])] for name in COMPLETE}


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return "json"
    return "boolean" if isinstance(value, bool) else "number" if isinstance(value, int | float) else "text"


COLUMNS = _columns()


@dataclass
class Route:
    """A route and what is sent to it: `body` with one of `codes` after another.

    `once` if each can be sent to the portal but once: those that were are taken out.
    """

    name: str
    body: str
    codes: list[str]
    status: int
    says: str
    once: bool = False


def routes() -> list[Route]:
    """The three. A code among all is checked; drafts of 2 KB are stored over each other; a whole application with three files is sent."""
    answers = {**COMPLETE, "company_registration": REGISTRATION, "vat_number": ""}
    steps = {**api_steps(answers), "fileReferences": [_file(number) for number in range(3)]}
    typed = {"step": 3, "formData": {**api_steps()["step3"], "specializations": "x" * 1_000}}
    every = [code(DRAFTS + 1 + number * 7919 % (MANY - DRAFTS)) for number in range(20_000)]  # none that is submitted meanwhile
    return [
        Route("validate-invitation", json.dumps({"invitationCode": CODE}), every, 200, "Valid invitation code"),
        Route("save-draft", json.dumps({"invitationCode": CODE, **typed}), [code(number) for number in range(1, TYPED + 1)], 200, "revision"),
        Route("epc-application", json.dumps({"invitationCode": CODE, **steps}), [code(number) for number in range(TYPED + 1, DRAFTS + 1)], 201, "applicationId", once=True),
    ]


def code(number: int) -> str:
    """The code of an invitation by its number, from 1."""
    return f"Q{number:07d}"


def _file(number: int) -> dict[str, Any]:
    slot = list(wanted_documents())[number]
    return {"fileName": f"{slot}.pdf", "r2Key": f"uploads/{CODE}/{slot}.pdf", "fileType": "application/pdf", "fileSize": 600}


def seeded() -> float:
    """Seconds in which the portal's rows were made: invitations that were opened, applications begun with all documents that they need."""
    original, began = partners.begun(tuple(wanted_documents())), time.perf_counter()
    with engine().begin() as connection:
        postgresql = connection.dialect.name == "postgresql"
        if postgresql:
            connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        given = {"many": MANY, "drafts": DRAFTS, "now": now().isoformat(sep=" "), "original": original.id, "who": WHO}
        for number, statement in enumerate(_statements(postgresql)):
            if postgresql and number == 2:  # drafts stand in no list; the triggers' plans, made for empty tables, would read all of them each time
                connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
            connection.execute(sa.text(statement), given)
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE" if postgresql else "ANALYZE"))
    engine().dispose()
    return time.perf_counter() - began


def _statements(postgresql: bool) -> list[str]:
    numbers = "generate_series(1, CAST(:many AS integer)) AS i" if postgresql else (
        "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many) SELECT i FROM n)"
    )
    written = "'Q' || lpad(CAST(i AS text), 7, '0')" if postgresql else "'Q' || printf('%07d', i)"
    moment = "CAST(:now AS timestamptz)" if postgresql else ":now"
    columns = [column.name for column in Application.__table__.c if column.name != "id"]  # type: ignore[attr-defined]
    chosen = ", ".join("n.code" if name == "invitation_code" else f"a.{name}" for name in columns)
    of_file = [column.name for column in Document.__table__.c if column.name not in ("id", "application_id")]  # type: ignore[attr-defined]
    own = {"r2_key": "'uploads/' || a.invitation_code || '/' || f.slot || '.pdf'", "public_id": "f.public_id || a.id", "r2_url": "f.r2_url || a.id"}
    copied = ", ".join(own.get(name, f"f.{name}") for name in of_file)
    return [
        f"CREATE TEMPORARY TABLE made AS SELECT i, {written} AS code FROM {numbers}",
        "INSERT INTO invitations (code, company_name, contact_email, contact_title, notes, status, created_at, opened_at, source, language)"
        f" SELECT code, 'Bench Solar Ltd', :who, 'Ms', 'Synced from Power Automate', 'active', {moment}, {moment}, 'sharepoint', 'en' FROM made",
        f"INSERT INTO applications ({', '.join(columns)}) SELECT {chosen} FROM applications a, made n WHERE a.id = :original AND n.i <= :drafts",
        f"INSERT INTO application_files (application_id, {', '.join(of_file)}) SELECT a.id, {copied} FROM application_files f, applications a"
        " WHERE f.application_id = :original AND a.id <> :original",
    ]  # fmt: skip
