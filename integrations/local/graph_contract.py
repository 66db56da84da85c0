"""Graph's published contract, and the bearer token: what is checked of every request before it is looked at."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jwt
import yaml
from openapi_core import Config, OpenAPI
from openapi_core.contrib.starlette import StarletteOpenAPIRequest, StarletteOpenAPIResponse
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.paths.exceptions import OperationNotFound, PathNotFound
from starlette.requests import Request
from starlette.responses import Response

from integrations.local.graph_lists import GraphError
from integrations.web import WebSession
from models.settings import settings

CONTRACT = Path(__file__).with_name("graph-v1-subset.yaml")
AUDIENCE = "https://graph.microsoft.com"


class Contract:
    """The subset of Graph v1.0 that the stand-in speaks; schemas from Microsoft's published metadata (FACTS 70)."""

    def __init__(self) -> None:
        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        spec = yaml.load(CONTRACT.read_text(), Loader=loader)  # noqa: S506 — one of the two safe loaders
        spec["servers"], spec["security"] = [{"url": "/v1.0"}], []  # the token is checked by `Tokens`
        self.api = OpenAPI.from_dict(spec, config=Config(spec_validator_cls=None))

    def check_request(self, request: Request, body: bytes) -> StarletteOpenAPIRequest:
        """404 for a path that Graph does not have, 400 for a body or parameter that it would not take."""
        asked = StarletteOpenAPIRequest(request, body)
        try:
            self.api.validate_request(asked)
        except (PathNotFound, OperationNotFound) as error:
            raise GraphError(404, "itemNotFound", "There is no such resource.") from error
        except OpenAPIError as error:
            raise GraphError(400, "invalidRequest", _words(error)) from error
        return asked

    def check_response(self, asked: StarletteOpenAPIRequest, response: Response) -> None:
        """A stand-in that answers outside the contract is broken, and says so with 500."""
        try:
            self.api.validate_response(asked, StarletteOpenAPIResponse(response))
        except OpenAPIError as error:
            raise GraphError(500, "generalException", f"The stand-in broke the contract: {_words(error)}") from error


class Tokens:
    """Bearer tokens of the local sign-in provider: signature, audience, issuer, tenant and roles."""

    def __init__(self) -> None:
        self.keys: dict[str, jwt.PyJWK] = {}
        self.issuer = ""
        self.good: dict[str, tuple[float, frozenset[str]]] = {}

    def check(self, header: str, role: str) -> None:
        """401 without a token that is valid now, 403 without the role."""
        token = header.removeprefix("Bearer ")
        expiry, roles = self.good.get(token, (0.0, frozenset()))
        if expiry < time.time():
            expiry, roles = self._read(token)
            self.good[token] = expiry, roles
        if role not in roles:
            raise GraphError(403, "accessDenied", f"The application lacks the permission {role}.")

    def forget(self) -> None:
        """Take no token that was issued before now, as after a revocation."""
        self.good.clear()
        self.since = time.time()

    since = 0.0

    def _read(self, token: str) -> tuple[float, frozenset[str]]:
        try:
            key = self._key(jwt.get_unverified_header(token)["kid"])
            needed: Any = {"require": ["exp", "iat", "tid"]}
            claims = jwt.decode(token, key.key, algorithms=["RS256"], audience=AUDIENCE, issuer=self.issuer, options=needed)
        except (jwt.PyJWTError, KeyError) as error:
            raise GraphError(401, "InvalidAuthenticationToken", "Access token is empty, expired or not valid.") from error
        if claims["tid"] != settings().entra_tenant_id or claims["iat"] < int(self.since):
            raise GraphError(401, "InvalidAuthenticationToken", "Access token validation failure.")
        return float(claims["exp"]), frozenset(claims.get("roles", ()))

    def _key(self, kid: str) -> jwt.PyJWK:
        if kid not in self.keys:
            found = settings()
            with WebSession(found.entra_ca_file) as web:
                known = web.get(f"{found.entra_authority}/{found.entra_tenant_id}/v2.0/.well-known/openid-configuration", timeout=5).json()
                keys = jwt.PyJWKSet.from_dict(web.get(known["jwks_uri"], timeout=5).json())
            self.issuer, self.keys = known["issuer"], {key.key_id: key for key in keys.keys if key.key_id}
        return self.keys[kid]


def _words(error: OpenAPIError) -> str:
    cause: Any = error.__cause__ or error
    return ("; ".join(str(found.message) for found in getattr(cause, "schema_errors", None) or ()) or str(cause))[:400]
