"""What is made of a driver's record."""

from sqlalchemy import select

from adapters.sql.engine import Database
from adapters.sql.fixed_statements import FixedStatement
from adapters.sql.tables import users


async def test_a_row_has_its_columns_as_attributes_and_shows_their_names_only(
    database: Database,
) -> None:
    statement = FixedStatement(select(users.c.name, users.c.email))
    row = statement.compiled(database.engine.dialect).row(["Ada", "ada@example.com"])
    assert (row.name, row.email) == ("Ada", "ada@example.com")
    assert f"{row} {row!r}" == "FixedRow(name, email) FixedRow(name, email)"
