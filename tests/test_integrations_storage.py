"""The document store: signed uploads, reading, and what is refused."""

from __future__ import annotations

import time
import uuid
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integrations.failures import Configuration, Passing, Permanent
from integrations.storage import WEEK, storage
from tests.parts import Local, environment_of

pytestmark = pytest.mark.usefixtures("s3")
PDF = b"%PDF-1.7 a certificate"


def a_key() -> str:
    return f"uploads/{uuid.uuid4()}.pdf"


def test_a_signed_url_takes_the_file_it_was_signed_for_and_stores_it_as_a_download() -> None:
    key = a_key()
    url, headers = storage().sign_put(key, "application/pdf", len(PDF))
    assert requests.put(url, data=PDF, headers=headers, timeout=10).status_code == 200
    found = storage().head(key)
    assert found and (found.size, found.content_type) == (len(PDF), "application/pdf")
    assert storage().read(key, 1000) == PDF
    read = requests.get(storage().sign_get(key), timeout=10)
    assert (read.content, read.headers["Content-Disposition"]) == (PDF, "attachment")


def test_a_signed_url_refuses_another_size_type_or_key() -> None:
    key = a_key()
    url, headers = storage().sign_put(key, "application/pdf", len(PDF))
    assert requests.put(url, data=PDF + b"x", headers=headers, timeout=10).status_code == 403
    assert requests.put(url, data=PDF, headers={**headers, "Content-Type": "text/html"}, timeout=10).status_code == 403
    assert requests.put(url.replace(".pdf", ".exe"), data=PDF, headers=headers, timeout=10).status_code == 403
    assert storage().head(key) is None


def test_a_signed_url_cannot_overwrite_what_it_stored() -> None:
    key = a_key()
    url, headers = storage().sign_put(key, "application/pdf", len(PDF))
    assert requests.put(url, data=PDF, headers=headers, timeout=10).status_code == 200
    assert requests.put(url, data=PDF.upper(), headers=headers, timeout=10).status_code == 412
    assert storage().read(key, 1000) == PDF


def test_a_signed_url_ends_with_its_time() -> None:
    url, headers = storage().sign_put(a_key(), "application/pdf", len(PDF), seconds=1)
    time.sleep(2.1)
    assert requests.put(url, data=PDF, headers=headers, timeout=10).status_code == 403


def test_no_url_is_signed_for_longer_than_the_week_that_stores_allow() -> None:
    url, _ = storage().sign_put(a_key(), "application/pdf", 1, seconds=10 * WEEK)
    query = parse_qs(urlsplit(url).query)
    assert query["X-Amz-Expires"] == [str(WEEK)]
    assert query["X-Amz-SignedHeaders"] == ["content-disposition;content-length;content-type;host;if-none-match"]


def test_reading_stops_at_the_limit() -> None:
    key = a_key()
    storage().put(key, b"x" * 100, "application/pdf")
    assert len(storage().read(key, 100)) == 100
    with pytest.raises(Permanent, match="99 bytes"):
        storage().read(key, 99)


def test_a_large_file_is_read_in_pieces() -> None:
    key, content = a_key(), bytes(range(256)) * 4096
    storage().put(key, content, "application/pdf")
    pieces = list(storage().stream(key))
    assert len(pieces) > 1
    assert b"".join(pieces) == content


def test_what_is_not_there_is_said_at_once_and_deleting_it_again_is_no_error() -> None:
    key = a_key()
    storage().put(key, PDF, "application/pdf")
    storage().delete(key)
    storage().delete(key)
    assert storage().head(key) is None
    for read in (lambda: storage().read(key, 10), lambda: storage().stream(key)):
        with pytest.raises(Permanent, match="does not know"):
            read()


def test_keys_are_listed_by_prefix() -> None:
    folder = f"uploads/{uuid.uuid4()}/"
    for name in ("b", "a"):
        storage().put(folder + name, PDF, "application/pdf")
    assert list(storage().keys(folder)) == [folder + "a", folder + "b"]
    assert storage().sizes(folder + "a") == {folder + "a": len(PDF)} and storage().sizes(folder + "z") == {}


def test_only_pages_of_the_portal_may_upload_from_a_browser(local: Local) -> None:
    url, headers = storage().sign_put(a_key(), "application/pdf", len(PDF))
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": ",".join(name.lower() for name in headers)}
    ours = requests.options(url, headers={**asked, "Origin": local.outside.portal}, timeout=10)
    theirs = requests.options(url, headers={**asked, "Origin": "https://elsewhere.example"}, timeout=10)
    assert ours.headers.get("Access-Control-Allow-Origin") == local.outside.portal
    assert theirs.headers.get("Access-Control-Allow-Origin") is None


def test_a_wrong_secret_is_for_the_operator() -> None:
    with environment_of({"S3_SECRET_KEY": "not-the-secret-of-this-store"}), pytest.raises(Configuration, match="keys"):
        storage().put(a_key(), PDF, "application/pdf")


def test_a_store_that_is_away_is_a_passing_failure() -> None:
    with environment_of({"S3_ENDPOINT": "http://127.0.0.1:9"}), pytest.raises(Passing, match="document store could not be reached"):
        storage().head(a_key())
