"""conditions that are still to be met, by their day; decisions that are held because whoever made them was cut off; the log by any word

Revision: 0010, after 0009
"""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

UNMET = sa.text("met_at IS NULL")
#: Index → what of an event it finds the parts of. Its name is one that the models do not declare (models/queue_entry.py).
SEARCHED = {'queue_search_events_actor': 'actor', 'queue_search_events_detail': '(detail::text)'}


def upgrade() -> None:
    op.create_index('ix_conditions_unmet', 'conditions', ['due_on', 'application_id'], unique=False, sqlite_where=UNMET, postgresql_where=UNMET)
    op.add_column('decisions', sa.Column('held_at', sa.DateTime(timezone=True), nullable=True))
    if op.get_bind().dialect.name == 'postgresql':
        search_by_trigrams()


def search_by_trigrams() -> None:
    """As in 0003: where the extension may not be used, the search of the audit log reads all events."""
    connection = op.get_bind()
    try:
        with connection.begin_nested():
            for name, words in SEARCHED.items():
                connection.execute(sa.text(f"CREATE INDEX {name} ON events USING gin ({words} gin_trgm_ops)"))
    except sa.exc.DBAPIError as error:
        print(f"pg_trgm cannot be used, so the search of the audit log has no index: {error.orig}")


def downgrade() -> None:
    for name in SEARCHED:
        op.execute(f"DROP INDEX IF EXISTS {name}")
    op.drop_column('decisions', 'held_at')
    op.drop_index('ix_conditions_unmet', table_name='conditions')
