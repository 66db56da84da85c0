"""The columns that the desk's list can show: what each is called, what a reader sees first, and what stands in it in a file.

The company is always there, and leads to the application. The others are chosen by each reader, who keeps them; an address that names
columns shows those, whoever opens it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlmodel import Session, col, select

from models.errors import Invalid, Problem
from models.language import _, ngettext, shown_list, shown_number
from models.person import Actor, Right, User
from models.request import label_of

if TYPE_CHECKING:  # the list's rows are looked up by what stands here
    from models.queue import Row

KEPT = "columns"  # the entry of a person's profile


@dataclass(frozen=True)
class Column:
    """One column of the list: its heading in English, and what stands in it in a file."""

    label: str
    cell: Callable[[Row], str | int | date | datetime | None]


COMPANY = Column("Company", lambda row: row.company)
COLUMNS: Mapping[str, Column] = {
    "reference": Column("Reference", lambda row: row.reference),
    "status": Column("Status", lambda row: status_said(row)),
    "submitted": Column("Submitted", lambda row: row.submitted_at),
    "place": Column("Works in", lambda row: shown_list([*([_("Whole UK")] if row.nationwide else []), *map(_, row.regions)])),
    "capacity": Column("Capacity", lambda row: _(row.capacity) if row.capacity else ""),
    "reviewer": Column("Reviewer", lambda row: row.reviewer),
    "sections": Column("Sections", lambda row: row.sections),
    "flags": Column("Flags", lambda row: row.flags),
    "deliveries": Column("Deliveries", lambda row: deliveries_said(row)),
    "flagged": Column("Flagged for", lambda row: shown_list([_(label_of(name)) for name in row.flagged])),
    "due": Column("Answer due", lambda row: row.due_on),
    "expires": Column("Next expiry", lambda row: row.expires_on),
    "contact": Column("Contact", lambda row: row.contact),
    "email": Column("Email", lambda row: row.email),
    "trading": Column("Trading name", lambda row: row.trading_name),
    "registration": Column("Registration number", lambda row: row.registration),
    "vat": Column("VAT number", lambda row: row.vat_number),
    "code": Column("Invitation code", lambda row: row.code),
}
DEFAULT = ("status", "submitted", "place", "capacity", "reviewer", "sections", "flags", "deliveries")


def columns_of(text: str) -> tuple[str, ...]:
    """The columns that an address names, each once; what is none is left out."""
    return tuple(dict.fromkeys(name for name in text.split(",") if name in COLUMNS))


def own_columns(session: Session, actor: Actor) -> tuple[str, ...]:
    """The columns that somebody chose, or those that are shown first."""
    profile = session.exec(select(User.profile).where(col(User.id) == actor.user_id)).first() or {}
    return columns_of(",".join(map(str, profile.get(KEPT) or []))) or DEFAULT


def keep_columns(session: Session, actor: Actor, columns: Sequence[str]) -> None:
    """Somebody shows these from now on, in this order; none of them: what is shown first. Invalid where one of them is no column."""
    actor.must(Right.READ)
    if strangers := [name for name in columns if name not in COLUMNS]:
        said = _("There is no column “{name}”. Choose from the list.").format(name=strangers[0])
        raise Invalid(said, [Problem(KEPT, said)])
    if user := session.get(User, actor.user_id, with_for_update=True):
        others: dict[str, Any] = {name: value for name, value in user.profile.items() if name != KEPT}
        user.profile = others | ({KEPT: list(columns)} if columns else {})  # a new dict: FACTS 34
        session.add(user)


def status_said(row: Row) -> str:
    """The status as the list says it: also that a decision has been made and has not left yet."""
    return decided_said(held=row.held) if row.decided or row.held else _(row.status.desk_label)


def decided_said(*, held: bool) -> str:
    """What stands in the place of the status until a decision leaves."""
    return _("Decision held") if held else _("Decided, not sent yet")


def deliveries_said(row: Row) -> str:
    """What is the matter with a row's deliveries, in words; empty where nothing is."""
    if row.failed:
        return ngettext("{count} delivery failed", "{count} deliveries failed", row.failed).format(count=shown_number(row.failed))
    return _("Delivery late") if row.late else ""
