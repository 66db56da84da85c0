"""Every environment variable of the product, typed, read once.

`settings()` is the only reader of the environment. In production a missing or unsafe value stops
the start with one message that lists all of them (`Settings.problems`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

#: How secrets begin that stand in examples.
WELL_KNOWN = ("dev", "local", "secret", "change", "default", "example")
Listed = Annotated[list[str], NoDecode]
Days = Annotated[list[int], NoDecode]


class Settings(BaseSettings):
    """One field an environment variable; its description is its row in the README's table."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    environment: Literal["production", "local"] = Field("production", description="`local` is set by `dev.py run` alone")
    portal_url: str = Field("", description="The portal's public origin, e.g. `https://partners.example.com`")
    port: int = Field(8080, description="The port on which `web` listens")
    host: str = Field("0.0.0.0", description="The address on which `web` listens")  # noqa: S104 — a PaaS routes to any address
    secret_key: SecretStr = Field(SecretStr(""), description="Signs cookies; at least 32 characters")
    secret_key_before: SecretStr = Field(
        SecretStr(""), description="The one before, while it is rotated out: it still opens the secrets of webhooks"
    )
    trusted_proxies: int = Field(1, ge=0, le=10, description="How many proxies stand before `web` and add to X-Forwarded-For")
    cors_origins: Listed = Field([], description="Origins, comma-separated, whose pages may call the API")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least severe level that is logged")

    database_url: str = Field("", description="`postgresql://…` or, for one machine, `sqlite:////path/portal.db`")
    redis_url: str = Field("", description="`rediss://…`")
    redis_ca_file: str = Field("", description="CA file for a managed Redis with a certificate of its own")

    s3_endpoint: str = Field("", description="The object store's https address (S3, R2 or any like them)")
    s3_bucket: str = Field("", description="The bucket that holds the partners' documents")
    s3_access_key: str = Field("", description="Access key of the bucket")
    s3_secret_key: SecretStr = Field(SecretStr(""), description="Secret key of the bucket")
    s3_region: str = Field("auto", description="Region; `auto` suits R2 and most stores")

    clamd_address: str = Field("", description="The virus scanner, clamd: `host:3310`, or the path of its socket; empty: none")
    clamd_seconds: float = Field(30, gt=0, description="Seconds after which a look of the virus scanner is given up")

    entra_authority: str = Field("https://login.microsoftonline.com", description="Host of the sign-in service")
    entra_tenant_id: str = Field("", description="Directory (tenant) id, for sign-in and for Graph")
    entra_client_id: str = Field("", description="Application (client) id, for sign-in and for Graph")
    entra_client_secret: SecretStr = Field(SecretStr(""), description="Client secret, where no certificate is used")
    entra_certificate_file: str = Field("", description="PEM file with private key and certificate; preferred, and needed by SharePoint")
    entra_ca_file: str = Field("", description="CA file, where the authority's certificate is not publicly trusted")

    graph_url: str = Field("https://graph.microsoft.com/v1.0", description="Microsoft Graph")
    graph_units_per_minute: int = Field(
        1000, ge=60, description="Resource units that all workers together ask of SharePoint in a minute: 1 a read, 2 a write"
    )
    sharepoint_site: str = Field("", description="Id of the site that holds the lists: `host,site-guid,web-guid`")
    sharepoint_invitations_list: str = Field("EPC Invitations", description="Name of the list of invitations")
    sharepoint_applications_list: str = Field("EPC Onboarding", description="Name of the list of applications")
    sharepoint_library: str = Field("EPC Onboarding Evidence", description="Name of the document library")

    sharepoint_keeps_files: bool = Field(
        False, description="Whether documents stay in the library when the portal erases them; each is then reported"
    )
    sharepoint_poll_minutes: int = Field(5, ge=0, description="Minutes between two looks at what people changed in both lists; 0: none")
    sharepoint_compare_hour: int = Field(
        2, ge=0, le=24, description="Hour (UTC) from which both lists are compared with the portal each night; 24: in no night"
    )
    graph_notification_secret: SecretStr = Field(
        SecretStr(""), description="Secret, 24 to 128 characters, with which Graph tells at once of changes; empty: only the looks"
    )

    mail_transport: Literal["smtp", "graph"] = Field("smtp", description="How mail leaves")
    mail_from: str = Field("", description="The sender's address; with `graph` the mailbox it leaves from")
    mail_operations: str = Field("", description="Address that hears of new applications, withdrawals and held decisions")
    digest_hour: int = Field(6, ge=0, le=24, description="Hour (UTC) from which it hears each day of what needs a person; 24: on no day")
    contract_pack_url: str = Field("", description="Where partners read the Contract Overview Pack; empty where their contact sends it")
    mail_returns_minutes: int = Field(0, ge=0, description="Minutes between two looks by Graph for mail that came back there; 0: none")
    mail_per_minute: int = Field(30, ge=0, description="Mails a minute that leave, over all workers; 0: as many as come")
    smtp_host: str = Field("", description="Mail server")
    smtp_port: int = Field(587, description="Its port")
    smtp_security: Literal["starttls", "tls", "none"] = Field("starttls", description="How the connection is encrypted")
    smtp_user: str = Field("", description="User, where the server asks for one")
    smtp_password: SecretStr = Field(SecretStr(""), description="Password, where the server asks for one")

    sync_api_keys: Listed = Field([], description="Secrets, comma-separated, that `X-Api-Key` may carry; two while one is rotated out")
    sync_hmac_secrets: Listed = Field([], description="Secrets, comma-separated, that may sign `X-Signature`")

    invitation_days: int = Field(30, ge=1, le=365, description="Days until an invitation expires")
    public_liability_minimum: int = Field(5_000_000, description="GBP of public liability cover below which the reviewer is warned")
    professional_indemnity_minimum: int = Field(1_000_000, description="GBP of professional indemnity cover, likewise")
    reviewer_may_decide: bool = Field(False, description="Whether who marked an application reviewed may also decide it")
    decision_undo_minutes: int = Field(
        10, ge=0, le=1440, description="Minutes for which a decision can be undone before anything of it leaves; with 0 it leaves at once"
    )
    suspend_after_days: int = Field(
        0, ge=0, le=365, description="Days after which a partner is suspended when something of theirs has run out; 0: the next day"
    )
    review_days: int = Field(10, ge=0, description="Working days that a review usually takes, as the status page says; 0 says nothing")
    request_reminder_days: Days = Field(
        [7, 1], description="Days before a request's first date on which its partner is reminded, and once after it; 0: never"
    )
    draft_reminder_days: Days = Field([7, 21], description="Days without work after which the partner is reminded of a draft; 0: never")
    draft_days: int = Field(30, ge=1, description="Days a draft is kept after its invitation's expiry")
    file_years: int = Field(7, ge=1, description="Years a submitted document is kept")
    log_days: int = Field(90, ge=1, description="Days the technical logs (sign-in sessions, settled deliveries) are kept")
    abandoned_upload_days: int = Field(2, ge=1, description="Days an upload that was never completed is kept")
    orphan_days: int = Field(30, ge=0, description="Days an object is kept after it was found that no document knows it; 0: until asked")
    delivery_lease_seconds: int = Field(120, ge=1, description="Seconds after which a delivery of a dead worker is taken over")
    sweep_seconds: float = Field(15, gt=0, description="Seconds between two looks for deliveries that are due")
    call_timeout_seconds: float = Field(20, gt=0, description="Seconds after which a call to another system is given up")

    @field_validator("cors_origins", "sync_api_keys", "sync_hmac_secrets", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("request_reminder_days", "draft_reminder_days", mode="before")
    @classmethod
    def _days(cls, value: object) -> object:
        """Whole numbers from 0 to 365, comma-separated; a 0 counts as none."""
        days = [int(part) for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        if isinstance(days, list) and any(not isinstance(day, int) or not 0 <= day <= 365 for day in days):
            raise ValueError("a number of days must be from 0 to 365")
        return [day for day in days if day] if isinstance(days, list) else days

    @field_validator("database_url")
    @classmethod
    def _dialect(cls, value: str) -> str:
        """SQLAlchemy 2.1 refuses `postgres://`, which a PaaS hands out (FACTS 36)."""
        for old in ("postgres://", "postgresql://"):
            value = value.replace(old, "postgresql+psycopg://", 1) if value.startswith(old) else value
        return value

    @field_validator("portal_url", "graph_url", "s3_endpoint", "entra_authority")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @property
    def local(self) -> bool:
        """Whether this is one machine without accounts, started by `dev.py run`."""
        return self.environment == "local"

    def problems(self) -> list[str]:
        """What is missing or, in production, unsafe: one sentence each, naming the variable."""
        return self._missing() + (self._not_here() if self.local else self._unsafe())

    def _missing(self) -> list[str]:
        needed = ["portal_url", "database_url", "redis_url", "s3_endpoint", "s3_bucket", "s3_access_key", "entra_tenant_id",
                  "entra_client_id", "sharepoint_site", "mail_from", "mail_operations"]
        needed += ["smtp_host"] if self.mail_transport == "smtp" else []
        lines = [f"{name.upper()} is not set" for name in needed if not getattr(self, name)]
        lines += ["S3_SECRET_KEY is not set"] if not self.s3_secret_key.get_secret_value() else []
        return lines + ([] if len(self.secret_key.get_secret_value()) >= 32 else ["SECRET_KEY is missing or shorter than 32 characters"])

    def _not_here(self) -> list[str]:
        """`local` switches the other checks off, so it holds for this machine's own addresses alone."""
        here = urlsplit(self.portal_url).hostname in ("127.0.0.1", "localhost", "::1", None)
        return [] if here else ["ENVIRONMENT=local is only for a PORTAL_URL on this machine, such as http://127.0.0.1:8080"]

    def _unsafe(self) -> list[str]:
        addresses = ("portal_url", "s3_endpoint", "entra_authority", "graph_url", "contract_pack_url")
        shared = [*self.sync_api_keys, *self.sync_hmac_secrets]
        told = self.graph_notification_secret.get_secret_value()
        known = [self.secret_key.get_secret_value(), self.s3_secret_key.get_secret_value(), told, *shared]
        rules = {
            "REDIS_URL must begin with rediss://": bool(self.redis_url) and not self.redis_url.startswith("rediss://"),
            "SMTP_SECURITY=none sends mail in the clear": self.mail_transport == "smtp" and self.smtp_security == "none",
            "ENTRA_CERTIFICATE_FILE is not set: SharePoint's app-only access needs a certificate": not self.entra_certificate_file,
            "PORTAL_URL must be an origin, without a path": bool(urlsplit(self.portal_url).path),
            "CORS_ORIGINS must name origins, not *": "*" in self.cors_origins,
            "A secret still has a well-known default; make new ones": any(secret.lower().startswith(WELL_KNOWN) for secret in known),
            "A key in SYNC_API_KEYS or SYNC_HMAC_SECRETS is shorter than 24 characters": any(len(secret) < 24 for secret in shared),
            "GRAPH_NOTIFICATION_SECRET must have 24 to 128 characters": bool(told) and not 24 <= len(told) <= 128,
        }
        http = [name for name in addresses if getattr(self, name) and urlsplit(getattr(self, name)).scheme != "https"]
        return [f"{name.upper()} must begin with https://" for name in http] + [said for said, broken in rules.items() if broken]


class Unready(SystemExit):
    """The start is refused; the message lists everything that is missing or unsafe."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("The portal cannot start:\n" + "\n".join(f"  - {line}" for line in problems))


@lru_cache(maxsize=1)  # of two that read it at once, the first one's stays
def settings() -> Settings:
    """The environment as it was at the first call; tests call `settings.cache_clear()`."""
    return Settings()


def ready_settings() -> Settings:
    """The settings, or `Unready` with all that stands in the way; every process starts with this."""
    try:
        found = settings()
    except ValidationError as error:
        raise Unready([f"{str(wrong['loc'][0]).upper()}: {wrong['msg']}" for wrong in error.errors()]) from None
    if lines := found.problems():
        raise Unready(lines)
    return found


def table() -> str:
    """All settings as the README's Markdown table; `python -m models.settings` prints it."""
    rows = [f"| `{name.upper()}` | {_default(field.default)} | {field.description} |" for name, field in Settings.model_fields.items()]
    return "\n".join(["| variable | default | what it is |", "|---|---|---|", *rows])


def _default(value: object) -> str:
    shown = "" if isinstance(value, SecretStr) else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"`{shown}`" if shown else ""


if __name__ == "__main__":
    print(table())
