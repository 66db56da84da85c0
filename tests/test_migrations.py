"""The schema: what the migrations build is what the models declare, with the reference's names and indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlmodel import SQLModel, col, select

from models.database import engine, reading, transaction
from models.document import Document, DocumentState
from models.invitation_entry import InvitationEntry
from models.queue_entry import is_declared
from models.tables import ALL
from tests.partners import submitted


def test_the_migrations_build_what_the_models_declare(database: str) -> None:
    assert len(ALL) == len(SQLModel.metadata.tables)
    with engine().connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"include_object": is_declared}), SQLModel.metadata) == []


def test_a_migration_is_taken_back_and_made_again_over_rows_that_refer_to_each_other(database: str, redis_server: object, s3: object) -> None:
    application = submitted(("gdpr_policy",))
    with transaction() as session:
        session.exec(sa.update(Document).where(col(Document.application_id) == application.id).values(state=DocumentState.PROPOSED))
    before, standing = _counted(), _standing()
    engine().dispose()
    for move, to in ((command.downgrade, "0001"), (command.upgrade, "head")):
        move(Config(toml_file="pyproject.toml"), to)
    assert _standing() == standing == ["submitted"]
    assert _counted() == before and before["invitations"] == before["applications"] == 1
    with reading() as session:
        waited = session.exec(select(Document)).one()
        assert waited.state == DocumentState.REMOVED and waited.removed_at, "what waited for a renewal goes with it, and when is known"
    with engine().connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"include_object": is_declared}), SQLModel.metadata) == []


def _standing() -> list[str]:
    """Where the invitations stand: by the triggers while they were made, and by the migration that finds them there."""
    with reading() as session:
        return list(session.exec(select(InvitationEntry.standing)))


def _counted() -> dict[str, int]:
    with engine().connect() as connection:
        return {name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for name, table in SQLModel.metadata.tables.items()}


def test_the_reference_tables_have_their_columns_and_indexes(database: str) -> None:
    found = sa.inspect(engine())
    wanted = {
        "invitations": ({"code", "company_name", "contact_email", "contact_title", "notes", "status", "created_at", "expires_at", "used_at", "source"},
                        {"idx_invitations_code", "idx_invitations_status"}),
        "applications": ({"invitation_code", "company_name", "installation_capacity", "status", "created_at", "updated_at", "submitted_at"},
                         {"idx_applications_invitation", "idx_applications_status"}),
        "application_files": ({"application_id", "file_name", "file_type", "file_size", "r2_key", "r2_url", "upload_timestamp"}, set()),
        "draft_data": ({"invitation_code", "step_number", "form_data", "last_updated"}, {"idx_draft_invitation"}),
        "events": (set(), set()),
        "deliveries": (set(), set()),
    }  # fmt: skip
    for table, (columns, indexes) in wanted.items():
        assert columns <= {c["name"] for c in found.get_columns(table)}, table
        assert indexes <= {i["name"] for i in found.get_indexes(table)}, table


def test_a_draft_step_is_unique_by_invitation_and_number(database: str) -> None:
    assert ["invitation_code", "step_number"] in [u["column_names"] for u in sa.inspect(engine()).get_unique_constraints("draft_data")]
