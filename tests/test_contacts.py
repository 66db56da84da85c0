"""Partners' contacts: who stands there, what of a draft does not, how they are found, page by page, and taken away."""

from __future__ import annotations

import csv
import io
import time
from concurrent.futures import ThreadPoolExecutor

import openpyxl
import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from models import contacts
from models.application import Application, begin
from models.colleague import ask_colleague
from models.contacts import Book, Part, asked, correct_address
from models.database import reading, transaction
from models.delivery import Delivery
from models.device import addresses
from models.draft import Answer, save_answers
from models.errors import Conflict, Forbidden, Invalid
from models.event import Event
from models.invitation import Invitation, invite, revoke
from models.letters import where_to
from models.person import PORTAL, Role, partner
from models.renewal import Renewal
from models.renewal_review import ask_renewal
from portal.pages.status import parts, read
from tests.desk import applied, brought, person, row, token
from tests.pages import browser
from tests.parts import Graph, Mailbox
from tests.sample_form import COMPLETE
from worker.deliver import drain

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
PATH = "/people/contacts"


def looked(**given: str) -> Book:
    reader = person(Role.REVIEWER)
    with reading() as session:
        return contacts.look(session, reader, asked(given))


def companies(**given: str) -> list[str]:
    return [one.company for one in looked(**given).partners]


def invitation_of(company: str) -> Invitation:
    with reading() as session:
        return session.exec(select(Invitation).where(Invitation.company_name == company)).one()


def test_everybody_of_a_partner_stands_there_once_with_what_they_are(database: str) -> None:
    reference = applied(secondary_contact_name="Priya Nair", secondary_contact_email="priya@brightfieldsolar.co.uk")
    with transaction() as session:
        application = row(session, reference)
        application.status = "information_required"  # it is open again, so a colleague can be asked
        ask_colleague(session, application, by="Helen Marsh", step="insurance", name="Bo Broker", email="bo@broker.example")
    (found,) = looked().partners
    by_email = {one.email.lower(): one for one in found.contacts}
    primary = by_email[COMPLETE["primary_contact_email"].lower()]
    assert (found.company, found.reference, found.status) == ("Brightfield Solar Ltd", reference, "information_required")
    assert primary.parts[:2] == (Part.INVITED, Part.PRIMARY) and primary.phone.startswith("+44") and primary.name == COMPLETE["primary_contact_name"]
    assert by_email["priya@brightfieldsolar.co.uk"].parts == (Part.BACKUP,)
    assert (by_email["bo@broker.example"].parts, by_email["bo@broker.example"].steps) == ((Part.COLLEAGUE,), ("insurance",))
    assert len(by_email) == len(found.contacts)


def test_what_was_typed_into_a_draft_is_the_partners_own(database: str) -> None:
    with transaction() as session:
        made = invite(session, PORTAL, company_name="Draft Ltd", contact_email="ada@draft.example")
        application = begin(session, made)
        save_answers(session, application, [Answer("primary_contact_name", "Secret Person", 1)])
        ask_colleague(session, application, by="Ada", step="insurance", name="Secret Helper", email="helper@draft.example")
    (found,) = looked().partners
    assert [one.email for one in found.contacts] == ["ada@draft.example"] and found.status == "draft" and not found.reference
    assert companies(q="secret") == [] == companies(q="helper@draft.example")
    assert companies(q="ADA@draft") == ["Draft Ltd"]


def test_they_are_found_by_company_name_address_telephone_reference_and_code(database: str) -> None:
    first = applied("First Solar Ltd", primary_contact_phone="020 7946 0958", technical_contact_name="Tess Tech")
    applied("Second Energy Ltd", primary_contact_phone="0117 496 0001", authorised_signatory_email="sig@second.example")
    code = invitation_of("First Solar Ltd").code
    for words in ("first sol", "tess", first.lower(), code.lower(), "020 7946 0958", "+44 20 79460958"):
        assert companies(q=words) == ["First Solar Ltd"], words
    assert companies(q="SIG@second.example") == ["Second Energy Ltd"] and companies(q="nobody like it") == []
    assert companies(q="100%") == [] == companies(q="first_sol")
    # Whoever is looked for by name stands alone; by the company's, everybody of it.
    (found,) = looked(q="tess").partners
    assert [one.name for one in found.contacts] == ["Tess Tech"]
    assert len(looked(q="first sol").partners[0].contacts) > 1


def test_pages_follow_each_other_by_key_and_meet_no_partner_twice(database: str) -> None:
    with transaction() as session:
        for number in range(60):
            invite(session, PORTAL, company_name=f"Page {number:02} Ltd", contact_email=f"n{number}@page.example")
    first = looked()
    second = looked(before=str(first.older))
    third = looked(before=str(second.older))
    seen = [one.company for page in (first, second, third) for one in page.partners]
    assert seen == [f"Page {number:02} Ltd" for number in reversed(range(60))]
    assert (first.newer, third.older) == (0, 0)
    assert looked(after=str(second.newer)).partners == first.partners
    assert len(looked(q="page", before=str(first.older)).partners) == 25


@pytest.mark.parametrize("query", ["before=-1&after=%00", "before=99999999999999999999", "before=2147483648", "after=999999999999999999", "q=" + "x" * 5000, "q=%F0%9F%92%A9", "q=%25"])
def test_a_mangled_address_still_opens_the_page(database: str, query: str) -> None:
    applied()
    assert browser(token(Role.AUDITOR)).get(f"{PATH}?{query}").status_code == 200


def test_the_table_is_taken_away_whole_and_leaves_an_entry(database: str) -> None:
    applied("First Solar Ltd")
    applied("=2+3 Ltd")
    desk = browser(token(Role.AUDITOR))
    lines = list(csv.DictReader(io.StringIO(desk.get(f"{PATH}/export.csv").content.decode("utf-8-sig"), newline="")))
    assert {line["Company"] for line in lines} == {"First Solar Ltd", "'=2+3 Ltd"}
    assert {"Email", "Telephone", "Role", "Reference", "Status"} <= set(lines[0]) and "Code" not in str(lines[0].keys())
    sheet = openpyxl.load_workbook(io.BytesIO(desk.get(f"{PATH}/export.xlsx?q=first").content)).worksheets[0]
    assert {cell.value for cell in sheet["A"]} == {"Company", "First Solar Ltd"}
    with reading() as session:
        told = session.exec(select(Event).where(Event.type == "contacts.exported").order_by("id")).all()
    assert [(one.detail["form"], one.detail["count"]) for one in told] == [("csv", 2), ("xlsx", 1)]
    assert "exported the contacts of 2 partners" in desk.get("/audit?type=contacts.exported").text


def test_an_address_is_corrected_with_a_reason_and_the_same_code_leaves_again(database: str) -> None:
    operations = person(Role.OPERATIONS)
    with transaction() as session:
        made = invite(session, operations, company_name="Wrong Address Ltd", contact_email="typo@wrong.example")
    code = made.code
    with transaction() as session:
        correct_address(session, operations, session.get_one(Invitation, made.id), " ada@right.example ", "She told us by telephone")
    found = invitation_of("Wrong Address Ltd")
    assert (found.contact_email, found.code) == ("ada@right.example", code)
    with reading() as session:
        told = session.exec(select(Event).where(Event.type == "invitation.updated")).one()
        mails = session.exec(select(Delivery).where(Delivery.target == "email.invitation")).all()
    assert told.detail == {"email": ["typo@wrong.example", "ada@right.example"], "reason": "She told us by telephone"} and len(mails) == 2
    assert "She told us by telephone" in browser(token(Role.AUDITOR)).get("/audit?type=invitation.updated").text


@on_sqlite
def test_an_address_is_not_corrected_without_a_reason_or_to_the_same_or_by_somebody_else(database: str) -> None:
    operations, reviewer = person(Role.OPERATIONS), person(Role.REVIEWER)
    with transaction() as session:
        made = invite(session, operations, company_name="Wrong Address Ltd", contact_email="typo@wrong.example")
    for who, address, reason, error in (
        (operations, "ada@right.example", "  ok ", Invalid), (operations, "TYPO@wrong.example", "She told us", Invalid),
        (operations, "nobody", "She told us", Invalid), (reviewer, "ada@right.example", "She told us", Forbidden),
        (partner("Ada"), "ada@right.example", "She told us", Forbidden),
    ):  # fmt: skip
        with pytest.raises(error), transaction() as session:
            correct_address(session, who, session.get_one(Invitation, made.id), address, reason)
    assert invitation_of("Wrong Address Ltd").contact_email == "typo@wrong.example"
    with transaction() as session:
        revoke(session, operations, session.get_one(Invitation, made.id))
    with pytest.raises(Conflict), transaction() as session:
        correct_address(session, operations, session.get_one(Invitation, made.id), "ada@right.example", "She told us")


@pytest.mark.parametrize("invited", ["helen.marsh@brightfieldsolar.co.uk", "info@brightfieldsolar.co.uk"])
def test_a_dead_mailbox_of_an_approved_partner_is_replaced_and_the_renewal_leaves_again(
    database: str, graph: Graph, mailbox: Mailbox, invited: str
) -> None:
    operations, reviewer, new = person(Role.OPERATIONS), person(Role.REVIEWER), "new.person@brightfieldsolar.co.uk"
    reference = brought(applied(), to="approved")
    with transaction() as session:
        ours = session.exec(select(Invitation)).one()
        ours.contact_email = invited  # the application's own contact is the same, or another
        session.add(ours)
        ask_renewal(session, reviewer, row(session, reference), ["gdpr_policy"])
    drain()
    mailbox.empty()
    (listed,) = looked().partners
    assert listed.may_correct
    with transaction() as session:
        correct_address(session, operations, session.get_one(Invitation, ours.id), new, "The old mailbox is gone")
    drain()
    assert [(str(mail["To"]), str(mail["Subject"])) for mail in mailbox.mails()] == [(new, f"Renew your documents: {reference}")]
    mailbox.empty()
    with transaction() as session:
        application, found = row(session, reference), session.get_one(Invitation, ours.id)
        assert where_to(session, application) == new and addresses(session, application, found) == [new]
        application.status = "suspended"
        session.add(application)
        session.exec(sa.update(Renewal).values(state="closed"))
    with transaction() as session:  # nothing waits for the partner now: no invitation leaves, nor anything else
        correct_address(session, operations, session.get_one(Invitation, ours.id), "helen.marsh@brightfieldsolar.co.uk", "She is back again")
    drain()
    with reading() as session:
        assert where_to(session, row(session, reference)).lower() == "helen.marsh@brightfieldsolar.co.uk" and mailbox.mails() == []
        assert len(session.exec(select(Event).where(Event.type == "invitation.updated")).all()) == 2
    with transaction() as session, pytest.raises(Forbidden):
        correct_address(session, reviewer, session.get_one(Invitation, ours.id), new, "The old mailbox is gone")


def test_the_status_page_names_the_address_that_a_mail_went_to(database: str, graph: Graph, mailbox: Mailbox) -> None:
    applied()
    drain()
    with transaction() as session:
        session.exec(sa.update(Delivery).where(col(Delivery.target) == "email.received").values(recipient="who.got.it@brightfieldsolar.co.uk"))
    (ours,) = [invitation_of("Brightfield Solar Ltd")]
    assert "who.got.it@brightfieldsolar.co.uk" in parts(read(ours))["news"]


def test_names_that_change_at_the_same_moment_are_all_found(database: str) -> None:
    reference, ours = applied("Old Name Ltd"), invitation_of("Old Name Ltd")

    def rename() -> None:
        with transaction() as session:
            session.exec(sa.update(Application).where(col(Application.reference_number) == reference).values(technical_contact_name="Nora Later"))

    with ThreadPoolExecutor(1) as other:
        with transaction() as session:
            session.exec(sa.update(Invitation).where(col(Invitation.id) == ours.id).values(contact_name="Ida Sooner"))
            renaming = other.submit(rename)
            time.sleep(0.7)
        renaming.result(10)
    assert len(looked(q="ida sooner").partners) == 1 == len(looked(q="nora later").partners)


@on_sqlite
@pytest.mark.parametrize("role", list(Role))
def test_only_who_may_invite_has_the_button(database: str, role: Role) -> None:
    with transaction() as session:
        invite(session, PORTAL, company_name="Open Ltd", contact_email="ada@open.example")
    page = browser(token(role)).get(PATH).text
    assert "Open Ltd" in page and ("Correct the address of Open Ltd" in page) == (role in (Role.OPERATIONS, Role.ADMIN))
