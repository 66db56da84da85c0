"""The whole portal, serving pages and routes in this process; NiceGUI has one app a process, so it is made once."""

from __future__ import annotations

import base64
import json
import threading
from functools import cache

import httpx
import uvicorn
from fastapi import FastAPI
from itsdangerous import TimestampSigner

from models.settings import settings
from portal.auth import STAFF
from tests.parts import eventually


@cache
def portal() -> FastAPI:
    """The whole portal."""
    from portal.main import create_app

    return create_app()


@cache
def address() -> str:
    """Where the portal answers. It reads settings and database anew at each call, so each test has its own."""
    server = uvicorn.Server(
        uvicorn.Config(portal(), host="127.0.0.1", port=0, log_config=None, proxy_headers=False, ws="websockets-sansio")
    )
    threading.Thread(target=server.run, daemon=True).start()
    port = eventually(lambda: server.started and server.servers[0].sockets[0].getsockname()[1])
    return f"http://127.0.0.1:{port}"


def browser(staff_token: str = "") -> httpx.Client:
    """A client as a browser is one: it asks for HTML, and holds the cookie of a signed-in member of staff if a token is given."""
    client = httpx.Client(base_url=address(), headers={"accept": "text/html"}, timeout=30)
    if staff_token:
        client.cookies.set("portal", cookie({STAFF: staff_token}))
    return client


def cookie(session: dict[str, str]) -> str:
    """A session cookie as the portal signs it."""
    signer = TimestampSigner(settings().secret_key.get_secret_value())
    return signer.sign(base64.b64encode(json.dumps(session).encode())).decode()
