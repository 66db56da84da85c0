"""What leaves the portal is read by everybody too: each mail in each language on a telephone, and the application as a PDF.

With SHOTS=folder each is kept as a picture.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import Browser, Page

from e2e import states
from e2e.looking import looking
from e2e.product import Product
from models.language import LANGUAGES, _, speaking
from models.steps import STEPS
from tests.sample_form import COMPLETE
from worker.letters import rendered

LINK = "https://partners.saber.example/apply?code=K7M2P9QX"
#: What may stand in a mail: a company of a long name, an address, words of a reviewer in English, and no more than a reference.
FACTS: dict[str, Any] = {
    "subject": "Partner Portal", "portal": "https://partners.saber.example", "link": LINK, "name": "Ms Helen Marsh", "by": "Helen Marsh",
    "company": states.LONG_COMPANY, "reference": "EPC-2026-TE74YP", "code": "K7M2P9QX", "minutes": 10, "expires": "22 December 2026",
    "again": True, "changes": 3, "flags": ["The cover is lower than £5,000,000."], "country": "United Kingdom", "contact": "Helen Marsh",
    "message": states.NEEDED, "reason": states.NEEDED, "note": "The broker has the figures.", "colleague": "Priya Nair", "due": "6 December 2026",
    "pack": "https://saber.example/contract-overview-pack.pdf", "office": "operations@saber.example", "number": 5, "last": 6, "asked": "22 November 2026", "named": True, "overdue": True,
    "back": False, "lapsed": False, "left": "The first of them ends in 7 days.", "sent": False, "reinstated": True,
    "conditions": [{"text": "Send the renewed certificate.", "due": "6 December 2026", "overdue": True}, {"text": "Train two more installers.", "due": "", "overdue": False}],
    "parts": [{"title": "Failed", "lines": [{"what": "SharePoint: application (3)", "why": "SharePoint refuses us: it answered 403.", "who": states.LONG_COMPANY, "link": LINK}]}],
    "more": "2", "reviewer": True, "undone": True, "decision": "Approval with conditions",
}  # fmt: skip
MAILS = (
    "invitation", "received", "information_required", "approved", "rejected", "confirmation", "device", "colleague", "colleague_done", "operations",
    "reminder", "request_reminder", "condition_reminder", "note", "mention", "renewal", "renewal_received", "renewal_approved", "renewal_suspended",
    "renewal_reinstated", "renewal_office", "digest", "withdrawn", "withdrawn_desk", "decision_held",
)  # fmt: skip
RAW = re.compile(r"[{}]|%\([a-z_]+\)|%[sd]\b|\bNone\b|\bnb\b|&\w+;")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_mail_can_be_read_by_everybody(browser: Browser, language: str) -> None:
    with looking(browser, language, "mail") as look:
        wrong = look.each(_shown(look.page, language))
    assert [one for one in wrong if not re.search(": (landmark-one-main|region) ", one)] == []  # a mail is no page of ours


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_applications_pdf_is_whole_in_every_language(product: Product, browser: Browser, language: str) -> None:
    with states.within(product):
        code = states.invited()
    with looking(browser, language, "pdf") as look:
        look.page.goto(product.url(f"/apply?code={code}"))
        look.page.wait_for_url(re.compile(r"/apply/\w+"))
        with states.within(product):
            states.answered(code)
            states.documented(code)
            states.sent(code)
        pages = list(
            pypdfium2.PdfDocument(
                look.page.request.get(product.url("/apply/application.pdf"), headers={"accept-language": language}).body()
            )
        )
    _keep(pages, language)
    said = " ".join(page.get_textpage().get_text_range() for page in pages)
    assert RAW.findall(said.replace("None", "")) == []  # an answer of the sample is "None"
    assert COMPLETE["principal_contractor_scale"].split(",")[0] in said.replace("\r\n", " ")
    with speaking(language):
        assert [step.title for step in STEPS if language != "ar" and _(step.title) not in said] == []
    assert [number for number, page in enumerate(pages, 1) if _ink_at_the_edge(page)] == []


def _shown(page: Page, language: str) -> Any:
    """Each mail, drawn in the language."""
    for name in MAILS:
        with speaking(language):
            items = [{"label": _("Years trading"), "words": "The last page is missing.", "due": FACTS["due"], "ends": "22 December 2026"}]
            __, html = rendered(
                name,
                {
                    **FACTS,
                    "items": items,
                    "step": _("Insurance and policies"),
                    **({"link": ""} if name in ("confirmation", "device") else {}),
                },
            )
        page.set_content(html)
        body = page.locator("body")
        assert body.get_attribute("dir") == LANGUAGES[language].direction
        assert RAW.findall(body.inner_text()) == [], name
        yield name


def _ink_at_the_edge(page: Any) -> bool:
    """Whether something is drawn in the outer 5 mm, where a printer cuts it."""
    image = page.render(scale=1).to_pil().convert("L")
    wide, high = image.size
    edge = 14
    inner = image.crop((edge, edge, wide - edge, high - edge)).histogram()
    return any(whole > part for whole, part in zip(image.histogram()[:200], inner[:200], strict=True))


def _keep(pages: list[Any], language: str) -> None:
    if folder := os.environ.get("SHOTS"):
        for number, page in enumerate(pages, 1):
            page.render(scale=1.3).to_pil().save(Path(folder) / f"pdf, {number}, {language}.png")
