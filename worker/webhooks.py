"""Webhooks are told: what happened, signed, at least once; each attempt is written into the log of its webhook."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, select

from integrations.failures import Configuration, Failure, Passing
from integrations.webhooks import Answer, objection, post, signed
from models.database import now, reading, transaction
from models.delivery import ATTEMPTS, Delivery
from models.event import Event
from models.notice import Notice, notice_of
from models.sealed import Unreadable, unseal
from models.subscribing import note, reseal, stop_webhook, took_any_since
from models.webhook import Attempt, Webhook, number_of
from worker.outcome import Done, Needless

GONE = "It answered 410: nobody wants to hear of it there any more."
SILENT = "It has taken nothing for a week."
LOCKED = "The secret of this webhook cannot be read, as SECRET_KEY was changed: make a new secret, or set SECRET_KEY_BEFORE."


@dataclass(frozen=True)
class Telling:
    """What is sent, and to whom."""

    delivery: Delivery
    event: Event
    webhook: Webhook
    notice: Notice


def tell(delivery: Delivery) -> Done:
    """Send what happened. It is taken with any 2xx; 410 pauses the webhook, and so does a week in which it took nothing."""
    with reading() as session:
        telling = _telling(session, delivery)
    body = telling.notice.model_dump_json().encode()
    try:
        answer = post(telling.webhook.url, body, signed(_secrets(telling.webhook), telling.notice.id, body))
    except Failure as unheard:
        _written(telling, None, unheard)
        raise
    refusal = objection(answer)
    _written(telling, answer, refusal)
    if refusal:
        raise refusal
    return Done(telling.notice.id)


def unlock_anew() -> int:
    """After SECRET_KEY was changed: encrypt the webhooks' secrets with the new one, so that the old one can go. Answers how many."""
    with transaction() as session:
        return reseal(session)


def _telling(session: Session, delivery: Delivery) -> Telling:
    webhook = session.get(Webhook, number_of(delivery.target) or 0)
    if webhook is None:
        raise Needless("The webhook was removed.")
    event = session.exec(select(Event).where(Event.id == delivery.event_id)).one()
    return Telling(delivery, event, webhook, notice_of(session, event))


def _secrets(webhook: Webhook) -> list[str]:
    try:
        return [unseal(one) for one in webhook.sealed]
    except Unreadable as error:
        raise Configuration(LOCKED) from error


def _written(telling: Telling, answer: Answer | None, failure: Failure | None) -> None:
    """One line of the log; and the stop, where there is one, before the delivery itself is stamped."""
    attempt = Attempt(
        webhook_id=telling.webhook.id or 0, delivery_id=telling.delivery.id or 0, kind=telling.event.type,
        reference=telling.notice.data.reference or "", at=now(), status=answer.status if answer else None,
        milliseconds=answer.milliseconds if answer else 0, error=failure.reason if failure else "", answered=answer.said if answer else "",
    )  # fmt: skip
    with transaction() as session:
        if session.get(Webhook, telling.webhook.id, with_for_update=True) is None:
            raise Needless("The webhook was removed.")
        note(session, attempt)
        if why := _why_stop(session, telling, answer, failure):
            stop_webhook(session, telling.webhook, why)


def _why_stop(session: Session, telling: Telling, answer: Answer | None, failure: Failure | None) -> str:
    if answer and answer.status == 410:
        return GONE
    given_up = isinstance(failure, Passing) and telling.delivery.attempts >= ATTEMPTS
    return SILENT if given_up and not took_any_since(session, telling.webhook, telling.event) else ""
