"""what an operator has stopped, since when a delivery has failed, mails by when they began, and what the virus scanner said of a document

Revision: 0012, after 0011
"""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

BEGUN = sa.text("begun_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        'pauses',
        sa.Column('target', sa.String(), nullable=False),
        sa.Column('why', sa.String(), nullable=False),
        sa.Column('paused_by', sa.String(), nullable=False),
        sa.Column('user_id', sa.Integer(), nullable=True),
        sa.Column('paused_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['user_id'], ['users.id'], name='fk_pauses_user_id_users'),
        sa.PrimaryKeyConstraint('target', name='pk_pauses'),
    )
    op.create_table(
        'scans',
        sa.Column('document_id', sa.Integer(), nullable=False),
        sa.Column('verdict', sa.String(), nullable=False),
        sa.Column('found', sa.String(), nullable=False),
        sa.Column('replaces', sa.String(), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('begun_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('scanned_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('last_error', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(['document_id'], ['application_files.id'], name='fk_scans_document_id_application_files', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('document_id', name='pk_scans'),
    )
    op.create_index('ix_scans_due', 'scans', ['verdict', 'due_at'], unique=False)
    op.create_table(
        'strays',
        sa.Column('key', sa.String(), nullable=False),
        sa.Column('first_seen', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('key', name='pk_strays'),
    )
    # Retrying all of a kind leaves these out (models/outbox.py): the mail may have left.
    op.execute("UPDATE deliveries SET failure = 'unclear' WHERE failure = 'permanent' AND last_error LIKE '%may have been sent%'")
    op.add_column('deliveries', sa.Column('failed_at', sa.DateTime(timezone=True), nullable=True))
    op.create_index('ix_deliveries_begun', 'deliveries', ['begun_at'], unique=False, sqlite_where=BEGUN, postgresql_where=BEGUN)


def downgrade() -> None:
    # Nothing before this knows of a quarantine: what waits there counts nowhere, and its bytes go with the clean-up.
    op.execute("UPDATE application_files SET state = 'removed', removed_at = CURRENT_TIMESTAMP WHERE state = 'quarantined'")
    op.drop_index('ix_deliveries_begun', table_name='deliveries')
    op.drop_column('deliveries', 'failed_at')
    op.execute("UPDATE deliveries SET failure = 'permanent' WHERE failure = 'unclear'")
    op.drop_table('strays')
    op.drop_table('scans')
    op.drop_table('pauses')
