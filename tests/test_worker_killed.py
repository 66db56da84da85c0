"""A worker may die at any line: whatever it was doing arrives, once. The larger run is `python3 dev.py bench faults`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from tests.faults.differences import differences
from tests.faults.killed import HANDLERS, die_at_each_step
from tests.faults.steps import Warm
from tests.partners import deliveries
from tests.parts import Graph, Local, Mailbox


@pytest.fixture(scope="module")
def _warm() -> Iterator[list[Warm]]:
    found: list[Warm] = []
    yield found
    for one in found:
        one.end()


@pytest.fixture
def warm(_warm: list[Warm], local: Local, redis_server: redis.Redis, s3: Local, graph: Graph) -> Warm:
    """A process that has everything loaded, and forks workers that die."""
    if not _warm:
        _warm.append(Warm(local.environment))
    return _warm[0]


#: What is done differently from each other; the bench has every kind of mail, and large documents.
KINDS = ("a new invitation in the list", "a new application in the list", "a changed application in the list", "documents in the library",
         "the invitation's mail")  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_killed_after_any_step_leaves_one_effect_or_a_question_to_a_person(
    kind: str, database: str, local: Local, warm: Warm, mailbox: Mailbox
) -> None:
    target, make = HANDLERS[kind]
    steps = die_at_each_step(warm, target, make)
    told = differences(local)
    assert told.unexplained == []
    unclear = [one for one in deliveries() if one.failure == "unclear"]
    assert len(unclear) == _in_doubt(steps, target)
    assert {one.target for one in unclear} <= {target}


def _in_doubt(steps: int, target: str) -> int:
    """From the note that a mail is about to leave until it is stamped as sent, nobody can know whether it left: all steps but the claim
    and the stamp."""
    return steps - 2 if target.startswith("email.") else 0

