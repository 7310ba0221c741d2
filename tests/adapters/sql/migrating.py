"""Alembic's commands on a database, as the migration tests need them."""

from alembic import command
from sqlalchemy import Connection, text

from adapters.sql.engine import Database
from adapters.sql.storage import alembic_config


async def downgrade(database: Database, revision: str) -> None:
    """Takes the schema back, in one transaction."""

    def run(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)

    async with database.writing() as channel:
        await channel.connection.run_sync(run)
        await channel.commit()


async def pretend(database: Database, revision: str) -> None:
    """Makes the database say that it is of that revision."""
    async with database.writing() as connection:
        statement = text("UPDATE alembic_version SET version_num = :revision")
        await connection.execute(statement, {"revision": revision})
        await connection.commit()
