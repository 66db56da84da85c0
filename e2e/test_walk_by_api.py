"""The whole main job by API alone, from sync-invitation to status."""

from __future__ import annotations

import requests

from e2e.product import Product, eventually
from models.slots import SLOTS
from tests.papers import paper
from tests.sample_form import api_steps, wanted_documents


def test_an_invitation_from_sharepoint_becomes_an_application_in_sharepoint(any_product: Product) -> None:
    product = any_product
    code = invited(product)
    assert product.post("/api/validate-invitation", {"invitationCode": code.lower()}).json()["valid"] is True

    steps = api_steps()
    saved = product.post("/api/save-draft", {"invitationCode": code, "step": 1, "formData": steps["step1"], "revision": 0}).json()
    behind = product.post("/api/save-draft", {"invitationCode": code, "step": 1, "formData": {}, "revision": 0})
    assert (saved["success"], behind.status_code) == (True, 409)

    files = [uploaded(product, code, slot) for slot in wanted_documents()]
    body = {"invitationCode": code, **steps, "fileReferences": files}
    answer = product.post("/api/epc-application?wait=30", body)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["sharepointSynced"], answer.json()["emailsSent"]) == (True, True)

    again = product.post("/api/epc-application", body)
    assert (again.status_code, again.json()["applicationId"]) == (201, answer.json()["applicationId"])
    used, unknown = (product.post("/api/validate-invitation", {"invitationCode": known}) for known in (code, "ZZZZZZZZ"))
    assert used.json() == unknown.json()

    status = product.get("/api/status", invitationCode=code).json()
    assert status["status"] == "submitted" and len(status["files"]) == len(files)
    assert {delivery["state"] for delivery in status["deliveries"]} == {"done"}
    assert product.lists().count(status["referenceNumber"]) >= 1 and "employers_liability_certificate" in product.lists()
    received = eventually(lambda: product.mails_to("helen.marsh@brightfieldsolar.co.uk", status["referenceNumber"]), "the confirmation")
    assert len(received) == 1


def invited(product: Product) -> str:
    """The code of an invitation as Power Automate sends it."""
    item = {"Title": "Ms", "CompanyName": "Brightfield Solar Ltd", "ContactEmail": "helen.marsh@brightfieldsolar.co.uk", "Notes": "By API"}
    answer = product.post("/api/sync-invitation", item)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["invitation"]["code"])


def uploaded(product: Product, code: str, slot: str) -> dict[str, object]:
    """One document put straight into the store, as a `fileReferences` entry."""
    name, content = paper(slot)
    asked = {"invitationCode": code, "slot": slot, "fileName": name, "fileType": SLOTS[slot].media_types[0], "fileSize": len(content)}
    begun = product.post("/api/upload-file", asked).json()
    assert requests.request(begun["method"], begun["uploadUrl"], data=content, headers=begun["headers"], timeout=30).ok
    done = product.post("/api/upload-file/complete", {"invitationCode": code, "r2Key": begun["r2Key"]})
    assert done.status_code == 200, done.text
    return {"fileName": name, "r2Key": begun["r2Key"], "fileType": asked["fileType"], "fileSize": len(content)}
