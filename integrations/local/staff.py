"""Who works here, as far as this machine knows: one member of staff for each role."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Account:
    """A member of staff of this machine's directory."""

    oid: str
    name: str
    email: str
    roles: tuple[str, ...]


STAFF = (
    Account("a1000000-0000-4000-8000-000000000001", "Olivia Okafor", "olivia.okafor@saber.example", ("operations",)),
    Account("a1000000-0000-4000-8000-000000000002", "Rosa Reyes", "rosa.reyes@saber.example", ("reviewer",)),
    Account("a1000000-0000-4000-8000-000000000003", "Arthur Adeyemi", "arthur.adeyemi@saber.example", ("approver",)),
    Account("a1000000-0000-4000-8000-000000000004", "Adam Novak", "adam.novak@saber.example", ("admin",)),
    Account("a1000000-0000-4000-8000-000000000005", "Audrey Lindqvist", "audrey.lindqvist@saber.example", ("auditor",)),
)
