"""The administrator's verbs for webhooks: who hears of what, with which secret, and whether it arrives."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, delete, select, update

from models import loose
from models.database import now, one_at_a_time
from models.delivery import Delivery, DeliveryState, deliver, retry
from models.errors import Conflict, Invalid, NotFound, Problem
from models.event import Event, record
from models.language import _
from models.pause import Pause, covers, pauses
from models.person import PORTAL, Actor, Right
from models.sealed import resealed, seal
from models.webhook import KINDS, SYSTEM, TESTED, Attempt, Webhook
from models.webhook_address import NoAddress, address_of

MOST = 20  # more systems than that hear from one that passes it on
LONGEST_NAME = 80
#: So long the secret before signs too, unless an administrator ends it earlier.
OVERLAP = timedelta(days=7)
KEPT = 50  # attempts of each webhook
SHOWN = 10
S = DeliveryState


@dataclass(frozen=True)
class Tried:
    """One attempt, and how its delivery stands now."""

    attempt: Attempt
    state: str


@dataclass(frozen=True)
class Subscribed:
    """One webhook: its stop if it is paused, its last attempts with the newest first, and how many deliveries still have to arrive."""

    webhook: Webhook
    pause: Pause | None
    tried: tuple[Tried, ...]
    open: int


def add_webhook(session: Session, actor: Actor, *, name: str, url: str, kinds: Collection[str]) -> tuple[Webhook, str]:
    """A webhook and its secret, which nobody is shown again. Invalid names every wrong field; Conflict if there are MOST already."""
    actor.must(Right.PEOPLE)
    called = _checked(name, url, kinds)
    one_at_a_time(session, "webhooks")
    if session.exec(select(sa.func.count()).select_from(Webhook)).one() >= MOST:
        raise Conflict(_("There are {most} webhooks already. Remove one that is not needed any more.").format(most=MOST))
    secret = _secret()
    made = Webhook(name=called, url=url.strip(), kinds=_ordered(kinds), secret=seal(secret), made_by=actor.user_id, made_at=now())
    session.add(made)
    session.flush()
    record(session, "webhook.made", actor, name=called, webhook=made.id, url=made.url, kinds=made.kinds)
    return made, secret


def change_webhook(session: Session, actor: Actor, webhook_id: int, *, name: str, url: str, kinds: Collection[str]) -> Webhook:
    """Another name, address or choice of what it hears of; what waits already goes to the new address. Invalid names every wrong field."""
    actor.must(Right.PEOPLE)
    found = _locked(session, webhook_id)
    called = _checked(name, url, kinds)
    before: dict[str, Any] = {"before_url": found.url, "before_kinds": found.kinds}
    found.name, found.url, found.kinds = called, url.strip(), _ordered(kinds)
    session.add(found)
    record(session, "webhook.changed", actor, name=called, webhook=found.id, url=found.url, kinds=found.kinds, **before)
    return found


def renew_secret(session: Session, actor: Actor, webhook_id: int) -> tuple[Webhook, str]:
    """A new secret, which nobody is shown again. For OVERLAP the one before signs too, so that the receiver can change over in between."""
    actor.must(Right.PEOPLE)
    found, secret = _locked(session, webhook_id), _secret()
    found.secret_before, found.before_until, found.secret = found.secret, now() + OVERLAP, seal(secret)
    session.add(found)
    record(session, "webhook.secret_made", actor, name=found.name, webhook=found.id, before_until=found.before_until.isoformat())
    return found, secret


def end_secret_before(session: Session, actor: Actor, webhook_id: int) -> Webhook:
    """From the next delivery on only the newest secret signs. Conflict if that is so already."""
    actor.must(Right.PEOPLE)
    found = _locked(session, webhook_id)
    if not found.overlaps:
        raise Conflict(_("Only the newest secret signs already."))
    found.secret_before = found.before_until = None
    session.add(found)
    record(session, "webhook.secret_ended", actor, name=found.name, webhook=found.id)
    return found


def remove_webhook(session: Session, actor: Actor, webhook_id: int) -> None:
    """Nothing is told to it any more; what still waits for it is settled, and its log goes with it."""
    actor.must(Right.PEOPLE)
    found = _locked(session, webhook_id)
    waiting = col(Delivery.target) == found.target, col(Delivery.state).in_((S.WAITING, S.FAILED))
    gone: dict[str, Any] = {"state": S.SETTLED, "done_at": now(), "last_error": "The webhook was removed."}
    session.exec(update(Delivery).where(*waiting).values(gone).execution_options(synchronize_session=False))
    session.exec(delete(Pause).where(col(Pause.target) == found.target))
    session.delete(found)
    record(session, "webhook.removed", actor, name=found.name, webhook=found.id, url=found.url)


def try_webhook(session: Session, actor: Actor, webhook_id: int) -> Delivery:
    """Something is sent to this one alone, in the way of all others. Conflict while it is paused: it would not leave."""
    actor.must(Right.PEOPLE)
    found = _locked(session, webhook_id)
    _must_leave(session, found.target)
    event = record(session, TESTED, actor, name=found.name, webhook=found.id)
    made = deliver(session, event, found.target)
    made.lane = f"{found.target}:test"  # whoever looks into why others do not arrive must not wait behind them
    session.flush()
    return made


def send_again(session: Session, actor: Actor, delivery_id: int) -> Delivery:
    """Send once more what was sent to a webhook, with the id that it had.

    Conflict if it is on its way or the webhook is paused; NotFound if it is no webhook's.
    """
    actor.must(Right.PEOPLE)
    found = session.exec(select(Delivery).where(Delivery.id == delivery_id).with_for_update()).first()
    if found is None or not found.target.startswith(f"{SYSTEM}."):
        raise NotFound(_("There is no such delivery."))
    if found.state == S.RUNNING:
        raise Conflict(_("This delivery runs at this moment, so there is nothing to do."))
    _must_leave(session, found.target)
    retry(session, found)
    found.attempts, found.done_at, found.last_error, found.failure = 0, None, None, None
    record(session, "delivery.retried", actor, target=found.target, delivery=found.id,
           invitation_id=found.invitation_id, application_id=found.application_id)  # fmt: skip
    return found


def webhooks(session: Session, actor: Actor) -> list[Subscribed]:
    """All of them, by name."""
    actor.must(Right.PEOPLE)
    stopped = pauses(session)
    found = session.exec(select(Webhook).order_by(sa.func.lower(Webhook.name), col(Webhook.id)))
    return [_subscribed(session, one, next((stop for stop in stopped if covers(stop.target, one.target)), None)) for one in found]


def note(session: Session, attempt: Attempt) -> None:
    """Write an attempt down; all but the newest of its webhook are forgotten."""
    session.add(attempt)
    session.flush()
    of_it = select(Attempt.id).where(Attempt.webhook_id == attempt.webhook_id).order_by(col(Attempt.id).desc())
    oldest = session.exec(of_it.offset(KEPT - 1).limit(1)).first()
    if oldest is not None:
        session.exec(delete(Attempt).where(col(Attempt.webhook_id) == attempt.webhook_id, col(Attempt.id) < oldest))


def stop_webhook(session: Session, webhook: Webhook, why: str) -> None:
    """The portal itself pauses it, as an operator would; nothing if it is paused already."""
    one_at_a_time(session, "pauses")
    if session.get(Pause, webhook.target) is None:
        session.add(Pause(target=webhook.target, why=why, paused_by=PORTAL.name, paused_at=now()))
        record(session, "delivery.paused", PORTAL, target=webhook.target, why=why)


def took_any_since(session: Session, webhook: Webhook, event: Event) -> bool:
    """Whether it has taken anything since the event."""
    done = (Delivery.target == webhook.target, Delivery.state == DeliveryState.DONE, col(Delivery.done_at) > event.at)
    return session.exec(select(Delivery.id).where(*done).limit(1)).first() is not None


def reseal(session: Session) -> int:
    """Encrypt anew, with today's key, what stands there with the one before; answers of how many webhooks."""
    count = 0
    for one in session.exec(select(Webhook).with_for_update()):
        now_, before = resealed(one.secret), one.secret_before and resealed(one.secret_before)
        if (now_, before) != (one.secret, one.secret_before):
            one.secret, one.secret_before, count = now_, before, count + 1
            session.add(one)
    return count


def _subscribed(session: Session, webhook: Webhook, pause: Pause | None) -> Subscribed:
    rows = session.exec(
        select(Attempt, Delivery.state)
        .join(Delivery, col(Delivery.id) == col(Attempt.delivery_id))
        .where(Attempt.webhook_id == webhook.id)
        .order_by(col(Attempt.id).desc())
        .limit(SHOWN)
    )
    waiting = select(sa.func.count()).select_from(Delivery)
    waiting = waiting.where(Delivery.target == webhook.target, col(Delivery.state).in_((S.WAITING, S.RUNNING, S.FAILED)))
    return Subscribed(webhook, pause, tuple(Tried(attempt, state) for attempt, state in rows), session.exec(waiting).one())


def _locked(session: Session, webhook_id: int) -> Webhook:
    found = session.get(Webhook, webhook_id, with_for_update=True)
    if found is None:
        raise NotFound(_("There is no such webhook. Somebody may have removed it meanwhile."))
    return found


def _must_leave(session: Session, target: str) -> None:
    if any(covers(one.target, target) for one in pauses(session)):
        raise Conflict(_("This webhook is paused, so nothing leaves. Resume it first."))


def _secret() -> str:
    """`sps` tells whoever finds one in a file what it signs; 32 random bytes."""
    return f"sps_{secrets.token_urlsafe(32)}"


def _ordered(kinds: Collection[str]) -> list[str]:
    return [kind for kind in KINDS if kind in kinds]


def _checked(name: str, url: str, kinds: Collection[str]) -> str:
    """The name as it is kept."""
    called = loose.text(name) or ""
    if problems := [problem for problem in (_of_name(called), _of_url(url), _of_kinds(kinds)) if problem]:
        raise Invalid(_("The webhook is not complete."), problems)
    return called


def _of_name(name: str) -> Problem | None:
    if 2 <= len(name) <= LONGEST_NAME:
        return None
    return Problem("name", _("Enter a name of 2 to {most} characters that says which system hears of it.").format(most=LONGEST_NAME))


def _of_url(url: str) -> Problem | None:
    try:
        address_of(url.strip())
    except NoAddress as error:
        return Problem("url", _(error.sentence))
    return None


def _of_kinds(kinds: Collection[str]) -> Problem | None:
    known = bool(kinds) and all(kind in KINDS for kind in kinds)
    return None if known else Problem("kinds", _("Choose at least one thing that it hears of."))
