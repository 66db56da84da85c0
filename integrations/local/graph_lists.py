"""The lists of the local Graph, kept in SQLite: columns, items, eTags, unique values, filters. Survives kill -9."""

from __future__ import annotations

import json
import re
import sqlite3
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from integrations.columns import Column
from integrations.local.lists import BUILT_IN, PEOPLE, provisioned
from integrations.local.staff import STAFF
from models.settings import settings

Row = dict[str, Any]
TABLES = """
create table if not exists lists (id text primary key, name text unique, template text);
create table if not exists columns (list text, name text, declared text, primary key (list, name));
create table if not exists items (
  number integer primary key autoincrement, list text, id text, guid text, version integer, created text, changed text, fields text,
  unique (list, id));
create table if not exists changes (number integer primary key autoincrement, list text, item text);
create table if not exists versions (
  number integer primary key autoincrement, list text, item text, version integer, changed text, fields text, name text, email text);
create table if not exists editors (list text, item text, name text, email text, primary key (list, item));
create table if not exists files (
  id text primary key, parent text, name text collate nocase, folder integer, size integer, mime text, item text,
  created text, changed text, version integer, unique (parent, name));
create table if not exists uploads (id text primary key, folder text, name text, size integer, behaviour text);
"""


class GraphError(Exception):
    """An answer of Graph's that is not a success: status, code and message, as Graph gives them."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.status, self.code, self.message = status, code, message or code


class Lists:
    """The lists of one site."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.db = sqlite3.connect(folder / "graph.db", isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.heard: Callable[[str], None] = lambda _: None  # what is called with the list of each change
        self.db.executescript("pragma journal_mode=wal; pragma synchronous=normal;" + TABLES)
        self._provision()

    def find(self, name_or_id: str) -> Row:
        """The list by its id or its display name, as Graph takes either."""
        return self._one("select * from lists where id = ? or name = ?", name_or_id, name_or_id)

    def every(self) -> list[Row]:
        """All lists that are not hidden, the library among them."""
        return [dict(row) for row in self.db.execute("select * from lists where name <> ? order by rowid", (PEOPLE,))]

    def add_list(self, name: str, template: str, columns: Sequence[Column]) -> Row:
        """A new list with its columns and the built-in ones; 409 if there is one of that name. Files lie in the settings' library only."""
        if self.db.execute("select 1 from lists where name = ?", (name,)).fetchone():
            raise GraphError(409, "nameAlreadyExists", f"A list named {name} exists.")
        self.db.execute("insert into lists values (?, ?, ?)", (str(uuid.uuid4()), name, template))
        made = self.find(name)
        for column in [*BUILT_IN[template], *columns]:
            self.add_column(made["id"], column)
        return made

    def remake(self, name: str) -> None:
        """As if a person deleted the list and made it again: another id, the same columns, no items, and numbers from 1."""
        before, after = self.find(name)["id"], str(uuid.uuid4())
        self.db.execute("update lists set id = ? where id = ?", (after, before))
        self.db.execute("update columns set list = ? where list = ?", (after, before))

    def columns(self, list_id: str) -> dict[str, Column]:
        """The list's columns by name."""
        rows = self.db.execute("select name, declared from columns where list = ? order by rowid", (list_id,))
        return {row["name"]: _read(row["declared"]) for row in rows}

    def add_column(self, list_id: str, column: Column) -> Column:
        """A new column; 409 if there is one of that name."""
        if column.name in self.columns(list_id):
            raise GraphError(409, "nameAlreadyExists", f"A column named {column.name} exists.")
        self.db.execute("insert into columns values (?, ?, ?)", (list_id, column.name, json.dumps(vars(column))))
        return column

    def rename(self, list_id: str, before: str, after: str) -> None:
        """Give a column another internal name; nothing is told of it as a change of the items."""
        column = replace(self.columns(list_id)[before], name=after)
        self.db.execute("update columns set name = ?, declared = ? where list = ? and name = ?",
                        (after, json.dumps(vars(column)), list_id, before))
        for row in self.db.execute("select number, fields from items where list = ?", (list_id,)).fetchall():
            fields = {after if name == before else name: value for name, value in json.loads(row["fields"]).items()}
            self.db.execute("update items set fields = ? where number = ?", (json.dumps(fields), row["number"]))

    def items(self, list_id: str, condition: str | None, tolerant: bool, after: int, top: int) -> list[Row]:
        """Up to `top` items after the item number `after` that meet an OData `condition` (equality of columns, joined by `and`)."""
        wanted = self._conditions(list_id, condition, tolerant) if condition else []
        clauses = "".join(" and json_extract(fields, ?) = ?" for _ in wanted)
        bound = [value for name, text in wanted for value in (f'$."{name}"', text)]
        query = f"select * from items where list = ? and number > ?{clauses} order by number limit ?"  # noqa: S608 — made of marks
        rows = self.db.execute(query, (list_id, after, *bound, top))
        return [self._item(row) for row in rows]

    def item(self, list_id: str, item_id: str) -> Row:
        """One item, or 404."""
        return self._item(self._one("select * from items where list = ? and id = ?", list_id, item_id))

    def create(self, list_id: str, fields: Row) -> Row:
        """A new item with the next number of the list."""
        self._check(list_id, fields, None)
        highest = self.db.execute("select coalesce(max(cast(id as integer)), 0) from items where list = ?", (list_id,)).fetchone()[0]
        moment, item_id = now(), str(highest + 1)
        kept = {name: value for name, value in fields.items() if value is not None}
        self.db.execute("insert into items (list, id, guid, version, created, changed, fields) values (?, ?, ?, 1, ?, ?, ?)",
                        (list_id, item_id, str(uuid.uuid4()), moment, moment, json.dumps(kept)))
        self._changed(list_id, item_id)
        return self.item(list_id, item_id)

    def change(self, list_id: str, item_id: str, fields: Row, if_match: str | None) -> Row:
        """Write some columns; 412 if `if_match` names an older version. A null clears a column."""
        found = self.item(list_id, item_id)
        if if_match not in (None, "*", found["eTag"]):
            raise GraphError(412, "resourceModified", "The resource has changed since the caller last read it; usually an eTag mismatch")
        self._check(list_id, fields, item_id)
        merged = {name: value for name, value in {**found["fields"], **fields}.items() if value is not None}
        self.db.execute("update items set fields = ?, version = version + 1, changed = ? where list = ? and id = ?",
                        (json.dumps(merged), now(), list_id, item_id))
        self.db.execute("delete from editors where list = ? and item = ?", (list_id, item_id))  # until a person says who they are
        self._changed(list_id, item_id)
        return self.item(list_id, item_id)

    def edited(self, list_id: str, item_id: str, fields: Row, name: str, email: str) -> None:
        """A person's change in the browser."""
        self.change(list_id, item_id, fields, None)
        self.db.execute("insert or replace into editors values (?, ?, ?, ?)", (list_id, item_id, name, email))
        self.db.execute("update versions set name = ?, email = ? where number = "
                        "(select max(number) from versions where list = ? and item = ?)", (name, email, list_id, item_id))

    def versions(self, list_id: str, item_id: str) -> list[Row]:
        """All versions of an item, the newest first."""
        self.item(list_id, item_id)
        rows = self.db.execute("select * from versions where list = ? and item = ? order by number desc", (list_id, item_id)).fetchall()
        return [{"id": f"{row['version']}.0", "lastModifiedDateTime": row["changed"], "lastModifiedBy": _by(row),
                 "fields": json.loads(row["fields"])} for row in rows]

    def remove(self, list_id: str, item_id: str) -> None:
        """Delete one item, or 404."""
        self.item(list_id, item_id)
        self.db.execute("delete from items where list = ? and id = ?", (list_id, item_id))
        self._changed(list_id, item_id)

    def latest(self) -> int:
        """The number of the last change of any item."""
        return int(self.db.execute("select coalesce(max(number), 0) from changes").fetchone()[0])

    def changes(self, list_id: str, after: int, top: int) -> list[tuple[int, Row]]:
        """Up to `top` changes after the one of that number, each with its item as it stands now: one may come several times."""
        query = "select number, item from changes where list = ? and number > ? order by number limit ?"
        rows = self.db.execute(query, (list_id, after, top))
        return [(row["number"], self._standing(list_id, row["item"])) for row in rows.fetchall()]

    def _standing(self, list_id: str, item_id: str) -> Row:
        row = self.db.execute("select * from items where list = ? and id = ?", (list_id, item_id)).fetchone()
        return self._item(row) if row else {"id": item_id, "deleted": {"state": "deleted"}}

    def _changed(self, list_id: str, item_id: str) -> None:
        self.db.execute("insert into changes (list, item) values (?, ?)", (list_id, item_id))
        self.db.execute("insert into versions (list, item, version, changed, fields) "
                        "select list, id, version, changed, fields from items where list = ? and id = ?", (list_id, item_id))
        self.heard(list_id)

    def _provision(self) -> None:
        for name, (template, columns) in provisioned(settings()).items():
            if not self.db.execute("select 1 from lists where name = ?", (name,)).fetchone():
                made = self.add_list(name, template, columns)
                for one in STAFF[:3] if name == PEOPLE else ():  # the others have never visited the site
                    self.create(made["id"], {"Title": one.name, "EMail": one.email})

    def _check(self, list_id: str, fields: Row, item_id: str | None) -> None:
        columns = self.columns(list_id)
        for name, value in fields.items():
            column = columns.get(name.removesuffix("LookupId")) if name.endswith("LookupId") else columns.get(name)
            if column is None:
                raise GraphError(400, "invalidRequest", f"Field '{name}' is not recognized")
            if value is not None:
                _check_value(column, name, value)
                self._check_unique(list_id, column, value, item_id)

    def _check_unique(self, list_id: str, column: Column, value: Any, item_id: str | None) -> None:
        query = "select id from items where list = ? and lower(json_extract(fields, ?)) = lower(?) and id is not ?"
        if column.unique and self.db.execute(query, (list_id, f'$."{column.name}"', value, item_id)).fetchone():
            raise GraphError(400, "invalidRequest", f"The value of {column.name} is in use: it must be unique in the list.")

    def _conditions(self, list_id: str, condition: str, tolerant: bool) -> list[tuple[str, str]]:
        columns, wanted = self.columns(list_id), []
        for part in re.split(r"\s+and\s+(?=fields/)", condition):
            match = re.fullmatch(r"fields/(\w+)\s+eq\s+'((?:[^']|'')*)'", part.strip())
            if not match:
                raise GraphError(400, "invalidRequest", f"Invalid filter clause: {part}")
            column = columns.get(match[1])
            if column is None:
                raise GraphError(400, "invalidRequest", f"Field '{match[1]}' is not recognized")
            if not (column.indexed or tolerant):
                words = f"Field '{match[1]}' cannot be referenced in filter or orderby as it is not indexed."
                raise GraphError(400, "invalidRequest", words)
            wanted.append((match[1], match[2].replace("''", "'")))
        return wanted

    def _item(self, row: sqlite3.Row | Row) -> Row:
        fields = {**json.loads(row["fields"]), "id": row["id"]}
        return {"number": row["number"], "id": row["id"], "eTag": f'"{row["guid"]},{row["version"]}"', "createdDateTime": row["created"],
                "lastModifiedDateTime": row["changed"], "lastModifiedBy": self._by(row), "fields": fields}

    def _by(self, row: sqlite3.Row | Row) -> Row:
        found = self.db.execute("select name, email from editors where list = ? and item = ?", (row["list"], row["id"])).fetchone()
        return _by(found or {"name": None})

    def _one(self, query: str, *values: Any) -> Row:
        row = self.db.execute(query, values).fetchone()
        if row is None:
            raise GraphError(404, "itemNotFound", "The resource could not be found.")
        return dict(row)


def now() -> str:
    """This moment as Graph writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _by(row: sqlite3.Row | Row) -> Row:
    """A person, or the application itself, of which Graph names a user too."""
    if row["name"]:
        return {"user": {"displayName": row["name"], "email": row["email"]}}
    return {"application": {"displayName": "Partner Portal"}, "user": {"displayName": "SharePoint App"}}


def _read(declared: str) -> Column:
    known = json.loads(declared)
    return Column(**{**known, "choices": tuple(known["choices"])})


def _check_value(column: Column, name: str, value: Any) -> None:
    refusal = _refusal(column, name, value)
    if refusal:
        raise GraphError(400, "invalidRequest", f"{name}: {refusal}")


def _refusal(column: Column, name: str, value: Any) -> str:
    """Why SharePoint would not take the value, or nothing."""
    if name.endswith("LookupId") or column.kind == "personOrGroup":
        return "" if name.endswith("LookupId") and str(value).isdigit() else f"write a person as {column.name}LookupId"
    if column.kind == "hyperlinkOrPicture":
        return "General exception while processing"  # what is reported of the real one (FACTS 4)
    if column.kind == "boolean":
        return "" if isinstance(value, bool) else "is not true or false"
    if column.kind == "number":
        return "" if isinstance(value, int | float) and not isinstance(value, bool) else "is not a number"
    return _refusal_of_text(column, value)


def _refusal_of_text(column: Column, value: Any) -> str:
    if not isinstance(value, str):
        return "is not a text"
    if column.kind == "choice":
        return "" if value in column.choices else f"is not one of the choices ({value})"
    if column.kind in ("date", "dateTime"):
        return "" if re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?", value) else "is not a date in ISO 8601"
    limit = 63_999 if column.kind == "note" else column.longest  # FACTS 3
    return "" if len(value) <= limit else f"is longer than {limit} characters"
