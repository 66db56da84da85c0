"""Living approval: what runs out is asked for, reminded of once, proposed beside what stands, approved apart, and suspended when it lapses."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as at_leisure
from hypothesis import strategies as st
from sqlmodel import col, select

from integrations.sharepoint import sharepoint
from integrations.storage import storage
from models.application import Application, ApplicationStatus
from models.condition import Condition, mark_met
from models.database import now, reading, today, transaction
from models.document import Document, DocumentState, accept, proposed, start_upload, stored
from models.errors import Conflict, Forbidden, Invalid
from models.event import Event
from models.flags import flags
from models.keeping import STAGES, keep_current, stage, to_look_at
from models.lapsing import DATED, Ending, ends_of, questions_of, running_out
from models.looked import looked
from models.merge import Answer
from models.person import Role
from models.progress import told
from models.queue import counted, look
from models.renewal import WHY, Renewal, RenewalState, latest_renewal, live_renewal
from models.renewal_review import approve_renewal, ask_renewal, digest, return_renewal, take_back_renewal
from models.renewing import problems_of, proposal_of, save_renewal, send_renewal
from models.resubmission import answers_sent, submissions
from models.retention import due
from models.review import verdicts
from models.rules import settle
from models.schedule import Lease
from models.settings import settings
from models.slots import SLOTS, a_year_after
from tests.api import ok, on_one_database, send_file, serving
from tests.desk import applied, brought, person, row, token
from tests.pages import browser
from tests.papers import pdf
from tests.partners import folder
from tests.parts import Graph, Mailbox, environment_of
from tests.sample_form import COMPLETE
from worker.deliver import drain
from worker.renewals import look_after

S, R = ApplicationStatus, RenewalState
TODAY = today()
LATER = TODAY + timedelta(days=400)
CERTIFICATE, EXPIRY = "public_liability_certificate", "public_liability_expiry"
#: Nothing of this partner runs out within two months.
LASTING: dict[str, Any] = {
    "public_liability_expiry": LATER, "employers_liability_expiry": LATER, "professional_indemnity_expiry": LATER,
    **dict.fromkeys(("health_safety_policy_date", "environmental_policy_date", "modern_slavery_policy_date", "substance_misuse_policy_date", "gdpr_policy_date"), TODAY),
}  # fmt: skip


def partner(days: int, **answers: Any) -> str:
    """The reference of an approved partner whose public liability insurance ends in so many days, and nothing else for a year."""
    reference = brought(applied(**{**LASTING, EXPIRY: TODAY + timedelta(days=max(days, 1)), **answers}), to="approved")
    if days < 1:  # the form takes no day that is over
        ends(reference, days)
    filed(reference, CERTIFICATE, "old.pdf", renews=False)
    return reference


def ends(reference: str, days: int) -> None:
    """The insurance's day is another, as staff correct it or time goes by."""
    with transaction() as session:
        found = row(session, reference)
        found.public_liability_expiry = TODAY + timedelta(days=days)
        session.add(found)


def filed(reference: str, slot: str, name: str = "new.pdf", expires: date | None = None, *, renews: bool = True, in_store: bool = False) -> str:
    """A document in a slot; answers its public id. With `renews` it comes as the partner's uploads do."""
    content = pdf(name)
    with transaction() as session:
        found = row(session, reference)
        if renews:
            document = start_upload(session, found, slot, name, len(content))
        else:
            document = Document(
                application_id=found.id or 0, slot=slot, file_name=name, file_type="application/pdf", file_size=len(content),
                r2_key=f"uploads/{found.id}/{slot}-{name}", r2_url="", public_id=f"{found.id}-{slot}-{name}", upload_timestamp=now(),
            )  # fmt: skip
            session.add(document)
            session.flush()
        accept(session, document, content, renews=renews)
        document.expiry_date = expires
    if in_store:
        storage().put(document.r2_key, content, document.file_type)
    return document.public_id


def night(reference: str, days: int = 0) -> None:
    """The portal looks at this partner, so many days from today."""
    with transaction() as session:
        keep_current(session, row(session, reference), TODAY + timedelta(days=days))


def typed(reference: str, **answers: Any) -> None:
    """The partner types into the renewal."""
    stamp = int(now().timestamp() * 1_000_000)
    with transaction() as session:
        changes = [Answer(name, value, stamp, stamp, "window") for name, value in answers.items()]
        save_renewal(session, row(session, reference), changes, "Helen Marsh")


def sent(reference: str) -> None:
    with transaction() as session:
        send_renewal(session, row(session, reference))


def lapsed() -> str:
    """A partner who has been asked for a week for what has run out, and is suspended."""
    reference = partner(-1)
    night(reference)
    night(reference, 7)
    return reference


def renewed(reference: str, day: date = LATER) -> None:
    """Typed, uploaded and sent."""
    typed(reference, **{EXPIRY: day.isoformat()})
    filed(reference, CERTIFICATE)
    sent(reference)


def decided(reference: str, **how: Any) -> None:
    with transaction() as session:
        approve_renewal(session, person(Role.APPROVER), row(session, reference), **how)


def happened(reference: str, kind: str) -> list[Event]:
    with reading() as session:
        wanted = select(Event).where(Event.application_id == row(session, reference).id, Event.type == f"application.{kind}")
        return list(session.exec(wanted.order_by(col(Event.id))))


def reminders(reference: str) -> list[int]:
    return [event.detail["stage"] for event in happened(reference, "renewal_reminded")]


def status(reference: str) -> ApplicationStatus:
    with reading() as session:
        return row(session, reference).state


def renewal(reference: str) -> Renewal:
    with reading() as session:
        found = latest_renewal(session, row(session, reference).id)
        assert found is not None
        return found


# What runs out


days = st.dates(date(2024, 1, 1), date(2030, 12, 31))
dated = {name: slot for name, slot in SLOTS.items() if slot.expiry_from and not slot.asks_expiry}


@at_leisure(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from([slot.expiry_from.removesuffix("+12m") for slot in dated.values()]), days), days)
def test_exactly_what_is_good_until_a_day_runs_out_by_it(given_days: dict[str, date], until: date) -> None:
    values = settle({**COMPLETE, **{name: day.isoformat() for name, day in given_days.items()}})
    found = running_out(values, (), until)
    for name, slot in dated.items():
        day = values[slot.expiry_from.removesuffix("+12m")]
        last = None if day is None else a_year_after(day) if slot.expiry_from.endswith("+12m") else day
        assert (name in {one.slot for one in found}) == (last is not None and last <= until)
    assert [one.ends for one in found] == sorted(one.ends for one in found if one.ends)
    assert {one.slot for one in found} <= {one.slot for one in running_out(values, (), until + timedelta(days=1))}


@at_leisure(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(["iso_certificates", "training_records"]), st.none() | days), max_size=6), days)
def test_a_slot_of_several_certificates_names_those_that_end_and_the_first_of_their_days(files: list[tuple[str, date | None]], until: date) -> None:
    held = [Document(slot=slot, public_id=str(number), expiry_date=day, **_PLAIN) for number, (slot, day) in enumerate(files)]
    values = settle({**COMPLETE, **dict.fromkeys(LASTING)})
    for one in running_out(values, held, until):
        mine = [other for other in held if other.slot == one.slot and other.expiry_date and other.expiry_date <= until]
        assert set(one.documents) == {other.public_id for other in mine} != set()
        assert one.ends == min(other.expiry_date for other in mine if other.expiry_date)


_PLAIN: dict[str, Any] = {"application_id": 1, "file_name": "a.pdf", "file_type": "", "file_size": 1, "r2_key": "", "r2_url": ""}


def test_an_insurance_that_is_not_held_runs_out_no_more_and_one_brings_all_its_questions() -> None:
    values = settle({**COMPLETE, EXPIRY: TODAY.isoformat(), "public_liability_insurance": False})
    assert CERTIFICATE not in {one.slot for one in running_out(values, (), LATER)}
    assert questions_of(CERTIFICATE) == (
        "public_liability_insurance", "public_liability_cover", "public_liability_expiry", "public_liability_indemnity",
    )  # fmt: skip
    assert questions_of("gdpr_policy") == ("gdpr_policy_date",) and questions_of("iso_certificates") == ()
    assert ends_of("gdpr_policy", settle(COMPLETE), ()).ends == a_year_after(settle(COMPLETE)["gdpr_policy_date"])
    assert len(DATED) == 3 + 5 + 5 and Ending.read(Ending("gdpr_policy", TODAY, ("a",), True).as_json()) == Ending("gdpr_policy", TODAY, ("a",), True)


@at_leisure(deadline=None, max_examples=60)
@given(st.integers(-40, 90))
def test_the_reminder_that_fits_a_day_is_the_last_one_reached(left: int) -> None:
    found = stage(TODAY + timedelta(days=left), TODAY)
    assert found == next((days for days in reversed(STAGES) if left <= days), None)


# Opening and reminding


def test_a_renewal_opens_two_months_ahead_and_asks_for_just_that(database: str) -> None:
    early, late = partner(61), partner(60)
    for reference in (early, late):
        night(reference)
    with reading() as session:
        assert live_renewal(session, row(session, early).id) is None
    found = renewal(late)
    assert found.slots == (CERTIFICATE,) and found.ends_on == TODAY + timedelta(days=60) and found.standing == R.OPEN
    assert reminders(late) == [60] and happened(early, "renewal_reminded") == []


def test_each_reminder_goes_once_however_often_and_by_however_many_workers_the_sweep_runs(database: str) -> None:
    reference = partner(30)
    runs = [threading.Thread(target=look_after, args=(f"worker-{number}", now() + timedelta(days=1))) for number in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    for _again in range(3):
        night(reference)
    assert reminders(reference) == [30] and len(happened(reference, "renewal_opened")) == 1
    with reading() as session:
        assert [one.name for one in session.exec(select(Lease))] == ["renewals"]
    assert look_after("worker-3", now()) is False, "it was done this night"


def test_two_sweeps_at_the_same_moment_open_one_renewal(database: str) -> None:
    reference, start = partner(20), threading.Barrier(2)

    def run() -> None:
        start.wait()
        with transaction() as session:
            mine = session.exec(select(Application).where(Application.reference_number == reference).with_for_update()).one()
            keep_current(session, mine, TODAY)

    runs = [threading.Thread(target=run) for _ in range(2)]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    with reading() as session:
        assert len(session.exec(select(Renewal)).all()) == 1
    assert reminders(reference) == [30]


def test_a_worker_that_was_away_for_forty_days_sends_the_latest_reminder_alone(database: str) -> None:
    reference = partner(60)
    night(reference)
    night(reference, 25)
    assert reminders(reference) == [60], "35 days are left, and the next one is due at 30"
    night(reference, 54)
    assert reminders(reference) == [60, 7] and status(reference) == S.APPROVED
    night(reference, 54 + 40)
    night(reference, 54 + 40)
    assert reminders(reference) == [60, 7] and len(happened(reference, "suspended")) == 1, "the mail of the suspension says that it lapsed"


def test_with_days_of_grace_the_lapse_is_told_first_and_the_suspension_later(database: str) -> None:
    with environment_of({"SUSPEND_AFTER_DAYS": "5"}):
        reference = partner(7)
        for day, told, suspended in ((0, [7], 0), (7, [7], 0), (8, [7, -1], 0), (12, [7, -1], 0), (13, [7, -1], 1)):
            night(reference, day)
            assert (reminders(reference), len(happened(reference, "suspended"))) == (told, suspended), day


def test_a_document_that_ends_later_is_reminded_of_at_its_own_times_and_one_mail_a_night_names_all(database: str) -> None:
    reference = partner(20, employers_liability_expiry=TODAY + timedelta(days=50))
    for day, stages in ((0, [30]), (5, [30]), (13, [30, 7]), (20, [30, 7, 30]), (43, [30, 7, 30, 7]), (50, [30, 7, 30, 7]), (51, [30, 7, 30, 7])):
        night(reference, day)
        night(reference, day)
        assert reminders(reference) == stages, day
    both = partner(25, employers_liability_expiry=TODAY + timedelta(days=25))
    night(both)
    assert reminders(both) == [30] and {one.reminded for one in renewal(both).endings} == {30}


def test_another_day_of_a_document_begins_its_reminders_anew(database: str) -> None:
    reference = partner(5)
    night(reference)
    ends(reference, 40)
    night(reference)
    assert reminders(reference) == [7, 60]


def test_a_day_begins_when_it_begins_at_the_office() -> None:
    assert today(datetime(2026, 7, 1, 23, 30, tzinfo=UTC)) == date(2026, 7, 2)
    assert today(datetime(2026, 12, 1, 23, 30, tzinfo=UTC)) == date(2026, 12, 1)


def test_an_expiry_that_was_corrected_closes_the_renewal_and_takes_what_was_proposed_away(database: str) -> None:
    reference = partner(20)
    night(reference)
    new = filed(reference, CERTIFICATE)
    ends(reference, 300)
    night(reference)
    assert renewal(reference).standing == R.CLOSED
    with reading() as session:
        assert session.exec(select(Document.state).where(Document.public_id == new)).one() == DocumentState.REMOVED
        assert look(session, looked({"view": "expiring"})).total == 0
    with pytest.raises(Conflict):
        typed(reference, **{EXPIRY: LATER.isoformat()})


def test_what_a_reviewer_asks_for_stays_though_nothing_runs_out_and_the_night_leaves_it(database: str) -> None:
    reference = partner(300)
    with transaction() as session:
        ask_renewal(session, person(Role.REVIEWER), row(session, reference), ["gdpr_policy"], "Your policy names the old law.")
    night(reference)
    assert renewal(reference).slots == ("gdpr_policy",) and renewal(reference).standing == R.OPEN
    filed(reference, "gdpr_policy")
    sent(reference)  # the day it was signed may stay: a reviewer asked, and nothing has run out
    with transaction() as session, pytest.raises(Conflict, match="has sent a renewal"):
        ask_renewal(session, person(Role.REVIEWER), row(session, reference), ["gdpr_policy"])
    with transaction() as session, pytest.raises(Conflict, match="Only an approved partner"):
        ask_renewal(session, person(Role.REVIEWER), row(session, applied("New Ltd")), ["gdpr_policy"])


def test_what_was_asked_for_by_mistake_is_taken_back_and_what_runs_out_is_not(database: str) -> None:
    reference, reviewer = partner(300), person(Role.REVIEWER)
    with transaction() as session:
        ask_renewal(session, reviewer, row(session, reference), ["gdpr_policy"])
    new = filed(reference, "gdpr_policy")
    with transaction() as session, pytest.raises(Forbidden):
        take_back_renewal(session, person(Role.AUDITOR), row(session, reference))
    with transaction() as session:
        take_back_renewal(session, reviewer, row(session, reference))
    assert renewal(reference).standing == R.CLOSED and len(happened(reference, "renewal_taken_back")) == 1
    with reading() as session:
        assert session.exec(select(Document.state).where(Document.public_id == new)).one() == DocumentState.REMOVED
        assert told(session, row(session, reference))[0].event.type == "application.renewal_taken_back"
    with transaction() as session, pytest.raises(Conflict, match="No renewal is under way"):
        take_back_renewal(session, reviewer, row(session, reference))
    ends(reference, 20)
    night(reference)
    with transaction() as session, pytest.raises(Conflict, match="runs out within two months"):
        take_back_renewal(session, reviewer, row(session, reference))
    renewed(reference)
    with transaction() as session, pytest.raises(Conflict, match="has sent a renewal"):
        take_back_renewal(session, reviewer, row(session, reference))


# The partner


def test_what_stands_gives_way_to_nothing_of_a_renewal_before_it_is_approved(database: str, redis_server: object, s3: object) -> None:
    reference = partner(20)
    night(reference)
    with reading() as session:
        application = row(session, reference)
        [standing] = stored(session, application.id)
    with serving() as client:
        for name, place in (("first.pdf", standing.public_id), ("second.pdf", "")):
            key = send_file(client, application.invitation_code, CERTIFICATE, name=name, content=pdf(name))
            said = {"invitationCode": application.invitation_code, "r2Key": key, "replaces": place}
            ok(client.post("/api/upload-file/complete", json=said))
    with reading() as session:
        assert [one.public_id for one in stored(session, application.id)] == [standing.public_id]
        assert [one.file_name for one in proposed(session, application.id)] == ["second.pdf"]


def test_only_what_runs_out_can_be_typed_and_nothing_of_it_stands_before_it_is_approved(database: str) -> None:
    reference = partner(20)
    night(reference)
    typed(reference, **{EXPIRY: LATER.isoformat(), "public_liability_cover": "12000000"})
    with pytest.raises(Conflict):
        typed(reference, company_city="Leeds")
    with pytest.raises(Conflict, match="is not part of the renewal"):
        filed(reference, "gdpr_policy")
    with reading() as session:
        found = row(session, reference)
        assert found.public_liability_cover == 10_000_000 and found.public_liability_expiry == TODAY + timedelta(days=20)


def test_a_renewal_is_not_sent_without_a_later_day_and_a_new_document_for_each(database: str) -> None:
    reference = partner(20, gdpr_policy_date=TODAY - timedelta(days=360))
    night(reference)
    assert renewal(reference).slots == ("gdpr_policy", CERTIFICATE)
    with pytest.raises(Invalid) as told:
        sent(reference)
    assert {problem.field for problem in told.value.problems} == {EXPIRY, CERTIFICATE, "gdpr_policy_date", "gdpr_policy"}
    typed(reference, **{EXPIRY: (TODAY - timedelta(days=3)).isoformat(), "gdpr_policy_date": (TODAY + timedelta(days=1)).isoformat()})
    filed(reference, CERTIFICATE)
    filed(reference, "gdpr_policy")
    with pytest.raises(Invalid) as told:
        sent(reference)
    assert {problem.field for problem in told.value.problems} == {EXPIRY, "gdpr_policy_date"}, "the form's own rules hold here too"
    typed(reference, **{EXPIRY: LATER.isoformat(), "gdpr_policy_date": TODAY.isoformat()})
    sent(reference)
    assert renewal(reference).standing == R.SENT
    with pytest.raises(Conflict):
        sent(reference)
    with pytest.raises(Conflict):
        typed(reference, **{EXPIRY: TODAY.isoformat()})


def test_an_insurance_that_is_given_up_is_answered_with_no_and_what_follows_is_asked_along(database: str) -> None:
    reference = partner(200, employers_liability_expiry=TODAY + timedelta(days=10), additional_information=None)
    night(reference)
    typed(reference, employers_liability_insurance=False)
    with reading() as session:
        found = proposal_of(session, row(session, reference), renewal(reference))
        assert {problem.field for problem in problems_of(found, TODAY)} == {"additional_information"}
    typed(reference, additional_information="All our people are subcontractors with cover of their own.")
    sent(reference)
    decided(reference)
    with reading() as session:
        found = row(session, reference)
        assert (found.employers_liability_insurance, found.employers_liability_expiry, found.employers_liability_cover) == (False, None, None)


def test_a_certificate_with_a_day_of_its_own_is_renewed_beside_others_or_given_up_with_a_reason(database: str) -> None:
    reference = partner(200)
    soon, kept = filed(reference, "iso_certificates", "9001.pdf", TODAY + timedelta(days=9), renews=False), None
    kept = filed(reference, "iso_certificates", "14001.pdf", LATER, renews=False)
    lost = filed(reference, "training_records", "crane.pdf", TODAY + timedelta(days=9), renews=False)
    night(reference)
    new = filed(reference, "iso_certificates", "9001 new.pdf")
    with pytest.raises(Invalid) as told:
        sent(reference)
    assert {(problem.field, problem.message) for problem in told.value.problems} == {
        ("iso_certificates", "Say until when “9001 new.pdf” is valid"), ("training_records", "Upload the training matrix and certificates"),
    }  # fmt: skip
    with transaction() as session:
        session.exec(select(Document).where(Document.public_id == new)).one().expiry_date = LATER
    typed(reference, **{f"{WHY}training_records": "The driver has left us."})
    sent(reference)
    decided(reference)
    with reading() as session:
        standing = {one.public_id for one in stored(session, row(session, reference).id)}
    assert {kept, new} <= standing and not {soon, lost} & standing


# The staff


def test_an_approved_renewal_takes_the_old_places_and_leaves_verdicts_decision_and_what_was_sent_as_they_were(database: str) -> None:
    reference = partner(20)
    night(reference)
    renewed(reference)
    with reading() as session:
        before, found = verdicts(session, row(session, reference)), proposal_of(session, row(session, reference), renewal(reference))
        assert found.changed == {EXPIRY: [(TODAY + timedelta(days=20)).isoformat(), LATER.isoformat()]}
        assert [one.file_name for one in stored(session, row(session, reference).id)] == ["old.pdf"]
        assert look(session, looked({"view": "renewals"})).total == 1 == counted(session, None)["renewals"]
        assert any(flag.field == EXPIRY for flag in flags(row(session, reference).answers(), TODAY, settings()))
    decided(reference, message="Thank you.")
    with reading() as session:
        application = row(session, reference)
        assert application.public_liability_expiry == LATER and application.state == S.APPROVED
        assert [one.file_name for one in stored(session, application.id)] == ["new.pdf"] and proposed(session, application.id) == []
        assert {name: one.given_at for name, one in verdicts(session, application).items()} == {n: one.given_at for n, one in before.items()}
        first = answers_sent(session, application, submissions(session, application.id)[0])
        assert first[EXPIRY] == TODAY + timedelta(days=20), "what was sent then is still told as it was sent"
        assert not any(flag.field == EXPIRY for flag in flags(application.answers(), TODAY, settings()))
        assert look(session, looked({"view": "renewals"})).total == 0
    [event] = happened(reference, "renewed")
    assert event.detail["documents"] == {CERTIFICATE: [["old.pdf"], ["new.pdf"]]} and EXPIRY in event.detail["changed"]
    with pytest.raises(Conflict):
        decided(reference)


def test_the_api_says_what_is_to_be_renewed_until_when_and_where(database: str) -> None:
    reference = partner(30)
    with reading() as session:
        code = row(session, reference).invitation_code

    def told() -> Any:
        return ok(browser().get("/api/status", params={"invitationCode": code}))["renewal"]

    assert told() is None
    night(reference)
    day = (TODAY + timedelta(days=30)).isoformat()
    questions = ["publicLiabilityInsurance", "publicLiabilityCover", "publicLiabilityExpiry", "publicLiabilityIndemnity"]
    item = {"document": CERTIFICATE, "questions": questions, "endsOn": day, "over": False}
    found = told()
    assert (found["items"], found["endsOn"], found["state"], found["sentAt"]) == ([item], day, "open", None)
    assert found["url"] == f"{settings().portal_url}/apply/renew" and code not in str(found)
    renewed(reference)
    assert told()["state"] == "sent" and told()["sentAt"]
    with transaction() as session:
        return_renewal(session, person(Role.APPROVER), row(session, reference), "The last page is missing.")
    assert (told()["state"], told()["message"], told()["sentAt"]) == ("returned", "The last page is missing.", None)


def test_a_renewal_sent_back_keeps_what_was_typed_and_is_mended(database: str) -> None:
    reference = partner(20)
    night(reference)
    renewed(reference)
    with transaction() as session, pytest.raises(Invalid):
        return_renewal(session, person(Role.REVIEWER), row(session, reference), "No.")
    with transaction() as session, pytest.raises(Forbidden):
        approve_renewal(session, person(Role.REVIEWER), row(session, reference))
    with transaction() as session:
        return_renewal(session, person(Role.REVIEWER), row(session, reference), "The schedule is missing from the certificate.")
    assert renewal(reference).standing == R.RETURNED and renewal(reference).answers == {EXPIRY: LATER.isoformat()}
    filed(reference, CERTIFICATE, "with schedule.pdf")
    sent(reference)
    decided(reference)
    with reading() as session:
        assert [one.file_name for one in stored(session, row(session, reference).id)] == ["with schedule.pdf"]


def test_an_answer_that_staff_changed_meanwhile_is_shown_to_the_approver_before_they_decide(database: str) -> None:
    reference = partner(20)
    night(reference)
    renewed(reference)
    with reading() as session:
        seen = digest(proposal_of(session, row(session, reference), renewal(reference)))
    ends(reference, 25)
    with pytest.raises(Conflict, match="changed since you looked"):
        decided(reference, seen=seen)
    with reading() as session:
        seen = digest(proposal_of(session, row(session, reference), renewal(reference)))
    decided(reference, seen=seen)
    assert happened(reference, "renewed")[0].detail["changed"][EXPIRY][0] == (TODAY + timedelta(days=25)).isoformat()


def test_a_document_that_the_renewal_names_no_more_is_not_approved_with_it(database: str) -> None:
    reference = partner(20, gdpr_policy_date=TODAY - timedelta(days=360))
    night(reference)
    unseen = filed(reference, "gdpr_policy", "unseen.pdf")
    with transaction() as session:
        row(session, reference).gdpr_policy_date = TODAY
    night(reference)
    assert renewal(reference).slots == (CERTIFICATE,)
    renewed(reference)
    decided(reference)
    with reading() as session:
        assert [one.file_name for one in stored(session, row(session, reference).id)] == ["new.pdf"]
        assert session.exec(select(Document.state).where(Document.public_id == unseen)).one() == DocumentState.REMOVED


# Suspension


def test_nobody_is_suspended_before_the_day_that_a_condition_leaves_them(database: str) -> None:
    reference = partner(-1)
    with transaction() as session:
        due = Condition(application_id=row(session, reference).id or 0, text="Send the new policy.", due_on=TODAY + timedelta(days=20))
        session.add(due)
    for day in (0, 7, 20):
        night(reference, day)
        assert status(reference) == S.APPROVED, day
    night(reference, 21)
    assert status(reference) == S.SUSPENDED
    other, approver = partner(-1), person(Role.APPROVER)
    with transaction() as session:
        met = Condition(application_id=row(session, other).id or 0, text="Send the new policy.", due_on=TODAY + timedelta(days=20))
        session.add(met)
        session.flush()
        mark_met(session, approver, met)
    night(other)
    night(other, 7)
    assert status(other) == S.SUSPENDED, "what is met leaves no time"


def test_the_day_after_the_last_day_suspends_and_an_approved_renewal_ends_it(database: str) -> None:
    reference = partner(10)
    night(reference)
    night(reference, 10)
    assert status(reference) == S.APPROVED, "it is good until its last day"
    night(reference, 11)
    assert status(reference) == S.SUSPENDED and happened(reference, "suspended")[0].detail["over"][0]["slot"] == CERTIFICATE
    with reading() as session:
        assert look(session, looked({"status": "suspended"})).total == 1 and to_look_at(session) == [row(session, reference).id]
    renewed(reference)
    decided(reference)
    assert status(reference) == S.APPROVED and happened(reference, "renewed")[0].detail["reinstated"] is True


def test_nobody_is_suspended_for_what_had_run_out_before_they_were_asked_without_a_week_to_renew_it(database: str) -> None:
    reference = partner(200, gdpr_policy_date=TODAY - timedelta(days=500))
    night(reference)
    assert reminders(reference) == [-1], "it is told that it has run out"
    night(reference, 6)
    assert status(reference) == S.APPROVED
    night(reference, 7)
    assert status(reference) == S.SUSPENDED and reminders(reference) == [-1]


def test_a_renewal_half_typed_when_the_day_passes_is_kept_and_the_partner_suspended(database: str) -> None:
    reference = partner(3)
    night(reference)
    typed(reference, **{EXPIRY: LATER.isoformat()})
    ends(reference, -1)
    night(reference, 7)
    assert status(reference) == S.SUSPENDED and renewal(reference).answers == {EXPIRY: LATER.isoformat()}
    filed(reference, CERTIFICATE)
    sent(reference)
    decided(reference)
    assert status(reference) == S.APPROVED


def test_a_renewal_that_waits_for_us_suspends_nobody_and_one_sent_back_leaves_a_week(database: str) -> None:
    reference = partner(3)
    night(reference)
    renewed(reference)
    night(reference, 30)
    assert status(reference) == S.APPROVED
    with transaction() as session:
        return_renewal(session, person(Role.REVIEWER), row(session, reference), "The schedule is missing.")
    night(reference, 6)
    assert status(reference) == S.APPROVED
    night(reference, 7)
    assert status(reference) == S.SUSPENDED


def test_a_suspension_ends_by_itself_once_nothing_is_out_of_date(database: str) -> None:
    reference = lapsed()
    assert status(reference) == S.SUSPENDED
    ends(reference, 400)
    night(reference)
    assert status(reference) == S.APPROVED and len(happened(reference, "reinstated")) == 1 and renewal(reference).standing == R.CLOSED


def test_a_suspended_partner_who_lapses_nowhere_else_stays_suspended_while_the_renewal_is_with_us(database: str) -> None:
    reference = lapsed()
    renewed(reference)
    night(reference)
    assert status(reference) == S.SUSPENDED and len(happened(reference, "suspended")) == 1


# What stays


def test_what_was_sent_in_a_renewal_is_kept_as_long_as_files_and_what_was_not_goes(database: str) -> None:
    reference = partner(20)
    night(reference)
    renewed(reference)
    with transaction() as session:
        return_renewal(session, person(Role.REVIEWER), row(session, reference), "The schedule is missing.")
    unsent = filed(reference, CERTIFICATE, "blurred.pdf")  # in the place of what was sent
    filed(reference, CERTIFICATE, "clear.pdf")  # in the place of what was not
    with transaction() as session:
        files = session.exec(select(Document).where(Document.application_id == row(session, reference).id)).all()
        numbers = {one.public_id: one.id for one in files}
        for one in files:
            one.removed_at = now() - timedelta(days=30) if one.removed_at else None
    with reading() as session:
        gone = [one.what for one in due(session) if one.period in ("uploads", "files")]
    assert [what.split()[1] for what in gone] == [str(numbers[unsent])]


# Who hears of it


@on_one_database
def test_each_step_is_told_to_the_partner_and_the_office_and_to_sharepoint(
    database: str, s3: object, graph: Graph, mailbox: Mailbox
) -> None:
    reference = partner(20)
    drain()
    mailbox.empty()
    night(reference)
    drain()
    [asked] = mailbox.mails()
    assert (str(asked["To"]), str(asked["Subject"])) == ("helen.marsh@brightfieldsolar.co.uk", f"Renew your documents: {reference}")
    assert "The first of them ends in 20 days." in mailbox.text(asked) and "/apply?code=" in mailbox.text(asked)
    night(reference, 14)  # the reminder of 7 days waits, and the partner sends before it leaves
    typed(reference, **{EXPIRY: LATER.isoformat()})
    filed(reference, CERTIFICATE, in_store=True)
    sent(reference)
    mailbox.empty()
    drain()
    assert subjects(mailbox) == {f"Your renewal has arrived: {reference}", f"Renewal from Brightfield Solar Ltd: {reference}"}
    with reading() as session:
        code = row(session, reference).invitation_code
    assert not any(code in mailbox.text(mail) for mail in mailbox.mails() if str(mail["To"]) == "operations@saber.example")
    decided(reference, message="Thank you.")
    mailbox.empty()
    drain()
    assert subjects(mailbox) == {f"Your renewal is approved: {reference}"}
    assert any(name.endswith("new.pdf") for name in folder(graph, reference)) and by_reference_in(reference)["Status"] == "Approved"


@on_one_database
def test_sharepoint_says_under_review_of_a_suspended_partner_and_its_notes_say_why(
    database: str, s3: object, graph: Graph, mailbox: Mailbox
) -> None:
    reference = lapsed()
    drain()
    assert {f"Your approval is suspended: {reference}", f"Partner suspended, Brightfield Solar Ltd: {reference}"} <= subjects(mailbox)
    item = by_reference_in(reference)
    assert item["Status"] == "Under Review" and item["ReviewNotes"].startswith("Approved by Approver Person")
    assert "Suspended: something has run out" in item["ReviewNotes"]
    ends(reference, 400)
    night(reference, 8)
    mailbox.empty()
    drain()
    assert subjects(mailbox) == {f"Your approval holds again: {reference}"} and by_reference_in(reference)["Status"] == "Approved"


def subjects(mailbox: Mailbox) -> set[str]:
    return {str(mail["Subject"]) for mail in mailbox.mails()}


def by_reference_in(reference: str) -> dict[str, Any]:
    """The columns of the application's item in EPC Onboarding."""
    item = sharepoint().find_item(settings().sharepoint_applications_list, "ReferenceNumber", reference)
    assert item is not None
    return item.fields


# The desk


@on_one_database
def test_the_applications_page_shows_before_and_after_and_what_is_suspended(database: str, s3: object) -> None:
    reference, desk = lapsed(), browser(token(Role.APPROVER))
    shown = desk.get(f"/review/{reference}").text
    assert "The approval is suspended" in shown and "Ask for a renewal" in shown and "Approve the renewal" not in shown
    assert "Take the renewal back" not in shown, "what runs out would be asked for again"
    mistaken, reviewer = partner(300), person(Role.REVIEWER)
    with transaction() as session:
        ask_renewal(session, reviewer, row(session, mistaken), ["gdpr_policy"])
    assert "Take the renewal back" in browser(token(Role.REVIEWER)).get(f"/review/{mistaken}").text
    renewed(reference)
    shown = desk.get(f"/review/{reference}").text
    assert "old.pdf" in shown and "new.pdf" in shown and "Approve the renewal" in shown
    assert "Approve the renewal" not in browser(token(Role.REVIEWER)).get(f"/review/{reference}").text
    assert "Renewals" in desk.get("/review?view=renewals").text
