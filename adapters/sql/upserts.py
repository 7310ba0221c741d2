"""INSERTs that say what to do about a row that is there already, each database in its own words."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Table
    from sqlalchemy.dialects import postgresql, sqlite


@cache
def insert_for(dialect: str) -> "Callable[[Table], postgresql.Insert | sqlite.Insert]":
    """Only the dialect that is used is loaded: they are large."""
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        return sqlite_insert
    from sqlalchemy.dialects.postgresql import insert as postgresql_insert

    return postgresql_insert
