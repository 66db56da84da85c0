"""The demonstration: applications in every status, made by the verbs, valid to the last check digit."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from sqlmodel import func, select

from models.application import Application, ApplicationStatus
from models.database import now, reading
from models.delivery import Delivery
from models.document import Document, DocumentState, examine
from models.flags import flags
from models.invitation import Invitation
from models.rules import clean
from models.settings import settings
from tests.partners import due_now
from tests.parts import Graph, Local, Mailbox, environment_of
from worker.deliver import drain
from worker.demo import FATES, OnlyLocal, demo, pdf
from worker.demo_answers import answers


def test_fifty_applications_take_seconds_and_stand_in_every_status(database: str, s3: Local) -> None:
    began = time.process_time()
    said = demo(50)
    assert time.process_time() - began < 40, "seconds of work; about 8 on a machine that does nothing else"
    assert said.startswith("Made 50 applications with ") and said.endswith("16 invitations that were not used.")
    with reading() as session:
        applications = session.exec(select(Application)).all()
        invitations = Counter(invitation.state.value for invitation in session.exec(select(Invitation)))
        states = {str(document.state) for document in session.exec(select(Document))}
    assert {application.status for application in applications} == {str(status) for status in ApplicationStatus}
    assert len(applications) == 50 and set(invitations) == {"active", "used", "expired", "revoked"}
    assert states == {DocumentState.STORED, DocumentState.PROPOSED}
    assert len({application.company_name for application in applications}) > 25
    moments = [application.submitted_at for application in applications if application.submitted_at]
    assert max(moments) - min(moments) > timedelta(days=5), "not everything happened today"
    assert max(moments) <= now()


def test_a_second_demonstration_adds_other_companies(database: str, s3: Local) -> None:
    demo(3)
    demo(3)
    with reading() as session:
        numbers = list(session.exec(select(Application.company_registration).where(Application.status != "draft")))
    assert len(set(numbers)) == len(numbers) == 6


def test_what_it_makes_is_delivered_like_anything_else(database: str, s3: Local, graph: Graph, mailbox: Mailbox) -> None:
    demo(len(FATES))
    due_now()  # a revocation waits ten minutes, as it may be taken back
    while drain():
        pass
    with reading() as session:
        states = {str(state) for state in session.exec(select(Delivery.state).distinct())}
        published = session.exec(select(func.count()).select_from(Delivery).where(Delivery.target == "sharepoint.documents")).one()
    assert states <= {"done", "settled"} and published == len([fate for fate in FATES if fate != "draft"])
    subjects = " ".join(str(mail["Subject"]) for mail in mailbox.mails())
    assert all(words in subjects for words in ("Your invitation", "has arrived", "New application", "more information", "approved", "decision"))


@pytest.mark.parametrize("flagged", [False, True])
def test_every_company_passes_every_rule(local: Local, flagged: bool) -> None:
    today, raised = now().date(), 0
    for seed in range(150):
        values, problems = clean(answers(Random(seed), today, flagged), today)
        assert problems == [], seed
        raised += bool(flags(values, today, settings()))
    assert raised == (150 if flagged else 0)


def test_its_documents_are_real(local: Local) -> None:
    document = Document(
        application_id=1, file_name="policy.pdf", file_type="application/pdf", file_size=len(pdf("gdpr_policy", "Tëst Ltd")), r2_key="k", r2_url="u",
        upload_timestamp=now(), slot="gdpr_policy", public_id="p",
    )  # fmt: skip
    assert examine(document, pdf("gdpr_policy", "Tëst Ltd")) is None


def test_in_production_it_refuses(local: Local) -> None:
    with environment_of({"ENVIRONMENT": "production"}), pytest.raises(OnlyLocal, match="only for a local run"):
        demo(1)
