"""The deliveries as the operator sees them: what waits, runs or failed per target, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import Application
from models.database import now
from models.delivery import Delivery, DeliveryState, retry, settle
from models.errors import Conflict, Invalid, NotFound, Problem
from models.event import CONSEQUENCES, Event, record
from models.followed_list import unfollowed
from models.invitation import Invitation
from models.language import _
from models.list_trouble import ListTrouble, troubles
from models.loose import searched
from models.never_scanned import lately_never_scanned
from models.pause import Pause, covers, pauses
from models.person import Actor, Right
from models.returned import unread_because
from models.scan import unscanned
from models.taken_over import taken_over
from models.webhook import Webhook, number_of

S = DeliveryState
PAGE = 50
SHOWN = 10  # of the items in SharePoint that need a person
TARGETS: tuple[str, ...] = tuple(sorted({target for targets in CONSEQUENCES.values() for target in targets}))

_state, _attempts = col(Delivery.state), col(Delivery.attempts)
_AGAIN = sa.and_(_state == S.WAITING, _attempts > 0)
#: What can be tried again without a look at each.
_BLINDLY = sa.or_(_AGAIN, sa.and_(_state == S.FAILED, sa.func.coalesce(col(Delivery.failure), "") != "unclear"))
#: The list's tabs: name in the address → words, and the condition behind it. The first is what opens.
TABS: Mapping[str, tuple[str, Any]] = {
    "trouble": ("Needs attention", sa.or_(_state == S.FAILED, _AGAIN)),
    "failed": ("Failed", _state == S.FAILED),
    "again": ("Trying again", _AGAIN),
    "waiting": ("Waiting", sa.and_(_state == S.WAITING, _attempts == 0)),
    "running": ("Running", _state == S.RUNNING),
    "settled": ("Settled", _state == S.SETTLED),
    "done": ("Done", _state == S.DONE),
    "all": ("All", sa.true()),
}
NOTHING_TO_DO = {
    S.RUNNING: "This delivery runs at this moment, so there is nothing to do.",
    S.DONE: "This delivery has arrived, so there is nothing to do.",
    S.SETTLED: "This delivery was settled by hand, so there is nothing to do.",
}


@dataclass(frozen=True)
class Wanted:
    """What the operator looks for: a tab, a target (all if empty), words (company, reference or code) and a page from 1."""

    tab: str = "trouble"
    target: str = ""
    q: str = ""
    page: int = 1


@dataclass(frozen=True)
class Line:
    """One delivery with whom it is about."""

    delivery: Delivery
    event: str
    happened_at: datetime
    subject: str
    reference: str


@dataclass(frozen=True)
class Load:
    """How much of one target waits, is tried again, runs, failed; and whether an operator has stopped it."""

    target: str
    waiting: int = 0
    again: int = 0
    running: int = 0
    failed: int = 0
    stopped: bool = False


@dataclass(frozen=True)
class Stop:
    """What an operator has stopped, and how many deliveries wait there."""

    pause: Pause
    waiting: int


@dataclass(frozen=True)
class Found:
    """An item in SharePoint that needs a person; with the reference of the application that it is about, if it is about one."""

    trouble: ListTrouble
    reference: str


@dataclass(frozen=True)
class Outbox:
    """One page of deliveries, with the count behind each tab, the load of each target and what is stopped.

    `blindly` is how many can be tried again at once, `unread` why the mailbox with returned mail cannot be read, and
    `unscanned` how many documents wait for the virus scanner, and why. `troubles` are the newest items in SharePoint that need a person,
    with how many more there are; `unfollowed` names the lists that cannot be read, and why. `taken_over` counts the invitations that stood
    in SharePoint before the portal did, and were mailed to nobody, with when they came; `never_scanned` the documents that came before
    the virus scanner did.
    """

    wanted: Wanted
    lines: tuple[Line, ...]
    counts: Mapping[str, int]
    loads: tuple[Load, ...]
    stops: tuple[Stop, ...] = ()
    blindly: int = 0
    unread: str = ""
    unscanned: tuple[int, str] = (0, "")
    troubles: tuple[Found, ...] = ()
    more_troubles: int = 0
    unfollowed: tuple[tuple[str, str], ...] = ()
    taken_over: tuple[int, datetime | None] = (0, None)
    never_scanned: tuple[int, str] = (0, "")

    @property
    def total(self) -> int:
        """How many there are behind the tab."""
        return self.counts[self.wanted.tab]

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.total // PAGE))


def look(session: Session, wanted: Wanted) -> Outbox:
    """The page that `wanted` asks for; a page beyond the last gives the last."""
    scope = _scope(wanted)
    counts = _counts(session, scope)
    page = min(wanted.page, max(1, -(-counts[wanted.tab] // PAGE)))
    found, stopped = Wanted(wanted.tab, wanted.target, wanted.q, page), pauses(session)
    loads, blindly, unread = _loads(session, stopped), _blindly(session, wanted.target), unread_because(session)
    items, more = _found(session)
    return Outbox(
        found, _lines(session, scope, found), counts, loads, _stops(stopped, loads), blindly, unread, unscanned(session),
        items, more, unfollowed(session), taken_over(session), lately_never_scanned(session),
    )  # fmt: skip


def wanted(tab: str = "", target: str = "", q: str = "", page: str = "") -> Wanted:
    """What the address asks for; anything that makes no sense there counts as not said. Words alone are looked for everywhere."""
    words = searched(q)
    known = tab if tab in TABS else "all" if words else "trouble"
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 8 else 1
    meant = target in TARGETS or number_of(target) is not None
    return Wanted(known, target if meant else "", words, max(1, number))


def retry_now(session: Session, actor: Actor, delivery_id: int) -> None:
    """Try one again now. Conflict if it is done, runs, or was settled."""
    actor.must(Right.OPERATE)
    delivery = _locked(session, delivery_id)
    _must_be_open(delivery)
    _retry(session, actor, delivery)


def retry_all(session: Session, actor: Actor, target: str = "") -> int:
    """Try again now what has failed and what waits for a later attempt, of one target or of all; answers how many.

    What perhaps was done already (`unclear`) stays: each needs a look first, or somebody gets a mail twice (FACTS 13).
    """
    actor.must(Right.OPERATE)
    of_target = [col(Delivery.target) == target] if target else []
    back = {"external_id": sa.case((col(Delivery.returned_at).is_not(None), None), else_=col(Delivery.external_id)), "returned_at": None}
    again = {"state": S.WAITING, "due_at": now(), "begun_at": None, "failed_at": None, **back}
    changed = session.exec(sa.update(Delivery).where(_BLINDLY, *of_target).values(again).execution_options(synchronize_session=False))
    if changed.rowcount:
        record(session, "delivery.all_retried", actor, target=target, count=changed.rowcount)
        session.info["deliveries"] = True
    return int(changed.rowcount)


def settle_by_hand(session: Session, actor: Actor, delivery_id: int, why: str) -> None:
    """Close one for good, saying why: somebody did by hand what it stands for, or it is not needed any more."""
    actor.must(Right.OPERATE)
    if len(why.strip()) < 5:
        raise Invalid(_("A reason is missing."), [Problem("why", _("Say what was done instead, or why it is not needed."))])
    delivery = _locked(session, delivery_id)
    _must_be_open(delivery)
    settle(session, delivery, why.strip()[:1000])
    _record(session, "delivery.settled", actor, delivery, why=why.strip()[:1000])


def _must_be_open(delivery: Delivery) -> None:
    if delivery.state not in (S.FAILED, S.WAITING):
        raise Conflict(_(NOTHING_TO_DO[DeliveryState(delivery.state)]))


def _retry(session: Session, actor: Actor, delivery: Delivery) -> None:
    retry(session, delivery)
    _record(session, "delivery.retried", actor, delivery)


def _record(session: Session, kind: str, actor: Actor, delivery: Delivery, **detail: Any) -> None:
    about = {"invitation_id": delivery.invitation_id, "application_id": delivery.application_id}
    record(session, kind, actor, **about, target=delivery.target, delivery=delivery.id, **detail)


def _locked(session: Session, delivery_id: int) -> Delivery:
    found = session.exec(select(Delivery).where(Delivery.id == delivery_id).with_for_update()).first()
    if found is None:
        raise NotFound(_("There is no such delivery."))
    return found


def _found(session: Session) -> tuple[tuple[Found, ...], int]:
    rows, count = troubles(session, SHOWN)
    about = select(Application.id, Application.reference_number).where(col(Application.id).in_([row.application_id for row in rows]))
    references = {number: reference or "" for number, reference in session.exec(about)}
    return tuple(Found(row, references.get(row.application_id, "")) for row in rows), count - len(rows)


def _scope(wanted: Wanted) -> list[Any]:
    """The conditions that hold on every tab."""
    conditions: list[Any] = [Delivery.target == wanted.target] if wanted.target else []
    return conditions + ([_about(wanted.q)] if wanted.q else [])


def _about(q: str) -> Any:
    applications = select(Application.id).where(_in(q, Application.company_name, Application.reference_number))
    invitations = select(Invitation.id).where(_in(q, Invitation.company_name, Invitation.code, Invitation.contact_email))
    return sa.or_(col(Delivery.application_id).in_(applications), col(Delivery.invitation_id).in_(invitations))


def _in(q: str, *columns: Any) -> Any:
    return sa.or_(*(col(column).icontains(q, autoescape=True) for column in columns))


def _counts(session: Session, scope: list[Any]) -> dict[str, int]:
    sums = [sa.func.sum(sa.case((condition, 1), else_=0)).label(tab) for tab, (__, condition) in TABS.items()]
    found = session.execute(sa.select(*sums).select_from(Delivery).where(*scope)).one()
    return {tab: int(count or 0) for tab, count in zip(TABS, found, strict=True)}


def _loads(session: Session, stopped: Sequence[Pause]) -> tuple[Load, ...]:
    states = [sa.func.sum(sa.case((TABS[tab][1], 1), else_=0)) for tab in ("waiting", "again", "running", "failed")]
    open_ones = _state.in_((S.WAITING, S.RUNNING, S.FAILED))
    found = session.execute(sa.select(col(Delivery.target), *states).where(open_ones).group_by(col(Delivery.target)))
    loads = {target: Load(target, int(fresh), int(again), int(running), int(failed)) for target, fresh, again, running, failed in found}
    targets = (*TARGETS, *(one.target for one in session.exec(select(Webhook).order_by(col(Webhook.id)))))
    halted = {one for one in targets if any(covers(stop.target, one) for stop in stopped)}
    return tuple(replace(loads.get(one, Load(one)), stopped=one in halted) for one in targets)


def _stops(stopped: Sequence[Pause], loads: Sequence[Load]) -> tuple[Stop, ...]:
    return tuple(Stop(one, sum(load.waiting + load.again for load in loads if covers(one.target, load.target))) for one in stopped)


def _blindly(session: Session, target: str) -> int:
    of_target = [Delivery.target == target] if target else []
    return session.exec(select(sa.func.count()).select_from(Delivery).where(_BLINDLY, *of_target)).one()


def _lines(session: Session, scope: list[Any], wanted: Wanted) -> tuple[Line, ...]:
    rows = session.exec(
        select(Delivery, Event, Application, Invitation)
        .join(Event, col(Event.id) == col(Delivery.event_id))
        .outerjoin(Application, col(Application.id) == col(Delivery.application_id))
        .outerjoin(Invitation, col(Invitation.id) == col(Delivery.invitation_id))
        .where(*scope, TABS[wanted.tab][1])
        .order_by(col(Delivery.id).desc())
        .offset((wanted.page - 1) * PAGE)
        .limit(PAGE)
    )
    return tuple(_line(*row) for row in rows)


def _line(delivery: Delivery, event: Event, application: Application | None, invitation: Invitation | None) -> Line:
    company = application.company_name if application else invitation.company_name if invitation else None
    return Line(delivery, event.type, event.at, company or "–", (application.reference_number if application else None) or "")
