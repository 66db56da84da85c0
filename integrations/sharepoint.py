"""The lists and the library in SharePoint, through Graph. What is written can be written again without harm."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import takewhile
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import requests

from integrations.failures import Changed, Configuration, Failure, Missing, Permanent, from_response
from integrations.graph import NAME, Answer, Graph, graph
from integrations.upload import Expired, expected, send
from models.settings import settings

SMALL = 4 * 1024 * 1024  # above this Graph wants an upload session
PEOPLE = "User Information List"
T = TypeVar("T")
REPLACE = {"@microsoft.graph.conflictBehavior": "replace"}


@dataclass(frozen=True)
class Item:
    """An item of a list: its id there, its eTag where it was told, its columns by internal name, and the person who changed it last.

    `by` is empty where that was no person, `changed_at` and `made_at` where it was not told; `deleted` says that the item
    is gone.
    """

    id: str
    etag: str | None
    fields: dict[str, Any]
    by: str = ""
    changed_at: datetime | None = None
    deleted: bool = False
    made_at: datetime | None = None


MOMENTS = ("lastModifiedDateTime", "createdDateTime")


class Begun(Protocol):
    """Where the address of an upload session is kept, so that a later attempt, of another worker too, goes on from where this one stops."""

    def address(self) -> str: ...
    def keep(self, address: str) -> None: ...


class SharePoint(Protocol):
    """What the product asks of SharePoint. Every method may raise a `Failure`."""

    def find_item(self, list_name: str, column: str, value: str) -> Item | None: ...
    def read_item(self, list_name: str, item_id: str) -> Item: ...
    def add_item(self, list_name: str, key_column: str, fields: dict[str, Any]) -> Item: ...
    def change_item(self, list_name: str, item_id: str, fields: dict[str, Any], etag: str | None = None) -> Item: ...
    def changes(self, list_name: str, since: str, columns: Iterable[str]) -> tuple[list[Item], str]: ...
    def editors(self, list_name: str, item_id: str, columns: Mapping[str, Any]) -> set[str]: ...
    def items(self, list_name: str, columns: Iterable[str] = ()) -> Iterator[Item]: ...
    def visitor(self, email: str) -> str | None: ...
    def upload_document(
        self, folder: str, name: str, content: bytes, content_type: str, fields: dict[str, Any], session: Begun | None = None
    ) -> str: ...
    def describe_document(self, drive_item: str, fields: dict[str, Any]) -> None: ...
    def remove_document(self, drive_item: str) -> None: ...
    def has_document(self, drive_item: str) -> bool: ...


def sharepoint() -> SharePoint:
    """The site of the settings."""
    return Site(graph(), settings().sharepoint_site)


class Site:
    """One site, by the id that the settings give."""

    def __init__(self, to: Graph, site: str) -> None:
        self.graph = to
        self.path = f"/sites/{site}"

    def find_item(self, list_name: str, column: str, value: str) -> Item | None:
        """The item whose `column` is `value`, or None. The column must be indexed (FACTS 2)."""
        quoted = value.replace("'", "''")  # OData's way
        condition = f"fields/{column} eq '{quoted}'"
        asked = {"$expand": "fields", "$filter": condition, "$top": "2"}
        found = self._in(list_name, lambda path: self.graph.send("GET", f"{path}/items", params=asked))
        return _item(found["value"][0]) if found["value"] else None

    def read_item(self, list_name: str, item_id: str) -> Item:
        """The item as it stands; `Missing` if there is none."""
        return _item(self._in(list_name, lambda path: self.graph.send("GET", _at(path, item_id), params={"$expand": "fields"})))

    def add_item(self, list_name: str, key_column: str, fields: dict[str, Any]) -> Item:
        """A new item. `Changed` if there is one with this key by now: Graph has no upsert (FACTS 1)."""
        given = {name: value for name, value in fields.items() if value is not None}
        response = self._in(list_name, lambda path: _found(self.graph.ask("POST", f"{path}/items", json={"fields": given})))
        if response.status_code < 400:
            return _item(response.json())
        # Another worker may have created it, or an answer got lost: look before calling it an error (FACTS 2).
        if response.status_code < 500 and self.find_item(list_name, key_column, fields[key_column]):
            raise Changed("{system} has the item by now.", None, system=NAME)
        raise _refusal(list_name, response)

    def change_item(self, list_name: str, item_id: str, fields: dict[str, Any], etag: str | None = None) -> Item:
        """Write `fields` to the item; with `etag`, only if nobody changed it since, else `Changed`. Answers what stands there now."""
        headers = {"If-Match": etag} if etag else {}
        response = self._in(
            list_name, lambda path: _found(self.graph.ask("PATCH", f"{_at(path, item_id)}/fields", json=fields, headers=headers))
        )
        if response.status_code >= 400:
            raise _refusal(list_name, response)
        told = response.json()
        return Item(item_id, told.get("@odata.etag"), told)

    def changes(self, list_name: str, since: str, columns: Iterable[str]) -> tuple[list[Item], str]:
        """Every item that changed since the link of the last time, with these columns, and the link for the next time.

        Each item once, as it is told last. Without a link, or where Graph does not know it any more (410), all items (FACTS 8).
        """
        if since:
            with suppress(Missing):
                return self._changes(since)
        asked = {"$expand": f"fields($select={','.join(columns)})"}
        return self._in(list_name, lambda path: self._changes(f"{path}/items/delta", params=asked))

    def _changes(self, path: str, **options: Any) -> tuple[list[Item], str]:
        found: dict[str, Item] = {}
        page = self.graph.send("GET", path, **options)
        while True:
            found |= {str(one["id"]): _item(one) for one in page["value"]}
            if not (link := page.get("@odata.nextLink")):
                return list(found.values()), str(page["@odata.deltaLink"])
            page = self.graph.send("GET", link)

    def items(self, list_name: str, columns: Iterable[str] = ()) -> Iterator[Item]:
        """Every item of the list as it stands, page by page, with these columns or with all."""
        chosen = f"($select={','.join(columns)})" if columns else ""
        asked = {"$expand": f"fields{chosen}", "$top": "100"}
        first = self._in(list_name, lambda path: self.graph.send("GET", f"{path}/items", params=asked))
        yield from map(_item, self.graph.rest(first))

    def editors(self, list_name: str, item_id: str, columns: Mapping[str, Any]) -> set[str]:
        """Who wrote what stands in the columns, as the item's versions tell; empty names are no persons.

        Where the list keeps no versions, that is who changed the item last.
        """
        asked = {"$expand": f"fields($select={','.join(columns)})"}
        told = self._in(list_name, lambda path: list(self.graph.all(f"{_at(path, item_id)}/versions", params=asked)))
        versions = [_item(one) for one in told]  # the newest first
        found = set()
        for name, value in columns.items():
            standing = list(takewhile(lambda one, name=name, value=value: one.fields.get(name) == value, versions))  # type: ignore[misc]
            found.add(standing[-1].by if standing else "")
        return found

    def visitor(self, email: str) -> str | None:
        """The number by which person columns name somebody; None for who has never visited the site (FACTS 5)."""
        quoted = email.replace("'", "''")
        # The list is SharePoint's own and hidden, and its columns have no index: it is small, so the warning is honoured.
        asked = {"$expand": "fields($select=EMail)", "$filter": f"fields/EMail eq '{quoted}'", "$top": "2"}
        prefer = {"Prefer": "HonorNonIndexedQueriesWarningMayFailRandomly"}
        found = self.graph.send("GET", f"{self.path}/lists/{quote(PEOPLE)}/items", params=asked, headers=prefer)
        return str(found["value"][0]["id"]) if found["value"] else None

    def upload_document(
        self, folder: str, name: str, content: bytes, content_type: str, fields: dict[str, Any], session: Begun | None = None
    ) -> str:
        """Put a document into the library under `folder`/`name`, over an earlier one, and write its columns; answers its drive item's id.

        A large one goes on from where an earlier attempt stopped, if `session` knows one.

        SharePoint finds `content_type` by the extension; it is checked here that there is one.
        """
        if "." not in name:
            raise Permanent(f"The document {name} has no extension that says what it is ({content_type}).")
        drive = f"/drives/{_drive_id(self.graph, self.path, settings().sharepoint_library)}"
        folder, name = (quote(permitted(part), safe="") for part in (folder, name))
        where = f"{drive}/root:/{folder}/{name}:"
        stored = self._small(where, content) if len(content) < SMALL else self._large(where, content, session)
        self._describe(drive, stored["id"], fields)
        return str(stored["id"])

    def _small(self, where: str, content: bytes) -> Answer:
        headers = {"Content-Type": "application/octet-stream"}
        return self.graph.send("PUT", f"{where}/content", data=content, params=REPLACE, headers=headers)

    def _large(self, where: str, content: bytes, session: Begun | None) -> Answer:
        if session and (begun := session.address()):
            with suppress(Expired):
                return send(begun, content, expected(begun))
        address = str(self.graph.send("POST", f"{where}/createUploadSession", {"item": REPLACE})["uploadUrl"])
        if session:
            session.keep(address)
        return send(address, content)

    def describe_document(self, drive_item: str, fields: dict[str, Any]) -> None:
        """Write a document's columns; `Missing` if it is not in the library any more."""
        drive = _drive_id(self.graph, self.path, settings().sharepoint_library)
        self._describe(f"/drives/{drive}", quote(drive_item, safe=""), fields)

    def remove_document(self, drive_item: str) -> None:
        """Take a document out of the library, into the site's recycle bin; one that is gone already is no failure."""
        drive = _drive_id(self.graph, self.path, settings().sharepoint_library)
        with suppress(Missing):
            self.graph.send("DELETE", f"/drives/{drive}/items/{quote(drive_item, safe='')}")

    def has_document(self, drive_item: str) -> bool:
        """Whether the library still has the document, wherever in it and under whatever name."""
        drive = _drive_id(self.graph, self.path, settings().sharepoint_library)
        with suppress(Missing):
            self.graph.send("GET", f"/drives/{drive}/items/{quote(drive_item, safe='')}", params={"$select": "id"})
            return True
        return False

    def _describe(self, drive: str, item_id: str, fields: dict[str, Any]) -> None:
        found = self.graph.send("GET", f"{drive}/items/{item_id}", params={"$select": "id,sharepointIds"})
        self.change_item(settings().sharepoint_library, found["sharepointIds"]["listItemId"], fields)

    def _in(self, list_name: str, call: Callable[[str], T]) -> T:
        """What `call` makes of the list's path; once more if the list was deleted and made again, and so has another id by now."""
        path = self._list(list_name)
        try:
            return call(path)
        except Missing:
            list_id.cache_clear()
            if (there_now := self._list(list_name)) == path:
                raise
            return call(there_now)

    def _list(self, name: str) -> str:
        return f"{self.path}/lists/{list_id(self.graph, self.path, name)}"


def _at(path: str, item_id: str) -> str:
    return f"{path}/items/{quote(item_id, safe='')}"


def _found(response: requests.Response) -> requests.Response:
    """Raises `Missing` for a 404; what else is refused is for the caller."""
    if response.status_code == 404:
        raise from_response(NAME, response)
    return response


def _item(answer: Answer) -> Item:
    changed = answer.get("lastModifiedBy") or {}
    person = {} if changed.get("application") else changed.get("user") or {}  # what an application changes names a user too
    by = person.get("email") or person.get("displayName") or ""
    changed_at, made_at = (datetime.fromisoformat(at) if (at := answer.get(name)) else None for name in MOMENTS)
    return Item(str(answer["id"]), answer.get("eTag"), answer.get("fields") or {}, by, changed_at, bool(answer.get("deleted")), made_at)


def _refusal(list_name: str, response: requests.Response) -> Failure:
    """A column that the list does not have is for the operator, anything else as its status says."""
    refused = from_response(NAME, response)
    if response.status_code == 400 and "is not recognized" in response.text:
        lacking = "The list {list} lacks a column ({answer}): run `python -m worker sharepoint provision`."
        return Configuration(lacking, list=list_name, answer=refused.facts["answer"])
    return refused


@cache
def list_id(to: Graph, site: str, name: str) -> str:
    """The id of the list that people call so. Raises a `Failure`."""
    return _named(to, f"{site}/lists", "displayName", name, "list")


@cache
def _drive_id(to: Graph, site: str, name: str) -> str:
    return _named(to, f"{site}/drives", "name", name, "library")


def _named(to: Graph, path: str, field: str, name: str, kind: str) -> str:
    """The id of the list or library that people call `name`. Looked up once, until something is not found under the id."""
    for found in to.all(path, params={"$select": f"id,{field}"}):
        if found.get(field) == name:
            return str(found["id"])
    raise Configuration(f"The SharePoint site has no {kind} called {name}: create it, or correct its name in the settings.")


def permitted(name: str) -> str:
    """`name` as SharePoint keeps it: without what it refuses in names."""
    return re.sub(r'["*:<>?/\\|\x00-\x1f]+', "-", name).strip(" .~") or "document"
