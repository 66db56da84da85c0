"""the form

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op



revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('carried_over',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('application_id', sa.Integer(), nullable=False),
    sa.Column('from_version', sa.String(), nullable=False),
    sa.Column('to_version', sa.String(), nullable=False),
    sa.Column('agree_again', sa.JSON(), nullable=False),
    sa.Column('carried_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['application_id'], ['applications.id'], name=op.f('fk_carried_over_application_id_applications')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_carried_over'))
    )
    with op.batch_alter_table('carried_over', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_carried_over_application_id'), ['application_id'], unique=False)

    op.create_table('colleagues',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('application_id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(), nullable=False),
    sa.Column('token_hash', sa.String(), nullable=False),
    sa.Column('step', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('email', sa.String(), nullable=False),
    sa.Column('note', sa.String(), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('asked_by', sa.String(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_why', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['application_id'], ['applications.id'], name=op.f('fk_colleagues_application_id_applications')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_colleagues')),
    sa.UniqueConstraint('public_id', name=op.f('uq_colleagues_public_id')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_colleagues_token_hash'))
    )
    with op.batch_alter_table('colleagues', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_colleagues_application_id'), ['application_id'], unique=False)

    with op.batch_alter_table('application_files', schema=None) as batch_op:
        batch_op.add_column(sa.Column('pages', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('has_thumbnail', sa.Boolean(), server_default=sa.text('(false)'), nullable=False))

    with op.batch_alter_table('email_confirmations', schema=None) as batch_op:
        batch_op.add_column(sa.Column('purpose', sa.String(), server_default='address', nullable=False))

    with op.batch_alter_table('information_requests', schema=None) as batch_op:
        batch_op.add_column(sa.Column('replies', sa.JSON(), server_default='{}', nullable=False))

    with op.batch_alter_table('invitations', schema=None) as batch_op:
        batch_op.add_column(sa.Column('language', sa.String(), server_default='en', nullable=False))



def downgrade() -> None:
    with op.batch_alter_table('invitations', schema=None) as batch_op:
        batch_op.drop_column('language')

    with op.batch_alter_table('information_requests', schema=None) as batch_op:
        batch_op.drop_column('replies')

    with op.batch_alter_table('email_confirmations', schema=None) as batch_op:
        batch_op.drop_column('purpose')

    with op.batch_alter_table('application_files', schema=None) as batch_op:
        batch_op.drop_column('has_thumbnail')
        batch_op.drop_column('pages')

    with op.batch_alter_table('colleagues', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_colleagues_application_id'))

    op.drop_table('colleagues')
    with op.batch_alter_table('carried_over', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_carried_over_application_id'))

    op.drop_table('carried_over')
