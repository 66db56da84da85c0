"""Invitations: what staff do, what SharePoint sends, and what a code opens."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from models.application import Application, of_invitation, submit
from models.database import now, reading, transaction
from models.delivery import Delivery
from models.errors import Conflict, Forbidden, Invalid
from models.event import Event, record
from models.invitation import (
    ALPHABET,
    Invitation,
    expire_due,
    extend,
    find,
    invite,
    is_in_use,
    normal_code,
    note_opened,
    resend,
    revoke,
)
from models.invitation_list import synced
from models.person import Actor, Role
from models.review import request_information
from portal.api.partner import opened_by
from tests.partners import begun, submitted
from tests.sample_form import COMPLETE, wanted_documents

OLIVIA = Actor(name="Olivia Okafor", kind="staff", roles=frozenset({Role.OPERATIONS}))
ROSA = Actor(name="Rosa Reyes", kind="staff", roles=frozenset({Role.REVIEWER}))
OWEN = "owen.price@brightfieldsolar.co.uk"
BRIGHTFIELD = {
    "company_name": "Brightfield Solar Ltd",
    "contact_email": "ada@brightfield.example",
    "contact_name": "Ada Byron",
    "contact_title": "Dr",
}


def made(**changes: str) -> Invitation:
    with transaction() as session:
        return invite(session, OLIVIA, **{**BRIGHTFIELD, **changes})  # type: ignore[arg-type]


def types() -> list[str]:
    with reading() as session:
        return [event.type for event in session.exec(select(Event).order_by(Event.id))]  # type: ignore[arg-type]


def test_an_invitation_has_a_crockford_code_and_leaves_as_mail_and_list_item(database: str) -> None:
    invitation = made()
    assert len(invitation.code) == 8 and set(invitation.code) <= set(ALPHABET)
    assert timedelta(days=29) < invitation.expires_at - now() < timedelta(days=31)  # type: ignore[operator]
    with reading() as session:
        assert {d.target for d in session.exec(select(Delivery))} == {"sharepoint.invitation", "email.invitation"}


def test_a_reviewer_may_not_invite_and_nothing_is_written(database: str) -> None:
    with pytest.raises(Forbidden), transaction() as session:
        invite(session, ROSA, **BRIGHTFIELD)
    assert types() == []


def test_every_wrong_field_of_an_invitation_is_named(database: str) -> None:
    with pytest.raises(Invalid) as error, transaction() as session:
        invite(session, OLIVIA, company_name=" ", contact_email="nobody", contact_title="Lord", notes="x" * 3000)
    assert [p.field for p in error.value.problems] == ["company_name", "contact_email", "contact_title", "notes"]


@pytest.mark.parametrize("how", ["used", "revoked", "expired"])
def test_a_code_that_is_used_revoked_or_expired_opens_nothing(database: str, how: str) -> None:
    invitation = made()
    with transaction() as session:
        row = find(session, invitation.code)
        assert row is not None
        row.status, row.expires_at = ("active", now() - timedelta(seconds=1)) if how == "expired" else (how, row.expires_at)
        session.add(row)
    assert opened_by(invitation.code) is None
    with reading() as session:
        assert find(session, invitation.code) is not None


def test_a_code_may_be_typed_in_any_case_with_spaces_and_dashes(database: str) -> None:
    invitation = made()
    typed = f" {invitation.code[:4].lower()}-{invitation.code[4:]} "
    assert opened_by(typed) is not None


@given(st.text())
def test_normalising_a_code_twice_changes_nothing(typed: str) -> None:
    assert normal_code(normal_code(typed)) == normal_code(typed)


def test_only_the_first_opening_counts(database: str) -> None:
    invitation = made()
    for _ in range(2):
        with transaction() as session:
            note_opened(session, find(session, invitation.code))  # type: ignore[arg-type]
    assert types().count("invitation.opened") == 1


def test_a_revoked_invitation_cannot_be_resent_but_an_expired_one_can_be_extended(database: str) -> None:
    revoked, late = made(), made(company_name="Late Ltd")
    with transaction() as session:
        revoke(session, OLIVIA, find(session, revoked.code))  # type: ignore[arg-type]
    with pytest.raises(Conflict), transaction() as session:
        resend(session, OLIVIA, find(session, revoked.code))  # type: ignore[arg-type]
    with transaction() as session:
        row = find(session, late.code)
        row.expires_at = now() - timedelta(days=1)  # type: ignore[union-attr]
        assert expire_due(session) == 1
    with transaction() as session:
        extend(session, OLIVIA, find(session, late.code), now() + timedelta(days=5))  # type: ignore[arg-type]
    assert opened_by(late.code) is not None


@pytest.mark.parametrize("until", ["9999-12-31T23:59:59+00:00", "2040-01-01T00:00:00+00:00"])
def test_no_date_years_ahead_is_taken_from_the_desk_or_from_the_list(database: str, until: str) -> None:
    far = datetime.fromisoformat(until)
    invitation = made()
    for verb in (
        lambda session: invite(session, OLIVIA, **BRIGHTFIELD, expires_at=far),
        lambda session: extend(session, OLIVIA, find(session, invitation.code), far),
        lambda session: synced(session, code=invitation.code, expires_at=far),
        lambda session: synced(session, company_name="New Ltd", contact_email="new@company.example", expires_at=far),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused, transaction() as session:
            verb(session)
        assert [(one.field, one.message) for one in refused.value.problems] == [("expires_at", "Choose an expiry date within five years.")]
    with transaction() as session:
        extend(session, OLIVIA, find(session, invitation.code), now() + timedelta(days=4 * 365))  # type: ignore[arg-type]


def test_an_address_that_was_emptied_is_refused(database: str) -> None:
    invitation = made()
    with transaction() as session, pytest.raises(Invalid) as refused:
        resend(session, OLIVIA, find(session, invitation.code), "")  # type: ignore[arg-type]
    assert [problem.field for problem in refused.value.problems] == ["contact_email"]


def test_resending_to_a_corrected_address_keeps_the_code(database: str) -> None:
    invitation = made()
    with transaction() as session:
        resend(session, OLIVIA, find(session, invitation.code), "ada.byron@brightfield.example")  # type: ignore[arg-type]
    with reading() as session:
        assert find(session, invitation.code).contact_email == "ada.byron@brightfield.example"  # type: ignore[union-attr]


def test_the_same_list_item_twice_makes_one_invitation_and_changes_nothing(database: str) -> None:
    for expected in (True, False):
        with transaction() as session:
            _, new = synced(
                session, code="c1d9 4680", company_name="Marstack", contact_email="rob@marstack.ai", contact_title="Mr", item_id="7"
            )
        assert new is expected
    assert types() == ["invitation.synced"]


def test_a_list_item_without_a_code_gets_one_and_keeps_it(database: str) -> None:
    with transaction() as session:
        first, _ = synced(session, company_name="Marstack", contact_email="rob@marstack.ai", item_id="7")
    with transaction() as session:
        second, new = synced(session, company_name="Marstack GmbH", contact_email="rob@marstack.ai", item_id="7")
    assert (second.code, new, second.company_name) == (first.code, False, "Marstack GmbH")


def test_an_old_copy_of_the_item_does_not_reopen_a_used_invitation(database: str) -> None:
    invitation = made()
    with transaction() as session:
        find(session, invitation.code).status = "used"  # type: ignore[union-attr]
    with transaction() as session:
        found, _ = synced(
            session, code=invitation.code, company_name=invitation.company_name, contact_email=invitation.contact_email, status="Active"
        )
    assert found.status == "used"


@pytest.mark.parametrize("code", ["C1D9468", "C1D946800", "C1D9468!"])
def test_a_code_from_the_list_that_is_not_eight_letters_and_digits_is_refused(database: str, code: str) -> None:
    with pytest.raises(Invalid) as error, transaction() as session:
        synced(session, code=code, company_name="Marstack", contact_email="rob@marstack.ai")
    assert error.value.problems[0].field == "AuthCode"


def test_an_old_copy_of_the_item_does_not_reopen_a_revoked_invitation(database: str) -> None:
    invitation = made()
    with transaction() as session:
        revoke(session, OLIVIA, find(session, invitation.code))  # type: ignore[arg-type]
    with transaction() as session:
        found, _ = synced(session, code=invitation.code, company_name=invitation.company_name, contact_email=invitation.contact_email, status="Active")
    assert found.status == "revoked"


def test_what_the_list_does_not_send_stays_as_it_is(database: str) -> None:
    invitation = made()
    with transaction() as session:
        found, _ = synced(session, code=invitation.code, company_name="Brightfield Solar Limited")
    assert (found.contact_name, found.contact_email, found.company_name) == ("Ada Byron", "ada@brightfield.example", "Brightfield Solar Limited")


def test_an_item_with_neither_code_nor_id_sent_twice_makes_one_invitation(database: str) -> None:
    for expected in (True, False):
        with transaction() as session:
            _, new = synced(session, company_name="Marstack", contact_email="rob@marstack.ai")
        assert new is expected


def test_sending_and_correcting_at_the_same_moment_do_not_wait_for_each_other(database: str) -> None:
    draft = begun(())

    def send() -> str | None:
        with transaction() as session:
            ours = of_invitation(session, draft.invitation_code, lock=True)
            assert ours is not None
            return submit(session, ours, COMPLETE, wanted_documents()).reference_number

    with ThreadPoolExecutor(1) as partner:
        with transaction() as session:
            held = session.exec(select(Invitation).with_for_update()).one()
            sending = partner.submit(send)
            time.sleep(0.7)  # by now it waits for the invitation
            resend(session, OLIVIA, held, "Helen.Marsh@brightfieldsolar.co.uk")
            record(session, "invitation.reminded", OLIVIA, invitation_id=held.id, application_id=draft.id)
            session.flush()
        assert sending.result(10)
    assert {"invitation.resent", "invitation.reminded", "application.submitted"} <= set(types())


def test_a_used_invitation_is_corrected_while_a_reviewer_waits_for_the_partner_and_not_once_it_is_sent(database: str) -> None:
    application = submitted(())
    with transaction() as session:
        row = session.get_one(Application, application.id)
        with pytest.raises(Conflict, match="has been used"):
            resend(session, OLIVIA, find(session, row.invitation_code), OWEN, row)  # type: ignore[arg-type]
        assert not is_in_use(find(session, row.invitation_code), row)  # type: ignore[arg-type]
        request_information(session, ROSA, row, "Which town is it?", ["company_city"])
        with pytest.raises(Forbidden):
            resend(session, ROSA, find(session, row.invitation_code), OWEN, row)  # type: ignore[arg-type]
        resend(session, OLIVIA, find(session, row.invitation_code), OWEN, row)  # type: ignore[arg-type]
    with reading() as session:
        assert find(session, application.invitation_code).contact_email == OWEN  # type: ignore[union-attr]
        told = session.exec(select(Event).where(Event.type == "invitation.updated")).one()
        assert (told.actor, told.detail["email"]) == (OLIVIA.name, ["helen.marsh@brightfieldsolar.co.uk", OWEN])
        assert session.exec(select(Event).where(Event.type == "invitation.resent")).one().detail["email"] == OWEN


def test_the_letters_that_our_codes_do_not_have_are_read_as_the_digits_that_look_like_them(database: str) -> None:
    with transaction() as session:
        for code, company in (("0G1JXGR4", "Digits Ltd"), ("OG1JXGR5", "Letters Ltd"), ("0G1JXGR5", "Twin Ltd")):
            session.add(Invitation(code=code, company_name=company, contact_email="a@b.example", created_at=now(), source="test"))
    with reading() as session:
        found = {typed: (one.company_name if (one := find(session, typed)) else None) for typed in ("ogij xgr4", "OGLJXGR4", "OG1JXGR5", "0G1JXGR5", "OG1J")}
    assert found == {"ogij xgr4": "Digits Ltd", "OGLJXGR4": "Digits Ltd", "OG1JXGR5": "Letters Ltd", "0G1JXGR5": "Twin Ltd", "OG1J": None}
