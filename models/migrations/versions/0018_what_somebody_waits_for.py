"""those deliveries that somebody waits for before a screen, so that a claim finds them before a backlog

Revision: 0018, after 0017
"""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None

URGENT = "state = 'waiting' AND target IN ('email.confirmation', 'email.device')"


def upgrade() -> None:
    op.create_index('ix_deliveries_urgent', 'deliveries', ['due_at'], unique=False,
                    sqlite_where=sa.text(URGENT), postgresql_where=sa.text(URGENT))  # fmt: skip


def downgrade() -> None:
    op.drop_index('ix_deliveries_urgent', table_name='deliveries')
