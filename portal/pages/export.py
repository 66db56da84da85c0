"""Tables that staff take away: the applications that the list shows, as CSV or for Excel, streamed while they are read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Literal

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse
from sqlmodel import Session, col

from models import export, person, queue
from models.assignment import MOST
from models.columns import columns_of
from models.database import now, reading
from models.errors import Invalid
from models.export import CHUNK, Row, as_csv
from models.language import _, shown_number, spoken
from models.looked import ALL, Looked, looked
from models.person import Actor, Right
from models.queue_entry import QueueEntry
from models.workbook import MEDIA_TYPE, MOST_ROWS, as_xlsx
from portal import auth, staff
from portal.words import OFFICE

CSV, XLSX = "csv", "xlsx"
MEDIA = {CSV: "text/csv; charset=utf-8", XLSX: MEDIA_TYPE}
AT_ONCE = 1  # chunks that are written at a time, of however many tables: whoever reviews or types shares the core with them


def install(app: FastAPI) -> None:
    """A plain route, beside the list whose query it takes."""
    app.add_api_route("/review/export.{form}", applications, methods=["GET", "POST"], include_in_schema=False)


async def applications(request: Request, form: Literal["csv", "xlsx"]) -> Response:
    """The applications that the list of this address finds, or of a form that names some in `only` those, in the list's order.

    `shown` in the address names the columns; without it there is every column. Each download leaves an event.
    """
    if request.method == "POST":
        auth.refuse_other_sites(request)
    desk, asked = staff.at_desk(request), dict(request.query_params)
    only = str((await request.form()).get("only", "")) if request.method == "POST" else None
    ids = await desk.read(Right.READ, lambda session, actor: _found(session, actor, asked, only))
    if form == XLSX and len(ids) > MOST_ROWS:
        said = _("Excel takes {most} applications at most. Narrow the list down, or take it as CSV.")
        raise Invalid(said.format(most=shown_number(MOST_ROWS)))
    await desk.change(lambda session, actor: export.exported(session, actor, form, len(ids)))
    shown = columns_of(asked.get("shown", ""))
    batches = _batches(desk.token, ids, shown)
    return download("applications", form, _("Applications"), export.headings(shown), batches, len(ids))


def address(listed: str, form: str) -> str:
    """Where the list of applications with the address `listed` ("/review?q=solar") is taken away."""
    return listed.replace("/review", f"/review/export.{form}", 1)


def download(
    name: str, form: str, title: str, header: Sequence[str], batches: Iterable[Sequence[Row]], height: int = 0
) -> StreamingResponse:
    """A table as a file of either form, `height` rows under the header; nothing of it is kept, and it ends with the connection."""
    parts = as_xlsx(title, header, batches, height, rtl=spoken().direction == "rtl") if form == XLSX else as_csv(header, batches)
    file_name = f"{name}-{now().astimezone(OFFICE):%Y-%m-%d}.{form}"
    headers = {"content-disposition": f'attachment; filename="{file_name}"', "cache-control": "no-store"}
    return StreamingResponse(_in_turn(parts), media_type=MEDIA[form], headers=headers)


async def _in_turn(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Each piece is made on a thread, when the browser has taken the one before."""
    while (piece := await to_thread.run_sync(next, parts, None, limiter=_turns())) is not None:
        if piece:  # what is compressed comes when there is enough of it
            yield piece


def _batches(token: str, ids: Sequence[int], shown: Sequence[str] = ()) -> Iterator[list[Row]]:
    """Whoever is cut off meanwhile gets no further row: the token is looked at with each chunk."""
    for start in range(0, len(ids), CHUNK):
        with reading() as session:
            person.actor_of(session, token).must(Right.READ)
            chunk = ids[start : start + CHUNK]
            found = export.rows_shown(session, chunk, shown, OFFICE) if shown else export.rows(session, chunk, OFFICE)
        yield found


def _found(session: Session, actor: Actor, asked: Mapping[str, str], only: str | None) -> Sequence[int]:
    """What is named was selected, wherever it stands by now: a colleague may have moved it out of the view meanwhile."""
    if only is None:
        return export.find(session, actor, queue.ids(session, looked(asked, actor.user_id)))
    numbers = [int(one) for one in only.split(",")[:MOST] if one.isascii() and one.isdigit() and len(one) < 10]
    wanted = queue.ids(session, Looked(view=ALL, sort=looked(asked).sort))
    return export.find(session, actor, wanted.where(col(QueueEntry.application_id).in_(numbers)))


@cache
def _turns() -> CapacityLimiter:
    return CapacityLimiter(AT_ONCE)
