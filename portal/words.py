"""How the desk writes times, sizes, statuses and targets for people: plain text, or markup that is safe to show."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from models.application import ApplicationStatus
from models.event import DeliveryState
from models.invitation import InvitationStatus

#: Inside all moments are UTC; staff read the time of their office.
OFFICE = ZoneInfo("Europe/London")
DASH = Markup("–")

TONES: dict[str, str] = {
    ApplicationStatus.SUBMITTED: "info",
    ApplicationStatus.UNDER_REVIEW: "info",
    ApplicationStatus.INFORMATION_REQUIRED: "warn",
    ApplicationStatus.REVIEWED: "warn",
    ApplicationStatus.APPROVED: "good",
    ApplicationStatus.REJECTED: "bad",
    ApplicationStatus.WITHDRAWN: "",
}
DESK_STATUS: dict[ApplicationStatus, str] = {ApplicationStatus.SUBMITTED: "New", ApplicationStatus.REVIEWED: "Decision due"}
TARGETS: dict[str, str] = {
    "sharepoint.invitation": "SharePoint: invitation",
    "sharepoint.application": "SharePoint: application",
    "sharepoint.documents": "SharePoint: documents",
    "email.invitation": "Email: invitation",
    "email.confirmation": "Email: confirmation code",
    "email.received": "Email: application received",
    "email.operations": "Email: operations",
    "email.information_required": "Email: information required",
    "email.approved": "Email: approved",
    "email.rejected": "Email: rejected",
}
DELIVERY_WORDS: dict[str, tuple[str, str]] = {
    DeliveryState.WAITING: ("Waiting", "info"),
    DeliveryState.RUNNING: ("Running", "info"),
    DeliveryState.DONE: ("Done", "good"),
    DeliveryState.FAILED: ("Failed", "bad"),
    DeliveryState.SETTLED: ("Settled by hand", ""),
}


def moment(at: datetime | None, *, seconds: bool = False) -> Markup:
    """`<time>` with the office's time, "22 Nov 2026, 14:05", and UTC in its title; a dash for None."""
    if at is None:
        return DASH
    here = at.astimezone(OFFICE)
    shown = f"{here.day} {here:%b %Y, %H:%M:%S}" if seconds else f"{here.day} {here:%b %Y, %H:%M}"
    return _time(at, shown)


def day_of(at: datetime | None) -> Markup:
    """`<time>` with the office's day only."""
    return DASH if at is None else _time(at, day(at.astimezone(OFFICE).date()))


def day(on: date) -> str:
    """22 Nov 2026."""
    return f"{on.day} {on:%b %Y}"


def ago(at: datetime | None, seen_at: datetime) -> Markup:
    """`<time>` with the distance: "3 min ago", "in 2 h"; the moment is in its title."""
    if at is None:
        return DASH
    seconds = (at - seen_at).total_seconds()
    amount = _amount(abs(seconds))
    return _time(at, "now" if not amount else f"in {amount}" if seconds > 0 else f"{amount} ago")


def size(octets: int) -> str:
    """Octets as people read them: 340 KB, 1.2 MB."""
    return f"{octets / 1_000_000:.1f} MB" if octets >= 1_000_000 else f"{max(1, round(octets / 1000))} KB"


def tag(words: str, tone: str = "") -> Markup:
    """A coloured label."""
    return Markup('<span class="tag {}">{}</span>').format(tone, words)


def status_tag(status: ApplicationStatus) -> Markup:
    """An application's status as the desk says it."""
    return tag(DESK_STATUS.get(status, status.label), TONES[status])


def delivery_tag(state: str, attempts: int = 0) -> Markup:
    """A delivery's state; one that waits after an attempt says so."""
    words, tone = DELIVERY_WORDS[state]
    return tag("Trying again", "warn") if state == DeliveryState.WAITING and attempts else tag(words, tone)


def invitation_tone(status: InvitationStatus) -> str:
    """The colour of an invitation's state."""
    return {InvitationStatus.ACTIVE: "info", InvitationStatus.USED: "good", InvitationStatus.EXPIRED: "warn"}.get(status, "bad")


def target(name: str) -> str:
    """Who hears of an event, in words."""
    return TARGETS.get(name, name)


def counted(number: int, one: str, many: str = "") -> str:
    """ "1 flag", "3 flags"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _amount(seconds: float) -> str:
    if seconds < 5:
        return ""
    for limit, unit, word in ((90, 1, "s"), (5400, 60, "min"), (129_600, 3600, "h")):
        if seconds < limit:
            return f"{round(seconds / unit)} {word}"
    return f"{round(seconds / 86_400)} days"


def _time(at: datetime, shown: str) -> Markup:
    utc = at.astimezone(UTC)
    title = f"{utc.day} {utc:%B %Y, %H:%M:%S} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(f"{utc:%Y-%m-%dT%H:%M:%SZ}", title, shown)
