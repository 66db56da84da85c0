"""The list of invitations over 100,000. `python3 dev.py bench invited [how many]`: milliseconds to look, on both databases.

Two in three are used and decided, as in a grown portal; the others stand everywhere from an email that failed to a form that was begun.
"""

from __future__ import annotations

import time

import sqlalchemy as sa
from sqlmodel import Session

from models.database import engine, now
from models.invited import look, wanted
from models.person import PORTAL
from tests.parts import environment_of, local_parts
from tests.performance.figures import taken, told
from tests.performance.queue import LOOKS, MANY, database

#: What is looked for: words, tab and page of the address.
ASKED = {
    "opens": ("", "", ""), "open, the last page": ("", "", "9999999"), "all": ("", "all", ""), "all, the last page": ("", "all", "9999999"),
    "bounced, which are few": ("", "bounced", ""), "started": ("", "started", ""), "expired": ("", "expired", ""),
    "words that a tenth has": ("roofing", "", ""), "one code": ("Q0077777", "", ""), "two letters": ("zz", "", ""),
}  # fmt: skip
TRADES = ("Solar", "Renewables", "Electrical", "Energy", "Power", "Homes", "Roofing", "Wind", "Storage", "Heat")


def main(many: str = str(MANY)) -> None:
    """Print p50 and p99 of each look, counts and rows included, after a warm one."""
    with local_parts() as local, environment_of(local.environment):
        for name in ("sqlite", "postgresql"):
            with database(local, name):
                print(f"{name}: {int(many):,} invitations entered in {seeded(int(many)):.0f} s", flush=True)
                measure()


def measure() -> None:
    """Each look on the database of the environment."""
    for name, asked in ASKED.items():
        with Session(engine()) as session:
            total = look(session, wanted(*asked)).total
            looks = taken(lambda session=session, asked=asked: look(session, wanted(*asked)), LOOKS)  # type: ignore[misc]
        print(f"  {name}: {told(looks)} ({total:,} found)", flush=True)


def seeded(many: int) -> float:
    """Seconds in which so many invitations were made, with their emails and begun forms."""
    began, moment = time.perf_counter(), now().isoformat(sep=" ")
    with engine().begin() as connection:
        postgresql = connection.dialect.name == "postgresql"
        if postgresql:
            connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        for statement in _statements(postgresql):
            connection.execute(sa.text(statement), {"many": many, "now": moment, "actor": PORTAL.name})
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE" if postgresql else "ANALYZE"))
    return time.perf_counter() - began


def _statements(postgresql: bool) -> list[str]:
    trade = "CASE i % 10 " + " ".join(f"WHEN {number} THEN '{word}'" for number, word in enumerate(TRADES)) + " END"
    numbers = "generate_series(1, CAST(:many AS integer)) AS i" if postgresql else (
        "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many) SELECT i FROM n)"
    )
    code = "'Q' || lpad(CAST(i AS text), 7, '0')" if postgresql else "'Q' || printf('%07d', i)"
    moment = "CAST(:now AS timestamptz)" if postgresql else ":now"
    later = f"{moment} + interval '30 days'" if postgresql else "strftime('%Y-%m-%d %H:%M:%f000', :now, '+30 days')"
    return [
        f"CREATE TEMPORARY TABLE made AS SELECT i, {code} AS code, {trade} || ' ' || i || ' Ltd' AS company FROM {numbers}",
        "INSERT INTO invitations (code, company_name, contact_email, status, created_at, expires_at, source, language) SELECT code, company,"
        " 'person' || i || '@firm' || i || '.example', CASE WHEN i % 3 > 0 THEN 'used' WHEN i % 33 = 0 THEN 'revoked' ELSE 'active' END,"
        f" {moment}, CASE WHEN i % 15 = 0 THEN {moment} ELSE {later} END, 'sharepoint', 'en' FROM made",
        "INSERT INTO events (type, at, actor, actor_kind, invitation_id, detail)"
        f" SELECT 'invitation.created', {moment}, :actor, 'system', id, '{{}}' FROM invitations",
        "INSERT INTO deliveries (event_id, target, lane, state, attempts, due_at, invitation_id) SELECT e.id, t.target, t.target || e.id,"
        f" CASE WHEN e.invitation_id % 2001 = 0 THEN 'failed' ELSE 'done' END, 1, {moment}, e.invitation_id"
        " FROM events e CROSS JOIN (SELECT 'email.invitation' AS target UNION SELECT 'sharepoint.invitation') t",
        f"UPDATE deliveries SET returned_at = {moment} WHERE state = 'failed' AND invitation_id % 4002 = 0 AND target = 'email.invitation'",
        "INSERT INTO draft_data (invitation_code, step_number, form_data, last_updated, revision, sequences)"
        f" SELECT code, 1, '{{}}', {moment}, 1, '{{}}' FROM invitations WHERE id % 7 = 0",
        f"UPDATE invitations SET opened_at = {moment} WHERE id % 2 = 0",
    ]  # fmt: skip
