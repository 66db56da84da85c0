"""Who is it? Staff sign in through Entra, and the portal itself gets its tokens there.

A local run has a provider of the same protocol, so there is one path: only the authority and its CA file differ.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
import msal

from integrations.failures import Configuration, Passing, Permanent, calling, from_response
from integrations.web import WebSession
from models.settings import Settings, settings

NAME = "The sign-in service"
UNTYPED_MSAL: Any = msal
LEEWAY = 120  # seconds by which two clocks may differ
warnings.filterwarnings("ignore", message="response_mode='form_post' is recommended")  # `begin` says why not
GRAPH = "https://graph.microsoft.com/.default"


@dataclass(frozen=True)
class Identity:
    """Who signed in. `oid` is the person's stable id in the directory; `roles` are the app roles given to them there."""

    oid: str
    name: str
    email: str
    roles: tuple[str, ...]


class SignInRefused(Permanent):
    """This sign-in cannot be completed; a new one may."""


def begin(redirect_uri: str) -> dict[str, Any]:
    """Start a sign-in: a flow to keep on the server until the answer comes, with `auth_uri` to send the browser to.

    The answer comes as a query, since a SameSite=Lax cookie does not travel with `form_post` (FACTS 69).
    """
    with calling(NAME):
        options = {"response_mode": "query", "prompt": "select_account"}
        flow: dict[str, Any] = _entra().app.initiate_auth_code_flow([], redirect_uri=redirect_uri, **options)
    return flow


def finish(flow: Mapping[str, Any], params: Mapping[str, str]) -> Identity:
    """End a sign-in with the query that came back. Raises `SignInRefused`, or a `Failure` if the service is away."""
    entra = _entra()
    with calling(NAME):
        try:
            answer = entra.app.acquire_token_by_auth_code_flow(dict(flow), dict(params))
        except ValueError as error:  # the state differs: another browser, or an answer to an old sign-in
            raise SignInRefused("This sign-in is no longer open. Sign in again.") from error
    if "id_token" not in answer:
        raise _refusal(answer)
    return entra.identity(answer["id_token"], flow.get("nonce", ""))


def sign_out_url(return_to: str) -> str:
    """The page at which the session with Entra itself ends; it comes back to `return_to`."""
    with calling(NAME):
        return f"{_entra().metadata()['end_session_endpoint']}?{urlencode({'post_logout_redirect_uri': return_to})}"


def app_token(scope: str = GRAPH, fresh: bool = False) -> str:
    """A bearer token for the portal itself. Kept until it expires; `fresh` drops the kept one (it was refused)."""
    return _entra().app_token(scope, fresh)


class Entra:
    """One directory as seen by one registered application."""

    def __init__(self, found: Settings) -> None:
        self.tenant, self.client_id = found.entra_tenant_id, found.entra_client_id
        self.authority = f"{found.entra_authority}/{found.entra_tenant_id}"
        self.web = WebSession(found.entra_ca_file)
        self.lock = threading.Lock()
        self.keys: dict[str, jwt.PyJWK] = {}
        self.known: dict[str, str] = {}
        with calling(NAME):
            # The authority is the operator's own setting: nobody else needs to vouch for its host.
            options = {"authority": self.authority, "instance_discovery": False, "http_client": self.web}
            self.app: Any = UNTYPED_MSAL.ConfidentialClientApplication(self.client_id, client_credential=_credential(found), **options)

    def app_token(self, scope: str, fresh: bool) -> str:
        """As the function of the module; one thread asks at a time, the others find its answer."""
        with self.lock, calling(NAME):
            if fresh:
                self.app.remove_tokens_for_client()
            answer = self.app.acquire_token_for_client([scope])
        if "access_token" not in answer:
            raise _refusal(answer)
        return str(answer["access_token"])

    def identity(self, id_token: str, nonce: str) -> Identity:
        """Who the token names. msal no longer checks it (FACTS 69), so here: signature, audience, issuer, tenant, expiry and nonce."""
        try:
            claims = jwt.decode(
                id_token, self._key(id_token).key, algorithms=["RS256"], audience=self.client_id, issuer=self.metadata()["issuer"],
                leeway=LEEWAY, options={"require": ["exp", "iat", "iss", "aud", "tid", "oid", "nonce"]},
            )
        except jwt.PyJWTError as error:
            raise SignInRefused("The sign-in service's answer could not be verified. Sign in again.") from error
        expected = hashlib.sha256(nonce.encode()).hexdigest()  # msal sends the hash and keeps the nonce
        if claims["tid"] != self.tenant or not hmac.compare_digest(str(claims["nonce"]), expected):
            raise SignInRefused("The sign-in service's answer does not belong to this sign-in. Sign in again.")
        return _identity(claims)

    def metadata(self) -> dict[str, str]:
        """The provider's description of itself, read once."""
        if not self.known:
            self.known = self._get(f"{self.authority}/v2.0/.well-known/openid-configuration")
        return self.known

    def _key(self, id_token: str) -> jwt.PyJWK:
        """The key that signed; keys are rotated, so an unknown one is looked up again."""
        kid = jwt.get_unverified_header(id_token).get("kid", "")
        if kid not in self.keys:
            found = jwt.PyJWKSet.from_dict(self._get(self.metadata()["jwks_uri"]))
            self.keys = {key.key_id: key for key in found.keys if key.key_id}
        if kid not in self.keys:
            raise jwt.InvalidKeyError("unknown key")
        return self.keys[kid]

    def _get(self, url: str) -> dict[str, Any]:
        with calling(NAME):
            response = self.web.get(url)
        if response.status_code != 200:
            raise from_response(NAME, response)
        answer: dict[str, Any] = response.json()
        return answer


def _entra() -> Entra:
    found = settings()
    return _cached(found.entra_authority, found.entra_tenant_id, found.entra_client_id, found.entra_client_secret.get_secret_value(),
                   found.entra_certificate_file, found.entra_ca_file)


_making = threading.Lock()


def _cached(*key: str) -> Entra:
    with _making:  # two threads at the start make one, and so one token
        return _made(*key)


@cache
def _made(*_: str) -> Entra:
    return Entra(settings())


def _credential(found: Settings) -> str | dict[str, str]:
    """The certificate where there is one: SharePoint's app-only access takes nothing else (FACTS 12)."""
    if not found.entra_certificate_file:
        return found.entra_client_secret.get_secret_value()
    try:
        pem = Path(found.entra_certificate_file).read_text()
    except OSError as error:
        raise Configuration("ENTRA_CERTIFICATE_FILE cannot be read: check its path and rights.") from error
    key, certificate = _block(pem, "[A-Z ]*PRIVATE KEY"), _block(pem, "CERTIFICATE")
    if not key or not certificate:
        raise Configuration("ENTRA_CERTIFICATE_FILE must hold a private key and its certificate, both as PEM.")
    return {"private_key": key, "public_certificate": certificate}


def _block(pem: str, kind: str) -> str:
    found = re.search(rf"-----BEGIN {kind}-----.+?-----END {kind}-----", pem, re.DOTALL)
    return found[0] if found else ""


def _identity(claims: Mapping[str, Any]) -> Identity:
    email = claims.get("email") or claims.get("preferred_username") or ""
    return Identity(claims["oid"], claims.get("name") or email, email, tuple(claims.get("roles") or ()))


def _refusal(answer: Mapping[str, Any]) -> Passing | Permanent | Configuration:
    """OAuth's error code as one of ours (RFC 6749, 4.1.2.1 and 5.2)."""
    code = answer.get("error", "")
    if code in ("invalid_client", "unauthorized_client", "invalid_scope", "invalid_resource"):
        refusal = "{system} does not accept the portal ({code}): check its client id, certificate or secret, and rights."
        return Configuration(refusal, system=NAME, code=code)
    if code in ("temporarily_unavailable", "server_error"):
        return Passing("{system} is busy or away for the moment.", system=NAME)
    if code == "access_denied":
        return SignInRefused("The sign-in was refused. Sign in again with an account that may use the review desk.")
    return SignInRefused("The sign-in could not be completed. Sign in again.")
