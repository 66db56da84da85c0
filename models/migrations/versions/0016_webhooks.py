"""webhooks, and what became of each attempt to tell them

Revision: 0016, after 0015
"""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'webhooks',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('url', sa.String(), nullable=False),
        sa.Column('kinds', sa.JSON(), nullable=False),
        sa.Column('secret', sa.String(), nullable=False),
        sa.Column('secret_before', sa.String(), nullable=True),
        sa.Column('before_until', sa.DateTime(timezone=True), nullable=True),
        sa.Column('made_by', sa.Integer(), nullable=True),
        sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['made_by'], ['users.id'], name='fk_webhooks_made_by_users'),
        sa.PrimaryKeyConstraint('id', name='pk_webhooks'),
        sqlite_autoincrement=True,  # deliveries are told apart by the id: one that was removed leaves its own unused
    )
    op.create_table(
        'webhook_attempts',
        sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
        sa.Column('webhook_id', sa.Integer(), nullable=False),
        sa.Column('delivery_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('reference', sa.String(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('status', sa.Integer(), nullable=True),
        sa.Column('milliseconds', sa.Integer(), nullable=False),
        sa.Column('error', sa.String(), nullable=False),
        sa.Column('answered', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(['webhook_id'], ['webhooks.id'], name='fk_webhook_attempts_webhook_id_webhooks', ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['delivery_id'], ['deliveries.id'], name='fk_webhook_attempts_delivery_id_deliveries', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name='pk_webhook_attempts'),
    )
    op.create_index('ix_webhook_attempts_webhook_id', 'webhook_attempts', ['webhook_id'], unique=False)
    op.create_index('ix_webhook_attempts_delivery_id', 'webhook_attempts', ['delivery_id'], unique=False)


def downgrade() -> None:
    # Nobody is left who knows what to do with them.
    op.execute("UPDATE deliveries SET state = 'settled' WHERE target LIKE 'webhook.%' AND state IN ('waiting', 'running', 'failed')")
    op.drop_table('webhook_attempts')
    op.drop_table('webhooks')
