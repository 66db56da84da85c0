"""The document library of the local Graph: files on disk, each with its item in the library's list."""

from __future__ import annotations

import mimetypes
import re
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import quote

from integrations.local.graph_lists import GraphError, Lists, Row, now

ROOT = "01ROOT"
SMALL = 250 * 1024 * 1024  # Graph's limit of a PUT in one piece
PIECE = 320 * 1024


class Drive:
    """The drive of the list `library`; its files lie in `folder` under their ids."""

    def __init__(self, folder: Path, lists: Lists, library: str) -> None:
        self.folder, self.lists, self.db = folder, lists, lists.db
        self.list_id = lists.find(library)["id"]
        self.id = "b!" + self.list_id.replace("-", "")
        self.name = library
        folder.mkdir(parents=True, exist_ok=True)

    def item(self, item_id: str) -> Row:
        """A file or folder by id, or 404."""
        row = self.db.execute("select * from files where id = ?", (item_id,)).fetchone()
        if row is None:
            raise GraphError(404, "itemNotFound", "The resource could not be found.")
        return dict(row)

    def children(self, parent: str) -> list[Row]:
        """What lies in a folder, by name."""
        return [dict(row) for row in self.db.execute("select * from files where parent = ? order by folder desc, name", (parent,))]

    def make_folder(self, name: str) -> str:
        """The id of the folder `name` in the root, made where it is missing."""
        if found := self._find(ROOT, name):
            return str(found["id"])
        return str(self._insert(ROOT, name, True, 0)["id"])

    def write(self, parent: str, name: str, content: bytes, behaviour: str = "replace") -> tuple[Row, bool]:
        """A file's content by its name; answers the file and whether it is new. `fail` refuses one that exists with 409."""
        _check_name(name)
        found = self._find(parent, name)
        if found and behaviour == "fail":
            raise GraphError(409, "nameAlreadyExists", "The specified item name already exists.")
        stored = self._replaced(found["id"], len(content)) if found else self._insert(parent, name, False, len(content))
        partial = self.folder / f".{stored['id']}.part"
        partial.write_bytes(content)
        partial.replace(self.path(stored["id"]))
        return stored, found is None

    def path(self, item_id: str) -> Path:
        """Where the file's content lies."""
        return self.folder / re.sub(r"\W", "", item_id)

    def begin_upload(self, parent: str, name: str, behaviour: str) -> str:
        """A session for a large file; answers its id, which is the right to write."""
        _check_name(name)
        session = secrets.token_urlsafe(24)
        self.db.execute("insert into uploads values (?, ?, ?, 0, ?)", (session, parent, name, behaviour))
        return session

    def add_piece(self, session: str, content_range: str, piece: bytes) -> tuple[Row | None, bool, list[str]]:
        """One piece, in order: the file when it is whole, else the ranges still expected (FACTS 11)."""
        row = self._upload(session)
        start, end, total = _range(content_range)
        if start != row["size"] or end - start + 1 != len(piece):
            raise GraphError(416, "invalidRange", "The range is not the one that is expected.")
        if end + 1 < total and len(piece) % PIECE:
            raise GraphError(400, "invalidRequest", "A piece must be a multiple of 320 KiB.")
        return self._append(row, piece, total)

    def expected(self, session: str) -> list[str]:
        """The ranges that a session still waits for."""
        return [f"{self._upload(session)['size']}-"]

    def remove(self, item_id: str) -> None:
        """Delete a file or an empty folder, and its item in the list."""
        found = self.item(item_id)
        self.lists.remove(self.list_id, found["item"])
        self.db.execute("delete from files where id = ?", (item_id,))
        self.path(item_id).unlink(missing_ok=True)

    def _upload(self, session: str) -> Row:
        row = self.db.execute("select * from uploads where id = ?", (session,)).fetchone()
        if row is None:
            raise GraphError(404, "itemNotFound", "The upload session was not found")
        return dict(row)

    def _append(self, row: Any, piece: bytes, total: int) -> tuple[Row | None, bool, list[str]]:
        partial = self.folder / f".{re.sub(r'[^A-Za-z0-9]', '', row['id'])}.upload"
        with partial.open("r+b" if row["size"] else "wb") as file:
            file.seek(row["size"])  # a piece half written before a crash is written over
            file.write(piece)
        size = row["size"] + len(piece)
        self.db.execute("update uploads set size = ? where id = ?", (size, row["id"]))
        if size < total:
            return None, False, [f"{size}-{total - 1}"]
        stored, new = self.write(row["folder"], row["name"], partial.read_bytes()[:total], row["behaviour"])
        self.db.execute("delete from uploads where id = ?", (row["id"],))
        partial.unlink()
        return stored, new, []

    def _find(self, parent: str, name: str) -> Row | None:
        row = self.db.execute("select * from files where parent = ? and name = ?", (parent, name)).fetchone()
        return dict(row) if row else None

    def _insert(self, parent: str, name: str, folder: bool, size: int) -> Row:
        item = self.lists.create(self.list_id, {"FileLeafRef": name})
        item_id, moment = "01" + secrets.token_hex(16).upper(), now()
        kind = "" if folder else mimetypes.guess_type(name)[0] or "application/octet-stream"
        self.db.execute("insert into files values (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
                        (item_id, parent, name, folder, size, kind, item["id"], moment, moment))
        return self.item(item_id)

    def _replaced(self, item_id: str, size: int) -> Row:
        self.db.execute("update files set size = ?, changed = ?, version = version + 1 where id = ?", (size, now(), item_id))
        return self.item(item_id)

    def shown(self, row: Row, site: str, base: str) -> Row:
        """A driveItem as Graph shows it."""
        kind = {"folder": {"childCount": len(self.children(row["id"]))}} if row["folder"] else {"file": {"mimeType": row["mime"]}}
        parent = {"driveId": self.id, "id": row["parent"], "driveType": "documentLibrary"}
        return {
            "id": row["id"], "name": row["name"], "size": row["size"],
            "createdDateTime": row["created"], "lastModifiedDateTime": row["changed"],
            "eTag": f'"{{{row["id"]}}},{row["version"]}"', "webUrl": f"{base}/library/{quote(row['id'])}", "parentReference": parent,
            "sharepointIds": {"listId": self.list_id, "listItemId": row["item"], "siteId": site}, **kind,
        }


def _check_name(name: str) -> None:
    if re.search(r'["*:<>?/\\|]', name) or name != name.strip() or not name or name.startswith("~$"):
        raise GraphError(400, "invalidRequest", "The provided name cannot contain any of: \" * : < > ? / \\ |")


def _range(header: str) -> tuple[int, int, int]:
    match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", header)
    if not match:
        raise GraphError(400, "invalidRequest", "Content-Range is missing or malformed.")
    return int(match[1]), int(match[2]), int(match[3])
