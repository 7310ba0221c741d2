"""Rows for any table, with whatever they refer to."""

from typing import Any

from sqlalchemy import JSON, Boolean, Column, DateTime, Integer, LargeBinary, Table, Uuid, insert

from adapters.sql.async_core import AsyncConnection
from tests.domain.samples import NOW, new_id

# What check constraints allow.
_ALLOWED: dict[tuple[str, str], object] = {
    ("users", "kind"): "human",
    ("users", "status"): "active",
    ("signing_keys", "status"): "retired",
    # The first one ships.
    ("heartbeat", "id"): 2,
}


async def a_row(connection: AsyncConnection, table: Table) -> dict[str, Any]:
    """A complete row, not stored yet, fresh in every column; its parents are stored."""
    row: dict[str, Any] = {}
    for column in table.columns:
        for reference in column.foreign_keys:
            parent = await a_row(connection, reference.column.table)
            await connection.execute(insert(reference.column.table).values(parent))
            row[column.name] = parent[reference.column.name]
        if not column.foreign_keys and not column.nullable:
            row[column.name] = _a_value(table, column)
    return row


def _a_value(table: Table, column: "Column[Any]") -> object:
    if allowed := _ALLOWED.get((table.name, column.name)):
        return allowed
    kinds: dict[type, object] = {
        Uuid: new_id(),
        Boolean: False,
        Integer: 1,
        LargeBinary: new_id().bytes,
        JSON: {},
        DateTime: NOW,
    }
    implementation = getattr(column.type, "impl", column.type)
    for kind, value in kinds.items():
        if isinstance(implementation, kind):
            return value
    return new_id().hex[-(getattr(column.type, "length", None) or 32) :]
