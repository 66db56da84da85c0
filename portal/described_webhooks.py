"""The `webhooks` section of the OpenAPI: what is sent to systems that hear of what happens, and how they answer."""

from __future__ import annotations

from typing import Any

from models.notice import Notice
from models.webhook import KINDS, TESTED

_TEXT = {"type": "string"}
_HEADERS = {
    "X-Webhook-Id": "The notice's `id`. It can come twice, after an answer that was lost: throw the second away",
    "X-Timestamp": "Seconds since 1970. Refuse what is more than 5 minutes from your clock: somebody sends it again",
    "X-Signature": "The hex HMAC-SHA256 of X-Timestamp, a full stop and the body, with the webhook's secret. While a secret is rotated out "
                   "there are two, with a comma between: one that is right is enough",
}  # fmt: skip
_ANSWERS = {
    "2XX": "Taken. Answer within 15 seconds, before you work on it; nothing of the answer is read",
    "410": "Nobody wants to hear of it any more: the webhook is paused",
    "3XX": "Not followed; it counts as a refusal",
    "4XX": "Refused for good, but for 408, 425 and 429: it is not sent again by itself",
    "429": "Sent again later, after `Retry-After` where that is given",
    "5XX": "Sent again later, for a week: after 2, 5 and 15 seconds, 1, 5 and 15 minutes, then hourly. `Retry-After` is honoured",
}


def section() -> dict[str, Any]:
    """Type of the event → the request that a system gets."""
    return {kind: {"post": _operation(kind, label)} for kind, label in {**KINDS, TESTED: "A test"}.items()}


def schemas() -> dict[str, Any]:
    """The schemas that `section` refers to."""
    made = Notice.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**made.pop("$defs"), "Notice": made}


def _operation(kind: str, label: str) -> dict[str, Any]:
    headers = [{"name": name, "in": "header", "required": True, "schema": _TEXT, "description": said} for name, said in _HEADERS.items()]
    body = {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Notice"}}}}
    answers = {status: {"description": said} for status, said in _ANSWERS.items()}
    return {
        "tags": ["Webhooks"], "summary": label, "operationId": f"webhook_{kind.replace('.', '_')}", "security": [],
        "description": "Sent to each webhook that an administrator adds at the desk under People, Webhooks, and that hears of this.",
        "parameters": headers, "requestBody": body, "responses": answers,
    }  # fmt: skip
