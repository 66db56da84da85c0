"""which request caused a delivery, by which the logs of portal and worker are read together

Revision: 0015, after 0014
"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('deliveries', sa.Column('request_id', sa.String(), nullable=False, server_default=''))


def downgrade() -> None:
    op.drop_column('deliveries', 'request_id')
