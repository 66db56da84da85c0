"""Saving as the partner types: the route that static/journal.js posts to, and the one way in which the form is saved (FACTS 88)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, Field, ValidationError
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from models.application import Application
from models.database import transaction
from models.draft import drafts, merging, save_answers
from models.errors import Invalid, Refused, SignInNeeded
from models.language import _
from models.merge import Answer
from models.posts import Kept, Post, news
from models.reach import must_be_open, must_reach
from models.renewal import WHY, Renewal, live_renewal
from models.renewing import save_renewal
from models.slots import SLOTS
from models.steps import STEPS, step_of
from portal.api.partner import application_of, visitor
from portal.auth import refuse_other_sites
from portal.frame import static_url
from portal.keeper import keeper
from portal.limits import ANSWERS
from portal.presence import tell
from portal.visits import token_mark, used

Value = str | bool | int | float | list[str] | None
#: So much of one answer is far beyond every rule; more fits no request and is told in the browser.
LONGEST = 100_000


class Change(BaseModel):
    """One answer as it stands in a browser, as models.merge.Answer describes it."""

    name: str = Field(max_length=64)
    value: Value
    sequence: int = Field(ge=0, lt=2**53)
    base: int = Field(ge=0, lt=2**53)
    writer: str = Field(min_length=1, max_length=64)


class Changes(BaseModel):
    """What a journal sends at once, for which application (the page may be older than the browser's session), and from which page.

    `step` is the number of the step that the page shows, as of the version `seen`; 0 where it shows none.
    """

    application: int
    page: str = Field("", max_length=64)
    step: int = Field(0, ge=0, le=len(STEPS))
    seen: int = Field(0, ge=0, lt=2**53)
    items: list[Any] = Field(max_length=200)


class Lane:
    """ASGI: what journals post goes past the chain of middlewares and routes, which costs three times what judging an answer does.

    It is posted for every few keys of every partner. `own` is what it passes instead, made of the chain's own parts (portal/main.py).
    """

    def __init__(self, app: ASGIApp, own: ASGIApp) -> None:
        self.app, self.own = app, own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "http" and scope["path"] == ANSWERS and scope["method"] == "POST"
        await (self.own if ours else self.app)(scope, receive, send)


async def answers(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI: the end of the lane."""
    reply = await keep(Request(scope, receive))
    await reply(scope, receive, send)


async def keep(request: Request) -> Response:
    """Store changed answers and say what became of each; see `_answer` for the reply.

    A page says goodbye with what is left in its journal when the next link is open already, so that the cookie may be another
    partner's by then: what was typed for one application is never stored in another. One change that cannot be stored never
    holds up the others: it is answered by itself, in words.
    """
    sent = _sent(await request.body())
    changes, refused = _changes(sent.items)
    post = Post(token_mark(request), sent.application, tuple(changes), sent.step, sent.seen)
    kept, locked = await _keep(request, post)
    tell(sent.application, kept.outcome.changed, sent.page)
    used(request)
    return _answer(kept, sent, refused + locked)


def journal_head(application_id: int, saved_at: datetime | None, *, step: int = 0, who: str = "", seen: int = 0, page: str = "") -> str:
    """The journal as HTML for a page's head. `page` is the name under which presence knows the page: its client's id."""
    saved = saved_at.isoformat() if saved_at else ""
    told = {"draft": application_id, "saved": saved, "step": step, "who": who, "seen": seen, "page": page}
    attributes = "".join(f' data-{name}="{escape(str(value))}"' for name, value in told.items())
    return (
        f'<link rel="stylesheet" href="{static_url("others.css")}"><script src="{static_url("journal.js")}"{attributes} defer></script>'
        f'<script src="{static_url("others.js")}" defer></script>'
    )


def _sent(body: bytes) -> Changes:
    try:
        return Changes.model_validate_json(body)
    except ValidationError as error:
        raise Invalid(_("This is no list of answers.")) from error


def _changes(items: Iterable[Any]) -> tuple[list[Answer], list[dict[str, Any]]]:
    """The changes that can be stored, and a refusal for each that cannot. What the form no longer asks is dropped: nothing holds it."""
    taken: list[Answer] = []
    refused: list[dict[str, Any]] = []
    for item in items:
        try:
            change = Change.model_validate(item, strict=True)
        except ValidationError:
            refused.append(_refusal(item, _("It holds something that cannot be stored. Type it again.")))
            continue
        if why := _unstorable(change.value):
            refused.append(_refusal(item, why))
        elif _is_known(change.name):
            taken.append(Answer(change.name, change.value, change.sequence, change.base, change.writer))
    return taken, refused


def _is_known(name: str) -> bool:
    """Whether something holds it: a question of the form, or the reason for which a document is not renewed."""
    return step_of(name) is not None or _is_reason(name)


def _is_reason(name: str) -> bool:
    return name.startswith(WHY) and name.removeprefix(WHY) in SLOTS


def _unstorable(value: Value) -> str:
    said = value if isinstance(value, str) else "".join(value) if isinstance(value, list) else ""
    if "\0" in said:  # no text of PostgreSQL's can hold it
        return _("It holds a character that cannot be stored. Type it again.")
    return _("It is too long to be stored. Shorten it.") if len(said) > LONGEST else ""


def _refusal(item: Any, why: str) -> dict[str, Any]:
    known: Mapping[str, Any] = item if isinstance(item, dict) else {}
    return {**{name: known.get(name) for name in ("name", "writer", "sequence")}, "why": why}


async def _keep(request: Request, post: Post) -> tuple[Kept, list[dict[str, Any]]]:
    """What became of the post, and the changes that are locked: with others' posts where it is a plain case, else alone."""
    if post.visit:
        refuse_other_sites(request)
        if not any(_is_reason(change.name) for change in post.changes) and (kept := await keeper().keep(post)):
            return kept, []
    return await run_in_threadpool(_keep_alone, request, post)


def _keep_alone(request: Request, post: Post) -> tuple[Kept, list[dict[str, Any]]]:
    """The same for who is no plain case: a colleague, an application that was sent, one that somebody else holds at this moment."""
    who = visitor(request)
    with transaction() as session:
        application = application_of(session, who.invitation)
        if application.id != post.application:
            raise SignInNeeded(_("Another application has been opened in this browser. Enter this one's code again."))
        renewal = None if application.open_to_partner or who.step else live_renewal(session, application.id)
        if renewal is not None and renewal.with_partner:
            return _keep_renewed(session, application, renewal, post, who.name)
        must_be_open(application)
        free, locked = [], []
        for change in post.changes:
            if _is_reason(change.name):  # its renewal is over, and the form holds no reasons: `_answer` says that it is gone
                continue
            try:
                must_reach(session, application, [change.name], who.step)
                free.append(change)
            except Refused as error:
                locked.append(_refusal(vars(change), error.detail))
        kept = Kept(datetime.now(UTC), save_answers(session, application, free, who.name, who.step))
        shown = drafts(session, application.invitation_code).get(post.step)
        if shown and who.step in ("", STEPS[post.step - 1].name):
            merge = merging(shown)
            kept.news, kept.version = news(merge, post), merge.newest
    return kept, locked


def _keep_renewed(
    session: Session, application: Application, renewal: Renewal, post: Post, by: str
) -> tuple[Kept, list[dict[str, Any]]]:
    """The same into the renewal of an approved partner, which is one page (portal/pages/apply_renew.py)."""
    free = [change for change in post.changes if change.name in renewal.reach]
    locked = [_refusal(vars(change), _("This is not part of the renewal.")) for change in post.changes if change not in free]
    merge, outcome = save_renewal(session, application, free, by)
    return Kept(datetime.now(UTC), outcome, news(merge, post), merge.newest), locked


def _answer(kept: Kept, sent: Changes, refused: list[dict[str, Any]]) -> Response:
    """What the journal may forget, what needs a choice, what cannot be stored and why, and what others have answered meanwhile."""
    held = {change.name for change, _there in (*kept.outcome.saved, *kept.outcome.conflicts)} | {str(told["name"]) for told in refused}
    names = {str(item.get("name")) for item in sent.items if isinstance(item, dict)}
    lost = {name for name in names - held if not _is_known(name) or _is_reason(name)}
    gone = [item for item in sent.items if isinstance(item, dict) and str(item.get("name")) in lost]
    told = {
        "savedAt": kept.at.isoformat(),
        "saved": [[change.name, change.writer, change.sequence, version] for change, version in kept.outcome.saved]
                 + [[item.get("name"), item.get("writer"), item.get("sequence"), 0] for item in gone],
        "conflicts": [{**there.shown(), "writer": change.writer, "sequence": change.sequence} for change, there in kept.outcome.conflicts],
        "refused": refused,
        "news": [one.shown() for one in kept.news],
        "version": kept.version,
    }  # fmt: skip
    return Response(json.dumps(told, ensure_ascii=False), media_type="application/json")
