"""Documents as a partner hands them in: by choosing or dropping, several at once, refused in words, with the store away."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from e2e.partner import at, enter, found
from e2e.person import drop
from e2e.product import Product
from tests.papers import pdf

SLOT = "company_registration_certificate"


def test_a_chosen_file_is_stored_and_there_after_a_reload(product: Product, page: Page) -> None:
    code = _at_documents(page, product)
    _choose(page, SLOT, ("Certificate.pdf", pdf("Certificate")))
    row = page.locator(f"[data-slot={SLOT}] li.stored")
    expect(row.get_by_role("link", name="Certificate.pdf")).to_be_visible()
    expect(page.locator(f"[data-slot={SLOT}]").get_by_role("status")).to_have_text("Certificate.pdf is uploaded")
    at(page, product, "company")
    expect(page.locator(f"[data-slot={SLOT}] li.stored")).to_contain_text("Certificate.pdf")
    assert _held(product, code) == [(SLOT, "Certificate.pdf")]
    opened = page.request.get(product.url(str(row.get_by_role("link").get_attribute("href"))))
    assert opened.body().startswith(b"%PDF-") and opened.headers["content-type"] == "application/pdf"


def test_several_files_are_dropped_at_once_and_the_rail_counts_the_document(product: Product, page: Page, tmp_path: Path) -> None:
    code = enter(page, product, "capabilities")
    line = page.locator(".steps li").nth(2)
    expect(line).to_contain_text("0 of 14")
    files = [tmp_path / f"CV {name}.pdf" for name in ("Marsh", "Price", "Nair")]
    for file in files:
        file.write_bytes(pdf(file.stem))
    drop(page, "team_cvs", files)
    expect(line).to_contain_text("1 of 14")
    assert sorted(_held(product, code)) == [("team_cvs", file.name) for file in sorted(files)]


def test_a_slot_for_one_file_replaces_it(product: Product, page: Page) -> None:
    code = _at_documents(page, product)
    _choose(page, SLOT, ("Old.pdf", pdf("Old")))
    expect(page.locator(f"[data-slot={SLOT}] li.stored")).to_contain_text("Old.pdf")
    expect(page.locator(f"[data-slot={SLOT}] .choose")).to_have_text("Replace")
    _choose(page, SLOT, ("New.pdf", pdf("New")))
    expect(page.locator(f"[data-slot={SLOT}] li")).to_have_count(1)
    expect(page.locator(f"[data-slot={SLOT}] li.stored")).to_contain_text("New.pdf")
    assert _held(product, code) == [(SLOT, "New.pdf")]


def test_a_removed_file_is_gone_here_and_in_the_portal(product: Product, page: Page) -> None:
    code = _at_documents(page, product)
    _choose(page, SLOT, ("Certificate.pdf", pdf("Certificate")))
    page.get_by_role("button", name="Remove Certificate.pdf").click()
    expect(page.locator(f"[data-slot={SLOT}] li")).to_have_count(0)
    assert _held(product, code) == []


def test_what_cannot_be_used_is_refused_in_words_beside_the_slot(product: Product, page: Page) -> None:
    code = _at_documents(page, product)
    for name, content, words in (
        ("Certificate.exe", b"MZ", "Choose a PDF, JPG or PNG file"),
        ("Certificate.pdf", b"MZ this is a program", "is not a real PDF file"),
        ("Large.pdf", b"%PDF-1.4" + b"0" * 11_000_000, "larger than 10 MB"),
        ("Empty.pdf", b"", "is empty"),
    ):
        _choose(page, SLOT, (name, content))
        expect(page.locator(f"#{SLOT}-error")).to_contain_text(words)
        expect(page.locator(f"[data-slot={SLOT}] li")).to_have_count(0)
    assert _held(product, code) == []


def test_with_the_store_away_the_file_waits_for_another_try(product: Product, page: Page) -> None:
    code = _at_documents(page, product)
    page.route(re.compile(re.escape(product["s3_endpoint"])), lambda route: route.abort())
    _choose(page, SLOT, ("Certificate.pdf", pdf("Certificate")))
    expect(page.locator(f"[data-slot={SLOT}] li.failed")).to_contain_text("did not arrive")
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(f"[data-slot={SLOT}] li.stored")).to_be_visible()
    assert _held(product, code) == [(SLOT, "Certificate.pdf")]


def test_a_certificate_keeps_the_date_on_which_it_runs_out(product: Product, page: Page) -> None:
    enter(page, product, "roles")
    page.get_by_role("checkbox", name="ISO 9001").check()
    _choose(page, "iso_certificates", ("ISO 9001.pdf", pdf("ISO 9001")))
    page.get_by_label("Valid until (ISO 9001.pdf)").fill("2031-05-04")
    page.get_by_label("Valid until (ISO 9001.pdf)").blur()
    expect(page.locator("[data-slot=iso_certificates]").get_by_role("status")).to_have_text("Expiry date of ISO 9001.pdf is saved")
    at(page, product, "check")
    expect(page.get_by_text("valid until 4 May 2031")).to_be_visible()
    at(page, product, "roles")
    expect(page.get_by_label("Valid until (ISO 9001.pdf)")).to_have_value("2031-05-04")


def test_an_upload_can_be_cancelled(product: Product, page: Page) -> None:
    code = _at_documents(page, product)
    network = page.context.new_cdp_session(page)
    network.send("Network.emulateNetworkConditions", {"offline": False, "latency": 50, "downloadThroughput": -1, "uploadThroughput": 200_000})
    _choose(page, SLOT, ("Slow.pdf", pdf("Slow") + b"\n%" + b"0" * 6_000_000))
    expect(page.get_by_role("progressbar", name="Upload of Slow.pdf")).to_be_visible()
    page.get_by_role("button", name="Cancel Slow.pdf").click()
    expect(page.locator(f"[data-slot={SLOT}] li")).to_have_count(0)
    assert _held(product, code) == []


def test_a_file_dropped_beside_a_slot_does_not_replace_the_page(product: Product, page: Page) -> None:
    enter(page, product)
    prevented = page.evaluate("""() => {
      const data = new DataTransfer();
      data.items.add(new File(['x'], 'x.pdf'));
      const event = new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true });
      document.querySelector('h1').dispatchEvent(event);
      return event.defaultPrevented;
    }""")
    assert prevented is True


def test_a_page_of_an_application_that_is_no_longer_open_here_uploads_nothing_into_the_next(product: Product, page: Page) -> None:
    _at_documents(page, product)
    other = page.context.new_page()
    second = enter(other, product)
    _choose(page, SLOT, ("Certificate.pdf", pdf("Certificate")))
    expect(page.locator(f"[data-slot={SLOT}] li.failed")).to_contain_text("out of date")
    assert _held(product, second) == []


def _at_documents(page: Page, product: Product) -> str:
    code = enter(page, product)
    page.get_by_label("Company registration number").fill("7654321")
    expect(page.locator(f"[data-slot={SLOT}]")).to_be_visible()
    return code


def _choose(page: Page, slot: str, *files: tuple[str, bytes]) -> None:
    held = [{"name": name, "mimeType": "application/pdf", "buffer": content} for name, content in files]
    page.locator(f"[data-slot={slot}] input[type=file]").set_input_files(held)  # type: ignore[arg-type]


def _held(product: Product, code: str) -> list[tuple[str, str]]:
    return [(file["slot"], file["fileName"]) for file in found(product, "/api/draft", code)["files"]]
