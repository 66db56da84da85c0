"""Who asks as a machine: a signature over time and body, or, since Power Automate cannot easily sign, a secret (FACTS 15)."""

from __future__ import annotations

import hashlib
import hmac
import time
from datetime import datetime
from typing import Annotated

import structlog
from fastapi import Header, Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyHeader

from models.errors import SignInNeeded
from models.settings import settings
from portal import tally
from portal.limits import count_failure, refuse_guesser

log = structlog.stdlib.get_logger(__name__)
TOLERANCE = 300  # seconds that the caller's clock may differ
REMEMBERED = 10  # minutes a signature is known: both sides of the tolerance
#: For the API's description: what is sent is read from the request itself.
_KEY = APIKeyHeader(name="X-Api-Key", scheme_name="ApiKey", auto_error=False, description="One of the secrets in SYNC_API_KEYS")
_SIGNATURE = APIKeyHeader(
    name="X-Signature", scheme_name="Signature", auto_error=False,
    description="The hex HMAC-SHA256 of X-Timestamp, a full stop and the body, with one of the secrets in SYNC_HMAC_SECRETS; accepted once",
)  # fmt: skip


async def machine(
    request: Request,
    _key: Annotated[str | None, Security(_KEY)],
    _signature: Annotated[str | None, Security(_SIGNATURE)],
    _timestamp: Annotated[str | None, Header(alias="X-Timestamp", description="With X-Signature: seconds since 1970, or ISO 8601")] = None,
) -> None:
    """A dependency: lets in who holds a key or signs; SignInNeeded says what is wrong, but not which secret came close."""
    await run_in_threadpool(refuse_guesser, request)
    body = await request.body()
    if problem := await run_in_threadpool(_objection, request, body):
        await run_in_threadpool(count_failure, request)
        raise SignInNeeded(problem)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The hex HMAC-SHA256 of the timestamp, a full stop and the body, as X-Signature carries it."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _objection(request: Request, body: bytes) -> str | None:
    if not (settings().sync_api_keys or settings().sync_hmac_secrets):
        log.error("nobody can sync invitations: neither SYNC_API_KEYS nor SYNC_HMAC_SECRETS is set")
    if key := request.headers.get("x-api-key"):
        return None if _one_of(key, settings().sync_api_keys) else "This X-Api-Key is not valid."
    signed, timestamp = request.headers.get("x-signature"), request.headers.get("x-timestamp")
    if not signed or not timestamp:
        return "Send an X-Api-Key, or an X-Signature with its X-Timestamp."
    return _objection_to_signature(signed.removeprefix("sha256=").lower(), timestamp, body)


def _objection_to_signature(signed: str, timestamp: str, body: bytes) -> str | None:
    if abs(time.time() - _seconds(timestamp)) > TOLERANCE:
        return "The X-Timestamp is more than 5 minutes from our clock. Send the time as seconds since 1970 or in ISO 8601, in UTC."
    if not _one_of(signed, _signatures(timestamp, body)):
        return "This X-Signature is not valid. Sign the X-Timestamp, a full stop and the body with HMAC-SHA256 and send it in hex."
    if not tally.first_time(signed, REMEMBERED):
        return "This request has been received before. Sign it again with the present time."
    return None


def _signatures(timestamp: str, body: bytes) -> list[str]:
    """With the full stop between and without: the contract says only "of timestamp and body", and a body begins with a brace."""
    secrets = settings().sync_hmac_secrets
    bare = [hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).hexdigest() for secret in secrets]
    return bare + [signature(secret, timestamp, body) for secret in secrets]


def _one_of(given: str, known: list[str]) -> bool:
    """Whether one is equal; each comparison takes as long whatever is right. Two secrets are valid while one is rotated out."""
    return any(hmac.compare_digest(given.encode(), one.encode()) for one in known)


def _seconds(timestamp: str) -> float:
    """Seconds since 1970; a time that cannot be read is long ago."""
    if timestamp.isdecimal() and len(timestamp) <= 12:
        return float(timestamp)
    try:
        found = datetime.fromisoformat(timestamp)
    except ValueError:
        return 0.0
    return found.timestamp() if found.tzinfo else 0.0
