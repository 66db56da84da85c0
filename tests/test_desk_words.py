"""The desk in the reader's language: its words, its dates, and the direction in which it runs."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from models.application import ApplicationStatus
from models.database import reading, transaction
from models.errors import Invalid
from models.event import record
from models.language import LANGUAGES, _, speaking
from models.person import PORTAL, Role
from models.review import history
from portal import words
from portal.cells import place
from portal.pages.inviting import LONGEST, end_of
from portal.pages.review.story import HAPPENED, SENTENCES, story, what_happened
from tests.desk import applied, brought, row, token
from tests.pages import browser

NOON = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
STYLES = sorted((Path(words.__file__).parent / "static").glob("*.css"))
#: What does not turn round with the page: Arabic runs from right to left.
PHYSICAL = re.compile(
    r"(?<![-\w])(?:margin|padding|border)-(?:left|right)\b|(?<![-\w])(?:left|right)\s*:|text-align:\s*(?:left|right)|float:|"
    r"border-(?:top|bottom)-(?:left|right)-radius"
)


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_a_stylesheet_turns_round_with_the_page(path: Path) -> None:
    rules = [rule for rule in re.findall(r"[^{}]+\{[^{}]*\}", path.read_text()) if '[dir="rtl"]' not in rule]
    assert [rule.strip()[:120] for rule in rules if PHYSICAL.search(rule)] == []


@pytest.mark.parametrize(("code", "moment", "day", "distance", "size"), [
    ("en", "22 Nov 2026, 12:00", "3 Sept 2026", "2 min ago", "1.2 MB"),
    ("de", "22. Nov. 2026, 12:00", "3. Sept. 2026", "vor 2 Min.", "1,2 MB"),
    ("ar", "22 نوفمبر 2026، 12:00", "3 سبتمبر 2026", "قبل دقيقتين", "1.2 ميغابايت"),
])  # fmt: skip
def test_times_and_sizes_are_written_as_the_reader_writes_them(code: str, moment: str, day: str, distance: str, size: str) -> None:
    with speaking(code):
        assert words.moment(NOON).striptags() == moment and words.day(date(2026, 9, 3)) == day
        assert words.ago(NOON - timedelta(seconds=110), NOON).striptags() == distance and words.size(1_234_000) == size


def test_a_name_keeps_its_direction_in_an_arabic_sentence_and_is_left_alone_in_others() -> None:
    with speaking("ar"):
        assert words.own("Helios Ltd") == "\u2068Helios Ltd\u2069" and words.own("") == ""
    assert words.own("Helios Ltd") == "Helios Ltd"
    assert words.both("<b>", words.name("<i>")) == "&lt;b&gt;, <bdi>&lt;i&gt;</bdi>"


@pytest.mark.parametrize("code", ["de", "ar"])
def test_every_status_target_and_event_has_words_in_every_language(code: str) -> None:
    with speaking(code):
        said = [words.status_words(status) for status in ApplicationStatus if status != ApplicationStatus.DRAFT]
        said += [words.target(name) for name in words.TARGETS] + [what_happened(kind) for kind in HAPPENED]
        said += [_(sentence) for sentence in SENTENCES.values()]
    english = [words.status_words(status) for status in ApplicationStatus if status != ApplicationStatus.DRAFT]
    english += [words.target(name) for name in words.TARGETS] + [what_happened(kind) for kind in HAPPENED] + list(SENTENCES.values())
    assert [one for one, same in zip(said, english, strict=True) if one == same and not one.startswith("SharePoint")] == []


@on_sqlite
@pytest.mark.parametrize("code", list(LANGUAGES))
@pytest.mark.parametrize("path", ["/review?status=all", "/review/{reference}", "/invitations?status=all", "/deliveries?status=all"])
def test_a_page_of_the_desk_is_in_the_readers_language_and_direction(database: str, path: str, code: str) -> None:
    reader = browser(token(Role.ADMIN))
    reader.cookies.set("language", code)
    answer = reader.get(path.format(reference=brought(applied(), to="under_review")))
    assert answer.status_code == 200
    assert f'<html lang="{LANGUAGES[code].tag}"' in answer.text and f'dir = "{LANGUAGES[code].direction}"' in answer.text
    with speaking(code):
        assert all(_(said) in answer.text for said in ("Applications", "Deliveries", "Sign out", "Switch between light and dark"))


@on_sqlite
def test_documents_published_one_after_the_other_are_one_entry_of_the_history(database: str) -> None:
    reference = applied()
    with transaction() as session:
        number = row(session, reference).id
        for document in "abc":
            record(session, "document.published", PORTAL, application_id=number, document=document)
        record(session, "application.noted", PORTAL, application_id=number, text="Seen")
        record(session, "document.published", PORTAL, application_id=number, document="d")
    with reading() as session:
        told = [line.sentence for line in story(history(session, row(session, reference)))]
    assert (told[0], told[2]) == ("1 document published in SharePoint", "3 documents published in SharePoint")
    assert sum("published" in sentence for sentence in told) == 2


def test_the_list_says_where_a_company_works(database: str) -> None:
    from models.looked import looked
    from models.queue import look

    applied("Everywhere Ltd", nationwide_coverage=True)
    applied("London Ltd", nationwide_coverage=False, geographic_coverage=["London"])
    with reading() as session:
        rows = {one.company: place(one) for one in look(session, looked({})).rows}
    assert rows == {"Everywhere Ltd": "Whole UK", "London Ltd": "London"}


def test_an_invitation_is_open_for_a_year_at_most() -> None:
    soon = (datetime.now(UTC) + LONGEST - timedelta(days=2)).date()
    assert end_of(soon.isoformat()).date() == soon
    for typed in ("9999-12-31", (soon + timedelta(days=4)).isoformat()):
        with pytest.raises(Invalid) as refused:
            end_of(typed)
        assert "within a year" in refused.value.problems[0].message


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_distance_of_any_length_has_words_in_every_language(language: str) -> None:
    with speaking(language):
        for seconds in (10, 90, 4_000, 90_000, 500_000, 1_209_600, 3_456_000, 34_560_000):
            for distance in (timedelta(seconds=seconds), -timedelta(seconds=seconds)):
                assert str(words.ago(NOON + distance, NOON)).startswith("<time")
