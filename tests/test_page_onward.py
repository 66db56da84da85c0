"""What a partner is told on the way: what to have at hand, how long it takes, what the step before still needs, what a reviewer will ask."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from models.database import now, transaction
from models.draft import save_step
from models.steps import STEPS
from tests.api import on_one_database
from tests.pages import browser
from tests.partners import begun, by_code, invited
from tests.parts import Graph, Mailbox
from tests.test_page_step import by_code_invitation, change, page, readable
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
