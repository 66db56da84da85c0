"""What a partner agreed to: which text, in which version, when, and by whom."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Field, Session, SQLModel, select

from models.database import UtcDateTime
from models.language import ENGLISH, _, spoken


@dataclass(frozen=True)
class Text:
    """A text that is agreed to. A changed text is a new version; old ones stay for those who agreed to them.

    What is agreed to is the English text. Readers of other languages are shown a translation beside it.
    """

    name: str
    version: str
    title: str
    paragraphs: tuple[str, ...]

    @property
    def translated(self) -> tuple[str, ...]:
        """The paragraphs in the spoken language; none where that is English."""
        return () if spoken() is ENGLISH else tuple(_(paragraph) for paragraph in self.paragraphs)

    @property
    def digest(self) -> str:
        """SHA-256 of the text, in hex: proves which words were shown."""
        return hashlib.sha256("\n".join((self.title, *self.paragraphs)).encode()).hexdigest()


TEXTS: dict[str, Text] = {
    text.name: text
    for text in (
        Text("agree_to_terms", "2026-11", "Terms of working together", (
            "Work is carried out under the EPC and O&M contracts in the Contract Overview Pack.",
            "Prices, programmes and designs that Saber Renewable Energy shares are confidential and used only to prepare offers.",
            "Approval as a partner is not a promise of work, and either side may end it with 30 days' written notice.",
        )),
        Text("agree_to_codes", "2026-11", "Codes of practice", (
            "We follow the law and the codes of our trade on safety, quality, consumer protection and the environment.",
            "We pay our people fairly, check their right to work, and accept no form of modern slavery, bribery or harassment.",
            "We tell Saber Renewable Energy without delay about a notifiable accident, a prosecution or a lapse of insurance.",
        )),
        Text("data_processing_consent", "2026-11", "Privacy notice", (
            "Saber Renewable Energy uses these answers and documents to assess the application, work with partners and meet legal duties.",
            "They are kept in our portal, in Microsoft 365 and in our document store, seen by staff who need them, and never sold.",
            "Documents are kept for seven years after submission; drafts never submitted are deleted 30 days after the invitation expires.",
            "You may ask for a copy, a correction or erasure at any time, and complain to the Information Commissioner's Office.",
        )),
    )
}  # fmt: skip


class Agreement(SQLModel, table=True):
    """One text agreed to with one submission."""

    __tablename__ = "agreements"

    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="applications.id", index=True)
    name: str
    version: str
    digest: str
    agreed_at: datetime = Field(sa_type=UtcDateTime)
    agreed_by: str


def agree(session: Session, application_id: int, by: str, at: datetime) -> None:
    """Keep which texts `by` agreed to with this submission."""
    for text in TEXTS.values():
        session.add(
            Agreement(application_id=application_id, name=text.name, version=text.version, digest=text.digest, agreed_at=at, agreed_by=by)
        )


def agreements(session: Session, application_id: int) -> list[Agreement]:
    """All that was agreed to, oldest first."""
    return list(session.exec(select(Agreement).where(Agreement.application_id == application_id).order_by("id")))
