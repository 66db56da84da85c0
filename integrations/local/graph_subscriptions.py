"""Subscriptions of the local Graph: the portal is asked whether it wants them, and told that a list changed (FACTS 9)."""

from __future__ import annotations

import json
import secrets
import threading
import uuid
from datetime import UTC, datetime, timedelta

import requests
from starlette.responses import JSONResponse, Response

from integrations.local.graph_call import Call
from integrations.local.graph_lists import GraphError, Lists, Row
from integrations.web import WebSession
from models.settings import settings

TABLE = "create table if not exists subscriptions (id text primary key, list text, declared text)"
LONGEST = timedelta(minutes=42_300)
TOGETHER = 0.3  # seconds in which changes of a list are told at once


class Subscriptions:
    """Kept beside the lists; a thread of its own tells of changes, and what is not heard is not told again."""

    def __init__(self, lists: Lists, site: str) -> None:
        self.lists, self.site = lists, site
        self.changed: set[str] = set()
        self.lock, self.news = threading.Lock(), threading.Event()
        lists.db.execute(TABLE)
        lists.heard = self.note
        self.known = {row["id"]: (row["list"], json.loads(row["declared"])) for row in lists.db.execute("select * from subscriptions")}
        threading.Thread(target=self._tell, name="notifications", daemon=True).start()

    def note(self, list_id: str) -> None:
        """A list changed."""
        with self.lock:
            self.changed.add(list_id)
        self.news.set()

    def answer(self, call: Call, number: str) -> Response:
        """Listing, making, renewing and deleting."""
        if call.method == "DELETE":
            self.remove(number)
            return Response(status_code=204)
        if call.method == "GET":
            return JSONResponse({"value": [_shown(declared) for _, declared in self.known.values()]})
        return JSONResponse(self.add(call.body), 201) if call.method == "POST" else JSONResponse(self.change(number, call.body))

    def add(self, asked: Row) -> Row:
        """A new one, once its address has answered with the token."""
        prefix = f"sites/{self.site}/lists/"
        if asked["changeType"] != "updated" or not asked["resource"].strip("/").startswith(prefix):
            raise GraphError(400, "invalidRequest", "Of a list only 'updated' can be subscribed to.")
        found = self.lists.find(asked["resource"].strip("/").removeprefix(prefix))
        _must_be_short(asked)
        _must_want_it(asked["notificationUrl"])
        made = {**asked, "id": str(uuid.uuid4())}
        self._keep(found["id"], made)
        return _shown(made)

    def change(self, number: str, asked: Row) -> Row:
        """Renewed until another moment."""
        list_id, known = self._one(number)
        _must_be_short(asked)
        self._keep(list_id, {**known, "expirationDateTime": asked["expirationDateTime"]})
        return _shown(self._one(number)[1])

    def remove(self, number: str) -> None:
        """Delete one, or 404."""
        self._one(number)
        self.lists.db.execute("delete from subscriptions where id = ?", (number,))
        with self.lock:
            del self.known[number]

    def _keep(self, list_id: str, declared: Row) -> None:
        self.lists.db.execute("insert or replace into subscriptions values (?, ?, ?)", (declared["id"], list_id, json.dumps(declared)))
        with self.lock:
            self.known[declared["id"]] = (list_id, declared)

    def _one(self, number: str) -> tuple[str, Row]:
        if number not in self.known:
            raise GraphError(404, "ResourceNotFound", "The subscription does not exist.")
        return self.known[number]

    def _tell(self) -> None:
        with WebSession() as web:
            while self.news.wait():
                threading.Event().wait(TOGETHER)
                self.news.clear()
                with self.lock:
                    changed, self.changed = self.changed, set()
                    told = [declared for list_id, declared in self.known.values() if list_id in changed]
                for one in filter(_lives, told):
                    _post(web, one["notificationUrl"], {"value": [_notification(one)]})


def _notification(one: Row) -> Row:
    return {
        "subscriptionId": one["id"], "clientState": one.get("clientState"), "subscriptionExpirationDateTime": one["expirationDateTime"],
        "resource": one["resource"], "changeType": "updated", "tenantId": settings().entra_tenant_id,
    }  # fmt: skip


def _post(web: WebSession, address: str, body: Row) -> None:
    try:
        web.post(address, json=body, timeout=3)
    except requests.RequestException:
        return  # whoever was told reads the list by themselves too


def _must_want_it(address: str) -> None:
    token = secrets.token_urlsafe(16)
    try:
        with WebSession() as web:
            answer = web.post(address, params={"validationToken": token}, timeout=10)
    except requests.RequestException:
        answer = None
    good = answer is not None and answer.status_code == 200 and answer.text == token
    if answer is None or not good or not answer.headers["content-type"].startswith("text/plain"):
        raise GraphError(400, "ValidationError", "Subscription validation request failed.")


def _must_be_short(asked: Row) -> None:
    if not datetime.now(UTC) < datetime.fromisoformat(asked["expirationDateTime"]) <= datetime.now(UTC) + LONGEST:
        raise GraphError(400, "ExtensionError", "Subscription expiration can only be 42300 minutes in the future.")
    if len(asked.get("clientState") or "") > 128:
        raise GraphError(400, "ExtensionError", "clientState is limited to 128 characters.")


def _lives(declared: Row) -> bool:
    return datetime.fromisoformat(declared["expirationDateTime"]) > datetime.now(UTC)


def _shown(declared: Row) -> Row:
    return {name: value for name, value in declared.items() if name != "clientState"}
