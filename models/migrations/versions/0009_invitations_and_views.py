"""where each invitation stands, in a narrow row, and the views of the list that somebody keeps for themselves

Revision: 0009, after 0008

Where an invitation stands is kept by triggers, as the entries of the queue are (0003): whoever makes one of their tables anew (batch mode on
SQLite) makes its triggers again. That its date has passed is no change of any row, so it is left to whoever reads (models/invited.py).
"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

MAILS = "('email.invitation', 'email.reminder')"
DECIDED = "('approved', 'rejected', 'withdrawn', 'suspended')"
OPEN = "('waiting', 'running')"
LENT = "'application.prefilled'"
#: A mail that waits and one that is being sent are the same here: a worker that takes many of them wakes nothing.
MOVED = f"(NOT (OLD.state IN {OPEN} AND NEW.state IN {OPEN}) OR (OLD.returned_at IS NULL) <> (NEW.returned_at IS NULL))"
#: Whose invitation (`{0}`: NEW or OLD) a row of each table belongs to.
OF_APPLICATION = "(SELECT i.id FROM applications a JOIN invitations i ON i.code = a.invitation_code WHERE a.id = {0}.application_id)"
OF_CODE = "(SELECT i.id FROM invitations i WHERE i.code = {0}.invitation_code)"
#: Table, moment, when it fires, under which condition, and whose invitation it is about.
WATCHED = (
    ('invitations', 'update', 'UPDATE OF status, expires_at, opened_at, sent_at', '', '{0}.id'),
    ('applications', 'insert', 'INSERT', '', OF_CODE),
    ('applications', 'update', 'UPDATE OF status', '', OF_CODE),
    ('applications', 'delete', 'DELETE', '', OF_CODE),
    ('deliveries', 'insert', 'INSERT', f'NEW.target IN {MAILS}', '{0}.invitation_id'),
    ('deliveries', 'update', 'UPDATE OF state, returned_at', f'NEW.target IN {MAILS} AND {MOVED}', '{0}.invitation_id'),
    ('deliveries', 'delete', 'DELETE', f'OLD.target IN {MAILS}', '{0}.invitation_id'),
    ('draft_data', 'insert', 'INSERT', '', OF_CODE),
    ('draft_data', 'update', 'UPDATE OF revision', 'OLD.revision <= 1 AND NEW.revision > 1', OF_CODE),
    ('draft_data', 'delete', 'DELETE', '', OF_CODE),
    ('application_files', 'insert', 'INSERT', '', OF_APPLICATION),
    ('application_files', 'update', 'UPDATE OF state', '', OF_APPLICATION),
    ('application_files', 'delete', 'DELETE', '', OF_APPLICATION),
    ('events', 'insert', 'INSERT', f'NEW.type = {LENT}', OF_APPLICATION),
)


def upgrade() -> None:
    postgresql = op.get_bind().dialect.name == 'postgresql'
    op.create_table('invitation_entries',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('standing', sa.String(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['id'], ['invitations.id'], name=op.f('fk_invitation_entries_id_invitations'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invitation_entries'))
    )
    op.create_index('ix_invitation_entries_standing', 'invitation_entries', ['standing', 'id', 'expires_at'], unique=False)
    op.create_table('saved_views',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('asked', sa.JSON(), nullable=False),
    sa.Column('saved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_saved_views_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_views'))
    )
    op.create_index(op.f('ix_saved_views_user_id'), 'saved_views', ['user_id'], unique=False)
    if postgresql:  # else one that the release before commits meanwhile would have no entry, and never be listed
        op.execute("LOCK TABLE invitations IN SHARE ROW EXCLUSIVE MODE")
    op.execute(f"INSERT INTO invitation_entries (id, standing, expires_at) {found('true')}")
    (on_postgresql if postgresql else on_sqlite)()


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == 'postgresql'
    for table, moment in (('invitations', 'insert'), *((table, moment) for table, moment, *_ in WATCHED)):
        op.execute(f"DROP TRIGGER standing_{table}_{moment}" + (f" ON {table}" if postgresql else ""))
        if postgresql:
            op.execute(f"DROP FUNCTION standing_{table}_{moment}")
    op.drop_table('saved_views')
    op.drop_table('invitation_entries')


def found(which: str) -> str:
    """Id, standing and date of `which` invitations (`i`, with the application `a`)."""
    return (f"SELECT i.id, {standing()}, i.expires_at FROM invitations i LEFT JOIN applications a ON a.invitation_code = i.code WHERE {which}")


def standing() -> str:
    """The furthest that is true, except that a mail which did not leave or came back needs somebody first."""
    mail = (f"(SELECT CASE WHEN d.state = 'failed' AND d.returned_at IS NOT NULL THEN 'returned' ELSE d.state END FROM deliveries d"
            f" WHERE d.invitation_id = i.id AND d.target IN {MAILS} ORDER BY d.id DESC LIMIT 1)")  # fmt: skip
    lent = f"(SELECT max(e.at) FROM events e WHERE e.application_id = a.id AND e.type = {LENT})"
    typed = (f"EXISTS (SELECT 1 FROM draft_data t WHERE t.invitation_code = i.code"
             f" AND (t.revision > 1 OR {lent} IS NULL OR t.last_updated > {lent}))")  # fmt: skip
    filed = "EXISTS (SELECT 1 FROM application_files f WHERE f.application_id = a.id AND f.state = 'stored')"
    tests = (
        ("i.status = 'revoked'", 'revoked'), (f"a.status IN {DECIDED}", 'decided'), ("a.status <> 'draft' OR i.status = 'used'", 'submitted'),
        ("i.status = 'expired'", 'expired'), (f"{mail} = 'returned'", 'bounced'), (f"{mail} = 'failed'", 'failed'),
        (f"{typed} OR {filed}", 'started'), ("i.opened_at IS NOT NULL", 'opened'), (f"{mail} IN {OPEN}", 'queued'),
        (f"{mail} IS NOT NULL OR i.sent_at IS NOT NULL", 'sent'),
    )  # fmt: skip
    return "CASE " + " ".join(f"WHEN {test} THEN '{name}'" for test, name in tests) + " ELSE 'unsent' END"


def entered(number: str) -> str:
    """The statement that brings the entry of one invitation up to date."""
    one = f"SELECT {standing()} FROM invitations i LEFT JOIN applications a ON a.invitation_code = i.code WHERE i.id = invitation_entries.id"
    until = "SELECT i.expires_at FROM invitations i WHERE i.id = invitation_entries.id"
    return f"UPDATE invitation_entries SET standing = coalesce(({one}), standing), expires_at = ({until}) WHERE id = {number}"


def on_postgresql() -> None:
    """Whoever changes something else of the same invitation is waited for first: the next statement then sees what they have committed."""
    made = f"INSERT INTO invitation_entries (id, standing, expires_at) {found('i.id = NEW.id')}"
    trigger('invitations', 'insert', 'INSERT', '', made)
    for table, moment, when, condition, whose in WATCHED:
        number = whose.format('OLD' if moment == 'delete' else 'NEW')
        turn = f"PERFORM 1 FROM invitation_entries WHERE id = {number} FOR UPDATE"
        trigger(table, moment, when, condition, f"{turn}; {entered(number)}")


def trigger(table: str, moment: str, when: str, condition: str, does: str) -> None:
    name = f"standing_{table}_{moment}"
    op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does}; RETURN NULL; END $$")
    only = f" WHEN ({condition})" if condition else ""
    op.execute(f"CREATE TRIGGER {name} AFTER {when} ON {table} FOR EACH ROW{only} EXECUTE FUNCTION {name}()")


def on_sqlite() -> None:
    op.execute("CREATE TRIGGER standing_invitations_insert AFTER INSERT ON invitations BEGIN"
               f" INSERT INTO invitation_entries (id, standing, expires_at) {found('i.id = NEW.id')}; END")
    for table, moment, when, condition, whose in WATCHED:
        only = f" WHEN {condition}" if condition else ""
        number = whose.format('OLD' if moment == 'delete' else 'NEW')
        op.execute(f"CREATE TRIGGER standing_{table}_{moment} AFTER {when} ON {table}{only} BEGIN {entered(number)}; END")
