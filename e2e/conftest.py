"""The browser, and the product it looks at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from e2e.product import Product, running

os.environ.setdefault("DECISION_UNDO_MINUTES", "0")  # also where a test puts an application into its state by the verbs
expect.set_options(timeout=20_000)  # two cores, shared with everything else

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--disable-dev-shm-usage"]  # fmt: skip


def launching() -> dict[str, Any]:
    """How the machine's own Chromium is started, where there is one (FACTS 72)."""
    found = os.environ.get("PORTAL_CHROMIUM") or next((path for name in BROWSERS if (path := shutil.which(name))), None)
    arguments = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else QUIET
    return {"args": arguments, **({"executable_path": found} if found else {})}


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The machine's own Chromium."""
    return {**browser_type_launch_args, **launching()}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A desk's screen."""
    return {**browser_context_args, "viewport": {"width": 1280, "height": 900}, "locale": "en-GB", "timezone_id": "Europe/London"}


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product on SQLite."""
    with running(tmp_path_factory.mktemp("sqlite") / "var") as found:
        yield found


@pytest.fixture(scope="session")
def product_on_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product on PostgreSQL."""
    with running(tmp_path_factory.mktemp("postgresql") / "var", "--postgres") as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def any_product(request: pytest.FixtureRequest) -> Product:
    """The product, once on each database."""
    found: Product = request.getfixturevalue("product" if request.param == "sqlite" else "product_on_postgresql")
    return found


@pytest.fixture
def shots(request: pytest.FixtureRequest) -> Path:
    """Where pictures of what a test saw are kept, when asked for by SHOTS."""
    folder = Path(os.environ.get("SHOTS", "test-results")) / request.node.name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
