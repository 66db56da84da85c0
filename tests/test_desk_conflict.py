"""What stands in SharePoint and needs a person is seen at the application, by operations and in their mail."""

from __future__ import annotations

import pytest

from models.application import by_reference
from models.database import now, transaction
from models.followed_list import could_not_be_read, followed
from models.list_trouble import new_trouble, note_trouble
from models.person import Role
from tests.desk import applied, token
from tests.pages import browser
from tests.parts import Mailbox, environment_of
from worker.deliver import drain
from worker.digest import tell_operations

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
WHY = "Somebody else must decide."


def in_conflict(reference: str) -> None:
    with transaction() as session:
        number = by_reference(session, reference).id
        theirs = {"Status": "Approved", "ReviewNotes": None}
        note_trouble(session, new_trouble("EPC Onboarding", "7", f"Brightfield ({reference})", WHY, "rosa@saber.example", theirs, number))
        note_trouble(session, new_trouble("EPC Invitations", "9", "Marstack", "Enter an email address.", "", {}))
        followed(session)
        could_not_be_read(session, "EPC Onboarding", "SharePoint refuses us.")


@on_sqlite
def test_a_conflict_stands_at_the_application_with_its_way_out_for_whoever_may(database: str, s3: object) -> None:
    reference = applied()
    in_conflict(reference)
    for role, may in ((Role.REVIEWER, False), (Role.OPERATIONS, True)):
        page = browser(token(role)).get(f"/review/{reference}").text
        assert "SharePoint says something else than the portal" in page and WHY in page and "rosa@saber.example" in page and "Approved" in page
        assert ("keep-ours" in page) is may
    assert "SharePoint says something else" not in browser(token(Role.ADMIN)).get(f"/review/{applied('Other Ltd')}").text


@on_sqlite
def test_operations_see_each_thing_on_their_page_and_in_their_mail(database: str, mailbox: Mailbox, graph: object) -> None:
    reference = applied()
    in_conflict(reference)
    page = browser(token(Role.OPERATIONS)).get("/deliveries").text
    for words in (WHY, f"/review/{reference}#conflict", "Marstack", "Enter an email address.", "EPC Invitations, item 9", "SharePoint refuses us."):
        assert words in page
    with environment_of({"DATABASE_URL": database, "DIGEST_HOUR": "0"}):
        assert tell_operations("one")
        drain()
    (mail,) = [mailbox.text(one) for one in mailbox.mails() if "Deliveries that need somebody: 3" in str(one["Subject"])]
    assert WHY in mail and "Marstack: Enter an email address.\n  EPC Invitations, item 9" in mail
    assert "The list EPC Onboarding in SharePoint cannot be read: SharePoint refuses us." in mail and now()
