"""Whom to talk to at each partner: who was invited, who stands in the application, and the colleagues who were asked to help.

A page is a number of partners, the newest first, reached by key. What somebody has typed into a draft is the partner's own until it is
sent: until then only the invitation's contact stands here.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.application import Application, ApplicationStatus, of_invitation
from models.colleague import Colleague
from models.errors import Invalid, Problem
from models.event import Event, record
from models.invitation import KEPT, Invitation, InvitationStatus, redirect, resend
from models.language import _
from models.letters import where_to
from models.loose import row_number, searched
from models.people_search import bare, found_by, telephone
from models.person import Actor, Right

PAGE = 25
SHORTEST_REASON, LONGEST_REASON = 5, 500  # characters


class Part(StrEnum):
    """What somebody is for a partner."""

    INVITED = "Invited"
    PRIMARY = "Primary contact"
    TECHNICAL = "Technical contact"
    BACKUP = "Backup contact"
    SIGNATORY = "Authorised signatory"
    COLLEAGUE = "Colleague who was asked"


#: The contacts in an application: what each is, and the beginning of the names of its columns.
IN_APPLICATION = ((Part.PRIMARY, "primary_contact"), (Part.TECHNICAL, "technical_contact"), (Part.BACKUP, "secondary_contact"),
                  (Part.SIGNATORY, "authorised_signatory"))  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What somebody looks for. `before` and `after` are the number of the invitation that a page begins behind."""

    q: str = ""
    before: int = 0
    after: int = 0


@dataclass(frozen=True)
class Contact:
    """One person; who is several things for a partner stands here once. `steps` are those a colleague was asked for, by name."""

    name: str
    email: str
    phone: str
    position: str
    parts: tuple[Part, ...]
    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Partner:
    """One partner and their people. Without an application there is no `status`, and until it is sent no `reference`."""

    id: int
    code: str
    company: str
    reference: str
    status: ApplicationStatus | None
    invitation: InvitationStatus
    contacts: tuple[Contact, ...]
    may_correct: bool


@dataclass(frozen=True)
class Book:
    """One page of partners, and the numbers from which the pages around it are reached; 0 where there is none."""

    asked: Asked
    partners: tuple[Partner, ...]
    newer: int
    older: int


def asked(given: Mapping[str, str]) -> Asked:
    """What the address asks for; anything that makes no sense there counts as not said."""
    return Asked(searched(given.get("q", "")), row_number(given.get("before", "")), row_number(given.get("after", "")))


def look(session: Session, actor: Actor, asked: Asked) -> Book:
    """The page that `asked` asks for. Four statements, however many partners there are."""
    actor.must(Right.READ)
    backwards, (wanted, number) = asked.after > 0, _found(session, asked.q)
    if backwards:
        wanted = wanted.where(number > asked.after).order_by(number)
    else:
        wanted = wanted.where(*([number < asked.before] if asked.before else [])).order_by(number.desc())
    found = list(session.scalars(wanted.limit(PAGE + 1)))
    more, found = len(found) > PAGE, found[:PAGE]
    ids = found[::-1] if backwards else found
    newer = bool(ids) and (more if backwards else asked.before > 0)
    older = bool(ids) and (more or backwards)
    return Book(asked, tuple(_partners(session, ids, asked.q)), ids[0] if newer else 0, ids[-1] if older else 0)


def find(session: Session, actor: Actor, asked: Asked) -> Sequence[int]:
    """The numbers of all invitations that are found, the newest first: 8 bytes each."""
    actor.must(Right.READ)
    wanted, number = _found(session, asked.q)
    return array("q", session.scalars(wanted.order_by(number.desc()).execution_options(yield_per=10_000)))


def exported(session: Session, actor: Actor, form: str, count: int) -> Event:
    """Record that somebody takes the contacts of `count` partners away, as csv or xlsx."""
    actor.must(Right.READ)
    return record(session, "contacts.exported", actor, form=form, count=count)


def partners(session: Session, ids: Sequence[int], asked: Asked) -> list[Partner]:
    """Some of those that were found, in the order of `ids`; what has been erased since is left out."""
    return list(_partners(session, ids, asked.q))


def correct_address(session: Session, actor: Actor, invitation: Invitation, contact_email: str, reason: str) -> None:
    """Put another address in the place of the invitation's and send the code there; the reason stands in the log.

    An approved partner, suspended or not, gets all later mails there, also those that went to the application's primary contact.
    Invalid names every wrong field; Conflict once nothing is sent to the partner any more (`invitation.is_correctable`).
    """
    actor.must(Right.INVITE)
    address, why = contact_email.strip(), reason.strip()[:LONGEST_REASON]
    wrong = [] if len(why) >= SHORTEST_REASON else [Problem("reason", _("Say how you know of the new address."))]
    application = of_invitation(session, invitation.code)
    kept = application if application is not None and application.status in KEPT else None
    if address.casefold() == (where_to(session, kept) if kept else invitation.contact_email).casefold():
        wrong.append(Problem("contact_email", _("The invitation has this address already. Enter another one.")))
    if wrong:
        raise Invalid(_("The address was not corrected yet."), wrong)
    if kept:
        redirect(session, actor, invitation, kept, address, why)
    else:
        resend(session, actor, invitation, address, application, reason=why)


def _partners(session: Session, ids: Sequence[int], q: str) -> Iterator[Partner]:
    rows = {row[0].id: row for row in session.execute(_rows().where(col(Invitation.id).in_(ids)))}
    sent = [row.application_id for row in rows.values() if row.application_id and row.status != ApplicationStatus.DRAFT]
    helpers = _colleagues(session, sent)
    for number in ids:
        if row := rows.get(number):
            yield _partner(row, helpers.get(row.application_id, ()), q)


def _rows() -> Any:
    """Of the 97 columns those that name people."""
    columns = [getattr(Application, name) for name in _PEOPLE]
    wanted = sa.select(
        Invitation, col(Application.id).label("application_id"), col(Application.status), col(Application.reference_number),
        col(Application.company_name), *columns,
    )  # fmt: skip
    return wanted.outerjoin(Application, col(Application.invitation_code) == col(Invitation.code))


def _partner(row: Any, helpers: Sequence[Colleague], q: str) -> Partner:
    invitation: Invitation = row[0]
    status = ApplicationStatus(row.status) if row.status else None
    sent = status not in (None, ApplicationStatus.DRAFT)
    invited = Contact(invitation.contact_name or "", invitation.contact_email, "", "", (Part.INVITED,))
    people = _merged([invited, *(_in_application(row) if sent else ()), *(_helper(one) for one in helpers)])
    company, reference = (row.company_name if sent else "") or invitation.company_name, row.reference_number or ""
    hears = invitation.state == InvitationStatus.USED and status in (ApplicationStatus.INFORMATION_REQUIRED, *KEPT)
    return Partner(
        invitation.id or 0, invitation.code, company, reference, status, invitation.state, _meant(people, q),
        invitation.state == InvitationStatus.ACTIVE or hears,
    )  # fmt: skip


def _in_application(row: Any) -> Iterator[Contact]:
    for part, begins in IN_APPLICATION:
        said = {name: getattr(row, f"{begins}_{name}", None) or "" for name in ("name", "email", "phone", "title")}
        if said["name"] or said["email"]:
            yield Contact(said["name"], said["email"], said["phone"], said["title"], (part,))


def _helper(one: Colleague) -> Contact:
    return Contact(one.name, one.email, "", "", (Part.COLLEAGUE,), (one.step,))


def _merged(people: Sequence[Contact]) -> list[Contact]:
    """Who is named more than once, with the same address and no other name, stands once, with the most that is known of them."""
    found: list[Contact] = []
    for one in people:
        same = next((place for place, other in enumerate(found) if _is_same(one, other)), None)
        if same is None:
            found.append(one)
        else:
            found[same] = _both(found[same], one)
    return found


def _is_same(one: Contact, other: Contact) -> bool:
    names = {one.name.casefold(), other.name.casefold()} - {""}
    return one.email.casefold() == other.email.casefold() and len(names) <= 1


def _both(one: Contact, other: Contact) -> Contact:
    known = {name: getattr(one, name) or getattr(other, name) for name in ("name", "email", "phone", "position")}
    return replace(one, **known, parts=tuple(dict.fromkeys(one.parts + other.parts)), steps=tuple(dict.fromkeys(one.steps + other.steps)))


def _meant(people: Sequence[Contact], q: str) -> tuple[Contact, ...]:
    """Those whom the words name; all of a partner's where they name the company, or nobody."""
    told, digits = q.casefold(), telephone(q)
    named = [one for one in people if told in f"{one.name} {one.email}".casefold() or (digits and digits in bare(one.phone))] if q else []
    return tuple(named or people)


def _colleagues(session: Session, applications: Sequence[int]) -> dict[int, list[Colleague]]:
    found: dict[int, list[Colleague]] = {}
    for one in session.exec(select(Colleague).where(col(Colleague.application_id).in_(applications)).order_by(col(Colleague.id))):
        found.setdefault(one.application_id, []).append(one)
    return found


def _found(session: Session, q: str) -> tuple[Any, Any]:
    """A select of the numbers of invitations, and its column, by which it is ordered; what is searched is in that order already."""
    wanted = found_by(session, q) if q else sa.select(col(Invitation.id))
    return wanted, wanted.selected_columns[0]


_PEOPLE = tuple(name for name in Application.model_fields if name.startswith(tuple(begins for _part, begins in IN_APPLICATION)))
