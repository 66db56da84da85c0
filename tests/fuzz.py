"""Schemathesis against the API: what its own description allows, and what it does not, sent to a real server over HTTP.

Every request comes from an address of its own behind a trusted proxy, so the limits are on and do not end the run. A third of them brings
valid keys and tokens, and another third a real code, reference and name besides, so that what is behind the door is reached too.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup

#: A schema cannot say which codes exist nor what a company's answers must be together, so good data may be refused all the same.
UNTRUE = ("positive_data_acceptance",)
#: These take what others send as it comes: numbers for texts, and with a validationToken any body at all.
LENIENT = ("/api/sync-invitation", "/api/graph-notifications")
NOT, BY_KEY, BY_ALL = "not let in", "by key", "by key and code"


@dataclass
class Told:
    """What a run has sent and seen: requests by route and status, and what failed, each once, in words."""

    sent: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Doors:
    """What lets in: keys and tokens, and codes, references and names by the name of their parameter or field."""

    headers: Mapping[str, str]
    values: Mapping[str, str | None]


def fuzz(address: str, doors: Doors, examples: int, at: int) -> Told:
    """Send about `examples` requests, shared among all routes, always the same ones for the same seed `at`."""
    load_all_checks()
    session = requests.Session()
    schema = schemathesis.openapi.from_dict(session.get(f"{address}/openapi.json", timeout=10).json())
    operations = [found.ok() for found in schema.get_all_operations() if found.ok().path.startswith("/api/")]
    told, each, dice = Told(), max(1, examples // (2 * len(operations))), random.Random(at)
    numbers = itertools.count(1)
    checks = [check for check in CHECKS.get_all() if check.__name__ not in UNTRUE]
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            _of_operation(operation, mode, each, at, lambda case: _send(address, session, case, doors, dice, next(numbers), checks, told))
    return told


def _of_operation(operation: Any, mode: GenerationMode, examples: int, at: int, send: Callable[[Case], None]) -> None:
    @seed(at)
    @settings(max_examples=examples, database=None, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def sent(case: Case) -> None:
        send(case)

    sent()


def _send(
    address: str, session: requests.Session, case: Case, doors: Doors, dice: random.Random, number: int, checks: list[Any], told: Told
) -> None:  # fmt: skip
    case.headers = {**(case.headers or {}), "X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}
    let_in = dice.choice((NOT, BY_KEY, BY_ALL))
    _let_in(case, doors, let_in)
    answer = case.call(base_url=address, session=session, timeout=30)
    told.sent[f"{case.method} {case.operation.path}"] += 1
    told.statuses[answer.status_code] += 1
    try:
        case.validate_response(answer, checks=[check for check in checks if _holds(check, case, let_in)])
    except FailureGroup as error:
        first = "; ".join(sorted({type(one).__name__ for one in error.exceptions}))
        told.failures.setdefault(f"{case.method} {case.operation.path}: {first} ({answer.status_code})", str(error)[:1500])


def _holds(check: Any, case: Case, let_in: str) -> bool:
    """Whoever is let in is let in, and what we put in may stand where the bad value was.

    A code that is no code is told so (422) before anybody asks whom it lets in (401).
    """
    if check.__name__ == "negative_data_rejection":
        return let_in != BY_ALL and case.operation.path not in LENIENT
    return check.__name__ != "ignored_auth" or (let_in == NOT and "InvitationCode" not in str(case.operation.definition.raw.get("security")))


def _let_in(case: Case, doors: Doors, let_in: str) -> None:
    case.headers = {**case.headers, **(doors.headers if let_in != NOT else {})}
    for place in () if let_in != BY_ALL else (case.query, case.path_parameters, case.body):
        if isinstance(place, dict):
            place.update({name: value for name, value in doors.values.items() if name in place})
