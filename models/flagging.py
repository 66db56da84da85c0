"""What each application is flagged for, kept in its entry of the queue, so that the list counts and filters by it.

The flags themselves are models/flags.py's. They change with the answers and documents, which triggers tell (migration 0007), with the
calendar, for which each entry knows the first day on which they may be others, and with the rules, whose print each entry carries.
So whatever is out of date can be found, in chunks, and a run that is killed goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models import flags as flags_module
from models import rules as rules_module
from models.database import now
from models.document import Document, DocumentState, stored
from models.flags import SIGNS, Flag, Held, flags
from models.language import speaking
from models.queue_entry import QueueEntry
from models.rules import EXPIRES_SOON, EXPIRY_DAYS, POLICY_DAYS
from models.settings import settings
from models.slots import SLOTS, a_year_after
from models.steps import QUESTIONS, STEPS

if TYPE_CHECKING:  # an application is flagged when it is sent
    from models.application import Application

#: What can be flagged, by section: questions, and documents.
FLAGGABLE: Mapping[str, tuple[str, ...]] = {
    **{step.name: tuple(dict.fromkeys(sign.field for sign in SIGNS if QUESTIONS[sign.field].step == step.number)) for step in STEPS},
    "documents": tuple(SLOTS),
}
NEVER = date(9999, 12, 31)


def flag(session: Session, application: Application) -> None:
    """Keep what the application is flagged for as it stands now; nothing for a draft, which has no entry."""
    session.flush()
    if entry := session.get(QueueEntry, application.id, populate_existing=True):
        _keep(entry, application.answers(), stored(session, application.id))
        session.add(entry)


def refresh(session: Session, limit: int, *, all_rules: bool = False, failed: Callable[[int, Exception], None]) -> int:
    """Look at up to `limit` entries whose flags may be out of date; answers how many there were.

    `all_rules` also finds those that were looked at by other rules: an earlier release's, or other minimums in the settings. One that
    nothing can be made of keeps its flags until tomorrow, and `failed` hears of it, with the application's id.
    """
    entries = _outdated(session, limit, all_rules)
    answers, documents = _answers(session, entries), _documents(session, entries)
    for entry in entries:
        try:
            _keep(entry, answers.get(entry.application_id, {}), documents.get(entry.application_id, []))
        except Exception as error:  # the others are still to be looked at
            failed(entry.application_id, error)
            entry.flags_until, entry.flags_by = now().date() + timedelta(days=1), rules()
        session.add(entry)
    return len(entries)


def until(values: Mapping[str, Any], files: Sequence[Held], today: date) -> date:
    """The first day after `today` on which the calendar alone may raise another flag on these answers and documents."""
    return min((day for day in _turns(values, files) if day > today), default=NEVER)


def rules() -> str:
    """A print of what flags are raised by: another release's code or other minimums in the settings have another."""
    return _print_of(settings().public_liability_minimum, settings().professional_indemnity_minimum)


@cache
def _print_of(*minimums: int) -> str:
    parts = [inspect.getsource(flags_module), inspect.getsource(rules_module), str(minimums)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _keep(entry: QueueEntry, values: Mapping[str, Any], files: Sequence[Held]) -> None:
    today = now().date()
    with speaking("en"):  # only the names are kept
        raised: list[Flag] = flags(values, today, settings(), files)
    next_turn = until(values, files, today)
    entry.flags, entry.flagged = len(raised), json.dumps(list(dict.fromkeys(one.field for one in raised)))
    entry.flags_until, entry.flags_by = next_turn, rules()


def _turns(values: Mapping[str, Any], files: Iterable[Held]) -> Iterator[date]:
    ends = [*(values.get(name) for name in EXPIRY_DAYS), *(held.expiry_date for held in files)]
    yield from (day for end in ends if end for day in (end - EXPIRES_SOON, end))
    signed = (values.get(name) for name in POLICY_DAYS)
    yield from (a_year_after(day) + timedelta(days=1) for day in signed if day)


def _outdated(session: Session, limit: int, all_rules: bool) -> list[QueueEntry]:
    """Locked; what another worker or a submission has in hand is left to it."""
    day_has_come = col(QueueEntry.flags_until) <= now().date()
    which = sa.or_(day_has_come, col(QueueEntry.flags_by) != rules()) if all_rules else day_has_come
    wanted = select(QueueEntry).where(which).limit(limit).with_for_update(skip_locked=True)
    return list(session.exec(wanted))


def _answers(session: Session, entries: Sequence[QueueEntry]) -> dict[int, dict[str, Any]]:
    """As values alone: objects of so wide a row take twice as long."""
    from models.application import Application

    columns = (getattr(Application, name) for name in QUESTIONS)
    wanted = sa.select(col(Application.id), *columns).where(col(Application.id).in_([one.application_id for one in entries]))
    return {row[0]: dict(zip(QUESTIONS, row[1:], strict=True)) for row in session.execute(wanted)}


def _documents(session: Session, entries: Sequence[QueueEntry]) -> dict[int, list[Held]]:
    held: dict[int, list[Held]] = {}
    wanted = sa.select(*(getattr(Document, name) for name in ("application_id", "slot", "file_name", "sha256", "expiry_date")))
    ours = col(Document.application_id).in_([one.application_id for one in entries])
    for one in session.execute(wanted.where(ours, col(Document.state) == DocumentState.STORED).order_by(col(Document.id))):
        held.setdefault(one.application_id, []).append(one)
    return held
