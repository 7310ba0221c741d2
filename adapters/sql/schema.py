"""The whole schema, as migrations make it: the tables, and the indexes that hold a part of them.

Declaring those loads the dialects of both databases, of which a server needs one, and no index.
"""

from sqlalchemy import Column, Index, text

from adapters.sql.tables import metadata, outbox, signing_keys

__all__ = ["metadata"]


def _partial(name: str, column: "Column[object]", condition: str, *, unique: bool = False) -> None:
    where = text(condition)
    Index(name, column, unique=unique, postgresql_where=where, sqlite_where=where)


# What is to be sent, which is little however much was sent before.
_partial("ix_outbox_due_at", outbox.c.due_at, "sent_at IS NULL AND set_aside_at IS NULL")
_partial("ix_outbox_id", outbox.c.id, "set_aside_at IS NOT NULL")

# Workers that start, or rotate, at once cannot each put a key in the same place.
for _status in ("current", "next"):
    _partial(
        f"uq_signing_keys_{_status}", signing_keys.c.status, f"status = '{_status}'", unique=True
    )
