"""What somebody looks for in the desk's list: a view, words, filters, an order and a page; read from an address and written into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time
from typing import Any, Literal

from models import loose
from models.application import ApplicationStatus
from models.columns import DEFAULT, columns_of
from models.database import OFFICE
from models.flagging import FLAGGABLE
from models.review import SECTIONS, Ruling
from models.steps.capabilities import CAPACITIES, OTHER_REGIONS, UK_REGIONS

S = ApplicationStatus
NEEDS_WORK, ALL = "work", "all"
NEWEST = "-submitted"
REGIONS = UK_REGIONS + OTHER_REGIONS

#: Every status that the list shows: a draft is the partner's own.
SHOWN = tuple(status for status in S if status != S.DRAFT)
OPEN = (S.SUBMITTED, S.UNDER_REVIEW, S.INFORMATION_REQUIRED, S.REVIEWED)
WORK = (S.SUBMITTED, S.UNDER_REVIEW, S.REVIEWED)
#: The saved views: name in the address → words, and the statuses behind it. The first is what opens.
VIEWS: dict[str, tuple[str, tuple[ApplicationStatus, ...]]] = {
    NEEDS_WORK: ("Needs work", WORK),
    "mine": ("Mine", OPEN),
    "unassigned": ("Unassigned", OPEN),
    "waiting": ("Waiting for the partner", (S.INFORMATION_REQUIRED,)),
    "due": ("Due", OPEN),
    "expiring": ("Expiring", (*OPEN, S.APPROVED, S.SUSPENDED)),
    "renewals": ("Renewals", (S.APPROVED, S.SUSPENDED)),
    "conditions": ("Overdue conditions", (S.APPROVED, S.SUSPENDED)),
    ALL: ("All", SHOWN),
}
#: Views that are nothing but statuses: other statuses make them another view.
OF_STATUS = (NEEDS_WORK, "waiting")
#: What a filter by flags can say besides the name of what is flagged: a section, a question or a document.
FLAGGED, UNFLAGGED = "any", "none"
FLAGS = (FLAGGED, UNFLAGGED, *FLAGGABLE, *(name for names in FLAGGABLE.values() for name in names))
#: What can be sorted by.
SORTABLE = ("submitted", "company", "status", "reference")
NOBODY, NO_VERDICT = "none", "none"
LONGEST_DAYS = 3650


@dataclass(frozen=True)
class Place:
    """Where a page begins or ends: the sort key and id of the row next to it, and the number of the page's first row, from 1."""

    way: Literal["first", "after", "before", "last"] = "first"
    key: str = ""
    id: int = 0
    number: int = 1


@dataclass(frozen=True)
class Looked:
    """What somebody looks for. `sort` is a column, `-` before it: downwards. `reader` is who looks: *Mine* is theirs.

    `columns` are shown after the company, in this order (models/columns.py).
    """

    q: str = ""
    view: str = NEEDS_WORK
    statuses: tuple[ApplicationStatus, ...] = ()
    sections: tuple[tuple[str, str], ...] = ()
    reviewer: str = ""
    region: str = ""
    capacity: str = ""
    since: date | None = None
    until: date | None = None
    failed: bool = False
    expiring: int = 0
    sort: str = NEWEST
    place: Place = Place()
    reader: int | None = None
    flag: str = ""
    columns: tuple[str, ...] = DEFAULT
    overdue: bool = False

    @property
    def column(self) -> str:
        """The column it is sorted by."""
        return self.sort.removeprefix("-")

    @property
    def downwards(self) -> bool:
        """Whether the largest comes first."""
        return self.sort.startswith("-")

    @property
    def filtered(self) -> bool:
        """Whether anything but view, words, order and page is said."""
        return any(getattr(self, name) for name in FILTERS)

    @property
    def within(self) -> tuple[ApplicationStatus, ...]:
        """The statuses that are looked through."""
        return self.statuses or VIEWS[self.view][1]


FILTERS = ("statuses", "sections", "reviewer", "region", "capacity", "since", "until", "failed", "expiring", "flag", "overdue")
UNFILTERED: dict[str, Any] = {one.name: one.default for one in fields(Looked) if one.name in FILTERS}
#: What an address says where it says nothing.
PLAIN = {"view": NEEDS_WORK, "sort": NEWEST, "columns": ",".join(DEFAULT)}


def looked(asked: Mapping[str, str], reader: int | None = None, own: tuple[str, ...] = DEFAULT) -> Looked:
    """What an address asks for; anything that makes no sense there counts as not said. Without columns in it, the reader's `own` show."""
    statuses = tuple(S(name) for name in asked.get("status", "").split(",") if name in SHOWN)
    view, sort = asked.get("view", ""), asked.get("sort", "")
    view = view if view in VIEWS else ALL if statuses else NEEDS_WORK
    sort = sort if sort.removeprefix("-") in SORTABLE else NEWEST
    return Looked(
        loose.searched(asked.get("q", "")), ALL if statuses and view in OF_STATUS else view, statuses,
        tuple(_sections(asked.get("section", ""))), _reviewer(asked.get("reviewer", "")), _of(asked.get("region", ""), REGIONS),
        _of(asked.get("capacity", ""), CAPACITIES), _day(asked.get("since", "")), _day(asked.get("until", "")),
        asked.get("failed", "") == "1", loose.row_number(asked.get("expiring", ""), LONGEST_DAYS), sort, _place(asked, sort), reader,
        _of(asked.get("flag", ""), FLAGS), columns_of(asked.get("columns", "")) or own,
        asked.get("overdue", "") == "1",
    )  # fmt: skip


def said(wanted: Looked) -> dict[str, str]:
    """The address's words for it: `looked` reads the same from them."""
    place = wanted.place
    return {
        "q": wanted.q, "view": wanted.view if not (wanted.statuses and wanted.view == ALL) else NEEDS_WORK,
        "status": ",".join(wanted.statuses), "section": ",".join(":".join(pair) for pair in wanted.sections),
        "reviewer": wanted.reviewer, "region": wanted.region, "capacity": wanted.capacity,
        "since": str(wanted.since or ""), "until": str(wanted.until or ""), "failed": "1" if wanted.failed else "",
        "expiring": str(wanted.expiring or ""), "flag": wanted.flag, "sort": wanted.sort, "columns": ",".join(wanted.columns),
        "overdue": "1" if wanted.overdue else "",
        "page": "last" if place.way == "last" else "", "at": str(place.number) if place.way in ("after", "before") else "",
        **({place.way: f"{place.key}~{place.id}"} if place.way in ("after", "before") else {}),
    }  # fmt: skip


def begins(day: date) -> datetime:
    """The moment at which a day begins at the office."""
    return datetime.combine(day, time(), OFFICE).astimezone(UTC)


def key_of(column: str, text: str) -> Any:
    """A sort key from an address; ValueError where it is none."""
    if column == "submitted":
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(text) if column == "status" else text


def _place(asked: Mapping[str, str], sort: str) -> Place:
    if asked.get("page") == "last":
        return Place("last")
    for way in ("after", "before"):
        key, _tilde, number = asked.get(way, "").replace("\0", "").rpartition("~")
        try:
            key_of(sort.removeprefix("-"), key)
        except ValueError:
            continue
        if row := loose.row_number(number):
            return Place("after" if way == "after" else "before", key, row, loose.row_number(asked.get("at", ""), 10**8) or 1)
    return Place()


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """One verdict for each section: the last that is said."""
    pairs = dict(part.partition(":")[::2] for part in text.split(","))
    return ((name, ruling) for name, ruling in pairs.items() if name in SECTIONS and ruling in (*Ruling, NO_VERDICT))


def _reviewer(text: str) -> str:
    return text if text == NOBODY else str(loose.row_number(text) or "")


def _day(text: str) -> date | None:
    found = loose.day(text)
    return found if found and 2000 <= found.year < 2100 else None


def _of(text: str, known: tuple[str, ...]) -> str:
    return text if text in known else ""
