"""Microsoft Graph v1.0: one request with a bearer token, a time limit, and answers or failures."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import requests

from integrations import pace
from integrations.batch import Call, Gathering, address_of
from integrations.failures import calling, from_response
from integrations.identity import app_token
from integrations.web import WebSession
from models.settings import settings

NAME = "SharePoint"
Answer = dict[str, Any]


def graph() -> Graph:
    """Graph at the settings' address; one session a process."""
    return _graph(settings().graph_url)


class Graph:
    """Graph at one address, asked at the pace of all workers together. A `Passing` carries Graph's own Retry-After (FACTS 6)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.web = WebSession()
        self.gathering = Gathering(self._asked)

    def send(self, method: str, path: str, body: Answer | None = None, **options: Any) -> Answer:
        """The JSON answer of `path` (or of a whole URL, as in a next link); empty for 202 and 204. Raises a `Failure`."""
        response = self.ask(method, path, json=body, **options)
        if response.status_code >= 400:
            raise from_response(NAME, response)
        answer: Answer = response.json() if response.content else {}
        return answer

    def all(self, path: str, **options: Any) -> Iterator[Answer]:
        """Every member of a collection, over all its pages."""
        yield from self.rest(self.send("GET", path, **options))

    def rest(self, page: Answer) -> Iterator[Answer]:
        """Every member from this page on."""
        yield from page["value"]
        while link := page.get("@odata.nextLink"):
            page = self.send("GET", link)
            yield from page["value"]

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """The bare response. Calls that many threads make for items of lists at the same moment go together (integrations/batch.py)."""
        if path.startswith("/users/"):  # the mailboxes have limits of their own
            return self._asked(method, path, **options)
        pace.wait(pace.READ if method == "GET" else pace.WRITE)
        if "/items" in path and path.startswith("/sites/") and not path.endswith("/delta"):
            call = Call(method, address_of(path, options.get("params")), options.get("json"), options.get("headers") or {})
            response = self.gathering.ask(call)
        else:
            response = self._asked(method, path, **options)
        pace.heard(response)
        return response

    def _asked(self, method: str, path: str, **options: Any) -> requests.Response:
        """A token that is refused is replaced once: it may have been revoked before its time."""
        response = self._with(app_token(), method, path, options)
        return self._with(app_token(fresh=True), method, path, options) if response.status_code == 401 else response

    def _with(self, token: str, method: str, path: str, options: dict[str, Any]) -> requests.Response:
        url = path if path.startswith("http") else self.url + path
        headers = {**options.get("headers", {}), "Authorization": f"Bearer {token}"}
        with calling(NAME):
            return self.web.request(method, url, **{**options, "headers": headers})


@cache
def _graph(url: str) -> Graph:
    return Graph(url)
