"""Languages: every text is in a catalogue and translated, each reader is spoken to in theirs, and they may choose another."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from gettext import NullTranslations
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from babel.messages.catalog import Message
from babel.messages.jslexer import tokenize
from jinja2 import Environment

from models.database import transaction
from models.errors import Forbidden, Invalid
from models.invitation import Invitation, invite
from models.kinds import COUNTRIES
from models.language import ENGLISH, LANGUAGES, _, catalogue, read, shown_date, shown_list, shown_number, speaking, spoken
from models.person import PORTAL, Actor, Right, Role
from models.rules import clean
from models.steps import QUESTIONS, STEPS
from portal.auth import PARTNER
from tests import texts
from tests.desk import applied, brought, row, token
from tests.pages import address, browser, cookie
from tests.partners import begun, invited, submitted
from tests.sample_form import form

OTHERS = [code for code in LANGUAGES if code != ENGLISH.code]
PLACEHOLDER = re.compile(r"\{\w*\}|%\(\w+\)s")
TAG = re.compile(r"</?[a-z][^>]*>")
FILES = list(texts.files())


@pytest.fixture(scope="module")
def gathered() -> dict[texts.Text, Message]:
    return {text.id: text for text in texts.gathered() if text.id}


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_of_the_product_is_translated(code: str, gathered: dict[texts.Text, Message]) -> None:
    known = {text.id: text for text in read(code) if text.id}
    missing = [text for text in gathered if text not in known or not texts.translated(known[text].string)]
    assert not missing, f"{len(missing)} texts wait in models/languages/{code}.po (python3 dev.py texts): {missing[:20]}"


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_holds_nothing_that_the_product_does_not_say(code: str, gathered: dict[texts.Text, Message]) -> None:
    stale = [text.id for text in read(code) if text.id and text.id not in gathered]
    assert not stale, f"run python3 dev.py texts: {stale[:20]}"


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_has_the_placeholders_and_tags_of_its_text(code: str) -> None:
    assert [text.id for text in read(code) if text.id and texts.translated(text.string) and not _fits(text)] == []


@pytest.mark.parametrize("code", OTHERS)
def test_every_plural_has_as_many_forms_as_the_language(code: str) -> None:
    made = read(code)
    short = [text.id for text in made if text.pluralizable and texts.translated(text.string) and len(text.string) != made.num_plurals]
    assert short == []


def _fits(text: Message) -> bool:
    """The form for many says all; those for one or two may leave the number out, as Arabic does."""
    source, forms = (text.id, (text.string,)) if isinstance(text.id, str) else (text.id[-1], tuple(text.string))
    wanted, tags = set(PLACEHOLDER.findall(source)), sorted(TAG.findall(source))
    said = [set(PLACEHOLDER.findall(form)) for form in forms]
    return said[-1] == wanted and all(found <= wanted for found in said) and all(sorted(TAG.findall(form)) == tags for form in forms)


# --- What is said outside of the catalogues

#: Names, which are the same in every language, and letters that are examples of what to type.
NAMES = {"Saber Renewable Energy", "SharePoint", "Microsoft", "UTC", "PDF"}


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix in (".html", ".txt")], ids=lambda path: path.name)
def test_a_template_says_nothing_outside_of_the_catalogue(path: Path) -> None:
    assert list(_bare(_markup(path.read_text()), path.suffix)) == []


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".js"], ids=lambda path: path.name)
def test_a_script_says_nothing_outside_of_the_catalogue(path: Path) -> None:
    known = {part for text in texts.said_in(path) for part in ([text] if isinstance(text, str) else text)}
    assert [said for said in _strings(path) if said not in known] == []


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".py" and "worker" not in path.parts], ids=lambda path: path.name)
def test_no_error_is_raised_with_a_sentence_outside_of_the_catalogue(path: Path) -> None:
    assert list(_raised(ast.parse(path.read_text()))) == []


def _markup(source: str) -> str:
    """A template without its expressions and without what {% trans %} holds: only what is sent as it stands."""
    kept, translated, first = [], False, False
    for _line, kind, value in Environment().lex(source):
        if kind == "block_begin":
            first = True
        elif first and kind == "name":
            translated, first = (value == "trans" or (translated and value != "endtrans")), False
        kept.append(" " if kind == "variable_begin" else value if kind == "data" and not translated else "")
    return "".join(kept)


class _Reader(HTMLParser):
    """Collects what a person would read or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("script", "style")
        self.said += [value or "" for name, value in attrs if name in ("aria-label", "title", "placeholder", "alt")]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        self.said += [] if self.silent else [data]


def _bare(markup: str, suffix: str) -> Iterator[str]:
    reader = _Reader()
    reader.feed(markup) if suffix == ".html" else reader.said.append(markup)
    for said in reader.said:
        words = re.sub(r'\b[\w-]+="[^"]*"', "", said)  # attributes that a macro writes by themselves
        for name in NAMES:
            words = words.replace(name, "")
        if re.search(r"[A-Za-z]{2,}", words):
            yield " ".join(words.split())


#: What looks like words in a script and is none: keys, headers, names of events and kinds of error.
SIGNS = {
    "Enter", "Escape", "Backspace", "Tab", "Files", "Content-Type", "Retry-After", "Home", "End", "Delete", "Cancelled", "AbortError",
    "TimeoutError", "QuotaExceededError", "DOMContentLoaded", "BroadcastChannel",
    "Implicit handshake failed", "None",
}  # fmt: skip


def _strings(path: Path) -> Iterator[str]:
    for part in tokenize(path.read_text(), jsx=False):
        if part.type in ("string", "template_string"):
            said = re.sub(r"\$\{[^}]*\}", "", part.value[1:-1])
            if re.match(r"[“A-Z]", said) and re.search(r"[a-z]{2}", said) and said not in SIGNS:
                yield part.value[1:-1]


def _raised(tree: ast.Module) -> Iterator[str]:
    kinds = {"Invalid", "Conflict", "Forbidden", "NotFound", "TooMany", "SignInNeeded", "Refused", "Problem", "ValueError"}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in kinds:
            for argument in call.args:
                said = argument.value if isinstance(argument, ast.Constant) else ast.unparse(argument) if isinstance(argument, ast.JoinedStr) else ""
                if isinstance(said, str) and " " in said and said[:1].isupper() | said.startswith("f"):
                    yield said


# --- Who is spoken to in which language


@pytest.mark.parametrize(
    ("accepted", "shown"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"), ("ar", "ar"), ("fr-CH, fr;q=0.9, de;q=0.7, en;q=0.3", "de"), ("EN-us", "en-GB"), ("fr", "en-GB"),
        ("de;q=0, en", "en-GB"), ("de; q=0.2, ar; q=0.9", "ar"), ("", "en-GB"), ("*;q=x,;,de", "de"),
    ],
)  # fmt: skip
def test_the_browser_decides_the_first_time(local: object, database: str, accepted: str, shown: str) -> None:
    answer = browser().get("/apply", headers={"accept-language": accepted})
    assert answer.headers["content-language"] == shown and f'<html lang="{shown}"' in answer.text


@pytest.mark.parametrize("page", ["/apply", "/nowhere"])
def test_a_page_is_in_the_readers_language_and_direction(local: object, database: str, page: str) -> None:
    answer = browser().get(page, headers={"accept-language": "ar"})
    assert '<html lang="ar" dir="rtl">' in answer.text
    assert {"Accept-Language", "Cookie"} <= {part.strip() for part in answer.headers["vary"].split(",")}


def test_the_menu_names_each_language_in_itself_and_marks_the_present_one(local: object, database: str) -> None:
    page = browser().get("/apply", headers={"accept-language": "de"}).text
    menu = page[page.index('action="/language"') : page.index("</form>", page.index('action="/language"'))]
    assert re.findall(r">([^<>\n]+)</button>", menu) == ["English", "Deutsch", "العربية"]
    assert re.search(r'value="de"[^>]*aria-current="true"', menu) and menu.count("aria-current") == 1


def test_a_choice_is_kept_for_a_year_and_leads_back_to_the_page(local: object, database: str) -> None:
    client = browser()
    answer = client.post("/language", data={"to": "de", "back": "/apply?x=1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/apply?x=1")
    kept = answer.headers["set-cookie"].lower()
    assert "language=de" in kept and "max-age=31536000" in kept and "samesite=lax" in kept and "httponly" in kept
    assert '<html lang="de"' in client.get("/apply", headers={"accept-language": "ar"}).text


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)", ""])
def test_a_choice_leads_nowhere_else(local: object, database: str, back: str) -> None:
    assert browser().post("/language", data={"to": "de", "back": back}).headers["location"] == "/"


def test_a_language_that_we_do_not_have_changes_nothing(local: object, database: str) -> None:
    assert "set-cookie" not in browser().post("/language", data={"to": "../../etc", "back": "/apply"}).headers


def test_another_site_cannot_choose(local: object, database: str) -> None:
    answer = browser().post("/language", data={"to": "ar"}, headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 403 and "set-cookie" not in answer.headers


def test_the_way_back_does_not_carry_an_invitation_code(local: object, database: str) -> None:
    page = browser().get("/nowhere?code=C1D94680&x=1").text
    assert 'name="back" value="/nowhere?x=1"' in page and "C1D94680" not in page


def test_a_partners_choice_is_the_language_of_their_mails(local: object, database: str) -> None:
    made = invited()
    client = browser()
    client.cookies.set("portal", cookie({PARTNER: made.code}))
    client.post("/language", data={"to": "ar", "back": "/apply"})
    with transaction() as session:
        assert session.get_one(Invitation, made.id).language == "ar"


def test_staff_may_invite_in_a_language_and_not_in_one_that_we_do_not_have(database: str) -> None:
    told = {"company_name": "Nordlicht Solar GmbH", "contact_email": "ada@nordlicht-solar.de"}
    with transaction() as session:
        assert invite(session, PORTAL, **told, language="de").language == "de"
    with pytest.raises(Invalid, match="language is not known"), transaction() as session:
        invite(session, PORTAL, **told, language="tlh")


@pytest.mark.parametrize(("header", "sentence"), [({}, "Enter the 8 letters"), ({"accept-language": "de"}, "Geben Sie die 8 Buchstaben")])
def test_the_api_is_english_unless_it_is_asked_otherwise(local: object, database: str, header: dict[str, str], sentence: str) -> None:
    answer = httpx.post(f"{address()}/api/validate-invitation", json={"invitationCode": "x"}, headers=header).json()
    assert (answer["type"], answer["status"], answer["errors"][0]["field"]) == ("about:blank", 422, "invitationCode")
    assert answer["errors"][0]["message"].startswith(sentence)


# --- How it is said


def test_dates_and_numbers_are_written_as_the_reader_writes_them() -> None:
    said = {}
    for code in LANGUAGES:
        with speaking(code):
            said[code] = (shown_date(date(2026, 3, 3)), shown_number(5_000_000), shown_number(Decimal("1038.250")), shown_list(["A", "B", "C"]))
    assert said["en"] == ("3 March 2026", "5,000,000", "1,038.25", "A, B and C")
    assert said["de"] == ("3. März 2026", "5.000.000", "1.038,25", "A, B und C")
    assert said["ar"][0] == "3 مارس 2026" and "و" in said["ar"][3]


def test_an_answer_is_stored_alike_in_every_language_and_shown_in_the_readers() -> None:
    stored, shown = {}, {}
    for code in LANGUAGES:
        with speaking(code):
            values, _problems = clean(form(), date(2026, 1, 1))
            stored[code], shown[code] = values, {name: QUESTIONS[name].kind.show(value) for name, value in values.items()}
    assert stored["en"] == stored["de"] == stored["ar"]
    assert (shown["en"]["company_country"], shown["de"]["company_country"]) == ("United Kingdom", "Vereinigtes Königreich")
    assert (shown["de"]["principal_contractor"], shown["en"]["principal_contractor"]) in {("Ja", "Yes"), ("Nein", "No")}


@pytest.mark.parametrize("code", OTHERS)
def test_the_word_for_none_is_understood_in_every_language(code: str) -> None:
    with speaking(code):
        word = _("None")
    assert word != "None" and QUESTIONS["pending_prosecutions"].clean(f" {word} ", {}) == "None"


def test_countries_are_in_the_readers_language_and_order() -> None:
    with speaking("de"):
        names = COUNTRIES.options
    assert list(names.items())[:3] == [("GB", "Vereinigtes Königreich"), ("IE", "Irland"), ("BE", "Belgien")]
    assert list(names).index("AT") == list(names).index("NO") + 1  # Österreich after Norwegen


def test_a_mistake_is_told_in_the_readers_language() -> None:
    with speaking("de"):
        _values, problems = clean({**form(), "team_size": "many", "company_name": ""}, date(2026, 1, 1))
    told = {problem.field: problem.message for problem in problems}
    assert told["team_size"] == "Zahl der Beschäftigten: Geben Sie eine ganze Zahl von 1 bis 100.000 an"
    assert told["company_name"] == "Geben Sie Folgendes an: Eingetragener Firmenname"


def test_a_right_that_is_missing_is_named_in_the_readers_language() -> None:
    with speaking("de"), pytest.raises(Forbidden, match="Ihrem Konto fehlt dieses Recht: über Bewerbungen entscheiden"):
        Actor("Ada", "staff", frozenset({Role.REVIEWER})).must(Right.DECIDE)


def test_the_language_ends_with_what_it_was_spoken_for() -> None:
    with speaking("ar"):
        with speaking("de"):
            assert spoken().code == "de"
        assert spoken().code == "ar"
    assert spoken() is ENGLISH


# --- What scripts say


def test_the_scripts_texts_may_be_kept_for_ever(local: object, database: str) -> None:
    page = browser().get("/apply", headers={"accept-language": "de"}).text
    found = re.search(r'src="(/static/texts\.js\?[^"]+)"', page)
    assert found and "language=de" in found[1]
    answer = browser().get(found[1].replace("&amp;", "&"))
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable" and answer.headers["content-type"].startswith("text/javascript")
    assert 'speak("de"' in answer.text


# --- What is typed in another language


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("public_liability_cover", "5.000.000", 5_000_000), ("team_size", "1.200", 1200), ("team_size", "٢٥", 25),
        ("installed_mwp_3y", "12,5", Decimal("12.500")), ("installed_mwp_3y", "1.038,25", Decimal("1038.250")),
        ("installed_mwp_3y", "1,038.25", Decimal("1038.250")), ("installed_mwp_3y", "1.200", Decimal("1.200")),
        ("gdpr_policy_date", "3. März 2026", date(2026, 3, 3)), ("gdpr_policy_date", "03.03.2026", date(2026, 3, 3)),
        ("gdpr_policy_date", "٣ مارس ٢٠٢٦", date(2026, 3, 3)), ("gdpr_policy_date", "3 Mar 2026", date(2026, 3, 3)),
        ("company_phone", "٠٢٠٧٩٤٦٠٩٥٨", "+442079460958"),
    ],
)  # fmt: skip
def test_numbers_and_days_are_read_as_people_write_them(name: str, typed: str, value: object) -> None:
    assert QUESTIONS[name].clean(typed, {}) == value


# --- What is handed to the catalogue while pages are drawn


class _Unknown(NullTranslations):
    """Asked for what a catalogue does not have, it remembers it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def gettext(self, message: str) -> str:
        self.asked.add(message)
        return message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        self.asked.add(msgid1)
        return msgid1 if n == 1 else msgid2


@pytest.fixture
def unknown() -> Iterator[_Unknown]:
    """What German is asked for and has not."""
    catalogue.cache_clear()
    found = _Unknown()
    catalogue("de").add_fallback(found)
    yield found
    catalogue.cache_clear()


def test_no_page_of_a_partner_asks_for_a_text_that_no_catalogue_gathers(local: object, database: str, s3: object, unknown: _Unknown) -> None:
    draft, sent, asked = begun(), submitted(()), brought(applied("Nordlicht Solar GmbH"), to="information_required")
    with transaction() as session:
        codes = [draft.invitation_code, sent.invitation_code, row(session, asked).invitation_code]
    for code in codes:
        client = browser()
        client.headers["accept-language"] = "de"
        client.cookies.set("portal", cookie({PARTNER: code}))
        seen = [client.get(f"/apply/{place}") for place in (*(step.name for step in STEPS), "check", "check?missing=1", "status", "colleagues")]
        assert all(answer.status_code in (200, 303, 404) for answer in seen), [(str(a.url), a.status_code) for a in seen]
    assert unknown.asked == set()


def test_no_page_of_the_desk_asks_for_a_text_that_no_catalogue_gathers(local: object, database: str, unknown: _Unknown) -> None:
    brought(applied("Nordlicht Solar GmbH", years_trading=1), to="under_review")
    references = [applied(), *(brought(applied(f"{state} Ltd"), to=state) for state in ("information_required", "reviewed", "approved", "rejected"))]
    client = browser(token(Role.ADMIN))
    client.headers["accept-language"] = "de"
    seen = [client.get(f"/review/{reference}") for reference in references]
    seen += [client.get(page) for page in ("/review", "/review?tab=all", "/invitations", "/deliveries", "/deliveries?tab=all", "/nowhere")]
    assert [answer.status_code for answer in seen] == [200] * (len(seen) - 1) + [404]
    assert unknown.asked == set()


def test_an_example_of_a_day_stands_in_an_arabic_sentence_in_the_order_in_which_its_reader_writes_it() -> None:
    with speaking("ar"), pytest.raises(ValueError, match="\u2068") as wrong:
        QUESTIONS["public_liability_expiry"].clean("soon", {})
    assert f"\u2068{date(2026, 3, 3).day} " in str(wrong.value) and "\u2066" not in str(wrong.value)
