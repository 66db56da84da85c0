"""The sender's inbox of the local Graph. Its paths stand in no contract here: they are as Microsoft's reference of messages has them."""

from __future__ import annotations

import mailbox
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.local.faults import Faults

ROLE = "Mail.ReadWrite"
UNREAD = re.compile(r"receivedDateTime ge \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ and isRead eq false")
PAGE = 10


class Inbox:
    """The mails in `folder`, a Maildir; `authorise` raises unless the bearer token has the role, and `refuse` answers what it raised."""

    def __init__(self, folder: Path, faults: Faults, authorise: Callable[[str, str], None], refuse: Callable[[Any], Response]) -> None:
        self.folder, self.faults, self.authorise, self.refuse = folder, faults, authorise, refuse

    @property
    def routes(self) -> list[Route]:
        """Listing, reading as MIME, and marking as read."""
        user = "/v1.0/users/{user}"
        return [
            Route(f"{user}/mailFolders/inbox/messages", self._guarded(self.show), methods=["GET"]),
            Route(f"{user}/messages/{{id}}/$value", self._guarded(self.read), methods=["GET"]),
            Route(f"{user}/messages/{{id}}", self._guarded(self.change), methods=["PATCH"]),
        ]

    def show(self, request: Request, _body: Any) -> Response:
        """The unread ones, a page at a time."""
        if not UNREAD.fullmatch(request.query_params.get("$filter", "")):
            return self._error(400, "BadRequest")
        box, start = self._box(), int(request.query_params.get("$skip", 0))
        keys = sorted(key for key in box.iterkeys() if "S" not in box.get_message(key).get_flags())
        body: dict[str, Any] = {"value": [{"id": key} for key in keys[start : start + PAGE]]}
        if len(keys) > start + PAGE:
            body["@odata.nextLink"] = str(request.url.include_query_params(**{"$skip": start + PAGE}))
        return JSONResponse(body)

    def read(self, request: Request, _body: Any) -> Response:
        """One mail as it arrived."""
        key, box = request.path_params["id"], self._box()
        return Response(box.get_bytes(key), media_type="text/plain") if key in box else self._error(404, "ErrorItemNotFound")

    def change(self, request: Request, body: Any) -> Response:
        """Only whether it is read can be changed."""
        key, box = request.path_params["id"], self._box()
        if key not in box or set(body) != {"isRead"}:
            return self._error(404 if key not in box else 400, "ErrorItemNotFound")
        found = box.get_message(key)
        found.set_subdir("cur")
        found.set_flags("S" if body["isRead"] else "")
        box[key] = found
        return JSONResponse({"id": key, **body})

    def _guarded(self, verb: Callable[[Request, Any], Response]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            if fault := self.faults.take(request.url.path, request.method):
                return self._error(fault.status, "generalException")
            try:
                self.authorise(request.headers.get("authorization", ""), ROLE)
            except Exception as error:
                return self.refuse(error)
            return verb(request, await request.json() if request.method == "PATCH" else None)

        return endpoint

    def _box(self) -> mailbox.Maildir:
        return mailbox.Maildir(self.folder, create=True)

    def _error(self, status: int, code: str) -> Response:
        return JSONResponse({"error": {"code": code, "message": "The stand-in does not take this."}}, status)
