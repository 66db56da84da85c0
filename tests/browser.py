"""A partner's browser without a screen: it keeps cookies, names its origin, and asks the portal's plain routes."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from itsdangerous import TimestampSigner
from sqlmodel import select

from models.application import of_invitation
from models.confirmation import Confirmation, Purpose
from models.database import reading
from models.invitation import Invitation
from models.settings import settings
from portal import autosave, language, tally
from portal.auth import STAFF
from portal.main import create_api, lane
from portal.pages import apply, apply_edition, apply_pdf, documents, errors, status

DEVICE = "/apply/device"
REFUSED = "This code cannot be used. Check it against your invitation, or ask Saber Renewable Energy for a new one."


def app() -> FastAPI:
    """The routes of the form that are not NiceGUI's, with the error pages."""
    made = create_api()
    for page in (language, apply, apply_edition, apply_pdf, status, documents):
        page.install(made)
    errors.install(made)
    made.add_middleware(autosave.Lane, own=lane(made))
    return made


def browser() -> TestClient:
    """A browser that nobody has used; it follows no redirect, so that a test sees each."""
    tally._counts_in.cache_clear()
    headers = {"Accept": "text/html", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0", "Origin": settings().portal_url}
    return TestClient(app(), base_url=settings().portal_url, headers=headers, follow_redirects=False, raise_server_exceptions=False)


def inside(invitation: Invitation) -> TestClient:
    """A browser that was let in with an invitation's link and, where something is saved already, with the code that is mailed."""
    made = browser()
    opened = made.get("/apply", params={"code": invitation.code})
    assert opened.status_code == 303
    if opened.headers["location"] == DEVICE:
        by_mailed_code(made)
    return made


def by_mailed_code(client: TestClient) -> str:
    """Ask for a code on a device that is not known, and enter it; answers the address to go on at."""
    assert client.post(f"{DEVICE}/code").headers["location"] == DEVICE
    return str(client.post(DEVICE, data={"digits": device_code().code}).headers["location"])


def device_code() -> Confirmation:
    """The newest code for a new device."""
    with reading() as session:
        return session.exec(select(Confirmation).where(Confirmation.purpose == Purpose.DEVICE).order_by("id")).all()[-1]


def at_the_desk(token: str) -> TestClient:
    """A browser in which a member of staff is signed in."""
    made = browser()
    signer = TimestampSigner(settings().secret_key.get_secret_value())
    made.headers["Cookie"] = f"portal={signer.sign(b64encode(json.dumps({STAFF: token}).encode())).decode()}"
    return made


def save(client: TestClient, invitation: Invitation, *items: tuple[Any, ...], **headers: str) -> Any:
    """Post changed answers of an invitation's application as the journal does: name, value, sequence, and the version last seen."""
    with reading() as session:
        application = of_invitation(session, invitation.code)
    body = {"application": application.id if application else 0, "items": [_item(*item) for item in items]}
    return client.post("/apply/answers", json=body, headers={"Accept": "*/*", **headers})


def _item(name: str, value: Any, sequence: int, base: int = 0, writer: str = "a window") -> dict[str, Any]:
    return {"name": name, "value": value, "sequence": sequence, "base": base, "writer": writer}
