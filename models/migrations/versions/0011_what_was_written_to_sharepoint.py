"""what was last written to an item of a SharePoint list, and the uploads that are under way to its library

Revision: 0011, after 0010
"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('list_items',
    sa.Column('id', BIG, nullable=False),
    sa.Column('invitation_id', sa.Integer(), nullable=True),
    sa.Column('application_id', sa.Integer(), nullable=True),
    sa.Column('item_id', sa.String(), nullable=False),
    sa.Column('etag', sa.String(), nullable=True),
    sa.Column('marks', sa.JSON(), nullable=False),
    sa.Column('writing', sa.JSON(), nullable=False),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['application_id'], ['applications.id'], name=op.f('fk_list_items_application_id_applications'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['invitation_id'], ['invitations.id'], name=op.f('fk_list_items_invitation_id_invitations'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_list_items')),
    sa.UniqueConstraint('application_id', name=op.f('uq_list_items_application_id')),
    sa.UniqueConstraint('invitation_id', name=op.f('uq_list_items_invitation_id'))
    )
    op.create_table('library_uploads',
    sa.Column('document_id', sa.Integer(), nullable=False),
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('begun_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['document_id'], ['application_files.id'],
                            name=op.f('fk_library_uploads_document_id_application_files'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('document_id', name=op.f('pk_library_uploads'))
    )


def downgrade() -> None:
    op.drop_table('library_uploads')
    op.drop_table('list_items')
