"""Many invitations from a CSV file: chosen, looked at line by line, mended by choosing it again, and invited in one go."""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Mapping
from html import escape

from fastapi import FastAPI, Request
from fastapi.responses import Response
from nicegui import events, ui

from models import person
from models.database import reading
from models.errors import Refused
from models.invitation_import import HEADER, MOST_BYTES, MOST_LINES, Fate, Line, Planned, Read, invite_line, plan, read_file, template
from models.language import _, ngettext, shown_number
from models.person import Right
from portal import auth, staff
from portal.controls import button
from portal.frame import frame, page, static_url
from portal.pages.desk_style import style as desk_style
from portal.pages.inviting import end_of
from portal.render import render

PATH, TEMPLATE = "/invitations/import", "/invitations/template.csv"
#: The file comes over the page's own socket, in pieces that its messages hold.
SEND = """async (event) => {
  const box = event.target, file = box.files && box.files[0];
  if (!file) return;
  if (file.size > %d) { emit(file.name, 0, -1, ""); box.value = ""; return; }
  const bytes = new Uint8Array(await file.arrayBuffer()), piece = 196608, count = Math.max(1, Math.ceil(bytes.length / piece));
  box.value = "";
  for (let number = 0; number < count; number += 1) {
    let text = "";
    for (const byte of bytes.subarray(number * piece, (number + 1) * piece)) text += String.fromCharCode(byte);
    emit(file.name, number, count, btoa(text));
  }
}"""
PIECES = 8
FATES: Mapping[str, tuple[str, str]] = {
    Fate.NEW: ("Will be invited", "good"), Fate.BEFORE: ("Invited before", "warn"),
    Fate.ALREADY: ("Invited already", ""), Fate.WRONG: ("Wrong", "bad"),
}  # fmt: skip


def install(app: FastAPI) -> None:
    """Register the page and its template."""
    app.add_api_route(TEMPLATE, _template, methods=["GET"], include_in_schema=False)

    @page(PATH)
    async def importing(request: Request) -> None:
        desk = staff.at_desk(request)
        actor = await desk.read(Right.INVITE, lambda __, actor: actor)
        with frame(_("Import a list"), actor=actor, here="/invitations", wide=True):
            desk_style()
            style()
            Importing(desk)


def style() -> None:
    """The stylesheet and script of the list of invitations and of this page."""
    ui.add_head_html(f'<link rel="stylesheet" href="{static_url("inviting.css")}"><script src="{static_url("ticks.js")}" defer></script>')


class Importing:
    """The page: the file that was chosen, what would happen to each of its lines, and doing it."""

    def __init__(self, desk: staff.Desk) -> None:
        self.desk, self.pieces, self.name, self.busy = desk, list[str](), "", False
        self.read, self.planned, self.failed = Read((), ()), list[Planned](), dict[int, str]()
        ui.html(render("importing.html", columns=HEADER, example=TEMPLATE, most=MOST_LINES), sanitize=False)
        with ui.element("div").classes("card") as self.card:
            self.choose = ui.html(render("choose_file.html"), sanitize=False)
            self.choose.on("change", self._arrived, js_handler=SEND % MOST_BYTES)
            self.error = ui.html("", sanitize=False, tag="p").classes("error").props("id=file-error role=alert")
        self.news = ui.html("", sanitize=False).props("role=status").classes("results")
        self.sum = ui.html("", sanitize=False).classes("results")
        with ui.element("div").classes("row-of ticking") as self.doing:
            self.again = ui.html("", sanitize=False).classes("again")
            self.again.on("change", self._ticked, js_handler="(event) => emit(event.target.checked)")
            self.go = button("", self._invite, "go")
        self.lines = ui.html("", sanitize=False).classes("results")
        self.too = False  # whether those invited before are invited once more
        self._show()

    @property
    def chosen(self) -> list[Planned]:
        """The lines that would be invited now."""
        return [one for one in self.planned if one.fate == Fate.NEW or (self.too and one.fate == Fate.BEFORE)]

    async def _arrived(self, event: events.GenericEventArguments) -> None:
        name, number, count, text = str(event.args[0]), int(event.args[1]), int(event.args[2]), str(event.args[3])
        if self.busy:
            return
        if number == 0:
            self.pieces, self.name = [], name[:200]
        self.pieces.append(text)
        if count < 0 or len(self.pieces) > PIECES:
            self._refuse(_("This file is larger than 1 MB. Divide it into several files."))
        elif len(self.pieces) == count:
            await self._look(_content(self.pieces))

    async def _look(self, content: bytes) -> None:
        try:
            self.read = read_file(content)
            self.failed, self.too = {}, False
            await self._plan()
        except Refused as error:
            return self._refuse(_(staff.SIGNED_OUT) if error.status == 401 else error.detail)
        self.error.set_content("")
        self.news.set_content(f'<p class="sr">{escape(self._told())}</p>')
        self._show()

    async def _plan(self) -> None:
        """What stands on the page is never older than this: the same is asked of the database as when the lines are invited."""
        lines = self.read.lines
        self.planned = await self.desk.read(Right.INVITE, lambda session, __: plan(session, lines, end_of))

    def _refuse(self, sentence: str) -> None:
        self.planned, self.pieces = [], []
        self.error.set_content(escape(sentence))
        self.news.set_content("")
        self._show()

    def _ticked(self, event: events.GenericEventArguments) -> None:
        self.too = bool(event.args)
        self._label()

    async def _invite(self) -> None:
        if self.busy or not self.chosen:
            return
        self.busy, chosen = True, self.chosen
        try:
            self.failed = {}
            for done, one in enumerate(chosen, start=1):
                if why := await self._one(one.line):
                    self.failed[one.line.number] = why
                if done % 20 == 0:
                    said = _("{done} of {count} are done.").format(done=shown_number(done), count=shown_number(len(chosen)))
                    self.news.set_content(escape(said))
            await self._done(len(chosen) - len(self.failed))
        finally:
            self.busy = False

    async def _one(self, line: Line) -> str:
        """Invite one, whole or not at all; answers why not, or nothing."""
        try:
            await self.desk.change(lambda session, actor: invite_line(session, actor, line, end_of))
        except Refused as error:
            return _(staff.SIGNED_OUT) if error.status == 401 else error.detail
        return ""

    async def _done(self, count: int) -> None:
        self.news.set_content(render("imported.html", count=count, failed=self.failed))
        self.too = False
        try:
            await self._plan()
        except Refused as error:
            staff.tell(_(staff.SIGNED_OUT) if error.status == 401 else error.detail, "negative")
        self._show()
        self.news.client.run_javascript('desk.focus("imported")')

    def _show(self) -> None:
        counts = Counter(one.fate for one in self.planned)
        before = counts[Fate.BEFORE]
        there = bool(self.planned)
        summed = {"counts": counts, "fates": FATES, "name": self.name, "unread": self.read.unread}
        self.sum.set_content(render("import_sum.html", **summed) if there else "")
        self.lines.set_content(render("import_lines.html", planned=self.planned, fates=FATES, failed=self.failed) if there else "")
        self.again.set_content(render("import_before.html", count=before) if before else "")
        self.doing.set_visibility(there)
        self._label()

    def _label(self) -> None:
        count = len(self.chosen)
        said = ngettext("Invite {count} company", "Invite {count} companies", count).format(count=shown_number(count))
        self.go.text = said if count else _("Nobody to invite")
        self.go.props.pop("disabled", None)
        if not count:
            self.go.props["disabled"] = ""
        self.go.update()

    def _told(self) -> str:
        lines, wrong = len(self.planned), sum(one.fate == Fate.WRONG for one in self.planned)
        said = ngettext("{count} line was read.", "{count} lines were read.", lines).format(count=shown_number(lines))
        wrongs = ngettext("{count} line is wrong.", "{count} lines are wrong.", wrong).format(count=shown_number(wrong))
        return f"{said} {wrongs}" if wrong else said


def _content(pieces: list[str]) -> bytes:
    try:
        return b"".join(base64.b64decode(piece, validate=True) for piece in pieces)
    except binascii.Error:
        return b""


def _template(request: Request) -> Response:
    """The example file, for whoever may invite."""
    with reading() as session:
        person.actor_of(session, str(request.session.get(auth.STAFF, ""))).must(Right.INVITE)
    headers = {"content-disposition": 'attachment; filename="invitations.csv"'}
    return Response(template(), media_type="text/csv; charset=utf-8", headers=headers)
