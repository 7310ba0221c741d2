"""The database as a whole: schema, writability, closing."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, select, text, update

from adapters.sql.engine import Database
from adapters.sql.errors import translated
from adapters.sql.statements import once_more
from adapters.sql.tables import heartbeat, users
from application.ports.storage import PoolState, SchemaState, Storage

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS = Path(__file__).with_name("migrations")
_MIGRATION_LOCK = 0x_D0_04_3A_2D
"""Any number will do, as long as every release uses the same one."""


class SqlStorage(Storage):
    def __init__(self, primary: Database, replica: Database | None = None) -> None:
        self._primary = primary
        self._replica = replica

    async def schema_state(self) -> SchemaState:
        return _state_of(await once_more(self._read_revision))

    async def _read_revision(self) -> str | None:
        with translated():
            async with self._primary.reading() as channel:
                return await channel.connection.run_sync(_revision)

    async def migrate(self) -> None:
        if await self.schema_state() is SchemaState.CURRENT:
            return
        with translated():
            async with self._primary.migrating() as connection:
                if not self._primary.is_sqlite:
                    # Held to the end of the transaction; the server's own limits, where its
                    # administrators set some, must not cut the wait.
                    await connection.execute(text("SET LOCAL statement_timeout = 0"))
                    await connection.execute(
                        text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK}
                    )
                # Somebody else may have migrated while this one waited.
                if _state_of(await connection.run_sync(_revision)) is not SchemaState.CURRENT:
                    await connection.run_sync(_upgrade)
                await connection.commit()

    async def check_writable(self) -> None:
        await once_more(self._beat)

    async def _beat(self) -> None:
        with translated():
            async with self._primary.writing() as channel:
                await channel.execute(update(heartbeat).values(at=datetime.now(UTC)))
                await channel.commit()

    async def check_replica(self) -> None:
        if self._replica is None:
            return
        with translated():
            async with self._replica.reading() as channel:
                await channel.execute(select(users.c.id).limit(1))

    def pools(self) -> Mapping[str, PoolState]:
        pools = {"primary": self._primary.pool_state()}
        if self._replica is not None:
            pools["replica"] = self._replica.pool_state()
        return pools

    async def close(self) -> None:
        # A shutdown that is cancelled half-way must not leave connections behind.
        await asyncio.shield(self._primary.close())
        if self._replica is not None:
            await asyncio.shield(self._replica.close())


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _state_of(revision: str | None) -> SchemaState:
    if revision is None:
        return SchemaState.EMPTY
    known = known_revisions()
    # Unknown means made by a newer release: migrations only add, so this one can work with it.
    if revision == known[-1] or revision not in known:
        return SchemaState.CURRENT
    return SchemaState.BEHIND


@cache
def known_revisions() -> tuple[str, ...]:
    """Oldest first, read from the file names (`0001_name.py`): start-up does without Alembic."""
    return tuple(sorted(path.stem for path in (_MIGRATIONS / "versions").glob("[0-9]*.py")))


def alembic_config() -> "Config":
    """Alembic's settings, without a file of its own."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _upgrade(connection: Connection) -> None:
    from alembic import command

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
