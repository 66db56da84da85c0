"""The editions of the form, what each changed, and how a draft that began on an older one is carried over to the one in force.

FORM_VERSION in models/steps names the edition in force. `models/marks/<version>.json` holds a mark for every question and document of
an edition, so that a changed form cannot go out without words for those who have begun: a test compares, and prints what to write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from models.agreement import TEXTS
from models.application import Application
from models.carried import CarriedOver, not_seen
from models.database import now
from models.document import remove, stored
from models.draft import Draft, drafts, merging, store
from models.event import record
from models.person import PORTAL, partner
from models.slots import SLOTS
from models.steps import QUESTIONS, step_of


@dataclass(frozen=True)
class Change:
    """What is different, as the partner reads it. `about` is the question or document; `was` its name before, if it had another."""

    about: str
    sentence: str
    was: str = ""


@dataclass(frozen=True)
class Edition:
    """One version of the form, and what changed in it since the one before."""

    version: str
    changes: tuple[Change, ...] = ()


#: All editions that partners have begun on, the oldest first; the last is in force. Sentences are English, and shown by `_`.
EDITIONS: list[Edition] = [Edition("2026-11")]


def outdated(application: Application, editions: Sequence[Edition] = EDITIONS) -> bool:
    """Whether the partner is still at work on an older edition of the form."""
    return application.open_to_partner and application.form_version != editions[-1].version


def carry_over(session: Session, application: Application, editions: Sequence[Edition] = EDITIONS) -> CarriedOver | None:
    """Take a running application to the edition in force; None if it is there already.

    Answers stay, under the names and steps that the questions have now. An agreement whose text is another one is taken back, and
    documents that nothing asks for any more are removed. Answers that nothing asks for stay in the draft and are never sent.
    """
    if not outdated(application, editions):
        return None
    before, changes = application.form_version, changes_since(application.form_version, editions)
    again = sorted({change.about for change in changes if change.about in TEXTS})
    _settle_answers(session, application, changes, again)
    for document in stored(session, application.id):
        if document.slot not in SLOTS:
            remove(session, document)
    application.form_version = editions[-1].version
    made = CarriedOver(
        application_id=application.id or 0, from_version=before, to_version=application.form_version, agree_again=again, carried_at=now(),
        seen_at=None if changes else now(),
    )  # fmt: skip
    session.add_all([application, made])
    after, about = application.form_version, application.id
    record(session, "application.carried_over", PORTAL, application_id=about, before=before, after=after, agree_again=again)
    return made


def unseen(session: Session, application: Application, editions: Sequence[Edition] = EDITIONS) -> list[Change]:
    """What changed in the form since the partner last said that they have seen it; nothing once the application is sent."""
    if not application.open_to_partner or not any(edition.changes for edition in editions):
        return []
    waiting = not_seen(session, application.id)
    return changes_since(waiting[0].from_version, editions) if waiting else []


def acknowledge(session: Session, application: Application) -> None:
    """The partner has seen what changed; said twice, it counts once."""
    found = not_seen(session, application.id)
    for one in found:
        one.seen_at = now()
        session.add(one)
    if found:
        version = application.form_version
        record(session, "application.edition_seen", partner(application.company_name or ""), application_id=application.id, version=version)


def changes_since(version: str, editions: Sequence[Edition] = EDITIONS) -> list[Change]:
    """What every edition after this one changed, in order; of a version that is none of ours, all there is."""
    known = [edition.version for edition in editions]
    later = editions[known.index(version) + 1 :] if version in known else editions
    return [change for edition in later for change in edition.changes]


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Name → "new", "gone" or "different", for two editions' marks."""
    names = [*after, *(name for name in before if name not in after)]
    kinds = {name: "new" if name not in before else "gone" if name not in after else "different" for name in names}
    return {name: kind for name, kind in kinds.items() if before.get(name) != after.get(name)}


def _settle_answers(session: Session, application: Application, changes: Iterable[Change], again: Iterable[str]) -> None:
    """Write the answers anew, renamed, in the steps that ask them now, and without what must be agreed to again.

    What is taken back gets a new version, so that a window still open on the older edition cannot agree to the new text by chance.
    """
    rows = drafts(session, application.invitation_code)
    names = {change.was: change.about for change in changes if change.was}
    laid = _laid_out({number: draft.form_data for number, draft in rows.items()}, names)
    for number, answers in laid.items():
        draft = rows.get(number) or Draft(invitation_code=application.invitation_code, step_number=number, last_updated=now())
        merge = merging(draft)
        if merge.replace({name: value for name, value in answers.items() if name not in again}, "") or number not in rows:
            store(session, draft, merge)


def _laid_out(rows: Mapping[int, Mapping[str, Any]], names: Mapping[str, str]) -> dict[int, dict[str, Any]]:
    """Step number → answers. An answer goes where its question is asked now, unless that is answered; what nobody asks stays."""
    laid: dict[int, dict[str, Any]] = {number: {} for number in rows}
    given = {name for answers in rows.values() for name in answers}
    for number, answers in rows.items():
        for name, value in answers.items():
            now_called = names[name] if names.get(name) and names[name] not in given else name
            step = step_of(now_called)
            home = laid.setdefault(step.number if step else number, {})
            if now_called not in home or (step and step.number == number):
                home[now_called] = value
    return laid


def wording(editions: Sequence[Edition] = EDITIONS) -> Iterator[str]:
    """Every sentence that a partner may read about a change, for the catalogues."""
    yield from (change.sentence for one in editions for change in one.changes)


def label_of(name: str) -> str:
    """A question's or document's label, in English; empty for one that the form does not have any more."""
    return QUESTIONS[name].label if name in QUESTIONS else SLOTS[name].label if name in SLOTS else ""
