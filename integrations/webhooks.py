"""Webhooks: one signed POST to an address that an administrator gave, and nothing that could be led elsewhere by it.

The name is looked up here, and the connection goes to the very address that was looked at: a name that leads to the open internet
when it is checked and into our network when it is used gains nothing (DNS rebinding). Nothing is followed, no proxy is asked, and of
an answer only the beginning is read.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import certifi

from integrations.failures import Failure, Passing, Permanent, seconds_of
from models.webhook_address import Address, NoAddress, address_of, may_lead_to

CONNECT_SECONDS = 5.0
LONGEST_SECONDS = 15.0  # for all of it: an answer that trickles in must not hold a place for ever
READ = 2_000  # bytes of an answer
SAID = 200  # characters of it that are kept
LONGEST_RETRY = 3_600.0
_LATER = frozenset({408, 425, 429})


@dataclass(frozen=True)
class Answer:
    """What the other system said, and how long it took from the first packet on."""

    status: int
    milliseconds: int
    retry_after: float | None = None
    said: str = ""


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The hex HMAC-SHA256 of the timestamp, a full stop and the body: as callers of ours sign."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def signed(secrets: Sequence[str], id: str, body: bytes) -> dict[str, str]:
    """The headers of a delivery: with two secrets, while one is rotated out, there are two signatures with a comma between."""
    at = str(int(time.time()))
    return {
        "Content-Type": "application/json", "User-Agent": "SaberPartnerPortal/1.0", "X-Webhook-Id": id, "X-Timestamp": at,
        "X-Signature": ",".join(signature(secret, at, body) for secret in secrets),
    }  # fmt: skip


def post(url: str, body: bytes, headers: Mapping[str, str], *, ca_file: str = "", seconds: float = LONGEST_SECONDS) -> Answer:
    """The answer, whatever its status is; a Failure where there is none within so many seconds.

    `ca_file` holds the CAs that are trusted, else the usual ones are.
    """
    try:
        address = address_of(url)
        connection = _Pinned(address, ca_file, seconds)
    except NoAddress as error:  # it was let in under other settings
        raise Permanent("This address is not one that a webhook may have: change it.") from error
    begun = time.monotonic()
    fuse = threading.Timer(seconds, connection.cut)
    fuse.start()
    try:
        return _exchange(connection, address, body, headers, begun)
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise _failure(address.host, error, connection.was_cut) from error
    finally:
        fuse.cancel()
        connection.close()


def objection(answer: Answer) -> Failure | None:
    """What an answer means for its delivery: None where it was taken."""
    status = answer.status
    if 200 <= status < 300:
        return None
    if status in _LATER or status >= 500:
        return Passing("It is busy or away for the moment: it answered {status}.", answer.retry_after, status=str(status))
    if 300 <= status < 400:
        return Permanent("It answered {status}, which points to another address: enter that one.", status=str(status))
    return Permanent("It does not accept what was sent: it answered {status}.", status=str(status))


def _exchange(connection: _Pinned, address: Address, body: bytes, headers: Mapping[str, str], begun: float) -> Answer:
    connection.request("POST", address.target, body, {**headers, "Host": address.named, "Accept": "*/*", "Connection": "close"})
    with connection.getresponse() as answer:
        if connection.was_cut:  # what came until then looks whole
            raise TimeoutError
        status, after = answer.status, seconds_of(answer.getheader("Retry-After"))
        begins = b"" if 200 <= status < 300 else answer.read(READ)
    took = round(1000 * (time.monotonic() - begun))
    return Answer(status, took, None if after is None else min(after, LONGEST_RETRY), _words(begins))


class _Pinned(http.client.HTTPConnection):
    """A connection to the addresses that were looked at, in the name of the host that they belong to."""

    def __init__(self, address: Address, ca_file: str, seconds: float) -> None:
        super().__init__(address.host, address.port)
        self.address, self.seconds, self.was_cut = address, seconds, False
        self.context = ssl.create_default_context(cafile=ca_file or certifi.where()) if address.secure else None

    def connect(self) -> None:
        """To the first address of the name that answers; a name that has one which may not be reached is reached nowhere."""
        self.sock = _first(_looked_up(self.address), self.address.port)
        self.sock.settimeout(self.seconds)
        if self.context:
            self.sock = self.context.wrap_socket(self.sock, server_hostname=self.address.host, do_handshake_on_connect=False)
            self.sock.do_handshake()  # apart, so that it can be cut too
        if self.was_cut:
            self.cut()

    def cut(self) -> None:
        """It has taken too long: whoever waits for it is told at once."""
        self.was_cut = True
        if self.sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


class _NotPublic(OSError):
    """The name leads into a private network."""


def _looked_up(address: Address) -> list[str]:
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    numbers = [str(entry[4][0]) for entry in found]
    if not numbers or not all(may_lead_to(number) for number in numbers):
        raise _NotPublic
    return list(dict.fromkeys(numbers))


def _first(numbers: Sequence[str], port: int) -> socket.socket:
    failed: OSError = _NotPublic()
    for number in numbers:
        try:
            return socket.create_connection((number, port), CONNECT_SECONDS)
        except OSError as error:
            failed = error
    raise failed


def _failure(host: str, error: Exception, was_cut: bool) -> Failure:
    if isinstance(error, _NotPublic):
        return Permanent("{host} leads into a private network, where no webhook may lead.", host=host)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Passing("The certificate of {host} is not trusted: whoever runs it must renew it.", None, host=host)
    if isinstance(error, socket.gaierror):
        return Passing("Nobody knows where {host} is: check the name.", None, host=host)
    if was_cut or isinstance(error, TimeoutError):
        return Passing("{host} did not answer in time.", None, host=host)
    if isinstance(error, http.client.HTTPException) and not isinstance(error, OSError):
        return Passing("{host} does not answer as a web server does.", None, host=host)
    return Passing("{host} could not be reached.", None, host=host)


def _words(begins: bytes) -> str:
    """How an answer begins, on one line."""
    text = "".join(sign if sign.isprintable() else " " for sign in begins.decode("utf-8", "replace"))
    return " ".join(text.split())[:SAID]
