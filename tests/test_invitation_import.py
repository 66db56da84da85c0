"""Many invitations from a file: what is read of it, what is said of each line, and that nobody is invited twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlmodel import select

from models.database import now, reading, transaction
from models.delivery import Delivery
from models.errors import Conflict, Forbidden, Invalid
from models.invitation import Invitation, invite, revoke
from models.invitation_import import MOST_LINES, Fate, Line, Planned, invite_line, plan, read_file, template
from models.person import PORTAL, Actor, Role
from portal.pages.inviting import end_of
from tests.desk import applied, person

TWO = "Company,Email\nBrightfield Solar Ltd,ada@brightfield.example\nNorthwind Energy Ltd,ben@northwind.example\n"


def lines(text: str | bytes) -> tuple[Line, ...]:
    return read_file(text if isinstance(text, bytes) else text.encode()).lines


def planned(text: str | bytes) -> list[Planned]:
    with reading() as session:
        return plan(session, lines(text), end_of)


def fates(text: str | bytes) -> list[str]:
    return [one.fate for one in planned(text)]


def why(rest: str, columns: str = "Company,Email") -> str:
    (one,) = planned(f"{columns}\n{rest}\n")
    assert one.fate == Fate.WRONG, one
    return " ".join(one.why)


def imported(text: str, actor: Actor | None = None) -> list[str]:
    """Every line that is right is invited; answers the codes."""
    codes = []
    for one in planned(text):
        if one.fate in (Fate.NEW, Fate.BEFORE):
            with transaction() as session:
                codes.append(invite_line(session, actor or person(Role.OPERATIONS), one.line, end_of).code)
    return codes


def refusal(content: str | bytes) -> str:
    with pytest.raises(Invalid) as error:
        lines(content)
    assert error.value.problems[0].field == "file"
    return error.value.detail


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_is_read_as_excel_and_others_write_it(delimiter: str, encoding: str, end: str) -> None:
    rows = [("Company", "Email", "Contact name"), ('"Müller, Söhne; Partner"', "jürgen@müller.example", "Jürgen")]
    text = end.join(delimiter.join(row) for row in rows) + end
    (line,) = lines(text.encode(encoding))
    assert line.number == 2 and line.get("company_name") == "Müller, Söhne; Partner" and line.get("contact_name") == "Jürgen"


def test_a_list_exported_from_sharepoint_works_as_it_is() -> None:
    read = read_file(
        b"\xef\xbb\xbfTitle,InvitationCode,ContactEmail,ContactTitle,Status,ExpiryDate,CreatedBy,Notes\r\n"
        b'"Brightfield Solar Ltd",C1D94680,ada@brightfield.example,Dr,Active,2099-12-31T23:59:59Z,Olivia,"Two\nlines"\r\n'
    )
    assert read.unread == ("Status", "CreatedBy")
    assert read.lines[0].fields == {
        "company_name": "Brightfield Solar Ltd", "code": "C1D94680", "contact_email": "ada@brightfield.example", "contact_title": "Dr",
        "expires_on": "2099-12-31T23:59:59Z", "notes": "Two\nlines",
    }  # fmt: skip


def test_a_title_beside_a_company_is_the_contacts() -> None:
    (line,) = lines("Company,Title,Email\nBrightfield,Dr,ada@brightfield.example\n")
    assert (line.get("company_name"), line.get("contact_title")) == ("Brightfield", "Dr")


def test_lines_are_numbered_as_an_editor_numbers_them() -> None:
    text = 'sep=;\nCompany;Email;Notes\n\nOne Ltd;a@one.example;"first\nsecond"\nTwo Ltd;b@two.example;\n;;\nThree Ltd;c@three.example;\n'
    assert [line.number for line in lines(text)] == [4, 6, 8]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "This file is empty"),
        (" \n;;\n", "This file is empty"),
        ("Company,Email\n", "has no line after that"),
        ("Company,Telephone\nX,Y\n", "these are missing: Email"),
        ("Brightfield Solar Ltd,ada@brightfield.example\n", "these are missing: Company, Email"),
        (b"PK\x03\x04 a spreadsheet", "This is a spreadsheet"),
        (b"\x00\x01\x02\x00", "cannot be read as text"),
        ('Company,Email\n"One Ltd,a@one.example\n', "Line 2 cannot be read"),
        (b"Company,Email\n" + b"x" * 1_000_000, "larger than 1 MB"),
        ("Company,Email\n" + "One Ltd,a@one.example\n" * (MOST_LINES + 1), "has 1,001 lines, and 1,000 can be imported"),
    ],
)
def test_what_is_no_list_is_refused_with_a_sentence(content: str | bytes, said: str) -> None:
    assert said in refusal(content)


def test_a_thousand_lines_are_read() -> None:
    assert len(lines("Company,Email\n" + "One Ltd,a@one.example\n" * MOST_LINES)) == MOST_LINES


@pytest.mark.parametrize(
    ("columns", "rest", "said"),
    [
        ("Company,Email", "X,ada@brightfield.example", "Enter the company's name, 2 to 200 characters."),
        ("Company,Email", "Brightfield,no address", "Enter an email address like name@example.com."),
        ("Company,Email,Contact title", "Brightfield,a@b.example,Lord", "Choose one of these: Mr, Ms"),
        ("Company,Email,Language", "Brightfield,a@b.example,Klingon", "Write one of these languages: English, Deutsch"),
        ("Company,Email,Open until", "Brightfield,a@b.example,soon", "Enter the last day on which the code works"),
        ("Company,Email,Open until", "Brightfield,a@b.example,1/2/2020", "Choose today or a later day."),
        ("Company,Email", "Brightfield, Ltd,a@b.example", "more columns than the first line names"),
    ],
)
def test_each_thing_that_is_wrong_is_said(database: str, columns: str, rest: str, said: str) -> None:
    assert said in why(rest, columns)


def test_all_that_is_wrong_with_a_line_is_said_at_once(database: str) -> None:
    said = why("X,nobody,Klingon", "Company,Email,Language")
    assert "2 to 200" in said and "name@example.com" in said and "languages" in said


def test_right_lines_are_invited_with_all_that_the_file_says(database: str) -> None:
    until = (now() + timedelta(days=40)).date()
    text = (
        "Company;Email;Contact title;Contact name;Language;Open until;Notes\n"
        f"Brightfield Solar Ltd;Ada@Brightfield.example;dr.;Ada Byron;Deutsch;{until:%d/%m/%Y};Met at the fair\n"
    )
    assert len(imported(text)) == 1
    with reading() as session:
        made = session.exec(select(Invitation)).one()
        assert [one.target for one in session.exec(select(Delivery).order_by("id"))] == ["sharepoint.invitation", "email.invitation"]
    assert (made.contact_email, made.contact_title, made.contact_name) == ("Ada@brightfield.example", "Dr", "Ada Byron")
    assert (made.language, made.notes, made.source) == ("de", "Met at the fair", "portal")
    assert made.expires_at is not None and made.expires_at.date() == until


def test_a_file_that_is_imported_twice_invites_nobody_twice(database: str) -> None:
    assert len(imported(TWO)) == 2
    assert fates(TWO) == [Fate.ALREADY, Fate.ALREADY] and imported(TWO.upper()) == []
    assert "Invited already, on" in planned(TWO)[0].why[0]
    with reading() as session:
        assert len(session.exec(select(Invitation)).all()) == 2


def test_an_address_that_stands_twice_in_a_file_is_invited_once(database: str) -> None:
    text = TWO + "Brightfield Holdings,ADA@brightfield.example\n"
    assert fates(text) == [Fate.NEW, Fate.NEW, Fate.ALREADY]
    assert planned(text)[2].why == ("This address stands in line 2 already.",)
    assert len(imported(text)) == 2


def test_a_company_that_was_invited_before_is_pointed_out_and_its_partner_is_never_invited_again(database: str) -> None:
    applied("Brightfield Solar Ltd", primary_contact_email="ada@brightfield.example")
    other = "Company,Email\nBRIGHTFIELD SOLAR LTD.,ben@brightfield.example\n"
    assert fates(TWO) == [Fate.ALREADY, Fate.NEW] and fates(other) == [Fate.BEFORE]
    assert "Brightfield Solar Ltd was invited before" in planned(other)[0].why[0]


@pytest.mark.parametrize("how", ["expired", "revoked"])
def test_somebody_whose_invitation_has_ended_can_be_invited_again_on_purpose(database: str, how: str) -> None:
    with transaction() as session:
        made = invite(session, PORTAL, company_name="Brightfield Solar Ltd", contact_email="ada@brightfield.example")
        if how == "revoked":
            revoke(session, PORTAL, made)
        else:
            made.expires_at = now() - timedelta(days=1)
            session.add(made)
    assert fates(TWO) == [Fate.BEFORE, Fate.NEW]
    assert len(imported(TWO)) == 2 and fates(TWO) == [Fate.ALREADY, Fate.ALREADY]


def test_a_line_with_the_code_of_an_invitation_of_ours_is_that_invitation(database: str) -> None:
    with transaction() as session:
        made = invite(session, PORTAL, company_name="Brightfield Solar Ltd", contact_email="ada@brightfield.example")
        code = made.code
        revoke(session, PORTAL, made)
    text = f"Title,InvitationCode,ContactEmail\nBrightfield,{code[:4].lower()} {code[4:]},new@brightfield.example\n"
    assert fates(text) == [Fate.ALREADY]
    with pytest.raises(Conflict), transaction() as session:
        invite_line(session, PORTAL, lines(text)[0], end_of)


def test_a_line_that_became_wrong_meanwhile_is_refused_and_nothing_of_it_is_kept(database: str) -> None:
    operator = person(Role.OPERATIONS)
    one = lines(TWO)[0]
    imported(TWO)
    with pytest.raises(Conflict, match="Invited already"), transaction() as session:
        invite_line(session, operator, one, end_of)
    with pytest.raises(Invalid, match="2 to 200"), transaction() as session:
        invite_line(session, operator, Line(2, {"company_name": "", "contact_email": "c@three.example"}), end_of)
    with reading() as session:
        assert len(session.exec(select(Invitation)).all()) == 2


def test_two_people_with_the_same_file_at_the_same_moment_invite_everybody_once(database: str) -> None:
    operator, together, refused = person(Role.OPERATIONS), Barrier(2), list[str]()

    def work() -> None:
        together.wait()
        for line in lines(TWO):
            try:
                with transaction() as session:
                    invite_line(session, operator, line, end_of)
            except Conflict as error:
                refused.append(error.detail)

    both = [Thread(target=work) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    with reading() as session:
        assert len(session.exec(select(Invitation)).all()) == 2 == len(refused)


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.APPROVER, Role.AUDITOR])
def test_only_who_may_invite_may_import(database: str, role: Role) -> None:
    with pytest.raises(Forbidden):
        imported(TWO, person(role))


def test_the_template_is_a_list_that_can_be_imported(database: str) -> None:
    read = read_file(template())
    assert read.unread == () and template().startswith(b"\xef\xbb\xbf")
    with reading() as session:
        assert [one.fate for one in plan(session, read.lines, end_of)] == [Fate.NEW]


def test_a_day_is_the_offices_last_second(database: str) -> None:
    (code,) = imported("Company,Email,Open until\nBrightfield,a@b.example,2027-06-30\n")
    with reading() as session:
        made = session.exec(select(Invitation).where(Invitation.code == code)).one()
    assert made.expires_at == datetime(2027, 6, 30, 22, 59, 59, tzinfo=UTC)
