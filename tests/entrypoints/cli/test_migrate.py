"""`doorward migrate`: makes what a service needs, and says what it made."""

import stat
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.entrypoints.cli.conftest import SECRET_KEY
from tests.entrypoints.cli.console import Console


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_gets_everything_and_only_its_owner_reads_it(
    console: Console, own_folder: Path
) -> None:
    ended = console("migrate")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "Made the data folder.",
        "Made the server secret.",
        "Created the schema.",
    ]
    data = own_folder / "data"
    assert {path.name: _mode(path) for path in (data, *data.iterdir())} == {
        "data": 0o700,
        "doorward.db": 0o600,
        "server_secret": 0o600,
    }
    assert console("users", "list", "--json").json["items"] == []


def test_a_second_time_there_is_nothing_to_do(console: Console, own_folder: Path) -> None:
    assert console("migrate").code == 0
    secret = (own_folder / "data" / "server_secret").read_bytes()

    assert console("migrate").out == "The schema is current.\n"
    assert (own_folder / "data" / "server_secret").read_bytes() == secret


def test_check_says_that_all_is_current(console: Console, data: Path) -> None:
    assert data.is_dir()

    assert console("migrate", "--check").out == "The schema is current.\n"
    assert console("migrate", "--check", "--json").json == {
        "made": [],
        "schema": {"before": "current", "now": "current"},
    }


def test_an_older_schema_is_brought_up_to_date(
    console: Console, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = data / "doorward.db"
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        stored = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    engine.dispose()
    upgrades: list[object] = []
    monkeypatch.setattr("adapters.sql.storage.known_revisions", lambda: (stored, "9999_later"))
    monkeypatch.setattr("adapters.sql.storage._upgrade", upgrades.append)

    ended = console("migrate", "--json")

    assert ended.json == {"made": [], "schema": {"before": "behind", "now": "current"}}
    assert len(upgrades) == 1


def test_json_says_the_same(console: Console) -> None:
    assert console("migrate", "--json").json == {
        "made": ["data folder", "server secret"],
        "schema": {"before": "empty", "now": "current"},
    }


def test_with_a_configured_secret_none_is_made(
    console: Console, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOORWARD_SECRET_KEY", SECRET_KEY)

    assert "server secret" not in console("migrate").out
    assert not (own_folder / "data" / "server_secret").exists()


def test_a_database_is_given_its_schema(
    console: Console, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    monkeypatch.setenv("DOORWARD_SECRET_KEY", SECRET_KEY)

    assert console("migrate", "--check").code == 1
    assert "Created the schema." in console("migrate").out
    assert console("migrate", "--check").code == 0
    console.create("ada@example.com")


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("DATABASE_URL", "sqlite:///no/such/x.db", "names a folder that does not exist"),
        ("DATABASE_READ_URL", "sqlite:///replica.db", "names a file without data"),
        ("DATA_DIR", "file/data", "Not a directory: file/data"),
        ("DATA_DIR", "file", "File exists: file"),
    ],
)
def test_what_cannot_be_made_is_told_in_one_line(
    console: Console,
    own_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    line: str,
) -> None:
    (own_folder / "file").write_text("in the way")
    monkeypatch.setenv(f"DOORWARD_{name}", value)

    assert console("migrate").refusal().endswith(line)
    assert not (own_folder / "replica.db").exists()
