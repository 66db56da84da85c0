"""Nobody shut out at the desk: axe finds nothing on its pages and in its dialogs, open, filled in and refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from e2e import states
from e2e.looking import VIEWS, State, looking
from e2e.product import Product, until
from models.columns import COLUMNS
from tests import desk

LISTS = ("/review", "/review?status=all", "/review?q=nobody+has+this", "/invitations?status=all", "/deliveries?status=all")
#: Dialogs of the invitations → the button that opens them, and what is typed that cannot be.
REFUSED = {
    "invite": (".title button.go", "X"), "send again": ("[data-act=resend]", "no address"), "extend": ("[data-act=extend]", "2020-01-01"),
}  # fmt: skip
#: What differs on an application from state to state, beside its answers.
ASIDE = "#decision"
#: What stands below the answers on a narrow screen.
BAR = ".to-decision"
CHOOSER = "Adam Novak"  # who may do everything


class Cases(NamedTuple):
    """References of applications, by how far they are."""

    fresh: str
    judged: str
    reviewed: str
    rejected: str
    asked: str


@pytest.fixture(scope="module")
def cases(product: Product) -> Cases:
    """An application in each state, one with documents; one company has a long name."""
    with states.within(product):
        code = states.invited()
        states.answered(code)
        states.documented(code)
        found = Cases(
            states.sent(code), *(desk.applied(name) for name in (states.LONG_COMPANY, "Reviewed Ltd", "Rejected Ltd", "Asked Ltd"))
        )
        states.judged(found.judged)
        states.judged(found.reviewed, reviewed=True)
        desk.brought(found.rejected, to="rejected")
        states.asked(found.asked)
        states.failing(found.judged)
        states.contradicted(found.fresh)
    return found


@pytest.mark.parametrize("language", VIEWS)
def test_axe_finds_nothing_in_the_lists_of_the_desk_and_their_dialogs(
    product: Product, browser: Browser, cases: Cases, language: str
) -> None:
    with looking(browser, language, "desk") as look:
        product.sign_in(look.page, CHOOSER)
        assert look.each(_in_the_lists(product, look.page)) == []


@pytest.mark.parametrize("language", VIEWS)
def test_axe_finds_nothing_while_an_application_is_judged(product: Product, browser: Browser, cases: Cases, language: str) -> None:
    with looking(browser, language, "case") as look:
        product.sign_in(look.page, CHOOSER)
        assert look.each(_judging(product, look.page, cases)) == []


def _in_the_lists(product: Product, page: Page) -> Iterator[State]:
    for path in LISTS:
        _go(product, page, path)
        yield path.strip("/").replace("/", " ").replace("?", " ")
    yield from _at_the_list(product, page)
    _go(product, page, "/invitations")
    for name, (opener, typed) in REFUSED.items():
        dialog = _opened(page, opener)
        dialog.locator("input").first.fill(typed)
        _refused(dialog)
        yield name
        _closed(page)
    _opened(page, "[data-act=revoke]")
    yield "revoke"
    _go(product, page, "/deliveries?status=failed")
    _refused(_opened(page, "[data-act=settle]"))
    yield "settle, refused"


def _at_the_list(product: Product, page: Page) -> Iterator[State]:
    """What opens over and below the list of applications."""
    _go(product, page, "/review?view=all&flag=any&columns=" + ",".join(COLUMNS))
    yield "applications, every column"
    page.locator("#sift").click()
    yield "applications, filters"
    page.locator("#sift").click()
    page.locator("tbody .tick input").first.check()
    expect(page.locator("#ticked")).to_be_visible()
    yield "applications, selected", "main"
    page.locator("#columns-open").click()
    expect(page.locator("#columns")).to_be_visible()
    yield "applications, columns", "#columns"


def _judging(product: Product, page: Page, cases: Cases) -> Iterator[State]:
    yield from _one_case(product, page, cases.fresh)
    _go(product, page, f"/review/{cases.judged}")
    yield "judged"
    yield "judged, the bar that leads to the decision", BAR
    _opened(page, _deed(0))
    yield "mark reviewed"
    _go(product, page, f"/review/{cases.reviewed}")
    yield "ready for the decision", f"{ASIDE}, {BAR}"
    for name, number in {"approve": 0, "reject": 1, "reopen": 3}.items():
        dialog = _opened(page, _deed(number))
        if name == "reject":
            _refused(dialog)
        yield name
        _closed(page)
    for name, reference in {"rejected": cases.rejected, "waiting for the partner": cases.asked}.items():
        _go(product, page, f"/review/{reference}")
        yield name, ASIDE


def _one_case(product: Product, page: Page, reference: str) -> Iterator[State]:
    """An application that nobody has judged: a document beside it, a reason, and the dialog that asks the partner."""
    _go(product, page, f"/review/{reference}")
    expect(page.locator("#conflict")).to_be_visible()
    yield "fresh, with an edit in SharePoint that was not followed"
    page.locator(".composer textarea").press_sequentially("@a")
    expect(page.get_by_role("option").first).to_be_visible()
    yield "a colleague to mention", ".composer"
    page.keyboard.press("Escape")
    page.locator("#note-public").click()
    expect(page.locator(".composer.to-partner")).to_be_visible()
    yield "a note to the partner", ".composer"
    page.keyboard.press("Control+k")
    expect(page.locator("#palette [role=option]").first).to_be_visible()
    yield "palette", "#palette"
    page.keyboard.press("Escape")
    page.locator("#section-insurance a[data-document]").first.click()
    expect(page.locator("#papers")).to_be_visible()
    yield "a document beside it", "#papers"
    page.keyboard.press("Escape")
    page.locator("#section-insurance .rulings .concern").click()
    _refused(page.locator("#section-insurance .reason"))
    yield "a concern without a reason", "#section-insurance"
    dialog = _opened(page, "#decision .deeds button:not([disabled])")
    yield "request"
    find = dialog.locator("input[role=combobox]")
    find.press("ArrowDown")
    expect(page.get_by_role("option").first).to_be_visible()
    yield "request, what it may be about"
    page.get_by_role("option").first.click()
    expect(dialog.locator("li.one")).to_be_visible()
    dialog.locator("textarea").first.fill(states.NEEDED)
    dialog.locator("input[type=date]").first.fill("2020-01-01")
    dialog.locator("li.one textarea").fill(states.NEEDED)
    _refused(dialog)
    yield "request, refused"


def _deed(number: int) -> str:
    return f"#decision .deeds button:not([disabled]) >> nth={number}"


def _go(product: Product, page: Page, path: str) -> None:
    page.goto(product.url(path))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    until(page, "window.did_handshake")


def _opened(page: Page, opener: str) -> Locator:
    """The dialog that a button opens."""
    page.locator(opener).first.click()
    dialog = page.get_by_role("dialog").locator(".sheet")
    expect(dialog).to_be_visible()
    return dialog


def _refused(place: Locator) -> None:
    """What is sent now is not complete, and it is said."""
    place.locator(".ends .btn").last.click()
    expect(place.locator("[role=alert]:not(:empty)").first).to_be_visible()


def _closed(page: Page) -> None:
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
