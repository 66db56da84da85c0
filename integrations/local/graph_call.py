"""One request to the local Graph."""

from __future__ import annotations

import json

from starlette.requests import Request

from integrations.local.graph_lists import Row


class Call:
    """One request: its method, its body, and where it came to."""

    def __init__(self, request: Request, body: bytes) -> None:
        self.request, self.content = request, body
        self.method, self.query = request.method, request.query_params
        self.base = f"{request.url.scheme}://{request.url.netloc}"

    @property
    def wants_fields(self) -> bool:
        """Whether an item's columns are to be shown with it."""
        return "fields" in self.query.get("$expand", "")

    @property
    def body(self) -> Row:
        """The body as JSON."""
        found: Row = json.loads(self.content or b"{}")
        return found
