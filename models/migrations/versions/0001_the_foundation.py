"""the foundation

Revision: 0001, after 
"""

import sqlalchemy as sa
from alembic import op



revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('invitations',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('company_name', sa.String(), nullable=False),
    sa.Column('contact_email', sa.String(), nullable=False),
    sa.Column('contact_name', sa.String(), nullable=True),
    sa.Column('contact_title', sa.String(), nullable=True),
    sa.Column('notes', sa.String(), nullable=True),
    sa.Column('status', sa.String(), server_default='active', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('(CURRENT_TIMESTAMP)'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('source', sa.String(), server_default='sharepoint', nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('sharepoint_item_id', sa.String(), nullable=True),
    sa.Column('created_by', sa.String(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invitations')),
    sa.UniqueConstraint('code', name=op.f('uq_invitations_code'))
    )
    with op.batch_alter_table('invitations', schema=None) as batch_op:
        batch_op.create_index('idx_invitations_code', ['code'], unique=False)
        batch_op.create_index('idx_invitations_status', ['status'], unique=False)
        batch_op.create_index(batch_op.f('ix_invitations_sharepoint_item_id'), ['sharepoint_item_id'], unique=False)

    op.create_table('leases',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('holder', sa.String(), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_leases'))
    )
    op.create_table('users',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('oid', sa.String(), nullable=True),
    sa.Column('email', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('profile', sa.JSON(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_users')),
    sa.UniqueConstraint('oid', name=op.f('uq_users_oid'))
    )
    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_users_email'), ['email'], unique=False)

    op.create_table('applications',
    sa.Column('company_name', sa.Text(), nullable=False),
    sa.Column('trading_name', sa.Text(), nullable=True),
    sa.Column('company_type', sa.Text(), nullable=True),
    sa.Column('company_registration', sa.Text(), nullable=True),
    sa.Column('vat_number', sa.Text(), nullable=True),
    sa.Column('company_address', sa.Text(), nullable=True),
    sa.Column('company_city', sa.Text(), nullable=True),
    sa.Column('company_state', sa.Text(), nullable=True),
    sa.Column('company_postal', sa.Text(), nullable=True),
    sa.Column('company_country', sa.Text(), nullable=True),
    sa.Column('company_phone', sa.Text(), nullable=True),
    sa.Column('company_website', sa.Text(), nullable=True),
    sa.Column('head_office_address', sa.Text(), nullable=True),
    sa.Column('parent_company', sa.Text(), nullable=True),
    sa.Column('years_trading', sa.Integer(), nullable=True),
    sa.Column('primary_contact_name', sa.Text(), nullable=True),
    sa.Column('primary_contact_title', sa.Text(), nullable=True),
    sa.Column('primary_contact_email', sa.Text(), nullable=True),
    sa.Column('primary_contact_phone', sa.Text(), nullable=True),
    sa.Column('technical_contact_name', sa.Text(), nullable=True),
    sa.Column('technical_contact_email', sa.Text(), nullable=True),
    sa.Column('secondary_contact_name', sa.Text(), nullable=True),
    sa.Column('secondary_contact_email', sa.Text(), nullable=True),
    sa.Column('authorised_signatory_name', sa.Text(), nullable=True),
    sa.Column('authorised_signatory_email', sa.Text(), nullable=True),
    sa.Column('services_offered', sa.JSON(), nullable=True),
    sa.Column('specializations', sa.Text(), nullable=True),
    sa.Column('installation_capacity', sa.Text(), nullable=True),
    sa.Column('max_project_size_kwp', sa.Integer(), nullable=True),
    sa.Column('nationwide_coverage', sa.Boolean(), nullable=True),
    sa.Column('geographic_coverage', sa.JSON(), nullable=True),
    sa.Column('equipment_brands', sa.JSON(), nullable=True),
    sa.Column('certifications', sa.JSON(), nullable=True),
    sa.Column('experience_years', sa.Integer(), nullable=True),
    sa.Column('team_size', sa.Integer(), nullable=True),
    sa.Column('projects_per_month', sa.Numeric(precision=12, scale=3), nullable=True),
    sa.Column('resources_per_project', sa.Text(), nullable=True),
    sa.Column('principal_contractor', sa.Boolean(), nullable=True),
    sa.Column('principal_contractor_scale', sa.Text(), nullable=True),
    sa.Column('principal_designer', sa.Boolean(), nullable=True),
    sa.Column('principal_designer_scale', sa.Text(), nullable=True),
    sa.Column('named_principal_designer', sa.Text(), nullable=True),
    sa.Column('principal_designer_qualifications', sa.Text(), nullable=True),
    sa.Column('internal_staff_percentage', sa.Integer(), nullable=True),
    sa.Column('subcontract_percentage', sa.Integer(), nullable=True),
    sa.Column('niceic_contractor', sa.Boolean(), nullable=True),
    sa.Column('mcs_approved', sa.Boolean(), nullable=True),
    sa.Column('mcs_number', sa.Text(), nullable=True),
    sa.Column('iso_standards', sa.JSON(), nullable=True),
    sa.Column('construction_schemes', sa.JSON(), nullable=True),
    sa.Column('training_records_summary', sa.Text(), nullable=True),
    sa.Column('projects_completed_3y', sa.Integer(), nullable=True),
    sa.Column('installed_mwp_3y', sa.Numeric(precision=12, scale=3), nullable=True),
    sa.Column('client_reference', sa.Text(), nullable=True),
    sa.Column('client_reference_email', sa.Text(), nullable=True),
    sa.Column('annual_turnover', sa.Text(), nullable=True),
    sa.Column('public_liability_insurance', sa.Boolean(), nullable=True),
    sa.Column('public_liability_cover', sa.Integer(), nullable=True),
    sa.Column('public_liability_expiry', sa.Date(), nullable=True),
    sa.Column('public_liability_indemnity', sa.Boolean(), nullable=True),
    sa.Column('employers_liability_insurance', sa.Boolean(), nullable=True),
    sa.Column('employers_liability_cover', sa.Integer(), nullable=True),
    sa.Column('employers_liability_expiry', sa.Date(), nullable=True),
    sa.Column('professional_indemnity_insurance', sa.Boolean(), nullable=True),
    sa.Column('professional_indemnity_cover', sa.Integer(), nullable=True),
    sa.Column('professional_indemnity_expiry', sa.Date(), nullable=True),
    sa.Column('hse_notices_last_5_years', sa.Text(), nullable=True),
    sa.Column('riddor_incident_count', sa.Integer(), nullable=True),
    sa.Column('riddor_incident_details', sa.Text(), nullable=True),
    sa.Column('cdm_management_evidence', sa.Text(), nullable=True),
    sa.Column('near_miss_procedure', sa.Text(), nullable=True),
    sa.Column('quality_procedure_evidence', sa.Text(), nullable=True),
    sa.Column('health_safety_policy_date', sa.Date(), nullable=True),
    sa.Column('environmental_policy_date', sa.Date(), nullable=True),
    sa.Column('modern_slavery_policy_date', sa.Date(), nullable=True),
    sa.Column('substance_misuse_policy_date', sa.Date(), nullable=True),
    sa.Column('gdpr_policy_date', sa.Date(), nullable=True),
    sa.Column('right_to_work_method', sa.Text(), nullable=True),
    sa.Column('cyber_incident_last_3_years', sa.Text(), nullable=True),
    sa.Column('pending_prosecutions', sa.Text(), nullable=True),
    sa.Column('received_contract_pack', sa.Boolean(), nullable=True),
    sa.Column('contracts_reviewed', sa.Boolean(), nullable=True),
    sa.Column('legal_clarifications', sa.Text(), nullable=True),
    sa.Column('agree_to_terms', sa.Boolean(), nullable=True),
    sa.Column('agree_to_codes', sa.Boolean(), nullable=True),
    sa.Column('data_processing_consent', sa.Boolean(), nullable=True),
    sa.Column('marketing_consent', sa.Boolean(), nullable=True),
    sa.Column('additional_information', sa.Text(), nullable=True),
    sa.Column('declarant_name', sa.Text(), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('invitation_code', sa.String(), nullable=False),
    sa.Column('reference_number', sa.String(), nullable=True),
    sa.Column('form_version', sa.String(), nullable=False),
    sa.Column('status', sa.String(), server_default='draft', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('(CURRENT_TIMESTAMP)'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('(CURRENT_TIMESTAMP)'), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['invitation_code'], ['invitations.code'], name=op.f('fk_applications_invitation_code_invitations')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_applications')),
    sa.UniqueConstraint('invitation_code', name=op.f('uq_applications_invitation_code')),
    sa.UniqueConstraint('reference_number', name=op.f('uq_applications_reference_number'))
    )
    with op.batch_alter_table('applications', schema=None) as batch_op:
        batch_op.create_index('idx_applications_invitation', ['invitation_code'], unique=False)
        batch_op.create_index('idx_applications_status', ['status'], unique=False)
        batch_op.create_index(batch_op.f('ix_applications_updated_at'), ['updated_at'], unique=False)

    op.create_table('draft_data',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('invitation_code', sa.String(), nullable=False),
    sa.Column('step_number', sa.Integer(), nullable=False),
    sa.Column('form_data', sa.JSON(), nullable=False),
    sa.Column('last_updated', sa.DateTime(timezone=True), server_default=sa.text('(CURRENT_TIMESTAMP)'), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('sequences', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['invitation_code'], ['invitations.code'], name=op.f('fk_draft_data_invitation_code_invitations')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_draft_data')),
    sa.UniqueConstraint('invitation_code', 'step_number', name=op.f('uq_draft_data_invitation_code'))
    )
    with op.batch_alter_table('draft_data', schema=None) as batch_op:
        batch_op.create_index('idx_draft_invitation', ['invitation_code'], unique=False)

    op.create_table('legal_holds',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('invitation_id', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('placed_by', sa.String(), nullable=False),
    sa.Column('placed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lifted_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['invitation_id'], ['invitations.id'], name=op.f('fk_legal_holds_invitation_id_invitations')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_legal_holds'))
    )
    with op.batch_alter_table('legal_holds', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_legal_holds_invitation_id'), ['invitation_id'], unique=False)

    op.create_table('sessions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sa.String(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('roles', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_sessions_user_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sessions')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_sessions_token_hash'))
    )
    with op.batch_alter_table('sessions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sessions_user_id'), ['user_id'], unique=False)

    op.create_table('agreements',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('application_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('version', sa.String(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('agreed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('agreed_by', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['application_id'], ['applications.id'], name=op.f('fk_agreements_application_id_applications')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agreements'))
    )
    with op.batch_alter_table('agreements', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_agreements_application_id'), ['application_id'], unique=False)

    op.create_table('application_files',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('application_id', sa.Integer(), nullable=False),
    sa.Column('file_name', sa.String(), nullable=False),
    sa.Column('file_type', sa.String(), nullable=False),
    sa.Column('file_size', sa.Integer(), nullable=False),
    sa.Column('r2_key', sa.String(), nullable=False),
    sa.Column('r2_url', sa.String(), nullable=False),
    sa.Column('upload_timestamp', sa.DateTime(timezone=True), server_default=sa.text('(CURRENT_TIMESTAMP)'), nullable=False),
    sa.Column('slot', sa.String(), nullable=False),
    sa.Column('public_id', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('sha256', sa.String(), nullable=True),
    sa.Column('expiry_date', sa.Date(), nullable=True),
    sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('erased_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['application_id'], ['applications.id'], name=op.f('fk_application_files_application_id_applications')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_application_files')),
    sa.UniqueConstraint('public_id', name=op.f('uq_application_files_public_id')),
    sa.UniqueConstraint('r2_key', name=op.f('uq_application_files_r2_key'))
    )
    with op.batch_alter_table('application_files', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_application_files_application_id'), ['application_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_application_files_state'), ['state'], unique=False)

    op.create_table('email_confirmations',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('application_id', sa.Integer(), nullable=False),
    sa.Column('email', sa.String(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['application_id'], ['applications.id'], name=op.f('fk_email_confirmations_application_id_applications')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_email_confirmations'))
    )
    with op.batch_alter_table('email_confirmations', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_email_confirmations_application_id'), ['application_id'], unique=False)

    op.create_table('events',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('type', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('actor_kind', sa.String(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('invitation_id', sa.Integer(), nullable=True),
    sa.Column('application_id', sa.Integer(), nullable=True),
    sa.Column('detail', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['application_id'], ['applications.id'], name=op.f('fk_events_application_id_applications')),
    sa.ForeignKeyConstraint(['invitation_id'], ['invitations.id'], name=op.f('fk_events_invitation_id_invitations')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_events_user_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_events'))
    )
    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_events_application_id'), ['application_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_events_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_events_invitation_id'), ['invitation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_events_type'), ['type'], unique=False)

    op.create_table('idempotency_keys',
    sa.Column('application_id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['application_id'], ['applications.id'], name=op.f('fk_idempotency_keys_application_id_applications')),
    sa.PrimaryKeyConstraint('application_id', 'key', name=op.f('pk_idempotency_keys'))
    )
    with op.batch_alter_table('idempotency_keys', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_idempotency_keys_used_at'), ['used_at'], unique=False)

    op.create_table('information_requests',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('application_id', sa.Integer(), nullable=False),
    sa.Column('message', sa.String(), nullable=False),
    sa.Column('items', sa.JSON(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('asked_by', sa.String(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['application_id'], ['applications.id'], name=op.f('fk_information_requests_application_id_applications')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_information_requests'))
    )
    with op.batch_alter_table('information_requests', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_information_requests_application_id'), ['application_id'], unique=False)

    op.create_table('notes',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('application_id', sa.Integer(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('written_by', sa.String(), nullable=False),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['application_id'], ['applications.id'], name=op.f('fk_notes_application_id_applications')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notes'))
    )
    with op.batch_alter_table('notes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_notes_application_id'), ['application_id'], unique=False)

    op.create_table('verdicts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('application_id', sa.Integer(), nullable=False),
    sa.Column('section', sa.String(), nullable=False),
    sa.Column('ruling', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('given_by', sa.String(), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['application_id'], ['applications.id'], name=op.f('fk_verdicts_application_id_applications')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_verdicts')),
    sa.UniqueConstraint('application_id', 'section', name=op.f('uq_verdicts_application_id'))
    )
    with op.batch_alter_table('verdicts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_verdicts_application_id'), ['application_id'], unique=False)

    op.create_table('deliveries',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('target', sa.String(), nullable=False),
    sa.Column('lane', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('claimed_by', sa.String(), nullable=True),
    sa.Column('begun_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failure', sa.String(), nullable=True),
    sa.Column('last_error', sa.String(), nullable=True),
    sa.Column('external_id', sa.String(), nullable=True),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('invitation_id', sa.Integer(), nullable=True),
    sa.Column('application_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['application_id'], ['applications.id'], name=op.f('fk_deliveries_application_id_applications')),
    sa.ForeignKeyConstraint(['event_id'], ['events.id'], name=op.f('fk_deliveries_event_id_events')),
    sa.ForeignKeyConstraint(['invitation_id'], ['invitations.id'], name=op.f('fk_deliveries_invitation_id_invitations')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deliveries'))
    )
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_deliveries_application_id'), ['application_id'], unique=False)
        batch_op.create_index('ix_deliveries_due', ['state', 'due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_deliveries_event_id'), ['event_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_deliveries_invitation_id'), ['invitation_id'], unique=False)
        batch_op.create_index('ix_deliveries_lane', ['lane', 'state'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.drop_index('ix_deliveries_lane')
        batch_op.drop_index(batch_op.f('ix_deliveries_invitation_id'))
        batch_op.drop_index(batch_op.f('ix_deliveries_event_id'))
        batch_op.drop_index('ix_deliveries_due')
        batch_op.drop_index(batch_op.f('ix_deliveries_application_id'))

    op.drop_table('deliveries')
    with op.batch_alter_table('verdicts', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_verdicts_application_id'))

    op.drop_table('verdicts')
    with op.batch_alter_table('notes', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_notes_application_id'))

    op.drop_table('notes')
    with op.batch_alter_table('information_requests', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_information_requests_application_id'))

    op.drop_table('information_requests')
    with op.batch_alter_table('idempotency_keys', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_idempotency_keys_used_at'))

    op.drop_table('idempotency_keys')
    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_events_type'))
        batch_op.drop_index(batch_op.f('ix_events_invitation_id'))
        batch_op.drop_index(batch_op.f('ix_events_at'))
        batch_op.drop_index(batch_op.f('ix_events_application_id'))

    op.drop_table('events')
    with op.batch_alter_table('email_confirmations', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_email_confirmations_application_id'))

    op.drop_table('email_confirmations')
    with op.batch_alter_table('application_files', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_application_files_state'))
        batch_op.drop_index(batch_op.f('ix_application_files_application_id'))

    op.drop_table('application_files')
    with op.batch_alter_table('agreements', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_agreements_application_id'))

    op.drop_table('agreements')
    with op.batch_alter_table('sessions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sessions_user_id'))

    op.drop_table('sessions')
    with op.batch_alter_table('legal_holds', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_legal_holds_invitation_id'))

    op.drop_table('legal_holds')
    with op.batch_alter_table('draft_data', schema=None) as batch_op:
        batch_op.drop_index('idx_draft_invitation')

    op.drop_table('draft_data')
    with op.batch_alter_table('applications', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_applications_updated_at'))
        batch_op.drop_index('idx_applications_status')
        batch_op.drop_index('idx_applications_invitation')

    op.drop_table('applications')
    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_users_email'))

    op.drop_table('users')
    op.drop_table('leases')
    with op.batch_alter_table('invitations', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_invitations_sharepoint_item_id'))
        batch_op.drop_index('idx_invitations_status')
        batch_op.drop_index('idx_invitations_code')

    op.drop_table('invitations')
