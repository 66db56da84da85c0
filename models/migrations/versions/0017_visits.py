"""the browsers in which partners and their colleagues are let in

Revision: 0017, after 0016
"""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'visits',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('public_id', sa.String(), nullable=False),
        sa.Column('token_hash', sa.String(), nullable=False),
        sa.Column('invitation_id', sa.Integer(), nullable=False),
        sa.Column('colleague_id', sa.Integer(), nullable=True),
        sa.Column('browser', sa.String(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('ended_why', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(['invitation_id'], ['invitations.id'], name='fk_visits_invitation_id_invitations', ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['colleague_id'], ['colleagues.id'], name='fk_visits_colleague_id_colleagues', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name='pk_visits'),
        sa.UniqueConstraint('public_id', name='uq_visits_public_id'),
        sa.UniqueConstraint('token_hash', name='uq_visits_token_hash'),
    )
    op.create_index('ix_visits_invitation_id', 'visits', ['invitation_id'], unique=False)
    op.create_index('ix_visits_colleague_id', 'visits', ['colleague_id'], unique=False)
    op.create_index('ix_visits_expires_at', 'visits', ['expires_at'], unique=False)


def downgrade() -> None:
    op.drop_table('visits')
