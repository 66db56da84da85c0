"""An upload that a program begins under a name of its own (its Idempotency-Key): said again, it is the same upload."""

from __future__ import annotations

import base64
import hashlib
import hmac

from sqlmodel import Session, select

from models.application import Application
from models.document import Document, clean_name, start_upload
from models.errors import Invalid, Problem
from models.language import _
from models.reach import must_take
from models.settings import settings


def start_upload_once(
    session: Session, application: Application, once: str, slot: str, file_name: str, size: int, *, step: str = "", folder: str = "",
    replaces: str = "",
) -> Document:  # fmt: skip
    """`start_upload`, or what the same call with the same `once` has begun before, if it is not empty. Invalid if that was another file.

    The application must be locked, so that of two at the same moment the second finds what the first began.
    """
    public_id = _named(application, folder, once) if once else ""
    before = session.exec(select(Document).where(Document.public_id == public_id)).first() if once else None
    if before is None:
        return start_upload(session, application, slot, file_name, size, step=step, folder=folder, replaces=replaces, public_id=public_id)
    if (before.slot, before.file_name, before.file_size) != (slot, clean_name(file_name), size):
        said = _("This Idempotency-Key was used for another file. Send a new one for each.")
        raise Invalid(said, [Problem("Idempotency-Key", said)])
    must_take(session, application, slot, step)
    return before


def _named(application: Application, folder: str, once: str) -> str:
    """The public id: as hard to guess as any, and the same each time, so that no table of keys is needed.

    With the folder: a colleague must not come by a key in the store that holds the invitation's code.
    """
    key, told = settings().secret_key.get_secret_value().encode(), f"upload:{application.id}:{folder}:{once}"
    return base64.urlsafe_b64encode(hmac.new(key, told.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()[:16]).decode().rstrip("=")
