"""notes that partners read, and who is mentioned

Revision: 0006, after 0005
"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('notes', schema=None) as batch_op:
        batch_op.add_column(sa.Column('public', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column('user_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('changed_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_notes_user_id_users'), 'users', ['user_id'], ['id'])

    op.create_table('mentions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('application_id', sa.Integer(), nullable=False),
    sa.Column('note_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['application_id'], ['applications.id'], name=op.f('fk_mentions_application_id_applications')),
    sa.ForeignKeyConstraint(['note_id'], ['notes.id'], name=op.f('fk_mentions_note_id_notes'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_mentions_user_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mentions')),
    sa.UniqueConstraint('note_id', 'user_id', name=op.f('uq_mentions_note_id_user_id'))
    )
    op.create_index(op.f('ix_mentions_application_id'), 'mentions', ['application_id'], unique=False)
    op.create_index('ix_mentions_unread', 'mentions', ['user_id', 'read_at'], unique=False)


def downgrade() -> None:
    op.drop_table('mentions')
    with op.batch_alter_table('notes', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_notes_user_id_users'), type_='foreignkey')
        for column in ('removed_at', 'changed_at', 'user_id', 'public'):
            batch_op.drop_column(column)
