"""A sign-in provider of Entra's protocol: authorization code with PKCE, client credentials, signed tokens, a page to pick an account.

Run by `python -m integrations.local.sign_in PAGE_PORT FOLDER`. The token endpoint is https at the settings' authority, since msal
takes nothing else; the page for people is http (FACTS 69). The signing key is kept, so tokens outlive a restart.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import sys
import time
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from integrations.local import only_local
from integrations.local.look import page
from integrations.local.staff import STAFF, Account
from models.settings import settings

CODE_SECONDS = 300
TOKEN_SECONDS = 3600
APP_ROLES = ["Sites.Selected", "Mail.Send", "Mail.ReadWrite"]
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class OAuthError(Exception):
    """An error of the protocol, with its code (RFC 6749) and Entra's words."""

    def __init__(self, code: str, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.code, self.words, self.status = code, words, status


class Provider:
    """The directory. `front` is the http address of its pages, `back` the https one of its tokens."""

    def __init__(self, front: str, folder: Path) -> None:
        found = settings()
        self.tenant, self.client_id = found.entra_tenant_id, found.entra_client_id
        self.back, self.front = f"{found.entra_authority}/{self.tenant}", f"{front}/{self.tenant}"
        self.issuer = f"{self.back}/v2.0"
        self.key, self.kid = _signing_key(folder / "signing-key.pem")
        self.asked: dict[str, dict[str, str]] = {}  # sign-ins for which the page is open, by id
        self.codes: dict[str, tuple[float, Account, dict[str, str]]] = {}

    async def discovery(self, _: Request) -> Response:
        """The provider's description of itself (OpenID Connect Discovery 1.0)."""
        return JSONResponse({
            "issuer": self.issuer, "authorization_endpoint": f"{self.front}/oauth2/v2.0/authorize",
            "token_endpoint": f"{self.back}/oauth2/v2.0/token", "jwks_uri": f"{self.back}/discovery/v2.0/keys",
            "end_session_endpoint": f"{self.front}/oauth2/v2.0/logout", "response_types_supported": ["code"],
            "response_modes_supported": ["query"], "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"], "scopes_supported": ["openid", "profile", "email"],
        })

    async def keys(self, _: Request) -> Response:
        """The public signing key."""
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return JSONResponse({"keys": [{**public, "kid": self.kid, "use": "sig", "alg": "RS256"}]})

    async def authorize(self, request: Request) -> Response:
        """The page on which a person picks an account."""
        asked = dict(request.query_params)
        if asked.get("client_id") != self.client_id or asked.get("redirect_uri") != _callback():
            # Never redirect to an address that is not registered.
            words = "<p>The application or its return address is not registered.</p>"
            return HTMLResponse(page("This sign-in cannot start", words, True), 400)
        if asked.get("response_type") != "code" or asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
            return _back(asked, {"error": "invalid_request", "error_description": "response_type=code with PKCE (S256) is required"})
        self.asked[ticket := secrets.token_urlsafe(16)] = asked
        return HTMLResponse(page("Sign in", _picker(f"/{self.tenant}/pick/{ticket}"), True))

    async def pick(self, request: Request) -> Response:
        """An account was picked: back to the portal with a code, or with a refusal."""
        asked = self.asked.pop(request.path_params["ticket"], None)
        if asked is None:
            return HTMLResponse(page("This sign-in has ended", "<p>Go back to the portal and sign in again.</p>", True), 400)
        account = next((account for account in STAFF if account.oid == request.query_params.get("account")), None)
        if account is None:
            return _back(asked, {"error": "access_denied", "error_description": "AADSTS65004: the sign-in was refused"})
        self.codes[code := secrets.token_urlsafe(24)] = (time.time() + CODE_SECONDS, account, asked)
        return _back(asked, {"code": code})

    async def token(self, request: Request) -> Response:
        """Tokens for a code, or for the application itself."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        try:
            self._authenticate(form)
            answer = self._for_application(form) if form.get("grant_type") == "client_credentials" else self._for_person(form)
        except OAuthError as error:
            return JSONResponse({"error": error.code, "error_description": error.words}, error.status, {"Cache-Control": "no-store"})
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    async def logout(self, request: Request) -> Response:
        """Back to the portal, if that is where it asks to go."""
        to = request.query_params.get("post_logout_redirect_uri")
        ours = f"{settings().portal_url}/auth/ended"
        return RedirectResponse(ours, 302) if to == ours else HTMLResponse(page("You are signed out", "", True))

    def _for_application(self, form: Mapping[str, str]) -> dict[str, Any]:
        scope = form.get("scope", "")
        if not scope.endswith("/.default"):
            raise OAuthError("invalid_scope", "AADSTS1002012: the scope must end in /.default")
        claims: dict[str, Any] = {"appid": self.client_id, "oid": self.client_id, "sub": self.client_id, "roles": APP_ROLES}
        claims["aud"] = scope.removesuffix("/.default")
        return {"token_type": "Bearer", "expires_in": TOKEN_SECONDS - 1, "access_token": self._sign(claims)}

    def _for_person(self, form: Mapping[str, str]) -> dict[str, Any]:
        if form.get("grant_type") != "authorization_code":
            raise OAuthError("unsupported_grant_type", "AADSTS70003: the grant type is not supported")
        account, asked = self._redeem(form)
        subject = hashlib.sha256((self.client_id + account.oid).encode()).hexdigest()[:32]
        claims: dict[str, Any] = {"sub": subject, "oid": account.oid, "name": account.name, "nonce": asked.get("nonce", "")}
        claims |= {"preferred_username": account.email, "email": account.email, "roles": list(account.roles)}
        about = base64.urlsafe_b64encode(json.dumps({"uid": account.oid, "utid": self.tenant}).encode()).rstrip(b"=").decode()
        access = self._sign({"aud": "00000003-0000-0000-c000-000000000000", "sub": subject, "oid": account.oid, "scp": "openid profile"})
        return {"token_type": "Bearer", "expires_in": TOKEN_SECONDS - 1, "scope": asked.get("scope", ""), "client_info": about,
                "access_token": access, "id_token": self._sign({"aud": self.client_id, **claims})}

    def _redeem(self, form: Mapping[str, str]) -> tuple[Account, dict[str, str]]:
        """A code counts once, for five minutes, with its own verifier and return address (RFC 7636)."""
        found = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        belongs = found and (form.get("redirect_uri"), challenge) == (_callback(), found[2].get("code_challenge"))
        if found is None or found[0] < time.time() or not belongs:
            raise OAuthError("invalid_grant", "AADSTS54005: the code was redeemed already, has expired, or does not belong to this request")
        return found[1], found[2]

    def _authenticate(self, form: Mapping[str, str]) -> None:
        """The application proves itself by its certificate or by its secret."""
        known = settings()
        good = form.get("client_id") == self.client_id
        if form.get("client_assertion_type") == ASSERTION:
            good = good and _proves(form.get("client_assertion", ""), Path(known.entra_certificate_file), self.client_id, self.back)
        else:
            secret = known.entra_client_secret.get_secret_value()
            good = good and bool(secret) and secrets.compare_digest(form.get("client_secret", "").encode(), secret.encode())
        if not good:
            raise OAuthError("invalid_client", "AADSTS7000215: invalid client credentials provided", 401)

    def _sign(self, claims: dict[str, Any]) -> str:
        moment = int(time.time())
        head = {"iss": self.issuer, "iat": moment, "nbf": moment, "exp": moment + TOKEN_SECONDS, "tid": self.tenant, "ver": "2.0"}
        return jwt.encode({**head, **claims}, self.key, "RS256", headers={"kid": self.kid})


def app(front: str, folder: Path) -> Starlette:
    """The provider as an ASGI application."""
    only_local("The local sign-in provider")
    provider = Provider(front, folder)
    root = f"/{provider.tenant}"
    return Starlette(routes=[
        Route(f"{root}/v2.0/.well-known/openid-configuration", provider.discovery), Route(f"{root}/discovery/v2.0/keys", provider.keys),
        Route(f"{root}/oauth2/v2.0/authorize", provider.authorize), Route(f"{root}/pick/{{ticket}}", provider.pick),
        Route(f"{root}/oauth2/v2.0/token", provider.token, methods=["POST"]), Route(f"{root}/oauth2/v2.0/logout", provider.logout),
    ])


def _callback() -> str:
    return f"{settings().portal_url}/auth/callback"


def _picker(address: str) -> str:
    cards = "".join(
        f'<li><a href="{address}?account={account.oid}"><strong>{escape(account.name)}</strong>'
        f"<span>{escape(account.email)} · {escape(', '.join(account.roles))}</span></a></li>" for account in STAFF)
    lead = '<p class="quiet">This machine stands in for Microsoft Entra. Choose who you are.</p>'
    return f'{lead}<ul class="cards">{cards}</ul><p><a href="{address}?account=none">Refuse the sign-in</a></p>'


def _back(asked: Mapping[str, str], answer: dict[str, str]) -> Response:
    query = {**answer, **({"state": asked["state"]} if "state" in asked else {})}
    return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(query)}", 302)


def _proves(assertion: str, certificate: Path, client_id: str, authority: str) -> bool:
    """Whether the assertion was signed by the certificate's key for this authority (RFC 7523)."""
    public = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key() if certificate.is_file() else None
    if not isinstance(public, rsa.RSAPublicKey):
        return False
    try:
        claims = jwt.decode(assertion, public, algorithms=["PS256", "RS256"], audience=f"{authority}/oauth2/v2.0/token", issuer=client_id)
    except jwt.PyJWTError:
        return False
    return claims.get("sub") == client_id


def _signing_key(path: Path) -> tuple[rsa.RSAPrivateKey, str]:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path.touch(mode=0o600)
        path.write_bytes(pem)
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)  # it was written above
    return key, hashlib.sha256(path.read_bytes()).hexdigest()[:32]


async def _serve(page_port: int, folder: Path) -> None:
    application = app(f"http://127.0.0.1:{page_port}", folder)
    certificates = Path(settings().entra_ca_file).parent
    tls: dict[str, Any] = {"ssl_keyfile": str(certificates / "server-key.pem"), "ssl_certfile": str(certificates / "server.pem")}
    token_port = urlsplit(settings().entra_authority).port or 443
    common: dict[str, Any] = {"host": "127.0.0.1", "log_level": "warning", "access_log": False}
    pages = uvicorn.Server(uvicorn.Config(application, port=page_port, **common))
    tokens = uvicorn.Server(uvicorn.Config(application, port=token_port, **tls, **common))
    await asyncio.gather(pages.serve(), tokens.serve())


def main(page_port: int, folder: str) -> None:
    """Serve until told to stop."""
    only_local("The local sign-in provider")
    asyncio.run(_serve(page_port, Path(folder)))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
