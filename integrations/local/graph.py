"""A local Microsoft Graph: the site's lists, its library and sendMail, with kept state.

Every request and every answer is checked against Graph's contract; tokens are the local sign-in provider's. Run by
`python -m integrations.local.graph PORT FOLDER MAILDIR`. `/` shows the lists without script.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import uvicorn
from requests import RequestException
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from integrations.columns import column_of
from integrations.local import only_local
from integrations.local.faults import Faults
from integrations.local.graph_answers import error, fault_of
from integrations.local.graph_batch import batch
from integrations.local.graph_call import Call
from integrations.local.graph_contract import Contract, Tokens
from integrations.local.graph_delta import delta
from integrations.local.graph_drive import ROOT, Drive
from integrations.local.graph_inbox import Inbox
from integrations.local.graph_lists import GraphError, Lists, Row, now
from integrations.local.graph_pages import lists_page
from integrations.local.graph_shapes import item_of, list_of, shown_column
from integrations.local.graph_subscriptions import Subscriptions
from integrations.local.maildir import keep, mail_of
from models.settings import settings

PAGE = 200


class LocalGraph:
    """The site, its lists and its library in `folder`; mail goes to `maildir`."""

    def __init__(self, folder: Path, maildir: Path) -> None:
        self.site, self.maildir = settings().sharepoint_site, maildir
        self.lists = Lists(folder)
        self.subscriptions = Subscriptions(self.lists, self.site)
        self.drive = Drive(folder / "files", self.lists, settings().sharepoint_library)
        self.contract, self.tokens, self.faults = Contract(), Tokens(), Faults()

    async def handle(self, request: Request) -> Response:
        """Fault, token, contract, answer, contract again."""
        path = request.url.path
        fault = self.faults.take(path, request.method)
        await asyncio.sleep(fault.delay if fault else 0)
        if fault and not fault.after and not fault.harmless:
            return fault_of(fault)
        try:
            response = await self._checked(request)
        except GraphError as wrong:
            response = error(wrong)
        await asyncio.sleep(fault.hang if fault else 0)
        if fault and fault.harmless:
            response.headers.update(fault.headers)
        return fault_of(fault) if fault and not fault.harmless else response

    async def _checked(self, request: Request) -> Response:
        role = "Mail.Send" if request.url.path.endswith("/sendMail") else "Sites.Selected"
        await asyncio.to_thread(self._authorise, request.headers.get("authorization", ""), role)
        body = await request.body()
        asked = self.contract.check_request(request, body)
        path = _raw_path(request).removeprefix("/v1.0")
        response = await batch(request, body, self.handle) if path == "/$batch" else self._answer(Call(request, body), path)
        if not isinstance(response, FileResponse):
            self.contract.check_response(asked, response)
        return response

    def _authorise(self, header: str, role: str) -> None:
        try:
            self.tokens.check(header, role)
        except RequestException as wrong:
            raise GraphError(503, "serviceNotAvailable", "The sign-in service cannot be reached to check the token.") from wrong

    def _answer(self, call: Call, path: str) -> Response:
        for method, pattern, verb in ROUTES:
            if method == call.method and (match := re.fullmatch(pattern, path)):
                found = {name: unquote(value) for name, value in match.groupdict().items()}
                if found.get("site", self.site) != self.site or found.get("drive", self.drive.id) != self.drive.id:
                    raise GraphError(404, "itemNotFound", "The resource could not be found.")
                return verb(self, call, **{name: value for name, value in found.items() if name not in ("site", "drive")})
        raise GraphError(501, "notSupported", "The stand-in does not do this.")

    # The site and its lists

    def show_site(self, call: Call) -> Response:
        return JSONResponse({"id": self.site, "displayName": "Partner Portal", "name": "partners", "webUrl": call.base})

    def show_lists(self, call: Call) -> Response:
        return JSONResponse({"value": [list_of(row, call.base) for row in self.lists.every()]})

    def add_list(self, call: Call) -> Response:
        columns = [column_of(one) for one in call.body.get("columns") or []]
        template = (call.body.get("list") or {}).get("template", "genericList")
        return JSONResponse(list_of(self.lists.add_list(call.body["displayName"], template, columns), call.base), 201)

    def show_list(self, call: Call, list: str) -> Response:
        return JSONResponse(list_of(self.lists.find(list), call.base))

    def show_columns(self, call: Call, list: str) -> Response:
        return JSONResponse({"value": [shown_column(column) for column in self.lists.columns(self.lists.find(list)["id"]).values()]})

    def add_column(self, call: Call, list: str) -> Response:
        return JSONResponse(shown_column(self.lists.add_column(self.lists.find(list)["id"], column_of(call.body))), 201)

    def show_items(self, call: Call, list: str) -> Response:
        top = min(int(call.query.get("$top", PAGE)), PAGE)
        tolerant = "HonorNonIndexedQueriesWarningMayFailRandomly" in call.request.headers.get("prefer", "")
        after = int(call.query.get("$skiptoken", 0))
        found = self.lists.items(self.lists.find(list)["id"], call.query.get("$filter"), tolerant, after, top + 1)
        body: Row = {"value": [item_of(item, call.wants_fields) for item in found[:top]]}
        if len(found) > top:
            body["@odata.nextLink"] = str(call.request.url.include_query_params(**{"$skiptoken": found[top - 1]["number"]}))
        return JSONResponse(body)

    def show_changes(self, call: Call, list: str) -> Response:
        return JSONResponse(delta(self.lists, call, self.lists.find(list)["id"]))

    def show_versions(self, call: Call, list: str, item: str) -> Response:
        return JSONResponse({"value": self.lists.versions(self.lists.find(list)["id"], item)})

    def create_item(self, call: Call, list: str) -> Response:
        return JSONResponse(item_of(self.lists.create(self.lists.find(list)["id"], call.body.get("fields") or {}), True), 201)

    def show_item(self, call: Call, list: str, item: str) -> Response:
        return JSONResponse(item_of(self.lists.item(self.lists.find(list)["id"], item), call.wants_fields))

    def change_item(self, call: Call, list: str, item: str) -> Response:
        fields, version = call.body.get("fields") or {}, call.request.headers.get("if-match")
        return JSONResponse(item_of(self.lists.change(self.lists.find(list)["id"], item, fields, version), True))

    def remove_item(self, call: Call, list: str, item: str) -> Response:
        self.lists.remove(self.lists.find(list)["id"], item)
        return Response(status_code=204)

    def show_fields(self, call: Call, list: str, item: str) -> Response:
        return JSONResponse(self.lists.item(self.lists.find(list)["id"], item)["fields"])

    def change_fields(self, call: Call, list: str, item: str) -> Response:
        changed = self.lists.change(self.lists.find(list)["id"], item, call.body, call.request.headers.get("if-match"))
        return JSONResponse({**changed["fields"], "@odata.etag": changed["eTag"]})

    def tend_subscriptions(self, call: Call, subscription: str) -> Response:
        return self.subscriptions.answer(call, subscription)

    # The library

    def show_drives(self, call: Call) -> Response:
        return JSONResponse({"value": [self._drive(call)]})

    def show_drive(self, call: Call, list: str = "") -> Response:
        if list and self.lists.find(list)["id"] != self.drive.list_id:
            raise GraphError(404, "itemNotFound", "This list has no drive.")
        return JSONResponse(self._drive(call))

    def show_children(self, call: Call, item: str = ROOT) -> Response:
        return JSONResponse({"value": [self.drive.shown(row, self.site, call.base) for row in self.drive.children(item)]})

    def show_file(self, call: Call, item: str) -> Response:
        return JSONResponse(self.drive.shown(self.drive.item(item), self.site, call.base))

    def remove_file(self, call: Call, item: str) -> Response:
        self.drive.remove(item)
        return Response(status_code=204)

    def read_file(self, call: Call, item: str) -> Response:
        return FileResponse(self.drive.path(self.drive.item(item)["id"]), media_type="application/octet-stream")

    def write_file(self, call: Call, name: str, folder: str = "") -> Response:
        parent = self.drive.make_folder(folder) if folder else ROOT
        stored, new = self.drive.write(parent, name, call.content, call.query.get("@microsoft.graph.conflictBehavior", "replace"))
        return JSONResponse(self.drive.shown(stored, self.site, call.base), 201 if new else 200)

    def begin_upload(self, call: Call, name: str, folder: str = "") -> Response:
        parent = self.drive.make_folder(folder) if folder else ROOT
        behaviour = (call.body.get("item") or {}).get("@microsoft.graph.conflictBehavior", "fail")  # FACTS 11
        session = self.drive.begin_upload(parent, name, behaviour)
        return JSONResponse({"uploadUrl": f"{call.base}/_upload/{session}", "expirationDateTime": now(), "nextExpectedRanges": ["0-"]})

    def send_mail(self, call: Call, sender: str) -> Response:
        keep(self.maildir, mail_of(call.body["message"], sender))
        return Response(status_code=202)

    # Outside of Graph's contract: pieces of an upload, pages for people

    async def upload(self, request: Request) -> Response:
        """A piece of a large file; the address is the right, and a bearer token is refused as the real one does."""
        if "authorization" in request.headers:
            return error(GraphError(401, "unauthenticated", "An upload session takes no Authorization header."))
        fault = self.faults.take(request.url.path, request.method)
        if fault and not fault.after:
            return fault_of(fault)
        try:
            response = self._ranges(request) if request.method == "GET" else self._piece(request, await request.body())
        except GraphError as wrong:
            return error(wrong)
        return fault_of(fault) if fault else response

    def _ranges(self, request: Request) -> Response:
        """What the session still waits for."""
        return JSONResponse({"expirationDateTime": now(), "nextExpectedRanges": self.drive.expected(request.path_params["session"])})

    def _piece(self, request: Request, piece: bytes) -> Response:
        session, base = request.path_params["session"], f"{request.url.scheme}://{request.url.netloc}"
        stored, new, expected = self.drive.add_piece(session, request.headers.get("content-range", ""), piece)
        if stored is None:
            return JSONResponse({"expirationDateTime": now(), "nextExpectedRanges": expected}, 202)
        return JSONResponse(self.drive.shown(stored, self.site, base), 201 if new else 200)

    async def page(self, _: Request) -> Response:
        """All lists with all their items, and the library's files, as plain HTML."""
        return HTMLResponse(lists_page(self.lists, self.drive))

    async def download(self, request: Request) -> Response:
        """A file of the library."""
        try:
            found = self.drive.item(request.path_params["item"])
        except GraphError:
            return HTMLResponse("There is no such file.", 404)
        return FileResponse(self.drive.path(found["id"]), media_type=found["mime"], filename=found["name"])

    async def edit(self, request: Request) -> Response:
        """What a person does in the browser, `{list, item, fields, name, email}`: without an item they make one, without fields they
        delete it."""
        told = await request.json()
        list_id, item = self.lists.find(told["list"])["id"], told["item"]
        if told["fields"] is None:
            self.lists.remove(list_id, item)
            return Response(status_code=204)
        item = item or self.lists.create(list_id, {})["id"]
        self.lists.edited(list_id, item, told["fields"], told["name"], told["email"])
        return JSONResponse({"id": item})

    async def remake(self, request: Request) -> Response:
        """A person deletes a list and makes it again: `{list}`."""
        self.lists.remake((await request.json())["list"])
        return Response(status_code=204)

    async def rename(self, request: Request) -> Response:
        """A person deletes a column and makes it again under another name, with what stood in it: `{list, column, to}`."""
        told = await request.json()
        self.lists.rename(self.lists.find(told["list"])["id"], told["column"], told["to"])
        return Response(status_code=204)

    async def revoke(self, _: Request) -> Response:
        """Refuse every token issued until now."""
        self.tokens.forget()
        return Response(status_code=204)

    def _drive(self, call: Call) -> Row:
        return {"id": self.drive.id, "name": self.drive.name, "driveType": "documentLibrary", "webUrl": call.base}


LIST = r"/sites/(?P<site>[^/]+)/lists/(?P<list>[^/]+)"
ITEM = LIST + r"/items/(?P<item>[^/]+)"
DRIVE = r"/drives/(?P<drive>[^/]+)"
FILE = DRIVE + r"/root:/(?:(?P<folder>[^/]+)/)?(?P<name>[^/]+):"
ROUTES: list[tuple[str, str, Callable[..., Response]]] = [
    ("GET", r"/sites/(?P<site>[^/]+)", LocalGraph.show_site),
    ("GET", r"/sites/(?P<site>[^/]+)/lists", LocalGraph.show_lists),
    ("POST", r"/sites/(?P<site>[^/]+)/lists", LocalGraph.add_list),
    ("GET", LIST, LocalGraph.show_list),
    ("GET", LIST + "/columns", LocalGraph.show_columns),
    ("POST", LIST + "/columns", LocalGraph.add_column),
    ("GET", LIST + "/items", LocalGraph.show_items),
    ("GET", LIST + "/items/delta", LocalGraph.show_changes),
    ("POST", LIST + "/items", LocalGraph.create_item),
    ("GET", ITEM, LocalGraph.show_item),
    ("PATCH", ITEM, LocalGraph.change_item),
    ("DELETE", ITEM, LocalGraph.remove_item),
    ("GET", ITEM + "/versions", LocalGraph.show_versions),
    ("GET", ITEM + "/fields", LocalGraph.show_fields),
    ("PATCH", ITEM + "/fields", LocalGraph.change_fields),
    ("GET", LIST + "/drive", LocalGraph.show_drive),
    ("GET", r"/sites/(?P<site>[^/]+)/drives", LocalGraph.show_drives),
    ("GET", r"/sites/(?P<site>[^/]+)/drive", LocalGraph.show_drive),
    ("GET", DRIVE, LocalGraph.show_drive),
    ("GET", DRIVE + "/root/children", LocalGraph.show_children),
    ("GET", DRIVE + "/items/(?P<item>[^/]+)", LocalGraph.show_file),
    ("DELETE", DRIVE + "/items/(?P<item>[^/]+)", LocalGraph.remove_file),
    ("GET", DRIVE + "/items/(?P<item>[^/]+)/children", LocalGraph.show_children),
    ("GET", DRIVE + "/items/(?P<item>[^/]+)/content", LocalGraph.read_file),
    ("PUT", FILE + "/content", LocalGraph.write_file),
    ("POST", FILE + "/createUploadSession", LocalGraph.begin_upload),
    *((method, r"/subscriptions/?(?P<subscription>[^/]*)", LocalGraph.tend_subscriptions) for method in ("GET", "POST", "PATCH", "DELETE")),
    ("POST", r"/users/(?P<sender>[^/]+)/sendMail", LocalGraph.send_mail),
]


def app(folder: Path, maildir: Path) -> Starlette:
    """The stand-in as an ASGI application."""
    only_local("The local Graph")
    graph = LocalGraph(folder, maildir)
    inbox = Inbox(maildir.parent / "inbox", graph.faults, graph._authorise, error)
    return Starlette(routes=[
        *inbox.routes,
        Route("/v1.0/{path:path}", graph.handle, methods=["GET", "POST", "PATCH", "PUT", "DELETE"]),
        Route("/_upload/{session}", graph.upload, methods=["GET", "PUT"]),
        Route("/_faults", graph.faults.route, methods=["GET", "POST", "DELETE"]),
        Route("/_edit", graph.edit, methods=["POST"]),
        Route("/_remake", graph.remake, methods=["POST"]),
        Route("/_rename", graph.rename, methods=["POST"]),
        Route("/_revoke", graph.revoke, methods=["POST"]),
        Route("/library/{item}", graph.download),
        Route("/", graph.page),
    ])


def _raw_path(request: Request) -> str:
    """The path still quoted: a `/` inside a name is not a separator."""
    return str(request.scope.get("raw_path", request.url.path.encode()).decode("ascii").partition("?")[0])



def main(port: int, folder: str, maildir: str) -> None:
    """Serve until told to stop."""
    uvicorn.run(app(Path(folder), Path(maildir)), host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
