"""The mails that let somebody in: the code for a new device, a colleague's link, and the word that the colleague is done."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session, col, select

from models.application import Application
from models.colleague import Colleague
from models.confirmation import LIFE, Confirmation
from models.delivery import Delivery
from models.device import addresses, is_among
from models.event import Event
from models.invitation import Invitation
from models.language import _
from models.settings import settings
from worker.dates import day
from worker.notify import Letter, form_link, mail, to_partner
from worker.outcome import Needless


def _device(session: Session, delivery: Delivery) -> Letter:
    """Without a link: whoever asked for it stands before the page that wants it."""
    event = session.get_one(Event, delivery.event_id)
    found = session.get(Confirmation, event.detail["confirmation"])
    if found is None or not found.live:
        raise Needless("The code had ended before its mail left, so it was not sent: the partner asks for a new one.")
    invitation = _invitation(session, delivery)
    if not is_among(addresses(session, session.get_one(Application, found.application_id), invitation), found.email):
        raise Needless("The address was corrected before its code's mail left, so it was not sent.")
    company = invitation.company_name
    facts = {"code": found.code, "minutes": LIFE // timedelta(minutes=1), "company": company, "link": ""}
    return to_partner(found.email, _("Your code to open the application on a new device"), "device", facts)


def _colleague(session: Session, delivery: Delivery) -> Letter:
    """The answer goes to whoever asked, who is of the same company, and not to us."""
    found, invitation = _asked(session, delivery), _invitation(session, delivery)
    if not found.live:
        raise Needless("The link was taken back before its mail left, so it was not sent.")
    by = "" if found.asked_by == invitation.company_name else found.asked_by  # where no contact's name is known, the company asks
    facts = {
        "name": found.name, "by": by, "company": invitation.company_name, "step": _(found.helps_with.title), "note": found.note,
        "expires": day(found.expires_at), "link": f"{settings().portal_url}/apply/help?key={found.token}",
    }  # fmt: skip
    subject = _("{name} asks you to fill in a step: {step}").format(name=found.asked_by, step=facts["step"])
    return Letter(found.email, subject, "colleague", facts, invitation.contact_email)


def _colleague_done(session: Session, delivery: Delivery) -> Letter:
    found, invitation = _asked(session, delivery), _invitation(session, delivery)
    facts = {
        "name": invitation.greeting, "colleague": found.name, "step": _(found.helps_with.title), "link": form_link(invitation.code),
    }  # fmt: skip
    subject = _("{name} is done with the step: {step}").format(name=found.name, step=facts["step"])
    return to_partner(invitation.contact_email, subject, "colleague_done", facts)


def _asked(session: Session, delivery: Delivery) -> Colleague:
    return session.get_one(Colleague, session.get_one(Event, delivery.event_id).detail["colleague"])


def _invitation(session: Session, delivery: Delivery) -> Invitation:
    code = select(Application.invitation_code).where(Application.id == delivery.application_id).scalar_subquery()
    return session.exec(select(Invitation).where(col(Invitation.code) == code)).one()


def _of_the_colleague(session: Session, delivery: Delivery) -> str:
    return _asked(session, delivery).language


device = mail(_device)
colleague = mail(_colleague, language=_of_the_colleague)
colleague_done = mail(_colleague_done)
