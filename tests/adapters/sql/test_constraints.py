"""Uniqueness as a closed world: whatever a request can run into has a domain error."""

import pytest
from sqlalchemy import Table, UniqueConstraint, insert
from sqlalchemy.exc import IntegrityError

from adapters.sql.engine import Database
from adapters.sql.errors import _SQLITE_UNIQUE, UNIQUE_VIOLATIONS
from adapters.sql.schema import metadata
from adapters.sql.statements import StatementRunner
from domain.errors import DomainError
from tests.adapters.sql.rows import a_row

# No request can run into these, and why.
OUT_OF_REACH = {
    "pk_users": "a fresh UUID",
    "pk_sessions": "a fresh UUID",
    "pk_api_keys": "a fresh UUID",
    "pk_items": "a fresh UUID",
    "pk_events": "a fresh UUID",
    "pk_links": "a fresh UUID",
    "pk_outbox": "a fresh UUID",
    "pk_signing_keys": "the thumbprint of a fresh key, or random",
    "pk_credentials": "written with ON CONFLICT",
    "pk_idempotency": "written with ON CONFLICT",
    "pk_jobs": "written with ON CONFLICT",
    "pk_sign_in_failures": "written with ON CONFLICT",
    "pk_known_addresses": "written with ON CONFLICT",
    "pk_user_roles": "replaced as a whole, from a set",
    "pk_role_permissions": "replaced as a whole, from a set",
    "pk_heartbeat": "one row, that ships",
}


# What a row must hold for a partial index to look at it.
PARTIAL = {f"uq_signing_keys_{status}": {"status": status} for status in ("current", "next")}


def uniqueness() -> dict[str, tuple[Table, frozenset[str]]]:
    """Every unique constraint and index: its table and columns."""
    found = {}
    for table in metadata.tables.values():
        found[f"pk_{table.name}"] = (table, frozenset(c.name for c in table.primary_key))
        for constraint in table.constraints:
            if isinstance(constraint, UniqueConstraint):
                columns = frozenset(column.name for column in constraint.columns)
                name = "_".join(["uq", table.name, *(c.name for c in constraint.columns)])
                found[str(constraint.name or name)] = (table, columns)
        for index in table.indexes:
            if index.unique:
                columns = frozenset(column.name for column in index.columns)
                found[str(index.name)] = (table, columns)
    return found


def test_every_uniqueness_has_a_domain_error_or_is_out_of_reach() -> None:
    assert uniqueness().keys() == UNIQUE_VIOLATIONS.keys() | OUT_OF_REACH.keys()
    assert UNIQUE_VIOLATIONS.keys().isdisjoint(OUT_OF_REACH)


def test_every_domain_error_is_known_under_its_sqlite_name_too() -> None:
    assert set(_SQLITE_UNIQUE.values()) == UNIQUE_VIOLATIONS.keys()


@pytest.mark.parametrize("name", sorted(uniqueness()))
async def test_both_databases_say_the_same_word(database: Database, name: str) -> None:
    table, columns = uniqueness()[name]
    expected: type[Exception] = UNIQUE_VIOLATIONS.get(name, IntegrityError)
    async with database.writing() as channel:
        run = StatementRunner(channel).run
        first = await a_row(channel, table) | PARTIAL.get(name, {})
        second = await a_row(channel, table)
        await run(insert(table).values(first))
        twin = second | {column: first[column] for column in columns}
        with pytest.raises(expected) as caught:
            await run(insert(table).values(twin))
    assert isinstance(caught.value, DomainError) is (name in UNIQUE_VIOLATIONS)


async def test_what_is_no_uniqueness_passes_through_unchanged(database: Database) -> None:
    users = metadata.tables["users"]
    async with database.writing() as channel:
        row = await a_row(channel, users)
        with pytest.raises(IntegrityError):
            await StatementRunner(channel).run(insert(users).values(row | {"kind": "robot"}))
