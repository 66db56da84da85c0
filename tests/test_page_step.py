"""A step of the form as it leaves the portal: HTML that can be read and filled in before any script has run."""

from __future__ import annotations

import gzip
import re
from html import unescape

import httpx
import pytest

from models.application import Application, begin, reply
from models.database import transaction
from models.draft import save_step
from models.invitation import Invitation
from models.language import LANGUAGES, _, speaking
from models.person import Actor, Role
from models.review import request_information
from models.steps import QUESTIONS, STEPS, Step
from portal.auth import PARTNER
from tests.api import on_one_database
from tests.pages import browser, cookie
from tests.partners import begun, by_code, invited, stored_in, submitted
from tests.sample_form import COMPLETE

pytestmark = pytest.mark.usefixtures("redis_server", "s3")
ROSA = Actor("Rosa Reyes", "staff", frozenset({Role.REVIEWER}))
ALL = [step.name for step in STEPS]


@on_one_database
@pytest.mark.parametrize("step", STEPS, ids=ALL)
def test_all_that_a_step_asks_stands_in_the_page_without_any_script(database: str, step: Step) -> None:
    text = readable(page(invited(), step.name))
    for question in step.questions:
        assert question.label in text and question.help in text
    for slot in step.slots:
        assert slot.label in text


@on_one_database
@pytest.mark.parametrize("step", ALL)
def test_a_return_visit_to_a_step_costs_less_than_ten_kibibytes(database: str, step: str) -> None:
    application = begun(slots=())
    html = page(by_code_invitation(application.invitation_code), step)
    assert len(gzip.compress(html.encode(), 6)) < 10 * 1024


@on_one_database
def test_what_was_answered_stands_in_the_controls(database: str) -> None:
    invitation = by_code_invitation(begun(slots=()).invitation_code)
    company, capabilities, insurance = (page(invitation, name) for name in ("company", "capabilities", "insurance"))
    assert 'value="Brightfield Solar Ltd"' in company and "Unit 4, Kennet Mill\nMill Lane</textarea>" in company
    assert re.search(r'value="Private limited company \(Ltd\)" checked', company) and re.search(r'value="GB" selected', company)
    assert 'data-tag="SolarEdge"' in capabilities and re.search(r'value="Battery Storage" checked', capabilities)
    assert 'value="£10,000,000"' in insurance and re.search(r'data-date value="\d+ \w+ 20\d\d"', insurance)


@on_one_database
def test_a_question_that_is_not_asked_is_in_the_page_closed_and_opens_with_its_answer(database: str) -> None:
    invitation = by_code_invitation(begun(slots=()).invitation_code)
    assert classes(page(invitation, "company"), "company_registration") == "field"
    change(invitation, "company", company_type="Sole trader")
    assert "closed" in classes(page(invitation, "company"), "company_registration")


@on_one_database
def test_nothing_is_called_wrong_before_somebody_was_there_and_everything_where_that_was_asked_for(database: str) -> None:
    invitation = invited()
    assert not re.findall(r'class="error" [^>]*>[^<]', page(invitation, "company"))
    asked = page(invitation, "company?check=1")
    assert "Enter the town or city" in readable(asked) and '<a href="#company_city">Enter the town or city</a>' in asked
    assert re.search(r'id="company_city"[^>]*aria-invalid="true"', asked)


@on_one_database
def test_a_step_without_mistakes_says_so_where_that_was_asked_for(database: str) -> None:
    invitation = by_code_invitation(begun(slots=("company_registration_certificate",)).invitation_code)
    asked = page(invitation, "company?check=1")
    assert re.search(r'id="summary"[^>]* hidden', asked) and "Nothing is missing in this step." in asked


@on_one_database
def test_the_explanation_that_only_a_rule_wants_keeps_the_form_from_being_called_complete(database: str) -> None:
    invitation = by_code_invitation(begun(slots=()).invitation_code)
    change(invitation, "insurance", employers_liability_insurance=False)
    change(invitation, "compliance", additional_information="")
    lacking = rail(page(invitation, "compliance"))["compliance"]
    assert lacking != "Complete"
    change(invitation, "compliance", additional_information="All of us are directors; the statute asks for no cover.")
    assert rail(page(invitation, "compliance"))["compliance"] == "Complete"


@on_one_database
def test_what_a_reviewer_asked_is_what_is_left_to_do_until_it_is_changed_or_explained(database: str) -> None:
    application = submitted(slots=())
    with transaction() as session:
        wanted = ("company_city", "company_postal", "gdpr_policy")
        request_information(session, ROSA, session.get_one(Application, application.id), "Look at these.", wanted)
    invitation = by_code_invitation(application.invitation_code)
    company = page(invitation, "company?check=1")
    assert sums(company) == "0 of 3 complete" and rail(company)["company"] == "0 of 2" and rail(company)["capabilities"] == "Complete"
    assert re.search(r'id="mended"[^>]* hidden', company) and not re.search(r'id="summary"[^>]* hidden', company)
    assert '<a href="#company_city">“Town or city” is still as you sent it.' in company
    assert not re.search(r'id="company_city"[^>]*aria-invalid="true"', company), "it is no mistake"
    assert onward(company) == "/apply/insurance" and onward(page(invitation, "insurance")) == "/apply/check"
    change(invitation, "company", company_city="Leeds")
    with transaction() as session:
        reply(session, session.get_one(Application, application.id), {"company_postal": "It is right."})
    company, check = page(invitation, "company?check=1"), page(invitation, "check")
    assert sums(company) == sums(check) == "2 of 3 complete" and "2 of 3 answered" in check
    assert re.search(r'id="summary"[^>]* hidden', company) and not re.search(r'id="mended"[^>]* hidden', company)
    assert "Before you send it" in check
    stored_in(by_code(invitation.code), "gdpr_policy")
    assert sums(page(invitation, "insurance")) == "3 of 3 complete" and onward(page(invitation, "company")) == "/apply/check"


@on_one_database
@pytest.mark.parametrize("code", LANGUAGES)
def test_the_button_for_none_writes_the_readers_own_word_which_the_rules_read(database: str, code: str) -> None:
    client = let_in(invited())
    client.cookies.set("language", code)
    [written] = set(re.findall(r'data-fill="([^"]+)"', client.get("/apply/compliance").text))
    with speaking(code):
        assert written == _("None") and (written == "None") == (code == "en")
    assert QUESTIONS["pending_prosecutions"].clean(written, {}) == "None"


@on_one_database
def test_continuing_leads_to_the_next_step_while_nothing_is_asked(database: str) -> None:
    assert onward(page(by_code_invitation(begun(slots=()).invitation_code), "contact")) == "/apply/capabilities"


@on_one_database
def test_a_page_speaks_the_readers_language_and_runs_in_its_direction(database: str) -> None:
    client = let_in(invited())
    client.cookies.set("language", "ar")
    assert '<html lang="ar" dir="rtl">' in client.get("/apply/company").text
    client.cookies.set("language", "de")
    assert '<html lang="de" dir="ltr">' in client.get("/apply/company").text


@on_one_database
def test_what_is_typed_cannot_break_out_of_the_page(database: str) -> None:
    invitation = by_code_invitation(begun(slots=()).invitation_code)
    change(invitation, "company", company_name='"><script>alert(1)</script>', company_address="</textarea><script>alert(2)</script>")
    change(invitation, "capabilities", equipment_brands=['"><img src=x onerror=alert(3)>'])
    html = page(invitation, "company") + page(invitation, "capabilities")
    assert "<script>alert" not in html and "<img src=x" not in html


def page(invitation: Invitation, step: str) -> str:
    """The HTML of a step for whoever holds the invitation."""
    answer = let_in(invitation).get(f"/apply/{step}")
    assert answer.status_code == 200, answer.text[:2000]
    return answer.text


def let_in(invitation: Invitation) -> httpx.Client:
    """A browser that the invitation's link has let in."""
    client = browser()
    client.cookies.set("portal", cookie({PARTNER: invitation.code}))
    with transaction() as session:
        begin(session, session.get_one(Invitation, invitation.id))
    return client


def by_code_invitation(code: str) -> Invitation:
    """The invitation with this code."""
    from models.database import reading
    from models.invitation import find

    with reading() as session:
        found = find(session, code)
        assert found is not None
        return found


def change(invitation: Invitation, step: str, **answers: object) -> None:
    """Other answers in one step of the complete form."""
    found = next(one for one in STEPS if one.name == step)
    own = {question.name: COMPLETE[question.name] for question in found.questions if question.name in COMPLETE}
    with transaction() as session:
        save_step(session, by_code(invitation.code), found, {**own, **answers})


def readable(html: str) -> str:
    """What a person can read of a page, as one line."""
    without = re.sub(r"<(script|style)\b.*?</\1>|<(datalist)\b.*?</\2>", " ", html, flags=re.S)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", without)))


def classes(html: str, name: str) -> str:
    """The classes of a question's place."""
    found = re.search(rf'<\w+ class="([^"]*)"[^>]*data-question="{name}"', html)
    assert found is not None
    return found[1].strip()


def rail(html: str) -> dict[str, str]:
    """What the rail says of each step."""
    return {name: unescape(words) for name, words in re.findall(r'<li [^>]*data-step="(\w+)">.*?<small>(.*?)</small>', html, re.S)}


def sums(html: str) -> str:
    """What the rail says of the whole form."""
    return str(re.findall(r'data-rail="sum">(.*?)<', html)[0])


def onward(html: str) -> str:
    """The page that *Save and continue* leads to."""
    return str(re.findall(r'class="btn go" href="([^"?]*)', html)[0])


@on_one_database
def test_an_address_that_waits_for_its_code_is_asked_for_it_as_soon_as_the_page_is_there(database: str) -> None:
    invitation = by_code_invitation(begun(slots=()).invitation_code)
    assert re.search(r'class="confirm closed" id="confirm"', page(invitation, "contact"))
    change(invitation, "contact", primary_contact_email="owen.price@brightfieldsolar.co.uk")
    asked = page(invitation, "contact?check=1")
    assert re.search(r'class="confirm" id="confirm"', asked) and "Send the code</button>" in asked
    assert "Confirm the primary contact&#39;s email with the code that we mail to it</a>" in asked
