"""An address that is invited already is told of before it is invited once more, by the desk's dialog and by the preview of an import."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlmodel import col, select

from models.already import AlreadyInvited, already, invite_anew
from models.application import ApplicationStatus, move, withdraw
from models.database import now, reading, transaction
from models.errors import Invalid
from models.invitation import Invitation, invite, revoke
from models.invitation_import import Fate, invite_line, plan, read_file
from models.invited import Standing
from models.person import PORTAL, Role
from portal.pages.inviting import end_of
from tests.desk import applied, brought, person, row

ADA = "ada@brightfield.example"


def told(address: str = ADA) -> list[tuple[str, str, str | None]]:
    with reading() as session:
        return [(one.company, one.standing.value, one.status.value if one.status else None) for one in already(session, address)]


def fate(address: str) -> Fate:
    with reading() as session:
        [one] = plan(session, read_file(f"Company,Email\nAnother Ltd,{address}\n".encode()).lines, end_of)
        return one.fate


def test_an_open_invitation_for_the_address_is_told_with_who_and_when_and_is_sent_anyway_on_purpose(database: str) -> None:
    olivia = person(Role.OPERATIONS)
    with transaction() as session:
        first = invite_anew(session, olivia, company_name="First Ltd", contact_email=ADA).code
    with pytest.raises(AlreadyInvited) as refused, transaction() as session:
        invite_anew(session, olivia, company_name="Second Ltd", contact_email=ADA.upper())
    [one] = refused.value.found
    assert (one.code, one.company, one.by, one.standing, one.reference) == (first, "First Ltd", olivia.name, Standing.QUEUED, "")
    assert now() - one.at < timedelta(minutes=5)
    with pytest.raises(Invalid), transaction() as session:  # what is wrong is said first
        invite_anew(session, olivia, company_name="", contact_email=ADA)
    with transaction() as session:
        second = invite_anew(session, olivia, known=[first], company_name="Second Ltd", contact_email=ADA).code
    with pytest.raises(AlreadyInvited), transaction() as session:  # who knows of the first has not seen the second
        invite_anew(session, olivia, known=[first], company_name="Third Ltd", contact_email=ADA)
    with transaction() as session:
        for made in session.exec(select(Invitation).where(col(Invitation.code).in_((first, second)))).all():
            revoke(session, olivia, made)
    assert told() == []


def test_an_application_that_runs_and_a_partner_are_told_by_either_address_and_what_is_over_is_not(database: str) -> None:
    running, partner, over = applied("Running Ltd", primary_contact_email="boss@running.example"), applied("Partner Ltd"), applied("Over Ltd")
    brought(partner, to="approved")
    with transaction() as session:
        for reference in (running, partner, over):
            code = row(session, reference).invitation_code
            session.exec(select(Invitation).where(Invitation.code == code)).one().contact_email = f"{reference.lower()}@saber.example"
        move(row(session, partner), ApplicationStatus.SUSPENDED)
        withdraw(session, row(session, over))
        invite(session, PORTAL, company_name="Late Ltd", contact_email=ADA).expires_at = now() - timedelta(days=1)
    assert told("Boss@Running.Example") == told(f"{running.lower()}@saber.example") == [("Running Ltd", "submitted", "submitted")]
    assert told(f"{partner}@saber.example") == [("Partner Ltd", "decided", "suspended")]
    assert told(f"{over}@saber.example") == told() == []
    assert (fate("BOSS@running.example"), fate(ADA)) == (Fate.ALREADY, Fate.BEFORE)  # and a file's preview knows the contact's too
    again = f"{over.lower()}@saber.example"
    assert fate(again) == Fate.BEFORE, "an invitation that was used stands in nobody's way once its application is over"
    with transaction() as session:
        invite_line(session, PORTAL, read_file(f"Company,Email\nOver Ltd,{again}\n".encode()).lines[0], end_of)
    assert told(again) == [("Over Ltd", "queued", None)] and fate(again) == Fate.ALREADY


def test_of_two_who_invite_one_address_at_the_same_moment_the_second_is_told(database: str) -> None:
    operator, together, refused = person(Role.OPERATIONS), Barrier(2), list[AlreadyInvited]()

    def work(company: str) -> None:
        together.wait()
        try:
            with transaction() as session:
                invite_anew(session, operator, company_name=company, contact_email=ADA)
        except AlreadyInvited as error:
            refused.append(error)

    both = [Thread(target=work, args=(company,)) for company in ("One Ltd", "Two Ltd")]
    for one in both:
        one.start()
    for one in both:
        one.join()
    [error] = refused
    assert [(one.company, one.standing.value, None) for one in error.found] == told()
