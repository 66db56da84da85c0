"""Everything outside misbehaves, workers die, and what was done here stands there: once, and equal. The larger run is the bench's."""

from __future__ import annotations

import redis

from integrations.provision import provision
from tests.faults.bench import storm
from tests.parts import Graph, Local, Mailbox, environment_of
from worker.lists import wanted


def test_fifteen_applications_under_every_fault_leave_no_difference_that_nobody_can_explain(
    database: str, local: Local, redis_server: redis.Redis, s3: Local, graph: Graph, mailbox: Mailbox
) -> None:
    kind = database.partition(":")[0]
    lists = {"SHAREPOINT_INVITATIONS_LIST": f"Invited, {kind}", "SHAREPOINT_APPLICATIONS_LIST": f"Applied, {kind}"}
    with environment_of(lists):  # lists of its own: the workers take in whatever they find
        assert not any(outcome.stops for outcome in provision(wanted()))
        told = storm(local, applications=15, seed=20261123, pause=0.1, alone=False)
    assert told.unexplained == []
