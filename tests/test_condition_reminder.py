"""The conditions of an approval: the partner is reminded before and after each one's day, and the desk finds what is overdue."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlmodel import col, select, update

from models.condition import Condition, Term, conditions, mark_met
from models.condition_reminder import REMINDED, due_conditions
from models.database import now, reading, today, transaction
from models.decision import Decision
from models.event import Event
from models.invitation import Invitation, speak
from models.language import _, shown_date, speaking
from models.looked import Looked, looked, said
from models.person import Role
from models.progress import told
from models.queue import counted, look
from models.review import approve, history
from portal.pages.review.story import story
from tests.desk import applied, brought, person, row
from tests.partners import deliveries, events
from tests.parts import Graph, Mailbox
from worker.deliver import drain
from worker.reminders import remind_all

FIRST, SECOND, OPEN = "Send the renewed certificate.", "Train two more installers.", "Keep us told of changes."


def agreed(*days: int, company: str = "Brightfield Solar Ltd", ago: int = 60) -> str:
    """An approval of `ago` days ago, under a condition that is due in each of so many days, and one without a day."""
    reference = brought(applied(company), to="reviewed")
    due, approver = today() + timedelta(days=200), person(Role.APPROVER)
    with transaction() as session:
        terms = [Term(text, due) for text, __ in zip((FIRST, SECOND), days, strict=False)]
        approve(session, approver, row(session, reference), "Welcome.", [*terms, Term(OPEN)])
    move(reference, *days, ago=ago)
    return reference


def move(reference: str, *days: int, ago: int = 60) -> None:
    """Time goes on: the approval is `ago` days old, and its conditions are due in so many days."""
    with transaction() as session:
        number = row(session, reference).id
        for one, left in zip(conditions(session, number), days, strict=False):
            one.due_on = today() + timedelta(days=left)
            session.add(one)
        session.exec(update(Decision).where(col(Decision.application_id) == number).values(effective_at=now() - timedelta(days=ago)))


def a_day_passes() -> None:
    """The reminders until now were sent a day earlier than they were."""
    with transaction() as session:
        for one in session.exec(select(Event).where(Event.type == REMINDED)):
            one.at -= timedelta(days=1)
            session.add(one)


def met(reference: str, text: str) -> None:
    approver = person(Role.APPROVER)
    with transaction() as session:
        found = session.exec(select(Condition).where(Condition.application_id == row(session, reference).id, Condition.text == text)).one()
        mark_met(session, approver, found)


def test_the_partner_is_reminded_seven_days_before_a_conditions_day_and_once_after_it(database: str) -> None:
    reference, so_far = agreed(8), 0
    for days, goes in ((8, 0), (7, 1), (6, 0), (1, 0), (0, 0), (-1, 1), (-2, 0), (-40, 0)):
        move(reference, days)
        assert (remind_all(), remind_all()) == (goes, 0), days
        so_far += goes
        assert len(events(REMINDED)) == so_far
        a_day_passes()


def test_two_conditions_have_turns_of_their_own_and_share_the_mail_of_one_day(database: str) -> None:
    reference = agreed(7, 7)
    assert remind_all() == 1, "both at once"
    a_day_passes()
    move(reference, 6, 7)
    assert remind_all() == 1, "the second has been moved"
    a_day_passes()
    met(reference, FIRST)
    move(reference, -1, 6)
    assert remind_all() == 0, "what is met is not reminded of"
    move(reference, -1, -1)
    assert remind_all() == 1


def test_nobody_is_reminded_of_a_day_before_the_approval_nor_twice_by_two_workers(database: str) -> None:
    agreed(3, company="Short Notice Ltd", ago=1)
    several = [agreed(7, company=f"Company {number} Ltd") for number in range(3)]
    with ThreadPoolExecutor(2) as workers:
        counts = list(workers.map(lambda __: remind_all(), range(2)))
    with reading() as session:
        reminded = sorted(one.application_id or 0 for one in events(REMINDED))
        assert reminded == sorted(row(session, one).id or 0 for one in several) and sum(counts) == 3


def test_many_are_looked_at_in_parts_and_none_is_left_out(database: str) -> None:
    several = [agreed(7, 5, company=f"Company {number} Ltd") for number in range(3)]
    with reading() as session:
        wanted = [row(session, one).id for one in several]
        first, after = due_conditions(session, 0, 2)
        rest, end = due_conditions(session, after or 0, 2)
    assert [*first, *rest] == wanted and after == wanted[1] and end is None


def test_the_mail_says_in_the_partners_language_what_is_left_and_is_not_sent_once_all_is_met(
    database: str, graph: Graph, mailbox: Mailbox
) -> None:
    late, done = agreed(-1, 30), agreed(-1, company="Done Ltd")
    with transaction() as session:
        speak(session, session.exec(select(Invitation).where(Invitation.code == row(session, late).invitation_code)).one(), "de")
    assert remind_all() == 2
    met(late, OPEN)
    met(done, FIRST)
    met(done, OPEN)
    drain()
    with speaking("de"):
        subject = _("A condition of your approval is overdue: {reference}").format(reference=late)
        [mail] = [one for one in mailbox.mails() if str(one["Subject"]) == subject]
        text = mailbox.text(mail)
        assert _("It was due on %(day)s.") % {"day": shown_date(today() - timedelta(days=1))} in text
        assert _("Due by %(day)s.") % {"day": shown_date(today() + timedelta(days=30))} in text
    assert FIRST in text and SECOND in text and OPEN not in text
    assert [one.last_error for one in deliveries("email.condition_reminder") if one.external_id is None] == [
        "Every condition had been met before the reminder left, so it was not sent."
    ]
    with reading() as session:
        application = row(session, late)
        assert story(history(session, application))[1].sentence == "The partner was reminded of the conditions"
        assert told(session, application)[0].event.type == REMINDED and told(session, application)[0].mails


def test_the_desk_finds_and_counts_what_is_overdue(database: str) -> None:
    late, __ = agreed(-1, 10), agreed(0, company="Today Ltd")
    with reading() as session:
        for asked in ({"view": "conditions"}, {"view": "all", "overdue": "1"}):
            assert [one.reference for one in look(session, looked(asked)).rows] == [late]
        assert counted(session, None)["conditions"] == 1
    met(late, FIRST)
    with reading() as session:
        assert look(session, Looked(view="conditions")).total == 0 == counted(session, None)["conditions"]
    wanted = Looked(view="all", overdue=True)
    assert looked({name: value for name, value in said(wanted).items() if value}) == wanted
