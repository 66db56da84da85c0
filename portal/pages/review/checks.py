"""How the ledger of checks is written: an outcome as a coloured label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from models.language import _
from models.ledger import Outcome, tally
from portal import words

OUTCOMES: Mapping[Outcome, str] = {Outcome.FAILED: "Failed", Outcome.FLAGGED: "Flagged", Outcome.PASSED: "Passed"}
_TONES: Mapping[Outcome, str] = {Outcome.FAILED: "bad", Outcome.FLAGGED: "warn", Outcome.PASSED: "good"}


def outcome_tag(outcome: Outcome) -> Markup:
    """What came of a check."""
    return words.tag(_(OUTCOMES[outcome]), _TONES[outcome])


#: What templates that show checks (case_ledger.html) need.
SAYS: Mapping[str, Any] = {"tally": tally, "outcome_tag": outcome_tag}
