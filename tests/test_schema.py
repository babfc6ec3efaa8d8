"""The schema: the migrations make exactly the tables that the code works with."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

import bot.regression.history  # noqa: F401
import channels.app
import channels.slack.installations
import channels.slack.triage_store  # noqa: F401
from bot.db import Base, Database, DatabaseUnusable
from tests.fakes.postgres import on_both_databases


@pytest.fixture
def database(database_url: str | None, tmp_path: Path) -> Database:
    return Database(database_url or f"sqlite:///{tmp_path / 'schema.db'}")


@on_both_databases
def test_migrations_give_exactly_the_models_tables(database: Database) -> None:
    database.migrate()
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    database.close()


@on_both_databases
def test_migrating_again_changes_nothing_and_loses_nothing(database: Database) -> None:
    database.migrate()
    with database.write() as session:
        session.execute(text("insert into people (created_at) values ('2026-01-01')"))
    database.migrate()
    with database.read() as session:
        assert session.scalar(text("select count(*) from people")) == 1
    database.close()


@on_both_databases
def test_a_message_cannot_be_stored_twice_under_one_id_nor_under_one_number(
    database: Database,
) -> None:
    database.migrate()
    unique = {
        tuple(constraint["column_names"])
        for constraint in inspect(database.engine).get_unique_constraints("messages")
    }
    assert {("channel", "account", "external_id"), ("conversation_id", "seq")} <= unique
    database.close()


@on_both_databases
def test_a_failed_write_leaves_nothing(database: Database) -> None:
    database.migrate()

    def write_half() -> None:
        with database.write() as session:
            session.execute(text("insert into people (created_at) values ('2026-01-01')"))
            session.execute(text("insert into people (created_at) values (null)"))

    with pytest.raises(IntegrityError):
        write_half()
    with database.read() as session:
        assert session.scalar(text("select count(*) from people")) == 0
    database.close()


def test_sqlite_is_set_up_to_survive_a_power_cut(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'schema.db'}")
    with database.read() as session:
        assert session.scalar(text("pragma journal_mode")) == "wal"
        assert session.scalar(text("pragma synchronous")) == 2
        assert session.scalar(text("pragma foreign_keys")) == 1
    database.close()


@pytest.mark.parametrize("url", ["", "nonsense", "oracle://x:hunter2@y/z"])
def test_a_url_that_names_no_database_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseUnusable) as refused:
        Database(url)
    assert "hunter2" not in str(refused.value)
    assert "FIRSTLINE_DATABASE_URL" in str(refused.value)
