"""Migrations lead up, down and up again, to exactly the schema that the tables describe."""

from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Inspector, inspect

from adapters.sql import storage as storage_module
from adapters.sql.engine import Database
from adapters.sql.schema import metadata
from adapters.sql.storage import SqlStorage, alembic_config, known_revisions
from application.ports.storage import SchemaState
from tests.adapters.sql.migrating import downgrade, pretend
from tests.storage import open_database

PROMISED_TABLES = {
    *("users", "credentials", "identities", "sessions", "api_keys"),
    *("roles", "permissions", "user_roles", "items", "events"),
    *("outbox", "links", "idempotency", "signing_keys"),
}


@pytest.fixture
async def empty(empty_database_url: str) -> AsyncIterator[Database]:
    async with open_database(empty_database_url) as opened:
        yield opened


def describe(connection: Connection) -> dict[str, Any]:
    """Everything that the database itself knows of its schema."""
    inspector = inspect(connection)
    return {
        table: _describe_table(inspector, table)
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def _describe_table(inspector: Inspector, table: str) -> dict[str, Any]:
    def ordered(constraints: Any) -> list[str]:
        return sorted(_in_words(constraint) for constraint in constraints)

    columns = [
        (column["name"], str(column["type"]), column["nullable"], column["default"])
        for column in inspector.get_columns(table)
    ]
    return {
        "columns": sorted(columns),
        "primary key": inspector.get_pk_constraint(table)["constrained_columns"],
        "foreign keys": ordered(inspector.get_foreign_keys(table)),
        "unique": ordered(inspector.get_unique_constraints(table)),
        "checks": ordered(inspector.get_check_constraints(table)),
        "indexes": ordered(inspector.get_indexes(table)),
    }


def _in_words(described: Any) -> str:
    """The same for the same, though some of it is of classes that only know their identity."""
    if isinstance(described, dict):
        return str(sorted((name, _in_words(value)) for name, value in described.items()))
    return str(described)


async def schema(database: Database) -> dict[str, Any]:
    async with database.reading() as channel:
        return await channel.connection.run_sync(describe)


async def test_up_down_and_up_again(empty: Database) -> None:
    storage = SqlStorage(empty)
    assert await storage.schema_state() is SchemaState.EMPTY
    await storage.migrate()
    assert await storage.schema_state() is SchemaState.CURRENT
    first = await schema(empty)
    await downgrade(empty, "base")
    assert await storage.schema_state() is SchemaState.EMPTY
    assert await schema(empty) == {}
    await storage.migrate()
    assert await storage.schema_state() is SchemaState.CURRENT
    assert await schema(empty) == first
    await storage.check_writable()


async def test_every_step_leads_down_and_up(empty: Database) -> None:
    storage = SqlStorage(empty)
    await storage.migrate()
    head = await schema(empty)
    for later, earlier in pairwise(reversed(known_revisions())):
        await downgrade(empty, earlier)
        assert await storage.schema_state() is SchemaState.BEHIND, later
        await storage.migrate()
        assert await storage.schema_state() is SchemaState.CURRENT
        assert await schema(empty) == head


async def test_the_migrated_schema_is_the_one_described(empty: Database) -> None:
    async with empty.writing() as channel:
        await channel.connection.run_sync(metadata.create_all)
        await channel.commit()
    described = await schema(empty)
    async with empty.writing() as channel:
        await channel.connection.run_sync(metadata.drop_all)
        await channel.commit()
    await SqlStorage(empty).migrate()
    assert await schema(empty) == described
    assert described.keys() == metadata.tables.keys()


async def test_alembic_finds_nothing_left_to_migrate(database: Database) -> None:
    def differences(connection: Connection) -> list[Any]:
        options = {"compare_type": True, "compare_server_default": True}
        return list(
            compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
        )

    async with database.reading() as channel:
        assert await channel.connection.run_sync(differences) == []


async def test_the_tables_that_others_rely_on_are_there(database: Database) -> None:
    assert (await schema(database)).keys() >= PROMISED_TABLES


def test_revisions_are_named_in_the_order_in_which_they_are_applied() -> None:
    steps = list(ScriptDirectory.from_config(alembic_config()).walk_revisions())
    assert tuple(step.revision for step in reversed(steps)) == known_revisions()
    assert all(step.nextrev <= {known_revisions()[-1], *known_revisions()} for step in steps)


async def test_a_schema_without_the_last_step_is_behind(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = SqlStorage(database)
    assert await storage.schema_state() is SchemaState.CURRENT
    known = (*known_revisions(), "9999_of_a_later_release")
    monkeypatch.setattr(storage_module, "known_revisions", lambda: known)
    assert await storage.schema_state() is SchemaState.BEHIND


async def test_a_schema_newer_than_the_program_is_current_and_left_alone(
    database: Database,
) -> None:
    storage = SqlStorage(database)
    before = await schema(database)
    await pretend(database, "9999_of_a_later_release")
    assert await storage.schema_state() is SchemaState.CURRENT
    await storage.migrate()
    assert await storage.schema_state() is SchemaState.CURRENT
    assert await schema(database) == before


async def test_a_step_that_fails_leaves_the_schema_as_it_was(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = storage_module._upgrade

    def fail_at_the_end(connection: Connection) -> None:
        upgrade(connection)
        raise RuntimeError("the last step")

    monkeypatch.setattr(storage_module, "_upgrade", fail_at_the_end)
    with pytest.raises(RuntimeError, match="the last step"):
        await SqlStorage(empty).migrate()
    assert await schema(empty) == {}
    monkeypatch.undo()
    await SqlStorage(empty).migrate()
    assert await SqlStorage(empty).schema_state() is SchemaState.CURRENT
