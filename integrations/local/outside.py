"""Everything outside the portal on this machine: its ports and secrets, its parts, and the environment that leads to them.

A second start in the same folder finds the same secrets, and the same ports where they are still free.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import socket
import uuid
from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from integrations.local import parts
from integrations.local.parts import Part, PartFailed
from integrations.local.postgres import postgres

if TYPE_CHECKING:
    from integrations.storage import S3

# Libraries that take long to load are imported where they are used, when the parts are starting already.
PORTS = ("redis", "postgres", "pages", "tokens", "graph", "smtp", "mailbox")
STORE_PORTS = ("s3", "s3-master", "s3-volume", "s3-filer", "s3-admin")
GRPC = 10_000  # SeaweedFS opens each of its ports a second time, this much higher
SITE_HOST = "saber.sharepoint.example"
SECRETS = ("secret_key", "redis", "s3", "postgres", "smtp", "client", "sync_api_key", "sync_hmac_secret", "notification")


class Outside:
    """The parts of one folder, not started yet. `environment` is what portal and worker need to find them."""

    def __init__(self, folder: Path, portal_port: int, use_postgres: bool = False, durable: bool = True) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.portal_port, self.use_postgres, self.durable = portal_port, use_postgres, durable
        self.secrets = _kept(self.folder / "secrets.json", _new_secrets())
        self.ports = _ports(self.folder / "ports.json")
        self.certificates = _certificates(self.folder / "certificates")
        self.maildir = self.folder / "mail"

    @cached_property
    def environment(self) -> dict[str, str]:
        """Every setting of a local run; `database_url` as chosen."""
        return {
            "ENVIRONMENT": "local", "PORTAL_URL": self.portal, "PORT": str(self.portal_port), "HOST": "127.0.0.1",
            "TRUSTED_PROXIES": os.environ.get("TRUSTED_PROXIES", "0"),  # whoever starts it may have one in front
            "SECRET_KEY": self.secrets["secret_key"], "DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url,
            "S3_ENDPOINT": self.at("s3"), "S3_BUCKET": "partner-documents", "S3_ACCESS_KEY": "portal", "S3_SECRET_KEY": self.secrets["s3"],
            "ENTRA_AUTHORITY": f"https://localhost:{self.ports['tokens']}", "ENTRA_TENANT_ID": self.secrets["tenant_id"],
            "ENTRA_CLIENT_ID": self.secrets["client_id"], "ENTRA_CLIENT_SECRET": self.secrets["client"],
            "ENTRA_CERTIFICATE_FILE": str(self.certificates / "portal.pem"), "ENTRA_CA_FILE": str(self.certificates / "ca.pem"),
            "GRAPH_UNITS_PER_MINUTE": "100000",  # the local lists are never busy by themselves
            "GRAPH_URL": self.at("graph") + "/v1.0", "SHAREPOINT_SITE": f"{SITE_HOST},{self.secrets['site_id']},{self.secrets['web_id']}",
            "MAIL_TRANSPORT": "smtp", "MAIL_FROM": "partners@saber.example", "MAIL_OPERATIONS": "operations@saber.example",
            "MAIL_PER_MINUTE": "0",
            "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(self.ports["smtp"]), "SMTP_SECURITY": "none", "SMTP_USER": "portal",
            "SMTP_PASSWORD": self.secrets["smtp"],
            "SYNC_API_KEYS": self.secrets["sync_api_key"], "SYNC_HMAC_SECRETS": self.secrets["sync_hmac_secret"],
            "GRAPH_NOTIFICATION_SECRET": self.secrets["notification"],
        }

    @cached_property
    def parts(self) -> dict[str, Part]:
        """Every part by its short name; making them starts nothing, except that PostgreSQL's folder is made."""
        folder, ports = self.folder, self.ports
        store_ports = [ports[name] for name in STORE_PORTS]
        made = {
            "redis": parts.valkey(folder / "redis", ports["redis"], self.secrets["redis"]),
            "store": parts.object_store(folder / "objects", store_ports, "portal", self.secrets["s3"]),
            "sign_in": self._stand_in("The sign-in provider", "sign_in", self._discovery, ports["pages"], folder / "sign-in"),
            "graph": self._stand_in("The local Graph", "graph", self.at("graph"), ports["graph"], folder / "graph", self.maildir),
            "mailbox": self._stand_in("The mailbox", "mailbox", self.at("mailbox"), ports["smtp"], ports["mailbox"], self.maildir),
        }
        return made | ({"postgres": self._postgres()} if self.use_postgres else {})

    @property
    def portal(self) -> str:
        """The portal's origin."""
        return f"http://127.0.0.1:{self.portal_port}"

    @property
    def database_url(self) -> str:
        """SQLite in the folder, or the PostgreSQL of the folder."""
        return self.postgres_url("portal") if self.use_postgres else f"sqlite:///{self.folder / 'portal.db'}"

    def postgres_url(self, database: str) -> str:
        """The address of a database of the local PostgreSQL."""
        return f"postgresql://postgres:{self.secrets['postgres']}@127.0.0.1:{self.ports['postgres']}/{database}"

    @property
    def redis_url(self) -> str:
        """The local Redis, with its password."""
        return f"redis://:{self.secrets['redis']}@127.0.0.1:{self.ports['redis']}/0"

    def at(self, name: str) -> str:
        """The http address of a part's port."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def store(self) -> S3:
        """The object store as its owner."""
        from integrations.storage import s3

        found = self.environment
        return s3(found["S3_ENDPOINT"], found["S3_BUCKET"], found["S3_ACCESS_KEY"], found["S3_SECRET_KEY"])

    def stop(self) -> None:
        """Ask all to end, then wait for each."""
        started = [part for part in self.__dict__.get("parts", {}).values() if part.process]
        for part in started:
            part.ask_to_stop()
        for part in started:
            part.stop()

    @property
    def _discovery(self) -> str:
        return f"{self.at('pages')}/{self.secrets['tenant_id']}/v2.0/.well-known/openid-configuration"

    def _stand_in(self, name: str, module: str, answers_at: str, *arguments: object) -> Part:
        log = self.folder / "logs" / f"{module.replace('_', '-')}.log"
        return parts.stand_in(name, module, log, {**os.environ, **self.environment}, answers_at, *arguments)

    def _postgres(self) -> Part:
        return postgres(self.folder / "postgres", self.ports["postgres"], self.secrets["postgres"], self.durable)


def is_free(port: int) -> bool:
    """Whether nobody listens on the port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that was closed a moment ago is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _new_secrets() -> dict[str, str]:
    made = {name: secrets.token_urlsafe(32) for name in SECRETS}
    return made | {name: str(uuid.uuid4()) for name in ("tenant_id", "client_id", "site_id", "web_id")}


def _kept(path: Path, new: dict[str, str]) -> dict[str, str]:
    """What the file holds, completed by `new`; only we can read it."""
    known = json.loads(path.read_text()) if path.exists() else {}
    _write(path, json.dumps({**new, **known}, indent=2))
    return {**new, **known}


def _ports(path: Path) -> dict[str, int]:
    known: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    chosen: dict[str, int] = {}
    for name in (*PORTS, *STORE_PORTS):
        chosen[name] = _chosen(known.get(name), GRPC if name in STORE_PORTS else 0, chosen.values())
    _write(path, json.dumps(chosen, indent=2))
    return chosen


def _chosen(known: int | None, second: int, taken: Collection[int]) -> int:
    """The port of last time if it is free, else any free one; drawn at random, so that two starts at once do not meet."""
    tried = [known] if known else []
    for port in [*tried, *random.sample(range(20_000, 30_000), 500)]:
        if port not in taken and is_free(port) and (not second or is_free(port + second)):
            return port
    raise PartFailed("No free port was found between 20000 and 30000 on this machine.")


def _certificates(folder: Path) -> Path:
    """A CA of this folder's own, a server's certificate for localhost, and the portal's own for Entra."""
    if not (folder / "portal.pem").exists():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        import trustme

        authority = trustme.CA()
        server = authority.issue_cert("localhost", "127.0.0.1")
        portal = authority.issue_cert("portal.localhost", key_type=trustme.KeyType.RSA)  # Entra takes RSA only
        authority.cert_pem.write_to_path(folder / "ca.pem")
        server.private_key_pem.write_to_path(folder / "server-key.pem")
        (folder / "server.pem").write_bytes(b"".join(pem.bytes() for pem in server.cert_chain_pems))
        portal.private_key_and_cert_chain_pem.write_to_path(folder / "portal.pem")
    return folder


def _write(path: Path, text: str) -> None:
    """Whole or not at all, and for our eyes only."""
    partial = path.with_name(f".{path.name}.part")
    partial.touch(mode=0o600)
    partial.write_text(text)
    partial.replace(path)
