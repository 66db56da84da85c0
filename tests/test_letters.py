"""Letters: the words that a decision begins with, the mail that is shown before it leaves, and those that the staff write themselves."""

from __future__ import annotations

import re

import pytest

from models.application import Application
from models.condition import Term
from models.database import reading, transaction
from models.decision import DecisionKind
from models.errors import Conflict, Invalid
from models.invitation import find, speak
from models.language import LANGUAGES, speaking
from models.letter_template import (
    BUILT_IN,
    add_template,
    change_template,
    delete_template,
    filled,
    offered,
    restore_template,
    template,
)
from models.letters import decision_letter, language_of, worded
from models.person import Role
from models.review import approve, reject
from tests.desk import applied, brought, person, row, token
from tests.pages import browser
from tests.partners import events
from tests.parts import Graph, Mailbox
from tests.test_decision import LATER
from worker.deliver import drain

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
OWN = "{contact}, welcome.\n{person} looks forward to working with {company}."
ABOUT = Application(company_name="Brightfield Solar Ltd", reference_number="EPC-2026-AAAAAA", primary_contact_name="Helen Marsh")


def written(text: str = OWN, *, kind: str = DecisionKind.APPROVAL, language: str = "en", title: str = "Our own") -> int:
    with transaction() as session:
        return add_template(session, person(Role.APPROVER), kind, language, title, text).id or 0


@on_sqlite
@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_letters_for_every_decision_in_every_language_and_nothing_stays_in_braces(database: str, language: str) -> None:
    for kind in DecisionKind:
        with reading() as session:
            found = offered(session, kind, language)
        assert len(found) >= 2
        for one in found:
            words = filled(one.text, ABOUT, "Arthur Adeyemi")
            assert re.findall(r"[{}]", words) == []
            assert sum(name in one.text for name in ("{company}", "{person}", "{contact}", "{reference}")) >= 1, one.key
    assert len({one.name for one in BUILT_IN}) == len(BUILT_IN)


def test_a_letter_of_the_staff_is_offered_first_in_its_language_and_filled_in_for_one_application(database: str) -> None:
    number = written()
    with reading() as session:
        first = offered(session, DecisionKind.APPROVAL, "en")[0]
        assert [one.key for one in offered(session, DecisionKind.APPROVAL, "de")] == [one.name for one in BUILT_IN if one.kind == "approval"]
        assert f"own-{number}" not in [one.key for one in offered(session, DecisionKind.REJECTION, "en")]
    assert (first.key, first.title) == (f"own-{number}", "Our own")
    assert filled(first.text, ABOUT, "Arthur Adeyemi") == "Helen Marsh, welcome.\nArthur Adeyemi looks forward to working with Brightfield Solar Ltd."


@on_sqlite
def test_a_letter_is_changed_deleted_and_taken_back_and_each_is_told_in_the_audit_log(database: str) -> None:
    number, approver = written(), person(Role.APPROVER)
    with transaction() as session:
        change_template(session, approver, template(session, number), "Shorter", "Welcome to {company}.")
    for verb, left in ((delete_template, 0), (restore_template, 1)):
        with transaction() as session:
            verb(session, approver, template(session, number))
        with reading() as session:
            assert [one.title for one in offered(session, DecisionKind.APPROVAL, "en")].count("Shorter") == left
        with pytest.raises(Conflict), transaction() as session:
            verb(session, approver, template(session, number))
    kinds = ("letter.added", "letter.changed", "letter.deleted", "letter.restored")
    assert [events(kind)[0].detail["name"] for kind in kinds] == ["Our own", "Shorter", "Shorter", "Shorter"]


def test_a_letter_that_somebody_changed_or_deleted_meanwhile_is_not_overwritten(database: str) -> None:
    number, approver = written(), person(Role.APPROVER)
    with reading() as session:
        before = template(session, number).changed_at
    with transaction() as session:
        change_template(session, approver, template(session, number), "Theirs", "Welcome to {company}.", seen=before)
    for verb in (lambda s, one: change_template(s, approver, one, "Mine", OWN, seen=before), lambda s, one: delete_template(s, approver, one, seen=before)):
        with pytest.raises(Conflict, match="Approver Person has changed this letter"), transaction() as session:
            verb(session, template(session, number))
    with transaction() as session:
        delete_template(session, approver, template(session, number), seen=template(session, number).changed_at)
    with pytest.raises(Conflict, match="has deleted this letter"), transaction() as session:
        change_template(session, approver, template(session, number), "Mine", OWN)
    with transaction() as session:
        restore_template(session, approver, template(session, number))
    with reading() as session:
        assert template(session, number).title == "Theirs"


@on_sqlite
def test_an_unknown_placeholder_and_a_missing_title_are_said_beside_their_fields(database: str) -> None:
    with pytest.raises(Invalid) as refused:
        written("Dear {name}, welcome to us.", title=" ", kind="", language="xx")
    assert {problem.field: problem.message for problem in refused.value.problems} == {
        "kind": "Choose what the letter is for.",
        "language": "Choose the language of the letter.",
        "title": "Give the letter a title of up to 100 characters.",
        "text": "There is no placeholder {name}. You can use {company}, {reference}, {contact} and {person}.",
    }


@on_sqlite
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_shown_before_is_the_very_mail_that_leaves(database: str, graph: Graph, mailbox: Mailbox, language: str) -> None:
    good, bad = brought(applied(), to="reviewed"), brought(applied("Other Ltd"), to="reviewed")
    terms, words = [Term("Send the <renewed> certificate.", LATER)], "Welcome {aboard}.\nArthur"
    shown, approver = {}, person(Role.APPROVER)
    with transaction() as session:
        for reference, kind in ((good, DecisionKind.CONDITIONAL), (bad, DecisionKind.REJECTION)):
            application = row(session, reference)
            invitation = find(session, application.invitation_code)
            assert invitation is not None
            speak(session, invitation, language)
            session.flush()
            assert language_of(session, application) == language
            with speaking(language):
                shown[reference] = worded(decision_letter(session, application, kind, words, terms if kind != DecisionKind.REJECTION else ()))
        approve(session, approver, row(session, good), words, terms)
        reject(session, approver, row(session, bad), words)
    mailbox.empty()
    drain()
    for reference, one in shown.items():
        mail = next(mail for mail in mailbox.mails() if str(mail["Subject"]) == one.subject)
        assert reference in one.subject
        assert mailbox.text(mail).replace("\r\n", "\n").strip() == one.text.strip()
        html = mail.get_body(("html",))
        assert html is not None and html.get_content().replace("\r\n", "\n").strip() == one.html.strip()
        assert "<renewed>" not in one.html and f'dir="{LANGUAGES[language].direction}"' in one.html


@on_sqlite
def test_the_page_of_letters_is_open_to_who_decides_and_lists_what_there_is(database: str) -> None:
    written(title="Für später", language="de")
    page = browser(token(Role.APPROVER)).get("/letters").text
    assert "Für später" in page and "Deutsch" in page and "The insurance cover is too low" in page
    assert browser(token(Role.REVIEWER)).get("/letters").status_code == 403
    assert "/letters" not in browser(token(Role.REVIEWER)).get("/review").text
