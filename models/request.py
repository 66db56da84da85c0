"""What a reviewer asks of a partner: a message, and the questions and documents it names, each with its own words and due date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UtcDateTime, horizon
from models.slots import SLOTS
from models.steps import QUESTIONS, place_of

if TYPE_CHECKING:  # an application is checked against its request before it is sent again
    from models.application import Application


@dataclass(frozen=True)
class Wanted:
    """One question or document that is asked about, with the reviewer's words and until when, where either was given."""

    name: str
    words: str = ""
    due_on: date | None = None

    @property
    def label(self) -> str:
        """The label of the question or document, in English."""
        return label_of(self.name)

    def as_json(self) -> dict[str, str]:
        """As it is stored."""
        return {"name": self.name, "words": self.words, "due_on": self.due_on.isoformat() if self.due_on else ""}


class InformationRequest(SQLModel, table=True):
    """What the partner is asked to complete. `replies` is what they wrote where they left something as it was, by its name."""

    __tablename__ = "information_requests"

    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="applications.id", index=True)
    message: str
    items: list[Any] = Field(default_factory=list, sa_type=sa.JSON)
    due_on: date | None = None
    asked_by: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    replies: dict[str, str] = Field(default_factory=dict, sa_type=sa.JSON, sa_column_kwargs={"server_default": "{}"}, nullable=False)

    @property
    def wanted(self) -> list[Wanted]:
        """What it names, in the reviewer's order; empty where the message is all."""
        return wanted_from(self.items)

    def about(self, name: str) -> Wanted | None:
        """What it asks of this question or document."""
        return next((one for one in self.wanted if one.name == name), None)

    def due(self, name: str) -> date | None:
        """Until when this question or document is to be answered: its own date, else that of the whole."""
        found = self.about(name)
        return (found.due_on if found else None) or self.due_on

    @property
    def first_due(self) -> date | None:
        """The earliest of all its dates."""
        return min((day for day in (self.due_on, *(one.due_on for one in self.wanted)) if day), default=None)


def wanted_from(items: list[Any] | None) -> list[Wanted]:
    """Stored items, also those of a time when only names were stored."""
    return [Wanted(item) if isinstance(item, str) else _read(item) for item in items or []]


def open_request(session: Session, application: Application) -> InformationRequest | None:
    """What the partner is being asked now; None unless information is required."""
    return latest_request(session, application) if application.awaits_partner else None


def latest_request(session: Session, application: Application) -> InformationRequest | None:
    """The newest request, whether it was answered or not."""
    wanted = select(InformationRequest).where(InformationRequest.application_id == application.id)
    return session.exec(wanted.order_by(col(InformationRequest.id).desc())).first()


def is_too_far(due_on: date) -> bool:
    """Whether a date is further away than anything is due: a slip of the hand."""
    return due_on > horizon().date()


def label_of(name: str) -> str:
    """The label of a question or a document in English; the name itself where the form has it no more."""
    return QUESTIONS[name].label if name in QUESTIONS else SLOTS[name].label if name in SLOTS else name


def step_name_of(name: str) -> str:
    """The name of the step in which a question or document stands; empty if the form has it no more."""
    place = place_of(name)
    return place.name if place else ""


def _read(item: dict[str, str]) -> Wanted:
    due = item.get("due_on") or ""
    return Wanted(item["name"], item.get("words") or "", date.fromisoformat(due) if due else None)
