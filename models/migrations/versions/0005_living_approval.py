"""renewals of what runs out, and suspension

Revision: 0005, after 0004

`queue_entries` gets the state of the renewal that is under way; the triggers of 0003 name their columns and leave it alone.
"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

LIVE = sa.text("state IN ('open', 'sent', 'returned')")


def upgrade() -> None:
    op.create_table('renewals',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('application_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('items', sa.JSON(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('answers', sa.JSON(), nullable=False),
    sa.Column('marks', sa.JSON(), nullable=False),
    sa.Column('saved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('message', sa.String(), nullable=False),
    sa.Column('opened_by', sa.String(), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reminded', sa.Integer(), nullable=True),
    sa.Column('reminded_for', sa.Date(), nullable=True),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['application_id'], ['applications.id'], name=op.f('fk_renewals_application_id_applications')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_renewals'))
    )
    op.create_index('ix_renewals_application_id', 'renewals', ['application_id', 'id'], unique=False)
    op.create_index('uq_renewals_live', 'renewals', ['application_id'], unique=True, sqlite_where=LIVE, postgresql_where=LIVE)
    op.add_column('queue_entries', sa.Column('renewal', sa.String(), nullable=True))
    op.create_index('ix_queue_entries_renewal', 'queue_entries', ['renewal', 'status', 'submitted_at', 'application_id'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_queue_entries_renewal', table_name='queue_entries')
    op.drop_column('queue_entries', 'renewal')
    op.execute("UPDATE applications SET status = 'approved' WHERE status = 'suspended'")
    op.execute("UPDATE application_files SET state = 'removed', removed_at = CURRENT_TIMESTAMP WHERE state = 'proposed'")
    op.drop_table('renewals')
