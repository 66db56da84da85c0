"""Many invitations at once, from a CSV file: read whole, shown line by line with what would happen, then made one by one.

A file that is imported twice invites nobody twice: whoever has an invitation that is open, or an application that runs or was approved, is
never invited again from here (models/already.py).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email
from sqlmodel import Session, col, select

from models import invitation as verbs
from models.already import TURN, standing, stands
from models.application import Application
from models.database import one_at_a_time
from models.errors import Conflict, Invalid, Problem
from models.invitation import TITLES, Invitation, invite, normal_code
from models.language import ENGLISH, LANGUAGES, _, shown_date, shown_number
from models.person import Actor, Right

MOST_LINES, MOST_BYTES = 1_000, 1_000_000
#: The template's header; the last three may be left empty.
HEADER = ("Company", "Email", "Contact title", "Contact name", "Language", "Open until", "Notes")
#: How a column may be called, in any case and with or without spaces → the field it fills. The second of each line are SharePoint's.
COLUMNS: Mapping[str, str] = {
    "company": "company_name", "companyname": "company_name",
    "email": "contact_email", "contactemail": "contact_email", "emailaddress": "contact_email",
    "contacttitle": "contact_title", "contactname": "contact_name", "contact": "contact_name", "name": "contact_name",
    "language": "language", "partnerslanguage": "language",
    "openuntil": "expires_on", "expirydate": "expires_on", "expires": "expires_on",
    "notes": "notes", "invitationcode": "code", "code": "code",
}  # fmt: skip
NEEDED = {"company_name": HEADER[0], "contact_email": HEADER[1]}
Until = Callable[[str], datetime]


class Fate(StrEnum):
    """What will happen to a line: `before` is invited only if somebody says so, `already` and `wrong` are not."""

    NEW = "new"
    BEFORE = "before"
    ALREADY = "already"
    WRONG = "wrong"


@dataclass(frozen=True)
class Line:
    """One line as it stands in the file; `number` is the one a person finds it by. `spilt`: it has more columns than the header."""

    number: int
    fields: Mapping[str, str]
    spilt: bool = False

    def get(self, name: str) -> str:
        """A field as it was typed; empty where the file has no such column."""
        return self.fields.get(name, "")


@dataclass(frozen=True)
class Read:
    """A file that could be read: its lines, and the columns that nothing is done with."""

    lines: tuple[Line, ...]
    unread: tuple[str, ...]


@dataclass(frozen=True)
class Planned:
    """A line with its fate and the sentences that say why."""

    line: Line
    fate: Fate
    why: tuple[str, ...] = ()


def read_file(content: bytes) -> Read:
    """The lines of a CSV: comma, semicolon or tab; UTF-8, UTF-16 with its mark, or Windows-1252. Invalid if it is none, or too long."""
    if len(content) > MOST_BYTES:
        raise _refused(_("This file is larger than 1 MB. Divide it into several files."))
    text = _text(content)
    rows = _rows(text) if text.strip(' \t\r\n,;"') else []
    if not rows:
        raise _refused(_("This file is empty. Its first line names the columns, and each line after it is one company."))
    header, unread = _header(rows[0][1])
    if len(rows) - 1 > MOST_LINES:
        said = _("This file has {count} lines, and {most} can be imported at once. Divide it into several files.")
        raise _refused(said.format(count=shown_number(len(rows) - 1), most=shown_number(MOST_LINES)))
    if len(rows) == 1:
        raise _refused(_("This file names the columns and has no line after that."))
    return Read(tuple(_line(number, header, cells) for number, cells in rows[1:]), unread)


def plan(session: Session, lines: Sequence[Line], until: Until) -> list[Planned]:
    """What would happen to each line now. `until` reads a last day as the moment that an invitation ends, or raises Invalid."""
    known, seen, planned = _Known(session), dict[str, int](), list[Planned]()
    for line in lines:
        problems = _wrong(line, until)
        key = _address(line)
        if problems:
            planned.append(Planned(line, Fate.WRONG, problems))
        elif key in seen:
            same = _("This address stands in line {number} already.").format(number=shown_number(seen[key]))
            planned.append(Planned(line, Fate.ALREADY, (same,)))
        else:
            planned.append(Planned(line, *known.fate(line)))
            seen[key] = line.number
    return planned


def invite_line(session: Session, actor: Actor, line: Line, until: Until) -> Invitation:
    """Invite one line's company. Invalid names what is wrong, Conflict if the address is invited meanwhile; then nothing was done.

    One at a time, so that two people with the same file do not invite a company twice.
    """
    actor.must(Right.INVITE)
    one_at_a_time(session, TURN)
    if problems := _wrong(line, until):
        raise Invalid(" ".join(problems), [Problem("line", problem) for problem in problems])
    fields = _fields(line)
    by_code = sa.select(col(Invitation.id)).where(col(Invitation.code) == normal_code(line.get("code")))
    ids = {*session.scalars(standing(fields["contact_email"])), *session.scalars(by_code)}
    if found := session.exec(select(Invitation).where(col(Invitation.id).in_(ids)).limit(1)).first():
        raise Conflict(_already(found.company_name, found.created_at))
    return invite(session, actor, **fields, expires_at=_ends(line, until), language=_language(line.get("language")) or ENGLISH.code)


def template() -> bytes:
    """An example to fill in, as a file that Excel opens with its letters right."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([HEADER, ("Example Solar Ltd", "name@example.com", "Ms", "First Last", "English", "", "")])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


class _Known:
    """Everybody invited so far, in two statements: by code, by address, and by the company's name as it is compared."""

    def __init__(self, session: Session) -> None:
        columns = (Invitation.code, Invitation.company_name, Invitation.contact_email, Invitation.created_at)
        self.codes, self.addresses, self.companies = dict[str, Any](), dict[str, Any](), dict[str, Any]()
        known = sa.select(*(col(one) for one in columns), stands().label("stands")).order_by(col(Invitation.id))
        for row in session.execute(known.outerjoin(Application, col(Application.invitation_code) == col(Invitation.code))):
            address = row.contact_email.lower()
            self.codes[row.code] = self.companies[_company(row.company_name)] = row
            if row.stands or address not in self.addresses:
                self.addresses[address] = row
        applied = sa.select(col(Application.primary_contact_email), col(Invitation.company_name), col(Invitation.created_at))
        applied = applied.join(Invitation, col(Invitation.code) == col(Application.invitation_code))
        self.contacts = {row[0].lower(): row for row in session.execute(applied.where(stands())) if row[0]}

    def fate(self, line: Line) -> tuple[Fate, tuple[str, ...]]:
        """What will happen to a line that is right by itself."""
        by_code, by_address = self.codes.get(normal_code(line.get("code"))), self.addresses.get(_address(line))
        standing = by_address if by_address and by_address.stands else self.contacts.get(_address(line))
        if already := by_code or standing:
            return Fate.ALREADY, (_already(already.company_name, already.created_at),)
        found = by_address or self.companies.get(_company(line.get("company_name")))
        if found is None:
            return Fate.NEW, ()
        said = _("{company} was invited before: on {day}, at {address}.")
        return Fate.BEFORE, (said.format(company=found.company_name, day=_day(found.created_at), address=found.contact_email),)


def _wrong(line: Line, until: Until) -> tuple[str, ...]:
    """A sentence for each thing wrong with a line by itself."""
    if line.spilt:
        said = _("This line has more columns than the first line names. Put quotation marks around a text that holds a comma or semicolon.")
        return (said,)
    found: list[str] = []
    try:
        verbs.checked(**_fields(line))
    except Invalid as error:
        found += [problem.message for problem in error.problems]
    if line.get("language") and _language(line.get("language")) is None:
        found.append(_("Write one of these languages: {languages}.").format(languages=", ".join(one.name for one in LANGUAGES.values())))
    try:
        _ends(line, until)
    except Invalid as error:
        found += [problem.message for problem in error.problems]
    return tuple(found)


def _ends(line: Line, until: Until) -> datetime | None:
    return until(line.get("expires_on")) if line.get("expires_on") else None


def _fields(line: Line) -> dict[str, str]:
    """The fields of `checked`; a title is known in any case and with its full stop."""
    titles = {title.casefold(): title for title in TITLES}
    title = line.get("contact_title").rstrip(".").casefold()
    names = ("company_name", "contact_email", "contact_name", "notes")
    given = {name: line.get(name) for name in names} | {"contact_title": titles.get(title, line.get("contact_title"))}
    return given | {"contact_email": _normal(given["contact_email"])}


def _language(written: str) -> str | None:
    """The code of a language that is written in itself, in English, or as its code; None if it is none of ours."""
    known = {word.casefold(): one.code for one in LANGUAGES.values() for word in (one.code, one.name, one.locale.english_name or "")}
    return known.get(written.casefold()) if written else None


def _address(line: Line) -> str:
    return _normal(line.get("contact_email")).lower()


def _normal(address: str) -> str:
    """An address as invitations hold it; as it stands if it is none."""
    try:
        return validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError:
        return address


def _company(name: str) -> str:
    """A company's name as it is compared: "Example Ltd." is "EXAMPLE LTD"."""
    return re.sub(r"\W", "", name).casefold()


def _already(company: str, at: datetime) -> str:
    return _("Invited already, on {day}, as {company}.").format(day=_day(at), company=company)


def _day(at: datetime) -> str:
    return shown_date((at if at.tzinfo else at.replace(tzinfo=UTC)).date(), "medium")


def _text(content: bytes) -> str:
    if content.startswith(b"PK"):
        raise _refused(_("This is a spreadsheet. Save it as CSV, and choose that file."))
    for encoding in ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _refused(_("This file cannot be read as text. Save your list as CSV, and choose that file."))


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Each line that has something, with its number in the file."""
    before, delimiter, text = _delimiter(text)
    reader, rows, skipped = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), [], before
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((before + 1, [cell.strip() for cell in cells]))
            before = skipped + reader.line_num
    except csv.Error:
        said = _("Line {number} cannot be read: a quotation mark in it is not closed, or stands in the middle of a text.")
        raise _refused(said.format(number=shown_number(before + 1))) from None
    return rows


def _delimiter(text: str) -> tuple[int, str, str]:
    """How many lines to leave out, what separates the columns, and the rest: Excel may name the separator in a line of its own."""
    first, _end, rest = text.partition("\n")
    if told := re.fullmatch(r'"?sep=([,;\t])"?', first.strip("\r")):
        return 1, told.group(1), rest
    named = next((line for line in text.splitlines() if line.strip()), "")
    return 0, max(",;\t", key=named.count), text


def _header(cells: Iterable[str]) -> tuple[list[str], tuple[str, ...]]:
    """The field that each column fills, empty for none, and the columns that are not read. Invalid without company and email."""
    names = [re.sub(r"[\W_]", "", cell).casefold() for cell in cells]
    # In SharePoint's list "Title" is the company; beside a company it is the contact's.
    title = "contact_title" if any(COLUMNS.get(name) == "company_name" for name in names) else "company_name"
    fields = [{**COLUMNS, "title": title}.get(name, "") for name in names]
    fields = [field if field not in fields[:place] else "" for place, field in enumerate(fields)]
    if missing := [name for field, name in NEEDED.items() if field not in fields]:
        said = _("The first line must name the columns, and these are missing: {columns}. The template shows how.")
        raise _refused(said.format(columns=", ".join(missing)))
    return fields, tuple(cell for cell, field in zip(cells, fields, strict=True) if cell and not field)


def _line(number: int, header: list[str], cells: list[str]) -> Line:
    fields = {field: cell for field, cell in zip(header, cells, strict=False) if field}
    return Line(number, fields, spilt=any(cells[len(header) :]))


def _refused(sentence: str) -> Invalid:
    return Invalid(sentence, [Problem("file", sentence)])
