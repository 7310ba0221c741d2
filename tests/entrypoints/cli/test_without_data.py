"""Where nothing has been set up, commands say so and leave nothing behind."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from config.data_folder import sqlite_file
from tests.entrypoints.cli.commands import COMMANDS, NEED_DATA, words
from tests.entrypoints.cli.conftest import SECRET_KEY
from tests.entrypoints.cli.console import Console

NO_DATA = "no data here yet: run `doorward migrate` or `doorward serve` first"
READ_ONLY = [*map(words, NEED_DATA), ("migrate", "--check")]
ON_STORED_DATA = [words(name) for name in NEED_DATA if name != "check"]


def _traces(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("command", READ_ONLY, ids=" ".join)
def test_an_empty_folder_stays_empty(
    console: Console, own_folder: Path, command: tuple[str, ...]
) -> None:
    assert console(*command).refusal() == NO_DATA
    assert _traces(own_folder) == []


@pytest.mark.parametrize("command", READ_ONLY, ids=" ".join)
def test_a_named_file_that_is_not_there_is_not_made(
    console: Console,
    own_folder: Path,
    elsewhere: str,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    monkeypatch.setenv("DATABASE_URL", elsewhere)
    monkeypatch.setenv("DOORWARD_SECRET_KEY", SECRET_KEY)

    assert console(*command).refusal() == NO_DATA
    assert _traces(own_folder) == []


def test_an_empty_file_is_not_turned_into_a_database(console: Console, data: Path) -> None:
    file = data / "doorward.db"
    file.write_bytes(b"")

    assert console("users", "list").refusal() == NO_DATA
    assert file.read_bytes() == b""


def test_a_database_without_the_secret_is_no_data(console: Console, data: Path) -> None:
    (data / "server_secret").unlink()

    assert console("users", "list").refusal() == NO_DATA


def test_half_a_secret_is_refused(console: Console, data: Path) -> None:
    (data / "server_secret").write_text("")

    assert "server_secret is cut off" in console("users", "list").refusal()


@pytest.mark.parametrize("command", [*ON_STORED_DATA, ("migrate", "--check")], ids=" ".join)
@pytest.mark.slow
def test_a_postgresql_without_tables_is_no_data(
    console: Console,
    postgresql_without_tables: str,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgresql_without_tables)
    monkeypatch.setenv("DOORWARD_SECRET_KEY", SECRET_KEY)

    assert console(*command).refusal() == NO_DATA


@pytest.mark.parametrize(
    "command", [("users", "list"), ("check",), ("migrate", "--check")], ids=" ".join
)
def test_a_schema_that_is_behind_is_told_apart(
    console: Console, data: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    assert data.is_dir()
    monkeypatch.setattr("adapters.sql.storage.known_revisions", _with_one_more_than_stored)

    assert "behind this release: run `doorward migrate`" in console(*command).refusal()


def _with_one_more_than_stored() -> tuple[str, ...]:
    engine = create_engine("sqlite:///data/doorward.db")
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    engine.dispose()
    return (str(stored), "9999_later")


@pytest.mark.parametrize("command", [*ON_STORED_DATA, ("migrate",)], ids=" ".join)
def test_storage_in_memory_cannot_be_reached_from_here(
    console: Console,
    own_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    monkeypatch.setenv("DATABASE_URL", "memory://")

    assert "memory://" in console(*command).refusal()
    assert _traces(own_folder) == []


def test_faults_of_the_configuration_come_first_and_never_hold_a_value(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOORWARD_PORT", "quicksilver")
    monkeypatch.setenv("DOORWARD_DATABASE_URL", "mysql://quicksilver")
    faults = {
        "DOORWARD_PORT: must be an integer between 1 and 65535",
        "DOORWARD_DATABASE_URL: must be a postgresql://, sqlite:/// or memory:// URL",
    }

    for command in COMMANDS.keys() - {"openapi"}:
        ended = console(*words(command))

        assert ended.code == 1
        assert set(ended.err.splitlines()) == faults, command


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///plain.db",
        "sqlite+aiosqlite:///with%20blank.db",
        "sqlite:///query.db?timeout=3",
        "sqlite:///file:by%20uri.db?mode=rwc&uri=true",
        "sqlite:///deep/er.db",
    ],
)
def test_the_file_that_is_looked_for_is_the_one_that_is_opened(own_folder: Path, url: str) -> None:
    (own_folder / "deep").mkdir()
    opened = make_url(url).set(drivername="sqlite")
    engine = create_engine(opened)
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE made (id INTEGER)"))
    engine.dispose()

    assert sqlite_file(url).stat().st_size > 0


def test_an_absolute_path(tmp_path: Path) -> None:
    assert sqlite_file(f"sqlite:///{tmp_path}/a.db") == tmp_path / "a.db"
    assert sqlite_file(f"sqlite:///file://{tmp_path}/a.db?uri=true") == tmp_path / "a.db"


def test_data_that_moved_is_found_by_the_settings(
    console: Console, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.move(data, tmp_path / "moved")
    monkeypatch.setenv("DOORWARD_DATA_DIR", str(tmp_path / "moved"))

    assert console("users", "list", "--json").json["items"] == []
