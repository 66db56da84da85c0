"""Applications as a table to take away: every column of the row, under the questions' labels, typed, in CSV or for Excel.

What is looked for is settled once, as ids; the rows are then read in chunks, each for itself. A cursor that stays open as long as
somebody's line takes would hold a connection of the pool meanwhile, and keep SQLite from folding its log in.
"""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col

from models import columns
from models.application import Application, ApplicationStatus
from models.columns import decided_said
from models.decision import WAITING, Decision
from models.event import Event, record
from models.language import _
from models.person import Actor, Right
from models.queue import rows_of
from models.steps import QUESTIONS

CHUNK = 500
#: A text that begins so is a formula to a spreadsheet, the wide forms of East Asian keyboards too (OWASP, "CSV Injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for the machine's own old encoding

Cell = str | int | Decimal | date | datetime | None
Row = Sequence[Cell]


@dataclass(frozen=True)
class Column:
    """One column: its name in the database, its heading in English, and how a value becomes a cell."""

    name: str
    label: str
    cell: Callable[[Any], Cell]


def find(session: Session, actor: Actor, wanted: Any) -> Sequence[int]:
    """The ids that `wanted`, a select of applications' ids, finds, in its order: 8 bytes each. Forbidden without the right to read."""
    actor.must(Right.READ)
    return array("q", session.scalars(wanted.execution_options(yield_per=10_000)))


def exported(session: Session, actor: Actor, form: str, count: int) -> Event:
    """Record that somebody takes `count` applications away, as csv or xlsx."""
    actor.must(Right.READ)
    return record(session, "applications.exported", actor, form=form, count=count)


def headings(shown: Sequence[str] = ()) -> list[str]:
    """The table's first line, in the spoken language: of every column, or of those that the list shows."""
    return [_(column.label) for column in (_listed(shown).values() if shown else COLUMNS)]


def rows(session: Session, ids: Sequence[int], zone: ZoneInfo) -> list[Row]:
    """The rows of a few applications, in the order of `ids`; moments as they are in `zone`. What has been erased since, and drafts,
    which are the partner's own until they send them, are left out."""
    table = sa.inspect(Application).local_table.c
    wanted = sa.select(*(table[column.name] for column in COLUMNS)).where(col(Application.id).in_(ids))
    found = {row[_ID]: row for row in session.execute(wanted.where(col(Application.status) != ApplicationStatus.DRAFT))}
    waiting = sa.select(col(Decision.application_id), col(Decision.held_at)).where(*WAITING, col(Decision.application_id).in_(ids))
    decided = {number: decided_said(held=held is not None) for number, held in session.execute(waiting)}
    return [_row(found[number], zone, decided.get(number)) for number in ids if number in found]


def rows_shown(session: Session, ids: Sequence[int], shown: Sequence[str], zone: ZoneInfo) -> list[Row]:
    """The rows of a few applications as the list shows them, with these of its columns after company and reference."""
    listed = _listed(shown).values()
    return [[_there(column.cell(row), zone) for column in listed] for row in rows_of(session, ids)]


def as_csv(header: Sequence[str], batches: Iterable[Sequence[Row]]) -> Iterator[bytes]:
    """The table as CSV for Excel: UTF-8 with a mark, CRLF, texts in quotes; one piece of bytes for the header and for each batch."""
    yield BYTE_ORDER_MARK.encode() + _lines([header])
    for batch in batches:
        yield _lines(batch)


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _lines(batch: Iterable[Row]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n").writerows([_plain(cell) for cell in row] for row in batch)
    return written.getvalue().encode("utf-8", "replace")


def _plain(cell: Cell) -> str | int | Decimal:
    """A cell as CSV has it: numbers bare, days and moments in the one order that every program reads."""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, date):
        return cell.isoformat()
    return harmless(cell or "") if isinstance(cell, str | None) else cell


def _row(values: Sequence[Any], zone: ZoneInfo, decided: str | None) -> Row:
    cells = [column.cell(value) for column, value in zip(COLUMNS, values, strict=True)]
    cells[_STATUS] = decided or cells[_STATUS]
    return [_there(cell, zone) for cell in cells]


def _there(cell: Cell, zone: ZoneInfo) -> Cell:
    return cell.astimezone(zone).replace(tzinfo=None) if isinstance(cell, datetime) else cell or None if isinstance(cell, str) else cell


def _listed(shown: Sequence[str]) -> dict[str, columns.Column]:
    """The company stands before the columns, and the reference below it, as on the screen."""
    return {"company": columns.COMPANY, **{name: columns.COLUMNS[name] for name in ("reference", *shown)}}


def _answer(show: Callable[[Any], str]) -> Callable[[Any], Cell]:
    """Numbers and days stay what they are; Yes and No, choices and lists are what people read."""

    def cell(value: Any) -> Cell:
        if isinstance(value, Decimal):
            return Decimal(f"{value.normalize():f}")  # the database keeps 2.5 as 2.500
        is_typed = isinstance(value, int | date) and not isinstance(value, bool)
        return value if is_typed else show(value) or None

    return cell


def _status(value: str) -> str:
    return _(ApplicationStatus(value).desk_label)


def _same(value: Any) -> Cell:
    found: Cell = value
    return found


COLUMNS: tuple[Column, ...] = (
    Column("reference_number", "Reference number", _same),
    Column("status", "Status", _status),
    Column("submitted_at", "Submitted", _same),
    *(Column(question.name, question.label, _answer(question.kind.show)) for question in QUESTIONS.values()),
    Column("invitation_code", "Invitation code", _same),
    Column("form_version", "Edition of the form", _same),
    Column("created_at", "Begun", _same),
    Column("updated_at", "Last changed", _same),
    Column("id", "Number in the portal", _same),
)
_ID, _STATUS = len(COLUMNS) - 1, 1
