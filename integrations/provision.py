"""Makes the lists and columns that the portal writes, and tells what differs in those that are there.

What people made is never changed or deleted: a difference is told in a sentence, and who runs the command decides. Making lists needs
more rights than writing items does, so this is a command of its own, run by an administrator (FACTS 10).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from integrations.columns import Column, column_of, definition
from integrations.graph import Answer, Graph, graph
from models.settings import settings


@dataclass(frozen=True)
class WantedList:
    """A list or library by the name that people see, and the columns that the portal writes in it."""

    name: str
    columns: tuple[Column, ...]
    template: str = "genericList"


@dataclass(frozen=True)
class Difference:
    """What is not as the portal would have made it; `stops` says that the portal cannot work with it."""

    sentence: str
    stops: bool = True


@dataclass(frozen=True)
class Outcome:
    """One list: whether it was made, the columns that were, those that were there, and what differs in them."""

    name: str
    made: bool
    columns_made: tuple[str, ...]
    columns_there: tuple[str, ...]
    differences: tuple[Difference, ...]

    @property
    def stops(self) -> bool:
        """Whether the portal cannot work with the list as it is."""
        return any(one.stops for one in self.differences)


def provision(wanted: Iterable[WantedList], dry_run: bool = False) -> Iterator[Outcome]:
    """Make what is missing, or with `dry_run` only look; an outcome a list, as it is done. Raises a `Failure`."""
    to, site = graph(), f"/sites/{settings().sharepoint_site}"
    known = {str(one.get("displayName")): one for one in to.all(f"{site}/lists", params={"$select": "id,displayName,list"})}
    for one in wanted:
        found = known.get(one.name)
        yield _completed(to, site, one, found, dry_run) if found else _made(to, site, one, dry_run)


def report(outcomes: Iterable[Outcome], dry_run: bool) -> str:
    """What was made, what was there and what differs, list by list, for a person."""
    return "\n".join(line for outcome in outcomes for line in _lines(outcome, dry_run))


def _made(to: Graph, site: str, wanted: WantedList, dry_run: bool) -> Outcome:
    new = [column for column in wanted.columns if column.name != "Title"]  # every list has one
    if not dry_run:
        body = {"displayName": wanted.name, "list": {"template": wanted.template}, "columns": [definition(column) for column in new]}
        to.send("POST", f"{site}/lists", body)
    return Outcome(wanted.name, True, tuple(column.name for column in wanted.columns), (), ())


def _completed(to: Graph, site: str, wanted: WantedList, found: Answer, dry_run: bool) -> Outcome:
    where = f"{site}/lists/{found['id']}/columns"
    there = {column.name: column for column in map(column_of, to.all(where))}
    missing = [column for column in wanted.columns if column.name not in there]
    for column in [] if dry_run else missing:
        to.send("POST", where, definition(column))
    kept = [column for column in wanted.columns if column.name in there]
    differing = [*_template(wanted, found), *(one for column in kept for one in compare(column, there[column.name]))]
    return Outcome(wanted.name, False, tuple(one.name for one in missing), tuple(one.name for one in kept), tuple(differing))


def compare(wanted: Column, there: Column) -> Iterator[Difference]:
    """How a column that is there differs from the one that the portal would have made."""
    if there.kind != wanted.kind:
        fits = there.kind in _ALSO.get(wanted.kind, ()) and not wanted.unique
        yield Difference(_said(wanted, f"is a column of the kind {there.kind or 'unknown'}, not {wanted.kind}"), stops=not fits)
        if not fits:
            return
    if (there.kind, wanted.kind) == ("text", "text") and there.longest < wanted.longest:
        yield Difference(_said(wanted, f"takes {there.longest} characters, and up to {wanted.longest} are written"))
    yield from _choices(wanted, there)
    if wanted.indexed and not there.indexed:
        yield Difference(_said(wanted, "is not indexed, and a large list is not searched without"))
    if wanted.unique and not there.unique:
        yield Difference(_said(wanted, "does not enforce unique values, so the same thing could be listed twice"))


#: Kind → what else takes its values: the portal could live with it.
_ALSO = {"text": ("note",), "choice": ("text", "note"), "date": ("dateTime",), "dateTime": ("date",), "number": ("currency",)}


def _choices(wanted: Column, there: Column) -> Iterator[Difference]:
    if there.kind != "choice" or wanted.kind != "choice":
        return
    if missing := [choice for choice in wanted.choices if choice not in there.choices]:
        yield Difference(_said(wanted, f"lacks {_listed(missing)} among its choices"))
    if more := [choice for choice in there.choices if choice not in wanted.choices]:
        yield Difference(_said(wanted, f"also offers {_listed(more)}, which the portal never writes"), stops=False)


def _template(wanted: WantedList, found: Answer) -> Iterator[Difference]:
    """A library is not a list, and a list not a library."""
    kind = (found.get("list") or {}).get("template") or wanted.template
    if (kind == "documentLibrary") != (wanted.template == "documentLibrary"):
        yield Difference(f"{wanted.name} is of the kind {kind}, not {wanted.template}: rename it, or name another in the settings.")


def _said(column: Column, what: str) -> str:
    return f"{column.name} {what}."


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"“{word}”" for word in words)


def _lines(outcome: Outcome, dry_run: bool) -> Iterator[str]:
    made = "would be made" if dry_run else "made"
    total = len(outcome.columns_made) + len(outcome.columns_there)
    if outcome.made:
        yield f"{outcome.name}: {made}, with {total} columns"
        return
    yield f"{outcome.name}: was there, with {len(outcome.columns_there)} of {total} columns"
    if outcome.columns_made:
        yield f"  {made}: {', '.join(outcome.columns_made)}"
    for one in outcome.differences:
        yield f"  {'CHANGE THIS' if one.stops else 'differs'}: {one.sentence}"
