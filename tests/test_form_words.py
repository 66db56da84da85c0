"""The words of every choice in the other languages: names of bodies and of things stay, words do not."""

from __future__ import annotations

import re
from typing import cast

import pytest

from models.kinds import Choice, MultiChoice
from models.language import ENGLISH, LANGUAGES, speaking
from models.question import Question
from models.steps import QUESTIONS

#: What is called so in every language: bodies, schemes, standards, places whose name is the same, amounts and sizes in figures.
NAMES = {
    "MCS", "NICEIC", "NAPIT", "ECA", "TrustMark", "RECC", "HIES", "NERS (Lloyd's Register)", "ISO 9001", "ISO 14001", "ISO 27001", "ISO 45001",
    "Constructionline", "CHAS", "SMAS", "SafeContractor", "Achilles", "East Midlands", "West Midlands", "London", "Wales", "Portugal",
}  # fmt: skip
FIGURES = re.compile(r"[\d\s–-]*(kWp|MWp)?[\d\s–-]*(kWp|MWp)")
CHOSEN = [q for q in QUESTIONS.values() if isinstance(q.kind, Choice | MultiChoice) and q.name != "company_country"]


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != ENGLISH.code])
@pytest.mark.parametrize("question", CHOSEN, ids=lambda q: q.name)
def test_every_choice_that_is_no_name_is_said_in_the_readers_language(question: Question, code: str) -> None:
    with speaking(code):
        same = [value for value, words in cast("Choice | MultiChoice", question.kind).options.items() if words == value]
    assert [value for value in same if value not in NAMES and not FIGURES.fullmatch(value)] == []
