"""A small seeded run of schemathesis; ten thousand examples: `python3 dev.py bench api-fuzz`."""

from __future__ import annotations

import os

import pytest
from sqlmodel import select

from models.database import reading, today, transaction
from models.document import Document
from models.person import Role
from models.settings import settings
from models.token import USUAL, Scope, make_token
from tests import partners
from tests.api import machine_key, on_one_database, serving
from tests.desk import person
from tests.fuzz import Doors, fuzz


def doors() -> Doors:
    """A real partner's code, application and document, and the keys of machines."""
    sent, admin = partners.submitted(("gdpr_policy",)), person(Role.ADMIN)
    open_one = partners.invited("ada@brightfieldsolar.co.uk")
    with transaction() as session:
        token = make_token(session, admin, name="Fuzz", scopes=list(Scope), expires_on=today() + USUAL)[1]
    with reading() as session:
        document = session.exec(select(Document.public_id)).one()
    values = {
        "invitationCode": open_one.code, "reference": sent.reference_number or "", "publicId": document,
        "companyName": "Marstack", "contactEmail": "rob@marstack.ai", "CompanyName": "Marstack", "ContactEmail": "rob@marstack.ai",
        "contactName": "Rob Marsh", "title": "Mr", "Title": "Mr", "notes": "", "language": "en", "email": "owen.price@marstack.ai", "slot": "gdpr_policy",
        "expiresAt": None, "ExpiryDate": None, "AuthCode": "", "Status": "",
    }  # fmt: skip
    return Doors({**machine_key(), "Authorization": f"Bearer {token}"}, values)


@on_one_database
def test_nothing_that_is_sent_to_the_api_makes_it_say_what_its_description_does_not(
    database: str, s3: object, redis_server: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", "1")
    settings.cache_clear()
    with serving() as client:
        told = fuzz(str(client.base_url).rstrip("/"), doors(), int(os.environ.get("FUZZ_EXAMPLES", "250")), 20261122)
    assert not told.failures, "\n\n".join(f"{what}\n{words}" for what, words in told.failures.items())
    assert {200, 201, 401, 404, 422} <= set(told.statuses), told.statuses
