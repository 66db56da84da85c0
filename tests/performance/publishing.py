"""How fast what happens here stands in SharePoint, with nothing wrong: `python3 dev.py bench publishing [applications] [outage] [databases]`.

From a submission to its item and its documents, one after the other as partners come; then what an hour's outage has left; then the nightly
comparison. The worker is the product's own process, the local Graph another, which checks every request against the contract: its share is
measured too. A real site takes about 1,000 units a minute (FACTS 6), which then decides: 10,000 items are 20,000 units, 20 minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import requests
import sqlalchemy as sa
from sqlmodel import col, func, select

from integrations.local.parts import ROOT
from integrations.queue import connection
from models.database import after_commit, now, reading, transaction
from models.delivery import OPEN, Delivery
from models.event import Event, record
from models.invitation import Invitation
from models.list_item import ListItem
from models.person import PORTAL
from models.settings import settings
from portal.nudge import nudge
from tests.partners import submitted
from tests.parts import Local, environment_of, eventually, local_parts
from tests.performance.figures import told
from tests.performance.queue import database
from worker.reconcile import reconcile

APART = 0.25  # seconds between two submissions


def main(applications: str = "100", outage: str = "10000", databases: str = "sqlite,postgresql") -> None:
    """Print the figures on each database."""
    for name in databases.split(","):
        with local_parts() as local, environment_of(local.environment):
            for part in ("redis", "graph", "mailbox"):
                local.part(part)
            _ = local.s3, local.lists
            with database(local, name):
                _submissions(local, name, int(applications))
                _after_an_outage(local, name, int(outage))
                _compared(name)


def _submissions(local: Local, name: str, many: int) -> None:
    after_commit(nudge)
    with worker(local) as process:
        eventually(lambda: connection().exists("rq:workers"), 60)  # it has started, and listens
        for _ in range(many):
            submitted()
            time.sleep(APART)
        eventually(lambda: _all_is_there(process), 300)
    for target, what in (("sharepoint.application", "its item"), ("sharepoint.documents", "its three documents")):
        print(f"{name}: {many} submissions, from the submission to {what}: {told(_taken(target))}", flush=True)


def _taken(target: str) -> list[float]:
    with reading() as session:
        joined = select(Event.at, Delivery.done_at).join(Delivery, col(Delivery.event_id) == col(Event.id))
        rows = session.exec(joined.where(Delivery.target == target)).all()
    return sorted((done - at).total_seconds() * 1000 for at, done in rows if done)


def _after_an_outage(local: Local, name: str, many: int) -> None:
    """So many invitations were made in an hour in which nobody could be reached."""
    _enter(many)
    began = time.monotonic()
    with worker(local) as process:
        eventually(lambda: _all_is_there(process), 7200)
    took = time.monotonic() - began
    alone = _stand_in()
    print(f"{name}: {many:,} due after an hour's outage, delivered in {took:.0f} s by one worker from its start ({many / took:,.0f} a second; "
          f"the local Graph alone makes {alone:,.0f} items a second)", flush=True)  # fmt: skip
    with reading() as session:
        there = session.exec(select(func.count()).select_from(ListItem).where(col(ListItem.invitation_id).is_not(None))).one()
        assert there >= many, f"{there} of {many} have an item"


def _enter(many: int) -> None:
    """The rows as the verbs would have left them, with a delivery each that has waited for an hour."""
    moment = now() - timedelta(hours=1)
    with transaction() as session:
        first = (session.exec(select(func.max(Invitation.id))).one() or 0) + 1
        people = [{"id": first + i, "code": f"W{i:07}", "company_name": f"Waiting {i} Ltd", "contact_email": f"w{i}@waiting.example",
                   "status": "active", "created_at": moment, "expires_at": moment + timedelta(days=30), "source": "portal", "language": "en"}
                  for i in range(many)]  # fmt: skip
        session.execute(sa.insert(Invitation), people)
        event = record(session, "invitation.noticed", PORTAL)
        rows = [{"event_id": event.id, "target": "sharepoint.invitation", "lane": f"sharepoint:invitation-{one['id']}", "state": "waiting",
                 "attempts": 0, "due_at": moment, "request_id": "", "invitation_id": one["id"]} for one in people]  # fmt: skip
        session.execute(sa.insert(Delivery), rows)
        if session.get_bind().dialect.name == "postgresql":
            session.execute(sa.text("SELECT setval('invitations_id_seq', (SELECT max(id) FROM invitations))"))


def _stand_in() -> float:
    """Items a second that the local Graph makes where nobody does anything else: the most that any worker could reach here."""
    from integrations.graph import graph
    from integrations.sharepoint import list_id

    site = f"/sites/{settings().sharepoint_site}"
    path = f"{site}/lists/{list_id(graph(), site, settings().sharepoint_invitations_list)}/items"
    began, many = time.monotonic(), 200
    for start in range(0, many, 20):
        calls = [{"id": str(i), "method": "POST", "url": path, "headers": {"Content-Type": "application/json"},
                  "body": {"fields": {"InvitationCode": f"ALONE{start + i}", "Title": "Alone"}}} for i in range(20)]  # fmt: skip
        graph().send("POST", "/$batch", {"requests": calls})
    took = time.monotonic() - began
    for number in range(many):
        _forgotten(f"ALONE{number}")
    return many / took


def _forgotten(code: str) -> None:
    from integrations.sharepoint import sharepoint

    name = settings().sharepoint_invitations_list
    if found := sharepoint().find_item(name, "InvitationCode", code):
        told = {"list": name, "item": found.id, "fields": None, "name": "", "email": ""}
        requests.post(settings().graph_url.removesuffix("/v1.0") + "/_edit", json=told, timeout=30).raise_for_status()


def _compared(name: str) -> None:
    began = time.monotonic()
    found = reconcile(dry_run=True)
    took = time.monotonic() - began
    print(f"{name}: {found.seen:,} items compared with the portal in {took:.1f} s; {len(found.again) + len(found.repaired)} to put right", flush=True)


@contextmanager
def worker(local: Local) -> Iterator[subprocess.Popen[bytes]]:
    """The product's worker, with its usual settings."""
    environment = {**os.environ, **local.environment, "DATABASE_URL": settings().database_url, "LOG_LEVEL": "ERROR"}
    process = subprocess.Popen([sys.executable, "-m", "worker"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _all_is_there(process: subprocess.Popen[bytes]) -> bool:
    """Nothing is left to deliver; fails where nobody is there who could."""
    assert process.poll() is None, f"the worker ended with {process.returncode}"
    with reading() as session:
        return not session.exec(select(func.count()).select_from(Delivery).where(col(Delivery.state).in_(OPEN))).one()
