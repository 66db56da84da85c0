"""What the staff do with a renewal: ask for one, take that back, approve it apart from the first approval, or send it back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlmodel import Session

from models.application import Application, ApplicationStatus
from models.database import now, today
from models.document import Document, DocumentState, remove, stored
from models.errors import Conflict, Invalid, Problem
from models.event import record
from models.keeping import AHEAD, end, reinstate_if_current, running_out_of
from models.language import _
from models.lapsing import DATED, ends_of
from models.person import Actor, Right
from models.renewal import Renewal, RenewalState, first_end, joined, keep, live_renewal
from models.renewing import Proposal, names_of, proposal_of
from models.resubmission import filed_now
from models.rules import settle
from models.slots import SLOTS

S = ApplicationStatus
LONGEST_WORDS = 2000


def ask_renewal(session: Session, actor: Actor, application: Application, slots: Sequence[str], message: str = "") -> Renewal:
    """Ask a partner to renew these documents of the form, whether they run out or not; what runs out soon is asked with them.

    The application must be locked. Invalid says what is wrong; Conflict unless it is approved or suspended, and while a renewal waits
    for us.
    """
    actor.must(Right.REVIEW)
    _must_be_partner(application)
    renewal = live_renewal(session, application.id, lock=True)
    if renewal is not None and not renewal.with_partner:
        raise Conflict(_("The partner has sent a renewal. Approve it or send it back first."))
    _must_be_askable(application, slots, message)
    values, files = settle(application.answers()), stored(session, application.id)
    renewal = renewal or Renewal(application_id=application.id or 0, opened_by=actor.name, opened_at=now())
    told = {(one.slot, one.ends): one.reminded for one in renewal.endings}
    ending = [ends_of(slot, values, files) for slot in slots]
    asked = [replace(one, by_hand=True, reminded=told.get((one.slot, one.ends))) for one in ending]
    before = [one for one in renewal.endings if one.slot not in slots]
    endings = joined(running_out_of(application, files, today() + AHEAD), [*before, *asked])
    renewal.items, renewal.ends_on, renewal.message = [one.as_json() for one in endings], first_end(endings), message.strip()
    keep(session, renewal)
    record(
        session, "application.renewal_asked", actor, application_id=application.id, renewal=renewal.id, message=renewal.message,
        items=[one.slot for one in endings],
    )  # fmt: skip
    return renewal


def take_back_renewal(session: Session, actor: Actor, application: Application) -> None:
    """A renewal was asked for by mistake: it closes, and what the partner proposed goes; their page says so.

    The application must be locked. Conflict if there is none, if the partner has sent it, or if something of theirs runs out: then the
    portal would ask for it again.
    """
    actor.must(Right.REVIEW)
    renewal = live_renewal(session, application.id, lock=True)
    if renewal is None:
        raise Conflict(_("No renewal is under way."))
    if not renewal.with_partner:
        raise Conflict(_("The partner has sent a renewal. Approve it or send it back first."))
    if not only_by_hand(application, stored(session, application.id)):
        raise Conflict(_("Something runs out within two months, so the renewal stays."))
    end(session, application, renewal)
    record(session, "application.renewal_taken_back", actor, application_id=application.id, renewal=renewal.id)


def only_by_hand(application: Application, files: Iterable[Document]) -> bool:
    """Whether a renewal of it can only be one that a reviewer asked for: nothing of its runs out."""
    return not running_out_of(application, files, today() + AHEAD)


def approve_renewal(session: Session, actor: Actor, application: Application, message: str = "", seen: str = "") -> None:
    """The new answers are written into the row and the new documents take the places of the old ones, which stay as long as files do.

    The verdicts and the first decision stay. `seen` is the `digest` of what the approver had before their eyes: Conflict if the
    application or the renewal is another by now. The application must be locked. Nothing that is over suspends it any more.
    """
    actor.must(Right.DECIDE)
    renewal = _sent(session, application)
    found = proposal_of(session, application, renewal)
    if seen and seen != digest(found):
        raise Conflict(_("Something of it has changed since you looked. Read it again, then decide."))
    changed, documents = found.changed, names_of(found)
    _take_over(session, application, found)
    renewal.decided_at, renewal.decided_by = now(), actor.name
    keep(session, renewal, RenewalState.APPROVED)
    reinstated = reinstate_if_current(session, application, today())
    record(
        session, "application.renewed", actor, application_id=application.id, renewal=renewal.id, message=message.strip(),
        changed=changed, documents=documents, filed=[one.as_json() for one in filed_now(session, application)], reinstated=reinstated,
    )  # fmt: skip


def return_renewal(session: Session, actor: Actor, application: Application, reason: str) -> None:
    """Send a renewal back, saying what the partner is to mend. What they typed and uploaded stays with it. The row must be locked."""
    actor.must(Right.REVIEW)
    renewal = _sent(session, application)
    if not 10 <= len(reason.strip()) <= LONGEST_WORDS:
        raise Invalid(_("The reason is missing."), [Problem("reason", _("Tell the partner what to mend, in 10 to 2,000 characters."))])
    renewal.decided_at, renewal.decided_by, renewal.reason = now(), actor.name, reason.strip()
    keep(session, renewal, RenewalState.RETURNED)
    record(session, "application.renewal_returned", actor, application_id=application.id, renewal=renewal.id, reason=renewal.reason)


def digest(found: Proposal) -> str:
    """Stands for all that an approver decides about: it differs once anything of that does."""
    files = [[one.public_id, str(one.expiry_date or "")] for one in (*found.proposed, *found.standing)]
    reasons = [found.renewal.why(slot) for slot in found.renewal.slots]
    told = [found.renewal.id, str(found.renewal.sent_at), found.changed, names_of(found), files, reasons]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:24]


def askable(application: Application) -> list[str]:
    """The documents of the form that this partner can be asked to renew."""
    values = settle(application.answers())
    return [name for name in DATED if SLOTS[name].offered(values)]


def _take_over(session: Session, application: Application, found: Proposal) -> None:
    """Write the answers, and put the documents in their places."""
    settled = found.settled
    leaving = [one for ending in found.renewal.endings for one in found.leaving(ending)]
    for name in found.changed:
        setattr(application, name, settled[name])
    for old in leaving:
        remove(session, old)
    for new in found.proposed:
        if new.slot in found.renewal.slots:
            new.state = DocumentState.STORED
            session.add(new)
        else:  # it was asked for once and is not any more, so nobody has looked at it
            remove(session, new)
    application.updated_at = now()
    session.add(application)
    session.flush()


def _sent(session: Session, application: Application) -> Renewal:
    renewal = live_renewal(session, application.id, lock=True)
    if renewal is None or renewal.standing != RenewalState.SENT:
        raise Conflict(_("No renewal waits for a decision. Somebody may have decided it a moment ago."))
    return renewal


def _must_be_partner(application: Application) -> None:
    if application.state not in (S.APPROVED, S.SUSPENDED):
        raise Conflict(_("Only an approved partner can be asked for a renewal."))


def _must_be_askable(application: Application, slots: Sequence[str], message: str) -> None:
    if not slots or not set(slots) <= set(askable(application)):
        raise Invalid(_("Nothing is named."), [Problem("slots", _("Choose at least one document that the partner is to renew."))])
    if len(message) > LONGEST_WORDS:
        raise Invalid(_("The message is too long."), [Problem("message", _("Shorten the message to 2,000 characters."))])
