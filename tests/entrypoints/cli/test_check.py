"""`doorward check`: every fault and every warning, one line each, and never a value."""

import re
from pathlib import Path

import pytest

from tests.entrypoints.cli.conftest import SECRET_KEY
from tests.entrypoints.cli.console import Console
from tests.servers import free_port


def test_all_good(console: Console, anywhere: str) -> None:
    assert anywhere
    ended = console("check")

    assert (ended.code, ended.out, ended.err) == (0, "All good.\n", "")
    assert console("check", "--json").json == {"ok": True, "faults": [], "warnings": []}


def test_storage_in_memory_needs_no_data(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "memory://")

    assert console("check").out == "All good.\n"


def test_every_fault_is_named(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOORWARD_PORT", "quicksilver")
    monkeypatch.setenv("DOORWARD_ENVIRONMENT", "production")
    monkeypatch.setenv("DOORWARD_SECRET_KEY", "quicksilver")
    monkeypatch.setenv("DOORWARD_QUICK", "quicksilver")

    ended = console("check")

    assert (ended.code, ended.out) == (1, "")
    assert [line.partition(":")[0] for line in sorted(ended.err.splitlines())] == [
        "DOORWARD_PORT",
        "DOORWARD_SECRET_KEY",
        "warning",
    ]
    assert "quicksilver" not in ended.err


def test_an_unknown_setting_is_a_warning(
    console: Console, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert data.is_dir()
    monkeypatch.setenv("DOORWARD_PROT", "8000")
    monkeypatch.setenv("DOORWARD_\nTWO_LINES", "x")

    ended = console("check")

    assert (ended.code, ended.out) == (0, "All good.\n")
    assert ended.err.splitlines() == [
        r"warning: DOORWARD_\nTWO_LINES: there is no such setting",
        "warning: DOORWARD_PROT: there is no such setting",
    ]


def test_a_settings_file_that_is_no_text_is_a_fault(console: Console, own_folder: Path) -> None:
    (own_folder / ".env").write_bytes(b"DOORWARD_PORT=\xff\xfe")

    assert console("check").refusal() == ".env: cannot be read as UTF-8 text"


def test_production_that_confirms_addresses_but_sends_no_mail(
    console: Console, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert data.is_dir()
    monkeypatch.setenv("DOORWARD_ENVIRONMENT", "production")
    monkeypatch.setenv("DOORWARD_SECRET_KEY", "q8Jm0vY2nWb7xTz4LsE9hKd3RfGc6UpA1oViNtXy5BQ")

    ended = console("check")
    monkeypatch.setenv("DOORWARD_REGISTRATION_CONFIRMATION", "none")

    assert ended.code == 0
    assert ended.err.startswith("warning: DOORWARD_MAILER: ")
    assert console("check").err == ""


@pytest.fixture
def nobody_there() -> str:
    """Where nothing listens."""
    return f"127.0.0.1:{free_port()}"


def test_every_dependency_that_is_away_is_named(
    console: Console, nobody_there: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOORWARD_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://mercury:quicksilver@{nobody_there}/x")
    monkeypatch.setenv("REDIS_URL", f"redis://:quicksilver@{nobody_there}/0")

    ended = console("check")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines() == [
        "DOORWARD_DATABASE_URL: the database cannot be reached (ConnectionRefusedError)",
        "DOORWARD_REDIS_URL: Redis cannot be reached",
    ]
    assert console("check", "--json").out.count("cannot be reached") == 2


def test_missing_data_does_not_hide_the_rest(
    console: Console, nobody_there: str, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", f"redis://{nobody_there}/0")

    ended = console("check")

    assert [line.split()[0] for line in ended.err.splitlines()] == ["no", "DOORWARD_REDIS_URL:"]
    assert list(own_folder.iterdir()) == []


def test_a_file_that_is_no_database(console: Console, data: Path) -> None:
    (data / "doorward.db").write_text("This is a letter, and a rather long one. " * 100)

    line = console("check").refusal()

    assert re.fullmatch(r"DOORWARD_DATABASE_URL: .* cannot be .* \(DatabaseError\)", line)
    assert "DatabaseError" in console("users", "list").refusal()


@pytest.mark.slow
def test_a_replica_without_tables(
    console: Console,
    postgresql_database_url: str,
    postgresql_without_tables: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOORWARD_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("DATABASE_URL", postgresql_database_url)
    monkeypatch.setenv("DOORWARD_DATABASE_READ_URL", postgresql_without_tables)

    assert console("check").refusal().startswith("DOORWARD_DATABASE_READ_URL: the replica cannot")


@pytest.mark.slow
def test_a_replica_that_is_away(
    console: Console,
    postgresql_database_url: str,
    nobody_there: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOORWARD_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("DATABASE_URL", postgresql_database_url)
    monkeypatch.setenv("DOORWARD_DATABASE_READ_URL", f"postgresql://nobody@{nobody_there}/none")

    # The service itself would do without it and read the primary.
    assert console("check").refusal().startswith("DOORWARD_DATABASE_READ_URL: the replica cannot")


@pytest.mark.parametrize(
    ("mailer", "variable", "form"),
    [("smtp", "SMTP_URL", "smtp://{}"), ("http", "MAIL_API_URL", "http://{}/send")],
)
def test_mail_that_nobody_takes(
    console: Console,
    data: Path,
    nobody_there: str,
    monkeypatch: pytest.MonkeyPatch,
    mailer: str,
    variable: str,
    form: str,
) -> None:
    assert data.is_dir()
    monkeypatch.setenv("DOORWARD_MAILER", mailer)
    monkeypatch.setenv(f"DOORWARD_{variable}", form.format(nobody_there))

    refusal = console("check").refusal()
    assert refusal == f"DOORWARD_{variable}: what takes the mail cannot be reached"


@pytest.mark.slow
def test_redis_that_answers(
    console: Console, data: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert data.is_dir()
    monkeypatch.setenv("REDIS_URL", redis_url)

    assert console("check").out == "All good.\n"


@pytest.mark.slow
def test_a_password_that_postgresql_refuses_is_not_shown(
    console: Console, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = postgresql_url.partition("@")[2].partition("/")[0]
    monkeypatch.setenv("DOORWARD_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody:quicksilver@{server}/postgres")

    for command in (("check",), ("users", "list"), ("migrate",)):
        assert "quicksilver" not in console(*command).refusal()
