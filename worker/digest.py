"""The mail to operations about deliveries that need a person, and when it is asked for (models/digest.py)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from sqlmodel import Session

from models.database import transaction
from models.delivery import Delivery
from models.digest import Digest, Trouble, ask_at_once, ask_in_the_morning, newer_one_waits, settle_older
from models.digest import digest as gathered
from models.language import _, ngettext, shown_date, shown_number
from models.letters import Letter
from models.settings import settings
from models.targets import in_words
from worker.notify import mail, of_the_office
from worker.outcome import Needless


def tell_operations(worker: str) -> bool:
    """Ask for the mail where it is due, in the morning or at once; whether this `worker` did."""
    with transaction() as session:
        return ask_in_the_morning(session, worker) or ask_at_once(session, worker)


def _digest(session: Session, delivery: Delivery) -> Letter:
    """Everything as it stands when the mail leaves."""
    if newer_one_waits(session, delivery):
        raise Needless("A newer mail says the same, so this one was not sent.")
    found = gathered(session)
    if not found:
        raise Needless("Nothing needed a person any more when the mail was to leave, so it was not sent.")
    facts = {"parts": _parts(found), "more": shown_number(found.more) if found.more else "", "link": _link("trouble")}
    subject = _("Deliveries that need somebody: {count}").format(count=shown_number(_count(found)))
    return Letter(settings().mail_operations, subject, "digest", facts, settings().mail_operations)


def _parts(found: Digest) -> list[dict[str, Any]]:
    """Title and lines of each part; a line says what, why and about whom, and leads to it."""
    stopped = [
        {
            "what": in_words(one.target), "why": one.why, "link": _link("all"),
            "who": _("{name}, {day}").format(name=one.paused_by, day=shown_date(one.paused_at.date())),
        }
        for one in found.stopped
    ]  # fmt: skip
    parts = (
        (_("Stopped by an operator"), stopped),
        (_("Failed"), _lines(found.failed, "failed")),
        (_("Emails that came back"), _lines(found.returned, "failed")),
        (_("Tried again for more than a day"), _lines(found.slow, "again")),
        (_("Returned mail"), _unread(found)),
        (_("Virus scanner"), _unscanned(found)),
        (_("SharePoint"), _in_sharepoint(found)),
    )
    return [{"title": title, "lines": lines} for title, lines in parts if lines]


def _unread(found: Digest) -> list[dict[str, str]]:
    what = _("The mailbox with returned mail cannot be read")
    return [{"what": what, "why": found.unread, "who": "", "link": _link("trouble")}] if found.unread else []


def _unscanned(found: Digest) -> list[dict[str, str]]:
    count, why = found.unscanned
    what = ngettext("{count} document waits for it", "{count} documents wait for it", count).format(count=shown_number(count))
    return [{"what": what, "why": why, "who": "", "link": _link("trouble")}] if count else []


def _in_sharepoint(found: Digest) -> list[dict[str, str]]:
    """Items that need a person, and lists that cannot be read."""
    unread = [
        {"what": _("The list {name} in SharePoint cannot be read").format(name=name), "why": why, "who": "", "link": _link("trouble")}
        for name, why in found.unfollowed
    ]
    where = _("{list}, item {item}")
    compared = [
        {"what": _("The comparison of last night"), "why": line, "who": "", "link": _link("trouble")} for line in found.compared
    ]
    return unread + compared + [
        {
            "what": one.title or where.format(list=one.list_name, item=one.item_id), "why": one.why,
            "who": where.format(list=one.list_name, item=one.item_id), "link": _link("trouble"),
        }
        for one in found.troubles
    ]  # fmt: skip


def _lines(troubles: Iterable[Trouble], tab: str) -> list[dict[str, str]]:
    return [
        {
            "what": f"{in_words(one.target)} ({shown_number(one.count)})", "why": one.reason, "who": _who(one),
            "link": _link(tab, one.target),
        }
        for one in troubles
    ]  # fmt: skip


def _who(one: Trouble) -> str:
    left, names = one.count - len(one.names), ", ".join(one.names)
    if not names or not left:
        return names
    return ngettext("{names} and {count} more", "{names} and {count} more", left).format(names=names, count=shown_number(left))


def _count(found: Digest) -> int:
    alone = len(found.stopped) + bool(found.unread) + found.unscanned[0] + len(found.troubles) + len(found.unfollowed) + len(found.compared)
    return alone + sum(one.count for one in (*found.failed, *found.returned, *found.slow))


def _link(tab: str, target: str = "") -> str:
    asked = {"status": tab, **({"target": target} if target else {})}
    return f"{settings().portal_url}/deliveries?{urlencode(asked)}"


digest = mail(_digest, settle_older, of_the_office)
