"""A telephone and a certificate on paper: where a PDF is wanted, photos of its pages become one."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from e2e.partner import enter, found
from e2e.person import barriers, chooser_by_key
from e2e.product import Product, eventually
from tests.papers import DOCX, pdf

SLOT, SEVERAL, PICTURE = "public_liability_certificate", "team_cvs", "company_registration_certificate"
RED, BLUE, GREEN = (200, 30, 30), (30, 30, 200), (30, 150, 30)
TELEPHONE = {
    "viewport": {"width": 375, "height": 780},
    "has_touch": True,
    "is_mobile": True,
    "locale": "en-GB",
    "timezone_id": "Europe/London",
}


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page on a telephone's screen."""
    context = browser.new_context(**TELEPHONE)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def test_a_photo_of_a_certificate_becomes_an_upright_pdf_of_one_page(product: Product, phone: Page) -> None:
    code, slot = _at_insurance(phone, product)
    expect(slot).to_contain_text("PDF, or photos of the pages, up to 10 MB")
    expect(slot.get_by_text("Take a photo")).to_be_visible()
    slot.locator("input[capture]").set_input_files(_photo("1000012345.jpg", RED, held=6))
    expect(slot.locator("li.stored")).to_contain_text(f"photo {date.today().isoformat()}.pdf")
    expect(slot.locator("li.stored")).to_contain_text("Made into a PDF from your photo")
    expect(slot.locator("li.stored")).to_contain_text("1 page · ")
    expect(slot.locator("li.stored img")).to_have_js_property("naturalHeight", 320)
    [file] = _files(product, code)
    assert (file["fileType"], file["pages"]) == ("application/pdf", 1)
    [page] = _pages(_content(phone, product, file["publicId"]))
    assert page.height > page.width and _close(page.getpixel((int(page.width * 0.85), int(page.height * 0.15))), RED), (
        "the corner is top right"
    )
    assert _close(page.getpixel((int(page.width * 0.15), int(page.height * 0.15))), (255, 255, 255))


def test_photos_that_are_chosen_together_are_the_pages_of_one_pdf_in_their_order(product: Product, phone: Page) -> None:
    code, slot = _at_insurance(phone, product)
    _choose(slot, _photo("IMG_1.jpg", RED), _photo("IMG_2.jpg", BLUE, held=6), _png("IMG_3.png", GREEN))
    expect(slot.locator("li.stored")).to_contain_text("Made into a PDF from your 3 photos")
    expect(slot.get_by_role("link", name="IMG_1.pdf")).to_be_visible()
    [file] = _files(product, code)
    assert (file["fileName"], file["pages"]) == ("IMG_1.pdf", 3)
    first, second, third = _pages(_content(phone, product, file["publicId"]))
    assert (first.width > first.height, second.width > second.height, third.width > third.height) == (True, False, True)
    for page, colour, x in ((first, RED, 0.15), (second, BLUE, 0.85), (third, GREEN, 0.15)):
        assert _close(page.getpixel((int(page.width * x), int(page.height * 0.15))), colour)


def test_a_page_is_added_to_what_was_photographed_and_taken_away_again(product: Product, phone: Page) -> None:
    code, slot = _at_insurance(phone, product)
    slot.locator("input[capture]").set_input_files(_photo("image.jpg", RED))
    expect(slot.locator("li.stored")).to_contain_text("1 page · ")
    slot.get_by_role("button", name=re.compile("^Add a page")).focus()
    chooser_by_key(phone).set_files([_photo("image.jpg", BLUE)])
    expect(slot.locator("li.stored")).to_contain_text("2 pages · ")
    expect(slot.locator("li.stored")).to_have_count(1)
    expect(slot.get_by_role("button", name=re.compile("^Add a page"))).to_be_focused()
    [file] = _files(product, code)
    first, second = _pages(_content(phone, product, file["publicId"]))
    assert _close(first.getpixel((first.width // 7, first.height // 7)), RED) and _close(
        second.getpixel((second.width // 7, second.height // 7)), BLUE
    )
    expect(slot.locator("li.undo")).to_contain_text("A page is added to photo")
    slot.get_by_role("button", name=re.compile("^Undo")).click()
    expect(slot.locator("li.stored")).to_contain_text("1 page · ")
    assert [one["pages"] for one in _files(product, code)] == [1]
    expect(slot.get_by_role("button", name=re.compile("^Add a page"))).to_be_visible()


def test_while_a_page_is_prepared_no_other_can_take_its_place(product: Product, phone: Page) -> None:
    _code, slot = _at_insurance(phone, product)
    slot.locator("input[capture]").set_input_files(_photo("image.jpg", RED))
    expect(slot.locator("li.stored")).to_contain_text("1 page · ")
    phone.evaluate("(({ fit }) => { window.papers.fit = (...all) => new Promise((done) => setTimeout(done, 1500)).then(() => fit(...all)); })(window.papers)")
    more = slot.get_by_role("button", name=re.compile("^Add a page"))
    with phone.expect_file_chooser() as chooser:
        more.click()
    chooser.value.set_files([_photo("image.jpg", BLUE)])
    expect(slot.get_by_text("Preparing")).to_be_visible()
    expect(more).to_have_count(0)
    expect(slot.locator("li.stored")).to_contain_text("2 pages · ")
    expect(more).to_be_visible()


def test_where_several_documents_belong_each_photo_is_one_until_a_page_is_added(product: Product, phone: Page) -> None:
    code = enter(phone, product, "capabilities")
    slot = phone.locator(f"[data-slot={SEVERAL}]")
    expect(slot).to_contain_text("PDF or DOCX, or photos of the pages, up to 10 MB each")
    _choose(slot, _photo("CV Marsh.jpg", RED), _photo("CV Price.jpg", BLUE))
    expect(slot.locator("li.stored")).to_have_count(2)
    with phone.expect_file_chooser() as chooser:
        slot.get_by_role("button", name="Add a page CV Marsh.pdf").click()
    chooser.value.set_files([_photo("more.jpg", GREEN)])
    expect(slot.locator("li.stored", has_text="CV Marsh.pdf")).to_contain_text("2 pages")
    assert sorted((one["fileName"], one["pages"]) for one in _files(product, code)) == [("CV Marsh.pdf", 2), ("CV Price.pdf", 1)]


def test_a_page_that_is_added_while_the_portal_is_away_replaces_the_shorter_one_after_a_reload_too(product: Product, phone: Page) -> None:
    code = enter(phone, product, "capabilities")
    slot = phone.locator(f"[data-slot={SEVERAL}]")
    _choose(slot, _photo("CV Marsh.jpg", RED))
    expect(slot.locator("li.stored")).to_have_count(1)
    phone.route(re.compile(re.escape(product["s3_endpoint"])), lambda route: route.abort())
    with phone.expect_file_chooser() as chooser:
        slot.get_by_role("button", name="Add a page CV Marsh.pdf").click()
    chooser.value.set_files([_photo("more.jpg", GREEN)])
    expect(slot.locator("li.broken")).to_contain_text("Made into a PDF from your 2 photos")
    phone.unroute_all()
    phone.reload()
    expect(slot.locator("li.stored", has_text="2 pages")).to_be_visible()
    eventually(lambda: [one["pages"] for one in _files(product, code)] == [2], "the shorter one to be taken out")


def test_where_a_photo_will_do_it_stays_one_until_it_has_a_second_page(product: Product, phone: Page) -> None:
    code = enter(phone, product)
    phone.get_by_label("Company registration number").fill("7654321")
    slot = phone.locator(f"[data-slot={PICTURE}]")
    _choose(slot, _photo("Front.jpg", RED))
    expect(slot.locator("li.stored")).to_contain_text("Front.jpg")
    expect(slot.locator(".made")).to_be_empty()
    with phone.expect_file_chooser() as chooser:
        slot.get_by_role("button", name="Add a page Front.jpg").click()
    chooser.value.set_files([_photo("Back.jpg", BLUE)])
    expect(slot.locator("li.stored")).to_contain_text("Front.pdf")
    expect(slot.locator("li.stored")).to_contain_text("Made into a PDF from your 2 photos")
    assert [(one["fileName"], one["pages"]) for one in _files(product, code)] == [("Front.pdf", 2)]
    _choose(slot, _photo("One.jpg", RED), _photo("Two.jpg", BLUE))
    expect(slot.locator("li.stored")).to_contain_text("One.pdf")
    assert [(one["fileName"], one["pages"]) for one in _files(product, code)] == [("One.pdf", 2)]


def test_the_date_that_was_given_stays_when_a_page_is_added(product: Product, phone: Page) -> None:
    code = enter(phone, product, "roles")
    phone.get_by_role("checkbox", name="ISO 9001").check()
    slot = phone.locator("[data-slot=iso_certificates]")
    _choose(slot, _photo("ISO.jpg", RED))
    expect(slot.locator("li.stored")).to_be_visible()
    slot.get_by_label("Valid until (ISO.jpg)").fill("2031-05-04")
    slot.get_by_label("Valid until (ISO.jpg)").blur()
    expect(slot.get_by_role("status")).to_have_text("Expiry date of ISO.jpg is saved")
    with phone.expect_file_chooser() as chooser:
        slot.get_by_role("button", name="Add a page ISO.jpg").click()
    chooser.value.set_files([_photo("Back.jpg", BLUE)])
    expect(slot.locator("li.stored")).to_contain_text("2 pages")
    expect(slot.get_by_label("Valid until (ISO.pdf)")).to_have_value("2031-05-04")
    eventually(
        lambda: [(one["pages"], one["expiryDate"]) for one in _files(product, code)] == [(2, "2031-05-04")], "one document with its date"
    )


def test_photos_beyond_the_limit_are_made_small_enough_together(product: Product, phone: Page, tmp_path: Path) -> None:
    code, slot = _at_insurance(phone, product)
    photos = [tmp_path / f"IMG_{number}.jpg" for number in range(4)]
    for photo in photos:
        Image.frombytes("RGB", (2600, 1950), os.urandom(2600 * 1950 * 3)).save(photo, "JPEG", quality=85)
    assert sum(photo.stat().st_size for photo in photos) > 10_000_000
    slot.locator("input[type=file]:not([capture])").set_input_files(photos)
    expect(slot.locator("li.stored")).to_contain_text("4 pages", timeout=120_000)
    [file] = _files(product, code)
    assert 2_000_000 < file["fileSize"] <= 10_000_000


def test_a_page_that_cannot_be_opened_stops_the_whole_and_is_named(product: Product, phone: Page) -> None:
    code, slot = _at_insurance(phone, product)
    for bad, words in (
        (
            FilePayload(name="IMG_9.jpg", mimeType="image/jpeg", buffer=b"\xff\xd8\xff nothing"),
            "“IMG_9.jpg” could not be opened as a photo",
        ),
        (
            FilePayload(name="IMG_9.HEIC", mimeType="image/heic", buffer=b"\0\0\0\x18ftypheic"),
            "“IMG_9.HEIC” is a photo in Apple's HEIC format",
        ),
        (FilePayload(name="IMG_9.png", mimeType="image/png", buffer=b""), "“IMG_9.png” is empty"),
    ):
        _choose(slot, _photo("IMG_1.jpg", RED), bad)
        expect(phone.locator(f"#{SLOT}-error")).to_contain_text(words)
        expect(slot.locator("li")).to_have_count(0)
    assert _files(product, code) == []


def test_what_is_neither_a_photo_nor_of_its_kinds_is_told_what_can_be_used(product: Product, phone: Page) -> None:
    code, slot = _at_insurance(phone, product)
    _choose(slot, FilePayload(name="Letter.docx", mimeType="application/msword", buffer=DOCX))
    expect(phone.locator(f"#{SLOT}-error")).to_have_text("“Letter.docx” cannot be used here. Choose a PDF file, or photos of the pages.")
    _choose(slot, FilePayload(name="Scan.pdf", mimeType="application/pdf", buffer=pdf()), _photo("IMG_1.jpg", RED))
    expect(phone.locator(f"#{SLOT}-error")).to_have_text("This takes one file, so only “Scan.pdf” was taken.")
    expect(slot.locator("li.stored")).to_contain_text("Scan.pdf")
    expect(slot.get_by_role("button", name=re.compile("^Add a page"))).to_have_count(0)
    assert [(one["fileName"], one["fileType"]) for one in _files(product, code)] == [("Scan.pdf", "application/pdf")]


def test_a_slot_with_a_photographed_document_can_be_used_by_everybody(product: Product, phone: Page) -> None:
    _, slot = _at_insurance(phone, product)
    slot.locator("input[capture]").set_input_files(_photo("image.jpg", RED))
    expect(slot.locator("li.stored")).to_be_visible()
    assert barriers(phone, "a photographed document") == []
    small = slot.locator("button, .btn").evaluate_all(
        "all => all.filter(one => one.getBoundingClientRect().height < 44).map(one => one.textContent)"
    )
    assert small == []


def _at_insurance(page: Page, product: Product) -> tuple[str, Locator]:
    code = enter(page, product, "insurance")
    page.locator("[data-question=public_liability_insurance]").get_by_role("radio", name="Yes").check()
    slot = page.locator(f"[data-slot={SLOT}]")
    expect(slot).to_be_visible()
    return code, slot


def _choose(slot: Locator, *files: FilePayload) -> None:
    slot.locator("input[type=file]:not([capture])").set_input_files(list(files))


def _files(product: Product, code: str) -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = found(product, "/api/draft", code)["files"]
    return files


def _content(page: Page, product: Product, public_id: str) -> bytes:
    return page.request.get(product.url(f"/documents/{public_id}")).body()


def _pages(content: bytes) -> list[Image.Image]:
    """The pages as they are seen. A reader mends a wrong index in silence, so it is followed here to the byte."""
    index = int(content.rpartition(b"startxref\n")[2].split()[0])
    head, _, rest = content[index:].partition(b"\n0000000000 65535 f \n")
    count = int(head.split()[-1])
    assert head == b"xref\n0 %d" % count
    for number in range(1, count):
        line = rest[(number - 1) * 20 : number * 20]
        assert line.endswith(b" 00000 n \n")
        assert content[int(line[:10]) :].startswith(b"%d 0 obj\n" % number)
    assert rest[(count - 1) * 20 :].startswith(b"trailer\n")
    document = pypdfium2.PdfDocument(content)
    assert {tuple(sorted(page.get_size())) for page in document} == {(595.0, 842.0)}, "A4"
    return [page.render(scale=1).to_pil() for page in document]


def _close(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 25 for one, other in zip(pixel, colour, strict=True))


def _paper(colour: tuple[int, int, int]) -> Image.Image:
    """A lying white sheet with a coloured corner at its top left."""
    sheet = Image.new("RGB", (1600, 1200), "white")
    sheet.paste(colour, (0, 0, 480, 360))
    return sheet


def _photo(name: str, colour: tuple[int, int, int], held: int = 1) -> FilePayload:
    """The sheet as a telephone's photo; `held` is EXIF's orientation, 6 when it was held upright."""
    sheet, out = _paper(colour), io.BytesIO()
    exif = sheet.getexif()
    exif[0x112] = held
    sheet.save(out, "JPEG", quality=92, exif=exif)
    return FilePayload(name=name, mimeType="image/jpeg", buffer=out.getvalue())


def _png(name: str, colour: tuple[int, int, int]) -> FilePayload:
    out = io.BytesIO()
    _paper(colour).save(out, "PNG")
    return FilePayload(name=name, mimeType="image/png", buffer=out.getvalue())
