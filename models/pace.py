"""How many mails may leave now: so many a minute from the sender's mailbox, over all workers, and through Graph so many a day.

What has left is counted in the deliveries themselves (models/delivery.py), so that all workers see the same, after a restart too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from models.database import one_at_a_time
from models.settings import settings

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
#: Recipients a day that one mailbox of Exchange Online may write to (FACTS 13); each of our mails has one.
GRAPH_A_DAY = 10_000
#: Somebody sits before a screen until these arrive: a fifth of each minute is kept for them.
URGENT = ("email.confirmation", "email.device")


@dataclass
class Pace:
    """How many mails may still be claimed now, and how many of those are kept for the urgent ones; None where nothing limits them."""

    left: int | None = None
    kept: int = 0

    @property
    def barred(self) -> list[str]:
        """The targets and systems of which none may be claimed now, but for URGENT while there is room for those."""
        return ["email"] if self.left is not None and self.left <= self.kept else []

    @property
    def let_through(self) -> tuple[str, ...]:
        """The targets that are claimed although their system is barred."""
        return URGENT if self.left is not None and self.left > 0 else ()

    def takes(self, target: str) -> bool:
        """Whether one more of this target may be claimed; then it is counted."""
        if self.left is None or not target.startswith("email."):
            return True
        if self.left <= (0 if target in URGENT else self.kept):
            return False
        self.left -= 1
        return True


def pace(session: Session, deliveries: Any, moment: datetime) -> Pace:
    """The pace of mails as it is at `moment`, given the table of deliveries. One worker at a time asks, until its transaction ends."""
    limit, by_graph = settings().mail_per_minute, settings().mail_transport == "graph"
    if not limit and not by_graph:
        return Pace()
    one_at_a_time(session, "mail pace")
    alive = sa.and_(deliveries.state == "running", deliveries.lease_until >= moment)  # a dead worker's mails must not bar themselves
    running = sa.and_(alive, deliveries.target.startswith("email."), deliveries.begun_at.is_(None))
    taken = session.execute(sa.select(sa.func.count()).select_from(deliveries).where(running)).scalar_one()
    limits = [(limit, MINUTE)] * bool(limit) + [(GRAPH_A_DAY, DAY)] * by_graph
    left = min(most - taken - _begun(session, deliveries, moment - span) for most, span in limits)
    return Pace(max(0, left), limit // 5)


def _begun(session: Session, deliveries: Any, since: datetime) -> int:
    return int(session.execute(sa.select(sa.func.count()).select_from(deliveries).where(deliveries.begun_at > since)).scalar_one())
