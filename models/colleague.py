"""A colleague: somebody whom the partner asked to fill in one step, and who comes in by a link of their own.

The link's token is in the mail alone. It follows from the row and the portal's secret, so the database keeps only its hash.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlmodel import Field, Session, SQLModel, col, select

from models import identifiers
from models.database import UtcDateTime, now
from models.errors import Conflict, Invalid, NotFound, Problem, TooMany
from models.event import record
from models.language import ENGLISH, LANGUAGES, _
from models.person import partner
from models.reach import must_be_open
from models.settings import settings
from models.steps import STEPS, Step

if TYPE_CHECKING:  # an application ends their links when it is sent
    from models.application import Application

LIFE, AT_ONCE, A_DAY = timedelta(days=14), 10, 20  # so long a link lives; so many live at once; so many mails a day
NAME, NOTE = 80, 500  # characters
PAUSE = timedelta(minutes=2)  # between two notes of when they were last there

LINK = re.compile(r"[^\s.]\.[^\W\d_](?:[^\W\d_]|[^\w\s!-~])|\d\.\d+\.\d+\.\d|:/|//|www\.|\bmailto:", re.IGNORECASE)
FILE = re.compile(r"(?<![\w./-])[\w-]+\.(?:pdf|docx|xlsx|pptx|csv|jpe?g|png)(?![\w/:@-]|\.\w)", re.IGNORECASE)
DOTS = {ord(sign): "." for sign in "。｡․﹒．"}


class Ended(StrEnum):
    """Why a link opens nothing any more; one that is past its fourteen days just is."""

    TAKEN_BACK = "taken back"
    ASKED_AGAIN = "asked again"
    SENT = "sent"


class Colleague(SQLModel, table=True):
    """One colleague who was asked. `public_id` is their name in addresses and sessions; it opens nothing by itself."""

    __tablename__ = "colleagues"

    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="applications.id", index=True)
    public_id: str = Field(unique=True)
    token_hash: str = Field(unique=True)
    step: str
    name: str
    email: str
    note: str = ""
    language: str = ENGLISH.code
    asked_by: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_why: str = ""

    @property
    def live(self) -> bool:
        """Whether the link still opens the step."""
        return self.ended_at is None and self.expires_at > now()

    @property
    def is_back(self) -> bool:
        """Whether they are seen after a pause, which is then noted."""
        return self.seen_at is not None and self.seen_at < now() - PAUSE

    @property
    def token(self) -> str:
        """What the link carries: 256 bits."""
        said = f"colleague link:{self.public_id}".encode()
        mac = hmac.new(settings().secret_key.get_secret_value().encode(), said, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

    @property
    def helps_with(self) -> Step:
        """The step they were asked to fill in."""
        return next(step for step in STEPS if step.name == self.step)


def ask_colleague(
    session: Session, application: Application, *, by: str, step: str, name: str, email: str, note: str = "", language: str = ENGLISH.code
) -> Colleague:
    """Ask somebody to fill in a step; the mail with their link leaves through the worker. `by` is who asks, as they read it.

    Invalid names every wrong field, TooMany after 20 in a day, Conflict with ten live links or once the application is sent.
    Whoever is asked for the same step again gets a new link, and the older one ends.
    """
    must_be_open(application)
    fields = _checked(step, name, email, note, language)
    for older in colleagues_of(session, application):
        if older.live and (older.step, older.email.casefold()) == (step, fields["email"].casefold()):
            _end(session, older, Ended.ASKED_AGAIN)
    _must_have_room(session, application)
    moment = now()
    made = Colleague(
        **fields, application_id=application.id or 0, asked_by=by, asked_at=moment, expires_at=moment + LIFE,
        public_id=secrets.token_urlsafe(12), token_hash="",
    )  # fmt: skip
    made.token_hash = _hash(made.token)
    session.add(made)
    session.flush()
    _record(session, "application.colleague_asked", made)
    return made


def ask_again(session: Session, application: Application, public_id: str) -> Colleague:
    """A new mail with a new link and fourteen days; the older link ends."""
    before = colleague_of(session, application, public_id)
    return ask_colleague(
        session, application, by=before.asked_by, step=before.step, name=before.name, email=before.email, note=before.note,
        language=before.language,
    )  # fmt: skip


def take_back(session: Session, application: Application, public_id: str) -> Colleague:
    """From now on their link opens nothing, and a page that they have open changes nothing. Said twice, it is the same."""
    found = colleague_of(session, application, public_id)
    if found.ended_at is None:
        _end(session, found, Ended.TAKEN_BACK)
        _record(session, "application.colleague_taken_back", found)
    return found


def say_done(session: Session, colleague: Colleague) -> None:
    """They have done what they were asked; the partner hears of it once, and the link goes on working."""
    if not colleague.live:
        raise Conflict(ended_words(colleague))
    if colleague.done_at is None:
        colleague.done_at = now()
        session.add(colleague)
        _record(session, "application.colleague_done", colleague)


def note_seen(session: Session, colleague: Colleague) -> None:
    """They are there now; the first time is an event."""
    if colleague.opened_at is None:
        colleague.opened_at = now()
        _record(session, "application.colleague_came", colleague)
    colleague.seen_at = now()
    session.add(colleague)


def speak_to(session: Session, public_id: str, language: str) -> None:
    """A colleague reads in this language from now on."""
    found = session.exec(select(Colleague).where(Colleague.public_id == public_id)).first()
    if found is not None and language in LANGUAGES:
        found.language = language
        session.add(found)


def end_all(session: Session, application: Application) -> None:
    """The application is sent, so nobody helps with it any more."""
    for colleague in colleagues_of(session, application):
        if colleague.ended_at is None:
            _end(session, colleague, Ended.SENT)


def colleagues_of(session: Session, application: Application) -> list[Colleague]:
    """All who were ever asked for this application, newest first."""
    wanted = select(Colleague).where(Colleague.application_id == application.id)
    return list(session.exec(wanted.order_by(col(Colleague.id).desc())))


def colleague_of(session: Session, application: Application, public_id: str) -> Colleague:
    """One of this application's; NotFound otherwise."""
    found = session.exec(select(Colleague).where(Colleague.public_id == public_id, Colleague.application_id == application.id)).first()
    if found is None:
        raise NotFound(_("There is no such colleague."))
    return found


def by_token(session: Session, token: str) -> Colleague | None:
    """Whose link carries this token, also one that has ended."""
    return session.exec(select(Colleague).where(Colleague.token_hash == _hash(token))).first()


def ended_of(session: Session, public_id: str) -> str:
    """Why the link of the colleague with this id opens nothing any more; empty while it does."""
    found = session.exec(select(Colleague).where(Colleague.public_id == public_id)).one()
    return "" if found.live else ended_words(found)


def ended_words(colleague: Colleague) -> str:
    """Why their link opens nothing any more, and what they can do."""
    words = {
        Ended.TAKEN_BACK: _("{name} has taken the link back, so nothing can be changed with it any more."),
        Ended.ASKED_AGAIN: _("{name} has had a newer link mailed to you. Open that one."),
        Ended.SENT: _("The application has been sent, so there is nothing left to fill in. Thank you for your help."),
    }
    over = _("This link opens nothing any more. Ask {name}.")
    ran_out = _("The link worked for 14 days and has run out. Ask {name} for a new one.")
    why = words[Ended(colleague.ended_why)] if colleague.ended_why else over if colleague.live else ran_out
    return why.format(name=colleague.asked_by)


def _checked(step: str, name: str, email: str, note: str, language: str) -> dict[str, Any]:
    name, note, email = " ".join(name.split()), note.strip(), email.strip()
    no_links = _("Leave web and email addresses out of your note, and put a space after each full stop: the mail has the link already.")
    wrong = [
        None if any(one.name == step for one in STEPS) else Problem("step", _("Choose one of the six steps.")),
        None if 2 <= len(name) <= NAME else Problem("name", _("Enter your colleague's name, 2 to 80 characters.")),
        Problem("name", _("Leave web and email addresses out of the name, and put a space after a full stop.")) if has_link(name) else None,
        _email_problem(email),
        None if len(note) <= NOTE else Problem("note", _("Shorten your note to 500 characters.")),
        Problem("note", no_links) if has_link(note) else None,
        None if language in LANGUAGES else Problem("language", _("Choose one of the languages shown.")),
    ]
    if problems := [problem for problem in wrong if problem]:
        raise Invalid(_("Your colleague was not asked yet."), problems)
    return {"step": step, "name": name, "email": identifiers.email(email), "note": note, "language": language}


def _email_problem(email: str) -> Problem | None:
    try:
        identifiers.email(email)
    except ValueError as error:
        return Problem("email", str(error))
    return None


def has_link(text: str) -> bool:
    """Whether a mail program, or a person, could make a link of something in a text: mails of ours carry no other link than ours.

    Whoever fills in the form could otherwise send a stranger's words in our name. Programs link what merely looks like an address, so
    a letter or digit, a dot and two letters are enough, whatever the ending; file names alone are let through.
    """
    shown = unicodedata.normalize("NFKC", text).translate(DOTS)  # as browsers read an address
    plain = "".join(sign for sign in shown if unicodedata.category(sign) != "Cf")  # what nobody sees hides nothing
    return bool(LINK.search(FILE.sub(" ", plain)))


def _must_have_room(session: Session, application: Application) -> None:
    asked = colleagues_of(session, application)
    if sum(one.live for one in asked) >= AT_ONCE:
        raise Conflict(_("Ten colleagues have a link now. Take one back before you ask another."))
    if sum(one.asked_at > now() - timedelta(days=1) for one in asked) >= A_DAY:
        raise TooMany(_("Twenty mails to colleagues have left within a day. Ask again tomorrow."), retry_after=24 * 3600)


def _end(session: Session, colleague: Colleague, why: Ended) -> None:
    colleague.ended_at, colleague.ended_why = now(), why
    session.add(colleague)
    session.flush()


def _record(session: Session, kind: str, colleague: Colleague) -> None:
    theirs = kind in ("application.colleague_came", "application.colleague_done")
    who = partner(colleague.name if theirs else colleague.asked_by)
    record(
        session, kind, who, application_id=colleague.application_id, colleague=colleague.id, name=colleague.name, email=colleague.email,
        step=colleague.step,
    )  # fmt: skip


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
