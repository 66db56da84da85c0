"""Addresses under /api that do not exist: without this, the pages that are mounted at the root would answer for them."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def rest_of(routers: Sequence[APIRouter]) -> APIRouter:
    """A router for what `routers` leave over: 405 with Allow for a wrong method, 404 for the rest."""
    rest = APIRouter(include_in_schema=False)
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]

    @rest.api_route("/api/{path:path}", methods=METHODS)
    async def unknown(request: Request) -> None:
        allowed = sorted({method for route in routes if route.path_regex.match(request.url.path) for method in route.methods or ()})
        if allowed:
            raise HTTPException(405, headers={"Allow": ", ".join(allowed)})
        raise HTTPException(404)

    return rest
