"""One narrow row for each submitted application: what the desk's list filters, sorts, counts and searches by.

An application has exactly the 97 columns of the form, and its row is so wide that reading 100,000 of them takes seconds. What the list
needs stands here instead, in indexes that hold whole answers. Triggers (migration 0003) keep all of it but two columns as the
application and its documents are, whoever changes them; `reviewer_id` and `due_on` are the desk's own (models/assignment.py), and the
flags are found by models/flagging.py, which further triggers (migration 0007) tell of every change.
The reviewer is a column here, not a table beside it, because *Mine, newest first* is then one look into one index.
A migration that makes `applications` or `application_files` anew on SQLite (batch mode) must make their triggers anew too.
"""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.database import UtcDateTime


class QueueEntry(SQLModel, table=True):
    """What the list knows of one application; drafts have none.

    `company` is the name in lower case, `expires_on` the first day on which a stored document, an insurance or a policy that is good
    for 12 months ends, `due_on` the first day that the latest request to the partner names, `renewal` the state of the renewal that is
    under way (models/renewal.py). `places` is the JSON of its regions, with "UK" before it where all of the UK is meant. `words` and
    `numbers` are searched: the numbers without spaces and dashes. `flags` are how many flags there are and `flagged` the JSON of the
    questions and slots they are on; both hold before `flags_until`, and as long as the rules are those of `flags_by`.
    """

    __tablename__ = "queue_entries"
    __table_args__ = (
        sa.Index("ix_queue_entries_status", "status", "submitted_at", "application_id"),
        sa.Index("ix_queue_entries_newest", "submitted_at", "application_id", "status"),
        sa.Index("ix_queue_entries_company", "company", "application_id", "status"),
        sa.Index("ix_queue_entries_reviewer", "reviewer_id", "status", "submitted_at", "application_id"),
        sa.Index("ix_queue_entries_due", "status", "due_on"),
        sa.Index("ix_queue_entries_expires", "status", "expires_on"),
        sa.Index("ix_queue_entries_renewal", "renewal", "status", "submitted_at", "application_id"),
        sa.Index("ix_queue_entries_flags", "flags", "status", "submitted_at", "application_id"),
        sa.Index("ix_queue_entries_flags_until", "flags_until"),
        sa.Index("ix_queue_entries_by_status", "status", "application_id"),
    )

    application_id: int = Field(
        primary_key=True, foreign_key="applications.id", ondelete="CASCADE", sa_column_kwargs={"autoincrement": False}
    )
    status: str
    submitted_at: datetime = Field(sa_type=UtcDateTime)
    company: str
    reference: str
    reviewer_id: int | None = Field(default=None, foreign_key="users.id")
    due_on: date | None = None
    expires_on: date | None = None
    renewal: str | None = None
    capacity: str | None = None
    places: str
    words: str
    numbers: str
    flags: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    flagged: str = Field(default="[]", sa_column_kwargs={"server_default": "[]"})
    flags_until: date = Field(default=date.min, sa_column_kwargs={"server_default": "0001-01-01"})
    flags_by: str = Field(default="", sa_column_kwargs={"server_default": ""})


def is_declared(_: object, name: str | None, kind: str, reflected: bool, __: object) -> bool:
    """Whether a table or index that a database has is one that the models declare: alembic's `include_object`.

    The index of all words is made by each database in its own way, and not at all where PostgreSQL has no pg_trgm.
    """
    return not (reflected and kind in ("table", "index") and (name or "").startswith("queue_search"))
