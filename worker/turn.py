"""Work that one of all workers does, now and then: the lease is in the database (FACTS 30)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from models.database import now, transaction
from models.schedule import rest, take


def in_turn(name: str, holder: str, longest: timedelta, work: Callable[[], datetime]) -> bool:
    """Do `work`, unless another has it or it is not due yet; it answers when it is due again. Whether it was this holder who did it.

    Whoever dies meanwhile keeps the others away for `longest`.
    """
    with transaction() as session:
        if not take(session, name, holder, now() + longest):
            return False
    again = work()
    with transaction() as session:
        rest(session, name, holder, again)
    return True
