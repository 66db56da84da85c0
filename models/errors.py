"""Errors of the business: named, with the status code the API answers and a sentence for the reader."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one field. `field` is a question's or slot's name, `message` the reader's words."""

    field: str
    message: str
    step: int | None = None


class Refused(Exception):
    """A verb said no. Nothing was changed."""

    status = 400

    def __init__(self, detail: str, problems: tuple[Problem, ...] | list[Problem] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problems = tuple(problems)

    @property
    def words(self) -> str:
        """Why, for whoever has no fields before them: what each problem says, or the whole where there is none."""
        return " ".join(problem.message for problem in self.problems) or self.detail


class Invalid(Refused):
    """What was sent is wrong; `problems` names every field."""

    status = 422


class SignInNeeded(Refused):
    """Nobody is signed in, or the code, session or key is not valid."""

    status = 401


class TokenNeeded(SignInNeeded):
    """A program sent no token that is valid."""


class Forbidden(Refused):
    """Somebody is signed in and lacks the right."""

    status = 403


class NotFound(Refused):
    """There is no such thing, or the asker may not know of it."""

    status = 404


class Conflict(Refused):
    """It was true a moment ago: the state or the revision has moved on."""

    status = 409


class Changed(Refused):
    """The caller named what they have seen (If-Match), and it is no longer that."""

    status = 412


class NotYet(Refused):
    """It is being looked at, and will be there by itself; `retry_after` is in seconds."""

    status = 503

    def __init__(self, detail: str, problems: tuple[Problem, ...] | list[Problem] = (), retry_after: int = 15) -> None:
        super().__init__(detail, problems)
        self.retry_after = retry_after


class TooMany(Refused):
    """Too many requests; `retry_after` is in seconds."""

    status = 429

    def __init__(self, detail: str, retry_after: int = 60) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
