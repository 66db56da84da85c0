"""The web process: the API first, the pages mounted into it, never the other way round (FACTS 77)."""

from __future__ import annotations

import gc
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from fastapi_offline import FastAPIOffline
from nicegui import app as nicegui
from nicegui import ui
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.types import ASGIApp

from integrations import cache
from models.database import after_commit, watch
from models.invitation import KIND, Invitation
from models.settings import Settings, ready_settings
from portal import auth, autosave, described, frame, language, limits, policy, problems
from portal.api import routers
from portal.assets import LEVEL, assets
from portal.guard import Crowd, Guard, harden_socket
from portal.language import Speak
from portal.logs import AccessLog
from portal.nudge import nudge
from portal.pages import (
    apply,
    apply_pdf,
    audit,
    deliveries,
    desk,
    documents,
    ended,
    errors,
    export,
    invitations,
    letters,
    palette,
    people,
    review,
    status,
)
from portal.sockets import Sockets

SESSION_SECONDS = 30 * 24 * 3600  # a partner comes back on another day; staff sessions end earlier, in the database


def create_api() -> FastAPI:
    """The API and the sign-in, without pages: what an API-only process would serve."""
    app = _api()
    app.add_middleware(SessionMiddleware, **_session())
    return app


def _api() -> FastAPI:
    app = FastAPIOffline(
        title="Saber Partner Portal API", version="1", redoc_url=None, static_url="/static/docs",
        description="Partner onboarding: invitations, drafts, documents, applications and their status. Partners are let in by their "
                    "invitation code, Power Automate by a key or a signature, other programs by a token with scopes. Bodies are JSON of "
                    "256 KiB at most, errors are problem details (RFC 9457), and every answer says how many requests are left.",
    )  # fmt: skip
    for router in (*routers, auth.router):
        app.include_router(router)
    limits.install(app)
    problems.install(app)
    described.install(app)
    after_commit(nudge)
    watch(Invitation, "code", partial(cache.changing, KIND))  # as the worker does (worker/commands.py)
    return app


def _session() -> dict[str, Any]:
    """How sessions are kept: in a signed cookie."""
    found = ready_settings()
    return {"secret_key": found.secret_key.get_secret_value(), "session_cookie": _cookie(found), "max_age": SESSION_SECONDS,
            "https_only": not found.local}  # fmt: skip


def lane(app: FastAPI) -> ASGIApp:
    """What journals post passes these alone: language, session, errors as problem details, limits. What is unexpected, the server logs."""
    expected = {kind: answer for kind, answer in app.exception_handlers.items() if kind not in (500, Exception)}
    stored = ExceptionMiddleware(autosave.answers, handlers=expected)
    return Speak(SessionMiddleware(limits.RateLimited(limits.SizeLimited(stored)), **_session()))


def create_app() -> FastAPI:
    """The whole portal."""
    app = _api()
    language.install(app)
    app.mount("/static", assets(frame.STATIC), name="static")
    app.add_api_route("/", _home, include_in_schema=False)
    app.add_api_route("/favicon.ico", _favicon, include_in_schema=False)
    for page in (
        apply, apply_pdf, status, documents, export, desk, review,
        palette, invitations, letters, deliveries, people, audit, ended,
    ):  # fmt: skip
        page.install(app)
    errors.install(app)
    app.add_middleware(Crowd, refusal=errors.page)  # before the sessions, and so within them: it must know who has been let in
    ui.run_with(
        app, title=frame.NAME, language="en-GB", favicon=frame.STATIC / "favicon.svg",
        reconnect_timeout=15, binding_refresh_interval=None, tailwind=False, show_welcome_message=False,
        gzip_middleware_factory=partial(GZipMiddleware, compresslevel=LEVEL),
    )  # fmt: skip
    # Else a bar without a name runs over whatever a page fetches in the background.
    nicegui.config.quasar_config["loadingBar"]["skipHijack"] = True
    frame.paint()
    harden_socket()
    policy.sign_scripts()
    # After NiceGUI, which would else keep a storage for each of them, on the disk too, that we never use.
    app.add_middleware(SessionMiddleware, **_session())
    app.add_middleware(Speak)
    app.add_middleware(autosave.Lane, own=lane(app))
    app.add_middleware(Sockets)
    app.add_middleware(Guard, origin=ready_settings().portal_url)
    app.add_middleware(AccessLog)
    return app


def calm_garbage() -> None:
    """Freeze what the imports made: the collector's pauses are the largest single lever on latency (FACTS 87)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(3_000, 4, 200)


def _cookie(found: Settings) -> str:
    return "portal" if found.local else "__Host-portal"


async def _home(request: Request) -> Response:
    return RedirectResponse("/review" if request.session.get(auth.STAFF) else "/apply", 303)


async def _favicon() -> Response:
    return FileResponse(frame.STATIC / "favicon.svg", media_type="image/svg+xml")
