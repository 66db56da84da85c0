"""Editions of the form: a changed form needs words, and who began on an older one is carried over and told what is different."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from sqlmodel import select

from models import editions
from models.agreement import agreements
from models.application import Application, begin, of_invitation, submit
from models.colleague import ask_colleague
from models.database import now, reading, transaction
from models.document import Document, stored
from models.draft import Answer, Draft, answers_of, drafts, save_answers, save_step
from models.editions import EDITIONS, Change, Edition, acknowledge, carry_over, differing, outdated, unseen
from models.errors import Invalid
from models.event import Event
from models.invitation import invite
from models.marks import marks, recorded
from models.person import PORTAL, Role
from models.reach import reach_of
from models.review import request_information
from models.slots import SLOTS
from models.steps import FORM_VERSION, QUESTIONS, STEPS
from portal.auth import COLLEAGUE, PARTNER
from portal.pages.apply_edition import edition_notice
from tests.desk import applied, person, row
from tests.pages import browser, cookie
from tests.sample_form import COMPLETE

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
OLDER = "2025-03"
#: The form in force, as if an older one had been there before it: other questions, another text, another name.
PLAYED = (
    Edition(OLDER),
    Edition(FORM_VERSION, (
        Change("years_trading", "Give full years only."),
        Change("agree_to_terms", "The terms have a new text: read it and agree again."),
        Change("company_city", "The town and the county are asked apart.", was="town_and_county"),
        Change("fax_number", "We do not ask for a fax number any more."),
    )),
)  # fmt: skip


@pytest.fixture
def an_older_form() -> Iterator[None]:
    """The portal as it is after a new edition of the form has come out."""
    before, EDITIONS[:] = list(EDITIONS), PLAYED
    yield
    EDITIONS[:] = before


def begun(**answers: object) -> str:
    """The code of a draft begun on the older form."""
    with transaction() as session:
        made = begin(
            session, invite(session, PORTAL, company_name="Brightfield Solar Ltd", contact_email=COMPLETE["primary_contact_email"])
        )
        made.form_version = OLDER
        session.add(made)
        held: dict[int, dict[str, object]] = {1: {"town_and_county": "Reading", "fax_number": "0118 496 0000"}, 6: {"agree_to_terms": True}}
        for name, value in answers.items():
            held.setdefault(QUESTIONS[name].step, {})[name] = value
        for number, given in held.items():
            marks = dict.fromkeys(given, 1)
            session.add(
                Draft(invitation_code=made.invitation_code, step_number=number, last_updated=now(), form_data=given, sequences=marks)
            )
        return made.invitation_code


def test_the_form_has_not_changed_since_its_edition_was_kept() -> None:
    kept = recorded(FORM_VERSION)
    changed = differing(kept, marks())
    words = "\n".join(f'        Change("{name}", "…"),  # {how}: {editions.label_of(name)}' for name, how in changed.items())
    told = "Partners who have begun must be told. Set a new FORM_VERSION in models/steps, run python -m models.marks, and add to EDITIONS:"
    assert not changed, (
        f"{told}\n    Edition(FORM_VERSION, (\n{words}\n    )),\n(An edition that nobody has begun on yet is only kept anew.)"
    )


def test_every_edition_has_its_marks_and_words_for_each_thing_that_differs_from_the_one_before() -> None:
    assert EDITIONS[-1].version == FORM_VERSION
    for before, after in pairwise(EDITIONS):
        told = {change.about for change in after.changes}
        assert set(differing(recorded(before.version), recorded(after.version))) <= told, f"{after.version} does not say what changed"
    assert all(recorded(edition.version) for edition in EDITIONS)


@pytest.mark.parametrize(("name", "changed"), [
    ("vat_number", {"label": "Tax number"}), ("vat_number", {"required": True}), ("specializations", {"when": None}),
    ("years_trading", {"kind": QUESTIONS["team_size"].kind}),
])  # fmt: skip
def test_another_label_need_condition_or_kind_makes_another_question_and_another_help_does_not(
    name: str, changed: dict[str, object]
) -> None:
    other = {**QUESTIONS, name: replace(QUESTIONS[name], **changed)}  # type: ignore[arg-type]
    assert differing(marks(), marks(other)) == {name: "different"}
    assert not differing(marks(), marks({**QUESTIONS, name: replace(QUESTIONS[name], help="Another hint")}))


def test_new_and_gone_documents_and_a_new_text_are_seen() -> None:
    fewer = {name: slot for name, slot in SLOTS.items() if name != "partner_logo"}
    assert differing(marks(), marks(slots=fewer)) == {"partner_logo": "gone"}
    assert differing(marks(slots=fewer), marks()) == {"partner_logo": "new"}
    texts = {**editions.TEXTS, "agree_to_codes": replace(editions.TEXTS["agree_to_codes"], paragraphs=("Be good.",))}
    assert differing(marks(), marks(texts=texts)) == {"agree_to_codes": "different"}


def test_a_draft_is_carried_over_with_its_answers_and_what_changed_is_told_until_it_has_been_seen(database: str) -> None:
    code = begun(years_trading="7")
    with transaction() as session:
        application = mine(session, code)
        assert outdated(application, PLAYED)
        assert carry_over(session, application, PLAYED) is not None
        assert carry_over(session, application, PLAYED) is None  # once
    with transaction() as session:
        application, answers = mine(session, code), answers_of(session, code)
        assert application.form_version == FORM_VERSION and not outdated(application, PLAYED)
        assert answers["company_city"] == "Reading" and "town_and_county" not in answers
        assert answers["years_trading"] == "7" and answers["fax_number"] == "0118 496 0000"
        assert "agree_to_terms" not in answers
        assert [change.about for change in unseen(session, application, PLAYED)] == [change.about for change in PLAYED[1].changes]
        acknowledge(session, application)
        assert unseen(session, application, PLAYED) == []
        told = session.exec(select(Event.type).where(Event.application_id == application.id)).all()
        assert told == ["application.begun", "application.carried_over", "application.edition_seen"]


@on_sqlite
def test_an_answer_moves_to_the_step_that_asks_it_now_and_never_over_a_newer_one(database: str) -> None:
    code = begun()
    with transaction() as session:
        session.add(
            Draft(invitation_code=code, step_number=3, last_updated=now(), form_data={"company_phone": "old", "company_city": "Oldtown"})
        )
        session.add(Draft(invitation_code=code, step_number=2, last_updated=now(), form_data={"company_phone": "older"}))
        carry_over(session, mine(session, code), PLAYED)
    with reading() as session:
        kept = {number: draft.form_data for number, draft in drafts(session, code).items()}
        assert kept[1]["company_phone"] == "older" and kept[1]["company_city"] == "Oldtown" and kept[1]["town_and_county"] == "Reading"
        assert kept[2] == {} and kept[3] == {}


@on_sqlite
def test_a_window_that_was_open_meanwhile_does_not_agree_to_the_new_text_by_chance(database: str) -> None:
    code = begun()
    with transaction() as session:
        carry_over(session, mine(session, code), PLAYED)
        outcome = save_answers(
            session, mine(session, code), [Answer("agree_to_terms", True, 9_000_000_000_000_000, base=1, writer="old window")]
        )
        assert [answer.name for answer, _ in outcome.conflicts] == ["agree_to_terms"]
        assert "agree_to_terms" not in answers_of(session, code)


@on_sqlite
def test_what_is_not_asked_any_more_is_kept_and_never_sent_and_the_agreement_must_be_given_again(database: str) -> None:
    code = begun(**{name: value for name, value in COMPLETE.items() if name not in ("agree_to_terms", "company_city")})
    documents = {name: 1 for name, slot in SLOTS.items() if slot.wanted(COMPLETE)}
    with transaction() as session:
        with pytest.raises(Invalid, match="The form has changed since it was opened"):
            submit(session, mine(session, code), answers_of(session, code), documents)
        carry_over(session, mine(session, code), PLAYED)
    with transaction() as session, pytest.raises(Invalid) as refused:
        submit(session, mine(session, code), answers_of(session, code), documents)
    assert "agree_to_terms" in [problem.field for problem in refused.value.problems]
    assert "fax_number" not in [problem.field for problem in refused.value.problems]
    with transaction() as session:
        save_step(session, mine(session, code), STEPS[0], {"trading_name": "Brightfield"})
        assert drafts(session, code)[1].form_data == {"trading_name": "Brightfield", "fax_number": "0118 496 0000"}


def test_documents_that_nothing_asks_for_any_more_are_removed(database: str) -> None:
    code = begun()
    with transaction() as session:
        application = mine(session, code)
        for slot, key in (("fax_licence", "a"), ("partner_logo", "b")):
            session.add(Document(
                application_id=application.id or 0, file_name=f"{slot}.pdf", file_size=10, file_type="application/pdf", r2_key=key,
                r2_url=key, slot=slot, public_id=key, state="stored",
            ))  # fmt: skip
        session.flush()
        carry_over(session, application, PLAYED)
        assert [document.slot for document in stored(session, application.id)] == ["partner_logo"]


@on_sqlite
def test_while_information_is_required_a_changed_text_is_open_though_nobody_named_it(database: str) -> None:
    reference, reviewer = applied(), person(Role.REVIEWER)
    with transaction() as session:
        application = row(session, reference)
        request_information(session, reviewer, application, "Send the certificate of the new insurance year.", ["years_trading"])
        application.form_version = OLDER
        session.add(application)
        session.flush()
        assert not reach_of(session, application).holds("agree_to_terms")
        carry_over(session, application, PLAYED)
        session.flush()
        assert reach_of(session, application).holds("agree_to_terms") and not reach_of(session, application).holds("agree_to_codes")


@on_sqlite
def test_who_opens_the_form_is_carried_over_and_sees_what_changed_until_they_say_so(database: str, an_older_form: None) -> None:
    code = begun()
    partner = browser()
    partner.cookies.set("portal", cookie({PARTNER: code}))
    page = partner.get("/apply/company")
    with reading() as session:
        assert mine(session, code).form_version == FORM_VERSION
        assert "Give full years only." in edition_notice(unseen(session, mine(session, code)))
    assert "The form has changed since you began" in page.text and 'href="/apply/company#years_trading"' in page.text
    assert "We do not ask for a fax number any more." in page.text and "#fax_number" not in page.text
    assert "The form has changed since you began" in partner.get("/apply/check").text

    with transaction() as session:
        asked = {"step": "company", "name": "Priya Nair", "email": "priya.nair@brightfieldsolar.co.uk"}
        helper = ask_colleague(session, mine(session, code), by="Helen Marsh", **asked)
    colleague = browser()
    colleague.cookies.set("portal", cookie({COLLEAGUE: helper.public_id}))
    theirs = colleague.get("/apply/company").text
    assert "Helen Marsh asked you" in theirs and "The form has changed since you began" not in theirs  # it is not theirs to say

    answer = partner.post("/apply/edition", headers={"referer": "http://portal.test/apply/check?x=1", "origin": origin()})
    assert (answer.status_code, answer.headers["location"]) == (303, "/apply/check")
    assert "The form has changed since you began" not in partner.get("/apply/company").text


@on_sqlite
def test_the_api_submits_on_the_edition_in_force(database: str) -> None:
    code = applied()
    with reading() as session:
        sent = row(session, code)
        assert sent.form_version == FORM_VERSION
        assert {one.version for one in agreements(session, sent.id or 0)} == {text.version for text in editions.TEXTS.values()}


def mine(session: object, code: str) -> Application:
    """The application of an invitation code."""
    found = of_invitation(session, code)  # type: ignore[arg-type]
    assert found is not None
    return found


def origin() -> str:
    """Where the portal's own pages come from."""
    from models.settings import settings

    return settings().portal_url
