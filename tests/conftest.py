"""What every test may ask for: servers, storage, the event loop, how hard properties are tried."""

import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from adapters.sql.engine import Database
from tests.servers import postgresql_server, redis_server
from tests.storage import (
    Backend,
    MigratedPostgresql,
    memory_backend,
    migrate,
    open_database,
    postgresql_database,
    sql_backend,
    sqlite_url_of,
)

# A deadline measures the machine, not the property.
settings.register_profile("doorward", deadline=None, max_examples=25)
settings.register_profile("proofs", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "doorward"))


# These measure time: what runs beside them would be measured, too.
ALONE = (
    "tests/adapters/contracts/test_rate_limiter.py",
    "tests/adapters/crypto/test_passwords.py",
    "tests/adapters/redis/",
    "tests/adapters/sql/test_connections.py",
    "tests/adapters/sql/test_outage.py",
    "tests/adapters/sql/test_sqlite_crowd.py",
    "tests/faults/",
    "tests/entrypoints/http/serving/test_deadlines.py",
    "tests/entrypoints/http/serving/test_leaving.py",
    "tests/entrypoints/http/test_background.py",
)


def pytest_configure() -> None:
    # A run in the background ignores Ctrl-C, and so would every process that a test starts.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(ALONE):
            item.add_marker("alone")


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, object]]:
    """Asyncio alone: the drivers of both databases know no other."""
    return "asyncio", {"use_uvloop": False}


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A superuser's URL. Tests create databases of their own with it."""
    with postgresql_server() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Shared by all tests of the run: each uses keys of its own."""
    with redis_server() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the current schema, to be copied."""
    file = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    migrate(sqlite_url_of(file))
    return file


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_url: str) -> Iterator[MigratedPostgresql]:
    """A database with the current schema, lent to one test after another."""
    with postgresql_database(postgresql_url) as url:
        yield MigratedPostgresql(url)


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """A fresh, migrated SQLite file."""
    file = tmp_path / "doorward.db"
    shutil.copy(migrated_sqlite, file)
    return sqlite_url_of(file)


@pytest.fixture
def postgresql_database_url(migrated_postgresql: MigratedPostgresql) -> Iterator[str]:
    """A migrated PostgreSQL database, as if fresh."""
    yield migrated_postgresql.url
    migrated_postgresql.restore()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database of each kind."""
    names = {"sqlite": "sqlite_url", "postgresql": "postgresql_database_url"}
    return str(request.getfixturevalue(names[request.param]))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind without any table."""
    if request.param == "sqlite":
        yield sqlite_url_of(tmp_path / "empty.db")
        return
    with postgresql_database(request.getfixturevalue("postgresql_url")) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh, migrated database of each kind, opened with the shipped pool."""
    async with open_database(database_url) as opened:
        yield opened


@pytest.fixture(
    params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.slow)],
)
def backend_url(request: pytest.FixtureRequest) -> str:
    """What `backend` is opened on."""
    names = {"sqlite": "sqlite_url", "postgresql": "postgresql_database_url"}
    name = names.get(request.param)
    return str(request.getfixturevalue(name)) if name else "memory://"


@pytest.fixture
async def backend(backend_url: str) -> AsyncIterator[Backend]:
    """Fresh storage of each kind, behind its ports."""
    if backend_url == "memory://":
        yield memory_backend()
        return
    async with open_database(backend_url) as opened:
        yield sql_backend(opened)
