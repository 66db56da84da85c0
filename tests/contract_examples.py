"""Every example and every sentence of the API's contracts that partners onboard by, as they stand in the two documents.

Both are handed to those who call us and are no part of this repository, so they stand here as data: an example is sent and its answer
compared by test_contract.py, and for each sentence the test is named that holds it. The second half of the first document, projects and
proposals, is of a later edition of the portal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CONTRACTS, FLOW = "API contracts", "Data Flow Architecture"


@dataclass(frozen=True)
class Example:
    """One request with its answer, in the document's own words. An … stands for what the document leaves out.

    `filled` are texts of the example in whose place the test must put something of its own, for example the key that a store gave.
    `other` are fields that we answer differently, with what we say and why: where the documents disagree, the contract wins.
    """

    document: str
    section: str
    route: str
    sent: str
    status: int
    answer: str
    other: Mapping[str, tuple[object, str]] = field(default_factory=dict)


SOURCE = {"source": ("database", "the contract names `database` and `cache`; D1 was the store of what came before")}
VALID = """{"valid": true, "message": "Valid invitation code", "invitation": {"code": "C1D94680", "title": "Mr", "companyName": "Marstack",
            "contactEmail": "rob@marstack.ai", "notes": "%s"}, "source": "%s"}"""
INVALID = '{"valid": false, "message": "Invalid or expired invitation code", "invitation": null, "source": "%s"}'
UPLOAD = """{"success": true, "uploadUrl": "%s", "r2Key": "uploads/C1D94680/document_123.pdf", "expiresIn": 3600%s}"""
SUBMITTED = """{"success": true, "applicationId": "12345", "message": "Application submitted successfully", "sharepointSynced": %s,
                "emailsSent": %s%s}"""

SYNC = Example(
    CONTRACTS, "POST /api/sync-invitation", "POST /api/sync-invitation",
    '{"Title": "Mr", "CompanyName": "Marstack", "ContactEmail": "rob@marstack.ai", "Notes": "Synced from Power Automate", "AuthCode": "C1D94680"}', 201,
    """{"success": true, "message": "…", "invitation": {"code": "C1D94680", "title": "Mr", "companyName": "Marstack",
        "contactEmail": "rob@marstack.ai", "notes": "…", "status": "active", "expiresAt": "…"}}""",
)  # fmt: skip
VALIDATIONS = (
    Example(CONTRACTS, "POST /api/validate-invitation", "POST /api/validate-invitation", '{"invitationCode": "C1D94680"}', 200, VALID % ("…", "database")),
    Example(FLOW, "Invitation Validation API", "POST /api/validate-invitation", '{"invitationCode": "C1D94680"}', 200,
            VALID % ("Synced from Power Automate", "d1"), SOURCE),
)  # fmt: skip
REFUSALS = (
    Example(CONTRACTS, "POST /api/validate-invitation", "POST /api/validate-invitation", '{"invitationCode": "C1D94680"}', 200, INVALID % "database"),
    Example(FLOW, "Invitation Validation API", "POST /api/validate-invitation", '{"invitationCode": "C1D94680"}', 200, INVALID % "d1", SOURCE),
)
SAVE = Example(
    CONTRACTS, "POST /api/save-draft", "POST /api/save-draft",
    '{"invitationCode": "C1D94680", "step": 1, "formData": {"companyName": "Example Corp"}, "revision": 7}', 200,
    '{"success": true, "revision": 8, "savedAt": "…"}',
)  # fmt: skip
CLEAR = Example(CONTRACTS, "POST /api/save-draft", "POST /api/clear-draft", '{"invitationCode": "C1D94680"}', 200, '{"success": true}')
UPLOADS = (
    Example(
        CONTRACTS, "POST /api/upload-file", "POST /api/upload-file",
        """{"invitationCode": "C1D94680", "slot": "public_liability_certificate", "fileName": "document.pdf", "fileType": "application/pdf",
            "fileSize": 256789}""", 200, UPLOAD % ("http…://…", ', "method": "PUT", "headers": {}'),
    ),
    Example(
        FLOW, "File Upload API", "POST /api/upload-file",
        '{"invitationCode": "C1D94680", "fileName": "document.pdf", "fileType": "application/pdf", "fileSize": 256789}', 200,
        UPLOAD % ("http…://…", ""),
    ),
)  # fmt: skip
#: The steps are filled up with answers of the test's own, as both documents say with an ellipsis, and the key is one that was given.
SUBMISSION = """{"invitationCode": "C1D94680", "step1": {"companyName": "Example Corp", "companyRegistration": "12345678"}, "step2": {},
    "step3": {}, "step4": {}, "step5": {}, "step6": {}, "fileReferences": [{"fileName": "certificate.pdf",
    "r2Key": "uploads/C1D94680/certificate_123.pdf", "fileType": "application/pdf", "fileSize": 256789}]}"""
AT_ONCE = "the contract has both flags say what is true at that moment, and at once nothing has arrived yet"
SUBMISSIONS = (
    Example(CONTRACTS, "POST /api/epc-application", "POST /api/epc-application", SUBMISSION, 201,
            SUBMITTED % ("false", "false", ', "statusUrl": "/api/status?invitationCode=C1D94680"')),
    Example(FLOW, "Application Submission API", "POST /api/epc-application", SUBMISSION, 201, SUBMITTED % ("true", "true", ""),
            {"sharepointSynced": (False, AT_ONCE), "emailsSent": (False, AT_ONCE)}),
)  # fmt: skip
ARRIVED = (
    Example(FLOW, "Application Submission API, once all has arrived", "POST /api/epc-application", SUBMISSION, 201, SUBMITTED % ("true", "true", "")),
    Example(CONTRACTS, "POST /api/epc-application, from older callers", "POST /api/epc-application", '{"submission": {"invitationCode": "C1D94680"}}', 201,
            SUBMITTED % ("true", "true", "")),
)  # fmt: skip
#: What is left to chance or to the store: the shape that the example shows.
SHAPES = {
    "source": "database|cache",
    "applicationId": r"\d+", "r2Key": r"uploads/C1D94680/[\w.-]+\.pdf", "savedAt": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "expiresAt": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
}  # fmt: skip

#: Each sentence of the contract → the test that holds it, by its file.
HELD: Mapping[str, str] = {
    # the whole
    "Every body is JSON, camelCase": "test_contract.py::test_every_field_of_every_body_is_camel_case_but_sharepoints",
    "a route may answer more than is listed, never less": "test_contract.py::test_every_example_of_both_documents_is_answered_as_it_stands_there",
    "Errors are RFC 9457 problem details": "test_api_problems.py::test_an_address_that_does_not_exist_and_a_wrong_method_are_problems_too",
    "for invalid input, errors": "test_api_problems.py::test_missing_and_superfluous_fields_are_all_named",
    "a message names the field in the reader's words": "test_api_problems.py::test_missing_and_superfluous_fields_are_all_named",
    # POST /api/validate-invitation
    "Codes are compared without regard to case or spaces": "test_api_invitations.py::test_a_code_is_compared_without_regard_to_case_and_spaces",
    "The four cases cannot be told apart from outside": "test_api_invitations.py::test_unknown_used_revoked_and_expired_codes_cannot_be_told_apart",
    # POST /api/sync-invitation
    "Authenticated": "test_api_invitations.py::test_without_a_key_nothing_is_told_of_the_body",
    "also accepted: ContactName, Status, ExpiryDate, ItemId": "test_contract.py::test_every_status_of_the_list_is_taken_and_answered",
    "Without AuthCode the portal makes the code and returns it":
        "test_api_invitations.py::test_without_a_code_the_portal_makes_one_and_finds_it_again_by_the_items_id",
    "Sending the same item again changes nothing and answers 200; a changed item updates the invitation":
        "test_api_invitations.py::test_the_same_item_again_changes_nothing_and_a_changed_one_updates",
    "An invitation expires 30 days after it is made unless ExpiryDate says otherwise":
        "test_api_invitations.py::test_an_item_of_the_list_becomes_an_invitation_that_lasts_30_days",
    # POST /api/save-draft
    "409 with the stored step when revision is behind": "test_api_drafts.py::test_a_revision_that_is_behind_gets_the_stored_step_and_changes_nothing",
    "all steps, revisions and files": "test_api_drafts.py::test_all_six_steps_come_back_also_those_never_saved",
    "A draft may hold anything that is not yet valid": "test_api_drafts.py::test_a_step_is_kept_as_it_was_typed_and_its_revision_grows",
    "it may hold no field that the step does not have": "test_api_drafts.py::test_a_field_that_does_not_exist_is_refused_by_name_and_the_draft_stays",
    # POST /api/upload-file
    "left out (older callers), the file counts as additional_documents":
        "test_api_documents.py::test_the_contracts_example_is_signed_and_counts_as_an_additional_document",
    "The bytes go straight to the object store": "test_api_documents.py::test_a_file_that_arrived_is_stored_and_said_twice_answers_alike",
    "the server reads the object's real size": "test_api_documents.py::test_a_file_that_is_not_as_long_as_was_said_is_not_taken",
    "and type and stores the file's record, or refuses it and deletes the object":
        "test_api_documents.py::test_a_file_of_the_wrong_kind_behind_a_right_name_is_refused_and_removed",
    # POST /api/epc-application
    "The two flags say what is true at that moment": "test_api_applications.py::test_the_flags_say_what_is_true_at_that_moment",
    "?wait=SECONDS (30 at most) lets the caller wait for them": "test_api_applications.py::test_a_caller_may_wait_for_the_flags_while_others_are_served",
    "30 at most": "test_api_applications.py::test_the_wait_ends_in_time_and_has_a_bound",
    "The same submission sent twice creates one application and answers alike":
        "test_api_applications.py::test_the_same_submission_twice_is_one_application_and_answers_alike",
    "or the same Idempotency-Key header": "test_api_applications.py::test_the_same_submission_many_times_at_once_is_one_application",
    "422 lists every field that is wrong, by step":
        "test_api_applications.py::test_the_contracts_example_is_refused_with_every_field_by_step_and_nothing_is_lost",
    "which submits the stored draft": "test_api_applications.py::test_the_stored_draft_is_submitted_for_older_callers",
    # GET /api/status
    "The application's status, its files": "test_api_applications.py::test_a_complete_application_with_its_files_is_submitted",
    "its state, attempts and last error in plain words": "test_api_applications.py::test_a_delivery_that_failed_says_why_in_plain_words",
    # Authentication of machines
    "An HMAC-SHA256 of timestamp and body in X-Signature with X-Timestamp": "test_contract.py::test_a_signature_by_the_words_of_the_contract_lets_in",
    "5 minutes' tolerance": "test_contract.py::test_a_signature_by_the_words_of_the_contract_lets_in",
    "replays refused": "test_api_invitations.py::test_a_signature_lets_in_once",
    "two may be valid at once": "test_api_invitations.py::test_two_secrets_are_valid_while_one_is_rotated_out",
    "Partners' routes are authorised by the invitation code":
        "test_api_invitations.py::test_unknown_revoked_and_expired_codes_open_nothing_and_look_alike_everywhere",
    "or a bearer token": "test_api_programs.py::test_without_a_token_nothing_is_told_and_without_the_scope_nothing_is_done",
    # Limits
    "with RateLimit and Retry-After headers and 429":
        "test_api_limits.py::test_the_eleventh_code_in_a_minute_is_told_to_wait_and_every_answer_says_what_is_left",
    "code validation 10 a minute and 100 a day for codes that fail, the other routes 120 a minute": "test_api_limits.py::test_the_numbers_are_the_contracts",
    "CORS: only the origins in the settings": "test_api_limits.py::test_only_pages_of_the_origins_in_the_settings_may_read_the_answers",
    "Request bodies: 256 KiB": "test_api_limits.py::test_a_body_over_256_kib_is_refused_announced_or_not",
    # the flow's "Access Control" and "Data Retention"
    "D1 queries filtered by invitation code": "test_api_documents.py::test_one_partner_reaches_nothing_of_another",
    "R2 file paths include invitation code": "test_contract.py::test_every_example_of_both_documents_is_answered_as_it_stands_there",
    "Draft Data: 30 days after invitation expiry":
        "test_worker_retention.py::test_a_draft_goes_thirty_days_after_its_invitations_expiry_and_not_a_day_before",
    "Files: 7 years in R2 storage": "test_worker_retention.py::test_files_go_seven_years_after_submission_and_the_application_stays",
    "Logs: 90 days": "test_worker_retention.py::test_logs_go_after_ninety_days_and_events_stay",
}
