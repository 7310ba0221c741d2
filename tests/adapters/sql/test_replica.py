"""The replica: asked for what may lag, for nothing else, and not missed when it is away."""

from pathlib import Path
from shutil import copy

import pytest

from adapters.sql.unit_of_work import SqlUnitOfWorkFactory
from domain.errors import Unavailable
from domain.users import UserFilter
from tests.domain.samples import a_user, new_id
from tests.storage import open_database, sqlite_url_of

pytestmark = pytest.mark.usefixtures("no_connection_left_behind")


async def names(factory: SqlUnitOfWorkFactory, *, may_lag: bool) -> set[str]:
    async with factory.reading(may_lag=may_lag) as uow:
        return {user.name for user in await uow.users.page(UserFilter(), None, 10)}


async def add(factory: SqlUnitOfWorkFactory, name: str) -> None:
    async with factory() as uow:
        await uow.users.add(a_user(name=name))
        await uow.commit()


@pytest.fixture
def replica_file(migrated_sqlite: Path, tmp_path: Path) -> Path:
    file = tmp_path / "replica.db"
    copy(migrated_sqlite, file)
    return file


async def test_only_what_may_lag_is_read_from_the_replica(
    sqlite_url: str, replica_file: Path
) -> None:
    async with (
        open_database(sqlite_url) as primary,
        open_database(sqlite_url_of(replica_file)) as replica,
    ):
        await add(SqlUnitOfWorkFactory(replica), "lagging")
        factory = SqlUnitOfWorkFactory(primary, replica)
        await add(factory, "fresh")
        assert await names(factory, may_lag=True) == {"lagging"}
        assert await names(factory, may_lag=False) == {"fresh"}
        async with factory() as uow:
            assert {each.name for each in await uow.users.page(UserFilter(), None, 9)} == {"fresh"}


async def test_while_the_replica_is_away_the_primary_is_read(
    sqlite_url: str, replica_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = replica_file.with_name("nowhere") / "replica.db"
    async with (
        open_database(sqlite_url) as primary,
        open_database(sqlite_url_of(away)) as replica,
    ):
        factory = SqlUnitOfWorkFactory(primary, replica)
        await add(factory, "fresh")
        assert await names(factory, may_lag=True) == {"fresh"}
        away.parent.mkdir()
        copy(replica_file, away)
        # Nobody tries it for a while, and then it is found again.
        assert await names(factory, may_lag=True) == {"fresh"}
        monkeypatch.setattr("adapters.sql.replica.time.monotonic", lambda: 1e12)
        assert await names(factory, may_lag=True) == set()


async def test_a_replica_that_is_busy_is_not_away(sqlite_url: str, replica_file: Path) -> None:
    narrow = {"size": 1, "max_overflow": 0, "timeout_seconds": 0.1}
    async with (
        open_database(sqlite_url) as primary,
        open_database(sqlite_url_of(replica_file), **narrow) as replica,
    ):
        factory = SqlUnitOfWorkFactory(primary, replica)
        async with factory.reading(may_lag=True) as uow:
            await uow.users.get(new_id())
            with pytest.raises(Unavailable):
                await names(factory, may_lag=True)
        assert await names(factory, may_lag=True) == set()
