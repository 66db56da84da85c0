"""A table for Excel, sent row by row while it is read.

openpyxl makes the workbook around it: styles, headings, the filter. Its own rows, and XlsxWriter's, are in a temporary file until the
last one is written; for 100,000 applications that takes minutes, and a host waits 30 s for the first byte (FACTS 38). So the rows are
written here, into a ZIP that is never rewound.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from models.export import FORMULA, Cell, Row

#: Without ZIP64, which Excel does not open when it is streamed, a sheet has 2 GiB before it is compressed: 300,000 applications.
MOST_ROWS = 200_000
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEET = "xl/worksheets/sheet1.xml"
LONGEST = 32_000  # characters: Excel refuses a workbook with a cell of more than 32,767
QUICK = 1  # of zlib's levels: half the time of the usual one for a file a fifth larger
ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 — Excel counts days from here, and knows no zones
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_LIKE_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")  # Excel would read "_x0041_" as "A"


def as_xlsx(title: str, header: Sequence[str], batches: Iterable[Sequence[Row]], height: int, *, rtl: bool = False) -> Iterator[bytes]:
    """The workbook in pieces of bytes: what comes before the rows, each batch, the end. `height` is how many rows there will be.

    A text that looks like a formula is kept as a text, marked as Excel itself marks what was typed after an apostrophe.
    """
    frame = _frame(title, header, height, rtl)
    sink, number = _Sink(), 1
    with ZipFile(sink, "w", ZIP_DEFLATED, compresslevel=QUICK) as archive:
        for name, content in frame.others.items():
            archive.writestr(name, content)
        with archive.open(SHEET, "w") as sheet:
            sheet.write(frame.before)
            yield sink.taken()
            for batch in batches:
                sheet.write("".join(_row(row, number + place, frame) for place, row in enumerate(batch, 1)).encode())
                number += len(batch)
                yield sink.taken()
            sheet.write(frame.after)
    yield sink.taken()


class _Sink(io.RawIOBase):
    """Takes what the ZIP writes and hands it on; it cannot be rewound, so the ZIP says the lengths afterwards."""

    def __init__(self) -> None:
        self.held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, piece: object) -> int:
        view = memoryview(piece)  # type: ignore[arg-type]  # whatever has bytes: that is what the archive hands over
        self.held += view
        return view.nbytes

    def taken(self) -> bytes:
        """What was written since the last time."""
        piece, self.held = bytes(self.held), bytearray()
        return piece


@dataclass(frozen=True)
class _Frame:
    """A workbook cut open where its rows belong, the columns' letters, and the numbers of the styles its rows use."""

    before: bytes
    after: bytes
    others: dict[str, bytes]
    letters: tuple[str, ...]
    quoted: int
    day: int
    moment: int


def _frame(title: str, header: Sequence[str], height: int, rtl: bool) -> _Frame:
    book = Workbook()
    sheet = book.create_sheet(title[:31], 0)
    book.remove(book.worksheets[1])
    letters = tuple(get_column_letter(number) for number in range(1, len(header) + 1))
    sheet.append([_text(words) for words in header])
    for place, words in zip(letters, header, strict=True):
        sheet[f"{place}1"].font = Font(bold=True)
        sheet.column_dimensions[place].width = min(max(len(words) + 4, 14), 44)
    sheet.freeze_panes, sheet.sheet_view.rightToLeft = "B2", rtl
    sheet.auto_filter.ref = f"A1:{letters[-1]}{height + 1}"
    styles = _styles(sheet)
    return _cut(book, letters, *styles)


def _styles(sheet: object) -> tuple[int, int, int]:
    """A second row that only makes openpyxl keep the styles; it is cut away. 14 and 22 are written as the reader's Excel writes days."""
    quoted, day, moment = (sheet.cell(2, place, value=1) for place in (1, 2, 3))  # type: ignore[attr-defined]
    quoted.quotePrefix, day.number_format, moment.number_format = True, "mm-dd-yy", "m/d/yy h:mm"
    return quoted.style_id, day.style_id, moment.style_id


def _cut(book: Workbook, letters: tuple[str, ...], quoted: int, day: int, moment: int) -> _Frame:
    whole = io.BytesIO()
    book.save(whole)
    with ZipFile(whole) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    before, rest = parts.pop(SHEET).split(b'<row r="2"', 1)
    after = rest[rest.index(b"</sheetData>") :]
    return _Frame(re.sub(rb"<dimension [^>]*/>", b"", before), after, parts, letters, quoted, day, moment)


def _row(row: Row, number: int, frame: _Frame) -> str:
    cells = (_cell(cell, f"{letter}{number}", frame) for letter, cell in zip(frame.letters, row, strict=True) if cell is not None)
    return f'<row r="{number}">{"".join(cells)}</row>'


def _cell(cell: Cell, place: str, frame: _Frame) -> str:
    if isinstance(cell, str):
        style = f' s="{frame.quoted}"' if cell.startswith(FORMULA) else ""
        return f'<c r="{place}"{style} t="inlineStr"><is><t xml:space="preserve">{escape(_text(cell))}</t></is></c>'
    if isinstance(cell, datetime):
        return f'<c r="{place}" s="{frame.moment}"><v>{(cell - ZERO) / timedelta(days=1):.8f}</v></c>'
    if isinstance(cell, date):
        return f'<c r="{place}" s="{frame.day}"><v>{(cell - ZERO.date()).days}</v></c>'
    return f'<c r="{place}"><v>{f"{cell:f}" if isinstance(cell, Decimal) else cell}</v></c>'


def _text(words: str) -> str:
    """What a cell can hold: no signs that XML forbids, and nothing that Excel would take for an escape of its own."""
    plain = _FORBIDDEN.sub("", words.replace("\r\n", "\n").replace("\r", "\n"))
    return _LIKE_ESCAPE.sub("_x005F_", plain)[:LONGEST]
