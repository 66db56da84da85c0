"""The object store with the partners' documents: any S3, R2 included.

As a command, `python -m integrations.storage allow-origin https://partners.example.com` lets that origin's pages upload.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from integrations.failures import Configuration, Permanent, calling
from models.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NAME = "The document store"
WEEK = 7 * 24 * 3600  # S3 and R2 refuse longer; boto3 does not (FACTS 16, 17)
CHUNK = 256 * 1024


@dataclass(frozen=True)
class Stored:
    """What the store says of an object: its size in bytes, its content type, and when it was written (UTC)."""

    size: int
    content_type: str
    modified: datetime | None = field(default=None, compare=False)


class Storage(Protocol):
    """What the product asks of an object store. Every method may raise a `Failure`."""

    def sign_put(self, key: str, content_type: str, size: int, seconds: int = 3600) -> tuple[str, dict[str, str]]: ...
    def sign_get(self, key: str, seconds: int = 900) -> str: ...
    def read(self, key: str, limit: int) -> bytes: ...
    def stream(self, key: str) -> Iterator[bytes]: ...
    def head(self, key: str) -> Stored | None: ...
    def put(self, key: str, content: bytes, content_type: str) -> None: ...
    def delete(self, key: str) -> None: ...
    def keys(self, prefix: str) -> Iterator[str]: ...
    def sizes(self, prefix: str) -> dict[str, int]: ...
    def allow_origin(self, origin: str) -> None: ...


def storage() -> Storage:
    """The store of the settings; one client a process, safe to share between threads."""
    found = settings()
    secret = found.s3_secret_key.get_secret_value()
    return s3(found.s3_endpoint, found.s3_bucket, found.s3_access_key, secret, found.s3_region, found.call_timeout_seconds)


class S3:
    """The store behind `client`, as one bucket."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self.client = client
        self.bucket = bucket

    def sign_put(self, key: str, content_type: str, size: int, seconds: int = 3600) -> tuple[str, dict[str, str]]:
        """A URL for one PUT of exactly `size` bytes of `content_type`, and the headers the uploader must send with it.

        Content-Length is signed too; every client sends it by itself and a browser allows no script to. The key is written
        once (`If-None-Match: *`), so a URL that is used again answers 412 and changes nothing (FACTS 16, 21). Whoever opens the
        object gets a download, not a page (FACTS 23).
        """
        headers = {"Content-Type": content_type, "Content-Disposition": "attachment", "If-None-Match": "*"}
        asked = {"ContentType": content_type, "ContentLength": size, "ContentDisposition": "attachment", "IfNoneMatch": "*"}
        with calling(NAME):
            url = self.client.generate_presigned_url("put_object", {"Bucket": self.bucket, "Key": key, **asked}, _capped(seconds))
        return url, headers

    def sign_get(self, key: str, seconds: int = 900) -> str:
        """A URL that reads the object for `seconds`."""
        with calling(NAME):
            return self.client.generate_presigned_url("get_object", {"Bucket": self.bucket, "Key": key}, _capped(seconds))

    def read(self, key: str, limit: int) -> bytes:
        """The whole object; `Permanent` if it is larger than `limit` bytes or not there."""
        found = self._open(key)
        with calling(NAME):
            content: bytes = found.read(limit + 1)
        if len(content) > limit:
            raise Permanent("{system} holds more under this name than the {limit} bytes that are allowed.", system=NAME, limit=str(limit))
        return content

    def stream(self, key: str) -> Iterator[bytes]:
        """The object in pieces; `Permanent` at the call, not at the first piece, if it is not there."""
        return _pieces(self._open(key))

    def head(self, key: str) -> Stored | None:
        """Size and type of the object, or None if there is none."""
        with calling(NAME):
            try:
                found = self.client.head_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                    return None
                raise
        return Stored(found["ContentLength"], found.get("ContentType", ""), found.get("LastModified"))

    def put(self, key: str, content: bytes, content_type: str) -> None:
        """Store `content`, over whatever was there."""
        with calling(NAME):
            self.client.put_object(Bucket=self.bucket, Key=key, Body=content, ContentType=content_type, ContentDisposition="attachment")

    def delete(self, key: str) -> None:
        """Remove the object; one that is not there is as good as removed."""
        with calling(NAME):
            self.client.delete_object(Bucket=self.bucket, Key=key)

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key that begins with `prefix`, in order, a page at a time."""
        with calling(NAME):
            for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
                yield from (found["Key"] for found in page.get("Contents", []))

    def sizes(self, prefix: str) -> dict[str, int]:
        """The size in bytes of every object whose key begins with `prefix`, of which there must be few."""
        with calling(NAME):
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return {found["Key"]: found["Size"] for page in pages for found in page.get("Contents", [])}

    def allow_origin(self, origin: str) -> None:
        """Let pages of `origin` upload to signed URLs; replaces the bucket's rules. Every signed header is listed (FACTS 20)."""
        rule = {
            "AllowedOrigins": [origin], "AllowedMethods": ["PUT", "GET", "HEAD"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 3600,
            "AllowedHeaders": ["content-type", "content-disposition", "if-none-match"],
        }
        rules: Any = {"CORSRules": [rule]}
        with calling(NAME):
            self.client.put_bucket_cors(Bucket=self.bucket, CORSConfiguration=rules)

    def ensure_bucket(self) -> None:
        """Make the bucket where it is missing; on this machine only, an operator makes the real one."""
        if not settings().local:
            raise Configuration("The bucket is made by an operator: only a local run makes its own.")
        with calling(NAME):
            if self.bucket not in [bucket["Name"] for bucket in self.client.list_buckets()["Buckets"]]:
                self.client.create_bucket(Bucket=self.bucket)

    def _open(self, key: str) -> Any:
        with calling(NAME):
            return self.client.get_object(Bucket=self.bucket, Key=key)["Body"]


@cache
def s3(endpoint: str, bucket: str, access_key: str, secret_key: str, region: str = "auto", seconds: float = 20) -> S3:
    """The bucket at `endpoint`; a call is given up after `seconds`."""
    # Region and signature are said so that no SigV2 URL is made (FACTS 17); R2 refuses the default checksums (FACTS 19).
    config = Config(
        signature_version="s3v4", s3={"addressing_style": "path"}, connect_timeout=seconds, read_timeout=seconds,
        retries={"total_max_attempts": 2, "mode": "standard"}, max_pool_connections=20,
        request_checksum_calculation="when_required", response_checksum_validation="when_required",
    )
    session = boto3.session.Session(aws_access_key_id=access_key, aws_secret_access_key=secret_key, region_name=region)
    with calling(NAME):
        return S3(session.client("s3", endpoint_url=endpoint or None, config=config), bucket)


def _capped(seconds: int) -> int:
    return max(1, min(seconds, WEEK))


def _pieces(body: Any) -> Iterator[bytes]:
    with calling(NAME):
        yield from body.iter_chunks(CHUNK)


def main(arguments: list[str]) -> int:
    """The operator's command."""
    if len(arguments) != 2 or arguments[0] != "allow-origin":
        print("Use: python -m integrations.storage allow-origin https://partners.example.com", file=sys.stderr)
        return 2
    storage().allow_origin(arguments[1].rstrip("/"))
    print(f"Pages of {arguments[1]} may now upload to the bucket {settings().s3_bucket}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
