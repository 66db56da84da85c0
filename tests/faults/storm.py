"""What goes wrong outside, by a seed: each kind at least once, then at random, until the storm is told to end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

import requests
from sqlmodel import col, select

from models.database import now, reading
from models.list_item import ListItem
from models.settings import settings
from tests.faults.partners import Partners
from tests.faults.proxy import Proxy, Trouble
from tests.faults.workers import Workers, emptied
from tests.parts import Graph, Local, Mailbox

SILENT = 5.0  # seconds; longer than the hurried workers wait for an answer
#: A column of the list that is renamed for a while: without it no application can be written.
COLUMN, RENAMED = "Quality_Procedure_Evidence", "Quality_Procedures"


@dataclass
class Storm:
    """The source of all faults, with the count of each kind."""

    local: Local
    graph: Graph
    mailbox: Mailbox
    workers: Workers
    partners: Partners
    to_store: Proxy
    to_mail: Proxy
    chance: Random
    pause: float = 0.3
    done: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)
    failed: list[str] = field(default_factory=list)
    unmet: int = 0

    def blow(self) -> None:
        """All kinds once in any order, then one after the other by their weight, until `over`."""
        kinds = self._kinds()
        first = self.chance.sample(sorted(kinds), len(kinds))
        weighted = [name for name in sorted(kinds) for _ in range(kinds[name][0])]
        while first or not self.over.is_set():
            name = first.pop() if first else self.chance.choice(weighted)
            try:
                self.done[name] += kinds[name][1]() or 1
            except Exception as error:  # the bench's own failure must be seen at its end
                self.failed.append(f"{name}: {error!r}")
            time.sleep(self.pause * self.chance.random() * 2)

    def calm(self) -> int:
        """Everything outside is well again; answers how many of the faults met nobody."""
        left = sum(fault["times"] for url in (self.graph.url, self.mailbox.url) for fault in requests.get(f"{url}/_faults", timeout=30).json())
        self.graph.behave()
        self.mailbox.behave()
        left += len(self.to_store.coming) + len(self.to_mail.coming)
        self.to_store.calm()
        self.to_mail.calm()
        return left

    def _kinds(self) -> dict[str, tuple[int, Callable[[], int | None]]]:
        """Name → weight, and what is done; it answers how many, where it is not one."""
        return {
            "Graph answers 429 with Retry-After": (4, lambda: self._graph(429, self.chance.randint(2, 12), retry_after=1)),
            "Graph answers 503": (4, lambda: self._graph(503, self.chance.randint(1, 8))),
            "Graph answers 507, its disk is full": (1, lambda: self._graph(507, 1, path="content$")),
            "Graph answers 412": (3, lambda: self._graph(412, 2, method="PATCH")),
            "Graph has done it, and the connection breaks": (4, lambda: self._graph(0, 2, after=True, method=self._writes())),
            "Graph has done it, and does not answer in time": (3, lambda: self._graph(503, 1, after=True, hang=SILENT, method=self._writes())),
            "Graph does it after we have given up": (3, lambda: self._graph(503, 1, after=True, delay=SILENT, method=self._writes())),
            "an upload session's connection breaks": (2, lambda: self._graph(0, 1, path="^/_upload/", after=self.chance.random() < 0.5)),
            "the delta link is not known any more (410)": (2, lambda: self._graph(410, 1, path="/delta$")),
            "Graph's token expires": (2, self.graph.revoke_tokens),
            "a person edits an item, so that its eTag is another": (4, self._edited),
            "a person deletes an item": (2, self._deleted),
            "a person renames a column, and names it back": (1, self._renamed),
            "a notification comes twice": (2, self._notified),
            "SMTP answers 451 to a recipient": (3, lambda: self._mail(451, "RCPT")),
            "SMTP answers 452, its disk is full": (2, lambda: self._mail(452, "DATA")),
            "an SMTP connection is reset": (3, lambda: self.to_mail.coming.append(Trouble(self.chance.randint(0, 4000), self.chance.random() < 0.7))),
            "an SMTP connection is silent": (1, lambda: self.to_mail.coming.append(Trouble(seconds=SILENT))),
            "a connection to the store is reset": (3, lambda: self.to_store.coming.append(Trouble(self.chance.randint(0, 3000), self.chance.random() < 0.4))),
            "a connection to the store is silent": (1, lambda: self.to_store.coming.append(Trouble(seconds=SILENT))),
            "the worker's disk is full": (1, lambda: self.workers.full_disk(0.7)),
            "Redis is killed, emptied and started": (1, self._redis),
            "a worker is killed": (3, lambda: self.workers.kill(self.chance.randint(0, 9))),
        }  # fmt: skip

    def _graph(self, status: int, times: int, **more: object) -> int:
        self.graph.misbehave(status, times=times, **{"path": "(items|content)", **more})  # type: ignore[arg-type]
        return times

    def _mail(self, status: int, command: str) -> None:
        self.mailbox.misbehave(status, method=command)

    def _writes(self) -> str:
        return self.chance.choice(("POST", "PATCH", "PUT"))

    def _edited(self) -> None:
        """A column of the list of applications that is none of ours."""
        found = self._somebodys()
        if found and found[0] == settings().sharepoint_applications_list:
            with suppress(requests.HTTPError):  # somebody deleted it
                self.graph.edit(*found, Title=f"Seen at {now():%H:%M:%S}")

    def _deleted(self) -> None:
        if found := self._somebodys():
            with suppress(requests.HTTPError):
                self.graph.delete(*found)

    def _somebodys(self) -> tuple[str, str] | None:
        """The list and the number of an item that we know, at random."""
        with reading() as session:
            rows = session.exec(select(ListItem.item_id, ListItem.application_id).order_by(col(ListItem.id))).all()
        if not rows:
            return None
        item, application = self.chance.choice(rows)
        return (settings().sharepoint_applications_list if application else settings().sharepoint_invitations_list), item

    def _renamed(self) -> None:
        self.graph.rename(settings().sharepoint_applications_list, COLUMN, RENAMED)
        time.sleep(1.5)
        self.graph.rename(settings().sharepoint_applications_list, RENAMED, COLUMN)

    def _notified(self) -> int:
        told = {"value": [{"subscriptionId": "one", "clientState": settings().graph_notification_secret.get_secret_value()}] * 2}
        return sum(self.partners.client.post("/api/graph-notifications", json=told).status_code == 202 for _ in range(2))

    def _redis(self) -> None:
        part = self.local.outside.parts["redis"]
        part.kill()
        emptied(self.local.outside.folder / "redis")
        part.start().wait()
