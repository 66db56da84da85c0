"""The settings: nothing unsafe starts in production, and the README tells the truth about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.settings import Settings, Unready, ready_settings, settings, table

SAFE = {
    "PORTAL_URL": "https://partners.example.com", "SECRET_KEY": "kJ8s0f2mQ9zX4vB7nL1pR6tY3wC5dG0h", "DATABASE_URL": "postgres://portal:pw@db/portal",
    "REDIS_URL": "rediss://:pw@redis:6379", "S3_ENDPOINT": "https://store.example.com", "S3_BUCKET": "documents", "S3_ACCESS_KEY": "AK",
    "S3_SECRET_KEY": "kfjasdhf87324hfkjsdhf", "ENTRA_TENANT_ID": "t", "ENTRA_CLIENT_ID": "c", "ENTRA_CERTIFICATE_FILE": "/run/portal.pem",
    "SHAREPOINT_SITE": "host,a,b", "MAIL_FROM": "portal@example.com", "MAIL_OPERATIONS": "ops@example.com", "SMTP_HOST": "mail.example.com",
}  # fmt: skip


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in SAFE.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    monkeypatch.setattr("models.settings.settings", Settings)
    return monkeypatch


def test_a_safe_production_environment_starts(production: pytest.MonkeyPatch) -> None:
    assert ready_settings().problems() == []


def test_an_empty_environment_is_refused_with_one_message_that_lists_everything(production: pytest.MonkeyPatch) -> None:
    for name in SAFE:
        production.delenv(name)
    with pytest.raises(Unready) as refusal:
        ready_settings()
    assert all(name in str(refusal.value) for name in SAFE)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORTAL_URL", "http://partners.example.com", "PORTAL_URL must begin with https://"),
        ("S3_ENDPOINT", "http://store", "S3_ENDPOINT must begin with https://"),
        ("CONTRACT_PACK_URL", "javascript:alert(1)", "CONTRACT_PACK_URL must begin with https://"),
        ("REDIS_URL", "redis://redis:6379", "REDIS_URL must begin with rediss://"),
        ("SECRET_KEY", "short", "SECRET_KEY is missing or shorter"),
        ("SECRET_KEY", "change-me-change-me-change-me-change-me", "well-known default"),
        ("SMTP_SECURITY", "none", "in the clear"),
        ("SYNC_API_KEYS", "k8s7d6f5", "shorter than 24"),
        ("ENTRA_CERTIFICATE_FILE", "", "needs a certificate"),
    ],
)
def test_an_unsafe_value_is_refused_in_production_by_name(production: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    production.setenv(name, value)
    with pytest.raises(Unready, match=said):
        ready_settings()


def test_what_a_paas_calls_postgres_is_understood(production: pytest.MonkeyPatch) -> None:
    assert ready_settings().database_url == "postgresql+psycopg://portal:pw@db/portal"


def test_the_readme_has_the_table_of_the_code() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    assert table() in readme, "run `python -m models.settings` and put what it prints into the README"


def test_a_value_of_the_wrong_type_is_named_without_a_traceback(production: pytest.MonkeyPatch) -> None:
    production.setenv("PORT", "abc")
    production.setenv("SMTP_SECURITY", "maybe")
    with pytest.raises(Unready) as refusal:
        ready_settings()
    assert "PORT" in str(refusal.value) and "SMTP_SECURITY" in str(refusal.value)


def test_local_is_refused_for_an_address_that_others_can_reach(production: pytest.MonkeyPatch) -> None:
    production.setenv("ENVIRONMENT", "local")
    with pytest.raises(Unready, match="only for a PORTAL_URL on this machine"):
        ready_settings()
