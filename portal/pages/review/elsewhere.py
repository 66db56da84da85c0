"""Who has an application open at the other processes of the portal: each tells the others over Redis, which they share.

Freshness alone, as in here.py: while Redis is away a process knows of its own pages only, and nothing is kept for longer than STALE.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from redis import RedisError

from integrations.queue import connection

#: Seconds after which a process that says nothing more has ended, and seconds that Redis may take.
STALE, PATIENCE = 20, 1.0
ME = uuid.uuid4().hex


class Visitor(NamedTuple):
    """Somebody who has an application open, and since when."""

    user_id: int | None
    name: str
    since: datetime


def exchange(ours: Mapping[int, Sequence[Visitor]], left: Iterable[int]) -> dict[int, list[Visitor]]:
    """Tell who is here, by application, and hear who is elsewhere; `left` are those that nobody has open here any more. Never raises."""
    try:
        return _exchanged(ours, left)
    except (RedisError, ValueError):  # nobody is known to be elsewhere then; that Redis is away says who needs it (portal/nudge.py)
        return {}


def _exchanged(ours: Mapping[int, Sequence[Visitor]], left: Iterable[int]) -> dict[int, list[Visitor]]:
    pipe = connection(PATIENCE).pipeline(transaction=False)
    gone = [_key(application) for application in left]
    for key in gone:
        pipe.hdel(key, ME)
    for application, visitors in ours.items():
        told = [[one.user_id, one.name, one.since.isoformat()] for one in visitors]
        pipe.hset(_key(application), ME, json.dumps([time.time() + STALE, told]))
        pipe.expire(_key(application), STALE)
        pipe.hgetall(_key(application))
    held = pipe.execute()[len(gone) :][2::3]  # of three answers each the last
    return {application: _elsewhere(found) for application, found in zip(ours, held, strict=True)}


def _elsewhere(found: Mapping[bytes, bytes]) -> list[Visitor]:
    said = [json.loads(told) for process, told in found.items() if process.decode() != ME]
    living = [visitors for until, visitors in said if until > time.time()]
    return [Visitor(number, name, datetime.fromisoformat(since)) for visitors in living for number, name, since in visitors]


def _key(application: int) -> str:
    return f"present:{application}"
