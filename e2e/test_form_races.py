"""What comes late, comes twice, or comes in an unlucky moment never writes over what was typed."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from e2e.partner import alive, at, enter, place, posted
from e2e.person import saved
from e2e.product import Product, eventually, until
from e2e.test_form_saving import AWAY, CITY, OFFLINE, answers, city

SLOW_LINE = "late => { const told = form.told; form.told = (news) => { setTimeout(() => told(news), late); }; }"
#: A page asks on opening what it has missed. The answer comes when its first key is stored, but not yet acknowledged.
CROSSING = """(() => {
  const real = fetch;
  let asked = null;
  window.crossed = false;
  window.fetch = async (address, options) => {
    if (address !== "/apply/answers") return real(address, options);
    const send = () => real(address, { ...options, signal: undefined });
    if (JSON.parse(options.body).items.length === 0 && !window.crossed) return new Promise((answer) => { asked = () => send().then(answer); });
    const acknowledged = await send();
    if (asked) { const ask = asked; asked = null; window.crossed = true; await ask(); await new Promise((go) => setTimeout(go, 300)); }
    return acknowledged;
  };
})()"""
FULL_DISK = """() => {
  const store = Storage.prototype.setItem;
  Storage.prototype.setItem = function (key, text) { if (key.startsWith("draft:")) throw new DOMException("full", "QuotaExceededError"); store.call(this, key, text); };
}"""


def asked_for(page: Page, held: list[Route]) -> None:
    """Wait until the page has asked for what a route holds back."""
    while not held:
        page.wait_for_timeout(50)


def test_a_portal_started_again_under_a_page_with_the_focus_in_a_box_changes_nothing_in_it(product: Product, page: Page) -> None:
    code, before = enter(page, product), product["pids"]["portal"]
    old = page.evaluate("clientId")
    box = page.get_by_label(CITY)
    box.press_sequentially("Rea")
    product.kill("portal")
    eventually(lambda: product.back("portal", before), "the portal to be started again", 60)
    until(page, "old => did_handshake && clientId !== old", old)
    expect(box).to_be_focused()
    box.press_sequentially("ding West", delay=60)
    page.keyboard.press("Tab")
    saved(page)
    page.wait_for_timeout(500)  # long enough for what waits until the box is left
    expect(box).to_have_value("Reading West")
    expect(page.locator("#others-said")).to_be_empty()
    assert city(product, code) == "Reading West"
    page.get_by_role("radio", name="Sole trader").check()
    expect(page.get_by_label("Company registration number")).to_be_hidden()


def test_what_this_page_sent_itself_is_no_news_to_it_when_two_of_its_posts_cross_each_other(product: Product, page: Page) -> None:
    code = enter(page, product)
    page.get_by_label("Postcode").fill("RG1 8LS")
    saved(page)
    page.add_init_script(CROSSING)
    at(page, product, "company")
    page.get_by_label(CITY).press_sequentially("Reading", delay=80)
    page.keyboard.press("Tab")
    eventually(lambda: city(product, code) == "Reading", "the last key in the database")
    page.wait_for_timeout(500)
    expect(page.get_by_label(CITY)).to_have_value("Reading")
    assert page.evaluate("crossed")


def test_the_newest_keys_are_sent_where_the_browser_has_no_room_left_for_them(product: Product, page: Page) -> None:
    code = enter(page, product)
    page.route(AWAY, lambda route: route.abort())
    page.get_by_label(CITY).press_sequentially("Read")
    expect(page.locator("#draft-state")).to_have_text(OFFLINE)
    page.evaluate(FULL_DISK)
    page.get_by_label(CITY).press_sequentially("ing")
    page.unroute(AWAY)
    saved(page)
    assert city(product, code) == "Reading"


def test_a_percentage_that_is_filled_in_late_does_not_overwrite_one_that_was_typed_meanwhile(product: Product, page: Page) -> None:
    code = enter(page, product, "roles")
    page.evaluate(SLOW_LINE, 1500)
    page.get_by_label("Work done by your own staff (%)").fill("60")
    page.wait_for_timeout(500)  # the portal has heard of it, and its answer is on its way
    page.get_by_label("Work done by subcontractors (%)").fill("35")
    page.keyboard.press("Tab")
    page.wait_for_timeout(3000)
    expect(page.get_by_label("Work done by subcontractors (%)")).to_have_value("35")
    expect(page.get_by_label("Work done by your own staff (%)")).to_have_value("65")
    saved(page)
    held = {name: value for step in range(1, 7) for name, value in answers(product, code, step).items()}
    assert (held["subcontract_percentage"], held["internal_staff_percentage"]) == ("35", "65")


def test_what_was_answered_while_the_line_was_cut_opens_and_closes_what_depends_on_it(product: Product, page: Page) -> None:
    enter(page, product, "insurance")
    page.evaluate("socket.disconnect()")
    place(page, "public_liability_insurance").get_by_role("radio", name="Yes").check()
    page.wait_for_timeout(500)
    page.evaluate("socket.connect()")
    expect(page.get_by_label("Public liability: expiry date", exact=True)).to_be_visible()


def test_what_is_typed_before_the_scripts_stands_above_what_is_still_to_be_sent_from_before(product: Product, page: Page) -> None:
    code, held = enter(page, product), list[Route]()
    page.route(AWAY, lambda route: route.abort())
    page.get_by_label(CITY).fill("Leeds")
    expect(page.locator("#draft-state")).to_have_text(OFFLINE)
    page.route("**/static/form.js*", lambda route: held.append(route))
    page.goto(product.url("/apply/company"), wait_until="commit")
    page.get_by_label(CITY).fill("Reading")
    asked_for(page, held)
    held[0].continue_()
    alive(page)
    expect(page.get_by_label(CITY)).to_have_value("Reading")
    page.unroute(AWAY)
    saved(page)
    assert city(product, code) == "Reading"


def test_an_answer_given_elsewhere_while_the_page_was_loading_is_shown_once_it_is_there(product: Product, page: Page) -> None:
    code = enter(page, product)
    first, held = list[Route](), list[Route]()
    page.route("**/static/journal.js*", lambda route: first.append(route))
    page.route("**/static/form.js*", lambda route: held.append(route))
    page.evaluate("sessionStorage.setItem('sent', String(Date.now() + 60_000))")  # so that the page asks at once what it has missed
    page.goto(product.url("/apply/company"), wait_until="commit")
    expect(page.get_by_label(CITY)).to_have_value("")
    posted(product, "/api/save-draft", {"invitationCode": code, "step": 1, "formData": {"companyCity": "Reading"}})
    asked_for(page, first)
    asked_for(page, held)
    with page.expect_response(AWAY):
        first[0].continue_()
    held[0].continue_()
    alive(page)
    expect(page.get_by_label(CITY)).to_have_value("Reading")


def test_a_tag_that_was_typed_and_not_yet_added_is_there_when_the_page_is_opened_again(product: Product, page: Page) -> None:
    code = enter(page, product, "capabilities")
    page.get_by_role("combobox", name="Equipment brands").press_sequentially("victron")
    page.reload()
    alive(page)
    expect(place(page, "equipment_brands").get_by_role("button", name="Remove Victron")).to_be_visible()
    saved(page)
    assert answers(product, code, 3)["equipment_brands"] == ["Victron"]


def test_a_window_on_its_way_to_the_next_page_keeps_what_it_has_not_sent_when_another_opens_meanwhile(product: Product, page: Page) -> None:
    code, held = enter(page, product), list[Route]()
    page.route(AWAY, lambda route: route.abort())
    page.get_by_label(CITY).fill("Leeds")
    expect(page.locator("#draft-state")).to_have_text(OFFLINE)
    page.route("**/static/journal.js*", lambda route: held.append(route))
    page.goto(product.url("/apply/company"), wait_until="commit")
    asked_for(page, held)
    other = page.context.new_page()
    at(other, product, "company")
    expect(other.get_by_label(CITY)).to_have_value("Leeds")  # nobody else seemed to be there to send it
    saved(other)
    held[0].continue_()
    alive(page)
    page.get_by_label(CITY).fill("York")
    expect(page.locator("#draft-state")).to_have_text(OFFLINE)
    other.get_by_label(CITY).fill("Reading")
    saved(other)
    page.unroute(AWAY)
    page.get_by_role("button", name="Keep this one").click()
    saved(page)
    assert city(product, code) == "York"


def test_an_answer_that_an_interface_stores_appears_in_an_open_page(product: Product, page: Page) -> None:
    code = enter(page, product)
    posted(product, "/api/save-draft", {"invitationCode": code, "step": 1, "formData": {"companyCity": "Reading"}})
    expect(page.get_by_label(CITY)).to_have_value("Reading")


def test_what_an_interface_stores_in_its_own_shapes_is_shown_as_drawn_and_holds_up_nothing(product: Product, page: Page) -> None:
    code = enter(page, product, "capabilities")
    form = {"equipmentBrands": "Tesla; Victron", "projectsPerMonth": 12, "nationwideCoverage": "no", "servicesOffered": 7}
    posted(product, "/api/save-draft", {"invitationCode": code, "step": 3, "formData": {**form, "geographicCoverage": "wales"}})
    expect(place(page, "equipment_brands").get_by_role("button", name="Remove Victron")).to_be_visible()
    expect(place(page, "projects_per_month").get_by_role("textbox")).to_have_value("12")
    expect(place(page, "nationwide_coverage").get_by_role("radio", name="No", exact=True)).to_be_checked()
    expect(page.get_by_role("checkbox", name="Wales", exact=True)).to_be_checked()
    place(page, "team_size").get_by_role("textbox").fill("9")
    saved(page)


def test_what_is_typed_on_a_page_that_is_left_before_its_scripts_are_there_is_sent_by_the_next(product: Product, page: Page) -> None:
    code, held = enter(page, product), list[Route]()
    page.route("**/static/journal.js*", lambda route: held.append(route))
    page.goto(product.url("/apply/company"), wait_until="commit")
    page.get_by_label(CITY).press_sequentially("Reading")
    page.get_by_role("radio", name="Sole trader").check()
    page.unroute("**/static/journal.js*")
    at(page, product, "contact")
    eventually(lambda: answers(product, code).get("company_city") == "Reading", "the last key in the database")
    assert answers(product, code)["company_type"] == "Sole trader"
