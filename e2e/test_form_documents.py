"""Documents as a partner hands them in: chosen, dropped, photographed; refused in words; over lines that break, and on other pages."""

from __future__ import annotations

import io
import os
import re
from collections import Counter
from datetime import date
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, CDPSession, Page, Request, expect

from e2e.partner import at, enter, found
from e2e.person import chooser_by_key, drop
from e2e.product import Product, eventually
from tests.papers import large_pdf, locked_pdf, pdf

SLOT = "company_registration_certificate"
#: How many uploads this browser keeps.
KEPT = """() => new Promise((done) => {
  const opened = indexedDB.open("uploads", 1);
  opened.onupgradeneeded = () => opened.result.createObjectStore("files", { keyPath: "id" });
  opened.onsuccess = () => { opened.result.transaction("files").objectStore("files").count().onsuccess = ({ target }) => done(target.result); };
})"""


def test_a_chosen_file_is_stored_and_there_after_a_reload(product: Product, page: Page) -> None:
    code = _at_documents(page, product)
    _choose(page, SLOT, ("Certificate.pdf", pdf("Certificate")))
    row = page.locator(f"[data-slot={SLOT}] li.stored")
    expect(row.get_by_role("link", name="Certificate.pdf")).to_be_visible()
    expect(page.locator(f"[data-slot={SLOT}]").get_by_role("status")).to_have_text("Certificate.pdf is uploaded")
    expect(row).to_contain_text("1 page · ")
    expect(row.locator("img")).to_have_js_property("naturalHeight", 320)
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
    expect(page.locator(f"[data-slot={SLOT}] li.stored")).to_have_text(re.compile("New.pdf"))
    expect(page.locator(f"[data-slot={SLOT}] li.stored")).to_have_count(1)
    assert _held(product, code) == [(SLOT, "New.pdf")]
    page.get_by_role("button", name="Undo Old.pdf").click()
    expect(page.locator(f"[data-slot={SLOT}] li")).to_have_count(1)
    expect(page.locator(f"[data-slot={SLOT}] li")).to_have_text(re.compile("Old.pdf"))
    assert _held(product, code) == [(SLOT, "Old.pdf")]


def test_a_removed_file_is_gone_here_and_in_the_portal_and_can_be_put_back(product: Product, page: Page) -> None:
    code = _at_documents(page, product)
    _choose(page, SLOT, ("Certificate.pdf", pdf("Certificate")))
    page.get_by_role("button", name="Remove Certificate.pdf").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Undo Certificate.pdf")).to_be_focused()
    assert _held(product, code) == []
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Certificate.pdf")).to_be_focused()
    assert _held(product, code) == [(SLOT, "Certificate.pdf")]
    page.get_by_role("button", name="Remove Certificate.pdf").click()
    expect(page.get_by_role("button", name="Undo Certificate.pdf")).to_be_visible()
    at(page, product, "company")
    expect(page.locator(f"[data-slot={SLOT}] li")).to_have_count(0)
    assert _held(product, code) == []


def test_what_cannot_be_used_is_refused_in_words_beside_the_slot(product: Product, page: Page) -> None:
    code = _at_documents(page, product)
    for name, content, words in (
        ("Certificate.exe", b"MZ", "Choose a PDF, JPG or PNG file"),
        ("Certificate.pdf", b"MZ this is a program", "is not a real PDF file"),
        ("Large.pdf", b"%PDF-1.4" + b"0" * 11_000_000, "larger than 10 MB"),
        ("Empty.pdf", b"", "is empty"),
        ("IMG_1234.HEIC", b"\0\0\0\x18ftypheic", "Apple's HEIC format"),
        ("Secret.pdf", locked_pdf(), "asks for a password"),
    ):
        _choose(page, SLOT, (name, content))
        expect(page.locator(f"#{SLOT}-error")).to_contain_text(words)
        expect(page.locator(f"[data-slot={SLOT}] li")).to_have_count(0)
    assert _held(product, code) == []


def test_of_a_mixed_drop_the_good_ones_stay_and_the_others_are_told_one_by_one(product: Product, page: Page, tmp_path: Path) -> None:
    code = enter(page, product, "capabilities")
    (tmp_path / "Folder of CVs").mkdir()
    for name, content in (("CV Marsh.pdf", pdf("CV")), ("Song.mp3", b"ID3"), ("Nothing.pdf", b"")):
        (tmp_path / name).write_bytes(content)
    _drag(page, "team_cvs", [tmp_path / name for name in ("CV Marsh.pdf", "Song.mp3", "Folder of CVs", "Nothing.pdf")])
    slot = page.locator("[data-slot=team_cvs]")
    expect(slot.locator("li.stored")).to_contain_text("CV Marsh.pdf")
    said = slot.get_by_role("alert").locator("p")
    expect(said).to_have_text([re.compile("“Folder of CVs” is a folder. Open it"), re.compile("“Song.mp3” cannot be used here. Choose a PDF or DOCX file"),
                               re.compile("“Nothing.pdf” is empty")])  # fmt: skip
    assert _held(product, code) == [("team_cvs", "CV Marsh.pdf")]


def test_a_line_that_breaks_in_the_middle_costs_only_what_was_under_way(product: Product, page: Page) -> None:
    code, sent = _at_documents(page, product), _sent_whole(page, product)
    line = _line(page, kilobytes=1500)
    _choose(page, SLOT, ("Scan.pdf", large_pdf(8)))
    row = page.locator(f"[data-slot={SLOT}] li")
    expect(row).to_contain_text(re.compile("[3-6][0-9] % of"))
    _cut(line)
    expect(row).to_have_class(re.compile("broken"))
    expect(row).to_contain_text("You are offline. The upload goes on by itself when you are back")
    _mend(line)
    expect(row).to_have_class(re.compile("stored"))
    assert _held(product, code) == [(SLOT, "Scan.pdf")]
    assert len(sent) == 8 and set(Counter(sent).values()) == {1}


def test_a_reload_in_the_middle_goes_on_by_itself(product: Product, page: Page) -> None:
    code, sent = _at_documents(page, product), _sent_whole(page, product)
    line = _line(page, kilobytes=1500)
    _choose(page, SLOT, ("Scan.pdf", large_pdf(6)))
    row = page.locator(f"[data-slot={SLOT}] li")
    expect(row).to_contain_text(re.compile("[3-6][0-9] % of"))
    page.reload()
    expect(row).to_contain_text(re.compile("[3-9][0-9] % of"))
    _mend(line)
    expect(row).to_have_class(re.compile("stored"))
    assert _held(product, code) == [(SLOT, "Scan.pdf")] and set(Counter(sent).values()) == {1}


def test_a_tab_that_was_closed_goes_on_when_the_partner_comes_back(product: Product, page: Page) -> None:
    code = _at_documents(page, product)
    _line(page, kilobytes=500)
    _choose(page, SLOT, ("Scan.pdf", large_pdf(4)))
    expect(page.locator(f"[data-slot={SLOT}] li")).to_contain_text(re.compile("[2-9][0-9] % of"))
    page.close()
    assert _held(product, code) == []
    later = page.context.new_page()
    at(later, product, "company")
    expect(later.locator(f"[data-slot={SLOT}] li")).to_have_class(re.compile("stored"))
    assert _held(product, code) == [(SLOT, "Scan.pdf")]


def test_saving_and_continuing_drops_no_upload_and_a_tray_tells_of_it(product: Product, page: Page) -> None:
    code = _at_documents(page, product)
    line = _line(page, kilobytes=800)
    _choose(page, SLOT, ("Scan.pdf", large_pdf(6)))
    expect(page.locator(f"[data-slot={SLOT}] li")).to_have_class(re.compile("sending"))
    page.get_by_role("link", name="Save and continue").click()
    tray = page.get_by_role("region", name="Documents of other steps")
    expect(tray).to_contain_text(re.compile(r"Scan.pdf\s*[0-9]+ % uploaded"))
    expect(tray.get_by_role("link", name="Go to it Scan.pdf")).to_have_attribute("href", f"/apply/company#{SLOT}")
    _mend(line)
    expect(tray.get_by_role("status")).to_have_text("Scan.pdf is uploaded")
    expect(tray).to_have_count(0)
    assert _held(product, code) == [(SLOT, "Scan.pdf")]


def test_what_is_refused_while_another_page_is_open_is_told_there(product: Product, page: Page) -> None:
    code = _at_documents(page, product)
    page.route(re.compile(re.escape(product["s3_endpoint"])), lambda route: route.abort())
    _choose(page, SLOT, ("Program.pdf", b"MZ this is a program"))
    expect(page.locator(f"[data-slot={SLOT}] li")).to_have_class(re.compile("broken"))
    at(page, product, "contact")
    page.unroute_all()
    expect(page.get_by_role("alert").filter(has_text="“Program.pdf” is not a real PDF file")).to_be_visible()
    at(page, product, "company")
    expect(page.locator(f"#{SLOT}-error")).to_contain_text("is not a real PDF file")
    at(page, product, "contact")
    expect(page.get_by_role("region", name="Documents of other steps")).to_have_count(0)
    assert _held(product, code) == []


def test_while_the_store_is_away_the_file_waits_and_goes_by_itself_when_it_is_back(product: Product, page: Page) -> None:
    code = _at_documents(page, product)
    page.route(re.compile(re.escape(product["s3_endpoint"])), lambda route: route.abort())
    _choose(page, SLOT, ("Certificate.pdf", pdf("Certificate")))
    row = page.locator(f"[data-slot={SLOT}] li")
    expect(row).to_contain_text("It could not be sent just now. It is tried again by itself.")
    expect(page.get_by_role("button", name="Try now Certificate.pdf")).to_be_visible()
    page.unroute_all()
    expect(row).to_have_class(re.compile("stored"))
    assert _held(product, code) == [(SLOT, "Certificate.pdf")]


def test_two_windows_send_an_upload_once(product: Product, page: Page) -> None:
    code, sent = _at_documents(page, product), _sent_whole(page, product)
    line = _line(page, kilobytes=500)
    _choose(page, SLOT, ("Scan.pdf", large_pdf(4)))
    expect(page.locator(f"[data-slot={SLOT}] li")).to_have_class(re.compile("sending"))
    other = page.context.new_page()
    at(other, product, "company")
    expect(other.locator(f"[data-slot={SLOT}] li")).to_contain_text("Being uploaded in another window")
    _mend(line)
    for one in (page, other):
        expect(one.locator(f"[data-slot={SLOT}] li")).to_have_class(re.compile("stored"))
    assert _held(product, code) == [(SLOT, "Scan.pdf")] and len(sent) == 4


def test_several_at_once_are_told_when_all_are_there(product: Product, page: Page) -> None:
    code = enter(page, product, "capabilities")
    _choose(page, "team_cvs", *((f"CV {number}.pdf", pdf(str(number))) for number in range(5)))
    slot = page.locator("[data-slot=team_cvs]")
    expect(slot.get_by_role("status")).to_have_text("All 5 documents are uploaded")
    expect(slot.locator("li.stored")).to_have_count(5)
    assert len(_held(product, code)) == 5


def test_on_a_telephone_a_photo_is_taken_made_small_enough_and_named(product: Product, browser: Browser) -> None:
    telephone = browser.new_context(viewport={"width": 375, "height": 800}, has_touch=True, is_mobile=True, locale="en-GB", timezone_id="Europe/London")
    page = telephone.new_page()
    code = _at_documents(page, product)
    expect(page.locator(f"[data-slot={SLOT}]").get_by_text("Take a photo")).to_be_visible()
    photo = {"name": "1000012345.jpg", "mimeType": "image/jpeg", "buffer": _photo(3200, 2400)}
    page.locator(f"[data-slot={SLOT}] input[capture]").set_input_files(photo)  # type: ignore[arg-type]
    row = page.locator(f"[data-slot={SLOT}] li.stored")
    expect(row).to_contain_text(f"photo {date.today().isoformat()}.jpg", timeout=60_000)
    file = found(product, "/api/draft", code)["files"][0]
    assert 1_000_000 < file["fileSize"] <= 10_000_000
    stored = Image.open(io.BytesIO(page.request.get(product.url(f"/documents/{file['publicId']}")).body()))
    assert stored.height > stored.width, "it was held upright"
    telephone.close()


def test_at_a_desk_no_camera_is_offered(product: Product, page: Page) -> None:
    _at_documents(page, product)
    expect(page.locator(f"[data-slot={SLOT}]").get_by_text("Take a photo")).to_be_hidden()


def test_the_keyboard_alone_chooses_cancels_and_removes(product: Product, page: Page) -> None:
    code = _at_documents(page, product)
    box = page.get_by_label("Choose a file: Company registration document")
    box.focus()
    chooser = chooser_by_key(page)
    line = _line(page, kilobytes=100)
    chooser.set_files({"name": "Scan.pdf", "mimeType": "application/pdf", "buffer": large_pdf(3)})
    cancel = page.get_by_role("button", name="Cancel Scan.pdf")
    expect(page.locator(f"[data-slot={SLOT}] li")).to_have_class(re.compile("sending"))
    page.keyboard.press("Shift+Tab")
    expect(cancel).to_be_focused()
    page.keyboard.press("Enter")
    expect(box).to_be_focused()
    expect(page.locator(f"[data-slot={SLOT}] li")).to_have_count(0)
    _mend(line)
    assert _held(product, code) == []


def test_the_date_is_asked_while_the_file_is_under_way_and_one_that_is_past_is_told(product: Product, page: Page) -> None:
    enter(page, product, "roles")
    page.get_by_role("checkbox", name="ISO 9001").check()
    page.get_by_role("checkbox", name="ISO 14001").check()
    line = _line(page, kilobytes=150)
    _choose(page, "iso_certificates", ("ISO 9001.pdf", large_pdf(2.5)), ("ISO 14001.pdf", large_pdf(1)))
    page.get_by_label("Valid until (ISO 9001.pdf)").fill("2031-05-04")
    page.get_by_label("Valid until (ISO 14001.pdf)").fill("2020-02-29")
    expect(page.get_by_text("This document ran out on 29 February 2020.")).to_be_visible()
    expect(page.get_by_label("Valid until (ISO 14001.pdf)")).to_have_accessible_description(re.compile("ran out on 29 February 2020"))
    _mend(line)
    expect(page.locator("[data-slot=iso_certificates] li.stored")).to_have_count(2)
    at(page, product, "roles")
    expect(page.get_by_label("Valid until (ISO 9001.pdf)")).to_have_value("2031-05-04")
    expect(page.get_by_label("Valid until (ISO 14001.pdf)")).to_have_value("2020-02-29")


def test_a_date_that_is_given_while_the_portal_is_away_is_sent_later(product: Product, page: Page) -> None:
    code = enter(page, product, "roles")
    page.get_by_role("checkbox", name="ISO 9001").check()
    _choose(page, "iso_certificates", ("ISO 9001.pdf", pdf("ISO")))
    expect(page.locator("[data-slot=iso_certificates] li.stored")).to_be_visible()
    page.route("**/api/upload-file/expiry", lambda route: route.abort())
    page.get_by_label("Valid until (ISO 9001.pdf)").fill("2031-05-04")
    expect(page.locator("[data-slot=iso_certificates]").get_by_role("status")).to_contain_text("kept on this device")
    page.unroute_all()
    at(page, product, "roles")
    expect(page.get_by_label("Valid until (ISO 9001.pdf)")).to_have_value("2031-05-04")
    eventually(lambda: found(product, "/api/draft", code)["files"][0]["expiryDate"] == "2031-05-04", "the date to be stored")


def test_a_certificate_keeps_the_date_on_which_it_runs_out(product: Product, page: Page) -> None:
    enter(page, product, "roles")
    page.get_by_role("checkbox", name="ISO 9001").check()
    _choose(page, "iso_certificates", ("ISO 9001.pdf", pdf("ISO 9001")))
    expect(page.locator("[data-slot=iso_certificates] li.stored")).to_be_visible()
    page.get_by_label("Valid until (ISO 9001.pdf)").fill("2031-05-04")
    page.get_by_label("Valid until (ISO 9001.pdf)").blur()
    expect(page.locator("[data-slot=iso_certificates]").get_by_role("status")).to_have_text("Expiry date of ISO 9001.pdf is saved")
    at(page, product, "check")
    expect(page.get_by_text("valid until 4 May 2031")).to_be_visible()
    at(page, product, "roles")
    expect(page.get_by_label("Valid until (ISO 9001.pdf)")).to_have_value("2031-05-04")


def test_a_file_that_is_still_being_checked_for_viruses_says_so_and_is_asked_for_again(product: Product, page: Page) -> None:
    code, said = _at_documents(page, product), "“Certificate.pdf” is being checked for viruses."
    held = {"status": 503, "headers": {"Retry-After": "2"}, "json": {"detail": said, "errors": [], "beingChecked": True}}  # as the portal answers
    page.route("**/api/upload-file/complete", lambda route: route.fulfill(**held))
    _choose(page, SLOT, ("Certificate.pdf", pdf("Certificate")))
    row = page.locator(f"[data-slot={SLOT}] li")
    expect(row).to_contain_text(said)
    page.reload()
    expect(row).to_contain_text(said)
    expect(row.get_by_role("button", name="Cancel Certificate.pdf")).to_be_visible()
    page.unroute("**/api/upload-file/complete")
    expect(page.locator(f"[data-slot={SLOT}] li.stored")).to_contain_text("Certificate.pdf", timeout=15_000)
    assert _held(product, code) == [(SLOT, "Certificate.pdf")]


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


def test_who_signs_out_on_a_device_leaves_no_document_on_it(product: Product, page: Page) -> None:
    _at_documents(page, product)
    page.route("**/api/upload-file", lambda route: route.abort())
    _choose(page, SLOT, ("Certificate.pdf", pdf("Certificate")))
    expect(page.locator(f"[data-slot={SLOT}] li")).to_contain_text("It is tried again by itself.")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    page.get_by_role("button", name="Sign out on this device").click()
    expect(page.get_by_role("heading", name="Your invitation code")).to_be_visible()
    assert len(asked) == 1 and "Leave all the same?" in asked[0]
    assert page.evaluate(KEPT) == 0


def test_a_page_of_an_application_that_is_no_longer_open_here_uploads_nothing_into_the_next(product: Product, page: Page) -> None:
    _at_documents(page, product)
    other = page.context.new_page()
    second = enter(other, product)
    _choose(page, SLOT, ("Certificate.pdf", pdf("Certificate")))
    expect(page.locator(f"#{SLOT}-error")).to_contain_text("This page is out of date. Reload it, then try again.")
    assert _held(product, second) == []


def _at_documents(page: Page, product: Product) -> str:
    code = enter(page, product)
    page.get_by_label("Company registration number").fill("7654321")
    expect(page.locator(f"[data-slot={SLOT}]")).to_be_visible()
    return code


def _choose(page: Page, slot: str, *files: tuple[str, bytes]) -> None:
    held = [{"name": name, "mimeType": "application/pdf", "buffer": content} for name, content in files]
    page.locator(f"[data-slot={slot}] input[type=file]:not([capture])").set_input_files(held)  # type: ignore[arg-type]


def _held(product: Product, code: str) -> list[tuple[str, str]]:
    return [(file["slot"], file["fileName"]) for file in found(product, "/api/draft", code)["files"]]


def _sent_whole(page: Page, product: Product) -> list[str]:
    """The addresses to which bytes were sent with success, filled as they are."""
    sent: list[str] = []

    def finished(request: Request) -> None:
        answer = request.response() if request.method == "PUT" and request.url.startswith(product["s3_endpoint"]) else None
        if answer and answer.status == 200:
            sent.append(request.url.partition("?")[0])

    page.on("requestfinished", finished)
    return sent


def _line(page: Page, kilobytes: int) -> CDPSession:
    """A slow line from now on: so many kilobytes a second upwards."""
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    _set(line, offline=False, upload=kilobytes * 1000)
    return line


def _cut(line: CDPSession) -> None:
    _set(line, offline=True, upload=-1)


def _mend(line: CDPSession) -> None:
    _set(line, offline=False, upload=-1)


def _set(line: CDPSession, *, offline: bool, upload: int) -> None:
    conditions = {"offline": offline, "latency": 20, "downloadThroughput": -1, "uploadThroughput": upload}
    line.send("Network.emulateNetworkConditions", conditions)


def _drag(page: Page, slot: str, paths: list[Path]) -> None:
    """Drag files and folders from the desktop onto a slot, as the browser itself sees it."""
    place = page.locator(f"[data-slot={slot}] .drop")
    place.scroll_into_view_if_needed()
    box, session = place.bounding_box(), page.context.new_cdp_session(page)
    assert box
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": box["x"] + 20, "y": box["y"] + box["height"] / 2, "data": data})


def _photo(width: int, height: int) -> bytes:
    """A photo of more than 10 MB that a telephone held upright: lying pixels, and an orientation that says so."""
    picture, out = Image.frombytes("RGB", (width, height), os.urandom(width * height * 3)), io.BytesIO()
    exif = picture.getexif()
    exif[0x112] = 6
    picture.save(out, "JPEG", quality=100, exif=exif)
    assert out.tell() > 10_000_000
    return out.getvalue()
