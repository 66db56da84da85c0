"""The operator's two verbs for a whole kind of deliveries: stop it, saying why, and let it go on."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Session, col

from models.database import now, one_at_a_time
from models.delivery import Delivery, DeliveryState
from models.errors import Conflict, Invalid, NotFound, Problem
from models.event import record
from models.language import _
from models.outbox import TARGETS
from models.pause import Pause, among
from models.person import Actor, Right
from models.webhook import SYSTEM, number_of

#: What can be stopped: a system with all its targets, or one of them.
SYSTEMS: tuple[str, ...] = tuple(sorted({target.partition(".")[0] for target in TARGETS} | {SYSTEM}))
STOPPABLE: tuple[str, ...] = (*SYSTEMS, *TARGETS)
LONGEST = 500  # characters of a reason


def pause(session: Session, actor: Actor, target: str, why: str) -> Pause:
    """Stop a target or a system: nothing of it is claimed until `resume`. What runs already ends as it would.

    Invalid without a target that exists or a reason, Conflict if it is stopped already.
    """
    actor.must(Right.OPERATE)
    _check(target, why)
    one_at_a_time(session, "pauses")
    if session.get(Pause, target) is not None:
        raise Conflict(_("This is stopped already. Let it go on, or read who stopped it and why."))
    made = Pause(target=target, why=why.strip()[:LONGEST], paused_by=actor.name, user_id=actor.user_id, paused_at=now())
    session.add(made)
    record(session, "delivery.paused", actor, target=target, why=made.why)
    return made


def resume(session: Session, actor: Actor, target: str) -> int:
    """Let a target or a system go on; answers how many deliveries wait there. NotFound if it is not stopped."""
    actor.must(Right.OPERATE)
    found = session.get(Pause, target, with_for_update=True)
    if found is None:
        raise NotFound(_("This is not stopped, so there is nothing to do."))
    session.delete(found)
    record(session, "delivery.resumed", actor, target=target)
    session.info["deliveries"] = True  # what waited leaves at once
    waiting = sa.select(sa.func.count()).where(col(Delivery.state) == DeliveryState.WAITING, among(col(Delivery.target), [target]))
    return int(session.execute(waiting).scalar_one())


def _check(target: str, why: str) -> None:
    known = target in STOPPABLE or number_of(target) is not None
    problems = [] if known else [Problem("target", _("Choose what is to be stopped."))]
    if len(why.strip()) < 5:
        problems.append(Problem("why", _("Say why it is stopped: whoever finds it will ask.")))
    if problems:
        raise Invalid(_("This cannot be stopped like that."), problems)
