"""Sign-in through Entra's protocol, and the portal's own tokens."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from integrations import identity
from integrations.failures import Configuration, Passing
from integrations.identity import SignInRefused
from tests.parts import Local, environment_of


@pytest.fixture(autouse=True)
def _provider(local: Local) -> Iterator[None]:
    local.part("sign_in")
    yield


def picked(auth_uri: str, name: str) -> dict[str, str]:
    """What comes back to the portal when a person picks the account of that name."""
    page = requests.get(auth_uri, timeout=10)
    path = re.search(rf'href="([^"]+)">(?:<strong>)?{name}', page.text)
    assert path, page.text
    answer = requests.get(urljoin(auth_uri, path[1]), allow_redirects=False, timeout=10)
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def callback(local: Local) -> str:
    return f"{local.outside.portal}/auth/callback"


def test_staff_sign_in_and_bring_their_roles(local: Local) -> None:
    flow = identity.begin(callback(local))
    who = identity.finish(flow, picked(flow["auth_uri"], "Rosa Reyes"))
    assert (who.name, who.email, who.roles) == ("Rosa Reyes", "rosa.reyes@saber.example", ("reviewer",))
    assert who.oid == "a1000000-0000-4000-8000-000000000002"


def test_the_page_offers_one_account_for_each_role(local: Local) -> None:
    page = requests.get(identity.begin(callback(local))["auth_uri"], timeout=10).text
    staff = {"Olivia Okafor": "operations", "Rosa Reyes": "reviewer", "Arthur Adeyemi": "approver", "Adam Novak": "admin",
             "Audrey Lindqvist": "auditor"}  # fmt: skip
    for name, role in staff.items():
        assert name in page
        assert f"· {role}<" in page
    assert "<script" not in page


def test_a_refused_sign_in_says_so(local: Local) -> None:
    flow = identity.begin(callback(local))
    with pytest.raises(SignInRefused, match="refused"):
        identity.finish(flow, picked(flow["auth_uri"], "Refuse the sign-in"))


def test_an_answer_to_another_sign_in_is_refused(local: Local) -> None:
    mine, theirs = identity.begin(callback(local)), identity.begin(callback(local))
    with pytest.raises(SignInRefused, match="no longer open"):
        identity.finish(mine, picked(theirs["auth_uri"], "Adam Novak"))


def test_a_code_counts_once(local: Local) -> None:
    flow = identity.begin(callback(local))
    answer = picked(flow["auth_uri"], "Adam Novak")
    identity.finish(flow, answer)
    with pytest.raises(SignInRefused, match="could not be completed"):
        identity.finish(flow, answer)


def test_a_code_is_worthless_without_the_verifier_that_asked_for_it(local: Local) -> None:
    flow = identity.begin(callback(local))
    answer = picked(flow["auth_uri"], "Adam Novak")
    with pytest.raises(SignInRefused):
        identity.finish({**flow, "code_verifier": "x" * 43}, answer)


def test_nobody_is_sent_to_an_address_that_is_not_registered() -> None:
    page = requests.get(identity.begin("https://elsewhere.example/auth/callback")["auth_uri"], allow_redirects=False, timeout=10)
    assert page.status_code == 400


def signed(changed: dict[str, Any], key: Any = None) -> str:
    """An id token as the provider would make it, with some claims changed."""
    from integrations.local.sign_in import _signing_key
    from models.settings import settings

    folder = Path(settings().entra_ca_file).parent.parent / "sign-in"
    own, kid = _signing_key(folder / "signing-key.pem")
    entra = identity._entra()
    claims = {"iss": entra.metadata()["issuer"], "aud": entra.client_id, "tid": entra.tenant, "oid": "1", "name": "Eve"}
    claims |= {"iat": int(time.time()), "exp": int(time.time()) + 600, "nonce": hashlib.sha256(b"test123").hexdigest()}
    return jwt.encode({**claims, **changed}, key or own, "RS256", headers={"kid": kid})


def test_the_id_token_itself_is_checked() -> None:
    entra = identity._entra()
    assert entra.identity(signed({}), "test123").name == "Eve"
    wrong: list[dict[str, Any]] = [{"aud": "another-application"}, {"iss": "https://elsewhere.example/v2.0"}, {"tid": "another-tenant"}]
    wrong += [{"exp": int(time.time()) - 600}, {"nonce": "another"}]
    for changed in wrong:
        with pytest.raises(SignInRefused):
            entra.identity(signed(changed), "test123")
    with pytest.raises(SignInRefused):
        entra.identity(signed({}, rsa.generate_private_key(public_exponent=65537, key_size=2048)), "test123")


def test_a_token_without_a_signature_is_refused() -> None:
    entra = identity._entra()
    claims = jwt.decode(signed({}), options={"verify_signature": False})
    with pytest.raises(SignInRefused):
        entra.identity(jwt.encode(claims, None, "none"), "test123")


def test_the_portals_own_token_is_kept_until_a_fresh_one_is_wanted() -> None:
    first = identity.app_token(fresh=True)
    assert identity.app_token() == first
    time.sleep(1.1)  # a token of the same second would be the same
    assert identity.app_token(fresh=True) != first
    assert jwt.decode(first, options={"verify_signature": False})["aud"] == "https://graph.microsoft.com"


def test_many_threads_share_one_token() -> None:
    identity.app_token(fresh=True)
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(identity.app_token())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_secret_works_where_there_is_no_certificate() -> None:
    with environment_of({"ENTRA_CERTIFICATE_FILE": ""}):
        assert identity.app_token()


def test_a_wrong_secret_is_for_the_operator() -> None:
    wrong = {"ENTRA_CERTIFICATE_FILE": "", "ENTRA_CLIENT_SECRET": "not-the-secret"}
    with environment_of(wrong), pytest.raises(Configuration, match="invalid_client"):
        identity.app_token()


def test_a_certificate_that_entra_does_not_know_is_for_the_operator(tmp_path: Path) -> None:
    import trustme

    other = tmp_path / "other.pem"
    trustme.CA().issue_cert("other.localhost", key_type=trustme.KeyType.RSA).private_key_and_cert_chain_pem.write_to_path(other)
    with environment_of({"ENTRA_CERTIFICATE_FILE": str(other)}), pytest.raises(Configuration, match="invalid_client"):
        identity.app_token()


def test_a_certificate_file_without_a_key_is_for_the_operator(local: Local) -> None:
    without = {"ENTRA_CERTIFICATE_FILE": str(local.outside.certificates / "ca.pem")}
    with environment_of(without), pytest.raises(Configuration, match="private key"):
        identity.app_token()


def test_a_service_that_is_away_is_a_passing_failure_and_one_that_is_not_trusted_is_not() -> None:
    with environment_of({"ENTRA_AUTHORITY": "https://localhost:9"}), pytest.raises(Passing):
        identity.app_token()
    with environment_of({"ENTRA_CA_FILE": ""}), pytest.raises(Configuration, match="certificate is not trusted"):
        identity.app_token()


def test_signing_out_leads_back_to_the_portal(local: Local) -> None:
    answer = requests.get(identity.sign_out_url(f"{local.outside.portal}/auth/ended"), allow_redirects=False, timeout=10)
    assert answer.headers["Location"] == f"{local.outside.portal}/auth/ended"
    assert requests.get(identity.sign_out_url("https://elsewhere.example/"), allow_redirects=False, timeout=10).status_code == 200
