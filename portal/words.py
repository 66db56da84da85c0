"""How times, sizes, statuses and targets are written for people, in their language: plain text, or markup that is safe to show."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial

from babel.dates import format_date, format_skeleton, format_timedelta
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from models.application import ApplicationStatus
from models.columns import decided_said
from models.database import OFFICE as OFFICE  # staff read the time of their office
from models.delivery import DeliveryState
from models.invitation import InvitationStatus
from models.language import LANGUAGES, _, ngettext, shown_number, spoken
from models.targets import TARGETS as TARGETS
from models.targets import in_words

DASH = Markup("–")

TONES: dict[str, str] = {
    ApplicationStatus.SUBMITTED: "info",
    ApplicationStatus.UNDER_REVIEW: "info",
    ApplicationStatus.INFORMATION_REQUIRED: "warn",
    ApplicationStatus.REVIEWED: "warn",
    ApplicationStatus.APPROVED: "good",
    ApplicationStatus.SUSPENDED: "bad",
    ApplicationStatus.REJECTED: "bad",
    ApplicationStatus.WITHDRAWN: "",
    DeliveryState.WAITING: "info",
    DeliveryState.RUNNING: "info",
    DeliveryState.DONE: "good",
    DeliveryState.FAILED: "bad",
    DeliveryState.SETTLED: "",
    InvitationStatus.ACTIVE: "info",
    InvitationStatus.USED: "good",
    InvitationStatus.EXPIRED: "warn",
    InvitationStatus.REVOKED: "bad",
}
DELIVERY_WORDS: dict[str, str] = {
    DeliveryState.WAITING: "Waiting",
    DeliveryState.RUNNING: "Running",
    DeliveryState.DONE: "Done",
    DeliveryState.FAILED: "Failed",
    DeliveryState.SETTLED: "Settled by hand",
}
INVITATION_WORDS: dict[str, str] = {
    InvitationStatus.ACTIVE: "Open",
    InvitationStatus.USED: "Used",
    InvitationStatus.EXPIRED: "Expired",
    InvitationStatus.REVOKED: "Revoked",
}
AGAIN = "Trying again"
#: Begins and ends a piece whose direction is its own, so that an English name does not disturb an Arabic sentence (UAX 9).
ISOLATE, END_ISOLATE = "\u2068", "\u2069"


def moment(at: datetime | None, *, seconds: bool = False) -> Markup:
    """`<time>` with the office's time, "22 Nov 2026, 14:05", and UTC in its title; a dash for None."""
    if at is None:
        return DASH
    clock = f"{at.astimezone(OFFICE):%H:%M:%S}" if seconds else f"{at.astimezone(OFFICE):%H:%M}"
    return _time(at, both(day(at.astimezone(OFFICE).date()), clock))


def day_of(at: datetime | None) -> Markup:
    """`<time>` with the office's day only."""
    return DASH if at is None else _time(at, day(at.astimezone(OFFICE).date()))


def clock(at: datetime) -> str:
    """The office's time of day: 14:05."""
    return f"{at.astimezone(OFFICE):%H:%M}"


def day(on: date) -> str:
    """22 Nov 2026."""
    return _day(on, spoken().code)


def ago(at: datetime | None, seen_at: datetime) -> Markup:
    """`<time>` with the distance: "3 min ago", "in 2 hr"; the moment is in its title."""
    if at is None:
        return DASH
    distance = at - seen_at
    near = abs(distance.total_seconds()) < 5
    return _time(at, _("now") if near else _distance(distance))


def _distance(distance: timedelta) -> str:
    """In short words. CLDR has none with a direction for some units (Arabic's weeks and months): there the long ones stand."""
    short, long = (partial(format_timedelta, distance, add_direction=True, format=form, threshold=1.5) for form in ("short", "long"))
    try:
        return short(locale=spoken().locale)
    except KeyError:
        return long(locale=spoken().locale)


def size(octets: int) -> str:
    """Octets as people read them: 340 KB, 1.2 MB."""
    if octets >= 1_000_000:
        return _("{number} MB").format(number=format_decimal(octets / 1_000_000, "0.0", locale=spoken().locale))
    return _("{number} KB").format(number=shown_number(max(1, round(octets / 1000))))


def own(text: object) -> str:
    """A name, code or address as it stands in a sentence: in one that runs from right to left it keeps its own direction."""
    return f"{ISOLATE}{text}{END_ISOLATE}" if text and spoken().direction == "rtl" else str(text)


def name(text: object) -> Markup:
    """A name or code in a page, in its own direction."""
    return Markup("<bdi>{}</bdi>").format(text)


def both(first: object, second: object) -> Markup:
    """Two things in one line: "Rosa Reyes, 22 Nov 2026"."""
    return Markup("{}").format(_("{first}, {second}")).format(first=first, second=second)


@lru_cache(maxsize=1024)
def tag(words: str, tone: str = "") -> Markup:
    """A coloured label."""
    return Markup('<span class="tag {}">{}</span>').format(tone, words)


def status_tag(status: ApplicationStatus, decided: object = None, held: object = None) -> Markup:
    """An application's status as the desk says it; where it is `decided` and nothing has left yet, that, or that it is `held`."""
    if held or decided:
        return tag(decided_said(held=bool(held)), "bad" if held else "info")
    return tag(status_words(status), TONES[status])


def status_words(status: ApplicationStatus) -> str:
    """An application's status as the desk says it, in plain text."""
    return _(status.desk_label)


def delivery_tag(state: str, attempts: int = 0) -> Markup:
    """A delivery's state; one that waits after an attempt says so."""
    again = state == DeliveryState.WAITING and attempts
    return tag(_(AGAIN), "warn") if again else tag(_(DELIVERY_WORDS[state]), TONES[state])


def invitation_tag(status: InvitationStatus) -> Markup:
    """An invitation's state."""
    return tag(_(INVITATION_WORDS[status]), TONES[status])


def target(name: str) -> str:
    """Who hears of an event, in words."""
    return in_words(name)


def number(count: int) -> str:
    """1,200."""
    return shown_number(count)


def applications(count: int) -> str:
    """ "1 application", "3 applications"."""
    return ngettext("{count} application", "{count} applications", count).format(count=shown_number(count))


def invitations(count: int) -> str:
    """ "1 invitation", "3 invitations"."""
    return ngettext("{count} invitation", "{count} invitations", count).format(count=shown_number(count))


def deliveries(count: int) -> str:
    """ "1 delivery", "3 deliveries"."""
    return ngettext("{count} delivery", "{count} deliveries", count).format(count=shown_number(count))


def attempts(count: int) -> str:
    """ "Not tried yet", "1 attempt", "3 attempts"."""
    return ngettext("{count} attempt", "{count} attempts", count).format(count=shown_number(count)) if count else _("Not tried yet")


def entries(count: int) -> str:
    """ "1 entry", "3 entries": of the audit log."""
    return ngettext("{count} entry", "{count} entries", count).format(count=shown_number(count))


def people(count: int) -> str:
    """ "1 person", "3 people"."""
    return ngettext("{count} person", "{count} people", count).format(count=shown_number(count))


def partners(count: int) -> str:
    """ "1 partner", "3 partners"."""
    return ngettext("{count} partner", "{count} partners", count).format(count=shown_number(count))


def flags(count: int) -> str:
    """ "1 flag", "3 flags"."""
    return ngettext("{count} flag", "{count} flags", count).format(count=shown_number(count))


def changes(count: int) -> str:
    """ "1 change", "3 changes"."""
    return ngettext("{count} change", "{count} changes", count).format(count=shown_number(count))


def _time(at: datetime, shown: object) -> Markup:
    utc = at.astimezone(UTC)
    title = _("{moment} UTC").format(moment=f"{_long_day(utc.date(), spoken().code)}, {utc:%H:%M:%S}")
    return Markup(f'<time datetime="{utc:%Y-%m-%dT%H:%M:%SZ}" title="{escape(title)}">{escape(shown)}</time>')  # noqa: S704 — escaped


@lru_cache(maxsize=4096)  # a list shows the same few days in each line, and Babel takes 50 µs for each
def _day(on: date, code: str) -> str:
    return format_skeleton("yMMMd", on, locale=LANGUAGES[code].locale)


@lru_cache(maxsize=4096)
def _long_day(on: date, code: str) -> str:
    return format_date(on, "d MMMM y", locale=LANGUAGES[code].locale)
