"""Where each invitation stands, in one narrow row: what the list of invitations filters, counts and pages by.

Four other tables have a say in it (the newest mail, the application, what was typed, what was uploaded), so that asking them for 100,000
invitations takes seconds. Triggers (migration 0009) keep it as they are, whoever changes them; a migration that makes one of those tables
anew on SQLite (batch mode) must make their triggers anew too.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.database import UtcDateTime


class InvitationEntry(SQLModel, table=True):
    """What the list knows of one invitation. `standing` is one of models/invited.py, as if no date had passed: `expires_at` says that."""

    __tablename__ = "invitation_entries"
    __table_args__ = (sa.Index("ix_invitation_entries_standing", "standing", "id", "expires_at"),)

    id: int = Field(primary_key=True, foreign_key="invitations.id", ondelete="CASCADE", sa_column_kwargs={"autoincrement": False})
    standing: str
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
