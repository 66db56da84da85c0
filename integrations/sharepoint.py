"""The lists and the library in SharePoint, through Graph. What is written can be written again without harm."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol
from urllib.parse import quote

from integrations.failures import Configuration, Permanent, calling, from_response
from integrations.graph import NAME, Answer, Graph, graph
from integrations.web import WebSession
from models.settings import settings

SMALL = 4 * 1024 * 1024  # above this Graph wants an upload session
CHUNK = 16 * 320 * 1024  # a multiple of 320 KiB, as sessions demand (FACTS 11)
REPLACE = {"@microsoft.graph.conflictBehavior": "replace"}


@dataclass(frozen=True)
class Item:
    """An item of a list: its id there, its eTag, and its columns by internal name."""

    id: str
    etag: str
    fields: dict[str, Any]


class SharePoint(Protocol):
    """What the product asks of SharePoint. Every method may raise a `Failure`."""

    def find_item(self, list_name: str, column: str, value: str) -> Item | None: ...
    def upsert_item(self, list_name: str, key_column: str, key: str, fields: dict[str, Any]) -> str: ...
    def update_item(self, list_name: str, item_id: str, fields: dict[str, Any], etag: str | None = None) -> None: ...
    def upload_document(self, folder: str, name: str, content: bytes, content_type: str, fields: dict[str, Any]) -> str: ...


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
        found = self.graph.send("GET", f"{self._list(list_name)}/items", params={"$expand": "fields", "$filter": condition, "$top": "2"})
        return _item(found["value"][0]) if found["value"] else None

    def upsert_item(self, list_name: str, key_column: str, key: str, fields: dict[str, Any]) -> str:
        """Write `fields` to the item whose `key_column` is `key`, or to a new one; answers its id. Graph has no upsert (FACTS 1)."""
        if found := self.find_item(list_name, key_column, key):
            return self._change(list_name, found, fields)
        response = self.graph.ask("POST", f"{self._list(list_name)}/items", json={"fields": {**fields, key_column: key}})
        if response.status_code < 400:
            return str(response.json()["id"])
        # Another worker may have created it, or an answer got lost: look before calling it an error (FACTS 2).
        if response.status_code < 500 and (found := self.find_item(list_name, key_column, key)):
            return self._change(list_name, found, fields)
        raise from_response(NAME, response)

    def update_item(self, list_name: str, item_id: str, fields: dict[str, Any], etag: str | None = None) -> None:
        """Write `fields` to the item; with `etag`, only if nobody changed it since (else `Passing`: look again)."""
        headers = {"If-Match": etag} if etag else {}
        self.graph.send("PATCH", f"{self._list(list_name)}/items/{quote(item_id, safe='')}/fields", fields, headers=headers)

    def upload_document(self, folder: str, name: str, content: bytes, content_type: str, fields: dict[str, Any]) -> str:
        """Put a document into the library under `folder`/`name`, over an earlier one, and write its columns; answers its drive item's id.

        SharePoint finds `content_type` by the extension; it is checked here that there is one.
        """
        if "." not in name:
            raise Permanent(f"The document {name} has no extension that says what it is ({content_type}).")
        drive = f"/drives/{_drive_id(self.graph, self.path, settings().sharepoint_library)}"
        where = f"{drive}/root:/{_permitted(folder)}/{_permitted(name)}:"
        stored = self._small(where, content) if len(content) < SMALL else self._large(where, content)
        self._describe(drive, stored["id"], fields)
        return str(stored["id"])

    def _small(self, where: str, content: bytes) -> Answer:
        headers = {"Content-Type": "application/octet-stream"}
        return self.graph.send("PUT", f"{where}/content", data=content, params=REPLACE, headers=headers)

    def _large(self, where: str, content: bytes) -> Answer:
        session = self.graph.send("POST", f"{where}/createUploadSession", {"item": REPLACE})
        answer: Answer = {}
        for start in range(0, len(content), CHUNK):
            answer = _send_chunk(session["uploadUrl"], content[start : start + CHUNK], start, len(content))
        return answer

    def _describe(self, drive: str, item_id: str, fields: dict[str, Any]) -> None:
        found = self.graph.send("GET", f"{drive}/items/{item_id}", params={"$select": "id,sharepointIds"})
        self.update_item(settings().sharepoint_library, found["sharepointIds"]["listItemId"], fields)

    def _change(self, list_name: str, found: Item, fields: dict[str, Any]) -> str:
        self.update_item(list_name, found.id, fields, found.etag)
        return found.id

    def _list(self, name: str) -> str:
        return f"{self.path}/lists/{_list_id(self.graph, self.path, name)}"


def _item(answer: Answer) -> Item:
    return Item(str(answer["id"]), answer.get("eTag") or "*", answer.get("fields") or {})


@cache
def _list_id(to: Graph, site: str, name: str) -> str:
    return _named(to, f"{site}/lists", "displayName", name, "list")


@cache
def _drive_id(to: Graph, site: str, name: str) -> str:
    return _named(to, f"{site}/drives", "name", name, "library")


def _named(to: Graph, path: str, field: str, name: str, kind: str) -> str:
    """The id of the list or library that people call `name`. Looked up once: ids do not change, names in the settings may."""
    for found in to.all(path, params={"$select": f"id,{field}"}):
        if found.get(field) == name:
            return str(found["id"])
    raise Configuration(f"The SharePoint site has no {kind} called {name}: create it, or correct its name in the settings.")


def _send_chunk(url: str, chunk: bytes, start: int, size: int) -> Answer:
    """One chunk, without the bearer token: the URL itself is the right to write (FACTS 11)."""
    headers = {"Content-Range": f"bytes {start}-{start + len(chunk) - 1}/{size}"}
    with calling(NAME), WebSession() as web:
        response = web.put(url, data=chunk, headers=headers)
    if response.status_code >= 400:
        raise from_response(NAME, response)
    answer: Answer = response.json()
    return answer


def _permitted(name: str) -> str:
    """`name` as a part of a path: without what SharePoint refuses in names, quoted."""
    plain = re.sub(r'["*:<>?/\\|\x00-\x1f]+', "-", name).strip(" .~") or "document"
    return quote(plain, safe="")
