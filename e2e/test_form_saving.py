"""Nothing typed is ever lost: cut off, killed, in two windows, sent by a colleague, signed out."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from e2e.partner import at, complete, enter, place, stored, submit
from e2e.person import fill, saved
from e2e.product import Product, eventually, rows
from models.steps import STEPS
from tests.sample_form import COMPLETE

OFFLINE, AWAY = re.compile("kept on this device"), "**/apply/answers"
CITY = "Town or city"
WATCH = """(() => {
  const log = () => {
    const place = document.getElementById("draft-state");
    if (place && /^Saved/.test(place.textContent)) window.said(document.getElementById("company_city")?.value ?? null);
  };
  new MutationObserver(log).observe(document, { subtree: true, childList: true, characterData: true });
})()"""


class Watch:
    """Looks at the indicator all the time: each *Saved*, with what stood in the field and in the database at that moment."""

    def __init__(self, product: Product, page: Page) -> None:
        self.product, self.code = product, ""
        self.seen: list[tuple[str | None, str]] = []
        page.expose_function("said", self._said)
        page.add_init_script(WATCH)

    def _said(self, shown: str | None) -> None:
        self.seen.append((shown, city(self.product, self.code)))

    def was_true(self) -> None:
        """Whatever was in the field when *Saved* was shown was in the database."""
        assert self.seen, "Saved was never shown"
        lies = [(shown, held) for shown, held in self.seen if shown and not held.startswith(shown)]
        assert not lies, f"Saved was shown before it was true: {lies}"


@pytest.fixture
def watch(product: Product, page: Page) -> Watch:
    return Watch(product, page)


def city(product: Product, code: str) -> str:
    """The town as the database holds it now."""
    return str(answers(product, code).get("company_city") or "")


def answers(product: Product, code: str, step: int = 1) -> dict[str, Any]:
    """A step's answers as the database holds them now."""
    found = rows(product, "select form_data from draft_data where invitation_code = :code and step_number = :step", code=code, step=step)
    return dict(found[0][0] if found and isinstance(found[0][0], dict) else json.loads(found[0][0]) if found else {})


def type_city(page: Page, text: str) -> None:
    page.get_by_label(CITY).press_sequentially(text)


def test_what_is_typed_is_saved_without_a_button_and_the_page_says_when(product: Product, page: Page) -> None:
    code = enter(page, product)
    page.get_by_label("Town or city").press_sequentially("Reading")
    expect(page.locator("#draft-state")).to_have_text(re.compile(r"^Saved \d\d:\d\d$"))
    assert stored(product, code)["companyCity"] == "Reading"


def test_it_never_says_saved_while_the_portal_does_not_answer(product: Product, page: Page) -> None:
    code = enter(page, product)
    page.route(AWAY, lambda route: route.abort())
    page.get_by_label("Town or city").fill("Reading")
    expect(page.locator("#draft-state")).to_have_text(OFFLINE)
    assert "companyCity" not in stored(product, code)
    page.unroute(AWAY)
    saved(page)
    assert stored(product, code)["companyCity"] == "Reading"


def test_a_connection_that_comes_back_brings_everything_typed_meanwhile(product: Product, page: Page) -> None:
    code = enter(page, product)
    page.context.set_offline(True)
    page.get_by_label("Town or city").fill("Reading")
    page.get_by_role("radio", name="Sole trader").check()
    expect(page.locator("#draft-state")).to_have_text(OFFLINE)
    page.context.set_offline(False)
    saved(page)
    assert (stored(product, code)["companyCity"], stored(product, code)["companyType"]) == ("Reading", "Sole trader")


def test_answers_that_were_never_sent_come_back_with_the_page(product: Product, page: Page) -> None:
    code = enter(page, product)
    page.route(AWAY, lambda route: route.abort())
    page.get_by_label("Town or city").fill("Reading")
    page.get_by_role("radio", name="Partnership", exact=True).check()
    expect(page.locator("#draft-state")).to_have_text(OFFLINE)
    again = page.context.new_page()
    page.close()
    at(again, product, "company")
    expect(again.get_by_label("Town or city")).to_have_value("Reading")
    expect(again.get_by_role("radio", name="Partnership", exact=True)).to_be_checked()
    expect(again.locator("#company_registration")).to_be_hidden()  # Python was told, too: a partnership has no number
    saved(again)
    assert stored(product, code)["companyCity"] == "Reading"


def test_a_tab_closed_at_once_after_the_last_key_loses_nothing(product: Product, page: Page) -> None:
    code = enter(page, product)
    page.get_by_label("Trading name").press_sequentially("Brightfield")
    page.close()
    eventually(lambda: stored(product, code).get("tradingName") == "Brightfield", "the last key to arrive", 10)


def test_the_last_key_before_continuing_is_on_the_next_page_and_in_the_rail(product: Product, page: Page) -> None:
    enter(page, product)
    expect(page.locator(".steps li").first).to_contain_text("2 of 9")
    page.get_by_label("Town or city").press_sequentially("Reading")
    page.get_by_role("link", name="Save and continue").click()
    expect(page.get_by_role("heading", name="Contacts", level=1)).to_be_visible()
    expect(page.locator(".steps li").first).to_contain_text("3 of 9")


def test_two_windows_keep_each_others_answers(product: Product, page: Page) -> None:
    code = enter(page, product)
    other = page.context.new_page()
    at(other, product, "company")
    page.get_by_label("Town or city").fill("Reading")
    other.get_by_label("Postcode").fill("RG1 8LS")
    saved(page)
    saved(other)
    assert (stored(product, code)["companyCity"], stored(product, code)["companyPostal"]) == ("Reading", "RG1 8LS")


def test_a_device_whose_clock_is_wrong_still_saves(product: Product, browser: Browser, page: Page) -> None:
    code = enter(page, product)
    late = browser.new_context()
    late.add_init_script("const right = Date.now; Date.now = () => right() - 3 * 3600 * 1000")
    other = late.new_page()
    enter(other, product, code=code)
    page.get_by_label("Town or city").fill("Reading")
    expect(other.get_by_label("Town or city")).to_have_value("Reading")
    other.get_by_label("Town or city").fill("Leeds")
    saved(other)
    expect(page.get_by_label("Town or city")).to_have_value("Reading")  # it is being edited here
    late.close()
    assert stored(product, code)["companyCity"] == "Leeds"


def test_a_window_learns_that_the_application_was_sent_elsewhere(product: Product, page: Page) -> None:
    code = enter(page, product)
    complete(product, code)
    submit(product, code)
    page.get_by_label("Town or city").fill("Too late")
    notice = page.get_by_role("alert").filter(has_text="This application has been sent")
    expect(notice).to_be_focused()
    expect(page.locator("#draft-state")).to_have_text("Not saved")
    notice.get_by_role("link", name="See where it stands").click()
    expect(page.get_by_role("heading", name="We have your application")).to_be_visible()


def test_who_is_signed_out_meanwhile_keeps_what_was_typed(product: Product, page: Page) -> None:
    code = enter(page, product)
    page.context.clear_cookies()
    page.get_by_label("Town or city").fill("Reading")
    page.get_by_role("alert").get_by_role("link", name="Enter the code").click()
    page.get_by_label("Your invitation code").fill(code.lower())
    page.keyboard.press("Enter")
    expect(page.get_by_label("Town or city")).to_have_value("Reading")
    saved(page)
    assert stored(product, code)["companyCity"] == "Reading"


def test_another_application_in_the_same_browser_sees_nothing_of_the_first_which_loses_nothing(product: Product, page: Page) -> None:
    first = enter(page, product)
    page.route(AWAY, lambda route: route.abort())
    page.get_by_label("Town or city").fill("Secret")
    expect(page.locator("#draft-state")).to_have_text(OFFLINE)
    page.unroute(AWAY)  # the first page's goodbye may arrive when the cookie is the second partner's already
    second = enter(page, product)
    expect(page.get_by_label("Town or city")).to_have_value("")
    assert "companyCity" not in stored(product, second)
    assert first != second
    enter(page, product, code=first)
    eventually(lambda: stored(product, first).get("companyCity") == "Secret", "what was typed before, once its own page is open again")


def test_words_to_the_reviewer_that_wait_on_this_device_stop_no_answer(product: Product, page: Page) -> None:
    code = enter(page, product)
    own = page.evaluate("document.querySelector('script[data-draft]').dataset.draft")
    page.evaluate("own => [own, '0'].forEach((one) => localStorage.setItem(`draft:${one}:reply:comment`, 'We moved in May'))", own)
    page.reload()
    page.get_by_label("Town or city").fill("Leeds")
    saved(page)
    assert stored(product, code)["companyCity"] == "Leeds"
    kept = page.evaluate("Object.keys(localStorage).filter((key) => key.includes(':reply:'))")
    assert kept == [f"draft:{own}:reply:comment"]


def test_long_answers_whose_letters_take_two_bytes_each_are_saved(product: Product, page: Page) -> None:
    code = enter(page, product, "compliance")
    page.context.set_offline(True)
    for number in (0, 1):  # 80 KB at once: no browser sends so much once its page is gone
        page.locator("textarea:visible").nth(number).fill("ش" * 20_000)
    page.context.set_offline(False)
    saved(page)
    assert [len(answer) for answer in stored(product, code).values() if "ش" in str(answer)] == [20_000] * 2


def test_a_slow_portal_loses_no_key_of_a_fast_typist(product: Product, page: Page) -> None:
    code = enter(page, product)
    network = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 400, "downloadThroughput": -1, "uploadThroughput": -1}
    network.send("Network.emulateNetworkConditions", slow)
    words = "The quick brown fox jumps over the lazy dog"
    place(page, "trading_name").locator("input").press_sequentially(words)
    eventually(lambda: stored(product, code).get("tradingName") == words, "all keys to arrive", 15)


def test_saved_is_shown_only_after_the_commit_and_not_while_the_answer_or_the_question_is_on_its_way(product: Product, page: Page) -> None:
    code = enter(page, product)
    state, log = page.locator("#draft-state"), []

    def hold(route: Route) -> None:
        before = (city(product, code), state.text_content())
        answer = route.fetch()
        log.append((*before, city(product, code), state.text_content()))
        route.fulfill(response=answer)

    page.route(AWAY, hold)
    page.get_by_label(CITY).fill("Reading")
    expect(state).to_have_text(re.compile("^Saved"))
    assert log and log[-1][2] == "Reading"
    for _held, said_before, _stored, said_after in log:
        assert not str(said_before).startswith("Saved") and not str(said_after).startswith("Saved")


def test_the_last_key_is_in_the_database_within_moments(product: Product, page: Page) -> None:
    code = enter(page, product)
    type_city(page, "Readin")
    saved(page)
    page.get_by_label(CITY).press("g")
    began = time.monotonic()
    eventually(lambda: city(product, code) == "Reading", "the last key to be committed", 3)
    assert time.monotonic() - began < 3


def test_what_is_typed_while_the_portal_is_killed_between_two_keys_arrives_when_it_is_there_again(
    product: Product, page: Page, watch: Watch
) -> None:
    watch.code = code = enter(page, product)
    before = product["pids"]["portal"]
    type_city(page, "Rea")
    product.kill("portal")
    type_city(page, "ding")
    expect(page.locator("#draft-state")).to_have_text(OFFLINE)
    type_city(page, " West")
    eventually(lambda: product.back("portal", before), "the portal to be started again", 60)
    saved(page)
    assert city(product, code) == "Reading West"
    expect(page.get_by_label(CITY)).to_have_value("Reading West")
    watch.was_true()


def test_a_portal_that_answers_nothing_for_a_while_gets_every_key_once_it_does(product: Product, page: Page, watch: Watch) -> None:
    watch.code = code = enter(page, product)
    with product.held("portal"):
        type_city(page, "Reading")
        expect(page.locator("#draft-state")).not_to_have_text(re.compile("^Saved"))
        time.sleep(2)
        type_city(page, " West")
        assert city(product, code) == ""
    saved(page)
    assert city(product, code) == "Reading West"
    watch.was_true()


def test_a_whole_step_filled_without_a_connection_arrives_also_by_way_of_a_reload(product: Product, page: Page) -> None:
    code = enter(page, product)
    page.context.set_offline(True)
    typed = {}
    for question in STEPS[0].questions:
        if page.locator(f'[data-question="{question.name}"]').is_visible() and COMPLETE.get(question.name) not in ("", None):
            fill(page, question, COMPLETE[question.name])
            typed[question.name] = COMPLETE[question.name]
    expect(page.locator("#draft-state")).to_have_text(OFFLINE)
    page.get_by_role("link", name="Save and continue").click()
    expect(page.get_by_role("alert").filter(has_text="There is no connection to the portal now")).to_be_focused()
    expect(page.get_by_role("heading", name="Company", level=1)).to_be_visible()  # and not the browser's own error page
    page.context.set_offline(False)
    at(page, product, "company")
    saved(page)
    held = answers(product, code)
    assert len(typed) >= 7 and {name: str(held.get(name)) for name in typed} == {name: str(value) for name, value in typed.items()}


def test_a_page_that_was_frozen_while_the_laptop_slept_sends_its_last_key_when_it_wakes(product: Product, page: Page, watch: Watch) -> None:
    watch.code = code = enter(page, product)
    type_city(page, "Rea")
    saved(page)
    with asleep(page):
        assert city(product, code) == "Rea"
    saved(page)
    assert city(product, code) == "Reading"
    watch.was_true()


@contextmanager
def asleep(page: Page) -> Iterator[None]:
    """The last keys fall when the network is gone already; then the page's process stands still for some seconds."""
    browser = page.context.browser
    assert browser
    page.context.set_offline(True)
    type_city(page, "ding")
    renderers = [one["id"] for one in browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"] if one["type"] == "renderer"]
    for process in renderers:
        os.kill(process, signal.SIGSTOP)
    time.sleep(4)
    yield
    for process in renderers:
        os.kill(process, signal.SIGCONT)
    page.context.set_offline(False)


def test_a_page_in_the_background_that_the_browser_has_frozen_sends_its_last_key_when_it_is_looked_at_again(product: Product, page: Page) -> None:
    code = enter(page, product)
    page.context.set_offline(True)
    type_city(page, "Reading")
    devtools = page.context.new_cdp_session(page)
    devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
    page.context.set_offline(False)
    time.sleep(2)
    devtools.send("Page.setWebLifecycleState", {"state": "active"})
    eventually(lambda: city(product, code) == "Reading", "the last key to arrive", 15)
    saved(page)


def test_an_answer_that_cannot_be_stored_is_told_beside_its_question_and_holds_up_no_other(product: Product, page: Page) -> None:
    code = enter(page, product)
    page.get_by_label("Trading name").evaluate("box => { box.removeAttribute('maxlength'); box.value = 'x'.repeat(300000); box.dispatchEvent(new Event('input', { bubbles: true })) }")
    page.get_by_label(CITY).fill("Reading")
    eventually(lambda: city(product, code) == "Reading", "the other answer to arrive", 15)
    expect(place(page, "trading_name")).to_contain_text("This answer could not be saved")
    expect(page.locator("#draft-state")).to_have_text("One answer could not be saved")
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/apply/answers") else None)
    time.sleep(2)
    assert sent == []  # it is not tried for ever
    page.get_by_label("Trading name").fill("Brightfield")
    saved(page)
    assert answers(product, code)["trading_name"] == "Brightfield"
    expect(place(page, "trading_name")).not_to_contain_text("could not be saved")
