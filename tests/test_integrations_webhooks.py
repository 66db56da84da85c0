"""Webhooks, at the socket: where they may lead, what they trust, and how long they wait."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integrations.failures import Failure, Passing, Permanent
from integrations.webhooks import objection, post, signed
from models.webhook_address import NoAddress, address_of, is_public
from tests.parts import environment_of
from tests.receiver import Receiver, receiving

Lead = Callable[..., None]
INSIDE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::", "2001:db8::1",
]  # fmt: skip


@pytest.fixture
def receiver(local: object) -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def lead(monkeypatch: pytest.MonkeyPatch) -> Lead:
    """`lead(name, first, then)`: the name server says `first` when it is asked once, and `then` each time after that."""
    real, answers = socket.getaddrinfo, dict[str, list[list[str]]]()

    def look_up(host: str, *args: Any, **named: Any) -> Any:
        if host not in answers:
            return real(host, *args, **named)
        numbers = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        return [found for number in numbers for found in real(number, *args, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return lambda name, *said: answers.update({name: [[one] if isinstance(one, str) else one for one in said]})


@pytest.fixture
def production() -> Iterator[None]:
    with environment_of({"ENVIRONMENT": "production"}):
        yield


def sent(url: str, **more: Any) -> Any:
    return post(url, b"{}", signed(["sps_one"], "evt_1", b"{}"), **more)


def test_only_addresses_of_the_open_internet_are_public() -> None:
    assert [number for number in INSIDE if is_public(number)] == []
    assert all(is_public(number) for number in ("93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822", "::ffff:8.8.8.8"))


@pytest.mark.parametrize("url", [
    "http://crm.example.com/", "https://localhost/", "https://api.localhost./", "https://db.internal/", "https://127.0.0.1/", "https://[::1]/",
    "https://10.0.0.1:8443/x", "https://user:pw@crm.example.com/", "https://crm.example.com/#x", "ftp://crm.example.com/", "https:///x",
    "https://crm.example.com:99999/", "https://crm.example.com/a b", "https://crm.example.com/\r\nX-More: 1", "crm.example.com",
    "https://" + "a" * 64 + ".example.com/", "https://crm.example.com/" + "x" * 500, "",
])  # fmt: skip
def test_an_address_that_is_none_or_lies_within_is_refused_when_it_is_given(local: object, production: None, url: str) -> None:
    with pytest.raises(NoAddress):
        address_of(url)


def test_in_production_nothing_within_a_private_network_is_reached_by_whatever_name(receiver: Receiver, lead: Lead, production: None) -> None:
    port = urlsplit(receiver.url).port
    for numbers in ("127.0.0.1", ["93.184.216.34", "127.0.0.1"], "::ffff:127.0.0.1", "64:ff9b::7f00:1"):
        lead("crm.example.com", numbers)
        with pytest.raises(Permanent, match=r"crm\.example\.com leads into a private network"):
            sent(f"https://crm.example.com:{port}/hooks")
    for odd in ("2130706433", "0x7f.1", "127.1"):  # as some resolvers read 127.0.0.1
        with pytest.raises(Failure):
            sent(f"https://{odd}:{port}/hooks")
    assert receiver.heard == []


def test_a_name_is_looked_up_once_and_the_connection_goes_to_what_was_found(receiver: Receiver, lead: Lead) -> None:
    port = urlsplit(receiver.url).port or 0
    with receiving("127.0.0.2", port) as other:
        lead("rebinding.example.com", "127.0.0.1", "127.0.0.2")
        assert sent(f"http://rebinding.example.com:{port}/hooks?of=us").status == 200
        assert (len(receiver.heard), other.heard) == (1, [])
    assert receiver.heard[0][0]["Host"] == f"rebinding.example.com:{port}"


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 307, {"Location": receiver.url}
    wrong = objection(sent(receiver.url))
    assert isinstance(wrong, Permanent) and "307" in wrong.reason and len(receiver.heard) == 1


def test_a_certificate_counts_for_the_name_and_is_never_left_unchecked(local: object, lead: Lead, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path, "crm.example.com"))
    with receiving(context=context) as secure:
        port = urlsplit(secure.url).port
        lead("crm.example.com", "127.0.0.1")
        lead("other.example.com", "127.0.0.1")
        assert sent(f"https://crm.example.com:{port}/", ca_file=str(tmp_path / "crm.pem")).status == 200
        for name, ca_file in (("other.example.com", str(tmp_path / "crm.pem")), ("crm.example.com", "")):
            with pytest.raises(Passing, match=f"The certificate of {name} is not trusted"):
                sent(f"https://{name}:{port}/", ca_file=ca_file)
        assert len(secure.heard) == 1


def test_an_answer_that_trickles_in_is_cut_off(receiver: Receiver) -> None:
    receiver.trickle = 0.05  # each byte comes in time
    begun = time.monotonic()
    with pytest.raises(Passing, match="did not answer in time"):
        sent(receiver.url, seconds=0.6)
    assert time.monotonic() - begun < 5


def test_what_cannot_be_reached_or_speaks_no_http_passes(local: object) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(Passing, match="could not be reached"):
            sent(f"http://127.0.0.1:{closed.getsockname()[1]}/")
    with pytest.raises(Passing, match=r"Nobody knows where nowhere\.invalid is"):
        sent("http://nowhere.invalid/")


@pytest.mark.parametrize(("status", "kind"), [
    (200, None), (204, None), (302, Permanent), (400, Permanent), (401, Permanent), (404, Permanent), (410, Permanent),
    (408, Passing), (425, Passing), (429, Passing), (500, Passing), (503, Passing),
])  # fmt: skip
def test_each_answer_means_something_and_of_a_refusal_the_beginning_is_kept(receiver: Receiver, status: int, kind: type[Failure] | None) -> None:
    receiver.status, receiver.body, receiver.headers = status, b"No\x00 entry\r\n" + b"x" * 5000 if status != 204 else b"", {"Retry-After": "99999999"}
    answer = sent(receiver.url)
    found = objection(answer)
    assert type(found) is (kind or type(None)) and answer.status == status
    assert answer.retry_after == 3_600.0, "nobody puts us off for days"
    assert answer.said == "" if kind is None else answer.said.startswith("No entry x") and len(answer.said) == 200


def certificate(folder: Path, name: str) -> Path:
    """A key with a certificate for `name` that vouches for itself; the certificate alone is in crm.pem."""
    key, today = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(today - timedelta(days=1)).not_valid_after(today + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    text = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    (folder / "crm.pem").write_bytes(text)
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "both.pem").write_bytes(secret + text)
    return folder / "both.pem"
