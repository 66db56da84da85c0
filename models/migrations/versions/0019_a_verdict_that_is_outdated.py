"""which verdicts are older than what the partner changed, so that the desk's list counts and finds them as an application's page does

Revision: 0019, after 0018

What a partner sends again marks the verdicts on its answers (models/verdict.py); documents come and go in several places, one of them the
worker's, so a trigger marks the verdict on them, beside those of 0003 and 0007, which stay as they are.
"""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None

#: As the form was when this was written: section → its questions.
ANSWERS = {
    "company": (
        "company_name trading_name company_type company_registration vat_number company_address company_city company_state "
        "company_postal company_country company_phone company_website head_office_address parent_company years_trading"
    ).split(),
    "contact": (
        "primary_contact_name primary_contact_title primary_contact_email primary_contact_phone technical_contact_name "
        "technical_contact_email secondary_contact_name secondary_contact_email authorised_signatory_name "
        "authorised_signatory_email"
    ).split(),
    "capabilities": (
        "services_offered specializations installation_capacity max_project_size_kwp nationwide_coverage geographic_coverage "
        "equipment_brands certifications experience_years team_size projects_per_month resources_per_project"
    ).split(),
    "roles": (
        "principal_contractor principal_contractor_scale principal_designer principal_designer_scale named_principal_designer "
        "principal_designer_qualifications internal_staff_percentage subcontract_percentage niceic_contractor mcs_approved "
        "mcs_number iso_standards construction_schemes training_records_summary projects_completed_3y installed_mwp_3y "
        "client_reference client_reference_email"
    ).split(),
    "insurance": (
        "annual_turnover public_liability_insurance public_liability_cover public_liability_expiry public_liability_indemnity "
        "employers_liability_insurance employers_liability_cover employers_liability_expiry professional_indemnity_insurance "
        "professional_indemnity_cover professional_indemnity_expiry hse_notices_last_5_years riddor_incident_count "
        "riddor_incident_details cdm_management_evidence near_miss_procedure quality_procedure_evidence "
        "health_safety_policy_date environmental_policy_date modern_slavery_policy_date substance_misuse_policy_date "
        "gdpr_policy_date right_to_work_method cyber_incident_last_3_years"
    ).split(),
    "compliance": (
        "pending_prosecutions received_contract_pack contracts_reviewed legal_clarifications agree_to_terms agree_to_codes "
        "data_processing_consent marketing_consent additional_information declarant_name"
    ).split(),
}  # fmt: skip
#: After a decision nothing is to be looked at again: what a renewal changes has an approval of its own.
DECIDED = "('approved', 'rejected', 'withdrawn', 'suspended')"
MOMENTS = {"insert": "INSERT", "update": "UPDATE OF state, upload_timestamp, removed_at"}


def upgrade() -> None:
    op.add_column('verdicts', sa.Column('outdated', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.drop_index('ix_verdicts_section', table_name='verdicts')
    op.create_index('ix_verdicts_section', 'verdicts', ['section', 'ruling', 'outdated', 'application_id'], unique=False)
    mark_answers()
    files = f"SELECT max({changed('f')}) FROM application_files f WHERE f.application_id = verdicts.application_id"
    op.execute(marked("verdicts.application_id", f"({files})"))
    (on_postgresql if op.get_bind().dialect.name == 'postgresql' else on_sqlite)()


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == 'postgresql'
    for moment in MOMENTS:
        op.execute(f"DROP TRIGGER verdicts_application_files_{moment}" + (" ON application_files" if postgresql else ""))
    if postgresql:
        op.execute("DROP FUNCTION verdicts_of_document")
    op.drop_index('ix_verdicts_section', table_name='verdicts')
    op.create_index('ix_verdicts_section', 'verdicts', ['section', 'ruling', 'application_id'], unique=False)
    op.drop_column('verdicts', 'outdated')


def mark_answers() -> None:
    """Those whose answers were sent again in another wording after they were given."""
    later = sa.text(
        "SELECT v.id AS id, v.section AS section, e.detail AS detail FROM verdicts v JOIN applications a ON a.id = v.application_id"
        " JOIN events e ON e.application_id = v.application_id AND e.at > v.given_at"
        f" WHERE e.type = 'application.resubmitted' AND a.status NOT IN {DECIDED}"
    ).columns(sa.column('id', sa.Integer()), sa.column('section', sa.String()), sa.column('detail', sa.JSON()))
    connection = op.get_bind()
    stale = {one.id for one in connection.execute(later) if set(ANSWERS.get(one.section, ())) & set(one.detail.get("changed") or ())}
    if stale:
        connection.execute(sa.text("UPDATE verdicts SET outdated = true WHERE id = :id"), [{"id": number} for number in sorted(stale)])


def changed(file: str) -> str:
    """When a document came to count or was taken out; null where neither has happened."""
    return f"coalesce({file}.removed_at, CASE WHEN {file}.state = 'stored' THEN {file}.upload_timestamp END)"


def marked(application: str, moment: str) -> str:
    """The statement that marks the verdict on an application's documents, if it was given before the moment."""
    return (
        f"UPDATE verdicts SET outdated = true WHERE verdicts.application_id = {application} AND section = 'documents' AND NOT outdated"
        f" AND given_at < {moment} AND (SELECT a.status FROM applications a WHERE a.id = {application}) NOT IN {DECIDED}"
    )


def on_postgresql() -> None:
    op.execute("CREATE FUNCTION verdicts_of_document() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
               f"{marked('NEW.application_id', changed('NEW'))}; RETURN NULL; END $$")  # fmt: skip
    for moment, when in MOMENTS.items():
        op.execute(f"CREATE TRIGGER verdicts_application_files_{moment} AFTER {when} ON application_files"
                   " FOR EACH ROW EXECUTE FUNCTION verdicts_of_document()")  # fmt: skip


def on_sqlite() -> None:
    for moment, when in MOMENTS.items():
        op.execute(f"CREATE TRIGGER verdicts_application_files_{moment} AFTER {when} ON application_files"
                   f" BEGIN {marked('NEW.application_id', changed('NEW'))}; END")  # fmt: skip
