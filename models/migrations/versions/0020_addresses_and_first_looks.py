"""who stands for an address without a walk through all partners, and when a list was read for the first time

Revision: 0020, after 0019
"""

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_invitations_address', 'invitations', [sa.text('lower(contact_email)')], unique=False)
    op.create_index('ix_applications_address', 'applications', [sa.text('lower(primary_contact_email)')], unique=False)
    op.add_column('followed_lists', sa.Column('begun_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('followed_lists') as batch:
        batch.drop_column('begun_at')
    op.drop_index('ix_applications_address', table_name='applications')
    op.drop_index('ix_invitations_address', table_name='invitations')
