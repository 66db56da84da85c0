"""tokens for programs, and which invitation a program's Idempotency-Key stands for

Revision: 0014, after 0013
"""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'tokens',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('public_id', sa.String(), nullable=False),
        sa.Column('secret_hash', sa.String(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('scopes', sa.JSON(), nullable=False),
        sa.Column('made_by', sa.Integer(), nullable=True),
        sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['made_by'], ['users.id'], name='fk_tokens_made_by_users'),
        sa.PrimaryKeyConstraint('id', name='pk_tokens'),
        sa.UniqueConstraint('public_id', name='uq_tokens_public_id'),
    )
    op.create_table(
        'invitation_keys',
        sa.Column('token_id', sa.Integer(), nullable=False),
        sa.Column('key', sa.String(), nullable=False),
        sa.Column('sent', sa.String(), nullable=False),
        sa.Column('invitation_id', sa.Integer(), nullable=False),
        sa.Column('used_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['token_id'], ['tokens.id'], name='fk_invitation_keys_token_id_tokens', ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['invitation_id'], ['invitations.id'], name='fk_invitation_keys_invitation_id_invitations', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('token_id', 'key', name='pk_invitation_keys'),
    )
    op.create_index('ix_invitation_keys_invitation_id', 'invitation_keys', ['invitation_id'], unique=False)
    op.create_index('ix_invitation_keys_used_at', 'invitation_keys', ['used_at'], unique=False)


def downgrade() -> None:
    op.drop_table('invitation_keys')
    op.drop_table('tokens')
