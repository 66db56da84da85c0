"""What a partner is told on the way: what to have at hand, how long it takes, what the step before still needs, what a reviewer will ask."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from models.application import Application
from models.database import now, transaction
from models.document import Document, set_expiry
from models.draft import save_step
from models.review import request_information
from models.steps import STEPS
from portal.pages.apply_step import _usual
from tests.api import on_one_database
from tests.pages import browser
from tests.partners import begun, by_code, invited, stored_in, submitted
from tests.parts import Graph, Mailbox, environment_of
from tests.test_page_step import ROSA, by_code_invitation, change, page, readable
from tests.test_worker_notify import SUBJECTS, the_mail
from worker.deliver import drain

pytestmark = pytest.mark.usefixtures("redis_server", "s3")


def notice(html: str) -> str:
    """What stands in the notice of the step before, as one line; empty if there is none."""
    found = re.search(r'id="unfinished".*?</div>', html, re.S)
    return readable(f"<div {found[0]}").strip() if found else ""


@on_one_database
def test_after_a_step_that_is_complete_nothing_is_said(database: str) -> None:
    invitation = by_code_invitation(begun(slots=("company_registration_certificate",)).invitation_code)
    assert 'href="/apply/contact?after=company"' in page(invitation, "company")
    assert notice(page(invitation, "contact?after=company")) == ""
    assert notice(page(invitation, "contact?after=nonsense")) == ""


@on_one_database
def test_what_is_wrong_is_named_before_what_is_missing_and_documents_last(database: str) -> None:
    invitation = by_code_invitation(begun(slots=()).invitation_code)
    change(invitation, "company", company_city="", company_phone="call me")
    html = page(invitation, "contact?after=company")
    assert notice(html).startswith("3 things in “Company” still need you: Company telephone Town or city Company registration document")
    assert 'href="/apply/company?check=1#company_phone"' in html
    assert notice(page(invitation, "contact")) == ""


@on_one_database
def test_a_box_that_must_be_ticked_and_is_not_is_missing_and_not_wrong(database: str) -> None:
    invitation = by_code_invitation(begun(slots=()).invitation_code)
    change(invitation, "compliance", received_contract_pack=False, declarant_name="x")
    said = notice(page(invitation, "company?after=compliance"))
    assert said.index("Declaration: name of the person submitting") < said.index("We have received the Contract Overview Pack")


@on_one_database
def test_at_most_five_are_named_and_the_rest_counted(database: str) -> None:
    html = page(invited(), "contact?after=company")
    assert len(re.findall(r'href="/apply/company\?check=1#', html)) == 5 and "and 2 more" in notice(html)


@on_one_database
def test_the_mail_the_entrance_and_the_rail_of_a_fresh_form_name_the_same_minutes(database: str, graph: Graph, mailbox: Mailbox) -> None:
    invitation = invited()
    drain()
    mail = mailbox.text(the_mail(mailbox, SUBJECTS["invitation"]))
    told = [re.findall(r"bout (\d+) minutes", text) for text in (" ".join(mail.split()), readable(browser().get("/apply").text))]
    assert told[0] == told[1] and len(told[0]) == 1
    fresh = readable(page(invitation, "company"))
    assert set(re.findall(r"bout (\d+) minutes", fresh)) == set(told[0]) and "minutes left" in fresh


@on_one_database
def test_what_to_have_at_hand_stands_on_the_first_page_until_something_is_typed(database: str) -> None:
    invitation = invited()
    assert "Contract Overview Pack" in readable(page(invitation, "company")) and "data-begin" in page(invitation, "company")
    assert "data-begin" not in page(invitation, "contact")
    with transaction() as session:
        save_step(session, by_code(invitation.code), STEPS[1], {"primary_contact_name": "Helen Marsh"})
    assert "data-begin" not in page(invitation, "company")


@on_one_database
def test_an_old_policy_and_an_insurance_that_soon_runs_out_are_advised_where_they_were_answered(database: str) -> None:
    invitation, today = by_code_invitation(begun(slots=()).invitation_code), now().date()
    a_year_ago = today - timedelta(days=366)
    change(invitation, "insurance", gdpr_policy_date=a_year_ago.isoformat(), environmental_policy_date=today.isoformat(),
           public_liability_expiry=(today + timedelta(days=30)).isoformat(), employers_liability_expiry=(today + timedelta(days=31)).isoformat())  # fmt: skip
    step, check = page(invitation, "insurance"), page(invitation, "check")
    assert advised(step) == {"gdpr_policy_date": "Signed more", "public_liability_expiry": "Runs out on"}
    for words in ("Signed more than 12 months ago", "Runs out on"):
        assert readable(step).count(words) == readable(check).count(words) == 1


def advised(html: str) -> dict[str, str]:
    """Which answers carry advice, and how it begins."""
    return {name: words[:11] for name, words in re.findall(r'id="(\w+)-advice" role="status">([^<]+)<', html)}


def test_whoever_came_from_the_check_goes_back_to_it(database: str) -> None:
    invitation = invited()
    html = page(invitation, "company?check=1&back=1")
    assert 'href="/apply/check" data-settle>Save and go back to checking' in html and "Save and continue" not in html
    assert "/apply/company?check=1&amp;back=1#company_type" in page(invitation, "check")


PACK = "https://saber.example/pack.pdf"
NO_PACK = "The Contract Overview Pack comes from your contact at Saber. If it has not come, write to operations@saber.example"


@on_one_database
@pytest.mark.parametrize("address", [PACK, ""])
def test_the_mail_the_lists_and_the_question_say_the_same_of_where_the_contract_pack_is(
    database: str, graph: Graph, mailbox: Mailbox, address: str
) -> None:
    _usual.cache_clear()
    with environment_of({"CONTRACT_PACK_URL": address}):
        invitation = invited()
        drain()
        mail = " ".join(mailbox.text(the_mail(mailbox, SUBJECTS["invitation"])).split())
        seen = [browser().get("/apply").text, page(invitation, "company"), page(invitation, "compliance")]
    _usual.cache_clear()
    for html in seen:
        assert (f'href="{PACK}"' in html) == bool(address) and (NO_PACK in " ".join(readable(html).split())) != bool(address)
    assert (f"Read the Contract Overview Pack: {PACK}" in mail) == bool(address) and (NO_PACK in mail) != bool(address)
    described = re.search(r'<input[^>]*id="received_contract_pack"[^>]*aria-describedby="([^"]*)"', seen[2])
    assert described and "received_contract_pack-help" in described[1]


@on_one_database
def test_documents_without_the_day_until_which_they_are_valid_are_named_on_check_and_stop_nothing(database: str) -> None:
    application = begun(slots=("mcs_certificate", "public_liability_certificate"))
    invitation, other = by_code_invitation(application.invitation_code), stored_in(application, "iso_certificates")
    assert undated(page(invitation, "check")) == ["ISO certificates: iso_certificates.pdf", "MCS certificate: mcs_certificate.pdf"]
    assert 'href="/apply/roles?back=1#iso_certificates"' in page(invitation, "check")
    with transaction() as session:
        set_expiry(session, session.get_one(Document, other.id), now().date())
    assert undated(page(invitation, "check")) == ["MCS certificate: mcs_certificate.pdf"]


def undated(html: str) -> list[str]:
    """What the notice of documents without a date names."""
    found = re.search(r'id="undated".*?</div>', html, re.S)
    return sorted(" ".join(readable(one).split()) for one in re.findall(r"<li>.*?</li>", found[0], re.S)) if found else []


@on_one_database
def test_while_a_reviewer_asks_no_way_into_a_step_calls_anything_wrong_before_it_is_sent_again(database: str) -> None:
    application = submitted(slots=())
    with transaction() as session:
        request_information(session, ROSA, session.get_one(Application, application.id), "Look at these.", ["company_city", "gdpr_policy"])
    invitation = by_code_invitation(application.invitation_code)
    ways = [page(invitation, "check"), page(invitation, "status"), page(invitation, "contact?after=company")]
    assert all("#company_city" in html and "check=1" not in html for html in ways)
    assert 'href="/apply/company?check=1&amp;back=1#company_city"' in page(invitation, "check?missing=1")
    step = page(invitation, "company")
    assert 'href="/apply/check#asked"' in step and 'id="asked"' in ways[0] and "What to mend" not in readable(step)
    assert page(invitation, "company?check=1").count('href="/apply/check#asked"') == 2, "where it is said that it is still as it was sent, too"
