"""the queue: who reviews what, and what the desk's list is searched, sorted and counted by

Revision: 0003, after 0002

The entries are kept by triggers. One that is made anew with its table (batch mode on SQLite) is gone: whoever changes `applications` or
`application_files` in that way makes them again.
"""

import sqlalchemy as sa
from alembic import op



revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

POLICIES = ("health_safety", "environmental", "modern_slavery", "substance_misuse", "gdpr")
INSURANCES = ("public_liability_expiry", "employers_liability_expiry", "professional_indemnity_expiry")
WORDS = ("company_name", "trading_name", "reference_number", "primary_contact_name", "primary_contact_email")
NUMBERS = ("invitation_code", "vat_number", "company_registration")
KEPT = ("status", "submitted_at", "company", "reference", "expires_on", "capacity", "places", "words", "numbers")
WATCHED = ("status", "submitted_at", "installation_capacity", "nationwide_coverage", "geographic_coverage", *INSURANCES, *(f"{name}_policy_date" for name in POLICIES), *WORDS, *NUMBERS)
#: Index of the entries → its columns.
INDEXES = {
    "status": ["status", "submitted_at", "application_id"],
    "newest": ["submitted_at", "application_id", "status"],
    "company": ["company", "application_id", "status"],
    "reviewer": ["reviewer_id", "status", "submitted_at", "application_id"],
    "due": ["status", "due_on"],
    "expires": ["status", "expires_on"],
}
#: What an application page looks for in all others, and the audit log by person.
LOOKED_UP = (
    ("ix_applications_company_registration", "applications", ["company_registration"]),
    ("ix_applications_vat_number", "applications", ["vat_number"]),
    ("ix_application_files_sha256", "application_files", ["sha256"]),
    ("ix_events_person", "events", ["user_id", "id"]),
)


def upgrade() -> None:
    op.create_table('queue_entries',
    sa.Column('application_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('company', sa.String(), nullable=False),
    sa.Column('reference', sa.String(), nullable=False),
    sa.Column('reviewer_id', sa.Integer(), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('expires_on', sa.Date(), nullable=True),
    sa.Column('capacity', sa.String(), nullable=True),
    sa.Column('places', sa.String(), nullable=False),
    sa.Column('words', sa.String(), nullable=False),
    sa.Column('numbers', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['application_id'], ['applications.id'], name=op.f('fk_queue_entries_application_id_applications'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['reviewer_id'], ['users.id'], name=op.f('fk_queue_entries_reviewer_id_users')),
    sa.PrimaryKeyConstraint('application_id', name=op.f('pk_queue_entries'))
    )
    for name, columns in INDEXES.items():
        op.create_index(f'ix_queue_entries_{name}', 'queue_entries', columns, unique=False)
    op.create_index('ix_verdicts_section', 'verdicts', ['section', 'ruling', 'application_id'], unique=False)
    for name, table, columns in LOOKED_UP:
        op.create_index(name, table, columns, unique=False)
    postgresql = op.get_bind().dialect.name == 'postgresql'
    op.execute(entering(postgresql, "true"))
    op.execute("UPDATE queue_entries SET due_on = (SELECT r.due_on FROM information_requests r"
               " WHERE r.application_id = queue_entries.application_id ORDER BY r.id DESC LIMIT 1)")
    (on_postgresql if postgresql else on_sqlite)()


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == 'postgresql'
    for table, moments in {'applications': ('insert', 'update'), 'application_files': ('insert', 'update', 'delete')}.items():
        for moment in moments:
            op.execute(f"DROP TRIGGER queue_{table}_{moment}" + (f" ON {table}" if postgresql else ""))
    if postgresql:
        op.execute("DROP FUNCTION queue_of_application")
        op.execute("DROP FUNCTION queue_of_document")
    else:
        op.execute("DROP TABLE queue_search")
    for name, table, _ in LOOKED_UP:
        op.drop_index(name, table_name=table)
    op.drop_index('ix_verdicts_section', table_name='verdicts')
    op.drop_table('queue_entries')


def entering(postgresql: bool, which: str) -> str:
    """The statement that brings the entries of `which` applications (`a`) up to date."""
    line = "chr(10)" if postgresql else "char(10)"
    words = f" || {line} || ".join(f"coalesce(a.{name}, '')" for name in WORDS)
    numbers = f" || {line} || ".join(f"replace(replace(coalesce(a.{name}, ''), ' ', ''), '-', '')" for name in NUMBERS)
    places = "CASE WHEN a.nationwide_coverage THEN '\"UK\"' ELSE '' END || coalesce(CAST(a.geographic_coverage AS text), '')"
    kept = ", ".join(f"{name} = excluded.{name}" for name in KEPT)
    return (
        f"INSERT INTO queue_entries (application_id, {', '.join(KEPT)})"
        f" SELECT a.id, a.status, a.submitted_at, lower(a.company_name), a.reference_number, {expiry(postgresql)},"
        f" a.installation_capacity, {places}, lower({words}), lower({numbers})"
        f" FROM applications a WHERE a.status <> 'draft' AND a.submitted_at IS NOT NULL AND a.reference_number IS NOT NULL AND {which}"
        f" ON CONFLICT (application_id) DO UPDATE SET {kept}"
    )


def expiry(postgresql: bool) -> str:
    """The first day on which something of the application `a` ends; a policy is good for 12 months."""
    later = "CAST(a.{} + interval '12 months' AS date)" if postgresql else "date(a.{}, '+12 months')"
    days = [f"SELECT a.{name} AS ends" for name in INSURANCES] + [f"SELECT {later.format(f'{name}_policy_date')}" for name in POLICIES]
    files = "SELECT f.expiry_date FROM application_files f WHERE f.application_id = a.id AND f.state = 'stored'"
    return f"(SELECT min(ends) FROM ({' UNION ALL '.join([*days, files])}) AS days)"


def on_postgresql() -> None:
    for name, number in {"application": "NEW.id", "document": "CASE WHEN TG_OP = 'DELETE' THEN OLD.application_id ELSE NEW.application_id END"}.items():
        op.execute(f"CREATE FUNCTION queue_of_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                   f"{entering(True, f'a.id = {number}')}; RETURN NULL; END $$")
    op.execute("CREATE TRIGGER queue_applications_insert AFTER INSERT ON applications FOR EACH ROW EXECUTE FUNCTION queue_of_application()")
    op.execute(f"CREATE TRIGGER queue_applications_update AFTER UPDATE OF {', '.join(WATCHED)} ON applications"
               " FOR EACH ROW EXECUTE FUNCTION queue_of_application()")
    for moment, when in {"insert": "INSERT", "update": "UPDATE OF state, expiry_date", "delete": "DELETE"}.items():
        op.execute(f"CREATE TRIGGER queue_application_files_{moment} AFTER {when} ON application_files"
                   " FOR EACH ROW EXECUTE FUNCTION queue_of_document()")
    search_by_trigrams()


def search_by_trigrams() -> None:
    """The index of all words, where the extension may be created; elsewhere the search reads all entries, which are narrow."""
    connection = op.get_bind()
    try:
        with connection.begin_nested():
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
            for column in ("words", "numbers"):
                connection.execute(sa.text(f"CREATE INDEX queue_search_{column} ON queue_entries USING gin ({column} gin_trgm_ops)"))
    except sa.exc.DBAPIError as error:
        print(f"pg_trgm cannot be used, so the search has no index: {error.orig}")


def on_sqlite() -> None:
    op.execute("CREATE TRIGGER queue_applications_insert AFTER INSERT ON applications"
               f" BEGIN {entering(False, 'a.id = NEW.id')}; END")
    op.execute(f"CREATE TRIGGER queue_applications_update AFTER UPDATE OF {', '.join(WATCHED)} ON applications"
               f" BEGIN {entering(False, 'a.id = NEW.id')}; END")
    for moment, when in {"insert": "INSERT", "update": "UPDATE OF state, expiry_date", "delete": "DELETE"}.items():
        row = "OLD" if moment == "delete" else "NEW"
        op.execute(f"CREATE TRIGGER queue_application_files_{moment} AFTER {when} ON application_files"
                   f" BEGIN {entering(False, f'a.id = {row}.application_id')}; END")
    op.execute("CREATE VIRTUAL TABLE queue_search USING fts5(words, numbers, content='queue_entries', content_rowid='application_id', tokenize='trigram')")
    op.execute("INSERT INTO queue_search(queue_search) VALUES ('rebuild')")
    new = "INSERT INTO queue_search(rowid, words, numbers) VALUES (NEW.application_id, NEW.words, NEW.numbers);"
    old = "INSERT INTO queue_search(queue_search, rowid, words, numbers) VALUES ('delete', OLD.application_id, OLD.words, OLD.numbers);"
    op.execute(f"CREATE TRIGGER queue_search_insert AFTER INSERT ON queue_entries BEGIN {new} END")
    op.execute(f"CREATE TRIGGER queue_search_delete AFTER DELETE ON queue_entries BEGIN {old} END")
    # Also a status is written by an UPDATE that names the words: only words that differ are indexed again.
    op.execute("CREATE TRIGGER queue_search_update AFTER UPDATE OF words, numbers ON queue_entries"
               f" WHEN OLD.words <> NEW.words OR OLD.numbers <> NEW.numbers BEGIN {old} {new} END")
