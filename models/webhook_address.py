"""Where a webhook may lead: https to the open internet, so that nobody reaches by us what only we can reach (SSRF)."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from models.settings import settings

LONGEST = 500  # characters
NOT_WHOLE = "Enter a whole web address, such as https://crm.example.com/hooks."
TOO_LONG = "Enter an address of at most 500 characters."
TOO_MUCH = "Enter the address without a user, a password or a part after #."
IN_CLEAR = "Enter an address that begins with https://, so that nobody reads along."
WITHIN = "Enter an address on the open internet: this one is within a private network."
#: Within this one an IPv4 address is written that a gateway translates to (RFC 6052).
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")


class NoAddress(ValueError):
    """A webhook cannot lead there; `sentence` says why, and is translated where it is shown."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Address:
    """A web address in the parts that a connection needs: `host` as the network writes it, `target` with its query."""

    secure: bool
    host: str
    port: int
    target: str

    @property
    def named(self) -> str:
        """The Host header: with the port where that is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def address_of(url: str) -> Address:
    """The parts of `url`; NoAddress where no webhook may lead. On one machine without accounts (`local`) http and it itself may."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip(".").encode("idna").decode(), parts.port
    except ValueError as error:  # a bad port, bracket or name
        raise NoAddress(NOT_WHOLE) from error
    _check(url, parts.scheme, host, bool(parts.username or parts.password or parts.fragment))
    secure = parts.scheme == "https"
    return Address(secure, host, port or (443 if secure else 80), (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def may_lead_to(number: str) -> bool:
    """Whether a connection to this network address may be made."""
    return settings().local or is_public(number)


def is_public(number: str) -> bool:
    """Whether a network address is one of the open internet: not private, of this machine or link, or reserved, nor one within another."""
    found = ipaddress.ip_address(number.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        within = found.ipv4_mapped or found.sixtofour or (found.teredo and found.teredo[1])
        within = within or (ipaddress.IPv4Address(int(found) & 0xFFFFFFFF) if found in _TRANSLATED else None)
        if within:
            return is_public(str(within))
    return found.is_global and not found.is_multicast and not found.is_reserved


def _check(url: str, scheme: str, host: str, odd: bool) -> None:
    if scheme not in ("https", "http") or not host or not url.isascii() or not url.isprintable() or " " in url:
        raise NoAddress(NOT_WHOLE)
    if len(url) > LONGEST:
        raise NoAddress(TOO_LONG)
    if odd:
        raise NoAddress(TOO_MUCH)
    if settings().local:
        return
    if scheme != "https":
        raise NoAddress(IN_CLEAR)
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")) or not _is_public_or_name(host):
        raise NoAddress(WITHIN)


def _is_public_or_name(host: str) -> bool:
    with suppress(ValueError):
        return is_public(host)
    return True  # a name: what it leads to is looked at each time, right before it is used
