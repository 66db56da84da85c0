"""Secrets that must be read again, to sign with them: encrypted with a key that only the environment leads to.

The key is derived (HKDF, RFC 5869) from `SECRET_KEY` for this purpose alone, so that no cookie and no other secret shares it. While
`SECRET_KEY` is rotated, what was encrypted with the one before is read by `SECRET_KEY_BEFORE`, and encrypted anew by `resealed`.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from models.settings import settings

PURPOSE = b"saber partner portal, secrets of webhooks, 1"


class Unreadable(Exception):
    """It was encrypted with a key that the environment does not have any more."""


def seal(text: str) -> str:
    """Encrypted and authenticated, as ASCII."""
    return _keys().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """What `seal` was given; Unreadable if neither `SECRET_KEY` nor the one before opens it."""
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable from error


def resealed(sealed: str) -> str:
    """The same with today's key, if it stands there with the one before; as it is where that is so already, or where none opens it."""
    try:
        _key(settings().secret_key.get_secret_value()).decrypt(sealed.encode())
    except InvalidToken:
        pass
    else:
        return sealed
    try:
        return _keys().rotate(sealed.encode()).decode()
    except InvalidToken:
        return sealed


def _keys() -> MultiFernet:
    found = (settings().secret_key.get_secret_value(), settings().secret_key_before.get_secret_value())
    return MultiFernet([_key(one) for one in found if one])


@cache
def _key(secret: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(secret.encode())
    return Fernet(urlsafe_b64encode(derived))
