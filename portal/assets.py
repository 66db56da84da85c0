"""The files of portal/static: small on the way, and fetched once."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

YEAR = 365 * 24 * 3600  # seconds
FOR_EVER = f"public, max-age={YEAR}, immutable"  # for what has another address once it is different
LEVEL = 5  # of compression: what 9 would save more, a page of HTML does not repay in the processor's time


def assets(folder: Path) -> ASGIApp:
    """Serves the folder, compressed; what is asked for with its hash (frame.static_url) may be kept for a year."""
    return GZipMiddleware(_Kept(directory=folder), minimum_size=500, compresslevel=LEVEL)


class _Kept(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        named = b"v" in parse_qs(scope.get("query_string", b"")) or path.endswith(".woff2")
        if answer.status_code in (200, 304) and named:
            answer.headers["cache-control"] = FOR_EVER
        return answer
