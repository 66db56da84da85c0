"""the lists that the portal follows, what in them needs a person, and whose word stands in an item

Revision: 0013, after 0012
"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table(
        'followed_lists',
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('link', sa.String(), nullable=False),
        sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('failure', sa.String(), nullable=False),
        sa.Column('subscription_id', sa.String(), nullable=True),
        sa.Column('subscribed_as', sa.String(), nullable=False),
        sa.Column('subscribe_at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('name', name='pk_followed_lists'),
    )
    op.create_table(
        'list_troubles',
        sa.Column('id', BIG, nullable=False),
        sa.Column('list_name', sa.String(), nullable=False),
        sa.Column('item_id', sa.String(), nullable=False),
        sa.Column('title', sa.String(), nullable=False),
        sa.Column('why', sa.String(), nullable=False),
        sa.Column('by', sa.String(), nullable=False),
        sa.Column('theirs', sa.JSON(), nullable=False),
        sa.Column('application_id', sa.Integer(), nullable=True),
        sa.Column('found_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['application_id'], ['applications.id'], name='fk_list_troubles_application_id_applications',
                                ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name='pk_list_troubles'),
        sa.UniqueConstraint('list_name', 'item_id', name='uq_list_troubles_list_name'),
    )
    op.create_index('ix_list_troubles_application_id', 'list_troubles', ['application_id'], unique=False)
    op.create_index('ix_list_items_item_id', 'list_items', ['item_id'], unique=False)
    op.add_column('list_items', sa.Column('edited', sa.JSON(), nullable=False, server_default='{}'))
    op.add_column('invitations', sa.Column('listed_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column('invitations', 'listed_at')
    op.drop_column('list_items', 'edited')
    op.drop_index('ix_list_items_item_id', table_name='list_items')
    op.drop_index('ix_list_troubles_application_id', table_name='list_troubles')
    op.drop_table('list_troubles')
    op.drop_table('followed_lists')
