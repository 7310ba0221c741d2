"""The command line, as a function of its arguments, its input and a folder of one's own."""

import asyncio
import gc
import logging
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from adapters.memory.passwords import FastPasswordHasher
from adapters.sql.storage import _MIGRATION_LOCK
from config.logging import _TOLD_BY_COMMANDS
from tests.entrypoints.cli.console import Console
from tests.storage import postgresql_database, sqlite_url_of

SECRET_KEY = "a secret of this suite, 32 bytes or more"


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty current folder, and an environment in which nothing is set."""
    for name in list(os.environ):
        if name.upper().startswith("DOORWARD_") or name in {"DATABASE_URL", "REDIS_URL"}:
            monkeypatch.delenv(name)
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(autouse=True)
def process_left_as_it_was() -> Iterator[None]:
    """A command has its process to itself; a test has not."""
    umask = os.umask(0o022)
    os.umask(umask)
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in ("", *_TOLD_BY_COMMANDS)}
    kept = (sys.excepthook, list(root.handlers))
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    os.umask(umask)
    sys.excepthook, root.handlers = kept
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    for number, handler in signals.items():
        signal.signal(number, handler)
    gc.unfreeze()


class _CheapHasher(FastPasswordHasher):
    def __init__(self, **_: int) -> None: ...

    def close(self) -> None: ...


@pytest.fixture(autouse=True)
def hashes_that_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside this process; what runs as a process of its own hashes for real."""
    monkeypatch.setattr("config.factories.Argon2PasswordHasher", _CheapHasher)


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Console:
    """Runs commands inside the test's own process."""
    return Console(monkeypatch)


@pytest.fixture(scope="session")
def prepared_folder(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as `migrate` leaves it, to be copied."""
    folder = tmp_path_factory.mktemp("prepared") / "data"
    folder.mkdir(mode=0o700)
    shutil.copy(migrated_sqlite, folder / "doorward.db")
    (folder / "server_secret").write_text(SECRET_KEY)
    return folder


@pytest.fixture
def data(prepared_folder: Path, own_folder: Path) -> Path:
    """The default data folder, here, with an empty database of the current schema."""
    return Path(shutil.copytree(prepared_folder, own_folder / "data"))


@pytest.fixture
def anywhere(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Settings that lead to an empty database of the current schema, of either kind."""
    monkeypatch.setenv("DOORWARD_DATABASE_URL", database_url)
    monkeypatch.setenv("DOORWARD_SECRET_KEY", SECRET_KEY)
    return database_url


@pytest.fixture
def elsewhere(own_folder: Path) -> str:
    """The URL of an SQLite file that is not there."""
    return sqlite_url_of(own_folder / "elsewhere.db")


@pytest.fixture(scope="session")
def postgresql_without_tables(postgresql_url: str) -> Iterator[str]:
    """The URL of an empty database, for tests that leave it so."""
    with postgresql_database(postgresql_url) as url:
        yield url


@pytest.fixture
def postgresql_locked(postgresql_url: str) -> Iterator[str]:
    """The URL of an empty database in which nobody gets to migrate."""
    with postgresql_database(postgresql_url) as url, asyncio.Runner() as runner:
        engine = create_async_engine(url, poolclass=NullPool)
        holder = engine.connect()
        runner.run(_lock(holder))
        yield url
        runner.run(holder.close())


async def _lock(holder: AsyncConnection) -> None:
    await holder.start()
    await holder.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
