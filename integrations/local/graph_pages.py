"""The lists and the library as one plain HTML page, without script."""

from __future__ import annotations

from html import escape

from integrations.local.graph_drive import ROOT, Drive
from integrations.local.graph_lists import Lists, Row
from integrations.local.look import page

EVERY = 1_000_000


def lists_page(lists: Lists, drive: Drive) -> str:
    """Every list with every item and all its columns, newest first, then the files by folder."""
    tables = [_table(lists, row) for row in lists.every() if row["id"] != drive.list_id]
    return page("SharePoint lists on this machine", "".join(tables) + _library(lists, drive))


def _table(lists: Lists, row: Row) -> str:
    items = lists.items(row["id"], None, False, 0, EVERY)[::-1]
    count = f"{len(items)} item{'' if len(items) == 1 else 's'}"
    heading = f"<h2>{escape(row['name'])} <small>{count}</small></h2>"
    return heading + ("".join(_item(item) for item in items) or "<p class=quiet>No items yet.</p>")


def _item(item: Row) -> str:
    fields = {name: value for name, value in item["fields"].items() if name != "id"}
    rows = "".join(f"<tr><th scope=row>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in fields.items())
    caption = f"Item {escape(item['id'])}, changed {escape(item['lastModifiedDateTime'])}"
    return f'<table id="item-{escape(item["id"])}"><caption>{caption}</caption>{rows}</table>'


def _library(lists: Lists, drive: Drive) -> str:
    top = drive.children(ROOT)
    loose = [row for row in top if not row["folder"]]
    blocks = [_folder(lists, drive, row["name"], drive.children(row["id"])) for row in top if row["folder"]]
    blocks += [_folder(lists, drive, "Without a folder", loose)] if loose else []
    return f"<h2>{escape(drive.name)} <small>documents</small></h2>" + ("".join(blocks) or "<p class=quiet>No documents yet.</p>")


def _folder(lists: Lists, drive: Drive, name: str, files: list[Row]) -> str:
    rows = "".join(_file(row, lists.item(drive.list_id, row["item"])["fields"]) for row in files)
    head = "<tr><th>Name</th><th>Bytes</th><th>EvidenceSection</th><th>EpcItemId</th><th>Other columns</th></tr>"
    return f'<div class="wide"><table><caption>{escape(name)}</caption>{head}{rows}</table></div>'


def _file(row: Row, fields: Row) -> str:
    shown = ("id", "FileLeafRef", "EvidenceSection", "EpcItemId")
    others = "; ".join(f"{name} {value}" for name, value in fields.items() if name not in shown)
    link = f'<a href="/library/{escape(row["id"])}">{escape(row["name"])}</a>'
    cells = [link, str(row["size"]), *(escape(str(fields.get(name, ""))) for name in ("EvidenceSection", "EpcItemId")), escape(others)]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
