"""Calls to Graph that many threads make at the same moment, gathered into one `$batch` of at most 20 (FACTS 7).

A few calls go alone, at once. Whoever comes while those are on their way waits for one to land, and then all who wait go together: after
an outage many deliveries are due, and a hundred of them need five requests. The outer answer says nothing of the inner ones, so each caller
gets its own, with its own status and Retry-After, as if it had asked alone.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from integrations.failures import Passing

MOST = 20
ALONE = 4  # requests on their way at once, before others wait and are gathered
Send = Callable[..., requests.Response]


@dataclass
class Call:
    """One call: what it asks, and what came of it. `together` are those that its thread is to send, itself among them."""

    method: str
    address: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    landed: threading.Event = field(default_factory=threading.Event)
    together: list[Call] = field(default_factory=list)
    answer: requests.Response | None = None
    error: BaseException | None = None

    def inner(self, number: int) -> dict[str, Any]:
        """The call as a part of a `$batch`."""
        said = {"id": str(number), "method": self.method, "url": self.address}
        if self.body is None:
            return said | ({"headers": self.headers} if self.headers else {})
        return said | {"headers": {**self.headers, "Content-Type": "application/json"}, "body": self.body}


class Gathering:
    """The calls of one process to one Graph. `send(method, path, **options)` asks it, as `requests` would."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.lock = threading.Lock()
        self.flying = 0
        self.waiting: list[Call] = []

    def ask(self, call: Call) -> requests.Response:
        """The answer to the call, sent alone or together with others; raises what sending it raised."""
        with self.lock:
            if self.flying < ALONE:
                self.flying += 1
                call.together = [call]
            else:
                self.waiting.append(call)
        if not call.together:
            call.landed.wait()
        if call.together:
            self._fly(call.together)
        if call.error:
            raise call.error
        assert call.answer is not None
        return call.answer

    def _fly(self, calls: list[Call]) -> None:
        """Send them, then hand this place on to those who wait."""
        try:
            self._alone(calls[0]) if len(calls) == 1 else self._together(calls)
        except BaseException as error:  # whatever it is, everybody who waits for it must hear of it
            for call in calls:
                call.error = error
        finally:
            self._hand_on()
            for call in calls:
                call.together = []
                call.landed.set()

    def _hand_on(self) -> None:
        with self.lock:
            following, self.waiting = self.waiting[:MOST], self.waiting[MOST:]
            self.flying -= 0 if following else 1
        if following:
            following[0].together = following
            following[0].landed.set()

    def _alone(self, call: Call) -> None:
        options = {} if call.body is None else {"json": call.body}
        call.answer = self.send(call.method, call.address, headers=call.headers, **options)

    def _together(self, calls: list[Call]) -> None:
        outer = self.send("POST", "/$batch", json={"requests": [call.inner(number) for number, call in enumerate(calls)]})
        if 400 <= outer.status_code < 500 and outer.status_code not in (401, 403, 408, 429):
            for call in calls:  # the batch was refused as such, which says nothing of any of them
                self._alone(call)
            return
        answers = {} if outer.status_code >= 400 else {str(one["id"]): one for one in outer.json()["responses"]}
        for number, call in enumerate(calls):
            if outer.status_code >= 400:
                call.answer = outer
            elif told := answers.get(str(number)):
                call.answer = _answer(call, told)
            else:
                call.error = Passing("{system} left a request of a batch without an answer.", None, system="SharePoint")


def address_of(url: str, params: dict[str, str] | None) -> str:
    """A path below Graph's version with its query, as the inner requests of a batch name it."""
    return str(requests.Request("GET", f"https://graph{url}", params=params).prepare().path_url)


def _answer(call: Call, told: dict[str, Any]) -> requests.Response:
    """An inner answer as a response of its own."""
    body = json.dumps(told["body"]).encode() if told.get("body") is not None else b""
    raw = HTTPResponse(io.BytesIO(body), headers=told.get("headers") or {}, status=int(told["status"]), preload_content=False)
    return HTTPAdapter().build_response(requests.Request(call.method, "https://graph/").prepare(), raw)
