"""when somebody was last seen and why a session ended, to whom a mail went and that it came back, and people found by any part of a name

Revision: 0008, after 0007

The words by which people are found are kept by triggers, as the entries of the queue are (0003): whoever makes `invitations`,
`applications` or `colleagues` anew makes theirs again.
"""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

#: Table → its new columns, made one by one: batch mode would make the table anew.
ADDED = {
    'sessions': ('seen_at', 'browser', 'ended_why'),
    'deliveries': ('recipient', 'returned_at'),
}
#: What is searched of an invitation, and, once it is sent, of its application and of the colleagues who were asked to help.
INVITED = ('company_name', 'contact_name', 'contact_email', 'code')
APPLIED = (
    'company_name', 'reference_number', 'primary_contact_name', 'primary_contact_email', 'primary_contact_phone',
    'technical_contact_name', 'technical_contact_email', 'secondary_contact_name', 'secondary_contact_email',
    'authorised_signatory_name', 'authorised_signatory_email',
)
#: Table → the columns that are watched, and whose invitation a changed row (`{0}`: NEW or OLD) belongs to.
WATCHED = {
    'invitations': (INVITED, 'i.id = {0}.id'),
    'applications': (('status', *APPLIED), 'i.code = {0}.invitation_code'),
    'colleagues': (('name', 'email'), 'a.id = {0}.application_id'),
}
MOMENTS = {'insert': 'INSERT', 'update': 'UPDATE OF {0}', 'delete': 'DELETE'}


def upgrade() -> None:
    op.add_column('sessions', sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('sessions', sa.Column('browser', sa.String(), server_default='', nullable=False))
    op.add_column('sessions', sa.Column('ended_why', sa.String(), server_default='', nullable=False))
    op.add_column('deliveries', sa.Column('recipient', sa.String(), nullable=True))
    op.add_column('deliveries', sa.Column('returned_at', sa.DateTime(timezone=True), nullable=True))
    (on_postgresql if op.get_bind().dialect.name == 'postgresql' else on_sqlite)()


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == 'postgresql'
    for table in WATCHED:
        for moment in MOMENTS:
            op.execute(f"DROP TRIGGER queue_search_{table}_{moment}" + (f" ON {table}" if postgresql else ""))
        if postgresql:
            op.execute(f"DROP FUNCTION queue_search_of_{table}")
    op.execute("DROP TABLE queue_search_people")
    for table, columns in ADDED.items():
        for column in columns:
            op.drop_column(table, column)


def words(postgresql: bool) -> str:
    line, gathered = ("chr(10)", "string_agg(c.name || chr(10) || c.email, chr(10))") if postgresql else (
        "char(10)", "group_concat(c.name || char(10) || c.email, char(10))")  # fmt: skip
    invited, applied = (f" || {line} || ".join(f"coalesce({table}.{name}, '')" for name in names) for table, names in (("i", INVITED), ("a", APPLIED)))
    helped = f"coalesce((SELECT {gathered} FROM colleagues c WHERE c.application_id = a.id), '')"
    return f"lower({invited} || CASE WHEN a.status <> 'draft' THEN {line} || {applied} || {line} || {helped} ELSE '' END)"


def entering(postgresql: bool, which: str) -> str:
    """The statement that writes the words of `which` invitations (`i`, with the application `a`) anew."""
    wanted = f"SELECT i.id, {words(postgresql)} FROM invitations i LEFT JOIN applications a ON a.invitation_code = i.code WHERE {which}"
    if postgresql:
        return f"INSERT INTO queue_search_people (id, words) {wanted} ON CONFLICT (id) DO UPDATE SET words = excluded.words"
    return f"INSERT INTO queue_search_people (rowid, words) {wanted}"


def one_after_the_other(which: str) -> str:
    """Waits for whoever writes these words at the same moment: the next statement of the function then sees what they have committed."""
    ids = f"SELECT i.id FROM invitations i LEFT JOIN applications a ON a.invitation_code = i.code WHERE {which}"
    return f"PERFORM 1 FROM queue_search_people q WHERE q.id IN ({ids}) FOR UPDATE OF q"


def on_postgresql() -> None:
    op.execute("CREATE TABLE queue_search_people (id integer PRIMARY KEY REFERENCES invitations (id) ON DELETE CASCADE, words text NOT NULL)")
    op.execute(entering(True, "true"))
    for table, (columns, which) in WATCHED.items():
        enter = "; ".join(f"IF TG_OP {sign} 'DELETE' THEN {one_after_the_other(which.format(row))}; {entering(True, which.format(row))}; END IF"
                          for sign, row in (("=", "OLD"), ("<>", "NEW")))  # fmt: skip
        op.execute(f"CREATE FUNCTION queue_search_of_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {enter}; RETURN NULL; END $$")
        for moment, when in MOMENTS.items():
            op.execute(f"CREATE TRIGGER queue_search_{table}_{moment} AFTER {when.format(', '.join(columns))} ON {table}"
                       f" FOR EACH ROW EXECUTE FUNCTION queue_search_of_{table}()")
    search_by_trigrams()


def search_by_trigrams() -> None:
    """As in 0003: where the extension may not be used, the search reads all the words, which are narrow."""
    connection = op.get_bind()
    try:
        with connection.begin_nested():
            connection.execute(sa.text("CREATE INDEX queue_search_people_words ON queue_search_people USING gin (words gin_trgm_ops)"))
    except sa.exc.DBAPIError as error:
        print(f"pg_trgm cannot be used, so the search for people has no index: {error.orig}")


def on_sqlite() -> None:
    op.execute("CREATE VIRTUAL TABLE queue_search_people USING fts5(words, tokenize='trigram')")
    op.execute(entering(False, "true"))
    for table, (columns, which) in WATCHED.items():
        for moment, when in MOMENTS.items():
            row = "OLD" if moment == "delete" else "NEW"
            whose = f"SELECT i.id FROM invitations i LEFT JOIN applications a ON a.invitation_code = i.code WHERE {which.format(row)}"
            forget = "DELETE FROM queue_search_people WHERE rowid = OLD.id" if (table, moment) == ("invitations", "delete") else (
                f"DELETE FROM queue_search_people WHERE rowid IN ({whose})")  # fmt: skip
            op.execute(f"CREATE TRIGGER queue_search_{table}_{moment} AFTER {when.format(', '.join(columns))} ON {table}"
                       f" BEGIN {forget}; {entering(False, which.format(row))}; END")
