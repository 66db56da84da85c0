"""The virus scanner: clean is only what it looked at whole, in time, and said so; everything else is not clean (FACTS 24)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.failures import Configuration, Passing, Permanent
from integrations.scanner import look, scan
from tests.clamd import EICAR, Clamd, clamd
from tests.parts import environment_of, free_port


@pytest.fixture(params=["tcp", "unix"])
def scanner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Clamd]:
    with clamd(tmp_path if request.param == "unix" else None) as found, environment_of({"CLAMD_ADDRESS": found.address, "CLAMD_SECONDS": "2"}):
        yield found


def test_clean_bytes_are_clean_and_the_scanner_has_seen_all_of_them(scanner: Clamd) -> None:
    content = bytes(range(256)) * 4096  # a megabyte, in pieces
    assert scan(content) == "" and scanner.seen == [content]


def test_a_virus_is_named_wherever_it_stands(scanner: Clamd) -> None:
    assert scan(b"x" * 200_000 + EICAR + b"y" * 200_000) == "Win.Test.EICAR_HDB-1"


def test_a_file_over_its_limit_is_never_clean_however_clamd_says_so(scanner: Clamd) -> None:
    scanner.limit = 100_000
    with pytest.raises(Configuration, match="size limit exceeded"):
        scan(b"x" * 5_000_000)
    scanner.limit, scanner.says = 10_000_000, "stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND"
    with pytest.raises(Configuration, match="raise its limits"):
        scan(b"x" * 5_000_000)


@pytest.mark.parametrize("answer", [
    "stream: Can't allocate memory ERROR", "UNKNOWN COMMAND", "stream: OK ERROR", "OK", "stream:  FOUND",
])  # fmt: skip
def test_an_answer_that_is_not_a_plain_ok_is_not_clean(scanner: Clamd, answer: str) -> None:
    scanner.says = answer
    with pytest.raises(Permanent, match="could not look"):
        scan(b"harmless")


def test_a_scanner_that_hangs_up_is_asked_again_later(scanner: Clamd) -> None:
    scanner.hangs_up = True
    with pytest.raises(Passing, match="broke the connection off"):
        scan(b"harmless")


def test_a_scanner_that_takes_too_long_is_given_up_in_time(scanner: Clamd) -> None:
    scanner.waits, begun = 10, time.monotonic()
    with pytest.raises(Passing, match="did not answer in time"):
        scan(b"harmless")
    assert 1.5 < time.monotonic() - begun < 5


def test_a_scanner_that_is_away_says_so_and_none_is_none(local: object) -> None:
    with environment_of({"CLAMD_ADDRESS": f"127.0.0.1:{free_port()}"}):
        found = look(b"harmless")
        assert found is not None and not found.clean and found.failure == "The virus scanner could not be reached."
    with environment_of({"CLAMD_ADDRESS": ""}):
        assert look(EICAR) is None
