"""what an application is flagged for, and what the list is paged by status and searched by two letters with

Revision: 0007, after 0006

What an application is flagged for is found by models/flagging.py; here stand the places for it, and triggers that say when it is to be
looked at anew, whoever changed the answers or documents. They are new triggers beside those of 0003, which stay as they are.
"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

#: A day that has come: the entry is to be looked at.
AT_ONCE = "0001-01-01"
DOCUMENTS = {"insert": ("INSERT", "NEW"), "update": ("UPDATE OF state, expiry_date", "NEW"), "delete": ("DELETE", "OLD")}


def upgrade() -> None:
    """Build."""
    op.add_column('queue_entries', sa.Column('flags', sa.Integer(), server_default='0', nullable=False))
    op.add_column('queue_entries', sa.Column('flagged', sa.String(), server_default='[]', nullable=False))
    op.add_column('queue_entries', sa.Column('flags_until', sa.Date(), server_default=AT_ONCE, nullable=False))
    op.add_column('queue_entries', sa.Column('flags_by', sa.String(), server_default='', nullable=False))
    op.create_index('ix_queue_entries_flags', 'queue_entries', ['flags', 'status', 'submitted_at', 'application_id'], unique=False)
    op.create_index('ix_queue_entries_flags_until', 'queue_entries', ['flags_until'], unique=False)
    op.create_index('ix_queue_entries_by_status', 'queue_entries', ['status', 'application_id'], unique=False)
    (on_postgresql if op.get_bind().dialect.name == 'postgresql' else on_sqlite)()


def downgrade() -> None:
    """Take back."""
    postgresql = op.get_bind().dialect.name == 'postgresql'
    op.execute("DROP TRIGGER queue_flags_applications_update" + (" ON applications" if postgresql else ""))
    for moment in DOCUMENTS:
        op.execute(f"DROP TRIGGER queue_flags_application_files_{moment}" + (" ON application_files" if postgresql else ""))
    if postgresql:
        op.execute("DROP FUNCTION queue_flags_of_application")
        op.execute("DROP FUNCTION queue_flags_of_document")
        op.execute("DROP INDEX queue_search_company")
    for name in ('by_status', 'flags_until', 'flags'):
        op.drop_index(f'ix_queue_entries_{name}', table_name='queue_entries')
    for name in ('flags_by', 'flags_until', 'flagged', 'flags'):
        op.drop_column('queue_entries', name)


def looked_at_anew(number: str) -> str:
    """The statement that has an entry looked at."""
    return f"UPDATE queue_entries SET flags_until = '{AT_ONCE}' WHERE application_id = {number}"


def on_postgresql() -> None:
    number = "CASE WHEN TG_OP = 'DELETE' THEN OLD.application_id ELSE NEW.application_id END"
    for name, which in {"application": "NEW.id", "document": number}.items():
        op.execute(f"CREATE FUNCTION queue_flags_of_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                   f"{looked_at_anew(which)}; RETURN NULL; END $$")
    op.execute("CREATE TRIGGER queue_flags_applications_update AFTER UPDATE ON applications"
               " FOR EACH ROW EXECUTE FUNCTION queue_flags_of_application()")
    for moment, (when, _) in DOCUMENTS.items():
        op.execute(f"CREATE TRIGGER queue_flags_application_files_{moment} AFTER {when} ON application_files"
                   " FOR EACH ROW EXECUTE FUNCTION queue_flags_of_document()")
    # For LIKE 'so%', whatever the database's collation is.
    op.execute("CREATE INDEX queue_search_company ON queue_entries (company text_pattern_ops)")


def on_sqlite() -> None:
    op.execute("CREATE TRIGGER queue_flags_applications_update AFTER UPDATE ON applications"
               f" BEGIN {looked_at_anew('NEW.id')}; END")
    for moment, (when, row) in DOCUMENTS.items():
        op.execute(f"CREATE TRIGGER queue_flags_application_files_{moment} AFTER {when} ON application_files"
                   f" BEGIN {looked_at_anew(f'{row}.application_id')}; END")
