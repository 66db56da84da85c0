"""The lines of the list of applications: what each column shows of a row, as HTML.

In Python and not in a template: a page of 50 has 500 cells, and what a template calls for each costs ten times as much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape

from models.columns import deliveries_said
from models.language import _
from models.queue import Row
from models.request import label_of
from models.review import SECTIONS
from portal import words

#: Of what is flagged, so many are named.
NAMED = 3


@dataclass(frozen=True)
class Cell:
    """What a column shows of a row, as HTML; nothing becomes a dash.

    `kind` is its class. A `rare` one is left out where it shows nothing and the screen is narrow, where `labelled` ones say their heading.
    """

    shown: Callable[[Row], str]
    kind: str = ""
    rare: bool = False
    labelled: bool = True


def lines(rows: Iterable[Row], columns: Mapping[str, str], opened: str) -> str:
    """The HTML of the table's body. `columns` follow the company: name → heading. `opened` is the query of each application's address."""
    headings = {name: escape(label) for name, label in columns.items()}
    return "".join(_line(row, headings, escape(opened)) for row in rows)


def place(row: Row) -> str:
    """Where the company works: the whole UK, or the first region and how many more."""
    if row.nationwide:
        return _("Whole UK")
    first, more = _(row.regions[0]) if row.regions else "", len(row.regions) - 1
    return _("{region} and {count} more").format(region=first, count=words.number(more)) if more > 0 else first


def _line(row: Row, headings: Mapping[str, str], opened: str) -> str:
    select = escape(_("Select {company}").format(company=words.own(row.company)))
    reference = "" if "reference" in headings else f'<small class="num">{_code(row.reference)}</small>'
    cells = "\n".join(_cell(CELLS[name], heading, row) for name, heading in headings.items())
    return f"""<tr>
<td class="tick"><label><input type="checkbox" id="tick-{row.id}" value="{row.id}"><span class="sr">{select}</span></label></td>
<td class="who"><a class="row" id="row-{row.id}" href="/review/{escape(row.reference)}?{opened}">{_own(row.company)}</a>{reference}</td>
{cells}
</tr>
"""


def _cell(cell: Cell, heading: str, row: Row) -> str:
    shown = cell.shown(row)
    kind = f' class="{cell.kind}"' if cell.kind else ""
    label = f' data-label="{heading}"' if cell.labelled else ""
    return f"<td{kind}{label}{' data-none' if cell.rare and not shown else ''}>{shown or words.DASH}</td>"


def _own(text: str) -> str:
    return f"<bdi>{escape(text)}</bdi>" if text else ""


def _code(text: str) -> str:
    return f'<bdi dir="ltr">{escape(text)}</bdi>' if text else ""


def _reviewer(row: Row) -> str:
    return _own(row.reviewer) or f'<span class="mute">{escape(_("Nobody yet"))}</span>'


def _sections(row: Row) -> str:
    whole = len(SECTIONS)
    said = escape(_("{done} of {total}").format(done=words.number(row.sections), total=words.number(whole)))
    meter = f'<span class="meter" aria-hidden="true"><i style="width:{row.sections * 100 // whole}%"></i></span>'
    return f'<span class="num sections">{meter}{said}</span>'


def _flagged(row: Row) -> str:
    named = ", ".join(escape(_(label_of(name))) for name in row.flagged[:NAMED])
    return f'<small class="block flagged">{named}{" …" if len(row.flagged) > NAMED else ""}</small>' if named else ""


def _deliveries(row: Row) -> str:
    return words.tag(deliveries_said(row), "bad" if row.failed else "warn") if row.failed or row.late else ""


CELLS: Mapping[str, Cell] = {
    "reference": Cell(lambda row: _code(row.reference), "num"),
    "status": Cell(lambda row: words.status_tag(row.status, row.decided, row.held), labelled=False),
    "submitted": Cell(lambda row: words.day_of(row.submitted_at), "num"),
    "place": Cell(lambda row: escape(place(row))),
    "capacity": Cell(lambda row: _own(_(row.capacity))),
    "reviewer": Cell(_reviewer),
    "sections": Cell(_sections),
    "flags": Cell(lambda row: words.tag(words.flags(row.flags), "warn") if row.flags else "", "marks", rare=True),
    "deliveries": Cell(_deliveries, "marks", rare=True),
    "flagged": Cell(_flagged, rare=True),
    "due": Cell(lambda row: words.day(row.due_on) if row.due_on else "", "num"),
    "expires": Cell(lambda row: words.day(row.expires_on) if row.expires_on else "", "num"),
    "contact": Cell(lambda row: _own(row.contact)),
    "email": Cell(lambda row: f'<span class="wrap">{_code(row.email) or words.DASH}</span>'),
    "trading": Cell(lambda row: _own(row.trading_name)),
    "registration": Cell(lambda row: _code(row.registration), "num"),
    "vat": Cell(lambda row: _code(row.vat_number), "num"),
    "code": Cell(lambda row: _code(row.code), "num"),
}
