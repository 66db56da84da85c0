"""A colleague helps with one step: asked by a mail, seen, done, taken back, ended by sending. What they reach is decided by the verbs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.provisional import domains
from sqlmodel import Session

from models.application import Application, submit
from models.colleague import (
    A_DAY,
    AT_ONCE,
    Colleague,
    Ended,
    ask_again,
    ask_colleague,
    by_token,
    colleagues_of,
    ended_words,
    has_link,
    note_seen,
    say_done,
    take_back,
)
from models.database import now, reading, transaction
from models.draft import Answer, answers_of, save_answers
from models.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from tests import partners
from tests.api import on_one_database
from tests.sample_form import COMPLETE, wanted_documents

PRIYA = {"by": "Helen Marsh", "step": "insurance", "name": "Priya Nair", "email": "priya.nair@brightfieldsolar.co.uk"}


@pytest.fixture
def application(database: str) -> Application:
    return partners.begun(())


def changed(application: Application, verb: Callable[[Session, Application], object]) -> None:
    with transaction() as session:
        verb(session, session.get_one(Application, application.id))


def asked(application: Application, **other: str) -> Colleague:
    with transaction() as session:
        return ask_colleague(session, session.get_one(Application, application.id), **{**PRIYA, **other})


def now_of(colleague: Colleague) -> Colleague:
    with reading() as session:
        return session.get_one(Colleague, colleague.id)


def everybody(application: Application) -> list[Colleague]:
    with reading() as session:
        return colleagues_of(session, session.get_one(Application, application.id))


def test_who_is_asked_gets_one_mail_and_the_link_is_itself_nowhere_in_the_database(application: Application) -> None:
    made = asked(application, note="  The broker has the figures.  ", language="de")
    assert (made.live, made.note, made.language) == (True, "The broker has the figures.", "de")
    assert made.expires_at - made.asked_at == timedelta(days=14) and len(made.token) == 43
    assert made.token not in now_of(made).model_dump_json()
    event = partners.events("application.colleague_asked")[0]
    assert event.actor == "Helen Marsh" and event.detail["email"] == PRIYA["email"] and made.token not in str(event.detail)
    assert [delivery.lane for delivery in partners.deliveries("email.colleague")] == [f"email.colleague:colleague-{made.id}"]


@on_one_database
def test_a_token_finds_its_colleague_and_nothing_else_does(application: Application) -> None:
    first, second = asked(application), asked(application, email="owen@brightfieldsolar.co.uk")
    with reading() as session:
        found = [by_token(session, token) for token in (first.token, second.token, first.public_id, "", "\ud800")]
    assert [one and one.id for one in found] == [first.id, second.id, None, None, None]


@on_one_database
@pytest.mark.parametrize(
    ("given", "field"),
    [({"name": " "}, "name"), ({"name": "x" * 81}, "name"), ({"name": "www.evil.example"}, "name"), ({"email": "priya"}, "email"),
     ({"email": "a@b.example\nBcc: all@c.example"}, "email"), ({"step": "check"}, "step"), ({"step": ""}, "step"),
     ({"note": "x" * 501}, "note"), ({"note": "Look at https://evil.example"}, "note"),
     ({"note": "Look at evil.example/x"}, "note"), ({"name": "Jo evil.example/x"}, "name"), ({"language": "xx"}, "language")],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_its_field_and_nobody_is_asked(application: Application, given: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as error:
        asked(application, **given)
    assert [problem.field for problem in error.value.problems] == [field]
    assert everybody(application) == [] and partners.deliveries("email.colleague") == []


@given(domains(), st.sampled_from(["", "https://", "www.", "jo@", "(", "see:", "\u200b"]), st.sampled_from(["", "/x", ".", "?a=b", " now", ":8080"]), st.booleans())
def test_no_address_of_any_shape_gets_into_a_mail_of_ours(domain: str, before: str, after: str, wide: bool) -> None:
    written = domain.replace(".", "\u3002" if wide else ".")
    assert has_link(f"Please look at {before}{written}{after} today")


@pytest.mark.parametrize("text", ["evil.example/x", "ev\u200bil.com", "evil.com/x.pdf", "policy.pdf.evil.com", "x.pdf/evil", "10.0.0.1/x", "http:/x",
                                  "//evil", "bit.ly", "x.com", "mailto:jo@localhost", "e\uff0ecom", "x_.com", "हिन्दी.कॉम"])  # fmt: skip
def test_what_a_mail_program_would_make_a_link_of_is_seen(text: str) -> None:
    assert has_link(text)


@given(st.lists(st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=12), min_size=1, max_size=12), st.sampled_from([". ", ", ", "; ", " – "]))
def test_ordinary_sentences_are_let_through(words: list[str], between: str) -> None:
    assert not has_link(between.join(words) + ".")


@pytest.mark.parametrize("text", ["Ask e.g. Tom. He knows.", "Dr. Smith", "At 12.30pm, 3.5MW.", "Upload policy.pdf, then CV.docx.", "and/or", "U.K. law",
                                  "Cover of 5.000.000", "Our data: see below", "Wait…then call", "ساعدنا. شكرا"])  # fmt: skip
def test_what_people_write_is_let_through(text: str) -> None:
    assert not has_link(text)


def test_the_same_person_asked_again_for_the_same_step_has_a_new_link_and_the_old_one_ends(application: Application) -> None:
    first = asked(application)
    with transaction() as session:
        second = ask_again(session, session.get_one(Application, application.id), first.public_id)
    assert second.token != first.token and second.live
    assert (now_of(first).live, now_of(first).ended_why) == (False, Ended.ASKED_AGAIN)
    asked(application, step="roles")
    assert now_of(second).live, "another step is another matter"


def test_ten_have_a_link_at_once_and_one_that_is_taken_back_makes_room(application: Application) -> None:
    made = [asked(application, email=f"priya+{number}@brightfieldsolar.co.uk") for number in range(AT_ONCE)]
    with pytest.raises(Conflict, match="Ten colleagues"):
        asked(application)
    changed(application, lambda session, ours: take_back(session, ours, made[0].public_id))
    assert asked(application).live


def test_twenty_mails_a_day_and_no_more(application: Application) -> None:
    for _ in range(A_DAY):
        last = asked(application)
    with pytest.raises(TooMany):
        asked(application)
    with transaction() as session:
        for one in colleagues_of(session, session.get_one(Application, application.id)):
            one.asked_at -= timedelta(days=1)
            session.add(one)
    assert now_of(last).live and asked(application).live


def test_a_link_taken_back_has_ended_at_once_and_says_why(application: Application) -> None:
    made = asked(application)
    for _ in range(2):
        changed(application, lambda session, ours: take_back(session, ours, made.public_id))
    assert not now_of(made).live and "Helen Marsh has taken the link back" in ended_words(now_of(made))
    assert len(partners.events("application.colleague_taken_back")) == 1


def test_a_link_lives_fourteen_days(application: Application) -> None:
    made = asked(application)
    with transaction() as session:
        session.get_one(Colleague, made.id).expires_at = now() - timedelta(seconds=1)
    assert not now_of(made).live and "14 days" in ended_words(now_of(made))


def test_sending_the_application_ends_every_link(application: Application) -> None:
    made = asked(application)
    changed(application, lambda session, ours: submit(session, ours, COMPLETE, wanted_documents()))
    assert (now_of(made).live, now_of(made).ended_why) == (False, Ended.SENT)
    with pytest.raises(Conflict):
        asked(application)


def test_a_colleague_changes_their_own_step_and_no_other(application: Application) -> None:
    ours, code = asked(application), application.invitation_code

    def save(name: str, value: str) -> None:
        change = Answer(name, value, 1, 2**60, "a window")
        changed(application, lambda session, ours_too: save_answers(session, ours_too, [change], ours.name, ours.step))

    save("public_liability_cover", "6000000")
    with pytest.raises(Forbidden):
        save("company_city", "Leeds")
    with reading() as session:
        stored = answers_of(session, code)
    assert (stored["company_city"], stored["public_liability_cover"]) == (COMPLETE["company_city"], "6000000")


def test_being_there_is_noted_and_done_is_told_once(application: Application) -> None:
    made = asked(application)
    for verb in (note_seen, note_seen, say_done, say_done):
        with transaction() as session:
            verb(session, session.get_one(Colleague, made.id))
    seen = now_of(made)
    assert seen.opened_at and seen.seen_at and seen.done_at and seen.live
    assert [len(partners.events(f"application.colleague_{what}")) for what in ("came", "done")] == [1, 1]
    assert len(partners.deliveries("email.colleague_done")) == 1


@on_one_database
def test_who_was_taken_back_cannot_say_that_they_are_done(application: Application) -> None:
    made = asked(application)
    changed(application, lambda session, ours: take_back(session, ours, made.public_id))
    with pytest.raises(Conflict), transaction() as session:
        say_done(session, session.get_one(Colleague, made.id))


@on_one_database
def test_another_applications_colleague_is_nobody_here(application: Application) -> None:
    made, other = asked(application), partners.begun(())
    for verb in (take_back, ask_again):
        with pytest.raises(NotFound):
            changed(other, lambda session, ours, verb=verb: verb(session, ours, made.public_id))  # type: ignore[misc]
