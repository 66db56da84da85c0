"""Honest stand-ins for one machine without accounts: real servers where there are any, else the same protocol with kept state.

None of them starts unless ENVIRONMENT is `local`.
"""

from __future__ import annotations

from models.settings import settings


class NotLocal(SystemExit):
    """A stand-in was asked to start in production."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is a stand-in for one machine and does not start here: ENVIRONMENT is not `local`.")


def only_local(what: str) -> None:
    """Raises `NotLocal` unless this is a local run."""
    if not settings().local:
        raise NotLocal(what)
