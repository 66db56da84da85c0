"""Alembic's migrations: expand first, contract later, since a release also runs on a rollback (FACTS 40)."""
